//! The plan that is looked at: being made, made, checked again.

use chrono::{DateTime, Utc};

use super::effect::Mark;
use super::message::Failure;
use super::state::App;
use crate::error::Reason;
use crate::model::{Plan, PlannedTarget, RunId, RunLimits, RunSummary, TargetId, wrap};
use crate::plan::{StepPreview, is_general, steps};

/// How far it is.
#[derive(Clone, Debug, PartialEq)]
pub enum Phase {
    /// Footers are read: so far and in all.
    Making(Option<(u64, u64)>),
    /// It is made.
    Made,
    /// It is listed again.
    Checking,
    /// It could not be made.
    Failed(Failure),
}

/// That the plan was executed: a second run of it would find nothing as planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Executed {
    /// Its run is being started.
    Asked,
    /// This run carries it out, or has.
    By(RunId),
}

/// A plan on screen.
#[derive(Clone, Debug)]
pub struct PlanState {
    /// What it is made of.
    pub marks: Vec<Mark>,
    /// How far it is.
    pub phase: Phase,
    /// Since when it is made or checked.
    pub since: DateTime<Utc>,
    /// When it was listed last.
    pub checked: Option<DateTime<Utc>>,
    /// The plan.
    pub plan: Option<Box<Plan>>,
    /// What its run may take.
    pub limits: RunLimits,
    /// Targets that differ from it now.
    pub drifted: Vec<(TargetId, Reason)>,
    /// Since it was made or checked.
    pub executed: Option<Executed>,
    /// The step that the walk is at, from 0.
    pub step: usize,
    /// The lines of the walk, of the target that is shown.
    pub walk: Vec<StepPreview>,
}

impl PlanState {
    /// One that is being made.
    pub fn making(marks: Vec<Mark>, now: DateTime<Utc>) -> PlanState {
        PlanState {
            marks,
            phase: Phase::Making(None),
            since: now,
            checked: None,
            plan: None,
            limits: RunLimits::default(),
            drifted: Vec::new(),
            executed: None,
            step: 0,
            walk: Vec::new(),
        }
    }

    /// The targets that a run would take.
    pub fn runnable(&self) -> impl Iterator<Item = &PlannedTarget> {
        let targets = self.plan.iter().flat_map(|plan| &plan.targets);
        targets.filter(|target| self.drift(&target.id).is_none())
    }

    /// Why a target is left out.
    pub fn drift(&self, id: &TargetId) -> Option<&Reason> {
        self.drifted.iter().find(|(other, _)| other == id).map(|(_, reason)| reason)
    }

    /// Begins the walk of a target.
    pub fn walk(&mut self, target: usize, step: usize) {
        self.walk = match &self.plan {
            Some(plan) => plan.targets.get(target).map(|target| steps(plan, target)).unwrap_or_default(),
            None => Vec::new(),
        };
        self.step = step.min(self.walk.len().saturating_sub(1));
    }
}

impl App {
    /// That another run works on what the plan would change: its targets are refused for so long.
    pub(crate) fn held_note(&self, state: &PlanState) -> Option<String> {
        let plan = state.plan.as_ref()?;
        let holds = |run: &RunSummary, target: &PlannedTarget| run.tables.contains(&target.id.table_name().to_string());
        let other = |run: &&RunSummary| state.executed != Some(Executed::By(run.run.clone()));
        self.data.runs.live().filter(other).find_map(|run| {
            let held = plan.targets.iter().find(|target| holds(run, target))?;
            let table = held.id.table_name();
            Some(format!("Run {} works on {table}: what it holds is refused until it ends", run.run.suffix()))
        })
    }

    /// What the plan leaves out and what a person should know, wrapped: of one target first, then what holds for all.
    pub fn plan_notes(&self, row: Option<u32>) -> Vec<String> {
        let Some(state) = &self.data.plan else { return Vec::new() };
        let Some(plan) = &state.plan else { return Vec::new() };
        let mut notes: Vec<String> = self.limits_text(plan, state.limits).into_iter().collect();
        notes.extend(self.held_note(state).map(|note| format!("! {note}")));
        notes.extend(self.ticket_note(plan, state.limits));
        notes.extend(skipped_notes(plan));
        let selected = row.and_then(|row| plan.targets.get(row as usize));
        let (own, general): (Vec<_>, Vec<_>) =
            selected.iter().flat_map(|target| &target.warnings).partition(|note| !is_general(note));
        notes.extend(own.into_iter().map(|note| format!("! {}", note.text)));
        // What holds for a whole table stands only with its first target.
        let table = selected.map(|target| target.id.table_name());
        let first =
            plan.targets.iter().find(|target| table.as_ref().is_none_or(|name| target.id.table_name() == *name));
        let first = first.into_iter().flat_map(|target| &target.warnings).filter(|note| is_general(note));
        for note in general.into_iter().chain(first) {
            // The windows of two targets differ, and only one of them is asked about.
            if !notes.iter().any(|known| *known == note.text || is_window(known) && is_window(&note.text)) {
                notes.push(note.text.clone());
            }
        }
        let columns = usize::from(self.size().0).saturating_sub(6);
        notes.iter().flat_map(|note| hanging(note, columns)).collect()
    }
}

fn skipped_notes(plan: &Plan) -> Vec<String> {
    let usual = if plan.targets.is_empty() { 8 } else { 1 };
    // One more is shown instead of being counted.
    let shown = if plan.skipped.len() <= usual + 1 { plan.skipped.len() } else { usual };
    let mut notes: Vec<String> = plan.skipped[..shown]
        .iter()
        .map(|skipped| format!("skipped: {}: {}", skipped.id, skipped.reason.text))
        .collect();
    if plan.skipped.len() > shown {
        notes.push(format!("skipped: {} more, each with its reason in the JSON (c j)", plan.skipped.len() - shown));
    }
    notes
}

fn is_window(note: &str) -> bool {
    note.starts_with("readers: ")
}

/// A note in lines, all but the first one indented.
fn hanging(note: &str, columns: usize) -> Vec<String> {
    let lines = wrap(note, columns).into_iter().enumerate();
    lines.map(|(at, line)| if at == 0 { line } else { format!("  {line}") }).collect()
}
