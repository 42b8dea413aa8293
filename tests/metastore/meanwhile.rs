//! Spark reads and writes tables on HDFS while they are compacted and taken back (PROTOCOL §9, 4 and 5). Listings come in
//! pages of ten names, so that one of them spans an exchange.

use std::sync::{OnceLock, mpsc};

use crate::cluster::{Hdfs, Kind, Settings};
use crate::journeys::Site;

fn paged() -> &'static Hdfs {
    static PAGED: OnceLock<Hdfs> = OnceLock::new();
    PAGED.get_or_init(|| Hdfs::start(&Settings::of(Kind::Plain).set("dfs.ls.limit", "10")))
}

/// Makes tables in a database, `[(NAME, by whom, partitions, files in each)]`.
const MAKE: &str = r#"
spark.sql("create database if not exists DATABASE location 'LAKE/DATABASE'")
for name, kind, partitions, files in TABLES:
    keys = "partitioned by (dt string)" if partitions else ""
    how = f"{keys} stored as parquet" if kind == "hive" else f"using parquet {keys}"
    external = "external" if kind == "hive" else ""
    spark.sql(f"create {external} table DATABASE.{name} (id bigint, item string) {how} location 'LAKE/DATABASE/{name}'")
    for dt in range(1, partitions + 1) or [""]:
        partition = f"partition(dt='{dt}')" if partitions else ""
        rows = f"select /*+ REPARTITION({files}) */ id, concat('item ', id) from range(1000)"
        spark.sql(f"insert into DATABASE.{name} {partition} {rows}")
"#;

fn make(site: &Site, database: &str, tables: &str) {
    let text = MAKE.replace("DATABASE", database).replace("LAKE", &site.lake).replace("TABLES", tables);
    site.spark.python(&text);
}

/// What readers ask, all the time; each has 2,000 rows.
const QUESTIONS: [&str; 7] = [
    "spark.sql('refresh table read.parted') and spark.table('read.parted').count()",
    "spark.sql('refresh table read.hived') and spark.table('read.hived').count()",
    "spark.read.parquet('LAKE/read/parted').count()",
    "spark.read.parquet('LAKE/read/parted/*').count()",
    "spark.read.parquet('LAKE/read/parted/*/*').count()",
    "spark.read.parquet('LAKE/read/par*/dt=*/*').count()",
    "spark.read.parquet('LAKE/*/hived/*/*').count()",
];

/// Spark matches such a glob first and lists what it matched afterwards; of that it leaves out, with a line in its log, what
/// is gone by then (`HadoopFSUtils.listLeafFiles`). So it may count less when an exchange falls between the two.
fn matches_files(question: &str) -> bool {
    question.contains("*/*')")
}

#[test]
fn spark_counts_right_or_its_query_fails() {
    let site = Site::on_hdfs(paged(), "readers");
    make(&site, "read", "[('parted', 'spark', 2, 25), ('hived', 'hive', 2, 25)]");
    let answers = std::thread::scope(|scope| {
        let (tell, told) = mpsc::channel();
        let (site, spark) = (&site, site.spark);
        scope.spawn(move || {
            for question in QUESTIONS.iter().cycle() {
                let answer = spark.try_python(&format!("print({})", question.replace("LAKE", &site.lake)));
                if tell.send((*question, answer)).is_err() {
                    break;
                }
            }
        });
        let mut answers: Vec<(&str, Result<String, String>)> = Vec::new();
        for act in [["compact", "--database", "read", "--yes"].as_slice(), &["rollback", "--yes"]].repeat(4) {
            let done = site.done(act);
            assert_eq!(done["state"], "done", "{done}");
            answers.extend(told.try_iter());
            // The reader has its turn: the next act begins once a question was answered.
            while let Ok(answer) = told.recv() {
                answers.push(answer);
                if answers.last().is_some_and(|(_, answer)| answer.is_ok()) {
                    break;
                }
            }
        }
        answers
    });
    let (mut failed, mut short) = (0, 0);
    for (question, answer) in &answers {
        match answer {
            Ok(count) if matches_files(question) => {
                let count: u64 = count.trim().parse().unwrap();
                assert!(count <= 2_000, "{question}: {count}");
                short += u64::from(count < 2_000);
            }
            Ok(count) => assert_eq!(count.trim(), "2000", "{question}"),
            // The tripwire, or a file that was listed before the exchange and opened after it.
            Err(error) => {
                let told = error.contains("lakehand-exchange") || error.contains("does not exist");
                assert!(told, "{question}: {error}");
                failed += 1;
            }
        }
    }
    println!("{} answers, {failed} failed, {short} globs of files counted less", answers.len());
    assert!(answers.len() - failed > QUESTIONS.len(), "the reader was met by the tripwire only");
}

