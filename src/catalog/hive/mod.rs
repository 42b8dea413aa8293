//! Tables as a Hive Metastore knows them.
//!
//! Decisions:
//! - Locations are those of the metastore; where they are not on the lake's store and below its directory, the table
//!   or partition is refused and never listed.
//! - What is read to decide is read anew each time; only the location graph and the server's settings are kept.
//! - Reads may be repeated, writes never are (see `client`).

mod calls;
mod claims;
mod client;
mod connection;
mod facts;
mod graph;
mod login;
mod note;
mod pages;
mod place;
pub mod thrift;
mod transport;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::OnceCell;

use super::names::{check_prefix, not_found};
use super::whole::{OnePage, engine_statements, whole_table};
use super::{Partitions, Read, Service, Write};
use crate::config::Metastore;
use crate::error::{Code, Reason, Result};
use crate::model::{Partition, PartitionSpec, StorePath, Table, TableName, TargetId, clean};

use client::Client;
pub use connection::Caller;
use facts::{Known, read_table};
use graph::Graphs;
use place::Ground;

/// How long a call may take: a table of a million partitions has their names in one.
const CALL_LIMIT: Duration = Duration::from_secs(60);

/// How long the sizes of partitioned tables are summed up for one page of the Lake screen.
const CLAIM_LIMIT: Duration = Duration::from_secs(3);

/// The tables of one metastore that lie in one lake. Cloning shares the connections.
#[derive(Clone, Debug)]
pub struct HiveCatalog {
    client: Arc<Client>,
    metastore: Arc<Metastore>,
    ground: Arc<Ground>,
    graphs: Arc<Graphs>,
    /// The most partitions that the server gives in one call.
    limit: Arc<OnceCell<Option<usize>>>,
}

impl HiveCatalog {
    /// A catalog; nothing is contacted. `uri` is that of `root`, the directory below which tables must lie; `caller`
    /// is whose calls these are.
    pub fn new(metastore: Metastore, uri: &str, root: StorePath, caller: Caller) -> HiveCatalog {
        HiveCatalog::with_limit(metastore, uri, root, caller, CALL_LIMIT)
    }

    /// The same with another limit of a call.
    pub fn with_limit(
        metastore: Metastore,
        uri: &str,
        root: StorePath,
        caller: Caller,
        limit: Duration,
    ) -> HiveCatalog {
        HiveCatalog {
            client: Arc::new(Client::new(metastore.clone(), caller, limit)),
            metastore: Arc::new(metastore),
            ground: Arc::new(Ground::new(uri, root)),
            graphs: Arc::default(),
            limit: Arc::default(),
        }
    }

    /// The same with other limits of how many partitions of other tables are looked at, of one and of all, for whether
    /// they share a location.
    #[must_use]
    pub fn with_other_tables(self, of_one: usize, in_all: usize) -> HiveCatalog {
        HiveCatalog { graphs: Arc::new(Graphs::within(of_one, in_all)), ..self }
    }

    /// The server's limit of partitions in a call, asked for once.
    async fn limit(&self) -> Result<Option<usize>> {
        let ask = || async {
            let text = self.client.setting("hive.metastore.limit.partition.request").await?;
            Ok(text.and_then(|text| text.parse::<i64>().ok()).and_then(|limit| usize::try_from(limit).ok()))
        };
        self.limit.get_or_try_init(ask).await.copied()
    }

    async fn known(&self, name: &TableName) -> Result<Option<Known>> {
        let found = self.client.table(&name.database, &name.table).await?;
        Ok(found.map(|fields| read_table(name, &fields, &self.ground)))
    }

    /// The table, or the error that names the nearest.
    async fn known_or_nearest(&self, name: &TableName) -> Result<Known> {
        if let Some(known) = self.known(name).await? {
            return Ok(known);
        }
        let there = self.tables(&name.database).await?;
        let error = not_found(
            Code::TableNotFound,
            &format!("table in {}", clean(&name.database)),
            &name.table,
            there.iter().map(|name| name.table.clone()),
        );
        Err(error.why(format!("the metastore has {} tables in {}", there.len(), clean(&name.database))))
    }

