//! Runs: their kinds, states, steps and results.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Histogram, Rows, RunId, RunSign, Size, TargetId};
use crate::error::{Code, Exit, Reason};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident $word:literal $variant_doc:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $(#[doc = $variant_doc] $variant),* }

        impl $name {
            /// Every one, in order.
            pub const ALL: &'static [$name] = &[$($name::$variant),*];

            /// The word on screen.
            pub fn word(self) -> &'static str {
                match self { $($name::$variant => $word),* }
            }
        }
    };
}

words! {
    /// What a run does.
    RunKind {
        Compact "compact" "Replaces files by fewer, larger ones.",
        Rollback "rollback" "Puts a backup back.",
        Cleanup "cleanup" "Deletes a backup for good.",
        Recover "recover" "Finishes or takes back what a dead run began.",
        Restore "restore" "Copies the kept files of a run aside.",
    }
}

words! {
    /// The state of a run.
    RunState {
        Running "LIVE" "It works.",
        Paused "PAUSED" "It holds between steps.",
        Done "done" "Every target is done.",
        InPart "IN PART" "Some targets are done.",
        Failed "FAILED" "No target is done.",
        Refused "REFUSED" "Refused before any write.",
        Cancelled "UNDONE" "Cancelled before any target was done.",
        NeedsDecision "NEEDS YOU" "A person has to decide or recover.",
    }
}

words! {
    /// The state of a target in a run.
    TargetState {
        Pending "waits" "Not begun.",
        Listing "list" "Steps 1 to 4.",
        Writing "write" "Step 5.",
        Verifying "verify" "Step 6.",
        Exchanging "exchange" "Step 7.",
        Settling "settle" "Steps 8 and 9.",
        Replaced "done" "Compacted.",
        RolledBack "ROLLED BACK" "The backup is live again.",
        Cleaned "CLEANED" "The backup is deleted.",
        Restored "COPIED" "Its kept files were copied aside.",
        Skipped "skipped" "Nothing to gain.",
        Refused "REFUSED" "Refused before a write.",
        Changed "GIVEN UP" "It drifted; nothing was touched, or it was taken back.",
        Cancelled "UNDONE" "Cancelled before its exchange.",
        Superseded "REWRITTEN" "Somebody rewrote it since.",
        Failed "FAILED" "A step failed; it is as it was.",
        NeedsDecision "NEEDS YOU" "A person has to decide or recover.",
    }
}

words! {
    /// The nine steps of a target; readers notice from `Exchange` on.
    Step {
        Check "check" "1",
        Lease "lease" "2",
        List "list" "3",
        Room "room" "4",
        Write "write" "5",
        Verify "verify" "6",
        Exchange "exchange" "7",
        Metastore "metastore" "8",
        Settle "settle" "9",
    }
}

impl Step {
    /// 1 to 9.
    pub fn number(self) -> u8 {
        self as u8 + 1
    }
}

impl TargetState {
    /// Whether nothing more happens to it.
    pub fn is_final(self) -> bool {
        self >= TargetState::Replaced
    }

    /// Whether it is what a run of this kind wanted. A recovery only wants an end: finished, taken back or given up.
    pub fn is_success_in(self, kind: RunKind) -> bool {
        let ended = matches!(self, TargetState::Cancelled | TargetState::Changed | TargetState::Superseded);
        self.is_success() || kind == RunKind::Recover && ended
    }

    /// Whether it is what the run wanted.
    pub fn is_success(self) -> bool {
        matches!(self, TargetState::Replaced | TargetState::RolledBack | TargetState::Cleaned | TargetState::Restored)
    }
}

/// The result of one target, or how far it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetOutcome {
    /// The target.
    pub id: TargetId,
    /// Its state.
    pub state: TargetState,
    /// Why it is not done; none when it is.
    pub reason: Option<Reason>,
    /// Files before and after.
    pub files_before: u64,
    /// See `files_before`.
    pub files_after: u64,
    /// Bytes before and after.
    pub bytes_before: Size,
    /// See `bytes_before`.
    pub bytes_after: Size,
    /// Rows.
    pub rows: Rows,
    /// `values`, `rows` or `none`.
    pub verified: String,
    /// From its first step to its last.
    pub elapsed_ms: u64,
}

impl TargetOutcome {
    /// A target that was not begun.
    pub fn pending(id: TargetId) -> TargetOutcome {
        TargetOutcome {
            id,
            state: TargetState::Pending,
            reason: None,
            files_before: 0,
            files_after: 0,
            bytes_before: Size(0),
            bytes_after: Size(0),
            rows: Rows(0),
            verified: "none".to_owned(),
            elapsed_ms: 0,
        }
    }

    /// Whether it was not begun because the run was to begin none so late.
    pub fn is_left_for_later(&self) -> bool {
        self.reason.as_ref().is_some_and(|reason| reason.code == Code::UntilPassed)
    }

    /// The exit code that it asks for.
    pub fn exit(&self) -> Exit {
        self.exit_as(RunKind::Compact)
    }

    /// The exit code that it asks for as a target of such a run.
    pub fn exit_as(&self, kind: RunKind) -> Exit {
        match self.state {
            state if state.is_success_in(kind) => Exit::Done,
            TargetState::NeedsDecision => Exit::NeedsRecovery,
            TargetState::Failed if self.reason.as_ref().is_some_and(|reason| reason.code == Code::Verification) => {
                Exit::Verification
            }
            TargetState::Failed => Exit::Failed,
            TargetState::Cancelled if self.is_left_for_later() => Exit::Refused,
            TargetState::Refused | TargetState::Changed | TargetState::Superseded => Exit::Refused,
            TargetState::Cancelled => Exit::Interrupted,
            state if state.is_final() => Exit::Done,
            _ => Exit::Interrupted,
        }
    }
}

