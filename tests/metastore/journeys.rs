//! Tables that Spark writes into a metastore, compacted, taken back and cleaned up by the program, and read back by
//! Spark in three time zones: the same rows, the same statistics, the same description.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use crate::cluster::{Generation, Hdfs, Kind, Metastore, Security, Server, Settings, Spark, hdfs, metastore, spark};

const ZONES: [&str; 3] = ["UTC", "America/Los_Angeles", "Asia/Kolkata"];

/// A lake on the disk with a profile of its own.
pub struct Site {
    directory: tempfile::TempDir,
    /// Its URI without a scheme on the disk, with one on HDFS.
    pub lake: String,
    pub spark: &'static Spark,
    /// The session is shared, and so are its settings.
    _alone: MutexGuard<'static, ()>,
}

static SPARK: Mutex<()> = Mutex::new(());

impl Site {
    fn on(metastore: &'static Metastore, more: &str) -> Site {
        let directory = tempfile::tempdir().unwrap();
        let lake = directory.path().canonicalize().unwrap().join("lake");
        std::fs::create_dir(&lake).unwrap();
        Site::at(metastore, directory, lake.to_str().unwrap(), more)
    }

    /// With a lake on HDFS, where nothing has to be quiet first.
    pub fn on_hdfs(hdfs: &Hdfs, name: &str) -> Site {
        let lake = format!("{}{}", hdfs.uri(), hdfs.fresh(name));
        let more = format!("    hadoop_conf_dir: '{}'\npolicy: {{quiet_period: 0s}}\n", hdfs.conf_dir().display());
        let metastore = metastore(Generation::V3, Security::None, Some(hdfs));
        Site::at(metastore, tempfile::tempdir().unwrap(), &lake, &more)
    }

    fn at(metastore: &'static Metastore, directory: tempfile::TempDir, lake: &str, more: &str) -> Site {
        let alone = SPARK.lock().unwrap_or_else(PoisonError::into_inner);
        let site = Site { directory, lake: lake.to_owned(), spark: spark(metastore), _alone: alone };
        let text = format!(
            "profiles:\n  site:\n    lake: '{lake}'\n    catalog: {{kind: hive, uris: ['{}']}}\n{more}",
            metastore.uri()
        );
        std::fs::write(site.path("config.yaml"), text).unwrap();
        site
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().canonicalize().unwrap().join(name)
    }

    fn lake(&self) -> PathBuf {
        PathBuf::from(&self.lake)
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lakehand"));
        command.arg("--config").arg(self.path("config.yaml")).args(arguments);
        for (name, directory) in
            [("HOME", "home"), ("XDG_CONFIG_HOME", "c"), ("XDG_STATE_HOME", "s"), ("XDG_CACHE_HOME", "k")]
        {
            command.env(name, self.path(directory));
        }
        let output = command.env_remove("XDG_RUNTIME_DIR").output().unwrap();
        println!("$ lakehand {}\n{}", arguments.join(" "), String::from_utf8_lossy(&output.stdout));
        println!("{}", String::from_utf8_lossy(&output.stderr));
        output
    }

