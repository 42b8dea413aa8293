//! Scans of many targets: of some tables, of the lake, of single targets. A few tables and a few directories at a time.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use futures::{StreamExt, stream};
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use super::{Reporter, ScanEvent, Scanner};
use crate::error::{Code, Error, Reason, Result};
use crate::model::{Partition, PartitionSpec, Scanned, Table, TableName, TableStats, TargetId};

/// Events that may wait.
const EVENTS: usize = 256;
/// Tables at a time.
const TABLES: usize = 4;
/// Directories at a time, over all tables.
const DIRECTORIES: usize = 8;
/// How often a table's figures are renewed while it is scanned.
const RENEW: Duration = Duration::from_millis(500);

/// What a scan is about.
enum Work {
    Lake,
    Tables(Vec<(TableName, Option<PartitionSpec>)>),
    Targets(Vec<TargetId>),
}

/// One scan: what its tasks share.
struct Scan {
    scanner: Scanner,
    reporter: Reporter,
    cancel: CancellationToken,
    directories: Semaphore,
}

impl Scanner {
    /// Scans every table of every database. Must be called inside a runtime, as the others here.
    pub fn scan_lake(&self, cancel: CancellationToken) -> mpsc::Receiver<ScanEvent> {
        self.begin(Work::Lake, cancel)
    }

    /// Scans some tables.
    pub fn scan_tables(&self, names: Vec<TableName>, cancel: CancellationToken) -> mpsc::Receiver<ScanEvent> {
        self.begin(Work::Tables(names.into_iter().map(|name| (name, None)).collect()), cancel)
    }

    /// Scans one table, or its partitions under a prefix of the keys.
    pub fn scan_table(
        &self,
        name: TableName,
        prefix: Option<PartitionSpec>,
        cancel: CancellationToken,
    ) -> mpsc::Receiver<ScanEvent> {
        self.begin(Work::Tables(vec![(name, prefix)]), cancel)
    }

    /// Scans single targets again; no table is summed up.
    pub fn scan_targets(&self, ids: Vec<TargetId>, cancel: CancellationToken) -> mpsc::Receiver<ScanEvent> {
        self.begin(Work::Targets(ids), cancel)
    }

    fn begin(&self, work: Work, cancel: CancellationToken) -> mpsc::Receiver<ScanEvent> {
        let (sender, receiver) = mpsc::channel(EVENTS);
        let scan = Scan {
            scanner: self.clone(),
            reporter: Reporter::to(sender.clone()),
            cancel: cancel.clone(),
            directories: Semaphore::new(DIRECTORIES),
        };
        tokio::spawn(async move {
            tokio::select! {
                () = scan.run(work) => {}
                // Nobody receives any more: nothing that is found would be seen.
                () = sender.closed() => scan.cancel.cancel(),
            }
        });
        receiver
    }
}

impl Scan {
    async fn run(&self, work: Work) {
        match work {
            Work::Lake => match self.all_tables().await {
                Ok(tables) => self.tables(tables.into_iter().map(|name| (name, None)).collect()).await,
                Err(error) => self.fail(TableName::new("", ""), &error).await,
            },
            Work::Tables(names) => self.tables(names).await,
            Work::Targets(ids) => self.targets(ids).await,
        }
    }

    async fn all_tables(&self) -> Result<Vec<TableName>> {
        let catalog = &self.scanner.catalog;
        let mut tables = Vec::new();
        for database in catalog.databases().await? {
            match catalog.tables(&database).await {
                Ok(names) => tables.extend(names),
                Err(error) => self.fail(TableName::new(database, ""), &error).await,
            }
        }
        Ok(tables)
    }

    async fn tables(&self, names: Vec<(TableName, Option<PartitionSpec>)>) {
        if !self.reporter.result(ScanEvent::Begun { tables: names.len() as u64 }).await {
            return;
        }
        stream::iter(names)
            .for_each_concurrent(TABLES, |(name, prefix)| async move {
                if self.cancel.is_cancelled() {
                    return;
                }
                if let Err(error) = self.table(&name, prefix.as_ref()).await {
                    self.fail(name, &error).await;
                }
            })
            .await;
    }

    async fn table(&self, name: &TableName, prefix: Option<&PartitionSpec>) -> Result<()> {
        let table = self.scanner.catalog.table(name).await?;
        let mut sum = TableStats::unknown(name.clone(), table.location.clone(), self.scanner.now());
        sum.reasons = table.refusals.clone();
        sum.scanned = Scanned::Part;
        let mut told = Instant::now();
        let mut pages = self.scanner.catalog.partitions(&table, prefix).await?;
        while let Some(page) = pages.next_page().await? {
            let mut targets =
                stream::iter(page).map(|partition| self.target(&table, partition)).buffer_unordered(DIRECTORIES);
            while let Some(stats) = targets.next().await {
                if stats.scanned == Scanned::Whole {
                    sum.add(&stats, &self.scanner.policy, self.scanner.now());
                }
                let received = self.reporter.result(ScanEvent::Target(stats)).await;
                if told.elapsed() >= RENEW {
                    told = Instant::now();
                    self.reporter.progress(ScanEvent::Table(sum.clone()));
                }
                if !received || self.cancel.is_cancelled() {
                    drop(targets);
                    self.reporter.result(ScanEvent::Table(sum)).await;
                    return Ok(());
                }
            }
        }
        // Only the partitions under the prefix were seen: the sum is a part of the table.
        sum.scanned = if prefix.is_none() { Scanned::Whole } else { Scanned::Part };
        self.reporter.result(ScanEvent::Table(sum)).await;
        Ok(())
    }

    async fn target(&self, table: &Table, partition: Partition) -> crate::model::TargetStats {
        // The semaphore is never closed; without a permit the scan would only be less gentle.
        let _permit = self.directories.acquire().await.ok();
        self.scanner.scan_target(table, &partition, &self.reporter, &self.cancel).await
    }

    async fn targets(&self, ids: Vec<TargetId>) {
        let mut names: Vec<TableName> = ids.iter().map(TargetId::table_name).collect();
        names.sort_unstable();
        names.dedup();
        if !self.reporter.result(ScanEvent::Begun { tables: names.len() as u64 }).await {
            return;
        }
        let mut tables = HashMap::new();
        for name in names {
            match self.scanner.catalog.table(&name).await {
                Ok(table) => drop(tables.insert(name, table)),
                Err(error) => self.fail(name, &error).await,
            }
        }
        let tables = &tables;
        stream::iter(ids)
            .for_each_concurrent(DIRECTORIES, |id| async move {
                let Some(table) = tables.get(&id.table_name()).filter(|_| !self.cancel.is_cancelled()) else { return };
                match self.scanner.catalog.target(&id).await {
                    Ok(Some(partition)) => {
                        let stats = self.target(table, partition).await;
                        self.reporter.result(ScanEvent::Target(stats)).await;
                    }
                    Ok(None) => {
                        let gone = Error::new(Code::PartitionNotFound, format!("{id} is not there any more"));
                        self.fail(id.table_name(), &gone).await;
                    }
                    Err(error) => self.fail(id.table_name(), &error).await,
                }
            })
            .await;
    }

    async fn fail(&self, table: TableName, error: &Error) {
        self.reporter.result(ScanEvent::Failed { table, reason: Reason::from(error) }).await;
    }
}
