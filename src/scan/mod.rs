//! Listings: of one target, of tables, of the lake; and for planning the footers of a target's files.
//!
//! Decisions that bind everything here:
//! - Results come as events through a bounded channel: who reads slowly slows the scan down, nothing piles up. A
//!   receiver that is dropped, or a token that is cancelled, stops it.
//! - A scan keeps eight bytes a file of the targets that are being listed, and nothing of those that were: a million
//!   partitions or a million files are the same to it. Only planning keeps names.
//! - Data files are what readers see: plain files whose names begin with neither `.` nor `_`. What they are is decided
//!   by content: a few samples for a scan, every file for a plan.
//! - An error of one target or table is that one's row. It never ends the scan, and it is never an empty directory.

mod cache;
mod entry;
mod footers;
mod inspect;
mod lake;
mod listing;
mod rights;
mod samples;
mod tally;

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::sync::mpsc;

use crate::error::Reason;
use crate::model::{Partition, Policy, Table, TableName, TableStats, TargetId, TargetStats};
use crate::{catalog, store};

pub use cache::{Cache, CachedLake, TargetsWriter};
pub use footers::{Gathered, Judge};

/// Something that a scan or a planning found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScanEvent {
    /// The number of tables that this scan is about; the first event.
    Begun {
        /// They.
        tables: u64,
    },
    /// A table, each time it is known better: at first nothing, then in part, then whole.
    Table(TableStats),
    /// A target that was listed.
    Target(TargetStats),
    /// A large directory is being listed. May be left out when the receiver is slow.
    Listing {
        /// The target.
        target: TargetId,
        /// Files so far.
        files_so_far: u64,
    },
    /// Footers are being read. May be left out when the receiver is slow.
    Footers {
        /// Those that were read.
        done: u64,
        /// All.
        total: u64,
    },
    /// A table could not be read.
    Failed {
        /// The table.
        table: TableName,
        /// Why.
        reason: Reason,
    },
}

/// A target and the table that it is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selected {
    /// The table.
    pub table: Arc<Table>,
    /// Its partition, or the whole of it.
    pub partition: Partition,
}

/// Tells what time it is.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// Lists and reads one lake.
#[derive(Clone)]
pub struct Scanner {
    store: Arc<dyn store::Read>,
    catalog: Arc<dyn catalog::Read>,
    policy: Arc<Policy>,
    clock: Clock,
}

impl fmt::Debug for Scanner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Scanner").field("store", &self.store).field("catalog", &self.catalog).finish()
    }
}

impl Scanner {
    /// A scanner by this host's clock.
    pub fn new(store: Arc<dyn store::Read>, catalog: Arc<dyn catalog::Read>, policy: Policy) -> Scanner {
        Scanner { store, catalog, policy: Arc::new(policy), clock: Arc::new(Utc::now) }
    }

    /// The same scanner by another clock.
    #[must_use]
    pub fn with_clock(mut self, clock: Clock) -> Scanner {
        self.clock = clock;
        self
    }

    fn now(&self) -> DateTime<Utc> {
        (self.clock)()
    }
}

/// Where events go; may be nowhere.
#[derive(Clone, Debug, Default)]
pub struct Reporter(Option<mpsc::Sender<ScanEvent>>);

impl Reporter {
    /// Events go through this channel.
    pub fn to(sender: mpsc::Sender<ScanEvent>) -> Reporter {
        Reporter(Some(sender))
    }

    /// Nobody wants them.
    pub fn nowhere() -> Reporter {
        Reporter(None)
    }

    /// How far something is: dropped when the receiver is slow.
    fn progress(&self, event: ScanEvent) {
        if let Some(sender) = &self.0 {
            // A full channel only means that a later figure will do.
            let _ = sender.try_send(event);
        }
    }

    /// A result: waits for room; `false` when nobody receives any more.
    async fn result(&self, event: ScanEvent) -> bool {
        match &self.0 {
            Some(sender) => sender.send(event).await.is_ok(),
            None => true,
        }
    }
}

#[cfg(test)]
mod tests;
