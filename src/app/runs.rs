//! The runs of the lake: lines of History, what is known of single runs, and the ones that work now.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::message::Failure;
use crate::model::{
    ExchangedSizes, LogLine, RunId, RunKind, RunSnapshot, RunState, RunSummary, TableName, TargetId, TargetOutcome,
};

/// What was read of one run.
#[derive(Clone, Debug, Default)]
pub struct Shown {
    /// Its targets.
    pub outcomes: Vec<TargetOutcome>,
    /// Its log.
    pub log: Vec<LogLine>,
    /// The statements by which readers refresh what they cached.
    pub refresh: Vec<String>,
    /// The sizes of the files that it exchanged.
    pub sizes: Option<Box<ExchangedSizes>>,
}

/// All of them.
#[derive(Clone, Debug, Default)]
pub struct Runs {
    /// Those that need a person first, then the newest first.
    all: Vec<RunSummary>,
    /// Whether they were read once.
    pub loaded: bool,
    /// Whether the whole index was read.
    pub complete: bool,
    /// Why not.
    pub failure: Option<Failure>,
    /// Runs that are watched, or were until their end.
    pub watched: HashMap<RunId, RunSnapshot>,
    /// Connections that ended before the run.
    pub lost: HashMap<RunId, Failure>,
    /// What was read of single runs.
    pub shown: HashMap<RunId, Shown>,
    /// Targets marked for rolling back, of one run.
    pub marked: Vec<TargetId>,
    /// The run that they are of.
    pub marked_of: Option<RunId>,
}

impl Runs {
    /// Takes the list.
    pub fn set(&mut self, mut runs: Vec<RunSummary>, complete: bool) {
        runs.sort_by(|a, b| {
            let needs = |run: &RunSummary| run.state != RunState::NeedsDecision;
            needs(a).cmp(&needs(b)).then(b.started.cmp(&a.started)).then(b.run.cmp(&a.run))
        });
        self.all = runs;
        self.loaded = true;
        self.complete = complete;
        self.failure = None;
    }

    /// The lines of History.
    pub fn all(&self) -> &[RunSummary] {
        &self.all
    }

    /// One line.
    pub fn get(&self, run: &RunId) -> Option<&RunSummary> {
        self.all.iter().find(|summary| summary.run == *run)
    }

    /// Those that need a person.
    pub fn attention(&self) -> impl Iterator<Item = &RunSummary> {
        self.all.iter().filter(|summary| self.state(summary) == RunState::NeedsDecision)
    }

    /// The runs that work now: places in `all`.
    pub fn live(&self) -> impl Iterator<Item = &RunSummary> {
        self.all.iter().filter(|summary| matches!(self.state(summary), RunState::Running | RunState::Paused))
    }

    /// The state, by the newest that is known.
    pub fn state(&self, summary: &RunSummary) -> RunState {
        self.watched.get(&summary.run).map_or(summary.state, |snapshot| snapshot.state)
    }

    /// The latest run that holds something of a table and can be rolled back, else the latest that touched it.
    pub fn latest_on(&self, table: &TableName) -> Option<&RunSummary> {
        let name = table.to_string();
        let mut touching: Vec<&RunSummary> = self
            .all
            .iter()
            .filter(|summary| summary.tables.contains(&name) && summary.kind != RunKind::Cleanup)
            .collect();
        touching.sort_by(|a, b| b.started.cmp(&a.started).then(b.run.cmp(&a.run)));
        let ready = touching.iter().find(|summary| summary.can.contains(&RunKind::Rollback));
        ready.or(touching.first()).copied()
    }

    /// The word in the column `result`: the state, or what became of it since.
    pub fn result(&self, summary: &RunSummary) -> String {
        let state = self.state(summary);
        match state {
            RunState::Running => match self.watched.get(&summary.run) {
                Some(snapshot) => format!("LIVE {}", percent(snapshot.rates.share)),
                None => "LIVE".to_owned(),
            },
            RunState::Done | RunState::InPart if summary.backup_files == 0 => match self.by(summary) {
                Some((RunKind::Cleanup, _)) => "CLEANED".to_owned(),
                Some((RunKind::Rollback, _)) => "ROLLED BACK".to_owned(),
                _ => state.word().to_owned(),
            },
            _ => state.word().to_owned(),
        }
    }

    /// The last run that took this one back or cleaned it up.
    pub fn by(&self, summary: &RunSummary) -> Option<(RunKind, RunId)> {
        summary.by.iter().rev().find_map(|run| self.get(run).map(|by| (by.kind, by.run.clone())))
    }

    /// Where clean-up is allowed from: `now`, `11-24`, `-`, `by x9q`.
    pub fn cleanup_from(&self, summary: &RunSummary, now: DateTime<Utc>) -> String {
        if summary.backup_files == 0 {
            return self.by(summary).map_or_else(|| "-".to_owned(), |(_, run)| format!("by {}", run.suffix()));
        }
        match summary.cleanup_from {
            Some(from) if from <= now => "now".to_owned(),
            Some(from) => from.format("%m-%d").to_string(),
            None => "-".to_owned(),
        }
    }

    /// Why an act is off, by the ledger.
    pub fn off(&self, summary: &RunSummary, kind: RunKind) -> Option<String> {
        if summary.can.contains(&kind) {
            return None;
        }
        let told = summary.cannot.iter().find(|(other, _)| *other == kind).map(|(_, reason)| reason.text.clone());
        Some(told.unwrap_or_else(|| match (kind, self.state(summary)) {
            (RunKind::Recover, _) => "nothing to recover here".to_owned(),
            (_, RunState::Running | RunState::Paused) => "it still runs".to_owned(),
            (_, RunState::NeedsDecision) => "recover it first".to_owned(),
            _ if summary.backup_files == 0 => "it holds no backup".to_owned(),
            (kind, _) => format!("{} is not possible", kind.word()),
        }))
    }

    /// Keeps a snapshot, and its state in the list.
    pub fn watch(&mut self, snapshot: RunSnapshot) {
        self.lost.remove(&snapshot.run);
        self.watched.insert(snapshot.run.clone(), snapshot);
    }
}

/// `36 %`, never 100 before the end.
pub fn percent(share: f32) -> String {
    format!("{} %", (f64::from(share.clamp(0.0, 1.0)) * 100.0).floor() as u64)
}
