//! Every changing call of every act × {the process dies · the call is executed and its answer is lost · it is executed
//! after the recovery · it is refused by a quota} (PROTOCOL §9.1, §9.8). Afterwards the rows are those of before, nothing needs a person, nothing lies
//! where it does not belong, and the target can be compacted and rolled back as ever.

use std::collections::BTreeSet;

use lakehand::error::Code;
use lakehand::ledger::names::{EpochName, Parked};
use lakehand::model::{RunId, TargetOutcome, TargetState};
use lakehand::run::{self, Act};

use crate::acts::rows_anywhere;
use crate::fault::{Fault, Holds};
use crate::world::{PART, Process, World, beside_each_other, cleanup, compact, names, recover, rollback};

const FILES: usize = 3;

/// An act, and what has to be done before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    Compact,
    Rollback,
    Undo,
    Cleanup,
    /// A recovery of a compaction that died at this call.
    Recover(u64),
}

pub async fn prepared(world: &World, case: Case) -> Act {
    let process = world.process();
    let act = match case {
        Case::Compact => compact(world.plan(&[PART])),
        Case::Rollback => rollback(&done(&process, compact(world.plan(&[PART]))).await),
        Case::Undo => {
            let first = done(&process, compact(world.plan(&[PART]))).await;
            rollback(&done(&process, rollback(&first)).await)
        }
        Case::Cleanup => cleanup(&done(&process, compact(world.plan(&[PART]))).await),
        Case::Recover(at) => {
            process.store.fail_at(at, Fault::Dies);
            let _ = process.run(compact(world.plan(&[PART]))).await;
            recover()
        }
    };
    process.end().await;
    act
}

async fn done(process: &Process, act: Act) -> RunId {
    let (run, outcomes) = process.run(act).await.unwrap();
    assert!(outcomes[0].state.is_success(), "{outcomes:?}");
    run
}

/// The number of changing calls that an undisturbed act makes.
pub async fn calls(case: Case) -> u64 {
    calls_on(case, Holds::Locks).await
}

async fn calls_on(case: Case, holds: Holds) -> u64 {
    let world = World::with_files_on(FILES, world_of(holds));
    let act = prepared(&world, case).await;
    let process = world.process();
    let (_, outcomes) = process.run(act).await.unwrap();
    assert!(outcomes.iter().all(|outcome| outcome.state.is_final()), "{outcomes:?}");
    process.store.calls()
}

/// Where places lie is the world's, how they are held each process's.
fn world_of(holds: Holds) -> Holds {
    if holds == Holds::InTarget { holds } else { Holds::Locks }
}

async fn survives(case: Case, fault: Fault, holds: Holds, at: u64) {
    let told = format!("{case:?}, {fault:?} at call {at}, {holds:?}");
    let world = World::with_files_on(FILES, world_of(holds));
    let before = world.read(PART).unwrap();
    let act = prepared(&world, case).await;
    let process = world.process_with(holds);
    process.store.fail_at(at, fault);
    let ended = process.run(act.clone()).await;
    if fault == Fault::Dies {
        assert!(ended.is_err() || process.store.is_dead() || process.store.calls() < at, "{told}");
        assert_ne!(world.read(PART).unwrap_or_else(|| before.clone()), Vec::<u64>::new(), "{told}");
    }
    // A reader is never told less or more without an error, dead worker or not.
    assert!(world.read(PART).is_none_or(|rows| rows == before), "{told}: {:?}", world.visible(PART));
    process.end().await;

    let healer = world.process_with(holds);
    let (_, outcomes) = healer.run(recover()).await.unwrap_or_else(|error| panic!("{told}: {error}"));
    let stuck = outcomes.iter().find(|outcome| outcome.state == TargetState::NeedsDecision);
    // A call that is stuck on a local disk keeps its locks: there the recovery waits for it.
    let waits = fault == Fault::Delays && holds == Holds::Locks;
    assert!(stuck.is_none() || waits, "{told}: {stuck:?} {:?}", listed(&world));
    process.store.release().await;
    process.store.settled().await;
    assert!(world.read(PART).is_none_or(|rows| rows == before), "{told}: {:?}", world.visible(PART));
    // What was executed late may have made an empty epoch anew: nothing is in it, and the next recovery takes it away.
    if fault == Fault::Delays {
        let (_, outcomes) = healer.run(recover()).await.unwrap_or_else(|error| panic!("{told}: {error}"));
        assert!(outcomes.iter().all(|outcome| outcome.state != TargetState::NeedsDecision), "{told}: {outcomes:?}");
    }
    assert_eq!(world.read(PART).as_ref(), Some(&before), "{told}: {:?}", world.visible(PART));
    assert_eq!(rows_anywhere(&world), before, "{told}");
    tidy(&world, &told, waits);
    if fault == Fault::LosesAnswer {
        let index = names(&world.path(".lakehand/.runs"));
        assert!(index.iter().all(|name| !name.starts_with(".scratch")), "{told}: {index:?}");
    }
    if matches!(case, Case::Rollback | Case::Undo) {
        again(&healer, act, &told).await;
        assert_eq!(world.read(PART).as_ref(), Some(&before), "{told}: {:?}", world.visible(PART));
    }
    usable(&world, &healer, &before, &told).await;
}

