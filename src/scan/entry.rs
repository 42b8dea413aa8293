//! What an entry of a target's directory is to us, by its name and kind alone.

use crate::error::{Code, Reason};
use crate::model::RunId;
use crate::store::{Entry, EntryKind};

/// Names longer than this leave no room for ours (PROTOCOL §1).
const LONGEST_NAME: usize = 200;

/// The part that an entry plays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// A file that readers read.
    Data,
    /// `_metadata` or `_common_metadata`.
    Summary,
    /// Readers do not look at it.
    Ignored,
    /// The directory of a job that writes or died.
    InFlight,
    /// A directory that readers may look into.
    Directory,
    /// The tripwire of an exchange.
    Tripwire(RunId),
    /// Its presence forbids a compaction: the kind of reason, and the text for one such entry.
    Refused(Refusal),
}

/// Why an entry forbids a compaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Refusal {
    /// A symbolic link.
    Symlink,
    /// A pipe, socket or device.
    Special,
    /// A name that is not UTF-8.
    NotText,
    /// A name that is too long.
    LongName,
    /// A visible sub-directory that holds something.
    Nested,
    /// A log or metadata directory of another table format.
    TableFormat,
}

impl Refusal {
    /// The reason, for the first such entry and how many there are.
    pub fn reason(self, name: &str, count: u64) -> Reason {
        let more = if count > 1 { format!(" and {} more", count - 1) } else { String::new() };
        let (code, what) = match self {
            Refusal::Symlink => (Code::UnsupportedEntry, "symbolic links are never followed"),
            Refusal::Special => (Code::UnsupportedEntry, "pipes, sockets and devices are no data"),
            Refusal::NotText => (Code::UnsupportedEntry, "names that are not UTF-8 cannot be kept"),
            Refusal::LongName => (Code::UnsupportedEntry, "names above 200 bytes leave no room for a backup's"),
            Refusal::Nested => (Code::UnsupportedEntry, "sub-directories with data"),
            Refusal::TableFormat => (Code::UnsupportedTable, "another table format keeps its log here"),
        };
        Reason::new(code, format!("{what}: {name}{more}"))
    }
}

/// The part that an entry plays.
pub fn role(entry: &Entry) -> Role {
    let Some(name) = entry.name.text() else {
        return Role::Refused(Refusal::NotText);
    };
    match entry.kind {
        EntryKind::Symlink => Role::Refused(Refusal::Symlink),
        EntryKind::Special => Role::Refused(Refusal::Special),
        EntryKind::Directory => directory_role(name, entry.name.is_hidden()),
        EntryKind::File if matches!(name, "_metadata" | "_common_metadata") => Role::Summary,
        EntryKind::File if entry.name.is_hidden() => Role::Ignored,
        EntryKind::File => match RunId::of_tripwire(name) {
            Some(run) => Role::Tripwire(run),
            None if name.len() > LONGEST_NAME => Role::Refused(Refusal::LongName),
            None => Role::Data,
        },
    }
}

fn directory_role(name: &str, hidden: bool) -> Role {
    match name {
        "_delta_log" | ".hoodie" | "_spark_metadata" => Role::Refused(Refusal::TableFormat),
        _ if is_in_flight(name) => Role::InFlight,
        _ if hidden => Role::Ignored,
        _ => Role::Directory,
    }
}

/// Whether a directory is one in which jobs keep what they have not committed yet.
pub fn is_in_flight(name: &str) -> bool {
    matches!(name, "_temporary" | "_impala_insert_staging")
        || [".hive-staging", ".spark-staging", "_tmp.", "_task_tmp.", ".sparkStaging"]
            .iter()
            .any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{FileTime, Owner, Size};
    use crate::store::EntryName;

    fn role_of(name: &str, kind: EntryKind) -> Role {
        role(&Entry {
            name: EntryName::Text(name.to_owned()),
            kind,
            length: Size(1),
            modified: FileTime(0),
            accessed: None,
            mode: 0o644,
            owner: Owner::default(),
            replication: None,
            locations: 0,
            inode: None,
            links: 1,
        })
    }

    #[test]
    fn files_play_their_parts() {
        for name in ["part-00000-x.snappy.parquet", "000000_0", "x", "a b", "data.csv", "!lakehand-exchange-"] {
            assert_eq!(role_of(name, EntryKind::File), Role::Data, "{name}");
        }
        for name in ["_SUCCESS", ".part-0.parquet.crc", "_started_123", "._COPYING_"] {
            assert_eq!(role_of(name, EntryKind::File), Role::Ignored, "{name}");
        }
        assert_eq!(role_of("_metadata", EntryKind::File), Role::Summary);
        assert_eq!(role_of(&"x".repeat(200), EntryKind::File), Role::Data);
        assert_eq!(role_of(&"x".repeat(201), EntryKind::File), Role::Refused(Refusal::LongName));
        let run = RunId::parse("20261118-0412-w8t").unwrap();
        let trip = "part-0!lakehand-exchange-20261118-0412-w8t.parquet";
        assert_eq!(role_of(trip, EntryKind::File), Role::Tripwire(run));
    }

    #[test]
    fn directories_play_their_parts() {
        assert_eq!(role_of("_temporary", EntryKind::Directory), Role::InFlight);
        assert_eq!(role_of(".hive-staging_hive_2026-11-21", EntryKind::Directory), Role::InFlight);
        assert_eq!(role_of("_delta_log", EntryKind::Directory), Role::Refused(Refusal::TableFormat));
        assert_eq!(role_of(".lakehand", EntryKind::Directory), Role::Ignored);
        assert_eq!(role_of("dt=2026-01-01", EntryKind::Directory), Role::Directory);
        assert_eq!(role_of("link", EntryKind::Symlink), Role::Refused(Refusal::Symlink));
        assert_eq!(role_of("_pipe", EntryKind::Special), Role::Refused(Refusal::Special));
    }
}
