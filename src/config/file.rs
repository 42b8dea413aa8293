//! Reading a file of settings: YAML to plain keys, each with its line. The only place that knows YAML.

use std::collections::BTreeMap;
use std::path::Path;

use serde_yaml::Value as Yaml;

use super::keys::{self, LAKEKEEPER_ALIASES, LAKEKEEPER_IGNORED};
use super::value::{Kind, Value};
use crate::error::{Code, Error, Result};

/// What a file says.
#[derive(Debug, Default)]
pub struct FileValues {
    /// Path of the key, value, line.
    pub values: Vec<(String, Value, Option<usize>)>,
    /// Keys that are allowed and do nothing, with the reason.
    pub notes: Vec<String>,
}

/// Reads the text of a file; `path` is for messages.
pub fn parse(path: &Path, text: &str) -> Result<FileValues> {
    let yaml: Yaml = serde_yaml::from_str(text).map_err(|error| {
        let place = error.location().map_or(String::new(), |location| format!(":{}", location.line()));
        Error::new(Code::ConfigInvalid, format!("{}{place} is not YAML", path.display())).why(error.to_string())
    })?;
    let mut reader = Reader { path, text, found: FileValues::default() };
    match yaml {
        Yaml::Null => {}
        Yaml::Mapping(_) => reader.section("", &yaml)?,
        _ => return Err(Error::new(Code::ConfigInvalid, format!("{} is not a mapping of keys", path.display()))),
    }
    Ok(reader.found)
}

/// A text as a plain value of a file.
pub fn scalar(text: &str) -> String {
    match serde_yaml::to_string(text) {
        Ok(yaml) => yaml.trim_end().to_owned(),
        Err(_) => format!("{text:?}"),
    }
}

/// Who Lakekeeper logs in as: `spark_submit.principal` and `spark_submit.keytab` of a file that was read before.
pub fn lakekeeper_login(text: &str) -> (Option<String>, Option<String>) {
    let yaml: Yaml = serde_yaml::from_str(text).unwrap_or_default();
    let get = |key: &str| yaml.get("spark_submit")?.get(key)?.as_str().map(str::to_owned);
    (get("principal"), get("keytab"))
}

struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
    found: FileValues,
}

impl Reader<'_> {
    fn section(&mut self, section: &str, yaml: &Yaml) -> Result<()> {
        let Yaml::Mapping(mapping) = yaml else {
            return if matches!(yaml, Yaml::Null) {
                Ok(())
            } else {
                Err(self.error(section, "cannot be used").why("it has to be a mapping of keys"))
            };
        };
        for (name, value) in mapping {
            let Some(name) = name.as_str().filter(|name| !name.is_empty() && !name.contains('.')) else {
                return Err(self.error(section, "holds a key that is no plain name"));
            };
            let path = if section.is_empty() { name.to_owned() } else { format!("{section}.{name}") };
            self.entry(section, name, path, value)?;
        }
        Ok(())
    }

    fn entry(&mut self, section: &str, name: &str, path: String, yaml: &Yaml) -> Result<()> {
        if section.is_empty() && self.lakekeeper(name, yaml)? {
            return Ok(());
        }
        if let Some(key) = keys::find(&path) {
            if matches!(yaml, Yaml::Null) {
                return Ok(());
            }
            let value = self.value(&path, key.kind, yaml)?;
            let line = line_of(self.text, &path);
            self.found.values.push((path, value, line));
            return Ok(());
        }
        if keys::is_section(&path) {
            return self.section(&path, yaml);
        }
        let error = self.error(&path, "is not a key");
        let known = keys::parts_below(section);
        Err(match keys::nearest(name, known.iter().copied()) {
            Some(near) => error.next(format!("did you mean {near}?")),
            None => error.why(format!("here stand {}", known.join(", "))),
        })
    }

    /// Takes a key of Lakekeeper's; whether it was one.
    fn lakekeeper(&mut self, name: &str, yaml: &Yaml) -> Result<bool> {
        if name == "dry_run" {
            if yaml.as_bool() == Some(true) {
                return Err(self.error(name, "has no effect in a file").next("give --dry-run with the command"));
            }
            return Ok(true);
        }
        if name == "log_level"
            && let Some(level) = yaml.as_str().and_then(lakekeepers_level)
        {
            let line = line_of(self.text, name);
            self.found.values.push((name.to_owned(), Value::Text(level.to_owned()), line));
            return Ok(true);
        }
        if let Some((_, why)) = LAKEKEEPER_IGNORED.iter().find(|(theirs, _)| *theirs == name) {
            self.found.notes.push(format!("{}{}: {name} does nothing: {why}", self.path.display(), self.at(name)));
            return Ok(true);
        }
        let Some((theirs, ours)) = LAKEKEEPER_ALIASES.iter().find(|(theirs, _)| *theirs == name) else {
            return Ok(false);
        };
        if let Some(key) = keys::find(ours).filter(|_| !matches!(yaml, Yaml::Null)) {
            let value = self.value(theirs, key.kind, yaml)?;
            let line = line_of(self.text, theirs);
            self.found.values.push(((*ours).to_owned(), value, line));
        }
        Ok(true)
    }

    fn value(&self, path: &str, kind: Kind, yaml: &Yaml) -> Result<Value> {
        match (kind, yaml) {
            (Kind::List, Yaml::Sequence(items)) => {
                items.iter().map(|item| self.plain(path, item)).collect::<Result<Vec<_>>>().map(Value::List)
            }
            (Kind::Map, Yaml::Mapping(pairs)) => {
                let read = |(name, value)| Ok((self.plain(path, name)?, self.plain(path, value)?));
                pairs.iter().map(read).collect::<Result<BTreeMap<_, _>>>().map(Value::Map)
            }
            _ => kind.parse(&self.plain(path, yaml)?).map_err(|error| {
                let why = error.reason().unwrap_or_default().to_owned();
                self.error(path, &format!("cannot be used: {}", error.message().trim_end_matches(" cannot be used")))
                    .why(why)
            }),
        }
    }

    fn plain(&self, path: &str, yaml: &Yaml) -> Result<String> {
        match yaml {
            Yaml::String(text) => Ok(text.clone()),
            Yaml::Bool(flag) => Ok(flag.to_string()),
            Yaml::Number(number) => Ok(number.to_string()),
            _ => Err(self.error(path, "cannot be used").why("it has to be one plain value")),
        }
    }

    /// `:LINE` of a key.
    fn at(&self, path: &str) -> String {
        line_of(self.text, path).map_or(String::new(), |line| format!(":{line}"))
    }

    fn error(&self, path: &str, what: &str) -> Error {
        let shown = if path.is_empty() { "the file" } else { path };
        Error::new(Code::ConfigInvalid, format!("{}{}: {shown} {what}", self.path.display(), self.at(path)))
    }
}

