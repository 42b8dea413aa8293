//! `compact`: plan, ask, run.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use clap::{Args, ValueEnum};
use tokio_util::sync::CancellationToken;

use crate::action;
use crate::cli::arguments::{AnswerArguments, LimitArguments, PolicyArguments, SelectionArguments};
use crate::cli::ask::{Expected, Question};
use crate::cli::scanning::Scanning;
use crate::cli::session::Session;
use crate::cli::{planned, report};
use crate::config::Settings;
use crate::error::{Code, Error, Exit, Result};
use crate::model::{OnDrift, Plan, RunLimits, Skipped, count_text, counted, duration_text};

use super::plan::refuse_sorting;

/// Replace many small files by few large ones, verified, with the originals kept as backups.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lakehand compact --table sales.orders                       plans, asks, runs, waits
  lakehand compact --table sales.orders --partition dt=2026-11-19 --dry-run
  lakehand compact --database sales --yes --detach            from cron
  lakehand compact --database sales --yes --limit 50MB/s --until 05:30    in the maintenance window
  lakehand compact --plan c4h                                 exactly what was planned
  lakehand compact --plan p2c                                 the targets that run p2c did not begin
What is changed: the files of the targets; rows, schema, location and attributes stay. The originals stay in hidden
directories until lakehand cleanup; lakehand rollback puts them back. Ctrl-C asks whether to leave or to stop.
Exit: 0 done or nothing to do  1 failed  3 refused, nothing changed  4 in part  5 verification failed
      6 needs recovery  130 interrupted")]
pub struct Compact {
    #[command(flatten)]
    selection: SelectionArguments,
    /// Apply a plan: a file, a plan's id, or a run whose open targets are meant
    #[arg(long, value_name = "FILE|PLAN|RUN", conflicts_with_all = ["table", "tables", "database", "partition", "exclude"])]
    plan: Option<String>,
    #[command(flatten)]
    policy: PolicyArguments,
    /// When a target no longer matches its plan: refuse the run, or leave that target out
    #[arg(long, value_enum)]
    on_drift: Option<Drift>,
    #[command(flatten)]
    limits: LimitArguments,
    #[command(flatten)]
    answers: AnswerArguments,
}

/// What happens to drift before the first write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Drift {
    Refuse,
    Skip,
}

impl Compact {
    /// Plans, asks, runs.
    pub fn carry_out(self, session: &Session) -> Result<Exit> {
        refuse_sorting(&self.policy)?;
        let flags = self.policy.flags();
        let settings =
            if self.answers.dry_run { session.settings(&flags)? } else { session.writable_settings(&flags)? };
        let on_drift = self.drift(session)?;
        let limits = self.limits.limits(&session.edge.environment)?;
        session.edge.paths.prepare()?;
        session.block_on(async {
            let lake = session.open(&settings).await?;
            let plan = self.make_plan(session, &lake).await?;
            if let Some(warning) = action::ticket_warning(&lake, &plan, limits).await {
                session.output.say(&warning);
            }
            if self.answers.dry_run {
                session.output.either(&plan, || {
                    planned::text(&session.output, &plan) + &planned::steps(&session.output, &plan)
                })?;
                return Ok(Exit::Done);
            }
            if plan.targets.is_empty() {
                return nothing_to_run(session, &plan);
            }
            if !session.output.is_json() {
                session.output.say(&planned::text(&session.output, &plan));
            }
            question(&settings, &plan, limits).ask(&self.answers, &session.edge)?;
            let accept_window = self.accept_window(session, &settings, &plan)?;
            let run = action::execute(&lake, &plan, on_drift, accept_window, limits);
            report::carry_out(session, &lake, &self.answers, run).await
        })
    }

    fn drift(&self, session: &Session) -> Result<OnDrift> {
        match (self.on_drift, session.edge.environment.flag("on-drift")) {
            (Some(Drift::Skip), _) | (None, Some("skip")) => Ok(OnDrift::Skip),
            (Some(Drift::Refuse), _) | (None, None | Some("refuse")) => Ok(OnDrift::Refuse),
            (None, Some(other)) => {
                Err(Error::new(Code::ConfigInvalid, format!("$LAKEHAND_ON_DRIFT: {other:?} cannot be used"))
                    .why("it has to be refuse or skip"))
            }
        }
    }

