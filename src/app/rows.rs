//! The targets of one table, kept so that a million of them fit into the console's memory: names lie in one arena,
//! figures and histogram bins packed in another (`packed`), what few rows have lies beside. About 12 bytes a row, its
//! name, 16 bytes of figures and 6 bytes a bin.
//!
//! Rows are only added or replaced, so a row's number stays its own.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use chrono::{DateTime, Utc};

use super::packed::{Base, Bins, Figures, pack, unpack};
use crate::error::Reason;
use crate::model::{
    DataFormat, FileTime, Histogram, Measures, Recent, Scanned, Size, StorePath, TableName, TargetId, TargetStats,
};

/// Figures that were replaced by longer ones stay behind; with more of them than this the arena may be written anew.
const WASTE: usize = 1 << 20;

#[derive(Clone, Copy, Debug)]
struct Row {
    name_at: u32,
    facts_at: u32,
    facts_length: u16,
    format: Option<DataFormat>,
    flags: Flags,
}

/// Small facts, each in its bits.
#[derive(Clone, Copy, Debug, Default)]
struct Flags(u8);

impl Flags {
    const WHOLE: u8 = 1;
    const PART: u8 = 2;
    const MISSING: u8 = 4;
    const REFUSED: u8 = 8;
    const FAILED: u8 = 16;

    fn of(stats: &TargetStats) -> Flags {
        let scanned = match stats.scanned {
            Scanned::No => 0,
            Scanned::Part => Flags::PART,
            Scanned::Whole => Flags::WHOLE,
        };
        let when = |is: bool, flag: u8| if is { flag } else { 0 };
        let refused = when(!stats.reasons.is_empty(), Flags::REFUSED);
        let failed = when(stats.error.is_some(), Flags::FAILED);
        Flags(scanned | when(stats.missing, Flags::MISSING) | refused | failed)
    }

    fn has(self, flag: u8) -> bool {
        self.0 & flag != 0
    }

    fn scanned(self) -> Scanned {
        match (self.has(Flags::WHOLE), self.has(Flags::PART)) {
            (true, _) => Scanned::Whole,
            (_, true) => Scanned::Part,
            _ => Scanned::No,
        }
    }
}

/// What few rows have.
#[derive(Clone, Debug, Default)]
struct Extra {
    reasons: Vec<Reason>,
    error: Option<Reason>,
    location: Option<StorePath>,
}

/// The rows of a table.
#[derive(Clone, Debug)]
pub struct TargetRows {
    table: TableName,
    location: Option<StorePath>,
    names: String,
    facts: Vec<u8>,
    /// Bytes of `facts` that no row has any more.
    wasted: usize,
    base: Base,
    rows: Vec<Row>,
    extras: HashMap<u32, Extra>,
    /// Open addressing over row numbers plus one; 0 is free. At most four of five are taken.
    slots: Vec<u32>,
}

impl TargetRows {
    /// No rows yet.
    pub fn new(table: TableName) -> TargetRows {
        TargetRows {
            table,
            location: None,
            names: String::new(),
            facts: Vec::new(),
            wasted: 0,
            base: (0, 0),
            rows: Vec::new(),
            extras: HashMap::new(),
            slots: Vec::new(),
        }
    }

