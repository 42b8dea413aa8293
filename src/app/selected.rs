//! What the cursor is on, and the run that keys act on there.

use super::data::Data;
use super::list::List;
use super::nav::View;
use super::state::App;
use crate::model::{RunId, RunSnapshot, RunSummary, Subject, TableName, TargetId};

/// What the cursor is on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selected {
    /// Nothing.
    Nothing,
    /// A database.
    Database(String),
    /// A table.
    Table(TableName),
    /// A target.
    Target(TargetId),
    /// A file of a target.
    File(TargetId, u32),
    /// A run.
    Run(RunId),
    /// A target of a run.
    RunTarget(RunId, TargetId),
    /// A line of the log.
    Line(u32),
}

impl App {
    /// What the cursor is on.
    pub fn selected(&self) -> Selected {
        let row = self.list().and_then(List::selected);
        match (self.view(), row) {
            (View::Inspect(Subject::Table(table)), _) => Selected::Table(table.clone()),
            (View::Inspect(Subject::Target(target)), _) => Selected::Target(target.clone()),
            (View::Run(run), Some(row)) => run_target(&self.data, run, row),
            (View::Run(run), None) => Selected::Run(run.clone()),
            (View::Steps(target), _) => self.plan_target(*target as u32),
            (view, Some(row)) => self.selected_row(view, row),
            (View::Files(target), None) => Selected::Target(target.clone()),
            (View::Partitions(table), None) => Selected::Table(table.clone()),
            (View::RunTargets(run), None) => Selected::Run(run.clone()),
            _ => Selected::Nothing,
        }
    }

    fn selected_row(&self, view: &View, row: u32) -> Selected {
        let at = row as usize;
        match view {
            View::Lake | View::Tables(_) => Selected::Table(self.data.tables.rows()[at].name.clone()),
            View::Databases => Selected::Database(self.data.tables.databases()[at].name.database.clone()),
            View::Partitions(table) => {
                self.data.partitions.get(table).map_or(Selected::Nothing, |rows| Selected::Target(rows.id(row)))
            }
            View::Files(target) => Selected::File(target.clone(), row),
            View::Basket => self.basket_table(row).map_or(Selected::Nothing, Selected::Table),
            View::Plan => self.plan_target(row),
            View::Jobs => self.data.runs.live().nth(at).map_or(Selected::Nothing, |run| Selected::Run(run.run.clone())),
            View::History => {
                self.data.runs.all().get(at).map_or(Selected::Nothing, |run| Selected::Run(run.run.clone()))
            }
            View::Attention => {
                self.data.runs.attention().nth(at).map_or(Selected::Nothing, |run| Selected::Run(run.run.clone()))
            }
            View::RunTargets(run) => run_target(&self.data, run, row),
            View::Preview => self.preview_target(row),
            View::Log => Selected::Line(row),
            _ => Selected::Nothing,
        }
    }

    fn plan_target(&self, row: u32) -> Selected {
        let plan = self.data.plan.as_ref().and_then(|state| state.plan.as_ref());
        let target = plan.and_then(|plan| plan.targets.get(row as usize));
        target.map_or(Selected::Nothing, |target| Selected::Target(target.id.clone()))
    }

    fn preview_target(&self, row: u32) -> Selected {
        let preview = self.data.preview.as_ref();
        let found = preview.and_then(|preview| preview.targets.get(row as usize).map(|target| (preview, target)));
        found.map_or(Selected::Nothing, |(preview, target)| Selected::RunTarget(preview.of.clone(), target.id.clone()))
    }

    /// The table of a row of the basket.
    pub(crate) fn basket_table(&self, row: u32) -> Option<TableName> {
        self.data.basket.tables().nth(row as usize).map(|(name, _)| name.clone())
    }

    /// The run that the view or its cursor is about.
    pub(crate) fn selected_run(&self) -> Option<&RunSummary> {
        let run = match (self.view(), self.selected()) {
            (View::Run(run) | View::RunTargets(run), _) => run.clone(),
            (View::Preview, _) => self.data.preview.as_ref()?.of.clone(),
            (_, Selected::Run(run) | Selected::RunTarget(run, _)) => run,
            (_, Selected::Table(table)) => return self.data.runs.latest_on(&table),
            (_, Selected::Target(target) | Selected::File(target, _)) => {
                return self.data.runs.latest_on(&target.table_name());
            }
            _ => return None,
        };
        self.data.runs.get(&run)
    }

    /// The run as it stood when it was frozen.
    pub fn frozen_run(&self) -> Option<&RunSnapshot> {
        self.frozen.as_deref()
    }

    /// Targets of a run that are marked.
    pub fn marked_of_run(&self, run: &RunId) -> usize {
        if self.data.runs.marked_of.as_ref() == Some(run) { self.data.runs.marked.len() } else { 0 }
    }

    /// Whether a target of a run is marked.
    pub fn is_marked_of_run(&self, run: &RunId, target: &TargetId) -> bool {
        self.marked_of_run(run) > 0 && self.data.runs.marked.contains(target)
    }
}

fn run_target(data: &Data, run: &RunId, row: u32) -> Selected {
    let outcomes = data.outcomes(run);
    outcomes
        .get(row as usize)
        .map_or(Selected::Run(run.clone()), |outcome| Selected::RunTarget(run.clone(), outcome.id.clone()))
}
