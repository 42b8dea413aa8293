//! The tables of the lake as scans found them, and their sums by database and for the lake.

use std::collections::HashMap;

use crate::model::{Histogram, LakeTotals, Scanned, Size, StorePath, TableName, TableStats};

/// All tables, in the order in which they became known; a table's number stays its own.
#[derive(Clone, Debug, Default)]
pub struct Tables {
    rows: Vec<TableStats>,
    numbers: HashMap<TableName, u32>,
    databases: Vec<TableStats>,
}

impl Tables {
    /// Adds tables or replaces what was known of them. Names alone never replace figures.
    pub fn put(&mut self, stats: impl IntoIterator<Item = TableStats>) {
        for table in stats {
            match self.numbers.get(&table.name) {
                Some(number) => {
                    let known = &mut self.rows[*number as usize];
                    let forgets = table.scanned == Scanned::No && table.error.is_none();
                    if !forgets || known.scanned == Scanned::No {
                        *known = table;
                    }
                }
                None => {
                    self.numbers.insert(table.name.clone(), self.rows.len() as u32);
                    self.rows.push(table);
                }
            }
        }
        self.databases = by_database(&self.rows);
    }

    /// The tables.
    pub fn rows(&self) -> &[TableStats] {
        &self.rows
    }

    /// The databases: each as a table without a name.
    pub fn databases(&self) -> &[TableStats] {
        &self.databases
    }

    /// A table's number.
    pub fn number(&self, name: &TableName) -> Option<u32> {
        self.numbers.get(name).copied()
    }

    /// A table.
    pub fn get(&self, name: &TableName) -> Option<&TableStats> {
        self.number(name).and_then(|number| self.rows.get(number as usize))
    }

    /// The sums, and whether they may grow because a table was not listed whole.
    pub fn totals(&self) -> (LakeTotals, bool) {
        (LakeTotals::of(&self.rows), self.rows.iter().any(|table| table.scanned != Scanned::Whole))
    }
}

/// NameNode objects of files by size: one a file, and one a block; within a bin files count as equally large.
pub fn objects(histogram: &Histogram, block: Size) -> u64 {
    histogram.bins().iter().map(|(_, files, bytes)| files + Size(*bytes).blocks(block).max(*files)).sum()
}

fn by_database(tables: &[TableStats]) -> Vec<TableStats> {
    let mut databases: Vec<TableStats> = Vec::new();
    let mut numbers: HashMap<&str, usize> = HashMap::new();
    for table in tables {
        let number = *numbers.entry(&table.name.database).or_insert_with(|| {
            let name = TableName::new(table.name.database.clone(), "");
            let location: Option<StorePath> = table.location.parent();
            let location = location.unwrap_or_else(|| table.location.clone());
            let whole = TableStats { scanned: Scanned::Whole, ..TableStats::unknown(name, location, table.at) };
            databases.push(whole);
            databases.len() - 1
        });
        add_table(&mut databases[number], table);
    }
    databases
}

fn add_table(sum: &mut TableStats, table: &TableStats) {
    sum.histogram.merge(&table.histogram);
    sum.median = sum.histogram.median_estimate();
    sum.targets += 1;
    sum.candidates += table.candidates;
    sum.objects += table.objects;
    sum.saves += table.saves;
    sum.work_files += table.work_files;
    sum.work_bytes += table.work_bytes;
    sum.newest = sum.newest.max(table.newest);
    sum.at = sum.at.min(table.at);
    if table.scanned != Scanned::Whole && table.error.is_none() {
        sum.scanned = Scanned::Part;
    }
    let state = table.state();
    match sum.states.iter_mut().find(|(word, _)| word == state) {
        Some((_, count)) => *count += 1,
        None => sum.states.push((state.to_owned(), 1)),
    }
}
