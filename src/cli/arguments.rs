//! The arguments of the command line. Help texts follow `console.md` §10: the common case first, real examples, what
//! is changed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::commands;
use crate::config::Environment;
use crate::error::Result;
use crate::model::{RunLimits, parse_rate, parse_until};

/// The maintenance console for data-lake tables: see small files, preview a repair, run it, take it back.
#[derive(Debug, Parser)]
#[command(name = "lakehand", version, max_term_width = 100, infer_long_args = false)]
#[command(after_help = "\
Without a command the console opens. First look: lakehand demo
Exit: 0 done  1 failed  2 usage or configuration  3 refused, nothing changed  4 done in part
      5 verification failed  6 needs recovery or a decision  130 interrupted")]
pub struct Arguments {
    #[command(flatten)]
    pub globals: Globals,
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// How results are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One stable document a command; see docs/json.md.
    Json,
}

/// The flags of every command.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Global options")]
pub struct Globals {
    /// One more configuration file, above those of /etc and ~/.config
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The profile to open
    #[arg(long, global = true, value_name = "NAME", conflicts_with = "lake")]
    pub profile: Option<String>,
    /// A directory lake without any configuration: a path or file://
    #[arg(long, global = true, value_name = "URI")]
    pub lake: Option<String>,
    /// Where the console starts: a table, or a partition as DB.T/KEY=VALUE
    #[arg(long, global = true, value_name = "DB.T")]
    pub at: Option<String>,
    /// Only what the cache knows; nothing is listed
    #[arg(long, global = true)]
    pub offline: bool,
    /// Only ASCII glyphs
    #[arg(long, global = true)]
    pub ascii: bool,
    /// How results are printed
    #[arg(long, global = true, value_enum, value_name = "FORMAT")]
    pub output: Option<Format>,
    /// Looking, planning and saving only
    #[arg(long, global = true)]
    pub read_only: bool,
    /// One line a change and no full screen; for screen readers and logs
    #[arg(long, global = true)]
    pub plain: bool,
    /// How much is said on standard error: error, warn, info, debug
    #[arg(long, global = true, value_name = "LEVEL")]
    pub log_level: Option<String>,
    /// Say more; twice for every call
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    Demo(commands::demo::Demo),
    Analyze(commands::analyze::Analyze),
    Plan(commands::plan::PlanCommand),
    Compact(commands::compact::Compact),
    Jobs(commands::jobs::Jobs),
    Attach(commands::attach::Attach),
    Pause(commands::steer::Pause),
    Resume(commands::steer::Resume),
    Cancel(commands::steer::Cancel),
    Limit(commands::steer::Limit),
    Until(commands::steer::Until),
    History(commands::history::History),
    Rollback(commands::rollback::Rollback),
    Cleanup(commands::cleanup::Cleanup),
    Recover(commands::recover::Recover),
    Restore(commands::restore::Restore),
    Doctor(commands::doctor::Doctor),
    Explain(commands::explain::Explain),
    Config(commands::config::ConfigCommand),
    Completions(commands::completions::Completions),
    Man(commands::man::Man),
    #[command(hide = true)]
    Worker(commands::worker::Worker),
}

/// What to work on.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Selection")]
pub struct SelectionArguments {
    /// A table; may be repeated
    #[arg(long, value_name = "DB.T")]
    pub table: Vec<String>,
    /// Tables, parted by commas
    #[arg(long, value_name = "A.B,C.D", value_delimiter = ',')]
    pub tables: Vec<String>,
    /// All tables of a database; may be repeated
    #[arg(long, value_name = "DB")]
    pub database: Vec<String>,
    /// Partitions under a prefix of the keys, as dt=2026-01-01; may be repeated
    #[arg(long, value_name = "KEY=VALUE[/…]")]
    pub partition: Vec<String>,
    /// A table, or partitions under a prefix, to leave out; may be repeated
    #[arg(long, value_name = "DB.T|KEY=VALUE")]
    pub exclude: Vec<String>,
}

/// What is worth compacting, and how careful to be.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Policy")]
pub struct PolicyArguments {
    /// The size that new files aim at; a bare number is MiB [default: 128MiB]
    #[arg(long, value_name = "SIZE")]
    pub block_size: Option<String>,
    /// Compact when min(average, median) is below block size / this [default: 10]
    #[arg(long, value_name = "N")]
    pub ratio_threshold: Option<String>,
    /// Leave targets alone that changed within it [default: 30m]
    #[arg(long, value_name = "DURATION")]
    pub quiet_period: Option<String>,
    /// Ask before an exchange that takes longer [default: 5s]
    #[arg(long, value_name = "DURATION")]
    pub window_limit: Option<String>,
    /// Compare every value, or rows and schema only [default: values]
    #[arg(long, value_name = "values|rows")]
    pub verify: Option<String>,
    /// Memory of a run in all [default: 512MiB]
    #[arg(long, value_name = "SIZE")]
    pub memory: Option<String>,
    /// Targets that are worked on at a time [default: 2]
    #[arg(long, value_name = "N")]
    pub targets: Option<String>,
    /// Sort by these columns (the spark engine's; the native one refuses it)
    #[arg(long, value_name = "C1,C2", value_delimiter = ',')]
    pub sort_columns: Vec<String>,
}

impl PolicyArguments {
    /// The flags that were given, as they set keys.
    pub fn flags(&self) -> Vec<(&'static str, String)> {
        let given = [
            ("block-size", &self.block_size),
            ("ratio-threshold", &self.ratio_threshold),
            ("quiet-period", &self.quiet_period),
            ("window-limit", &self.window_limit),
            ("verify", &self.verify),
            ("memory", &self.memory),
            ("targets", &self.targets),
        ];
        given.into_iter().filter_map(|(flag, text)| Some((flag, text.clone()?))).collect()
    }
}

/// What a run may take. Both can be changed while it works: `lakehand limit`, `lakehand until`.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Limits")]
pub struct LimitArguments {
    /// Read and write so many bytes a second at most
    #[arg(long, value_name = "50MB/s")]
    pub limit: Option<String>,
    /// Begin no target after this time (UTC; the next 05:30, or 2h from now); what was begun is ended
    #[arg(long, value_name = "05:30")]
    pub until: Option<String>,
}

impl LimitArguments {
    /// They, or what the variables say.
    pub fn limits(&self, environment: &Environment) -> Result<RunLimits> {
        let given = |flag: &str, value: &Option<String>| value.clone().or(environment.flag(flag).map(str::to_owned));
        let rate = given("limit", &self.limit).map(|text| parse_rate(&text)).transpose()?;
        let until = given("until", &self.until).map(|text| parse_until(&text, chrono::Utc::now())).transpose()?;
        Ok(RunLimits { bytes_per_second: rate.flatten(), until: until.flatten() })
    }
}

/// How a command that writes is answered and followed.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Questions")]
pub struct AnswerArguments {
    /// Show what would be done, target by target, and stop
    #[arg(long)]
    pub dry_run: bool,
    /// Answer the y questions with yes
    #[arg(long)]
    pub yes: bool,
    /// Answer a question that is typed: exactly what the screen would ask for
    #[arg(long, value_name = "TEXT")]
    pub confirm: Option<String>,
    /// Return as soon as the run works
    #[arg(long)]
    pub detach: bool,
}
