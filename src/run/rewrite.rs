//! Steps 5 and 6 behind a seam: what makes an output of its sources, and proves it. The native one is the format
//! module; a simulation may put something cheaper here.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use tokio_util::sync::CancellationToken;
use xxhash_rust::xxh3::Xxh3;

use super::Context;
use crate::error::Result;
use crate::format::{self, MemoryPool, Merge, Merged, Progress};
use crate::model::{Attributes, FileTime, KnownFile, Rows, Size, StorePath, Verify};
use crate::store::{Read, WriteFile};

/// The pool, the progress and the stop sign of one piece of work.
#[derive(Clone)]
pub struct Work {
    /// Memory.
    pub pool: Arc<MemoryPool>,
    /// Who is told.
    pub progress: Arc<dyn Progress>,
    /// Stops it.
    pub cancel: CancellationToken,
}

/// What an output holds, and the proof of it.
#[async_trait]
pub trait Rewritten: Send + Sync + Debug {
    /// Rows.
    fn rows(&self) -> Rows;

    /// Reads the output back and compares it with what the sources held.
    async fn verify(&self, store: Arc<dyn Read>, output: &StorePath, how: Verify, work: Work) -> Result<()>;
}

/// Makes outputs.
#[async_trait]
pub trait Rewriter: Send + Sync + Debug {
    /// The key of the group that a source belongs to, by its footer as it is now.
    async fn group_key(&self, store: &dyn Read, directory: &StorePath, file: &KnownFile) -> Result<(String, Rows)>;

    /// Writes one output into `sink`, which is finished by the caller.
    async fn rewrite(
        &self,
        store: Arc<dyn Read>,
        merge: Merge,
        sink: &mut dyn WriteFile,
        work: Work,
    ) -> Result<Box<dyn Rewritten>>;
}

/// The format module.
#[derive(Clone, Copy, Debug, Default)]
pub struct NativeRewriter;

#[async_trait]
impl Rewriter for NativeRewriter {
    async fn group_key(&self, store: &dyn Read, directory: &StorePath, file: &KnownFile) -> Result<(String, Rows)> {
        format::group_key(store, directory, file).await
    }

    async fn rewrite(
        &self,
        store: Arc<dyn Read>,
        merge: Merge,
        sink: &mut dyn WriteFile,
        work: Work,
    ) -> Result<Box<dyn Rewritten>> {
        let merged = format::merge(store, merge, sink, &work.pool, work.progress, &work.cancel).await?;
        Ok(Box::new(NativeRewritten { merged, pool: work.pool }))
    }
}

#[derive(Debug)]
struct NativeRewritten {
    merged: Merged,
    pool: Arc<MemoryPool>,
}

#[async_trait]
impl Rewritten for NativeRewritten {
    fn rows(&self) -> Rows {
        self.merged.rows
    }

    async fn verify(&self, store: Arc<dyn Read>, output: &StorePath, how: Verify, work: Work) -> Result<()> {
        format::verify(store, output, &self.merged, how, &self.pool, work.progress, &work.cancel).await
    }
}

/// A file that is written while the digest of its bytes is taken; cleanup compares it before it deletes the originals.
pub(super) struct DigestingFile {
    inner: Box<dyn WriteFile>,
    context: Context,
    digest: Xxh3,
    length: u64,
}

impl Debug for DigestingFile {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("DigestingFile").field("inner", &self.inner).finish_non_exhaustive()
    }
}

impl DigestingFile {
    pub(super) fn new(inner: Box<dyn WriteFile>, context: &Context) -> DigestingFile {
        DigestingFile { inner, context: context.clone(), digest: Xxh3::new(), length: 0 }
    }

    /// Finishes the file; its length and digest.
    pub(super) async fn complete(self, attributes: &Attributes, modified: FileTime) -> Result<(Size, String)> {
        let digest = digest_text(&self.digest);
        self.inner.finish(attributes, Some(modified)).await?;
        Ok((Size(self.length), digest))
    }
}

#[async_trait]
impl WriteFile for DigestingFile {
    async fn write(&mut self, bytes: Bytes) -> Result<()> {
        self.context.writes(bytes.len()).await?;
        self.digest.update(&bytes);
        self.length += bytes.len() as u64;
        self.inner.write(bytes).await
    }

    async fn finish(self: Box<Self>, attributes: &Attributes, modified: Option<FileTime>) -> Result<()> {
        self.inner.finish(attributes, modified).await
    }
}

fn digest_text(digest: &Xxh3) -> String {
    format!("{:032x}", digest.digest128())
}

/// The bytes of one read of a whole file.
const CHUNK: usize = 1 << 20;

/// Reads a file in full; the digest of its bytes.
pub(super) async fn digest_of(store: &dyn Read, path: &StorePath) -> Result<String> {
    let file = store.open(path).await?;
    let mut digest = Xxh3::new();
    let mut offset = 0;
    while offset < file.length().0 {
        let length = usize::try_from(file.length().0 - offset).unwrap_or(CHUNK).min(CHUNK);
        digest.update(&file.read_at(offset, length).await?);
        offset += length as u64;
    }
    Ok(digest_text(&digest))
}
