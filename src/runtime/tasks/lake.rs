//! Reading tables and targets: the cache first, then scans, whose events become messages a few at a time.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use super::context::Context;
use super::slots::Ticket;
use crate::action::{self, Scan, ScanEvent};
use crate::app::{Failure, LakeMsg, Msg, Reading};
use crate::error::{Code, Error, Reason};
use crate::model::{Scanned, TableName, TableStats, TargetId, TargetStats};

/// Findings are collected for so long before they are shown: ten times a second is enough for a person.
const COLLECT: Duration = Duration::from_millis(100);
/// But no more than this many.
const COLLECTED: usize = 2_000;

/// Tables whose claims are asked for at a time.
const CLAIMED: usize = 200;

/// The cache, before the lake is opened; then every table's name.
pub(super) async fn load(context: Context, ticket: Ticket) {
    let name = context.lake_name();
    let cache = action::cache_of(&context.env().paths, &name);
    let cached = cache.load();
    let more = cached.totals.tables > cached.tables.len() as u64;
    ticket.send(Msg::Lake(LakeMsg::Cached(cached.tables))).await;
    if more {
        ticket.send(Msg::Lake(LakeMsg::Cached(cache.tables()))).await;
    }
    let rates = action::work_rates(&context.env().paths, &name);
    ticket.send(Msg::Lake(LakeMsg::Rates(rates))).await;
    let session = match context.session().await {
        Ok(session) => session,
        Err(error) => return failed(&ticket, Reading::Lake, error.into()).await,
    };
    if !context.env().offline {
        match action::tables(session).await {
            Ok(tables) => {
                let names: Vec<TableName> = tables.iter().map(|table| table.name.clone()).collect();
                ticket.send(Msg::Lake(LakeMsg::Tables(tables))).await;
                // What the catalog claims is a help until there are figures; without it the names do.
                for some in names.chunks(CLAIMED) {
                    let Ok(claimed) = action::claimed(session, some).await else { break };
                    if !claimed.is_empty() {
                        ticket.send(Msg::Lake(LakeMsg::Tables(claimed))).await;
                    }
                }
            }
            Err(error) => return failed(&ticket, Reading::Lake, error.into()).await,
        };
    }
    ticket.send(ended(Reading::Lake, false)).await;
}

/// One table for its partitions' list: what was found last, then what is there now.
pub(super) async fn scan_table(context: Context, ticket: Ticket, table: TableName) {
    cached_targets(&context, &ticket, &table).await;
    scan(context, ticket, Scan::Tables(vec![table.clone()]), vec![Reading::Table(table)]).await;
}

/// What was found last, a few at a time: a key that is pressed meanwhile waits for no more than those.
async fn cached_targets(context: &Context, ticket: &Ticket, table: &TableName) {
    let cache = action::cache_of(&context.env().paths, &context.lake_name());
    let (sender, mut parts) = mpsc::channel(1);
    let name = table.clone();
    tokio::task::spawn_blocking(move || {
        cache.each_targets(&name, COLLECTED, |targets| sender.blocking_send(targets).is_ok());
    });
    while let Some(targets) = parts.recv().await {
        if !ticket.send(Msg::Lake(LakeMsg::Targets { table: table.clone(), targets })).await {
            return;
        }
    }
}

/// Some tables.
pub(super) async fn scan_tables(context: Context, ticket: Ticket, tables: Vec<TableName>) {
    let readings = tables.iter().cloned().map(Reading::Table).collect();
    scan(context, ticket, Scan::Tables(tables), readings).await;
}

/// Every table.
pub(super) async fn scan_lake(context: Context, ticket: Ticket) {
    scan(context, ticket, Scan::Lake, vec![Reading::Lake]).await;
}

/// One target.
pub(super) async fn scan_target(context: Context, ticket: Ticket, target: TargetId) {
    scan(context, ticket, Scan::Targets(vec![target.clone()]), vec![Reading::Target(target)]).await;
}

/// Runs a scan to its end, for the readings that wait for it.
async fn scan(context: Context, ticket: Ticket, what: Scan, mut readings: Vec<Reading>) {
    let session = match context.online().await {
        Ok(session) => session,
        Err(failure) => {
            for reading in readings {
                failed(&ticket, reading, failure.clone()).await;
            }
            return;
        }
    };
    let mut events = action::scan(session, what, ticket.cancel.clone());
    let mut found = Found::default();
    while found.collect(&mut events).await {
        for msg in found.messages(&mut readings) {
            if !ticket.send(msg).await {
                return;
            }
        }
    }
    for reading in readings {
        ticket.send(ended(reading, ticket.cancel.is_cancelled())).await;
    }
}

