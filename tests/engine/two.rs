//! Two actors on one target (PROTOCOL §9.3), every call of theirs in an order that is chosen: one runs to its k-th call,
//! then the other to its end, for every k; and orders drawn from a seed, looks included. Their clocks are an hour apart.
//! Never may both go on; never does a reader count wrong without an error; and what is left is recovered without a
//! person.

use std::collections::{BTreeSet, VecDeque};
use std::fs;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use futures::future::BoxFuture;
use lakehand::error::{Code, Result};
use lakehand::model::{RunId, StorePath, TargetOutcome, TargetState};
use lakehand::run::Act;
use lakehand::run::seams::Clock;
use lakehand::store::{LocalStore, Write};
use tokio::sync::{Notify, oneshot};

use crate::acts::rows_anywhere;
use crate::fault::Fault;
use crate::world::{Draw, PART, Process, World, cleanup, compact, recover, rollback};

const FILES: usize = 3;
/// Orders that are drawn for each pair of acts.
const SEEDS: u64 = 8;
/// Every so many meetings the target is also used afterwards.
const USED_ONE_IN: u64 = 5;
/// No two acts of this size make so many calls: then they wait for each other.
const MOST_STEPS: u64 = 20_000;

/// The wall clock of one host, fast or slow. It never rings: what is only done now and then is not done here, so that
/// the same calls are made each time.
#[derive(Debug)]
struct HostClock {
    ahead: TimeDelta,
    passed: Mutex<Duration>,
}

impl HostClock {
    fn ahead(hours: i64) -> Arc<HostClock> {
        Arc::new(HostClock { ahead: TimeDelta::hours(hours), passed: Mutex::default() })
    }
}

#[async_trait]
impl Clock for HostClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now() + self.ahead
    }

    fn monotonic(&self) -> Duration {
        *self.passed.lock().unwrap()
    }

    async fn sleep(&self, time: Duration) {
        if time >= Duration::from_secs(1) {
            std::future::pending::<()>().await;
        }
        *self.passed.lock().unwrap() += time;
    }
}

/// Who may make the next call.
#[derive(Clone, Copy, Debug)]
enum Order {
    /// The first so many calls, then the second to its end, then the first again.
    Interrupted(u64),
    /// Drawn, with the looks.
    Drawn(u64),
}

#[derive(Default)]
struct Turns {
    waiting: Mutex<[VecDeque<oneshot::Sender<()>>; 2]>,
    ended: Mutex<[bool; 2]>,
    changed: Notify,
}

impl Turns {
    async fn wait(self: Arc<Self>, actor: usize) {
        let (granted, turn) = oneshot::channel();
        self.waiting.lock().unwrap()[actor].push_back(granted);
        self.changed.notify_one();
        // A scheduler that is gone grants everything.
        let _ = turn.await;
    }

    fn end(&self, actor: usize) {
        self.ended.lock().unwrap()[actor] = true;
        self.changed.notify_one();
    }

    /// Once each actor wants to make a call or has ended: those that want to.
    async fn ready(&self) -> Vec<usize> {
        loop {
            {
                let (waiting, ended) = (self.waiting.lock().unwrap(), self.ended.lock().unwrap());
                let wants = |actor: &usize| !waiting[*actor].is_empty();
                if (0..2).all(|actor| wants(&actor) || ended[actor]) {
                    return (0..2).filter(wants).collect();
                }
            }
            self.changed.notified().await;
        }
    }

    fn grant(&self, actor: usize) {
        let granted = self.waiting.lock().unwrap()[actor].pop_front();
        if let Some(granted) = granted {
            let _ = granted.send(());
        }
    }
}

type Ended = Result<(RunId, Vec<TargetOutcome>)>;

