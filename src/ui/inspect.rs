//! Inspect: a table or a partition; Tab goes through its parts.

use super::bars;
use super::canvas::Canvas;
use super::numbers::{short_count, short_estimate};
use super::parts;
use super::theme::Role;
use crate::app::{App, Details, PaneFacts, Part, footers_words, schema_words, writers_words};
use crate::model::{DataFormat, Subject, TableKind, clean, counted, width, wrap};

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
        let partitions = match subject {
            Subject::Table(table) => app.data.tables.get(table).map_or(0, |stats| stats.targets),
            Subject::Target(_) => 0,
        };
        let states = states.map(|states| match partitions {
            0 | 1 => states,
            several => format!("{}: {states}", counted(several, "partition")),
        });
        let saves = (facts.saves > 0).then(|| format!("saves {} objects", short_count(facts.saves)));
        let line: Vec<String> = states.into_iter().chain(saves).collect();
        canvas.text(2, 2, &line.join("    "), Role::Text);
        y = 3;
    } else {
        let dots = canvas.glyphs.ellipsis();
        canvas.text(0, 1, &format!("  listing{dots}"), Role::Dim);
        y += 1;
    }
    tabs(app, canvas, y);
    let mut body = {
        let (width, height) = (canvas.width(), canvas.height());
        canvas.part(0, y + 1, width, height - y - 1)
    };
    match app.part {
        Part::Files => files(app, subject, facts.as_ref(), &mut body),
        Part::Schema => parts::schema(app, details, &mut body),
        Part::Properties => parts::properties(app, details, &mut body),
        Part::Writers => parts::writers(app, details, &mut body),
        Part::Why => parts::why(app, subject, details, facts.as_ref(), &mut body),
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
    let codecs = details.and_then(|details| details.footers.as_ref()).map(|footers| footers.codecs().join("+"));
    let words: Vec<String> = [kind.map(str::to_owned), format.map(|format| format.to_string()), codecs]
        .into_iter()
        .flatten()
        .filter(|word| !word.is_empty())
        .collect();
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

fn tabs(app: &App, canvas: &mut Canvas<'_>, y: u16) {
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

/// Which footers the part is made of.
fn footers_hint(app: &App) -> String {
    match app.data.details.as_deref().and_then(|details| details.footers.as_ref()) {
        Some(footers) => footers_words(footers),
        None => ":footers reads them".to_owned(),
    }
}

fn files(app: &App, subject: &Subject, facts: Option<&PaneFacts>, canvas: &mut Canvas<'_>) {
    let refusal = refusal(app, facts);
    let Some(facts) = facts.filter(|facts| facts.files > 0) else {
        let text = refusal.map_or_else(|| "No data files are known yet.".to_owned(), |why| format!("REFUSED: {why}"));
        return parts::scrolled(app, canvas, &parts::paragraph(&text, canvas.width().saturating_sub(16)));
    };
    let predicted = facts.after.is_some() && refusal.is_none();
    let narrow = canvas.width() < 80;
    canvas.text(7, 0, "size       now", Role::Heading);
    let x = match canvas.width() {
        100.. => 64,
        80.. => 52,
        _ => 49,
    };
    if predicted {
        canvas.text(x, 0, if narrow { "~after" } else { "~after  predicted" }, Role::Heading);
    } else if refusal.is_some() && !narrow {
        canvas.text(x, 0, "after", Role::Heading);
    }
    let policy = &app.data.policy;
    let (now, after) = (&facts.histogram, facts.after.as_ref().filter(|_| predicted));
    let most = usize::from(canvas.height().saturating_sub(NOTES));
    let single = (canvas.width() >= 100).then(|| bars::single_rows(now, after, policy, app.bars, most)).flatten();
    let rows = single.unwrap_or_else(|| bars::rows(now, after, policy, app.bars));
    let threshold = format!("small-file threshold {}", policy.small_file_threshold());
    let mut used = bars::lying(canvas, 1, &rows, app.bars, &threshold);
    if let Some(why) = refusal.as_ref().filter(|_| narrow) {
        canvas.line(2, 1 + used, canvas.width().saturating_sub(2), &format!("REFUSED: {why}"), Role::Text);
        used += 1;
    } else if let Some(why) = refusal {
        // Beside the bars: what there would be instead of what is predicted. Their line goes across.
        let lines = wrap(&format!("REFUSED: {why}"), usize::from(canvas.width().saturating_sub(x)));
        for (y, line) in (1..6).zip(lines) {
            canvas.text(x, y, &line, Role::Text);
        }
    }
    notes(app, subject, facts, canvas, 1 + used);
}

/// Why nothing of it can be compacted.
fn refusal(app: &App, facts: Option<&PaneFacts>) -> Option<String> {
    let refused = app.data.details.as_deref().and_then(|details| details.refusals.first());
    let noted = facts.and_then(|facts| facts.notes.iter().find(|(word, _)| word == "REFUSED"));
    refused.map(|reason| reason.text.clone()).or_else(|| noted.map(|(_, text)| text.clone()))
}

fn notes(app: &App, subject: &Subject, facts: &PaneFacts, canvas: &mut Canvas<'_>, mut y: u16) {
    let mut lines: Vec<(String, String)> = Vec::new();
    if let Some(footers) = app.data.details.as_deref().and_then(|details| details.footers.as_ref()) {
        lines.extend(writers_words(footers, app.data.now).map(|text| ("writers".to_owned(), text)));
        lines.extend(schema_words(footers).map(|text| ("schema".to_owned(), text)));
    }
    let known = ["targets", "format", "REFUSED"];
    let shown = facts.notes.iter().filter(|(word, _)| !known.contains(&word.as_str())).cloned();
    lines.extend(shown.map(|(word, text)| match &facts.came {
        Some(came) if word == "changed" => (word, format!("{text}; {came}")),
        _ => (word, text),
    }));
    lines.extend(parts::left_out(app, subject).into_iter().take(1).map(|text| ("why not".to_owned(), text)));
    for (word, text) in lines {
        canvas.text(2, y, &word, Role::Dim);
        canvas.line(11, y, canvas.width().saturating_sub(11), &text, Role::Text);
        y += 1;
    }
}