    pub fn done(&self, arguments: &[&str]) -> Value {
        let mut all = vec!["--output", "json"];
        all.extend(arguments);
        let output = self.run(&all);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Makes a database below the lake, and tables as files of some runs.
    fn make(&self, database: &str) {
        let scheme = if self.lake.starts_with('/') { "file:" } else { "" };
        let place = format!("{scheme}{}/{database}", self.lake);
        print!("{}", self.spark.python(&TABLES.replace("DATABASE", database).replace("PLACE", &place)));
        if scheme == "file:" {
            // Long before the quiet period.
            age(&self.lake().join(database));
        }
    }

    /// What a reader sees of a table.
    fn seen(&self, table: &str) -> Vec<String> {
        let mut seen = Vec::new();
        for zone in ZONES {
            self.spark.sql(&format!("set spark.sql.session.timeZone={zone}"));
            self.spark.sql(&format!("refresh table {table}"));
            let rows = self
                .spark
                .python(&format!("print(sorted(str(row) for row in spark.table('{table}').toJSON().collect()))"));
            assert!(rows.len() > 100, "{rows}");
            seen.push(rows);
        }
        self.spark.sql("set spark.sql.session.timeZone=UTC");
        seen
    }

    /// What the metastore describes; times of reading differ, and files on the disk are no part of it.
    fn described(&self, table: &str) -> String {
        self.spark.python(&format!(
            "print([tuple(r) for r in spark.sql('describe formatted {table}').collect() if r[0] != 'Last Access'])"
        ))
    }

    fn files(&self, below: &str) -> usize {
        visible(&self.lake().join(below))
    }
}

fn age(directory: &Path) {
    let touched =
        Command::new("find").arg(directory).args(["-exec", "touch", "-h", "-d", "2 days ago", "{}", "+"]).status();
    assert!(touched.unwrap().success());
}

/// Data files below a directory.
fn visible(directory: &Path) -> usize {
    let mut count = 0;
    for entry in std::fs::read_dir(directory).unwrap().flatten() {
        let name = entry.file_name().into_string().unwrap();
        if name.starts_with(['.', '_']) {
            continue;
        }
        count += if entry.path().is_dir() { visible(&entry.path()) } else { 1 };
    }
    count
}

/// Parquet of Spark with INT96, decimals, nested values and dates before 1582, in partitions with escaped values and
/// one of a location of its own; one of Hive's SerDe; one without partitions.
const TABLES: &str = r#"
spark.sql("create database DATABASE location 'PLACE'")
spark.sql("set spark.sql.parquet.outputTimestampType=INT96")
spark.sql("set spark.sql.parquet.datetimeRebaseModeInWrite=LEGACY")
spark.sql("set spark.sql.parquet.int96RebaseModeInWrite=LEGACY")
spark.sql("set hive.exec.dynamic.partition.mode=nonstrict")
columns = "id bigint, at timestamp, day date, price decimal(12,3), large decimal(30,5), name string, tags array<string>, place struct<x:double,y:double>, more map<string,int>"
rows = """select id, cast('1970-01-01 00:00:00' as timestamp) + make_interval(0,0,0,int(id*37),0,0,id) as at,
 case when id % 3 = 0 then date'1500-02-28' + int(id) else date'2026-01-01' + int(id) end as day,
 cast(id * 1.5 as decimal(12,3)) as price, cast(id * 12345678901234 as decimal(30,5)) as large,
 case when id % 7 = 0 then null else concat('näme ', id) end as name, array('a', cast(id as string)) as tags,
 named_struct('x', id / 3, 'y', cast(null as double)) as place, map('k', int(id)) as more from range({0}, {1}, 1, 4)"""
def rest(a, b): return rows.format(a, b)
spark.sql(f"create table DATABASE.wide ({columns}, city string, hour int) using parquet partitioned by (city, hour) location 'PLACE/wide'")
spark.sql(f"create external table DATABASE.hived ({columns}) partitioned by (dt string) stored as parquet location 'PLACE/hived'")
spark.sql(f"create table DATABASE.whole ({columns}) using parquet location 'PLACE/whole'")
spark.sql("set spark.sql.hive.convertMetastoreParquet=false")
for turn in range(3):
    low, high = turn * 40, turn * 40 + 40
    spark.sql(f"insert into DATABASE.wide select *, 'New/York: a b' as city, 7 as hour from ({rest(low, high)})")
    spark.sql(f"insert into DATABASE.wide select *, 'Zürich=x' as city, 8 as hour from ({rest(low, high)})")
    spark.sql(f"insert into DATABASE.hived partition(dt='2026-01-01') {rest(low, high)}")
    spark.sql(f"insert into DATABASE.whole {rest(low, high)}")
spark.sql("alter table DATABASE.hived add partition (dt='own') location 'PLACE/of its own'")
for turn in range(2):
    spark.sql(f"insert into DATABASE.hived partition(dt='own') {rest(turn * 9, turn * 9 + 9)}")
spark.sql("analyze table DATABASE.whole compute statistics for columns id, day, price, name")
spark.sql("analyze table DATABASE.wide partition(city, hour) compute statistics")
"#;

fn there_and_back(generation: Generation, database: &str) {
    let site = Site::on(metastore(generation, Security::None, None), "");
    site.make(database);
    let tables = ["wide", "hived", "whole"].map(|table| format!("{database}.{table}"));
    let before: Vec<_> = tables.iter().map(|table| (site.seen(table), site.described(table))).collect();
    let same = |when: &str| {
        for (table, (rows, described)) in tables.iter().zip(&before) {
            assert_eq!(&site.seen(table), rows, "{table} {when}");
            assert_eq!(&site.described(table), described, "{table} {when}");
        }
    };
    let analysis = site.done(&["analyze", "--database", database]);
    assert_eq!(analysis["tables"].as_array().unwrap().len(), 3);
    let files = site.files(database);
    let run = site.done(&["compact", "--database", database, "--yes"]);
    assert_eq!(run["state"], "done", "{run}");
    assert_eq!(run["targets"].as_array().unwrap().iter().filter(|one| one["state"] == "replaced").count(), 5, "{run}");
    assert!(site.files(database) < files / 2);
    same("after compaction");
    let back = site.done(&["rollback", "--yes"]);
    assert_eq!(back["state"], "done", "{back}");
    assert_eq!(site.files(database), files);
    same("after rollback");
    let again = site.done(&["compact", "--database", database, "--yes"]);
    assert_eq!(again["state"], "done", "{again}");
    let id = again["run"].as_str().unwrap().to_owned();
    let confirmed = confirmation(&tables);
    let cleaned = site.run(&["cleanup", &id, "--minimum-age", "0s", "--skip-trash", "--confirm", &confirmed]);
    assert!(cleaned.status.success());
    same("after cleanup");
}

/// What the question of a cleanup wants typed.
fn confirmation(tables: &[String]) -> String {
    format!("{} tables", tables.len())
}

#[test]
fn spark_s_tables_there_and_back_on_2_3() {
    there_and_back(Generation::V2, "journey_two");
}

#[test]
fn spark_s_tables_there_and_back_on_3_1() {
    there_and_back(Generation::V3, "journey_three");
}

#[test]
fn spark_s_tables_on_hdfs() {
    let site = Site::on_hdfs(hdfs(Kind::Plain), "metastore-journey");
    site.make("journey_hdfs");
    let tables = ["wide", "hived", "whole"].map(|table| format!("journey_hdfs.{table}"));
    let before: Vec<_> = tables.iter().map(|table| (site.seen(table), site.described(table))).collect();
    let same = |when: &str| {
        for (table, (rows, described)) in tables.iter().zip(&before) {
            assert_eq!(&site.seen(table), rows, "{table} {when}");
            assert_eq!(&site.described(table), described, "{table} {when}");
        }
    };
    let run = site.done(&["compact", "--database", "journey_hdfs", "--yes"]);
    assert_eq!(run["state"], "done", "{run}");
    assert_eq!(run["targets"].as_array().unwrap().iter().filter(|one| one["state"] == "replaced").count(), 5, "{run}");
    same("after compaction");
    let back = site.done(&["rollback", "--yes"]);
    assert_eq!(back["state"], "done", "{back}");
    same("after rollback");
    let doctor = site.done(&["doctor"]);
    let of = |name: &str| {
        let checks = doctor["checks"].as_array().unwrap();
        checks.iter().find(|check| check["name"].as_str().unwrap().starts_with(name)).unwrap()["text"].to_string()
    };
    assert!(of("namenode").contains("active"), "{doctor}");
    assert!(of("datanodes").contains("gave"), "{doctor}");
    assert!(of("metastore").contains("ms"), "{doctor}");
}

#[test]
fn each_namenode_is_asked_by_itself() {
    let hdfs = Hdfs::start(&Settings::of(Kind::Ha));
    let lake = format!("{}{}", hdfs.uri(), hdfs.fresh("doctor"));
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("config.yaml");
    let text = format!("profiles:\n  site: {{lake: '{lake}', hadoop_conf_dir: '{}'}}\n", hdfs.conf_dir().display());
    std::fs::write(&config, text).unwrap();
    let doctor = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lakehand"));
        command.arg("--config").arg(&config).args(["--output", "json", "doctor"]).env("HOME", directory.path());
        let output = command.env_remove("XDG_RUNTIME_DIR").output().unwrap();
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        let checks = document["checks"].as_array().unwrap().clone();
        let of_namenodes = checks.into_iter().filter(|check| check["name"].as_str().unwrap().starts_with("namenode"));
        let mut texts: Vec<String> =
            of_namenodes.map(|check| format!("{} {}", check["health"].as_str().unwrap(), check["text"])).collect();
        texts.sort();
        println!("{texts:#?}");
        texts
    };
    let texts = doctor();
    assert_eq!(texts.len(), 2);
    assert!(texts[0].contains("active") && texts[1].contains("standby"), "{texts:?}");
    hdfs.say("failover");
    let texts = doctor();
    assert!(texts[0].contains("active") && texts[1].contains("standby"), "{texts:?}");
    hdfs.say("killnn 0");
    let texts = doctor();
    assert!(texts[0].starts_with("failed") && texts[1].contains("active"), "{texts:?}");
    assert!(texts[0].contains("through another one"), "{texts:?}");
}

