//! An order in the words of the engine.

use std::time::Duration;

use crate::error::Result;
use crate::ipc::Order;
use crate::model::{RunId, RunKind, RunLimits, StorePath};
use crate::run::Act;

/// What the engine is to do.
pub fn of(order: Order) -> Result<Act> {
    Ok(match order {
        Order::Compact { plan, skip_drifted, accept_window, .. } => Act::Compact { plan, skip_drifted, accept_window },
        Order::Rollback { of, scope } => Act::Rollback { of, scope },
        Order::Cleanup { of, scope, minimum_age_ms, skip_trash } => {
            Act::Cleanup { of, scope, minimum_age: Duration::from_millis(minimum_age_ms), skip_trash }
        }
        Order::Recover { of, scope, decide, stale_only } => Act::Recover { of, scope, decide, stale_only },
        Order::Restore { of, scope, to } => Act::Restore { of, scope, to: StorePath::new(to)? },
    })
}

/// What the run may take from its beginning.
pub fn limits(order: &Order) -> RunLimits {
    match order {
        Order::Compact { limits, .. } => *limits,
        _ => RunLimits::default(),
    }
}

/// What is shown of an order before the engine has said more.
pub fn shown(order: &Order) -> (RunKind, Option<RunId>) {
    match order {
        Order::Compact { .. } => (RunKind::Compact, None),
        Order::Rollback { of, .. } => (RunKind::Rollback, Some(of.clone())),
        Order::Cleanup { of, .. } => (RunKind::Cleanup, Some(of.clone())),
        Order::Recover { of, .. } => (RunKind::Recover, of.clone()),
        Order::Restore { of, .. } => (RunKind::Restore, Some(of.clone())),
    }
}
