//! History: every run of the lake, those that need a person first; Jobs and `!` are parts of it.

use super::canvas::Canvas;
use super::jobs;
use super::run::ago;
use super::theme::{Role, role_of};
use crate::app::{App, View};
use crate::model::{RunId, RunSummary, TargetOutcome, count_text, counted, duration_text, width};

/// Draws History, Jobs, or what needs a person.
pub fn draw(app: &App, canvas: &mut Canvas<'_>) {
    if *app.view() == View::Jobs {
        return jobs::draw(app, canvas);
    }
    let runs: Vec<&RunSummary> = match app.view() {
        View::Attention => app.data.runs.attention().collect(),
        _ => app.data.runs.all().iter().collect(),
    };
    let across = canvas.width();
    let narrow = across < 80;
    let columns = Columns::new(across);
    canvas.text(3, 0, "run", Role::Heading);
    canvas.text(columns.kind, 0, "kind", Role::Heading);
    if !narrow {
        canvas.text(columns.tables, 0, "tables", Role::Heading);
    }
    canvas.right(columns.targets, 0, "targets", Role::Heading);
    canvas.text(columns.targets + 1, 0, "result", Role::Heading);
    canvas.text(columns.holds, 0, "holds", Role::Heading);
    if !narrow {
        canvas.text(columns.from, 0, "C from", Role::Heading);
    }
    let rows = app.list().map(|list| list.rows()).unwrap_or_default();
    let cursor = app.list().and_then(|list| list.selected());
    for (line, row) in rows[app.window()].iter().enumerate() {
        let Some(run) = runs.get(*row as usize) else { continue };
        let y = 1 + line as u16;
        canvas.text(0, y, if cursor == Some(*row) { ">" } else { " " }, Role::Key);
        line_of(app, run, canvas, y, &columns, narrow);
        if cursor == Some(*row) {
            canvas.bold_row(y);
        }
    }
    if rows.is_empty() {
        empty(app, canvas);
    }
    let below = app.sections().below;
    if let (true, Some(run)) = (below > 0, app.followed_row().and_then(|row| runs.get(row as usize))) {
        let height = canvas.height();
        detail(app, run, &mut canvas.part(0, height - below, across, below));
    }
}

struct Columns {
    kind: u16,
    tables: u16,
    targets: u16,
    holds: u16,
    from: u16,
}

impl Columns {
    fn new(width: u16) -> Columns {
        if width < 80 {
            return Columns { kind: 17, tables: 0, targets: 34, holds: width - 9, from: 0 };
        }
        let tables = width - 80 + 24;
        Columns { kind: 17, tables: 26, targets: 26 + tables, holds: width - 17, from: width - 8 }
    }
}

fn line_of(app: &App, run: &RunSummary, canvas: &mut Canvas<'_>, y: u16, columns: &Columns, narrow: bool) {
    canvas.text(3, y, run.run.short(), Role::Text);
    canvas.text(columns.kind, y, run.kind.word(), Role::Text);
    let targets = format!("{}/{}", count_text(run.targets_done), count_text(run.targets));
    if !narrow {
        let more = if run.tables.len() > 1 { format!(" +{}", run.tables.len() - 1) } else { String::new() };
        let room = usize::from(columns.targets - columns.tables).saturating_sub(width(&targets) + 1 + width(&more));
        let first = canvas.cut(run.tables.first().map_or("", String::as_str), room as u16);
        canvas.text(columns.tables, y, &format!("{first}{more}"), Role::Text);
    }
    canvas.right(columns.targets, y, &targets, Role::Text);
    let result = app.data.runs.result(run);
    let room = columns.holds.saturating_sub(columns.targets + 1);
    canvas.field(columns.targets + 1, y, room, &result, role_of(&result));
    if run.backup_files > 0 {
        canvas.text(columns.holds, y, &run.backup_bytes.to_string(), Role::Text);
    }
    if !narrow {
        canvas.text(columns.from, y, &app.data.runs.cleanup_from(run, app.data.now), Role::Text);
    }
}

pub(super) fn empty(app: &App, canvas: &mut Canvas<'_>) {
    let dots = canvas.glyphs.ellipsis();
    let filter = app.list().map(|list| list.filter().text()).unwrap_or_default();
    let text = match (app.view(), &app.data.runs.failure) {
        _ if !filter.is_empty() => format!("No run matches /{filter}. Esc clears the filter."),
        (_, Some(failure)) => format!("ERR {}", failure.line()),
        _ if !app.data.runs.loaded => format!("reading the run index{dots}"),
        (View::Jobs, _) => "No run works now. 5 shows every run.".to_owned(),
        (View::Attention, _) => "Nothing needs a person.".to_owned(),
        _ => "No run has been made on this lake.".to_owned(),
    };
    canvas.field(2, 1, canvas.width() - 2, &text, role_of(&text));
}

