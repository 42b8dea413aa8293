//! Hive-style folders, no server: `LAKE/DB.db/TABLE` or `LAKE/DB/TABLE`, below it partitions `KEY=VALUE` at any depth.
//!
//! Decisions:
//! - A name that begins with `.` or `_` is never a database, table or partition, and a link is never followed.
//! - What cannot be handled is not skipped: it is a [`Reason`] on the partition, on the table, or, where it could be
//!   neither, among the oddities.
//! - Somebody else's table format is recognised by its marks in the table's directory and in every directory above:
//!   their files may only be changed through their logs.
//! - A table's keys are those of its deepest partition among a few that are looked at; what differs is refused.
//! - The walk is depth first, holds one level's listing at a time, and does not list the partitions themselves: whoever
//!   works on one does, and [`Read::target`] does it for one.

mod classify;
mod databases;
mod formats;
mod keys;
mod survey;
mod target;
mod walk;

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::OnceCell;

use super::names::check_prefix;
use super::whole::{OnePage, engine_statements, whole_table};
use super::{Partitions, Read, Write};
use crate::error::{Code, Reason, Result};
use crate::model::{Partition, PartitionKey, PartitionSpec, StorePath, Table, TableKind, TableName, TargetId};
use crate::store::{self, EntryKind};

use survey::{Level, Survey};

/// A directory of databases.
#[derive(Clone, Debug)]
pub struct DirectoryCatalog {
    store: Arc<dyn store::Read>,
    root: StorePath,
    /// What the directories from the root upwards say of all tables; looked at once.
    above: Arc<OnceCell<Vec<Reason>>>,
}

impl DirectoryCatalog {
    /// The catalog of the lake at `root`.
    pub fn new(store: Arc<dyn store::Read>, root: StorePath) -> DirectoryCatalog {
        DirectoryCatalog { store, root, above: Arc::default() }
    }

    /// Why nothing in the table's directory may be compacted, by what lies in and above it.
    async fn place_refusals(&self, name: &TableName, location: &StorePath) -> Result<Vec<Reason>> {
        let mut reasons = self.above.get_or_try_init(|| formats::above(&*self.store, &self.root)).await?.clone();
        for directory in self.between(location) {
            reasons.extend(formats::foreign(&*self.store, &directory).await?);
            reasons.extend(self.other_lake(&directory).await?);
        }
        if name.table.contains('=') {
            let text = format!("{} has the name of a partition: the lake is one directory further up", name.table);
            reasons.push(Reason::new(Code::UnsupportedTable, text));
        }
        reasons.extend(self.database(&name.database).await?.ambiguous());
        Ok(reasons)
    }

    /// The directories below the root down to `location`, itself included.
    fn between(&self, location: &StorePath) -> Vec<StorePath> {
        let mut directory = self.root.clone();
        let parts = location.below(&self.root).unwrap_or_default().split('/').filter(|part| !part.is_empty());
        parts
            .map(|part| {
                directory = directory.join(part);
                directory.clone()
            })
            .collect()
    }

    /// A lake of its own between ours and a target (PROTOCOL §2).
    async fn other_lake(&self, directory: &StorePath) -> Result<Option<Reason>> {
        let holds = super::holds_records(&*self.store, directory, &self.root).await?;
        Ok(holds.then(|| {
            Reason::new(
                Code::NestedLake,
                format!("{directory} is a lake of its own, with runs in it; open it with --lake {directory}"),
            )
        }))
    }

    async fn survey(&self, directory: &StorePath) -> Result<Survey> {
        Survey::of(self.store.list_names(directory).await?).await
    }

    /// The table at a place that is a directory.
    async fn describe(&self, name: &TableName, location: StorePath) -> Result<Table> {
        let mut refusals = self.place_refusals(name, &location).await?;
        let survey = self.survey(&location).await?;
        let found = keys::find(self, &location, &survey).await?;
        if !found.keys.is_empty() {
            let survey = survey.forgive_empty(self, &location, Level::AbovePartitions).await?;
            refusals.extend(survey.strays(Level::AbovePartitions));
        }
        refusals.extend(found.refusals);
        refusals.dedup();
        let partition_keys =
            found.keys.into_iter().map(|name| PartitionKey { name, hive_type: "string".to_owned() }).collect();
        Ok(Table { partition_keys, refusals, ..bare_table(name, location) })
    }
}

/// A table of which nothing but its place is known.
fn bare_table(name: &TableName, location: StorePath) -> Table {
    Table {
        name: name.clone(),
        kind: TableKind::External,
        location,
        partition_keys: Vec::new(),
        stated_format: None,
        refusals: Vec::new(),
        identity: String::new(),
        claimed_files: None,
        claimed_bytes: None,
        owner: None,
        properties: Vec::new(),
    }
}

#[async_trait]
impl Read for DirectoryCatalog {
    async fn databases(&self) -> Result<Vec<String>> {
        self.database_names().await
    }

    async fn tables(&self, database: &str) -> Result<Vec<TableName>> {
        self.table_names(database).await
    }

    async fn table(&self, name: &TableName) -> Result<Table> {
        let (location, kind) = self.find_table(name).await?;
        match classify::refused_kind(kind, &location) {
            None => self.describe(name, location).await,
            Some(reason) => Ok(Table { refusals: vec![reason], ..bare_table(name, location) }),
        }
    }

    async fn partitions(&self, table: &Table, prefix: Option<&PartitionSpec>) -> Result<Box<dyn Partitions>> {
        if let Some(prefix) = prefix {
            check_prefix(table, prefix)?;
        }
        if table.is_partitioned() {
            return Ok(Box::new(walk::Walk::begin(self.clone(), table, prefix.cloned()).await?));
        }
        let whole = match self.store.stat(&table.location).await? {
            Some(entry) if entry.kind == EntryKind::Directory => vec![whole_table(table)],
            // A link has no targets; the table says why.
            _ => Vec::new(),
        };
        Ok(Box::new(OnePage(Some(whole))))
    }

    async fn target(&self, id: &TargetId) -> Result<Option<Partition>> {
        match target::look(self, id).await {
            // It went while we looked.
            Err(error) if error.code() == Code::NotFound => Ok(None),
            found => found,
        }
    }

    async fn oddities(&self) -> Result<Vec<Reason>> {
        self.odd_entries().await
    }

    fn refresh_statements(&self, id: &TargetId) -> Vec<String> {
        engine_statements(id)
    }

    async fn shared_location(&self, _id: &TargetId, _location: &StorePath) -> Result<Vec<Reason>> {
        // Directories are a tree, and each target is one of them: locations cannot overlap but by what `target` and
        // `table` refuse, data beside partitions and directories inside one.
        Ok(Vec::new())
    }
}

#[async_trait]
impl Write for DirectoryCatalog {
    async fn note_exchange(&self, _id: &TargetId, _files: u64, _bytes: u64) -> Result<()> {
        Ok(())
    }
}
