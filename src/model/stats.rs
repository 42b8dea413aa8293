//! What scans found: per target, per table, for the lake; the states, orders and savings of the console.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{DataFormat, FileTime, Histogram, Policy, Recent, Size, StorePath, Table, TableName, TargetId};
use crate::error::Reason;

/// How complete a scan is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scanned {
    /// Nothing was listed.
    #[default]
    No,
    /// Stopped or still going on: the counts may grow.
    Part,
    /// Everything was listed.
    Whole,
}

/// One target after its listing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetStats {
    /// The target.
    pub id: TargetId,
    /// Its directory.
    pub location: StorePath,
    /// Data files by size.
    pub histogram: Histogram,
    /// The exact median length of the files that are not empty.
    pub median: Size,
    /// Files below the small-file threshold of the policy that the scan was given, by their lengths.
    pub small_files: u64,
    /// Files of 0 bytes, which stay as they are.
    pub empty_files: u64,
    /// File groups, where there are so few files that the scan looked into all of them; else 0.
    #[serde(default)]
    pub groups: u64,
    /// The newest modification time of its files.
    pub newest: Option<FileTime>,
    /// Files that came lately; none where nobody counted them.
    #[serde(default)]
    pub recent: Option<Recent>,
    /// The format, where a file was looked at.
    pub format: Option<DataFormat>,
    /// Why it is refused, by what the listing and the catalog showed; empty when it is not.
    pub reasons: Vec<Reason>,
    /// The listing failed: the reason. The counts are those before it.
    pub error: Option<Reason>,
    /// How complete it is.
    pub scanned: Scanned,
    /// The directory is not there.
    pub missing: bool,
    /// When it was listed.
    pub at: DateTime<Utc>,
}

/// What states, orders and savings of a target are made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Measures {
    /// Files.
    pub files: u64,
    /// Their bytes.
    pub bytes: Size,
    /// Files of 0 bytes.
    pub empty: u64,
    /// File groups, where they are known; else 0.
    pub groups: u64,
    /// The exact median length of the others.
    pub median: Size,
    /// The newest of them.
    pub newest: Option<FileTime>,
    /// How complete the listing is.
    pub scanned: Scanned,
    /// Whether there is a reason against it.
    pub refused: bool,
    /// Whether the listing failed.
    pub failed: bool,
    /// Whether the directory is not there.
    pub missing: bool,
}

impl Measures {
    /// The number of files that are not empty: those of 0 bytes stay whatever happens, so they decide nothing.
    pub fn filled_files(&self) -> u64 {
        self.files.saturating_sub(self.empty)
    }

    /// Bytes by files that are not empty.
    pub fn average(&self) -> Size {
        Size(self.bytes.0.checked_div(self.filled_files()).unwrap_or(0))
    }

    /// ceil(bytes / block size), at least one where there are files.
    pub fn target_files(&self, policy: &Policy) -> u64 {
        self.bytes.blocks(policy.block_size)
    }

    /// The fewest files that a compaction can end with, as far as is known without all footers.
    pub fn fewest_files(&self, policy: &Policy) -> u64 {
        self.target_files(policy).max(self.groups)
    }

    /// min(average, median) below the threshold, and fewer files afterwards.
    pub fn needs_compaction(&self, policy: &Policy) -> bool {
        let typical = self.average().min(self.median);
        self.filled_files() > self.fewest_files(policy) && typical < policy.small_file_threshold()
    }

    /// Objects of the NameNode (file + blocks) that its compaction would free; 0 when it would not be compacted.
    pub fn saves(&self, policy: &Policy) -> u64 {
        if self.refused || self.failed || !self.needs_compaction(policy) {
            return 0;
        }
        let now = objects(self.filled_files(), self.bytes, policy.block_size);
        now.saturating_sub(objects(self.fewest_files(policy), self.bytes, policy.block_size))
    }

    /// NameNode objects: each file, and its blocks.
    pub fn objects(&self, policy: &Policy) -> u64 {
        self.empty + objects(self.filled_files(), self.bytes, policy.block_size)
    }

    /// Whether a file changed within the quiet period.
    pub fn is_hot(&self, policy: &Policy, now: DateTime<Utc>) -> bool {
        self.newest.is_some_and(|newest| newest.age(now).is_none_or(|age| age < policy.quiet_period))
    }

    /// The word of `console.md` §1.
    pub fn state(&self, policy: &Policy, now: DateTime<Utc>) -> &'static str {
        let typical = self.average().min(self.median);
        match () {
            () if self.failed => "ERR",
            () if self.missing => "MISSING",
            () if self.scanned == Scanned::No => "?",
            () if self.scanned == Scanned::Part => "part",
            () if self.refused => "REFUSED",
            () if self.filled_files() == 0 => "EMPTY",
            () if self.is_hot(policy, now) => "HOT",
            () if !self.needs_compaction(policy) => "ok",
            () if typical.0 < policy.small_file_threshold().0 / 10 => "BAD",
            () if self.average() >= policy.small_file_threshold() => "SKEW",
            () => "SMALL",
        }
    }
}

