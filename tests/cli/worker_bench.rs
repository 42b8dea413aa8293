//! A small lake, the directories of a user, and workers of the real program on it.

use std::collections::BTreeMap;
use std::hash::Hasher;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use lakehand::action::{self, Selection, Session};
use lakehand::client::{self, Attached};
use lakehand::config::{Paths, Settings};
use lakehand::demo::{self, DemoOptions};
use lakehand::error::{Error, Result};
use lakehand::ipc::{LiveNote, Order, Reply, RunPlaces, read_note};
use lakehand::model::{Plan, RunId, RunSnapshot, Size, StorePath, TableName};
use parquet::file::reader::{FileReader, SerializedFileReader};
use rustix::process::{Pid, Signal, kill_process};
use tokio_util::sync::CancellationToken;

/// The longest that anything here may take; a condition that is not there by then never comes.
pub const DEADLINE: Duration = Duration::from_secs(120);

/// The real program.
pub fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_lakehand"))
}

/// A lake and a user's directories; gone with this.
pub struct Bench {
    pub lake: StorePath,
    pub paths: Paths,
    pub settings: Settings,
    base: tempfile::TempDir,
}

impl Bench {
    /// A demo lake of about so many files.
    pub fn new(files: u64) -> Bench {
        let base = tempfile::tempdir().unwrap();
        let root = base.path().canonicalize().unwrap();
        let options = DemoOptions { files, seed: 7, now: Utc::now() };
        let report = demo::create(&root.join("lake"), &options).unwrap();
        let paths = Paths {
            config: root.join("config"),
            state: root.join("state"),
            cache: root.join("cache"),
            runtime: root.join("runtime"),
        };
        let mut settings = Settings::local_lake(report.lake.clone());
        settings.limits.memory = Size::mib(128);
        Bench { lake: report.lake, paths, settings, base }
    }

    pub fn base(&self) -> &Path {
        self.base.path()
    }

    pub async fn session(&self) -> Session {
        Session::open(Arc::new(self.settings.clone()), self.paths.clone()).await.unwrap()
    }

    /// A plan for a table.
    pub async fn plan(&self, table: &str) -> Plan {
        let selection = Selection::table(TableName::parse(table).unwrap());
        let plan = action::plan(&self.session().await, &selection, None, &CancellationToken::new()).await.unwrap();
        assert!(!plan.targets.is_empty(), "nothing to do in {table}: {:?}", plan.skipped);
        plan
    }

    pub async fn compact_order(&self, table: &str) -> Order {
        Order::Compact {
            plan: Box::new(self.plan(table).await),
            skip_drifted: false,
            accept_window: true,
            limits: Default::default(),
        }
    }

    /// Starts a worker of the real program.
    pub async fn start(&self, order: &Order) -> Result<RunId> {
        within(client::start_program(program(), &self.paths, &self.settings, order)).await
    }

    /// Starts a worker and waits for its end.
    pub async fn carry_out(&self, order: &Order) -> RunSnapshot {
        let run = self.start(order).await.unwrap();
        end_of(self.attach(&run).await).await.unwrap()
    }

    pub async fn attach(&self, run: &RunId) -> Attached {
        within(client::attach(&self.paths, run)).await.unwrap()
    }

    pub fn places(&self) -> RunPlaces {
        RunPlaces::new(&self.paths.state, &self.paths.runtime)
    }

    /// The processes of a run that lives.
    pub fn live(&self, run: &RunId) -> LiveNote {
        read_note(&self.places().live(run)).unwrap().expect("the run lives")
    }

    /// For each table directory the rows that a reader sees, as a sum that does not depend on their order, and the
    /// number of files. A visible file that is no Parquet is a tripwire: it is counted apart.
    pub fn seen(&self) -> Seen {
        let mut seen = Seen::default();
        look(Path::new(self.lake.as_str()), &mut seen);
        seen
    }

