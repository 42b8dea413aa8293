//! Real servers for the tests: HDFS, Hive Metastores of three generations, a KDC, Spark. README.md has the whole picture.
//!
//! Invariants: everything listens on loopback, on free ports; a server ends when the test process does, however that
//! ends (its standard input is a pipe of ours); nothing is skipped: what cannot be fetched or started fails the test
//! with the end of its log.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "each test binary uses a part of it, and a test says what went wrong by ending"
)]

mod fetch;
mod hdfs;
mod kdc;
mod metastore;
mod server;
mod spark;

#[allow(unused_imports, reason = "each test binary uses a part of it")]
pub use self::{
    hdfs::{Hdfs, Kind, Settings, hdfs},
    kdc::{Kdc, kdc},
    metastore::{Generation, Metastore, Qop, Security, Server, metastore},
    server::{again, root_of},
    spark::{Spark, spark},
};
