//! `recover [RUN]`: finish or take back what a dead run began.

use clap::{Args, ValueEnum};

use crate::action;
use crate::cli::arguments::{AnswerArguments, SelectionArguments};
use crate::cli::ask::{Expected, Question};
use crate::cli::session::Session;
use crate::cli::{documents, previewed, report};
use crate::config::Settings;
use crate::error::{Exit, Result};
use crate::ledger::verdict::{TargetVerdict, Verdict};
use crate::model::{Decision, RunId, RunKind, Scope, counted};

/// Finish or take back what a run began that died. It looks first, starts nothing new, and can be repeated.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lakehand recover --dry-run             what lies where, and what would be done
  lakehand recover p2c
  lakehand recover p2c --decide keep     what is live stays; --decide restore: the originals come back
  lakehand recover --stale --yes         from cron: only what is certainly dead
Exit: 0 done or nothing to do  2 usage  3 refused  4 in part  6 a decision is needed")]
pub struct Recover {
    /// Run id or a unique part of it; see: lakehand history [default: every unfinished run]
    run: Option<String>,
    /// What to do with targets that need a decision
    #[arg(long, value_enum, requires = "run")]
    decide: Option<Choice>,
    /// Only leases that are certainly dead
    #[arg(long)]
    stale: bool,
    #[command(flatten)]
    selection: SelectionArguments,
    #[command(flatten)]
    answers: AnswerArguments,
}

/// A person's decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Choice {
    /// What is live stays
    Keep,
    /// The originals come back
    Restore,
}

impl Recover {
    /// Looks, asks, runs.
    pub fn carry_out(self, session: &Session) -> Result<Exit> {
        let settings = if self.answers.dry_run { session.settings(&[])? } else { session.writable_settings(&[])? };
        session.edge.paths.prepare()?;
        session.block_on(async {
            let lake = session.open(&settings).await?;
            let of = match &self.run {
                Some(text) => Some(action::resolve_run(&lake, text).await?),
                None => None,
            };
            let scope = self.scope(&lake, of.as_ref()).await?;
            let verdicts = action::recover_preview(&lake, of.as_ref(), &scope).await?.targets;
            let text = || previewed::text(&session.output, RunKind::Recover, of.as_ref(), &verdicts);
            if self.answers.dry_run || verdicts.is_empty() {
                let document = documents::preview(RunKind::Recover, of.as_ref(), &verdicts);
                session.output.either(&document, || if verdicts.is_empty() { nothing() } else { text() })?;
                return Ok(Exit::Done);
            }
            if !session.output.is_json() {
                session.output.say(&text());
            }
            self.question(&settings, &verdicts).ask(&self.answers, &session.edge)?;
            let run = action::recover(&lake, of.as_ref(), &scope, self.decision(), self.stale);
            report::carry_out(session, &lake, &self.answers, run).await
        })
    }

    async fn scope(&self, lake: &action::Session, of: Option<&RunId>) -> Result<Scope> {
        match of {
            Some(of) if !self.selection.is_empty() => {
                self.selection.scope(&action::show_run(lake, of).await?.detail.outcomes)
            }
            _ if self.selection.is_empty() => Ok(Scope::default()),
            _ => {
                let open = action::recover_preview(lake, None, &Scope::default()).await?.targets;
                let selection = self.selection.selection()?;
                let ids = open.into_iter().map(|verdict| verdict.id);
                Ok(Scope { targets: ids.filter(|id| selection.contains(id)).collect() })
            }
        }
    }

    fn decision(&self) -> Option<Decision> {
        self.decide.map(|choice| match choice {
            Choice::Keep => Decision::Keep,
            Choice::Restore => Decision::Restore,
        })
    }

    fn question(&self, settings: &Settings, verdicts: &[TargetVerdict]) -> Question {
        let decided = self.decide.is_some();
        let count = verdicts
            .iter()
            .filter(|verdict| match verdict.verdict {
                Verdict::Ready(_) => true,
                Verdict::Decide(_) => decided,
                Verdict::Refused(_) => false,
            })
            .count();
        let facts = vec!["Finishes or takes back; starts nothing new; can be repeated.".to_owned()];
        let place =
            if settings.production { format!("PRODUCTION ({})", settings.profile) } else { settings.profile.clone() };
        let expected = if settings.production { Expected::Typed(count.to_string()) } else { Expected::Yes };
        Question { text: format!("Recover {} on {place}?", counted(count as u64, "target")), facts, expected }
    }
}

fn nothing() -> String {
    "nothing is unfinished: nothing to recover".to_owned()
}