    /// The table.
    pub fn table(&self) -> &TableName {
        &self.table
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Adds a target, or replaces what was known of it.
    pub fn put(&mut self, stats: &TargetStats) -> u32 {
        if self.rows.is_empty() {
            self.base = (stats.newest.map_or(0, |time| time.0), stats.at.timestamp());
        }
        let name = stats.id.partition.as_deref().unwrap_or_default();
        let number = self.find(name).unwrap_or_else(|| self.add(name));
        let figures = Figures {
            median: stats.median.0,
            newest: stats.newest.map(|time| time.0),
            recent: stats.recent,
            small: stats.small_files,
            empty: stats.empty_files,
            groups: stats.groups,
            at: stats.at.timestamp(),
        };
        self.keep_facts(number, &figures, stats.histogram.bins());
        let row = &mut self.rows[number as usize];
        (row.format, row.flags) = (stats.format, Flags::of(stats));
        self.keep_extra(number, stats);
        number
    }

    /// Into the old place where they fit, else behind all others.
    fn keep_facts(&mut self, number: u32, figures: &Figures, bins: &[(u8, u64, u64)]) {
        let end = self.facts.len();
        pack(&mut self.facts, figures, bins, self.base);
        let length = self.facts.len() - end;
        let row = &mut self.rows[number as usize];
        let old = usize::from(row.facts_length);
        if length <= old {
            self.facts.copy_within(end.., row.facts_at as usize);
            self.facts.truncate(end);
        } else {
            row.facts_at = to_u32(end);
        }
        row.facts_length = u16::try_from(length).unwrap_or(u16::MAX);
        self.wasted += if length <= old { old - length } else { old };
        if self.wasted > WASTE.max(self.facts.len() / 2) {
            self.gather_facts();
        }
    }

    /// Writes the arena anew without what no row has.
    fn gather_facts(&mut self) {
        let mut facts = Vec::with_capacity(self.facts.len() - self.wasted);
        for row in &mut self.rows {
            let from = row.facts_at as usize;
            row.facts_at = to_u32(facts.len());
            facts.extend_from_slice(&self.facts[from..from + usize::from(row.facts_length)]);
        }
        (self.facts, self.wasted) = (facts, 0);
    }

    fn keep_extra(&mut self, number: u32, stats: &TargetStats) {
        if self.location.is_none() {
            self.location = base_of(stats);
        }
        let usual = self.usual_location(number).as_ref() == Some(&stats.location);
        let extra = Extra {
            reasons: stats.reasons.clone(),
            error: stats.error.clone(),
            location: (!usual).then(|| stats.location.clone()),
        };
        if extra.reasons.is_empty() && extra.error.is_none() && extra.location.is_none() {
            self.extras.remove(&number);
        } else {
            self.extras.insert(number, extra);
        }
    }

    fn add(&mut self, name: &str) -> u32 {
        let number = to_u32(self.rows.len());
        let name_at = to_u32(self.names.len());
        self.rows.push(Row { name_at, facts_at: 0, facts_length: 0, format: None, flags: Flags::default() });
        self.names.push_str(name);
        if self.rows.len() * 5 > self.slots.len() * 4 {
            self.slots = vec![0; (self.rows.len() * 2).max(64)];
            for row in 0..number {
                self.take_slot(row);
            }
        }
        self.take_slot(number);
        number
    }

    fn take_slot(&mut self, number: u32) {
        let mut slot = self.first_slot(self.name(number));
        while self.slots[slot] != 0 {
            slot = (slot + 1) % self.slots.len();
        }
        self.slots[slot] = number + 1;
    }

    fn first_slot(&self, name: &str) -> usize {
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        ((u128::from(hasher.finish()) * self.slots.len() as u128) >> 64) as usize
    }

    /// The row of a partition.
    pub fn find(&self, name: &str) -> Option<u32> {
        if self.slots.is_empty() {
            return None;
        }
        let mut slot = self.first_slot(name);
        loop {
            let number = self.slots[slot].checked_sub(1)?;
            if self.name(number) == name {
                return Some(number);
            }
            slot = (slot + 1) % self.slots.len();
        }
    }

    /// The partition's name; empty for an unpartitioned table.
    pub fn name(&self, number: u32) -> &str {
        let from = self.rows[number as usize].name_at as usize;
        let to = self.rows.get(number as usize + 1).map_or(self.names.len(), |next| next.name_at as usize);
        self.names.get(from..to).unwrap_or_default()
    }

    /// The target.
    pub fn id(&self, number: u32) -> TargetId {
        let name = self.name(number);
        TargetId::new(&self.table, (!name.is_empty()).then(|| name.to_owned()))
    }

    fn usual_location(&self, number: u32) -> Option<StorePath> {
        self.location.as_ref().map(|base| base.join_all(self.name(number)))
    }

    /// Its directory.
    pub fn location(&self, number: u32) -> Option<StorePath> {
        let own = self.extras.get(&number).and_then(|extra| extra.location.clone());
        own.or_else(|| self.usual_location(number))
    }

    fn facts(&self, number: u32) -> (Figures, Bins<'_>) {
        let row = &self.rows[number as usize];
        let from = row.facts_at as usize;
        let bytes = self.facts.get(from..from + usize::from(row.facts_length)).unwrap_or_default();
        unpack(bytes, self.base)
    }

    /// What states, orders and savings are made of.
    pub fn measures(&self, number: u32) -> Measures {
        let (figures, bins) = self.facts(number);
        let (mut files, mut bytes) = (0u64, 0u64);
        for (_, some, size) in bins {
            files = files.saturating_add(some);
            bytes = bytes.saturating_add(size);
        }
        let flags = self.rows[number as usize].flags;
        Measures {
            files,
            bytes: Size(bytes),
            empty: figures.empty,
            groups: figures.groups,
            median: Size(figures.median),
            newest: figures.newest.map(FileTime),
            scanned: flags.scanned(),
            refused: flags.has(Flags::REFUSED),
            failed: flags.has(Flags::FAILED),
            missing: flags.has(Flags::MISSING),
        }
    }

    /// Its files by size.
    pub fn histogram(&self, number: u32) -> Histogram {
        let mut histogram = Histogram::default();
        self.facts(number).1.for_each(|(bin, files, bytes)| histogram.add_bin(bin, files, bytes));
        histogram
    }

    /// Files that came lately, where they were counted.
    pub fn recent(&self, number: u32) -> Option<Recent> {
        self.facts(number).0.recent
    }

    /// Files below the threshold, and of 0 bytes.
    pub fn small_and_empty(&self, number: u32) -> (u64, u64) {
        let (figures, _) = self.facts(number);
        (figures.small, figures.empty)
    }

    /// The format, where a file was looked at.
    pub fn format(&self, number: u32) -> Option<DataFormat> {
        self.rows[number as usize].format
    }

    /// When it was listed.
    pub fn at(&self, number: u32) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp(self.facts(number).0.at, 0)
    }

