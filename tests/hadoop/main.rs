//! Real Hadoop: HDFS, Hive Metastores, Kerberos and Spark, started by tests/cluster.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test says what went wrong by ending"
)]

#[path = "../cluster/mod.rs"]
mod cluster;
mod cluster_smoke;
mod faults;
mod lake;
mod secured;