    /// The rows of the files below any directory.
    pub fn rows_below(directory: &Path) -> BTreeMap<PathBuf, (u64, u64)> {
        let mut seen = Seen::default();
        look(directory, &mut seen);
        seen.rows
    }

    /// The entries below the lake's own directory that are at work: epochs that are not at rest, tripwires.
    pub fn unrested(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        find_unrested(&Path::new(self.lake.as_str()).join(".lakehand"), &mut found);
        found
    }
}

impl Drop for Bench {
    /// A test that fails leaves no worker behind: the lake that it works on goes with the bench.
    fn drop(&mut self) {
        let places = self.places();
        for run in places.runs_with("live").unwrap_or_default() {
            if let Ok(Some(live)) = read_note::<LiveNote>(&places.live(&run)) {
                kill(live.guard);
                kill(live.worker);
            }
        }
    }
}

/// What readers see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Rows and the sum of their digests, by directory.
    pub rows: BTreeMap<PathBuf, (u64, u64)>,
    /// Files.
    pub files: u64,
    /// Files that no reader can read and that are ours.
    pub tripwires: Vec<PathBuf>,
}

fn look(directory: &Path, seen: &mut Seen) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if name.starts_with(['.', '_']) {
            continue;
        }
        if entry.file_type().unwrap().is_dir() {
            look(&entry.path(), seen);
            continue;
        }
        seen.files += 1;
        match SerializedFileReader::new(std::fs::File::open(entry.path()).unwrap()) {
            Ok(reader) => {
                let sum = seen.rows.entry(directory.to_owned()).or_default();
                for row in reader.get_row_iter(None).unwrap() {
                    let mut hasher = xxhash_rust::xxh3::Xxh3::new();
                    hasher.write(row.unwrap().to_string().as_bytes());
                    *sum = (sum.0 + 1, sum.1.wrapping_add(hasher.finish()));
                }
            }
            Err(_) if name.contains("!lakehand-exchange-") => seen.tripwires.push(entry.path()),
            // The demo has a table with an unfinished file.
            Err(_) => {}
        }
    }
}

fn find_unrested(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).into_iter().flatten() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let is_directory = entry.file_type().unwrap().is_dir();
        let epoch = is_directory && name.starts_with('.') && name.contains(".w");
        if epoch && !name.ends_with(".rest") {
            found.push(entry.path());
        } else if is_directory && !epoch {
            find_unrested(&entry.path(), found);
        }
    }
}

/// Waits, but not for ever.
pub async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, future).await.expect("it never came")
}

/// Follows a view until the state is one that is waited for. An end is passed on.
pub async fn until(view: &mut Attached, seen: impl Fn(&RunSnapshot) -> bool) {
    within(async {
        while !seen(&view.snapshot) {
            match view.next().await.unwrap() {
                Some(Reply::Event { event }) => view.snapshot.apply(event),
                Some(Reply::Welcome { snapshot } | Reply::Ended { snapshot }) => view.snapshot = *snapshot,
                other => panic!("{other:?} before the state that was waited for; it was {:?}", view.snapshot),
            }
        }
    })
    .await;
}

/// Follows a view until the end.
pub async fn end_of(mut view: Attached) -> Result<RunSnapshot, Error> {
    within(async {
        loop {
            match view.next().await? {
                Some(Reply::Ended { snapshot }) => return Ok(*snapshot),
                Some(_) => {}
                None => panic!("no end"),
            }
        }
    })
    .await
}

/// Ends a process for good and waits until it is gone.
pub fn kill(process: lakehand::ipc::ProcessId) {
    let pid = Pid::from_raw(i32::try_from(process.pid).unwrap()).unwrap();
    if process.is_alive() {
        let _ = kill_process(pid, Signal::KILL);
    }
    let until = std::time::Instant::now() + DEADLINE;
    while process.is_alive() {
        assert!(std::time::Instant::now() < until, "{process:?} does not die");
        std::thread::yield_now();
    }
}
