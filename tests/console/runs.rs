//! Runs, plans and previews of the worked example.

use chrono::{DateTime, TimeDelta, Utc};
use lakehand::app::{Msg, PlanMsg, PreviewMsg, RunMsg};
use lakehand::error::{Code, Reason};
use lakehand::ledger::verdict::{TargetVerdict, Verdict};
use lakehand::model::{
    Attributes, ExchangedSizes, FileGroup, FileTime, Histogram, KnownFile, LogLevel, LogLine, Plan, PlanRoom,
    PlanTotals, PlannedFile, PlannedTarget, Rates, Rows, RunId, RunKind, RunSnapshot, RunState, RunSummary, Size,
    Skipped, Step, StorePath, TargetId, TargetOutcome, TargetProgress, TargetState, WarningNote,
};

use crate::console::{Console, now};
use crate::lake::{gib, policy, table_name};

pub fn run_id(short: &str) -> RunId {
    RunId::parse(&format!("2026{short}")).unwrap()
}

pub fn orders(day: &str) -> TargetId {
    TargetId::new(&table_name("sales.orders"), Some(format!("dt={day}")))
}

fn summary(short: &str, kind: RunKind, state: RunState, done: u64, targets: u64, tables: &[&str]) -> RunSummary {
    let started: DateTime<Utc> = now() - TimeDelta::hours(7);
    RunSummary {
        run: run_id(short),
        kind,
        of: None,
        started,
        finished: Some(started + TimeDelta::minutes(17)),
        state,
        user: "svc_etl".to_owned(),
        host: "gw03".to_owned(),
        pid: None,
        targets_done: done,
        targets,
        tables: tables.iter().map(|table| (*table).to_owned()).collect(),
        backup_files: 0,
        backup_bytes: Size(0),
        can: Vec::new(),
        cannot: Vec::new(),
        by: Vec::new(),
        cleanup_from: None,
        trashed_bytes: Size(0),
        sign: None,
    }
}

fn holding(mut run: RunSummary, bytes: f64, can: &[RunKind], from: TimeDelta) -> RunSummary {
    run.backup_files = 388_410;
    run.backup_bytes = Size(gib(bytes));
    run.can = can.to_vec();
    run.cleanup_from = Some(now() + from);
    if !can.contains(&RunKind::Cleanup) {
        let from = (now() + from).format("%m-%d");
        run.cannot.push((RunKind::Cleanup, Reason::new(Code::NotCleanable, format!("kept until {from}"))));
    }
    run
}

/// The lines of History.
pub fn summaries() -> Vec<RunSummary> {
    use RunKind::{Cleanup, Compact, Recover, Rollback};
    let days = TimeDelta::days;
    let mut broken = summary("1118-0412-w8t", Compact, RunState::NeedsDecision, 3, 40, &["iot.readings"]);
    broken.finished = None;
    broken.can = vec![Recover];
    broken.backup_files = 20_000;
    broken.backup_bytes = Size(gib(2.1));
    let mut back = summary("1119-0200-b3e", Compact, RunState::Done, 12, 12, &["web.errors"]);
    back.by = vec![run_id("1120-2301-x9q")];
    vec![
        holding(
            summary(
                "1121-0214-k7f",
                Compact,
                RunState::InPart,
                212,
                214,
                &["web.clicks", "sales.returns", "sales.orders", "iot.readings"],
            ),
            31.2,
            &[Rollback],
            days(3),
        ),
        broken,
        holding(summary("1120-2301-x9q", Rollback, RunState::Done, 12, 12, &["web.errors"]), 2.2, &[Rollback], days(2)),
        back,
        holding(
            summary("1117-0200-d1z", Compact, RunState::Done, 120, 120, &["web.clicks"]),
            48.2,
            &[Rollback, Cleanup],
            -days(1),
        ),
        summary("1116-0200-t5m", Cleanup, RunState::Done, 9, 9, &["etl.rejects"]),
    ]
}

/// The run of the example that works now.
pub fn live_summary() -> RunSummary {
    let mut run =
        summary("1121-0942-p2c", RunKind::Compact, RunState::Running, 1, 4, &["sales.orders", "finance.ledger"]);
    run.started = now() - TimeDelta::seconds(58);
    run.finished = None;
    run.user = "oncall".to_owned();
    run.host = "gw01".to_owned();
    run
}

pub fn list_runs(console: &mut Console, with_live: bool) {
    let mut runs = summaries();
    if with_live {
        runs.push(live_summary());
    }
    console.send(Msg::Run(RunMsg::Listed { runs, complete: true }));
}

pub fn line(seconds: i64, level: LogLevel, run: &str, text: &str) -> LogLine {
    LogLine { at: now() - TimeDelta::seconds(seconds), level, run: run_id(run), text: text.to_owned() }
}

