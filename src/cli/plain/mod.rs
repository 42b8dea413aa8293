//! The console in lines, for screen readers, logs and serial lines: `lakehand --plain`. Nothing is drawn over; what is
//! listed has numbers, and a word and a number do what a key does on the screen.
//!
//! Decisions:
//! - Whatever is not about numbers is the command of the same name, so that both ask and say the same.
//! - Input that ends, ends it. Questions take no piped answers: `ask` refuses them without a terminal.
//! - The basket is the console's: read before each word and kept after each change, so that what is marked in one is
//!   marked in the other.

mod listed;
mod looked;
mod marked;
mod numbers;
mod reading;

use std::ffi::OsString;
use std::io::{BufRead, Write};
use std::sync::Arc;

use chrono::Utc;
use clap::{CommandFactory, FromArgMatches};

use super::arguments::Arguments;
use super::commands;
use super::planned;
use super::session::Session;
use crate::action::{self, Selection};
use crate::app::{Basket, Tables};
use crate::config::Settings;
use crate::error::{Code, Error, Exit, Result};
use crate::model::{Footers, Plan, Subject, TableName, TargetStats, clean};

use listed::{Known, Listed, Opened, Row};
use looked::Looked;

/// Rows that are read out at a time.
const PAGE: usize = 20;

const HELP: &str = "\
lake: tables, the worst first. scan: list every table anew. more, or Enter alone: the next rows.
NUMBER or DATABASE.TABLE: open it. back: the lake.
filter WORDS: only rows with them, such as filter orders, filter is:bad, filter db:sales, filter >100, filter avg<1M; \
filter alone: all rows.
sort worst, value, files, bytes, average, name or age; the same again reverses.
inspect NUMBER: what it is, sizes, growth, what is left out and why. footers NUMBER: schema and writers.
mark 1 3-5, mark all, unmark 3, unmark all. basket: what is marked; the console sees the same marks.
budget 30m, budget 200GiB: mark the tables of most value for so much work.
plan: plan what is marked. steps, steps 2: what it would do to a target, step by step.
run: execute the plan, asks; with --limit 50MB/s or --until 05:30 if so wished.
history: every run of the lake. NUMBER: one run with its targets and log.
rollback NUMBER, cleanup NUMBER, recover NUMBER: preview, then asks. restore NUMBER --to DIRECTORY.
jobs, attach RUN, pause RUN, resume RUN, cancel RUN, limit RUN 50MB/s, until RUN 05:30.
doctor, explain CODE, analyze, any other command of lakehand.
Ctrl-c stops a reading. quit: leave; runs go on. help: this.";

/// Opens it on a lake.
pub fn open(session: &Session, settings: Arc<Settings>) -> Result<Exit> {
    // Commands that are typed open the same lake, whatever opened this one.
    let mut globals = session.globals.clone();
    globals.plain = true;
    if let (None, Some(lake)) = (&globals.profile, &settings.lake)
        && globals.lake.is_none()
        && session.config(&[])?.settings(&session.choice(), &session.edge.current).is_err()
    {
        globals.lake = Some(lake.to_string());
    }
    let session = Session::new(globals, session.edge.clone())?;
    session.edge.paths.prepare()?;
    let mut plain = Plain {
        session: &session,
        settings,
        tables: Tables::default(),
        opened: None,
        listed: Listed::lake(),
        basket: Basket::default(),
        plan: None,
    };
    plain.talk()
}

struct Plain<'a> {
    session: &'a Session,
    settings: Arc<Settings>,
    tables: Tables,
    opened: Option<Opened>,
    listed: Listed,
    basket: Basket,
    plan: Option<Plan>,
}

/// What comes after a line.
enum Then {
    GoOn,
    Leave,
}

