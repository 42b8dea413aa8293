//! The console in lines, for screen readers, logs and serial lines: `lakehand --plain`. Nothing is drawn over; what is
//! listed has numbers, and a word and a number do what a key does on the screen.
//!
//! Decisions:
//! - Whatever is not about numbers is the command of the same name, so that both ask and say the same.
//! - Input that ends, ends it. Questions take no piped answers: `ask` refuses them without a terminal.

mod listed;
mod numbers;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::{BufRead, Write};
use std::sync::Arc;

use clap::{CommandFactory, FromArgMatches};
use tokio_util::sync::CancellationToken;

use super::arguments::Arguments;
use super::commands;
use super::planned;
use super::session::Session;
use crate::action::{self, Selection};
use crate::app::Mark;
use crate::config::Settings;
use crate::error::{Code, Error, Exit, Result};
use crate::model::{Budget, Plan, RunLimits, TableName, clean, counted};

use listed::{Listed, Row};
use numbers::numbers;

/// Rows that are read out at a time.
const PAGE: usize = 20;

const HELP: &str = "\
lake          tables, the worst first          scan     list every table anew
NUMBER        open that row                    more     the next rows (Enter too)
mark 1 3-5    mark rows; mark all, unmark 3    basket   what is marked
budget 30m    mark the tables of most value for so much work; budget 200GiB
plan          plan what is marked              steps    what it would do, step by step
run           execute the plan: asks           history  every run of the lake, numbered
              with --limit 50MB/s --until 05:30 if so wished; limit RUN off, until RUN off while it works
rollback 2    preview and take back: asks      inspect 2, analyze, doctor, explain CODE, any command
quit          leave; runs go on                help     this";

/// Opens it on a lake.
pub fn open(session: &Session, settings: Arc<Settings>) -> Result<Exit> {
    // Commands that are typed open the same lake, whatever opened this one.
    let mut globals = session.globals.clone();
    if let (None, Some(lake)) = (&globals.profile, &settings.lake)
        && globals.lake.is_none()
        && session.config(&[])?.settings(&session.choice(), &session.edge.current).is_err()
    {
        globals.lake = Some(lake.to_string());
    }
    let session = Session::new(globals, session.edge.clone())?;
    session.edge.paths.prepare()?;
    let mut plain =
        Plain { session: &session, settings, listed: Listed::default(), basket: BTreeSet::new(), plan: None };
    plain.talk()
}

