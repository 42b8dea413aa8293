//! `doctor`: what a run needs, checked one by one.

use clap::Args;
use serde::Serialize;

use crate::action;
use crate::cli::output::Output;
use crate::cli::session::Session;
use crate::cli::table::Table;
use crate::error::{Exit, Result};
use crate::model::{Check, Health};

/// Check what a run needs: configuration, ticket, servers, file system, room, rights, leftovers, worker, clock.
/// Changes nothing.
#[derive(Debug, Args)]
#[command(after_help = "Exit: 0 nothing failed  1 a check failed  2 usage or configuration")]
pub struct Doctor {}

#[derive(Debug, Serialize)]
struct Document {
    format: &'static str,
    checks: Vec<Check>,
}

impl Doctor {
    /// Checks and prints.
    pub fn carry_out(self, session: &Session) -> Result<Exit> {
        let patient = session.patient(session.settings(&[])?)?;
        let checks = session.block_on(action::doctor(&patient, &|_| ()))?;
        let failed = checks.iter().any(|check| check.health == Health::Failed);
        let document = Document { format: "lakehand.doctor/1", checks };
        session.output.either(&document, || text(&session.output, &document.checks))?;
        Ok(if failed { Exit::Failed } else { Exit::Done })
    }
}

/// The checks, a line each.
pub fn text(output: &Output, checks: &[Check]) -> String {
    let mut table = Table::new(&["check", "state", "", "next"]);
    for check in checks {
        table.row([&check.name, check.health.word(), &check.text, check.next.as_deref().unwrap_or("")]);
    }
    output.table(&table)
}
