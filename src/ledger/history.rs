//! Every run of a lake, as History shows it: from the index, corrected by what lies in the places. Runs that the index
//! has lost are still told by their backups.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use futures::FutureExt;

use crate::error::{Code, Error, Reason, Result};
use crate::model::{
    ExchangedSizes, Histogram, Plan, PlannedTarget, Rows, RunId, RunKind, RunState, RunSummary, Size, StorePath,
    TargetId, TargetOutcome, TargetState, count_text,
};

use super::Ledger;
use super::holding::{Effect, Holding};
use super::index::{self, RunPlan, RunRecord};
use super::intent::ExchangeKind;
use super::judge::{self, Neighbour};
use super::life::Life;
use super::parallel::each;
use super::share::{Share, places_of, read_all};
use super::sight::Live;

const READS_AT_A_TIME: usize = 16;
/// Hosts' clocks agree to less than this, and a run signs far more often.
const LATELY: TimeDelta = TimeDelta::minutes(10);

/// A run in full.
#[derive(Clone, Debug, PartialEq)]
pub struct RunDetail {
    /// Its line in History.
    pub summary: RunSummary,
    /// Its targets, as far as they are known.
    pub outcomes: Vec<TargetOutcome>,
    /// Its plan, where it executed one.
    pub plan: Option<Plan>,
    /// The sizes of what it exchanged, as far as its backups still tell.
    pub sizes: Option<ExchangedSizes>,
}

/// Everything that History is made of.
struct Survey<'a> {
    ledger: &'a Ledger,
    now: DateTime<Utc>,
    records: BTreeMap<RunId, RunRecord>,
    shares: Vec<(Share, Option<Holding>)>,
    /// What rollbacks of other shares depend on, for each share.
    neighbours: Vec<Option<Neighbour>>,
}

/// Every run of the lake, the newest first, also those that only the targets' places know.
pub async fn list_runs(ledger: &Ledger, now: DateTime<Utc>) -> Result<Vec<RunSummary>> {
    let survey = Survey::take(ledger, now).await?;
    let mut runs: Vec<RunSummary> = survey.runs().iter().filter_map(|run| survey.summary(run)).collect();
    runs.sort_unstable_by(|one, other| other.run.cmp(&one.run));
    Ok(runs)
}

/// One run.
pub async fn run_detail(ledger: &Ledger, run: &RunId, now: DateTime<Utc>) -> Result<RunDetail> {
    let survey = Survey::take(ledger, now).await?;
    let summary = survey.summary(run).ok_or_else(|| {
        Error::new(Code::RunNotFound, format!("there is no run {run}")).next("lakehand history    lists them")
    })?;
    let plan = index::read_plan(ledger.store.as_ref(), &ledger.index, run).await.ok();
    let targets =
        plan.iter().flat_map(|plan| plan.targets.iter().enumerate().map(move |(at, target)| (plan, at, target)));
    let planned: Vec<TargetOutcome> = targets.map(|(plan, at, target)| pending(plan, at, &target.id)).collect();
    let plan = plan.and_then(|plan| plan.plan);
    let sizes = survey.sizes(run, plan.as_ref());
    Ok(RunDetail { outcomes: survey.outcomes(run, &planned), summary, plan, sizes })
}

