//! A lake on HDFS, and a user of the real program who works on it.

use std::collections::BTreeMap;
use std::hash::Hasher;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use lakehand::demo::{self, DemoOptions};
use lakehand::ipc::{LiveNote, ProcessId, RunPlaces, read_note};
use lakehand::model::RunId;
use parquet::file::reader::{FileReader, SerializedFileReader};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::cluster::Hdfs;

/// The longest that anything here may take; a condition that is not there by then never comes.
pub const DEADLINE: Duration = Duration::from_secs(300);

/// A lake and a user's directories; the user's go with this.
pub struct Lake {
    pub hdfs: &'static Hdfs,
    /// The lake's path on HDFS.
    pub path: String,
    pub base: tempfile::TempDir,
    /// How the program is told of it.
    named: Vec<String>,
    environment: Vec<(String, String)>,
    looks: std::cell::Cell<u32>,
}

/// What a command did.
#[derive(Debug)]
pub struct Done {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

/// What lies in the lake.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// For each table directory the rows that a reader sees, as a sum that does not depend on their order.
    pub rows: BTreeMap<PathBuf, (u64, u64)>,
    /// Visible files.
    pub files: u64,
    /// What no lake at rest has: tripwires, and epochs that are not at rest.
    pub unrest: Vec<PathBuf>,
}

impl Lake {
    /// The table `sales.orders` of a demo lake of about so many files, which belongs to the user; and a user whose calls
    /// time out after `call_limit`.
    pub fn new(hdfs: &'static Hdfs, files: u64, call_limit: Duration) -> Lake {
        let base = tempfile::tempdir().unwrap();
        let local = base.path().join("lake");
        demo::create(&local, &DemoOptions { files, seed: 7, now: chrono::Utc::now() }).unwrap();
        let path = hdfs.fresh("lake");
        hdfs.say(&format!("mkdir {path}/sales.db"));
        hdfs.put(&local.join("sales.db/orders"), &format!("{path}/sales.db/orders"));
        hdfs.say(&format!("own {path} {}", hdfs.user()));
        std::fs::remove_dir_all(&local).unwrap();
        let named = vec!["--lake".to_owned(), format!("{}{path}", hdfs.uri())];
        let lake = Lake { hdfs, path, base, named, environment: hdfs.environment(), looks: std::cell::Cell::new(0) };
        lake.configure(&format!("limits:\n  call_timeout: {}s\n", call_limit.as_secs()));
        lake
    }

    /// A directory of tables, and a user with this configuration and environment.
    pub fn of_profile(
        hdfs: &'static Hdfs,
        path: &str,
        configuration: &str,
        environment: Vec<(String, String)>,
    ) -> Lake {
        let (base, path) = (tempfile::tempdir().unwrap(), path.to_owned());
        let lake = Lake { hdfs, path, base, named: Vec::new(), environment, looks: std::cell::Cell::new(0) };
        lake.configure(configuration);
        lake
    }

    fn configure(&self, text: &str) {
        let config = self.base.path().join(".config/lakehand");
        std::fs::create_dir_all(&config).unwrap();
        std::fs::write(config.join("config.yaml"), text).unwrap();
    }

    /// The program with these arguments on this lake, without a terminal.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lakehand"));
        command.args(arguments).args(&self.named);
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", self.base.path());
        if let Some(user) = std::env::var_os("HADOOP_USER_NAME") {
            command.env("HADOOP_USER_NAME", user);
        }
        command.env("USER", self.hdfs.user()).envs(self.environment.iter().cloned());
        command.current_dir(self.base.path()).stdin(Stdio::null());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Done {
        self.begin(arguments).end()
    }

    /// Starts a command that is waited for later.
    pub fn begin(&self, arguments: &[&str]) -> Begun {
        let log = |name: &str| {
            self.looks.set(self.looks.get() + 1);
            self.base.path().join(format!("{name}-{}", self.looks.get()))
        };
        let (stdout, stderr) = (log("stdout"), log("stderr"));
        let mut command = self.command(arguments);
        command.stdout(std::fs::File::create(&stdout).unwrap()).stderr(std::fs::File::create(&stderr).unwrap());
        Begun { child: command.spawn().unwrap(), stdout, stderr, what: format!("{arguments:?}") }
    }

