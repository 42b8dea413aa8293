//! Inspect's parts that are lines: schema, properties, writers, why; each scrolls.

use super::canvas::Canvas;
use super::theme::Role;
use crate::app::{App, Details, PaneFacts, Reading, column_rows, group_lines, version_lines, writer_rows};
use crate::error::Code;
use crate::model::{Subject, clean, fit, width, wrap};

/// A line that has no word before it.
const WIDE: &str = "\t";

/// Texts over as many lines as they need, the word before the first.
fn wrapped(texts: impl Iterator<Item = (String, String)>, canvas: &Canvas<'_>) -> Vec<(String, String)> {
    let columns = usize::from(canvas.width().saturating_sub(16));
    texts
        .flat_map(|(word, text)| {
            let lines = wrap(&text, columns).into_iter().enumerate();
            lines.map(move |(at, line)| (if at == 0 { word.clone() } else { String::new() }, line)).collect::<Vec<_>>()
        })
        .collect()
}

pub(super) fn paragraph(text: &str, columns: u16) -> Vec<(String, String)> {
    wrap(text, usize::from(columns)).into_iter().map(|line| (String::new(), line)).collect()
}

fn footers_missing(canvas: &mut Canvas<'_>, app: &App) {
    let reading = app.data.readings.iter().any(|progress| matches!(progress.reading, Reading::Footers(_)));
    let text = if reading { "reading footers" } else { "Footers were not read. :footers reads them; a plan does too." };
    canvas.text(2, 1, text, Role::Text);
}

/// Columns with their types and the versions that have them; then the versions, and what keeps file groups apart.
pub(super) fn schema(app: &App, details: Option<&Details>, canvas: &mut Canvas<'_>) {
    let Some(footers) = details.and_then(|details| details.footers.as_ref()) else {
        return footers_missing(canvas, app);
    };
    let rows = column_rows(footers);
    let heading = ["column", "type", "physical", "versions"].map(str::to_owned);
    let several = rows.iter().any(|row| !row[3].is_empty());
    let mut lines = wrapped(version_lines(footers).into_iter().chain(group_lines(footers)), canvas);
    lines.push(Default::default());
    let most = |at: usize, bound: usize| {
        rows.iter().chain([&heading]).map(|row| width(&clean(&row[at]))).max().unwrap_or(0).min(bound)
    };
    let room = usize::from(canvas.width()).saturating_sub(4);
    let [name, kind, physical] = [most(0, room / 2), most(1, 22), most(2, 10)];
    let ellipsis = canvas.glyphs.ellipsis();
    for row in [&heading].into_iter().chain(&rows) {
        let which = match row[3].as_str() {
            "" if several => "all",
            "" => "",
            which => which,
        };
        let which = if several { which } else { "" };
        let text = format!(
            "{}  {}  {}  {which}",
            fit(&clean(&row[0]), name, ellipsis),
            fit(&clean(&row[1]), kind, ellipsis),
            fit(&clean(&row[2]), physical, ellipsis)
        );
        lines.push((WIDE.to_owned(), text));
    }
    scrolled(app, canvas, &lines);
}

pub(super) fn scrolled(app: &App, canvas: &mut Canvas<'_>, lines: &[(String, String)]) {
    let height = usize::from(canvas.height().saturating_sub(1));
    let top = app.place.min(lines.len().saturating_sub(height));
    for (y, (word, text)) in lines.iter().skip(top).take(height).enumerate() {
        let x = if word == WIDE { 2 } else { 15 };
        if x > 2 {
            canvas.field(2, 1 + y as u16, 12, word, Role::Dim);
        }
        canvas.line(x, 1 + y as u16, canvas.width().saturating_sub(x), text, Role::Text);
    }
    if lines.len() > height {
        let end = canvas.width();
        canvas.right(end, 0, &format!("line {} of {}; j k move", top + 1, lines.len()), Role::Dim);
    }
}

pub(super) fn properties(app: &App, details: Option<&Details>, canvas: &mut Canvas<'_>) {
    let Some(details) = details else { return footers_missing(canvas, app) };
    let mut lines: Vec<(String, String)> = Vec::new();
    let keys: Vec<String> =
        details.partition_keys.iter().map(|key| format!("{} {}", key.name, key.hive_type)).collect();
    lines.push(("partitioned".to_owned(), if keys.is_empty() { "no".to_owned() } else { keys.join(", ") }));
    lines.extend(details.properties.iter().cloned());
    if details.properties.is_empty() {
        lines.push(("properties".to_owned(), "the catalog states none".to_owned()));
    }
    scrolled(app, canvas, &lines);
}

