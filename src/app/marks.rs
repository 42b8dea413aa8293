//! Marking: Space, a range, all that is listed and passes the filter, none.

use super::basket::Marked;
use super::effect::{Effect, Mark};
use super::lists::source_of;
use super::message::Reading;
use super::nav::View;
use super::selected::Selected;
use super::shown::Level;
use super::state::App;
use crate::model::{Budget, FileTime, Subject, TableName, TargetId, age_text, count_text, counted};

/// More marks of one table are not looked at one by one for a frame.
const MOST_LOOKED_AT: usize = 10_000;

/// Rows that are marked before a key that waits is looked at.
const SLICE: usize = 2_000;

/// All rows of a list being marked, a slice at a time.
#[derive(Clone, Debug)]
pub(crate) struct Marking {
    view: View,
    rows: Vec<u32>,
    at: usize,
    new: u64,
}

impl App {
    /// Space.
    pub(crate) fn mark(&mut self) -> Vec<Effect> {
        match (self.view().clone(), self.selected()) {
            (View::Basket, Selected::Table(table)) => {
                self.data.basket.drop_table(&table);
                self.each_list(|view| *view == View::Basket, |list, source| list.renew(source));
                self.say(Level::Info, format!("{table} dropped; u u brings everything back"));
            }
            (View::RunTargets(run), Selected::RunTarget(_, target)) => {
                if self.data.runs.marked_of.as_ref() != Some(&run) {
                    self.data.runs.marked.clear();
                    self.data.runs.marked_of = Some(run);
                }
                let marked = &mut self.data.runs.marked;
                match marked.iter().position(|other| *other == target) {
                    Some(at) => drop(marked.remove(at)),
                    None => marked.push(target),
                }
                self.step(1);
                return Vec::new();
            }
            (View::Inspect(subject), _) => self.toggle(&mark_of(&subject)),
            (_, Selected::Table(table)) => {
                self.toggle(&Mark::Table(table));
                self.step(1);
            }
            (_, Selected::Target(target)) => {
                self.toggle(&Mark::Target(target));
                self.step(1);
            }
            (_, Selected::Database(database)) => {
                self.toggle_database(&database);
                self.step(1);
            }
            _ => return Vec::new(),
        }
        self.basket_changed()
    }

    fn toggle(&mut self, mark: &Mark) {
        let table = mark.table();
        if matches!(mark, Mark::Target(_)) && self.data.basket.has_table(&table) {
            return self.say(Level::Warn, format!("already marked through its table {table}"));
        }
        let figures = super::basket::Figures {
            tables: &self.data.tables,
            rows: self.data.partitions.get(&table),
            policy: &self.data.policy,
        };
        self.data.basket.toggle(mark, &figures);
        self.data.basket.at = Some(self.data.now);
    }

    fn toggle_database(&mut self, database: &str) {
        let tables: Vec<_> = self
            .data
            .tables
            .rows()
            .iter()
            .map(|table| table.name.clone())
            .filter(|name| name.database == database)
            .collect();
        let on = !tables.iter().all(|table| self.data.basket.has_table(table));
        for table in tables {
            self.set_mark(&Mark::Table(table), on);
        }
    }

    fn set_mark(&mut self, mark: &Mark, on: bool) {
        let table = mark.table();
        let figures = super::basket::Figures {
            tables: &self.data.tables,
            rows: self.data.partitions.get(&table),
            policy: &self.data.policy,
        };
        self.data.basket.set(mark, on, &figures);
        self.data.basket.at = Some(self.data.now);
    }

    /// `v`: begins a range, or ends it.
    pub(crate) fn range(&mut self) -> Vec<Effect> {
        let ended = self.with_list(|list, _, _| {
            let begun = list.range.is_some();
            list.range = if begun { None } else { list.selected() };
            begun
        });
        if ended {
            self.say(Level::Info, "range marked");
            return self.basket_changed();
        }
        self.mark_range();
        self.say(Level::Info, "range begins here: moving marks, v ends it");
        Vec::new()
    }

    /// Marks what lies between a range's beginning and the cursor.
    pub(crate) fn mark_range(&mut self) {
        let Some(list) = self.list().filter(|list| list.range.is_some()) else { return };
        let rows: Vec<u32> = list.range_rows().to_vec();
        self.mark_rows(&rows);
    }

