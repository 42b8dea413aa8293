//! The program as it is used: commands, workers, terminals of its own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test says what went wrong by ending"
)]

mod action;
mod command;
mod commands;
mod damage;
mod docs;
mod lake;
mod plain;
mod pty;
mod pty_commands;
mod pty_deaths;
mod pty_guard;
mod pty_runs;
mod pty_terminals;
#[path = "../support/tables.rs"]
mod tables;
#[path = "../support/terminal.rs"]
mod terminal;
mod tutorial;
mod worker;
mod worker_acts;
mod worker_bench;
mod worker_deaths;
mod worker_limits;