impl<'a> Survey<'a> {
    async fn take(ledger: &'a Ledger, now: DateTime<Utc>) -> Result<Survey<'a>> {
        let store = ledger.store.as_ref();
        let runs = index::entries(store, &ledger.index).await?;
        let records = index::all_states(store, &ledger.index, &runs).await;
        let places = places_of(ledger, None).await?;
        let shares = read_all(ledger, &places, |_| true).await?;
        let holdings = each(shares.len(), READS_AT_A_TIME, |at| holding(ledger, &shares[at]).boxed()).await;
        let mut in_place: BTreeMap<&StorePath, usize> = BTreeMap::new();
        shares.iter().for_each(|share| *in_place.entry(&share.place).or_default() += 1);
        // Only in a place of several backups does one stand on another.
        let meets = |share: &Share| in_place.get(&share.place).is_some_and(|count| *count > 1);
        let read = async |share: &Share| if meets(share) { neighbour(ledger, share).await } else { None };
        let neighbours = each(shares.len(), READS_AT_A_TIME, |at| read(&shares[at]).boxed()).await;
        Ok(Survey { ledger, now, records, shares: shares.into_iter().zip(holdings).collect(), neighbours })
    }

    fn runs(&self) -> BTreeSet<RunId> {
        let holders = self.shares.iter().flat_map(|(share, holding)| {
            let holder = holding.as_ref().map(|holding| holding.intent.run.clone());
            [Some(share.epoch.run.clone()), Some(share.last_run().clone()), holder]
        });
        self.records.keys().cloned().chain(holders.flatten()).collect()
    }

    fn summary(&self, run: &RunId) -> Option<RunSummary> {
        let mut summary = match self.records.get(run) {
            // An id that was reserved and never used.
            Some(record) if record.targets == 0 && record.kind == RunKind::Compact => return None,
            Some(record) => self.of_record(record),
            None => self.of_shares(run)?,
        };
        self.add_backups(&mut summary);
        self.add_unfinished(&mut summary);
        self.add_can(&mut summary);
        Some(summary)
    }

    fn of_record(&self, record: &RunRecord) -> RunSummary {
        let life = self.ledger.processes.life(&record.actor);
        let lost = record.finished.is_none() && life == Life::Dead;
        let done = record.outcomes.iter().filter(|(_, outcome)| outcome.state.is_success_in(record.kind)).count();
        RunSummary {
            run: record.run.clone(),
            kind: record.kind,
            of: record.of.clone(),
            started: record.started,
            finished: record.finished,
            state: if lost { RunState::NeedsDecision } else { record.state },
            user: record.actor.user.clone(),
            host: record.actor.host.clone(),
            pid: (record.finished.is_none() && !lost).then_some(record.actor.pid),
            targets_done: done as u64,
            targets: record.targets,
            tables: record.tables.clone(),
            backup_files: 0,
            backup_bytes: Size(0),
            can: Vec::new(),
            cannot: Vec::new(),
            by: Vec::new(),
            cleanup_from: None,
            trashed_bytes: trashed(record),
            sign: record.sign.clone().filter(|_| record.finished.is_none() && !lost),
        }
    }

    /// A run that the index does not know: what its records in the places say.
    fn of_shares(&self, run: &RunId) -> Option<RunSummary> {
        let mine = |share: &&(Share, Option<Holding>)| share.0.epoch.run == *run || share.0.last_run() == run;
        let shares: Vec<&(Share, Option<Holding>)> = self.shares.iter().filter(mine).collect();
        let (first, holding) = shares.first()?;
        let of = (first.epoch.run != *run).then(|| first.epoch.run.clone());
        let actor = match (&first.owner, holding) {
            (Some(owner), _) => Some(&owner.actor),
            (None, Some(holding)) => Some(&holding.intent.actor),
            (None, None) => None,
        };
        let at = holding.as_ref().map_or(self.now, |holding| holding.intent.at);
        let tables: BTreeSet<String> = shares.iter().map(|(share, _)| share.id.table_name().to_string()).collect();
        Some(RunSummary {
            run: run.clone(),
            kind: if of.is_some() { RunKind::Rollback } else { RunKind::Compact },
            of,
            started: at,
            finished: Some(at),
            state: RunState::Done,
            user: actor.map_or_else(String::new, |actor| actor.user.clone()),
            host: actor.map_or_else(String::new, |actor| actor.host.clone()),
            pid: None,
            targets_done: shares.len() as u64,
            targets: shares.len() as u64,
            tables: tables.into_iter().collect(),
            backup_files: 0,
            backup_bytes: Size(0),
            can: Vec::new(),
            cannot: Vec::new(),
            by: Vec::new(),
            cleanup_from: None,
            trashed_bytes: Size(0),
            sign: None,
        })
    }

    /// The backups that stand for this run's exchanges now.
    fn holdings<'b>(&'b self, run: &'b RunId) -> impl Iterator<Item = (&'b Share, &'b Holding)> {
        self.shares.iter().filter_map(move |(share, holding)| {
            let holding = holding.as_ref().filter(|holding| holding.intent.run == *run && share.epoch.is_rest())?;
            Some((share, holding))
        })
    }

    /// Only what is still in effect counts; a target that was given up is on neither side.
    fn sizes(&self, run: &RunId, plan: Option<&Plan>) -> Option<ExchangedSizes> {
        let targets = plan.iter().flat_map(|plan| &plan.targets);
        let planned: BTreeMap<&TargetId, &PlannedTarget> = targets.map(|target| (&target.id, target)).collect();
        let mut sizes = ExchangedSizes::default();
        let mut predicted = Histogram::default();
        for (share, holding) in self.holdings(run) {
            if holding.effect != Effect::Done || holding.intent.kind == ExchangeKind::TakeBack {
                continue;
            }
            holding.intent.out.iter().for_each(|file| sizes.before.add(file.length));
            holding.intent.arriving.iter().for_each(|file| sizes.after.add(file.length));
            for output in
                planned.get(&share.id).iter().flat_map(|target| &target.groups).flat_map(|group| &group.outputs)
            {
                predicted.add(output.iter().map(|planned| planned.file.length).sum());
            }
        }
        sizes.predicted = (predicted.files() > 0).then_some(predicted);
        (sizes.after.files() > 0).then_some(sizes)
    }

