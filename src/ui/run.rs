//! A run, live and at its end.

use std::time::Duration;

use super::canvas::Canvas;
use super::glyphs::eighths;
use super::numbers::{clock, rounded, short_count};
use super::theme::{Role, role_of};
use super::{history, result};
use crate::app::{App, percent};
use crate::model::{
    LogLine, RunId, RunKind, RunSnapshot, RunSummary, Size, Step, TargetProgress, TargetState, age_text, count_text,
    duration_text, rate_text, until_text, width,
};

/// What backups mean for space.
pub const NOTHING_FREED: &str = "nothing is freed until clean-up, and its trash frees nothing until it ends";

/// Draws it.
pub fn draw(app: &App, run: &RunId, canvas: &mut Canvas<'_>) {
    let snapshot = app.frozen_run().or_else(|| app.data.runs.watched.get(run));
    let Some(snapshot) = snapshot else {
        return match app.data.runs.get(run).filter(|_| app.data.runs.lost.contains_key(run)) {
            Some(summary) => history::elsewhere(app, summary, canvas),
            None => unknown(app, run, canvas),
        };
    };
    let sections = app.sections();
    if sections.above > 3 {
        progress(app, snapshot, canvas);
        speeds(app, snapshot, canvas);
        sums(app, snapshot, canvas);
    } else {
        progress(app, snapshot, canvas);
        speeds(app, snapshot, canvas);
    }
    list(app, snapshot, canvas, sections.above);
    let height = canvas.height();
    let below = sections.below;
    let mut part = {
        let width = canvas.width();
        canvas.part(0, height - below, width, below)
    };
    match app.run_result() {
        Some(rows) => result::draw(app, run, &mut part, rows),
        None => log(&snapshot.log, &mut part),
    }
}

/// A run of another user or host, at work: as it signs itself on the lake. Its log stays where it runs.
pub fn of_another(app: &App, run: &RunSummary, snapshot: &RunSnapshot, canvas: &mut Canvas<'_>) {
    let sections = app.sections();
    progress(app, snapshot, canvas);
    speeds(app, snapshot, canvas);
    if sections.above > 3 {
        sums(app, snapshot, canvas);
    }
    list(app, snapshot, canvas, sections.above);
    let (width, height) = (canvas.width(), canvas.height());
    let mut part = canvas.part(0, height - sections.below, width, sections.below);
    part.rule(0, "read from the lake");
    let process = run.pid.map(|pid| format!(", process {pid}")).unwrap_or_default();
    let whose = format!("{} on {}{process}. Steered where it runs; its log is there.", run.user, run.host);
    part.line(2, 1, width - 2, &whose, Role::Text);
    let (sign, role) = match app.data.runs.silent_for(&run.run, app.data.now) {
        Some(silent) => (silence_text(run, silent), Role::Bad),
        None => ("It signs twice a minute; what is here is as old as that.".to_owned(), Role::Dim),
    };
    part.line(2, 2, width - 2, &sign, role);
}

/// `no sign of life from gw03 for 4 min; lakehand recover w8t watches, then decides`
pub fn silence_text(run: &RunSummary, silent: Duration) -> String {
    let minutes = (silent.as_secs() / 60).max(1);
    let (host, suffix) = (&run.host, run.run.suffix());
    format!("no sign of life from {host} for {minutes} min; lakehand recover {suffix} watches, then decides")
}

fn unknown(app: &App, run: &RunId, canvas: &mut Canvas<'_>) {
    let dots = canvas.glyphs.ellipsis();
    match app.data.runs.lost.get(run) {
        Some(failure) => {
            canvas.field(2, 0, canvas.width() - 2, &failure.line(), Role::Bad);
            if let Some(next) = &failure.next {
                canvas.text(2, 1, &format!("next  {next}"), Role::Text);
            }
            canvas.text(2, 2, "r connects again; 5 shows what it left behind", Role::Text);
        }
        None => {
            canvas.text(2, 0, &format!("connecting to {}{dots}", run.short()), Role::Text);
        }
    }
}

