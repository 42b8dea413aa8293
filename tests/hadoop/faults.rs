//! Faults of a live cluster in the middle of `compact` and `rollback` by the real program: whatever happens, the run
//! ends with a state and a reason, `recover` finishes what is left once the cluster is whole again, and readers then
//! see the rows that they saw before.
//!
//! A fault strikes when the run has come to a state, which its view tells; what a test then waits for are states too.
//! Only how long a fault lasts is a time: a NameNode hangs for longer than a call may take, so that outcomes are unknown;
//! and what lasts until the run has ended goes away before that when the run waits for it, as it does inside an exchange.

use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use lakehand::client;
use lakehand::config::Paths;
use lakehand::ipc::Reply;
use lakehand::model::{RunId, TargetState};
use serde_json::Value;

use crate::cluster::{Hdfs, Kind, Settings};
use crate::lake::{Begun, DEADLINE, Done, Lake, Seen, kill};

/// What happens to the cluster or to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// The other NameNode becomes the active one.
    Failover,
    /// The active NameNode dies, and the other takes over.
    NameNodeKilled,
    /// No NameNode is active for a while.
    NoneActive,
    /// The active NameNode hangs for longer than a call may take.
    Frozen,
    /// Until the run has ended.
    SafeMode,
    /// One of three, until the run has ended.
    DataNodeKilled,
    /// All at once, until the run has ended, or for a while.
    AllDataNodesKilled,
    /// All at once, until the program has given up by itself.
    NoDataNodes,
    /// No more names below the lake, until the run has ended.
    QuotaOfNames,
    /// No more space below the lake, until the run has ended.
    QuotaOfSpace,
    WorkerKilled,
    GuardKilled,
    BothKilled,
}

const ALL: [Fault; 13] = [
    Fault::Failover,
    Fault::NameNodeKilled,
    Fault::NoneActive,
    Fault::Frozen,
    Fault::SafeMode,
    Fault::DataNodeKilled,
    Fault::AllDataNodesKilled,
    Fault::NoDataNodes,
    Fault::QuotaOfNames,
    Fault::QuotaOfSpace,
    Fault::WorkerKilled,
    Fault::GuardKilled,
    Fault::BothKilled,
];

/// Faults of the secured site, for the draw.
const SECURED: u64 = 3;

/// How long a call may take here; then its outcome is unknown.
pub const CALL_LIMIT: Duration = Duration::from_secs(5);

/// How long a fault lasts that the run can neither get around nor give up on.
const LASTS: Duration = Duration::from_secs(15);

/// What these tests share: a cluster that is theirs alone, and a lake that each finds and leaves as it was made.
struct Field {
    lake: Lake,
    before: Seen,
}

/// One test at a time; after one that failed the next gets a new lake.
fn with_field(test: impl FnOnce(&Field)) {
    static HDFS: OnceLock<Hdfs> = OnceLock::new();
    static FIELD: Mutex<Option<Field>> = Mutex::new(None);
    let mut turn = FIELD.lock().unwrap_or_else(|broken| broken.into_inner());
    let hdfs = HDFS.get_or_init(|| Hdfs::start(&Settings::of(Kind::Ha)));
    heal(hdfs, None);
    let field = turn.take().unwrap_or_else(|| {
        let lake = Lake::new(hdfs, 300, CALL_LIMIT);
        let before = lake.seen();
        Field { lake, before }
    });
    test(&field);
    take_back(&field.lake, &field.before);
    *turn = Some(field);
}

/// Makes the cluster whole again, whatever was done to it.
fn heal(hdfs: &Hdfs, lake: Option<&Lake>) {
    hdfs.say("thaw");
    hdfs.say("heal");
    hdfs.say("safemode leave");
    if let Some(lake) = lake {
        hdfs.say(&format!("quota {} - -", lake.path));
    }
}

