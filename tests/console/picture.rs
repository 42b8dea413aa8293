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
        options.look.colours = lakehand::app::Colours::Many;
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

/// The screens of the worked example, in pictures for the documentation: the way to each is the matrix's.
#[test]
#[ignore = "writes docs/screens: cargo test --test console pictures -- --ignored"]
fn pictures() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/screens");
    std::fs::create_dir_all(&directory).unwrap();
    for name in crate::matrix::names() {
        let console = crate::matrix::for_a_picture(name);
        let picture = svg(&console.buffer(), &format!("lakehand  {name}"));
        std::fs::write(directory.join(format!("{name}.svg")), picture).unwrap();
    }
}

#[test]
fn every_screen_has_its_picture_in_the_documentation() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/screens.md")).unwrap();
    for name in crate::matrix::names() {
        assert!(page.contains(&format!("(screens/{name}.svg)")), "docs/screens.md does not show {name}");
        let kept = std::fs::read_to_string(root.join(format!("docs/screens/{name}.svg"))).unwrap();
        let now = svg(&crate::matrix::for_a_picture(name).buffer(), &format!("lakehand  {name}"));
        assert_eq!(kept, now, "cargo test --test console pictures -- --ignored draws {name} anew");
    }
}
