//! A target and an epoch, locked (PROTOCOL §3, local disk).
//!
//! Locks hold where paths do not: a rename whose path was resolved before a fence lands after it. So both directories
//! are opened, locked without waiting, target first, and after each lock the path must still lead to what is locked;
//! every act then goes by the two descriptors. The locks belong to this object: they end with it, and with the process.

use std::os::fd::OwnedFd;
use std::sync::Arc;

use async_trait::async_trait;
use rustix::fs::{FlockOperation, OFlags, Statx};
use rustix::io::Errno;

use super::failure::failure;
use super::file::LocalWriteFile;
use super::listing::LocalListing;
use super::path::{Located, one_name, rename, reopen, stat_open, sync};
use super::{Shared, blocking, volume};
use crate::error::{Code, Error, Result};
use crate::model::{StorePath, clean};
use crate::store::{EntryKind, Hold, Identity, Listing, WriteFile};

/// How often a path may turn out to lead elsewhere before we give up.
const ATTEMPTS: usize = 16;

/// A target and an epoch, locked.
#[derive(Debug)]
pub(super) struct LocalHold {
    held: Arc<Held>,
}

#[derive(Debug)]
struct Held {
    /// None where the target is gone.
    target: Option<Locked>,
    epoch: Locked,
    shared: Arc<Shared>,
}

/// One locked directory.
#[derive(Debug)]
struct Locked {
    open: OwnedFd,
    stat: Statx,
    path: StorePath,
    shown: String,
}

impl Drop for Locked {
    /// Closing would let go as well, but not while a child that was just forked has not yet executed its program.
    fn drop(&mut self) {
        let _ = rustix::fs::flock(&self.open, FlockOperation::Unlock);
    }
}

impl Locked {
    /// Opens a directory and locks it; none when its path leads elsewhere by then.
    fn take(shared: &Shared, path: &StorePath) -> Result<Option<Locked>> {
        let open = shared.locate(path)?.open_directory()?;
        Locked::lock(shared, path, open)
    }

    /// Locks what was opened at a path, if the path still leads to it once it is locked.
    fn lock(shared: &Shared, path: &StorePath, open: OwnedFd) -> Result<Option<Locked>> {
        rustix::io::retry_on_intr(|| rustix::fs::flock(&open, FlockOperation::NonBlockingLockExclusive)).map_err(
            |errno| match errno {
                Errno::WOULDBLOCK => {
                    Error::new(Code::LeaseHeld, format!("{} is locked by another process", clean(path.as_str())))
                        .why("a run works on it now, or was stopped while it did")
                }
                _ => failure(errno, "lock", path.as_str()),
            },
        )?;
        let stat = stat_open(&open, path.as_str())?;
        let locked = Locked { open, stat, path: path.clone(), shown: path.to_string() };
        Ok(locked.is_current(shared)?.then_some(locked))
    }

    /// Whether the path still leads here.
    fn is_current(&self, shared: &Shared) -> Result<bool> {
        match shared.locate(&self.path) {
            Ok(located) => located.leads_to(&self.stat),
            Err(error) if error.code() == Code::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// A name in this directory, with a descriptor that outlives the lock.
    fn locate(&self, name: &str) -> Result<Located> {
        one_name(name)?;
        Ok(Located {
            directory: reopen(&self.open, OFlags::PATH, &self.shown)?,
            name: name.to_owned(),
            shown: self.shown_below(name),
        })
    }

    fn list(&self, shared: &Arc<Shared>) -> Result<Box<dyn Listing>> {
        let open = reopen(&self.open, OFlags::RDONLY, &self.shown)?;
        Ok(Box::new(LocalListing::new(open, self.shown.clone(), Arc::clone(shared))))
    }

    fn shown_below(&self, name: &str) -> String {
        format!("{}/{name}", self.shown)
    }
}

impl LocalHold {
    pub(super) fn take(shared: Arc<Shared>, target: Option<StorePath>, epoch: StorePath) -> Result<LocalHold> {
        for _ in 0..ATTEMPTS {
            if let Some(held) = Held::take(&shared, target.as_ref(), &epoch)? {
                return Ok(LocalHold { held: Arc::new(held) });
            }
        }
        Err(Error::new(Code::LeaseHeld, format!("could not take {}", clean(epoch.as_str())))
            .why("its directories were replaced again and again while they were locked"))
    }

    async fn with<T: Send + 'static>(&self, work: impl FnOnce(&Held) -> Result<T> + Send + 'static) -> Result<T> {
        let held = Arc::clone(&self.held);
        blocking(move || work(&held)).await
    }
}

impl Held {
    fn take(shared: &Arc<Shared>, target: Option<&StorePath>, epoch: &StorePath) -> Result<Option<Held>> {
        let target = match target {
            None => None,
            Some(path) => match Locked::take(shared, path)? {
                None => return Ok(None),
                locked => locked,
            },
        };
        let Some(epoch) = Locked::take(shared, epoch)? else { return Ok(None) };
        let held = Held { target, epoch, shared: Arc::clone(shared) };
        Ok(held.is_current()?.then_some(held))
    }

