//! A million partitions: compact rows, ordering in slices, a frame that builds only what it shows, and the memory of
//! the process that has them.

use std::process::Command;

use chrono::TimeDelta;
use lakehand::app::{LakeMsg, Msg, Reading};

use crate::console::Console;
use crate::lake::{load, table_name, target};

const ROWS: u32 = 1_000_000;
/// The budget of the design, for a whole process, and this one is not even optimised.
const MEGABYTES: u64 = 150;

/// In a process of its own, whose memory is that of the console and of nothing else.
#[test]
fn a_million_partitions_fit_into_the_memory_that_the_console_may_take() {
    let test = std::env::current_exe().unwrap();
    let arguments = ["--exact", "large::a_million_partitions", "--ignored", "--nocapture", "--test-threads=1"];
    let output = Command::new(test).args(arguments).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
    let peak =
        told.split_once("peak ").and_then(|(_, rest)| rest.split_once(" kB")).unwrap_or_else(|| panic!("{told}"));
    let peak: u64 = peak.0.parse().unwrap();
    assert!(peak < MEGABYTES * 1_000, "{peak} kB");
}

#[test]
#[ignore = "run in a process of its own by the test above"]
fn a_million_partitions() {
    let mut console = Console::open((80, 24));
    load(&mut console);
    console.keys("j<Enter>");
    stream_in(&mut console);
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
    assert!(console.text().contains("p=0999999 "), "{}", console.text());
    println!("peak {} kB", peak());
}

/// Names as long as three partition keys make them, and files in five bins.
fn stream_in(console: &mut Console) {
    let table = table_name("sales.orders");
    let location = lakehand::model::StorePath::new("/data/lake/sales/orders").unwrap();
    let mut pattern = target("2026-11-17", [0, 3, 40, 200, 17, 2, 0, 0, 0, 0], 1 << 20, TimeDelta::days(3));
    let some =
        |number: u64| target("", [0, 3, 40, 200 + number, 17, 2, 0, 0, 0, 0], 1 << 20, TimeDelta::days(3)).histogram;
    let histograms: Vec<_> = (0..1_000).map(some).collect();
    for first in (0..ROWS).step_by(5_000) {
        let targets = (first..first + 5_000)
            .map(|number| {
                let name = format!("dt=2026-11-{:02}/hour={:02}/shop={number:07}", number % 28 + 1, number % 24);
                pattern.location = location.join_all(&name);
                pattern.histogram = histograms[number as usize % histograms.len()].clone();
                pattern.id.partition = Some(name);
                pattern.clone()
            })
            .collect();
        console.send(Msg::Lake(LakeMsg::Targets { table: table.clone(), targets }));
    }
    console.send(Msg::Lake(LakeMsg::Ended { reading: Reading::Table(table), stopped: false }));
}

/// The most memory that this process ever had, in kB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse().unwrap()
}
