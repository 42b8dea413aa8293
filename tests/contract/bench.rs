//! The stores that the contract is tested on, each with an empty directory of its own.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use lakehand::error::{Code, Result};
use lakehand::model::{Attributes, StorePath};
use lakehand::store::{Entry, LocalStore, Write, collect};
use tempfile::TempDir;

use crate::fault::{FaultStore, Holds};

/// A store and an empty directory in it.
pub struct Bench {
    pub name: &'static str,
    pub store: Arc<dyn Write>,
    pub root: StorePath,
    directory: TempDir,
}

/// Every store.
pub fn benches() -> Vec<Bench> {
    vec![
        Bench::local("local", |store| store),
        Bench::local("local behind the fault store", |store| FaultStore::new(store)),
        Bench::local("paths only", |store| FaultStore::with_holds(store, Holds::Paths)),
    ]
}

/// Those whose holds are locks.
pub fn locking_benches() -> Vec<Bench> {
    benches().into_iter().filter(|bench| bench.store.capabilities().locks).collect()
}

impl Bench {
    fn local(name: &'static str, wrap: impl FnOnce(Arc<dyn Write>) -> Arc<dyn Write>) -> Bench {
        let directory = tempfile::tempdir().unwrap();
        let root = StorePath::new(directory.path().canonicalize().unwrap().to_str().unwrap()).unwrap();
        let store = wrap(Arc::new(LocalStore::below(root.clone())));
        Bench { name, store, root, directory }
    }

    /// The local disk alone.
    pub fn disk() -> Bench {
        Bench::local("local", |store| store)
    }

    /// A path below the bench's directory.
    pub fn at(&self, relative: &str) -> StorePath {
        self.root.join_all(relative)
    }

    /// The same for the standard library.
    pub fn disk_path(&self, relative: &str) -> PathBuf {
        self.directory.path().join(relative)
    }

    /// Makes directories, parents first.
    pub async fn dirs(&self, relative: &[&str]) {
        for path in relative {
            self.store.make_dir(&self.at(path), &directory_attributes()).await.unwrap();
        }
    }

    /// Makes a finished file.
    pub async fn file(&self, relative: &str, content: &[u8]) {
        let mut file = self.store.create(&self.at(relative)).await.unwrap();
        file.write(Bytes::copy_from_slice(content)).await.unwrap();
        file.finish(&file_attributes(), None).await.unwrap();
    }

    /// What a file holds.
    pub async fn content(&self, relative: &str) -> Vec<u8> {
        self.store.read_whole(&self.at(relative), lakehand::model::Size::MIB).await.unwrap().to_vec()
    }

    /// Whether something is there.
    pub async fn is_there(&self, relative: &str) -> bool {
        self.store.stat(&self.at(relative)).await.unwrap().is_some()
    }

    /// The names in a directory, as they can be shown, sorted.
    pub async fn names(&self, relative: &str) -> Vec<String> {
        shown(&collect(self.store.list(&self.at(relative)).await.unwrap()).await.unwrap())
    }
}

/// Names as they can be shown, sorted.
pub fn shown(entries: &[Entry]) -> Vec<String> {
    let mut names: Vec<String> = entries.iter().map(|entry| entry.name.shown()).collect();
    names.sort();
    names
}

pub fn file_attributes() -> Attributes {
    Attributes { mode: 0o640, ..Attributes::default() }
}

pub fn directory_attributes() -> Attributes {
    Attributes { mode: 0o750, ..Attributes::default() }
}

/// The code of a failure.
pub fn code<T>(result: Result<T>) -> Code {
    match result {
        Ok(_) => panic!("it should have failed"),
        Err(error) => error.code(),
    }
}