    async fn make_plan(&self, session: &Session, lake: &action::Session) -> Result<Plan> {
        if let Some(named) = &self.plan {
            return action::load_plan(lake, named).await;
        }
        let selection = self.selection.selection()?;
        let (_line, reporter) = Scanning::begin(session);
        action::plan(lake, &selection, reporter, &CancellationToken::new()).await
    }

    /// A window above the limit is a question of its own: readers fail while it lasts.
    fn accept_window(&self, session: &Session, settings: &Arc<Settings>, plan: &Plan) -> Result<bool> {
        let window = Duration::from_millis(plan.totals.window_ms_estimate);
        if window <= settings.policy.window_limit {
            return Ok(false);
        }
        let text = format!(
            "Readers of a target would fail for about {}, the limit is {}. Go on?",
            duration_text(window),
            duration_text(settings.policy.window_limit)
        );
        Question { text, facts: Vec::new(), expected: Expected::Yes }.ask(&self.answers, &session.edge)?;
        Ok(true)
    }
}

fn question(settings: &Settings, plan: &Plan, limits: RunLimits) -> Question {
    let totals = &plan.totals;
    let mut facts = vec![
        format!(
            "{} in {}, {} -> {}, about {}.",
            counted(totals.targets, "target"),
            counted(totals.tables, "table"),
            counted(totals.files_before, "file"),
            count_text(totals.files_after),
            duration_text(Duration::from_millis(totals.work_ms_estimate))
        ),
        "Reversible: the originals stay as backups; lakehand rollback takes it back.".to_owned(),
    ];
    facts.extend(limits_fact(plan, limits));
    if settings.production {
        let expected = Expected::Typed(totals.targets.to_string());
        Question { text: format!("Execute this plan on PRODUCTION ({})?", settings.profile), facts, expected }
    } else {
        Question { text: format!("Execute this plan on {}?", settings.profile), facts, expected: Expected::Yes }
    }
}

/// What the run may take, and how long it then takes at least: everything is read, written and read back.
fn limits_fact(plan: &Plan, limits: RunLimits) -> Option<String> {
    let text = (!limits.is_none()).then(|| limits.text(Utc::now()))?;
    let least = limits.least_time(plan.bytes_moved()).map(|least| format!("; at least {}", duration_text(least)));
    Some(format!("The run: {text}{}.", least.unwrap_or_default()))
}

/// Nothing would be gained, or everything that was named is refused: each with its reason.
fn nothing_to_run(session: &Session, plan: &Plan) -> Result<Exit> {
    let refused: Vec<_> = plan.skipped.iter().filter(|skipped| skipped.reason.code.exit() != Exit::Done).collect();
    let all = plan.skipped.len() == refused.len();
    // What a person has to mend, or a server that did not answer, is told even when other targets are simply in order.
    let blocked = |skipped: &&&Skipped| {
        matches!(skipped.reason.code, Code::NoSpace | Code::Quota | Code::Permission | Code::Unavailable | Code::Io)
    };
    match refused.iter().find(blocked).or(refused.first().filter(|_| all)) {
        Some(first) => {
            let same = refused.iter().all(|skipped| skipped.reason.code == first.reason.code);
            let code = if same || !all { first.reason.code } else { Code::UnsupportedTable };
            let lines: Vec<String> = refused
                .iter()
                .map(|skipped| format!("{}: {} [{}]", skipped.id, skipped.reason.text, skipped.reason.code))
                .collect();
            let refused = counted(refused.len() as u64, "target");
            Err(Error::new(code, format!("{refused} cannot be compacted, and no other needs it")).why(lines.join("\n")))
        }
        _ => {
            session.output.either(plan, || planned::text(&session.output, plan) + "nothing to do\n")?;
            Ok(Exit::Done)
        }
    }
}
