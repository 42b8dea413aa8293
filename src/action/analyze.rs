//! Analyze: what the selected tables are made of.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use futures::{StreamExt, stream};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::scan::{Scan, scan};
use super::selection::selected_targets;
use super::{Selection, Session};
use crate::error::{Code, Error, Reason, Result};
use crate::model::{Scanned, ServerFacts, Table, TableName, TableStats, TargetId, TargetStats, worst_first};
use crate::scan::ScanEvent;

/// Tables that are named, up to this number, are asked for at the store's server.
const ASKED: usize = 100;
/// So many at a time.
const AT_A_TIME: usize = 4;

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Analysis {
    /// The tables, the worst first.
    pub tables: Vec<AnalyzedTable>,
    /// When it was begun.
    pub at: DateTime<Utc>,
}

/// One table.
#[derive(Clone, Debug, PartialEq)]
pub struct AnalyzedTable {
    /// As the catalog has it; none when it could not be read, then the figures say why.
    pub table: Option<Table>,
    /// Its figures, over the selected targets.
    pub stats: TableStats,
    /// The selected targets, by partition.
    pub targets: Vec<TargetStats>,
    /// What only the store's server tells of its directory, or why it was not asked; none where there is no server.
    pub server: Option<Result<ServerFacts, String>>,
}

/// Lists the selected targets and tells of each as it comes. A table that cannot be read has its error in its figures;
/// a name that is not there is an error of the whole. Whole tables are kept in the cache.
pub async fn analyze(
    session: &Session,
    selection: &Selection,
    progress: Option<mpsc::Sender<ScanEvent>>,
    cancel: &CancellationToken,
) -> Result<Analysis> {
    let at = Utc::now();
    let (whole, what) = if selection.is_plain() {
        let names = selection.table_names(session).await?;
        let what = if selection.is_everything() && selection.exclude.is_empty() {
            Scan::Lake
        } else {
            Scan::Tables(names.clone())
        };
        (names, what)
    } else {
        let selected = selected_targets(session, selection).await?;
        (Vec::new(), Scan::Targets(selected.targets.into_iter().map(|one| one.partition.id).collect()))
    };
    let mut found: BTreeMap<TableName, Found> = whole.into_iter().map(|name| (name, Found::default())).collect();
    let mut events = scan(session, what, cancel.clone());
    while let Some(event) = events.recv().await {
        gather(&mut found, &event);
        if let Some(progress) = &progress {
            // A full channel only means that a later figure will do.
            let _ = progress.try_send(event);
        }
    }
    if cancel.is_cancelled() {
        return Err(Error::new(Code::Interrupted, "stopped before everything was listed").lake("unchanged"));
    }
    let mut tables = Vec::with_capacity(found.len());
    for (name, found) in found {
        tables.push(found.into_table(session, name, at).await);
    }
    let named = (1..=ASKED).contains(&selection.tables.len()) && selection.databases.is_empty();
    let tables = tables.into_iter().map(|table| table.asked(session, named));
    let mut tables: Vec<AnalyzedTable> = stream::iter(tables).buffered(AT_A_TIME).boxed().collect().await;
    tables.sort_by(|one, other| worst_first(&one.stats, &other.stats));
    Ok(Analysis { tables, at })
}

impl AnalyzedTable {
    /// With what the store's server tells, where the table was named.
    async fn asked(mut self, session: &Session, named: bool) -> AnalyzedTable {
        if let Some(table) = self.table.as_ref().filter(|_| named) {
            let told = session.reader.store.server_facts(&table.location).await;
            self.server = told.map(|told| told.map_err(|error| error.to_string()));
        }
        self
    }
}

#[derive(Default)]
struct Found {
    stats: Option<TableStats>,
    targets: Vec<TargetStats>,
    error: Option<Reason>,
}

fn gather(found: &mut BTreeMap<TableName, Found>, event: &ScanEvent) {
    match event {
        ScanEvent::Table(stats) => found.entry(stats.name.clone()).or_default().stats = Some(stats.clone()),
        ScanEvent::Target(target) => {
            found.entry(target.id.table_name()).or_default().targets.push(target.clone());
        }
        ScanEvent::Failed { table, reason } => {
            found.entry(table.clone()).or_default().error = Some(reason.clone());
        }
        ScanEvent::Begun { .. } | ScanEvent::Listing { .. } | ScanEvent::Footers { .. } => {}
    }
}

impl Found {
    async fn into_table(mut self, session: &Session, name: TableName, at: DateTime<Utc>) -> AnalyzedTable {
        let table = session.reader.catalog.table(&name).await;
        self.targets.sort_by(|one, other| TargetId::cmp(&one.id, &other.id));
        let stats = self.stats.take().filter(|stats| stats.scanned == Scanned::Whole);
        let mut stats = stats.unwrap_or_else(|| self.sum(session, &name, table.as_ref().ok(), at));
        if let Err(error) = &table {
            self.error.get_or_insert_with(|| Reason::from(error));
        }
        stats.error = self.error;
        AnalyzedTable { table: table.ok(), stats, targets: self.targets, server: None }
    }

    /// The figures of a table of which only some targets were selected.
    fn sum(&self, session: &Session, name: &TableName, table: Option<&Table>, at: DateTime<Utc>) -> TableStats {
        let location = table.map_or_else(|| session.reader.root.clone(), |table| table.location.clone());
        let mut stats = TableStats::unknown(name.clone(), location, at);
        stats.reasons = table.map(|table| table.refusals.clone()).unwrap_or_default();
        stats.scanned = if self.error.is_some() { Scanned::Part } else { Scanned::Whole };
        for target in &self.targets {
            stats.add(target, &session.settings().policy, at);
        }
        stats
    }
}
