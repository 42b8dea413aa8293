//! Hang-ups and deaths: of whoever started the run, of the worker, of its guard, of both.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use lakehand::client::{self, Life};
use lakehand::error::Code;
use lakehand::ipc::{Order, ProcessId, Scope};
use lakehand::model::{RunId, RunSnapshot, RunState, TargetState};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::worker_bench::{Bench, end_of, kill, program, until, within};

fn works_in(state: TargetState) -> impl Fn(&RunSnapshot) -> bool {
    move |run| run.targets.iter().any(|target| target.outcome.state >= state)
}

fn recover_all() -> Order {
    Order::Recover { of: None, scope: Scope::default(), decide: None, stale_only: false }
}

async fn only_run(bench: &Bench) -> RunId {
    within(async {
        loop {
            if let Some(run) = bench.places().runs_with("live").unwrap().pop() {
                return run;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
}

/// The command, in a session of its own, as a terminal would have started it.
fn compact_in_a_session(bench: &Bench) -> std::process::Child {
    Command::new("setsid")
        .arg(program())
        .args(["compact", "--yes", "--lake", bench.lake.as_str(), "--table", "sales.orders", "--window-limit", "60s"])
        .env("HOME", bench.base())
        .env("XDG_STATE_HOME", bench.base().join("xdg"))
        .env("XDG_CACHE_HOME", bench.base().join("xdg-cache"))
        .env("XDG_CONFIG_HOME", bench.base().join("xdg-config"))
        .env("XDG_RUNTIME_DIR", bench.base())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// A bench whose directories are those that the command finds for itself.
fn bench_of_the_command(files: u64) -> Bench {
    let mut bench = Bench::new(files);
    let root = bench.base().to_owned();
    // Sockets lie in a runtime directory only where nobody else can enter it.
    std::fs::set_permissions(&root, std::fs::Permissions::from_mode(0o700)).unwrap();
    bench.paths.state = root.join("xdg/lakehand");
    bench.paths.runtime = root.join("lakehand");
    bench
}

#[tokio::test]
async fn a_hang_up_of_the_terminal_and_the_death_of_the_parent_do_not_reach_the_run() {
    for signal in [Signal::HUP, Signal::KILL] {
        let bench = bench_of_the_command(1_500);
        let before = bench.seen();
        let mut parent = compact_in_a_session(&bench);
        let run = only_run(&bench).await;
        let mut view = bench.attach(&run).await;
        until(&mut view, works_in(TargetState::Writing)).await;
        let leader = Pid::from_raw(i32::try_from(parent.id()).unwrap()).unwrap();
        kill_process_group(leader, signal).unwrap();
        let status = parent.wait().unwrap();
        let live = bench.live(&run);
        assert!(live.worker.is_alive(), "the worker went with its parent");
        for process in [live.worker, live.guard] {
            let pid = Pid::from_raw(i32::try_from(process.pid).unwrap()).unwrap();
            kill_process(pid, Signal::HUP).unwrap();
        }
        let ended = end_of(view).await.unwrap();
        assert_eq!(ended.state, RunState::Done, "{status:?} {:?} {ended:?}", status.signal());
        assert_eq!(bench.seen().rows, before.rows);
    }
}

#[tokio::test]
async fn the_guard_finishes_or_takes_back_what_a_dead_worker_left() {
    for state in [TargetState::Listing, TargetState::Writing, TargetState::Verifying, TargetState::Exchanging] {
        let bench = Bench::new(1_000);
        let before = bench.seen();
        let run = bench.start(&bench.compact_order("sales.orders").await).await.unwrap();
        let mut view = bench.attach(&run).await;
        until(&mut view, works_in(state)).await;
        kill(bench.live(&run).worker);
        let ended = end_of(view).await.unwrap();
        let failure = ended.failure.clone().expect("the death is told");
        assert!(failure.why.is_some_and(|why| why.contains("signal: 9")), "{ended:?}");
        assert!(ended.finished.is_some());
        let after = bench.seen();
        assert_eq!((after.rows, after.tripwires.len()), (before.rows.clone(), 0), "after {state:?}");
        assert_eq!(bench.unrested(), Vec::<std::path::PathBuf>::new(), "after {state:?}");
        assert_eq!(client::local_runs(&bench.paths).await.unwrap()[0].life, Life::Ended);
        let rest = bench.carry_out(&bench.compact_order("sales.orders").await).await;
        assert_eq!(rest.state, RunState::Done, "what was left cannot be compacted: {rest:?}");
        assert_eq!(bench.seen().rows, before.rows);
    }
}

#[tokio::test]
async fn without_its_guard_the_worker_goes_on() {
    let bench = Bench::new(1_000);
    let before = bench.seen();
    let run = bench.start(&bench.compact_order("sales.orders").await).await.unwrap();
    let mut view = bench.attach(&run).await;
    until(&mut view, works_in(TargetState::Writing)).await;
    kill(bench.live(&run).guard);
    let ended = end_of(view).await.unwrap();
    assert_eq!(ended.state, RunState::Done, "{ended:?}");
    assert_eq!(bench.seen().rows, before.rows);
    within(gone(&bench, &run)).await;
}

/// Waits until the worker has taken its socket and its note away.
async fn gone(bench: &Bench, run: &RunId) {
    while bench.places().live(run).exists() || std::fs::read_dir(bench.places().runtime()).unwrap().count() > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn without_both_a_person_recovers() {
    let bench = Bench::new(1_000);
    let before = bench.seen();
    let run = bench.start(&bench.compact_order("sales.orders").await).await.unwrap();
    let mut view = bench.attach(&run).await;
    until(&mut view, works_in(TargetState::Writing)).await;
    let live = bench.live(&run);
    kill(live.guard);
    kill(live.worker);
    let error = end_of(view).await.unwrap_err();
    assert_eq!(error.code(), Code::NeedsRecovery, "{error}");
    assert!(error.next_step().unwrap().contains(run.as_str()));
    assert_eq!(client::local_runs(&bench.paths).await.unwrap()[0].life, Life::Dead);
    assert_eq!(client::attach(&bench.paths, &run).await.unwrap_err().code(), Code::NotAttachable);
    let recovered = bench.carry_out(&recover_all()).await;
    assert_eq!(recovered.failure, None, "{recovered:?}");
    let after = bench.seen();
    assert_eq!((after.rows, after.tripwires.len()), (before.rows, 0));
    assert!(bench.unrested().is_empty());
}

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// Kills the worker, the guard or both after some time, or when the run has ended by then; says whether somebody is
/// left who will write the end.
async fn strike(bench: &Bench, run: &RunId, dice: &mut Dice) -> bool {
    let live: Option<lakehand::ipc::LiveNote> = lakehand::ipc::read_note(&bench.places().live(run)).unwrap();
    let Some(live) = live else { return true };
    tokio::time::sleep(Duration::from_millis(dice.roll(400))).await;
    let victims: &[ProcessId] = match dice.roll(4) {
        0 | 1 => &[live.worker],
        2 => &[live.guard],
        _ => &[live.guard, live.worker],
    };
    victims.iter().copied().for_each(kill);
    victims.len() == 1
}

#[tokio::test]
async fn whenever_anybody_is_killed_no_row_is_lost_or_doubled() {
    let bench = Bench::new(400);
    let before = bench.seen();
    let mut dice = Dice(20_261_121);
    let mut compacted: Option<RunId> = None;
    for round in 0..14 {
        let order = match compacted.take() {
            Some(of) => Order::Rollback { of, scope: Scope::default() },
            None => bench.compact_order("sales.orders").await,
        };
        let compacts = matches!(order, Order::Compact { .. });
        let run = bench.start(&order).await.unwrap();
        let view = client::attach(&bench.paths, &run).await.ok();
        strike(&bench, &run, &mut dice).await;
        if let Some(view) = view {
            // An end, or that there is nobody left to write one.
            let _ = end_of(view).await;
        }
        let recovered = bench.carry_out(&recover_all()).await;
        assert!(!matches!(recovered.state, RunState::NeedsDecision), "round {round}: {recovered:?}");
        let after = bench.seen();
        assert_eq!((&after.rows, after.tripwires.len()), (&before.rows, 0), "round {round}, run {run}");
        assert_eq!(bench.unrested(), Vec::<std::path::PathBuf>::new(), "round {round}, run {run}");
        let all_back = after.files == before.files;
        if !all_back {
            // Some targets are compacted: the next round takes the newest such run back.
            compacted = if compacts { Some(run) } else { None };
        }
        if compacted.is_none() && !all_back {
            take_all_back(&bench).await;
            assert_eq!(bench.seen().rows, before.rows, "round {round}, after all was taken back");
        }
    }
}

/// Rolls back whatever run still can be, the newest first.
async fn take_all_back(bench: &Bench) {
    let session = bench.session().await;
    let nothing = lakehand::action::Selection::default();
    let kind = lakehand::model::RunKind::Rollback;
    while let Ok(run) = lakehand::action::newest_that_can(&session, kind, &nothing).await {
        if run.kind != lakehand::model::RunKind::Compact {
            break;
        }
        bench.carry_out(&Order::Rollback { of: run.run, scope: Scope::default() }).await;
    }
}