impl TargetStats {
    /// What the rest follows from.
    pub fn measures(&self) -> Measures {
        Measures {
            files: self.files(),
            bytes: self.bytes(),
            empty: self.empty_files,
            groups: self.groups,
            median: self.median,
            newest: self.newest,
            scanned: self.scanned,
            refused: !self.reasons.is_empty(),
            failed: self.error.is_some(),
            missing: self.missing,
        }
    }

    /// The number of files.
    pub fn files(&self) -> u64 {
        self.histogram.files()
    }

    /// Their bytes.
    pub fn bytes(&self) -> Size {
        self.histogram.bytes()
    }

    /// See [`Measures::filled_files`].
    pub fn filled_files(&self) -> u64 {
        self.measures().filled_files()
    }

    /// See [`Measures::objects`].
    pub fn objects(&self, policy: &Policy) -> u64 {
        self.measures().objects(policy)
    }

    /// See [`Measures::average`].
    pub fn average(&self) -> Size {
        self.measures().average()
    }

    /// See [`Measures::target_files`].
    pub fn target_files(&self, policy: &Policy) -> u64 {
        self.measures().target_files(policy)
    }

    /// See [`Measures::needs_compaction`].
    pub fn needs_compaction(&self, policy: &Policy) -> bool {
        self.measures().needs_compaction(policy)
    }

    /// See [`Measures::saves`].
    pub fn saves(&self, policy: &Policy) -> u64 {
        self.measures().saves(policy)
    }

    /// See [`Measures::is_hot`].
    pub fn is_hot(&self, policy: &Policy, now: DateTime<Utc>) -> bool {
        self.measures().is_hot(policy, now)
    }

    /// See [`Measures::state`].
    pub fn state(&self, policy: &Policy, now: DateTime<Utc>) -> &'static str {
        self.measures().state(policy, now)
    }
}

/// NameNode objects of `files` files of about equal size: one each, and one a block.
fn objects(files: u64, bytes: Size, block: Size) -> u64 {
    files + bytes.blocks(block).max(files)
}

/// One table: the sums of its targets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableStats {
    /// The table.
    pub name: TableName,
    /// Its directory.
    pub location: StorePath,
    /// All data files by size.
    pub histogram: Histogram,
    /// The estimate of the median over all targets; exact where there is one.
    pub median: Size,
    /// Targets, and how many of them are worth compacting.
    pub targets: u64,
    /// Targets that the policy picks.
    pub candidates: u64,
    /// NameNode objects of all files.
    pub objects: u64,
    /// NameNode objects that compacting those would free.
    pub saves: u64,
    /// Files and bytes that would be rewritten.
    pub work_files: u64,
    /// Bytes that would be rewritten.
    pub work_bytes: Size,
    /// Why the table as a whole is refused.
    pub reasons: Vec<Reason>,
    /// Why it could not be read.
    pub error: Option<Reason>,
    /// Targets by state word, in the order of `console.md`.
    pub states: Vec<(String, u64)>,
    /// How complete it is.
    pub scanned: Scanned,
    /// The newest file.
    pub newest: Option<FileTime>,
    /// Files that came lately, over all targets; none where they were not counted in each.
    #[serde(default)]
    pub recent: Option<Recent>,
    /// The format, where files were looked at.
    pub format: Option<DataFormat>,
    /// When it was scanned.
    pub at: DateTime<Utc>,
    /// Files that the catalog claims, before anything was listed; shown with `~`.
    #[serde(default)]
    pub claimed_files: Option<u64>,
    /// Likewise their bytes.
    #[serde(default)]
    pub claimed_bytes: Option<Size>,
}

impl TableStats {
    /// A table of which nothing is known yet.
    pub fn unknown(name: TableName, location: StorePath, at: DateTime<Utc>) -> TableStats {
        TableStats {
            name,
            location,
            histogram: Histogram::default(),
            median: Size(0),
            targets: 0,
            candidates: 0,
            objects: 0,
            saves: 0,
            work_files: 0,
            work_bytes: Size(0),
            reasons: Vec::new(),
            error: None,
            states: Vec::new(),
            scanned: Scanned::No,
            newest: None,
            recent: None,
            format: None,
            at,
            claimed_files: None,
            claimed_bytes: None,
        }
    }

    /// A table of which only the catalog told, nothing was listed.
    pub fn claimed(table: &Table, at: DateTime<Utc>) -> TableStats {
        TableStats {
            reasons: table.refusals.clone(),
            format: table.stated_format,
            claimed_files: table.claimed_files,
            claimed_bytes: table.claimed_bytes.map(Size),
            ..TableStats::unknown(table.name.clone(), table.location.clone(), at)
        }
    }

