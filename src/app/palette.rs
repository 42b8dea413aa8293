//! The palette: every act, screen, table, partition and run, found by typing. It opens things and never executes.

use super::effect::{Effect, Terms};
use super::filter::fuzzy;
use super::keys::{Action, TABLE};
use super::message::Reading;
use super::nav::View;
use super::shown::{Level, Overlay};
use super::state::App;
use crate::error::Code;
use crate::ipc::Decision;
use crate::model::{Budget, Footers, RunId, RunKind, Subject, TableName, TargetId, count_text, parse_duration};

/// The palette that is open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Palette {
    /// What was typed.
    pub text: String,
    /// The entry that is chosen.
    pub at: usize,
}

/// What an entry does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// What a key does.
    Act(Action),
    /// Opens a view.
    Open(View),
    /// Needs more: put before what is typed.
    Complete(String),
    /// A command with its argument.
    Run(&'static str, String),
}

/// An entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What is typed to find it.
    pub label: String,
    /// Its key.
    pub key: String,
    /// What it does.
    pub help: String,
    /// Likewise.
    pub command: Command,
}

/// Commands that take an argument: name, argument, help.
pub const COMMANDS: [(&str, &str, &str); 20] = [
    ("table", "DB.TABLE", "its partitions"),
    ("partition", "KEY=VALUE", "a partition of this table"),
    ("run", "RUN", "its targets, or the run itself while it works"),
    ("scan", "", "list every table of the lake"),
    (
        "footers",
        "",
        "read the footers of what is inspected, of a table those of its marked partitions: schema, writers",
    ),
    ("budget", "30m or 200GiB", "mark the tables of most value for so much work"),
    ("limit", "50MB/s or off", "a plan's run, or the run here, reads and writes no more a second"),
    ("until", "05:30 or off", "a plan's run, or the run here, begins no target after that (UTC)"),
    ("save", "FILE", "write the plan to a file, or under its id"),
    ("rollback", "RUN or DB.TABLE", "take a run back, or the latest on a table: preview, then asks"),
    ("cleanup", "--skip-trash --minimum-age 72h", "clean up without a trash, or younger: asks all the same"),
    ("cleanup", "--older-than 7d", "the runs that ended before and hold backups, each with when C is on"),
    ("restore --to", "DIR", "copy kept files of the run aside"),
    ("keep", "", "recover: what is live stays, where a decision is needed"),
    ("restore", "", "recover: the originals come back, where a decision is needed"),
    ("doctor", "", "check servers, ticket, room, rights, leftovers, worker"),
    ("profile", "NAME", "another lake in this one's place; each has its own basket"),
    ("ctx", "NAME", "the same as profile"),
    ("filter", "TEXT", "filter this list"),
    ("q", "", "leave lakehand"),
];

/// The most entries that are shown.
const MOST: usize = 200;

impl App {
    /// The entries that match what was typed, the best first.
    pub fn palette_entries(&self, palette: &Palette) -> Vec<Entry> {
        let text = palette.text.trim().to_lowercase();
        let (word, argument) = text.split_once(' ').unwrap_or((text.as_str(), ""));
        let mut entries = match word {
            "table" | "partition" | "run" if !argument.is_empty() || palette.text.ends_with(' ') => Vec::new(),
            _ => self.commands(&palette.text),
        };
        entries.retain(|entry| matches!(entry.command, Command::Run(..)) || fuzzy(&entry.label, &text));
        let wanted = if matches!(word, "table" | "partition" | "run") { argument } else { text.as_str() };
        if word != "run" && word != "partition" {
            entries.extend(self.table_entries(wanted));
        }
        if word != "run" && word != "table" {
            entries.extend(self.partition_entries(wanted));
        }
        if word != "table" && word != "partition" {
            entries.extend(self.run_entries(wanted));
        }
        entries.sort_by_key(|entry| {
            let label = entry.label.to_lowercase();
            (!label.starts_with(wanted), !label.contains(wanted))
        });
        entries.truncate(MOST);
        entries
    }