impl Fault {
    /// Strikes while the run works. What lasts until the run has ended is taken away by `heal`.
    fn strike(self, lake: &Lake, run: &RunId) {
        let hdfs = lake.hdfs;
        match self {
            Fault::Failover => drop(hdfs.say("failover")),
            Fault::NameNodeKilled => {
                hdfs.say("killnn");
                hdfs.say("failover");
            }
            Fault::NoneActive => {
                hdfs.say("standby");
                std::thread::sleep(Duration::from_secs(1));
                hdfs.say("failover");
            }
            Fault::Frozen => {
                hdfs.say("freeze");
                std::thread::sleep(CALL_LIMIT + Duration::from_secs(1));
                hdfs.say("thaw");
            }
            Fault::SafeMode => drop(hdfs.say("safemode enter")),
            Fault::DataNodeKilled => drop(hdfs.say("killdn 1")),
            Fault::AllDataNodesKilled | Fault::NoDataNodes => {
                (0..3).for_each(|number| drop(hdfs.say(&format!("killdn {number}"))))
            }
            Fault::QuotaOfNames => drop(hdfs.say(&format!("quota {} 1 -", lake.path))),
            Fault::QuotaOfSpace => drop(hdfs.say(&format!("quota {} - 1", lake.path))),
            Fault::WorkerKilled => self.kill(lake, run, true, false),
            Fault::GuardKilled => self.kill(lake, run, false, true),
            Fault::BothKilled => self.kill(lake, run, true, true),
        }
    }

    /// How long it stays when the run does not end.
    fn lasts(self) -> Duration {
        match self {
            Fault::NoDataNodes => DEADLINE,
            _ => LASTS,
        }
    }

    fn kill(self, lake: &Lake, run: &RunId, worker: bool, guard: bool) {
        // None: the run has ended meanwhile.
        let Some(live) = lake.live(run) else { return };
        if guard {
            kill(live.guard);
        }
        if worker {
            kill(live.worker);
        }
    }
}

/// Waits until the run of a command has come to a state, or has ended.
fn reach(lake: &Lake, command: &mut Begun, earlier: &[RunId], state: TargetState) -> Option<RunId> {
    let begin = Instant::now();
    let run = loop {
        // Runs whose worker and guard were killed left their notes.
        if let Some(run) = lake.live_runs().into_iter().find(|run| !earlier.contains(run)) {
            break run;
        }
        if !command.is_running() {
            return None;
        }
        assert!(begin.elapsed() < DEADLINE, "no run begins");
        std::thread::sleep(Duration::from_millis(5));
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let home = lake.base.path();
        let paths = Paths {
            config: home.join(".config/lakehand"),
            state: home.join(".local/state/lakehand"),
            cache: home.join(".cache/lakehand"),
            runtime: home.join(".local/state/lakehand/runtime"),
        };
        // It may have ended before there was a view.
        let Ok(mut view) = client::attach(&paths, &run).await else { return };
        let watch = async {
            while !view.snapshot.targets.iter().any(|target| target.outcome.state >= state) {
                match view.next().await {
                    Ok(Some(Reply::Event { event })) => view.snapshot.apply(event),
                    Ok(Some(Reply::Welcome { snapshot })) => view.snapshot = *snapshot,
                    _ => break,
                }
            }
        };
        tokio::time::timeout(DEADLINE, watch).await.expect("the state never came");
    });
    Some(run)
}

pub const FAST: [&str; 4] = ["--yes", "--output", "json", "--verbose"];

fn compact() -> Vec<&'static str> {
    [&["compact", "--table", "sales.orders", "--quiet-period", "0s", "--window-limit", "60s"][..], &FAST].concat()
}

fn rollback() -> Vec<&'static str> {
    [&["rollback"][..], &FAST].concat()
}

/// One command with a fault in it, and what must hold afterwards.
fn one(lake: &Lake, arguments: &[&str], state: TargetState, fault: Fault, before: &Seen) -> Done {
    let strike = Strike {
        name: format!("{fault:?}"),
        strike: &|lake, run| fault.strike(lake, run),
        lasts: fault.lasts(),
        heal: &|lake| heal(lake.hdfs, Some(lake)),
    };
    struck(lake, arguments, state, &strike, before)
}

