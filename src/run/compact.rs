//! Executing a plan: its targets independently of each other, some at a time, each through the nine steps.

use std::sync::Arc;

use futures::FutureExt;

use crate::error::{Code, Error, Reason, Result};
use crate::ledger::frame::Frame;
use crate::ledger::index::{RunPlan, RunTarget};
use crate::ledger::intent::{Account, ExchangeKind, Moving};
use crate::ledger::parallel::each;
use crate::model::{
    LogLevel, Plan, PlannedTarget, RunId, RunKind, RunState, Scope, Size, Step, TargetId, TargetOutcome, TargetState,
};

use super::Context;
use super::check;
use super::conclude::Conclusion;
use super::exchange::Exchange;
use super::index::IndexWriter;
use super::lease::{Lease, Tenant};
use super::outputs;
use super::report::{Expected, Reporter};
use super::rewrite::Work;
use super::room;
use super::settle::settle;

/// Listings before the first write.
const DRIFT_CHECKS_AT_A_TIME: usize = 8;

/// What a person agreed to beforehand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Consent {
    pub skip_drifted: bool,
    pub accept_window: bool,
}

#[derive(Debug)]
struct Compaction {
    context: Context,
    run: RunId,
    plan: Plan,
    reporter: Arc<Reporter>,
}

/// Executes a plan.
pub(super) async fn execute(
    context: &Context,
    run: &RunId,
    plan: Plan,
    consent: Consent,
) -> Result<Vec<TargetOutcome>> {
    let ids: Vec<TargetId> = plan.targets.iter().map(|target| target.id.clone()).collect();
    let writer = IndexWriter::open(context, run, RunKind::Compact, None, &ids).await?;
    let reporter = Arc::new(Reporter::begin(context, run, RunKind::Compact, None, expected(&plan)));
    let compaction = Compaction { context: context.clone(), run: run.clone(), plan, reporter };
    let result = writer.alongside(&compaction.reporter, compaction.work(&writer, consent)).await;
    let state = match &result {
        Ok(outcomes) => RunState::ended(outcomes),
        Err(error) if error.exit() == crate::error::Exit::Refused => RunState::Refused,
        Err(_) => RunState::Failed,
    };
    writer.tell(&compaction.reporter, state, true).await;
    compaction.reporter.state(state);
    result
}

fn expected(plan: &Plan) -> Vec<Expected> {
    let one = |target: &PlannedTarget| Expected {
        id: target.id.clone(),
        files_planned: target.files_after,
        files_before: target.files_before,
        bytes: target.bytes,
    };
    plan.targets.iter().map(one).collect()
}

impl Compaction {
    async fn work(&self, writer: &IndexWriter, consent: Consent) -> Result<Vec<TargetOutcome>> {
        self.allowed(consent)?;
        let drifted = self.drifted().await?;
        if let Some((target, error)) = drifted.iter().find_map(|(target, error)| error.as_ref().map(|e| (target, e)))
            && !consent.skip_drifted
        {
            return Err(self.drift_error(&drifted, &target.id, error));
        }
        writer.plan(&self.run_plan()).await?;
        writer.tell(&self.reporter, RunState::Running, false).await;
        let one = |index: usize| self.one(index, drifted[index].0, drifted[index].1.as_ref()).boxed();
        let outcomes = each(drifted.len(), self.context.targets_at_a_time, one).await;
        Ok(self.settle_all(outcomes).await)
    }

    /// One target, from its first step to its last but one.
    async fn one(&self, index: usize, target: &PlannedTarget, drift: Option<&Error>) -> TargetOutcome {
        let outcome = match drift {
            Some(error) => ended(before(target), Conclusion::failed(error)),
            None => self.target(index, target).await,
        };
        self.reporter.ended(index, outcome)
    }

    /// What concerns the plan as a whole.
    fn allowed(&self, consent: Consent) -> Result<()> {
        let here = self.context.store.uri(&self.context.root);
        if self.plan.lake != here {
            return Err(Error::new(Code::PlanOtherLake, format!("plan {} is for another lake", self.plan.plan))
                .why(format!("it is for {}, this is {here}", self.plan.lake))
                .lake("nothing was changed"));
        }
        let limit = self.plan.policy.window_limit;
        let too_long = |target: &&PlannedTarget| u128::from(target.window_ms_estimate) > limit.as_millis();
        match self.plan.targets.iter().find(too_long) {
            Some(target) if !consent.accept_window => {
                Err(Error::new(Code::WindowLimit, format!("the exchange of {} would take too long", target.id))
                    .why(format!(
                        "queries on it fail for about {} ms, the limit is {} ms",
                        target.window_ms_estimate,
                        limit.as_millis()
                    ))
                    .lake("nothing was changed")
                    .next("agree to it, or give a larger --window-limit"))
            }
            _ => Ok(()),
        }
    }

