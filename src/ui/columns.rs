//! The rows of Lake and Browse: the same columns at each level, rolled up.

use chrono::{DateTime, Utc};

use super::canvas::Canvas;
use super::numbers::{files_text, row_age, short_count, work_text};
use super::theme::{Role, role_of};
use crate::app::App;
use crate::model::{Histogram, Policy, Scanned, Size, Work, age_text};

/// A column; its width has the gap before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// `picked/targets`.
    Targets,
    Files,
    Size,
    Average,
    Median,
    Spark,
    Saves,
    Work,
    State,
    Age,
}

use Column as C;

impl Column {
    fn heading(self) -> &'static str {
        match self {
            C::Targets => "picked",
            C::Files => "files",
            C::Size => "size",
            C::Average => "avg",
            C::Median => "median",
            C::Spark => "",
            C::Saves => "saves",
            C::Work => "work",
            C::State => "state",
            C::Age => "age",
        }
    }

    fn width(self) -> u16 {
        match self {
            C::Targets => 12,
            C::Files => 10,
            C::Size | C::Average | C::Median => 9,
            C::Spark => 12,
            C::Saves => 7,
            C::Work => 5,
            C::Age => 4,
            C::State => 10,
        }
    }
}

/// One row, ready to be written.
#[derive(Clone, Debug, Default)]
pub struct Cells {
    /// The name.
    pub name: String,
    /// Whether it is marked.
    pub marked: bool,
    /// Whether the cursor is on it.
    pub cursor: bool,
    /// `picked/targets`.
    pub targets: String,
    /// Files.
    pub files: String,
    /// Size.
    pub size: String,
    /// Average.
    pub average: String,
    /// Median.
    pub median: String,
    /// Files by size.
    pub histogram: Option<Histogram>,
    /// Objects saved.
    pub saves: String,
    /// Time of work.
    pub work: String,
    /// The state.
    pub state: String,
    /// The age.
    pub age: String,
}

/// What a row is made of.
pub struct Figures<'a> {
    /// Files.
    pub files: u64,
    /// Bytes.
    pub bytes: Size,
    /// Average.
    pub average: Size,
    /// Median.
    pub median: Size,
    /// Files by size.
    pub histogram: Histogram,
    /// Objects saved.
    pub saves: u64,
    /// Time of work.
    pub work: Work,
    /// How complete it is.
    pub scanned: Scanned,
    /// The state.
    pub state: &'a str,
}

impl Cells {
    /// The cells that follow from figures.
    pub fn of(name: String, figures: Figures<'_>) -> Cells {
        let known = figures.scanned != Scanned::No;
        let whole = figures.scanned == Scanned::Whole;
        let whole_text = |text: String| if whole { text } else { String::new() };
        let some = figures.files > 0;
        let failed = figures.state == "ERR" && !some;
        let (saves, work) = match (known, figures.saves, figures.state) {
            (false, _, "?") => ("?".to_owned(), "?".to_owned()),
            (true, 0, "ok" | "EMPTY") => ("0".to_owned(), String::new()),
            (_, 0, _) => Default::default(),
            (_, saves, _) => (short_count(saves), work_text(figures.work)),
        };
        Cells {
            name,
            files: if failed { String::new() } else { files_text(figures.files, figures.scanned) },
            size: whole_text(if failed { String::new() } else { figures.bytes.to_string() }),
            average: whole_text(if some { figures.average.to_string() } else { String::new() }),
            median: whole_text(if some { figures.median.to_string() } else { String::new() }),
            histogram: (whole && some).then_some(figures.histogram),
            saves,
            work,
            state: figures.state.to_owned(),
            ..Cells::default()
        }
    }

    /// With the age of what is known; `~` before it where that is more than a day.
    pub fn aged(mut self, now: DateTime<Utc>, at: DateTime<Utc>) -> Cells {
        let stale = if now - at > chrono::TimeDelta::hours(24) { "~" } else { "" };
        self.age = format!("{stale}{}", row_age(now, at));
        self
    }

    /// `HOT 40s`.
    pub fn hot_since(mut self, age: Option<std::time::Duration>) -> Cells {
        if let Some(age) = age.filter(|_| self.state == "HOT") {
            self.state = format!("HOT {}", age_text(age));
        }
        self
    }
}

