//! The guided dry-run: the nine steps of a target as lines, in the words of the run. `done now` was really checked
//! while planning; `would …` was not done.

use std::time::Duration;

use crate::model::{Plan, PlannedTarget, Step, Verify, count_text, counted, duration_text};

/// One step and its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepPreview {
    /// The step.
    pub step: Step,
    /// What it did or would do; never empty.
    pub lines: Vec<StepLine>,
}

/// One line of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepLine {
    /// `done now`, `would create`, …
    pub status: &'static str,
    /// What.
    pub text: String,
    /// What came of it; empty where nothing was done.
    pub result: String,
}

/// The nine steps of one target of a plan.
pub fn steps(plan: &Plan, target: &PlannedTarget) -> Vec<StepPreview> {
    Step::ALL
        .iter()
        .map(|step| StepPreview {
            step: *step,
            lines: match step {
                Step::Check => vec![line("done now", "kind, rights, names, links, quiet", "ok")],
                Step::Lease => vec![line("would create", format!("{}/.RUN.w1.NONCE", place(plan, target)), "")],
                Step::List => vec![line("done now", listed(target), "as planned")],
                Step::Room => vec![line("done now", format!("room for {} more", target.bytes), "ok")],
                Step::Write => vec![line("would write", written(target), "")],
                Step::Verify => vec![line("would compare", compared(plan.policy.verify), "")],
                Step::Exchange => exchange(target),
                Step::Metastore => vec![line("would print", "REFRESH lines, for engines that cache listings", "")],
                Step::Settle => vec![line("would list", "what left, once more; an open writer shows here", "")],
            },
        })
        .collect()
}

fn line(status: &'static str, text: impl Into<String>, result: &str) -> StepLine {
    StepLine { status, text: text.into(), result: result.to_owned() }
}

/// PLACE, as the lake's people would write it: below the lake where the lake holds it.
fn place(plan: &Plan, target: &PlannedTarget) -> String {
    let root = plan.lake.split_once("://").map_or(plan.lake.as_str(), |(_, path)| path).trim_end_matches('/');
    match target.location.as_str().strip_prefix(root) {
        Some(below) if plan.lake.starts_with("file:") || plan.lake.starts_with('/') => format!(".lakehand{below}"),
        _ => format!("{}/.lakehand", target.location.name()),
    }
}

fn sources(target: &PlannedTarget) -> u64 {
    target.leaving().count() as u64 - target.summary_files.len() as u64
}

fn listed(target: &PlannedTarget) -> String {
    match target.stays {
        0 => format!("{}, footers of all", counted(target.files_before, "file")),
        stays => format!("{}, footers read; {} stay", counted(target.files_before, "file"), count_text(stays)),
    }
}

fn written(target: &PlannedTarget) -> String {
    let groups = match target.groups.len() {
        1 => String::new(),
        groups => format!(", {groups} groups"),
    };
    format!("{}, ~{}{groups}, below .lakehand", counted(target.output_count() as u64, "file"), target.bytes)
}

fn compared(verify: Verify) -> &'static str {
    match verify {
        Verify::Values => "all columns, value by value, in order",
        Verify::Rows => "schema and row counts",
    }
}

fn exchange(target: &PlannedTarget) -> Vec<StepLine> {
    let window = duration_text(Duration::from_millis(target.window_ms_estimate));
    let summaries = match target.summary_files.len() {
        0 => String::new(),
        _ => ", summary files too".to_owned(),
    };
    vec![
        line("would stop", "if one file differs from step 3", ""),
        line("would move", "a tripwire in: queries fail, none counts wrong", ""),
        line("would move", format!("{} out to .lakehand, ~{window}{summaries}", counted(sources(target), "file")), ""),
        line("would move", format!("{} in, the tripwire out", counted(target.output_count() as u64, "file")), ""),
        line("if we die", "the guard or F takes it back or finishes it", ""),
        line("take it back", "R: the same exchange, the other way round", ""),
    ]
}