    /// Every target with what it drifted by: judged for all before the first write.
    async fn drifted(&self) -> Result<Vec<(&PlannedTarget, Option<Error>)>> {
        let targets = &self.plan.targets;
        let check = |at: usize| check::drifted(&self.context, &targets[at]).boxed();
        let checks = each(targets.len(), DRIFT_CHECKS_AT_A_TIME, check).await;
        let judged = checks.into_iter().zip(targets).map(|(check, target)| match check {
            Ok(()) => Ok((target, None)),
            Err(error) if error.code() == Code::Changed => Ok((target, Some(error))),
            // What is no drift is judged by the target's own steps, for it alone.
            Err(error) if error.exit() == crate::error::Exit::Refused => Ok((target, None)),
            Err(error) => Err(error),
        });
        judged.collect()
    }

    fn drift_error(&self, all: &[(&PlannedTarget, Option<Error>)], id: &TargetId, first: &Error) -> Error {
        let count = all.iter().filter(|(_, error)| error.is_some()).count();
        let rest = all.len() - count;
        Error::new(Code::PlanDrift, format!("the lake changed since plan {} was made", self.plan.plan.suffix()))
            .why(format!("{id}: {first}"))
            .why(format!("{count} of {} targets changed, {rest} match", all.len()))
            .lake("nothing was changed")
            .next(format!("--on-drift skip    runs the {rest} that match; or plan again"))
    }

    fn run_plan(&self) -> RunPlan {
        let target = |target: &PlannedTarget| RunTarget { id: target.id.clone(), location: target.location.clone() };
        RunPlan {
            run: self.run.clone(),
            kind: RunKind::Compact,
            of: None,
            scope: Scope::default(),
            targets: self.plan.targets.iter().map(target).collect(),
            plan: Some(self.plan.clone()),
        }
    }

    /// Between steps: holds while paused, ends when cancelled. After the time that was set none is begun.
    async fn gate(&self, index: usize, step: Step) -> Result<()> {
        let control = &self.context.control;
        if control.is_paused() && !control.is_cancelled() {
            self.reporter.state(RunState::Paused);
            control.hold().await;
            if !control.is_cancelled() {
                self.reporter.state(RunState::Running);
            }
        }
        if control.is_cancelled() {
            return Err(Error::new(Code::Interrupted, "cancelled before its exchange"));
        }
        if step == Step::Check {
            control.may_begin(self.context.clock.now())?;
        }
        self.reporter.step(index, step);
        Ok(())
    }

    async fn target(&self, index: usize, target: &PlannedTarget) -> TargetOutcome {
        let outcome = before(target);
        let lease = match self.begin(index, target).await {
            Ok(lease) => lease,
            Err(error) => return ended(outcome, Conclusion::failed(&error)),
        };
        self.nine_steps(index, target, lease, outcome).await
    }

    /// Steps 1 and 2.
    async fn begin(&self, index: usize, target: &PlannedTarget) -> Result<Lease> {
        self.gate(index, Step::Check).await?;
        check::check(&self.context, target, &self.plan.policy).await?;
        self.gate(index, Step::Lease).await?;
        let tenant = Tenant {
            run: self.run.clone(),
            kind: RunKind::Compact,
            id: target.id.clone(),
            location: target.location.clone(),
        };
        Lease::begin(&self.context, tenant).await
    }

    /// Steps 3 to 8.
    async fn nine_steps(
        &self,
        index: usize,
        target: &PlannedTarget,
        mut lease: Lease,
        mut outcome: TargetOutcome,
    ) -> TargetOutcome {
        let exchange = match self.prepare(index, target, &mut lease).await {
            Ok(exchange) => exchange,
            Err(error) => return ended(outcome, lease.give_up(error).await),
        };
        let account = exchange.account.clone();
        let exchanged = match lease.exchange(exchange).await {
            Ok(exchanged) => exchanged,
            Err(error) => return ended(outcome, lease.give_up(error).await),
        };
        self.reporter.step(index, Step::Metastore);
        note(&self.context, &target.id, &exchanged.driven, &account, &self.reporter).await;
        let conclusion = lease.conclude(exchanged).await;
        if conclusion.state == TargetState::Replaced {
            outcome.files_after = account.files_after;
            outcome.bytes_after = account.bytes_after;
            outcome.rows = account.rows;
            outcome.verified = account.verified;
        }
        ended(outcome, conclusion)
    }

