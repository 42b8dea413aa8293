//! Inspect: a table or a partition; Tab goes through its parts.

use super::bars;
use super::canvas::Canvas;
use super::numbers::{short_count, short_estimate};
use super::theme::Role;
use crate::app::{App, Details, PaneFacts, Part, Reading, Subject};
use crate::model::{DataFormat, FileFacts, TableKind, clean, count_text, counted, width, wrap};

/// Rows below the bars, and those that are not bars.
const NOTES: u16 = 8;

/// Draws it.
pub fn draw(app: &App, subject: &Subject, canvas: &mut Canvas<'_>) {
    let details = app.data.details.as_deref();
    let facts = app.inspected(subject);
    identity(app, subject, details, canvas);
    let mut y = 1;
    if let Some(facts) = &facts {
        let median = if facts.small.is_some() { "median" } else { "median ~" };
        let median = median.to_owned() + if median.ends_with('~') { "" } else { " " };
        let text = format!(
            "  {}  {}  avg {}  {median}{}",
            counted(facts.files, "file"),
            facts.bytes,
            facts.average,
            facts.median
        );
        let x = canvas.text(0, 1, &text, Role::Text) + 2;
        let room = usize::from(canvas.width().saturating_sub(x));
        let grows = growth_texts(facts).into_iter().find(|text| width(text) <= room).unwrap_or_default();
        canvas.text(x, 1, &grows, Role::Text);
        let states = facts.notes.iter().find(|(word, _)| word == "targets").map(|(_, text)| text.clone());
        let saves = (facts.saves > 0).then(|| format!("saves {} objects", short_count(facts.saves)));
        let line: Vec<String> = states.into_iter().chain(saves).collect();
        canvas.text(2, 2, &line.join("    "), Role::Text);
        y = 3;
    } else {
        let dots = canvas.glyphs.ellipsis();
        canvas.text(0, 1, &format!("  listing{dots}"), Role::Dim);
        y += 1;
    }
    parts(app, canvas, y);
    let mut body = {
        let (width, height) = (canvas.width(), canvas.height());
        canvas.part(0, y + 1, width, height - y - 1)
    };
    match app.part {
        Part::Files => files(app, subject, facts.as_ref(), &mut body),
        Part::Schema => schema(app, details, &mut body),
        Part::Properties => properties(app, details, &mut body),
        Part::Writers => writers(app, details, &mut body),
        Part::Why => why(app, subject, details, facts.as_ref(), &mut body),
    }
}

/// How fast it grows, the widest text first. What a compaction wrote is no growth.
fn growth_texts(facts: &PaneFacts) -> [String; 3] {
    let (a_day, over) = match facts.growth {
        Some(growth) if growth.a_day() < 9.95 => (growth.a_day_text(), growth.span_text()),
        Some(growth) => (format!("~{}", short_estimate(growth.a_day())), growth.span_text()),
        None => ("?".to_owned(), String::new()),
    };
    let over = if over.is_empty() { over } else { format!(", by the last {over}") };
    [format!("grows {a_day} files a day{over}"), format!("grows {a_day} files a day"), format!("grows {a_day} a day")]
}

/// Kind, place, owner. Where it is short the place is cut in its middle: who may write stays in sight.
fn identity(app: &App, subject: &Subject, details: Option<&Details>, canvas: &mut Canvas<'_>) {
    let table = subject.table();
    let stats = app.data.tables.get(&table);
    let format: Option<DataFormat> = stats.and_then(|stats| stats.format);
    let location = details.map(|details| details.location.to_string());
    let location = location.or_else(|| match subject {
        Subject::Table(_) => stats.map(|stats| stats.location.to_string()),
        Subject::Target(target) => app.location_text(target),
    });
    let kind = details.map(|details| match details.kind {
        TableKind::External => "external",
        TableKind::Managed => "managed",
        TableKind::View => "view",
    });
    let words: Vec<String> =
        [kind.map(str::to_owned), format.map(|format| format.to_string())].into_iter().flatten().collect();
    let x = canvas.text(2, 0, &words.join(", "), Role::Text);
    let mut rights = String::new();
    if let Some((owner, mode)) = details.and_then(|details| details.owner.as_ref()) {
        rights.push_str(&format!("   {}:{} {mode:o}", owner.user, owner.group));
    }
    if let Some(replicas) = details.and_then(|details| details.replication) {
        rights.push_str(&format!("   {replicas} replicas"));
    }
    let x = if words.is_empty() { x } else { x + 3 };
    let room = canvas.width().saturating_sub(x + u16::try_from(width(&clean(&rights))).unwrap_or(0));
    let location = canvas.cut(&location.unwrap_or_default(), room);
    let x = canvas.text(x, 0, &location, Role::Text);
    canvas.text(x, 0, &rights, Role::Text);
}

