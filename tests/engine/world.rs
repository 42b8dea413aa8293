//! A small lake in a temporary directory, and processes that act on it. Its files hold one row a line, and a rewriter
//! that knows that form makes cases cheap; `real.rs` uses Parquet and the real one.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use lakehand::catalog::DirectoryCatalog;
use lakehand::error::{Code, Error, Result};
use lakehand::format::{MemoryPool, Merge};
use lakehand::ledger::{Actor, Ledger, Life, Processes};
use lakehand::model::{
    Attributes, Event, FileGroup, FileTime, Histogram, KnownFile, Plan, PlanTotals, PlannedFile, PlannedTarget, Policy,
    Rows, RunId, RunSnapshot, Size, StorePath, TargetId, TargetOutcome, Verify,
};
use lakehand::run::seams::{Clock, Random, Rewriter, Rewritten, Tickets, Work};
use lakehand::run::{self, Act, Context, Control, Observer, Patience};
use lakehand::store::{LocalStore, Read, Write, WriteFile};

use crate::fault::{FaultStore, Holds};

/// Runs the many cases of a test beside each other. With one thread for the disk, which always has a call to carry out, no
/// time goes into waking threads for each of a million calls.
pub fn beside_each_other<R>(cases: impl Future<Output = R>) -> R {
    tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(1).build().unwrap().block_on(cases)
}

/// The partition that most tests use.
pub const PART: &str = "db.db/t/dt=1";

/// A lake.
pub struct World {
    directory: tempfile::TempDir,
    pub root: StorePath,
    pub local: Arc<LocalStore>,
    pub clock: Arc<TestClock>,
    pub living: Arc<Living>,
    /// What the store of this world is like.
    holds: Holds,
    processes: AtomicU32,
    rows: AtomicU64,
}

impl World {
    /// An empty lake, in memory where the machine has that.
    pub fn new() -> World {
        World::on(Holds::Locks)
    }

    /// The same on a store of another kind.
    pub fn on(holds: Holds) -> World {
        let directory = if Path::new("/dev/shm").is_dir() {
            tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
        } else {
            tempfile::tempdir().unwrap()
        };
        let lake = fs::canonicalize(directory.path()).unwrap().join("lake");
        fs::create_dir(&lake).unwrap();
        let root = StorePath::new(lake.to_str().unwrap()).unwrap();
        World {
            directory,
            local: Arc::new(LocalStore::below(root.clone())),
            root,
            clock: Arc::new(TestClock::default()),
            living: Arc::new(Living::default()),
            holds,
            processes: AtomicU32::new(100),
            rows: AtomicU64::new(0),
        }
    }

    /// A lake with one partition of `files` files of two rows each.
    pub fn with_files(files: usize) -> World {
        World::with_files_on(files, Holds::Locks)
    }

    pub fn with_files_on(files: usize, holds: Holds) -> World {
        let world = World::on(holds);
        for number in 0..files {
            world.write(PART, &format!("part-{number}.txt"), 2);
        }
        world
    }

    pub fn path(&self, below: &str) -> PathBuf {
        Path::new(self.root.as_str()).join(below)
    }

    /// Somewhere outside the lake.
    pub fn outside(&self, name: &str) -> PathBuf {
        fs::canonicalize(self.directory.path()).unwrap().join(name)
    }

    pub fn store_path(&self, below: &str) -> StorePath {
        self.root.join_all(below)
    }

    /// Writes a new file with so many new rows.
    pub fn write(&self, target: &str, name: &str, rows: u64) -> Vec<u64> {
        fs::create_dir_all(self.path(target)).unwrap();
        let first = self.rows.fetch_add(rows, Ordering::SeqCst);
        let ids: Vec<u64> = (first..first + rows).collect();
        fs::write(self.path(target).join(name), lines(&ids)).unwrap();
        ids
    }

    /// From here on rows have longer numbers, so that no new file is as long as an old one: times are too coarse in a
    /// test to tell two files of one moment apart.
    pub fn number_from(&self, first: u64) {
        self.rows.store(first, Ordering::SeqCst);
    }

    /// Appends so many new rows to a file.
    pub fn grow(&self, path: &Path, rows: u64) -> Vec<u64> {
        use std::io::Write as _;
        let first = self.rows.fetch_add(rows, Ordering::SeqCst);
        let ids: Vec<u64> = (first..first + rows).collect();
        fs::OpenOptions::new().append(true).open(path).unwrap().write_all(lines(&ids).as_bytes()).unwrap();
        ids
    }