    /// Steps 3 to 6.
    async fn prepare(&self, index: usize, target: &PlannedTarget, lease: &mut Lease) -> Result<Exchange> {
        self.gate(index, Step::List).await?;
        let live = check::still_as_planned(lease, target).await?;
        let known = outputs::source_facts(lease, target, &live, &|share| self.reporter.share(index, share)).await?;
        self.gate(index, Step::Room).await?;
        if let Some(attributes) = known.values().next() {
            room::room(lease, target, attributes).await?;
        }
        self.gate(index, Step::Write).await?;
        let frame = Frame::of(target.leaving().map(|file| file.name.as_str()));
        let outputs = outputs::outputs(lease, target, &frame);
        let work = Work {
            pool: Arc::clone(&self.context.pool),
            progress: Arc::new(self.reporter.progress(index, target.bytes, true)),
            cancel: self.context.control.token().clone(),
        };
        let written = outputs::write_all(lease, &outputs, &self.plan.policy, &known, &work).await?;
        self.gate(index, Step::Verify).await?;
        let verify = self.plan.policy.verify;
        let arriving = outputs::verify_all(lease, target, written, verify, &self.reporter, index).await?;
        self.gate(index, Step::Exchange).await?;
        let account = account(target, &arriving, verify.as_str());
        let out = target.leaving().map(Moving::of).collect();
        Ok(Exchange { kind: ExchangeKind::Compact, frame, identity: target.identity.clone(), out, arriving, account })
    }

    /// Step 9, for every target that is done.
    async fn settle_all(&self, outcomes: Vec<TargetOutcome>) -> Vec<TargetOutcome> {
        let settle = |at: usize| self.settle_one(at, outcomes[at].clone()).boxed();
        each(outcomes.len(), self.context.targets_at_a_time, settle).await
    }

    async fn settle_one(&self, index: usize, outcome: TargetOutcome) -> TargetOutcome {
        if outcome.state != TargetState::Replaced {
            return outcome;
        }
        let target = &self.plan.targets[index];
        match settle(&self.context, &self.run, &target.id, &target.location).await {
            Ok(None) => outcome,
            Ok(Some(conclusion)) => self.reporter.ended(index, ended(outcome, conclusion)),
            Err(error) => {
                self.reporter.log(LogLevel::Warn, format!("{}: the last look failed: {error}", target.id));
                outcome
            }
        }
    }
}

/// Step 8: the catalog is told, where it keeps such figures. Nothing of the exchange depends on it.
pub(super) async fn note(
    context: &Context,
    id: &TargetId,
    driven: &super::drive::Driven,
    account: &Account,
    reporter: &Reporter,
) {
    let super::drive::Driven::Ended(ending) = driven else { return };
    if !ending.state.is_success() {
        return;
    }
    if let Err(error) = context.catalog.note_exchange(id, account.files_after, account.bytes_after.0).await {
        reporter.log(LogLevel::Warn, format!("{id}: the catalog could not be told: {error}"));
    }
}

fn before(target: &PlannedTarget) -> TargetOutcome {
    TargetOutcome {
        files_before: target.files_before,
        files_after: target.files_before,
        bytes_before: target.before.bytes(),
        bytes_after: target.before.bytes(),
        ..TargetOutcome::pending(target.id.clone())
    }
}

fn account(target: &PlannedTarget, arriving: &[Moving], verified: &str) -> Account {
    let sources = target.groups.iter().map(|group| group.files().count() as u64).sum::<u64>();
    let arrived: Size = arriving.iter().map(|file| file.length).sum();
    Account {
        files_before: target.files_before,
        files_after: target.files_before.saturating_sub(sources) + arriving.len() as u64,
        bytes_before: target.before.bytes(),
        bytes_after: target.before.bytes() - target.bytes + arrived,
        rows: target.rows,
        verified: verified.to_owned(),
    }
}

pub(super) fn ended(outcome: TargetOutcome, conclusion: Conclusion) -> TargetOutcome {
    let reason = conclusion
        .reason
        .or_else(|| (!conclusion.state.is_success()).then(|| Reason::new(Code::Permanent, "no reason is known")));
    TargetOutcome { state: conclusion.state, reason, ..outcome }
}
