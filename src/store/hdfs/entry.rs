//! Entries out of what the NameNode tells. Times are milliseconds; the permission's higher bits are flags.

use hdfs_native::client::FileStatus;

use crate::error::{Code, Error, Result};
use crate::model::{FileTime, Owner, Size, clean};
use crate::store::{Entry, EntryKind, EntryName};

/// Permission bits and the sticky bit; HDFS has no others.
pub(super) const MODE_BITS: u32 = 0o1777;
const NANOS: i64 = 1_000_000;

pub(super) fn of(status: &FileStatus) -> Result<Entry> {
    let name = status.path.rsplit('/').next().unwrap_or_default();
    if matches!(name, "." | "..") {
        return Err(Error::new(Code::Internal, format!("{} is no name of an entry", clean(&status.path))));
    }
    Ok(Entry {
        name: EntryName::Text(name.to_owned()),
        kind: if status.isdir { EntryKind::Directory } else { EntryKind::File },
        length: Size(if status.isdir { 0 } else { status.length as u64 }),
        modified: time(status.modification_time),
        accessed: (status.access_time > 0).then(|| time(status.access_time)),
        mode: u32::from(status.permission) & MODE_BITS,
        owner: Owner { user: status.owner.clone(), group: status.group.clone() },
        replication: replication(status),
        locations: locations(status),
        inode: None,
        links: 1,
    })
}

/// An open or empty file may have one block more than its length tells.
fn locations(status: &FileStatus) -> u64 {
    let copies = replication(status).map_or(0, u64::from);
    let block = status.blocksize.unwrap_or_default().max(1);
    copies * (status.length as u64).div_ceil(block).max(1)
}

/// Directories have none.
pub(super) fn replication(status: &FileStatus) -> Option<u16> {
    status.replication.filter(|_| !status.isdir).and_then(|count| u16::try_from(count).ok())
}

pub(super) fn time(millis: u64) -> FileTime {
    FileTime(i64::try_from(millis).unwrap_or(i64::MAX / NANOS).saturating_mul(NANOS))
}

pub(super) fn millis(time: FileTime) -> u64 {
    u64::try_from(time.0.div_euclid(NANOS)).unwrap_or(0)
}
