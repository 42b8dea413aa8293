//! What screens say of a row beyond its cells: facts for the panes, sums of a level, predictions, reasons.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::lists::source_of;
use super::message::Reading;
use super::nav::View;
use super::selected::Selected;
use super::state::App;
use crate::model::{
    FileTime, Growth, Histogram, Measures, Policy, RunKind, RunSummary, Scanned, Size, Subject, TableName, TableStats,
    TargetId, Work, age_text, bin_of, count_text, counted,
};

/// The rows of a table up to which its prediction is summed.
const PREDICTED_ROWS: usize = 200_000;

/// Facts of a row.
#[derive(Clone, Debug, Default)]
pub struct PaneFacts {
    /// Its name.
    pub name: String,
    /// Files.
    pub files: u64,
    /// Bytes.
    pub bytes: Size,
    /// Average.
    pub average: Size,
    /// Median.
    pub median: Size,
    /// Files below the threshold, where they were counted by their lengths.
    pub small: Option<u64>,
    /// Files by size.
    pub histogram: Histogram,
    /// What came lately; none where it was not counted, or where a compaction leaves nothing to tell it by.
    pub growth: Option<Growth>,
    /// The same in words, where it was counted: what came in which time, or why that is not known.
    pub came: Option<String>,
    /// Predicted.
    pub after: Option<Histogram>,
    /// Files predicted.
    pub after_files: Option<u64>,
    /// Objects saved.
    pub saves: u64,
    /// Time of work.
    pub work: Work,
    /// Words and texts: changed, reasons, the last run.
    pub notes: Vec<(String, String)>,
}

/// Files by size after a compaction, estimated: those below the stay threshold become files of about a block.
pub fn predict(now: &Histogram, policy: &Policy) -> Histogram {
    let mut after = Histogram::default();
    let stays_from = bin_of(policy.stay_threshold().0);
    let (mut files, mut bytes) = (0, Size(0));
    for (bin, count, size) in now.bins() {
        if *bin >= stays_from || *bin == 0 {
            after.add_bin(*bin, *count, *size);
        } else {
            files += count;
            bytes += Size(*size);
        }
    }
    let outputs = bytes.blocks(policy.block_size).max(1).min(files);
    if files > 0 {
        let each = bytes.0 / outputs;
        after.add_bin(bin_of(each), outputs, bytes.0);
    }
    after
}

impl App {
    /// The row that the panes are about; none until the cursor has rested on one.
    fn pane_row(&self) -> Option<u32> {
        self.pane.as_ref().filter(|(view, _)| view == self.view()).map(|(_, row)| *row)
    }

    /// The row that what stands below a list is about: it follows the cursor as the panes do.
    pub fn followed_row(&self) -> Option<u32> {
        self.pane_row().or_else(|| self.list().and_then(|list| list.selected()))
    }

    /// Facts of the row that the panes are about.
    pub fn pane_facts(&self) -> Option<PaneFacts> {
        let row = self.pane_row();
        match self.view() {
            View::Databases => self.data.tables.databases().get(row? as usize).map(|table| self.table_facts(table)),
            View::Tables(_) => self.data.tables.rows().get(row? as usize).map(|table| self.table_facts(table)),
            View::Partitions(table) => {
                let rows = self.data.partitions.get(table)?;
                (row? < rows.len() as u32).then(|| self.target_facts(&rows.id(row.unwrap_or(0))))?
            }
            View::Files(target) => self.target_facts(target),
            _ => None,
        }
    }

    /// Facts of a table or a database.
    pub fn table_facts(&self, table: &TableStats) -> PaneFacts {
        let name = if table.name.table.is_empty() { &table.name.database } else { &table.name.table };
        let states: Vec<String> =
            table.states.iter().map(|(word, count)| format!("{} {word}", count_text(*count))).collect();
        let mut notes = Vec::new();
        let unit = if table.name.table.is_empty() { "tables" } else { "targets" };
        if !states.is_empty() {
            notes.push((unit.to_owned(), states.join("  ")));
        }
        notes.extend(table.reasons.iter().map(|reason| ("REFUSED".to_owned(), reason.text.clone())));
        notes.extend(table.error.iter().map(|reason| ("ERR".to_owned(), reason.text.clone())));
        let recent = table.recent.filter(|_| table.scanned == Scanned::Whole);
        notes.extend(self.changed_note(table.newest));
        notes.extend(self.last_run_note(&table.name));
        let after = self.predicted.as_ref().filter(|(of, _)| *of == table.name).map(|(_, after)| after.clone());
        PaneFacts {
            name: name.clone(),
            files: table.files(),
            bytes: table.bytes(),
            average: Size(table.bytes().0.checked_div(table.files()).unwrap_or(0)),
            median: table.median,
            small: None,
            histogram: table.histogram.clone(),
            growth: recent.and_then(|recent| recent.growth(table.at)),
            came: recent.map(|recent| recent.text(table.at)),
            after_files: after.as_ref().map(Histogram::files),
            after,
            saves: table.saves,
            work: table.work(&self.data.rates),
            notes,
        }
    }

