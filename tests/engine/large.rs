//! Size (PROTOCOL §9.9): one directory with as many files as there may be, one run over as many targets, and the run
//! index lost at any moment. The full sizes take a minute or two in a debug build:
//!
//! ```text
//! cargo test --release --test engine large:: -- --ignored --nocapture
//! ```

use std::fs;
use std::time::{Duration, Instant};

use lakehand::ledger::{list_runs, run_detail};
use lakehand::model::{RunId, RunKind, RunState, Scope, TargetOutcome, TargetState};
use lakehand::run::Act;

use crate::fault::Fault;
use crate::world::{PART, World, cleanup, compact, names, recover, rollback};

/// A scaled run does what a full one does: listings in many pages, renames in many rounds.
const SOME_FILES: usize = 6_000;
const ALL_FILES: usize = 65_000;
const SOME_TARGETS: usize = 300;
const ALL_TARGETS: usize = 10_000;
/// The shares and records of so many targets, and every store call that a test's store keeps, fit into this.
const MEMORY: u64 = 2 << 30;

/// The most memory that this process ever had.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_ascii_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

struct Stopwatch(Instant, String);

impl Stopwatch {
    fn lap(&mut self, what: &str) {
        self.1 += &format!("{what} {:.1} s, ", self.0.elapsed().as_secs_f64());
        self.0 = Instant::now();
    }
}

fn all(outcomes: &[TargetOutcome], state: TargetState) {
    let other = outcomes.iter().find(|outcome| outcome.state != state);
    assert!(other.is_none(), "{other:?}");
}

