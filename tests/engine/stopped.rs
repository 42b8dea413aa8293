//! A worker that is stopped before a call (SIGSTOP, a machine that was swapped out), recovered by another process, and
//! then goes on (PROTOCOL §9.3). Where leases are locks it still has them: recovery refuses, and it ends its work. Where
//! they are names it has lost its epoch: it finds that out and changes nothing more.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use lakehand::error::Code;
use lakehand::model::{TargetOutcome, TargetState};
use tokio::sync::Notify;

use crate::acts::rows_anywhere;
use crate::crash::{Case, calls, listed, prepared, tidy, usable};
use crate::fault::Holds;
use crate::world::{PART, World, beside_each_other, recover};

const FILES: usize = 3;

/// Whether a recovery found the lease in living hands and left everything alone.
fn refused(outcome: &TargetOutcome) -> bool {
    outcome.reason.as_ref().is_some_and(|reason| reason.code == Code::Stale)
}

async fn goes_on(case: Case, holds: Holds, at: u64) -> bool {
    let told = format!("{case:?}, stopped before call {at}, {holds:?}");
    let world = World::with_files(FILES);
    let before = world.read(PART).unwrap();
    let act = prepared(&world, case).await;
    let worker = Arc::new(world.process_with(holds));
    let (stopped, go_on) = (Arc::new(Notify::new()), tokio::sync::watch::Sender::new(false));
    let (tells, waits) = (Arc::clone(&stopped), go_on.clone());
    worker.store.on_call(Arc::new(move |number, _| {
        let (tells, waits) = (Arc::clone(&tells), waits.clone());
        Box::pin(async move {
            if number == at {
                tells.notify_one();
            }
            // Whatever else the process would do is stopped too, its signs of life among it.
            if number >= at {
                waits.subscribe().wait_for(|go_on| *go_on).await.unwrap();
            }
        })
    }));
    if holds != Holds::Locks {
        // Who can be seen on this host is never taken over: it is on another.
        world.living.hide();
    }
    let working = Arc::clone(&worker);
    let work = tokio::spawn(async move { working.run(act).await });
    stopped.notified().await;
    assert!(world.read(PART).is_none_or(|rows| rows == before), "{told}: {:?}", world.visible(PART));

    let healer = world.process_with(holds);
    let (_, outcomes) = healer.run(recover()).await.unwrap_or_else(|error| panic!("{told}: {error}"));
    let taken = outcomes.iter().any(|outcome| !refused(outcome));
    let asked = outcomes.iter().any(|outcome| !refused(outcome) && outcome.state == TargetState::NeedsDecision);
    assert!(!asked, "{told}: {outcomes:?}");
    let left = everything(&world);
    if taken {
        assert_eq!(world.read(PART).as_ref(), Some(&before), "{told}: {:?}", world.visible(PART));
    }
    go_on.send_replace(true);
    let ended = work.await.unwrap();
    worker.end().await;
    if taken {
        assert_eq!(everything(&world), left, "{told}: {ended:?}");
        let done = ended.iter().flat_map(|(_, all)| all).find(|outcome| outcome.state.is_success());
        assert!(done.is_none() || left_by_the_run(&told, &outcomes), "{told}: {done:?}");
    }
    let (_, outcomes) = healer.run(recover()).await.unwrap_or_else(|error| panic!("{told}: {error}"));
    assert!(outcomes.iter().all(|outcome| outcome.state != TargetState::NeedsDecision), "{told}: {outcomes:?}");
    assert_eq!(world.read(PART).as_ref(), Some(&before), "{told}: {:?} {:?}", world.visible(PART), listed(&world));
    assert_eq!(rows_anywhere(&world), before, "{told}");
    tidy(&world, &told, false);
    usable(&world, &healer, &before, &told).await;
    taken
}

/// A worker may say that it is done when the recovery found its exchange ended.
fn left_by_the_run(told: &str, outcomes: &[TargetOutcome]) -> bool {
    let ended = outcomes.iter().any(|outcome| outcome.state.is_success());
    assert!(ended, "{told}: {outcomes:?}");
    ended
}

/// Every file of the lake with its bytes, and every directory; without the index, which is advisory.
fn everything(world: &World) -> BTreeMap<String, Option<Vec<u8>>> {
    let mut found = BTreeMap::new();
    collect(&world.path(""), &mut found);
    found
}

fn collect(directory: &Path, found: &mut BTreeMap<String, Option<Vec<u8>>>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.ends_with(".lakehand/.runs") {
            continue;
        }
        let name = path.to_str().unwrap().to_owned();
        if path.is_dir() {
            found.insert(name, None);
            collect(&path, found);
        } else {
            found.insert(name, Some(fs::read(&path).unwrap()));
        }
    }
}

/// At every call; how often the recovery took the target over.
async fn at_every_call(case: Case, holds: Holds) -> usize {
    let mut cases = tokio::task::JoinSet::new();
    for at in 1..=calls(case).await {
        cases.spawn(goes_on(case, holds, at));
    }
    let mut taken = 0;
    while let Some(result) = cases.join_next().await {
        match result {
            Ok(was_taken) => taken += usize::from(was_taken),
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
    taken
}

macro_rules! stopped_tests {
    ($($name:ident: $case:expr;)*) => {
        $(mod $name {
            use super::*;

            #[test]
            fn keeps_its_locks_and_ends() {
                beside_each_other(async {
                    // Only between the making of an epoch and its locks can it be taken away.
                    assert!(at_every_call($case, Holds::Locks).await < 8);
                });
            }

            #[test]
            fn has_lost_its_epoch_and_changes_nothing() {
                beside_each_other(async {
                    assert!(at_every_call($case, Holds::Paths).await > 3);
                });
            }
        })*
    };
}

stopped_tests! {
    compacting: Case::Compact;
    rolling_back: Case::Rollback;
    undoing: Case::Undo;
    cleaning: Case::Cleanup;
}
