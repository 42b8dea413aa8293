//! What is marked, by table: the whole table, or some of its targets. Marks are the basket.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, Utc};

use super::effect::Mark;
use super::rows::TargetRows;
use super::tables::Tables;
use crate::model::{Policy, Scanned, Size, TableName, TargetId, Work, WorkRates, count_text};

/// Figures of what is marked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Targets.
    pub targets: u64,
    /// Their files.
    pub files: u64,
    /// Their bytes.
    pub bytes: Size,
    /// Files afterwards, estimated.
    pub after: u64,
    /// Objects saved.
    pub saves: u64,
    /// Objects now.
    pub objects: u64,
    /// Whether something of it was not listed whole.
    pub partial: bool,
}

impl Sums {
    fn add(&mut self, other: &Sums) {
        self.targets += other.targets;
        self.files += other.files;
        self.bytes += other.bytes;
        self.after += other.after;
        self.saves += other.saves;
        self.objects += other.objects;
        self.partial |= other.partial;
    }

    /// Files and bytes, as far as they are known: `?` before anything was listed, `+` where more may come.
    pub fn shown(&self) -> (String, String) {
        match (self.partial, self.files) {
            (true, 0) => ("?".to_owned(), "?".to_owned()),
            (true, files) => (format!("{}+", count_text(files)), format!("{}+", self.bytes)),
            (false, files) => (count_text(files), self.bytes.to_string()),
        }
    }

    /// The time that it takes.
    pub fn work(&self, rates: &WorkRates) -> Work {
        rates.estimate(self.files, self.bytes)
    }
}

/// What is marked of one table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marked {
    /// The whole table: every target that the policy picks.
    pub whole: bool,
    /// Names of targets; the empty one is the target of an unpartitioned table.
    pub names: HashSet<Box<str>>,
    /// The figures.
    pub sums: Sums,
}

/// The basket.
#[derive(Clone, Debug, Default)]
pub struct Basket {
    tables: BTreeMap<TableName, Marked>,
    taken: Option<BTreeMap<TableName, Marked>>,
    /// When something was marked last.
    pub at: Option<DateTime<Utc>>,
}

/// What figures are made of.
pub struct Figures<'a> {
    /// The tables.
    pub tables: &'a Tables,
    /// The targets of the table in question, where they are known.
    pub rows: Option<&'a TargetRows>,
    /// The policy.
    pub policy: &'a Policy,
}

impl Basket {
    /// The marked tables in the order of their names.
    pub fn tables(&self) -> impl Iterator<Item = (&TableName, &Marked)> {
        self.tables.iter()
    }

    /// The number of tables.
    pub fn len(&self) -> usize {
        self.tables.len()
    }

