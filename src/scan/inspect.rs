//! The footers of some files, for a person to look at.

use futures::{StreamExt, stream};
use tokio_util::sync::CancellationToken;

use super::Scanner;
use super::listing::stopped;
use crate::error::{Reason, Result};
use crate::format;
use crate::model::{FileFacts, KnownFile, StorePath};

/// Files that are read at a time.
const FILES: usize = 8;

impl Scanner {
    /// What the footer of each file says, or why it cannot be read, in the order of the files.
    pub async fn footers(
        &self,
        directory: &StorePath,
        files: &[KnownFile],
        cancel: &CancellationToken,
    ) -> Result<Vec<(KnownFile, Result<FileFacts, Reason>)>> {
        let mut read = stream::iter(files)
            .map(|file| async move {
                let facts = format::facts(self.store.as_ref(), directory, file).await;
                (file.clone(), facts.map_err(|error| Reason::from(&error)))
            })
            .buffered(FILES)
            // Boxed: the compiler cannot see otherwise that a future over borrowed items may move between threads.
            .boxed();
        let mut all = Vec::with_capacity(files.len());
        loop {
            let next = tokio::select! {
                biased;
                () = cancel.cancelled() => return Err(stopped()),
                next = read.next() => next,
            };
            match next {
                Some(one) => all.push(one),
                None => return Ok(all),
            }
        }
    }
}
