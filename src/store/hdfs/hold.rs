//! A target and an epoch, bound by their paths. The fence is the epoch's name: nobody else ever draws it, and what is
//! renamed from or to it fails once it is gone.
//!
//! New files of an epoch get block size and replication of the target's files, as its last listing showed them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;

use super::file::{HdfsWriteFile, Layout};
use super::pace::Pace;
use super::{HdfsStore, failure, listing};
use crate::error::{Code, Error, Result};
use crate::model::StorePath;
use crate::store::{EntryKind, Hold, Identity, Listing, WriteFile};

/// A target and an epoch.
#[derive(Debug)]
pub(super) struct HdfsHold {
    store: HdfsStore,
    target: Option<StorePath>,
    epoch: StorePath,
    layout: Arc<Seen>,
}

/// The largest block size and replication among the target's files; 0 where none was seen.
#[derive(Debug, Default)]
pub(super) struct Seen {
    block_size: AtomicU64,
    replication: AtomicU64,
}

impl Seen {
    pub(super) fn note(&self, block_size: Option<u64>, replication: Option<u32>) {
        self.block_size.fetch_max(block_size.unwrap_or(0), Ordering::Relaxed);
        self.replication.fetch_max(u64::from(replication.unwrap_or(0)), Ordering::Relaxed);
    }

    fn layout(&self) -> Layout {
        let some = |number: u64| Some(number).filter(|number| *number > 0);
        Layout {
            block_size: some(self.block_size.load(Ordering::Relaxed)),
            replication: some(self.replication.load(Ordering::Relaxed)).and_then(|count| u32::try_from(count).ok()),
        }
    }
}

impl HdfsHold {
    pub(super) async fn bind(store: HdfsStore, target: Option<StorePath>, epoch: StorePath) -> Result<HdfsHold> {
        let hold = HdfsHold { store, target, epoch, layout: Arc::default() };
        for path in hold.target.iter().chain([&hold.epoch]) {
            if !hold.is_directory(path).await? {
                return Err(failure::missing("find the directory", path.as_str()));
            }
        }
        Ok(hold)
    }

    async fn is_directory(&self, path: &StorePath) -> Result<bool> {
        let found = self.store.status(Pace::Exchange, path).await?;
        Ok(found.is_some_and(|entry| entry.kind == EntryKind::Directory))
    }

    fn target(&self) -> Result<&StorePath> {
        self.target.as_ref().ok_or_else(|| {
            Error::new(Code::NotFound, format!("the target of {} is gone", self.epoch)).why("only its epoch is held")
        })
    }

    fn parked(&self, name: &str) -> Result<StorePath> {
        below(&self.epoch, name)
    }

    fn live(&self, name: &str) -> Result<StorePath> {
        below(self.target()?, name)
    }
}

fn below(directory: &StorePath, name: &str) -> Result<StorePath> {
    if matches!(name, "" | "." | "..") || name.contains(['/', '\0']) {
        return Err(Error::new(Code::Internal, format!("{name:?} is not the name of an entry")));
    }
    Ok(directory.join(name))
}

#[async_trait]
impl Hold for HdfsHold {
    async fn is_current(&self) -> Result<bool> {
        for path in self.target.iter().chain([&self.epoch]) {
            if !self.is_directory(path).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn target_identity(&self) -> Result<Option<Identity>> {
        Ok(None)
    }

    async fn list_target(&self) -> Result<Box<dyn Listing>> {
        listing::begin(&self.store.connection, Pace::Exchange, self.target()?, Some(Arc::clone(&self.layout))).await
    }

    async fn list_epoch(&self) -> Result<Box<dyn Listing>> {
        listing::begin(&self.store.connection, Pace::Exchange, &self.epoch, None).await
    }

    async fn out(&self, live: &str, parked: &str) -> Result<()> {
        self.store.rename_at(Pace::Exchange, &self.live(live)?, &self.parked(parked)?).await
    }

    async fn bring_in(&self, parked: &str, live: &str) -> Result<()> {
        self.store.rename_at(Pace::Exchange, &self.parked(parked)?, &self.live(live)?).await
    }

    async fn rename_parked(&self, from: &str, to: &str) -> Result<()> {
        self.store.rename_at(Pace::Exchange, &self.parked(from)?, &self.parked(to)?).await
    }

    async fn create_parked(&self, name: &str) -> Result<Box<dyn WriteFile>> {
        let path = self.parked(name)?;
        Ok(Box::new(HdfsWriteFile::create(&self.store.connection, &path, self.layout.layout()).await?))
    }

    async fn remove_parked(&self, name: &str) -> Result<bool> {
        self.store.delete(Pace::Exchange, &self.parked(name)?).await
    }

    /// The NameNode answers when its log has the change.
    async fn sync(&self) -> Result<()> {
        Ok(())
    }
}