/// What happens in the middle of a run, and how it is made good.
pub struct Strike<'a> {
    pub name: String,
    pub strike: &'a dyn Fn(&Lake, &RunId),
    pub lasts: Duration,
    pub heal: &'a dyn Fn(&Lake),
}

/// See [`one`].
pub fn struck(lake: &Lake, arguments: &[&str], state: TargetState, fault: &Strike<'_>, before: &Seen) -> Done {
    let earlier = lake.live_runs();
    let mut command = lake.begin(arguments);
    if let Some(run) = reach(lake, &mut command, &earlier, state) {
        (fault.strike)(lake, &run);
    }
    let begin = Instant::now();
    while command.is_running() && begin.elapsed() < fault.lasts {
        std::thread::sleep(Duration::from_millis(20));
    }
    let gave_up = !command.is_running();
    (fault.heal)(lake);
    let done = command.end();
    let what = format!("{} with {} at {state:?}", arguments[0], fault.name);
    assert!(gave_up || fault.lasts < DEADLINE, "{what} did not end by itself: {done:?}");
    assert!([0, 1, 3, 4, 6].contains(&done.status), "{what}: {done:?}");
    // A state for a person: a document that says what became of the run, or an error that says what to do next.
    assert!(!done.stdout.trim().is_empty() || !done.stderr.trim().is_empty(), "{what} says nothing");
    wait_for_workers(lake);
    recover(lake, &what);
    let after = lake.seen();
    assert_eq!(after.rows, before.rows, "{what}: {done:?}");
    assert!(after.unrest.is_empty(), "{what} leaves {:?}: {done:?}", after.unrest);
    println!("{what}: exit {}, {} files", done.status, after.files);
    done
}

