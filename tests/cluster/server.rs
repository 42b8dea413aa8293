//! A server as a child process: it says READY, answers a line with a line, and ends when its standard input does.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

/// How long a server may be silent before the test fails: far above what any answer takes.
const PATIENCE: Duration = Duration::from_secs(300);

/// A running server. It is stopped, and its directory deleted, when this is dropped; when the process ends without
/// that, the server sees the end of its input and does both itself.
pub struct Process {
    name: String,
    child: Child,
    talk: Mutex<(Option<ChildStdin>, Receiver<String>)>,
    log: PathBuf,
    /// What followed READY.
    pub ready: String,
}

impl Process {
    /// Starts a command and waits until it is ready. Its messages go to DIRECTORY/log.
    pub fn start(name: &str, directory: &Path, command: &mut Command) -> Process {
        let log = directory.join("log");
        let messages = File::options().create(true).append(true).open(&log).unwrap();
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(messages);
        let mut child =
            command.spawn().unwrap_or_else(|error| panic!("{name} cannot be started: {command:?}: {error}"));
        let (sender, lines) = channel();
        let output = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let input = child.stdin.take();
        let mut process =
            Process { name: name.to_owned(), child, talk: Mutex::new((input, lines)), log, ready: String::new() };
        let line = process.line();
        match line.strip_prefix("READY ") {
            Some(rest) => process.ready = rest.to_owned(),
            None => process.fail(&format!("said {line:?} instead of READY")),
        }
        process
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a line and returns the line that answers it.
    pub fn ask(&self, line: &str) -> String {
        let mut talk = self.talk.lock().unwrap_or_else(|broken| broken.into_inner());
        let sent =
            talk.0.as_mut().map(|input| input.write_all(format!("{line}\n").as_bytes()).and_then(|()| input.flush()));
        if !matches!(sent, Some(Ok(()))) {
            self.fail(&format!("does not take {line:?}"));
        }
        self.receive(&talk.1, line)
    }

    fn line(&self) -> String {
        let talk = self.talk.lock().unwrap_or_else(|broken| broken.into_inner());
        self.receive(&talk.1, "its start")
    }

    fn receive(&self, lines: &Receiver<String>, what: &str) -> String {
        match lines.recv_timeout(PATIENCE) {
            Ok(line) => line,
            Err(RecvTimeoutError::Timeout) => self.fail(&format!("is silent for {PATIENCE:?} after {what}")),
            Err(RecvTimeoutError::Disconnected) => self.fail(&format!("ended after {what}")),
        }
    }

    /// Ends the test with the end of the server's log.
    pub fn fail(&self, what: &str) -> ! {
        let log = fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = text.lines().collect();
        panic!("{} {what}; the end of its log:\n{}", self.name, lines[lines.len().saturating_sub(60)..].join("\n"));
    }

    /// Closes its standard input and waits until it has ended by that.
    pub fn end(&mut self) {
        self.talk.lock().unwrap_or_else(|broken| broken.into_inner()).0 = None;
        let _ = self.child.wait();
    }

    /// SIGKILL, and waits until it is gone.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.talk.lock().unwrap_or_else(|broken| broken.into_inner()).0 = None;
        self.kill();
    }
}

/// A directory for a server, below one that carries this process's id. Those of processes that are gone are deleted,
/// which their servers do themselves unless they were killed too.
pub fn directory(name: &str) -> PathBuf {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let root = ROOT.get_or_init(|| {
        let ours = prefix();
        for entry in fs::read_dir(std::env::temp_dir()).unwrap().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let owner = name.strip_prefix(&ours).and_then(|pid| pid.parse::<u32>().ok());
            if owner.is_some_and(|pid| !Path::new("/proc").join(pid.to_string()).exists()) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        root_of(std::process::id())
    });
    let path = root.join(format!("{name}-{}", NUMBER.fetch_add(1, Ordering::Relaxed)));
    fs::create_dir_all(&path).unwrap();
    path
}

/// Where the servers of a process have their directories.
pub fn root_of(pid: u32) -> PathBuf {
    std::env::temp_dir().join(format!("{}{pid}", prefix()))
}

/// With the name space of process numbers: whoever shares only the disk with us has numbers that mean nothing here.
fn prefix() -> String {
    let space = fs::read_link("/proc/self/ns/pid").unwrap();
    let number: String = space.to_string_lossy().chars().filter(char::is_ascii_digit).collect();
    format!("lakehand-cluster-{number}-")
}

/// A number for a port on loopback that nothing listened on a moment ago.
pub fn free_port() -> u16 {
    std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

/// Runs a command to its end; the test ends with its messages if it fails.
pub fn must(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let messages = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{messages}", output.status);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Runs the body in a child, which is this test binary with this one test and another environment: for libraries that
/// read KRB5_CONFIG and the like from it. `environment` is made only by the parent, so that it can start servers there.
pub fn again(test: &str, environment: impl FnOnce() -> Vec<(String, String)>, body: impl FnOnce()) {
    const MARK: &str = "LAKEHAND_TEST_AGAIN";
    if std::env::var(MARK).is_ok_and(|name| name == test) {
        return body();
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([test, "--exact", "--nocapture", "--include-ignored"]).envs(environment()).env(MARK, test);
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let messages = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{test} in a child:\n{text}\n{messages}");
}
