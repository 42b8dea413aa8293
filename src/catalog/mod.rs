//! Where tables are known: in directories, which needs no server, or in a Hive Metastore, behind the same traits.

mod directory;
mod hive;
mod names;
mod records;
mod whole;

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;

use crate::error::{Reason, Result};
use crate::model::{Partition, PartitionSpec, StorePath, Table, TableName, TargetId};

pub use directory::DirectoryCatalog;
pub use hive::{Caller, HiveCatalog, thrift};
pub use records::holds_records;

/// Partitions in pages, in no order.
#[async_trait]
pub trait Partitions: Send {
    /// The next ones; none at the end.
    async fn next_page(&mut self) -> Result<Option<Vec<Partition>>>;
}

/// A server of a catalog, as it answered just now.
#[derive(Debug)]
pub struct Service {
    /// What it is: `metastore hms1:9083`.
    pub name: String,
    /// What it says its version is, where it says one.
    pub answer: Result<Option<String>>,
    /// How long that took.
    pub took: Duration,
}

/// Reading a catalog.
#[async_trait]
pub trait Read: Send + Sync + Debug {
    /// The names of the databases, sorted.
    async fn databases(&self) -> Result<Vec<String>>;

    /// The tables of a database, sorted; `DatabaseNotFound` names the nearest.
    async fn tables(&self, database: &str) -> Result<Vec<TableName>>;

    /// One table; `TableNotFound` names the nearest.
    async fn table(&self, name: &TableName) -> Result<Table>;

    /// Those of these tables that are there, with what the catalog claims of their sizes, as cheaply as it can; a
    /// catalog that knows no more than names has none.
    async fn described(&self, _names: &[TableName]) -> Result<Vec<Table>> {
        Ok(Vec::new())
    }

    /// Its partitions: those under a prefix of the keys, or all. For an unpartitioned table one page with one target
    /// that has no partition.
    async fn partitions(&self, table: &Table, prefix: Option<&PartitionSpec>) -> Result<Box<dyn Partitions>>;

    /// The target as it is now, to be compared with a plan's location and identity; none where it is gone.
    async fn target(&self, id: &TargetId) -> Result<Option<Partition>>;

    /// What lies where databases and tables are and can be neither: links, names that are not UTF-8. Nothing of it is
    /// ever opened; this is what to tell a person.
    async fn oddities(&self) -> Result<Vec<Reason>> {
        Ok(Vec::new())
    }

    /// The statements by which readers refresh what they cached of a target, for a person to paste.
    fn refresh_statements(&self, id: &TargetId) -> Vec<String>;

    /// Why a location may not be worked on because others use it too (the location graph); empty when none does.
    async fn shared_location(&self, id: &TargetId, location: &StorePath) -> Result<Vec<Reason>>;

    /// The tables whose partitions outside of their own directory the last answer of [`Read::shared_location`] did not
    /// look at, because they have too many.
    async fn unseen_locations(&self) -> Vec<TableName> {
        Vec::new()
    }

    /// Who holds or waits for locks of the catalog on a target, one line each. They bind only those who ask for them.
    async fn locks(&self, _id: &TargetId) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    /// The servers of the catalog, each asked now.
    async fn services(&self) -> Vec<Service> {
        Vec::new()
    }
}

/// Telling a catalog that a target's files were exchanged (step 8).
#[async_trait]
pub trait Write: Read {
    /// Notes files and bytes; a catalog without such records does nothing.
    async fn note_exchange(&self, id: &TargetId, files: u64, bytes: u64) -> Result<()>;
}
