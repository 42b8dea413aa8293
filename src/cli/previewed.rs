//! What rollback, cleanup or recover would do, target by target.

use super::output::Output;
use super::report::each_once;
use super::table::Table;
use crate::action;
use crate::error::{Code, Error, Reason, Result};
use crate::ledger::verdict::{TargetVerdict, Verdict};
use crate::model::{RunId, RunKind, Size, TargetId, count_text, counted};

/// The verdicts as text.
pub fn text(output: &Output, kind: RunKind, of: Option<&RunId>, verdicts: &[TargetVerdict]) -> String {
    let mut text = format!("{} {}\n", kind.word(), of.map_or("every unfinished run", |of| of.short()));
    let mut table = Table::new(&["target", "live now", ">kept", ">kept size", "verdict"]);
    for verdict in verdicts {
        table.row([
            &verdict.id.to_string(),
            &live(verdict),
            &count_text(verdict.kept_files),
            &verdict.kept_bytes.to_string(),
            &word(&verdict.verdict),
        ]);
    }
    text.push_str(&output.table(&table));
    text.push_str(&sums(kind, verdicts));
    text
}

fn live(verdict: &TargetVerdict) -> String {
    let mut text = match verdict.live_expected {
        0 => String::new(),
        expected if verdict.live_files == expected => format!("{} as the run left them", count_text(expected)),
        expected => format!("{} of {} as the run left them", count_text(verdict.live_files), count_text(expected)),
    };
    if verdict.newer_files > 0 {
        let comma = if text.is_empty() { "" } else { ", " };
        text.push_str(&format!("{comma}{} new: {}", count_text(verdict.newer_files), verdict.newer_bytes));
    }
    text
}

fn word(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Ready(text) => text.clone(),
        Verdict::Refused(reason) => format!("REFUSED: {} [{}]", reason.text, reason.code),
        Verdict::Decide(reason) => format!("NEEDS YOU: {} [{}]", reason.text, reason.code),
    }
}

fn sums(kind: RunKind, verdicts: &[TargetVerdict]) -> String {
    let ready = || verdicts.iter().filter(|verdict| matches!(verdict.verdict, Verdict::Ready(_)));
    let files: u64 = ready().map(|verdict| verdict.kept_files).sum();
    let bytes: Size = ready().map(|verdict| verdict.kept_bytes).sum();
    let newer: u64 = ready().map(|verdict| verdict.newer_files).sum();
    let (count, all) = (ready().count(), verdicts.len() as u64);
    match kind {
        RunKind::Cleanup => format!(
            "deletes {}, {bytes}, of {count} of {} for good; no other copy of them exists\n",
            counted(files, "file"),
            counted(all, "target")
        ),
        RunKind::Rollback => format!(
            "puts {}, {bytes}, back on {count} of {}; {} stay; deletes nothing\n",
            counted(files, "file"),
            counted(all, "target"),
            counted(newer, "newer file")
        ),
        RunKind::Compact | RunKind::Recover | RunKind::Restore => {
            format!("{count} of {} can be settled without a decision\n", counted(all, "target"))
        }
    }
}

/// The targets that the act would be carried out on.
pub fn ready(verdicts: &[TargetVerdict]) -> Vec<TargetId> {
    let ready = |verdict: &&TargetVerdict| matches!(verdict.verdict, Verdict::Ready(_));
    verdicts.iter().filter(ready).map(|verdict| verdict.id.clone()).collect()
}

/// The error when the run keeps nothing that the act could work on: why, as History knows it.
pub async fn keeps_any(lake: &action::Session, kind: RunKind, of: &RunId, verdicts: &[TargetVerdict]) -> Result<()> {
    if !verdicts.is_empty() {
        return Ok(());
    }
    let code = if kind == RunKind::Cleanup { Code::NotCleanable } else { Code::NotRollbackable };
    let error = Error::new(code, format!("run {} has no target for {}", of.suffix(), kind.word()));
    let summary = action::show_run(lake, of).await?.detail.summary;
    let why = summary.cannot.into_iter().find(|(cannot, _)| *cannot == kind).map(|(_, reason)| reason.text);
    Err(match why {
        Some(why) => error.why(why),
        None => error,
    }
    .next("lakehand history"))
}

/// The error when no target can be worked on: the code of the first, and each reason once.
pub fn none_ready(kind: RunKind, verdicts: &[TargetVerdict]) -> Result<()> {
    let refused = verdicts.iter().filter_map(|verdict| match &verdict.verdict {
        Verdict::Ready(_) => None,
        Verdict::Refused(reason) | Verdict::Decide(reason) => Some((&verdict.id, reason)),
    });
    let reasons: Vec<(&TargetId, &Reason)> = refused.collect();
    match reasons.first() {
        Some((_, first)) if reasons.len() == verdicts.len() => {
            let lines = each_once(reasons.iter().map(|(id, reason)| (*id, reason.text.as_str())));
            let message =
                format!("{} can be carried out on none of {}", kind.word(), counted(verdicts.len() as u64, "target"));
            Err(Error::new(first.code, message).why(lines.join("\n")))
        }
        _ => Ok(()),
    }
}
