//! Files: reading at any place, and writing new ones.

use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use rustix::buffer::spare_capacity;
use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;

use super::failure::{failure, not_plain};
use super::path::{Located, modification, stat_name, stat_open, sync};
use super::{Shared, attributes, blocking, entry, volume};
use crate::error::{Code, Error, Result};
use crate::model::{Attributes, FileTime, Size, clean};
use crate::store::{EntryKind, ReadFile, WriteFile};

/// Small writes are gathered up to this before they go to the disk.
const GATHERED: usize = 512 * 1024;

/// An open file.
#[derive(Debug)]
pub(super) struct LocalReadFile {
    open: Arc<OwnedFd>,
    length: u64,
    shown: Arc<str>,
}

impl LocalReadFile {
    pub(super) fn open(located: &Located) -> Result<LocalReadFile> {
        let (open, length) = open_file(located)?;
        Ok(LocalReadFile { open: Arc::new(open), length, shown: located.shown.as_str().into() })
    }
}

#[async_trait]
impl ReadFile for LocalReadFile {
    fn length(&self) -> Size {
        Size(self.length)
    }

    async fn read_at(&self, offset: u64, length: usize) -> Result<Bytes> {
        // Checked before anything is allocated: the numbers may come from a damaged footer.
        if offset.checked_add(length as u64).is_none_or(|end| end > self.length) {
            return Err(Error::new(
                Code::DamagedFile,
                format!("{} has no {length} bytes at {offset}: it has {}", clean(&self.shown), self.length),
            ));
        }
        let (open, shown) = (Arc::clone(&self.open), Arc::clone(&self.shown));
        blocking(move || read_exactly(&open, offset, length, &shown)).await
    }
}

/// A whole file of at most `limit` bytes.
pub(super) fn read_whole(located: &Located, limit: Size) -> Result<Bytes> {
    let (open, length) = open_file(located)?;
    if length > limit.0 {
        return Err(Error::new(
            Code::DamagedFile,
            format!("{} has {length} bytes where at most {} are expected", clean(&located.shown), limit.0),
        ));
    }
    read_exactly(&open, 0, length as usize, &located.shown)
}

fn open_file(located: &Located) -> Result<(OwnedFd, u64)> {
    let open = located.open()?;
    let stat = stat_open(&open, &located.shown)?;
    match entry::kind_of(&stat) {
        EntryKind::File => Ok((open, stat.stx_size)),
        EntryKind::Directory => Err(not_plain("a directory", &located.shown)),
        EntryKind::Symlink | EntryKind::Special => Err(not_plain("a socket, pipe or device", &located.shown)),
    }
}

fn read_exactly(open: &OwnedFd, offset: u64, length: usize, shown: &str) -> Result<Bytes> {
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(length).map_err(|error| {
        Error::new(Code::Memory, format!("no memory for {length} bytes of {}", clean(shown))).source(error)
    })?;
    while bytes.len() < length {
        let at = offset + bytes.len() as u64;
        match rustix::io::pread(open, spare_capacity(&mut bytes), at) {
            Ok(0) => {
                return Err(Error::new(Code::Changed, format!("{} changed while it was read", clean(shown)))
                    .why(format!("it ends at {at}, before the {length} bytes from {offset}")));
            }
            Ok(_) | Err(Errno::INTR) => {}
            Err(errno) => return Err(failure(errno, "read", shown)),
        }
    }
    // The vector may have had room for more than was asked for.
    bytes.truncate(length);
    Ok(Bytes::from(bytes))
}

/// A new file. Until [`WriteFile::finish`] it is readable by its owner only, and removed when it is dropped.
#[derive(Debug)]
pub(super) struct LocalWriteFile {
    /// None while a write is on its way and after one that failed: nothing can be appended then.
    file: Option<File>,
    located: Arc<Located>,
    gathered: Vec<Bytes>,
    gathered_bytes: usize,
    shared: Arc<Shared>,
    made: Made,
}

/// The file that was made, removed on drop unless it was finished.
#[derive(Debug)]
struct Made {
    located: Arc<Located>,
    stat: rustix::fs::Statx,
    finished: bool,
}

impl LocalWriteFile {
    pub(super) fn create(located: Located, shared: Arc<Shared>) -> Result<LocalWriteFile> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mode = Mode::RUSR | Mode::WUSR;
        let open = rustix::fs::openat(&located.directory, located.name.as_str(), flags, mode)
            .map_err(|errno| failure(errno, "create", &located.shown))?;
        let stat = stat_open(&open, &located.shown)?;
        let located = Arc::new(located);
        let made = Made { located: Arc::clone(&located), stat, finished: false };
        Ok(LocalWriteFile {
            file: Some(File::from(open)),
            located,
            gathered: Vec::new(),
            gathered_bytes: 0,
            shared,
            made,
        })
    }

    /// The open file and what was gathered for it.
    fn take(&mut self) -> Result<(File, Vec<Bytes>)> {
        let file = self.file.take().ok_or_else(|| {
            Error::new(Code::Io, format!("could not write {}", clean(&self.located.shown)))
                .why("an earlier write failed or was broken off")
        })?;
        self.gathered_bytes = 0;
        Ok((file, std::mem::take(&mut self.gathered)))
    }
}

#[async_trait]
impl WriteFile for LocalWriteFile {
    async fn write(&mut self, bytes: Bytes) -> Result<()> {
        self.gathered_bytes += bytes.len();
        self.gathered.push(bytes);
        if self.gathered_bytes < GATHERED && self.gathered.len() < 4096 && self.file.is_some() {
            return Ok(());
        }
        let (file, gathered) = self.take()?;
        let located = Arc::clone(&self.located);
        let file = blocking(move || {
            append(&file, &gathered, &located.shown)?;
            Ok(file)
        })
        .await?;
        self.file = Some(file);
        Ok(())
    }

    async fn finish(mut self: Box<Self>, attributes: &Attributes, modified: Option<FileTime>) -> Result<()> {
        let (file, gathered) = self.take()?;
        let (located, shared, wanted) = (Arc::clone(&self.located), Arc::clone(&self.shared), attributes.clone());
        blocking(move || {
            append(&file, &gathered, &located.shown)?;
            attributes::apply(file.as_fd(), &wanted, shared.accounts(), &located.shown)?;
            if let Some(modified) = modified {
                rustix::fs::futimens(&file, &modification(modified))
                    .map_err(|errno| failure(errno, "set the modification time of", &located.shown))?;
            }
            sync(&file, &located.shown)
        })
        .await?;
        self.made.finished = true;
        Ok(())
    }
}

impl Drop for Made {
    /// Removes the file if its name still leads to it. Blocking for one call, so that it also happens when no runtime
    /// is left; a failure leaves a hidden file in a directory of ours, which recovery removes.
    fn drop(&mut self) {
        if self.finished {
            return;
        }
        let found = stat_name(&self.located.directory, self.located.name.as_str());
        if found.is_ok_and(|found| volume::same_entry(&found, &self.stat)) {
            let _ = rustix::fs::unlinkat(&self.located.directory, self.located.name.as_str(), AtFlags::empty());
        }
    }
}

fn append(mut file: &File, gathered: &[Bytes], shown: &str) -> Result<()> {
    for bytes in gathered {
        std::io::Write::write_all(&mut file, bytes)
            .map_err(|error| Error::from(error).context(format!("could not write {}", clean(shown))))?;
    }
    Ok(())
}
