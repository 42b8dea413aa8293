//! The JSON documents of DESIGN §7. They are contracts: fields are only ever added; docs/json.md describes each.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::error::{Code, Reason};
use crate::ledger::verdict::{TargetVerdict, Verdict};
use crate::model::{
    DataFormat, Policy, Rows, RunId, RunKind, RunLimits, RunState, RunSummary, RunTotals, ServerFacts, Size, TargetId,
    TargetOutcome, TargetState, TargetStats,
};

/// A run, or the end of one.
#[derive(Debug, Serialize)]
pub struct RunDocument<'a> {
    format: &'static str,
    run: &'a RunId,
    kind: RunKind,
    of: Option<&'a RunId>,
    state: RunState,
    user: &'a str,
    host: &'a str,
    started: DateTime<Utc>,
    finished: Option<DateTime<Utc>>,
    limit_bytes_per_second: Option<u64>,
    until: Option<DateTime<Utc>>,
    targets: Vec<RunTarget<'a>>,
    totals: RunTotals,
}

#[derive(Debug, Serialize)]
struct RunTarget<'a> {
    #[serde(flatten)]
    id: &'a TargetId,
    state: TargetState,
    reason: Option<&'a str>,
    code: Option<Code>,
    files_before: u64,
    files_after: u64,
    bytes_before: Size,
    bytes_after: Size,
    rows: Rows,
    verified: &'a str,
    elapsed_ms: u64,
}

/// What a run document says of the run itself.
#[derive(Debug)]
pub struct RunHead<'a> {
    /// Its id.
    pub run: &'a RunId,
    /// Its kind.
    pub kind: RunKind,
    /// The run that it acts on.
    pub of: Option<&'a RunId>,
    /// Its state.
    pub state: RunState,
    /// Whose.
    pub user: &'a str,
    /// Where.
    pub host: &'a str,
    /// Since when.
    pub started: DateTime<Utc>,
    /// Until when.
    pub finished: Option<DateTime<Utc>>,
    /// What it may take, where that is known: to whoever watches it.
    pub limits: RunLimits,
}

/// The document of a run.
pub fn run<'a>(head: RunHead<'a>, outcomes: &'a [TargetOutcome]) -> RunDocument<'a> {
    let target = |outcome: &'a TargetOutcome| RunTarget {
        id: &outcome.id,
        state: outcome.state,
        reason: outcome.reason.as_ref().map(|reason| reason.text.as_str()),
        code: outcome.reason.as_ref().map(|reason| reason.code),
        files_before: outcome.files_before,
        files_after: outcome.files_after,
        bytes_before: outcome.bytes_before,
        bytes_after: outcome.bytes_after,
        rows: outcome.rows,
        verified: &outcome.verified,
        elapsed_ms: outcome.elapsed_ms,
    };
    RunDocument {
        format: "lakehand.run/1",
        run: head.run,
        kind: head.kind,
        of: head.of,
        state: head.state,
        user: head.user,
        host: head.host,
        started: head.started,
        finished: head.finished,
        limit_bytes_per_second: head.limits.bytes_per_second,
        until: head.limits.until,
        targets: outcomes.iter().map(target).collect(),
        totals: RunTotals::of(head.kind, outcomes),
    }
}

/// The document of several runs of one command.
#[derive(Debug, Serialize)]
pub struct RunsDocument<'a> {
    format: &'static str,
    runs: Vec<RunDocument<'a>>,
}

/// The document of several runs of one command.
pub fn runs(runs: Vec<RunDocument<'_>>) -> RunsDocument<'_> {
    RunsDocument { format: "lakehand.runs/1", runs }
}

/// The document of `analyze`.
#[derive(Debug, Serialize)]
pub struct AnalyzeDocument<'a> {
    format: &'static str,
    tables: &'a [AnalyzedTable<'a>],
}

/// One table of `analyze`.
#[derive(Debug, Serialize)]
pub struct AnalyzedTable<'a> {
    pub database: String,
    pub table: String,
    pub location: String,
    pub file_format: Option<DataFormat>,
    pub partition_keys: Vec<String>,
    pub compactable: bool,
    pub reasons: Vec<Reason>,
    pub state: String,
    pub files: u64,
    pub bytes: Size,
    pub average_bytes: Size,
    pub median_bytes: Size,
    pub target_files: u64,
    pub needs_compaction: bool,
    pub histogram: Vec<HistogramBin>,
    pub server: Option<ServerTold>,
    pub targets: AnalyzedTargets<'a>,
}

/// What only the store's server tells of a table's directory; null is not told, or not asked and why.
#[derive(Debug, Serialize)]
pub struct ServerTold {
    #[serde(flatten)]
    pub facts: ServerFacts,
    pub not_asked: Option<String>,
}

/// The targets of a table. Each is made when it is looked at or written: a table may have a million.
#[derive(Clone, Copy, Debug)]
pub struct AnalyzedTargets<'a> {
    pub stats: &'a [TargetStats],
    pub policy: &'a Policy,
    pub now: DateTime<Utc>,
}

impl<'a> AnalyzedTargets<'a> {
    /// One after the other.
    pub fn iter(self) -> impl Iterator<Item = AnalyzedTarget> + 'a {
        self.stats.iter().map(move |stats| AnalyzedTarget::new(stats, self.policy, self.now))
    }
}

impl Serialize for AnalyzedTargets<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

/// One target of `analyze`.
#[derive(Debug, Serialize)]
pub struct AnalyzedTarget {
    pub partition: Option<String>,
    pub location: String,
    pub state: &'static str,
    pub files: u64,
    pub bytes: Size,
    pub average_bytes: Size,
    pub median_bytes: Size,
    pub target_files: u64,
    pub needs_compaction: bool,
    pub reasons: Vec<Reason>,
}

