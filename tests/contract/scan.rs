//! Scanning and planning a whole lake: the demo's, which has every state, and lakes that are odd.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use chrono::Utc;
use lakehand::config::Settings;
use lakehand::demo::{self, DemoOptions, DemoReport};
use lakehand::error::Code;
use lakehand::lake::{self, Reader};
use lakehand::model::{
    DataFormat, PartitionSpec, Plan, Policy, Rows, RunId, Scanned, TableName, TableStats, TargetId, TargetStats,
    WorkRates,
};
use lakehand::plan;
use lakehand::scan::{Cache, Reporter, ScanEvent, Scanner, Selected};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

struct Lake {
    home: tempfile::TempDir,
    report: DemoReport,
    reader: Reader,
    scanner: Scanner,
}

async fn demo(files: u64) -> Lake {
    let home = tempfile::tempdir().unwrap();
    let report = demo::create(&home.path().join("lake"), &DemoOptions { files, seed: 1, now: Utc::now() }).unwrap();
    let reader = lake::open_reader(Arc::new(Settings::local_lake(report.lake.clone()))).await.unwrap();
    let scanner = Scanner::new(reader.store.clone(), reader.catalog.clone(), Policy::default());
    Lake { home, report, reader, scanner }
}

/// Everything that a scan tells: the last figures of each table, and the targets.
async fn drain(mut events: mpsc::Receiver<ScanEvent>) -> (Vec<TableStats>, Vec<TargetStats>) {
    let (mut tables, mut targets) = (BTreeMap::new(), Vec::new());
    while let Some(event) = events.recv().await {
        match event {
            ScanEvent::Table(table) => drop(tables.insert(table.name.clone(), table)),
            ScanEvent::Target(target) => targets.push(target),
            ScanEvent::Failed { table, reason } => panic!("{table}: {reason}"),
            ScanEvent::Begun { .. } | ScanEvent::Listing { .. } | ScanEvent::Footers { .. } => {}
        }
    }
    (tables.into_values().collect(), targets)
}

impl Lake {
    fn name(&self, name: &str) -> TableName {
        TableName::parse(name).unwrap()
    }

    async fn select_all(&self) -> Vec<Selected> {
        let mut selected = Vec::new();
        for table in &self.report.tables {
            selected.extend(self.scanner.select(&table.name, &[]).await.unwrap());
        }
        selected
    }

