//! Listings: one buffer of the operating system a page, and the facts of each name by the directory's descriptor.

use std::os::fd::OwnedFd;
use std::sync::Arc;

use async_trait::async_trait;
use rustix::fs::{FileType, RawDir};
use rustix::io::Errno;

use super::failure::failure;
use super::{Shared, blocking, entry, path};
use crate::error::Result;
use crate::store::{Entry, EntryKind, EntryName, Listing, NameListing};

/// About a thousand entries with names as data files have them.
const PAGE_BYTES: usize = 64 * 1024;

/// A page of fewer entries is filled on, so that a small directory takes one call and not one for its end.
const SMALL_PAGE: usize = 256;

/// A listing with the facts of every entry.
#[derive(Debug)]
pub(super) struct LocalListing {
    open: Option<Arc<OwnedFd>>,
    /// The page that was read when the listing began.
    first: Option<Vec<Entry>>,
    shown: String,
    shared: Arc<Shared>,
}

impl LocalListing {
    /// A listing that has read nothing yet.
    pub(super) fn new(open: OwnedFd, shown: String, shared: Arc<Shared>) -> LocalListing {
        LocalListing { open: Some(Arc::new(open)), first: None, shown, shared }
    }

    /// A listing with its first page, for a caller that may block.
    pub(super) fn begin(open: OwnedFd, shown: String, shared: Arc<Shared>) -> Result<LocalListing> {
        let (page, more) = read_entries(&open, &shown, &shared)?;
        let first = (more || !page.is_empty()).then_some(page);
        Ok(LocalListing { open: more.then(|| Arc::new(open)), first, shown, shared })
    }
}

#[async_trait]
impl Listing for LocalListing {
    async fn next_page(&mut self) -> Result<Option<Vec<Entry>>> {
        if let Some(first) = self.first.take() {
            return Ok(Some(first));
        }
        // Taken out, so that a listing that failed or ended has no further pages.
        let Some(open) = self.open.take() else { return Ok(None) };
        let (shown, shared, directory) = (self.shown.clone(), Arc::clone(&self.shared), Arc::clone(&open));
        let (page, more) = blocking(move || read_entries(&directory, &shown, &shared)).await?;
        if more {
            self.open = Some(open);
        }
        Ok((more || !page.is_empty()).then_some(page))
    }
}

fn read_entries(directory: &OwnedFd, shown: &str, shared: &Shared) -> Result<(Vec<Entry>, bool)> {
    let mut page = Vec::new();
    let more = read_page(directory, shown, |name, _| {
        // An entry that went since the directory was read is not there.
        match path::stat_name(directory, name) {
            Ok(stat) => page.push(entry::entry(entry::name(name.to_bytes()), &stat, shared.accounts())),
            Err(Errno::NOENT) => {}
            Err(errno) => return Err(failure(errno, "look at an entry of", shown)),
        }
        Ok(())
    })?;
    Ok((page, more))
}

/// A listing of names and kinds alone.
#[derive(Debug)]
pub(super) struct LocalNames {
    open: Option<Arc<OwnedFd>>,
    first: Option<Vec<(EntryName, EntryKind)>>,
    shown: String,
}

impl LocalNames {
    /// A listing with its first page, for a caller that may block.
    pub(super) fn begin(open: OwnedFd, shown: String) -> Result<LocalNames> {
        let (page, more) = read_names(&open, &shown)?;
        let first = (more || !page.is_empty()).then_some(page);
        Ok(LocalNames { open: more.then(|| Arc::new(open)), first, shown })
    }
}

#[async_trait]
impl NameListing for LocalNames {
    async fn next_page(&mut self) -> Result<Option<Vec<(EntryName, EntryKind)>>> {
        if let Some(first) = self.first.take() {
            return Ok(Some(first));
        }
        let Some(open) = self.open.take() else { return Ok(None) };
        let (shown, directory) = (self.shown.clone(), Arc::clone(&open));
        let (page, more) = blocking(move || read_names(&directory, &shown)).await?;
        if more {
            self.open = Some(open);
        }
        Ok((more || !page.is_empty()).then_some(page))
    }
}

fn read_names(directory: &OwnedFd, shown: &str) -> Result<(Vec<(EntryName, EntryKind)>, bool)> {
    let mut page = Vec::new();
    let more = read_page(directory, shown, |name, file_type| {
        let kind = match file_type {
            FileType::Unknown => match path::stat_name(directory, name) {
                Ok(stat) => entry::kind_of(&stat),
                Err(Errno::NOENT) => return Ok(()),
                Err(errno) => return Err(failure(errno, "look at an entry of", shown)),
            },
            known => entry::kind(known),
        };
        page.push((entry::name(name.to_bytes()), kind));
        Ok(())
    })?;
    Ok((page, more))
}

/// Hands on what one buffer holds, or a few where that is little; `false` at the end. A directory that was removed meanwhile is an error here, where
/// the C library would show it as empty.
fn read_page(
    directory: &OwnedFd,
    shown: &str,
    mut each: impl FnMut(&std::ffi::CStr, FileType) -> Result<()>,
) -> Result<bool> {
    let mut buffer = Vec::with_capacity(PAGE_BYTES);
    let mut entries = RawDir::new(directory, buffer.spare_capacity_mut());
    let mut handed_on = 0;
    loop {
        match entries.next() {
            None => return Ok(false),
            Some(Err(Errno::INTR)) => continue,
            Some(Err(errno)) => return Err(failure(errno, "list", shown)),
            Some(Ok(found)) => {
                if !matches!(found.file_name().to_bytes(), b"." | b"..") {
                    each(found.file_name(), found.file_type())?;
                    handed_on += 1;
                }
            }
        }
        if entries.is_buffer_empty() && handed_on >= SMALL_PAGE {
            return Ok(true);
        }
    }
}
