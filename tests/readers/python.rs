//! The Python that the readers run in: found, or made once for all clones of this user.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::OnceLock;

use rustix::fs::{FlockOperation, flock};

/// What is installed; another list is another environment.
const PACKAGES: [&str; 3] = ["duckdb==2.0.0", "pyarrow==26.0.1", "polars==2.1.0"];

/// The interpreter. `READERS_PYTHON` names one that has the packages already.
pub fn interpreter() -> &'static Path {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    FOUND.get_or_init(|| match std::env::var_os("READERS_PYTHON") {
        Some(python) => PathBuf::from(python),
        None => make(&cache_directory()),
    })
}

fn cache_directory() -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    cache
        .or_else(|| std::env::home_dir().map(|home| home.join(".cache")))
        .expect("neither XDG_CACHE_HOME nor HOME is set")
        .join("lakehand-test")
}

/// Makes the environment unless it is complete; processes take turns by a lock beside it.
fn make(cache: &Path) -> PathBuf {
    fs::create_dir_all(cache).unwrap();
    let venv = cache.join(format!("venv-{}", PACKAGES.join("-").replace("==", "-")));
    let lock = File::create(venv.with_extension("lock")).unwrap();
    flock(&lock, FlockOperation::LockExclusive).unwrap();
    let python = venv.join("bin/python");
    let complete = venv.join("complete");
    if !complete.exists() {
        let _ = fs::remove_dir_all(&venv);
        let arguments = ["-m", "venv"].map(AsRef::as_ref);
        must(Command::new("python3").args::<_, &Path>(arguments).arg(&venv), "on Debian: apt install python3-venv");
        let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
        must(Command::new(&python).args(install).args(PACKAGES), "the packages come from PyPI or pip's configuration");
        File::create(&complete).unwrap();
    }
    python
}

fn must(command: &mut Command, hint: &str) {
    match command.status() {
        Ok(status) if status.success() => {}
        result => panic!("the Python for these tests cannot be made: {command:?}: {result:?}\n{hint}"),
    }
}

/// A script of this directory, ready to be run.
pub fn script(name: &str) -> Command {
    let mut command = Command::new(interpreter());
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/readers").join(name));
    command
}

/// Runs a script to its end and returns what it printed; the test ends with its messages if it fails.
pub fn run(name: &str, arguments: &[&Path]) -> String {
    let output = script(name).args(arguments).output().unwrap();
    let messages = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name} {arguments:?}: {}\n{messages}", output.status);
    String::from_utf8(output.stdout).unwrap()
}

/// A script that works beside the test until it is told to stop.
pub struct Beside {
    child: Child,
    stdout: std::io::BufReader<ChildStdout>,
    name: String,
}

impl Beside {
    /// Starts a script and waits until it says that it is ready.
    pub fn start(name: &str, arguments: &[String]) -> Beside {
        use std::io::BufRead;
        let mut child = script(name).args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdout = std::io::BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let mut beside = Beside { child, stdout, name: format!("{name} {arguments:?}") };
        if line != "ready\n" {
            beside.fail();
        }
        beside
    }

    /// Whether it goes on; a script of this kind ends early only when it found something wrong.
    pub fn check(&mut self) {
        if self.child.try_wait().unwrap().is_some_and(|status| !status.success()) {
            self.fail();
        }
    }

    /// Waits for the end and returns what it printed since it was ready.
    pub fn finish(mut self) -> String {
        use std::io::Read;
        let mut text = String::new();
        self.stdout.read_to_string(&mut text).unwrap();
        if !self.child.wait().unwrap().success() {
            self.fail();
        }
        text
    }

    fn fail(&mut self) -> ! {
        use std::io::Read;
        let mut messages = String::new();
        let _ = self.child.stderr.take().unwrap().read_to_string(&mut messages);
        panic!("{}: {messages}", self.name);
    }
}
