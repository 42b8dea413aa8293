//! The targets of one table, kept so that a million of them fit: names and histogram bins lie in two arenas, what few
//! rows have lies beside. About 48 bytes a row, its name, and 16 bytes a bin.
//!
//! Rows are only added or replaced, so a row's number stays its own.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use chrono::{DateTime, Utc};

use crate::error::Reason;
use crate::model::{
    DataFormat, FileTime, Histogram, Measures, Scanned, Size, StorePath, TableName, TargetId, TargetStats,
};

#[derive(Clone, Copy, Debug)]
struct Bin {
    bytes: u64,
    files: u32,
    bin: u8,
}

#[derive(Clone, Copy, Debug)]
struct Row {
    median: u64,
    newest: i64,
    name_at: u32,
    bins_at: u32,
    small: u32,
    empty: u32,
    at: u32,
    name_length: u16,
    bins: u8,
    groups: u8,
    scanned: Scanned,
    format: Option<DataFormat>,
    missing: bool,
    refused: bool,
    failed: bool,
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
    bins: Vec<Bin>,
    rows: Vec<Row>,
    extras: HashMap<u32, Extra>,
    /// Open addressing over row numbers plus one; 0 is free.
    slots: Vec<u32>,
}

impl TargetRows {
    /// No rows yet.
    pub fn new(table: TableName) -> TargetRows {
        TargetRows {
            table,
            location: None,
            names: String::new(),
            bins: Vec::new(),
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
        let name = stats.id.partition.as_deref().unwrap_or_default();
        let number = self.find(name).unwrap_or_else(|| self.add(name));
        let bins = stats.histogram.bins();
        let row = &mut self.rows[number as usize];
        if bins.len() > usize::from(row.bins) {
            row.bins_at = to_u32(self.bins.len());
            self.bins.extend(bins.iter().map(|_| Bin { bytes: 0, files: 0, bin: 0 }));
        }
        row.bins = bins.len() as u8;
        for (slot, (bin, files, bytes)) in self.bins[row.bins_at as usize..].iter_mut().zip(bins) {
            *slot = Bin { bytes: *bytes, files: u32::try_from(*files).unwrap_or(u32::MAX), bin: *bin };
        }
        row.median = stats.median.0;
        row.newest = stats.newest.map_or(i64::MIN, |time| time.0);
        row.small = u32::try_from(stats.small_files).unwrap_or(u32::MAX);
        row.empty = u32::try_from(stats.empty_files).unwrap_or(u32::MAX);
        row.groups = u8::try_from(stats.groups).unwrap_or(u8::MAX);
        row.at = u32::try_from(stats.at.timestamp()).unwrap_or(0);
        row.scanned = stats.scanned;
        row.format = stats.format;
        row.missing = stats.missing;
        row.refused = !stats.reasons.is_empty();
        row.failed = stats.error.is_some();
        self.keep_extra(number, stats);
        number
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
        self.rows.push(Row {
            median: 0,
            newest: i64::MIN,
            name_at: to_u32(self.names.len()),
            bins_at: 0,
            small: 0,
            empty: 0,
            at: 0,
            name_length: u16::try_from(name.len()).unwrap_or(u16::MAX),
            bins: 0,
            groups: 0,
            scanned: Scanned::No,
            format: None,
            missing: false,
            refused: false,
            failed: false,
        });
        self.names.push_str(name);
        if self.rows.len() * 2 > self.slots.len() {
            self.slots = vec![0; (self.rows.len() * 4).next_power_of_two().max(64)];
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
        (hasher.finish() as usize) & (self.slots.len() - 1)
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
        let row = &self.rows[number as usize];
        let from = row.name_at as usize;
        self.names.get(from..from + usize::from(row.name_length)).unwrap_or_default()
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

    /// What states, orders and savings are made of.
    pub fn measures(&self, number: u32) -> Measures {
        let row = &self.rows[number as usize];
        let (mut files, mut bytes) = (0, 0u64);
        for bin in self.bins_of(row) {
            files += u64::from(bin.files);
            bytes = bytes.saturating_add(bin.bytes);
        }
        Measures {
            files,
            bytes: Size(bytes),
            empty: u64::from(row.empty),
            groups: u64::from(row.groups),
            median: Size(row.median),
            newest: (row.newest != i64::MIN).then_some(FileTime(row.newest)),
            scanned: row.scanned,
            refused: row.refused,
            failed: row.failed,
            missing: row.missing,
        }
    }

    fn bins_of(&self, row: &Row) -> &[Bin] {
        let from = row.bins_at as usize;
        self.bins.get(from..from + usize::from(row.bins)).unwrap_or_default()
    }

    /// Its files by size.
    pub fn histogram(&self, number: u32) -> Histogram {
        let mut histogram = Histogram::default();
        for bin in self.bins_of(&self.rows[number as usize]) {
            histogram.add_bin(bin.bin, u64::from(bin.files), bin.bytes);
        }
        histogram
    }

    /// Files below the threshold, and of 0 bytes.
    pub fn small_and_empty(&self, number: u32) -> (u64, u64) {
        let row = &self.rows[number as usize];
        (u64::from(row.small), u64::from(row.empty))
    }

    /// The format, where a file was looked at.
    pub fn format(&self, number: u32) -> Option<DataFormat> {
        self.rows[number as usize].format
    }

    /// When it was listed.
    pub fn at(&self, number: u32) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp(i64::from(self.rows[number as usize].at), 0)
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
    fn a_row_is_small() {
        assert!(std::mem::size_of::<Row>() <= 56 && std::mem::size_of::<Bin>() == 16);
    }
}
