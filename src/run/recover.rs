//! Recover: takes over what dead runs left and drives it to its end. It starts nothing new. The guard does the same for
//! the run whose worker it watched.

use std::time::Duration;

use futures::FutureExt;

use crate::error::{Code, Error, Result};
use crate::ledger::share::{self, Share};
use crate::ledger::verdict;
use crate::model::{Decision, LogLevel, RunId, RunKind, Scope, Step, TargetOutcome, TargetState};

use super::Context;
use super::cleanup::finish_all;
use super::conclude::{Conclusion, decision_reason};
use super::drive::Driven;
use super::exchange::Exchanged;
use super::lease::{Lease, Tenant};
use super::mend;
use super::settle::take_back;
use super::sweep::{Sweep, outcome};

/// The guard waits so long for the locks of a process that was just reaped.
const GUARD_TRIES_FOR: Duration = Duration::from_secs(30);
const GUARD_TRIES_EVERY: Duration = Duration::from_millis(200);

/// Recovers what is unfinished, of one run or of all.
pub(super) async fn execute(
    context: &Context,
    run: &RunId,
    of: Option<RunId>,
    scope: Scope,
    decide: Option<Decision>,
) -> Result<Vec<TargetOutcome>> {
    let ledger = context.ledger();
    let shares = verdict::unfinished(&ledger, of.as_ref(), &scope).await?;
    let sweep = Sweep::begin(context, run, RunKind::Recover, of.clone(), scope, &shares).await?;
    for found in share::places_of(&ledger, None).await?.iter().filter(|found| !found.shares.gone.is_empty()) {
        if let Err(error) = finish_all(context, &found.place).await {
            sweep.reporter.log(LogLevel::Warn, format!("{}: {error}", found.place));
        }
    }
    let outcomes = sweep.each(&shares, |index, share| target(&sweep, index, share, decide).boxed()).await;
    if let Err(error) = mend::all(context, of.as_ref(), &shares, &outcomes).await {
        sweep.reporter.log(LogLevel::Warn, format!("the run index could not be corrected: {error}"));
    }
    Ok(outcomes)
}

async fn target(sweep: &Sweep, index: usize, share: &Share, decide: Option<Decision>) -> TargetOutcome {
    if let Some(Err(error)) = &share.last
        && error.is_retryable()
    {
        // Its records say what is to be done, and their servers are away: nothing is taken over for nothing.
        return outcome(share, Conclusion::failed(error));
    }
    sweep.reporter.step(index, Step::Lease);
    let lease = match Lease::take_over(&sweep.context, tenant(share, &sweep.run), &share.epoch).await {
        Ok(lease) => lease,
        Err(error) => return outcome(share, Conclusion::failed(&error)),
    };
    sweep.reporter.step(index, Step::Exchange);
    settled(share, lease, decide).await
}

/// The tenant of a recovery: the record says who recovers, the state is that of the run that died.
fn tenant(share: &Share, run: &RunId) -> Tenant {
    Tenant { run: run.clone(), kind: RunKind::Recover, id: share.id.clone(), location: share.location.clone() }
}

/// Drives a share that was taken over to its end.
async fn settled(share: &Share, mut lease: Lease, decide: Option<Decision>) -> TargetOutcome {
    let driven = match lease.drive().await {
        Ok(Driven::Decide(_)) if decide.is_some() => match decide {
            Some(decision) => lease.decide(decision).await,
            None => lease.drive().await,
        },
        other => other,
    };
    let driven = match driven {
        Ok(driven) => driven,
        Err(error) => return outcome(share, Conclusion::of(TargetState::NeedsDecision, Some((&error).into()))),
    };
    let grown = matches!(&driven, Driven::Ended(ending) if ending.grown && !ending.empty);
    if let Driven::Decide(why) = driven {
        let reason = decision_reason(share.last_run().suffix(), why);
        return outcome(share, Conclusion::of(TargetState::NeedsDecision, Some(reason)));
    }
    if grown {
        return outcome(share, take_back(lease).await);
    }
    let conclusion = lease.conclude(Exchanged { driven, cause: None }).await;
    outcome(share, conclusion)
}

/// What the guard does once the worker's process is reaped: the automatic rules, for every epoch of the run that is not
/// at rest. `decide` is left to a person.
pub(super) async fn guard(context: &Context, run: &RunId) -> Result<Vec<TargetOutcome>> {
    let ledger = context.ledger();
    let shares = verdict::unfinished(&ledger, Some(run), &Scope::default()).await?;
    let mut outcomes = Vec::with_capacity(shares.len());
    let until = context.clock.monotonic() + GUARD_TRIES_FOR;
    for share in shares.iter().filter(|share| is_of(share, run)) {
        let result = loop {
            match Lease::take_over(context, tenant(share, run), &share.epoch).await {
                Err(error) if error.code() == Code::Stale && context.clock.monotonic() < until => {
                    context.clock.sleep(GUARD_TRIES_EVERY).await;
                }
                other => break other,
            }
        };
        outcomes.push(match result {
            Ok(lease) => settled(share, lease, None).await,
            Err(error) => outcome(share, Conclusion::failed(&error)),
        });
    }
    mend::all(context, Some(run), &shares, &outcomes).await?;
    Ok(outcomes)
}

/// Whether an epoch is this run's to finish: not one that another run has signed since.
fn is_of(share: &Share, run: &RunId) -> bool {
    share.owner.as_ref().is_none_or(|owner| owner.run == *run)
}

/// Refuses what `--stale` may not be combined with.
pub(super) fn stale_takes_no_decision(stale_only: bool, decide: Option<Decision>) -> Result<()> {
    if stale_only && decide.is_some() {
        return Err(Error::new(Code::Usage, "--stale applies the automatic rules only")
            .next("give --decide without --stale, for the run that needs it"));
    }
    Ok(())
}
