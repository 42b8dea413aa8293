//! The run index: one immutable plan and one advisory state for each run, in one directory. The truth is in the
//! targets' places; what is missing or damaged here only makes History poorer.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use futures::FutureExt;
use serde::{Deserialize, Serialize};

use crate::error::{Code, Result};
use crate::model::{Plan, RunId, RunKind, RunSign, RunState, Scope, StorePath, TargetId, TargetOutcome};
use crate::store::{self, Read};

use super::actor::Actor;
use super::names::IndexEntry;
use super::parallel::each;
use super::record::{self, Record};

const READS_AT_A_TIME: usize = 16;

/// One target of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunTarget {
    /// The target.
    pub id: TargetId,
    /// Its directory.
    pub location: StorePath,
}

/// `RUN.plan`: what a run was to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunPlan {
    /// The run.
    pub run: RunId,
    /// What it does.
    pub kind: RunKind,
    /// The run that it acts on.
    pub of: Option<RunId>,
    /// The targets that were chosen.
    pub scope: Scope,
    /// Its targets, in their order.
    pub targets: Vec<RunTarget>,
    /// The plan that it executes.
    pub plan: Option<Plan>,
}

impl Record for RunPlan {
    const FORMAT: &'static str = "lakehand.run-plan/1";
}

/// `RUN.state.N`: how far a run was when it was written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// The run.
    pub run: RunId,
    /// What it does.
    pub kind: RunKind,
    /// The run that it acts on.
    pub of: Option<RunId>,
    /// Its state.
    pub state: RunState,
    /// Who works.
    pub actor: Actor,
    /// When it began.
    pub started: DateTime<Utc>,
    /// When it ended.
    pub finished: Option<DateTime<Utc>>,
    /// Targets in all.
    pub targets: u64,
    /// The tables, as `db.table`.
    pub tables: Vec<String>,
    /// The targets that were begun, by their place in the run.
    pub outcomes: Vec<(u64, TargetOutcome)>,
    /// Whether what it deleted went to the trash (a cleanup).
    #[serde(default)]
    pub trashed: bool,
    /// How fast and how far it is, while it works.
    #[serde(default)]
    pub sign: Option<RunSign>,
}

impl Record for RunRecord {
    const FORMAT: &'static str = "lakehand.run-state/1";
}

/// What the index holds of one run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IndexedRun {
    /// Whether its plan is there.
    pub has_plan: bool,
    /// The numbers of its states, ascending.
    pub states: Vec<u64>,
}

/// The runs of an index by id; empty where there is none.
pub async fn entries(store: &dyn Read, index: &StorePath) -> Result<BTreeMap<RunId, IndexedRun>> {
    let listing = match store.list(index).await {
        Ok(listing) => store::collect(listing).await?,
        Err(error) if error.code() == Code::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(error.context("the run index cannot be listed")),
    };
    let mut runs: BTreeMap<RunId, IndexedRun> = BTreeMap::new();
    for entry in listing.iter().filter_map(|entry| IndexEntry::parse(entry.name.text()?)) {
        match entry {
            IndexEntry::Plan(run) => runs.entry(run).or_default().has_plan = true,
            IndexEntry::State(run, number) => runs.entry(run).or_default().states.push(number),
        }
    }
    for run in runs.values_mut() {
        run.states.sort_unstable();
    }
    Ok(runs)
}

/// The newest readable state of a run. One may be deleted for a newer while it is read: then the listing was old, and
/// none is told.
pub async fn newest_state(store: &dyn Read, index: &StorePath, run: &RunId, states: &[u64]) -> Option<RunRecord> {
    for number in states.iter().rev() {
        let path = index.join(&IndexEntry::State(run.clone(), *number).to_string());
        if let Ok(state) = record::read(store, &path).await {
            return Some(state);
        }
    }
    None
}

/// The newest states of all runs.
pub async fn all_states(
    store: &dyn Read,
    index: &StorePath,
    runs: &BTreeMap<RunId, IndexedRun>,
) -> BTreeMap<RunId, RunRecord> {
    let runs: Vec<(&RunId, &IndexedRun)> = runs.iter().collect();
    let read = |at: usize| newest_state(store, index, runs[at].0, &runs[at].1.states).boxed();
    let states = each(runs.len(), READS_AT_A_TIME, read).await;
    states.into_iter().flatten().map(|state| (state.run.clone(), state)).collect()
}

/// The plan of a run; none where there is none, or a damaged one. That its servers are away is an error: what is not
/// known is not absent.
pub async fn known_plan(store: &dyn Read, index: &StorePath, run: &RunId) -> Result<Option<RunPlan>> {
    match read_plan(store, index, run).await {
        Err(error) if error.is_retryable() => Err(error.context(format!("the plan of run {run} cannot be read now"))),
        plan => Ok(plan.ok()),
    }
}

/// The plan of a run; `NotFound` where there is none.
pub async fn read_plan(store: &dyn Read, index: &StorePath, run: &RunId) -> Result<RunPlan> {
    record::read(store, &index.join(&IndexEntry::Plan(run.clone()).to_string())).await
}
