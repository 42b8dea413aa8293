//! Runs: the nine steps of a target, the exchange, leases, recovery, rollback, cleanup, restore (PROTOCOL.md binds).

mod again;
mod check;
mod cleanup;
mod compact;
mod conclude;
mod context;
mod control;
mod course;
mod decide;
mod drive;
mod exchange;
mod heartbeat;
mod index;
mod lease;
mod look;
mod mend;
mod moves;
mod outputs;
mod places;
mod records;
mod recover;
mod report;
mod restore;
mod rewrite;
mod rollback;
mod room;
pub mod seams;
mod settle;
mod sweep;
mod system;
mod throttle;

use crate::error::Result;
use crate::model::{RunId, RunKind, TargetOutcome};

pub use again::Patience;
pub use context::{Act, Context, Observer, Unobserved};
pub use control::Control;
pub use seams::{SystemProcesses, this_process};

/// Draws an id that no other run of the lake has and reserves it in the index.
pub async fn reserve_id(context: &Context) -> Result<RunId> {
    index::reserve(context, RunKind::Compact, None).await
}

/// Carries an act out under an id that was reserved. An error says that the act as a whole was refused or could not
/// begin; what becomes of a single target is in its outcome.
pub async fn execute(context: &Context, run: RunId, act: Act) -> Result<Vec<TargetOutcome>> {
    match act {
        Act::Compact { plan, skip_drifted, accept_window } => {
            let consent = compact::Consent { skip_drifted, accept_window };
            compact::execute(context, &run, *plan, consent).await
        }
        Act::Rollback { of, scope } => rollback::execute(context, &run, of, scope).await,
        Act::Cleanup { of, scope, minimum_age, skip_trash } => {
            cleanup::execute(context, &run, of, scope, cleanup::Terms { minimum_age, skip_trash }).await
        }
        Act::Recover { of, scope, decide, stale_only } => {
            recover::stale_takes_no_decision(stale_only, decide)?;
            recover::execute(context, &run, of, scope, decide).await
        }
        Act::Restore { of, scope, to } => restore::execute(context, &run, of, scope, to).await,
    }
}

/// Finishes or takes back what the worker of `run` began, once its process is gone.
pub async fn guard_recover(context: &Context, run: &RunId) -> Result<Vec<TargetOutcome>> {
    recover::guard(context, run).await
}
