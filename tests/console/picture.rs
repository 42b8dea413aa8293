//! The picture of the README, made by the program itself: `cargo test --test console picture -- --ignored`.

use std::path::Path;
use std::sync::Arc;

use chrono::Utc;
use lakehand::action::{self, Scan, ScanEvent, Session};
use lakehand::app::{LakeMsg, Msg, Reading};
use lakehand::config::{Paths, Settings};
use lakehand::demo::{self, DemoOptions};
use lakehand::model::{StorePath, TableName, TableStats, TargetStats};
use tokio_util::sync::CancellationToken;

use crate::console::Console;
use crate::svg::svg;

/// Everything that a scan of a fresh demo lake finds.
async fn scanned() -> (Vec<TableStats>, Vec<TargetStats>) {
    let home = tempfile::tempdir().unwrap();
    let lake = home.path().join("lake");
    demo::create(&lake, &DemoOptions::usual(Utc::now())).unwrap();
    let directory = |name: &str| home.path().join(name);
    let paths = Paths {
        config: directory("config"),
        state: directory("state"),
        cache: directory("cache"),
        runtime: directory("run"),
    };
    let settings = Settings::local_lake(StorePath::new(lake.to_str().unwrap()).unwrap());
    let session = Session::open(Arc::new(settings), paths).await.unwrap();
    let mut events = action::scan(&session, Scan::Lake, CancellationToken::new());
    let (mut tables, mut targets) = (Vec::<TableStats>::new(), Vec::new());
    while let Some(event) = events.recv().await {
        match event {
            ScanEvent::Table(table) => {
                tables.retain(|older| older.name != table.name);
                tables.push(table);
            }
            ScanEvent::Target(target) => targets.push(target),
            _ => {}
        }
    }
    (tables, targets)
}

#[tokio::test]
#[ignore = "writes assets/console.svg"]
async fn picture() {
    let orders = TableName::new("sales", "orders");
    let (tables, targets) = scanned().await;
    let targets = targets.into_iter().filter(|target| target.id.table_name() == orders).collect();
    let mut console = Console::with((120, 32), |options| {
        options.now = Utc::now();
        options.lake.profile = "demo".to_owned();
        options.lake.place = "~/.cache/lakehand/demo".to_owned();
    });
    console.at = Utc::now();
    console.wait(0);
    console.send(Msg::Lake(LakeMsg::Tables(tables)));
    console.send(Msg::Lake(LakeMsg::Ended { reading: Reading::Lake, stopped: false }));
    console.send(Msg::Lake(LakeMsg::Targets { table: orders.clone(), targets }));
    console.send(Msg::Lake(LakeMsg::Ended { reading: Reading::Table(orders), stopped: false }));
    console.keys("<Enter><Space><Space><Space>k");
    println!("{}", console.text());
    let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
    std::fs::create_dir_all(&assets).unwrap();
    std::fs::write(assets.join("console.svg"), svg(&console.buffer(), "lakehand demo")).unwrap();
}
