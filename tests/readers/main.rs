//! Other programs read what lakehand wrote: DuckDB, PyArrow and Polars, after it and while it works.
//!
//! Python and the three come from a virtual environment that the first test makes in the user's cache directory. Where
//! that cannot be made the tests fail; they never pass without having read anything.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test says what went wrong by ending"
)]

mod concurrent;
mod native;
mod program;
mod python;
mod readback;
