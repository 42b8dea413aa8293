//! `history [RUN]`: every run of the lake.

use clap::Args;

use crate::action::{self, ShownRun};
use crate::cli::documents::{self, RunHead};
use crate::cli::output::Output;
use crate::cli::progress::log_text;
use crate::cli::report;
use crate::cli::session::Session;
use crate::cli::table::Table;
use crate::error::{Exit, Result};
use crate::model::{LogLevel, RunKind, RunLimits, RunSummary, Size, counted};

/// List every run of the lake, whoever made it, and what can be done about each.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lakehand history
  lakehand history k7f         the targets of one run, with reasons
Exit: 0 done  1 failed  2 usage or no such run")]
pub struct History {
    /// Run id or a unique part of it
    run: Option<String>,
    /// Show at most so many, the newest
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

impl History {
    /// Prints it.
    pub fn carry_out(self, session: &Session) -> Result<Exit> {
        let settings = session.settings(&[])?;
        session.block_on(async {
            let lake = session.open(&settings).await?;
            match &self.run {
                Some(text) => {
                    let run = action::resolve_run(&lake, text).await?;
                    one(session, &action::show_run(&lake, &run).await?)
                }
                None => {
                    let mut runs = action::history(&lake).await?;
                    runs.truncate(self.limit.unwrap_or(usize::MAX));
                    if let Some(user) = lake.only_runs_of().await? {
                        session.output.say(&format!("only runs of {user}; run_index in the profile shares them"));
                    }
                    session.output.either(&documents::history(&runs), || text(&session.output, &runs))
                }
            }
        })?;
        Ok(Exit::Done)
    }
}

fn one(session: &Session, shown: &ShownRun) -> Result<()> {
    let detail = &shown.detail;
    let summary = &detail.summary;
    let head = RunHead {
        run: &summary.run,
        kind: summary.kind,
        of: summary.of.as_ref(),
        state: summary.state,
        user: &summary.user,
        host: &summary.host,
        started: summary.started,
        finished: summary.finished,
        limits: summary.sign.as_ref().map_or_else(RunLimits::default, |sign| sign.limits),
    };
    session.output.either(&documents::run(head, &detail.outcomes), || {
        let mut text = line_table(&session.output, std::slice::from_ref(summary));
        text.push('\n');
        text.push_str(&report::outcome_table(&session.output, &detail.outcomes));
        for (kind, reason) in &summary.cannot {
            text.push_str(&format!("{} is off: {} [{}]\n", kind.word(), reason.text, reason.code));
        }
        for line in shown.log() {
            text.push_str(&log_text(line, LogLevel::Info).map_or(String::new(), |line| line + "\n"));
        }
        text
    })
}

fn text(output: &Output, runs: &[RunSummary]) -> String {
    if runs.is_empty() {
        return "no run has been made on this lake".to_owned();
    }
    let files: u64 = runs.iter().map(|run| run.backup_files).sum();
    let bytes: Size = runs.iter().map(|run| run.backup_bytes).sum();
    format!("{}in backups: {}, {bytes}\n", line_table(output, runs), counted(files, "file"))
}

fn line_table(output: &Output, runs: &[RunSummary]) -> String {
    let mut table =
        Table::new(&["run", "kind", "of", "tables", ">targets", "result", ">holds", "by", "started", "can"]);
    for run in runs {
        let tables = match run.tables.as_slice() {
            [] => String::new(),
            [only] => only.clone(),
            [first, rest @ ..] => format!("{first} +{}", rest.len()),
        };
        let holds = if run.backup_files > 0 { run.backup_bytes.to_string() } else { String::new() };
        let can: Vec<&str> = run.can.iter().copied().map(RunKind::word).collect();
        table.row([
            run.run.short(),
            run.kind.word(),
            run.of.as_ref().map_or("", |of| of.suffix()),
            &tables,
            &format!("{}/{}", run.targets_done, run.targets),
            run.state.word(),
            &holds,
            &format!("{}@{}", run.user, run.host),
            &run.started.format("%Y-%m-%d %H:%M").to_string(),
            &can.join(" "),
        ]);
    }
    output.table(&table)
}
