//! Roll back: put the backups of a run back. A run of its own, which can be taken back itself.

use super::Session;
use crate::client;
use crate::error::Result;
use crate::ipc::Order;
use crate::model::{RunId, Scope};

/// Starts the rollback of a run, or of some of its targets.
pub async fn rollback(session: &Session, of: &RunId, scope: &Scope) -> Result<RunId> {
    session.may_change()?;
    let order = Order::Rollback { of: of.clone(), scope: scope.clone() };
    client::start(&session.paths, session.settings(), &order).await
}