/// Files of one range of sizes; the last range is open.
#[derive(Debug, Serialize)]
pub struct HistogramBin {
    pub from_bytes: u64,
    pub to_bytes: Option<u64>,
    pub files: u64,
    pub bytes: u64,
}

/// The document of `analyze`.
pub fn analyze<'a>(tables: &'a [AnalyzedTable<'a>]) -> AnalyzeDocument<'a> {
    AnalyzeDocument { format: "lakehand.analyze/1", tables }
}

impl AnalyzedTarget {
    /// A target as it was listed.
    pub fn new(stats: &TargetStats, policy: &Policy, now: DateTime<Utc>) -> AnalyzedTarget {
        AnalyzedTarget {
            partition: stats.id.partition.clone(),
            location: stats.location.to_string(),
            state: stats.state(policy, now),
            files: stats.files(),
            bytes: stats.bytes(),
            average_bytes: stats.average(),
            median_bytes: stats.median,
            target_files: stats.target_files(policy),
            needs_compaction: stats.needs_compaction(policy),
            reasons: stats.reasons.iter().chain(&stats.error).cloned().collect(),
        }
    }
}

/// The document of `history`.
#[derive(Debug, Serialize)]
pub struct HistoryDocument<'a> {
    format: &'static str,
    runs: Vec<HistoryRun<'a>>,
}

#[derive(Debug, Serialize)]
struct HistoryRun<'a> {
    run: &'a RunId,
    kind: RunKind,
    of: Option<&'a RunId>,
    started: DateTime<Utc>,
    finished: Option<DateTime<Utc>>,
    state: RunState,
    user: &'a str,
    host: &'a str,
    targets: u64,
    targets_done: u64,
    tables: &'a [String],
    backup_files: u64,
    backup_bytes: Size,
    can: &'a [RunKind],
    cannot: Vec<Cannot<'a>>,
    by: &'a [RunId],
    cleanup_from: Option<DateTime<Utc>>,
    trashed_bytes: Size,
    signed: Option<DateTime<Utc>>,
    share: Option<f32>,
    left_ms: Option<u64>,
}

#[derive(Debug, Serialize)]
struct Cannot<'a> {
    kind: RunKind,
    code: Code,
    reason: &'a str,
}

/// The document of `history`.
pub fn history(runs: &[RunSummary]) -> HistoryDocument<'_> {
    HistoryDocument { format: "lakehand.history/1", runs: runs.iter().map(history_run).collect() }
}

fn history_run(summary: &RunSummary) -> HistoryRun<'_> {
    let cannot =
        summary.cannot.iter().map(|(kind, reason)| Cannot { kind: *kind, code: reason.code, reason: &reason.text });
    HistoryRun {
        run: &summary.run,
        kind: summary.kind,
        of: summary.of.as_ref(),
        started: summary.started,
        finished: summary.finished,
        state: summary.state,
        user: &summary.user,
        host: &summary.host,
        targets: summary.targets,
        targets_done: summary.targets_done,
        tables: &summary.tables,
        backup_files: summary.backup_files,
        backup_bytes: summary.backup_bytes,
        can: &summary.can,
        cannot: cannot.collect(),
        by: &summary.by,
        cleanup_from: summary.cleanup_from,
        trashed_bytes: summary.trashed_bytes,
        signed: summary.sign.as_ref().map(|sign| sign.at),
        share: summary.sign.as_ref().map(|sign| sign.rates.share),
        left_ms: summary.sign.as_ref().and_then(|sign| sign.rates.left_ms),
    }
}

/// The document of a dry run of `rollback`, `cleanup` or `recover`.
#[derive(Debug, Serialize)]
pub struct PreviewDocument<'a> {
    format: &'static str,
    kind: RunKind,
    of: Option<&'a RunId>,
    targets: Vec<PreviewTarget<'a>>,
}

#[derive(Debug, Serialize)]
struct PreviewTarget<'a> {
    #[serde(flatten)]
    id: &'a TargetId,
    run: &'a RunId,
    verdict: &'static str,
    reason: &'a str,
    code: Option<Code>,
    live_files: u64,
    live_expected: u64,
    live_bytes: Size,
    kept_files: u64,
    kept_bytes: Size,
    newer_files: u64,
    newer_bytes: Size,
}

/// The document of a dry run.
pub fn preview<'a>(kind: RunKind, of: Option<&'a RunId>, verdicts: &'a [TargetVerdict]) -> PreviewDocument<'a> {
    let target = |verdict: &'a TargetVerdict| {
        let (word, reason, code) = match &verdict.verdict {
            Verdict::Ready(text) => ("ready", text.as_str(), None),
            Verdict::Refused(reason) => ("refused", reason.text.as_str(), Some(reason.code)),
            Verdict::Decide(reason) => ("decide", reason.text.as_str(), Some(reason.code)),
        };
        PreviewTarget {
            id: &verdict.id,
            run: &verdict.place_of,
            verdict: word,
            reason,
            code,
            live_files: verdict.live_files,
            live_expected: verdict.live_expected,
            live_bytes: verdict.live_bytes,
            kept_files: verdict.kept_files,
            kept_bytes: verdict.kept_bytes,
            newer_files: verdict.newer_files,
            newer_bytes: verdict.newer_bytes,
        }
    };
    PreviewDocument { format: "lakehand.preview/1", kind, of, targets: verdicts.iter().map(target).collect() }
}