fn parts(app: &App, canvas: &mut Canvas<'_>, y: u16) {
    let mut x = 0;
    for part in Part::ALL {
        let current = part == app.part;
        let text = if current { format!("[{}]", part.word()) } else { format!(" {} ", part.word()) };
        x = canvas.text(x, y, &text, if current { Role::Focus } else { Role::Text }) + 1;
    }
    let end = canvas.width();
    let hint = match app.part {
        Part::Files => format!("b: {}", app.bars.words()),
        Part::Schema | Part::Writers => footers_hint(app),
        _ => String::new(),
    };
    canvas.right(end, y, &hint, Role::Dim);
}

/// Which footers the part is made of: of a table those of one target.
fn footers_hint(app: &App) -> String {
    let details = app.data.details.as_deref();
    match details.and_then(|details| details.footers.as_ref().zip(details.footers_of.as_ref())) {
        Some((footers, of)) => {
            let of = of.partition.clone().unwrap_or_else(|| of.table.clone());
            format!("{} of {of}", counted(footers.len() as u64, "footer"))
        }
        None => ":footers reads them".to_owned(),
    }
}

fn files(app: &App, subject: &Subject, facts: Option<&PaneFacts>, canvas: &mut Canvas<'_>) {
    let Some(facts) = facts.filter(|facts| facts.files > 0) else {
        canvas.text(2, 0, "No data files are known yet.", Role::Text);
        return;
    };
    let predicted = facts.after.is_some();
    canvas.text(7, 0, "size       now", Role::Heading);
    if predicted {
        let x = if canvas.width() >= 100 { 64 } else { 52 };
        canvas.text(x, 0, "~after  predicted", Role::Heading);
    }
    let policy = &app.data.policy;
    let (now, after) = (&facts.histogram, facts.after.as_ref());
    let most = usize::from(canvas.height().saturating_sub(NOTES));
    let single = (canvas.width() >= 100).then(|| bars::single_rows(now, after, policy, app.bars, most)).flatten();
    let rows = single.unwrap_or_else(|| bars::rows(now, after, policy, app.bars));
    let threshold = format!("small-file threshold {}", policy.small_file_threshold());
    let used = bars::lying(canvas, 1, &rows, app.bars, &threshold);
    notes(app, subject, facts, canvas, 1 + used);
}

fn notes(app: &App, subject: &Subject, facts: &PaneFacts, canvas: &mut Canvas<'_>, mut y: u16) {
    let mut lines: Vec<(String, String)> = Vec::new();
    if let Some(schema) = schema_summary(app) {
        lines.push(("schema".to_owned(), schema));
    }
    lines.extend(writer_lines(app).into_iter().take(1).map(|line| ("writers".to_owned(), line)));
    let shown = facts.notes.iter().filter(|(word, _)| word != "targets" && word != "format").cloned();
    lines.extend(shown.map(|(word, text)| match &facts.came {
        Some(came) if word == "changed" => (word, format!("{text}; {came}")),
        _ => (word, text),
    }));
    lines.extend(left_out(app, subject).into_iter().take(1).map(|text| ("why not".to_owned(), text)));
    for (word, text) in lines {
        canvas.text(2, y, &word, Role::Dim);
        canvas.line(11, y, canvas.width().saturating_sub(11), &text, Role::Text);
        y += 1;
    }
}

fn footers_missing(canvas: &mut Canvas<'_>, app: &App) {
    let reading = app.data.readings.iter().any(|progress| matches!(progress.reading, Reading::Footers(_)));
    let text = if reading { "reading footers" } else { "Footers were not read. :footers reads them; a plan does too." };
    canvas.text(2, 1, text, Role::Text);
}

/// The parts of the schema as the footers of the first group say; groups that differ are told apart.
fn schema(app: &App, details: Option<&Details>, canvas: &mut Canvas<'_>) {
    let Some(footers) = details.and_then(|details| details.footers.as_ref()) else {
        return footers_missing(canvas, app);
    };
    let mut groups: Vec<(&FileFacts, u64)> = Vec::new();
    for facts in footers {
        match groups.iter_mut().find(|(first, _)| first.group_key == facts.group_key) {
            Some((_, files)) => *files += 1,
            None => groups.push((facts, 1)),
        }
    }
    let mut lines = Vec::new();
    let width = usize::from(canvas.width()).saturating_sub(16);
    for (number, (first, files)) in groups.iter().enumerate() {
        lines.push((format!("group {}", number + 1), format!("{} files", count_text(*files))));
        for (part, value) in &first.group_facts {
            for (at, line) in wrap(value, width).into_iter().enumerate() {
                lines.push((if at == 0 { part.clone() } else { String::new() }, line));
            }
        }
    }
    scrolled(app, canvas, &lines);
}

