//! `rollback [RUN]`: put the files back that a run replaced.

use clap::Args;

use crate::action::{self, Selection};
use crate::cli::arguments::{AnswerArguments, SelectionArguments};
use crate::cli::ask::{Expected, Question};
use crate::cli::session::Session;
use crate::cli::{documents, previewed, report};
use crate::config::Settings;
use crate::error::{Exit, Result};
use crate::model::{RunId, RunKind, RunSummary, Scope, counted};

/// Put back the files that a run replaced. Deletes nothing; can itself be undone.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lakehand rollback --table sales.orders             the latest run on this table
  lakehand rollback k7f --partition dt=2026-11-19    one partition of run k7f
  lakehand rollback k7f --dry-run                    what would be done, target by target
Files that were written since stay: no row is lost.
Exit: 0 done  2 usage  3 refused  4 in part  6 needs recovery (lakehand recover)")]
pub struct Rollback {
    /// Run id or a unique part of it, as its last three letters; see: lakehand history [default: the newest that can be]
    run: Option<String>,
    #[command(flatten)]
    selection: SelectionArguments,
    #[command(flatten)]
    answers: AnswerArguments,
}

impl Rollback {
    /// Looks, asks, runs.
    pub fn carry_out(self, session: &Session) -> Result<Exit> {
        let settings = if self.answers.dry_run { session.settings(&[])? } else { session.writable_settings(&[])? };
        session.edge.paths.prepare()?;
        session.block_on(async {
            let lake = session.open(&settings).await?;
            let newest =
                async |selection: &Selection| action::newest_that_can(&lake, RunKind::Rollback, selection).await;
            let (of, scope) = chosen(&lake, self.run.as_deref(), &self.selection, newest).await?;
            let verdicts = action::rollback_preview(&lake, &of, &scope).await?.targets;
            if self.answers.dry_run {
                let document = documents::preview(RunKind::Rollback, Some(&of), &verdicts);
                session
                    .output
                    .either(&document, || previewed::text(&session.output, RunKind::Rollback, Some(&of), &verdicts))?;
                return Ok(Exit::Done);
            }
            previewed::keeps_any(&lake, RunKind::Rollback, &of, &verdicts).await?;
            previewed::none_ready(RunKind::Rollback, &verdicts)?;
            if !session.output.is_json() {
                session.output.say(&previewed::text(&session.output, RunKind::Rollback, Some(&of), &verdicts));
            }
            let ready = previewed::ready(&verdicts).len();
            question(&settings, &of, ready).ask(&self.answers, &session.edge)?;
            let run = action::rollback(&lake, &of, &scope);
            report::carry_out(session, &lake, &self.answers, run).await
        })
    }
}

/// The run that is meant, or the newest that will do, and its targets.
pub async fn chosen(
    lake: &action::Session,
    run: Option<&str>,
    selection: &SelectionArguments,
    newest: impl AsyncFnOnce(&Selection) -> Result<RunSummary>,
) -> Result<(RunId, Scope)> {
    let of = match run {
        Some(text) => action::resolve_run(lake, text).await?,
        None => newest(&selection.selection()?).await?.run,
    };
    let scope = if selection.is_empty() {
        Scope::default()
    } else {
        selection.scope(&action::show_run(lake, &of).await?.detail.outcomes)?
    };
    Ok((of, scope))
}

fn question(settings: &Settings, of: &RunId, targets: usize) -> Question {
    let count = counted(targets as u64, "target");
    let facts = vec!["Deletes nothing; lakehand rollback of the new run undoes it.".to_owned()];
    if settings.production {
        let text = format!("Roll back {count} of {} on PRODUCTION ({})?", of.short(), settings.profile);
        Question { text, facts, expected: Expected::Typed(targets.to_string()) }
    } else {
        let text = format!("Roll back {count} of {} on {}?", of.short(), settings.profile);
        Question { text, facts, expected: Expected::Yes }
    }
}
