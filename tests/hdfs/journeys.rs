//! Whole journeys by the real program: analyze, plan, compact, a file that comes late, rollback, compact again, cleanup;
//! and the death of a worker in its exchange. The rows are compared after each step.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use lakehand::demo::{self, DemoOptions};
use lakehand::model::StorePath;
use lakehand::store::{HdfsStore, Read, Write};

use crate::bench::{Done, User, download, rows, rows_below, settings, settings_here, upload, upload_file};
use crate::cluster::{self, Hdfs, Kind, hdfs};

const TABLE: [&str; 2] = ["--table", "sales.orders"];

/// A demo lake on HDFS.
struct Lake {
    /// The server's process; the child of a test cannot speak to it.
    hdfs: Option<&'static Hdfs>,
    store: HdfsStore,
    user: User,
    path: StorePath,
    local: tempfile::TempDir,
}

impl Lake {
    async fn new(hdfs: &'static Hdfs, files: u64) -> Lake {
        let store = HdfsStore::connect(&settings(hdfs)).await.unwrap();
        let path = StorePath::new(hdfs.fresh("lake")).unwrap();
        Lake::filled(Some(hdfs), store, User::of(hdfs), path, files).await
    }

    /// In the directory of the user that this process is.
    async fn here(files: u64) -> Lake {
        let store = HdfsStore::connect(&settings_here()).await.unwrap();
        let path = store.home().await.unwrap().join("lake");
        store.make_dir(&path, &crate::bench::directory()).await.unwrap();
        Lake::filled(None, store, User::here(), path, files).await
    }

    async fn filled(hdfs: Option<&'static Hdfs>, store: HdfsStore, user: User, path: StorePath, files: u64) -> Lake {
        let local = tempfile::tempdir().unwrap();
        make(&local.path().join("lake"), files);
        upload(&store, &local.path().join("lake"), &path).await;
        Lake { hdfs, store, user, path, local }
    }