async fn one_directory(files: usize) {
    let mut watch = Stopwatch(Instant::now(), format!("{files} files: "));
    let world = World::new();
    for number in 0..files {
        world.write(PART, &format!("part-{number:05}.txt"), 1);
    }
    let before = world.read(PART);
    watch.lap("made in");
    let process = world.process();
    let (run, outcomes) = process.run(compact(world.plan(&[PART]))).await.unwrap();
    all(&outcomes, TargetState::Replaced);
    assert_eq!((world.visible(PART).len(), world.kept().len()), (2, files));
    assert_eq!(world.read(PART), before);
    watch.lap("compacted in");
    let (back, outcomes) = process.run(rollback(&run)).await.unwrap();
    all(&outcomes, TargetState::RolledBack);
    assert_eq!((world.visible(PART).len(), world.read(PART)), (files, before.clone()));
    watch.lap("rolled back in");
    let (undo, outcomes) = process.run(rollback(&back)).await.unwrap();
    all(&outcomes, TargetState::RolledBack);
    watch.lap("undone in");
    let runs = list_runs(&world.ledger(), world.clock_now()).await.unwrap();
    assert_eq!((runs.len(), runs[0].backup_files), (3, files as u64));
    watch.lap("listed in");
    let (_, outcomes) = process.run(cleanup(&undo)).await.unwrap();
    all(&outcomes, TargetState::Cleaned);
    assert_eq!((world.read(PART), names(&world.path(".lakehand"))), (before, vec![".runs".to_owned()]));
    watch.lap("cleaned up in");
    println!("{}{} MiB at most", watch.1, peak() >> 20);
    assert!(peak() < MEMORY, "{}", peak());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_of_many_files() {
    one_directory(SOME_FILES).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the full size of the protocol: see the module's documentation"]
async fn a_directory_of_65_000_files() {
    one_directory(ALL_FILES).await;
}

fn targets(world: &World, count: usize) -> Vec<String> {
    let targets: Vec<String> = (0..count).map(|number| format!("db.db/t{}/dt={number}", number % 7)).collect();
    for target in &targets {
        world.write(target, "part-0.txt", 1);
        world.write(target, "part-1.txt", 1);
        world.write(target, "part-2.txt", 1);
    }
    targets
}

fn rows(world: &World, targets: &[String]) -> Vec<Option<Vec<u64>>> {
    targets.iter().map(|target| world.read(target)).collect()
}

async fn one_run(count: usize) {
    let mut watch = Stopwatch(Instant::now(), format!("{count} targets: "));
    let world = World::new();
    let targets = targets(&world, count);
    let before = rows(&world, &targets);
    let names: Vec<&str> = targets.iter().map(String::as_str).collect();
    let plan = world.plan(&names);
    watch.lap("made in");
    let process = world.process();
    let (run, outcomes) = process.run(compact(plan)).await.unwrap();
    assert_eq!(outcomes.len(), count);
    all(&outcomes, TargetState::Replaced);
    assert_eq!(rows(&world, &targets), before);
    watch.lap("compacted in");
    let runs = list_runs(&world.ledger(), world.clock_now()).await.unwrap();
    assert_eq!((runs[0].state, runs[0].targets_done), (RunState::Done, count as u64));
    let detail = run_detail(&world.ledger(), &run, world.clock_now()).await.unwrap();
    assert_eq!(detail.outcomes.len(), count);
    watch.lap("listed in");
    let (back, outcomes) = process.run(rollback(&run)).await.unwrap();
    assert_eq!(outcomes.len(), count);
    all(&outcomes, TargetState::RolledBack);
    assert_eq!(rows(&world, &targets), before);
    watch.lap("rolled back in");
    let (_, outcomes) = process.run(cleanup(&back)).await.unwrap();
    all(&outcomes, TargetState::Cleaned);
    assert_eq!(rows(&world, &targets), before);
    watch.lap("cleaned up in");
    println!("{}{} MiB at most", watch.1, peak() >> 20);
    assert!(peak() < MEMORY, "{}", peak());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_of_many_targets() {
    one_run(SOME_TARGETS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the full size of the protocol: see the module's documentation"]
async fn a_run_of_10_000_targets() {
    one_run(ALL_TARGETS).await;
}

/// A run of several targets that dies in the middle of them, and the index with it.
async fn dies_in_the_middle(world: &World, targets: &[&str], at: u64) -> Option<RunId> {
    let process = world.process();
    let run = lakehand::run::reserve_id(&process.context).await.unwrap();
    process.store.fail_at(at, Fault::Dies);
    let _ = lakehand::run::execute(&process.context, run.clone(), compact(world.plan(targets))).await;
    let died = process.store.is_dead();
    process.end().await;
    died.then_some(run)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_index_a_dead_run_is_found_and_recovered_by_what_it_left() {
    let mut found = 0;
    for at in (20..).step_by(9) {
        let world = World::new();
        let targets = targets(&world, 3);
        let names: Vec<&str> = targets.iter().map(String::as_str).collect();
        let before = rows(&world, &targets);
        let Some(run) = dies_in_the_middle(&world, &names, at).await else { break };
        fs::remove_dir_all(world.path(".lakehand/.runs")).unwrap();
        let ledger = world.ledger();
        let runs = list_runs(&ledger, world.clock_now()).await.unwrap();
        let left = targets.iter().any(|target| !world.epochs(target).is_empty());
        assert_eq!(runs.iter().any(|summary| summary.run == run), left, "{at}: {runs:?}");
        let open = targets.iter().any(|target| world.epochs(target).iter().any(|epoch| !epoch.ends_with(".rest")));
        if open {
            found += 1;
            assert_eq!(
                (runs[0].state, runs[0].can.contains(&RunKind::Recover)),
                (RunState::NeedsDecision, true),
                "{at}"
            );
        }
        // By its id, as a person gives it, and not only as one of all.
        let act = Act::Recover { of: Some(run.clone()), scope: Scope::default(), decide: None, stale_only: false };
        let healer = world.process();
        let (_, outcomes) = healer.run(act).await.unwrap();
        assert!(outcomes.iter().all(|outcome| outcome.state != TargetState::NeedsDecision), "{at}: {outcomes:?}");
        assert_eq!(rows(&world, &targets), before, "{at}");
        let resting = |target: &String| world.epochs(target).iter().all(|epoch| epoch.ends_with(".rest"));
        assert!(targets.iter().all(resting), "{at}");
        fs::remove_dir_all(world.path(".lakehand/.runs")).unwrap();
        if world.kept().is_empty() {
            continue;
        }
        let (_, outcomes) = healer.run(rollback(&run)).await.unwrap();
        all(&outcomes, TargetState::RolledBack);
        assert_eq!(rows(&world, &targets), before, "{at}");
        assert!(targets.iter().all(|target| world.visible(target).len() == 3), "{at}");
    }
    assert!(found > 5, "{found}");
}

/// The index is lost after every act: each is still listed, and can be acted on.
#[tokio::test]
async fn without_its_index_every_act_still_finds_what_it_acts_on() {
    let world = World::with_files(4);
    let before = world.read(PART);
    let process = world.process();
    let forget = || fs::remove_dir_all(world.path(".lakehand/.runs")).unwrap();
    let listed = async |run: &RunId, kind: RunKind| {
        let runs = list_runs(&world.ledger(), world.clock_now() + Duration::from_secs(80 * 3600)).await.unwrap();
        let summary = runs.iter().find(|summary| summary.run == *run).unwrap_or_else(|| panic!("{runs:?}"));
        assert_eq!((summary.kind, summary.state, summary.targets), (kind, RunState::Done, 1), "{summary:?}");
        assert_eq!(summary.can, [RunKind::Rollback, RunKind::Cleanup], "{summary:?}");
        let detail = run_detail(&world.ledger(), run, world.clock_now()).await.unwrap();
        assert!(detail.outcomes[0].state.is_success() && detail.plan.is_none(), "{detail:?}");
    };
    let (run, _) = process.run(compact(world.plan(&[PART]))).await.unwrap();
    forget();
    listed(&run, RunKind::Compact).await;
    let (back, outcomes) = process.run(rollback(&run)).await.unwrap();
    all(&outcomes, TargetState::RolledBack);
    forget();
    listed(&back, RunKind::Rollback).await;
    let (undo, outcomes) = process.run(rollback(&back)).await.unwrap();
    all(&outcomes, TargetState::RolledBack);
    forget();
    listed(&undo, RunKind::Rollback).await;
    let (_, outcomes) = process.run(recover()).await.unwrap();
    assert!(outcomes.is_empty(), "{outcomes:?}");
    let (_, outcomes) = process.run(cleanup(&undo)).await.unwrap();
    all(&outcomes, TargetState::Cleaned);
    assert_eq!((world.read(PART), world.kept().len()), (before, 0));
}