/// What was turned back can be done by the same act again, unless it was done after all.
async fn again(process: &Process, act: Act, told: &str) {
    match process.run(act).await {
        Ok((_, outcomes)) => {
            let refused = |outcome: &TargetOutcome| outcome.state == TargetState::Refused;
            let ended = |outcome: &TargetOutcome| outcome.state.is_success() || refused(outcome);
            assert!(outcomes.iter().all(ended), "{told}, again: {outcomes:?}");
        }
        Err(error) => assert_eq!(error.code(), Code::NotRollbackable, "{told}, again: {error}"),
    }
}

pub fn listed(world: &World) -> Vec<String> {
    let place = world.place(PART);
    world.epochs(PART).into_iter().map(|epoch| format!("{epoch}: {:?}", names(&place.join(&epoch)))).collect()
}

/// Nothing but backups at rest lies in the place, and nothing in them that has no meaning.
///
/// Unless a call was stuck on a local disk: then a record that it had begun may come into being after all, unfinished
/// and without meaning, until the next act there takes it away.
pub fn tidy(world: &World, told: &str, was_stuck: bool) {
    for epoch in world.epochs(PART) {
        let parsed = EpochName::parse(&epoch).unwrap_or_else(|| panic!("{told}: {epoch}"));
        assert!(parsed.is_rest(), "{told}: {epoch}");
        let directory = world.place(PART).join(&epoch);
        for name in names(&directory) {
            let parked = Parked::parse(&name);
            let meant = matches!(parked, Some(Parked::Done(_) | Parked::Trip(_) | Parked::Kept(_)));
            let late = was_stuck && matches!(parked, Some(Parked::Scratch(_)));
            assert!(meant || late, "{told}: {epoch} holds {name}");
        }
    }
}

/// The lake works as ever.
pub async fn usable(world: &World, process: &Process, before: &[u64], told: &str) {
    let (run, outcomes) = process.run(compact(world.plan(&[PART]))).await.unwrap_or_else(|e| panic!("{told}: {e}"));
    assert_eq!(outcomes[0].state, TargetState::Replaced, "{told}: {outcomes:?}");
    let (_, outcomes) = process.run(rollback(&run)).await.unwrap_or_else(|error| panic!("{told}: {error}"));
    assert_eq!(outcomes[0].state, TargetState::RolledBack, "{told}: {outcomes:?}");
    assert_eq!(world.read(PART).as_deref(), Some(before), "{told}");
}

