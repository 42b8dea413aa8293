//! The engine against a real local store: every path, every death, foreign acts at every step (PROTOCOL §9).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test says by failing what it expected"
)]

mod acts;
mod bytes;
mod cleanup;
mod crash;
mod disk;
#[path = "../support/fault.rs"]
mod fault;
mod heartbeats;
mod journeys;
mod large;
mod limits;
mod power;
mod sequences;
mod servers;
mod simulation;
mod stopped;
mod two;
mod world;