    /// Facts of a target.
    pub fn target_facts(&self, target: &TargetId) -> Option<PaneFacts> {
        let table = target.table_name();
        let rows = self.data.partitions.get(&table)?;
        let row = rows.find(target.partition.as_deref().unwrap_or_default())?;
        let measures = rows.measures(row);
        let histogram = rows.histogram(row);
        let saves = self.saves_now(&measures);
        let after = (saves > 0).then(|| predict(&histogram, &self.data.policy));
        let mut notes: Vec<(String, String)> =
            rows.reasons(row).iter().map(|reason| ("REFUSED".to_owned(), reason.text.clone())).collect();
        notes.extend(rows.error(row).map(|reason| ("ERR".to_owned(), reason.text.clone())));
        notes.extend(rows.format(row).map(|format| ("format".to_owned(), format.to_string())));
        let at = rows.at(row).unwrap_or(self.data.now);
        let recent = rows.recent(row).filter(|_| measures.scanned == Scanned::Whole);
        notes.extend(self.changed_note(measures.newest));
        notes.extend(self.last_run_note(&table));
        Some(PaneFacts {
            name: target.partition.clone().unwrap_or_else(|| table.table.clone()),
            files: measures.files,
            bytes: measures.bytes,
            average: measures.average(),
            median: measures.median,
            small: Some(rows.small_and_empty(row).0),
            histogram,
            growth: recent.and_then(|recent| recent.growth(at)),
            came: recent.map(|recent| recent.text(at)),
            after_files: after.as_ref().map(Histogram::files),
            after,
            saves,
            work: self.data.rates.estimate(measures.files, measures.bytes),
            notes,
        })
    }

    fn saves_now(&self, measures: &Measures) -> u64 {
        let hot = measures.is_hot(&self.data.policy, self.data.now);
        if hot || measures.scanned != Scanned::Whole { 0 } else { measures.saves(&self.data.policy) }
    }

    fn changed_note(&self, newest: Option<FileTime>) -> Option<(String, String)> {
        let age = newest?.age(self.data.now);
        let text = match age {
            Some(age) if age >= self.data.policy.quiet_period => format!("{} ago, quiet", age_text(age)),
            Some(age) => format!("{} ago, not quiet yet", age_text(age)),
            None => "in the future, by its time".to_owned(),
        };
        Some(("changed".to_owned(), text))
    }

    fn last_run_note(&self, table: &TableName) -> Option<(String, String)> {
        self.last_run_text(table).map(|text| ("last run".to_owned(), text))
    }

    /// The latest run on a table, in a line.
    pub fn last_run_text(&self, table: &TableName) -> Option<String> {
        let run = self.data.runs.latest_on(table)?;
        let result = self.data.runs.result(run);
        let back = match self.data.runs.off(run, RunKind::Rollback) {
            None => "R takes it back".to_owned(),
            Some(why) => why,
        };
        Some(format!("{}, {result}: {back}", run.run.short()))
    }

    /// Sums the predictions of a table's targets, once its rows are known.
    pub(crate) fn predict_table(&mut self) {
        let View::Inspect(subject) = self.view() else { return };
        let table = subject.table();
        if self.predicted.as_ref().is_some_and(|(of, _)| *of == table) {
            return;
        }
        if self.data.reading(&Reading::Table(table.clone())).is_some() {
            return;
        }
        let Some(rows) = self.data.partitions.get(&table).filter(|rows| rows.len() <= PREDICTED_ROWS) else { return };
        let mut after = Histogram::default();
        for row in 0..rows.len() as u32 {
            let histogram = rows.histogram(row);
            let picked = self.saves_now(&rows.measures(row)) > 0;
            after.merge(&if picked { predict(&histogram, &self.data.policy) } else { histogram });
        }
        self.predicted = Some((table, after));
        self.dirty = true;
    }

