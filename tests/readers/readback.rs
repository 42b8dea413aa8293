//! What DuckDB and PyArrow read after a compaction, and after taking it back.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crate::program::{Program, copy, visible_files};
use crate::{native, python};

/// Directory to files before and after, from `compare.py`, which ends the test at the first difference.
fn compare(before: &Path, after: &Path) -> BTreeMap<String, (u64, u64)> {
    serde_json::from_str(&python::run("compare.py", &[before, after])).unwrap()
}

#[test]
fn every_kind_of_file_reads_back_the_same() {
    let program = Program::new();
    let (lake, before) = (program.lake(), program.beside("before"));
    python::run("make_lake.py", &[&lake]);
    let native = native::write_tables(&lake);
    let found = visible_files(&lake);
    copy(&lake, &before);

    program.done(&["compact", "--yes"]);
    let counts = compare(&before, &lake);
    assert!(native.iter().all(|table| counts.contains_key(&format!("kinds.db/{table}"))));
    for (directory, (files_before, files_after)) in counts {
        let expected = match directory.as_str() {
            // Two schemas stay apart; a file of 0 bytes stays as it is.
            "kinds.db/evolved" | "kinds.db/zero_bytes" => 2,
            _ => 1,
        };
        assert_eq!(files_after, expected, "{directory} had {files_before} files");
    }

    program.done(&["rollback", "--yes"]);
    assert_eq!(visible_files(&lake), found);
    assert!(compare(&before, &lake).values().all(|(before, after)| before == after));
}

#[test]
fn a_file_larger_than_the_memory_reads_back_the_same() {
    let program = Program::new();
    let (lake, before) = (program.lake(), program.beside("before"));
    python::run("make_large.py", &[&lake]);
    copy(&lake, &before);

    let peak = AtomicU64::new(0);
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| watch_memory(&program.beside("state"), &peak, &ended));
        let compacted = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            program.done(&["compact", "--yes", "--block-size", "1GiB", "--memory", "64MiB"])
        }));
        ended.store(true, Ordering::Release);
        compacted.unwrap();
    });
    assert_eq!(compare(&before, &lake)["kinds.db/large"], (4, 1));
    let peak = peak.into_inner();
    assert!((1..96 << 20).contains(&peak), "the worker took {} MiB", peak >> 20);
}

/// Keeps the highest resident size of the processes whose command line names something in `state`: the workers of this
/// test.
fn watch_memory(state: &Path, peak: &AtomicU64, ended: &AtomicBool) {
    let state = state.to_str().unwrap();
    while !ended.load(Ordering::Acquire) {
        for process in std::fs::read_dir("/proc").unwrap().flatten() {
            let read = |name| std::fs::read_to_string(process.path().join(name)).unwrap_or_default();
            if read("cmdline").contains(state) {
                let status = read("status");
                let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
                let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse().unwrap_or(0);
                peak.fetch_max(kibibytes << 10, Ordering::AcqRel);
            }
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}
