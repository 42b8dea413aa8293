//! Listings, a thousand entries at a time. They are no snapshots: a directory that is swapped meanwhile gives a mix.

use std::sync::Arc;

use async_trait::async_trait;
use hdfs_native::client::{FileStatus, ListStatusIterator};

use super::connection::Connection;
use super::entry;
use super::failure::{self, Kind};
use super::hold::Seen;
use super::pace::Pace;
use crate::error::Result;
use crate::model::StorePath;
use crate::store::{Entry, Listing};

/// Entries of a page; the NameNode gives as many in a call unless it is told otherwise.
const PAGE: usize = 1_000;

struct HdfsListing {
    connection: Arc<Connection>,
    pace: Pace,
    directory: StorePath,
    pages: Arc<ListStatusIterator>,
    first: Option<Vec<Entry>>,
    ended: bool,
    seen: Option<Arc<Seen>>,
}

/// Begins a listing; its first page is read at once, so that what is missing or no directory is told here.
pub(super) async fn begin(
    connection: &Arc<Connection>,
    pace: Pace,
    directory: &StorePath,
    seen: Option<Arc<Seen>>,
) -> Result<Box<dyn Listing>> {
    let path = directory.to_string();
    let opened = connection
        .call(pace, Kind::Look, "list", directory.as_str(), move |client| async move {
            let pages = Arc::new(client.list_status_iter(&path, false));
            let page = page(&pages).await?;
            Ok((pages, page))
        })
        .await;
    let (pages, page) = opened?;
    // A file lists itself.
    if page.iter().any(|status| status.path == directory.as_str()) && directory.as_str() != "/" {
        return Err(failure::missing("list the directory", directory.as_str()));
    }
    let ended = page.len() < PAGE;
    let first = Some(entries(&page, seen.as_deref())?);
    let (connection, directory) = (Arc::clone(connection), directory.clone());
    Ok(Box::new(HdfsListing { connection, pace, directory, pages, first, ended, seen }))
}

async fn page(pages: &ListStatusIterator) -> hdfs_native::Result<Vec<FileStatus>> {
    let mut page = Vec::new();
    while page.len() < PAGE {
        match pages.next().await {
            Some(status) => page.push(status?),
            None => break,
        }
    }
    Ok(page)
}

fn entries(page: &[FileStatus], seen: Option<&Seen>) -> Result<Vec<Entry>> {
    let entries: Vec<Entry> = page.iter().map(entry::of).collect::<Result<_>>()?;
    if let Some(seen) = seen {
        for (status, _) in page.iter().zip(&entries).filter(|(status, entry)| !status.isdir && !entry.name.is_hidden())
        {
            seen.note(status.blocksize, status.replication);
        }
    }
    Ok(entries)
}

#[async_trait]
impl Listing for HdfsListing {
    async fn next_page(&mut self) -> Result<Option<Vec<Entry>>> {
        if let Some(first) = self.first.take() {
            return Ok(Some(first));
        }
        if self.ended {
            return Ok(None);
        }
        let pages = Arc::clone(&self.pages);
        let call = move |_| async move { page(&pages).await };
        let page = self.connection.call(self.pace, Kind::Look, "list", self.directory.as_str(), call).await;
        // After an error the client says that nothing more comes.
        self.ended = page.as_ref().map_or(true, |page| page.len() < PAGE);
        let page = page?;
        (!page.is_empty()).then(|| entries(&page, self.seen.as_deref())).transpose()
    }
}
