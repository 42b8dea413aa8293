//! What was listed last: rows with numbers, each a sentence. Filter and order are the console's.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::app::{Basket, List, SortKey, Source, TableSource, Tables, TargetRows, TargetSource};
use crate::error::{Code, Error, Result};
use crate::model::{
    Policy, RunId, RunKind, RunSummary, Scanned, TableName, TableStats, TargetId, TargetStats, WorkRates, age_text,
    count_text, counted, duration_text,
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

/// What sentences are made of.
pub struct Known<'a> {
    /// The tables.
    pub tables: &'a Tables,
    /// The targets of the table that was opened last.
    pub opened: Option<&'a Opened>,
    /// What is marked.
    pub basket: &'a Basket,
    /// The policy.
    pub policy: &'a Policy,
    /// Speeds.
    pub rates: WorkRates,
    /// The time.
    pub now: DateTime<Utc>,
}

/// The targets of a table: as the console keeps them, by whose numbers they stand.
pub struct Opened {
    /// The table.
    pub table: TableName,
    /// For filter and order.
    pub rows: TargetRows,
    /// For sentences, in the same order.
    pub targets: Vec<TargetStats>,
}

impl Opened {
    /// Takes what a listing found.
    pub fn new(table: TableName, targets: Vec<TargetStats>) -> Opened {
        let mut rows = TargetRows::new(table.clone());
        for target in &targets {
            rows.put(target);
        }
        Opened { table, rows, targets }
    }
}

/// Where a list is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Lake,
    Table(TableName),
    Runs(Vec<(RunId, String)>),
}

/// A list that is read out page by page.
#[derive(Debug)]
pub struct Listed {
    place: Place,
    list: List,
    told: usize,
}

impl Listed {
    /// Tables, the worst first.
    pub fn lake() -> Listed {
        Listed { place: Place::Lake, list: List::new(SortKey::Worst), told: 0 }
    }

    /// The targets of a table, those that save most first.
    pub fn table(table: &TableName) -> Listed {
        Listed { place: Place::Table(table.clone()), list: List::new(SortKey::Worst), told: 0 }
    }

    /// Runs, the newest first.
    pub fn history(runs: &[RunSummary]) -> Listed {
        let rows = runs.iter().map(|run| (run.run.clone(), run_text(run))).collect();
        Listed { place: Place::Runs(rows), list: List::new(SortKey::Given), told: 0 }
    }

    /// Where it is.
    pub fn place(&self) -> String {
        match &self.place {
            Place::Lake => "lake".to_owned(),
            Place::Table(table) => table.to_string(),
            Place::Runs(_) => "history".to_owned(),
        }
    }

    /// Its filter as it was typed.
    pub fn filter(&self) -> &str {
        self.list.filter().text()
    }

    /// Filters, or with nothing lets everything pass.
    pub fn set_filter(&mut self, text: &str, known: &Known<'_>) -> Result<()> {
        self.work(known, |list, source| list.set_filter(text, source))
    }

    /// Orders; the same order again is reversed. What it is now, in words.
    pub fn set_sort(&mut self, word: &str, known: &Known<'_>) -> Result<String> {
        let found = SortKey::MENU.iter().find(|(letter, _, name)| *name == word || word == letter.to_string());
        let Some((_, key, name)) = found else {
            let all: Vec<&str> = SortKey::MENU.iter().map(|(_, _, name)| *name).collect();
            return Err(
                Error::new(Code::Usage, format!("{word:?} is no order")).next(format!("sort {}", all.join(", ")))
            );
        };
        self.work(known, |list, source| list.set_sort(*key, source))?;
        Ok(format!("sorted by {name}{}", if self.list.sort().1 { ", reversed" } else { "" }))
    }

    /// Orders the rows anew.
    pub fn renew(&mut self, known: &Known<'_>) -> Result<()> {
        self.work(known, |list, source| list.renew(source))
    }