/// What is known of the run under the cursor.
fn detail(app: &App, run: &RunSummary, canvas: &mut Canvas<'_>) {
    let begun = run.started.format("%H:%M").to_string();
    let end = run.finished.map(|end| end.format("%H:%M").to_string()).filter(|end| *end != begun);
    let end = end.map(|end| format!("-{end}")).unwrap_or_default();
    let mut title =
        format!("{}  {begun}{end}, {}  {} on {}", run.run.short(), ago(app, run.started), run.user, run.host);
    let of = format!("  {}, {}", counted(run.targets, "target"), counted(run.tables.len() as u64, "table"));
    if width(&title) + width(&of) + 6 <= usize::from(canvas.width()) {
        title.push_str(&of);
    }
    canvas.rule(0, &title);
    let holds = match run.backup_files {
        0 => "holds no backup".to_owned(),
        files => format!("in backups {}, {}", counted(files, "file"), run.backup_bytes),
    };
    let of = run.of.as_ref().map(|of| format!("   of {}", of.short())).unwrap_or_default();
    let by =
        app.data.runs.by(run).map(|(kind, by)| format!("   {} by {}", kind.word(), by.short())).unwrap_or_default();
    canvas.text(2, 1, &format!("{holds}{of}{by}"), Role::Text);
    let columns = canvas.width();
    let cannot = run.cannot.iter().filter(|(kind, _)| *kind != crate::model::RunKind::Recover);
    let cannot: Vec<String> = cannot.map(|(kind, reason)| format!("{}: {}", kind.word(), reason.text)).collect();
    canvas.text(2, 2, &names(&run.tables, usize::from(columns - 2)), Role::Text);
    canvas.line(2, 3, columns - 2, &cannot.join("   "), Role::Dim);
}

/// As many names as there is room for, and how many more there are.
pub(super) fn names(all: &[String], columns: usize) -> String {
    let rest =
        |shown: usize| if shown < all.len() { format!("  and {} more", all.len() - shown) } else { String::new() };
    let text = |shown: usize| all[..shown].join("  ") + &rest(shown);
    (1..=all.len())
        .rev()
        .map(text)
        .find(|text| width(text) <= columns)
        .unwrap_or_else(|| counted(all.len() as u64, "table"))
}

/// A run of another user or host: what it writes to the lake, twice a minute at most.
pub fn elsewhere(app: &App, run: &RunSummary, canvas: &mut Canvas<'_>) {
    if let Some(snapshot) = app.data.runs.from_lake(&run.run).filter(|_| app.is_live(&run.run)) {
        return super::run::of_another(app, run, &snapshot, canvas);
    }
    let (width, height) = (canvas.width(), canvas.height());
    let sections = app.sections();
    let live = app.is_live(&run.run);
    let process = run.pid.map(|pid| format!(", process {pid}")).unwrap_or_default();
    let elapsed = (run.finished.unwrap_or(app.data.now) - run.started).to_std().unwrap_or_default();
    let x = canvas.text(2, 0, &format!("{} ", run.kind.word()), Role::Text);
    let result = app.data.runs.result(run);
    let x = canvas.text(x, 0, &result, role_of(&result));
    let done = format!(" {} of {}", count_text(run.targets_done), counted(run.targets, "target"));
    let text = format!("{done}, {} on {}{process}   {}", run.user, run.host, duration_text(elapsed));
    canvas.line(x, 0, width.saturating_sub(x), &text, Role::Text);
    let text = if live {
        "as it stands on the lake, read again twice a minute. Steered where it runs."
    } else {
        "read from the lake"
    };
    canvas.line(2, 1, width - 2, text, Role::Dim);
    let rows = height.saturating_sub(sections.below);
    outcomes(app, &run.run, &mut canvas.part(0, 0, width, rows), sections.above - 1, width);
}

