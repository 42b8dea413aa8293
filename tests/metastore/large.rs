//! Tables with very many partitions: what the program holds of them. By hand, since they take minutes:
//! `cargo test --test metastore -- --ignored large`.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use lakehand::catalog::thrift::{Extent, Reply, Struct, Value, call, read_reply};

use crate::cluster::{Generation, Security, metastore};
use crate::raw::{Made, Raw};
use crate::terminal::Terminal;

const MIB: u64 = 1 << 20;

/// The program with a profile of its own on a metastore.
struct Site {
    home: tempfile::TempDir,
}

impl Site {
    fn new(uri: &str) -> Site {
        let site = Site { home: tempfile::tempdir().unwrap() };
        let lake = site.lake();
        std::fs::create_dir_all(format!("{lake}/big.db/t")).unwrap();
        let text = format!("profiles:\n  big:\n    lake: {lake}\n    catalog: {{kind: hive, uris: ['{uri}']}}\n");
        std::fs::write(site.home.path().join("config.yaml"), text).unwrap();
        site
    }

    fn lake(&self) -> String {
        format!("{}/lake", self.home.path().canonicalize().unwrap().display())
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lakehand"));
        command.arg("--config").arg(self.home.path().join("config.yaml")).args(arguments);
        command.env("HOME", self.home.path()).env_remove("XDG_RUNTIME_DIR");
        for name in ["XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"] {
            command.env(name, self.home.path().join(name));
        }
        command
    }

    /// The most memory that `analyze` held, and the document.
    fn analyze(&self) -> (u64, serde_json::Value) {
        let out = std::fs::File::create(self.home.path().join("out.json")).unwrap();
        let arguments = ["--output", "json", "analyze", "--table", "big.t"];
        let mut child = self.command(&arguments).stdout(out).stderr(Stdio::null()).spawn().unwrap();
        let mut most = 0;
        let status = loop {
            most = most.max(peak(child.id()));
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            std::thread::sleep(Duration::from_millis(50));
        };
        assert!(status.success());
        let text = std::fs::read(self.home.path().join("out.json")).unwrap();
        (most, serde_json::from_slice(&text).unwrap())
    }

    /// The most memory that a console held which opened the table and listed all of it.
    fn console(&self, rows: &str) -> u64 {
        let mut command = self.command(&["--at", "big.t"]);
        command.env("TERM", "xterm-256color").env("LANG", "C.UTF-8");
        let mut console = Terminal::start(command);
        let begun = Instant::now();
        while !console.text().contains(rows) || console.text().contains("Ctrl-c stops") {
            assert!(begun.elapsed() < Duration::from_secs(3_600), "{}", console.text());
            std::thread::sleep(Duration::from_millis(500));
        }
        let most = peak(u32::try_from(console.pid()).unwrap());
        console.send("hhq");
        let _ = console.exit_code();
        most
    }
}

/// The most memory that a process held so far; 0 when it is gone.
fn peak(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").trim().parse::<u64>().ok()).unwrap_or(0) * 1024
}

fn name_of(number: usize) -> (String, String) {
    (format!("2026-{:02}-{:02}", 1 + number / 3_100 % 12, 1 + number / 100 % 31), number.to_string())
}

/// A metastore that has one table with so many partitions, made as they are asked for.
fn endless(partitions: usize, lake: impl Fn() -> String + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let uri = format!("thrift://{}", listener.local_addr().unwrap());
    let lake = Arc::new(lake);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let lake = Arc::clone(&lake);
            std::thread::spawn(move || {
                let mut arrived = Vec::new();
                let mut chunk = vec![0; 65_536];
                while let Ok(count @ 1..) = stream.read(&mut chunk) {
                    arrived.extend_from_slice(&chunk[..count]);
                    if Extent::default().end(&arrived).unwrap().is_none() {
                        continue;
                    }
                    let asked = std::mem::take(&mut arrived);
                    let length = u32::from_be_bytes(asked[4..8].try_into().unwrap()) as usize;
                    let method = String::from_utf8(asked[8..8 + length].to_vec()).unwrap();
                    let sequence = i32::from_be_bytes(asked[8 + length..12 + length].try_into().unwrap());
                    let mut as_reply = asked;
                    as_reply[3] = 2;
                    let Reply::Result(arguments) = read_reply(&Bytes::from(as_reply), sequence).unwrap() else {
                        return;
                    };
                    let result = answer(&method, &arguments, partitions, &lake());
                    let mut reply = call(&method, sequence, &Struct::new().with(0, result));
                    reply[3] = 2;
                    if stream.write_all(&reply).is_err() {
                        return;
                    }
                }
            });
        }
    });
    uri
}

