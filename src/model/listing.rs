//! A target as planning sees it: its listing, and what the footers of its data files say, kept small (one description
//! a file group, not one a file).

use serde::{Deserialize, Serialize};

use super::{Attributes, FileTime, KnownFile, PlannedFile, Size, TableName, TargetStats};

/// What a listing shows of others' use of a target; none of it forbids a compaction.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signs {
    /// Directories of running or dead jobs: `_temporary`, `.hive-staging…`.
    pub in_flight: Vec<String>,
    /// The newest access time of a data file, where the store keeps those.
    pub last_read: Option<FileTime>,
    /// Data files that have other names too (hard links): these keep the data when this target lets it go.
    pub linked_files: u64,
    /// The owners of the data files, `user:group`, sorted; outputs can have one only.
    pub owners: Vec<String>,
    /// Who holds or waits for locks of the catalog, one line each.
    #[serde(default)]
    pub locks: Vec<String>,
    /// Tables of which nobody looked whether a partition was put where this target is.
    #[serde(default)]
    pub unseen: Vec<TableName>,
    /// Snapshots of the directory or of one above it, by path: they keep the old files' space.
    #[serde(default)]
    pub snapshots: Vec<String>,
}

/// A listing of one target with every data file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetListing {
    /// What a scan would tell of it.
    pub stats: TargetStats,
    /// The catalog's identity of the target.
    pub identity: String,
    /// Data files that are not empty, by name.
    pub files: Vec<KnownFile>,
    /// Data files of 0 bytes, which stay as they are, by name.
    pub empty_files: Vec<KnownFile>,
    /// `_metadata` and `_common_metadata`.
    pub summary_files: Vec<KnownFile>,
    /// All entries that readers see.
    pub visible_entries: u64,
    /// Others may get them in several pages, between which the directory can change.
    pub paged: bool,
    /// The directory's attributes.
    pub attributes: Attributes,
    /// Who else uses it.
    pub signs: Signs,
    /// Bytes that may still be written beside it, and which limit says so; none where nothing limits them.
    pub room: Option<(Size, String)>,
}

/// What the files of one group have in common.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupFacts {
    /// The key that they share.
    pub key: String,
    /// What the key is made of, for a person: part and value.
    pub facts: Vec<(String, String)>,
    /// The program that wrote them, as the footers say.
    pub created_by: Option<String>,
    /// What merging loses, in words, sorted.
    pub losses: Vec<String>,
}

/// A listing with the footers of its files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetFacts {
    /// The listing.
    pub listing: TargetListing,
    /// Each file whose footer was read, by name, with its place in `groups`. Files that stay because of their size
    /// need no footer and are not here.
    pub files: Vec<(PlannedFile, usize)>,
    /// The groups, in the order of their first file.
    pub groups: Vec<GroupFacts>,
}
