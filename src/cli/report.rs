//! What is said when a run was started, and when it ended.

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use super::arguments::AnswerArguments;
use super::documents::{self, RunHead};
use super::follow::{Followed, Signals, follow};
use super::output::Output;
use super::session::Session;
use super::table::Table;
use crate::action;
use crate::client;
use crate::error::{Code, Error, Exit, Reason, Result};
use crate::model::{
    RunId, RunKind, RunSnapshot, RunState, RunTotals, TargetId, TargetOutcome, TargetState, count_text, counted,
    duration_text,
};

/// Starts a run and waits for it, or leaves it with `--detach`; prints what came of it.
pub async fn carry_out(
    session: &Session,
    lake: &action::Session,
    answers: &AnswerArguments,
    start: impl Future<Output = Result<RunId>>,
) -> Result<Exit> {
    let mut signals = Signals::listen()?;
    let run = start.await?;
    if answers.detach {
        let snapshot = client::attach(&session.edge.paths, &run).await?.snapshot;
        return detached(session, &snapshot);
    }
    session.output.say(&format!("run {run} works; closing this window does not stop it"));
    watched(session, &mut signals, Some(lake), &run).await
}

/// Follows a run that works already to its end and prints what came of it.
pub async fn attached(session: &Session, run: &RunId) -> Result<Exit> {
    watched(session, &mut Signals::listen()?, None, run).await
}

async fn watched(
    session: &Session,
    signals: &mut Signals,
    lake: Option<&action::Session>,
    run: &RunId,
) -> Result<Exit> {
    match follow(session, signals, run).await? {
        Followed::Ended(snapshot) => ended(session, lake, &snapshot),
        Followed::Detached(snapshot) => detached(session, &snapshot),
    }
}

fn detached(session: &Session, snapshot: &RunSnapshot) -> Result<Exit> {
    let outcomes = outcomes(snapshot);
    let text = || format!("run {} goes on; lakehand attach {} brings it back", snapshot.run, snapshot.run.suffix());
    session.output.either(&documents::run(head(snapshot), &outcomes), text)?;
    Ok(Exit::Done)
}

/// Prints a run that has ended and gives its exit code.
fn ended(session: &Session, lake: Option<&action::Session>, snapshot: &RunSnapshot) -> Result<Exit> {
    let outcomes = outcomes(snapshot);
    session.output.either(&documents::run(head(snapshot), &outcomes), || text(session, snapshot, &outcomes))?;
    if let Some(lake) = lake.filter(|_| !session.output.is_json()) {
        for statement in action::refresh_statements(lake, &outcomes) {
            session.output.say(&statement);
        }
    }
    conclude(session, snapshot, &outcomes)
}

/// Prints runs that ended one after the other, as one document, and gives the exit code of all.
pub fn several(session: &Session, snapshots: &[RunSnapshot]) -> Result<Exit> {
    let all: Vec<(&RunSnapshot, Vec<TargetOutcome>)> =
        snapshots.iter().map(|snapshot| (snapshot, outcomes(snapshot))).collect();
    let document =
        documents::runs(all.iter().map(|(snapshot, outcomes)| documents::run(head(snapshot), outcomes)).collect());
    session
        .output
        .either(&document, || all.iter().map(|(snapshot, outcomes)| text(session, snapshot, outcomes)).collect())?;
    let mut exit = Exit::Done;
    for (snapshot, outcomes) in &all {
        exit = exit.or(conclude(session, snapshot, outcomes)?);
    }
    Ok(exit)
}

/// Says what a run did not do, and gives its exit code.
fn conclude(session: &Session, snapshot: &RunSnapshot, outcomes: &[TargetOutcome]) -> Result<Exit> {
    if let Some(failure) = &snapshot.failure {
        // It ended as a whole, before any target had an end of its own.
        let error = Error::from(failure.clone());
        if !session.output.is_json() {
            session.output.say(session.output.message(&error).trim_end());
        }
        return Ok(error.exit());
    }
    let exit = RunState::exit_as(snapshot.kind, outcomes);
    if exit != Exit::Done && !session.output.is_json() {
        let error = verdict(session, snapshot, outcomes, exit);
        session.output.say(session.output.message(&error).trim_end());
    }
    Ok(exit)
}

fn outcomes(snapshot: &RunSnapshot) -> Vec<TargetOutcome> {
    snapshot.targets.iter().map(|target| target.outcome.clone()).collect()
}

