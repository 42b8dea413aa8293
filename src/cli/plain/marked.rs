//! What is marked: the console's basket, by numbers.

use super::Plain;
use super::listed::Row;
use super::numbers::numbers;
use crate::action::{self, Selection};
use crate::app::{Basket, Figures, Mark};
use crate::error::{Code, Error, Result};
use crate::model::{Budget, TableName, TargetId, Work, counted, duration_text};
use crate::runtime::{load_basket, save_basket};

impl Plain<'_> {
    /// As it was kept, by this or by the console.
    pub(super) fn load_basket(&mut self) {
        let marks = load_basket(&self.session.edge.paths, &self.settings);
        if marks != self.basket.marks() {
            self.basket = Basket::default();
            marks.iter().for_each(|mark| self.set_mark(mark, true));
        }
    }

    fn save_basket(&self) -> Result<()> {
        save_basket(&self.session.edge.paths, &self.settings, &self.basket.marks())
    }

    /// What was marked is being done.
    pub(super) fn empty_basket(&mut self) -> Result<()> {
        self.basket = Basket::default();
        self.save_basket()
    }

    fn set_mark(&mut self, mark: &Mark, on: bool) {
        let table = mark.table();
        let opened = self.opened.as_ref().filter(|opened| opened.table == table);
        let rows = opened.map(|opened| &opened.rows);
        let figures = Figures { tables: &self.tables, rows, policy: &self.settings.policy };
        self.basket.set(mark, on, &figures);
    }

    /// Marks rows, or takes their marks off.
    pub(super) fn mark(&mut self, rows: &[&str], on: bool) -> Result<()> {
        if !on && rows == ["all"] {
            self.empty_basket()?;
            self.session.output.say("nothing is marked");
            return Ok(());
        }
        for number in numbers(rows, self.listed.len())? {
            let mark = match self.listed.row(&number.to_string(), &self.known())? {
                Row::Table(table) => Mark::Table(table),
                Row::Target(target) => Mark::Target(target),
                Row::Run(_) => return Err(Error::new(Code::Usage, "runs are not marked").next("lake lists tables")),
            };
            let table = mark.table();
            if matches!(mark, Mark::Target(_)) && self.basket.has_table(&table) {
                self.session.output.say(&format!("row {number} is marked through its table {table}"));
                continue;
            }
            self.set_mark(&mark, on);
        }
        self.save_basket()?;
        let hidden = if self.listed.filter().is_empty() { "" } else { "; the filter may hide some" };
        self.session.output.say(&format!("{} marked{hidden}", counted(self.basket.marks().len() as u64, "row")));
        Ok(())
    }

    /// Marks by value.
    pub(super) fn budget(&mut self, amount: &str) -> Result<()> {
        let budget = Budget::parse(amount)?;
        let rates = self.known().rates;
        let chosen: Vec<TableName> = budget.choose(self.tables.rows().iter(), &rates);
        self.session.output.say(&format!("{} marked by value", counted(chosen.len() as u64, "table")));
        chosen.into_iter().for_each(|table| self.set_mark(&Mark::Table(table), true));
        self.save_basket()
    }

    /// What is marked, table by table, and what it comes to.
    pub(super) fn say_basket(&self) -> Result<()> {
        if self.basket.is_empty() {
            self.session.output.say("nothing is marked; mark 1 marks row 1");
            return Ok(());
        }
        for mark in self.basket.marks() {
            self.session.output.text(&match mark {
                Mark::Table(table) => format!("{table}, every partition that needs it"),
                Mark::Target(target) => target.to_string(),
            })?;
        }
        let sums = self.basket.sums();
        let (files, bytes) = sums.shown();
        let Work(work) = sums.work(&self.known().rates);
        let all = format!("together {files} files, {bytes}").replace('+', " or more");
        let work = if sums.files > 0 { format!(", about {} of work", duration_text(work)) } else { String::new() };
        self.session.output.text(&format!("{all}{work}; kept when you quit, the console has the same basket"))
    }

    /// The marked targets of a table; none where it is marked as a whole or not at all.
    pub(super) fn marked_targets(&self, table: &TableName) -> Vec<TargetId> {
        let marks = self.basket.marks().into_iter();
        let of = |mark| match mark {
            Mark::Target(id) => Some(id),
            Mark::Table(_) => None,
        };
        marks.filter_map(of).filter(|id| id.table_name() == *table).collect()
    }

    /// What a plan is made of.
    pub(super) fn selection(&self) -> Result<Selection> {
        if self.basket.is_empty() {
            return Err(Error::new(Code::Usage, "nothing is marked").next("mark 1"));
        }
        let mut selection = Selection::default();
        for mark in self.basket.marks() {
            match mark {
                Mark::Table(table) => selection.tables.push(table),
                Mark::Target(target) => selection.targets.push(target),
            }
        }
        Ok(selection)
    }

    /// Runs that need a person are said before anything else.
    pub(super) fn say_needed(&self) {
        let Ok(runs) = self.runs() else { return };
        for run in runs.iter().filter(|run| run.state == crate::model::RunState::NeedsDecision) {
            self.session.output.say(&format!(
                "needs you: {} stopped in the middle, {} on {}; recover {} previews what can be done",
                run.run.short(),
                run.user,
                run.host,
                run.run.suffix()
            ));
        }
    }

    /// The runs of the lake.
    pub(super) fn runs(&self) -> Result<Vec<crate::model::RunSummary>> {
        self.session.block_on(async {
            let lake = self.session.open(&self.settings).await?;
            action::history(&lake).await
        })
    }
}