/// Which columns stand at a width: `w` adds some; where it is narrow size, saves and the bars leave, in this order.
pub fn choose(app: &App, columns: u16, at_lake: bool) -> Vec<Column> {
    let mut chosen = match (at_lake, columns) {
        (true, 80..) => vec![C::Files, C::Size, C::Spark, C::Saves, C::Work, C::State, C::Age],
        (false, 80..) => vec![C::Files, C::Size, C::Average, C::Spark, C::Saves, C::State],
        (_, 64..80) => vec![C::Files, C::Size, C::Spark, C::Saves, C::State],
        _ => vec![C::Files, C::Average, C::Spark, C::State],
    };
    let extra: &[(Column, Column)] = match (at_lake, app.wide || columns >= 110) {
        (true, true) => &[(C::Average, C::Spark), (C::Median, C::Spark), (C::Targets, C::Files)],
        (false, true) => &[(C::Median, C::Spark), (C::Work, C::State), (C::Age, C::Age)],
        (_, false) => &[],
    };
    for (column, before) in extra {
        let used: u16 = chosen.iter().map(|column| column.width()).sum();
        if used + column.width() + 3 + 14 <= columns && !chosen.contains(column) {
            let at = chosen.iter().position(|other| other == before).unwrap_or(chosen.len());
            chosen.insert(at, *column);
        }
    }
    chosen
}

/// The width of the names.
pub fn name_width(chosen: &[Column], columns: u16) -> u16 {
    let used: u16 = chosen.iter().map(|column| column.width()).sum();
    columns.saturating_sub(used + 3)
}

/// The heading row.
pub fn heading(canvas: &mut Canvas<'_>, y: u16, name: &str, chosen: &[Column], policy: &Policy) {
    let mut x = 3 + name_width(chosen, canvas.width());
    canvas.field(3, y, x.saturating_sub(4), name, Role::Heading);
    for column in chosen {
        let end = x + column.width();
        match column {
            C::Spark => spark_heading(canvas, x + 1, y, policy),
            C::State => {
                canvas.text(x + 1, y, "state", Role::Heading);
            }
            column => canvas.right(end, y, column.heading(), Role::Heading),
        }
        x = end;
    }
}

/// `<4K  1M│ T+`: the first bar, the last small one, the line, the target and above.
fn spark_heading(canvas: &mut Canvas<'_>, x: u16, y: u16, policy: &Policy) {
    let bars = Histogram::default().bars(policy.block_size);
    let line = bars.line_before(policy.small_file_threshold()) as u16;
    let labels = bars.labels();
    let first = canvas.text(x, y, &labels[0], Role::Heading);
    let last = line.saturating_sub(2);
    if x + last > first && line >= 2 {
        canvas.text(x + last, y, &labels[usize::from(last)], Role::Heading);
    }
    let vertical = canvas.glyphs.vertical();
    canvas.text(x + line, y, vertical, Role::Heading);
    if line < 9 {
        canvas.text(x + 9, y, "T+", Role::Heading);
    }
}

/// A row.
pub fn row(canvas: &mut Canvas<'_>, y: u16, cells: &Cells, chosen: &[Column], policy: &Policy) {
    canvas.text(0, y, if cells.cursor { ">" } else { " " }, Role::Key);
    canvas.text(1, y, if cells.marked { "*" } else { " " }, Role::Key);
    let mut x = 3 + name_width(chosen, canvas.width());
    canvas.field(3, y, x.saturating_sub(4), &cells.name, Role::Text);
    for column in chosen {
        let end = x + column.width();
        let text = match column {
            C::Targets => &cells.targets,
            C::Files => &cells.files,
            C::Size => &cells.size,
            C::Average => &cells.average,
            C::Median => &cells.median,
            C::Saves => &cells.saves,
            C::Work => &cells.work,
            C::State => &cells.state,
            C::Age => &cells.age,
            C::Spark => "",
        };
        match column {
            C::Spark => spark(canvas, x + 1, y, cells.histogram.as_ref(), policy),
            C::State => canvas.field(x + 1, y, column.width() - 1, text, role_of(text)),
            _ => canvas.right(end, y, text, Role::Text),
        }
        x = end;
    }
    if cells.cursor {
        canvas.bold_row(y);
    }
}

/// Files by size in eleven columns, the line where small ends.
fn spark(canvas: &mut Canvas<'_>, x: u16, y: u16, histogram: Option<&Histogram>, policy: &Policy) {
    let Some(histogram) = histogram else { return };
    let bars = histogram.bars(policy.block_size);
    let line = bars.line_before(policy.small_file_threshold());
    let mut text = String::with_capacity(40);
    for (bar, files) in bars.files.iter().enumerate() {
        if bar == line {
            text.push_str(canvas.glyphs.vertical());
        }
        text.push_str(canvas.glyphs.magnitude(*files));
    }
    canvas.text(x, y, &text, Role::Bar);
}
