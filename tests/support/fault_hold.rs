//! Holds of a process that can die.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::future::BoxFuture;
use lakehand::error::{Code, Error, Result};
use lakehand::model::StorePath;
use lakehand::store::{Hold, Identity, Listing, Write, WriteFile};

use super::file::FaultFile;
use super::{Act, FaultListing, Shared, locked, nothing};

/// What a process holds; empty once it died, so that its locks are gone.
pub type HeldSlot = Arc<Mutex<Option<Arc<dyn Hold>>>>;

/// A hold as the process has it.
pub struct FaultHold {
    slot: HeldSlot,
    shared: Arc<Shared>,
    target: Option<StorePath>,
    epoch: StorePath,
}

impl std::fmt::Debug for FaultHold {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "FaultHold of {:?} and {}", self.target, self.epoch)
    }
}

impl FaultHold {
    pub(super) fn register(
        inner: Arc<dyn Hold>,
        shared: &Arc<Shared>,
        target: Option<StorePath>,
        epoch: StorePath,
    ) -> Arc<dyn Hold> {
        let slot: HeldSlot = Arc::new(Mutex::new(Some(inner)));
        let mut held = locked(&shared.held);
        held.retain(|slot| locked(slot).is_some());
        held.push(Arc::clone(&slot));
        Arc::new(FaultHold { slot, shared: Arc::clone(shared), target, epoch })
    }

    fn inner(&self) -> Result<Arc<dyn Hold>> {
        let inner = locked(&self.slot).clone();
        inner.ok_or_else(|| Error::new(Code::Unavailable, "this process is dead"))
    }

    fn live(&self, name: &str) -> StorePath {
        self.target.as_ref().unwrap_or(&self.epoch).join(name)
    }

    async fn look(&self, what: &'static str) -> Result<Arc<dyn Hold>> {
        self.shared.look(Act::Look { what, path: self.epoch.clone() }).await?;
        self.inner()
    }

    async fn change<T: Send + 'static>(
        &self,
        act: Act,
        call: impl FnOnce(Arc<dyn Hold>) -> BoxFuture<'static, Result<T>> + Send + 'static,
    ) -> Result<T> {
        // Taken at the call: a delayed act has the descriptors of the original.
        let inner = self.inner()?;
        self.shared.change(act, move || call(inner), nothing).await
    }

    fn listing(&self, inner: Box<dyn Listing>) -> Box<dyn Listing> {
        let act = Act::Look { what: "list held", path: self.epoch.clone() };
        Box::new(FaultListing { inner, shared: Arc::clone(&self.shared), act })
    }
}

impl Drop for FaultHold {
    fn drop(&mut self) {
        locked(&self.slot).take();
    }
}

#[async_trait]
impl Hold for FaultHold {
    async fn is_current(&self) -> Result<bool> {
        self.look("hold").await?.is_current().await
    }

    async fn target_identity(&self) -> Result<Option<Identity>> {
        self.look("identity of the target of").await?.target_identity().await
    }

    async fn list_target(&self) -> Result<Box<dyn Listing>> {
        let inner = self.look("list the target of").await?.list_target().await?;
        Ok(self.listing(inner))
    }

    async fn list_epoch(&self) -> Result<Box<dyn Listing>> {
        let inner = self.look("list").await?.list_epoch().await?;
        Ok(self.listing(inner))
    }

    async fn out(&self, live: &str, parked: &str) -> Result<()> {
        let act = Act::Rename { from: self.live(live), to: self.epoch.join(parked) };
        let (live, parked) = (live.to_owned(), parked.to_owned());
        self.change(act, move |hold| Box::pin(async move { hold.out(&live, &parked).await })).await
    }

    async fn bring_in(&self, parked: &str, live: &str) -> Result<()> {
        let act = Act::Rename { from: self.epoch.join(parked), to: self.live(live) };
        let (parked, live) = (parked.to_owned(), live.to_owned());
        self.change(act, move |hold| Box::pin(async move { hold.bring_in(&parked, &live).await })).await
    }

