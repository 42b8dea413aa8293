//! Entries from what `statx` says.

use rustix::fs::{FileType, Statx, StatxTimestamp};

use super::accounts::Accounts;
use crate::model::{FileTime, Owner, Size};
use crate::store::{Entry, EntryKind, EntryName};

/// The entry of a name and its facts.
pub(super) fn entry(name: EntryName, stat: &Statx, accounts: &Accounts) -> Entry {
    let kind = kind_of(stat);
    Entry {
        name,
        kind,
        length: Size(if kind == EntryKind::File { stat.stx_size } else { 0 }),
        modified: time(&stat.stx_mtime),
        accessed: Some(time(&stat.stx_atime)),
        mode: mode_of(stat),
        owner: Owner { user: accounts.user_name(stat.stx_uid), group: accounts.group_name(stat.stx_gid) },
        replication: None,
        locations: 0,
        inode: Some(stat.stx_ino),
        links: u64::from(stat.stx_nlink),
    }
}

/// The kind of an entry.
pub(super) fn kind_of(stat: &Statx) -> EntryKind {
    kind(FileType::from_raw_mode(u32::from(stat.stx_mode)))
}

/// The kind by the operating system's type.
pub(super) fn kind(file_type: FileType) -> EntryKind {
    match file_type {
        FileType::RegularFile => EntryKind::File,
        FileType::Directory => EntryKind::Directory,
        FileType::Symlink => EntryKind::Symlink,
        _ => EntryKind::Special,
    }
}

/// The permission bits with sticky, setgid and setuid.
pub(super) fn mode_of(stat: &Statx) -> u32 {
    u32::from(stat.stx_mode) & 0o7777
}

/// A time in nanoseconds since 1970; one that does not fit is the nearest that does.
pub(super) fn time(stamp: &StatxTimestamp) -> FileTime {
    FileTime(stamp.tv_sec.saturating_mul(1_000_000_000).saturating_add(i64::from(stamp.tv_nsec)))
}

/// The name as it is in the directory.
pub(super) fn name(bytes: &[u8]) -> EntryName {
    match std::str::from_utf8(bytes) {
        Ok(text) => EntryName::Text(text.to_owned()),
        Err(_) => EntryName::NotText(bytes.to_vec()),
    }
}