    async fn plan(&self, selected: Vec<Selected>) -> Plan {
        let (policy, now) = (Policy::default(), Utc::now());
        let judge = |listing: &lakehand::model::TargetListing| plan::judge(listing, &policy, now);
        let (reporter, cancel) = (Reporter::nowhere(), CancellationToken::new());
        let gathered = self.scanner.gather(selected, &judge, &reporter, &cancel).await.unwrap();
        let header = plan::Header {
            id: RunId::parse("20261121-0941-c4h").unwrap(),
            lake: self.reader.store.uri(&self.reader.root),
            profile: "lake".to_owned(),
            made: now,
        };
        plan::build(header, gathered.facts, gathered.skipped, &policy, &WorkRates::default())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_state_of_the_demo_lake_is_seen() {
    let lake = demo(700).await;
    let (tables, targets) = drain(lake.scanner.scan_lake(CancellationToken::new())).await;
    assert_eq!(tables.len(), lake.report.tables.len());
    let mut states = BTreeMap::new();
    for (stats, made) in tables.iter().zip(&lake.report.tables) {
        assert_eq!((&stats.name, stats.scanned), (&made.name, Scanned::Whole));
        assert_eq!((stats.files(), stats.bytes(), stats.targets), (made.files, made.bytes, made.targets));
        assert_eq!(stats.format, Some(DataFormat::Parquet), "{}", stats.name);
        states.insert(stats.name.to_string(), stats.state().to_owned());
    }
    let expected = [
        ("finance.balances", "ok"),
        ("finance.ledger", "BAD"),
        ("finance.payments", "BAD"),
        ("sales.order_lines", "BAD"),
        ("sales.orders", "BAD"),
        ("sales.stores", "BAD"),
        ("web.clicks", "BAD"),
        ("web.landing", "REFUSED"),
        ("web.sessions", "SKEW"),
    ];
    for (table, state) in expected {
        assert_eq!(states[table], state, "{table}");
    }
    let (policy, now) = (Policy::default(), Utc::now());
    let words = |table: &str| -> Vec<&str> {
        targets.iter().filter(|target| target.id.table == table).map(|target| target.state(&policy, now)).collect()
    };
    for word in ["BAD", "SMALL", "ok", "EMPTY"] {
        assert!(words("orders").contains(&word), "{word} in {:?}", words("orders"));
    }
    assert_eq!(words("returns").iter().filter(|word| **word == "HOT").count(), 1);
    assert_eq!(words("sessions").len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_of_the_demo_lake_has_every_target_or_says_why_not() {
    let lake = demo(700).await;
    let selected = lake.select_all().await;
    let all = selected.len();
    let plan = lake.plan(selected).await;
    assert_eq!(plan.targets.len() + plan.skipped.len(), all);
    let skipped: BTreeMap<Code, usize> = plan.skipped.iter().fold(BTreeMap::new(), |mut counts, skipped| {
        *counts.entry(skipped.reason.code).or_default() += 1;
        counts
    });
    assert_eq!((skipped[&Code::NotQuiet], skipped[&Code::DamagedFile]), (1, 1));
    assert!(skipped[&Code::NothingToDo] > 9);
    assert_eq!(skipped.len(), 3, "{skipped:?}");

    let ledger = plan.targets.iter().find(|target| target.id.table == "ledger").unwrap();
    let made = lake.report.table(&lake.name("finance.ledger")).unwrap();
    assert_eq!((ledger.files_before, ledger.files_after, ledger.rows), (made.files, 1, made.rows));
    let lines: Vec<_> = plan.targets.iter().filter(|target| target.id.table == "order_lines").collect();
    assert!(!lines.is_empty() && lines.iter().all(|target| target.groups.len() == 2));
    let labels: Vec<&str> = lines[0].groups.iter().map(|group| group.label.as_str()).collect();
    assert_eq!(labels, ["as most files", "has also the column channel"]);
    let payments = lake.report.table(&lake.name("finance.payments")).unwrap();
    let planned: Rows =
        plan.targets.iter().filter(|target| target.id.table == "payments").map(|target| target.rows).sum();
    assert_eq!(planned, payments.rows);
    let session = plan.targets.iter().find(|target| target.id.table == "sessions").unwrap();
    assert_eq!((session.files_before, session.files_after), (3, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn partitions_are_selected_by_values_that_need_escaping() {
    let lake = demo(200).await;
    let stores = lake.name("sales.stores");
    let all = lake.scanner.select(&stores, &[]).await.unwrap();
    let values: Vec<Option<String>> = all
        .iter()
        .map(|one| PartitionSpec::parse(one.partition.id.partition.as_deref().unwrap()).unwrap().0[0].1.clone())
        .collect();
    assert_eq!(values.len(), 12);
    for city in [Some("New/York"), Some("a=b"), Some("東京"), Some("São Paulo #2"), None] {
        assert!(values.contains(&city.map(str::to_owned)), "{city:?} in {values:?}");
        let prefix = PartitionSpec(vec![("city".to_owned(), city.map(str::to_owned))]);
        assert_eq!(lake.scanner.select(&stores, &[prefix]).await.unwrap().len(), 1, "{city:?}");
    }
    let nowhere = PartitionSpec::parse("city=Nowhere").unwrap();
    assert_eq!(lake.scanner.select(&stores, &[nowhere]).await.unwrap_err().code(), Code::PartitionNotFound);
    let clicks = lake.name("web.clicks");
    let first = lake.scanner.select(&clicks, &[]).await.unwrap()[0].partition.id.partition.clone().unwrap();
    let day = PartitionSpec::parse(first.split('/').next().unwrap()).unwrap();
    assert!(lake.scanner.select(&clicks, &[day]).await.unwrap().len() > 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_is_dropped_and_a_token_that_is_cancelled_stop_a_scan() {
    let lake = demo(400).await;
    let cancel = CancellationToken::new();
    let mut events = lake.scanner.scan_lake(cancel.clone());
    assert_eq!(events.recv().await, Some(ScanEvent::Begun { tables: 10 }));
    drop(events);
    tokio::time::timeout(std::time::Duration::from_secs(30), cancel.cancelled()).await.unwrap();

    let cancel = CancellationToken::new();
    cancel.cancel();
    let (tables, targets) = drain(lake.scanner.scan_lake(cancel)).await;
    assert!(tables.iter().all(|table| table.scanned != Scanned::Whole) && targets.len() < 20);

    let selected = lake.select_all().await;
    let cancel = CancellationToken::new();
    cancel.cancel();
    let gathered = lake.scanner.gather(selected, &|_| Ok(()), &Reporter::nowhere(), &cancel).await;
    assert_eq!(gathered.unwrap_err().code(), Code::Interrupted);
}

#[tokio::test(flavor = "multi_thread")]
async fn single_targets_are_scanned_again_and_the_cache_keeps_what_was_found() {
    let lake = demo(200).await;
    let before = drain(lake.scanner.scan_tables(vec![lake.report.first.table_name()], CancellationToken::new())).await;
    let late = demo::add_late_file(Path::new(lake.report.lake.as_str()), &lake.report.first, 0, Utc::now()).unwrap();
    assert!(late.rows > Rows(0));
    let (tables, targets) =
        drain(lake.scanner.scan_targets(vec![lake.report.first.clone()], CancellationToken::new())).await;
    let old = before.1.iter().find(|target| target.id == lake.report.first).unwrap();
    assert_eq!((tables.len(), targets.len(), targets[0].files()), (0, 1, old.files() + 1));
    assert!(targets[0].is_hot(&Policy::default(), Utc::now()));

    let cache = Cache::new(&lake.home.path().join("cache"), "file:///lake");
    cache.save_lake(before.0.clone()).unwrap();
    assert_eq!(cache.load().tables, before.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_that_are_refused_are_still_counted_and_skipped_once() {
    let lake = demo(200).await;
    let orders = lake.name("sales.orders");
    let location = lake.report.table(&orders).unwrap().location.clone();
    fs::create_dir(Path::new(location.as_str()).join("_delta_log")).unwrap();
    let (tables, _) = drain(lake.scanner.scan_tables(vec![orders.clone()], CancellationToken::new())).await;
    assert_eq!((tables[0].state(), tables[0].saves), ("REFUSED", 0));
    assert_eq!(tables[0].files(), lake.report.table(&orders).unwrap().files);
    let plan = lake.plan(lake.scanner.select(&orders, &[]).await.unwrap()).await;
    assert_eq!((plan.targets.len(), plan.skipped.len()), (0, 1));
    assert_eq!(plan.skipped[0].id, TargetId::new(&orders, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn staging_beside_the_partitions_is_told() {
    let lake = demo(200).await;
    let orders = lake.name("sales.orders");
    let location = lake.report.table(&orders).unwrap().location.clone();
    fs::create_dir(Path::new(location.as_str()).join(".spark-staging-7")).unwrap();
    let plan = lake.plan(lake.scanner.select(&orders, &[]).await.unwrap()).await;
    let told = "a job may be writing here: orders/.spark-staging-7 is there";
    assert!(plan.targets[0].warnings.iter().any(|note| note.text == told), "{:?}", plan.targets[0].warnings);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_tiny_files_are_one_target_of_one_output() {
    let lake = demo(200).await;
    let ledger = TargetId::new(&lake.name("finance.ledger"), None);
    for number in 0..2_000 {
        let old = Utc::now() - chrono::Duration::hours(30);
        demo::add_late_file(Path::new(lake.report.lake.as_str()), &ledger, number, old).unwrap();
    }
    let plan = lake.plan(lake.scanner.select(&ledger.table_name(), &[]).await.unwrap()).await;
    assert_eq!(plan.targets[0].files_after, 1);
    assert!(plan.targets[0].files_before > 2_000);
    assert_eq!(plan.targets[0].groups[0].outputs[0].len() as u64, plan.targets[0].files_before);
}
