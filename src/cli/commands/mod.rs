//! One file a command.

pub mod analyze;
pub mod attach;
pub mod cleanup;
pub mod compact;
pub mod completions;
pub mod config;
mod console;
pub mod demo;
pub mod doctor;
pub mod explain;
pub mod history;
pub mod jobs;
pub mod man;
pub mod plan;
pub mod recover;
pub mod restore;
pub mod rollback;
pub mod steer;
pub mod worker;

use super::arguments::Command;
use super::session::Session;
use crate::error::{Exit, Result};

/// Carries out a command; without one the console opens.
pub fn carry_out(command: Option<Command>, session: &Session) -> Result<Exit> {
    match command {
        None => console::open(session),
        Some(Command::Demo(command)) => command.carry_out(session),
        Some(Command::Analyze(command)) => command.carry_out(session),
        Some(Command::Plan(command)) => command.carry_out(session),
        Some(Command::Compact(command)) => command.carry_out(session),
        Some(Command::Jobs(command)) => command.carry_out(session),
        Some(Command::Attach(command)) => command.carry_out(session),
        Some(Command::Pause(command)) => command.carry_out(session),
        Some(Command::Resume(command)) => command.carry_out(session),
        Some(Command::Cancel(command)) => command.carry_out(session),
        Some(Command::Limit(command)) => command.carry_out(session),
        Some(Command::Until(command)) => command.carry_out(session),
        Some(Command::History(command)) => command.carry_out(session),
        Some(Command::Rollback(command)) => command.carry_out(session),
        Some(Command::Cleanup(command)) => command.carry_out(session),
        Some(Command::Recover(command)) => command.carry_out(session),
        Some(Command::Restore(command)) => command.carry_out(session),
        Some(Command::Doctor(command)) => command.carry_out(session),
        Some(Command::Explain(command)) => command.carry_out(session),
        Some(Command::Config(command)) => command.carry_out(session),
        Some(Command::Completions(command)) => command.carry_out(session),
        Some(Command::Man(command)) => command.carry_out(session),
        Some(Command::Worker(command)) => Ok(command.carry_out()),
    }
}