/// The sizes of the files that a run exchanged, for its result.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExchangedSizes {
    /// Files that left.
    pub before: Histogram,
    /// What its plan said would come; none for what follows no plan.
    pub predicted: Option<Histogram>,
    /// Files that came.
    pub after: Histogram,
}

/// The sums of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunTotals {
    /// Targets of the run.
    pub targets: u64,
    /// Targets that are done.
    pub done: u64,
    /// Files before and after, of the targets that are done.
    pub files_before: u64,
    /// See `files_before`.
    pub files_after: u64,
    /// Bytes before and after, of the targets that are done.
    pub bytes_before: Size,
    /// See `bytes_before`.
    pub bytes_after: Size,
    /// Rows of the targets that are done.
    pub rows: Rows,
}

impl RunTotals {
    /// Adds up the outcomes of a run of this kind.
    pub fn of(kind: RunKind, outcomes: &[TargetOutcome]) -> RunTotals {
        let mut totals = RunTotals { targets: outcomes.len() as u64, ..RunTotals::default() };
        totals.done = outcomes.iter().filter(|outcome| outcome.state.is_success_in(kind)).count() as u64;
        for outcome in outcomes.iter().filter(|outcome| outcome.state.is_success()) {
            totals.files_before = totals.files_before.saturating_add(outcome.files_before);
            totals.files_after = totals.files_after.saturating_add(outcome.files_after);
            totals.bytes_before += outcome.bytes_before;
            totals.bytes_after += outcome.bytes_after;
            totals.rows += outcome.rows;
        }
        totals
    }
}

impl RunKind {
    /// Whether it may end before all of its targets were begun. What takes back, finishes or copies is meant as a whole.
    pub fn ends_in_part(self) -> bool {
        matches!(self, RunKind::Compact | RunKind::Cleanup)
    }
}

impl RunState {
    /// The state of a compaction that has ended with these outcomes.
    pub fn ended(outcomes: &[TargetOutcome]) -> RunState {
        RunState::ended_as(RunKind::Compact, outcomes)
    }

    /// The state of a run of this kind that has ended with these outcomes.
    pub fn ended_as(kind: RunKind, outcomes: &[TargetOutcome]) -> RunState {
        let any = |wanted: fn(&TargetOutcome) -> bool| outcomes.iter().any(wanted);
        let done = outcomes
            .iter()
            .filter(|outcome| outcome.state.is_success_in(kind) || outcome.state == TargetState::Skipped)
            .count();
        match () {
            () if any(|outcome| outcome.state == TargetState::NeedsDecision || !outcome.state.is_final()) => {
                RunState::NeedsDecision
            }
            () if done == outcomes.len() => RunState::Done,
            () if done > 0 => RunState::InPart,
            () if any(|outcome| outcome.state == TargetState::Failed) => RunState::Failed,
            () if any(|outcome| outcome.state == TargetState::Cancelled && !outcome.is_left_for_later()) => {
                RunState::Cancelled
            }
            () => RunState::Refused,
        }
    }

    /// The exit code of a command that waited for a compaction which ended with these outcomes.
    pub fn exit(outcomes: &[TargetOutcome]) -> Exit {
        RunState::exit_as(RunKind::Compact, outcomes)
    }

    /// The exit code of a command that waited for a run of this kind which ended with these outcomes.
    pub fn exit_as(kind: RunKind, outcomes: &[TargetOutcome]) -> Exit {
        let worst = outcomes.iter().map(|outcome| outcome.exit_as(kind)).fold(Exit::Done, Exit::or);
        let in_part = outcomes.iter().any(|outcome| outcome.state.is_success_in(kind));
        if in_part && matches!(worst, Exit::Refused | Exit::Failed) { Exit::Partial } else { worst }
    }
}

/// A run in a list: one line of History.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunSummary {
    /// Its id.
    pub run: RunId,
    /// What it does.
    pub kind: RunKind,
    /// The run that it acts on (rollback, cleanup, recover).
    pub of: Option<RunId>,
    /// When it began.
    pub started: DateTime<Utc>,
    /// When it ended; none while it works or when nobody saw the end.
    pub finished: Option<DateTime<Utc>>,
    /// Its state.
    pub state: RunState,
    /// Whose it is.
    pub user: String,
    /// Where it ran.
    pub host: String,
    /// Its process, where it runs.
    pub pid: Option<u32>,
    /// Targets: done, of all.
    pub targets_done: u64,
    /// See `targets_done`.
    pub targets: u64,
    /// The tables, as `db.table`.
    pub tables: Vec<String>,
    /// Files and bytes that its backups hold now.
    pub backup_files: u64,
    /// See `backup_files`.
    pub backup_bytes: Size,
    /// What can be done: `rollback`, `cleanup`, `recover`.
    pub can: Vec<RunKind>,
    /// Why the others cannot.
    pub cannot: Vec<(RunKind, Reason)>,
    /// The runs that took it back or cleaned it up.
    pub by: Vec<RunId>,
    /// From when on cleanup is allowed.
    pub cleanup_from: Option<DateTime<Utc>>,
    /// Bytes that it moved to the trash (a cleanup); what became of them there is not known here.
    #[serde(default)]
    pub trashed_bytes: Size,
    /// What it wrote of itself last, while it works.
    #[serde(default)]
    pub sign: Option<RunSign>,
}
