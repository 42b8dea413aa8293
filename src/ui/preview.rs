//! Roll back, clean up, recover: the facts, the targets and the question on one screen.

use super::canvas::Canvas;
use super::theme::{Role, role_of};
use crate::app::{App, Ask, Preview, TargetVerdict, Verdict, Within};
use crate::model::{RunKind, Size, age_text, count_text, counted, duration_text, width};

/// Draws it.
pub fn draw(app: &App, canvas: &mut Canvas<'_>) {
    let Some(preview) = &app.data.preview else {
        canvas.text(2, 0, "Nothing is previewed. R, C or F on a run begins it.", Role::Text);
        return;
    };
    let sections = app.sections();
    let facts = facts(app, preview);
    let room = usize::from(sections.above.saturating_sub(1));
    for (y, (word, text)) in facts.iter().take(room).enumerate() {
        canvas.text(2, y as u16, word, Role::Dim);
        canvas.clauses(14, y as u16, canvas.width().saturating_sub(14), text, Role::Text);
    }
    list(app, preview, canvas, sections.above);
    let y = canvas.height() - sections.below;
    footer(app, preview, canvas, y, sections.below);
}

fn scope_text(app: &App, preview: &Preview) -> String {
    let ready = preview.ready().count() as u64;
    let all = preview.total.unwrap_or(0);
    let of = if preview.total.is_none() {
        "being checked".to_owned()
    } else if preview.elapsed_ms.is_some() {
        format!("{} of {}", count_text(ready), counted(all, "target"))
    } else {
        counted(all, "target")
    };
    let what = match &preview.within {
        Within::Run => format!("the whole run: {of}"),
        Within::Table(table) => format!("{table}: {of}"),
        Within::Targets(targets) => match targets.as_slice() {
            [target] => target.to_string(),
            _ => format!("what is marked: {of}"),
        },
    };
    let wider = match preview.wider() {
        Some(Within::Run) => {
            let run = app.data.runs.get(&preview.of);
            let targets = run.map_or(0, |run| run.targets);
            format!("   t: all {} of the run", counted(targets, "target"))
        }
        Some(Within::Table(table)) => format!("   t: {table}"),
        Some(Within::Targets(_)) => "   t: narrower again".to_owned(),
        None => String::new(),
    };
    format!("{what}{wider}")
}

fn facts(app: &App, preview: &Preview) -> Vec<(&'static str, String)> {
    if preview.targets.is_empty() && preview.elapsed_ms.is_none() {
        return vec![("scope", scope_text(app, preview))];
    }
    let [live, kept, kept_bytes, newer, newer_bytes] = preview.sums();
    let (kept_bytes, newer_bytes) = (Size(kept_bytes), Size(newer_bytes));
    match preview.kind {
        RunKind::Rollback => vec![
            ("scope", scope_text(app, preview)),
            (
                "1 live",
                format!("{} {}, as the backup of this rollback", counted(live, "file"), verb(live, "stays", "stay")),
            ),
            ("2 backup", format!("{}, {kept_bytes}, live again", counted(kept, "original file"))),
            ("3 stay", format!("{}, {newer_bytes}, written since: no row is lost", counted(newer, "file"))),
            ("4 metastore", "nothing is set; REFRESH lines for engines that cache listings".to_owned()),
        ],
        RunKind::Cleanup => {
            let summary = app.data.runs.get(&preview.of);
            let tables = summary.map(|run| run.tables.join("  ")).unwrap_or_default();
            let age = summary.and_then(|run| run.finished).map(|at| app.ago(at)).unwrap_or_default();
            let when = match (&preview.disposal, preview.terms.skip_trash) {
                (Some(disposal), _) => disposal.clone(),
                (None, true) => "at once: the files are gone and nothing brings them back".to_owned(),
                (None, false) => "to the trash, where there is one".to_owned(),
            };
            let ready = preview.ready().count() as u64;
            vec![
                ("of", format!("{tables}, finished {age} ago")),
                ("deletes", format!("{}: {}, {kept_bytes}", counted(ready, "backup"), counted(kept, "file"))),
                ("when", when),
                ("you lose", "the rollback of this run; no other copy of these files exists".to_owned()),
                ("checked", format!("verified; {}; nothing late or open: by target below", old_enough(preview))),
            ]
        }
        _ => vec![
            ("scope", scope_text(app, preview)),
            ("does", "looks, then finishes or takes back; no row is lost or doubled".to_owned()),
        ],
    }
}

