//! The console without a terminal: every screen as text and styles, journeys of keys, and what must hold for any keys.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test binary"
)]

mod budgets;
mod claims;
mod console;
mod fakes;
mod journeys;
mod keys;
mod lake;
mod large;
mod matrix;
mod monkey;
mod picture;
mod runs;
mod screens;
mod svg;
mod words;