/// Lakekeeper's names of levels, which are Python's.
fn lakekeepers_level(theirs: &str) -> Option<&'static str> {
    match theirs {
        "DEBUG" => Some("debug"),
        "INFO" => Some("info"),
        "WARNING" | "WARN" => Some("warn"),
        "ERROR" | "CRITICAL" => Some("error"),
        _ => None,
    }
}

/// The line of a key in block style, by indentation; none where the file is written in another way.
fn line_of(text: &str, path: &str) -> Option<usize> {
    let wanted: Vec<&str> = path.split('.').collect();
    let mut open: Vec<(usize, &str)> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let trimmed = line.trim_start();
        let indent = line.len() - trimmed.len();
        let Some((name, _)) = trimmed.split_once(':').filter(|_| !trimmed.starts_with(['#', '-'])) else { continue };
        open.retain(|(other, _)| *other < indent);
        open.push((indent, name.trim().trim_matches(['"', '\''])));
        if open.iter().map(|(_, name)| *name).eq(wanted.iter().copied()) {
            return Some(number + 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<FileValues> {
        parse(Path::new("c.yaml"), text)
    }

    #[test]
    fn keys_have_their_lines() {
        let found = read("# a\npolicy:\n  verify: rows\nprofiles:\n  prod:\n    lake: /lake\n").unwrap();
        assert_eq!(found.values[0], ("policy.verify".to_owned(), Value::Text("rows".to_owned()), Some(3)));
        assert_eq!(found.values[1].0, "profiles.prod.lake");
        assert_eq!(found.values[1].2, Some(6));
    }

    #[test]
    fn an_unknown_key_names_the_nearest_with_file_and_line() {
        let error = read("policy:\n  blok_size: 1\n").unwrap_err();
        assert_eq!(error.message(), "c.yaml:2: policy.blok_size is not a key");
        assert_eq!(error.next_step(), Some("did you mean block_size?"));
        let error = read("profiles: {p: {lakes: /x}}").unwrap_err();
        assert_eq!(error.message(), "c.yaml: profiles.p.lakes is not a key");
        assert_eq!(error.next_step(), Some("did you mean lake?"));
    }

    #[test]
    fn a_wrong_value_says_what_it_has_to_be() {
        let error = read("limits:\n  memory: lots\n").unwrap_err();
        assert_eq!(error.message(), "c.yaml:2: limits.memory cannot be used: \"lots\"");
        assert!(error.reason().unwrap().contains("a size above 0"));
        assert!(read("policy: 3\n").is_err());
        assert!(read("- a\n").is_err());
        assert!(read("a: [\n").unwrap_err().message().contains("is not YAML"));
    }

    #[test]
    fn lakekeepers_keys_keep_their_meaning() {
        let text =
            "block_size_mb: 256\ncompaction_ratio_threshold: 5.0\nbackup_prefix: __b\nspark_submit:\n  enabled: true\n";
        let found = read(text).unwrap();
        let values: Vec<_> = found.values.iter().map(|(path, value, _)| format!("{path}={value}")).collect();
        assert_eq!(values, ["policy.block_size=256MiB", "policy.ratio_threshold=5"]);
        assert_eq!(found.notes.len(), 2);
        let level = |text: &str| read(text).map(|found| found.values[0].1.to_string());
        assert_eq!(level("log_level: WARNING\n").unwrap(), "warn");
        assert_eq!(level("log_level: info\n").unwrap(), "info");
        assert!(level("log_level: LOUD\n").is_err());
        assert!(read("dry_run: true\n").is_err());
        assert!(read("dry_run: false\n").is_ok());
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,200}") {
            let _ = read(&text);
        }
    }
}
