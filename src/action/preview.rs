//! What rollback, cleanup and recover would do, target by target. Read-only.

use std::time::{Duration, Instant};

use chrono::Utc;

use super::Session;
use crate::error::Result;
use crate::ledger::verdict::{self, TargetVerdict, Verdict};
use crate::model::{RunId, RunKind, Scope};

/// What an act would do.
#[derive(Clone, Debug, PartialEq)]
pub struct Preview {
    /// The act.
    pub kind: RunKind,
    /// The run that it is for; none means every unfinished one.
    pub of: Option<RunId>,
    /// Its targets, each with a verdict.
    pub targets: Vec<TargetVerdict>,
    /// How long it took to check them.
    pub elapsed: Duration,
    /// Whether what is deleted goes to a trash first.
    pub trash: bool,
}

impl Preview {
    /// The targets that would be worked on.
    pub fn ready(&self) -> impl Iterator<Item = &TargetVerdict> {
        self.targets.iter().filter(|target| matches!(target.verdict, Verdict::Ready(_)))
    }
}

/// What a rollback of `of` would do.
pub async fn rollback_preview(session: &Session, of: &RunId, scope: &Scope) -> Result<Preview> {
    let begun = Instant::now();
    let targets = verdict::rollback(&session.ledger(), of, scope).await?;
    Ok(preview(session, RunKind::Rollback, Some(of), targets, begun))
}

/// What a cleanup of `of` would do now.
pub async fn cleanup_preview(
    session: &Session,
    of: &RunId,
    scope: &Scope,
    minimum_age: Duration,
    skip_trash: bool,
) -> Result<Preview> {
    let begun = Instant::now();
    let targets = verdict::cleanup(&session.ledger(), of, scope, minimum_age, skip_trash, Utc::now()).await?;
    let mut preview = preview(session, RunKind::Cleanup, Some(of), targets, begun);
    preview.trash &= !skip_trash;
    Ok(preview)
}

/// What a recovery of `of`, or of every unfinished run, would do.
pub async fn recover_preview(session: &Session, of: Option<&RunId>, scope: &Scope) -> Result<Preview> {
    let begun = Instant::now();
    let targets = verdict::recover(&session.ledger(), of, scope).await?;
    Ok(preview(session, RunKind::Recover, of, targets, begun))
}

fn preview(
    session: &Session,
    kind: RunKind,
    of: Option<&RunId>,
    targets: Vec<TargetVerdict>,
    begun: Instant,
) -> Preview {
    let trash = session.reader.store.capabilities().trash;
    Preview { kind, of: of.cloned(), targets, elapsed: begun.elapsed(), trash }
}