fn answer(method: &str, arguments: &Struct, partitions: usize, lake: &str) -> Value {
    let table = Made::external("big", "t", &format!("file:{lake}/big.db/t")).keys(&[("day", "string"), ("n", "int")]);
    match method {
        "get_all_databases" => Value::texts(["big"]),
        "get_all_tables" => Value::texts(["t"]),
        "get_table_req" => Value::Struct(Struct::new().with(1, Value::Struct(table.fields()))),
        "get_table_objects_by_name_req" => Value::Struct(Struct::new().with(1, Value::structs([table.fields()]))),
        "get_num_partitions_by_filter" => Value::I32(i32::try_from(partitions).unwrap()),
        "get_partition_names" => Value::texts((0..partitions).map(name_of).map(|(day, n)| format!("day={day}/n={n}"))),
        "get_partitions_by_names" => {
            let names = arguments.list(3).iter().filter_map(Value::as_text);
            Value::structs(names.map(|name| {
                let (day, n) = name.split_once('/').unwrap();
                let values = [day.trim_start_matches("day="), n.trim_start_matches("n=")];
                crate::raw::partition(&table, &values, &format!("file:{lake}/big.db/t/{name}"), crate::raw::PARQUET)
            }))
        }
        "set_ugi" => Value::texts(["alice"]),
        "get_config_value" => Value::text(""),
        other => panic!("nobody should ask for {other}"),
    }
}

/// No server but what it would send: the directories are missing, so that nothing else takes time or memory.
#[test]
#[ignore = "takes minutes: cargo test --test metastore -- --ignored large"]
fn a_million_partitions_are_held_within_the_budgets() {
    let shared = Arc::new(std::sync::OnceLock::new());
    let lake = Arc::clone(&shared);
    let uri = endless(1_000_000, move || lake.get().cloned().unwrap());
    let site = Site::new(&uri);
    shared.set(site.lake()).unwrap();
    let (most, document) = site.analyze();
    println!("analyze: {} MiB", most / MIB);
    assert_eq!(document["tables"][0]["targets"].as_array().unwrap().len(), 1_000_000);
    assert!(most < 768 * MIB, "analyze holds each target once: {} MiB", most / MIB);
    let most = site.console("1,000,000 partitions");
    println!("console: {} MiB", most / MIB);
    assert!(most < 150 * MIB, "{} MiB", most / MIB);
}

/// A real metastore on Derby, which takes some milliseconds to make each partition.
#[test]
#[ignore = "takes a quarter of an hour: cargo test --test metastore -- --ignored large"]
fn a_hundred_thousand_partitions_of_a_real_metastore_are_held_within_the_budgets() {
    const PARTITIONS: usize = 100_000;
    let metastore = metastore(Generation::V3, Security::None, None);
    let site = Site::new(&metastore.uri());
    let lake = site.lake();
    let mut raw = Raw::to(metastore);
    raw.database("big", &format!("file:{lake}/big.db"));
    let table = Made::external("big", "t", &format!("file:{lake}/big.db/t")).keys(&[("day", "string"), ("n", "int")]);
    raw.table(&table);
    for first in (0..PARTITIONS).step_by(1_000) {
        raw.partitions(
            &table,
            (first..first + 1_000).map(name_of).map(|(day, n)| {
                let location = format!("file:{lake}/big.db/t/day={day}/n={n}");
                (vec![day, n], location)
            }),
        );
    }
    let (most, document) = site.analyze();
    println!("analyze: {} MiB", most / MIB);
    assert_eq!(document["tables"][0]["targets"].as_array().unwrap().len(), PARTITIONS);
    assert!(most < 128 * MIB, "{} MiB", most / MIB);
    let most = site.console("100,000 partitions");
    println!("console: {} MiB", most / MIB);
    assert!(most < 96 * MIB, "{} MiB", most / MIB);
}
