//! The lake of the worked example: names and numbers as the documentation of the console has them.

use chrono::TimeDelta;
use lakehand::app::{Details, LakeMsg, Msg, Reading};
use lakehand::error::{Code, Reason};
use lakehand::model::{
    DataFormat, FileFacts, FileTime, FooterFacts, Histogram, KnownFile, Owner, PartitionKey, Policy, Recent, Rows,
    Scanned, Size, StorePath, Subject, TableKind, TableName, TableStats, TargetId, TargetStats,
};

use crate::console::{Console, now};

/// Files in each of the ten bars, with so many bytes in all.
pub fn histogram(bars: [u64; 10], bytes: u64) -> Histogram {
    let edge = |bar: usize| if bar == 0 { 10 } else { 13 + 2 * (bar as u8 - 1) };
    let middle = |bar: usize| (1u64 << edge(bar)) as f64;
    let weight: f64 = bars.iter().enumerate().map(|(bar, files)| *files as f64 * middle(bar)).sum();
    let mut histogram = Histogram::default();
    for (bar, files) in bars.iter().enumerate().filter(|(_, files)| **files > 0) {
        let share = *files as f64 * middle(bar) / weight * bytes as f64;
        histogram.add_bin(edge(bar), *files, share as u64);
    }
    histogram
}

pub fn table_name(text: &str) -> TableName {
    TableName::parse(text).unwrap()
}

pub fn gib(size: f64) -> u64 {
    (size * f64::powi(1024.0, 3)) as u64
}

/// A table: name, bars, bytes, saves, minutes of work, states, hours since it was scanned.
fn table(name: &str, bars: [u64; 10], bytes: u64, saves: u64, minutes: u64, state: &str, age: TimeDelta) -> TableStats {
    let name = table_name(name);
    let location = StorePath::new(format!("/data/lake/{}/{}", name.database, name.table)).unwrap();
    let mut stats = TableStats::unknown(name, location, now() - age);
    stats.histogram = histogram(bars, bytes);
    stats.median = Size(150 << 10);
    stats.targets = 61;
    stats.candidates = if saves > 0 { 47 } else { 0 };
    stats.objects = stats.files() * 2;
    stats.saves = saves;
    stats.work_files = saves / 2;
    stats.work_bytes = Size(minutes * 60 * 100_000_000);
    stats.states = vec![(state.to_owned(), 38), ("ok".to_owned(), 11)];
    stats.scanned = Scanned::Whole;
    stats.newest = Some(FileTime::from(now() - TimeDelta::days(2)));
    stats.recent = Some(Recent { within: [0, 0, 0, 0, 42_000, 98_210], older: 314_670, own: None });
    stats.format = Some(DataFormat::Parquet);
    if state == "REFUSED" {
        stats
            .reasons
            .push(Reason::new(Code::UnsupportedTable, "ACID: Hive does it, ALTER TABLE crm.contacts COMPACT 'major'"));
    }
    stats
}

/// The tables.
pub fn tables() -> Vec<TableStats> {
    let hours = TimeDelta::hours;
    let mut landing = TableStats::unknown(
        table_name("etl.landing_2026"),
        StorePath::new("/data/lake/etl/landing_2026").unwrap(),
        now() - TimeDelta::days(2),
    );
    landing.scanned = Scanned::No;
    let clicks = [400, 20_000, 300_000, 500_000, 380_000, 3_900, 21, 10, 0, 0];
    vec![
        table("web.clicks", clicks, gib(148.0), 2_408_000, 37, "BAD", hours(6)),
        table(
            "sales.orders",
            [204, 8_110, 71_330, 268_402, 63_600, 1_180, 30, 10, 14, 0],
            gib(61.4),
            818_000,
            14,
            "BAD",
            hours(6),
        ),
        table(
            "iot.readings",
            [0, 38_000, 50_012, 100_000, 199_995, 5, 0, 0, 0, 0],
            gib(22.0),
            776_000,
            7,
            "BAD",
            hours(6),
        ),
        table(
            "web.visits",
            [0, 0, 55, 455, 150_000, 39_000, 900, 40, 5, 0],
            gib(402.0),
            374_000,
            74,
            "SMALL",
            TimeDelta::minutes(52),
        ),
        landing,
        table("crm.contacts", [0, 0, 10, 300, 9_000, 0, 0, 0, 0, 0], gib(18.3), 0, 0, "REFUSED", hours(6)),
        table("sales.prices", [0, 0, 0, 0, 0, 0, 0, 40, 100, 2], gib(16.0), 0, 0, "ok", hours(6)),
        table("sales.returns", [0, 0, 0, 50, 30_000, 300, 0, 0, 0, 0], gib(6.0), 61_000, 1, "BAD", hours(6)),
    ]
}

/// A partition of sales.orders: day, bars, bytes, and since when it is quiet.
pub fn target(day: &str, bars: [u64; 10], bytes: u64, quiet: TimeDelta) -> TargetStats {
    let table = table_name("sales.orders");
    let histogram = histogram(bars, bytes);
    let files = histogram.files();
    TargetStats {
        id: TargetId::new(&table, Some(format!("dt={day}"))),
        location: StorePath::new(format!("/data/lake/sales/orders/dt={day}")).unwrap(),
        median: Size(bytes / files.max(1) * 9 / 10),
        small_files: bars[..7].iter().sum(),
        empty_files: 0,
        groups: 0,
        newest: Some(FileTime::from(now() - quiet)),
        recent: None,
        format: Some(DataFormat::Parquet),
        reasons: Vec::new(),
        error: None,
        scanned: Scanned::Whole,
        missing: false,
        at: now(),
        histogram,
    }
}

