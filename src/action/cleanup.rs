//! Clean up: delete the backups of a run for good. The only act that destroys.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Session, history};
use crate::client;
use crate::error::{Code, Error, Result};
use crate::ipc::Order;
use crate::ledger::MINIMUM_AGE;
use crate::model::{RunId, RunSummary, Scope};

/// Starts the cleanup of a run, or of some of its targets. Without a trash it needs `skip_trash`.
pub async fn cleanup(
    session: &Session,
    of: &RunId,
    scope: &Scope,
    minimum_age: Duration,
    skip_trash: bool,
) -> Result<RunId> {
    session.may_change()?;
    if !skip_trash && !session.reader.store.capabilities().trash {
        return Err(Error::new(
            Code::NoTrash,
            format!("run {of} cannot be cleaned up through a trash: there is none here"),
        )
        .why("its backups would be deleted at once, and no other copy of these files exists")
        .lake("unchanged")
        .next(format!("lakehand cleanup {} --skip-trash", of.suffix())));
    }
    let minimum_age_ms = u64::try_from(minimum_age.as_millis()).unwrap_or(u64::MAX);
    let order = Order::Cleanup { of: of.clone(), scope: scope.clone(), minimum_age_ms, skip_trash };
    client::start(&session.paths, session.settings(), &order).await
}

/// The runs that ended longer ago than `older_than` and whose backups are at least `minimum_age` old, oldest first.
pub async fn cleanable(session: &Session, older_than: Duration, minimum_age: Duration) -> Result<Vec<RunSummary>> {
    let now = Utc::now();
    let old = |run: &RunSummary| {
        run.finished.is_some_and(|finished| (now - finished).to_std().is_ok_and(|age| age >= older_than))
    };
    let mut runs = history(session).await?;
    runs.retain(|run| is_cleanable(run, minimum_age, now) && old(run));
    runs.reverse();
    Ok(runs)
}

/// Whether a run keeps backups, all of them at least so old. What a summary says of itself holds for the usual age.
pub fn is_cleanable(run: &RunSummary, minimum_age: Duration, now: DateTime<Utc>) -> bool {
    // Ages are compared, not times: a time may have no other after it.
    let usual = TimeDelta::from_std(MINIMUM_AGE).unwrap_or_default();
    let age = run.cleanup_from.map(|from| now.signed_duration_since(from) + usual);
    age.is_some_and(|age| age.to_std().is_ok_and(|age| age >= minimum_age))
}
