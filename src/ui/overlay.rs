//! What lies over a view: a question, help, the palette, a text.

use super::canvas::Canvas;
use super::theme::Role;
use crate::app::{App, Ask, Entry, Helping, Overlay, Palette, Question};
use crate::model::{width as text_width, wrap};

/// Draws it.
pub fn draw(app: &App, canvas: &mut Canvas<'_>) {
    match &app.overlay {
        Overlay::Question(question) => ask(question, canvas),
        Overlay::Help(helping) => help(app, helping, canvas),
        Overlay::Palette(palette) => choose(app, palette, canvas),
        Overlay::Text { title, lines, top } => text(title, lines, *top, canvas),
        Overlay::None | Overlay::Filter(_) | Overlay::Sort | Overlay::Copy => {}
    }
}

fn ask(question: &Question, canvas: &mut Canvas<'_>) {
    let width = canvas.width().saturating_sub(4).min(71);
    let mut lines: Vec<String> = Vec::new();
    for line in &question.lines {
        lines.extend(wrap(line, usize::from(width.saturating_sub(4))));
    }
    let height = lines.len() as u16 + 3 + u16::from(question.wrong.is_some());
    let x = (canvas.width() - width) / 2;
    let y = (canvas.height().saturating_sub(height)) / 3;
    let mut inside = canvas.boxed(x, y, width, height, &question.title);
    for (row, line) in lines.iter().enumerate() {
        inside.text(0, row as u16, line, Role::Text);
    }
    let row = lines.len() as u16;
    match &question.ask {
        Ask::Yes { verb } => {
            let x = inside.text(0, row, "y", Role::Key);
            inside.text(x, row, &format!("  {verb}"), Role::Text);
            let x = inside.text(24, row, "[ Cancel ]", Role::Focus);
            inside.text(x, row, "  Enter or Esc", Role::Text);
        }
        Ask::Typed { prompt, .. } => {
            let x = inside.text(0, row, prompt, Role::Heading);
            let x = inside.text(x, row, &format!("  {}_", question.typed), Role::Key);
            let (end, cancels) = (inside.width(), "Esc cancels");
            // Never over what is typed.
            if x + 2 + cancels.len() as u16 <= end {
                inside.right(end, row, cancels, Role::Text);
            }
        }
    }
    if let Some(wrong) = &question.wrong {
        inside.text(0, row + 1, wrong, Role::Warn);
    }
}

/// Two columns where there is room: what looks on the left, what changes on the right.
fn help(app: &App, helping: &Helping, canvas: &mut Canvas<'_>) {
    let (width, height) = (canvas.width(), canvas.height());
    canvas.part(0, 0, width, height).clear();
    let lines = app.help_lines(helping);
    let search = if helping.query.is_empty() { "/ searches in it".to_owned() } else { format!("/{}", helping.query) };
    let mut rows: Vec<(String, String, Role)> = Vec::new();
    let mut group = None;
    for line in &lines {
        if group != Some(line.group) {
            rows.push((line.group.title().to_owned(), String::new(), Role::Heading));
            group = Some(line.group);
        }
        rows.push((line.keys.clone(), line.text.clone(), if line.off { Role::Dim } else { Role::Text }));
    }
    let room = usize::from(height.saturating_sub(1));
    let columns = if width >= 110 { 2 } else { 1 };
    let more = rows.len() > room * usize::from(columns);
    let more = if more { format!("; line {} of {}, j k move", helping.top + 1, rows.len()) } else { String::new() };
    canvas.rule(0, &format!("? on {}; {search}{more}", helping.screen.title()));
    let wide = width / columns;
    for (at, (keys, text, role)) in rows.iter().skip(helping.top).take(room * usize::from(columns)).enumerate() {
        let x = (at / room) as u16 * wide;
        let y = 1 + (at % room) as u16;
        if text.is_empty() {
            canvas.field(x + 1, y, wide - 2, keys, Role::Heading);
        } else {
            canvas.field(x + 2, y, 14, keys, Role::Key);
            canvas.line(x + 17, y, wide.saturating_sub(18), text, *role);
        }
    }
    if rows.is_empty() {
        canvas.text(2, 1, "Nothing matches. Esc clears the search.", Role::Text);
    }
}

fn choose(app: &App, palette: &Palette, canvas: &mut Canvas<'_>) {
    let (width, height) = (canvas.width(), canvas.height());
    let entries = app.palette_entries(palette);
    let label = if app.has_panes() { 32 } else { 24 };
    let help = 3 + label + 10;
    let room = width.saturating_sub(help);
    // What the chosen one does is shown whole, where that does not fit beside it; the room is kept for all of them.
    let is_cut = |entry: &&Entry| text_width(&entry.help) > usize::from(room);
    let whole = |entry: &Entry| wrap(&entry.help, usize::from(width.saturating_sub(2)));
    let below = entries.iter().filter(is_cut).map(|entry| whole(entry).len() as u16).max().unwrap_or(0).min(3);
    let rows = (entries.len() as u16).clamp(1, (height / 2).max(6)).min(height.saturating_sub(2 + below));
    let y = height.saturating_sub(rows + 2 + below);
    let mut part = canvas.part(0, y, width, rows + 2 + below);
    part.clear();
    part.rule(0, "palette");
    let x = part.text(0, 1, ":", Role::Key);
    part.text(x, 1, &format!("{}_", palette.text), Role::Text);
    let top = palette.at.saturating_sub(usize::from(rows) - 1);
    for (line, entry) in entries.iter().skip(top).take(usize::from(rows)).enumerate() {
        let row = 2 + line as u16;
        let current = top + line == palette.at;
        part.text(0, row, if current { ">" } else { " " }, Role::Key);
        part.field(2, row, label, &entry.label, Role::Text);
        part.field(3 + label, row, 9, &entry.key, Role::Key);
        part.line(help, row, room, &entry.help, Role::Dim);
        if current {
            part.bold_row(row);
        }
    }
    let chosen = entries.get(palette.at).filter(is_cut).map(whole).unwrap_or_default();
    for (line, text) in chosen.iter().take(usize::from(below)).enumerate() {
        part.text(2, 2 + rows + line as u16, text, Role::Text);
    }
    if entries.is_empty() {
        part.text(2, 2, "nothing matches", Role::Text);
    }
}

fn text(title: &str, lines: &[String], top: usize, canvas: &mut Canvas<'_>) {
    let width = canvas.width().saturating_sub(4);
    let wrapped: Vec<String> = lines.iter().flat_map(|line| wrap(line, usize::from(width.saturating_sub(4)))).collect();
    let height = (wrapped.len() as u16 + 2).min(canvas.height());
    let mut inside = canvas.boxed(2, 0, width, height, title);
    let room = usize::from(inside.height());
    let top = top.min(wrapped.len().saturating_sub(room));
    for (row, line) in wrapped.iter().skip(top).take(room).enumerate() {
        inside.text(0, row as u16, line, Role::Text);
    }
}