    pub fn places(&self) -> RunPlaces {
        let state = self.base.path().join(".local/state/lakehand");
        RunPlaces::new(&state, &state.join("runtime"))
    }

    /// The runs of this user that have not ended.
    pub fn live_runs(&self) -> Vec<RunId> {
        self.places().runs_with("live").unwrap_or_default()
    }

    pub fn live(&self, run: &RunId) -> Option<LiveNote> {
        read_note(&self.places().live(run)).unwrap()
    }

    /// What lies in the lake, by a copy of it.
    pub fn seen(&self) -> Seen {
        let copy = tempfile::tempdir_in(self.base.path()).unwrap();
        let root = copy.path().join("lake");
        self.hdfs.get(&self.path, &root);
        let mut seen = Seen::default();
        look(&root, &root, &mut seen);
        seen
    }
}

impl Drop for Lake {
    /// A test that fails leaves no worker behind.
    fn drop(&mut self) {
        for run in self.live_runs() {
            if let Ok(Some(live)) = read_note::<LiveNote>(&self.places().live(&run)) {
                kill(live.guard);
                kill(live.worker);
            }
        }
    }
}

fn look(root: &Path, directory: &Path, seen: &mut Seen) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let path = entry.path().strip_prefix(root).unwrap().to_owned();
        if name == ".lakehand" {
            find_epochs(root, &entry.path(), seen);
        } else if name.starts_with(['.', '_']) {
            continue;
        } else if entry.file_type().unwrap().is_dir() {
            look(root, &entry.path(), seen);
        } else if name.contains("!lakehand-exchange-") {
            seen.unrest.push(path);
        } else {
            seen.files += 1;
            let sum = seen.rows.entry(path.parent().unwrap().to_owned()).or_default();
            let reader = SerializedFileReader::new(std::fs::File::open(entry.path()).unwrap()).unwrap();
            for row in reader.get_row_iter(None).unwrap() {
                let mut hasher = xxhash_rust::xxh3::Xxh3::new();
                hasher.write(row.unwrap().to_string().as_bytes());
                *sum = (sum.0 + 1, sum.1.wrapping_add(hasher.finish()));
            }
        }
    }
}

fn find_epochs(root: &Path, place: &Path, seen: &mut Seen) {
    for entry in std::fs::read_dir(place).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if name.contains(".w") && !name.ends_with(".rest") {
            seen.unrest.push(entry.path().strip_prefix(root).unwrap().to_owned());
        }
    }
}

/// A command that works.
pub struct Begun {
    child: Child,
    stdout: PathBuf,
    stderr: PathBuf,
    what: String,
}

impl Begun {
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits for its end; the test fails when it does not come.
    pub fn end(mut self) -> Done {
        let begin = Instant::now();
        while self.is_running() {
            if begin.elapsed() > DEADLINE {
                let _ = self.child.kill();
                let done = self.done();
                panic!("{} does not end: {done:?}", self.what);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        self.done()
    }

    fn done(&mut self) -> Done {
        let text = |path: &Path| String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
        let status = self.child.wait().unwrap().code().unwrap_or(-1);
        Done { status, stdout: text(&self.stdout), stderr: text(&self.stderr) }
    }
}

impl Done {
    #[track_caller]
    pub fn exits(self, status: i32) -> Done {
        assert_eq!(self.status, status, "{}{}", self.stdout, self.stderr);
        self
    }

    /// Everything that it said.
    pub fn all(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }
}

/// Ends a process for good and waits until it is gone.
pub fn kill(process: ProcessId) {
    let pid = Pid::from_raw(i32::try_from(process.pid).unwrap()).unwrap();
    if process.is_alive() {
        let _ = kill_process(pid, Signal::KILL);
    }
    let until = Instant::now() + DEADLINE;
    while process.is_alive() {
        assert!(Instant::now() < until, "{process:?} does not die");
        std::thread::sleep(Duration::from_millis(5));
    }
}
