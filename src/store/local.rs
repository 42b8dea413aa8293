//! The local disk behind the store's traits.
//!
//! Decisions:
//! - Every path is resolved to a descriptor of its directory and one name; the last name is never followed. Below the
//!   root that [`LocalStore::below`] was given no name on the way is followed either: a symbolic link there is an
//!   error, not another place.
//! - Calls run on blocking threads and are awaited without a time-out: a call that was begun has an end, so no outcome
//!   is unknown here (PROTOCOL §3). Dropping the future of a call does not stop the call.
//! - Every descriptor is close-on-exec: an heir would keep a lock.
//! - Each error names the path and what was attempted.

mod accounts;
mod attributes;
mod entry;
mod failure;
mod file;
mod hold;
mod listing;
mod path;
mod volume;

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use bytes::Bytes;

use super::{
    Capabilities, Entry, EntryKind, Hold, Identity, Listing, NameListing, Read, ReadFile, Room, Write, WriteFile,
};
use crate::error::{Code, Error, Result};
use crate::model::{Attributes, FileTime, Size, StorePath, clean};

use accounts::Accounts;
use path::Located;

/// The local disk.
#[derive(Clone, Debug, Default)]
pub struct LocalStore {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    root: Option<StorePath>,
    accounts: OnceLock<Accounts>,
}

impl Shared {
    fn accounts(&self) -> &Accounts {
        self.accounts.get_or_init(Accounts::load)
    }

    fn locate(&self, path: &StorePath) -> Result<Located> {
        path::locate(self.root.as_ref(), path)
    }
}

impl LocalStore {
    /// The whole disk. The last name of a path is not followed, those before it are.
    pub fn new() -> LocalStore {
        LocalStore::default()
    }

    /// The disk with a lake's directory, below which no symbolic link is followed at any level.
    pub fn below(root: StorePath) -> LocalStore {
        LocalStore { shared: Arc::new(Shared { root: Some(root), accounts: OnceLock::new() }) }
    }

    /// The real path of what is there, with every link on the way followed. For what a person gives by hand; paths
    /// that come out of a lake are never resolved like this.
    pub async fn resolve(&self, path: &StorePath) -> Result<StorePath> {
        let given = path.clone();
        blocking(move || {
            let found = std::fs::canonicalize(given.as_str())
                .map_err(|error| Error::from(error).context(format!("could not find {}", clean(given.as_str()))))?;
            let text = found.into_os_string().into_string().map_err(|name| {
                Error::new(Code::Usage, format!("{given} lies below {name:?}, a name that is not UTF-8"))
            })?;
            StorePath::new(text)
        })
        .await
    }

    /// Finds a path and works on it, on a blocking thread.
    async fn at<T: Send + 'static>(
        &self,
        path: &StorePath,
        work: impl FnOnce(&Shared, Located) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (shared, path) = (Arc::clone(&self.shared), path.clone());
        blocking(move || {
            let located = shared.locate(&path)?;
            work(&shared, located)
        })
        .await
    }
}

/// Runs what blocks on a thread that may.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) if error.is_cancelled() => {
            Err(Error::new(Code::Interrupted, "a call to the disk was not begun: the program is ending"))
        }
        Err(error) => Err(Error::new(Code::Internal, "a call to the disk broke off").source(error).unknown_outcome()),
    }
}