    fn commands(&self, typed: &str) -> Vec<Entry> {
        let screen = self.view().screen();
        let acts = TABLE.iter().filter(|binding| binding.screens.contains(&screen)).map(|binding| Entry {
            label: binding.name.to_owned(),
            key: self.keys.name(binding.action),
            help: self.off(binding.action).map_or_else(|| binding.help.to_owned(), |why| format!("off: {why}")),
            command: Command::Act(binding.action),
        });
        let commands = COMMANDS.iter().filter_map(|(name, argument, help)| {
            let given = typed.strip_prefix(name).filter(|rest| rest.is_empty() || rest.starts_with(' ')).map(str::trim);
            let command = match given {
                Some(given) if argument.is_empty() || !given.is_empty() || *name == "save" => {
                    Command::Run(name, given.to_owned())
                }
                Some(_) | None if argument.is_empty() => Command::Run(name, String::new()),
                _ => Command::Complete(format!("{name} ")),
            };
            let shown = given.is_some() || fuzzy(name, &typed.trim().to_lowercase());
            shown.then(|| Entry {
                label: format!("{name} {argument}").trim_end().to_owned(),
                key: String::new(),
                help: (*help).to_owned(),
                command,
            })
        });
        commands.chain(acts.filter(|entry| !matches!(entry.command, Command::Act(Action::Palette)))).collect()
    }

    fn table_entries(&self, wanted: &str) -> Vec<Entry> {
        let tables = self.data.tables.rows().iter();
        let found = tables.filter(|table| fuzzy(&table.name.to_string(), wanted)).take(MOST);
        found
            .map(|table| Entry {
                label: table.name.to_string(),
                key: String::new(),
                help: format!("table, {}", table.state()),
                command: Command::Open(View::Partitions(table.name.clone())),
            })
            .collect()
    }

    fn partition_entries(&self, wanted: &str) -> Vec<Entry> {
        let table = match self.view() {
            View::Partitions(table) => table.clone(),
            View::Files(target) | View::Inspect(Subject::Target(target)) => target.table_name(),
            View::Inspect(Subject::Table(table)) => table.clone(),
            _ => return Vec::new(),
        };
        let Some(rows) = self.data.partitions.get(&table) else { return Vec::new() };
        let all = 0..rows.len().min(100_000) as u32;
        let found = all.filter(|row| fuzzy(rows.name(*row), wanted)).take(MOST);
        found
            .map(|row| Entry {
                label: rows.name(row).to_owned(),
                key: String::new(),
                help: format!("partition of {table}"),
                command: Command::Open(View::Files(rows.id(row))),
            })
            .collect()
    }

    fn run_entries(&self, wanted: &str) -> Vec<Entry> {
        let runs = self.data.runs.all().iter();
        let found = runs.filter(|run| run.run.as_str().contains(wanted) || run.run.matches(wanted)).take(MOST);
        found
            .map(|run| {
                let view = if self.is_live(&run.run) { View::Run } else { View::RunTargets };
                Entry {
                    label: run.run.short().to_owned(),
                    key: String::new(),
                    help: format!("{} {}, {}", run.kind.word(), run.tables.join(" "), self.data.runs.result(run)),
                    command: Command::Open(view(run.run.clone())),
                }
            })
            .collect()
    }

    /// Enter in the palette.
    pub(crate) fn run_palette(&mut self, palette: &Palette) -> Vec<Effect> {
        let entries = self.palette_entries(palette);
        let Some(entry) = entries.get(palette.at.min(entries.len().saturating_sub(1))) else {
            self.say(Level::Warn, format!("nothing is called {:?}", palette.text));
            return Vec::new();
        };
        match entry.command.clone() {
            Command::Act(action) => self.act(action),
            Command::Open(view) => self.go(view),
            Command::Complete(text) => {
                self.overlay = Overlay::Palette(Palette { text, at: 0 });
                Vec::new()
            }
            Command::Run(name, argument) => self.command(name, &argument),
        }
    }

