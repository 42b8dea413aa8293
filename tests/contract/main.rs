//! What every store and catalog must do, against those that there are (DESIGN §8.4).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test says by failing what it expected"
)]

mod bench;
mod catalog_hostile;
mod catalog_partitions;
mod catalog_tables;
#[path = "../support/fault.rs"]
mod fault;
mod faults;
mod lakes;
mod local_disk;
mod scan;
mod store_attributes;
mod store_changes;
mod store_holds;
mod store_reading;