struct Plain<'a> {
    session: &'a Session,
    settings: Arc<Settings>,
    listed: Listed,
    basket: BTreeSet<Mark>,
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
        let state = if words.is_empty() { String::new() } else { format!(" ({})", words.join(", ")) };
        self.session.output.say(&format!("lakehand on {} {lake}{state}; help lists the words", self.settings.profile));
        self.attempt("lake");
        loop {
            self.prompt();
            let mut line = String::new();
            if std::io::stdin().lock().read_line(&mut line)? == 0 {
                return Ok(Exit::Done);
            }
            if let Then::Leave = self.attempt(line.trim()) {
                return Ok(Exit::Done);
            }
        }
    }

    fn prompt(&self) {
        let marked = if self.basket.is_empty() { String::new() } else { format!(", {} marked", self.basket.len()) };
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
            ("lake" | "0", []) => self.lake(false)?,
            ("scan", []) => self.lake(true)?,
            ("more", []) => self.more()?,
            ("back" | "h", []) => self.lake(false)?,
            ("history" | "5", []) => self.history()?,
            ("basket" | "2", []) => self.say_basket()?,
            ("mark", rows) => self.mark(rows, true)?,
            ("unmark", rows) => self.mark(rows, false)?,
            ("budget", [amount]) => self.budget(amount)?,
            ("plan" | "p", []) => self.make_plan()?,
            ("steps", []) => self.session.output.text(&planned::steps(self.plan()?))?,
            ("run" | "X", limits) if limits.first().is_none_or(|word| word.starts_with("--")) => {
                let plan = self.plan()?.plan.to_string();
                let words = ["compact", "--plan", plan.as_str()].into_iter().chain(limits.iter().copied());
                self.command(&words.collect::<Vec<_>>())?;
            }
            ("rollback" | "recover" | "cleanup" | "restore" | "history", [row, more @ ..]) if is_number(row) => {
                let Row::Run(run) = self.listed.row(row)? else {
                    return Err(Error::new(Code::Usage, format!("row {row} is not a run")).next("history lists runs"));
                };
                let all: Vec<&str> = [word, run.as_str()].into_iter().chain(more.iter().copied()).collect();
                self.command(&all)?;
            }
            ("inspect" | "i" | "analyze", [row]) if is_number(row) => self.inspect(row)?,
            (row, []) if is_number(row) => self.open(row)?,
            (_, _) => {
                let all: Vec<&str> = line.split_whitespace().collect();
                self.command(&all)?;
            }
        }
        Ok(Then::GoOn)
    }

    /// A command, as it would be typed in a shell after the name of the program.
    fn command(&self, words: &[&str]) -> Result<()> {
        let line = std::iter::once("lakehand").chain(words.iter().copied()).map(OsString::from);
        let parsed = Arguments::command().try_get_matches_from(line);
        let arguments = match parsed.and_then(|found| Arguments::from_arg_matches(&found)) {
            Ok(arguments) => arguments,
            Err(error) if !error.use_stderr() => return self.session.output.text(&error.to_string()),
            Err(_) => {
                let typed = words.join(" ");
                return Err(Error::new(Code::Usage, format!("{typed:?} is not understood")).next("help"));
            }
        };
        let exit = commands::carry_out(arguments.command, self.session)?;
        if exit != Exit::Done {
            self.session.output.say(&format!("this ends with exit code {}", exit.code()));
        }
        Ok(())
    }

    fn lake(&mut self, anew: bool) -> Result<()> {
        let name = action::lake_name(&self.settings);
        let mut tables = action::cache_of(&self.session.edge.paths, &name).tables();
        if anew || tables.is_empty() {
            self.session.output.say("listing every table");
            let analysis = self.analyze(&Selection::default())?;
            tables = analysis.tables.into_iter().map(|table| table.stats).collect();
        }
        self.listed = Listed::lake(&tables, &self.basket);
        self.more()
    }

    fn analyze(&self, selection: &Selection) -> Result<action::Analysis> {
        self.session.block_on(async {
            let lake = self.session.open(&self.settings).await?;
            action::analyze(&lake, selection, None, &CancellationToken::new()).await
        })
    }

    fn more(&mut self) -> Result<()> {
        let (text, left) = self.listed.page(PAGE);
        self.session.output.text(&text)?;
        if left > 0 {
            self.session.output.say(&format!("{left} more; Enter reads on"));
        }
        Ok(())
    }

    fn open(&mut self, row: &str) -> Result<()> {
        match self.listed.row(row)?.clone() {
            Row::Table(table) => self.table(&table),
            Row::Target(_) => self.inspect(row),
            Row::Run(run) => self.command(&["history", run.as_str()]),
        }
    }

    fn table(&mut self, table: &TableName) -> Result<()> {
        self.session.output.say(&format!("listing {table}"));
        let analysis = self.analyze(&Selection { tables: vec![table.clone()], ..Selection::default() })?;
        let targets = analysis.tables.into_iter().flat_map(|table| table.targets).collect();
        self.listed = Listed::table(table, targets, &self.settings.policy, analysis.at, &self.basket);
        self.more()
    }

    fn inspect(&self, row: &str) -> Result<()> {
        match self.listed.row(row)? {
            Row::Table(table) => self.command(&["analyze", "--table", &table.to_string()]),
            Row::Target(target) => {
                let table = target.table_name().to_string();
                match &target.partition {
                    Some(partition) => self.command(&["analyze", "--table", &table, "--partition", partition]),
                    None => self.command(&["analyze", "--table", &table]),
                }
            }
            Row::Run(run) => self.command(&["history", run.as_str()]),
        }
    }

    fn history(&mut self) -> Result<()> {
        let runs = self.session.block_on(async {
            let lake = self.session.open(&self.settings).await?;
            action::history(&lake).await
        })?;
        self.listed = Listed::history(&runs);
        self.more()
    }

    fn mark(&mut self, rows: &[&str], on: bool) -> Result<()> {
        if !on && rows == ["all"] {
            self.basket.clear();
            self.session.output.say("nothing is marked");
            return Ok(());
        }
        for number in numbers(rows, self.listed.len())? {
            let mark = match self.listed.row(&number.to_string())? {
                Row::Table(table) => Mark::Table(table.clone()),
                Row::Target(target) => Mark::Target(target.clone()),
                Row::Run(_) => return Err(Error::new(Code::Usage, "runs are not marked").next("lake lists tables")),
            };
            if on {
                self.basket.insert(mark)
            } else {
                self.basket.remove(&mark)
            };
        }
        self.session.output.say(&format!("{} marked", counted(self.basket.len() as u64, "row")));
        Ok(())
    }

    fn budget(&mut self, amount: &str) -> Result<()> {
        let budget = Budget::parse(amount)?;
        let name = action::lake_name(&self.settings);
        let paths = &self.session.edge.paths;
        let chosen = budget.choose(action::cache_of(paths, &name).tables().iter(), &action::work_rates(paths, &name));
        self.session.output.say(&format!("{} marked by value", counted(chosen.len() as u64, "table")));
        self.basket.extend(chosen.into_iter().map(Mark::Table));
        Ok(())
    }

    fn say_basket(&self) -> Result<()> {
        if self.basket.is_empty() {
            self.session.output.say("nothing is marked; mark 1 marks row 1");
        }
        for mark in &self.basket {
            self.session.output.text(&match mark {
                Mark::Table(table) => format!("{table}, every partition that needs it"),
                Mark::Target(target) => target.to_string(),
            })?;
        }
        Ok(())
    }

    fn make_plan(&mut self) -> Result<()> {
        if self.basket.is_empty() {
            return Err(Error::new(Code::Usage, "nothing is marked").next("mark 1"));
        }
        let mut selection = Selection::default();
        for mark in &self.basket {
            match mark {
                Mark::Table(table) => selection.tables.push(table.clone()),
                Mark::Target(target) => selection.targets.push(target.clone()),
            }
        }
        self.session.output.say("planning: footers are read, nothing is changed");
        let plan = self.session.block_on(async {
            let lake = self.session.open(&self.settings).await?;
            let plan = action::plan(&lake, &selection, None, &CancellationToken::new()).await?;
            action::save_plan(&lake, &plan)?;
            if let Some(warning) = action::ticket_warning(&lake, &plan, RunLimits::default()).await {
                self.session.output.say(&warning);
            }
            Ok(plan)
        })?;
        self.session.output.text(&planned::text(&plan))?;
        self.session.output.say(match plan.targets.is_empty() {
            true => "nothing to do",
            false => "nothing was changed; steps walks through it, run executes it",
        });
        self.plan = Some(plan);
        Ok(())
    }

    fn plan(&self) -> Result<&Plan> {
        self.plan.as_ref().ok_or_else(|| Error::new(Code::Usage, "there is no plan yet").next("mark 1, then plan"))
    }
}

fn is_number(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}