    /// The sums of what a Browse level lists.
    pub fn level_summary(&self) -> String {
        let sum = |tables: &mut dyn Iterator<Item = &TableStats>| {
            tables.fold((0u64, Size(0), false), |(files, bytes, partial), table| {
                (files + table.files(), bytes + table.bytes(), partial || table.scanned != Scanned::Whole)
            })
        };
        let rows = self.list_total() as u64;
        let text = |word: &str, (files, bytes, partial): (u64, Size, bool)| {
            let plus = if partial { "+" } else { "" };
            let word = if rows == 1 { &word[..word.len() - 1] } else { word };
            let unit = if files == 1 { "file" } else { "files" };
            format!("{} {word}  {}{plus} {unit}  {bytes}{plus}", count_text(rows), count_text(files))
        };
        match self.view() {
            View::Databases => text("databases", sum(&mut self.data.tables.rows().iter())),
            View::Tables(database) => {
                let all = self.data.tables.rows().iter();
                let mut own = all.filter(|table| table.name.database == *database);
                let figures = sum(&mut own);
                let count = self.data.tables.rows().iter().filter(|table| table.name.database == *database).count();
                text("tables", figures).replacen(&count_text(rows), &count_text(count as u64), 1)
            }
            View::Partitions(table) => match self.data.tables.get(table) {
                Some(stats) => text("partitions", sum(&mut std::iter::once(stats))),
                None => format!("{} partitions", count_text(rows)),
            },
            View::Files(_) => {
                let files = self.data.files.as_ref().and_then(|files| files.files.as_ref());
                let bytes: Size = files.iter().flat_map(|files| files.iter()).map(|file| file.length).sum();
                format!("{}  {bytes}", counted(rows, "file"))
            }
            _ => String::new(),
        }
    }

    /// The rows of the view's list, with those that the filter hides.
    pub fn list_total(&self) -> usize {
        source_of(self.view(), &self.data).len()
    }

    /// The names of a table's partition keys, by its first partition.
    pub fn partition_keys(&self, table: &TableName) -> Option<Vec<String>> {
        let rows = self.data.partitions.get(table).filter(|rows| !rows.is_empty())?;
        let name = rows.name(0);
        if name.is_empty() {
            return None;
        }
        Some(name.split('/').filter_map(|part| part.split_once('=')).map(|(key, _)| key.to_owned()).collect())
    }

    /// Files and bytes in backups.
    pub fn held(&self) -> (u64, Size) {
        let runs = self.data.runs.all().iter();
        runs.fold((0, Size(0)), |(files, bytes), run| (files + run.backup_files, bytes + run.backup_bytes))
    }

    /// Bytes that clean-ups moved to the trash and that may still be there: at most this, by how long a trash keeps.
    pub fn in_trash(&self) -> Size {
        let Some(keeps) = self.lake.trash_keeps.and_then(|keeps| chrono::TimeDelta::from_std(keeps).ok()) else {
            return Size(0);
        };
        let there = |run: &&RunSummary| self.data.now - run.finished.unwrap_or(run.started) < keeps;
        self.data.runs.all().iter().filter(there).map(|run| run.trashed_bytes).sum()
    }

    /// The table under the cursor.
    pub fn selected_table(&self) -> Option<&TableStats> {
        match self.selected() {
            Selected::Table(table) => self.data.tables.get(&table),
            _ => None,
        }
    }

    /// Why the target under the cursor is left out.
    pub fn selected_target_reason(&self) -> Option<String> {
        let Selected::Target(target) = self.selected() else { return None };
        let rows = self.data.partitions.get(&target.table_name())?;
        let row = rows.find(target.partition.as_deref().unwrap_or_default())?;
        if let Some(error) = rows.error(row) {
            return Some(format!("ERR {}   r tries again", error.text));
        }
        if let Some(reason) = rows.reasons(row).first() {
            return Some(format!("REFUSED: {}", reason.text));
        }
        let age = rows.measures(row).newest.and_then(|newest| newest.age(self.data.now));
        let quiet = self.data.policy.quiet_period;
        age.filter(|age| *age < quiet).map(|age| {
            let left = Duration::from_secs((quiet - age).as_secs());
            format!("HOT: a file changed {} ago; quiet in {}", age_text(age), age_text(left))
        })
    }

    /// Whether the names of the lake's tables were read.
    pub fn is_lake_loaded(&self) -> bool {
        self.loaded
    }

    /// The stats of what is inspected: facts, and the table's where it is one.
    pub fn inspected(&self, subject: &Subject) -> Option<PaneFacts> {
        match subject {
            Subject::Table(table) => self.data.tables.get(table).map(|table| self.table_facts(table)),
            Subject::Target(target) => self.target_facts(target),
        }
    }

    /// When a plan was made, as long ago.
    pub fn ago(&self, at: DateTime<Utc>) -> String {
        age_text((self.data.now - at).to_std().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prediction_keeps_the_bytes() {
        let mut now = Histogram::default();
        for length in [0, 1_000, 70_000, 100 << 20, 127 << 20, 300 << 20] {
            now.add(Size(length));
        }
        let after = predict(&now, &Policy::default());
        assert_eq!(after.bytes(), now.bytes());
        assert!(after.files() < now.files());
        assert_eq!(predict(&Histogram::default(), &Policy::default()), Histogram::default());
    }
}
