//! Readers and writers that never stop, while the same target is compacted and taken back again and again.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::program::Program;
use crate::python::{self, Beside};

const FILES: u64 = 400;
const ROWS: u64 = 5;

/// A table of many small files with ids from 0, all two days old.
fn make_table(program: &Program) -> PathBuf {
    let directory = program.lake().join("busy.db/events");
    fs::create_dir_all(&directory).unwrap();
    let numbers = [FILES, ROWS].map(|number| PathBuf::from(number.to_string()));
    python::run("make_ids.py", &[&directory, &numbers[0], &numbers[1]]);
    directory
}

fn arguments(parts: &[&dyn std::fmt::Display]) -> Vec<String> {
    parts.iter().map(ToString::to_string).collect()
}

fn file_count(directory: &Path) -> usize {
    fs::read_dir(directory).unwrap().count()
}

#[test]
fn readers_count_right_or_name_the_tripwire() {
    let program = Program::new();
    let directory = make_table(&program);
    let stop = program.beside("stop");
    let rows = FILES * ROWS;
    let mut readers = ["duckdb", "pyarrow", "polars"].map(|reader| {
        Beside::start("count_rows.py", &arguments(&[&reader, &directory.display(), &rows, &stop.display()]))
    });

    let started = Instant::now();
    for round in 0.. {
        program.done(&["compact", "--yes"]);
        assert_eq!(file_count(&directory), 1, "round {round}");
        program.done(&["rollback", "--yes"]);
        assert_eq!(file_count(&directory) as u64, FILES, "round {round}");
        readers.iter_mut().for_each(Beside::check);
        if round >= 2 && started.elapsed() > Duration::from_secs(15) {
            break;
        }
    }
    fs::write(&stop, "").unwrap();
    for reader in readers {
        let seen: std::collections::BTreeMap<String, u64> = serde_json::from_str(&reader.finish()).unwrap();
        assert!(seen["right"] > 0, "{seen:?}");
    }
}

#[test]
fn a_writer_beside_loses_and_doubles_nothing() {
    let program = Program::new();
    let directory = make_table(&program);
    let stop = program.beside("stop");
    let written = FILES * ROWS;
    let writer = Beside::start("add_files.py", &arguments(&[&directory.display(), &written, &stop.display()]));

    let started = Instant::now();
    let (mut compacted, mut taken_back) = (0, 0);
    while (taken_back < 3 || started.elapsed() < Duration::from_secs(12)) && started.elapsed() < Duration::from_secs(60)
    {
        // A file that comes at the wrong moment makes the plan drift (3) or the target be given up (4).
        if got_through(&program, &["compact", "--yes", "--quiet-period", "0s"]) {
            compacted += 1;
            while !got_through(&program, &["rollback", "--yes"]) {}
            taken_back += 1;
        }
    }
    fs::write(&stop, "").unwrap();
    let end = PathBuf::from(writer.finish().trim());
    python::run("check_ids.py", &[&directory, &end]);
    assert!(compacted > 0 && taken_back > 0, "{compacted} compactions and {taken_back} rollbacks got through");
}

fn got_through(program: &Program, arguments: &[&str]) -> bool {
    let output = program.output(arguments);
    match output.status.code() {
        Some(0) => true,
        Some(3 | 4) => false,
        code => panic!("{arguments:?}: {code:?}\n{}", String::from_utf8_lossy(&output.stderr)),
    }
}
