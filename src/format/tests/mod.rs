//! The format module as a whole, on a real disk.

#[path = "../../../tests/support/tables.rs"]
mod tables;

mod damage;
mod fidelity;
mod forged;
mod groups;
mod limits;
mod proof;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio_util::sync::CancellationToken;

use super::{MemoryPool, Merge, Merged, Progress};
use crate::error::Result;
use crate::model::{Attributes, FileFacts, FileTime, KnownFile, PlannedFile, Policy, Size, StorePath, Verify};
use crate::store::{LocalStore, Read, Write};

/// A directory with files, and everything to merge them.
pub(super) struct Bench {
    directory: tempfile::TempDir,
    pub store: LocalStore,
    pub pool: Arc<MemoryPool>,
    pub progress: Arc<Counted>,
    pub cancel: CancellationToken,
    pub policy: Policy,
}

#[derive(Default)]
pub(super) struct Counted {
    pub bytes: AtomicU64,
    pub files: AtomicU64,
}

impl Progress for Counted {
    fn bytes_read(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    fn files_read(&self, files: u64) {
        self.files.fetch_add(files, Ordering::Relaxed);
    }
}

impl Bench {
    pub fn new() -> Bench {
        Bench {
            directory: tempfile::tempdir().unwrap(),
            store: LocalStore::new(),
            pool: Arc::new(MemoryPool::exactly(Size::mib(128))),
            progress: Arc::default(),
            cancel: CancellationToken::new(),
            policy: Policy::default(),
        }
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    pub fn place(&self) -> StorePath {
        StorePath::new(self.path().to_str().unwrap()).unwrap()
    }

    pub fn put(&self, name: &str, bytes: &[u8]) -> KnownFile {
        std::fs::write(self.path().join(name), bytes).unwrap();
        let modified = std::fs::metadata(self.path().join(name)).unwrap().modified().unwrap();
        let modified = FileTime::from(chrono::DateTime::<chrono::Utc>::from(modified));
        KnownFile { name: name.to_owned(), length: Size(bytes.len() as u64), modified }
    }

    pub async fn facts(&self, file: &KnownFile) -> Result<FileFacts> {
        super::facts(&self.store, &self.place(), file).await
    }

    /// The plan's view of some files, which must be of one group.
    pub async fn planned(&self, files: &[KnownFile]) -> Result<(String, Vec<PlannedFile>)> {
        let mut key = String::new();
        let mut planned = Vec::new();
        for file in files {
            let facts = self.facts(file).await?;
            assert!(key.is_empty() || key == facts.group_key, "two groups: {:?}", facts.group_facts);
            key = facts.group_key;
            planned.push(PlannedFile { file: file.clone(), rows: facts.rows });
        }
        Ok((key, planned))
    }

    pub async fn merge_planned(&self, key: String, sources: Vec<PlannedFile>) -> Result<Merged> {
        let output = self.place().join("output");
        let _ = std::fs::remove_file(output.as_str());
        let mut sink = self.store.create(&output).await?;
        let merge = Merge { directory: self.place(), sources, group_key: key, policy: self.policy.clone() };
        let store: Arc<dyn Read> = Arc::new(self.store.clone());
        let progress: Arc<dyn Progress> = Arc::clone(&self.progress) as _;
        let merged = super::merge(store, merge, sink.as_mut(), &self.pool, progress, &self.cancel).await?;
        let attributes = self.store.attributes(&self.place()).await?;
        sink.finish(&Attributes { mode: 0o600, default_acl: Vec::new(), ..attributes }, None).await?;
        Ok(merged)
    }

    pub async fn merge(&self, files: &[KnownFile]) -> Result<Merged> {
        let (key, planned) = self.planned(files).await?;
        self.merge_planned(key, planned).await
    }

    pub async fn verify(&self, merged: &Merged, how: Verify) -> Result<()> {
        let store: Arc<dyn Read> = Arc::new(self.store.clone());
        let progress: Arc<dyn Progress> = Arc::clone(&self.progress) as _;
        super::verify(store, &self.place().join("output"), merged, how, &self.pool, progress, &self.cancel).await
    }

    /// Merges, verifies, compares with the decoder alone; the output's bytes.
    pub async fn merged(&self, sources: &[Vec<u8>]) -> Vec<u8> {
        let files: Vec<KnownFile> =
            sources.iter().enumerate().map(|(index, bytes)| self.put(&format!("{index:06}"), bytes)).collect();
        let merged = self.merge(&files).await.unwrap();
        self.verify(&merged, Verify::Values).await.unwrap();
        self.verify(&merged, Verify::Rows).await.unwrap();
        let output = std::fs::read(self.path().join("output")).unwrap();
        assert_eq!(output.len() as u64, merged.bytes.0);
        let mut expected = tables::columns(&sources[0]);
        for source in &sources[1..] {
            for (column, more) in expected.iter_mut().zip(tables::columns(source)) {
                column.append(more);
            }
        }
        assert!(tables::columns(&output) == expected, "the rows are not those of the sources");
        output
    }
}
