//! Opening a profile: as a [`Reader`], which everything may hold, or as a [`Writer`], which only runs do.
//!
//! A lake's root is its real path: links on the way to it are followed once, here, and none below it ever. Both kinds
//! refuse a directory that is part of another lake (PROTOCOL §2).

use std::sync::Arc;

use crate::auth::Login;
use crate::catalog::{self, Caller, DirectoryCatalog, HiveCatalog, holds_records};
use crate::config::{CatalogKind, Settings, StoreKind};
use crate::error::{Code, Error, Result};
use crate::model::StorePath;
use crate::store::{self, EntryKind, LocalStore, Read as _};

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

/// The URI of a lake with this root, as an opened one names itself.
pub fn uri(root: &StorePath) -> String {
    LocalStore::new().uri(root)
}

/// Opens a lake to look at.
pub async fn open_reader(settings: Arc<Settings>) -> Result<Reader> {
    let root = find(&settings).await?;
    Ok(open(settings, root).await?.reader())
}

/// Opens a lake to change; its file system must be able to do what an exchange needs.
pub async fn open_writer(settings: Arc<Settings>) -> Result<Writer> {
    let root = find(&settings).await?;
    let writer = open(settings, root).await?;
    writer.store.supported(&writer.root).await?;
    Ok(writer)
}

async fn open(settings: Arc<Settings>, root: StorePath) -> Result<Writer> {
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
    here_only(settings)?;
    let Some(given) = &settings.lake else {
        return Err(Error::new(Code::NoConfig, format!("the profile {:?} names no lake", settings.profile))
            .next("give one with --lake /PATH, or set `lake` in the profile"));
    };
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

/// Refuses what is not on the local disk.
fn here_only(settings: &Settings) -> Result<()> {
    if settings.store == StoreKind::Local {
        return Ok(());
    }
    let needs = "HDFS";
    Err(Error::new(Code::Usage, format!("the profile {:?} needs {needs}", settings.profile))
        .why("this version opens lakes on the local disk only")
        .next("give one with --lake /PATH"))
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
