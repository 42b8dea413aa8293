//! Paths as descriptors of directories and single names, and the acts on one name.

use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{AtFlags, CWD, Mode, OFlags, RenameFlags, Statx, StatxFlags, Timespec, Timestamps};
use rustix::io::Errno;

use super::accounts::Accounts;
use super::failure::{failure, not_plain};
use super::{entry, volume};
use crate::error::{Code, Error, Result};
use crate::model::{FileTime, StorePath};
use crate::store::{Entry, EntryKind, EntryName};

const DIRECTORY_ON_THE_WAY: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// One name in an open directory. What the name leads to may change; the directory does not.
#[derive(Debug)]
pub(super) struct Located {
    pub(super) directory: OwnedFd,
    pub(super) name: String,
    /// The path, for messages.
    pub(super) shown: String,
}

/// Opens the directory that holds `path`. Below `root` no symbolic link is followed.
pub(super) fn locate(root: Option<&StorePath>, path: &StorePath) -> Result<Located> {
    let shown = path.to_string();
    let Some(parent) = path.parent() else {
        let directory = open_path(CWD, "/", OFlags::empty(), &shown)?;
        return Ok(Located { directory, name: ".".to_owned(), shown });
    };
    let directory = match root.and_then(|root| Some((root, parent.below(root)?))) {
        None => open_path(CWD, parent.as_str(), OFlags::empty(), &shown)?,
        Some((root, between)) => {
            let mut directory = open_path(CWD, root.as_str(), OFlags::empty(), &shown)?;
            for part in between.split('/').filter(|part| !part.is_empty()) {
                directory = step_into(&directory, part, &shown)?;
            }
            directory
        }
    };
    Ok(Located { directory, name: path.name().to_owned(), shown })
}

fn open_path(directory: impl AsFd, name: &str, more: OFlags, shown: &str) -> Result<OwnedFd> {
    rustix::fs::openat(directory, name, DIRECTORY_ON_THE_WAY | more, Mode::empty())
        .map_err(|errno| failure(errno, "reach", shown))
}

fn step_into(directory: &OwnedFd, part: &str, shown: &str) -> Result<OwnedFd> {
    open_path(directory, part, OFlags::NOFOLLOW, shown).map_err(|error| {
        if is_symlink(directory, part) { not_plain(&format!("below {part:?}, a symbolic link"), shown) } else { error }
    })
}

fn is_symlink(directory: &OwnedFd, name: &str) -> bool {
    stat_name(directory, name).is_ok_and(|stat| entry::kind_of(&stat) == EntryKind::Symlink)
}

/// The facts of a name in a directory, never of what it points to.
pub(super) fn stat_name(directory: impl AsFd, name: impl rustix::path::Arg) -> Result<Statx, Errno> {
    let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT;
    rustix::fs::statx(directory, name, flags, StatxFlags::BASIC_STATS | StatxFlags::BTIME | StatxFlags::MNT_ID)
}

/// The facts of what a descriptor is open on.
pub(super) fn stat_open(open: impl AsFd, shown: &str) -> Result<Statx> {
    let mask = StatxFlags::BASIC_STATS | StatxFlags::BTIME | StatxFlags::MNT_ID;
    rustix::fs::statx(open, "", AtFlags::EMPTY_PATH, mask).map_err(|errno| failure(errno, "look at", shown))
}

/// Makes durable what was done in an open directory, or written to an open file.
pub(super) fn sync(open: impl AsFd, shown: &str) -> Result<()> {
    rustix::io::retry_on_intr(|| rustix::fs::fsync(open.as_fd())).map_err(|errno| failure(errno, "sync", shown))
}

/// Opens a directory once more by its descriptor: an offset and locks of its own.
pub(super) fn reopen(directory: impl AsFd, flags: OFlags, shown: &str) -> Result<OwnedFd> {
    let flags = OFlags::DIRECTORY | OFlags::CLOEXEC | flags;
    rustix::fs::openat(directory, ".", flags, Mode::empty()).map_err(|errno| failure(errno, "open", shown))
}

/// Renames in one step, and only where the destination is not. There is no second way: a file system that cannot do
/// this is refused.
pub(super) fn rename(from: (&OwnedFd, &str), to: (&OwnedFd, &str), shown: (&str, &str)) -> Result<()> {
    rustix::fs::renameat_with(from.0, from.1, to.0, to.1, RenameFlags::NOREPLACE).map_err(|errno| match errno {
        Errno::EXIST => failure(errno, &format!("rename {} to", crate::model::clean(shown.0)), shown.1),
        Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP | Errno::XDEV => {
            failure(errno, &format!("rename {} without replacing to", crate::model::clean(shown.0)), shown.1)
                .with_code(Code::UnsupportedStore)
        }
        _ => failure(errno, "rename", shown.0).why(format!("to {}", crate::model::clean(shown.1))),
    })
}