fn progress(
    id: TargetId,
    state: TargetState,
    step: Option<Step>,
    share: f32,
    files: [u64; 2],
    seconds: u64,
) -> TargetProgress {
    let mut outcome = TargetOutcome::pending(id);
    outcome.state = state;
    outcome.files_before = files[0];
    outcome.elapsed_ms = seconds * 1_000;
    if state.is_success() {
        outcome.files_after = files[1];
        outcome.verified = "values".to_owned();
    }
    TargetProgress { outcome, step, share, files_planned: files[1] }
}

/// The run while it works.
pub fn snapshot() -> RunSnapshot {
    let ledger = TargetId::new(&table_name("finance.ledger"), None);
    RunSnapshot {
        run: run_id("1121-0942-p2c"),
        kind: RunKind::Compact,
        of: None,
        state: RunState::Running,
        user: "oncall".to_owned(),
        host: "gw01".to_owned(),
        pid: 41_233,
        started: now() - TimeDelta::seconds(58),
        finished: None,
        targets: vec![
            progress(orders("2026-11-19"), TargetState::Writing, Some(Step::Write), 0.12, [14_002, 19], 8),
            progress(orders("2026-11-18"), TargetState::Verifying, Some(Step::Verify), 0.4, [12_410, 16], 27),
            progress(ledger, TargetState::Pending, None, 0.0, [65_000, 23], 0),
            progress(orders("2026-11-17"), TargetState::Replaced, None, 1.0, [14_808, 16], 31),
        ],
        limits: Default::default(),
        rates: Rates {
            bytes_read: Size(gib(4.2)),
            bytes_total: Size(gib(8.9)),
            bytes_per_second: 73 << 20,
            files_per_second: 498,
            calls_per_second: 1_110,
            share: 0.36,
            left_ms: Some(98_000),
        },
        log: vec![
            line(
                29,
                LogLevel::Info,
                "1121-0942-p2c",
                "dt=2026-11-17  1,311,204 rows, 42 columns equal; exchanged in 0.8 s",
            ),
            line(3, LogLevel::Warn, "1121-0942-p2c", "slow: 2.1 s for a listing (usual 3 ms)"),
        ],
        watchers: 2,
        failure: None,
        lake: "file:///data/lake".to_owned(),
    }
}

/// The same run at its end.
pub fn ended() -> RunSnapshot {
    let mut snapshot = snapshot();
    for target in &mut snapshot.targets {
        target.outcome.state = TargetState::Replaced;
        target.outcome.files_after = target.files_planned;
        target.outcome.verified = "values".to_owned();
        target.step = None;
    }
    snapshot.state = RunState::Done;
    snapshot.finished = Some(snapshot.started + TimeDelta::seconds(161));
    snapshot.rates.share = 1.0;
    snapshot
}

fn planned(id: TargetId, files: u64, after: u64, groups: usize, bytes: u64, seconds: u64) -> PlannedTarget {
    let file = |number: usize| PlannedFile {
        file: KnownFile { name: format!("part-{number:05}.parquet"), length: Size(1 << 17), modified: FileTime(0) },
        rows: Rows(1_000),
    };
    let group = |number: usize| FileGroup {
        key: format!("key {number}"),
        label: if number == 0 { String::new() } else { "5,120 files lack the column channel".to_owned() },
        outputs: vec![vec![file(0), file(1)]],
        losses: Vec::new(),
    };
    let directory = id.partition.clone().unwrap_or_default();
    let location = StorePath::new(format!("/data/lake/{}/{}", id.database, id.table)).unwrap().join_all(&directory);
    PlannedTarget {
        location,
        identity: String::new(),
        groups: (0..groups).map(group).collect(),
        summary_files: Vec::new(),
        stays: 0,
        visible_entries: files,
        directory: Attributes::default(),
        before: Histogram::default(),
        after: Histogram::default(),
        files_before: files,
        files_after: after,
        bytes: Size(bytes),
        rows: Rows(1_311_204),
        objects: [files * 2, files * 2 + after * 2, after * 2],
        window_ms_estimate: 800,
        work_ms_estimate: seconds * 1_000,
        warnings: vec![note("readers: queries that start in the ~0.8 s of an exchange fail and say why")],
        id,
    }
}

fn note(text: &str) -> WarningNote {
    WarningNote { text: text.to_owned() }
}

