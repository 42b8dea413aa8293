//! What the user configured: the schema, the layers with the origin of each value, XDG paths, validation.
//!
//! Decisions:
//! - Every key is a row of the table in `keys`; the schema, the variables, the example file and `config show` are made
//!   from it, so that they cannot disagree.
//! - Later layers win key by key: defaults, `/etc/lakehand/config.yaml`, `~/.config/lakehand/config.yaml`, `--config`,
//!   `LAKEHAND_*`, flags. A value keeps where it came from.
//! - A key that is not in the table is an error that names the nearest one; a value that cannot be used is an error
//!   that names its file and line. Nothing is ignored in silence.
//! - YAML is known only in `file`.

mod address;
mod draft;
mod example;
mod file;
mod hadoop;
mod hive_site;
mod keys;
mod lake_uri;
mod layers;
mod metastore;
mod paths;
mod resolve;
mod settings;
mod value;
mod web;

pub use draft::{Draft, HadoopClient, Lakekeeper, Tables, lake_of};
pub use example::example;
pub use hadoop::{Hadoop, HdfsPath};
pub use hive_site::HiveSite;
pub use keys::{KEYS, Key, nearest};
pub use lake_uri::{is_hdfs, lake_path};
pub use layers::{Config, Environment, Origin, SYSTEM_FILE, Setting, Sources, load};
pub use metastore::{Kerberos, Metastore, MetastoreUri};
pub use resolve::Choice;
pub use settings::{CatalogKind, ConsoleSettings, Hdfs, Limits, Paths, Settings, StoreKind};
pub use value::Value;
pub use web::{WebAddress, WebHdfs};
