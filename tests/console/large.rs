//! A million partitions: compact rows, ordering in slices, and a frame that builds only what it shows.

use chrono::TimeDelta;
use lakehand::app::{LakeMsg, Msg, Reading};

use crate::console::Console;
use crate::lake::{load, table_name, target};

#[test]
fn a_million_partitions_are_ordered_in_slices_and_drawn_by_window() {
    const ROWS: u32 = 1_000_000;
    let mut console = Console::open((80, 24));
    load(&mut console);
    console.keys("j<Enter>");
    let table = table_name("sales.orders");
    let mut pattern = target("2026-11-17", [0, 0, 3, 4, 0, 0, 0, 0, 0, 0], 1 << 20, TimeDelta::days(3));
    for first in (0..ROWS).step_by(10_000) {
        let targets = (first..first + 10_000)
            .map(|number| {
                pattern.id.partition = Some(format!("dt={number:07}"));
                pattern.location = table_location().join(&format!("dt={number:07}"));
                pattern.clone()
            })
            .collect();
        console.send(Msg::Lake(LakeMsg::Targets { table: table.clone(), targets }));
    }
    console.send(Msg::Lake(LakeMsg::Ended { reading: Reading::Table(table), stopped: false }));
    // In slices, between which keys are taken.
    let mut slices = 0;
    while console.app.is_busy() {
        console.send(Msg::Continue);
        slices += 1;
    }
    assert!(slices >= 10, "{slices}");
    console.keys("G");
    assert!(console.text().contains("row 1,000,000 of 1,000,000"), "{}", console.text());
    console.keys("/0999999<Enter>");
    while console.app.is_busy() {
        console.send(Msg::Continue);
    }
    assert!(console.text().contains("dt=0999999"), "{}", console.text());
}

fn table_location() -> lakehand::model::StorePath {
    lakehand::model::StorePath::new("/data/lake/sales/orders").unwrap()
}
