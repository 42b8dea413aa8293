//! Jobs: the runs that work now, whoever made them; who, where, how far, for how long.

use super::canvas::Canvas;
use super::history::{empty, names};
use super::numbers::{clock, rounded};
use super::run::silence_text;
use super::theme::{Role, role_of};
use crate::app::{App, percent};
use crate::model::{RunState, RunSummary, count_text};

/// Draws it.
pub fn draw(app: &App, canvas: &mut Canvas<'_>) {
    let runs: Vec<&RunSummary> = app.data.runs.live().collect();
    let columns = Columns::new(canvas.width());
    canvas.text(3, 0, "run", Role::Heading);
    canvas.text(columns.kind, 0, "kind", Role::Heading);
    canvas.text(columns.who, 0, "who, where", Role::Heading);
    for (end, word) in
        [(columns.targets, "targets"), (columns.share, "done"), (columns.time, "time"), (columns.left, "left")]
    {
        if end > 0 {
            canvas.right(end, 0, word, Role::Heading);
        }
    }
    canvas.text(columns.left + 1, 0, "state", Role::Heading);
    let rows = app.list().map(|list| list.rows()).unwrap_or_default();
    let cursor = app.list().and_then(|list| list.selected());
    for (line, row) in rows[app.window()].iter().enumerate() {
        let Some(run) = runs.get(*row as usize) else { continue };
        let y = 1 + line as u16;
        canvas.text(0, y, if cursor == Some(*row) { ">" } else { " " }, Role::Key);
        line_of(app, run, canvas, y, &columns);
        if cursor == Some(*row) {
            canvas.bold_row(y);
        }
    }
    if rows.is_empty() {
        empty(app, canvas);
    }
    let below = app.sections().below;
    if let (true, Some(run)) = (below > 0, cursor.and_then(|row| runs.get(row as usize))) {
        let (width, height) = (canvas.width(), canvas.height());
        detail(app, run, &mut canvas.part(0, height - below, width, below));
    }
}

/// What the run under the cursor may take, and what it works on.
fn detail(app: &App, run: &RunSummary, canvas: &mut Canvas<'_>) {
    let width = canvas.width();
    canvas.rule(0, &format!("{}  {}", run.run.short(), run.kind.word()));
    let limits = app.data.runs.limits(run);
    let (text, role) = match app.data.runs.silent_for(&run.run, app.data.now) {
        Some(silent) => (silence_text(run, silent), Role::Bad),
        None if limits.is_none() => ("no limit; it ends when it is done".to_owned(), Role::Text),
        None => (limits.text(app.data.now), Role::Text),
    };
    canvas.line(2, 1, width - 2, &text, role);
    canvas.text(2, 2, &names(&run.tables, usize::from(width - 2)), Role::Text);
}

struct Columns {
    kind: u16,
    who: u16,
    targets: u16,
    share: u16,
    time: u16,
    left: u16,
}

impl Columns {
    fn new(width: u16) -> Columns {
        let left = width - 9;
        // Where room is short, who works on it is more than what it is and since when.
        if width < 80 {
            return Columns { kind: width, who: 17, targets: left - 15, share: left - 9, time: 0, left };
        }
        Columns { kind: 17, who: 26, targets: left - 24, share: left - 18, time: left - 9, left }
    }
}

fn line_of(app: &App, run: &RunSummary, canvas: &mut Canvas<'_>, y: u16, columns: &Columns) {
    let snapshot = app.data.runs.watched.get(&run.run);
    canvas.text(3, y, run.run.short(), Role::Text);
    canvas.text(columns.kind, y, run.kind.word(), Role::Text);
    let room = columns.targets.saturating_sub(columns.who + 8);
    canvas.field(columns.who, y, room, &format!("{}@{}", run.user, run.host), Role::Text);
    let done = snapshot.map_or(run.targets_done, |snapshot| snapshot.counts()[0] as u64);
    let elapsed = (app.data.now - run.started).to_std().unwrap_or_default();
    let rates = snapshot.map(|snapshot| snapshot.rates).or(run.sign.as_ref().map(|sign| sign.rates));
    let share = rates.map_or_else(|| "?".to_owned(), |rates| percent(rates.share).replace(' ', ""));
    let paused = app.data.runs.state(run) == RunState::Paused;
    let left = rates.and_then(|rates| rates.left_ms).filter(|_| elapsed.as_secs() >= 10);
    let left = match left {
        _ if paused => String::new(),
        Some(left) => format!("~{}", clock(rounded(left))),
        None => "?".to_owned(),
    };
    let targets = format!("{}/{}", count_text(done), count_text(run.targets));
    for (end, text) in
        [(columns.targets, &targets), (columns.share, &share), (columns.time, &clock(elapsed)), (columns.left, &left)]
    {
        if end > 0 {
            canvas.right(end, y, text, Role::Text);
        }
    }
    match app.data.runs.silent_for(&run.run, app.data.now) {
        Some(_) => canvas.text(columns.left + 1, y, "SILENT", Role::Bad),
        None => {
            let state = app.data.runs.state(run).word();
            canvas.text(columns.left + 1, y, state, role_of(state))
        }
    };
}
