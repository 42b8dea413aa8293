//! Correcting the run index after a recovery: what dead runs could not write themselves. Advisory, like all of it.

use crate::error::{Code, Reason, Result};
use crate::ledger::Life;
use crate::ledger::index::{self, RunRecord, RunTarget};
use crate::ledger::place::{place_of, read_shares};
use crate::ledger::share::Share;
use crate::model::{RunId, RunState, StorePath, TargetOutcome, TargetState};

use super::Context;
use super::conclude::{Conclusion, left_tripwire, superseded, visible_now};
use super::settle;

/// Corrects the records of every run whose worker is dead; of `of` also when that cannot be told from here.
pub(super) async fn all(
    context: &Context,
    of: Option<&RunId>,
    shares: &[Share],
    outcomes: &[TargetOutcome],
) -> Result<()> {
    let store = context.store.as_ref();
    let runs = index::entries(store, &context.index).await?;
    for (run, record) in index::all_states(store, &context.index, &runs).await {
        let open = record.finished.is_none() || record.state == RunState::NeedsDecision;
        let dead = match context.processes.life(&record.actor) {
            Life::Dead => true,
            Life::Unknown => of == Some(&run),
            Life::Alive => record.finished.is_some(),
        };
        if open && dead {
            mend(context, record, shares, outcomes).await?;
        }
    }
    Ok(())
}

async fn mend(context: &Context, mut record: RunRecord, shares: &[Share], outcomes: &[TargetOutcome]) -> Result<()> {
    let plan = match index::read_plan(context.store.as_ref(), &context.index, &record.run).await {
        Ok(plan) => plan,
        // It ended before it had begun anything.
        Err(error) if error.code() == Code::NotFound => {
            record.finished = Some(context.clock.now());
            record.state = RunState::Cancelled;
            return super::index::correct(context, record).await;
        }
        Err(error) => return Err(error),
    };
    let mut all = Vec::with_capacity(plan.targets.len());
    for (number, target) in plan.targets.iter().enumerate() {
        let known =
            record.outcomes.iter().find(|(index, _)| *index == number as u64).map(|(_, outcome)| outcome.clone());
        all.push(outcome_now(context, &record.run, target, known, shares, outcomes).await?);
    }
    record.state = RunState::ended_as(record.kind, &all);
    record.outcomes = all.into_iter().enumerate().map(|(index, outcome)| (index as u64, outcome)).collect();
    record.finished = Some(record.finished.unwrap_or_else(|| context.clock.now()));
    super::index::correct(context, record).await
}

async fn outcome_now(
    context: &Context,
    run: &RunId,
    target: &RunTarget,
    known: Option<TargetOutcome>,
    shares: &[Share],
    outcomes: &[TargetOutcome],
) -> Result<TargetOutcome> {
    let settled = |state: TargetState| state.is_final() && state != TargetState::NeedsDecision;
    if let Some(known) = known.as_ref().filter(|known| settled(known.state)) {
        return Ok(known.clone());
    }
    let base = known.clone().unwrap_or_else(|| TargetOutcome::pending(target.id.clone()));
    let recovered = shares.iter().zip(outcomes).find(|(share, _)| share.location == target.location);
    if let Some((share, outcome)) = recovered {
        return Ok(of_recovered(run, share, outcome, base));
    }
    if let Some(conclusion) = at_rest(context, run, &target.location).await? {
        return Ok(super::compact::ended(base, conclusion));
    }
    let exchanging = base.state == TargetState::Exchanging;
    Ok(super::compact::ended(base, share_gone(context, run, &target.location, exchanging).await?))
}

/// What a recovery made of a target concerns the run whose exchange it was; another that had only begun was undone.
fn of_recovered(run: &RunId, share: &Share, outcome: &TargetOutcome, base: TargetOutcome) -> TargetOutcome {
    let exchanged = match &share.last {
        Some(Ok((_, intent))) => intent.run == *run,
        Some(Err(_)) => true,
        None => share.epoch.run == *run,
    };
    if exchanged || !outcome.state.is_final() || outcome.state == TargetState::NeedsDecision {
        let figures = TargetOutcome { elapsed_ms: base.elapsed_ms, ..outcome.clone() };
        return figures;
    }
    super::compact::ended(base, undone())
}

/// A backup of this run lies there: the look tells.
async fn at_rest(context: &Context, run: &RunId, location: &StorePath) -> Result<Option<Conclusion>> {
    let place = place_of(context.store.as_ref(), &context.root, location)?;
    let shares = read_shares(context.store.as_ref(), &place).await?;
    for epoch in shares.resting() {
        if let Ok(holding) = settle::look(context, &place, epoch, location).await
            && holding.intent.run == *run
        {
            return Ok(Some(Conclusion::of(holding.state(), None)));
        }
    }
    Ok(None)
}

/// Nothing of the run is there. If it was in its exchange, somebody took our share along (row 0).
async fn share_gone(context: &Context, run: &RunId, location: &StorePath, exchanging: bool) -> Result<Conclusion> {
    let entries = visible_now(context.store.as_ref(), location).await?;
    if let Some(decision) = left_tripwire(run, &entries) {
        return Ok(decision);
    }
    if exchanging {
        return Ok(superseded());
    }
    Ok(undone())
}

fn undone() -> Conclusion {
    let text = "the run ended before this target's exchange; nothing of it is left";
    Conclusion::of(TargetState::Cancelled, Some(Reason::new(Code::Interrupted, text)))
}