/// The bar, the share, the time and the rest of it; at the end the result.
fn progress(app: &App, snapshot: &RunSnapshot, canvas: &mut Canvas<'_>) {
    let elapsed = (snapshot.finished.unwrap_or(app.data.now) - snapshot.started).to_std().unwrap_or_default();
    if !app.is_live(&snapshot.run) {
        let [done, ..] = snapshot.counts();
        let text = format!("{} {done}/{} in {}", snapshot.state.word(), snapshot.targets.len(), duration_text(elapsed));
        let x = canvas.text(2, 0, &text, role_of(snapshot.state.word()));
        let undo = if snapshot.kind == RunKind::Cleanup { "" } else { "   undo: R" };
        canvas.text(x, 0, undo, Role::Text);
        return;
    }
    let share = snapshot.rates.share.clamp(0.0, 1.0);
    let paused = snapshot.state == crate::model::RunState::Paused;
    let text = progress_text(app, snapshot, elapsed, paused);
    let room = usize::from(canvas.width()).saturating_sub(crate::model::width(&text) + 3);
    let cells = usize::from(canvas.width() / 2).min(room).min(60);
    let filled = eighths((f64::from(share) * 10_000.0) as u64, 10_000, cells, false);
    let bar = canvas.glyphs.lying(filled);
    let used = crate::model::width(&bar);
    let rest = canvas.glyphs.dot().repeat(cells.saturating_sub(used));
    let x = canvas.text(2, 0, &bar, Role::Bar);
    let x = canvas.text(x, 0, &rest, Role::Dim);
    canvas.text(x, 0, &text, if paused { Role::Warn } else { Role::Text });
}

/// `  36 %   0:58 of ~2:40   ends ~09:45   until 05:30 UTC`
fn progress_text(app: &App, snapshot: &RunSnapshot, elapsed: Duration, paused: bool) -> String {
    let word = if paused { "  PAUSED" } else { "" };
    let until = snapshot.limits.until.map(|until| format!("   until {}", until_text(until, app.data.now)));
    let eta = match snapshot.rates.left_ms.filter(|_| elapsed.as_secs() >= 10 && !paused) {
        Some(left) => {
            let ends = app.data.now + chrono::TimeDelta::from_std(rounded(left)).unwrap_or_default();
            let whole = elapsed + Duration::from_millis(left);
            let total = clock(rounded(u64::try_from(whole.as_millis()).unwrap_or(u64::MAX)));
            // Beside a deadline the bar has no room for the end that is reckoned.
            let ends = if app.is_narrow() && until.is_some() {
                String::new()
            } else {
                format!("   ends ~{}", ends.format("%H:%M"))
            };
            format!(" of ~{total}{ends}")
        }
        None => String::new(),
    };
    let share = percent(snapshot.rates.share.clamp(0.0, 1.0));
    format!("  {share}{word}   {}{eta}{}", clock(elapsed), until.unwrap_or_default())
}

fn speeds(app: &App, snapshot: &RunSnapshot, canvas: &mut Canvas<'_>) {
    let rates = &snapshot.rates;
    if !app.is_live(&snapshot.run) {
        result::held(app, snapshot, canvas);
        return;
    }
    let running = snapshot.targets.iter().filter(|target| is_running(target)).count();
    let paused = snapshot.state == crate::model::RunState::Paused;
    // Each with its rank: where there is no room, the last of them leave first.
    let mut parts: Vec<(u8, String)> = Vec::new();
    if rates.bytes_total > Size(0) {
        parts.push((0, format!("read {} of {}", rates.bytes_read, rates.bytes_total)));
    }
    match (rates.bytes_per_second, snapshot.limits.bytes_per_second) {
        (0, None) => {}
        (speed, None) => parts.push((1, format!("{}/s", Size(speed)))),
        (0, Some(limit)) => parts.push((1, format!("limit {}", rate_text(limit)))),
        (speed, Some(limit)) => parts.push((1, format!("{}/s, limit {}", Size(speed), rate_text(limit)))),
    }
    if rates.files_per_second > 0 {
        parts.push((2, format!("{} files/s", count_text(rates.files_per_second))));
    }
    parts.push((4, format!("{running} {}", if paused { "in hand" } else { "at a time" })));
    if rates.calls_per_second > 0 {
        parts.push((3, format!("{} calls/s", count_text(rates.calls_per_second))));
    }
    let joined = |parts: &[(u8, String)]| parts.iter().map(|(_, text)| format!("  {text}")).collect::<String>();
    while width(&joined(&parts)) > usize::from(canvas.width()) && parts.len() > 1 {
        let last = parts.iter().map(|(rank, _)| *rank).max();
        parts.retain(|(rank, _)| Some(*rank) != last);
    }
    canvas.line(0, 1, canvas.width(), &joined(&parts), Role::Text);
}

fn is_running(target: &TargetProgress) -> bool {
    let state = target.outcome.state;
    !state.is_final() && state != TargetState::Pending
}

