//! Files as listings and footers show them.

use serde::{Deserialize, Serialize};

use super::{FileTime, Rows, Size};

/// What identifies an unchanged file: its name in the directory, its length and its modification time.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct KnownFile {
    /// The name in its directory.
    #[serde(deserialize_with = "super::ids::entry_name")]
    pub name: String,
    /// The length.
    pub length: Size,
    /// The modification time.
    pub modified: FileTime,
}

/// What only the store's own server tells of a directory. It is shown, and decides nothing. What is none was not told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerFacts {
    /// The storage policy that holds there.
    pub storage_policy: Option<String>,
    /// The erasure coding of new files, or `none`.
    pub erasure_coding: Option<String>,
    /// Whether it is in an encryption zone.
    pub encrypted: Option<bool>,
    /// Its number.
    pub file_id: Option<u64>,
}

impl ServerFacts {
    /// The same as words and texts, for a screen.
    pub fn lines(&self) -> Vec<(String, String)> {
        let text = |value: Option<String>| value.unwrap_or_else(|| "not told".to_owned());
        let encrypted = self.encrypted.map(|is| if is { "yes" } else { "no" }.to_owned());
        [
            ("storage", text(self.storage_policy.clone())),
            ("erasure", text(self.erasure_coding.clone())),
            ("encrypted", text(encrypted)),
            ("file id", text(self.file_id.map(|id| id.to_string()))),
        ]
        .map(|(word, text)| (word.to_owned(), text))
        .into()
    }
}

/// The format of a target's data files, by their content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DataFormat {
    /// Apache Parquet.
    Parquet,
    /// Apache ORC.
    Orc,
    /// Apache Avro.
    Avro,
    /// Text, or what looks like it.
    Text,
    /// Something else.
    Unknown,
}

impl std::fmt::Display for DataFormat {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.pad(match self {
            DataFormat::Parquet => "Parquet",
            DataFormat::Orc => "ORC",
            DataFormat::Avro => "Avro",
            DataFormat::Text => "text",
            DataFormat::Unknown => "unknown",
        })
    }
}

/// What the footer of a data file tells that planning needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileFacts {
    /// The file.
    pub file: KnownFile,
    /// Rows by the footer.
    pub rows: Rows,
    /// Row groups by the footer.
    pub row_groups: u32,
    /// Files with equal keys may be merged. A hash over everything that decides it (DESIGN §5).
    pub group_key: String,
    /// What the key is made of, for a person: part (`schema`, `created_by`, `codec`, `key-value KEY`) and its value.
    pub group_facts: Vec<(String, String)>,
    /// The program that wrote it, as the footer says.
    pub created_by: Option<String>,
    /// What a merge of this file loses, in words (`bloom filters of column x`).
    pub losses: Vec<String>,
}

/// A user and a group by name where they are known, else by number.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Owner {
    /// The user.
    pub user: String,
    /// The group.
    pub group: String,
}

/// The attributes of a file or directory that a compaction must keep.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Attributes {
    /// User and group.
    pub owner: Owner,
    /// The permission bits, with sticky, setgid and setuid.
    pub mode: u32,
    /// The access ACL as the store's own bytes or text; empty where there is none.
    pub acl: Vec<u8>,
    /// The default ACL of a directory, likewise.
    pub default_acl: Vec<u8>,
    /// The number of replicas, where the store has them.
    pub replication: Option<u16>,
}
