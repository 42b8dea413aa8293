//! The layers, laid over each other key by key; each value keeps its origin.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use super::keys::{self, FLAG_ONLY, KEYS, NEVER_A_VARIABLE, variable_of};
use super::value::Value;
use super::{Paths, file};
use crate::error::{Code, Error, Result};

/// The variables of the process, taken once at the edge.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment(pub BTreeMap<String, String>);

impl Environment {
    /// A variable that is set to something.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The variable that stands for a flag.
    pub fn flag(&self, flag: &str) -> Option<&str> {
        self.get(&variable_of(flag))
    }
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Built in.
    Default,
    /// A file, and the line where it is known.
    File(PathBuf, Option<usize>),
    /// A variable.
    Variable(String),
    /// A flag of the command line.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => formatter.write_str("default"),
            Origin::File(path, Some(line)) => write!(formatter, "{}:{line}", path.display()),
            Origin::File(path, None) => write!(formatter, "{}", path.display()),
            Origin::Variable(name) => write!(formatter, "${name}"),
            Origin::Flag(flag) => write!(formatter, "--{flag}"),
        }
    }
}

/// A value and its origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The value.
    pub value: Value,
    /// Where it came from.
    pub origin: Origin,
}

/// Where settings are looked for.
#[derive(Clone, Debug)]
pub struct Sources<'a> {
    /// The machine's file.
    pub system: &'a Path,
    /// The user's directories.
    pub paths: &'a Paths,
    /// `--config`; it has to be there.
    pub explicit: Option<&'a Path>,
    /// The variables.
    pub environment: &'a Environment,
    /// Flags that set keys: flag, text.
    pub flags: &'a [(&'static str, String)],
}

/// The machine's file.
pub const SYSTEM_FILE: &str = "/etc/lakehand/config.yaml";

/// Everything that is configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Key to value, defaults included except those of profiles.
    pub values: BTreeMap<String, Setting>,
    /// The files that were read, in order.
    pub files: Vec<PathBuf>,
    /// Keys that are allowed and do nothing.
    pub notes: Vec<String>,
}

/// Reads every layer.
pub fn load(sources: &Sources<'_>) -> Result<Config> {
    let mut config = Config { values: BTreeMap::new(), files: Vec::new(), notes: Vec::new() };
    for key in KEYS.iter().filter(|key| !key.path.contains('*')) {
        if let Some(default) = key.default {
            config.set(key.path.to_owned(), key.kind.parse(default)?, Origin::Default);
        }
    }
    config.add_file(sources.system, false)?;
    config.add_file(&sources.paths.config.join("config.yaml"), false)?;
    if let Some(explicit) = sources.explicit {
        config.add_file(explicit, true)?;
    }
    config.add_variables(sources.environment)?;
    for (flag, text) in sources.flags {
        config.add_flag(flag, text)?;
    }
    Ok(config)
}

impl Config {
    fn set(&mut self, path: String, value: Value, origin: Origin) {
        self.values.insert(path, Setting { value, origin });
    }

    fn add_file(&mut self, path: &Path, required: bool) -> Result<()> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !required => return Ok(()),
            Err(error) => {
                let message = format!("the configuration {} cannot be read", path.display());
                return Err(Error::new(Code::ConfigInvalid, message).source(error));
            }
        };
        let found = file::parse(path, &text)?;
        for (key, value, line) in found.values {
            self.set(key, value, Origin::File(path.to_owned(), line));
        }
        self.files.push(path.to_owned());
        self.notes.extend(found.notes);
        Ok(())
    }

    fn add_variables(&mut self, environment: &Environment) -> Result<()> {
        for (name, text) in &environment.0 {
            let Some(flag) = name.strip_prefix("LAKEHAND_") else { continue };
            let flag = flag.to_ascii_lowercase().replace('_', "-");
            if text.is_empty() || FLAG_ONLY.contains(&flag.as_str()) || flag == "read-only" {
                continue;
            }
            if NEVER_A_VARIABLE.contains(&flag.as_str()) {
                let error =
                    Error::new(Code::ConfigInvalid, format!("${name} is set, and answers are never taken from it"));
                return Err(error.next(format!("give --{flag} with the command that asks")));
            }
            let Some(key) = KEYS.iter().find(|key| key.flag == Some(flag.as_str())) else {
                return Err(unknown_variable(name, &flag));
            };
            let value = key.kind.parse(text).map_err(|error| error.context(format!("${name}")))?;
            self.set(key.path.to_owned(), value, Origin::Variable(name.clone()));
        }
        Ok(())
    }

    fn add_flag(&mut self, flag: &'static str, text: &str) -> Result<()> {
        let Some(key) = KEYS.iter().find(|key| key.flag == Some(flag)) else {
            return Err(Error::new(Code::Internal, format!("--{flag} sets no key")));
        };
        let value = key.kind.parse(text).map_err(|error| error.context(format!("--{flag}")).with_code(Code::Usage))?;
        self.set(key.path.to_owned(), value, Origin::Flag(flag.to_owned()));
        Ok(())
    }

    /// The names of the profiles, sorted.
    pub fn profiles(&self) -> Vec<&str> {
        let mut names: Vec<&str> =
            self.values.keys().filter_map(|key| key.strip_prefix("profiles.")?.split('.').next()).collect();
        names.dedup();
        names
    }

    /// The value of a key; a profile's keys have the defaults of the table.
    pub fn get(&self, path: &str) -> Option<Setting> {
        let default = || {
            let key = keys::find(path)?;
            let value = key.kind.parse(key.default?).ok()?;
            Some(Setting { value, origin: Origin::Default })
        };
        self.values.get(path).cloned().or_else(default)
    }
}