#[test]
fn an_update_is_seen_by_spark_and_changes_nothing_else() {
    let site = Site::on(metastore(Generation::V3, Security::None, None), "    metastore: {update: true}\n");
    site.make("journey_update");
    let before = site.seen("journey_update.whole");
    let run = site.done(&["compact", "--table", "journey_update.whole", "--yes"]);
    assert_eq!(run["state"], "done");
    assert_eq!(site.seen("journey_update.whole"), before);
    let bytes: u64 = std::fs::read_dir(site.lake().join("journey_update/whole"))
        .unwrap()
        .flatten()
        .filter(|entry| !entry.file_name().to_string_lossy().starts_with(['.', '_']))
        .map(|entry| entry.metadata().unwrap().len())
        .sum();
    let described = site.described("journey_update.whole");
    assert!(described.contains(&format!("{bytes} bytes, 120 rows")), "{bytes}: {described}");
}

#[test]
fn locks_and_refusals_stand_in_the_plan() {
    let site = Site::on(metastore(Generation::V3, Security::None, None), "");
    site.make("journey_plan");
    site.spark.sql(&format!(
        "create table journey_plan.bucketed (id int) using parquet clustered by (id) into 4 buckets location 'file:{}'",
        site.lake().join("journey_plan/bucketed").display()
    ));
    site.spark.sql("create view journey_plan.v as select * from journey_plan.whole");
    site.spark.sql("create table journey_plan.managed (id int) using parquet");
    crate::raw::Raw::to(metastore(Generation::V3, Security::None, None)).lock("journey_plan", "whole", 1);
    let plan = site.done(&["plan", "--database", "journey_plan"]);
    let skipped = plan["skipped"].to_string();
    for word in ["4 buckets", "a view", "not external"] {
        assert!(skipped.contains(word), "{word}: {skipped}");
    }
    assert!(plan["targets"].to_string().contains("bob on gw07 holds a lock"), "{plan}");
}

