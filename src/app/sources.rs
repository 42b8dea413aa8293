//! What the lists are made of: tables, targets, files, and short lists of text.

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use super::filter::{Field, Source};
use super::rows::TargetRows;
use crate::model::{KnownFile, Policy, Scanned, Size, TableStats, WorkRates};

/// Tables or databases.
pub struct TableSource<'a> {
    /// All of them.
    pub rows: &'a [TableStats],
    /// Only those of this database.
    pub database: Option<&'a str>,
    /// Speeds.
    pub rates: WorkRates,
    /// The time.
    pub now: DateTime<Utc>,
}

impl Source for TableSource<'_> {
    fn len(&self) -> usize {
        self.rows.len()
    }

    fn belongs(&self, row: u32) -> bool {
        self.database.is_none_or(|database| self.rows[row as usize].name.database == database)
    }

    fn name(&self, row: u32) -> Cow<'_, str> {
        let name = &self.rows[row as usize].name;
        match (name.table.as_str(), self.database) {
            ("", _) => Cow::Borrowed(&name.database),
            (table, Some(_)) => Cow::Borrowed(table),
            _ => Cow::Owned(name.to_string()),
        }
    }

    fn database(&self, row: u32) -> Cow<'_, str> {
        Cow::Borrowed(&self.rows[row as usize].name.database)
    }

    fn state(&self, row: u32) -> Cow<'_, str> {
        Cow::Borrowed(self.rows[row as usize].state())
    }

    fn number(&self, row: u32, field: Field) -> Option<u64> {
        let table = &self.rows[row as usize];
        if field == Field::Age {
            return Some(seconds(self.now, table.at));
        }
        if table.scanned == Scanned::No {
            return None;
        }
        Some(match field {
            Field::Files => table.files(),
            Field::Bytes => table.bytes().0,
            Field::Average => average(table.bytes(), table.files())?,
            Field::Saves => table.saves,
            Field::Work => table.work(&self.rates).0.as_secs(),
            Field::Age => seconds(self.now, table.at),
        })
    }
}

fn seconds(now: DateTime<Utc>, then: DateTime<Utc>) -> u64 {
    u64::try_from((now - then).num_seconds()).unwrap_or(0)
}

fn average(bytes: Size, files: u64) -> Option<u64> {
    bytes.0.checked_div(files)
}

/// The targets of one table.
pub struct TargetSource<'a> {
    /// They.
    pub rows: &'a TargetRows,
    /// The policy.
    pub policy: &'a Policy,
    /// Speeds.
    pub rates: WorkRates,
    /// The time.
    pub now: DateTime<Utc>,
}

impl Source for TargetSource<'_> {
    fn len(&self) -> usize {
        self.rows.len()
    }

    fn name(&self, row: u32) -> Cow<'_, str> {
        Cow::Borrowed(self.rows.name(row))
    }

    fn database(&self, _row: u32) -> Cow<'_, str> {
        Cow::Borrowed(&self.rows.table().database)
    }

    fn state(&self, row: u32) -> Cow<'_, str> {
        Cow::Borrowed(self.rows.measures(row).state(self.policy, self.now))
    }

    fn number(&self, row: u32, field: Field) -> Option<u64> {
        let measures = self.rows.measures(row);
        if measures.scanned == Scanned::No {
            return None;
        }
        match field {
            Field::Files => Some(measures.files),
            Field::Bytes => Some(measures.bytes.0),
            Field::Average => average(measures.bytes, measures.files),
            Field::Saves if measures.is_hot(self.policy, self.now) || measures.scanned == Scanned::Part => Some(0),
            Field::Saves => Some(measures.saves(self.policy)),
            Field::Work => Some(self.rates.estimate(measures.files, measures.bytes).0.as_secs()),
            Field::Age => measures.newest.map(|newest| seconds(self.now, newest.to_utc())),
        }
    }
}

/// The files of one target.
pub struct FileSource<'a> {
    /// They.
    pub rows: &'a [KnownFile],
    /// The threshold below which one is small.
    pub small: Size,
    /// The time.
    pub now: DateTime<Utc>,
}

impl Source for FileSource<'_> {
    fn len(&self) -> usize {
        self.rows.len()
    }

    fn name(&self, row: u32) -> Cow<'_, str> {
        Cow::Borrowed(&self.rows[row as usize].name)
    }

    fn state(&self, row: u32) -> Cow<'_, str> {
        Cow::Borrowed(file_state(self.rows[row as usize].length, self.small))
    }

    fn number(&self, row: u32, field: Field) -> Option<u64> {
        let file = &self.rows[row as usize];
        match field {
            Field::Files => Some(1),
            Field::Bytes | Field::Average => Some(file.length.0),
            Field::Age => Some(seconds(self.now, file.modified.to_utc())),
            Field::Saves | Field::Work => None,
        }
    }
}

/// The state of one file.
pub fn file_state(length: Size, small: Size) -> &'static str {
    match length.0 {
        0 => "EMPTY",
        length if length < small.0 / 10 => "BAD",
        length if length < small.0 => "SMALL",
        _ => "ok",
    }
}

/// A list whose rows are made when they are asked for.
pub struct Made<'a> {
    /// The number of rows.
    pub length: usize,
    /// A row's text.
    pub name: Box<dyn Fn(u32) -> Cow<'a, str> + 'a>,
    /// Its state.
    pub state: Box<dyn Fn(u32) -> Cow<'a, str> + 'a>,
    /// Whether it is in the list.
    pub belongs: Box<dyn Fn(u32) -> bool + 'a>,
    /// How soon it should be seen.
    pub urgency: Box<dyn Fn(u32) -> u64 + 'a>,
    /// Its numbers.
    pub number: Box<dyn Fn(u32, Field) -> Option<u64> + 'a>,
}

impl<'a> Made<'a> {
    /// No rows.
    pub fn none() -> Made<'a> {
        Made::new(0, |_| Cow::Borrowed(""), |_| Cow::Borrowed(""))
    }

    /// A list by its length and what its rows are.
    pub fn new(
        length: usize,
        name: impl Fn(u32) -> Cow<'a, str> + 'a,
        state: impl Fn(u32) -> Cow<'a, str> + 'a,
    ) -> Made<'a> {
        Made {
            length,
            name: Box::new(name),
            state: Box::new(state),
            belongs: Box::new(|_| true),
            urgency: Box::new(|_| 0),
            number: Box::new(|_, _| None),
        }
    }
}

impl Source for Made<'_> {
    fn len(&self) -> usize {
        self.length
    }

    fn belongs(&self, row: u32) -> bool {
        (self.belongs)(row)
    }

    fn name(&self, row: u32) -> Cow<'_, str> {
        (self.name)(row)
    }

    fn state(&self, row: u32) -> Cow<'_, str> {
        (self.state)(row)
    }

    fn urgency(&self, row: u32) -> u64 {
        (self.urgency)(row)
    }

    fn number(&self, row: u32, field: Field) -> Option<u64> {
        (self.number)(row, field)
    }
}
