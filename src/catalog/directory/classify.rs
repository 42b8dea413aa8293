//! What a name in a table's tree is.

use crate::error::{Code, Reason};
use crate::model::{PartitionSpec, StorePath, clean};
use crate::store::{EntryKind, EntryName};

/// What an entry of a directory means to a catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Begins with `.` or `_`: no data.
    Hidden,
    /// A directory `KEY=VALUE`.
    Partition {
        /// The name as it is.
        name: String,
        /// Its key, unescaped.
        key: String,
    },
    /// Named as a partition, but no directory and no plain file.
    NotAPartition {
        /// The name as it is.
        name: String,
        /// What it is instead.
        kind: EntryKind,
    },
    /// A plain file.
    File(String),
    /// Anything else, with something to show for its name.
    Stray(Stray, String),
}

/// What does not belong into a table's tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stray {
    /// A directory that is no partition.
    Directory,
    /// A symbolic link.
    Symlink,
    /// A socket, pipe or device.
    Special,
    /// A name that is not UTF-8, of whatever kind.
    NotText,
}

/// Says what an entry is.
pub(super) fn classify(name: EntryName, kind: EntryKind) -> Found {
    if name.is_hidden() {
        return Found::Hidden;
    }
    let name = match name {
        EntryName::Text(name) => name,
        not_text @ EntryName::NotText(_) => return Found::Stray(Stray::NotText, not_text.shown()),
    };
    match (kind, PartitionSpec::parse_part(&name)) {
        (EntryKind::File, _) => Found::File(name),
        (EntryKind::Directory, Ok((key, _))) => Found::Partition { name, key },
        (EntryKind::Directory, Err(_)) => Found::Stray(Stray::Directory, name),
        (kind, Ok(_)) => Found::NotAPartition { name, kind },
        (EntryKind::Symlink, Err(_)) => Found::Stray(Stray::Symlink, name),
        (EntryKind::Special, Err(_)) => Found::Stray(Stray::Special, name),
    }
}

/// Why what should be a directory is refused; none where it is one.
pub(super) fn refused_kind(kind: EntryKind, path: &StorePath) -> Option<Reason> {
    let what = match kind {
        EntryKind::Directory => return None,
        EntryKind::Symlink => "a symbolic link, which is never followed",
        EntryKind::File => "a file",
        EntryKind::Special => "a socket, pipe or device",
    };
    Some(Reason::new(Code::UnsupportedEntry, format!("{} is {what}", clean(path.name()))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(name: &str, kind: EntryKind) -> Found {
        classify(EntryName::Text(name.to_owned()), kind)
    }

    #[test]
    fn each_kind_of_entry_has_its_meaning() {
        let partition = |name: &str, key: &str| Found::Partition { name: name.to_owned(), key: key.to_owned() };
        assert_eq!(text("dt=1", EntryKind::Directory), partition("dt=1", "dt"));
        assert_eq!(text("a%3Db=1", EntryKind::Directory), partition("a%3Db=1", "a=b"));
        assert_eq!(text("dt=", EntryKind::Directory), partition("dt=", "dt"));
        assert_eq!(text("=1", EntryKind::Directory), Found::Stray(Stray::Directory, "=1".to_owned()));
        assert_eq!(text("dt=1", EntryKind::File), Found::File("dt=1".to_owned()));
        for kind in [EntryKind::Symlink, EntryKind::Special] {
            assert_eq!(text("dt=1", kind), Found::NotAPartition { name: "dt=1".to_owned(), kind });
        }
        for hidden in ["_temporary", ".hive-staging_1", "_dt=1", ".x", "__HIVE_DEFAULT_PARTITION__"] {
            assert_eq!(text(hidden, EntryKind::Directory), Found::Hidden);
        }
        let bytes = EntryName::NotText(b"dt=\xff".to_vec());
        assert_eq!(classify(bytes, EntryKind::Directory), Found::Stray(Stray::NotText, "dt=\u{FFFD}".to_owned()));
        assert_eq!(classify(EntryName::NotText(b"_\xff".to_vec()), EntryKind::File), Found::Hidden);
    }
}