#[async_trait]
impl Read for LocalStore {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            exclusive_rename: true,
            exclusive_create: true,
            quotas: false,
            acls: true,
            trash: false,
            locks: true,
            remote: false,
            place_in_target: false,
            open_files: false,
            writer_limit: std::time::Duration::ZERO,
            page: None,
        }
    }

    fn uri(&self, path: &StorePath) -> String {
        format!("file://{path}")
    }

    async fn stat(&self, path: &StorePath) -> Result<Option<Entry>> {
        let (shared, path) = (Arc::clone(&self.shared), path.clone());
        blocking(move || match shared.locate(&path) {
            Ok(located) => located.entry(shared.accounts()),
            Err(error) if error.code() == Code::NotFound => Ok(None),
            Err(error) => Err(error),
        })
        .await
    }

    async fn list(&self, directory: &StorePath) -> Result<Box<dyn Listing>> {
        let shared = Arc::clone(&self.shared);
        let begun = self
            .at(directory, |_, located| listing::LocalListing::begin(located.open_directory()?, located.shown, shared));
        Ok(Box::new(begun.await?))
    }

    async fn list_names(&self, directory: &StorePath) -> Result<Box<dyn NameListing>> {
        let begun =
            self.at(directory, |_, located| listing::LocalNames::begin(located.open_directory()?, located.shown));
        Ok(Box::new(begun.await?))
    }

    async fn open(&self, path: &StorePath) -> Result<Arc<dyn ReadFile>> {
        let file = self.at(path, |_, located| file::LocalReadFile::open(&located)).await?;
        Ok(Arc::new(file))
    }

    async fn read_whole(&self, path: &StorePath, limit: Size) -> Result<Bytes> {
        self.at(path, move |_, located| file::read_whole(&located, limit)).await
    }

    async fn attributes(&self, path: &StorePath) -> Result<Attributes> {
        self.at(path, |shared, located| attributes::read(&located, shared.accounts())).await
    }

    async fn identity(&self, directory: &StorePath) -> Result<Option<Identity>> {
        let (shared, path) = (Arc::clone(&self.shared), directory.clone());
        blocking(move || match shared.locate(&path) {
            Ok(located) => volume::identity_at(&located),
            Err(error) if error.code() == Code::NotFound => Ok(None),
            Err(error) => Err(error),
        })
        .await
    }

    async fn room(&self, directory: &StorePath) -> Result<Room> {
        self.at(directory, |shared, located| {
            let mut room = volume::room(&located)?;
            // One disk has one name, so that what targets need of it adds up.
            if let Some(root) = &shared.root
                && volume::same_mount(&located, &shared.locate(root)?).unwrap_or(false)
            {
                room.limit = format!("the disk of {root}");
            }
            Ok(room)
        })
        .await
    }

    async fn same_mount(&self, one: &StorePath, other: &StorePath) -> Result<bool> {
        let other = other.clone();
        self.at(one, move |shared, one| volume::same_mount(&one, &shared.locate(&other)?)).await
    }

    async fn supported(&self, directory: &StorePath) -> Result<()> {
        self.at(directory, |_, located| volume::supported(&located)).await
    }

    async fn user(&self) -> Result<String> {
        let shared = Arc::clone(&self.shared);
        blocking(move || Ok(shared.accounts().user_name(rustix::process::geteuid().as_raw()))).await
    }
}

#[async_trait]
impl Write for LocalStore {
    async fn make_dir(&self, path: &StorePath, attributes: &Attributes) -> Result<()> {
        let wanted = attributes.clone();
        self.at(path, move |shared, located| attributes::make_dir(&located, &wanted, shared.accounts())).await
    }

    async fn create(&self, path: &StorePath) -> Result<Box<dyn WriteFile>> {
        let shared = Arc::clone(&self.shared);
        let file = self.at(path, |_, located| file::LocalWriteFile::create(located, shared)).await?;
        Ok(Box::new(file))
    }

    async fn rename(&self, from: &StorePath, to: &StorePath) -> Result<()> {
        let to = to.clone();
        self.at(from, move |shared, from| from.rename_to(&shared.locate(&to)?)).await
    }

    async fn remove_file(&self, path: &StorePath) -> Result<bool> {
        self.remove(path, EntryKind::File).await
    }

    async fn remove_dir(&self, path: &StorePath) -> Result<bool> {
        self.remove(path, EntryKind::Directory).await
    }

    async fn trash(&self, _path: &StorePath) -> Result<Option<StorePath>> {
        Ok(None)
    }

    async fn set_modified(&self, path: &StorePath, modified: FileTime) -> Result<()> {
        self.at(path, move |_, located| located.set_modified(modified)).await
    }

    async fn sync_dir(&self, path: &StorePath) -> Result<()> {
        self.at(path, |_, located| {
            let open = located.open_directory()?;
            path::sync(&open, &located.shown)
        })
        .await
    }

    async fn hold(&self, target: Option<&StorePath>, epoch: &StorePath) -> Result<Arc<dyn Hold>> {
        let (shared, target, epoch) = (Arc::clone(&self.shared), target.cloned(), epoch.clone());
        let hold = blocking(move || hold::LocalHold::take(shared, target, epoch)).await?;
        Ok(Arc::new(hold))
    }
}

impl LocalStore {
    async fn remove(&self, path: &StorePath, kind: EntryKind) -> Result<bool> {
        let (shared, path) = (Arc::clone(&self.shared), path.clone());
        blocking(move || match shared.locate(&path) {
            Ok(located) => located.remove(kind),
            Err(error) if error.code() == Code::NotFound => Ok(false),
            Err(error) => Err(error),
        })
        .await
    }
}
