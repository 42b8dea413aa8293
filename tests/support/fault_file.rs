//! New files of a process that can die.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::future::BoxFuture;
use lakehand::error::{Code, Error, Result};
use lakehand::model::{Attributes, FileTime, StorePath};
use lakehand::store::{Write, WriteFile};

use super::{Act, Shared, locked, nothing};

/// A file that is being written; empty once it was finished, given up or left behind.
pub struct OpenFile {
    path: StorePath,
    inner: Mutex<Option<Box<dyn WriteFile>>>,
}

impl OpenFile {
    fn take(&self) -> Result<Box<dyn WriteFile>> {
        let taken = locked(&self.inner).take();
        taken.ok_or_else(|| Error::new(Code::Io, format!("{} cannot be written to any more", self.path)))
    }

    /// Leaves the file as a process does that dies: what was created stays.
    pub async fn abandon(&self, store: &dyn Write) {
        let taken = locked(&self.inner).take();
        if let Some(inner) = taken {
            leave(store, &self.path, inner).await;
        }
    }
}

/// Dropping a file removes it where it is found under its name; so it is looked for while it has another.
async fn leave(store: &dyn Write, path: &StorePath, inner: Box<dyn WriteFile>) {
    let aside = path.parent().map(|parent| parent.join(&format!("{}.aside", path.name())));
    match aside {
        Some(aside) if store.rename(path, &aside).await.is_ok() => {
            drop(inner);
            // Failing here would lose the file: then the test must not go on.
            store.rename(&aside, path).await.unwrap();
        }
        // Its directory was renamed: the descriptor is left open for good.
        _ => std::mem::forget(inner),
    }
}

/// What the process writes to.
pub struct FaultFile {
    open: Arc<OpenFile>,
    content: BytesMut,
    finishing: bool,
    shared: Arc<Shared>,
}

impl std::fmt::Debug for FaultFile {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "FaultFile {}", self.open.path)
    }
}

impl FaultFile {
    /// Makes a file by `run`.
    pub(super) async fn create(
        shared: &Arc<Shared>,
        path: StorePath,
        run: impl FnOnce() -> BoxFuture<'static, Result<Box<dyn WriteFile>>> + Send + 'static,
    ) -> Result<Box<dyn WriteFile>> {
        let (store, left) = (Arc::clone(&shared.inner), path.clone());
        let leave_it =
            move |inner| -> BoxFuture<'static, ()> { Box::pin(async move { leave(&*store, &left, inner).await }) };
        let inner = shared.change(Act::Create { path: path.clone() }, run, leave_it).await?;
        let open = Arc::new(OpenFile { path, inner: Mutex::new(Some(inner)) });
        let mut files = locked(&shared.files);
        files.retain(|file| locked(&file.inner).is_some());
        files.push(Arc::clone(&open));
        Ok(Box::new(FaultFile { open, content: BytesMut::new(), finishing: false, shared: Arc::clone(shared) }))
    }
}

impl Drop for FaultFile {
    /// A living process gives the file up; a dead one has left it already, and a delayed `finish` still needs it.
    fn drop(&mut self) {
        if !self.finishing {
            locked(&self.open.inner).take();
        }
    }
}

#[async_trait]
impl WriteFile for FaultFile {
    async fn write(&mut self, bytes: Bytes) -> Result<()> {
        self.content.extend_from_slice(&bytes);
        let open = Arc::clone(&self.open);
        let act = Act::Append { path: open.path.clone(), bytes: bytes.len() as u64 };
        let run = move || -> BoxFuture<'static, Result<()>> {
            Box::pin(async move {
                let mut inner = open.take()?;
                let result = inner.write(bytes).await;
                *locked(&open.inner) = Some(inner);
                result
            })
        };
        self.shared.change(act, run, nothing).await
    }

    async fn finish(mut self: Box<Self>, attributes: &Attributes, modified: Option<FileTime>) -> Result<()> {
        self.finishing = true;
        let act = Act::Finish {
            path: self.open.path.clone(),
            content: Bytes::copy_from_slice(&self.content),
            attributes: attributes.clone(),
            modified,
        };
        let (open, attributes) = (Arc::clone(&self.open), attributes.clone());
        let run = move || -> BoxFuture<'static, Result<()>> {
            Box::pin(async move { open.take()?.finish(&attributes, modified).await })
        };
        self.shared.change(act, run, nothing).await
    }
}
