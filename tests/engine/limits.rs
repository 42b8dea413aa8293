//! The limits of a run: bytes a second, and a time from which on it begins no target.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use lakehand::error::{Code, Exit};
use lakehand::model::{Event, RunState, TargetState};
use lakehand::run::seams::Clock;

use crate::fault::Holds;
use crate::world::{PART, TestClock, World, compact, rollback};

const PARTS: [&str; 4] = ["db.db/t/dt=1", "db.db/t/dt=2", "db.db/t/dt=3", "db.db/t/dt=4"];

fn four_targets() -> World {
    let world = World::new();
    for part in PARTS {
        for number in 0..4 {
            world.write(part, &format!("part-{number}.txt"), 50);
        }
    }
    world
}

#[tokio::test]
async fn a_run_moves_no_more_bytes_than_it_may() {
    let world = four_targets();
    let before: Vec<_> = PARTS.map(|part| world.read(part)).into();
    let plan = world.plan(&PARTS);
    let bytes: u64 = plan.targets.iter().map(|target| target.bytes.0).sum();
    let process = world.process();
    process.context.control.limit(Some(10));
    let begun = world.clock.monotonic();
    let (_, outcomes) = process.run(compact(plan)).await.unwrap();
    let took = world.clock.monotonic() - begun;
    assert_eq!(RunState::ended(&outcomes), RunState::Done, "{outcomes:?}");
    // Every byte is read, written and read back.
    assert!(took >= Duration::from_secs(3 * bytes / 10), "{bytes} bytes in {took:?}");
    assert_eq!(PARTS.map(|part| world.read(part)).to_vec(), before);
}

#[tokio::test]
async fn the_exchange_itself_is_not_held_up() {
    let world = World::with_files(8);
    let first = world.process();
    let (run, _) = first.run(compact(world.plan(&[PART]))).await.unwrap();
    let second = world.process();
    second.context.control.limit(Some(1));
    let begun = world.clock.monotonic();
    let (_, outcomes) = second.run(rollback(&run)).await.unwrap();
    assert_eq!(outcomes[0].state, TargetState::RolledBack);
    assert!(world.clock.monotonic() - begun < Duration::from_secs(1), "a rollback moves names, no contents");
}

#[tokio::test]
async fn after_the_time_no_target_is_begun_and_a_later_run_takes_the_others() {
    let world = four_targets();
    let before: Vec<_> = PARTS.map(|part| world.read(part)).into();
    let mut process = world.process();
    process.context.targets_at_a_time = 1;
    let plan = world.plan(&PARTS);
    // The first one takes minutes at this speed, by the clock of the test.
    process.context.control.limit(Some(5));
    process.context.control.until(Some(world.clock_now() + TimeDelta::seconds(5)));
    let (_, outcomes) = process.run(compact(plan)).await.unwrap();
    assert_eq!(outcomes[0].state, TargetState::Replaced, "what was begun is ended: {outcomes:?}");
    for outcome in &outcomes[1..] {
        let reason = outcome.reason.as_ref().unwrap();
        assert_eq!((outcome.state, reason.code), (TargetState::Cancelled, Code::UntilPassed));
        assert!(reason.text.contains("no new target after"), "{}", reason.text);
    }
    assert_eq!((RunState::ended(&outcomes), RunState::exit(&outcomes)), (RunState::InPart, Exit::Partial));
    for part in &PARTS[1..] {
        assert!(world.epochs(part).is_empty(), "{part} was touched");
    }
    let (_, outcomes) = world.process().run(compact(world.plan(&PARTS[1..]))).await.unwrap();
    assert_eq!(RunState::ended(&outcomes), RunState::Done, "{outcomes:?}");
    assert_eq!(PARTS.map(|part| world.read(part)).to_vec(), before);
}