impl Plain<'_> {
    fn talk(&mut self) -> Result<Exit> {
        let lake = action::lake_name(&self.settings);
        let mut words = Vec::new();
        words.extend(self.settings.production.then_some("PRODUCTION"));
        words.extend(self.settings.read_only.then_some("read-only: changes are off"));
        let state = if words.is_empty() { String::new() } else { format!(", {}", words.join(", ")) };
        self.session.output.say(&format!("lakehand on {} {lake}{state}; help lists the words", self.settings.profile));
        self.load_basket();
        self.say_needed();
        self.attempt("lake");
        loop {
            self.prompt();
            let mut line = String::new();
            if std::io::stdin().lock().read_line(&mut line)? == 0 {
                return Ok(Exit::Done);
            }
            self.load_basket();
            if let Then::Leave = self.attempt(line.trim()) {
                return Ok(Exit::Done);
            }
        }
    }

    fn prompt(&self) {
        let marked = match self.basket.marks().len() {
            0 => String::new(),
            marks => format!(", {marks} marked"),
        };
        let mut screen = std::io::stderr().lock();
        let _ = write!(screen, "{}, {}{marked}> ", clean(&self.settings.profile), clean(&self.listed.place()));
        let _ = screen.flush();
    }

    /// A line; what goes wrong with it is said, and the next one is asked for.
    fn attempt(&mut self, line: &str) -> Then {
        self.line(line).unwrap_or_else(|error| {
            self.session.output.error(&error);
            Then::GoOn
        })
    }

    fn line(&mut self, line: &str) -> Result<Then> {
        let mut words = line.split_whitespace();
        let word = words.next().unwrap_or("more");
        let rest: Vec<&str> = words.collect();
        match (word, rest.as_slice()) {
            ("quit" | "q" | "exit", []) => return Ok(Then::Leave),
            ("help" | "?", []) => self.session.output.text(HELP)?,
            ("lake" | "0" | "back" | "h", []) => self.lake(false)?,
            ("scan", []) => self.lake(true)?,
            ("more", []) => self.more()?,
            ("filter" | "/", words) => self.filter(&words.join(" "))?,
            ("sort" | "s", [order]) => self.sort(order)?,
            ("history" | "5", []) => self.history()?,
            ("basket" | "2", []) => self.say_basket()?,
            ("mark", rows) => self.mark(rows, true)?,
            ("unmark", rows) => self.mark(rows, false)?,
            ("budget", [amount]) => self.budget(amount)?,
            ("plan" | "p", []) => self.make_plan()?,
            ("steps", []) => self.steps(1)?,
            ("steps", [target]) if is_number(target) => self.steps(target.parse().unwrap_or(0))?,
            ("run" | "X", limits) if limits.first().is_none_or(|word| word.starts_with("--")) => self.run(limits)?,
            ("rollback" | "recover" | "cleanup" | "restore" | "history", [row, more @ ..]) if is_number(row) => {
                let Row::Run(run) = self.listed.row(row, &self.known())? else {
                    return Err(Error::new(Code::Usage, format!("row {row} is not a run")).next("history lists runs"));
                };
                let all: Vec<&str> = [word, run.as_str()].into_iter().chain(more.iter().copied()).collect();
                self.command(&all)?;
            }
            ("inspect" | "i", [row]) => self.inspect(row)?,
            ("footers", [row]) => self.footers(row)?,
            (row, []) if is_number(row) || row.contains('.') => self.open(row)?,
            (_, _) => {
                let all: Vec<&str> = line.split_whitespace().collect();
                self.command(&all)?;
            }
        }
        Ok(Then::GoOn)
    }

    /// A command, as it would be typed in a shell after the name of the program.
    fn command(&self, words: &[&str]) -> Result<Exit> {
        let line = std::iter::once("lakehand").chain(words.iter().copied()).map(OsString::from);
        let parsed = Arguments::command().try_get_matches_from(line);
        let arguments = match parsed.and_then(|found| Arguments::from_arg_matches(&found)) {
            Ok(arguments) => arguments,
            Err(error) if !error.use_stderr() => {
                self.session.output.text(&error.to_string())?;
                return Ok(Exit::Done);
            }
            Err(_) => {
                let typed = words.join(" ");
                return Err(Error::new(Code::Usage, format!("{typed:?} is not understood")).next("help"));
            }
        };
        let exit = commands::carry_out(arguments.command, self.session)?;
        if exit != Exit::Done {
            self.session.output.say(&format!("this ends with exit code {}", exit.code()));
        }
        Ok(exit)
    }

    fn known(&self) -> Known<'_> {
        let name = action::lake_name(&self.settings);
        Known {
            tables: &self.tables,
            opened: self.opened.as_ref(),
            basket: &self.basket,
            policy: &self.settings.policy,
            rates: action::work_rates(&self.session.edge.paths, &name),
            now: Utc::now(),
        }
    }

    /// Changes the list by what is known.
    fn listing<T>(&mut self, act: impl FnOnce(&mut Listed, &Known<'_>) -> Result<T>) -> Result<T> {
        let mut listed = std::mem::replace(&mut self.listed, Listed::lake());
        let done = act(&mut listed, &self.known());
        self.listed = listed;
        done
    }

    fn lake(&mut self, anew: bool) -> Result<()> {
        let name = action::lake_name(&self.settings);
        let mut tables = action::cache_of(&self.session.edge.paths, &name).tables();
        if anew || tables.is_empty() {
            self.session.output.say("listing every table; Ctrl-c stops");
            let analysis = self.analyze(Selection::default())?;
            tables = analysis.tables.into_iter().map(|table| table.stats).collect();
        }
        self.tables = Tables::default();
        self.tables.put(tables);
        self.listed = Listed::lake();
        self.listing(Listed::renew)?;
        self.more()
    }

    fn more(&mut self) -> Result<()> {
        let (text, left) = self.listing(|listed, known| Ok(listed.page(PAGE, known)))?;
        self.session.output.text(&text)?;
        if left > 0 {
            self.session.output.say(&format!("{left} more; Enter reads on"));
        }
        Ok(())
    }

    fn filter(&mut self, text: &str) -> Result<()> {
        self.listing(|listed, known| listed.set_filter(text, known))?;
        self.more()
    }

    fn sort(&mut self, order: &str) -> Result<()> {
        let said = self.listing(|listed, known| listed.set_sort(order, known))?;
        self.session.output.say(&said);
        self.more()
    }

    fn open(&mut self, row: &str) -> Result<()> {
        match self.listed.row(row, &self.known())? {
            Row::Table(table) => self.table(&table),
            Row::Target(_) => self.inspect(row),
            Row::Run(run) => self.command(&["history", run.as_str()]).map(drop),
        }
    }

    fn table(&mut self, table: &TableName) -> Result<()> {
        let targets = self.list_table(table)?.1;
        self.opened = Some(Opened::new(table.clone(), targets));
        self.listed = Listed::table(table);
        self.listing(Listed::renew)?;
        self.more()
    }

    /// Lists a table; what was known of it is renewed.
    fn list_table(&mut self, table: &TableName) -> Result<(crate::model::TableStats, Vec<TargetStats>)> {
        self.session.output.say(&format!("listing {table}; Ctrl-c stops"));
        let analysis = self.analyze(Selection::table(table.clone()))?;
        let found = analysis.tables.into_iter().next();
        let found = found.ok_or_else(|| Error::new(Code::TableNotFound, format!("there is no table {table}")))?;
        self.tables.put([found.stats.clone()]);
        Ok((found.stats, found.targets))
    }

    fn inspect(&mut self, row: &str) -> Result<()> {
        let (subject, table, targets) = match self.listed.row(row, &self.known())? {
            Row::Table(table) => {
                let (stats, targets) = self.list_table(&table)?;
                (Subject::Table(table), Some(stats), targets)
            }
            Row::Target(target) => {
                let found = self.analyze(Selection::targets(vec![target.clone()]))?;
                let targets = found.tables.into_iter().flat_map(|table| table.targets).collect();
                (Subject::Target(target), None, targets)
            }
            Row::Run(run) => return self.command(&["history", run.as_str()]).map(drop),
        };
        let details = self.look(subject, Footers::None)?;
        let name = details.table.name.to_string();
        let runs = self.runs().unwrap_or_default();
        let run = runs.iter().find(|run| run.tables.contains(&name));
        let (policy, now) = (&self.settings.policy, Utc::now());
        let looked = Looked { details: &details, table: table.as_ref(), targets: &targets, run, policy, now };
        self.session.output.text(&looked.text())?;
        self.session.output.say(&format!("footers {row} tells schema and writers"));
        Ok(())
    }

    fn footers(&mut self, row: &str) -> Result<()> {
        let (subject, wanted) = match self.listed.row(row, &self.known())? {
            Row::Table(table) => {
                let wanted = self.marked_targets(&table);
                (Subject::Table(table), if wanted.is_empty() { Footers::All } else { Footers::Of(wanted) })
            }
            Row::Target(target) => (Subject::Target(target), Footers::All),
            Row::Run(_) => return Err(Error::new(Code::Usage, "a run has no footers").next("lake lists tables")),
        };
        self.session.output.say("reading footers; Ctrl-c stops and keeps what came");
        let details = self.look(subject, wanted)?;
        let facts = details.footers.unwrap_or_default();
        self.session.output.text(&looked::footers(&facts, Utc::now()))
    }

    fn history(&mut self) -> Result<()> {
        self.listed = Listed::history(&self.runs()?);
        self.more()
    }

    fn make_plan(&mut self) -> Result<()> {
        let selection = self.selection()?;
        self.session.output.say("planning: footers are read, nothing is changed; Ctrl-c stops");
        let plan = self.plan_of(selection)?;
        self.session.output.text(&planned::text(&self.session.output, &plan))?;
        self.session.output.say(match plan.targets.is_empty() {
            true => "nothing to do",
            false => "nothing was changed; steps walks through it, run executes it",
        });
        self.plan = Some(plan);
        Ok(())
    }

    /// The nine steps of a target of the plan.
    fn steps(&self, number: usize) -> Result<()> {
        let plan = self.plan()?;
        let all = plan.targets.len();
        let target = number.checked_sub(1).and_then(|at| plan.targets.get(at)).ok_or_else(|| {
            Error::new(Code::Usage, format!("the plan has no target {number}")).next(format!("steps 1 to {all}"))
        })?;
        self.session.output.text(&planned::step_sentences(plan, target))?;
        let more = if number < all { format!("; steps {} is the next", number + 1) } else { String::new() };
        self.session.output.say(&format!("target {number} of {all}; nothing was changed{more}"));
        Ok(())
    }

    /// Executes the plan; what was marked is done then, as in the console.
    fn run(&mut self, limits: &[&str]) -> Result<()> {
        let plan = self.plan()?.plan.to_string();
        let words = ["compact", "--plan", plan.as_str()].into_iter().chain(limits.iter().copied());
        self.command(&words.collect::<Vec<_>>())?;
        self.plan = None;
        self.empty_basket()
    }

    fn plan(&self) -> Result<&Plan> {
        self.plan.as_ref().ok_or_else(|| Error::new(Code::Usage, "there is no plan yet").next("mark 1, then plan"))
    }
}

fn is_number(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}