    /// The rows that a reader of a target counts; none when it stumbles over a tripwire. What readers ignore is ignored.
    pub fn read(&self, target: &str) -> Option<Vec<u64>> {
        let mut rows = Vec::new();
        for name in self.visible(target) {
            if name.contains("!lakehand-exchange-") {
                return None;
            }
            rows.extend(rows_of(&self.path(target).join(&name)));
        }
        rows.sort_unstable();
        Some(rows)
    }

    /// The visible names of a target.
    pub fn visible(&self, target: &str) -> Vec<String> {
        names(&self.path(target)).into_iter().filter(|name| !name.starts_with(['.', '_'])).collect()
    }

    /// The epochs of a target's place.
    pub fn epochs(&self, target: &str) -> Vec<String> {
        names(&self.place(target)).into_iter().filter(|name| name.starts_with('.')).collect()
    }

    /// The place of a target.
    pub fn place(&self, target: &str) -> PathBuf {
        match self.holds {
            Holds::InTarget => self.path(target).join(".lakehand"),
            Holds::Locks | Holds::Paths => self.path(".lakehand").join(target),
        }
    }

    /// The directory of the only epoch of a target.
    pub fn epoch(&self, target: &str) -> PathBuf {
        let epochs = self.epochs(target);
        assert_eq!(epochs.len(), 1, "{epochs:?}");
        self.place(target).join(&epochs[0])
    }

    /// Every file below the lake's records that is kept, with its path.
    pub fn kept(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let top = if self.holds == Holds::InTarget { self.path("") } else { self.path(".lakehand") };
        collect(&top, &mut found);
        found.retain(|path| path.file_name().unwrap().to_str().unwrap().ends_with(".kept"));
        found
    }

    /// A new process with its own store that can fail.
    pub fn process(&self) -> Process {
        self.process_with(self.holds)
    }

    pub fn process_with(&self, holds: Holds) -> Process {
        let pid = self.processes.fetch_add(1, Ordering::SeqCst);
        let store = FaultStore::with_holds(Arc::clone(&self.local) as Arc<dyn Write>, holds);
        self.living.begin(pid);
        let reading = self.reading();
        let observer = Arc::new(Watcher::default());
        let context = Context {
            store: Arc::clone(&store) as Arc<dyn Write>,
            catalog: Arc::new(DirectoryCatalog::new(Arc::clone(&reading), self.root.clone())),
            root: self.root.clone(),
            index: Ledger::new(reading, self.root.clone(), None).index,
            targets_at_a_time: 2,
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            random: Arc::new(TestRandom(AtomicU64::new(u64::from(pid) << 32))),
            processes: Arc::clone(&self.living) as Arc<dyn Processes>,
            rewriter: Arc::new(Lines),
            observer: Arc::clone(&observer) as Arc<dyn Observer>,
            control: Control::default(),
            tickets: Arc::new(TestTicket(None)),
            patience: Patience::default(),
            pool: Arc::new(MemoryPool::new(Size::mib(64))),
            me: Actor {
                user: "somebody".to_owned(),
                host: "here".to_owned(),
                boot: "boot".to_owned(),
                pid_namespace: "namespace".to_owned(),
                pid,
                started: 1,
            },
        };
        Process { context, store, pid, living: Arc::clone(&self.living), observer }
    }

    /// The store for who only reads, and never fails.
    fn reading(&self) -> Arc<dyn Read> {
        FaultStore::with_holds(Arc::clone(&self.local) as Arc<dyn Write>, self.holds)
    }

    /// The lake's records, for reading.
    pub fn ledger(&self) -> Ledger {
        let reading = self.reading();
        let processes: Arc<dyn Processes> = Arc::clone(&self.living) as Arc<dyn Processes>;
        Ledger { processes, ..Ledger::new(reading, self.root.clone(), None) }
    }

    /// What the lake's clock says.
    pub fn clock_now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// A plan that makes one file of all visible data files of each target.
    pub fn plan(&self, targets: &[&str]) -> Plan {
        let targets: Vec<PlannedTarget> = targets.iter().map(|target| self.planned(target)).collect();
        Plan {
            format: Plan::FORMAT.to_owned(),
            plan: RunId::parse("20261121-0900-abc").unwrap(),
            lake: self.local.uri(&self.root),
            profile: "lake".to_owned(),
            made: Utc::now(),
            policy: Policy { quiet_period: Duration::ZERO, ..Policy::default() },
            targets,
            skipped: Vec::new(),
            totals: PlanTotals::default(),
            room: Vec::new(),
        }
    }

