//! Whole journeys by the real program: analyze, plan, compact, a file that comes late, rollback, compact again, cleanup;
//! and the death of a worker in its exchange. The rows are compared after each step.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use lakehand::demo::{self, DemoOptions};
use lakehand::model::{StorePath, TableName, TargetId};
use lakehand::store::{HdfsStore, Read};

use crate::bench::{User, rows, settings, settings_here, upload, upload_file};
use crate::cluster::{self, Hdfs, Kind, hdfs};

const TABLE: [&str; 2] = ["--table", "sales.orders"];

/// A demo lake on HDFS.
struct Lake {
    hdfs: &'static Hdfs,
    user: User,
    path: String,
    local: tempfile::TempDir,
}

impl Lake {
    async fn new(hdfs: &'static Hdfs, files: u64) -> Lake {
        let lake = Lake { hdfs, user: User::of(hdfs), path: hdfs.fresh("lake"), local: tempfile::tempdir().unwrap() };
        let store = HdfsStore::connect(&settings(hdfs)).await.unwrap();
        make(&lake.local.path().join("lake"), files);
        upload(&store, &lake.local.path().join("lake"), &StorePath::new(lake.path.clone()).unwrap()).await;
        lake
    }

    fn uri(&self) -> String {
        format!("{}{}", self.hdfs.uri(), self.path)
    }

    fn run(&self, arguments: &[&str]) -> crate::bench::Done {
        let uri = self.uri();
        self.user.run(&[arguments, &["--lake", &uri]].concat())
    }

    fn rows(&self) -> BTreeMap<PathBuf, (u64, u64)> {
        rows(self.hdfs, &self.path).unwrap()
    }

    /// The data files of a table.
    fn files(&self, table: &str) -> u64 {
        let done = self.run(&["analyze", "--output", "json", "--table", table]);
        done.exits(0);
        done.json()["tables"][0]["files"].as_u64().unwrap()
    }
}

pub fn make(local: &std::path::Path, files: u64) {
    demo::create(local, &DemoOptions { files, seed: 7, now: chrono::Utc::now() }).unwrap();
    // What the demo keeps for itself is no part of the lake.
    for entry in std::fs::read_dir(local).unwrap().flatten() {
        if entry.file_name().to_str().unwrap().starts_with('.') {
            let _ = std::fs::remove_dir_all(entry.path());
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

fn total(rows: &BTreeMap<PathBuf, (u64, u64)>) -> u64 {
    rows.values().map(|(count, _)| count).sum()
}

async fn journey(kind: Kind) {
    let lake = Lake::new(hdfs(kind), 300).await;
    let before = lake.rows();
    let files = lake.files("sales.orders");
    lake.run(&["doctor"]).exits(0).says("answers");
    lake.run(&["analyze"]).exits(0).says("sales.orders");
    lake.run(&[&["plan"], &TABLE[..]].concat()).exits(0);
    lake.run(&[&["compact", "--dry-run"], &TABLE[..]].concat()).exits(0);
    assert_eq!(lake.files("sales.orders"), files, "a dry run writes nothing");

    let done = lake.run(&[&["compact", "--yes", "--output", "json"], &TABLE[..]].concat());
    done.exits(0);
    let run = done.json()["run"].as_str().unwrap().to_owned();
    assert!(lake.files("sales.orders") < files);
    assert_eq!(lake.rows(), before, "the same rows after the compaction");
    lake.run(&["history"]).exits(0).says(&run[5..]);

    // A file that comes late stays through everything.
    let store = HdfsStore::connect(&settings(lake.hdfs)).await.unwrap();
    let target = TargetId::new(&TableName::new("sales", "orders"), None);
    let late = late_file(&lake, &store, &target).await;
    let with_late = lake.rows();
    assert!(total(&with_late) > total(&before));

    lake.run(&["rollback", &run, "--yes"]).exits(0);
    assert_eq!(lake.rows(), with_late, "the same rows after the rollback");
    assert!(store.stat(&late).await.unwrap().is_some());

    let done = lake.run(&[&["compact", "--yes", "--output", "json"], &TABLE[..]].concat());
    done.exits(0);
    let second = done.json()["run"].as_str().unwrap().to_owned();
    assert_eq!(lake.rows(), with_late);
    lake.run(&["recover", "--yes"]).exits(0);
    // Nothing is deleted that is younger than any writer may be.
    let early = lake.run(&["cleanup", &second, "--minimum-age", "0s", "--skip-trash", "--confirm", "sales.orders"]);
    early.exits(3).says("not_cleanable");
    assert_eq!(lake.rows(), with_late);
}

/// Copies a file of a partition of the table under a new name.
async fn late_file(lake: &Lake, store: &HdfsStore, _: &TargetId) -> StorePath {
    let table = lake.local.path().join("lake/sales.db/orders");
    let partition = std::fs::read_dir(&table)
        .unwrap()
        .flatten()
        .find(|entry| entry.file_name().to_str().unwrap().contains('=') && entry.path().is_dir());
    let partition = partition.unwrap().path();
    let file = first_file(&partition);
    let below = file.parent().unwrap().strip_prefix(lake.local.path().join("lake")).unwrap().to_owned();
    let directory = StorePath::new(format!("{}/{}", lake.path, below.display())).unwrap();
    let late = directory.join("late-00000.parquet");
    upload_file(store, &file, &late).await;
    late
}

fn first_file(directory: &std::path::Path) -> PathBuf {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            return first_file(&path);
        }
        if path.extension().is_some_and(|extension| extension == "parquet") {
            return path;
        }
    }
    panic!("no file below {}", directory.display());
}

#[tokio::test]
async fn a_journey_on_a_plain_hdfs() {
    journey(Kind::Plain).await;
}

#[tokio::test]
async fn a_journey_on_two_namenodes() {
    journey(Kind::Ha).await;
}

/// The client of this process is of alice only in a child; the program always is.
#[test]
fn a_journey_with_kerberos() {
    let environment = || hdfs(Kind::Kerberos).environment();
    cluster::again("journeys::a_journey_with_kerberos", environment, || {
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let store = HdfsStore::connect(&settings_here()).await.unwrap();
            let path = store.home().await.unwrap().join("lake");
            let local = tempfile::tempdir().unwrap();
            make(&local.path().join("lake"), 200);
            let attributes = crate::bench::directory();
            lakehand::store::Write::make_dir(&store, &path, &attributes).await.unwrap();
            upload(&store, &local.path().join("lake"), &path).await;
            let user = User::here();
            let uri = store.uri(&path);
            let run = |arguments: &[&str]| user.run(&[arguments, &["--lake", &uri]].concat());
            let count = || {
                let done = run(&["analyze", "--output", "json", "--table", "sales.orders"]);
                done.exits(0);
                done.json()["tables"][0]["files"].as_u64().unwrap()
            };
            let before = count();
            run(&["doctor"]).exits(0).says("answers alice");
            let done = run(&["compact", "--yes", "--output", "json", "--table", "sales.orders"]);
            done.exits(0);
            assert!(done.json()["targets"].as_array().unwrap().iter().all(|target| target["verified"] == "values"));
            assert!(count() < before);
            run(&["rollback", "--yes"]).exits(0);
            assert_eq!(count(), before);
        });
    });
}