/// The plan of the example.
pub fn plan() -> Plan {
    let mut targets = vec![
        planned(orders("2026-11-17"), 14_808, 16, 1, gib(2.0), 29),
        planned(orders("2026-11-19"), 14_002, 19, 2, gib(2.2), 31),
        planned(orders("2026-11-18"), 12_410, 16, 1, gib(1.9), 27),
        planned(TargetId::new(&table_name("finance.ledger"), None), 65_000, 23, 1, gib(2.8), 63),
    ];
    for at in [0, 3] {
        targets[at].warnings.extend([
            note("consumers that watch for files (streaming sources, NiFi) see the outputs as new files"),
            note(
                "readers with ignoreMissingFiles or ignoreCorruptFiles, and Spark by a glob of files (dt=*/*), can miss rows during an exchange",
            ),
        ]);
    }
    targets[1].warnings.extend([
        note("2 file groups are kept apart (5,120 files: the column channel is missing)"),
        note("merging loses the bloom filters of column id"),
    ]);
    let contacts = TargetId::new(&table_name("crm.contacts"), None);
    Plan {
        format: Plan::FORMAT.to_owned(),
        plan: run_id("1121-0941-c4h"),
        lake: "file:///data/lake".to_owned(),
        profile: "prod".to_owned(),
        made: now() - TimeDelta::seconds(90),
        policy: policy(),
        room: vec![PlanRoom {
            limit: "the quota of /data/lake/sales".to_owned(),
            left: Size(gib(390.0)),
            needed: Size(gib(8.9)),
        }],
        totals: PlanTotals {
            targets: 4,
            tables: 2,
            files_before: 106_220,
            files_after: 74,
            bytes: Size(gib(8.9)),
            rows: Rows(4 * 1_311_204),
            objects: [212_440, 212_612, 148],
            window_ms_estimate: 1_000,
            work_ms_estimate: 150_000,
        },
        targets,
        skipped: vec![Skipped {
            id: contacts,
            reason: Reason::new(Code::UnsupportedTable, "ACID table; Hive compacts it"),
        }],
    }
}

pub fn plan_made(console: &mut Console) {
    console.send(Msg::Plan(PlanMsg::Made(Box::new(plan()))));
    console.wait(200);
}

fn verdict(id: TargetId, of: &RunId, verdict: Verdict, newer: u64) -> TargetVerdict {
    TargetVerdict {
        location: StorePath::new("/data/lake/sales/returns").unwrap(),
        place_of: of.clone(),
        verdict,
        live_files: 4,
        live_expected: 4,
        live_bytes: Size(gib(0.4)),
        kept_files: 2_610,
        kept_bytes: Size(gib(0.4)),
        newer_files: newer,
        newer_bytes: Size(newer * (14 << 20)),
        id,
    }
}

/// What a rollback of a run would do: one refused, one with new files, ten ready.
pub fn verdicts(of: &RunId) -> Vec<TargetVerdict> {
    let id = |day: u32| TargetId::new(&table_name("sales.returns"), Some(format!("dt=2026-11-{day:02}")));
    let mut all: Vec<TargetVerdict> = (9..=20)
        .map(|day| verdict(id(day), of, Verdict::Ready(String::new()), if day == 19 { 3 } else { 0 }))
        .collect();
    all[0].live_files = 1;
    all[0].verdict = Verdict::Refused(Reason::new(Code::NotRollbackable, "3 of 4 are gone: svc_etl, 05:10"));
    all
}

/// Every target of a preview was checked.
pub fn previewed(console: &mut Console, short: &str, disposal: Option<&str>) {
    let of = run_id(short);
    let targets = verdicts(&of);
    let total = targets.len() as u64;
    console.send(Msg::Preview(PreviewMsg::Targets { of: of.clone(), targets, total }));
    console.send(Msg::Preview(PreviewMsg::Done { of, elapsed_ms: 800, disposal: disposal.map(str::to_owned) }));
    console.drawn();
}

/// What a run exchanged, by size: one file came out smaller than planned.
fn sizes() -> ExchangedSizes {
    use crate::lake::histogram;
    let before = histogram([0, 0, 62_000, 37_900, 6_320, 0, 0, 0, 0, 0], gib(8.9));
    let predicted = Some(histogram([0, 0, 0, 0, 0, 0, 0, 0, 74, 0], gib(8.9)));
    ExchangedSizes { before, predicted, after: histogram([0, 0, 0, 0, 0, 0, 0, 1, 73, 0], gib(8.8)) }
}

/// The targets of a run that ended came.
pub fn shown(console: &mut Console, short: &str) {
    console.send(shown_message(run_id(short)));
}

/// The targets of a run that ended.
pub fn shown_message(run: RunId) -> Msg {
    let mut outcomes: Vec<TargetOutcome> = snapshot().targets.into_iter().map(|target| target.outcome).collect();
    for (outcome, state) in outcomes.iter_mut().zip([
        TargetState::Replaced,
        TargetState::Changed,
        TargetState::Failed,
        TargetState::Replaced,
    ]) {
        outcome.state = state;
        outcome.files_after = 16;
        outcome.verified = "values".to_owned();
    }
    outcomes[1].reason = Some(Reason::new(Code::Changed, "2 files came meanwhile"));
    outcomes[2].reason = Some(Reason::new(Code::Verification, "column amount, 3 of 1,204,118 values"));
    let log =
        vec![line(25_000, LogLevel::Error, run.short(), "web.clicks dt=2026-11-02  verify: column amount, 3 values")];
    let refresh = vec!["REFRESH TABLE sales.orders;".to_owned(), "REFRESH sales.orders; -- Impala".to_owned()];
    let files_planned = vec![19, 16, 23, 16];
    Msg::Run(RunMsg::Shown { run, outcomes, files_planned, log, refresh, sizes: Some(Box::new(sizes())) })
}