    fn planned(&self, target: &str) -> PlannedTarget {
        let directory = self.path(target);
        let files: Vec<PlannedFile> =
            self.visible(target).iter().map(|name| planned_file(&directory.join(name))).collect();
        let bytes: Size = files.iter().map(|file| file.file.length).sum();
        let rows: Rows = files.iter().map(|file| file.rows).sum();
        let mut before = Histogram::default();
        for file in &files {
            before.add(file.file.length);
        }
        let (first, second) = halves(&files);
        PlannedTarget {
            id: target_id(target),
            location: self.store_path(target),
            identity: String::new(),
            groups: vec![FileGroup {
                key: Lines::KEY.to_owned(),
                label: String::new(),
                outputs: [first, second].into_iter().filter(|files| !files.is_empty()).collect(),
                losses: Vec::new(),
            }],
            summary_files: Vec::new(),
            stays: 0,
            visible_entries: files.len() as u64,
            directory: Attributes::default(),
            after: Histogram::default(),
            files_before: files.len() as u64,
            files_after: 2,
            before,
            bytes,
            rows,
            objects: [0; 3],
            window_ms_estimate: 1,
            work_ms_estimate: 1,
            warnings: Vec::new(),
        }
    }
}

/// Two outputs, so that an exchange can stop between them.
fn halves(files: &[PlannedFile]) -> (Vec<PlannedFile>, Vec<PlannedFile>) {
    let (first, second) = files.split_at(files.len() / 2);
    (first.to_vec(), second.to_vec())
}

pub fn target_id(target: &str) -> TargetId {
    let mut parts = target.splitn(3, '/');
    TargetId {
        database: parts.next().unwrap().trim_end_matches(".db").to_owned(),
        table: parts.next().unwrap().to_owned(),
        partition: parts.next().map(str::to_owned),
    }
}

fn planned_file(path: &Path) -> PlannedFile {
    let facts = fs::metadata(path).unwrap();
    let file = KnownFile {
        name: path.file_name().unwrap().to_str().unwrap().to_owned(),
        length: Size(facts.len()),
        modified: FileTime(facts.mtime() * 1_000_000_000 + facts.mtime_nsec()),
    };
    PlannedFile { file, rows: Rows(rows_of(path).len() as u64) }
}

pub fn names(directory: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort_unstable();
    names
}

fn collect(directory: &Path, found: &mut Vec<PathBuf>) {
    for name in names(directory) {
        let path = directory.join(name);
        if path.is_dir() { collect(&path, found) } else { found.push(path) }
    }
}

fn lines(ids: &[u64]) -> String {
    ids.iter().map(|id| format!("{id}\n")).collect()
}

pub fn rows_of(path: &Path) -> Vec<u64> {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().filter_map(|line| line.parse().ok()).collect()
}

/// One process.
pub struct Process {
    pub context: Context,
    pub store: Arc<FaultStore>,
    pub observer: Arc<Watcher>,
    pid: u32,
    living: Arc<Living>,
}

impl Process {
    /// Reserves an id and carries an act out.
    pub async fn run(&self, act: Act) -> Result<(RunId, Vec<TargetOutcome>)> {
        let run = run::reserve_id(&self.context).await?;
        let outcomes = run::execute(&self.context, run.clone(), act).await?;
        Ok((run, outcomes))
    }

    /// Ends the process: its locks go, what it wrote stays.
    pub async fn end(&self) {
        self.store.die().await;
        self.living.end(self.pid);
    }
}

pub fn compact(plan: Plan) -> Act {
    Act::Compact { plan: Box::new(plan), skip_drifted: false, accept_window: false }
}

pub fn rollback(of: &RunId) -> Act {
    Act::Rollback { of: of.clone(), scope: lakehand::model::Scope::default() }
}

pub fn cleanup(of: &RunId) -> Act {
    Act::Cleanup {
        of: of.clone(),
        scope: lakehand::model::Scope::default(),
        minimum_age: Duration::ZERO,
        skip_trash: true,
    }
}

pub fn recover() -> Act {
    Act::Recover { of: None, scope: lakehand::model::Scope::default(), decide: None, stale_only: false }
}

pub fn decide(decision: lakehand::model::Decision) -> Act {
    Act::Recover { of: None, scope: lakehand::model::Scope::default(), decide: Some(decision), stale_only: false }
}

/// A clock that a test moves. A short sleep moves it, and takes no real time; whoever sleeps longer (the signs of life of
/// a run) waits until it has moved that far.
#[derive(Debug)]
pub struct TestClock(tokio::sync::watch::Sender<Duration>);

/// Sleeps below this move the clock.
const SHORT: Duration = Duration::from_secs(1);

impl Default for TestClock {
    fn default() -> TestClock {
        TestClock(tokio::sync::watch::Sender::new(Duration::ZERO))
    }
}

impl TestClock {
    pub fn advance(&self, time: Duration) {
        self.0.send_modify(|offset| *offset += time);
    }