fn old_enough(preview: &Preview) -> String {
    match preview.terms.minimum_age {
        Some(age) => format!("at least {} old, as typed", age_text(age)),
        None => "old enough".to_owned(),
    }
}

fn list(app: &App, preview: &Preview, canvas: &mut Canvas<'_>, above: u16) {
    let columns = canvas.width();
    // Of what died in the middle only the proposal counts.
    let narrow = columns < 80 || preview.kind == RunKind::Recover;
    let heading = above - 1;
    let one_table = preview.targets.windows(2).all(|pair| pair[0].id.table_name() == pair[1].id.table_name());
    let names: Vec<String> = preview.targets.iter().map(|target| short_name(target, one_table)).collect();
    let longest = names.iter().map(|name| width(name)).max().unwrap_or(0) as u16;
    let name = longest.clamp(14, columns.saturating_sub(if narrow { 30 } else { 52 }));
    let (live, kept) = (name + 4, name + 19);
    let verdict = if narrow { name + 4 } else { name + 36 };
    canvas.text(3, heading, "target", Role::Heading);
    if !narrow {
        canvas.text(live, heading, "live now", Role::Heading);
        canvas.text(kept, heading, "backup", Role::Heading);
    }
    canvas.text(verdict, heading, "verdict", Role::Heading);
    let rows = app.list().map(|list| list.rows()).unwrap_or_default();
    let cursor = app.list().and_then(|list| list.selected());
    for (line, row) in rows[app.window()].iter().enumerate() {
        let Some(target) = preview.targets.get(*row as usize) else { continue };
        let y = above + line as u16;
        canvas.text(0, y, if cursor == Some(*row) { ">" } else { " " }, Role::Key);
        canvas.field(3, y, name, &names[*row as usize], Role::Text);
        if !narrow {
            canvas.line(live, y, 14, &live_text(target), Role::Text);
            canvas.line(kept, y, 16, &kept_text(target), Role::Text);
        }
        let text = verdict_text(target);
        canvas.line(verdict, y, columns.saturating_sub(verdict), &text, role_of(&text.replace(':', " ")));
        if cursor == Some(*row) {
            canvas.bold_row(y);
        }
    }
}

/// The partition alone where every target is of one table.
fn short_name(target: &TargetVerdict, one_table: bool) -> String {
    match &target.id.partition {
        Some(partition) if one_table => partition.clone(),
        _ => target.id.to_string(),
    }
}

fn live_text(target: &TargetVerdict) -> String {
    let newer =
        if target.newer_files > 0 { format!(", {} new", count_text(target.newer_files)) } else { String::new() };
    if target.live_files < target.live_expected {
        let gone = target.live_expected - target.live_files;
        return format!("{} of {} gone", count_text(gone), count_text(target.live_expected));
    }
    if target.live_expected > 0 && newer.is_empty() {
        return format!("{} unchanged", count_text(target.live_files));
    }
    format!("{}{newer}", count_text(target.live_files))
}

fn verb(count: u64, one: &'static str, more: &'static str) -> &'static str {
    if count == 1 { one } else { more }
}

fn kept_text(target: &TargetVerdict) -> String {
    if target.kept_files == 0 {
        "gone".to_owned()
    } else {
        format!("{}, {}", count_text(target.kept_files), target.kept_bytes)
    }
}

pub(super) fn verdict_text(target: &TargetVerdict) -> String {
    let stay =
        if target.newer_files > 0 { format!(", {} stay", count_text(target.newer_files)) } else { String::new() };
    match &target.verdict {
        Verdict::Ready(text) if text.is_empty() => format!("ready{stay}"),
        Verdict::Ready(text) if text.starts_with("ready") => format!("{text}{stay}"),
        Verdict::Ready(text) => format!("ready: {text}{stay}"),
        Verdict::Refused(reason) => format!("REFUSED: {}", reason.text),
        Verdict::Decide(reason) => format!("NEEDS YOU: {}", reason.text),
    }
}