/// Files and NameNode objects in the stages: a run frees nothing before clean-up.
fn sums(app: &App, snapshot: &RunSnapshot, canvas: &mut Canvas<'_>) {
    if snapshot.kind == RunKind::Compact {
        return stages(app, snapshot, canvas);
    }
    let sum = |of: &dyn Fn(&TargetProgress) -> u64| count_text(snapshot.targets.iter().map(of).sum());
    let before = sum(&|target| target.outcome.files_before);
    let now = sum(&|target| match target.outcome.state.is_success() {
        true => target.outcome.files_after,
        false => target.outcome.files_before,
    });
    let end = sum(&|target| if target.files_planned > 0 { target.files_planned } else { target.outcome.files_after });
    for (end, word) in [(24, "before"), (35, "now"), (46, "at end")] {
        canvas.right(end, 2, word, Role::Heading);
    }
    canvas.text(2, 3, "files", Role::Text);
    for (x, text) in [(24, &before), (35, &now), (46, &end)] {
        canvas.right(x, 3, text, Role::Text);
    }
    let kept = snapshot.targets.iter().filter(|target| target.outcome.state == TargetState::Replaced);
    let kept: u64 = kept.map(|target| target.outcome.files_before).sum();
    if kept > 0 && snapshot.finished.is_none() {
        canvas.text(50, 3, &format!("in backups {} files", short_count(kept)), Role::Dim);
    }
    if snapshot.finished.is_some() {
        return;
    }
    canvas.text(2, 4, NOTHING_FREED, Role::Dim);
}

/// Files of the targets and their objects: a file is one object, and one for each block, of which it has at least one.
#[derive(Clone, Copy, Default)]
struct Stage {
    files: u64,
    objects: u64,
}

impl Stage {
    fn of(files: u64, bytes: Size, block: Size) -> Stage {
        Stage { files, objects: files + bytes.blocks(block).max(files) }
    }

    fn add(&mut self, other: Stage) {
        self.files += other.files;
        self.objects += other.objects;
    }
}

/// Before, now, at the end, after clean-up. Until clean-up the old objects are there as well.
fn stages(app: &App, snapshot: &RunSnapshot, canvas: &mut Canvas<'_>) {
    let block = app.data.policy.block_size;
    let mut all = [Stage::default(); 4];
    let mut kept = 0;
    for target in &snapshot.targets {
        let outcome = &target.outcome;
        let before = Stage::of(outcome.files_before, outcome.bytes_before, block);
        let done = outcome.state.is_success();
        let comes = if done { outcome.files_after } else { target.files_planned };
        let fails = outcome.state.is_final() && !done;
        let after = if fails { before } else { Stage::of(comes, outcome.bytes_before, block) };
        let beside = |after: Stage| Stage { files: after.files, objects: before.objects + after.objects };
        all[0].add(before);
        all[1].add(if done { beside(after) } else { before });
        all[2].add(if fails { before } else { beside(after) });
        all[3].add(after);
        kept += if done { before.objects } else { 0 };
    }
    let ends = [24, 35, 46, 63];
    for (end, word) in ends.into_iter().zip(["before", "now", "at end", "after clean-up"]) {
        canvas.right(end, 2, word, Role::Heading);
    }
    canvas.text(2, 3, "files", Role::Text);
    canvas.text(2, 4, "objects", Role::Text);
    for (end, stage) in ends.into_iter().zip(all) {
        canvas.right(end, 3, &count_text(stage.files), Role::Text);
        canvas.right(end, 4, &format!("~{}", count_text(stage.objects)), Role::Text);
    }
    if kept > 0 {
        canvas.text(66, 4, &format!("backups {}", short_count(kept)), Role::Dim);
    }
}