/// What the document of a run says of the run.
fn head(snapshot: &RunSnapshot) -> RunHead<'_> {
    RunHead {
        run: &snapshot.run,
        kind: snapshot.kind,
        of: snapshot.of.as_ref(),
        state: snapshot.state,
        user: &snapshot.user,
        host: &snapshot.host,
        started: snapshot.started,
        finished: snapshot.finished,
        limits: snapshot.limits,
    }
}

fn text(session: &Session, snapshot: &RunSnapshot, outcomes: &[TargetOutcome]) -> String {
    let totals = RunTotals::of(snapshot.kind, outcomes);
    let mut text = outcome_table(&session.output, outcomes);
    let took = snapshot.finished.and_then(|finished| (finished - snapshot.started).to_std().ok()).unwrap_or_default();
    text.push_str(&format!(
        "run {} {}: {} of {} {}{}, {}\n",
        snapshot.run.short(),
        snapshot.state.word(),
        totals.done,
        counted(totals.targets, "target"),
        done_word(snapshot.kind),
        moved(snapshot.kind, &totals),
        duration_text(took),
    ));
    if totals.done > 0 {
        text.push_str(undo_hint(snapshot));
    }
    text
}

/// What became of the files; nothing where none were exchanged.
fn moved(kind: RunKind, totals: &RunTotals) -> String {
    if kind == RunKind::Cleanup {
        // What is live stays, and counts on both sides.
        let files = totals.files_before.saturating_sub(totals.files_after);
        let bytes = totals.bytes_before - totals.bytes_after;
        return format!(", {}, {bytes}, deleted", counted(files, "backup file"));
    }
    if totals.files_before == 0 && totals.files_after == 0 {
        return String::new();
    }
    format!(
        ", {} to {}, {} to {}",
        count_text(totals.files_before),
        counted(totals.files_after, "file"),
        totals.bytes_before,
        totals.bytes_after
    )
}

/// The targets of a run, a line each.
pub fn outcome_table(output: &Output, outcomes: &[TargetOutcome]) -> String {
    if outcomes.is_empty() {
        return String::new();
    }
    let mut table =
        Table::new(&["target", "state", ">files", ">after", ">size", ">rows", "verified", ">time", "reason"]);
    for outcome in outcomes {
        let done = outcome.state.is_success();
        let when_done = |text: String| if done { text } else { String::new() };
        table.row([
            outcome.id.to_string().as_str(),
            outcome.state.word(),
            &count_text(outcome.files_before),
            &when_done(count_text(outcome.files_after)),
            &outcome.bytes_before.to_string(),
            &when_done(outcome.rows.to_string()),
            if done { outcome.verified.as_str() } else { "" },
            &duration_text(Duration::from_millis(outcome.elapsed_ms)),
            &outcome.reason.as_ref().map_or(String::new(), |reason| format!("{} [{}]", reason.text, reason.code)),
        ]);
    }
    output.table(&table)
}

fn done_word(kind: RunKind) -> &'static str {
    match kind {
        RunKind::Compact => "compacted",
        RunKind::Rollback => "rolled back",
        RunKind::Cleanup => "cleaned up",
        RunKind::Recover => "recovered",
        RunKind::Restore => "copied aside",
    }
}

fn undo_hint(snapshot: &RunSnapshot) -> &'static str {
    match snapshot.kind {
        RunKind::Compact => "the originals stay as backups until lakehand cleanup; lakehand rollback takes it back\n",
        RunKind::Rollback => "lakehand rollback of this run takes it back\n",
        RunKind::Cleanup | RunKind::Recover | RunKind::Restore => "",
    }
}