    /// Waits until a little time has passed.
    pub async fn beat(&self) {
        let until = self.monotonic() + Duration::from_secs(1);
        self.0.subscribe().wait_for(|now| *now >= until).await.unwrap();
    }
}

#[async_trait]
impl Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now() + *self.0.borrow()
    }

    fn monotonic(&self) -> Duration {
        *self.0.borrow()
    }

    async fn pause(&self, time: Duration) {
        self.advance(time);
        tokio::task::yield_now().await;
    }

    async fn sleep(&self, time: Duration) {
        if time < SHORT {
            self.advance(time);
            tokio::task::yield_now().await;
        } else {
            let until = self.monotonic() + time;
            self.0.subscribe().wait_for(|now| *now >= until).await.unwrap();
        }
    }
}

/// What is left of a ticket.
#[derive(Debug)]
pub struct TestTicket(pub Option<Duration>);

#[async_trait]
impl Tickets for TestTicket {
    async fn left(&self) -> Result<Option<Duration>> {
        Ok(self.0)
    }
}

#[derive(Debug)]
struct TestRandom(AtomicU64);

impl Random for TestRandom {
    fn bits(&self) -> Result<u64> {
        let mut bits = self.0.fetch_add(1, Ordering::SeqCst).wrapping_add(0x9E37_79B9_7F4A_7C15);
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        Ok(bits ^ (bits >> 31))
    }
}

/// The processes that live.
#[derive(Debug, Default)]
pub struct Living(Mutex<std::collections::BTreeSet<u32>>, std::sync::atomic::AtomicBool);

impl Living {
    fn begin(&self, pid: u32) {
        self.0.lock().unwrap().insert(pid);
    }

    /// From here on no process can be seen, as if each were on a host of its own.
    pub fn hide(&self) {
        self.1.store(true, Ordering::SeqCst);
    }

    fn end(&self, pid: u32) {
        self.0.lock().unwrap().remove(&pid);
    }
}

impl Processes for Living {
    fn life(&self, actor: &Actor) -> Life {
        if self.1.load(Ordering::SeqCst) {
            return Life::Unknown;
        }
        if self.0.lock().unwrap().contains(&actor.pid) { Life::Alive } else { Life::Dead }
    }
}

/// Numbers from a seed.
#[derive(Clone, Debug)]
pub struct Draw(u64);

impl Draw {
    pub fn new(seed: u64) -> Draw {
        Draw(seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}

/// Keeps what a run told.
#[derive(Debug, Default)]
pub struct Watcher {
    pub snapshot: Mutex<Option<RunSnapshot>>,
    pub events: Mutex<Vec<Event>>,
}

impl Observer for Watcher {
    fn begun(&self, snapshot: RunSnapshot) {
        *self.snapshot.lock().unwrap() = Some(snapshot);
    }

    fn event(&self, event: Event) {
        self.events.lock().unwrap().push(event);
    }
}

/// A rewriter of files of lines: an output is its sources one after the other.
#[derive(Debug)]
pub struct Lines;

impl Lines {
    pub const KEY: &str = "lines";
}

#[derive(Debug)]
struct WrittenLines(String);

#[async_trait]
impl Rewriter for Lines {
    async fn group_key(&self, store: &dyn Read, directory: &StorePath, file: &KnownFile) -> Result<(String, Rows)> {
        let bytes = store.read_whole(&directory.join(&file.name), Size::mib(1)).await?;
        if bytes.len() as u64 != file.length.0 {
            return Err(Error::new(Code::Changed, "its length changed"));
        }
        Ok((Lines::KEY.to_owned(), Rows(bytes.iter().filter(|byte| **byte == b'\n').count() as u64)))
    }

    async fn rewrite(
        &self,
        store: Arc<dyn Read>,
        merge: Merge,
        sink: &mut dyn WriteFile,
        work: Work,
    ) -> Result<Box<dyn Rewritten>> {
        let mut all = String::new();
        for source in &merge.sources {
            let bytes = store.read_whole(&merge.directory.join(&source.file.name), Size::mib(1)).await?;
            all.push_str(std::str::from_utf8(&bytes).unwrap());
            work.progress.bytes_read(bytes.len() as u64);
        }
        sink.write(all.clone().into()).await?;
        Ok(Box::new(WrittenLines(all)))
    }
}

#[async_trait]
impl Rewritten for WrittenLines {
    fn rows(&self) -> Rows {
        Rows(self.0.lines().count() as u64)
    }

    async fn verify(&self, store: Arc<dyn Read>, output: &StorePath, _: Verify, _: Work) -> Result<()> {
        let bytes = store.read_whole(output, Size::mib(1)).await?;
        if bytes == self.0.as_bytes() { Ok(()) } else { Err(Error::new(Code::Verification, "the lines differ")) }
    }
}
