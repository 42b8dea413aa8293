//! The runs of the lake: lines of History, what is known of single runs, and the ones that work now.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::message::Failure;
use crate::model::{
    ExchangedSizes, LogLine, RunId, RunKind, RunLimits, RunSnapshot, RunState, RunSummary, TableName, TargetId,
    TargetOutcome, TargetProgress,
};

/// What was read of one run.
#[derive(Clone, Debug, Default)]
pub struct Shown {
    /// Its targets.
    pub outcomes: Vec<TargetOutcome>,
    /// The files that each is to have afterwards, where a plan says so.
    pub files_planned: Vec<u64>,
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
    /// Since when a run that is not connected has signed nothing new, by this console's clock alone.
    signed: HashMap<RunId, (u64, DateTime<Utc>)>,
}

/// Three signs that did not come.
const SILENT: TimeDelta = TimeDelta::seconds(90);

impl Runs {
    /// Takes the list.
    pub fn set(&mut self, mut runs: Vec<RunSummary>, complete: bool, now: DateTime<Utc>) {
        self.note_signs(&runs, now);
        runs.sort_by(|a, b| {
            let needs = |run: &RunSummary| run.state != RunState::NeedsDecision;
            needs(a).cmp(&needs(b)).then(b.started.cmp(&a.started)).then(b.run.cmp(&a.run))
        });
        self.all = runs;
        self.loaded = true;
        self.complete = complete;
        self.failure = None;
    }

    fn note_signs(&mut self, runs: &[RunSummary], now: DateTime<Utc>) {
        let before = std::mem::take(&mut self.signed);
        for (run, sign) in runs.iter().filter_map(|run| Some((run, run.sign.as_ref()?))) {
            let since = before.get(&run.run).filter(|(beat, _)| *beat == sign.beat).map_or(now, |(_, since)| *since);
            self.signed.insert(run.run.clone(), (sign.beat, since));
        }
    }

    /// How long a run that is not connected has given no sign of life, from when that is worth a word.
    pub fn silent_for(&self, run: &RunId, now: DateTime<Utc>) -> Option<std::time::Duration> {
        let (_, since) = self.signed.get(run).filter(|_| !self.watched.contains_key(run))?;
        (now - *since >= SILENT).then(|| (now - *since).to_std().ok()).flatten()
    }

    /// A run of another user or host as it stands on the lake, once its targets were read.
    pub fn from_lake(&self, run: &RunId) -> Option<RunSnapshot> {
        let summary = self.get(run)?;
        let (sign, shown) = (summary.sign.as_ref()?, self.shown.get(run)?);
        let target = |(at, outcome): (usize, &TargetOutcome)| {
            let step = sign.steps.iter().find(|step| step.id == outcome.id && !outcome.state.is_final());
            TargetProgress {
                outcome: outcome.clone(),
                step: step.map(|step| step.step),
                share: step.map_or(0.0, |step| step.share),
                files_planned: shown.files_planned.get(at).copied().unwrap_or_default(),
            }
        };
        Some(RunSnapshot {
            run: summary.run.clone(),
            lake: String::new(),
            kind: summary.kind,
            of: summary.of.clone(),
            state: summary.state,
            user: summary.user.clone(),
            host: summary.host.clone(),
            pid: summary.pid.unwrap_or_default(),
            started: summary.started,
            finished: None,
            targets: shown.outcomes.iter().enumerate().map(target).collect(),
            rates: sign.rates,
            limits: sign.limits,
            log: Vec::new(),
            watchers: 0,
            failure: None,
        })
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

    /// What it may take, by the newest that is known.
    pub fn limits(&self, summary: &RunSummary) -> RunLimits {
        let watched = self.watched.get(&summary.run).map(|snapshot| snapshot.limits);
        watched.or(summary.sign.as_ref().map(|sign| sign.limits)).unwrap_or_default()
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
                None => match &summary.sign {
                    Some(sign) => format!("LIVE {}", percent(sign.rates.share)),
                    None => "LIVE".to_owned(),
                },
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
