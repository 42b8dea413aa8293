//! HDFS itself: the store's contract, what goes wrong there, and whole journeys by the real program. The servers are
//! real (tests/cluster).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test says by failing what it expected"
)]

mod bench;
#[path = "../cluster/mod.rs"]
mod cluster;
mod console;
mod failures;
mod fidelity;
mod journeys;
mod runs;
mod store;
#[path = "../support/terminal.rs"]
mod terminal;
mod web;
