//! The statements by which readers see what a run exchanged, for a person to paste.

use std::collections::BTreeSet;

use super::Session;
use crate::model::TargetOutcome;

/// The statements for the targets that were exchanged, each once.
pub fn refresh_statements(session: &Session, outcomes: &[TargetOutcome]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let exchanged = outcomes.iter().filter(|outcome| {
        use crate::model::TargetState::{Replaced, RolledBack};
        matches!(outcome.state, Replaced | RolledBack)
    });
    let statements = exchanged.flat_map(|outcome| session.reader.catalog.refresh_statements(&outcome.id));
    statements.filter(|statement| seen.insert(statement.clone())).collect()
}
