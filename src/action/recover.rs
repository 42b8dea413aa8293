//! Recover: finish or take back what dead runs began. It starts nothing new.

use super::Session;
use crate::client;
use crate::error::Result;
use crate::ipc::Order;
use crate::model::{Decision, RunId, Scope};

/// Starts the recovery of a run, or of every unfinished one. `stale_only`: without questions, only what is certainly
/// dead.
pub async fn recover(
    session: &Session,
    of: Option<&RunId>,
    scope: &Scope,
    decide: Option<Decision>,
    stale_only: bool,
) -> Result<RunId> {
    session.may_change()?;
    let order = Order::Recover { of: of.cloned(), scope: scope.clone(), decide, stale_only };
    client::start(&session.paths, session.settings(), &order).await
}