    fn mark_rows(&mut self, rows: &[u32]) -> u64 {
        let view = self.view().clone();
        self.mark_rows_of(&view, rows)
    }

    fn mark_rows_of(&mut self, view: &View, rows: &[u32]) -> u64 {
        let mut new = 0;
        for row in rows {
            let mark = match view {
                View::Partitions(table) if self.data.basket.has_table(table) => continue,
                View::Partitions(table) => {
                    // A table that was read anew meanwhile may have fewer.
                    let known = self.data.partitions.get(table).filter(|rows| (*row as usize) < rows.len());
                    known.map(|rows| Mark::Target(rows.id(*row)))
                }
                View::Lake | View::Tables(_) => {
                    self.data.tables.rows().get(*row as usize).map(|table| Mark::Table(table.name.clone()))
                }
                _ => None,
            };
            let Some(mark) = mark else { continue };
            let known = match &mark {
                Mark::Table(table) => self.data.basket.has_table(table),
                Mark::Target(id) => {
                    self.data.basket.has_target(&id.table_name(), id.partition.as_deref().unwrap_or_default())
                }
            };
            if !known {
                self.set_mark(&mark, true);
                new += 1;
            }
        }
        new
    }

    /// `a`.
    pub(crate) fn mark_all(&mut self) -> Vec<Effect> {
        let rows = self.list().map(|list| list.rows().to_vec()).unwrap_or_default();
        if matches!(self.view(), View::Databases) {
            self.say(Level::Warn, "databases are marked one by one");
            return Vec::new();
        }
        if let View::Partitions(table) = self.view() {
            // Growing while a million are marked would be a slice of its own, and a long one.
            self.data.basket.reserve(&table.clone(), rows.len());
        }
        let many = rows.len() > SLICE;
        self.marking = Some(Marking { view: self.view().clone(), rows, at: 0, new: 0 });
        if many {
            let all = self.marking.as_ref().map_or(0, |marking| marking.rows.len() as u64);
            self.say(Level::Info, format!("marking {}; Ctrl-c stops", counted(all, "row")));
        }
        self.mark_more()
    }

    /// The next slice of `a`; with the last one what came of it is said.
    pub(crate) fn mark_more(&mut self) -> Vec<Effect> {
        let Some(mut marking) = self.marking.take() else { return Vec::new() };
        let view = marking.view.clone();
        let end = (marking.at + SLICE).min(marking.rows.len());
        marking.new += self.mark_rows_of(&view, &marking.rows[marking.at..end]);
        marking.at = end;
        if end < marking.rows.len() {
            self.marking = Some(marking);
            return Vec::new();
        }
        self.marked_all(&view, marking.new)
    }

    /// Stops marking; what is marked stays. Whether anything was being marked.
    pub(crate) fn stop_marking(&mut self) -> bool {
        let Some(marking) = self.marking.take() else { return false };
        let all = count_text(marking.rows.len() as u64);
        self.say(Level::Warn, format!("marking stopped: {} of {all} rows looked at", count_text(marking.at as u64)));
        true
    }

    /// Why nothing is planned yet: not everything is marked.
    pub(crate) fn still_marking(&self) -> Option<String> {
        let marking = self.marking.as_ref()?;
        let share = marking.at as f32 / marking.rows.len().max(1) as f32;
        Some(format!("still marking, {}", super::runs::percent(share)))
    }

    fn marked_all(&mut self, view: &View, new: u64) -> Vec<Effect> {
        let mut text = format!("{} marked", count_text(new));
        let reading = match view {
            View::Partitions(table) => self.data.reading(&Reading::Table(table.clone())),
            _ => self.data.reading(&Reading::Lake),
        };
        if reading.is_some() {
            text.push_str(&match self.not_listed_yet(view) {
                Some(count) if count > 0 => format!("; {} not listed yet are not", count_text(count)),
                _ => "; what is not listed yet is not".to_owned(),
            });
        }
        self.say(Level::Info, text);
        self.basket_changed()
    }

    /// The partitions of this table that were not listed, where the catalog or the last scan says how many there are.
    fn not_listed_yet(&self, view: &View) -> Option<u64> {
        let View::Partitions(table) = view else { return None };
        let all = self.data.tables.get(table)?.targets;
        let listed = self.data.partitions.get(table).map_or(0, |rows| rows.len() as u64);
        Some(all.saturating_sub(listed))
    }