/// The guard may still be at work when the command has ended.
fn wait_for_workers(lake: &Lake) {
    let begin = Instant::now();
    let works = |run: &RunId| lake.live(run).is_some_and(|live| live.worker.is_alive() || live.guard.is_alive());
    while lake.live_runs().iter().any(works) {
        assert!(begin.elapsed() < DEADLINE, "a worker does not end");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// `recover` has finished when it says that nothing is left; each time it must get further, so a few times are enough.
pub fn recover(lake: &Lake, what: &str) {
    for _ in 0..3 {
        let done = lake.run(&["recover", "--yes", "--output", "json"]);
        let document = done.json();
        if done.status == 0 && document["targets"].as_array().is_none_or(Vec::is_empty) {
            return;
        }
        assert!([0, 4].contains(&done.status), "recover after {what}: {done:?}");
        wait_for_workers(lake);
    }
    panic!("recover does not finish after {what}");
}

/// Takes back whatever is compacted, the newest run first, so that the lake is as at its beginning.
pub fn take_back(lake: &Lake, before: &Seen) {
    for _ in 0..12 {
        if lake.seen().files == before.files {
            break;
        }
        let history = lake.run(&["history", "--output", "json"]).exits(0).json();
        // A rollback can be taken back as well: those are meant whose backups hold the many files of the beginning.
        let can = |run: &&Value| {
            let originals = run["kind"] == "compact" || run["backup_files"].as_u64() > run["targets_done"].as_u64();
            originals && run["can"].as_array().unwrap().iter().any(|verb| verb == "rollback")
        };
        let Some(run) = history["runs"].as_array().unwrap().iter().find(can) else {
            panic!("files of a compaction are live, and no run can be taken back: {history}");
        };
        let done = lake.run(&[&["rollback", run["run"].as_str().unwrap()][..], &FAST].concat());
        assert!([0, 4].contains(&done.status), "rollback: {done:?}");
    }
    assert_eq!(lake.seen(), *before);
}

/// A fault in the middle of a compaction and in the middle of the rollback of one.
fn strikes(fault: Fault, state: TargetState) {
    strikes_and(fault, state, |_, _| {});
}

/// The same, and what else must hold of what the two commands said.
fn strikes_and(fault: Fault, state: TargetState, holds: impl Fn(&str, &Done)) {
    with_field(|Field { lake, before }| {
        holds("compact", &one(lake, &compact(), state, fault, before));
        if lake.seen().files == before.files {
            lake.run(&compact()).exits(0);
            assert_eq!(lake.seen().rows, before.rows);
        }
        holds("rollback", &one(lake, &rollback(), TargetState::Exchanging, fault, before));
    });
}

#[test]
fn a_failover() {
    strikes(Fault::Failover, TargetState::Exchanging);
}

#[test]
fn a_killed_namenode() {
    strikes(Fault::NameNodeKilled, TargetState::Exchanging);
}

#[test]
fn no_active_namenode_for_a_while() {
    strikes(Fault::NoneActive, TargetState::Exchanging);
}

#[test]
fn a_namenode_that_hangs() {
    strikes(Fault::Frozen, TargetState::Exchanging);
}

#[test]
fn safe_mode() {
    strikes(Fault::SafeMode, TargetState::Writing);
}

#[test]
fn a_killed_datanode_is_got_around() {
    strikes_and(Fault::DataNodeKilled, TargetState::Writing, |what, done| {
        assert_eq!(done.status, 0, "{what}: {done:?}");
    });
}

#[test]
fn all_datanodes_killed() {
    strikes(Fault::AllDataNodesKilled, TargetState::Writing);
}

/// Each target that is not done says why and what to do, and there is an end to it.
#[test]
fn datanodes_that_stay_away() {
    strikes_and(Fault::NoDataNodes, TargetState::Writing, |what, done| {
        assert!(done.status == 0 || done.all().contains("DataNodes"), "{what}: {done:?}");
    });
}

#[test]
fn no_names_left_by_a_quota() {
    strikes(Fault::QuotaOfNames, TargetState::Exchanging);
}

#[test]
fn no_space_left_by_a_quota() {
    strikes(Fault::QuotaOfSpace, TargetState::Writing);
}

#[test]
fn a_killed_worker() {
    strikes(Fault::WorkerKilled, TargetState::Exchanging);
}

#[test]
fn a_killed_guard() {
    strikes(Fault::GuardKilled, TargetState::Exchanging);
}

#[test]
fn a_killed_worker_and_guard() {
    strikes(Fault::BothKilled, TargetState::Writing);
}

/// While planning, before any run: what cannot be read is not "nothing to do", though other targets are in order.
#[test]
fn a_plan_without_datanodes_fails() {
    with_field(|Field { lake, before }| {
        (0..3).for_each(|number| drop(lake.hdfs.say(&format!("killdn {number}"))));
        let done = lake.run(&compact());
        heal(lake.hdfs, Some(lake));
        let error = done.exits(1).json()["error"].clone();
        assert_eq!(error["code"], "unavailable");
        assert!(!error["why"].as_str().unwrap().contains("DatanodeInfoProto"), "{error}");
        assert_eq!(lake.seen(), *before);
    });
}

/// A hundred at random, the same each time: `cargo test --test hadoop a_hundred -- --ignored --nocapture`, with
/// FAULTS_SEED and FAULTS_COUNT for others.
#[test]
#[ignore = "takes half an hour"]
fn a_hundred_at_random() {
    let number = |name: &str, usual: u64| std::env::var(name).map_or(usual, |text| text.parse().unwrap());
    let mut dice = Dice(number("FAULTS_SEED", 20_261_121));
    let rounds = number("FAULTS_COUNT", 100);
    with_field(|Field { lake, before }| {
        for round in 0..rounds {
            let fault = dice.roll(ALL.len() as u64 + SECURED);
            let states = [TargetState::Listing, TargetState::Writing, TargetState::Verifying, TargetState::Exchanging];
            let state = states[dice.roll(states.len() as u64) as usize];
            let Some(fault) = ALL.get(fault as usize).copied() else {
                println!("round {round}: on the secured site at {state:?}");
                crate::secured::at_random(fault, state);
                continue;
            };
            println!("round {round}: {fault:?} at {state:?}");
            if lake.seen().files == before.files {
                one(lake, &compact(), state, fault, before);
            } else {
                one(lake, &rollback(), state, fault, before);
            }
        }
    });
}

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}