/// Who wrote the files: program, files, first and last, files a day.
pub(super) fn writers(app: &App, details: Option<&Details>, canvas: &mut Canvas<'_>) {
    let Some(footers) = details.and_then(|details| details.footers.as_ref()) else {
        return footers_missing(canvas, app);
    };
    let mut rows = vec![["writer", "files", "first", "last", "files a day"].map(str::to_owned)];
    rows.extend(writer_rows(footers, app.data.now));
    let name = rows.iter().map(|row| width(&clean(&row[0]))).max().unwrap_or(0);
    let name = name.min(usize::from(canvas.width()).saturating_sub(56));
    let ellipsis = canvas.glyphs.ellipsis();
    let mut lines: Vec<(String, String)> = rows
        .into_iter()
        .map(|[writer, files, first, last, a_day]| {
            let writer = fit(&clean(&writer), name, ellipsis);
            (WIDE.to_owned(), format!("{writer} {files:>12} {first:>13} {last:>13} {a_day:>12}"))
        })
        .collect();
    let over = footers.recent.growth(footers.at).map(|growth| growth.span_text());
    let over = over.map_or_else(|| footers.recent.text(footers.at), |span| format!("files a day: by the last {span}"));
    lines.push(Default::default());
    lines.push((WIDE.to_owned(), over));
    scrolled(app, canvas, &lines);
}

/// Every target left out, the reason, what would change it.
pub(super) fn left_out(app: &App, subject: &Subject) -> Vec<String> {
    let Subject::Table(table) = subject else { return Vec::new() };
    let Some(rows) = app.data.partitions.get(table) else { return Vec::new() };
    let policy = &app.data.policy;
    let mut lines = Vec::new();
    for row in (0..rows.len() as u32).take(100_000) {
        let name = if rows.name(row).is_empty() { "the table" } else { rows.name(row) };
        if let Some(reason) = rows.reasons(row).first() {
            lines.push(format!("{name} REFUSED: {} [{}]{}", reason.text, reason.code, way_out(reason.code)));
        } else if let Some(error) = rows.error(row) {
            lines.push(format!("{name} ERR: {} [{}]{}", error.text, error.code, way_out(error.code)));
        } else if rows.measures(row).is_hot(policy, app.data.now) {
            let age = rows.measures(row).newest.and_then(|newest| newest.age(app.data.now)).unwrap_or_default();
            let quiet = crate::model::duration_text(policy.quiet_period);
            lines.push(format!("{name} HOT: a file changed {} ago; quiet is {quiet}", crate::model::age_text(age)));
        }
        if lines.len() >= 1_000 {
            break;
        }
    }
    lines
}

/// What would change it, where something would.
fn way_out(code: Code) -> &'static str {
    match code {
        Code::UnsupportedEntry => "; way out: move what is no data file out of the directory",
        Code::MixedFormat => "; way out: files of one format only",
        Code::DamagedFile => "; way out: finish or remove that file",
        Code::Permission => "; way out: the right to write there; r looks again",
        Code::SharedLocation => "; way out: a location of its own",
        Code::NotQuiet | Code::OpenWriters => "; way out: wait until it is quiet",
        Code::LeaseHeld => "; way out: that run's end",
        Code::NeedsRecovery | Code::NeedsDecision => "; way out: F recovers it",
        Code::Unavailable | Code::Io | Code::MetastoreUnreachable => "; r tries again",
        _ => "",
    }
}

pub(super) fn why(
    app: &App,
    subject: &Subject,
    details: Option<&Details>,
    facts: Option<&PaneFacts>,
    canvas: &mut Canvas<'_>,
) {
    let mut lines: Vec<(String, String)> = Vec::new();
    let refusals = details.map(|details| details.refusals.as_slice()).unwrap_or_default();
    lines.extend(refusals.iter().map(|reason| ("table".to_owned(), format!("{} [{}]", reason.text, reason.code))));
    if let Some(facts) = facts {
        lines.extend(facts.notes.iter().filter(|(word, _)| word == "REFUSED" || word == "ERR").cloned());
    }
    let footers = details.and_then(|details| details.footers.as_ref());
    let damaged = footers.map(|footers| footers.damaged.as_slice()).unwrap_or_default();
    lines.extend(damaged.iter().map(|(file, reason)| ("file".to_owned(), format!("{file}: {}", reason.text))));
    lines.extend(left_out(app, subject).into_iter().map(|text| (String::new(), text)));
    if lines.is_empty() {
        canvas.text(2, 1, "Nothing is left out by a reason; what is large enough is ok and stays.", Role::Text);
        return;
    }
    let lines = wrapped(lines.into_iter(), canvas);
    scrolled(app, canvas, &lines);
}