    /// Adds a target.
    pub fn add(&mut self, target: &TargetStats, policy: &Policy, now: DateTime<Utc>) {
        self.histogram.merge(&target.histogram);
        self.median = if self.targets == 0 { target.median } else { self.histogram.median_estimate() };
        self.recent = match (self.targets, self.recent, target.recent) {
            (0, _, first) => first,
            (_, Some(mut sum), Some(more)) => {
                sum.merge(&more);
                Some(sum)
            }
            _ => None,
        };
        self.targets += 1;
        self.objects += target.objects(policy);
        let state = target.state(policy, now);
        match self.states.iter_mut().find(|(word, _)| word == state) {
            Some((_, count)) => *count += 1,
            None => self.states.push((state.to_owned(), 1)),
        }
        let saves = if target.is_hot(policy, now) { 0 } else { target.saves(policy) };
        if saves > 0 {
            self.candidates += 1;
            self.saves += saves;
            self.work_files += target.files();
            self.work_bytes += target.bytes();
        }
        self.newest = self.newest.max(target.newest);
        self.format = self.format.or(target.format);
        self.at = self.at.min(target.at);
    }

    /// The number of files.
    pub fn files(&self) -> u64 {
        self.histogram.files()
    }

    /// Their bytes.
    pub fn bytes(&self) -> Size {
        self.histogram.bytes()
    }

    /// The word of the worst of its targets.
    pub fn state(&self) -> &str {
        if self.error.is_some() {
            return "ERR";
        }
        if !self.reasons.is_empty() {
            return "REFUSED";
        }
        match self.scanned {
            Scanned::No => return "?",
            Scanned::Part => return "part",
            Scanned::Whole => {}
        }
        const ORDER: [&str; 9] = ["ERR", "BAD", "SMALL", "SKEW", "HOT", "REFUSED", "MISSING", "ok", "EMPTY"];
        ORDER.iter().find(|word| self.states.iter().any(|(state, _)| state == *word)).copied().unwrap_or("EMPTY")
    }

    /// The time a compaction of it takes.
    pub fn work(&self, rates: &WorkRates) -> Work {
        rates.estimate(self.work_files, self.work_bytes)
    }
}

/// The sums over a lake's tables.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LakeTotals {
    /// Tables.
    pub tables: u64,
    /// Files.
    pub files: u64,
    /// Bytes.
    pub bytes: Size,
    /// NameNode objects.
    pub objects: u64,
    /// NameNode objects that compacting would free.
    pub saves: u64,
    /// NameNode objects in backups.
    pub backup_objects: u64,
    /// Bytes in backups.
    pub backup_bytes: Size,
}

/// Speeds, measured by earlier runs or the defaults of `console.md` §3.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkRates {
    /// Files a second.
    pub files_per_second: f64,
    /// Bytes a second, reading and writing.
    pub bytes_per_second: f64,
    /// Bytes a second, verifying.
    pub verify_per_second: f64,
    /// Whether they were measured here.
    pub measured: bool,
}

impl Default for WorkRates {
    fn default() -> WorkRates {
        WorkRates { files_per_second: 2_000.0, bytes_per_second: 150e6, verify_per_second: 300e6, measured: false }
    }
}

/// An estimated time of work.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct Work(pub Duration);

impl WorkRates {
    /// files / rate + bytes / rate + bytes / verify rate.
    pub fn estimate(&self, files: u64, bytes: Size) -> Work {
        let seconds = files as f64 / self.files_per_second.max(1.0)
            + bytes.0 as f64 / self.bytes_per_second.max(1.0)
            + bytes.0 as f64 / self.verify_per_second.max(1.0);
        Work(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
    }
}

impl LakeTotals {
    /// The sums over tables; what lies in backups is told by the runs, not by a scan.
    pub fn of<'a>(tables: impl IntoIterator<Item = &'a TableStats>) -> LakeTotals {
        let mut totals = LakeTotals::default();
        for table in tables {
            totals.tables += 1;
            totals.files += table.files();
            totals.bytes += table.bytes();
            totals.objects += table.objects;
            totals.saves += table.saves;
        }
        totals
    }
}

/// The default order of tables: those that save most; then those of which little is known, the refused ones, the rest.
pub fn worst_first(one: &TableStats, other: &TableStats) -> std::cmp::Ordering {
    let rank = |table: &TableStats| match table.state() {
        _ if table.saves > 0 => 0,
        "ERR" | "?" | "part" => 1,
        "REFUSED" => 2,
        _ => 3,
    };
    rank(one)
        .cmp(&rank(other))
        .then(other.saves.cmp(&one.saves))
        .then(other.files().cmp(&one.files()))
        .then_with(|| one.name.cmp(&other.name))
}