fn scrolled(app: &App, canvas: &mut Canvas<'_>, lines: &[(String, String)]) {
    let height = usize::from(canvas.height().saturating_sub(1));
    let top = app.place.min(lines.len().saturating_sub(height));
    for (y, (word, text)) in lines.iter().skip(top).take(height).enumerate() {
        canvas.field(2, 1 + y as u16, 12, word, Role::Dim);
        canvas.line(15, 1 + y as u16, canvas.width().saturating_sub(15), text, Role::Text);
    }
    if lines.len() > height {
        let end = canvas.width();
        canvas.right(end, 0, &format!("line {} of {}; j k move", top + 1, lines.len()), Role::Dim);
    }
}

fn properties(app: &App, details: Option<&Details>, canvas: &mut Canvas<'_>) {
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

/// Who wrote the files: program, files, first and last.
fn writer_lines(app: &App) -> Vec<String> {
    let Some(footers) = app.data.details.as_ref().and_then(|details| details.footers.as_ref()) else {
        return Vec::new();
    };
    let mut writers: Vec<(&str, u64, i64, i64)> = Vec::new();
    for facts in footers {
        let name = facts.created_by.as_deref().unwrap_or("unknown");
        let at = facts.file.modified.0;
        match writers.iter_mut().find(|(known, ..)| *known == name) {
            Some((_, files, first, last)) => (*files, *first, *last) = (*files + 1, (*first).min(at), (*last).max(at)),
            None => writers.push((name, 1, at, at)),
        }
    }
    writers.sort_by_key(|(_, files, _, _)| std::cmp::Reverse(*files));
    let age = |at: i64| {
        let age = crate::model::FileTime(at).age(app.data.now).unwrap_or_default();
        format!("{} ago", crate::model::age_text(age))
    };
    writers
        .into_iter()
        .map(|(name, files, first, last)| {
            format!("{} files, first {}, last {}   {name}", count_text(files), age(first), age(last))
        })
        .collect()
}

fn schema_summary(app: &App) -> Option<String> {
    let footers = app.data.details.as_ref()?.footers.as_ref()?;
    let mut keys: Vec<&str> = footers.iter().map(|facts| facts.group_key.as_str()).collect();
    keys.sort_unstable();
    keys.dedup();
    Some(match keys.len() {
        1 => "1 file group: every file may be merged with every other".to_owned(),
        groups => format!("{groups} file groups are kept apart; Tab shows how they differ"),
    })
}

fn writers(app: &App, details: Option<&Details>, canvas: &mut Canvas<'_>) {
    if details.is_none_or(|details| details.footers.is_none()) {
        return footers_missing(canvas, app);
    }
    let lines: Vec<(String, String)> = writer_lines(app).into_iter().map(|line| (String::new(), line)).collect();
    scrolled(app, canvas, &lines);
}

/// Every target left out, the reason, what would change it.
fn left_out(app: &App, subject: &Subject) -> Vec<String> {
    let Subject::Table(table) = subject else { return Vec::new() };
    let Some(rows) = app.data.partitions.get(table) else { return Vec::new() };
    let policy = &app.data.policy;
    let mut lines = Vec::new();
    for row in (0..rows.len() as u32).take(100_000) {
        let name = if rows.name(row).is_empty() { "the table" } else { rows.name(row) };
        if let Some(reason) = rows.reasons(row).first() {
            lines.push(format!("{name} REFUSED: {} [{}]", reason.text, reason.code));
        } else if let Some(error) = rows.error(row) {
            lines.push(format!("{name} ERR: {}", error.text));
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

fn why(app: &App, subject: &Subject, details: Option<&Details>, facts: Option<&PaneFacts>, canvas: &mut Canvas<'_>) {
    let mut lines: Vec<(String, String)> = Vec::new();
    let refusals = details.map(|details| details.refusals.as_slice()).unwrap_or_default();
    lines.extend(refusals.iter().map(|reason| ("table".to_owned(), format!("{} [{}]", reason.text, reason.code))));
    if let Some(facts) = facts {
        lines.extend(facts.notes.iter().filter(|(word, _)| word == "REFUSED" || word == "ERR").cloned());
    }
    let damaged = details.map(|details| details.damaged.as_slice()).unwrap_or_default();
    lines.extend(damaged.iter().map(|(file, reason)| ("file".to_owned(), format!("{file}: {}", reason.text))));
    lines.extend(left_out(app, subject).into_iter().map(|text| (String::new(), text)));
    if lines.is_empty() {
        canvas.text(2, 1, "Nothing is left out by a reason; what is large enough is ok and stays.", Role::Text);
        return;
    }
    scrolled(app, canvas, &lines);
}