/// What came since the last messages, and how far each reading is.
#[derive(Default)]
struct Found {
    tables: Vec<TableStats>,
    targets: Vec<TargetStats>,
    failures: Vec<(TableName, Reason)>,
    /// Files of the targets that were listed, and of the one that is being listed.
    files: BTreeMap<TableName, (u64, u64)>,
}

impl Found {
    /// Collects for a while; false when nothing will come any more.
    async fn collect(&mut self, events: &mut mpsc::Receiver<ScanEvent>) -> bool {
        let Some(first) = events.recv().await else { return false };
        self.take(first);
        let until = Instant::now() + COLLECT;
        while self.targets.len() + self.tables.len() < COLLECTED
            && let Ok(Some(event)) = timeout_at(until, events.recv()).await
        {
            self.take(event);
        }
        true
    }

    fn take(&mut self, event: ScanEvent) {
        match event {
            ScanEvent::Begun { .. } | ScanEvent::Footers { .. } => {}
            ScanEvent::Table(table) => {
                self.tables.retain(|older| older.name != table.name);
                self.tables.push(table);
            }
            ScanEvent::Target(target) => {
                let (listed, listing) = self.files.entry(target.id.table_name()).or_default();
                (*listed, *listing) = (*listed + target.files(), 0);
                self.targets.push(target);
            }
            ScanEvent::Listing { target, files_so_far } => {
                self.files.entry(target.table_name()).or_default().1 = files_so_far;
            }
            ScanEvent::Failed { table, reason } => self.failures.push((table, reason)),
        }
    }

    /// The messages for what was collected. A table that is whole or failed is no longer among the readings.
    fn messages(&mut self, readings: &mut Vec<Reading>) -> Vec<Msg> {
        let mut messages = Vec::new();
        for (table, targets) in by_table(std::mem::take(&mut self.targets)) {
            messages.push(LakeMsg::Targets { table, targets });
        }
        let tables = std::mem::take(&mut self.tables);
        let whole = tables.iter().filter(|table| table.scanned == Scanned::Whole);
        let over: Vec<Reading> = whole.map(|table| Reading::Table(table.name.clone())).collect();
        if !tables.is_empty() {
            messages.push(LakeMsg::Tables(tables));
        }
        for (table, reason) in std::mem::take(&mut self.failures) {
            let reading = if table.table.is_empty() { Reading::Lake } else { Reading::Table(table) };
            readings.retain(|open| *open != reading);
            messages.push(LakeMsg::Failed { reading, failure: Error::from(reason).into() });
        }
        for reading in over.into_iter().filter(|reading| readings.contains(reading)).collect::<Vec<_>>() {
            readings.retain(|open| *open != reading);
            messages.push(LakeMsg::Ended { reading, stopped: false });
        }
        messages.extend(readings.iter().map(|reading| self.progress(reading)));
        messages.into_iter().map(Msg::Lake).collect()
    }

    fn progress(&self, reading: &Reading) -> LakeMsg {
        let sum = |(listed, listing): &(u64, u64)| listed + listing;
        let done = match reading {
            Reading::Lake => self.files.values().map(sum).sum(),
            Reading::Table(table) => self.files.get(table).map_or(0, sum),
            Reading::Footers(_) => 0,
            Reading::Target(target) => self.files.get(&target.table_name()).map_or(0, sum),
        };
        LakeMsg::Progress { reading: reading.clone(), done, total: None }
    }
}

fn by_table(targets: Vec<TargetStats>) -> Vec<(TableName, Vec<TargetStats>)> {
    let mut tables: Vec<(TableName, Vec<TargetStats>)> = Vec::new();
    for target in targets {
        let name = target.id.table_name();
        match tables.iter_mut().find(|(table, _)| *table == name) {
            Some((_, targets)) => targets.push(target),
            None => tables.push((name, vec![target])),
        }
    }
    tables
}

async fn failed(ticket: &Ticket, reading: Reading, failure: Failure) {
    if failure.code == Code::Interrupted {
        ticket.send(ended(reading, true)).await;
    } else {
        ticket.send(Msg::Lake(LakeMsg::Failed { reading, failure })).await;
    }
}

fn ended(reading: Reading, stopped: bool) -> Msg {
    Msg::Lake(LakeMsg::Ended { reading, stopped })
}
