//! Runs that work in the places of another run: each of its shares once, independently, some at a time.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;

use crate::error::{Code, Error, Result};
use crate::ledger::index::{RunPlan, RunTarget};
use crate::ledger::parallel::each;
use crate::ledger::share::Share;
use crate::model::{RunId, RunKind, RunState, Scope, Size, Step, TargetId, TargetOutcome};

use super::Context;
use super::conclude::Conclusion;
use super::index::IndexWriter;
use super::lease::Tenant;
use super::report::{Expected, Reporter};

/// Such a run.
#[derive(Debug)]
pub(super) struct Sweep {
    pub context: Context,
    pub run: RunId,
    pub kind: RunKind,
    pub of: Option<RunId>,
    pub scope: Scope,
    pub reporter: Arc<Reporter>,
    writer: IndexWriter,
}

impl Sweep {
    /// Notes the run in the index and tells its observer.
    pub(super) async fn begin(
        context: &Context,
        run: &RunId,
        kind: RunKind,
        of: Option<RunId>,
        scope: Scope,
        shares: &[Share],
    ) -> Result<Sweep> {
        let ids: Vec<TargetId> = shares.iter().map(|share| share.id.clone()).collect();
        let writer = IndexWriter::open(context, run, kind, of.as_ref(), &ids).await?;
        let expected = shares.iter().map(|share| Expected {
            id: share.id.clone(),
            files_planned: share.closed().map_or(0, |intent| match kind {
                // A cleanup leaves what is live as it is.
                RunKind::Cleanup => intent.account.files_after,
                _ => intent.account.files_before,
            }),
            files_before: share.closed().map_or(0, |intent| intent.account.files_after),
            bytes: Size(0),
        });
        let reporter = Arc::new(Reporter::begin(context, run, kind, of.clone(), expected.collect()));
        let sweep = Sweep { context: context.clone(), run: run.clone(), kind, of, scope, reporter, writer };
        sweep.writer.plan(&sweep.plan(shares)).await?;
        sweep.writer.tell(&sweep.reporter, RunState::Running, false).await;
        Ok(sweep)
    }

    fn plan(&self, shares: &[Share]) -> RunPlan {
        let target = |share: &Share| RunTarget { id: share.id.clone(), location: share.location.clone() };
        RunPlan {
            run: self.run.clone(),
            kind: self.kind,
            of: self.of.clone(),
            scope: self.scope.clone(),
            targets: shares.iter().map(target).collect(),
            plan: None,
        }
    }

    /// What this run deletes goes to the trash: the index says so, for whoever asks what space is free.
    pub(super) async fn note_trash(&self) {
        self.writer.note_trash().await;
    }

    /// For whom a share is taken.
    pub(super) fn tenant(&self, share: &Share) -> Tenant {
        Tenant { run: self.run.clone(), kind: self.kind, id: share.id.clone(), location: share.location.clone() }
    }

    /// Works on every share, then ends the run.
    pub(super) async fn each<'a>(
        &'a self,
        shares: &'a [Share],
        work: impl Fn(usize, &'a Share) -> BoxFuture<'a, TargetOutcome> + Send + Sync + 'a,
    ) -> Vec<TargetOutcome> {
        let one = |index: usize| {
            let (share, work) = (&shares[index], &work);
            async move {
                let outcome = match self.gate(index).await {
                    Ok(()) => work(index, share).await,
                    Err(error) => outcome(share, Conclusion::failed(&error)),
                };
                self.reporter.ended(index, outcome)
            }
            .boxed()
        };
        let all = each(shares.len(), self.context.targets_at_a_time, one);
        let outcomes: Vec<TargetOutcome> = self.writer.alongside(&self.reporter, all).await;
        let state = RunState::ended_as(self.kind, &outcomes);
        self.writer.tell(&self.reporter, state, true).await;
        self.reporter.state(state);
        outcomes
    }

    /// Between targets: holds while paused, ends when cancelled.
    async fn gate(&self, index: usize) -> Result<()> {
        let control = &self.context.control;
        if control.is_paused() && !control.is_cancelled() {
            self.reporter.state(RunState::Paused);
            control.hold().await;
            self.reporter.state(RunState::Running);
        }
        if control.is_cancelled() {
            return Err(Error::new(Code::Interrupted, "cancelled before it was begun"));
        }
        if self.kind.ends_in_part() {
            control.may_begin(self.context.clock.now())?;
        }
        self.reporter.step(index, Step::Check);
        Ok(())
    }
}

/// A share's outcome; nothing is said of figures that the act did not change.
pub(super) fn outcome(share: &Share, conclusion: Conclusion) -> TargetOutcome {
    let mut outcome = TargetOutcome::pending(share.id.clone());
    if let Some(intent) = share.closed() {
        outcome.files_before = intent.account.files_after;
        outcome.files_after = intent.account.files_after;
        outcome.bytes_before = intent.account.bytes_after;
        outcome.bytes_after = intent.account.bytes_after;
    }
    super::compact::ended(outcome, conclusion)
}