    async fn rename_parked(&self, from: &str, to: &str) -> Result<()> {
        let act = Act::Rename { from: self.epoch.join(from), to: self.epoch.join(to) };
        let (from, to) = (from.to_owned(), to.to_owned());
        self.change(act, move |hold| Box::pin(async move { hold.rename_parked(&from, &to).await })).await
    }

    async fn create_parked(&self, name: &str) -> Result<Box<dyn WriteFile>> {
        let (inner, path, name) = (self.inner()?, self.epoch.join(name), name.to_owned());
        let run = move || -> BoxFuture<'static, Result<Box<dyn WriteFile>>> {
            Box::pin(async move { inner.create_parked(&name).await })
        };
        FaultFile::create(&self.shared, path, run).await
    }

    async fn remove_parked(&self, name: &str) -> Result<bool> {
        let act = Act::RemoveFile { path: self.epoch.join(name) };
        let name = name.to_owned();
        self.change(act, move |hold| Box::pin(async move { hold.remove_parked(&name).await })).await
    }

    async fn sync(&self) -> Result<()> {
        let directories = self.target.iter().chain([&self.epoch]).cloned().collect();
        self.change(Act::Sync { directories }, move |hold| Box::pin(async move { hold.sync().await })).await
    }
}

/// A hold of a store without locks: the acts go by the two paths, and only those.
#[derive(Debug)]
pub struct PathHold {
    store: Arc<dyn Write>,
    target: Option<StorePath>,
    epoch: StorePath,
    identities: (Option<Identity>, Option<Identity>),
}

impl PathHold {
    pub async fn bind(store: Arc<dyn Write>, target: Option<StorePath>, epoch: StorePath) -> Result<Arc<dyn Hold>> {
        let identities = identities(&*store, target.as_ref(), &epoch).await?;
        if identities.1.is_none() || (target.is_some() && identities.0.is_none()) {
            return Err(Error::new(Code::NotFound, format!("{epoch} or its target is gone")));
        }
        Ok(Arc::new(PathHold { store, target, epoch, identities }))
    }

    fn target(&self) -> Result<&StorePath> {
        self.target.as_ref().ok_or_else(|| Error::new(Code::NotFound, "no target is held"))
    }
}

async fn identities(
    store: &dyn Write,
    target: Option<&StorePath>,
    epoch: &StorePath,
) -> Result<(Option<Identity>, Option<Identity>)> {
    let target = match target {
        Some(target) => store.identity(target).await?,
        None => None,
    };
    Ok((target, store.identity(epoch).await?))
}

#[async_trait]
impl Hold for PathHold {
    async fn is_current(&self) -> Result<bool> {
        Ok(identities(&*self.store, self.target.as_ref(), &self.epoch).await? == self.identities)
    }

    async fn target_identity(&self) -> Result<Option<Identity>> {
        Ok(self.identities.0.clone())
    }

    async fn list_target(&self) -> Result<Box<dyn Listing>> {
        self.store.list(self.target()?).await
    }

    async fn list_epoch(&self) -> Result<Box<dyn Listing>> {
        self.store.list(&self.epoch).await
    }

    async fn out(&self, live: &str, parked: &str) -> Result<()> {
        self.store.rename(&self.target()?.join(live), &self.epoch.join(parked)).await
    }

    async fn bring_in(&self, parked: &str, live: &str) -> Result<()> {
        self.store.rename(&self.epoch.join(parked), &self.target()?.join(live)).await
    }

    async fn rename_parked(&self, from: &str, to: &str) -> Result<()> {
        self.store.rename(&self.epoch.join(from), &self.epoch.join(to)).await
    }

    async fn create_parked(&self, name: &str) -> Result<Box<dyn WriteFile>> {
        self.store.create(&self.epoch.join(name)).await
    }

    async fn remove_parked(&self, name: &str) -> Result<bool> {
        self.store.remove_file(&self.epoch.join(name)).await
    }

    async fn sync(&self) -> Result<()> {
        if let Some(target) = &self.target {
            self.store.sync_dir(target).await?;
        }
        self.store.sync_dir(&self.epoch).await
    }
}