    fn command(&mut self, name: &str, argument: &str) -> Vec<Effect> {
        match name {
            "table" => self.open_table(argument),
            "partition" => self.open_partition(argument),
            "run" => self.open_run(argument),
            "scan" => self.scan_lake(),
            "footers" => self.read_footers(),
            "budget" => match Budget::parse(argument) {
                Ok(budget) => self.budget(budget),
                Err(error) => self.refuse(error.message().to_owned()),
            },
            "limit" => self.limit(argument),
            "until" => self.until(argument),
            "save" => self.save_plan(argument),
            "rollback" => self.preview_rollback_of(argument),
            "cleanup" => self.cleanup(argument),
            "restore --to" => {
                self.restore_to(argument);
                Vec::new()
            }
            "keep" => {
                self.decide(Decision::Keep);
                Vec::new()
            }
            "restore" => {
                self.decide(Decision::Restore);
                Vec::new()
            }
            "doctor" => self.go(View::Doctor),
            "profile" | "ctx" => self.open_profile(argument),
            "filter" => {
                self.with_list(|list, source, _| list.set_filter(argument, source));
                Vec::new()
            }
            "q" => vec![Effect::SaveBasket(self.data.basket.marks()), Effect::Quit],
            _ => Vec::new(),
        }
    }

    /// History, with the runs only that ended so long ago and hold backups; none of them is chosen.
    fn runs_older_than(&mut self, age: &str) -> Vec<Effect> {
        if let Err(error) = parse_duration(age) {
            return self.refuse(format!("--older-than: {}", error.message()));
        }
        let effects = self.go(View::History);
        self.with_list(|list, source, _| list.set_filter(&format!("age>={age} files>0"), source));
        let runs = self.list().map_or(0, |list| list.rows().len() as u64);
        let text = match runs {
            0 => format!("no run older than {age} holds backups; Esc shows all runs"),
            1 => format!("1 run older than {age} holds backups; C previews it, Esc shows all runs"),
            _ => format!("{} runs older than {age} hold backups; C previews one, Esc shows all", count_text(runs)),
        };
        self.say(Level::Info, text);
        effects
    }

    /// Only the age may be set aside, by typing another one; whatever else keeps `C` off stays in force.
    fn cleanup(&mut self, argument: &str) -> Vec<Effect> {
        if let Some(age) = argument.strip_prefix("--older-than") {
            return self.runs_older_than(age.trim_start_matches('=').trim());
        }
        let terms = match parse_terms(argument) {
            Ok(terms) => terms,
            Err(word) => {
                return self.refuse(format!("{word:?} is none of --older-than 7d, --skip-trash, --minimum-age 72h"));
            }
        };
        let young = self.selected_run().is_some_and(|run| run.cleanup_from.is_some_and(|from| from > self.data.now));
        match self.off(Action::CleanUp) {
            Some(why) if !(young && terms.minimum_age.is_some() && self.may_clean_up()) => {
                self.refuse(format!("C off: {why}"))
            }
            _ => self.preview(RunKind::Cleanup, terms),
        }
    }

    pub(crate) fn refuse(&mut self, text: String) -> Vec<Effect> {
        self.say(Level::Warn, text);
        Vec::new()
    }

    /// Another profile: this console ends and one on it begins. Runs go on.
    fn open_profile(&mut self, argument: &str) -> Vec<Effect> {
        if self.lake.profiles.iter().any(|name| name == argument) {
            return vec![Effect::SaveBasket(self.data.basket.marks()), Effect::OpenProfile(argument.to_owned())];
        }
        let nearest = self.lake.profiles.iter().min_by_key(|name| strsim::damerau_levenshtein(name, argument));
        let hint = match nearest {
            Some(name) => format!("; did you mean {name}?"),
            None => "; no configuration names one".to_owned(),
        };
        self.refuse(format!("there is no profile {argument}{hint}"))
    }