    fn is_current(&self) -> Result<bool> {
        let target = match &self.target {
            Some(target) => target.is_current(&self.shared)?,
            None => true,
        };
        Ok(target && self.epoch.is_current(&self.shared)?)
    }

    fn target(&self) -> Result<&Locked> {
        self.target.as_ref().ok_or_else(|| {
            Error::new(Code::NotFound, format!("the target of {} is gone", clean(&self.epoch.shown)))
                .why("only its epoch is held")
        })
    }
}

/// Renames from one held directory to a name in another, never over anything.
fn move_between(from: &Locked, name: &str, to: &Locked, new_name: &str) -> Result<()> {
    one_name(name)?;
    one_name(new_name)?;
    rename((&from.open, name), (&to.open, new_name), (&from.shown_below(name), &to.shown_below(new_name)))
}

#[async_trait]
impl Hold for LocalHold {
    async fn is_current(&self) -> Result<bool> {
        self.with(Held::is_current).await
    }

    async fn target_identity(&self) -> Result<Option<Identity>> {
        self.with(|held| held.target.as_ref().map(|target| volume::identity(&target.stat, &target.shown)).transpose())
            .await
    }

    async fn list_target(&self) -> Result<Box<dyn Listing>> {
        self.with(|held| held.target()?.list(&held.shared)).await
    }

    async fn list_epoch(&self) -> Result<Box<dyn Listing>> {
        self.with(|held| held.epoch.list(&held.shared)).await
    }

    async fn out(&self, live: &str, parked: &str) -> Result<()> {
        let (live, parked) = (live.to_owned(), parked.to_owned());
        self.with(move |held| move_between(held.target()?, &live, &held.epoch, &parked)).await
    }

    async fn bring_in(&self, parked: &str, live: &str) -> Result<()> {
        let (parked, live) = (parked.to_owned(), live.to_owned());
        self.with(move |held| move_between(&held.epoch, &parked, held.target()?, &live)).await
    }

    async fn rename_parked(&self, from: &str, to: &str) -> Result<()> {
        let (from, to) = (from.to_owned(), to.to_owned());
        self.with(move |held| move_between(&held.epoch, &from, &held.epoch, &to)).await
    }

    async fn create_parked(&self, name: &str) -> Result<Box<dyn WriteFile>> {
        let name = name.to_owned();
        let file =
            self.with(move |held| LocalWriteFile::create(held.epoch.locate(&name)?, Arc::clone(&held.shared))).await?;
        Ok(Box::new(file))
    }

    async fn remove_parked(&self, name: &str) -> Result<bool> {
        let name = name.to_owned();
        self.with(move |held| held.epoch.locate(&name)?.remove(EntryKind::File)).await
    }

    async fn sync(&self) -> Result<()> {
        self.with(|held| {
            if let Some(target) = &held.target {
                sync(&target.open, &target.shown)?;
            }
            sync(&held.epoch.open, &held.epoch.shown)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What may happen between opening and locking, which no test can hit from outside.
    #[test]
    fn what_was_opened_is_not_held_once_its_path_leads_elsewhere() {
        let directory = tempfile::tempdir().unwrap();
        let disk = |name: &str| directory.path().join(name);
        let shared = Shared::default();
        let path = StorePath::new(disk("epoch").to_str().unwrap()).unwrap();
        let open = || shared.locate(&path).unwrap().open_directory().unwrap();
        std::fs::create_dir(disk("epoch")).unwrap();

        let unchanged = Locked::lock(&shared, &path, open()).unwrap();
        assert!(unchanged.is_some());
        drop(unchanged);

        let opened = open();
        std::fs::rename(disk("epoch"), disk("rest")).unwrap();
        assert!(Locked::lock(&shared, &path, opened).unwrap().is_none(), "it was renamed");
        std::fs::rename(disk("rest"), disk("epoch")).unwrap();

        let opened = open();
        std::fs::rename(disk("epoch"), disk("rest")).unwrap();
        std::fs::create_dir(disk("epoch")).unwrap();
        assert!(Locked::lock(&shared, &path, opened).unwrap().is_none(), "another has its name");

        let opened = open();
        std::fs::remove_dir(disk("epoch")).unwrap();
        assert!(Locked::lock(&shared, &path, opened).unwrap().is_none(), "it was removed");
    }
}
