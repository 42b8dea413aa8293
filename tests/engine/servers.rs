//! Servers that keep the bytes of files (DataNodes) and are away, while the one that keeps their names answers: what is
//! written is written once more under another name, for a bounded time; then the run ends with a state and a reason, and
//! once they are back it can be done again. And tickets that end too soon for an exchange.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use lakehand::error::Code;
use lakehand::model::TargetState;
use lakehand::run::seams::Clock as _;

use crate::acts::rows_anywhere;
use crate::crash::{Case, calls, prepared, tidy, usable};
use crate::fault::{Act, Fault, Holds};
use crate::world::{PART, Process, TestTicket, World, beside_each_other, recover};

const FILES: usize = 3;
/// The longest that a run of one target may wait for such servers.
const LONGEST: Duration = Duration::from_secs(60);

/// A call for which the bytes of a file are needed.
fn moves_bytes(act: &Act) -> bool {
    matches!(act, Act::Finish { .. } | Act::Look { what: "open" | "read", .. })
}

#[tokio::test]
async fn what_fails_now_and_then_is_written_again() {
    for case in [Case::Compact, Case::Rollback, Case::Undo] {
        let world = World::with_files_on(FILES, Holds::InTarget);
        let before = world.read(PART).unwrap();
        let act = prepared(&world, case).await;
        let process = world.process();
        let (counted, failed) = (AtomicU64::new(0), Arc::new(AtomicU64::new(0)));
        let failures = Arc::clone(&failed);
        process.store.away_for(move |act| {
            let away = matches!(act, Act::Finish { .. }) && counted.fetch_add(1, Ordering::SeqCst).is_multiple_of(3);
            failures.fetch_add(u64::from(away), Ordering::SeqCst);
            away
        });
        let (_, outcomes) = process.run(act).await.unwrap();
        assert!(outcomes.iter().all(|outcome| outcome.state.is_success()), "{case:?}: {outcomes:?}");
        assert!(failed.load(Ordering::SeqCst) >= 2, "{case:?}");
        assert_eq!(world.read(PART).as_ref(), Some(&before), "{case:?}");
        tidy(&world, &format!("{case:?}"), false);
        usable(&world, &world.process(), &before, &format!("{case:?}")).await;
    }
}

/// They go away at some call and stay away until the run has given up.
async fn away_from(case: Case, at: u64) {
    let told = format!("{case:?}, away from call {at} on");
    let world = World::with_files_on(FILES, Holds::InTarget);
    let before = world.read(PART).unwrap();
    let act = prepared(&world, case).await;
    let process = world.process();
    let away = Arc::new(AtomicBool::new(false));
    let (goes, is_away) = (Arc::clone(&away), Arc::clone(&away));
    process.store.on_call(Arc::new(move |number, _| {
        goes.fetch_or(number == at, Ordering::SeqCst);
        Box::pin(std::future::ready(()))
    }));
    process.store.away_for(move |act| is_away.load(Ordering::SeqCst) && moves_bytes(act));
    let begun = world.clock.monotonic();
    let ended = process.run(act.clone()).await;
    let took = world.clock.monotonic() - begun;
    assert!(took < LONGEST, "{told}: {took:?}");
    match &ended {
        Err(error) => assert_eq!(error.code(), Code::Unavailable, "{told}: {error}"),
        Ok((_, outcomes)) => {
            for outcome in outcomes.iter().filter(|outcome| !outcome.state.is_success()) {
                assert_eq!(outcome.state, TargetState::Failed, "{told}: {outcomes:?}");
                assert_eq!(outcome.reason.as_ref().unwrap().code, Code::Unavailable, "{told}: {outcomes:?}");
            }
        }
    }
    // No reader waits for those servers: what was not begun was not begun, what was begun is done.
    assert_eq!(world.read(PART).as_ref(), Some(&before), "{told}: {:?}", world.visible(PART));
    tidy(&world, &told, false);
    process.end().await;

    let healer = world.process();
    let (_, outcomes) = healer.run(recover()).await.unwrap_or_else(|error| panic!("{told}: {error}"));
    assert!(outcomes.is_empty(), "{told}: {outcomes:?}");
    assert_eq!(rows_anywhere(&world), before, "{told}");
    let done = matches!(&ended, Ok((_, outcomes)) if outcomes.iter().all(|outcome| outcome.state.is_success()));
    if !done {
        let (_, outcomes) = healer.run(act).await.unwrap_or_else(|error| panic!("{told}: {error}"));
        assert!(outcomes.iter().all(|outcome| outcome.state.is_success()), "{told}: {outcomes:?}");
    }
    usable(&world, &healer, &before, &told).await;
}

