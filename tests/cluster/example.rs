//! Keeps a test cluster running for a person: `cargo run --example cluster -- [plain|ha|kerberos] [2|3|4] [--no-tables]`.
//!
//! Starts HDFS and a metastore (3.1 unless told otherwise), lets Spark write a table of many small files, prints how to
//! point lakehand at them, then passes each line of its standard input to HDFS (tests/cluster/README.md has the
//! commands). Everything ends with it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a tool of the tests"
)]

#[path = "mod.rs"]
mod cluster;

use cluster::{Generation, Hdfs, Kind, Metastore, Qop, Security, hdfs, metastore, spark};

fn main() {
    let (mut kind, mut generation, mut tables) = (Kind::Plain, Generation::V3, true);
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "plain" => kind = Kind::Plain,
            "ha" => kind = Kind::Ha,
            "kerberos" => kind = Kind::Kerberos,
            "2" => generation = Generation::V2,
            "3" => generation = Generation::V3,
            "4" => generation = Generation::V4,
            "--no-tables" => tables = false,
            other => panic!("{other} is none of plain, ha, kerberos, 2, 3, 4, --no-tables"),
        }
    }
    let security = match kind {
        Kind::Kerberos => Security::Kerberos(Qop::Authentication),
        Kind::Plain | Kind::Ha => Security::None,
    };
    println!("starting {kind:?} HDFS and a metastore {generation:?} …");
    let hdfs = hdfs(kind);
    let metastore = metastore(generation, security, Some(hdfs));
    // Spark's own client is too old for a metastore of 4.0.
    if tables && generation != Generation::V4 {
        println!("Spark writes shop.orders: 3 days of 40 small files …");
        write_tables(metastore);
    }
    explain(hdfs, metastore);
    for line in std::io::stdin().lines().map_while(Result::ok).filter(|line| !line.trim().is_empty()) {
        match hdfs.try_say(&line) {
            Ok(answer) => println!("OK {answer}"),
            Err(error) => println!("ERR {error}"),
        }
    }
}

fn write_tables(metastore: &Metastore) {
    let spark = spark(metastore);
    spark.sql(&format!("create database shop location '{}/shop.db'", metastore.warehouse()));
    // With a location of its own it is external: managed tables are refused.
    let place = format!("{}/shop.db/orders", metastore.warehouse());
    spark.sql(&format!(
        "create table shop.orders (id bigint, item string) partitioned by (day string) stored as parquet location '{place}'"
    ));
    for day in ["2026-01-01", "2026-01-02", "2026-01-03"] {
        let rows = "select /*+ REPARTITION(40) */ id, concat('item ', id) from range(20000)";
        spark.sql(&format!("insert into shop.orders partition(day='{day}') {rows}"));
    }
}

/// A configuration that opens the metastore's tables; hive-site.xml says where it is.
fn profile(hdfs: &Hdfs, metastore: &Metastore) -> std::path::PathBuf {
    let file = metastore.conf_dir().join("lakehand.yaml");
    let text = format!(
        "profiles:\n  play:\n    lake: {}/warehouse\n    catalog: {{kind: hive}}\n    webhdfs: {{ask: true}}\n",
        hdfs.uri()
    );
    std::fs::write(&file, text).unwrap();
    file
}

fn explain(hdfs: &Hdfs, metastore: &Metastore) {
    println!("\nHDFS      {}   web http://{}   JVM {}", hdfs.uri(), hdfs.web(0), hdfs.pid());
    println!("metastore {}   warehouse {}   JVM {}", metastore.uri(), metastore.warehouse(), metastore.pid());
    println!("\nIn another terminal:\n");
    for (name, value) in metastore.environment() {
        println!("  export {name}={value}");
    }
    println!("  lakehand --lake {}/warehouse                      # its directories", hdfs.uri());
    println!("  lakehand --config {}         # its metastore", profile(hdfs, metastore).display());
    println!("\nWhat was just written is HOT for half an hour: add --quiet-period 0s to plan and compact.");
    println!(
        "\nHere: commands of tests/cluster/README.md (failover, killdn 1, freeze …), an end of file to stop everything.\n"
    );
}
