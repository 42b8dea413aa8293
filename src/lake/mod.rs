//! Opening a profile: as a [`Reader`], which everything may hold, or as a [`Writer`], which only runs do.
//!
//! On a local disk a lake's root is its real path: links on the way to it are followed once, here, and none below it
//! ever. Both kinds refuse a directory that is part of another lake there (PROTOCOL §2); on HDFS, where a target's place
//! lies inside the target, every lake over it sees the same place.

mod services;

use std::sync::Arc;

use crate::auth::Login;
use crate::catalog::{self, Caller, DirectoryCatalog, HiveCatalog, holds_records};
use crate::config::{CatalogKind, Settings, StoreKind};
use crate::error::{Code, Error, Result};
use crate::model::StorePath;
use crate::store::{self, EntryKind, HdfsStore, LocalStore, Read as _};

pub use crate::auth::Ticket;
pub use crate::catalog::Service;
pub use crate::store::{RECORDS_DIRECTORY, collect};
pub use services::{Server, Servers, Tickets, kerberos, metastores, namenodes};

/// A lake to look at.
#[derive(Clone, Debug)]
pub struct Reader {
    /// Its files.
    pub store: Arc<dyn store::Read>,
    /// Its tables.
    pub catalog: Arc<dyn catalog::Read>,
    /// Its directory.
    pub root: StorePath,
    /// The profile that it was opened with.
    pub settings: Arc<Settings>,
}

/// A lake to change.
#[derive(Clone, Debug)]
pub struct Writer {
    /// Its files.
    pub store: Arc<dyn store::Write>,
    /// Its tables.
    pub catalog: Arc<dyn catalog::Write>,
    /// Its directory.
    pub root: StorePath,
    /// The profile that it was opened with.
    pub settings: Arc<Settings>,
}

impl Writer {
    /// The same lake to look at.
    pub fn reader(&self) -> Reader {
        Reader {
            store: Arc::clone(&self.store) as Arc<dyn store::Read>,
            catalog: Arc::clone(&self.catalog) as Arc<dyn catalog::Read>,
            root: self.root.clone(),
            settings: Arc::clone(&self.settings),
        }
    }
}

/// The URI of the lake of these settings with this root, as an opened one names itself.
pub fn uri(settings: &Settings, root: &StorePath) -> String {
    match &settings.hdfs {
        Some(hdfs) => format!("{}{root}", hdfs.url),
        None => LocalStore::new().uri(root),
    }
}

/// Opens a lake to look at.
pub async fn open_reader(settings: Arc<Settings>) -> Result<Reader> {
    open(settings, For::Looking).await.map(|writer| writer.reader())
}

/// Opens a lake to change; its file system must be able to do what an exchange needs.
pub async fn open_writer(settings: Arc<Settings>) -> Result<Writer> {
    let writer = open(settings, For::Runs).await?;
    writer.store.supported(&writer.root).await?;
    Ok(writer)
}

/// What a lake is opened for: runs may ask its store more often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum For {
    Looking,
    Runs,
}

async fn open(settings: Arc<Settings>, purpose: For) -> Result<Writer> {
    match settings.store {
        StoreKind::Local => {
            let root = find(&settings).await?;
            local(settings, root).await
        }
        StoreKind::Hdfs => on_hdfs(settings, purpose).await,
    }
}

/// A lake on HDFS: its run index, where none is set, is in the directory of the user.
async fn on_hdfs(mut settings: Arc<Settings>, purpose: For) -> Result<Writer> {
    let Some(hdfs) = &settings.hdfs else {
        return Err(Error::new(Code::Internal, format!("the profile {:?} has no HDFS", settings.profile)));
    };
    let store = HdfsStore::connect(hdfs).await?;
    let store = match &settings.web {
        Some(web) => store.with_web(hdfs, web),
        None => store,
    };
    let store = if purpose == For::Runs { store.for_runs() } else { store };
    let root = settings.lake.clone().ok_or_else(|| no_lake(&settings))?;
    match store.stat(&root).await? {
        Some(entry) if entry.kind == EntryKind::Directory => {}
        found => {
            let why = if found.is_some() { "it is a file" } else { "the directory does not exist" };
            return Err(Error::new(Code::LakeNotFound, format!("there is no lake at {}", store.uri(&root)))
                .why(why)
                .next("check the path given with --lake or in the profile"));
        }
    }
    if settings.run_index.is_none() {
        let index = store.home().await?.join(store::RECORDS_DIRECTORY).join(&index_name(&root));
        Arc::make_mut(&mut settings).run_index = Some(index);
    }
    let reading: Arc<dyn store::Read> = Arc::new(store.clone());
    let catalog = catalog_of(&settings, reading, &root).await?;
    Ok(Writer { store: Arc::new(store), catalog, root, settings })
}

/// A name for the run index of a lake: its own, and a digest of its path.
fn index_name(root: &StorePath) -> String {
    let digest = xxhash_rust::xxh3::xxh3_64(root.as_str().as_bytes());
    let name: String = root.name().chars().take(64).collect();
    format!("{name}-{digest:016x}")
}

fn no_lake(settings: &Settings) -> Error {
    Error::new(Code::NoConfig, format!("the profile {:?} names no lake", settings.profile))
        .next("give one with --lake /PATH, or set `lake` in the profile")
}

async fn local(settings: Arc<Settings>, root: StorePath) -> Result<Writer> {
    let store = LocalStore::below(root.clone());
    let reading: Arc<dyn store::Read> = Arc::new(store.clone());
    let catalog = catalog_of(&settings, reading, &root).await?;
    Ok(Writer { store: Arc::new(store), catalog, root, settings })
}

/// The catalog that the settings name; a metastore is not contacted yet.
async fn catalog_of(
    settings: &Settings,
    store: Arc<dyn store::Read>,
    root: &StorePath,
) -> Result<Arc<dyn catalog::Write>> {
    Ok(match settings.catalog {
        CatalogKind::Directory => Arc::new(DirectoryCatalog::new(store, root.clone())),
        CatalogKind::Hive => {
            let caller = Caller { user: store.user().await?, login: Login::new(&settings.kerberos) };
            Arc::new(HiveCatalog::new(settings.metastore.clone(), &store.uri(root), root.clone(), caller))
        }
    })
}

/// The root of the lake that the settings name, looked at.
async fn find(settings: &Settings) -> Result<StorePath> {
    let Some(given) = &settings.lake else { return Err(no_lake(settings)) };
    let store = LocalStore::new();
    let missing = |error: Error| match error.code() {
        Code::NotFound => Error::new(Code::LakeNotFound, format!("there is no lake at {given}"))
            .why("the directory does not exist")
            .next("check the path given with --lake or in the profile"),
        _ => error,
    };
    let root = store.resolve(given).await.map_err(missing)?;
    match store.stat(&root).await? {
        Some(entry) if entry.kind == EntryKind::Directory => {}
        _ => return Err(Error::new(Code::LakeNotFound, format!("{given} is not a directory, so it is no lake"))),
    }
    refuse_nested(&store, &root).await?;
    Ok(root)
}

/// Refuses a root below another lake of the same owner.
async fn refuse_nested(store: &LocalStore, root: &StorePath) -> Result<()> {
    let mut above = root.parent();
    while let Some(directory) = above {
        if holds_records(store, &directory, root).await? {
            return Err(Error::new(Code::NestedLake, format!("{root} is part of the lake {directory}"))
                .why(format!("its runs are kept in {directory}/{}", store::RECORDS_DIRECTORY))
                .next(format!("--lake {directory}")));
        }
        above = directory.parent();
    }
    Ok(())
}
