//! A plan as text: what would be done, what is left out and why, and with the steps the guided dry-run.

use std::time::Duration;

use super::table::Table;
use crate::model::{Plan, PlannedTarget, Skipped, count_text, counted, duration_text};
use crate::plan;

/// The summary of a plan.
pub fn text(plan: &Plan) -> String {
    let totals = &plan.totals;
    let mut text = format!("plan {} for {}\n", plan.plan.short(), plan.lake);
    if !plan.targets.is_empty() {
        let [now, at_end, after_cleanup] = totals.objects.map(count_text);
        text.push_str(&format!(
            "  {}, {}  {} -> {}  read and write {}  ~{}\n",
            counted(totals.targets, "target"),
            counted(totals.tables, "table"),
            counted(totals.files_before, "file"),
            count_text(totals.files_after),
            totals.bytes,
            millis(totals.work_ms_estimate),
        ));
        text.push_str(&format!("  objects  now {now}  at the end {at_end}  after cleanup {after_cleanup}\n"));
        text.push_str(&format!("  space    {}\n", plan.room_text()));
        text.push_str(&targets(plan));
        text.push_str(&notes(plan));
    }
    text.push_str(&skipped(plan));
    text
}

fn targets(plan: &Plan) -> String {
    let mut table = Table::new(&["target", ">files", ">after", ">groups", ">size", ">rows", ">time", ">window"]);
    for target in &plan.targets {
        table.row([
            target.id.to_string(),
            count_text(target.files_before),
            count_text(target.files_after),
            target.groups.len().to_string(),
            target.bytes.to_string(),
            target.rows.to_string(),
            format!("~{}", millis(target.work_ms_estimate)),
            format!("~{}", millis(target.window_ms_estimate)),
        ]);
    }
    table.text()
}

fn notes(plan: &Plan) -> String {
    let mut lines = String::new();
    for target in &plan.targets {
        let groups = target.groups.iter().filter(|group| !group.label.is_empty());
        let labels = groups.map(|group| {
            let files = group.files().count() as u64;
            format!("{} kept apart: {}", counted(files, "file"), group.label)
        });
        let losses = target.groups.iter().flat_map(|group| &group.losses).map(|loss| format!("goes: {loss}"));
        let warnings = target.warnings.iter().map(|warning| warning.text.clone());
        for note in labels.chain(losses).chain(warnings) {
            lines.push_str(&format!("  {}: {note}\n", target.id));
        }
    }
    lines
}

fn skipped(plan: &Plan) -> String {
    if plan.skipped.is_empty() {
        return String::new();
    }
    let mut table = Table::new(&["left out", "code", "reason"]);
    let mut rest = plan.skipped.as_slice();
    while let Some(first) = rest.first() {
        // Skips stand in the order of the targets: those of a table with one reason are told as one.
        let alike = |one: &&Skipped| one.id.table_name() == first.id.table_name() && one.reason == first.reason;
        let count = rest.iter().take_while(alike).count();
        let name = match count {
            1 => first.id.to_string(),
            _ => format!("{} ({})", first.id.table_name(), counted(count as u64, "partition")),
        };
        table.row([&name, first.reason.code.as_str(), &first.reason.text]);
        rest = &rest[count..];
    }
    table.text()
}

/// The nine steps of each target.
pub fn steps(plan: &Plan) -> String {
    plan.targets.iter().map(|target| target_steps(plan, target)).collect()
}

fn target_steps(plan: &Plan, target: &PlannedTarget) -> String {
    let mut table = Table::new(&["", "", "", "", ""]);
    for step in plan::steps(plan, target) {
        for (index, line) in step.lines.iter().enumerate() {
            let (number, word) =
                if index == 0 { (step.step.number().to_string(), step.step.word()) } else { Default::default() };
            table.row([&format!("  {number}"), word, line.status, &line.text, &line.result]);
        }
    }
    format!("\n{}\n{}", target.id, table.text().trim_start_matches('\n'))
}

fn millis(millis: u64) -> String {
    duration_text(Duration::from_millis(millis))
}
