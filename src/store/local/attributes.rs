//! Owner, group, mode and ACLs: read, given to what we made, and checked afterwards, because the system drops bits
//! without an error that it does not allow.

use std::os::fd::{AsFd, BorrowedFd};

use rustix::buffer::spare_capacity;
use rustix::fs::{AtFlags, Gid, Mode, Statx, Uid, XattrFlags};
use rustix::io::Errno;

use super::accounts::Accounts;
use super::failure::failure;
use super::path::{Located, stat_open};
use super::{entry, entry::mode_of};
use crate::error::{Code, Error, Result};
use crate::model::{Attributes, Owner, clean};
use crate::store::EntryKind;

const ACCESS_ACL: &str = "system.posix_acl_access";
const DEFAULT_ACL: &str = "system.posix_acl_default";

/// The attributes of a plain file or a directory.
pub(super) fn read(located: &Located, accounts: &Accounts) -> Result<Attributes> {
    let open = located.open()?;
    let stat = stat_open(&open, &located.shown)?;
    let directory = entry::kind_of(&stat) == EntryKind::Directory;
    Ok(Attributes {
        owner: Owner { user: accounts.user_name(stat.stx_uid), group: accounts.group_name(stat.stx_gid) },
        mode: mode_of(&stat),
        acl: acl(open.as_fd(), ACCESS_ACL, &located.shown)?,
        default_acl: if directory { acl(open.as_fd(), DEFAULT_ACL, &located.shown)? } else { Vec::new() },
        replication: None,
    })
}

/// Makes a directory with these attributes, or none.
pub(super) fn make_dir(located: &Located, wanted: &Attributes, accounts: &Accounts) -> Result<()> {
    rustix::fs::mkdirat(&located.directory, located.name.as_str(), Mode::RWXU)
        .map_err(|errno| failure(errno, "make the directory", &located.shown))?;
    let given = located.open_directory().and_then(|open| apply(open.as_fd(), wanted, accounts, &located.shown));
    if given.is_err() {
        // It is ours and empty; if somebody used it meanwhile, it stays.
        let _ = rustix::fs::unlinkat(&located.directory, located.name.as_str(), AtFlags::REMOVEDIR);
    }
    given
}

/// Gives an open file or directory of ours these attributes. An empty user or group is left as it is.
///
/// The owner comes first, because changing it clears bits of the mode; an ACL that was inherited goes before the mode
/// is set, because with one the mode's group bits mean the mask.
pub(super) fn apply(open: BorrowedFd<'_>, wanted: &Attributes, accounts: &Accounts, shown: &str) -> Result<()> {
    let before = stat_open(open, shown)?;
    let owner = Numbers::of(&wanted.owner, &before, accounts, shown)?;
    owner.give(open, &before, shown)?;
    set_acl(open, ACCESS_ACL, &[], shown)?;
    let mode = Mode::from_raw_mode(wanted.mode & 0o7777);
    rustix::fs::fchmod(open, mode).map_err(|errno| failure(errno, "set the mode of", shown))?;
    if !wanted.acl.is_empty() {
        set_acl(open, ACCESS_ACL, &wanted.acl, shown)?;
    }
    if entry::kind_of(&before) == EntryKind::Directory {
        set_acl(open, DEFAULT_ACL, &wanted.default_acl, shown)?;
    }
    let after = stat_open(open, shown)?;
    if (after.stx_uid, after.stx_gid) != (owner.user, owner.group) {
        return Err(not_owned(shown, &wanted.owner));
    }
    if mode_of(&after) != wanted.mode & 0o7777 {
        return Err(Error::new(Code::Permission, format!("could not set the mode of {}", clean(shown))).why(format!(
            "it is {:o} where {:o} was asked for",
            mode_of(&after),
            wanted.mode & 0o7777
        )));
    }
    Ok(())
}

/// A user and a group by number.
struct Numbers {
    user: u32,
    group: u32,
}

impl Numbers {
    fn of(owner: &Owner, before: &Statx, accounts: &Accounts, shown: &str) -> Result<Numbers> {
        let unknown = |kind: &str, name: &str| {
            Error::new(Code::Owner, format!("{} cannot be given its owner", clean(shown)))
                .why(format!("this host knows no {kind} {:?}", clean(name)))
        };
        let user = match owner.user.as_str() {
            "" => before.stx_uid,
            name => accounts.user_number(name).ok_or_else(|| unknown("user", name))?,
        };
        let group = match owner.group.as_str() {
            "" => before.stx_gid,
            name => accounts.group_number(name).ok_or_else(|| unknown("group", name))?,
        };
        Ok(Numbers { user, group })
    }

    fn give(&self, open: BorrowedFd<'_>, before: &Statx, shown: &str) -> Result<()> {
        if (before.stx_uid, before.stx_gid) == (self.user, self.group) {
            return Ok(());
        }
        // The highest number means "leave it" to the system.
        if self.user == u32::MAX || self.group == u32::MAX {
            return Err(Error::new(Code::Owner, format!("{} has no valid owner to be given", clean(shown))));
        }
        let user = (self.user != before.stx_uid).then(|| Uid::from_raw(self.user));
        let group = (self.group != before.stx_gid).then(|| Gid::from_raw(self.group));
        rustix::fs::fchown(open, user, group)
            .map_err(|errno| failure(errno, "set the owner of", shown).with_code(Code::Owner))
    }
}

fn not_owned(shown: &str, owner: &Owner) -> Error {
    Error::new(Code::Owner, format!("could not set the owner of {}", clean(shown))).why(format!(
        "it is not {}:{} after all",
        clean(&owner.user),
        clean(&owner.group)
    ))
}

/// The bytes of an ACL; none where there is none, or where the file system has none.
fn acl(open: BorrowedFd<'_>, name: &str, shown: &str) -> Result<Vec<u8>> {
    let mut value = Vec::with_capacity(512);
    loop {
        match rustix::fs::fgetxattr(open, name, spare_capacity(&mut value)) {
            Ok(_) => return Ok(value),
            Err(Errno::NODATA | Errno::OPNOTSUPP) => return Ok(Vec::new()),
            Err(Errno::RANGE) if value.capacity() < 1 << 20 => {
                let larger = value.capacity() * 4;
                value.reserve(larger);
            }
            Err(errno) => return Err(failure(errno, "read the ACL of", shown)),
        }
    }
}

/// Sets an ACL, or removes it where `value` is empty.
fn set_acl(open: BorrowedFd<'_>, name: &str, value: &[u8], shown: &str) -> Result<()> {
    if value.is_empty() {
        return match rustix::fs::fremovexattr(open, name) {
            Ok(()) | Err(Errno::NODATA | Errno::OPNOTSUPP) => Ok(()),
            Err(errno) => Err(failure(errno, "remove the inherited ACL of", shown)),
        };
    }
    rustix::fs::fsetxattr(open, name, value, XattrFlags::empty())
        .map_err(|errno| failure(errno, "set the ACL of", shown))
}
