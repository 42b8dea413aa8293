//! Scanning while somebody looks: events as they come, and what earlier scans found.

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Session;
use crate::config::Paths;
use crate::error::Result;
use crate::model::{Scanned, TableName, TableStats, TargetId, TargetStats};
use crate::scan::{Cache, ScanEvent, TargetsWriter};

/// What is scanned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scan {
    /// Every table.
    Lake,
    /// Some tables.
    Tables(Vec<TableName>),
    /// Single targets.
    Targets(Vec<TargetId>),
}

/// Events that may wait for whoever looks.
const EVENTS: usize = 256;

/// Begins a scan; must be called inside a runtime. What it finds is kept for the next start, unless it is stopped.
/// Dropping the receiver stops it, as the token does.
pub fn scan(session: &Session, what: Scan, cancel: CancellationToken) -> mpsc::Receiver<ScanEvent> {
    let scanner = session.scanner();
    let found = match &what {
        Scan::Lake => scanner.scan_lake(cancel.clone()),
        Scan::Tables(names) => scanner.scan_tables(names.clone(), cancel.clone()),
        Scan::Targets(ids) => return scanner.scan_targets(ids.clone(), cancel),
    };
    let (sender, receiver) = mpsc::channel(EVENTS);
    tokio::spawn(keep(session.clone(), matches!(what, Scan::Lake), found, sender, cancel));
    receiver
}

/// What was found of a lake last, by its name alone: nothing is opened, so that it can be shown at once.
pub fn cache_of(paths: &Paths, lake: &str) -> Cache {
    Cache::new(&paths.cache, lake)
}

/// Passes events on and writes what is whole to the cache. A cache that cannot be written costs a later start its
/// first figures, nothing more.
async fn keep(
    session: Session,
    lake: bool,
    mut found: mpsc::Receiver<ScanEvent>,
    sender: mpsc::Sender<ScanEvent>,
    cancel: CancellationToken,
) {
    let mut keeper = Keeper { session, tables: Vec::new(), open: Vec::new() };
    while let Some(event) = found.recv().await {
        keeper.see(&event);
        if sender.send(event).await.is_err() {
            return;
        }
    }
    if !cancel.is_cancelled() {
        let _ = tokio::task::spawn_blocking(move || keeper.finish(lake)).await;
    }
}

struct Keeper {
    session: Session,
    tables: Vec<TableStats>,
    /// The targets of the tables that are being scanned.
    open: Vec<(TableName, TargetsWriter)>,
}

impl Keeper {
    fn see(&mut self, event: &ScanEvent) {
        match event {
            ScanEvent::Target(target) => self.add(target),
            ScanEvent::Table(table) if table.scanned == Scanned::Whole => {
                if let Some(at) = self.open.iter().position(|(name, _)| *name == table.name) {
                    let _ = self.open.swap_remove(at).1.finish();
                }
                self.tables.push(table.clone());
            }
            ScanEvent::Begun { .. }
            | ScanEvent::Table(_)
            | ScanEvent::Listing { .. }
            | ScanEvent::Footers { .. }
            | ScanEvent::Failed { .. } => {}
        }
    }

    fn add(&mut self, target: &TargetStats) {
        let name = target.id.table_name();
        let at = match self.open.iter().position(|(open, _)| *open == name) {
            Some(at) => at,
            None => {
                let Ok(writer) = self.session.cache().targets_writer(&name) else { return };
                self.open.push((name, writer));
                self.open.len() - 1
            }
        };
        if self.open[at].1.add(target).is_err() {
            self.open.swap_remove(at);
        }
    }

    fn finish(self, lake: bool) -> Result<()> {
        let cache = self.session.cache();
        if lake { cache.save_lake(self.tables) } else { cache.save_tables(self.tables) }
    }
}