#[tokio::test]
async fn a_run_that_is_late_changes_nothing_and_says_so() {
    let world = World::with_files(4);
    let process = world.process();
    process.context.control.until(Some(world.clock_now() - TimeDelta::seconds(1)));
    let (_, outcomes) = process.run(compact(world.plan(&[PART]))).await.unwrap();
    assert_eq!((RunState::ended(&outcomes), RunState::exit(&outcomes)), (RunState::Refused, Exit::Refused));
    assert!(world.epochs(PART).is_empty());
}

#[tokio::test]
async fn a_rollback_is_never_left_in_part() {
    let world = four_targets();
    let before: Vec<_> = PARTS.map(|part| world.read(part)).into();
    let (run, _) = world.process().run(compact(world.plan(&PARTS))).await.unwrap();
    let process = world.process();
    process.context.control.until(Some(world.clock_now() - TimeDelta::seconds(1)));
    let (_, outcomes) = process.run(rollback(&run)).await.unwrap();
    assert!(outcomes.iter().all(|outcome| outcome.state == TargetState::RolledBack), "{outcomes:?}");
    assert_eq!(PARTS.map(|part| world.read(part)).to_vec(), before);
}

/// A clock that only the test moves: whoever waits for a limit waits until then.
#[derive(Debug)]
struct Held(Arc<TestClock>);

#[async_trait]
impl Clock for Held {
    fn now(&self) -> DateTime<Utc> {
        self.0.now()
    }

    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }

    async fn sleep(&self, time: Duration) {
        self.0.sleep(time.max(Duration::from_secs(1))).await;
    }
}

#[tokio::test]
async fn a_slow_run_gives_signs_of_life_and_is_cancelled_at_once() {
    for cancel in [false, true] {
        let world = World::with_files_on(4, Holds::InTarget);
        let before = world.read(PART);
        let mut process = world.process();
        process.context.clock = Arc::new(Held(world.clock.clone()));
        let control = process.context.control.clone();
        control.limit(Some(1));
        let (beats, beaten) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
        let (count, seen) = (beats.clone(), beaten.clone());
        process.store.on_call(Arc::new(move |_, act| {
            if act.to_string().starts_with("set the time") {
                count.fetch_add(1, Ordering::SeqCst);
                seen.lock().unwrap().push(act.to_string());
            }
            Box::pin(async {})
        }));
        let clock = world.clock.clone();
        let steer = async {
            // It stands before its second file: at this speed for more than ten signs of life.
            while world.epochs(PART).is_empty() {
                tokio::task::yield_now().await;
            }
            for beat in 1..=3 {
                while beats.load(Ordering::SeqCst) < beat {
                    clock.advance(Duration::from_millis(1_100));
                    tokio::task::yield_now().await;
                }
                assert!(clock.monotonic() < Duration::from_secs(3_600), "no sign of life");
            }
            if cancel { control.cancel() } else { control.limit(None) }
        };
        // Once it may go on time passes by itself, for the pauses of its exchange.
        let (result, ()) = tokio::join!(
            async {
                let work = process.run(compact(world.plan(&[PART])));
                tokio::pin!(work);
                loop {
                    tokio::select! {
                        result = &mut work => break result,
                        () = tokio::task::yield_now() => {}
                    }
                    if control.limits().bytes_per_second.is_none() || control.is_cancelled() {
                        world.clock.advance(Duration::from_secs(1));
                    }
                }
            },
            steer
        );
        let (_, outcomes) = result.unwrap();
        let expected = if cancel { TargetState::Cancelled } else { TargetState::Replaced };
        assert_eq!(outcomes[0].state, expected, "{outcomes:?}");
        assert_eq!(world.read(PART), before);
        assert!(beaten.lock().unwrap().iter().all(|beat| beat.contains(".w1.")), "{beaten:?}");
        let events = process.observer.events.lock().unwrap();
        let calls = |event: &Event| matches!(event, Event::Rates { rates } if rates.calls_per_second > 0);
        assert!(events.iter().any(calls), "{events:?}");
    }
}