#[test]
fn a_run_gives_up_in_time_and_can_be_done_again() {
    beside_each_other(async {
        for case in [Case::Compact, Case::Rollback, Case::Undo] {
            for at in 1..=calls(case).await + 1 {
                away_from(case, at).await;
            }
        }
    });
}

#[tokio::test]
async fn what_cannot_be_read_now_is_neither_finished_nor_called_finished() {
    for case in [Case::Compact, Case::Rollback] {
        let mut unfinished = 0;
        for at in 1..=calls(case).await {
            let told = format!("{case:?}, died at call {at}");
            let world = World::with_files_on(FILES, Holds::InTarget);
            let before = world.read(PART).unwrap();
            let act = prepared(&world, case).await;
            let worker = world.process();
            worker.store.fail_at(at, Fault::Dies);
            let _ = worker.run(act).await;
            worker.end().await;
            let begun = world.epochs(PART).iter().any(|epoch| !epoch.ends_with(".rest"));
            let left = (world.epochs(PART), world.visible(PART));
            let healer = world.process();
            healer.store.away_for(moves_bytes);
            match healer.run(recover()).await {
                Err(error) => assert_eq!(error.code(), Code::Unavailable, "{told}: {error}"),
                Ok((_, outcomes)) => {
                    let told = format!("{told}: {outcomes:?}");
                    assert!(!begun || !outcomes.is_empty(), "{told}");
                    assert!(outcomes.iter().all(|outcome| outcome.state == TargetState::Failed), "{told}");
                }
            }
            assert_eq!((world.epochs(PART), world.visible(PART)), left, "{told}");
            unfinished += u64::from(begun);
            healer.store.away_for(|_| false);
            let (_, outcomes) = healer.run(recover()).await.unwrap_or_else(|error| panic!("{told}: {error}"));
            assert_eq!(!outcomes.is_empty(), begun, "{told}: {outcomes:?}");
            assert_eq!(world.read(PART).as_ref(), Some(&before), "{told}");
            tidy(&world, &told, false);
        }
        assert!(unfinished > 5, "{case:?}");
    }
}

fn with_ticket(world: &World, left: u64) -> Process {
    let mut process = world.process();
    process.context.tickets = Arc::new(TestTicket(Some(Duration::from_secs(left))));
    process
}

#[tokio::test]
async fn an_exchange_is_not_begun_with_a_ticket_that_ends_soon() {
    for case in [Case::Compact, Case::Rollback] {
        let world = World::with_files_on(FILES, Holds::InTarget);
        let before = world.read(PART).unwrap();
        let act = prepared(&world, case).await;
        let (epochs, visible) = (world.epochs(PART).len(), world.visible(PART));
        let (_, outcomes) = with_ticket(&world, 599).run(act.clone()).await.unwrap();
        assert_eq!(outcomes[0].state, TargetState::Failed, "{outcomes:?}");
        assert_eq!(outcomes[0].reason.as_ref().unwrap().code, Code::KerberosNoTicket, "{outcomes:?}");
        assert_eq!((world.epochs(PART).len(), world.visible(PART)), (epochs, visible), "{case:?}");
        assert_eq!(world.read(PART).as_ref(), Some(&before));
        let (_, outcomes) = with_ticket(&world, 600).run(act).await.unwrap();
        assert!(outcomes[0].state.is_success(), "{outcomes:?}");
        assert_eq!(world.read(PART), Some(before));
    }
}