/// The targets of a run.
pub fn targets(app: &App, run: &RunId, canvas: &mut Canvas<'_>) {
    let sections = app.sections();
    let width = canvas.width();
    let summary = app.data.runs.get(run);
    if let (true, Some(summary)) = (sections.above > 2, summary) {
        let result = app.data.runs.result(summary);
        let elapsed = summary.finished.map(|end| (end - summary.started).to_std().unwrap_or_default());
        let elapsed = elapsed.map(|elapsed| format!(" in {}", duration_text(elapsed))).unwrap_or_default();
        let x = canvas.text(2, 0, &format!("{} ", summary.kind.word()), Role::Text);
        let x = canvas.text(x, 0, &result, role_of(&result));
        let text = format!(
            " {}/{}{elapsed}, {}, {} on {}",
            count_text(summary.targets_done),
            count_text(summary.targets),
            ago(app, summary.started),
            summary.user,
            summary.host
        );
        canvas.text(x, 0, &text, Role::Text);
        let marked = app.marked_of_run(run);
        let holds = match summary.backup_files {
            0 => "holds no backup".to_owned(),
            files => format!("in backups {}, {}", counted(files, "file"), summary.backup_bytes),
        };
        let marked = if marked > 0 { format!("   {marked} marked: R takes only these") } else { String::new() };
        canvas.text(2, 1, &format!("{holds}{marked}"), Role::Text);
    }
    outcomes(app, run, canvas, sections.above - 1, width);
}

/// So many names say how wide their column is.
const LOOKED_AT: usize = 1_000;
/// Where the last column ends, from the end of the names on.
const VERIFIED: u16 = 45;

fn outcomes(app: &App, run: &RunId, canvas: &mut Canvas<'_>, heading: u16, columns: u16) {
    let known = app.data.outcomes(run);
    // Reasons need room; where there is none, names have it.
    let reasons = known.iter().any(|outcome| outcome.reason.is_some());
    let most = columns.saturating_sub(match (columns < 80, reasons) {
        (true, true) => 34,
        (true, false) => 18,
        (false, true) => 50,
        (false, false) => 46,
    });
    let names = known.iter().take(LOOKED_AT).map(|outcome| width(&outcome.id.to_string()) as u16);
    let name = names.max().unwrap_or(0).clamp(26.min(most), most);
    canvas.text(3, heading, "target", Role::Heading);
    canvas.text(name + 4, heading, "state", Role::Heading);
    if columns >= 80 {
        canvas.right(name + 31, heading, "files", Role::Heading);
        canvas.right(name + VERIFIED, heading, "verified", Role::Heading);
    }
    let rows = app.list().map(|list| list.rows()).unwrap_or_default();
    let cursor = app.list().and_then(|list| list.selected());
    for (line, row) in rows[app.window()].iter().enumerate() {
        let Some(outcome) = known.get(*row as usize) else { continue };
        let y = heading + 1 + line as u16;
        canvas.text(0, y, if cursor == Some(*row) { ">" } else { " " }, Role::Key);
        let marked = app.is_marked_of_run(run, &outcome.id);
        canvas.text(1, y, if marked { "*" } else { " " }, Role::Key);
        canvas.field(3, y, name, &outcome.id.to_string(), Role::Text);
        outcome_cells(outcome, canvas, y, name, columns);
        if cursor == Some(*row) {
            canvas.bold_row(y);
        }
    }
    if rows.is_empty() {
        let dots = canvas.glyphs.ellipsis();
        let loaded = app.data.runs.shown.contains_key(run);
        let text =
            if loaded { "No target is known of this run.".to_owned() } else { format!("reading its records{dots}") };
        canvas.text(2, heading + 1, &text, Role::Text);
    }
}

fn outcome_cells(outcome: &TargetOutcome, canvas: &mut Canvas<'_>, y: u16, name: u16, columns: u16) {
    let state = match &outcome.reason {
        Some(reason) => format!("{}: {}", outcome.state.word(), reason.text),
        None => outcome.state.word().to_owned(),
    };
    let wide = columns >= 80;
    let with_reason = outcome.reason.is_some();
    let room = if with_reason || !wide { columns - name - 5 } else { 12 };
    canvas.line(name + 4, y, room, &state, role_of(&state.replace(':', " ")));
    if wide && !with_reason {
        // What was not exchanged has no files after, and nothing was verified.
        let before = count_text(outcome.files_before);
        let done = outcome.state.is_success();
        let files = if done { format!("{before} -> {}", count_text(outcome.files_after)) } else { before };
        canvas.right(name + 31, y, &files, Role::Text);
        if done {
            canvas.right(name + VERIFIED, y, &outcome.verified, Role::Text);
        }
    }
}