    fn add_backups(&self, summary: &mut RunSummary) {
        let run = summary.run.clone();
        for (_, holding) in self.holdings(&run) {
            summary.backup_files += holding.kept_files;
            summary.backup_bytes += holding.kept_bytes;
            // A time that no calendar has never comes.
            let age = TimeDelta::from_std(super::MINIMUM_AGE).unwrap_or_default();
            let from = holding.intent.at.checked_add_signed(age).unwrap_or(DateTime::<Utc>::MAX_UTC);
            summary.cleanup_from = summary.cleanup_from.max(Some(from));
        }
        let by_records = self.records.values().filter(|record| {
            let acts = matches!(record.kind, RunKind::Rollback | RunKind::Cleanup);
            acts && record.of.as_ref() == Some(&run) && record.outcomes.iter().any(|(_, o)| o.state.is_success())
        });
        let mut by: BTreeSet<RunId> = by_records.map(|record| record.run.clone()).collect();
        let taken = self.shares.iter().filter(|(share, _)| share.epoch.run == run);
        by.extend(taken.filter_map(|(_, holding)| holding.as_ref()).map(|holding| holding.intent.run.clone()));
        by.remove(&run);
        summary.by = by.into_iter().collect();
    }

    fn add_unfinished(&self, summary: &mut RunSummary) {
        let unfinished = self.shares.iter().filter(|(share, _)| !share.epoch.is_rest());
        let mine: Vec<&Share> =
            unfinished.map(|(share, _)| share).filter(|share| *share.last_run() == summary.run).collect();
        // Where nobody can look, a run that signed lately is taken to be at work: this only says what is shown. Whoever
        // takes a lease over watches it for itself (PROTOCOL §3).
        let signs =
            summary.sign.as_ref().is_some_and(|sign| (self.now - sign.at) < LATELY && (sign.at - self.now) < LATELY);
        let dead = |share: &&Share| {
            share.owner.as_ref().is_none_or(|owner| match self.ledger.processes.life(&owner.actor) {
                Life::Alive => false,
                Life::Dead => true,
                Life::Unknown => !signs,
            })
        };
        if mine.iter().any(dead) {
            summary.state = RunState::NeedsDecision;
        }
        if summary.state == RunState::NeedsDecision {
            summary.can.push(RunKind::Recover);
        } else {
            let text = if summary.pid.is_some() { "its worker is alive" } else { "nothing to recover here" };
            summary.cannot.push((RunKind::Recover, Reason::new(Code::NothingToDo, text)));
        }
    }

    fn add_can(&self, summary: &mut RunSummary) {
        let run = summary.run.clone();
        match self.cannot_roll_back(&run, summary) {
            None => summary.can.push(RunKind::Rollback),
            Some(reason) => summary.cannot.push((RunKind::Rollback, reason)),
        }
        match summary.cleanup_from {
            Some(from) if from <= self.now => summary.can.push(RunKind::Cleanup),
            Some(from) => {
                let text = format!("kept until {}", from.format("%m-%d"));
                summary.cannot.push((RunKind::Cleanup, Reason::new(Code::NotCleanable, text)));
            }
            None => {
                let reason = Reason::new(Code::NotCleanable, "it keeps no backup");
                summary.cannot.push((RunKind::Cleanup, reason));
            }
        }
        summary.can.sort_unstable();
    }

    fn cannot_roll_back(&self, run: &RunId, summary: &RunSummary) -> Option<Reason> {
        let refuse = |text: String| Some(Reason::new(Code::NotRollbackable, text));
        if summary.pid.is_some() {
            return refuse("it is still at work".to_owned());
        }
        let mut any = 0_u64;
        let mut newer = None;
        for (share, holding) in self.holdings(run) {
            if holding.effect != Effect::Done || holding.intent.kind == ExchangeKind::TakeBack {
                continue;
            }
            any += 1;
            match self.newer(share, holding) {
                Some(other) => newer = Some(other),
                None => return None,
            }
        }
        match (newer, summary.by.last()) {
            (Some(newer), _) => refuse(format!("run {} replaced these later: roll that back first", newer.suffix())),
            // Its server may be away, or a record damaged: that is no word about the files.
            (None, _) if any == 0 && self.is_unreadable(run) => {
                refuse("the records of its backup cannot be read now; its files were not looked at".to_owned())
            }
            (None, Some(by)) if any == 0 => refuse(format!("run {} took it back or cleaned it up", by.suffix())),
            _ => refuse("the backup is gone".to_owned()),
        }
    }

