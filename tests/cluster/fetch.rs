//! What the servers are made of: fetched and compiled by tests/cluster/fetch, once for all clones of this user.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// Where tests/cluster/fetch put things.
pub struct Fetched {
    pub java: PathBuf,
    home: PathBuf,
    pub python: PathBuf,
}

/// A file of this directory.
pub fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cluster").join(name)
}

/// Fetches what is missing, at the first call.
pub fn fetched() -> &'static Fetched {
    static FETCHED: OnceLock<Fetched> = OnceLock::new();
    FETCHED.get_or_init(|| {
        let mut command = Command::new(source("fetch"));
        let output = command.stdin(Stdio::null()).output().unwrap();
        let messages = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "what the test cluster needs cannot be fetched:\n{messages}");
        let text = String::from_utf8(output.stdout).unwrap();
        let value = |key: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
            PathBuf::from(line.unwrap_or_else(|| panic!("tests/cluster/fetch printed no {key}: {text}\n{messages}")))
        };
        Fetched { java: value("java"), home: value("home"), python: value("python") }
    })
}

impl Fetched {
    /// The tables of a metastore (`hms-3.1`), for Derby.
    pub fn schema(&self, server: &str) -> PathBuf {
        self.home.join(server).join("schema.sql")
    }

    /// A JVM with the classes and jars of a server (`hdfs`, `hms-3.1`); small, quick to start, and on IPv4.
    pub fn jvm(&self, server: &str, heap: &str, conf: Option<&Path>) -> Command {
        let parts = self.home.join(server);
        let jars = std::fs::read_to_string(parts.join("jars")).unwrap();
        let mut classes = format!("{}:{}", parts.join("classes").display(), jars.trim());
        if let Some(directory) = conf {
            classes = format!("{}:{classes}", directory.display());
        }
        let mut command = Command::new(self.java.join("bin/java"));
        command.arg(format!("-Xmx{heap}"));
        command.args([
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Xshare:auto",
            "-Djava.net.preferIPv4Stack=true",
        ]);
        // WebHDFS and the metastores' way onto loopback look into these.
        command.args(["--add-opens=java.base/java.lang=ALL-UNNAMED", "--add-opens=java.base/java.net=ALL-UNNAMED"]);
        command.args(["-cp", &classes]);
        command
    }
}
