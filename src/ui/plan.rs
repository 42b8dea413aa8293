//! Plan: what would be done, and what was left out.

use std::time::Duration;

use super::canvas::Canvas;
use super::numbers::share_text;
use super::theme::{Role, role_of};
use crate::app::{App, Phase, PlanState, is_general_note};
use crate::model::{Plan, PlannedTarget, count_text, counted, duration_text};

/// Draws it.
pub fn draw(app: &App, canvas: &mut Canvas<'_>) {
    let Some(state) = &app.data.plan else {
        return canvas.wrapped(
            2,
            0,
            "There is no plan. p makes one of the basket, or else of the row under the cursor.",
        );
    };
    let Some(plan) = &state.plan else { return making(app, state, canvas) };
    let above = app.sections().above;
    summary(state, plan, canvas, above > 2);
    list(app, state, plan, canvas, above);
    notes(app, canvas);
}

fn making(app: &App, state: &PlanState, canvas: &mut Canvas<'_>) {
    let elapsed = (app.data.now - state.since).to_std().unwrap_or_default();
    match &state.phase {
        Phase::Failed(failure) => {
            canvas.field(2, 0, canvas.width() - 2, &format!("ERR {}", failure.line()), Role::Bad);
            let mut y = 1;
            for (word, text) in [("lake", &failure.lake), ("next", &failure.next)] {
                if let Some(text) = text {
                    canvas.text(2, y, &format!("{word}  {text}"), Role::Text);
                    y += 1;
                }
            }
            canvas.text(2, y + 1, "r tries again", Role::Text);
        }
        Phase::Making(Some((done, total))) => {
            let text = format!(
                "footers {}/{}, {}: they decide which files may be merged",
                count_text(*done),
                count_text(*total),
                share_text(*done, *total)
            );
            canvas.text(2, 0, &text, Role::Text);
            canvas.text(
                2,
                1,
                &format!("X off: still reading footers   {}   Ctrl-c stops", duration_text(elapsed)),
                Role::Dim,
            );
        }
        _ => {
            let marks = state.marks.len() as u64;
            canvas.text(2, 0, &format!("listing {}, {}", counted(marks, "mark"), duration_text(elapsed)), Role::Text);
        }
    }
}

fn summary(state: &PlanState, plan: &Plan, canvas: &mut Canvas<'_>, whole: bool) {
    if canvas.width() < 80 {
        return narrow_summary(state, plan, canvas, whole);
    }
    let totals = &plan.totals;
    let work = minutes(totals.work_ms_estimate);
    let written = totals.bytes.to_string();
    let written = written.split(' ').next().unwrap_or_default();
    let first = format!(
        "  {}, {}   {} files -> {}   read {}, write ~{}   ~{work}",
        counted(totals.targets, "target"),
        counted(totals.tables, "table"),
        count_text(totals.files_before),
        count_text(totals.files_after),
        totals.bytes,
        written
    );
    canvas.text(0, 0, &first, Role::Text);
    if !whole {
        return;
    }
    let [now, end, after] = totals.objects;
    let heap = now.saturating_sub(after) * 150 / 1_000_000;
    let heap = if heap > 0 { format!("   ~{heap} MB heap") } else { String::new() };
    let objects = format!(
        "  objects  now {}   at the end {}   after clean-up {}{heap}",
        count_text(now),
        count_text(end),
        count_text(after)
    );
    canvas.text(0, 1, &objects, Role::Text);
    let space = match (&state.phase, state.drifted.len()) {
        (Phase::Checking, _) => "  being checked again".to_owned(),
        (_, 0) => format!("  space    {}", plan.room_text()),
        (_, 1) => "  1 target differs from the plan and is left out; X runs the others".to_owned(),
        (_, drifted) => format!("  {drifted} targets differ from the plan and are left out; X runs the others"),
    };
    canvas.line(0, 2, canvas.width(), &space, Role::Text);
}