/// The partitions of sales.orders.
pub fn targets() -> Vec<TargetStats> {
    let days = TimeDelta::days;
    let mut refused = target("2026-11-02", [0, 0, 150, 900, 140, 0, 0, 0, 0, 0], 158 << 20, days(19));
    refused.reasons.push(Reason::new(Code::UnsupportedEntry, "holds a directory with data: nested folders"));
    let mut part = target("2026-11-09", [0, 0, 0, 12_000, 0, 0, 0, 0, 0, 0], gib(1.0), days(12));
    part.scanned = Scanned::Part;
    let mut failed = target("2026-11-01", [0; 10], 0, days(20));
    failed.error = Some(Reason::new(Code::Permission, "permission denied"));
    vec![
        target("2026-11-17", [0, 12, 1_306, 10_470, 3_000, 20, 0, 0, 0, 0], gib(2.0), days(4)),
        target("2026-11-19", [0, 12, 1_310, 9_870, 2_790, 16, 3, 1, 0, 0], gib(2.2), days(2)),
        target("2026-11-18", [0, 11, 1_309, 8_080, 2_990, 20, 0, 0, 0, 0], gib(1.9), days(3)),
        target("2026-11-14", [0, 100, 1_310, 7_500, 3_000, 20, 0, 0, 0, 0], gib(1.7), days(7)),
        target("2026-11-12", [0, 0, 10, 300, 2_800, 2_900, 90, 10, 0, 0], gib(9.9), days(9)),
        part,
        target("2026-11-21", [0, 0, 100, 900, 204, 0, 0, 0, 0, 0], 200 << 20, TimeDelta::seconds(40)),
        refused,
        failed,
        target("2026-11-20", [0, 0, 0, 0, 0, 0, 0, 0, 16, 0], gib(2.0), days(1)),
    ]
}

/// The footers of sales.orders: two versions of the schema, two writers, and a file that a compaction wrote.
pub fn footers(stopped: bool) -> FooterFacts {
    let mut facts = FooterFacts::new(now(), 61, 61);
    facts.files_in_all = 412_880;
    let schema =
        |more: &str| format!("01: order_id int64, amount fixed:decimal(9,2), placed int96, shop binary:string{more}");
    let file = |name: &str, hours: i64, more: &str, spark: bool| {
        let mut parts = vec![
            ("schema".to_owned(), schema(more)),
            ("created_by".to_owned(), if spark { "parquet-mr 1.13.1" } else { "impala 4.0.0" }.to_owned()),
            ("codec".to_owned(), "snappy".to_owned()),
        ];
        parts.extend(spark.then(|| ("key-value org.apache.spark.version".to_owned(), "3.5.1".to_owned())));
        FileFacts {
            file: KnownFile {
                name: name.to_owned(),
                length: Size(150 << 10),
                modified: FileTime::from(now() - TimeDelta::hours(hours)),
            },
            rows: Rows(1_000),
            row_groups: 1,
            group_key: format!("{parts:?}"),
            group_facts: parts,
            created_by: None,
            losses: Vec::new(),
        }
    };
    let channel = ", channel binary:string";
    (0..6).for_each(|hour| facts.add(file("part-0", hour, channel, true), 50_000));
    (0..2).for_each(|day| facts.add(file("part-0", 60 + 24 * day, "", true), 55_056));
    facts.add(file("impala-0", 290, "", false), 2_768);
    facts.add(file("part-lakehand-20261115-0200-q8h-0001.parquet", 300, "", true), 1);
    facts.add_damaged("dt=2026-11-21/part-9".to_owned(), Reason::new(Code::DamagedFile, "it has no footer"));
    facts.finish(stopped);
    facts
}

/// Facts for Inspect.
pub fn details(footers: FooterFacts) -> Details {
    Details {
        subject: Subject::Table(table_name("sales.orders")),
        kind: TableKind::External,
        location: StorePath::new("/data/lake/sales/orders").unwrap(),
        owner: Some((Owner { user: "etl".to_owned(), group: "lake".to_owned() }, 0o2770)),
        replication: Some(3),
        partition_keys: vec![PartitionKey { name: "dt".to_owned(), hive_type: "string".to_owned() }],
        properties: vec![("location".to_owned(), "/data/lake/sales/orders".to_owned())],
        refusals: Vec::new(),
        footers: Some(footers),
    }
}

/// The names and the cache came.
pub fn load(console: &mut Console) {
    console.send(Msg::Lake(LakeMsg::Cached(tables())));
    console.send(Msg::Lake(LakeMsg::Ended { reading: Reading::Lake, stopped: false }));
    finish_readings(console);
}

/// Every reading that was asked for ended without news.
pub fn finish_readings(console: &mut Console) {
    for table in tables() {
        console.send(Msg::Lake(LakeMsg::Ended { reading: Reading::Table(table.name), stopped: false }));
    }
}

/// The partitions of sales.orders came.
pub fn load_targets(console: &mut Console) {
    let table = table_name("sales.orders");
    console.send(Msg::Lake(LakeMsg::Targets { table: table.clone(), targets: targets() }));
    console.send(Msg::Lake(LakeMsg::Ended { reading: Reading::Table(table), stopped: false }));
    console.wait(200);
}

/// The policy of the example.
pub fn policy() -> Policy {
    Policy::default()
}