    /// Whether nothing is marked.
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty()
    }

    /// The sums.
    pub fn sums(&self) -> Sums {
        let mut sums = Sums::default();
        self.tables.values().for_each(|marked| sums.add(&marked.sums));
        sums
    }

    /// What is marked of a table.
    pub fn of(&self, table: &TableName) -> Option<&Marked> {
        self.tables.get(table)
    }

    /// Whether a table is marked as a whole.
    pub fn has_table(&self, table: &TableName) -> bool {
        self.of(table).is_some_and(|marked| marked.whole)
    }

    /// Whether a target is marked by itself.
    pub fn has_target(&self, table: &TableName, name: &str) -> bool {
        self.of(table).is_some_and(|marked| marked.names.contains(name))
    }

    /// Marks, as a plan takes them.
    pub fn marks(&self) -> Vec<Mark> {
        let mut marks = Vec::new();
        for (table, marked) in &self.tables {
            if marked.whole {
                marks.push(Mark::Table(table.clone()));
            }
            let mut names: Vec<&str> = marked.names.iter().map(|name| &**name).collect();
            names.sort_unstable_by(|a, b| super::order::natural(a, b));
            marks.extend(
                names
                    .into_iter()
                    .map(|name| Mark::Target(TargetId::new(table, (!name.is_empty()).then(|| name.to_owned())))),
            );
        }
        marks
    }

    /// Marks or takes the mark off; whether it is marked now.
    pub fn toggle(&mut self, mark: &Mark, figures: &Figures<'_>) -> bool {
        let on = match mark {
            Mark::Table(table) => !self.has_table(table),
            Mark::Target(id) => !self.has_target(&id.table_name(), id.partition.as_deref().unwrap_or_default()),
        };
        self.set(mark, on, figures);
        on
    }

    /// Marks, or takes the mark off.
    pub fn set(&mut self, mark: &Mark, on: bool, figures: &Figures<'_>) {
        self.taken = None;
        let table = mark.table();
        let marked = self.tables.entry(table.clone()).or_default();
        match mark {
            Mark::Table(_) => {
                marked.whole = on;
                if on {
                    marked.names.clear();
                }
                marked.sums = count(&table, marked, figures);
            }
            Mark::Target(id) => {
                let name = id.partition.as_deref().unwrap_or_default();
                let one = one(name, figures);
                if on && marked.names.insert(name.into()) {
                    marked.sums.add(&one);
                } else if !on && marked.names.remove(name) {
                    marked.sums = less(marked.sums, &one);
                }
            }
        }
        if !marked.whole && marked.names.is_empty() {
            self.tables.remove(&table);
        }
    }

    /// Makes room for so many marks of a table, where any of it is marked or will be at once.
    pub fn reserve(&mut self, table: &TableName, names: usize) {
        let marked = self.tables.entry(table.clone()).or_default();
        if !marked.whole {
            marked.names.reserve(names.saturating_sub(marked.names.len()));
        }
        if !marked.whole && marked.names.is_empty() && names == 0 {
            self.tables.remove(table);
        }
    }

    /// Drops a table with all its marks.
    pub fn drop_table(&mut self, table: &TableName) {
        let before = self.tables.clone();
        if self.tables.remove(table).is_some() {
            self.taken = Some(before);
        }
    }

    /// Takes all marks off; again brings them back. Whether anything is marked now.
    pub fn none(&mut self) -> bool {
        if self.tables.is_empty() {
            self.tables = self.taken.take().unwrap_or_default();
        } else {
            self.taken = Some(std::mem::take(&mut self.tables));
        }
        !self.tables.is_empty()
    }

    /// Counts a table's figures again after its rows changed.
    pub fn recount(&mut self, table: &TableName, figures: &Figures<'_>) {
        if let Some(marked) = self.tables.get_mut(table) {
            marked.sums = count(table, marked, figures);
        }
    }
}

fn count(table: &TableName, marked: &Marked, figures: &Figures<'_>) -> Sums {
    let mut sums = Sums::default();
    if marked.whole
        && let Some(stats) = figures.tables.get(table)
    {
        let after = stats.work_bytes.blocks(figures.policy.block_size).max(stats.candidates);
        sums.add(&Sums {
            targets: stats.candidates,
            files: stats.work_files,
            bytes: stats.work_bytes,
            after,
            saves: stats.saves,
            objects: (after * 2).saturating_add(stats.saves),
            partial: stats.scanned != Scanned::Whole,
        });
    }
    marked.names.iter().for_each(|name| sums.add(&one(name, figures)));
    sums
}

fn one(name: &str, figures: &Figures<'_>) -> Sums {
    let known = figures.rows.and_then(|rows| rows.find(name).map(|row| rows.measures(row)));
    let Some(measures) = known else { return Sums { targets: 1, partial: true, ..Sums::default() } };
    let after = measures.target_files(figures.policy).min(measures.files);
    let saves = measures.saves(figures.policy);
    Sums {
        targets: 1,
        files: measures.files,
        bytes: measures.bytes,
        after: if saves == 0 { measures.files } else { after },
        saves,
        objects: measures.objects(figures.policy),
        partial: measures.scanned != Scanned::Whole,
    }
}

fn less(sums: Sums, other: &Sums) -> Sums {
    Sums {
        targets: sums.targets.saturating_sub(other.targets),
        files: sums.files.saturating_sub(other.files),
        bytes: sums.bytes - other.bytes,
        after: sums.after.saturating_sub(other.after),
        saves: sums.saves.saturating_sub(other.saves),
        objects: sums.objects.saturating_sub(other.objects),
        partial: sums.partial,
    }
}
