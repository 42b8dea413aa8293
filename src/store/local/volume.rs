//! What the file system below a path is and has: its kind, its room, the identity of a directory on it.

use rustix::fs::{Statx, StatxFlags};

use super::entry::{kind_of, time};
use super::failure::{failure, not_plain};
use super::path::{Located, stat_open};
use crate::error::{Code, Error, Result};
use crate::model::{Size, clean};
use crate::store::{EntryKind, Identity, Room};

/// File systems that have locks, renames that never replace, and identities; by the numbers of `statfs`.
const SUPPORTED: [(u64, &str); 6] = [
    (0xEF53, "ext4"),
    (0x5846_5342, "xfs"),
    (0x9123_683E, "btrfs"),
    (0x2FC1_2FC1, "zfs"),
    (0x794C_7630, "overlay"),
    (0x0102_1994, "tmpfs"),
];

/// Others by name, for the message.
const REFUSED: [(u64, &str); 10] = [
    (0x6969, "NFS"),
    (0xFF53_4D42, "CIFS"),
    (0xFE53_4D42, "SMB"),
    (0x00C3_6400, "CephFS"),
    (0x0BD0_0BD0, "Lustre"),
    (0x4750_4653, "GPFS"),
    (0x0102_1997, "9P"),
    (0x6573_5546, "FUSE"),
    (0x4D44, "FAT"),
    (0x2011_BAB0, "exFAT"),
];

/// Whether an exchange would be safe there.
pub(super) fn supported(located: &Located) -> Result<()> {
    let open = located.open_directory()?;
    let found = rustix::fs::fstatfs(&open).map_err(|errno| failure(errno, "ask the kind of", &located.shown))?;
    // The number has 32 bits; some platforms hand it on sign-extended.
    let magic = found.f_type as u64 & 0xFFFF_FFFF;
    if !SUPPORTED.iter().any(|(number, _)| *number == magic) {
        let name = REFUSED
            .iter()
            .find(|(number, _)| *number == magic)
            .map_or_else(|| format!("an unknown one (0x{magic:X})"), |(_, name)| (*name).to_owned());
        return Err(Error::new(
            Code::UnsupportedStore,
            format!("{} lies on a file system that is not supported: {name}", clean(&located.shown)),
        )
        .why("locks, renames that never replace and stable identities are needed; ext4, xfs, btrfs, zfs, overlay and tmpfs have them"));
    }
    identity(&stat_open(&open, &located.shown)?, &located.shown).map(drop)
}

/// The identity of a directory by its facts.
pub(super) fn identity(stat: &Statx, shown: &str) -> Result<Identity> {
    if stat.stx_mask & StatxFlags::BTIME.bits() == 0 {
        return Err(Error::new(
            Code::UnsupportedStore,
            format!("the file system of {} does not keep when a directory was made", clean(shown)),
        )
        .why("inode numbers are given out again; only with that time do they identify a directory"));
    }
    Ok(Identity { inode: stat.stx_ino, born: time(&stat.stx_btime).0 })
}

/// The identity of a directory by its name; none where nothing is.
pub(super) fn identity_at(located: &Located) -> Result<Option<Identity>> {
    match located.stat()? {
        None => Ok(None),
        Some(stat) if kind_of(&stat) == EntryKind::Directory => identity(&stat, &located.shown).map(Some),
        Some(_) => Err(not_plain("not a directory", &located.shown)),
    }
}

/// Bytes and names that this user may still add. Disk quotas are not asked; they show when something is written.
pub(super) fn room(located: &Located) -> Result<Room> {
    let open = located.open_directory()?;
    let found = rustix::fs::fstatvfs(&open).map_err(|errno| failure(errno, "ask for room in", &located.shown))?;
    Ok(Room {
        bytes: Some(Size(found.f_bavail.saturating_mul(found.f_frsize))),
        // A file system without a fixed number of inodes says 0 of 0.
        names: (found.f_files != 0).then_some(found.f_favail),
        limit: format!("the disk of {}", located.shown),
    })
}

/// Whether both lie on one mount now, so that a rename between them works.
pub(super) fn same_mount(one: &Located, other: &Located) -> Result<bool> {
    let (one_stat, other_stat) = (one.stat_present()?, other.stat_present()?);
    for (stat, located) in [(&one_stat, one), (&other_stat, other)] {
        if stat.stx_mask & StatxFlags::MNT_ID.bits() == 0 {
            return Err(Error::new(
                Code::UnsupportedStore,
                format!("the mount of {} is not known", clean(&located.shown)),
            )
            .why("the kernel is older than 5.8"));
        }
    }
    Ok(one_stat.stx_mnt_id == other_stat.stx_mnt_id && device(&one_stat) == device(&other_stat))
}

/// Whether both are the same file or directory at this moment. Not to be kept: see [`Identity`].
pub(super) fn same_entry(one: &Statx, other: &Statx) -> bool {
    one.stx_ino == other.stx_ino && device(one) == device(other)
}

fn device(stat: &Statx) -> (u32, u32) {
    (stat.stx_dev_major, stat.stx_dev_minor)
}