    fn server(&self) -> &'static Hdfs {
        self.hdfs.expect("this test cannot speak to the server's process")
    }

    fn uri(&self) -> String {
        self.store.uri(&self.path)
    }

    fn run(&self, arguments: &[&str]) -> Done {
        let uri = self.uri();
        self.user.run(&[arguments, &["--lake", &uri]].concat())
    }

    /// The program two hours later, by a clock that only it sees.
    fn run_later(&self, arguments: &[&str]) -> Done {
        let uri = self.uri();
        let now = self.user.command(&[arguments, &["--lake", &uri]].concat());
        let mut later = Command::new("faketime");
        later.args(["-f", "+2h"]).arg(now.get_program()).args(now.get_args()).env_clear();
        later.envs(now.get_envs().filter_map(|(name, value)| Some((name, value?))));
        later.current_dir(self.user.home()).stdin(Stdio::null());
        Done::of(&later.output().unwrap())
    }

    async fn rows(&self) -> BTreeMap<PathBuf, (u64, u64)> {
        match self.hdfs {
            Some(hdfs) => rows(hdfs, self.path.as_str()).unwrap(),
            None => {
                let copy = tempfile::tempdir().unwrap();
                download(&self.store, &self.path, copy.path()).await;
                rows_below(copy.path()).unwrap()
            }
        }
    }

    /// The data files of a table.
    fn files(&self, table: &str) -> u64 {
        let done = self.run(&["analyze", "--output", "json", "--table", table]);
        done.exits(0);
        done.json()["tables"][0]["files"].as_u64().unwrap()
    }

    /// Compacts the table; the run's id.
    fn compact(&self) -> String {
        let done = self.run(&[&["compact", "--yes", "--output", "json"], &TABLE[..]].concat());
        done.exits(0);
        assert!(done.json()["targets"].as_array().unwrap().iter().all(|target| target["verified"] == "values"));
        done.json()["run"].as_str().unwrap().to_owned()
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

async fn journey(lake: &Lake) {
    let before = lake.rows().await;
    let files = lake.files("sales.orders");
    lake.run(&["doctor"]).exits(0).says("answers");
    lake.run(&["analyze"]).exits(0).says("sales.orders");
    lake.run(&[&["plan"], &TABLE[..]].concat()).exits(0);
    lake.run(&[&["compact", "--dry-run"], &TABLE[..]].concat()).exits(0);
    assert_eq!(lake.files("sales.orders"), files, "a dry run writes nothing");

    let run = lake.compact();
    assert!(lake.files("sales.orders") < files);
    assert_eq!(lake.rows().await, before, "the same rows after the compaction");
    lake.run(&["history"]).exits(0).says(&run[5..]);

    // A file that comes late stays through everything.
    let late = late_file(lake).await;
    let with_late = lake.rows().await;
    assert!(total(&with_late) > total(&before));

    lake.run(&["rollback", &run, "--yes"]).exits(0);
    assert_eq!(lake.rows().await, with_late, "the same rows after the rollback");
    assert!(lake.store.stat(&late).await.unwrap().is_some());

    let second = lake.compact();
    assert_eq!(lake.rows().await, with_late);
    lake.run(&["recover", "--yes"]).exits(0);
    // Nothing is deleted that is younger than any writer may be.
    let cleanup = ["cleanup", &second, "--minimum-age", "0s", "--skip-trash", "--confirm", "sales.orders"];
    lake.run(&cleanup).exits(3).says("not_cleanable");
    assert_eq!(lake.rows().await, with_late);
    // A wrong clock is no reason with Kerberos: the servers would not let it in.
    let Some(hdfs) = lake.hdfs else { return };
    let kept = names(hdfs, lake);
    lake.run_later(&cleanup).exits(0);
    assert!(names(hdfs, lake) < kept, "the backup is gone");
    assert_eq!(lake.rows().await, with_late, "the same rows after the cleanup");
    lake.run(&["rollback", &second, "--yes"]).exits(3).says("took it back or cleaned it up");
}

/// Files and directories of the lake, hidden ones too.
fn names(hdfs: &Hdfs, lake: &Lake) -> u64 {
    let sum = hdfs.say(&format!("sum {}", lake.path));
    sum.split_whitespace().find_map(|word| word.strip_prefix("names=")?.parse().ok()).unwrap()
}

/// Copies a file of a partition of the table under a new name.
async fn late_file(lake: &Lake) -> StorePath {
    let table = lake.local.path().join("lake/sales.db/orders");
    let partition = std::fs::read_dir(&table)
        .unwrap()
        .flatten()
        .find(|entry| entry.file_name().to_str().unwrap().contains('=') && entry.path().is_dir());
    let file = first_file(&partition.unwrap().path());
    let below = file.parent().unwrap().strip_prefix(lake.local.path().join("lake")).unwrap().to_owned();
    let late = lake.path.join_all(below.to_str().unwrap()).join("late-00000.parquet");
    upload_file(&lake.store, &file, &late).await;
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
    journey(&Lake::new(hdfs(Kind::Plain), 300).await).await;
}

#[tokio::test]
async fn a_journey_on_two_namenodes() {
    journey(&Lake::new(hdfs(Kind::Ha), 300).await).await;
}

/// The client of this process is of alice only in a child; the program always is.
#[test]
fn a_journey_with_kerberos() {
    let environment = || hdfs(Kind::Kerberos).environment();
    cluster::again("journeys::a_journey_with_kerberos", environment, || {
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let lake = Lake::here(200).await;
            lake.run(&["doctor"]).exits(0).says("answers alice");
            journey(&lake).await;
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
        property("fs.viewfs.mounttable.cluster.link./data", &format!("{}{}", lake.server().uri(), lake.path)),
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
    let before = lake.rows().await;
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
        assert_eq!(lake.rows().await, before, "the same rows after the recovery");
        lake.run(&["recover", "--yes"]).exits(0);
        let _ = lake.run(&["rollback", "--yes"]);
        assert_eq!(lake.rows().await, before);
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
        let listed = lake.server().say(&format!("ls {}/sales.db/orders", lake.path));
        for partition in listed.split_whitespace().filter(|name| name.contains('=')) {
            let path = format!("{}/sales.db/orders/{}", lake.path, partition.trim_end_matches('/'));
            if lake.server().say(&format!("ls {path}")).contains("!lakehand-exchange-") {
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
            let status = Command::new("kill").args(["-9", &pid.to_string()]).stderr(Stdio::null()).status();
            killed |= status.unwrap().success();
        }
    }
    std::thread::sleep(Duration::from_millis(200));
    killed
}
