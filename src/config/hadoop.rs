//! The Hadoop client's configuration: found where Hadoop's own tools find it, read as they read it, checked, and handed
//! to the HDFS client as plain keys and values.
//!
//! Decisions:
//! - The directory is the profile's `hadoop_conf_dir`, else `$HADOOP_CONF_DIR`, else `$HADOOP_HOME/etc/hadoop`, else
//!   `/etc/hadoop/conf`. One that somebody named has to be there; the last may be missing.
//! - `core-site.xml`, then `hdfs-site.xml`; later values win, except over a `final` one. XInclude, `${…}` of
//!   properties, of `env.NAME` and of `user.name` and `user.home` work as in Hadoop.
//! - A viewfs path is resolved to its nameservice here, so that everything below knows one HDFS and its own paths.
//! - Only keys that the client reads are handed on: site files hold passwords of other stores too.

mod expand;
mod locate;
mod web;
mod xml;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Environment;
use crate::error::{Code, Error, Result};

pub use locate::HdfsPath;

/// Where sites keep it when nobody says otherwise.
const USUAL: &str = "/etc/hadoop/conf";
/// The files, in order.
const FILES: [&str; 2] = ["core-site.xml", "hdfs-site.xml"];
/// What old site files call keys that are read here.
const OLD_NAMES: [(&str, &str); 2] =
    [("fs.default.name", "fs.defaultFS"), ("dfs.federation.nameservices", "dfs.nameservices")];
/// The beginnings of keys that the client reads.
const HANDED_ON: [&str; 7] = [
    "dfs.",
    "fs.defaultFS",
    "fs.trash.",
    "hadoop.security.authentication",
    "hadoop.security.authorization",
    "hadoop.security.token.",
    "hadoop.rpc.protection",
];
/// What no key that is handed on may have in its name.
const SECRETS: [&str; 2] = ["password", "secret"];
/// Keys whose values are lists; the client does not trim their items.
const LISTS: [&str; 2] = ["dfs.ha.namenodes.", "dfs.nameservices"];

/// What the site files say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hadoop {
    /// The directory; none where there is no configuration.
    pub directory: Option<PathBuf>,
    /// The files that were read, in order, included ones too.
    pub files: Vec<PathBuf>,
    properties: BTreeMap<String, Property>,
    environment: Environment,
}

/// A property as it stands in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Property {
    value: String,
    last: bool,
}

impl Hadoop {
    /// Finds and reads the configuration; `given` is the profile's directory.
    pub fn load(given: Option<&Path>, environment: &Environment) -> Result<Hadoop> {
        let home = environment.get("HADOOP_HOME").map(|home| Path::new(home).join("etc/hadoop"));
        let named = given
            .map(|path| (path.to_owned(), "hadoop_conf_dir of the profile"))
            .or_else(|| environment.get("HADOOP_CONF_DIR").map(|path| (path.into(), "$HADOOP_CONF_DIR")))
            .or_else(|| home.filter(|path| path.is_dir()).map(|path| (path, "$HADOOP_HOME")));
        match named {
            Some((directory, origin)) => Hadoop::read(&directory, origin, environment),
            None if Path::new(USUAL).is_dir() => Hadoop::read(Path::new(USUAL), "the usual place", environment),
            None => Ok(Hadoop { environment: environment.clone(), ..Hadoop::default() }),
        }
    }

    fn read(directory: &Path, origin: &str, environment: &Environment) -> Result<Hadoop> {
        let mut hadoop =
            Hadoop { directory: Some(directory.to_owned()), environment: environment.clone(), ..Hadoop::default() };
        for file in FILES.map(|name| directory.join(name)).iter().filter(|file| file.exists()) {
            let found = xml::read(file)?;
            hadoop.files.extend(found.files);
            for (name, value, last) in found.properties {
                hadoop.set(&name, value, last);
            }
        }
        if hadoop.files.is_empty() {
            let what = format!("{} holds no Hadoop configuration", directory.display());
            return Err(Error::new(Code::ConfigInvalid, what)
                .why(format!("neither {} nor {} is there; the directory comes from {origin}", FILES[0], FILES[1]))
                .next("set hadoop_conf_dir in the profile, or HADOOP_CONF_DIR"));
        }
        Ok(hadoop)
    }

    /// One file that is made likewise.
    pub(super) fn read_file(file: &Path, environment: &Environment) -> Result<Hadoop> {
        let mut hadoop = Hadoop { environment: environment.clone(), ..Hadoop::default() };
        let found = xml::read(file)?;
        hadoop.files.extend(found.files);
        for (name, value, last) in found.properties {
            hadoop.set(&name, value, last);
        }
        Ok(hadoop)
    }

    fn set(&mut self, name: &str, value: String, last: bool) {
        let name = OLD_NAMES.iter().find(|(old, _)| *old == name).map_or(name, |(_, new)| new);
        if !self.properties.get(name).is_some_and(|known| known.last) {
            self.properties.insert(name.to_owned(), Property { value, last });
        }
    }

    /// A value with everything in it expanded.
    pub fn get(&self, name: &str) -> Result<Option<String>> {
        expand::value(self, name)
    }

    /// The keys and values for a client.
    pub fn client_properties(&self) -> Result<BTreeMap<String, String>> {
        let mut handed_on = BTreeMap::new();
        for name in self.properties.keys() {
            let wanted = HANDED_ON.iter().any(|start| name.starts_with(start));
            if !wanted || SECRETS.iter().any(|word| name.contains(word)) {
                continue;
            }
            if let Some(value) = self.get(name)? {
                let list = LISTS.iter().any(|start| name.starts_with(start));
                let value = if list { items(&value).join(",") } else { value };
                handed_on.insert(name.clone(), value);
            }
        }
        Ok(handed_on)
    }
}

/// The items of a list.
fn items(value: &str) -> Vec<&str> {
    value.split(',').map(str::trim).filter(|item| !item.is_empty()).collect()
}

#[cfg(test)]
mod tests;
