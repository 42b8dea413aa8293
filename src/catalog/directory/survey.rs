//! One directory, counted: what kinds of entries it has, without keeping them.

use std::collections::BTreeMap;

use super::classify::{Found, Stray, classify};
use super::{DirectoryCatalog, formats};
use crate::error::{Code, Reason, Result};
use crate::model::{StorePath, clean};
use crate::store::{EntryKind, EntryName, NameListing};

/// A directory of at most so many entries keeps their names, so that it need not be listed again.
const KEPT: usize = 4_096;
/// Different keys at one level that are told apart.
const KEYS: usize = 16;
/// Partitions at either end of the order that are kept to be looked into.
const ENDS: usize = 2;
/// Directories that are looked into before they are refused; more are refused unseen.
const LOOKED_INTO: u64 = 64;

/// Whether a directory holds data or partitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    /// Data: files belong there.
    Data,
    /// Partitions: files do not.
    AbovePartitions,
}

/// What a directory holds.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// Plain files, and the first of them.
    files: Count,
    /// What does not belong there, by its kind.
    strays: BTreeMap<Stray, Count>,
    /// Directories of an ACID table.
    acid: Count,
    /// Partitions by their key.
    keys: BTreeMap<String, Ends>,
    /// Entries named as partitions that are links or special.
    not_partitions: Count,
    /// The first of the directories that are no partitions, and of those that are.
    plain: Vec<String>,
    inside: Vec<String>,
    /// All entries, where they are few.
    pub(super) kept: Option<Vec<(EntryName, EntryKind)>>,
}

/// A number of entries and one of them.
#[derive(Debug, Default)]
struct Count {
    number: u64,
    example: String,
}

impl Count {
    fn add(&mut self, name: String) {
        if self.number == 0 {
            self.example = name;
        }
        self.number += 1;
    }
}

/// The partitions of one key: how many, and the names at both ends of their order.
#[derive(Debug, Default)]
struct Ends {
    number: u64,
    first: Vec<String>,
    last: Vec<String>,
}

impl Ends {
    fn add(&mut self, name: &str) {
        self.number += 1;
        keep(&mut self.first, name, |new, old| new < old);
        keep(&mut self.last, name, |new, old| new > old);
    }
}

/// Keeps the best [`ENDS`] names, the best one first.
fn keep(best: &mut Vec<String>, name: &str, better: impl Fn(&str, &str) -> bool) {
    let place = best.iter().position(|old| better(name, old)).unwrap_or(best.len());
    if place < ENDS {
        best.insert(place, name.to_owned());
        best.truncate(ENDS);
    }
}

impl Survey {
    /// Reads a listing to its end.
    pub(super) async fn of(mut names: Box<dyn NameListing>) -> Result<Survey> {
        let mut survey = Survey { kept: Some(Vec::new()), ..Survey::default() };
        while let Some(page) = names.next_page().await? {
            for (name, kind) in page {
                survey.keep(&name, kind);
                survey.add(name, kind);
            }
        }
        Ok(survey)
    }

    fn keep(&mut self, name: &EntryName, kind: EntryKind) {
        if let Some(kept) = &mut self.kept {
            if kept.len() < KEPT {
                kept.push((name.clone(), kind));
            } else {
                self.kept = None;
            }
        }
    }

    fn add(&mut self, name: EntryName, kind: EntryKind) {
        match classify(name, kind) {
            Found::Hidden => {}
            Found::Partition { name, key } => {
                if self.keys.len() < KEYS || self.keys.contains_key(&key) {
                    self.add_partition(key, name);
                } else {
                    self.add_plain(name);
                }
            }
            Found::NotAPartition { name, .. } => self.not_partitions.add(name),
            Found::File(name) => self.files.add(name),
            Found::Stray(Stray::Directory, name) if formats::is_acid_directory(&name) => self.acid.add(name),
            Found::Stray(Stray::Directory, name) => self.add_plain(name),
            Found::Stray(stray, name) => self.strays.entry(stray).or_default().add(name),
        }
    }

    fn add_partition(&mut self, key: String, name: String) {
        self.keys.entry(key).or_default().add(&name);
        remember(&mut self.inside, name);
    }

    fn add_plain(&mut self, name: String) {
        self.strays.entry(Stray::Directory).or_default().add(name.clone());
        remember(&mut self.plain, name);
    }

