//! What is kept while a target is listed: eight bytes a file, four samples, and one name for each kind of refusal. The
//! names of all files are kept for planning only.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::entry::{Refusal, Role, role};
use super::samples::Samples;
use crate::error::Reason;
use crate::model::{FileTime, Histogram, KnownFile, Owner, Recent, RunId, Signs, Size};
use crate::store::Entry;

/// The sums over the entries so far.
#[derive(Debug, Default)]
pub struct Tally {
    keep_names: bool,
    threshold: Size,
    pub histogram: Histogram,
    lengths: Vec<u64>,
    pub small_files: u64,
    pub empty_files: u64,
    pub newest: Option<FileTime>,
    /// When the listing was begun, and what came before that.
    at: DateTime<Utc>,
    pub recent: Recent,
    pub visible_entries: u64,
    pub locations: u64,
    pub samples: Samples,
    pub signs: Signs,
    owners: BTreeSet<Owner>,
    refused: BTreeMap<Refusal, (String, u64)>,
    tripwires: Vec<RunId>,
    /// Visible directories, of which it is not known yet whether they hold something.
    pub directories: Vec<String>,
    pub files: Vec<KnownFile>,
    pub empty: Vec<KnownFile>,
    pub summary: Vec<KnownFile>,
}

impl Tally {
    /// An empty one. `keep_names` keeps every file.
    pub fn new(small_file_threshold: Size, keep_names: bool, at: DateTime<Utc>) -> Tally {
        Tally { keep_names, threshold: small_file_threshold, at, ..Tally::default() }
    }

    /// Counts an entry.
    pub fn add(&mut self, entry: &Entry) {
        if !entry.name.is_hidden() {
            self.visible_entries += 1;
        }
        // A page of a listing ends by hidden files too.
        self.locations += entry.locations;
        match role(entry) {
            Role::Data => self.add_data(entry),
            Role::Summary => self.summary.extend(entry.known_file()),
            Role::Ignored => {}
            Role::InFlight => self.signs.in_flight.push(entry.name.shown()),
            Role::Directory => self.directories.push(entry.name.shown()),
            Role::Tripwire(run) => self.tripwires.push(run),
            Role::Refused(refusal) => {
                self.refuse(refusal, &entry.name.shown());
            }
        }
    }

    fn add_data(&mut self, entry: &Entry) {
        self.histogram.add(entry.length);
        self.newest = self.newest.max(Some(entry.modified));
        self.recent.add(entry.name.text().unwrap_or_default(), entry.modified, self.at, 1);
        if entry.length.0 == 0 {
            self.empty_files += 1;
        } else {
            self.lengths.push(entry.length.0);
            self.samples.offer(entry);
        }
        self.small_files += u64::from(entry.length < self.threshold);
        self.signs.last_read = self.signs.last_read.max(entry.accessed);
        self.signs.linked_files += u64::from(entry.links > 1);
        if !self.owners.contains(&entry.owner) {
            self.owners.insert(entry.owner.clone());
        }
        if self.keep_names {
            let list = if entry.length.0 == 0 { &mut self.empty } else { &mut self.files };
            list.extend(entry.known_file());
        }
    }

    /// Notes an entry that forbids a compaction.
    pub fn refuse(&mut self, refusal: Refusal, name: &str) {
        self.refused.entry(refusal).or_insert_with(|| (name.to_owned(), 0)).1 += 1;
    }

    /// Data files so far.
    pub fn data_files(&self) -> u64 {
        self.lengths.len() as u64 + self.empty_files
    }

    /// The owners of the data files.
    pub fn owners(&self) -> impl Iterator<Item = &Owner> {
        self.owners.iter()
    }

    /// The exact median of the files with content: the middle one, or the mean of both.
    pub fn median(&mut self) -> Size {
        let count = self.lengths.len();
        if count == 0 {
            return Size(0);
        }
        let (below, upper, _) = self.lengths.select_nth_unstable(count / 2);
        let upper = *upper;
        match below.iter().max() {
            Some(lower) if count.is_multiple_of(2) => Size(lower + (upper - lower) / 2),
            _ => Size(upper),
        }
    }

    /// Why the entries forbid a compaction.
    pub fn reasons(&self) -> Vec<Reason> {
        let tripwires = self.tripwires.iter().map(RunId::tripwire_reason);
        let refused = self.refused.iter().map(|(refusal, (name, count))| refusal.reason(name, *count));
        tripwires.chain(refused).collect()
    }

    /// Puts everything into the order of names; a listing has none.
    pub fn sort(&mut self) {
        for list in [&mut self.files, &mut self.empty, &mut self.summary] {
            list.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        }
        self.signs.in_flight.sort_unstable();
        self.signs.owners = self.owners.iter().map(|owner| format!("{}:{}", owner.user, owner.group)).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_exact() {
        for (lengths, median) in
            [(vec![], 0), (vec![7], 7), (vec![9, 1], 5), (vec![5, 1, 9], 5), (vec![1, 2, 4, 100], 3)]
        {
            let mut tally = Tally { lengths, ..Tally::default() };
            assert_eq!(tally.median(), Size(median));
        }
    }
}