    fn open_table(&mut self, argument: &str) -> Vec<Effect> {
        match TableName::parse(argument) {
            Ok(table) if self.data.tables.get(&table).is_some() => self.go(View::Partitions(table)),
            _ => {
                let names = self.data.tables.rows().iter().map(|table| table.name.to_string());
                let nearest = names.min_by_key(|name| strsim::damerau_levenshtein(name, argument));
                let hint = nearest.map(|name| format!("; did you mean {name}?")).unwrap_or_default();
                self.refuse(format!("there is no table {argument}{hint} [{}]", Code::TableNotFound))
            }
        }
    }

    fn open_partition(&mut self, argument: &str) -> Vec<Effect> {
        let table = match self.view() {
            View::Partitions(table) => table.clone(),
            View::Files(target) => target.table_name(),
            _ => return self.refuse("only on a table's partitions".to_owned()),
        };
        self.go(View::Files(TargetId::new(&table, Some(argument.to_owned()))))
    }

    fn open_run(&mut self, argument: &str) -> Vec<Effect> {
        match self.find_run(argument) {
            Ok(run) if self.is_live(&run) => self.go(View::Run(run)),
            Ok(run) => self.go(View::RunTargets(run)),
            Err(why) => self.refuse(why),
        }
    }

    /// The run of an id or its end; the message where it is none or several.
    pub(crate) fn find_run(&self, argument: &str) -> Result<RunId, String> {
        let found: Vec<RunId> =
            self.data.runs.all().iter().filter(|run| run.run.matches(argument)).map(|run| run.run.clone()).collect();
        match found.as_slice() {
            [run] => Ok(run.clone()),
            [] => Err(format!("there is no run {argument} [{}]", Code::RunNotFound)),
            several => Err(format!("{} runs match {argument} [{}]", several.len(), Code::RunAmbiguous)),
        }
    }

    fn read_footers(&mut self) -> Vec<Effect> {
        let View::Inspect(subject) = self.view().clone() else {
            return self.refuse("only on Inspect; i opens it".to_owned());
        };
        self.begin(Reading::Footers(subject.clone()));
        let footers = self.wanted_footers(&subject);
        vec![Effect::Inspect { subject, footers }]
    }

    /// Of a table those of its marked partitions, or of all where none is marked.
    pub(crate) fn wanted_footers(&self, subject: &Subject) -> Footers {
        let Subject::Table(table) = subject else { return Footers::All };
        let marked = self.data.basket.of(table).filter(|marked| !marked.whole && !marked.names.is_empty());
        let Some(marked) = marked else { return Footers::All };
        let mut targets: Vec<TargetId> = marked
            .names
            .iter()
            .map(|name| TargetId::new(table, (!name.is_empty()).then(|| name.to_string())))
            .collect();
        targets.sort();
        Footers::Of(targets)
    }

    fn save_plan(&mut self, argument: &str) -> Vec<Effect> {
        let Some(plan) = self.data.plan.as_ref().and_then(|state| state.plan.clone()) else {
            return self.refuse("there is no plan to save; p makes one".to_owned());
        };
        vec![Effect::SavePlan { plan, path: (!argument.is_empty()).then(|| argument.to_owned()) }]
    }
}

fn parse_terms(argument: &str) -> Result<Terms, String> {
    let mut terms = Terms::default();
    let mut words = argument.split_whitespace();
    while let Some(word) = words.next() {
        match word {
            "--skip-trash" => terms.skip_trash = true,
            "--minimum-age" => {
                let age = words.next().unwrap_or_default();
                terms.minimum_age = Some(parse_duration(age).map_err(|_| age.to_owned())?);
            }
            other => return Err(other.to_owned()),
        }
    }
    Ok(terms)
}