    /// `u`.
    pub(crate) fn mark_none(&mut self) -> Vec<Effect> {
        self.marking = None;
        if let View::RunTargets(_) = self.view() {
            self.data.runs.marked.clear();
            return Vec::new();
        }
        let any = self.data.basket.none();
        self.say(
            Level::Info,
            if any { "the marks are back" } else { "nothing is marked; u again brings the marks back" },
        );
        self.basket_changed()
    }

    fn basket_changed(&mut self) -> Vec<Effect> {
        self.each_list(|view| *view == View::Basket, |list, source| list.renew(source));
        // A large basket is kept when the console is left.
        if self.data.basket.sums().targets > 10_000 {
            Vec::new()
        } else {
            vec![Effect::SaveBasket(self.data.basket.marks())]
        }
    }

    /// Fills the basket by value up to an amount of work or bytes: `:budget`.
    pub(crate) fn budget(&mut self, budget: Budget) -> Vec<Effect> {
        let chosen = budget.choose(self.data.tables.rows().iter(), &self.data.rates);
        let count = chosen.len() as u64;
        chosen.into_iter().for_each(|table| self.set_mark(&Mark::Table(table), true));
        self.say(Level::Info, format!("{} marked by value", counted(count, "table")));
        self.basket_changed()
    }

    /// What a plan is made of: the basket, or else the row.
    pub(crate) fn plan_marks(&self) -> Vec<Mark> {
        if !self.data.basket.is_empty() {
            return self.data.basket.marks();
        }
        match self.selected() {
            Selected::Table(table) => vec![Mark::Table(table)],
            Selected::Target(target) | Selected::File(target, _) => vec![Mark::Target(target)],
            _ => Vec::new(),
        }
    }

    /// Marks of the view's list that the filter hides.
    pub fn hidden_marks(&self) -> usize {
        match self.view() {
            View::Partitions(table) => self.hidden_of(table),
            _ => 0,
        }
    }

    fn hidden_of(&self, table: &TableName) -> usize {
        let view = View::Partitions(table.clone());
        let (Some(list), Some(marked)) = (self.lists.get(&view), self.data.basket.of(table)) else { return 0 };
        if list.filter().is_empty() || marked.names.len() > MOST_LOOKED_AT {
            return 0;
        }
        let Some(rows) = self.data.partitions.get(table) else { return 0 };
        let source = source_of(&view, &self.data);
        let hidden = |name: &str| rows.find(name).is_some_and(|row| !list.filter().passes(&*source, row));
        marked.names.iter().filter(|name| hidden(name)).count()
    }

    /// What concerns single targets of what is marked: refused, being written, hidden by a filter.
    pub fn basket_note(&self, table: &TableName, marked: &Marked) -> Option<String> {
        let (policy, now) = (&self.data.policy, self.data.now);
        let hot = |newest: Option<FileTime>| {
            newest.and_then(|newest| newest.age(now)).filter(|age| *age < policy.quiet_period)
        };
        if marked.whole {
            let newest = self.data.tables.get(table).and_then(|stats| stats.newest);
            return hot(newest).map(|age| format!("whole, HOT {}", age_text(age)));
        }
        if marked.names.len() > MOST_LOOKED_AT {
            return None;
        }
        let mut notes = Vec::new();
        let hidden = self.hidden_of(table);
        notes.extend((hidden > 0).then(|| format!("{hidden} hidden by /")));
        if let Some(rows) = self.data.partitions.get(table) {
            let found: Vec<u32> = marked.names.iter().filter_map(|name| rows.find(name)).collect();
            let youngest = found.iter().filter_map(|row| hot(rows.measures(*row).newest)).min();
            notes.extend(youngest.map(|age| format!("HOT {}", age_text(age))));
            let refused = found.iter().filter(|row| rows.measures(**row).refused).count();
            notes.extend((refused > 0).then(|| format!("{refused} REFUSED")));
        }
        (!notes.is_empty()).then(|| notes.join(", "))
    }
}

fn mark_of(subject: &Subject) -> Mark {
    match subject {
        Subject::Table(table) => Mark::Table(table.clone()),
        Subject::Target(target) => Mark::Target(TargetId::clone(target)),
    }
}
