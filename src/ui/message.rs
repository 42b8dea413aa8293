//! The row of messages: what was just said, what is typed, what goes on, how fresh it is.

use super::canvas::Canvas;
use super::theme::Role;
use crate::app::{App, Level, Overlay, Reading, SortKey, Verdict, View, Watched};
use crate::model::{count_text, duration_text, shorten_paths, width};

/// Draws it.
pub fn draw(app: &App, canvas: &mut Canvas<'_>, y: u16) {
    let (text, role) = message_text(app);
    let text = shorten_paths(&text, usize::from(canvas.width()), canvas.glyphs.ellipsis());
    // What went wrong is shown as far as it goes.
    if role == Role::Text {
        canvas.clauses(0, y, canvas.width(), &text, role);
    } else {
        canvas.line(0, y, canvas.width(), &text, role);
    }
}

fn message_text(app: &App) -> (String, Role) {
    match &app.overlay {
        Overlay::Filter(_) => {
            let filter = app.list().map(|list| list.filter().text()).unwrap_or_default();
            let rows = app.list().map_or(0, |list| list.rows().len());
            let verb = if rows == 1 { "matches" } else { "match" };
            return (format!("/{filter}_   {} {verb}   Enter keeps  Esc clears", count_text(rows as u64)), Role::Text);
        }
        Overlay::Sort => {
            let words: Vec<String> = SortKey::MENU.iter().map(|(key, _, word)| format!("{key} {word}")).collect();
            let by = if app.is_narrow() { "" } else { "sort by: " };
            return (format!("{by}{}", words.join("  ")), Role::Text);
        }
        Overlay::Copy => return (app.copy_menu(), Role::Text),
        Overlay::Help(helping) if helping.typing => return (format!("/{}_", helping.query), Role::Text),
        _ => {}
    }
    if let Some(note) = &app.note {
        let role = match note.level {
            Level::Info => Role::Text,
            Level::Warn => Role::Warn,
            Level::Error => Role::Bad,
        };
        return (note.text.clone(), role);
    }
    if let Some(text) = app.list().and_then(|list| list.working()).map(|done| sorting(app, done)) {
        return (text, Role::Text);
    }
    if app.is_ticket_over() {
        let text = "! no valid Kerberos ticket: kinit in another window, then r. Changes are off.";
        return (text.to_owned(), Role::Bad);
    }
    if let Some(server) = app.lost_server() {
        return (lost_text(server), Role::Bad);
    }
    match reading_text(app) {
        Some(text) => (text, Role::Text),
        None => (freshness(app), Role::Text),
    }
}

/// What stays in sight for as long as a server is lost.
fn lost_text(server: &Watched) -> String {
    let since = server.since.format("%H:%M:%S");
    format!("! no answer from the {} since {since}; asked again. Changes are off.", server.name())
}

fn sorting(app: &App, done: u32) -> String {
    let total = app.list_total();
    format!("sorting {}/{}   Ctrl-c stops", count_text(u64::from(done)), count_text(total as u64))
}

/// A reading that goes on: a counter, seconds, and that Ctrl-c stops it.
fn reading_text(app: &App) -> Option<String> {
    let progress = app.data.readings.iter().max_by_key(|progress| progress.heard)?;
    let elapsed = (app.data.now - progress.since).to_std().unwrap_or_default();
    let silent = (app.data.now - progress.heard).num_seconds();
    let what = match &progress.reading {
        Reading::Lake => "the lake".to_owned(),
        Reading::Table(table) => table.to_string(),
        Reading::Target(target) => target.partition.clone().unwrap_or_else(|| target.table_name().to_string()),
        Reading::Footers(subject) => subject.table().to_string(),
    };
    let verb = if matches!(progress.reading, Reading::Footers(_)) { "reading footers of" } else { "listing" };
    let mut text = format!("{verb} {what}");
    let others = app.data.readings.len() - 1;
    if others > 0 {
        text.push_str(&format!(" and {others} more"));
    }
    match progress.total {
        Some(total) => text.push_str(&format!(": scanned {}/{} files", count_text(progress.done), count_text(total))),
        None if progress.done > 0 => text.push_str(&format!(": {} files so far", count_text(progress.done))),
        None => text.push_str(canvas_ellipsis(app)),
    }
    if elapsed.as_secs() >= 1 && silent < 5 {
        text.push_str(&format!(", {}", duration_text(elapsed)));
    }
    if silent >= 5 {
        // First, where no width cuts it off.
        text = format!("{}; {text}", app.silence(&progress.reading, silent));
    } else if elapsed.as_secs() >= 10 {
        text.push_str(&pace(progress.done, progress.total, elapsed));
    }
    let hint = "   Ctrl-c stops";
    if width(&text) + hint.len() <= usize::from(app.size().0) {
        text.push_str(hint);
    }
    Some(text)
}

/// From ten seconds on: the rate, and the time left, rounded.
fn pace(done: u64, total: Option<u64>, elapsed: std::time::Duration) -> String {
    let rate = done as f64 / elapsed.as_secs_f64();
    if rate < 1.0 {
        return String::new();
    }
    let left = total.filter(|total| *total > done).map(|total| (total - done) as f64 / rate * 1_000.0);
    let left = left.map(|left| format!(", ~{} left", duration_text(super::numbers::rounded(left as u64))));
    format!(", {}/s{}", count_text(rate as u64), left.unwrap_or_default())
}