/// The same in fewer words.
fn narrow_summary(state: &PlanState, plan: &Plan, canvas: &mut Canvas<'_>, whole: bool) {
    let totals = &plan.totals;
    let (before, after) = (count_text(totals.files_before), count_text(totals.files_after));
    let work = minutes(totals.work_ms_estimate);
    let first =
        format!("  {}  {before} files -> {after}  {}  ~{work}", counted(totals.targets, "target"), totals.bytes);
    canvas.line(0, 0, canvas.width(), &first, Role::Text);
    if !whole {
        return;
    }
    let [now, end, after] = totals.objects.map(count_text);
    canvas.line(0, 1, canvas.width(), &format!("  objects {now}, then {end}, cleaned {after}"), Role::Text);
    let left = plan.room.first().map(|room| format!(" of {}", room.left)).unwrap_or_default();
    let space = match (&state.phase, state.drifted.len() as u64) {
        (Phase::Checking, _) => "  being checked again".to_owned(),
        (_, 0) => format!("  space   needs {}{left}", totals.bytes),
        (_, drifted) => format!("  {} changed, left out; X runs the rest", counted(drifted, "target")),
    };
    canvas.line(0, 2, canvas.width(), &space, Role::Text);
}

/// `31s`, `2m 30s`, `1h 12m`.
fn minutes(milliseconds: u64) -> String {
    let seconds = milliseconds.div_ceil(1_000);
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h {:02}m", seconds / 3_600, seconds / 60 % 60),
    }
}

fn list(app: &App, state: &PlanState, plan: &Plan, canvas: &mut Canvas<'_>, above: u16) {
    let width = canvas.width();
    let narrow = width < 80;
    let heading = above - 1;
    let end = |from_right: u16| width - from_right;
    let columns: &[(u16, &str)] = if narrow {
        &[(19, "files"), (12, "after")]
    } else {
        &[(42, "files"), (35, "after"), (28, "groups"), (18, "size"), (12, "time")]
    };
    canvas.text(3, heading, "target", Role::Heading);
    for (from_right, word) in columns {
        canvas.right(end(*from_right), heading, word, Role::Heading);
    }
    canvas.text(end(10), heading, "check", Role::Heading);
    if plan.targets.is_empty() {
        canvas.text(2, above, "Nothing to do: every target was left out.", Role::Text);
    }
    let rows = app.list().map(|list| list.rows()).unwrap_or_default();
    let cursor = app.list().and_then(|list| list.selected());
    for (line, row) in rows[app.window()].iter().enumerate() {
        let Some(target) = plan.targets.get(*row as usize) else { continue };
        let y = above + line as u16;
        canvas.text(0, y, if cursor == Some(*row) { ">" } else { " " }, Role::Key);
        let name = end(columns[0].0 + 8).saturating_sub(3);
        canvas.field(3, y, name, &target.id.to_string(), Role::Text);
        for ((from_right, _), cell) in columns.iter().zip(cells(target, narrow)) {
            canvas.right(end(*from_right), y, &cell, Role::Text);
        }
        let check = check(state, target);
        let role = if state.drift(&target.id).is_some() { Role::Warn } else { role_of(&check) };
        canvas.line(end(10), y, 10, &check, role);
        if cursor == Some(*row) {
            canvas.bold_row(y);
        }
    }
}

fn cells(target: &PlannedTarget, narrow: bool) -> Vec<String> {
    let (files, after) = (count_text(target.files_before), count_text(target.files_after));
    if narrow {
        return vec![files, after];
    }
    let work = crate::model::Work(Duration::from_millis(target.work_ms_estimate));
    vec![files, after, target.groups.len().to_string(), target.bytes.to_string(), super::numbers::work_text(work)]
}

fn check(state: &PlanState, target: &PlannedTarget) -> String {
    match state.drift(&target.id) {
        Some(reason) => reason.text.clone(),
        None => match target.warnings.iter().filter(|note| !is_general_note(note)).count() {
            0 => "ok".to_owned(),
            notes => format!("ok, {notes} !"),
        },
    }
}

/// What was left out, and what a person should know: of the target under the cursor first.
fn notes(app: &App, canvas: &mut Canvas<'_>) {
    let below = app.sections().below;
    let top = canvas.height() - below;
    let notes = app.plan_notes(app.followed_row());
    let shown = usize::from(below);
    for (y, line) in notes.iter().take(shown).enumerate() {
        canvas.line(0, top + y as u16, canvas.width(), &format!("  {line}"), Role::Text);
    }
    let hidden = (notes.len() + 1).saturating_sub(shown);
    if notes.len() > shown && shown > 1 {
        let more = format!("  {} more; c j copies them all", counted(hidden as u64, "line"));
        canvas.part(0, top + below - 1, canvas.width(), 1).clear();
        canvas.text(0, top + below - 1, &more, Role::Dim);
    }
}