/// Refuses what is not one name; names come from listings and records.
pub(super) fn one_name(name: &str) -> Result<()> {
    if matches!(name, "" | "." | "..") || name.contains(['/', '\0']) {
        return Err(Error::new(Code::Internal, format!("{name:?} is not the name of an entry")));
    }
    Ok(())
}

impl Located {
    /// The facts of the entry; none where nothing is.
    pub(super) fn stat(&self) -> Result<Option<Statx>> {
        match stat_name(&self.directory, self.name.as_str()) {
            Ok(stat) => Ok(Some(stat)),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(failure(errno, "look at", &self.shown)),
        }
    }

    /// The facts of an entry that must be there.
    pub(super) fn stat_present(&self) -> Result<Statx> {
        self.stat()?.ok_or_else(|| failure(Errno::NOENT, "look at", &self.shown))
    }

    pub(super) fn entry(&self, accounts: &Accounts) -> Result<Option<Entry>> {
        let name = EntryName::Text(self.name.clone());
        Ok(self.stat()?.map(|stat| entry::entry(name, &stat, accounts)))
    }

    /// Opens the entry, which must be a plain file or a directory, for reading; never waits for a pipe's writer.
    pub(super) fn open(&self) -> Result<OwnedFd> {
        match entry::kind_of(&self.stat_present()?) {
            EntryKind::File => self.open_unnoticed(),
            EntryKind::Directory => self.open_with(OFlags::DIRECTORY),
            EntryKind::Symlink => Err(not_plain("a symbolic link", &self.shown)),
            EntryKind::Special => Err(not_plain("a socket, pipe or device", &self.shown)),
        }
    }

    /// Opens a file without leaving an access time, by which plans tell when others read it. Only its owner may do so.
    fn open_unnoticed(&self) -> Result<OwnedFd> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOATIME;
        match rustix::fs::openat(&self.directory, self.name.as_str(), flags, Mode::empty()) {
            Ok(open) => Ok(open),
            Err(Errno::PERM) => self.open_with(OFlags::NONBLOCK),
            Err(errno) => Err(failure(errno, "open", &self.shown)),
        }
    }

    /// Opens the entry, which must be a directory, for listing, locking and syncing.
    pub(super) fn open_directory(&self) -> Result<OwnedFd> {
        self.open_with(OFlags::DIRECTORY).map_err(|error| {
            if is_symlink(&self.directory, &self.name) { not_plain("a symbolic link", &self.shown) } else { error }
        })
    }

    fn open_with(&self, flags: OFlags) -> Result<OwnedFd> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | flags;
        rustix::fs::openat(&self.directory, self.name.as_str(), flags, Mode::empty())
            .map_err(|errno| failure(errno, "open", &self.shown))
    }

    pub(super) fn rename_to(&self, to: &Located) -> Result<()> {
        rename((&self.directory, &self.name), (&to.directory, &to.name), (&self.shown, &to.shown))
    }

    /// Removes a file or an empty directory; `false` where nothing was.
    pub(super) fn remove(&self, kind: EntryKind) -> Result<bool> {
        let flags = if kind == EntryKind::Directory { AtFlags::REMOVEDIR } else { AtFlags::empty() };
        match rustix::fs::unlinkat(&self.directory, self.name.as_str(), flags) {
            Ok(()) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            // POSIX lets rmdir say either of a directory that is not empty.
            Err(Errno::EXIST | Errno::NOTEMPTY) => Err(failure(Errno::NOTEMPTY, "remove", &self.shown)),
            Err(Errno::NOTDIR) => Err(failure(Errno::NOTDIR, "remove", &self.shown).with_code(Code::UnsupportedEntry)),
            Err(errno) => Err(failure(errno, "remove", &self.shown)),
        }
    }

    pub(super) fn set_modified(&self, modified: FileTime) -> Result<()> {
        let times = modification(modified);
        rustix::fs::utimensat(&self.directory, self.name.as_str(), &times, AtFlags::SYMLINK_NOFOLLOW)
            .map_err(|errno| failure(errno, "set the modification time of", &self.shown))
    }

    /// Whether the name still leads to what `open` is.
    pub(super) fn leads_to(&self, open: &Statx) -> Result<bool> {
        Ok(self.stat()?.is_some_and(|found| volume::same_entry(&found, open)))
    }
}

/// A modification time to set; the access time stays.
pub(super) fn modification(modified: FileTime) -> Timestamps {
    let omit = Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_OMIT };
    Timestamps {
        last_access: omit,
        last_modification: Timespec {
            tv_sec: modified.0.div_euclid(1_000_000_000),
            tv_nsec: modified.0.rem_euclid(1_000_000_000),
        },
    }
}
