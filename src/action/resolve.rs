//! Which run a person means: any unique prefix or suffix of its id, with or without the year.

use std::time::Duration;

use chrono::Utc;

use super::cleanup::is_cleanable;
use super::{Selection, Session, history};
use crate::client::local_runs;
use crate::config::Paths;
use crate::error::{Code, Error, Result};
use crate::ledger::run_detail;
use crate::model::{RunId, RunKind, RunSummary, TableName};

/// The run of the lake that a text means.
pub async fn resolve_run(session: &Session, text: &str) -> Result<RunId> {
    let runs: Vec<RunId> = history(session).await?.into_iter().map(|run| run.run).collect();
    choose(text, &runs)
}

/// The run of this user on this host that a text means, on whatever lake; for what needs no lake.
pub async fn resolve_local_run(paths: &Paths, text: &str) -> Result<RunId> {
    let runs: Vec<RunId> = local_runs(paths).await?.into_iter().map(|run| run.snapshot.run).collect();
    choose(text, &runs)
}

/// The newest run that an act can be carried out on, and that has a target of the selection.
pub async fn newest_that_can(session: &Session, kind: RunKind, selection: &Selection) -> Result<RunSummary> {
    newest(session, kind, selection, |run| run.can.contains(&kind)).await
}

/// The newest run with a target of the selection whose backups are at least so old.
pub async fn newest_cleanable(session: &Session, selection: &Selection, minimum_age: Duration) -> Result<RunSummary> {
    let now = Utc::now();
    newest(session, RunKind::Cleanup, selection, |run| is_cleanable(run, minimum_age, now)).await
}

async fn newest(
    session: &Session,
    kind: RunKind,
    selection: &Selection,
    can: impl Fn(&RunSummary) -> bool,
) -> Result<RunSummary> {
    let runs = history(session).await?;
    let mut why = None;
    for run in runs {
        if !has_selected(session, &run, selection).await? {
            continue;
        }
        if can(&run) {
            return Ok(run);
        }
        if let (None, Some((_, reason))) = (&why, run.cannot.iter().find(|(cannot, _)| *cannot == kind)) {
            why = Some(format!("the newest, {}: {reason}", run.run));
        }
    }
    let error = Error::new(Code::RunNotFound, format!("there is no run for {}", kind.word()));
    let error = error.why(why.unwrap_or_else(|| "no run of the lake is about these targets".to_owned()));
    Err(error.lake("unchanged").next("lakehand history"))
}

/// Whether a run is about something that is selected. The list knows tables; partitions need its targets.
async fn has_selected(session: &Session, run: &RunSummary, selection: &Selection) -> Result<bool> {
    if selection.is_everything() {
        return Ok(true);
    }
    let may = |table: &String| match TableName::parse(table) {
        Ok(name) => selection.tables.is_empty() || selection.tables.contains(&name),
        Err(_) => true,
    };
    if !run.tables.iter().any(may) && selection.targets.is_empty() && selection.databases.is_empty() {
        return Ok(false);
    }
    let detail = run_detail(&session.ledger(), &run.run, Utc::now()).await?;
    Ok(detail.outcomes.iter().any(|outcome| selection.contains(&outcome.id)))
}

fn choose(text: &str, runs: &[RunId]) -> Result<RunId> {
    if let Some(exact) = runs.iter().find(|run| run.as_str() == text) {
        return Ok(exact.clone());
    }
    let found: Vec<&RunId> = runs.iter().filter(|run| run.matches(text)).collect();
    match found.as_slice() {
        [one] => Ok((*one).clone()),
        [] => {
            let error = Error::new(Code::RunNotFound, format!("there is no run {text:?}"));
            let error = match nearest(text, runs) {
                Some(near) => error.next(format!("did you mean {near}? lakehand history lists all")),
                None => error.next("lakehand history    lists all"),
            };
            Err(error.why(format!("looked at {} runs", runs.len())))
        }
        several => {
            let candidates: Vec<&str> = several.iter().map(|run| run.as_str()).collect();
            Err(Error::new(Code::RunAmbiguous, format!("{} runs match {text:?}", several.len()))
                .why(candidates.join(", "))
                .next("give more of the id"))
        }
    }
}

/// The run whose last letters are most like a text.
fn nearest<'a>(text: &str, runs: &'a [RunId]) -> Option<&'a RunId> {
    let tail = text.rsplit('-').next().unwrap_or(text);
    let likeness = |run: &RunId| strsim::jaro_winkler(tail, run.suffix());
    let best = runs.iter().max_by(|one, other| likeness(one).total_cmp(&likeness(other)))?;
    (likeness(best) > 0.6).then_some(best)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unique_prefix_or_suffix_is_enough() {
        let runs: Vec<RunId> = ["20261121-0943-p2c", "20261121-0214-k7f", "20261118-0412-w8t", "20251118-0412-x8t"]
            .map(|id| RunId::parse(id).unwrap())
            .into();
        for (text, index) in [("p2c", 0), ("1121-02", 1), ("20261118", 2), ("20251118-0412-x8t", 3)] {
            assert_eq!(choose(text, &runs).unwrap(), runs[index], "{text}");
        }
        let error = choose("1121", &runs).unwrap_err();
        assert_eq!(error.code(), Code::RunAmbiguous);
        assert_eq!(error.reason(), Some("20261121-0943-p2c, 20261121-0214-k7f"));
        let error = choose("p3c", &runs).unwrap_err();
        assert_eq!(error.code(), Code::RunNotFound);
        assert!(error.next_step().unwrap().contains("20261121-0943-p2c"));
        assert_eq!(choose("", &runs).unwrap_err().code(), Code::RunNotFound);
    }
}