fn unknown_variable(name: &str, flag: &str) -> Error {
    let known = KEYS.iter().filter_map(|key| key.flag).chain(FLAG_ONLY).chain(["read-only"]);
    let error = Error::new(Code::ConfigInvalid, format!("${name} stands for no flag"));
    match keys::nearest(flag, known) {
        Some(near) => error.next(format!("did you mean ${}?", variable_of(near))),
        None => error.next("unset it"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Size;

    struct Bench {
        home: tempfile::TempDir,
        environment: Environment,
        flags: Vec<(&'static str, String)>,
        explicit: Option<PathBuf>,
    }

    impl Bench {
        fn new() -> Bench {
            let home = tempfile::tempdir().unwrap();
            Bench { home, environment: Environment::default(), flags: Vec::new(), explicit: None }
        }

        fn write(&self, name: &str, text: &str) -> PathBuf {
            let path = self.home.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, text).unwrap();
            path
        }

        fn load(&self) -> Result<Config> {
            let at = |name: &str| self.home.path().join(name);
            let paths = Paths { config: at("user"), state: at("s"), cache: at("c"), runtime: at("r") };
            load(&Sources {
                system: &at("etc/config.yaml"),
                paths: &paths,
                explicit: self.explicit.as_deref(),
                environment: &self.environment,
                flags: &self.flags,
            })
        }
    }

    #[test]
    fn later_layers_win_and_say_where_they_are() {
        let mut bench = Bench::new();
        let block = |bench: &Bench| bench.load().unwrap().get("policy.block_size").unwrap();
        assert_eq!(block(&bench), Setting { value: Value::Size(Size::mib(128)), origin: Origin::Default });
        let system = bench.write("etc/config.yaml", "policy:\n  block_size: 1\n  verify: rows\n");
        assert_eq!(block(&bench).origin, Origin::File(system.clone(), Some(2)));
        bench.write("user/config.yaml", "policy: {block_size: 2}\n");
        assert_eq!(block(&bench).value, Value::Size(Size::mib(2)));
        bench.explicit = Some(bench.write("mine.yaml", "block_size_mb: 3\n"));
        assert_eq!(block(&bench).value, Value::Size(Size::mib(3)));
        bench.environment.0.insert("LAKEHAND_BLOCK_SIZE".to_owned(), "4MiB".to_owned());
        assert_eq!(block(&bench).origin.to_string(), "$LAKEHAND_BLOCK_SIZE");
        bench.flags.push(("block-size", "5MiB".to_owned()));
        assert_eq!(block(&bench).origin.to_string(), "--block-size");
        let verify = bench.load().unwrap().get("policy.verify").unwrap();
        assert_eq!(verify.origin, Origin::File(system, Some(3)));
    }

    #[test]
    fn variables_are_checked_like_keys() {
        let mut bench = Bench::new();
        bench.environment.0.insert("LAKEHAND_BLOCKSIZE".to_owned(), "4MiB".to_owned());
        let error = bench.load().unwrap_err();
        assert_eq!(error.next_step(), Some("did you mean $LAKEHAND_BLOCK_SIZE?"));
        bench.environment.0.clear();
        bench.environment.0.insert("LAKEHAND_YES".to_owned(), "1".to_owned());
        assert!(bench.load().unwrap_err().message().contains("answers are never taken from it"));
        bench.environment.0.clear();
        bench.environment.0.insert("LAKEHAND_PROFILE".to_owned(), "x".to_owned());
        assert!(bench.load().is_ok());
    }

    #[test]
    fn a_file_that_was_asked_for_has_to_be_there() {
        let mut bench = Bench::new();
        bench.explicit = Some(bench.home.path().join("none.yaml"));
        assert_eq!(bench.load().unwrap_err().code(), Code::ConfigInvalid);
    }
}