    /// Whether a backup of the run is there of which nothing could be read.
    fn is_unreadable(&self, run: &RunId) -> bool {
        let unreadable =
            |(share, holding): &(Share, Option<Holding>)| holding.is_none() && !share.files.dones.is_empty();
        self.shares.iter().any(|found| found.0.epoch.run == *run && unreadable(found))
    }

    /// The run that acted last where another share of the same place stands on what this exchange brought in.
    fn newer(&self, share: &Share, holding: &Holding) -> Option<&RunId> {
        let others = self.shares.iter().zip(&self.neighbours);
        let others = others.filter(|((other, _), _)| other.place == share.place && other.epoch.run != share.epoch.run);
        judge::newer(&holding.intent, others.filter_map(|(_, neighbour)| neighbour.as_ref())).map(|newer| &newer.by)
    }

    /// The outcomes that the index knows; without it, what the records in the places say.
    fn outcomes(&self, run: &RunId, planned: &[TargetOutcome]) -> Vec<TargetOutcome> {
        if let Some(record) = self.records.get(run) {
            let pending = planned.iter().zip(0..).map(|(outcome, at)| (at, outcome.clone()));
            let mut all: BTreeMap<u64, TargetOutcome> = pending.collect();
            all.extend(record.outcomes.iter().cloned());
            return all.into_values().collect();
        }
        self.holdings(run).map(|(share, holding)| outcome_of(share, holding)).collect()
    }
}

/// What a cleanup moved to the trash: its targets are told with and without it.
fn trashed(record: &RunRecord) -> Size {
    let cleaned = record.outcomes.iter().filter(|(_, outcome)| record.trashed && outcome.state == TargetState::Cleaned);
    cleaned.map(|(_, outcome)| Size(outcome.bytes_before.0.saturating_sub(outcome.bytes_after.0))).sum()
}

/// A target that was not begun, with the figures of the plan where it follows one.
fn pending(plan: &RunPlan, at: usize, id: &TargetId) -> TargetOutcome {
    let pending = TargetOutcome::pending(id.clone());
    match plan.plan.as_ref().and_then(|plan| plan.targets.get(at)).filter(|target| target.id == *id) {
        Some(target) => TargetOutcome {
            files_before: target.files_before,
            files_after: target.files_before,
            bytes_before: target.before.bytes(),
            bytes_after: target.before.bytes(),
            ..pending
        },
        None => pending,
    }
}

/// What a share stands for. One that is damaged or withdrawn is still listed; only nothing is told of it.
async fn holding(ledger: &Ledger, share: &Share) -> Option<Holding> {
    Holding::read(ledger.store.as_ref(), &share.path(), &share.files, &Live::default()).await.ok()
}

async fn neighbour(ledger: &Ledger, share: &Share) -> Option<Neighbour> {
    judge::neighbour(ledger.store.as_ref(), &share.path(), &share.epoch, &share.files).await.ok().flatten()
}

fn outcome_of(share: &Share, holding: &Holding) -> TargetOutcome {
    let account = &holding.intent.account;
    let state = match (holding.effect, holding.intent.kind) {
        (Effect::Done | Effect::Nothing, ExchangeKind::Compact) => TargetState::Replaced,
        (Effect::Done | Effect::Nothing, ExchangeKind::Rollback) => TargetState::RolledBack,
        (Effect::Undone, _) | (_, ExchangeKind::TakeBack) => TargetState::Changed,
        (Effect::Both, _) => TargetState::Superseded,
    };
    let text = format!("told by its backup of {} files; the run index has lost it", count_text(holding.kept_files));
    TargetOutcome {
        state,
        reason: (!state.is_success()).then(|| Reason::new(Code::Changed, text)),
        files_before: account.files_before,
        files_after: account.files_after,
        bytes_before: account.bytes_before,
        bytes_after: account.bytes_after,
        rows: Rows(account.rows.0),
        verified: account.verified.clone(),
        ..TargetOutcome::pending(share.id.clone())
    }
}
