//! What is known of the lake: tables, targets, runs, the plan, what is being read.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::basket::{Basket, Figures};
use super::doctor::Doctor;
use super::message::{Details, Failure, Reading};
use super::plan::PlanState;
use super::preview::Preview;
use super::rows::TargetRows;
use super::runs::Runs;
use super::tables::Tables;
use crate::model::{
    KnownFile, LogLevel, LogLine, Policy, RunId, TableName, TargetId, TargetOutcome, TicketLife, WorkRates,
};

/// A reading that goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Which.
    pub reading: Reading,
    /// Files so far.
    pub done: u64,
    /// In all, where known.
    pub total: Option<u64>,
    /// Since when.
    pub since: DateTime<Utc>,
    /// When something came last.
    pub heard: DateTime<Utc>,
}

/// The files of a target.
#[derive(Clone, Debug)]
pub struct TargetFiles {
    /// The target.
    pub target: TargetId,
    /// Its files; none while they are listed.
    pub files: Option<Vec<KnownFile>>,
    /// Why they could not be listed.
    pub failure: Option<Failure>,
}

/// The log.
#[derive(Clone, Debug)]
pub struct Log {
    /// Lines, oldest first.
    pub lines: Vec<LogLine>,
    /// The least level that is shown.
    pub level: LogLevel,
    /// How many lines there were when it was frozen.
    pub frozen: Option<usize>,
}

impl Log {
    const LONGEST: usize = 5_000;

    /// Adds lines that are not there yet.
    pub fn add(&mut self, lines: impl IntoIterator<Item = LogLine>) {
        for line in lines {
            if self.lines.last().is_none_or(|last| last.at <= line.at) {
                self.lines.push(line);
            } else if !self.lines.contains(&line) {
                let place = self.lines.partition_point(|other| other.at <= line.at);
                self.lines.insert(place, line);
            }
        }
        self.lines.dedup();
        if self.lines.len() > Self::LONGEST {
            self.lines.drain(..self.lines.len() - Self::LONGEST);
        }
    }
}

/// What is known of the lake.
#[derive(Clone, Debug)]
pub struct Data {
    /// The time.
    pub now: DateTime<Utc>,
    /// The policy.
    pub policy: Policy,
    /// Speeds.
    pub rates: WorkRates,
    /// The tables.
    pub tables: Tables,
    /// The targets of tables that were looked at.
    pub partitions: HashMap<TableName, TargetRows>,
    /// The files of the target that was looked at last.
    pub files: Option<TargetFiles>,
    /// Readings that go on.
    pub readings: Vec<Progress>,
    /// What is marked.
    pub basket: Basket,
    /// The plan.
    pub plan: Option<PlanState>,
    /// The runs.
    pub runs: Runs,
    /// What an act would do.
    pub preview: Option<Preview>,
    /// Facts for Inspect.
    pub details: Option<Box<Details>>,
    /// What a run needs, as far as it was checked.
    pub doctor: Doctor,
    /// The log.
    pub log: Log,
    /// How long one may log in, and when that was looked at; none where nobody has to.
    pub ticket: Option<(TicketLife, DateTime<Utc>)>,
}

impl Data {
    /// What figures of marks are made of.
    pub fn figures(&self, table: &TableName) -> Figures<'_> {
        Figures { tables: &self.tables, rows: self.partitions.get(table), policy: &self.policy }
    }

    /// Whether a reading goes on.
    pub fn reading(&self, reading: &Reading) -> Option<&Progress> {
        self.readings.iter().find(|progress| progress.reading == *reading)
    }

    /// The targets of a run, by what is known best: the watched run, else what was read.
    pub fn outcomes(&self, run: &RunId) -> Vec<&TargetOutcome> {
        match self.runs.watched.get(run) {
            Some(snapshot) => snapshot.targets.iter().map(|target| &target.outcome).collect(),
            None => self.runs.shown.get(run).map(|shown| shown.outcomes.iter().collect()).unwrap_or_default(),
        }
    }
}
