//! A user with directories of their own, who runs the real program and looks at what it says.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A user; gone with this.
pub struct User {
    home: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

/// What a command did.
pub struct Done {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

impl User {
    pub fn new() -> User {
        User { home: tempfile::tempdir().unwrap(), variables: Vec::new() }
    }

    /// The same user with one more variable.
    pub fn with(mut self, name: &str, value: &str) -> User {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn home(&self) -> PathBuf {
        self.home.path().canonicalize().unwrap()
    }

    pub fn directory(&self, name: &str) -> PathBuf {
        let path = self.home().join(name);
        std::fs::create_dir_all(&path).unwrap();
        path
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.home().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    /// The program with these arguments, without a terminal, in the home directory.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lakehand"));
        command.args(arguments);
        self.dress(&mut command);
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Done {
        done(self.command(arguments).output().unwrap())
    }

    pub fn shell(&self, script: &str) -> Done {
        let mut command = Command::new("bash");
        command.args(["-c", script]);
        self.dress(&mut command);
        done(command.output().unwrap())
    }

    /// A program for a terminal of its own, which is its standard input.
    pub fn in_terminal(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments);
        self.dress(&mut command);
        command.env("TERM", "xterm-256color").env("LANG", "C.UTF-8").stdin(Stdio::inherit());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    fn dress(&self, command: &mut Command) {
        let path = std::env::var_os("PATH").unwrap_or_default();
        command.env_clear().env("PATH", path).env("HOME", self.home()).current_dir(self.home());
        command.envs(self.variables.iter().map(|(name, value)| (name, value))).stdin(Stdio::null());
    }
}

fn done(output: Output) -> Done {
    Done {
        status: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

impl Done {
    #[track_caller]
    pub fn exits(&self, status: i32) -> &Done {
        assert_eq!(self.status, status, "{}{}", self.stdout, self.stderr);
        self
    }

    /// Standard error has this text, however it was broken into lines.
    #[track_caller]
    pub fn says(&self, text: &str) -> &Done {
        assert!(joined(&self.stderr).contains(&joined(text)), "{text:?} is not in:\n{}", self.stderr);
        self
    }

    /// Standard output has this text.
    #[track_caller]
    pub fn prints(&self, text: &str) -> &Done {
        assert!(joined(&self.stdout).contains(&joined(text)), "{text:?} is not in:\n{}", self.stdout);
        self
    }

    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in:\n{}", self.stdout))
    }
}

fn joined(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Every name of a field, at any depth.
pub fn fields(value: &serde_json::Value, found: &mut std::collections::BTreeSet<String>) {
    match value {
        serde_json::Value::Object(map) => {
            for (name, value) in map {
                found.insert(name.clone());
                fields(value, found);
            }
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| fields(item, found)),
        _ => {}
    }
}

/// The text of a file of the repository.
pub fn repository(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}
