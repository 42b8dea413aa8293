//! A plan as text: what would be done, what is left out and why, and with the steps the guided dry-run.

use std::time::Duration;

use super::output::Output;
use super::table::Table;
use crate::model::{Plan, PlannedTarget, Skipped, Step, count_text, counted, duration_text};
use crate::plan;

/// The summary of a plan.
pub fn text(output: &Output, plan: &Plan) -> String {
    let mut text = format!("plan {} for {}\n", plan.plan.short(), plan.lake);
    if !plan.targets.is_empty() {
        text.push_str(&if output.is_plain() { head_sentences(plan) } else { head(plan) });
        text.push_str(&targets(output, plan));
        text.push_str(&notes(output, plan));
    }
    text.push_str(&skipped(output, plan));
    text
}

fn head(plan: &Plan) -> String {
    let totals = &plan.totals;
    let [now, at_end, after_cleanup] = totals.objects.map(count_text);
    format!(
        "  {}, {}  {} -> {}  read and write {}  ~{}\n  objects  now {now}  at the end {at_end}  after cleanup \
         {after_cleanup}\n  space    {}\n",
        counted(totals.targets, "target"),
        counted(totals.tables, "table"),
        counted(totals.files_before, "file"),
        count_text(totals.files_after),
        totals.bytes,
        millis(totals.work_ms_estimate),
        plan.room_text(),
    )
}

fn head_sentences(plan: &Plan) -> String {
    let totals = &plan.totals;
    let [now, at_end, after_cleanup] = totals.objects.map(count_text);
    format!(
        "{} in {}: {} become {}, about {}, reads and writes {}\nobjects: {now} now, {at_end} at the end, \
         {after_cleanup} after cleanup\nspace: {}\n",
        counted(totals.targets, "target"),
        counted(totals.tables, "table"),
        counted(totals.files_before, "file"),
        count_text(totals.files_after),
        millis(totals.work_ms_estimate),
        totals.bytes,
        plan.room_text(),
    )
}

fn targets(output: &Output, plan: &Plan) -> String {
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
    if output.is_plain() { some_of(&table.sentences()) } else { table.text() }
}

/// Targets, or reasons, that are heard of a plan: who wants each asks for its steps.
const HEARD: usize = 20;

/// Of many sentences the first, and how many more there are.
fn some_of(text: &str) -> String {
    let mut lines: Vec<String> = text.lines().take(HEARD).map(|line| format!("{line}\n")).collect();
    let more = text.lines().count().saturating_sub(HEARD);
    if more > 0 {
        lines.push(format!("{} more\n", count_text(more as u64)));
    }
    lines.concat()
}

fn notes(output: &Output, plan: &Plan) -> String {
    let mut notes: Vec<(String, Vec<&PlannedTarget>)> = Vec::new();
    for target in &plan.targets {
        let groups = target.groups.iter().filter(|group| !group.label.is_empty());
        let labels = groups.map(|group| {
            let files = group.files().count() as u64;
            format!("{} kept apart: {}", counted(files, "file"), group.label)
        });
        let losses = target.groups.iter().flat_map(|group| &group.losses).map(|loss| format!("goes: {loss}"));
        let warnings = target.warnings.iter().map(|warning| warning.text.clone());
        for note in labels.chain(losses).chain(warnings) {
            // Heard, what is the same of many targets is said once.
            match notes.iter_mut().find(|(known, _)| output.is_plain() && *known == note) {
                Some((_, targets)) => targets.push(target),
                None => notes.push((note, vec![target])),
            }
        }
    }
    let line = |(note, targets): &(String, Vec<&PlannedTarget>)| match targets.as_slice() {
        [first, _, ..] => format!("{} and {} more: {}\n", first.id, targets.len() - 1, note.replace(" ~", " about ")),
        [first] if output.is_plain() => format!("{}: {}\n", first.id, note.replace(" ~", " about ")),
        [first] => format!("  {}: {note}\n", first.id),
        [] => String::new(),
    };
    notes.iter().map(line).collect()
}

fn skipped(output: &Output, plan: &Plan) -> String {
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
    match output.is_plain() {
        true => some_of(&table.sentences()).lines().map(|line| format!("left out: {line}\n")).collect(),
        false => table.text(),
    }
}

/// The nine steps of each target.
pub fn steps(output: &Output, plan: &Plan) -> String {
    let one = |target| if output.is_plain() { step_sentences(plan, target) } else { target_steps(plan, target) };
    plan.targets.iter().map(one).collect()
}

/// The nine steps of a target, to be heard: `step 5, write: would write 19 files, 2.2 GiB, below .lakehand`
pub fn step_sentences(plan: &Plan, target: &PlannedTarget) -> String {
    let mut text = format!("{}, nine steps\n", target.id);
    for step in plan::steps(plan, target) {
        if step.step == Step::Exchange {
            text.push_str("live files are untouched up to here; readers notice from here on\n");
        }
        for (at, line) in step.lines.iter().enumerate() {
            let result = if line.result.is_empty() { String::new() } else { format!(": {}", line.result) };
            let begin = match at {
                0 => format!("step {}, {}: ", step.step.number(), step.step.word()),
                _ => String::new(),
            };
            let colon = if line.status.starts_with("would") { "" } else { ":" };
            let said = line.text.replace(" -> ", " to ").replace(", ~", ", about ");
            text.push_str(&format!("{begin}{}{colon} {said}{result}\n", line.status));
        }
    }
    text
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