/// How far the check is, and the question with its field.
fn footer(app: &App, preview: &Preview, canvas: &mut Canvas<'_>, y: u16, rows: u16) {
    let done = preview.targets.len() as u64;
    let total = preview.total.map_or_else(|| "?".to_owned(), count_text);
    let undo = match preview.kind {
        RunKind::Rollback => "; deletes nothing; R on the new run undoes it",
        RunKind::Cleanup => "; cannot be undone",
        _ => "; deletes nothing",
    };
    let checked = match preview.elapsed_ms {
        Some(elapsed) => {
            let elapsed = duration_text(std::time::Duration::from_millis(elapsed.max(100)));
            format!("checked {}/{total} in {elapsed}{undo}", count_text(done))
        }
        None => format!("checked {}/{total}", count_text(done)),
    };
    let mut y = y;
    if rows > 2 {
        canvas.clauses(2, y, canvas.width() - 2, &checked, Role::Text);
        y += 1;
    }
    question(app, preview, canvas, y);
}

/// Why nothing can be done, where it is the same of every target.
fn only_reason(preview: &Preview) -> Option<&str> {
    let reason = |target: &'_ TargetVerdict| match &target.verdict {
        Verdict::Refused(reason) => Some(reason.text.clone()),
        _ => None,
    };
    let first = preview.targets.first()?;
    let same = preview.targets.iter().all(|target| reason(target).is_some() && reason(target) == reason(first));
    match &first.verdict {
        Verdict::Refused(reason) if same => Some(&reason.text),
        _ => None,
    }
}

fn question(app: &App, preview: &Preview, canvas: &mut Canvas<'_>, y: u16) {
    let end = canvas.width();
    let Some(question) = &preview.question else {
        let text = match (preview.elapsed_ms, &preview.failure) {
            (_, Some(failure)) => format!("NO: {}", failure.line()),
            (None, _) => "the question opens when every target is checked".to_owned(),
            (Some(_), _) if app.lake.read_only => "off: read-only".to_owned(),
            (Some(_), _) if preview.ready().next().is_some() => match app.lost_server() {
                Some(server) => format!("off: the {} does not answer; r checks again", server.name()),
                None => "a server was lost meanwhile; r checks again".to_owned(),
            },
            (Some(_), _) => match only_reason(preview) {
                Some(reason) => format!("NO: {reason}"),
                None => format!("NO: no target here is ready to {}", act(preview.kind)),
            },
        };
        canvas.line(2, y, end - 2, &text, role_of(&text.replace("NO:", "FAILED")));
        return;
    };
    match &question.ask {
        Ask::Yes { verb } => {
            let x = canvas.text(2, y, "y", Role::Key);
            let x = canvas.text(x, y, &format!("  {verb}"), Role::Text);
            let x = canvas.text(x + 4, y, "[ Cancel ]", Role::Focus);
            canvas.text(x, y, "  Enter or Esc", Role::Text);
        }
        Ask::Typed { prompt, expected, .. } => {
            let x = canvas.text(2, y, prompt, Role::Heading) + 2;
            // What is typed is always in sight: under its prompt where there is no room beside it.
            let typed = format!("{}_", question.typed);
            let room = width(&typed).max(width(expected) + 2) as u16;
            if x + room > end {
                let x = canvas.text(2, y + 1, &typed, Role::Key) + 2;
                let wrong = question.wrong.as_deref().unwrap_or_default();
                return canvas.line(x, y + 1, end.saturating_sub(x), wrong, Role::Warn);
            }
            canvas.text(x, y, &typed, Role::Key);
            if x + room + CANCELS.len() as u16 <= end {
                canvas.right(end, y, CANCELS, Role::Text);
            }
        }
    }
    if let Some(wrong) = &question.wrong {
        canvas.field(2, y + 1, end - 2, wrong, Role::Warn);
    }
}

const CANCELS: &str = "Esc cancels";

fn act(kind: RunKind) -> &'static str {
    match kind {
        RunKind::Cleanup => "be deleted",
        RunKind::Recover => "be recovered",
        _ => "be rolled back",
    }
}
