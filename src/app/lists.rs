//! The list of each view: in which order it opens, and what it is made of.

use std::borrow::Cow;

use super::data::{Data, Log};
use super::filter::{Field, Source};
use super::nav::View;
use super::order::SortKey;
use super::sources::{FileSource, Made, TableSource, TargetSource};
use crate::model::{RunSummary, TableName, TargetOutcome, TargetState};

/// The order in which a view opens.
pub(crate) fn first_sort(view: &View) -> SortKey {
    match view {
        View::Lake | View::Databases | View::Tables(_) | View::Partitions(_) => SortKey::Worst,
        View::Files(_) => SortKey::Name,
        View::Run(_) => SortKey::Urgent,
        _ => SortKey::Given,
    }
}

/// What a view's list is made of.
pub(crate) fn source_of<'a>(view: &'a View, data: &'a Data) -> Box<dyn Source + 'a> {
    let tables = |rows, database| TableSource { rows, database, rates: data.rates, now: data.now };
    match view {
        View::Lake => Box::new(tables(data.tables.rows(), None)),
        View::Tables(database) => Box::new(tables(data.tables.rows(), Some(database))),
        View::Databases => Box::new(tables(data.tables.databases(), None)),
        View::Partitions(table) => match data.partitions.get(table) {
            Some(rows) => Box::new(TargetSource { rows, policy: &data.policy, rates: data.rates, now: data.now }),
            None => Box::new(Made::none()),
        },
        View::Files(target) => {
            let files = data.files.as_ref().filter(|files| files.target == *target);
            let rows = files.and_then(|files| files.files.as_deref()).unwrap_or_default();
            Box::new(FileSource { rows, small: data.policy.small_file_threshold(), now: data.now })
        }
        View::Basket => {
            let tables: Vec<&TableName> = data.basket.tables().map(|(name, _)| name).collect();
            Box::new(Made::new(tables.len(), move |row| Cow::Owned(tables[row as usize].to_string()), |_| "".into()))
        }
        View::Plan => Box::new(plan_source(data)),
        View::Jobs => Box::new(run_source(data, data.runs.live().collect())),
        View::History => Box::new(run_source(data, data.runs.all().iter().collect())),
        View::Attention => Box::new(run_source(data, data.runs.attention().collect())),
        View::Run(run) | View::RunTargets(run) => Box::new(outcome_source(data.outcomes(run))),
        View::Preview => Box::new(preview_source(data)),
        View::Log => Box::new(log_source(&data.log)),
        View::Doctor => {
            let checks = &data.doctor.checks;
            let name = |row: u32| Cow::Borrowed(checks[row as usize].name.as_str());
            Box::new(Made::new(checks.len(), name, |row| Cow::Borrowed(checks[row as usize].health.word())))
        }
        View::Start | View::Inspect(_) | View::Steps(_) => Box::new(Made::none()),
    }
}

fn plan_source(data: &Data) -> Made<'_> {
    let Some(state) = &data.plan else { return Made::none() };
    let targets = state.plan.as_ref().map(|plan| plan.targets.as_slice()).unwrap_or_default();
    let name = |row: u32| Cow::Owned(targets[row as usize].id.to_string());
    let word =
        |row: u32| Cow::Borrowed(if state.drift(&targets[row as usize].id).is_some() { "drifted" } else { "ok" });
    Made::new(targets.len(), name, word)
}

fn run_source<'a>(data: &'a Data, runs: Vec<&'a RunSummary>) -> Made<'a> {
    let states: Vec<String> = runs.iter().map(|run| data.runs.result(run)).collect();
    let text =
        |run: &RunSummary| format!("{} {} {} {}", run.run.short(), run.kind.word(), run.tables.join(" "), run.user);
    let numbers: Vec<_> =
        runs.iter().map(|run| (run.backup_files, run.backup_bytes.0, run.finished.map(|at| data.now - at))).collect();
    let number = move |row: u32, field| {
        let (files, bytes, ended) = numbers[row as usize];
        match field {
            Field::Files => Some(files),
            Field::Bytes => Some(bytes),
            Field::Age => ended.map(|ended| ended.num_seconds().max(0) as u64),
            _ => None,
        }
    };
    let made = Made::new(
        runs.len(),
        move |row| Cow::Owned(text(runs[row as usize])),
        move |row| Cow::Owned(states[row as usize].clone()),
    );
    Made { number: Box::new(number), ..made }
}

fn outcome_source(outcomes: Vec<&TargetOutcome>) -> Made<'_> {
    let urgency: Vec<u64> = outcomes.iter().map(|outcome| urgency(outcome.state)).collect();
    let states: Vec<&'static str> = outcomes.iter().map(|outcome| outcome.state.word()).collect();
    let name = move |row: u32| Cow::Owned(outcomes[row as usize].id.to_string());
    let mut source = Made::new(states.len(), name, move |row| Cow::Borrowed(states[row as usize]));
    source.urgency = Box::new(move |row| urgency[row as usize]);
    source
}

/// What went wrong first, then what runs, what waits, what is done.
fn urgency(state: TargetState) -> u64 {
    match state {
        state if state.is_success() || state == TargetState::Skipped => 3,
        TargetState::Pending => 2,
        state if state.is_final() => 0,
        _ => 1,
    }
}

fn preview_source(data: &Data) -> Made<'_> {
    use crate::ledger::verdict::Verdict;
    let Some(preview) = &data.preview else { return Made::none() };
    let word = |row: u32| match preview.targets[row as usize].verdict {
        Verdict::Ready(_) => "ready",
        Verdict::Refused(_) => "REFUSED",
        Verdict::Decide(_) => "NEEDS YOU",
    };
    let name = |row: u32| Cow::Owned(preview.targets[row as usize].id.to_string());
    Made::new(preview.targets.len(), name, move |row| Cow::Borrowed(word(row)))
}

fn log_source(log: &Log) -> Made<'_> {
    let lines = &log.lines[..log.frozen.unwrap_or(log.lines.len()).min(log.lines.len())];
    let text = |row: u32| Cow::Owned(format!("{} {}", lines[row as usize].run.suffix(), lines[row as usize].text));
    let mut source = Made::new(lines.len(), text, |row| Cow::Borrowed(lines[row as usize].level.word()));
    source.belongs = Box::new(|row| lines[row as usize].level >= log.level);
    source
}
