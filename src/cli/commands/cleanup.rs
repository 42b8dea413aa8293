//! `cleanup [RUN]`: delete backups for good.

use std::collections::BTreeSet;
use std::time::Duration;

use clap::Args;

use crate::action::{self, Selection};
use crate::cli::arguments::{AnswerArguments, SelectionArguments};
use crate::cli::ask::{Expected, Question};
use crate::cli::follow::{Followed, Signals, follow};
use crate::cli::session::Session;
use crate::cli::{documents, previewed, report};
use crate::config::Settings;
use crate::error::{Code, Error, Exit, Result};
use crate::ledger::MINIMUM_AGE;
use crate::ledger::verdict::TargetVerdict;
use crate::model::{RunId, RunKind, Scope, TargetId, counted, parse_duration};

use super::rollback::chosen;

/// Delete the backups of a run for good: the only command that destroys. It frees the space that compacting won.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lakehand cleanup d1z --dry-run                       what would be deleted, and why not
  lakehand cleanup d1z --skip-trash                    asks for the table's name
  lakehand cleanup --older-than 7d --skip-trash --confirm web.clicks
The live files are read in full first. Afterwards the run cannot be rolled back.
Exit: 0 done or nothing to do  2 usage  3 refused  4 in part  6 needs recovery")]
pub struct Cleanup {
    /// Run id or a unique part of it; see: lakehand history [default: the newest that can be]
    #[arg(conflicts_with = "older_than")]
    run: Option<String>,
    /// Every run that ended longer ago
    #[arg(long, value_name = "DURATION")]
    older_than: Option<String>,
    /// Refuse backups that are younger [default: 72h]
    #[arg(long, value_name = "DURATION")]
    minimum_age: Option<String>,
    /// Delete without a trash; needed where there is none, as on a local disk
    #[arg(long)]
    skip_trash: bool,
    #[command(flatten)]
    selection: SelectionArguments,
    #[command(flatten)]
    answers: AnswerArguments,
}

/// A run that is to be cleaned up, and what was found of it.
struct Chosen {
    of: RunId,
    scope: Scope,
    verdicts: Vec<TargetVerdict>,
}

impl Cleanup {
    /// Looks, asks, runs.
    pub fn carry_out(self, session: &Session) -> Result<Exit> {
        let settings = if self.answers.dry_run { session.settings(&[])? } else { session.writable_settings(&[])? };
        let minimum_age = match &self.minimum_age {
            Some(text) => parse_duration(text)?,
            None => MINIMUM_AGE,
        };
        session.edge.paths.prepare()?;
        session.block_on(async {
            let lake = session.open(&settings).await?;
            let chosen = self.look(&lake, minimum_age).await?;
            if chosen.is_empty() {
                session.output.text("no run is old enough: nothing to do")?;
                return Ok(Exit::Done);
            }
            if self.answers.dry_run {
                return show(session, &chosen);
            }
            self.clean(session, &settings, &lake, chosen, minimum_age).await
        })
    }

    async fn look(&self, lake: &action::Session, minimum_age: Duration) -> Result<Vec<Chosen>> {
        let mut wanted = Vec::new();
        match &self.older_than {
            None => {
                let newest = async |selection: &Selection| action::newest_cleanable(lake, selection, minimum_age).await;
                wanted.push(chosen(lake, self.run.as_deref(), &self.selection, newest).await?);
            }
            Some(age) => {
                for run in action::cleanable(lake, parse_duration(age)?, minimum_age).await? {
                    let outcomes = action::show_run(lake, &run.run).await?.detail.outcomes;
                    match self.selection.scope(&outcomes) {
                        Ok(scope) => wanted.push((run.run, scope)),
                        Err(error) if error.code() == Code::PartitionNotFound => {}
                        Err(error) => return Err(error),
                    }
                }
            }
        }
        let mut chosen = Vec::new();
        for (of, scope) in wanted {
            let verdicts = action::cleanup_preview(lake, &of, &scope, minimum_age, self.skip_trash).await?.targets;
            chosen.push(Chosen { of, scope, verdicts });
        }
        Ok(chosen)
    }

    async fn clean(
        &self,
        session: &Session,
        settings: &Settings,
        lake: &action::Session,
        chosen: Vec<Chosen>,
        minimum_age: Duration,
    ) -> Result<Exit> {
        let verdicts: Vec<TargetVerdict> = chosen.iter().flat_map(|one| one.verdicts.iter().cloned()).collect();
        if let Some(first) = chosen.first() {
            previewed::keeps_any(lake, RunKind::Cleanup, &first.of, &verdicts).await?;
        }
        previewed::none_ready(RunKind::Cleanup, &verdicts)?;
        for one in &chosen {
            if !session.output.is_json() {
                session.output.say(&previewed::text(&session.output, RunKind::Cleanup, Some(&one.of), &one.verdicts));
            }
        }
        question(settings, &previewed::ready(&verdicts)).ask(&self.answers, &session.edge)?;
        if self.older_than.is_some() && self.answers.detach {
            return Err(
                Error::new(Code::Usage, "several runs are cleaned up one after the other").next("leave --detach out")
            );
        }
        let ready: Vec<&Chosen> = chosen.iter().filter(|one| !previewed::ready(&one.verdicts).is_empty()).collect();
        if self.older_than.is_none()
            && let [only] = ready.as_slice()
        {
            let run = action::cleanup(lake, &only.of, &only.scope, minimum_age, self.skip_trash);
            return report::carry_out(session, lake, &self.answers, run).await;
        }
        let mut signals = Signals::listen()?;
        let mut ended = Vec::new();
        for one in ready {
            let run = action::cleanup(lake, &one.of, &one.scope, minimum_age, self.skip_trash).await?;
            match follow(session, &mut signals, &run).await? {
                Followed::Ended(snapshot) => ended.push(snapshot),
                Followed::Detached(_) => break,
            }
        }
        report::several(session, &ended)
    }
}

fn show(session: &Session, chosen: &[Chosen]) -> Result<Exit> {
    let verdicts: Vec<TargetVerdict> = chosen.iter().flat_map(|one| one.verdicts.iter().cloned()).collect();
    let of = match chosen {
        [only] => Some(&only.of),
        _ => None,
    };
    session.output.either(&documents::preview(RunKind::Cleanup, of, &verdicts), || {
        chosen
            .iter()
            .map(|one| previewed::text(&session.output, RunKind::Cleanup, Some(&one.of), &one.verdicts))
            .collect()
    })?;
    Ok(Exit::Done)
}

/// What destroys is typed: the table's name, or how many tables.
fn question(settings: &Settings, targets: &[TargetId]) -> Question {
    let tables: BTreeSet<String> = targets.iter().map(|id| id.table_name().to_string()).collect();
    let expected = match tables.first() {
        Some(only) if tables.len() == 1 => only.clone(),
        _ => counted(tables.len() as u64, "table"),
    };
    let place =
        if settings.production { format!("PRODUCTION ({})", settings.profile) } else { settings.profile.clone() };
    Question {
        text: format!("Delete these backups on {place}?"),
        facts: vec!["You lose the rollback of these targets; no other copy of the files exists.".to_owned()],
        expected: Expected::Typed(expected),
    }
}