    /// Why it is refused; empty when it is not.
    pub fn reasons(&self, number: u32) -> &[Reason] {
        self.extras.get(&number).map_or(&[], |extra| &extra.reasons)
    }

    /// Why it could not be listed.
    pub fn error(&self, number: u32) -> Option<&Reason> {
        self.extras.get(&number).and_then(|extra| extra.error.as_ref())
    }
}

fn to_u32(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// The table's directory, where the target's is it and the partition's name.
fn base_of(stats: &TargetStats) -> Option<StorePath> {
    let Some(name) = &stats.id.partition else { return Some(stats.location.clone()) };
    let base = stats.location.as_str().strip_suffix(name.as_str())?.strip_suffix('/')?;
    StorePath::new(base).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stats(name: &str, lengths: &[u64]) -> TargetStats {
        let mut histogram = Histogram::default();
        lengths.iter().for_each(|length| histogram.add(Size(*length)));
        TargetStats {
            id: TargetId::new(&TableName::new("sales", "orders"), Some(name.to_owned())),
            location: StorePath::new(format!("/lake/sales/orders/{name}")).unwrap(),
            histogram,
            median: Size(7),
            small_files: 1,
            empty_files: 0,
            groups: 0,
            newest: Some(FileTime(5)),
            recent: None,
            format: Some(DataFormat::Parquet),
            reasons: Vec::new(),
            error: None,
            scanned: Scanned::Whole,
            missing: false,
            at: DateTime::from_timestamp(1_000, 0).unwrap(),
        }
    }

    #[test]
    fn rows_are_found_replaced_and_given_back_whole() {
        let mut rows = TargetRows::new(TableName::new("sales", "orders"));
        for number in 0..1_000u32 {
            assert_eq!(rows.put(&stats(&format!("dt={number}"), &[u64::from(number)])), number);
        }
        let replaced = stats("dt=77", &[1, 1 << 20, 1 << 30]);
        assert_eq!(rows.put(&replaced), 77);
        assert_eq!((rows.len(), rows.find("dt=999"), rows.find("dt=1000")), (1_000, Some(999), None));
        assert_eq!(rows.histogram(77), replaced.histogram);
        assert_eq!(rows.measures(77), replaced.measures());
        assert_eq!(rows.location(77), Some(replaced.location.clone()));
        assert_eq!(rows.id(77), replaced.id);
        assert_eq!(rows.histogram(76).bytes(), Size(76));
    }

    #[test]
    fn rows_that_are_replaced_over_and_over_do_not_fill_the_memory() {
        let mut rows = TargetRows::new(TableName::new("sales", "orders"));
        let sizes = |round: u32| (0..round % 9).map(|bin| 1 << (bin * 4)).collect::<Vec<u64>>();
        for round in 0..60 {
            for number in 0..2_000 {
                rows.put(&stats(&format!("dt={number}"), &sizes(round + number)));
            }
        }
        for number in 0..2_000 {
            assert_eq!(rows.histogram(number), stats("", &sizes(59 + number)).histogram);
        }
        assert!(rows.facts.len() <= 2 * WASTE, "{}", rows.facts.len());
    }

    #[test]
    fn a_row_is_small() {
        assert!(std::mem::size_of::<Row>() <= 12);
    }
}