/// A path of a mount table leads to the nameservice that is mounted there.
#[tokio::test]
async fn a_mounted_lake_is_opened_where_it_lies() {
    let lake = Lake::new(hdfs(Kind::Plain), 60).await;
    let site = lake.user.home().join("mounts");
    std::fs::create_dir(&site).unwrap();
    let property = |name: &str, value: &str| format!("<property><name>{name}</name><value>{value}</value></property>");
    let mounts = [
        property("fs.defaultFS", "viewfs://cluster"),
        property("fs.viewfs.mounttable.cluster.link./data", &format!("{}{}", lake.hdfs.uri(), lake.path)),
    ];
    std::fs::write(site.join("core-site.xml"), format!("<configuration>{}</configuration>", mounts.concat())).unwrap();
    for uri in ["viewfs://cluster/data", "hdfs:///data"] {
        let output = lake.user.command(&["analyze", "--lake", uri]).env("HADOOP_CONF_DIR", &site).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && text.contains("sales.orders"), "{uri}: {text}{output:?}");
    }
}

/// The worker is killed in its exchange, and its guard with it: another command finds what they left and ends it.
#[tokio::test]
async fn what_a_killed_worker_left_is_recovered() {
    let lake = Lake::new(hdfs(Kind::Plain), 1_200).await;
    let before = lake.rows();
    let uri = lake.uri();
    let mut killed = 0;
    for _ in 0..6 {
        let arguments =
            [&["compact", "--yes", "--detach", "--lake", &uri, "--window-limit", "60s"], &TABLE[..]].concat();
        lake.user.run(&arguments).exits(0);
        if kill_in_exchange(&lake) {
            killed += 1;
        }
        // The recovery is on the same host: it sees that the process is dead. Taken back is 130, finished 0.
        let recovered = lake.run(&["recover", "--yes"]);
        assert!([0, 4, 130].contains(&recovered.status), "{}{}", recovered.stdout, recovered.stderr);
        assert_eq!(lake.rows(), before, "the same rows after the recovery");
        lake.run(&["recover", "--yes"]).exits(0);
        let _ = lake.run(&["rollback", "--yes"]);
        assert_eq!(lake.rows(), before);
        if killed > 1 {
            return;
        }
    }
    assert!(killed > 0, "no worker was met in its exchange");
}

/// Waits for a tripwire, then kills every process of the run; not, when it was over before.
fn kill_in_exchange(lake: &Lake) -> bool {
    let until = Instant::now() + Duration::from_secs(60);
    while Instant::now() < until {
        let listed = lake.hdfs.say(&format!("ls {}/sales.db/orders", lake.path));
        for partition in listed.split_whitespace().filter(|name| name.contains('=')) {
            let path = format!("{}/sales.db/orders/{}", lake.path, partition.trim_end_matches('/'));
            if lake.hdfs.say(&format!("ls {path}")).contains("!lakehand-exchange-") {
                return kill_all(lake);
            }
        }
        let jobs = lake.run(&["jobs", "--output", "json"]);
        if !jobs.stdout.contains("running") {
            return false;
        }
    }
    panic!("the run neither exchanges nor ends");
}

fn kill_all(lake: &Lake) -> bool {
    let home = lake.user.home().to_str().unwrap().to_owned();
    let mut killed = false;
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Ok(pid) = entry.file_name().to_str().unwrap().parse::<i32>() else { continue };
        let command = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let command = String::from_utf8_lossy(&command).into_owned();
        if command.starts_with("lakehand\0worker") && command.contains(&home) {
            let status =
                std::process::Command::new("kill").args(["-9", &pid.to_string()]).stderr(Stdio::null()).status();
            killed |= status.unwrap().success();
        }
    }
    std::thread::sleep(Duration::from_millis(200));
    killed
}