/// The error that stands for a run which did not do all that it was to do.
fn verdict(session: &Session, snapshot: &RunSnapshot, outcomes: &[TargetOutcome], exit: Exit) -> Error {
    let lake = session.lake_flags();
    let suffix = snapshot.run.suffix();
    let totals = RunTotals::of(snapshot.kind, outcomes);
    let whole = format!("{} of {} {}", totals.done, counted(totals.targets, "target"), done_word(snapshot.kind));
    let error = match exit {
        Exit::Interrupted => Error::new(Code::Interrupted, format!("run {suffix} stopped safely, {whole}")),
        Exit::Partial => Error::new(Code::InPart, format!("run {suffix}: {whole}")),
        _ => {
            let reason = worst_reason(outcomes, exit);
            let code = reason.map_or(default_code(exit), |reason| reason.code);
            let code = if code.exit() == exit { code } else { default_code(exit) };
            Error::new(code, format!("run {suffix}: {whole}"))
        }
    };
    let error = match reasons(outcomes) {
        reasons if reasons.is_empty() => error,
        reasons => error.why(reasons.join("\n")),
    };
    match (exit, snapshot.kind) {
        (Exit::NeedsRecovery, _) => error
            .lake("what lies where is recorded; queries on a target that is in doubt fail until it is recovered")
            .next(format!("lakehand{lake} recover {suffix} --dry-run")),
        (Exit::Verification, _) => error.lake("the targets that failed are unchanged: readers never saw the new files"),
        (Exit::Interrupted | Exit::Partial, RunKind::Compact) => {
            let next = format!("lakehand{lake} compact --plan {suffix}    runs those that were not begun");
            error.lake(format!("{whole}; the others are untouched")).next(next)
        }
        (Exit::Interrupted | Exit::Partial, kind) => {
            let error = error.lake(format!("{whole}; the others are as they were"));
            match (kind, &snapshot.of) {
                // Without a run, rollback would mean the newest that can be taken back: this one.
                (RunKind::Rollback | RunKind::Cleanup, Some(of)) => {
                    error.next(format!("lakehand{lake} {} {}    goes on with the others", kind.word(), of.suffix()))
                }
                _ => error,
            }
        }
        (_, RunKind::Compact) if outcomes.iter().any(TargetOutcome::is_left_for_later) => error
            .lake("unchanged")
            .next(format!("lakehand{lake} compact --plan {suffix}    runs those that were not begun")),
        _ => error.lake("unchanged"),
    }
}

fn default_code(exit: Exit) -> Code {
    match exit {
        Exit::NeedsRecovery => Code::NeedsRecovery,
        Exit::Verification => Code::Verification,
        Exit::Refused => Code::Changed,
        _ => Code::Permanent,
    }
}

fn worst_reason(outcomes: &[TargetOutcome], exit: Exit) -> Option<&Reason> {
    outcomes.iter().filter(|outcome| outcome.exit() == exit).find_map(|outcome| outcome.reason.as_ref())
}

fn reasons(outcomes: &[TargetOutcome]) -> Vec<String> {
    let quiet = |outcome: &TargetOutcome| match outcome.state {
        TargetState::Cancelled => !outcome.is_left_for_later(),
        state => state.is_success() || state == TargetState::Skipped,
    };
    let open = outcomes.iter().filter(|outcome| !quiet(outcome));
    each_once(open.filter_map(|outcome| Some((&outcome.id, outcome.reason.as_ref()?.text.as_str()))))
}

/// Each reason once, with the targets that have it counted.
pub fn each_once<'a>(reasons: impl Iterator<Item = (&'a TargetId, &'a str)>) -> Vec<String> {
    let mut having: BTreeMap<&str, (&TargetId, u64)> = BTreeMap::new();
    for (id, text) in reasons {
        having.entry(text).or_insert((id, 0)).1 += 1;
    }
    let line = |(text, (first, count)): (&str, (&TargetId, u64))| match count {
        1 => format!("{first}: {text}"),
        count => format!("{first} and {} more: {text}", count_text(count - 1)),
    };
    having.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Size, TableName};

    #[test]
    fn a_reason_of_many_targets_is_told_once() {
        let of = |partition: &str| TargetId::new(&TableName::new("sales", "orders"), Some(partition.to_owned()));
        let ids = [of("dt=1"), of("dt=2"), of("dt=3")];
        let lines = each_once(ids.iter().zip(["too young", "gone", "too young"]));
        assert_eq!(lines, ["sales.orders dt=2: gone", "sales.orders dt=1 and 1 more: too young"]);
    }

    #[test]
    fn a_recovery_wants_an_end_and_no_more() {
        let id = TargetId::new(&TableName::new("sales", "orders"), None);
        let undone = TargetOutcome { state: TargetState::Cancelled, ..TargetOutcome::pending(id) };
        let totals = |kind| RunTotals::of(kind, std::slice::from_ref(&undone));
        assert_eq!((totals(RunKind::Recover).done, totals(RunKind::Compact).done), (1, 0));
        assert_eq!(moved(RunKind::Recover, &totals(RunKind::Recover)), "", "no file was exchanged");
    }

    #[test]
    fn a_cleanup_tells_what_it_deleted() {
        let (bytes_before, bytes_after) = (Size(5 << 20), Size(4 << 20));
        let totals =
            RunTotals { files_before: 417, files_after: 406, bytes_before, bytes_after, ..RunTotals::default() };
        assert_eq!(moved(RunKind::Cleanup, &totals), ", 11 backup files, 1.0 MiB, deleted");
    }
}
