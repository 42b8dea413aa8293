//! Opening a file to look at a little of it. A small one is read at once: one call instead of three or four, of which a
//! scan makes one a partition and a plan one a file.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use super::sniff::changed;
use crate::error::{Code, Error, Result};
use crate::model::{Size, StorePath};
use crate::store::{self, ReadFile};

/// Up to this, reading all of a file costs less than another call.
const WHOLE: u64 = 64 << 10;

/// A file in memory.
#[derive(Debug)]
struct Held(Bytes);

#[async_trait]
impl ReadFile for Held {
    fn length(&self) -> Size {
        Size(self.0.len() as u64)
    }

    async fn read_at(&self, offset: u64, length: usize) -> Result<Bytes> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        match start.checked_add(length).filter(|end| *end <= self.0.len()) {
            Some(end) => Ok(self.0.slice(start..end)),
            None => Err(Error::new(Code::DamagedFile, format!("there are no {length} bytes at {offset}"))),
        }
    }
}

/// Opens a file that must have the listed length, else it is [`Code::Changed`].
pub(super) async fn open(store: &dyn store::Read, path: &StorePath, listed: Size) -> Result<Arc<dyn ReadFile>> {
    if listed.0 <= WHOLE {
        // Whatever goes wrong here is found again below, and told better there.
        match store.read_whole(path, listed).await {
            Ok(bytes) if bytes.len() as u64 == listed.0 => return Ok(Arc::new(Held(bytes))),
            Ok(_) | Err(_) => {}
        }
    }
    let opened = store.open(path).await?;
    if opened.length() != listed {
        return Err(unlike(store, path, listed, opened.length()).await);
    }
    Ok(opened)
}

/// Why a file that was opened has not the listed length: it changed, or, where the store tells that, it still has the
/// listed length and its last part is not finished.
pub(super) async fn unlike(store: &dyn store::Read, path: &StorePath, listed: Size, opened: Size) -> Error {
    if store.capabilities().open_files
        && let Ok(Some(now)) = store.stat(path).await
        && now.length == listed
    {
        return Error::new(Code::OpenWriters, format!("{path} is open for writing"))
            .why(format!("{} of its {} bytes are finished", opened.0, listed.0))
            .next("wait until its writer is done; if that one is dead: hdfs debug recoverLease -path PATH");
    }
    changed(path, listed, opened)
}