    /// Takes back directories in which nothing is visible: they hold no data (PROTOCOL §8). Partitions too, where only
    /// data belongs. Where there are many, nobody left them behind by accident: all count.
    pub(super) async fn forgive_empty(
        mut self,
        catalog: &DirectoryCatalog,
        location: &StorePath,
        level: Level,
    ) -> Result<Survey> {
        let plain = self.strays.get(&Stray::Directory).map_or(0, |count| count.number);
        if plain <= LOOKED_INTO {
            self.strays.remove(&Stray::Directory);
            for name in std::mem::take(&mut self.plain) {
                if holds_something(catalog, &location.join(&name)).await? {
                    self.add_plain(name);
                }
            }
        }
        let inside: u64 = self.keys.values().map(|ends| ends.number).sum();
        if level == Level::Data && inside <= LOOKED_INTO {
            self.keys.clear();
            for name in std::mem::take(&mut self.inside) {
                if holds_something(catalog, &location.join(&name)).await? {
                    self.add(EntryName::Text(name), EntryKind::Directory);
                }
            }
        }
        Ok(self)
    }

    /// Whether it has partitions.
    pub(super) fn has_partitions(&self) -> bool {
        !self.keys.is_empty()
    }

    /// Whether it has plain files that are not hidden.
    pub(super) fn has_files(&self) -> bool {
        self.files.number > 0
    }

    /// Whether nothing in it is visible.
    pub(super) fn is_empty(&self) -> bool {
        !self.has_files() && self.is_plain_data() && self.keys.is_empty()
    }

    fn is_plain_data(&self) -> bool {
        self.strays.is_empty() && self.acid.number == 0 && self.not_partitions.number == 0
    }

    /// The key of most of its partitions; of equally many the first by name.
    pub(super) fn main_key(&self) -> Option<&str> {
        let most = self
            .keys
            .iter()
            .max_by(|(one, left), (other, right)| left.number.cmp(&right.number).then_with(|| other.cmp(one)));
        most.map(|(key, _)| key.as_str())
    }

    /// Some partitions of a key: the last and the first by name, then those next to them.
    pub(super) fn samples(&self, key: &str) -> Vec<String> {
        let mut samples: Vec<String> = Vec::new();
        let Some(ends) = self.keys.get(key) else { return samples };
        for place in 0..ENDS {
            for name in [ends.last.get(place), ends.first.get(place)].into_iter().flatten() {
                if !samples.contains(name) {
                    samples.push(name.clone());
                }
            }
        }
        samples
    }

    /// Whether it holds the directories of an ACID table.
    pub(super) fn acid(&self) -> Option<Reason> {
        (self.acid.number > 0).then(formats::acid)
    }

    /// What does not belong into a directory of this level.
    pub(super) fn strays(&self, level: Level) -> Vec<Reason> {
        let mut reasons: Vec<Reason> = self.acid().into_iter().collect();
        for (stray, count) in &self.strays {
            let (one, many) = match stray {
                Stray::Directory => ("sub-directory", "sub-directories"),
                Stray::Symlink => ("symbolic link", "symbolic links"),
                Stray::Special => ("socket, pipe or device", "sockets, pipes or devices"),
                Stray::NotText => ("name that is not UTF-8", "names that are not UTF-8"),
            };
            reasons.push(reason(count, one, many));
        }
        match level {
            Level::AbovePartitions => {
                if self.has_files() {
                    reasons.push(reason(&self.files, "file beside the partitions", "files beside the partitions"));
                }
            }
            Level::Data => {
                for ends in self.keys.values() {
                    let example = ends.first.first().cloned().unwrap_or_default();
                    let count = Count { number: ends.number, example };
                    reasons.push(reason(&count, "partition inside it", "partitions inside it"));
                }
                if self.not_partitions.number > 0 {
                    reasons.push(reason(&self.not_partitions, "link or special file", "links or special files"));
                }
            }
        }
        reasons
    }
}

fn remember(names: &mut Vec<String>, name: String) {
    if (names.len() as u64) < LOOKED_INTO {
        names.push(name);
    }
}

/// Whether anything is visible in a directory; not if it went meanwhile.
async fn holds_something(catalog: &DirectoryCatalog, directory: &StorePath) -> Result<bool> {
    match catalog.survey(directory).await {
        Ok(survey) => Ok(!survey.is_empty()),
        Err(error) if error.code() == Code::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// `1 THING (NAME)`, `3 THINGS (NAME, …)`.
fn reason(count: &Count, one: &str, many: &str) -> Reason {
    let name = clean(&count.example);
    let text = match count.number {
        1 => format!("1 {one} ({name})"),
        number => format!("{number} {many} ({name}, …)"),
    };
    Reason::new(Code::UnsupportedEntry, text)
}