/// Lets both act, call by call; `check` is asked after each.
async fn interleaved(actors: [(&Process, Act); 2], order: Order, check: impl Fn()) -> [Ended; 2] {
    let turns = Arc::new(Turns::default());
    for (actor, (process, _)) in actors.iter().enumerate() {
        let turns = Arc::clone(&turns);
        if matches!(order, Order::Drawn(_)) {
            process.store.count_reads();
        }
        process
            .store
            .on_call(Arc::new(move |_, _| -> BoxFuture<'static, ()> { Box::pin(Arc::clone(&turns).wait(actor)) }));
    }
    let [one, other] = actors;
    let acting = async |actor: usize, process: &Process, act: Act| {
        let ended = process.run(act).await;
        turns.end(actor);
        ended
    };
    let scheduler = async {
        let (mut steps, mut draw) = ([0_u64; 2], Draw::new(if let Order::Drawn(seed) = order { seed } else { 0 }));
        loop {
            let ready = turns.ready().await;
            let Some(first) = ready.first().copied() else { return };
            let actor = match order {
                _ if ready.len() == 1 => first,
                Order::Interrupted(at) => usize::from(steps[0] >= at),
                // Now in small steps, now in long runs.
                Order::Drawn(_) => usize::from(draw.below(5) < 2 + steps[0] % 2),
            };
            steps[actor] += 1;
            assert!(steps[0] + steps[1] < MOST_STEPS, "they do not end");
            turns.grant(actor);
            check();
        }
    };
    let (first, second, ()) = tokio::join!(acting(0, one.0, one.1), acting(1, other.0, other.1), scheduler);
    [first, second]
}

/// What the two do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pair {
    Starters,
    RollbackAndCompaction,
    CompactionAndRollback,
    Rollbacks,
    RollbackAndCleanup,
    CleanupAndRollback,
    Cleanups,
    /// Of a compaction that died at this call.
    Recoverers(u64),
    /// A recovery of a compaction that died there, and somebody who compacts.
    RecovererAndStarter(u64),
    WorkerAndRecoverer,
    RollbackAndRecoverer,
}

fn old_files(world: &World) {
    // Older than any of the clocks is slow.
    let time = SystemTime::now() - Duration::from_secs(5 * 3600);
    for name in world.visible(PART) {
        let path = world.path(PART).join(name);
        fs::File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
    }
}

async fn acts(world: &World, pair: Pair) -> [Act; 2] {
    let plan = || compact(world.plan(&[PART]));
    let process = world.process();
    let compacted = async || process.run(plan()).await.unwrap().0;
    let died = async |at: u64| {
        process.store.fail_at(at, Fault::Dies);
        let _ = process.run(plan()).await;
    };
    let acts = match pair {
        Pair::Starters => [plan(), plan()],
        Pair::RollbackAndCompaction => [rollback(&compacted().await), plan()],
        Pair::CompactionAndRollback => {
            let run = compacted().await;
            [plan(), rollback(&run)]
        }
        Pair::Rollbacks => {
            let run = compacted().await;
            [rollback(&run), rollback(&run)]
        }
        Pair::RollbackAndCleanup => {
            let run = compacted().await;
            [rollback(&run), cleanup(&run)]
        }
        Pair::CleanupAndRollback => {
            let run = compacted().await;
            [cleanup(&run), rollback(&run)]
        }
        Pair::Cleanups => {
            let run = compacted().await;
            [cleanup(&run), cleanup(&run)]
        }
        Pair::Recoverers(at) => {
            died(at).await;
            [recover(), recover()]
        }
        Pair::RecovererAndStarter(at) => {
            died(at).await;
            let mut plan = world.plan(&[PART]);
            plan.targets[0].groups[0].outputs.retain(|files| !files.is_empty());
            [recover(), compact(plan)]
        }
        Pair::WorkerAndRecoverer => [plan(), recover()],
        Pair::RollbackAndRecoverer => [rollback(&compacted().await), recover()],
    };
    process.end().await;
    acts
}

fn succeeded(ended: &Ended) -> bool {
    ended.as_ref().is_ok_and(|(_, outcomes)| outcomes.iter().any(|outcome| outcome.state.is_success()))
}

fn codes(ended: &Ended) -> Vec<Code> {
    match ended {
        Ok((_, outcomes)) => outcomes.iter().filter_map(|outcome| Some(outcome.reason.as_ref()?.code)).collect(),
        Err(error) => vec![error.code()],
    }
}

async fn meet(pair: Pair, order: Order) -> ([bool; 2], u64) {
    let told = format!("{pair:?}, {order:?}");
    let world = World::with_files(FILES);
    old_files(&world);
    let before = world.read(PART).unwrap();
    let acts = acts(&world, pair).await;
    let (mut one, mut other) = (world.process(), world.process());
    one.context.clock = HostClock::ahead(1);
    other.context.clock = HostClock::ahead(-1);
    let [first, second] = acts;
    let check = || assert!(world.read(PART).is_none_or(|rows| rows == before), "{told}: {:?}", world.visible(PART));
    let meeting = interleaved([(&one, first), (&other, second)], order, check);
    let ended = tokio::time::timeout(Duration::from_secs(120), meeting).await;
    let ended = ended.unwrap_or_else(|_| panic!("{told}: does not end"));
    let calls = one.store.calls();
    one.end().await;
    other.end().await;
    let done = [succeeded(&ended[0]), succeeded(&ended[1])];
    judged(pair, done, &ended, &told);

    let healer = world.process();
    let (_, outcomes) = healer.run(recover()).await.unwrap_or_else(|error| panic!("{told}: {error}"));
    let stuck = outcomes.iter().find(|outcome| outcome.state == TargetState::NeedsDecision);
    assert!(stuck.is_none(), "{told}: {stuck:?}; {ended:?}");
    assert_eq!(world.read(PART).as_ref(), Some(&before), "{told}: {:?}", world.visible(PART));
    assert_eq!(rows_anywhere(&world), before, "{told}");
    crate::crash::tidy(&world, &told, false);
    let (Order::Interrupted(number) | Order::Drawn(number)) = order;
    if number.is_multiple_of(USED_ONE_IN) {
        crate::crash::usable(&world, &healer, &before, &told).await;
    }
    (done, calls)
}

/// What may not happen however they meet.
fn judged(pair: Pair, done: [bool; 2], ended: &[Ended; 2], told: &str) {
    match pair {
        // Each makes the other's impossible, before it or after it.
        Pair::Starters | Pair::Rollbacks | Pair::RollbackAndCleanup | Pair::CleanupAndRollback | Pair::Cleanups => {
            assert!(done != [true, true], "{told}: both went on: {ended:?}");
        }
        Pair::RollbackAndCompaction | Pair::CompactionAndRollback => {
            assert!(done != [true, true], "{told}: both went on: {ended:?}");
        }
        Pair::WorkerAndRecoverer | Pair::RollbackAndRecoverer => {
            // Who works is left alone; before it holds its locks it may have to give up, and has touched nothing.
            let gave_up = codes(&ended[0]).iter().all(|code| matches!(code, Code::LeaseHeld | Code::TakenOver));
            assert!(done[0] || gave_up, "{told}: {ended:?}");
        }
        Pair::Recoverers(_) | Pair::RecovererAndStarter(_) => {}
    }
    // Whoever refuses says that another works there, or that the target is not what it was.
    for ended in ended {
        for code in codes(ended) {
            let expected = matches!(
                code,
                Code::LeaseHeld
                    | Code::Stale
                    | Code::TakenOver
                    | Code::Changed
                    | Code::PlanDrift
                    | Code::NotRollbackable
                    | Code::NotCleanable
                    | Code::NotFound
                    | Code::Interrupted
                    | Code::NeedsRecovery
            );
            assert!(expected, "{told}: {ended:?}");
        }
    }
}

/// Every k of the first act (of recoveries, of which there are many, every third), and the drawn orders; how often which of the two went on.
async fn every_meeting(pair: Pair) -> BTreeSet<[bool; 2]> {
    let (_, calls) = meet(pair, Order::Interrupted(u64::MAX)).await;
    let every = if matches!(pair, Pair::Recoverers(_) | Pair::RecovererAndStarter(_)) { 3 } else { 1 };
    let orders = (0..=calls).step_by(every).map(Order::Interrupted).chain((0..SEEDS).map(Order::Drawn));
    let mut meetings = tokio::task::JoinSet::new();
    for order in orders {
        meetings.spawn(meet(pair, order));
    }
    let mut seen = BTreeSet::new();
    while let Some(met) = meetings.join_next().await {
        match met {
            Ok((done, _)) => drop(seen.insert(done)),
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
    println!("{pair:?}: {calls} calls, {seen:?}");
    seen
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_starters() {
    let seen = every_meeting(Pair::Starters).await;
    assert!(seen.contains(&[true, false]) && seen.contains(&[false, true]), "{seen:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rollback_and_a_compaction() {
    let seen = every_meeting(Pair::RollbackAndCompaction).await;
    assert!(seen.contains(&[true, false]) && seen.contains(&[false, true]), "{seen:?}");
    let seen = every_meeting(Pair::CompactionAndRollback).await;
    assert!(seen.contains(&[true, false]) && seen.contains(&[false, true]), "{seen:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_rollbacks() {
    let seen = every_meeting(Pair::Rollbacks).await;
    assert!(seen.contains(&[true, false]) && seen.contains(&[false, true]), "{seen:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rollback_and_a_cleanup() {
    let seen = every_meeting(Pair::RollbackAndCleanup).await;
    assert!(seen.contains(&[true, false]) && seen.contains(&[false, true]), "{seen:?}");
    every_meeting(Pair::CleanupAndRollback).await;
    every_meeting(Pair::Cleanups).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_live_worker_is_left_alone() {
    let seen = every_meeting(Pair::WorkerAndRecoverer).await;
    assert!(seen.iter().any(|done| done[0]), "{seen:?}");
    let seen = every_meeting(Pair::RollbackAndRecoverer).await;
    assert!(seen.iter().any(|done| done[0]), "{seen:?}");
}

/// The calls of a compaction at which a death leaves different things behind.
async fn deaths() -> Vec<u64> {
    let mut seen = BTreeSet::new();
    let mut deaths = Vec::new();
    for at in 1.. {
        let world = World::with_files(FILES);
        let process = world.process();
        process.store.fail_at(at, Fault::Dies);
        let ended = process.run(compact(world.plan(&[PART]))).await;
        let died = process.store.is_dead();
        process.end().await;
        if !died {
            assert!(ended.is_ok());
            return deaths;
        }
        let tripped = world.read(PART).is_none();
        if seen.insert((world.epochs(PART).len(), world.visible(PART).len(), tripped, world.kept().len() / 2)) {
            deaths.push(at);
        }
    }
    deaths
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_recoverers() {
    let deaths = deaths().await;
    assert!(deaths.len() > 5, "{deaths:?}");
    for at in deaths {
        every_meeting(Pair::Recoverers(at)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recoverer_and_a_starter() {
    for at in deaths().await.into_iter().step_by(2) {
        every_meeting(Pair::RecovererAndStarter(at)).await;
    }
}

const CONTENDERS: u32 = 8;
const TURNS: u64 = 400;

/// Many want the same lease, and whoever has it renames the epoch before it lets go, as a recovery does: exactly one
/// holds it at any time, whatever was opened before which rename.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_contenders_for_a_lock_exactly_one_holds_it() {
    let world = World::with_files(1);
    let place = world.path(".lakehand");
    fs::create_dir_all(place.join("epoch-0")).unwrap();
    let (inside, taken, number) =
        (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let mut contenders = tokio::task::JoinSet::new();
    for contender in 0..CONTENDERS {
        let (inside, taken, number) = (Arc::clone(&inside), Arc::clone(&taken), Arc::clone(&number));
        let (root, target) = (world.root.clone(), world.store_path(PART));
        contenders.spawn(async move {
            // A store of its own, as a process has.
            let store = LocalStore::below(root.clone());
            let epoch = |number: u64| -> StorePath { root.join_all(&format!(".lakehand/epoch-{number}")) };
            let mut mine = 0_u64;
            while taken.load(Ordering::SeqCst) < TURNS {
                let known = number.load(Ordering::SeqCst);
                let hold = match store.hold(Some(&target), &epoch(known)).await {
                    Ok(hold) => hold,
                    Err(error) => {
                        assert!(matches!(error.code(), Code::LeaseHeld | Code::NotFound), "{error}");
                        tokio::task::yield_now().await;
                        continue;
                    }
                };
                assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "two hold it");
                assert!(hold.is_current().await.unwrap());
                mine += 1;
                taken.fetch_add(1, Ordering::SeqCst);
                if (mine + u64::from(contender)).is_multiple_of(2) {
                    store.rename(&epoch(known), &epoch(known + 1)).await.unwrap();
                    number.store(known + 1, Ordering::SeqCst);
                    assert!(!hold.is_current().await.unwrap());
                }
                assert_eq!(inside.fetch_sub(1, Ordering::SeqCst), 1, "two hold it");
                drop(hold);
                tokio::task::yield_now().await;
            }
            mine
        });
    }
    let held = contenders.join_all().await;
    assert!(held.iter().sum::<u64>() >= TURNS && held.iter().filter(|turns| **turns > 0).count() > 1, "{held:?}");
    assert!(number.load(Ordering::SeqCst) > TURNS / 4);
}