fn list(app: &App, snapshot: &RunSnapshot, canvas: &mut Canvas<'_>, above: u16) {
    let columns = canvas.width();
    let narrow = columns < 80;
    let vertical = canvas.glyphs.vertical();
    let time = columns - 1;
    let files = time.saturating_sub(8);
    let now = files.saturating_sub(if narrow { 12 } else { 28 });
    let bar = now.saturating_sub(12);
    let heading = above - 1;
    canvas.text(3, heading, "target", Role::Heading);
    canvas.text(bar, heading, &format!("1-6   {vertical}7-9"), Role::Heading);
    canvas.text(now, heading, "now", Role::Heading);
    if !narrow {
        canvas.right(files, heading, "files", Role::Heading);
    }
    canvas.right(time, heading, "time", Role::Heading);
    let rows = app.list().map(|list| list.rows()).unwrap_or_default();
    let cursor = app.list().and_then(|list| list.selected());
    for (line, row) in rows[app.window()].iter().enumerate() {
        let Some(target) = snapshot.targets.get(*row as usize) else { continue };
        let y = above + line as u16;
        canvas.text(0, y, if cursor == Some(*row) { ">" } else { " " }, Role::Key);
        canvas.field(3, y, bar.saturating_sub(4), &target.outcome.id.to_string(), Role::Text);
        step_bar(canvas, bar, y, target);
        let state = now_text(target);
        let room = if target.outcome.reason.is_some() { time.saturating_sub(now + 7) } else { files - now };
        canvas.line(now, y, room, &state, role_of(&state));
        if !narrow && target.outcome.reason.is_none() {
            canvas.right(files, y, &files_text(target), Role::Text);
        }
        if target.outcome.elapsed_ms > 0 {
            canvas.right(time, y, &clock(Duration::from_millis(target.outcome.elapsed_ms)), Role::Text);
        }
        if cursor == Some(*row) {
            canvas.bold_row(y);
        }
    }
}

/// Six cells before the line, three after it: the steps, the one in hand by its share.
fn step_bar(canvas: &mut Canvas<'_>, x: u16, y: u16, target: &TargetProgress) {
    let done = match (target.outcome.state, target.step) {
        (state, _) if state.is_success() => 9.0,
        (state, _) if state.is_final() => 0.0,
        (TargetState::Pending, _) => 0.0,
        (_, Some(step)) => f32::from(step.number() - 1) + target.share.clamp(0.0, 0.99),
        (_, None) => 0.0,
    };
    let eighths = (done * 8.0) as usize;
    let mut text = String::new();
    for cell in 0..9 {
        if cell == 6 {
            text.push_str(canvas.glyphs.vertical());
        }
        match eighths.saturating_sub(cell * 8).min(8) {
            0 => text.push_str(canvas.glyphs.dot()),
            part => text.push_str(&canvas.glyphs.lying(part)),
        }
    }
    canvas.text(x, y, &text, Role::Bar);
}

fn now_text(target: &TargetProgress) -> String {
    let state = target.outcome.state;
    match target.step {
        _ if state.is_final() => match &target.outcome.reason {
            Some(reason) => format!("{} {}", state.word(), reason.text),
            None => state.word().to_owned(),
        },
        Some(step @ (Step::Write | Step::Verify)) => {
            format!("{} {} {}", step.number(), step.word(), percent(target.share.min(0.99)).replace(' ', ""))
        }
        Some(step) => format!("{} {}", step.number(), step.word()),
        None => state.word().to_owned(),
    }
}

fn files_text(target: &TargetProgress) -> String {
    let after = if target.outcome.state.is_success() { target.outcome.files_after } else { target.files_planned };
    match (target.outcome.files_before, after) {
        (0, 0) => String::new(),
        (before, after) => format!("{} -> {}", count_text(before), count_text(after)),
    }
}

fn log(lines: &[LogLine], canvas: &mut Canvas<'_>) {
    canvas.rule(0, "log");
    let height = usize::from(canvas.height().saturating_sub(1));
    let shown = lines.iter().filter(|line| line.level > crate::model::LogLevel::Debug);
    let shown: Vec<&LogLine> = shown.collect();
    for (y, line) in shown.iter().skip(shown.len().saturating_sub(height)).enumerate() {
        log_line(canvas, 1 + y as u16, line, false, 1);
    }
}

/// A line of the log.
pub fn log_line(canvas: &mut Canvas<'_>, y: u16, line: &LogLine, with_run: bool, x: u16) {
    let role = match line.level {
        crate::model::LogLevel::Error => Role::Bad,
        crate::model::LogLevel::Warn => Role::Warn,
        _ => Role::Text,
    };
    let x = canvas.text(x, y, &format!("{} ", line.at.format("%H:%M:%S")), Role::Dim);
    let x = canvas.text(x, y, &format!("{:<6}", line.level.word()), role);
    let x = if with_run { canvas.text(x, y, &format!("{}  ", line.run.suffix()), Role::Text) } else { x };
    canvas.line(x, y, canvas.width().saturating_sub(x), &line.text, Role::Text);
}

/// How long ago, as `3h ago`.
pub fn ago(app: &App, at: chrono::DateTime<chrono::Utc>) -> String {
    format!("{} ago", age_text((app.data.now - at).to_std().unwrap_or_default()))
}
