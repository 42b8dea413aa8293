//! Messages: one JSON document a line. A view says `Hello`, gets `Welcome` with a snapshot, then events; it may send
//! requests at any time. Fields are only ever added.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::error::Reason;
use crate::model::{Decision, Event, Plan, RunId, RunLimits, RunSnapshot, Scope};

/// What a worker is to do. It is written to a file of the user before the worker starts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "snake_case")]
pub enum Order {
    /// Execute a plan.
    Compact {
        /// The plan.
        plan: Box<Plan>,
        /// Targets that drifted are left out before the first write, instead of refusing the run.
        skip_drifted: bool,
        /// Windows above the limit were agreed to.
        accept_window: bool,
        /// What it may take.
        #[serde(default)]
        limits: RunLimits,
    },
    /// Put the backups of a run back.
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
        minimum_age_ms: u64,
        /// Delete without a trash.
        skip_trash: bool,
    },
    /// Finish or take back what a dead run began.
    Recover {
        /// The run; none means every unfinished one.
        of: Option<RunId>,
        /// Its targets.
        scope: Scope,
        /// A person's decision for the targets that need one.
        decide: Option<Decision>,
        /// Only leases that are certainly dead, without questions (cron).
        stale_only: bool,
    },
    /// Copy the kept files of a run aside.
    Restore {
        /// The run.
        of: RunId,
        /// Its targets.
        scope: Scope,
        /// A directory of the local disk or the store that is made for it.
        to: String,
    },
}

/// The first line of a view.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The version of the protocol.
    pub version: u32,
    /// Who looks: `console` or the command's name, and the terminal.
    pub name: String,
    /// Only the snapshot is wanted: it is answered by `Welcome` and the end, and does not count as a watcher.
    #[serde(default)]
    pub once: bool,
}

impl Hello {
    /// The version that this program speaks.
    pub const VERSION: u32 = 1;
}

/// What a view asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "snake_case")]
pub enum Request {
    /// Finish the steps in hand and hold.
    Pause,
    /// Go on.
    Resume,
    /// Stop: at once before a target's exchange, after it inside.
    Cancel,
    /// Read and write so many bytes a second at most.
    Limit {
        /// None takes the limit away.
        bytes_per_second: Option<u64>,
    },
    /// Begin no target from then on. A kind of run that is never left in part takes no such limit.
    Until {
        /// None takes the limit away.
        at: Option<DateTime<Utc>>,
    },
}

/// What a worker says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "snake_case")]
pub enum Reply {
    /// Answers `Hello`, and comes again when the view was too slow for the events: it replaces what the view has.
    Welcome {
        /// The state now; every event after it is to be applied to it.
        snapshot: Box<RunSnapshot>,
    },
    /// Something happened.
    Event {
        /// It.
        event: Event,
    },
    /// The view cannot be served.
    Refused {
        /// Why.
        reason: Reason,
    },
    /// The run has ended; the last line.
    Ended {
        /// The state at the end.
        snapshot: Box<RunSnapshot>,
    },
}