async fn every_call(case: Case, fault: Fault, holds: Holds) {
    let calls = calls_on(case, holds).await;
    assert!(calls > 10, "{case:?} makes {calls} calls");
    let mut cases = tokio::task::JoinSet::new();
    for at in 1..=calls + 1 {
        let case = survives(case, fault, holds, at);
        cases.spawn(async move {
            let ended = tokio::time::timeout(std::time::Duration::from_secs(300), case).await;
            ended.unwrap_or_else(|_| panic!("{fault:?} at call {at}, {holds:?}: does not end"));
        });
    }
    while let Some(result) = cases.join_next().await {
        if let Err(error) = result {
            std::panic::resume_unwind(error.into_panic());
        }
    }
}

macro_rules! crash_tests {
    ($($name:ident: $case:expr;)*) => {
        $(mod $name {
            use super::*;

            #[test]
            fn dies() {
                beside_each_other(async {
                    every_call($case, Fault::Dies, Holds::Locks).await;
                });
            }

            #[test]
            fn is_refused() {
                beside_each_other(async {
                    every_call($case, Fault::Refused, Holds::Locks).await;
                });
            }

            #[test]
            fn loses_the_answer() {
                beside_each_other(async {
                    every_call($case, Fault::LosesAnswer, Holds::Locks).await;
                });
            }

            #[test]
            fn is_delayed_past_the_recovery() {
                beside_each_other(async {
                    every_call($case, Fault::Delays, Holds::Locks).await;
                });
            }

            #[test]
            fn is_delayed_past_the_recovery_on_a_store_without_locks() {
                beside_each_other(async {
                    every_call($case, Fault::Delays, Holds::Paths).await;
                });
            }

            #[test]
            fn survives_every_fault_where_places_lie_in_their_targets() {
                beside_each_other(async {
                    for fault in Fault::ALL {
                        every_call($case, fault, Holds::InTarget).await;
                    }
                });
            }
        })*
    };
}

crash_tests! {
    compacting: Case::Compact;
    rolling_back: Case::Rollback;
    undoing: Case::Undo;
    cleaning: Case::Cleanup;
}

/// The recovery of a compaction that died in the middle of its exchange, both ways.
#[test]
fn recovering_survives_every_fault() {
    beside_each_other(async {
        let whole = calls(Case::Compact).await;
        let mut seen = BTreeSet::new();
        for died_at in (1..whole).rev() {
            let world = World::with_files(FILES);
            prepared(&world, Case::Recover(died_at)).await;
            // One death for each state that a recovery can find.
            let state =
                (world.epochs(PART).len(), world.visible(PART).len(), world.read(PART).is_none(), world.kept().len());
            if !seen.insert(state) {
                continue;
            }
            every_call(Case::Recover(died_at), Fault::Dies, Holds::Locks).await;
            every_call(Case::Recover(died_at), Fault::LosesAnswer, Holds::Locks).await;
            every_call(Case::Recover(died_at), Fault::Delays, Holds::Paths).await;
        }
        assert!(seen.len() > 6, "{seen:?}");
    });
}

/// The guard finishes what a dead worker left, without any command.
#[tokio::test]
async fn the_guard_leaves_nothing_open() {
    let whole = calls(Case::Compact).await;
    for at in 1..=whole {
        let world = World::with_files(FILES);
        let before = world.read(PART).unwrap();
        let process = world.process();
        let Ok(run) = run::reserve_id(&process.context).await else { panic!("no id") };
        process.store.fail_at(at, Fault::Dies);
        let _ = run::execute(&process.context, run.clone(), compact(world.plan(&[PART]))).await;
        process.end().await;
        let guard = world.process();
        let outcomes = run::guard_recover(&guard.context, &run).await.unwrap();
        assert!(outcomes.iter().all(|outcome| outcome.state != TargetState::NeedsDecision), "{at}: {outcomes:?}");
        assert_eq!(world.read(PART), Some(before), "{at}");
        tidy(&world, &format!("{at}"), false);
        let runs = lakehand::ledger::list_runs(&world.ledger(), world.clock_now()).await.unwrap();
        assert!(runs.iter().all(|run| run.finished.is_some()), "{at}: {runs:?}");
    }
}
