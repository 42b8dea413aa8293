//! How things are shown: what lies over a view, what is said, bars and parts.

use super::help::Helping;
use super::palette::Palette;
use super::question::Question;

/// What lies over the view.
#[derive(Clone, Debug, Default)]
pub enum Overlay {
    /// Nothing.
    #[default]
    None,
    /// Help.
    Help(Helping),
    /// A filter is typed; what was before.
    Filter(String),
    /// The sort menu.
    Sort,
    /// The copy menu.
    Copy,
    /// The palette.
    Palette(Palette),
    /// A question.
    Question(Box<Question>),
    /// Text that could not be copied, or is read in full.
    Text {
        /// The heading.
        title: String,
        /// The lines.
        lines: Vec<String>,
        /// The first one that is shown.
        top: usize,
    },
}

/// How loud a message in row 23 is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Something was done.
    Info,
    /// Something is off or was not done.
    Warn,
    /// Something failed.
    Error,
}

/// A message in row 23, until the next key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// How loud.
    pub level: Level,
    /// The text.
    pub text: String,
}

/// What the bars show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BarMode {
    /// Files by logarithm.
    #[default]
    FilesLog,
    /// Files.
    FilesLinear,
    /// Bytes.
    BytesLinear,
}

impl BarMode {
    /// The words in headings.
    pub fn words(self) -> &'static str {
        match self {
            BarMode::FilesLog => "files, log",
            BarMode::FilesLinear => "files, linear",
            BarMode::BytesLinear => "bytes, linear",
        }
    }

    /// The next one.
    pub fn next(self) -> BarMode {
        match self {
            BarMode::FilesLog => BarMode::FilesLinear,
            BarMode::FilesLinear => BarMode::BytesLinear,
            BarMode::BytesLinear => BarMode::FilesLog,
        }
    }
}

/// The parts of Inspect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Part {
    /// Files by size, now and predicted.
    #[default]
    Files,
    /// Columns by the footers.
    Schema,
    /// Properties.
    Properties,
    /// Who writes the files.
    Writers,
    /// What is left out, and why.
    Why,
}

impl Part {
    /// All, in order.
    pub const ALL: [Part; 5] = [Part::Files, Part::Schema, Part::Properties, Part::Writers, Part::Why];

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Part::Files => "files",
            Part::Schema => "schema",
            Part::Properties => "props",
            Part::Writers => "writers",
            Part::Why => "why",
        }
    }
}
