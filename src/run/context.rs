//! What a run works with: the lake, the seams, who acts, who watches.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use crate::catalog;
use crate::error::Result;
use crate::format::MemoryPool;
use crate::ledger::{Actor, Ledger};
use crate::model::{Decision, Event, Plan, RunId, RunSnapshot, Scope, StorePath};
use crate::store::{self, Read};

use super::again::Patience;
use super::control::Control;
use super::seams::{Clock, Processes, Random, Rewriter, Tickets};
use super::throttle::Throttled;

/// Told what happens. Called from the run's tasks, in order for each target; must not block.
pub trait Observer: Send + Sync + Debug {
    /// The targets are known; every event after it is to be applied to this.
    fn begun(&self, snapshot: RunSnapshot);

    /// Something happened.
    fn event(&self, event: Event);
}

/// An [`Observer`] that nobody is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unobserved;

impl Observer for Unobserved {
    fn begun(&self, _: RunSnapshot) {}

    fn event(&self, _: Event) {}
}

/// What to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// Execute a plan.
    Compact {
        /// The plan.
        plan: Box<Plan>,
        /// Targets that drifted are left out before the first write, instead of refusing the run.
        skip_drifted: bool,
        /// Windows above the limit were agreed to.
        accept_window: bool,
    },
    /// Put the backups of a run back; of a rollback: take it back.
    Rollback {
        /// The run.
        of: RunId,
        /// Its targets.
        scope: Scope,
    },
    /// Delete the backups of a run.
    Cleanup {
        /// The run.
        of: RunId,
        /// Its targets.
        scope: Scope,
        /// How old the backup must be.
        minimum_age: Duration,
        /// Delete without a trash.
        skip_trash: bool,
    },
    /// Finish or take back what dead runs began.
    Recover {
        /// The run; none means every unfinished one.
        of: Option<RunId>,
        /// Its targets.
        scope: Scope,
        /// A person's decision for the targets that need one.
        decide: Option<Decision>,
        /// Only leases that are certainly dead, without questions.
        stale_only: bool,
    },
    /// Copy the kept files of a run aside.
    Restore {
        /// The run.
        of: RunId,
        /// Its targets.
        scope: Scope,
        /// A directory of the store that is made for it.
        to: StorePath,
    },
}

/// Everything a run needs. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Context {
    /// The lake's store.
    pub store: Arc<dyn store::Write>,
    /// The lake's catalog.
    pub catalog: Arc<dyn catalog::Write>,
    /// The lake's directory.
    pub root: StorePath,
    /// The run index (see [`Ledger::new`]).
    pub index: StorePath,
    /// Targets that are worked on at a time.
    pub targets_at_a_time: usize,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub random: Arc<dyn Random>,
    /// Which processes live.
    pub processes: Arc<dyn Processes>,
    /// How long we may log in.
    pub tickets: Arc<dyn Tickets>,
    /// What makes outputs of sources.
    pub rewriter: Arc<dyn Rewriter>,
    /// Who watches.
    pub observer: Arc<dyn Observer>,
    /// Steering.
    pub control: Control,
    /// Whether waiting for servers that take no bytes was in vain.
    pub patience: Patience,
    /// The one pool of memory.
    pub pool: Arc<MemoryPool>,
    /// Who acts.
    pub me: Actor,
}

impl Context {
    /// The store for reading the contents of data files, no faster than the run may.
    pub(super) fn contents(&self) -> Arc<dyn Read> {
        let store: Arc<dyn Read> = Arc::clone(&self.store) as Arc<dyn Read>;
        Arc::new(Throttled { store, control: self.control.clone(), clock: Arc::clone(&self.clock) })
    }

    /// Waits until so many bytes of contents may be written.
    pub(super) async fn writes(&self, bytes: usize) -> Result<()> {
        self.control.moves(self.clock.as_ref(), bytes as u64).await
    }

    /// The lake's records.
    pub fn ledger(&self) -> Ledger {
        let store: Arc<dyn Read> = Arc::clone(&self.store) as Arc<dyn Read>;
        let ledger = Ledger::new(store, self.root.clone(), Some(&self.index));
        Ledger { processes: Arc::clone(&self.processes), ..ledger }
    }
}
