//! A plan: immutable, saved, shared by dry-run and run. It carries every file that would leave, with length and
//! modification time, so that a target which no longer matches is refused, never adapted.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Attributes, Histogram, KnownFile, PlanId, Policy, Rows, Size, StorePath, TargetId};
use crate::error::Reason;

/// A file of a plan: what must be unchanged, and its rows by the footer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedFile {
    /// Name, length, modification time.
    pub file: KnownFile,
    /// Rows by the footer.
    pub rows: Rows,
}

/// Files that become one or more output files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileGroup {
    /// The key that its files share; footers must still give it when the run reads them.
    pub key: String,
    /// What sets it apart from the target's other groups, in words; empty when it is the only one.
    pub label: String,
    /// The outputs: each the files it is made of, in order. A file larger than a block may stand alone in one.
    pub outputs: Vec<Vec<PlannedFile>>,
    /// What is lost by merging, in words.
    pub losses: Vec<String>,
}

impl FileGroup {
    /// Its source files.
    pub fn files(&self) -> impl Iterator<Item = &PlannedFile> {
        self.outputs.iter().flatten()
    }
}

/// Something the plan says because it cannot forbid it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WarningNote {
    /// One line.
    pub text: String,
}

/// One target of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedTarget {
    /// The target.
    #[serde(flatten)]
    pub id: TargetId,
    /// Its directory.
    pub location: StorePath,
    /// The catalog's identity of the table and partition, which must be the same at the exchange.
    pub identity: String,
    /// The file groups; never empty.
    pub groups: Vec<FileGroup>,
    /// `_metadata` and `_common_metadata`: they would go stale, so they leave with the sources.
    pub summary_files: Vec<KnownFile>,
    /// Data files that stay (large enough, alone in their group, 0 bytes).
    pub stays: u64,
    /// All visible entries of the directory, for the linger rule.
    pub visible_entries: u64,
    /// The directory's attributes when planned.
    pub directory: Attributes,
    /// The histogram now.
    pub before: Histogram,
    /// The histogram predicted.
    pub after: Histogram,
    /// Files now and predicted, of the whole target.
    pub files_before: u64,
    /// See `files_before`.
    pub files_after: u64,
    /// Bytes that will be read, and about written.
    pub bytes: Size,
    /// Rows of the sources.
    pub rows: Rows,
    /// NameNode objects now, at the end of the run, and after cleanup.
    pub objects: [u64; 3],
    /// The window, estimated.
    pub window_ms_estimate: u64,
    /// The whole work, estimated.
    pub work_ms_estimate: u64,
    /// What a person should know.
    pub warnings: Vec<WarningNote>,
}

impl PlannedTarget {
    /// Every file that leaves, in the order of the groups, the summary files last.
    pub fn leaving(&self) -> impl Iterator<Item = &KnownFile> {
        self.groups.iter().flat_map(FileGroup::files).map(|planned| &planned.file).chain(&self.summary_files)
    }

    /// The number of output files.
    pub fn output_count(&self) -> usize {
        self.groups.iter().map(|group| group.outputs.len()).sum()
    }
}

/// A target that was looked at and left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// The target, or the table as a whole when it has no partition and the reason is the table's.
    #[serde(flatten)]
    pub id: TargetId,
    /// Why.
    #[serde(flatten)]
    pub reason: Reason,
}

/// The sums of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanTotals {
    /// Targets.
    pub targets: u64,
    /// Tables.
    pub tables: u64,
    /// Files that would leave or stay, of all targets.
    pub files_before: u64,
    /// Files predicted.
    pub files_after: u64,
    /// Bytes to read.
    pub bytes: Size,
    /// Rows.
    pub rows: Rows,
    /// NameNode objects now, at the end of the run, and after cleanup.
    pub objects: [u64; 3],
    /// The largest window.
    pub window_ms_estimate: u64,
    /// The whole work.
    pub work_ms_estimate: u64,
}

impl PlanTotals {
    /// Adds up targets.
    pub fn of(targets: &[PlannedTarget]) -> PlanTotals {
        let tables: BTreeSet<_> = targets.iter().map(|target| (&target.id.database, &target.id.table)).collect();
        let mut totals =
            PlanTotals { targets: targets.len() as u64, tables: tables.len() as u64, ..PlanTotals::default() };
        for target in targets {
            totals.files_before += target.files_before;
            totals.files_after += target.files_after;
            totals.bytes += target.bytes;
            totals.rows += target.rows;
            for (sum, objects) in totals.objects.iter_mut().zip(target.objects) {
                *sum += objects;
            }
            totals.window_ms_estimate = totals.window_ms_estimate.max(target.window_ms_estimate);
            totals.work_ms_estimate += target.work_ms_estimate;
        }
        totals
    }
}

/// Room that a limit leaves, and what a plan takes of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanRoom {
    /// Which limit: `the disk of /lake`, `the quota of /lake/sales`.
    pub limit: String,
    /// Bytes that it leaves.
    pub left: Size,
    /// Bytes of them that the new files take beside the old ones, until cleanup.
    pub needed: Size,
}

/// A plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// `lakehand.plan/1`.
    pub format: String,
    /// Its id.
    pub plan: PlanId,
    /// The lake's URI; a plan is for one lake.
    pub lake: String,
    /// The profile's name.
    pub profile: String,
    /// When it was made.
    pub made: DateTime<Utc>,
    /// The policy that it follows.
    pub policy: Policy,
    /// The targets.
    pub targets: Vec<PlannedTarget>,
    /// What was left out, with reasons.
    pub skipped: Vec<Skipped>,
    /// Sums.
    pub totals: PlanTotals,
    /// The limits that leave room, the tightest first.
    #[serde(default)]
    pub room: Vec<PlanRoom>,
}

impl Plan {
    /// The format's name and version.
    pub const FORMAT: &'static str = "lakehand.plan/1";

    /// How long a run of it takes, at its limits.
    pub fn time(&self, limits: super::RunLimits) -> Duration {
        let work = Duration::from_millis(self.totals.work_ms_estimate);
        limits.least_time(self.bytes_moved()).map_or(work, |least| work.max(least))
    }

    /// The room that it needs, and what the tightest limit leaves.
    pub fn room_text(&self) -> String {
        match self.room.first() {
            Some(room) => format!("needs {} of the {} left by {}", self.totals.bytes, room.left, room.limit),
            None => format!("needs {} beside the old files until clean-up", self.totals.bytes),
        }
    }

    /// The bytes that a run of it reads and writes: each once, and those that are verified by their values once more.
    pub fn bytes_moved(&self) -> Size {
        let times = if self.policy.verify == super::Verify::Values { 3 } else { 2 };
        Size(self.totals.bytes.0.saturating_mul(times))
    }
}