fn canvas_ellipsis(app: &App) -> &'static str {
    if app.look.ascii { "..." } else { "…" }
}

fn freshness(app: &App) -> String {
    let place = app.list().filter(|list| list.rows().len() > 1_000).map(|list| {
        format!("row {} of {}", count_text(list.cursor() as u64 + 1), count_text(list.rows().len() as u64))
    });
    let text = match app.view() {
        View::Lake | View::Tables(_) | View::Databases => lake_freshness(app),
        View::Partitions(_) | View::Files(_) => selected_reason(app),
        View::Basket => basket_freshness(app),
        View::Plan if app.data.plan.is_some() => {
            "nothing was changed; a target that differs when the run starts is left out".to_owned()
        }
        View::Steps(_) => "nothing was changed; this is the whole of what X would do for this target".to_owned(),
        View::Run(run) => run_freshness(app, run),
        View::RunTargets(_) => "Space marks targets; marks narrow what R takes".to_owned(),
        View::Preview => preview_freshness(app),
        View::Doctor => doctor_advice(app),
        _ => String::new(),
    };
    match place {
        Some(place) if text.is_empty() => place,
        Some(place) => format!("{place}; {text}"),
        None => text,
    }
}

fn lake_freshness(app: &App) -> String {
    if let Some(table) = app.selected_table()
        && let Some(error) = &table.error
    {
        return format!("{}: {}   r tries again", table.name, error.text);
    }
    if let Some(reason) = app.selected_table().and_then(|table| table.reasons.first()) {
        return format!("REFUSED: {}", reason.text);
    }
    let listed = app.data.tables.rows().iter().filter(|table| table.scanned != crate::model::Scanned::No);
    let oldest = listed.map(|table| table.at).min();
    let age = oldest.map(|at| (app.data.now - at).to_std().unwrap_or_default());
    match age {
        Some(age) if age.as_secs() >= 60 => {
            let fresh = app.data.tables.rows().iter().filter(|table| table.at >= app.opened).count();
            let age = crate::model::age_text(age);
            if fresh > 0 {
                format!("{fresh} rows checked now, the rest as of {age} ago")
            } else {
                format!("cached {age} ago on this host")
            }
        }
        _ => String::new(),
    }
}

fn selected_reason(app: &App) -> String {
    app.selected_target_reason().unwrap_or_default()
}

fn basket_freshness(app: &App) -> String {
    // A note that the row has no room for.
    let row = app.list().and_then(|list| list.selected());
    let selected = row.and_then(|row| app.data.basket.tables().nth(row as usize));
    if let Some(note) = selected.and_then(|(table, marked)| app.basket_note(table, marked)) {
        return format!("{note}: a note stops those targets only");
    }
    let at = app.data.basket.at.map(|at| format!("marked on {} at {}; ", app.lake.profile, at.format("%H:%M")));
    format!("{}kept when you quit, emptied when the profile changes", at.unwrap_or_default())
}

/// What to do about the check under the cursor, else about the worst one.
fn doctor_advice(app: &App) -> String {
    let row = app.list().and_then(|list| list.selected());
    let selected = row.and_then(|row| app.data.doctor.checks.get(row as usize)).filter(|check| check.next.is_some());
    let advice = selected.or_else(|| app.data.doctor.advice());
    advice.and_then(|check| check.next.as_ref().map(|next| format!("{}: {next}", check.name))).unwrap_or_default()
}

fn run_freshness(app: &App, run: &crate::model::RunId) -> String {
    let silent = app.data.runs.get(run).filter(|_| app.is_from_lake(run));
    let silent = silent.and_then(|run| Some((run, app.data.runs.silent_for(&run.run, app.data.now)?)));
    if let Some((run, silent)) = silent {
        return super::run::silence_text(run, silent);
    }
    if app.is_from_lake(run) {
        return "another user's, or another host's: their console pauses and cancels it".to_owned();
    }
    if let Some(failure) = app.data.runs.lost.get(run) {
        return format!("{}   r connects again", failure.line());
    }
    if app.is_live(run) {
        return format!("closing this window does not stop the run; lakehand attach {} brings it back", run.suffix());
    }
    super::run::NOTHING_FREED.to_owned()
}

fn preview_freshness(app: &App) -> String {
    let Some(preview) = &app.data.preview else { return String::new() };
    if let Some(failure) = &preview.failure {
        return failure.line();
    }
    if preview.elapsed_ms.is_none() {
        let elapsed = (app.data.now - preview.since).to_std().unwrap_or_default();
        let seconds = if elapsed.as_secs() >= 1 { format!(", {}", duration_text(elapsed)) } else { String::new() };
        return format!("nothing was changed; checking{seconds}   Ctrl-c stops");
    }
    let decide = preview.targets.iter().any(|target| matches!(target.verdict, Verdict::Decide(_)));
    if decide {
        return "nothing was changed; :keep or :restore decides for the targets that need it".to_owned();
    }
    // A verdict that its column has no room for.
    let row = app.list().and_then(|list| list.selected());
    if let Some(target) = row.and_then(|row| preview.targets.get(row as usize)) {
        let verdict = super::preview::verdict_text(target);
        if width(&verdict) > 14 {
            return verdict;
        }
    }
    "nothing was changed".to_owned()
}