#[test]
fn doctor_says_how_each_metastore_is() {
    let own = Metastore::start(&Server::of(Generation::V4));
    let directory = tempfile::tempdir().unwrap();
    let lake = directory.path().canonicalize().unwrap();
    let text = format!(
        "profiles:\n  site:\n    lake: {}\n    catalog: {{kind: hive, uris: ['thrift://127.0.0.1:1', '{}']}}\n",
        lake.display(),
        own.uri()
    );
    std::fs::write(lake.join("config.yaml"), text).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_lakehand"))
        .arg("--config")
        .arg(lake.join("config.yaml"))
        .args(["--output", "json", "doctor"])
        .env("HOME", &lake)
        .env_remove("XDG_RUNTIME_DIR")
        .output()
        .unwrap();
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let checks = document["checks"].as_array().unwrap();
    let of =
        |name: &str| checks.iter().find(|check| check["name"] == name).unwrap_or_else(|| panic!("{name}: {document}"));
    assert_eq!(of("metastore 127.0.0.1:1")["health"], "failed");
    let alive = of(&format!("metastore 127.0.0.1:{}", own.port()));
    assert_eq!(alive["health"], "ok", "{alive}");
    assert!(alive["text"].as_str().unwrap().contains("4.0.1"), "{alive}");
    assert!(checks.iter().any(|check| check["name"] == "configuration"));
    assert!(checks.iter().any(|check| check["name"] == "clock"));
}
