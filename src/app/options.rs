//! What the console is started with.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::effect::Mark;
use crate::error::{Code, Error, Result};
use crate::model::{Policy, RunId, TableName, TargetId, WorkRates};

/// The lake that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LakeInfo {
    /// The profile's name.
    pub profile: String,
    /// Its URI, as commands take it (`--lake URI`).
    pub uri: String,
    /// Where it is, for row 1: a directory; empty where servers are named instead.
    pub place: String,
    /// Questions are stricter.
    pub production: bool,
    /// Changes are off.
    pub read_only: bool,
    /// Whether every table on screen may be listed again unasked (a local disk: nothing else is burdened).
    pub eager: bool,
    /// Only what the cache knows is shown.
    pub offline: bool,
    /// How long what is in the trash takes to go, at most; none where that is not known, or there is no trash.
    pub trash_keeps: Option<Duration>,
    /// The profiles that can be opened instead.
    pub profiles: Vec<String>,
}

/// Colours by name. Each can be read on a dark background and on a light one: which of them a terminal has is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ThemeName {
    /// A few colours.
    #[default]
    Default,
    /// The terminal's own two colours: bold, reversed, underlined; nothing is dimmed.
    HighContrast,
    /// No colours: bold, underlined, reversed.
    Mono,
    /// Colours that keep apart for every kind of sight.
    Colourblind,
}

impl ThemeName {
    /// Reads a configured name; an unknown one names the nearest.
    pub fn parse(name: &str) -> Result<ThemeName> {
        const NAMES: [(&str, ThemeName); 4] = [
            ("default", ThemeName::Default),
            ("high-contrast", ThemeName::HighContrast),
            ("mono", ThemeName::Mono),
            ("colourblind", ThemeName::Colourblind),
        ];
        if name.is_empty() {
            return Ok(ThemeName::Default);
        }
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, theme)| *theme).ok_or_else(|| {
            let nearest = NAMES.iter().min_by_key(|(known, _)| strsim::damerau_levenshtein(known, name));
            Error::new(Code::ConfigInvalid, format!("there is no theme {name:?}"))
                .next(format!("did you mean {}?", nearest.map_or("default", |(known, _)| known)))
        })
    }
}

/// How many colours the terminal has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Colours {
    /// Sixteen, which look as the terminal's owner likes.
    #[default]
    Sixteen,
    /// 256 and more, most of which look the same everywhere.
    Many,
}

/// How the console looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// The theme.
    pub theme: ThemeName,
    /// The colours that there are.
    pub colours: Colours,
    /// Only ASCII glyphs.
    pub ascii: bool,
    /// No colours (NO_COLOR): stripped in one place after drawing, modifiers stay.
    pub no_color: bool,
}

/// What the first start found on this host to begin with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Here {
    /// The Hadoop client in words, or why there is none.
    pub hadoop: Result<String, String>,
    /// Lakekeeper's file is in the working directory.
    pub lakekeeper: bool,
}

/// Where the console opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// No configuration: the first start.
    NoConfiguration(Here),
    /// Lake.
    Lake,
    /// Inspect of a table (`--at`).
    Table(TableName),
    /// Inspect of a partition (`--at`).
    Target(TargetId),
    /// A run, live or at its end (`attach`).
    Run(RunId),
    /// History.
    History,
}

/// What the console is started with.
#[derive(Clone, Debug)]
pub struct Options {
    /// The time.
    pub now: DateTime<Utc>,
    /// The terminal's columns and rows.
    pub size: (u16, u16),
    /// The lake.
    pub lake: LakeInfo,
    /// The profile's policy.
    pub policy: Policy,
    /// Speeds.
    pub rates: WorkRates,
    /// Looks.
    pub look: Look,
    /// Keys by action name that replace the table's (`Keys::new` says what is wrong with them).
    pub keys: BTreeMap<String, String>,
    /// Where to open.
    pub start: Start,
    /// What was marked when the console was left last.
    pub basket: Vec<Mark>,
}
