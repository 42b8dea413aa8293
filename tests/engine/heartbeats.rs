//! Leases on a store without locks (PROTOCOL §3): who gives signs of life is left alone, however long he takes; who gives
//! none for 90 s of watching is taken over, and touches nothing more when he wakes up.

use std::time::Duration;

use lakehand::error::Code;
use lakehand::ledger::life::SILENCE;
use lakehand::model::TargetState;
use lakehand::run;

use crate::fault::{Fault, Holds};
use crate::world::{PART, Process, World, compact, names, recover, rollback};

/// A compaction that died in the middle of its exchange, on a host that nobody can look into.
async fn dead_elsewhere(world: &World) -> Process {
    let worker = world.process();
    let calls = {
        let other = World::with_files_on(3, Holds::InTarget);
        let process = other.process();
        process.run(compact(other.plan(&[PART]))).await.unwrap();
        let recorded = process.store.recorded();
        recorded.iter().find(|call| call.act.to_string().ends_with("part-0.txt.kept")).unwrap().number
    };
    worker.store.fail_at(calls + 1, Fault::Dies);
    let _ = worker.run(compact(world.plan(&[PART]))).await;
    assert!(world.read(PART).is_none(), "a tripwire stands");
    world.living.hide();
    worker
}

#[tokio::test]
async fn silence_for_long_enough_is_death() {
    let world = World::with_files_on(3, Holds::InTarget);
    let before = world.read(PART).unwrap();
    let worker = dead_elsewhere(&world).await;
    worker.end().await;
    let healer = world.process();
    let begun = world.clock_now();
    let (_, outcomes) = healer.run(recover()).await.unwrap();
    assert_eq!(outcomes[0].state, TargetState::Cancelled, "{outcomes:?}");
    let watched = (world.clock_now() - begun).to_std().unwrap();
    assert!(watched >= SILENCE, "{watched:?}");
    assert_eq!(world.read(PART), Some(before));
}

#[tokio::test]
async fn a_sign_of_life_keeps_a_lease_whatever_the_clocks_say() {
    let world = World::with_files_on(3, Holds::InTarget);
    let worker = dead_elsewhere(&world).await;
    // It is not dead after all: it touches its epoch, with a clock that is years behind.
    let epoch = world.epoch(PART);
    let (clock, touched) = (world.clock.clone(), epoch.clone());
    let beating = tokio::spawn(async move {
        for beat in 0..1_000u64 {
            let time = std::time::UNIX_EPOCH + Duration::from_secs(beat);
            std::fs::File::open(&touched).unwrap().set_modified(time).unwrap();
            clock.beat().await;
        }
    });
    let healer = world.process();
    let (_, outcomes) = healer.run(recover()).await.unwrap();
    beating.abort();
    let reason = outcomes[0].reason.as_ref().unwrap();
    assert_eq!(reason.code, Code::Stale, "{outcomes:?}");
    assert_eq!(world.epoch(PART), epoch, "nobody took it over");
    worker.end().await;
}

#[tokio::test]
async fn one_that_runs_on_this_host_is_never_taken_over() {
    let world = World::with_files_on(3, Holds::InTarget);
    let worker = dead_elsewhere(&world).await;
    let seen = World::with_files_on(3, Holds::InTarget);
    let alive = seen.process();
    alive.store.fail_at(40, Fault::Dies);
    let _ = alive.run(compact(seen.plan(&[PART]))).await;
    let epochs = seen.epochs(PART);
    let (_, outcomes) = seen.process().run(recover()).await.unwrap();
    for outcome in &outcomes {
        assert_eq!(outcome.reason.as_ref().unwrap().code, Code::Stale, "{outcome:?}");
    }
    assert_eq!(seen.epochs(PART), epochs);
    worker.end().await;
}

#[tokio::test]
async fn the_holder_gives_signs_of_life_while_it_works() {
    let world = World::with_files_on(3, Holds::InTarget);
    let process = world.process();
    let (clock, path) = (world.clock.clone(), world.place(PART));
    let beats = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = beats.clone();
    process.store.on_call(std::sync::Arc::new(move |_, act| {
        let (clock, path, seen) = (clock.clone(), path.clone(), seen.clone());
        Box::pin(async move {
            if act.to_string().starts_with("set the time") {
                seen.lock().unwrap().push(act.to_string());
            } else if names(&path).iter().any(|name| name.contains(".w1.")) {
                clock.advance(Duration::from_secs(16));
                tokio::task::yield_now().await;
            }
        })
    }));
    let (run, outcomes) = process.run(compact(world.plan(&[PART]))).await.unwrap();
    assert_eq!(outcomes[0].state, TargetState::Replaced, "{outcomes:?}");
    let beats = beats.lock().unwrap().clone();
    assert!(!beats.is_empty() && beats.iter().all(|beat| beat.contains(".w1.")), "{beats:?}");
    // At rest nobody beats.
    let before = process.store.calls();
    world.clock.advance(Duration::from_secs(60));
    tokio::task::yield_now().await;
    assert_eq!(process.store.calls(), before);
    let (_, outcomes) = process.run(rollback(&run)).await.unwrap();
    assert_eq!(outcomes[0].state, TargetState::RolledBack);
}

#[tokio::test]
async fn the_guard_does_not_wait_for_a_worker_that_it_reaped() {
    let world = World::with_files_on(3, Holds::InTarget);
    let before = world.read(PART).unwrap();
    let worker = world.process();
    let run = run::reserve_id(&worker.context).await.unwrap();
    worker.store.fail_at(40, Fault::Dies);
    let _ = run::execute(&worker.context, run.clone(), compact(world.plan(&[PART]))).await;
    worker.end().await;
    let begun = world.clock_now();
    let guard = world.process();
    run::guard_recover(&guard.context, &run).await.unwrap();
    assert!((world.clock_now() - begun).to_std().unwrap() < SILENCE);
    assert_eq!(world.read(PART), Some(before));
}

/// The server is away for minutes in the middle of an exchange, and answers again: the worker finds back by itself.
#[tokio::test]
async fn a_fence_that_is_not_answered_is_found_again() {
    for lost in 1..6 {
        let world = World::with_files_on(3, Holds::InTarget);
        let before = world.read(PART).unwrap();
        let worker = world.process();
        let at = {
            let other = World::with_files_on(3, Holds::InTarget);
            let process = other.process();
            process.run(compact(other.plan(&[PART]))).await.unwrap();
            let recorded = process.store.recorded();
            recorded.iter().find(|call| call.act.to_string().ends_with("part-0.txt.kept")).unwrap().number
        };
        // The rename is lost, and so are the fences that follow, each executed or not.
        for number in 0..lost {
            let fault = if number % 2 == 0 { Fault::Delays } else { Fault::LosesAnswer };
            worker.store.fail_at(at + number, fault);
        }
        let (_, outcomes) = worker.run(compact(world.plan(&[PART]))).await.unwrap();
        assert!(outcomes[0].state.is_final(), "{lost}: {outcomes:?}");
        worker.store.release().await;
        worker.end().await;
        let _ = world.process().run(recover()).await.unwrap();
        assert_eq!(world.read(PART), Some(before), "{lost}: {:?}", world.visible(PART));
    }
}