    fn work(&mut self, known: &Known<'_>, act: impl FnOnce(&mut List, &dyn Source)) -> Result<()> {
        let source: Box<dyn Source + '_> = match (&self.place, known.opened) {
            (Place::Lake, _) => {
                Box::new(TableSource { rows: known.tables.rows(), database: None, rates: known.rates, now: known.now })
            }
            (Place::Table(_), Some(opened)) => {
                Box::new(TargetSource { rows: &opened.rows, policy: known.policy, rates: known.rates, now: known.now })
            }
            _ => {
                return Err(
                    Error::new(Code::Usage, "runs are neither filtered nor sorted: the newest come first").next("lake")
                );
            }
        };
        act(&mut self.list, &*source);
        while self.list.working().is_some() {
            self.list.work(&*source);
        }
        self.told = 0;
        Ok(())
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        match &self.place {
            Place::Runs(runs) => runs.len(),
            _ => self.list.rows().len(),
        }
    }

    /// The row of a number, or of the name of a table.
    pub fn row(&self, word: &str, known: &Known<'_>) -> Result<Row> {
        let at = word.parse::<usize>().ok().and_then(|number| number.checked_sub(1)).filter(|at| *at < self.len());
        if let Some(row) = at.and_then(|at| self.row_at(at, known)) {
            return Ok(row);
        }
        if let Ok(table) = TableName::parse(word)
            && known.tables.get(&table).is_some()
        {
            return Ok(Row::Table(table));
        }
        let error = Error::new(Code::Usage, format!("there is no row {word}"));
        Err(match self.len() {
            0 => error.next("lake"),
            rows => error.next(format!("a number from 1 to {rows}")),
        })
    }

    fn row_at(&self, at: usize, known: &Known<'_>) -> Option<Row> {
        let number = self.list.rows().get(at).map(|number| *number as usize);
        match &self.place {
            Place::Runs(runs) => runs.get(at).map(|(run, _)| Row::Run(run.clone())),
            Place::Lake => known.tables.rows().get(number?).map(|table| Row::Table(table.name.clone())),
            Place::Table(_) => known.opened?.targets.get(number?).map(|target| Row::Target(target.id.clone())),
        }
    }

    /// The next rows as lines, and how many are left.
    pub fn page(&mut self, rows: usize, known: &Known<'_>) -> (String, usize) {
        let mut lines: Vec<String> = Vec::new();
        if self.told == 0 {
            lines.push(self.head(known));
        }
        let end = (self.told + rows).min(self.len());
        lines.extend((self.told..end).map(|at| format!("{} {}", at + 1, self.sentence(at, known))));
        if self.told > 0 && self.told == end {
            lines.push("that was all".to_owned());
        }
        self.told = end;
        (lines.join("\n"), self.len() - end)
    }

    fn head(&self, known: &Known<'_>) -> String {
        let rows = self.len() as u64;
        let of = |all: usize, unit: &str| match self.filter() {
            "" => counted(rows, unit),
            filter => format!("{} of {} match {filter}", count_text(rows), counted(all as u64, unit)),
        };
        match &self.place {
            Place::Runs(_) => counted(rows, "run"),
            Place::Lake => {
                let (totals, _) = known.tables.totals();
                let saves = count_text(totals.saves);
                format!("{}, {saves} objects can be saved", of(known.tables.rows().len(), "table"))
            }
            Place::Table(_) => of(known.opened.map_or(0, |opened| opened.targets.len()), "partition"),
        }
    }

    fn sentence(&self, at: usize, known: &Known<'_>) -> String {
        let number = self.list.rows().get(at).map_or(usize::MAX, |number| *number as usize);
        match &self.place {
            Place::Runs(runs) => runs.get(at).map_or_else(String::new, |(_, text)| text.clone()),
            Place::Lake => known.tables.rows().get(number).map_or_else(String::new, |table| table_text(table, known)),
            Place::Table(_) => {
                let target = known.opened.and_then(|opened| opened.targets.get(number));
                target.map_or_else(String::new, |target| target_text(target, known))
            }
        }
    }
}

fn mark_text(marked: bool) -> &'static str {
    if marked { ", marked" } else { "" }
}

fn work_text(work: Duration) -> String {
    format!(", about {} of work", duration_text(Duration::from_secs(work.as_secs().max(1))))
}

fn table_text(table: &TableStats, known: &Known<'_>) -> String {
    let mut text = format!("{}: {}", table.name, table.state());
    if table.scanned == Scanned::No {
        text.push_str(", not listed yet");
    } else {
        text.push_str(&format!(", {}, {}", counted(table.files(), "file"), table.bytes()));
    }
    if table.saves > 0 {
        text.push_str(&format!(", saves {} objects", count_text(table.saves)));
        text.push_str(&work_text(table.work(&known.rates).0));
    }
    if let Some(reason) = table.reasons.first().or(table.error.as_ref()) {
        text.push_str(&format!(", {}", reason.text));
    }
    let age = (known.now - table.at).to_std().unwrap_or_default();
    if age.as_secs() >= 60 {
        text.push_str(&format!(", as of {} ago", age_text(age)));
    }
    let some = known.basket.of(&table.name).filter(|marked| !marked.whole).map_or(0, |marked| marked.names.len());
    match some {
        0 => text + mark_text(known.basket.has_table(&table.name)),
        some => format!("{text}, {} marked", counted(some as u64, "partition")),
    }
}

fn target_text(target: &TargetStats, known: &Known<'_>) -> String {
    let measures = target.measures();
    let name = target.id.partition.as_deref().unwrap_or("the whole table");
    let state = target.state(known.policy, known.now);
    let mut text = format!("{name}: {state}, {}, {}", counted(measures.files, "file"), measures.bytes);
    if measures.files > 0 {
        text.push_str(&format!(", average {}", measures.average()));
    }
    let saves = if target.is_hot(known.policy, known.now) { 0 } else { target.saves(known.policy) };
    if saves > 0 {
        text.push_str(&format!(", saves {} objects", count_text(saves)));
    }
    if let Some(reason) = target.reasons.first().or(target.error.as_ref()) {
        text.push_str(&format!(", {}", reason.text));
    }
    let table = target.id.table_name();
    let own = known.basket.has_target(&table, target.id.partition.as_deref().unwrap_or_default());
    text + mark_text(own || known.basket.has_table(&table))
}

/// A run in a sentence.
pub fn run_text(run: &RunSummary) -> String {
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
