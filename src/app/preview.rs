//! What an act on a run would do: targets as they are checked, and the question on the same screen.

use chrono::{DateTime, Utc};

use super::effect::{Terms, Within};
use super::message::Failure;
use super::question::Question;
use crate::ledger::verdict::{TargetVerdict, Verdict};
use crate::model::{RunId, RunKind, TableName, TargetId};

/// A preview.
#[derive(Clone, Debug)]
pub struct Preview {
    /// The act.
    pub kind: RunKind,
    /// The run.
    pub of: RunId,
    /// Which of its targets.
    pub within: Within,
    /// The scopes that `t` goes through, from the narrowest.
    pub scopes: Vec<Within>,
    /// How a clean-up deletes.
    pub terms: Terms,
    /// Targets that were checked.
    pub targets: Vec<TargetVerdict>,
    /// In all.
    pub total: Option<u64>,
    /// Since when.
    pub since: DateTime<Utc>,
    /// How long it took.
    pub elapsed_ms: Option<u64>,
    /// Where deleted files go.
    pub disposal: Option<String>,
    /// It could not be checked.
    pub failure: Option<Failure>,
    /// The question, once every target was checked and one may be done.
    pub question: Option<Question>,
}

impl Preview {
    /// One that begins.
    pub fn new(kind: RunKind, of: RunId, scopes: Vec<Within>, terms: Terms, now: DateTime<Utc>) -> Preview {
        Preview {
            kind,
            of,
            within: scopes.first().cloned().unwrap_or(Within::Run),
            scopes,
            terms,
            targets: Vec::new(),
            total: None,
            since: now,
            elapsed_ms: None,
            disposal: None,
            failure: None,
            question: None,
        }
    }

    /// Begins anew.
    pub fn restart(&mut self, within: Within, now: DateTime<Utc>) {
        *self = Preview { within, ..Preview::new(self.kind, self.of.clone(), self.scopes.clone(), self.terms, now) };
    }

    /// The scope after this one.
    pub fn wider(&self) -> Option<Within> {
        let at = self.scopes.iter().position(|scope| *scope == self.within)?;
        self.scopes.get((at + 1) % self.scopes.len()).filter(|scope| **scope != self.within).cloned()
    }

    /// The targets that would be done.
    pub fn ready(&self) -> impl Iterator<Item = &TargetVerdict> {
        self.targets.iter().filter(|target| matches!(target.verdict, Verdict::Ready(_)))
    }

    /// The targets that would not, and those that a person must decide.
    pub fn not_ready(&self) -> impl Iterator<Item = &TargetVerdict> {
        self.targets.iter().filter(|target| !matches!(target.verdict, Verdict::Ready(_)))
    }

    /// The ids of those that would be done.
    pub fn ready_ids(&self) -> Vec<TargetId> {
        self.ready().map(|target| target.id.clone()).collect()
    }

    /// The tables of those that would be done.
    pub fn tables(&self) -> Vec<TableName> {
        let mut tables: Vec<TableName> = self.ready().map(|target| target.id.table_name()).collect();
        tables.sort();
        tables.dedup();
        tables
    }

    /// Sums over those that would be done: live files, kept files and bytes, newer files and bytes.
    pub fn sums(&self) -> [u64; 5] {
        self.ready().fold([0; 5], |sums, target| {
            let of =
                [target.live_files, target.kept_files, target.kept_bytes.0, target.newer_files, target.newer_bytes.0];
            std::array::from_fn(|at| sums[at] + of[at])
        })
    }
}
