//! The Hive catalog against real metastores of three generations, and against servers that fail as no real one can be
//! told to.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test says by failing what it expected"
)]

#[path = "../cluster/mod.rs"]
mod cluster;
mod contract;
mod faults;
mod journeys;
mod kerberos;
mod lake;
mod large;
mod locations;
mod meanwhile;
mod note;
mod raw;
mod refusals;
#[path = "../support/terminal.rs"]
mod terminal;
mod transports;