/// When the writer acts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    /// The worker has begun.
    Begun,
    /// The tripwire stands; above 300 files it does so for some seconds.
    Exchange,
}

/// A table, how it is made, and what Spark does to it while it is compacted.
struct Writer {
    table: &'static str,
    by: &'static str,
    partitions: usize,
    when: When,
    does: &'static [&'static str],
}

const fn writer(
    table: &'static str,
    by: &'static str,
    partitions: usize,
    when: When,
    does: &'static [&'static str],
) -> Writer {
    Writer { table, by, partitions, when, does }
}

const DYNAMIC: &[&str] = &[
    "set spark.sql.sources.partitionOverwriteMode=dynamic",
    "insert overwrite T select id, 'new', '1' from range(300)",
    "set spark.sql.sources.partitionOverwriteMode=static",
];
const STATIC: &[&str] = &["insert overwrite T partition(dt='1') select id, 'new' from range(300)"];
const APPEND: &[&str] =
    &["insert into T partition(dt='1') select /*+ REPARTITION(2) */ id, 'late' from range(5000, 5100)"];
const ALTER: &[&str] = &[
    "alter table T set tblproperties('owner.team'='shop')",
    "msck repair table T sync partitions",
    "alter table T drop partition(dt='1')",
    "alter table T add partition(dt='1')",
];

const WRITERS: [Writer; 10] = [
    writer("append", "spark", 2, When::Begun, APPEND),
    writer("dynamic_overwrite", "spark", 2, When::Begun, DYNAMIC),
    writer("whole_append", "spark", 0, When::Begun, &["insert into T select id, 'late' from range(5000, 5100)"]),
    writer("whole_overwrite", "spark", 0, When::Begun, &["insert overwrite T select id, 'new' from range(300)"]),
    writer("hive_overwrite", "hive", 2, When::Begun, STATIC),
    writer("hive_alter", "hive", 2, When::Begun, ALTER),
    writer("append_within", "spark", 1, When::Exchange, APPEND),
    writer("overwrite_within", "spark", 1, When::Exchange, STATIC),
    writer("hive_append_within", "hive", 1, When::Exchange, APPEND),
    writer("hive_overwrite_within", "hive", 1, When::Exchange, STATIC),
];

/// Each table has a twin to which the same is done, and which nobody compacts: at the end both have the same rows.
#[test]
fn what_spark_writes_meanwhile_is_as_if_nothing_was_compacted() {
    let hdfs = paged();
    let site = Site::on_hdfs(hdfs, "writers");
    for database in ["busy", "calm"] {
        let table = |writer: &Writer| {
            let files = match (database, writer.when) {
                ("calm", _) => 1,
                (_, When::Begun) => 15,
                (_, When::Exchange) => 310,
            };
            format!("('{}', '{}', {}, {files})", writer.table, writer.by, writer.partitions)
        };
        let tables: Vec<String> = WRITERS.iter().map(table).collect();
        make(&site, database, &format!("[{}]", tables.join(", ")));
    }
    for Writer { table, when, does, .. } in &WRITERS {
        let write = |database: &str| {
            for statement in *does {
                site.spark.sql(&statement.replace(" T", &format!(" {database}.{table}")));
            }
        };
        let name = format!("busy.{table}");
        let run = site.done(&["compact", "--table", &name, "--yes", "--detach"])["run"].as_str().unwrap().to_owned();
        if *when == When::Exchange {
            let (_, place) = site.lake.strip_prefix("hdfs://").unwrap().split_once('/').unwrap();
            let names = || hdfs.say(&format!("ls /{place}/busy/{table}/dt=1"));
            while !names().contains("!lakehand-exchange-") {
                let jobs = site.done(&["jobs"]);
                assert!(jobs.to_string().contains(&run), "{table}: the run ended before its exchange was seen: {jobs}");
            }
        }
        write("busy");
        let ended = site.run(&["attach", &run]);
        assert_ne!(ended.status.code(), Some(5), "{table}");
        write("calm");
        // Some overwrites are for a person to decide; the writer's files are then what is live.
        if site.run(&["recover", "--yes"]).status.code() == Some(6) {
            site.run(&["recover", "--decide", "keep", "--yes"]);
        }
        assert!(site.run(&["recover", "--yes"]).status.success(), "{table}");
        let rows = |database: &str| {
            site.spark.sql(&format!("refresh table {database}.{table}"));
            site.spark.sql(&format!("select count(*), sum(id), sum(hash(item)) from {database}.{table}"))
        };
        assert_eq!(rows("busy"), rows("calm"), "{table}: {}", String::from_utf8_lossy(&ended.stdout));
    }
}
