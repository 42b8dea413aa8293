//! The real binary on a lake of its own, with directories of the user that nobody else has.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

/// A lake and a user.
pub struct Program {
    home: TempDir,
}

impl Program {
    /// An empty lake.
    pub fn new() -> Program {
        let home = tempfile::Builder::new().prefix("lh").tempdir().unwrap();
        for directory in ["lake", "config", "state", "cache", "run"] {
            fs::create_dir(home.path().join(directory)).unwrap();
        }
        Program { home }
    }

    /// A directory beside the lake.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// The lake's directory.
    pub fn lake(&self) -> PathBuf {
        self.beside("lake")
    }

    /// A command on this lake.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lakehand"));
        command.args(arguments).arg("--lake").arg(self.lake()).env("HOME", self.home.path());
        for (variable, directory) in [
            ("XDG_CONFIG_HOME", "config"),
            ("XDG_STATE_HOME", "state"),
            ("XDG_CACHE_HOME", "cache"),
            ("XDG_RUNTIME_DIR", "run"),
        ] {
            command.env(variable, self.beside(directory));
        }
        command
    }

    /// Runs a command to its end.
    pub fn output(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs a command that must end with exit code 0.
    pub fn done(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        assert!(output.status.success(), "{arguments:?}: {}\n{}\n{}", output.status, text[0], text[1]);
        text.concat()
    }
}

/// Every visible file below a directory: name to length and modification time, which together are its identity.
pub fn visible_files(lake: &Path) -> BTreeMap<PathBuf, (u64, i64, i64)> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![lake.to_path_buf()];
    while let Some(directory) = waiting.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let entry = entry.unwrap();
            let metadata = entry.metadata().unwrap();
            if entry.file_name().to_string_lossy().starts_with('.') {
            } else if metadata.is_dir() {
                waiting.push(entry.path());
            } else {
                let path = entry.path().strip_prefix(lake).unwrap().to_path_buf();
                found.insert(path, (metadata.len(), metadata.mtime(), metadata.mtime_nsec()));
            }
        }
    }
    found
}

/// Makes a file two days old, so that its target does not count as being written.
pub fn age(path: &Path) {
    let past = SystemTime::now() - Duration::from_secs(2 * 86_400);
    fs::File::open(path).unwrap().set_modified(past).unwrap();
}

/// Copies a directory with everything visible below it.
pub fn copy(from: &Path, to: &Path) {
    for path in visible_files(from).into_keys() {
        fs::create_dir_all(to.join(&path).parent().unwrap()).unwrap();
        fs::copy(from.join(&path), to.join(&path)).unwrap();
    }
}
