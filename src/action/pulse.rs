//! Whether the servers of a lake answer, and how fast: one cheap call each.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::Session;
use crate::config::{CatalogKind, Settings, StoreKind};

/// A server that a lake needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// The NameNode.
    NameNode,
    /// The Hive Metastore.
    Metastore,
}

impl Server {
    /// The word in row 1: `nn`, `hms`.
    pub fn word(self) -> &'static str {
        match self {
            Server::NameNode => "nn",
            Server::Metastore => "hms",
        }
    }
}

/// The servers of a profile; none for a lake on a local disk.
pub fn servers(settings: &Settings) -> Vec<Server> {
    let namenode = (settings.store == StoreKind::Hdfs).then_some(Server::NameNode);
    let metastore = (settings.catalog == CatalogKind::Hive).then_some(Server::Metastore);
    namenode.into_iter().chain(metastore).collect()
}

/// How long a server took to answer; none when it did not within the limit, or with an error.
pub async fn pulse(session: &Session, server: Server, limit: Duration) -> Option<Duration> {
    let reader = &session.reader;
    let begun = Instant::now();
    let answered = match server {
        Server::NameNode => timeout(limit, reader.store.stat(&reader.root)).await.is_ok_and(|found| found.is_ok()),
        Server::Metastore => timeout(limit, reader.catalog.databases()).await.is_ok_and(|found| found.is_ok()),
    };
    answered.then(|| begun.elapsed())
}
