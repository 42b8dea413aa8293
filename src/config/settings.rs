//! The resolved settings of one profile, and the directories of this user. Everything below the command line takes
//! these; nothing below it reads a file of settings or the environment.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Kerberos, Metastore, WebHdfs};
use crate::model::{Policy, Size, StorePath};

/// Where files are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StoreKind {
    /// A local disk.
    #[default]
    Local,
    /// HDFS.
    Hdfs,
}

/// Where tables are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CatalogKind {
    /// Hive-style folders, no server.
    #[default]
    Directory,
    /// A Hive Metastore.
    Hive,
}

/// An HDFS, and what its client needs to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hdfs {
    /// `hdfs://NAMESERVICE` or `hdfs://HOST:PORT`.
    pub url: String,
    /// The Hadoop client's keys and values.
    pub properties: BTreeMap<String, String>,
    /// Who logs in, where it is not the ticket that is there.
    pub principal: Option<String>,
    /// The key with which tickets are got.
    pub keytab: Option<PathBuf>,
    /// How long a call may take before its outcome is unknown.
    pub call_timeout: Duration,
    /// Calls a second to the NameNode.
    pub calls_per_second: u32,
}

impl Hdfs {
    /// How long what is moved to the trash stays there at most: until the next checkpoint, and then the interval. The
    /// site files say it, where they do; the NameNode's own may say otherwise.
    pub fn trash_keeps(&self) -> Option<Duration> {
        let minutes = |key: &str| self.properties.get(key)?.trim().parse::<f64>().ok().filter(|minutes| *minutes > 0.0);
        let interval = minutes("fs.trash.interval")?;
        let checkpoint = minutes("fs.trash.checkpoint.interval").unwrap_or(interval);
        Duration::try_from_secs_f64((interval + checkpoint.min(interval)) * 60.0).ok()
    }
}

/// What a process may use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Memory in all.
    pub memory: Size,
    /// Targets at a time.
    pub targets: usize,
    /// Calls a second to the store's server in a run.
    pub calls_per_second: u32,
    /// How long a call to a server may take.
    pub call_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { memory: Size::mib(512), targets: 2, calls_per_second: 2_000, call_timeout: Duration::from_secs(60) }
    }
}

/// How the console looks and which keys it has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsoleSettings {
    /// `default`, `high-contrast`, `mono` or `colourblind`.
    pub theme: String,
    /// Only ASCII glyphs.
    pub ascii: bool,
    /// No colours.
    pub no_color: bool,
    /// Actions by name to keys that replace the default ones.
    pub keys: BTreeMap<String, String>,
}

/// One profile, resolved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// The profile's name; `lake` when a lake was given without a configuration.
    pub profile: String,
    /// The kind of store.
    pub store: StoreKind,
    /// The kind of catalog.
    pub catalog: CatalogKind,
    /// The HDFS of an HDFS store.
    pub hdfs: Option<Hdfs>,
    /// Where WebHDFS may be asked for what the protocol of clients does not tell; none where it may not.
    #[serde(default)]
    pub web: Option<WebHdfs>,
    /// The directory that a directory catalog reads.
    pub lake: Option<StorePath>,
    /// Questions are stricter.
    pub production: bool,
    /// Changes are off.
    pub read_only: bool,
    /// Where the run index is, when it is not in its default place.
    pub run_index: Option<StorePath>,
    /// The metastore, where the catalog is one.
    #[serde(default)]
    pub metastore: Metastore,
    /// Who logs in.
    #[serde(default)]
    pub kerberos: Kerberos,
    /// The policy.
    pub policy: Policy,
    /// The limits.
    pub limits: Limits,
    /// The console.
    pub console: ConsoleSettings,
}

impl Settings {
    /// The settings of a directory lake on the local disk, all else by default.
    pub fn local_lake(lake: StorePath) -> Settings {
        Settings {
            profile: "lake".to_owned(),
            store: StoreKind::Local,
            catalog: CatalogKind::Directory,
            hdfs: None,
            web: None,
            lake: Some(lake),
            production: false,
            read_only: false,
            run_index: None,
            metastore: Metastore::default(),
            kerberos: Kerberos::default(),
            policy: Policy::default(),
            limits: Limits::default(),
            console: ConsoleSettings::default(),
        }
    }
}

/// The directories of this user, by the XDG rules; resolved once at the edge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paths {
    /// `~/.config/lakehand`.
    pub config: PathBuf,
    /// `~/.local/state/lakehand`: plans, orders, logs of workers.
    pub state: PathBuf,
    /// `~/.cache/lakehand`: scans, demo lakes.
    pub cache: PathBuf,
    /// `$XDG_RUNTIME_DIR/lakehand`, else a 0700 directory under `state`: sockets.
    pub runtime: PathBuf,
}
