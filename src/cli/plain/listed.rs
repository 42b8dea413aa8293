//! What was listed last: rows with numbers, each a sentence.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::app::Mark;
use crate::error::{Code, Error, Result};
use crate::model::{
    Policy, RunId, RunKind, RunSummary, Scanned, TableName, TableStats, TargetId, TargetStats, age_text, count_text,
    counted,
};

/// What a row is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// A table.
    Table(TableName),
    /// A target.
    Target(TargetId),
    /// A run.
    Run(RunId),
}

/// A list that is read out page by page.
#[derive(Debug, Default)]
pub struct Listed {
    place: String,
    head: String,
    rows: Vec<(Row, String)>,
    told: usize,
}

impl Listed {
    /// Tables, the worst first.
    pub fn lake(tables: &[TableStats], basket: &BTreeSet<Mark>) -> Listed {
        let now = Utc::now();
        let row = |table: &TableStats| {
            let marked = basket.contains(&Mark::Table(table.name.clone()));
            (Row::Table(table.name.clone()), table_text(table, now) + mark_text(marked))
        };
        let saves: u64 = tables.iter().map(|table| table.saves).sum();
        let head = format!("{}, {} objects can be saved", counted(tables.len() as u64, "table"), count_text(saves));
        Listed { place: "lake".to_owned(), head, rows: tables.iter().map(row).collect(), told: 0 }
    }

    /// The targets of a table, those that save most first.
    pub fn table(
        table: &TableName,
        mut targets: Vec<TargetStats>,
        policy: &Policy,
        now: DateTime<Utc>,
        basket: &BTreeSet<Mark>,
    ) -> Listed {
        targets.sort_by_key(|target| std::cmp::Reverse(target.measures().saves(policy)));
        let row = |target: &TargetStats| {
            let marked =
                basket.contains(&Mark::Target(target.id.clone())) || basket.contains(&Mark::Table(table.clone()));
            (Row::Target(target.id.clone()), target_text(target, policy, now) + mark_text(marked))
        };
        let head = counted(targets.len() as u64, "partition");
        Listed { place: table.to_string(), head, rows: targets.iter().map(row).collect(), told: 0 }
    }

    /// Runs, the newest first.
    pub fn history(runs: &[RunSummary]) -> Listed {
        let row = |run: &RunSummary| (Row::Run(run.run.clone()), run_text(run));
        let head = counted(runs.len() as u64, "run");
        Listed { place: "history".to_owned(), head, rows: runs.iter().map(row).collect(), told: 0 }
    }

    /// Where it is.
    pub fn place(&self) -> String {
        self.place.clone()
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// The row of a number.
    pub fn row(&self, number: &str) -> Result<&Row> {
        let found = number.parse::<usize>().ok().and_then(|number| self.rows.get(number.checked_sub(1)?));
        found.map(|(row, _)| row).ok_or_else(|| {
            let error = Error::new(Code::Usage, format!("there is no row {number}"));
            match self.rows.len() {
                0 => error.next("lake"),
                rows => error.next(format!("a number from 1 to {rows}")),
            }
        })
    }

    /// The next rows as lines, and how many are left.
    pub fn page(&mut self, rows: usize) -> (String, usize) {
        let mut lines: Vec<String> = Vec::new();
        if self.told == 0 {
            lines.push(self.head.clone());
        }
        let end = (self.told + rows).min(self.rows.len());
        let shown = self.rows[self.told..end].iter().enumerate();
        lines.extend(shown.map(|(at, (_, text))| format!("{} {text}", self.told + at + 1)));
        if self.told > 0 && self.told == end {
            lines.push("that was all".to_owned());
        }
        self.told = end;
        (lines.join("\n"), self.rows.len() - end)
    }
}

fn mark_text(marked: bool) -> &'static str {
    if marked { ", marked" } else { "" }
}

fn table_text(table: &TableStats, now: DateTime<Utc>) -> String {
    let mut text = format!("{}: {}", table.name, table.state());
    if table.scanned == Scanned::No {
        return text + ", not listed yet";
    }
    text.push_str(&format!(", {}, {}", counted(table.files(), "file"), table.bytes()));
    if table.saves > 0 {
        text.push_str(&format!(", saves {} objects", count_text(table.saves)));
    }
    if let Some(reason) = table.reasons.first().or(table.error.as_ref()) {
        text.push_str(&format!(", {}", reason.text));
    }
    let age = (now - table.at).to_std().unwrap_or_default();
    if age.as_secs() >= 60 {
        text.push_str(&format!(", as of {} ago", age_text(age)));
    }
    text
}

fn target_text(target: &TargetStats, policy: &Policy, now: DateTime<Utc>) -> String {
    let measures = target.measures();
    let name = target.id.partition.as_deref().unwrap_or("the whole table");
    let state = target.state(policy, now);
    let mut text = format!("{name}: {state}, {}, {}", counted(measures.files, "file"), measures.bytes);
    if measures.files > 0 {
        text.push_str(&format!(", average {}", measures.average()));
    }
    if let Some(reason) = target.reasons.first().or(target.error.as_ref()) {
        text.push_str(&format!(", {}", reason.text));
    }
    text
}

fn run_text(run: &RunSummary) -> String {
    let can: Vec<&str> = run.can.iter().copied().map(RunKind::word).collect();
    let can = if can.is_empty() { String::new() } else { format!(", can: {}", can.join(", ")) };
    let holds = if run.backup_files > 0 { format!(", holds {}", run.backup_bytes) } else { String::new() };
    format!(
        "{} {} {}, {} of {}, {}, by {} on {}{holds}{can}",
        run.run.short(),
        run.kind.word(),
        run.state.word(),
        run.targets_done,
        counted(run.targets, "target"),
        run.tables.join(" "),
        run.user,
        run.host,
    )
}