    /// Whether the table has a place of its own, which can be listed.
    fn is_placed(&self, table: &Table) -> bool {
        table.location != self.ground.root
    }
}

#[async_trait]
impl Read for HiveCatalog {
    async fn databases(&self) -> Result<Vec<String>> {
        let mut names = self.client.databases().await?;
        names.sort_unstable();
        Ok(names)
    }

    async fn tables(&self, database: &str) -> Result<Vec<TableName>> {
        let mut names = self.client.tables(database).await?;
        if names.is_empty() {
            let databases = self.client.databases().await?;
            if !databases.iter().any(|name| name.eq_ignore_ascii_case(database)) {
                return Err(not_found(Code::DatabaseNotFound, "database", database, databases.into_iter()));
            }
        }
        names.sort_unstable();
        Ok(names.into_iter().map(|name| TableName::new(database, name)).collect())
    }

    async fn table(&self, name: &TableName) -> Result<Table> {
        Ok(self.known_or_nearest(name).await?.table)
    }

    async fn described(&self, names: &[TableName]) -> Result<Vec<Table>> {
        self.described_within(names, CLAIM_LIMIT).await
    }

    async fn partitions(&self, table: &Table, prefix: Option<&PartitionSpec>) -> Result<Box<dyn Partitions>> {
        if let Some(prefix) = prefix {
            check_prefix(table, prefix)?;
        }
        if !self.is_placed(table) {
            return Ok(Box::new(OnePage(None)));
        }
        if !table.is_partitioned() {
            return Ok(Box::new(OnePage(Some(vec![whole_table(table)]))));
        }
        let known = self.known_or_nearest(&table.name).await?;
        Ok(Box::new(self.pages(Arc::new(known), prefix).await?))
    }

    async fn target(&self, id: &TargetId) -> Result<Option<Partition>> {
        let Some(known) = self.known(&id.table_name()).await? else { return Ok(None) };
        match &id.partition {
            None if known.table.is_partitioned() || !self.is_placed(&known.table) => Ok(None),
            None => Ok(Some(whole_table(&known.table))),
            Some(_) if !known.table.is_partitioned() => Ok(None),
            Some(name) => {
                PartitionSpec::parse(name)?;
                let found = self.some_partitions(&known, std::slice::from_ref(name)).await?;
                Ok(found.into_iter().find(|partition| partition.id == *id))
            }
        }
    }

    fn refresh_statements(&self, id: &TargetId) -> Vec<String> {
        engine_statements(id)
    }

    async fn shared_location(&self, id: &TargetId, location: &StorePath) -> Result<Vec<Reason>> {
        let Some(known) = self.known(&id.table_name()).await? else { return Ok(Vec::new()) };
        self.overlaps(&known, id, location).await
    }

    async fn unseen_locations(&self) -> Vec<TableName> {
        self.unseen().await
    }

    async fn locks(&self, id: &TargetId) -> Result<Vec<String>> {
        let found = self.client.locks(&id.database, &id.table).await?;
        let here = found.into_iter().filter(|lock| match (&lock.partition, &id.partition) {
            (Some(locked), Some(mine)) => locked.eq_ignore_ascii_case(mine),
            _ => true,
        });
        let mut lines: Vec<String> = here
            .map(|lock| {
                let kind = match lock.kind {
                    1 => "shared read",
                    2 => "shared write",
                    3 => "exclusive",
                    4 => "exclusive write",
                    _ => "unknown",
                };
                let state = if lock.held { "holds" } else { "waits for" };
                format!("{} on {} {state} a lock ({kind})", clean(&lock.user), clean(&lock.host))
            })
            .collect();
        lines.sort_unstable();
        lines.dedup();
        Ok(lines)
    }

    async fn services(&self) -> Vec<Service> {
        let probes = self.metastore.uris.iter().map(|uri| async move {
            let begun = std::time::Instant::now();
            let answer = self.client.probe(uri).await;
            Service { name: format!("metastore {uri}"), answer, took: begun.elapsed() }
        });
        futures::future::join_all(probes).await
    }
}

#[async_trait]
impl Write for HiveCatalog {
    async fn note_exchange(&self, id: &TargetId, files: u64, bytes: u64) -> Result<()> {
        self.note(id, files, bytes).await
    }
}
