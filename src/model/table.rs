//! Tables and partitions as a catalog knows them, before anything is listed.

use serde::{Deserialize, Serialize};

use super::{DataFormat, PartitionKey, StorePath, TableName, TargetId};
use crate::error::Reason;

/// What kind of table the catalog says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TableKind {
    /// Files that the catalog does not own: what lakehand compacts.
    External,
    /// Files that the catalog owns and deletes with the table.
    Managed,
    /// No files of its own.
    View,
}

/// A table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Its name.
    pub name: TableName,
    /// Its kind.
    pub kind: TableKind,
    /// Its directory.
    pub location: StorePath,
    /// The partition keys in order; empty for an unpartitioned table.
    pub partition_keys: Vec<PartitionKey>,
    /// The format that the catalog states; a directory catalog states none.
    pub stated_format: Option<DataFormat>,
    /// Why no target of it may be compacted, by catalog facts (PROTOCOL §8); empty when it may.
    pub refusals: Vec<Reason>,
    /// What must be the same when a plan is executed (a metastore's createTime, table id); empty where there is none.
    pub identity: String,
    /// What the catalog claims of its size before any listing; shown with `~`.
    pub claimed_files: Option<u64>,
    /// Likewise in bytes.
    pub claimed_bytes: Option<u64>,
    /// Whose it is in the catalog, where that knows owners; the files have their own.
    #[serde(default)]
    pub owner: Option<String>,
    /// What else the catalog states of it, those that matter first; for showing only.
    #[serde(default)]
    pub properties: Vec<(String, String)>,
}

impl Table {
    /// Whether it has partitions.
    pub fn is_partitioned(&self) -> bool {
        !self.partition_keys.is_empty()
    }
}

/// A partition: the path-like name, and where its files are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Partition {
    /// The target that it is.
    pub id: TargetId,
    /// Its directory.
    pub location: StorePath,
    /// As [`Table::identity`].
    pub identity: String,
    /// Why it may not be compacted, by what the catalog saw (nested directories, a name that is not UTF-8).
    pub refusals: Vec<Reason>,
}
