//! Moving: the cursor in its list, and between views. Entering a view asks for what it shows.

use chrono::TimeDelta;

use super::effect::Effect;
use super::message::Reading;
use super::nav::View;
use super::plan::Phase;
use super::selected::Selected;
use super::shown::{BarMode, Level, Overlay, Part};
use super::state::App;
use crate::model::{Footers, Scanned, Subject, TableName, TargetId, count_text};

impl App {
    /// Moves by rows.
    pub(crate) fn step(&mut self, rows: isize) {
        match self.view() {
            View::Steps(_) => self.step_walk(rows),
            View::Start => self.place = self.place.saturating_add_signed(rows).min(self.ways().len().saturating_sub(1)),
            View::Inspect(_) => self.place = self.place.saturating_add_signed(rows),
            _ => {
                self.with_list(|list, _, height| list.move_by(rows, height));
                self.mark_range();
            }
        }
    }

    /// Moves by pages, or halves of one.
    pub(crate) fn page(&mut self, halves: isize) {
        let rows = halves * (self.list_height() as isize / 2).max(1);
        match self.view() {
            View::Steps(_) | View::Start | View::Inspect(_) => self.step(rows.signum() * 5),
            _ => self.step(rows),
        }
    }

    /// To the first or last row.
    pub(crate) fn end(&mut self, last: bool) {
        match self.view() {
            View::Steps(_) => self.step_walk(if last { isize::MAX } else { isize::MIN }),
            View::Start => self.place = if last { self.ways().len().saturating_sub(1) } else { 0 },
            View::Inspect(_) => self.place = 0,
            _ => {
                self.with_list(|list, _, height| list.move_to_end(last, height));
                self.mark_range();
            }
        }
    }

    fn step_walk(&mut self, rows: isize) {
        if let Some(plan) = &mut self.data.plan {
            plan.step = plan.step.saturating_add_signed(rows).min(plan.walk.len().saturating_sub(1));
        }
    }

    /// Enter.
    pub(crate) fn enter_row(&mut self) -> Vec<Effect> {
        match (self.view().clone(), self.selected()) {
            (View::Start, _) => return self.choose_way(),
            (View::Steps(target), _) => return self.next_step(target),
            (View::Plan, _) => return self.walk_selected(),
            (View::Basket, Selected::Table(table)) => return self.go(View::Partitions(table)),
            (View::Lake | View::Tables(_), Selected::Table(table)) => return self.go(View::Partitions(table)),
            (View::Databases, Selected::Database(database)) => return self.go(View::Tables(database)),
            (View::Partitions(_), Selected::Target(target)) => return self.go(View::Files(target)),
            (View::Inspect(Subject::Table(table)), _) => return self.go(View::Partitions(table)),
            (View::Inspect(Subject::Target(target)), _) => return self.go(View::Files(target)),
            (View::Jobs, Selected::Run(run)) => return self.go(View::Run(run)),
            (View::History | View::Attention, Selected::Run(run)) => {
                let view = if self.is_live(&run) { View::Run(run) } else { View::RunTargets(run) };
                return self.go(view);
            }
            (View::Run(_) | View::RunTargets(_) | View::Preview, Selected::RunTarget(run, target)) => {
                self.show_outcome(&run, &target);
            }
            (View::Log, Selected::Line(line)) => self.show_line(line),
            (View::Doctor, _) => self.show_check(),
            _ => {}
        }
        Vec::new()
    }

    fn show_outcome(&mut self, run: &crate::model::RunId, target: &TargetId) {
        let outcomes = self.data.outcomes(run);
        let Some(outcome) = outcomes.iter().find(|outcome| outcome.id == *target) else { return };
        let reason = outcome.reason.as_ref().map(|reason| format!("{} [{}]", reason.text, reason.code));
        let mut lines = vec![format!("state     {}", outcome.state.word())];
        lines.extend(reason.map(|reason| format!("reason    {reason}")));
        if outcome.state.is_final() {
            lines.push(format!(
                "files     {} -> {}",
                count_text(outcome.files_before),
                count_text(outcome.files_after)
            ));
            lines.push(format!("bytes     {} -> {}", outcome.bytes_before, outcome.bytes_after));
            lines.push(format!("rows      {}", outcome.rows));
            lines.push(format!("verified  {}", outcome.verified));
        } else {
            // What it comes to is not known yet.
            lines.push(format!("files     {}", count_text(outcome.files_before)));
            lines.push(format!("bytes     {}", outcome.bytes_before));
        }
        self.overlay = Overlay::Text { title: target.to_string(), lines, top: 0 };
    }

    fn show_line(&mut self, line: u32) {
        let Some(line) = self.data.log.lines.get(line as usize) else { return };
        let title = format!("{} {} {}", line.at.format("%Y-%m-%d %H:%M:%S"), line.level.word(), line.run.short());
        self.overlay = Overlay::Text { title, lines: vec![line.text.clone()], top: 0 };
    }

    fn walk_selected(&mut self) -> Vec<Effect> {
        let row = self.list().and_then(|list| list.selected());
        match (&self.data.plan, row) {
            (Some(plan), Some(row)) if plan.plan.is_some() => self.go(View::Steps(row as usize)),
            _ => Vec::new(),
        }
    }

    fn next_step(&mut self, _target: usize) -> Vec<Effect> {
        let last = self.data.plan.as_ref().is_none_or(|plan| plan.step + 1 >= plan.walk.len());
        if last {
            self.say(Level::Info, "that was the last step; n goes to the next target, Esc to the plan");
        } else {
            self.step_walk(1);
        }
        Vec::new()
    }

    /// `n`, `N`: the next target of the walk, or the next match.
    pub(crate) fn next_match(&mut self, rows: isize) {
        match *self.view() {
            View::Steps(target) => {
                let targets =
                    self.data.plan.as_ref().and_then(|plan| plan.plan.as_ref()).map_or(0, |plan| plan.targets.len());
                let next = target.saturating_add_signed(rows).min(targets.saturating_sub(1));
                if let Some(plan) = self.data.plan.as_mut().filter(|_| next != target) {
                    plan.walk(next, 0);
                    self.trail.replace(View::Steps(next));
                    self.select_in(&View::Plan, next as u32);
                }
            }
            _ if self.list().is_some_and(|list| !list.filter().is_empty()) => self.step(rows),
            _ => self.say(Level::Info, "no filter is set; / sets one"),
        }
    }

    fn select_in(&mut self, view: &View, row: u32) {
        if let Some(list) = self.lists.get_mut(view) {
            list.select(row);
        }
    }

    /// Esc.
    pub(crate) fn out(&mut self) -> Vec<Effect> {
        if self.list().is_some_and(|list| list.range.is_some()) {
            self.with_list(|list, _, _| list.range = None);
            self.say(Level::Info, "range ended");
            return self.range_ended();
        }
        if self.list().is_some_and(|list| !list.filter().is_empty()) {
            self.with_list(|list, source, _| list.set_filter("", source));
            return Vec::new();
        }
        let from_lake = self.trail.came_from(&View::Lake);
        let parent = match self.view() {
            View::Lake | View::Start => return Vec::new(),
            View::Partitions(_) | View::Databases if from_lake => View::Lake,
            View::Partitions(table) => View::Tables(table.database.clone()),
            View::Tables(_) => View::Databases,
            View::Databases => View::Lake,
            View::Files(target) => match &target.partition {
                Some(_) => View::Partitions(target.table_name()),
                None => View::Tables(target.database.clone()),
            },
            View::Steps(_) => return self.up(View::Plan),
            View::RunTargets(_) => return self.up(View::History),
            _ => {
                self.trail.leave();
                return self.enter();
            }
        };
        self.trail.out(parent);
        self.enter()
    }

    fn up(&mut self, parent: View) -> Vec<Effect> {
        self.trail.up(parent);
        self.enter()
    }

    fn range_ended(&self) -> Vec<Effect> {
        if self.data.basket.sums().targets > 10_000 {
            Vec::new()
        } else {
            vec![Effect::SaveBasket(self.data.basket.marks())]
        }
    }

    /// `q`.
    pub(crate) fn quit(&mut self) -> Vec<Effect> {
        if matches!(self.view(), View::Lake | View::Start) {
            return vec![Effect::SaveBasket(self.data.basket.marks()), Effect::Quit];
        }
        self.trail.leave();
        self.enter()
    }

    /// Goes to a view.
    pub(crate) fn go(&mut self, view: View) -> Vec<Effect> {
        self.trail.go(view);
        self.enter()
    }

    /// Asks for what the view shows, and makes its list.
    pub(crate) fn enter(&mut self) -> Vec<Effect> {
        self.dirty = true;
        self.pane = None;
        self.last_key = None;
        let view = self.view().clone();
        let effects = self.effects_of(&view);
        self.with_list(|list, source, _| {
            if list.rows().is_empty() || list.is_stale() {
                list.renew(source);
            }
        });
        if view == View::History {
            self.history_home();
        }
        self.follow();
        effects
    }

    fn effects_of(&mut self, view: &View) -> Vec<Effect> {
        match view {
            View::Lake | View::Databases | View::Tables(_) => self.check_visible(),
            View::Partitions(table) => self.read_table(table),
            View::Files(target) => self.read_files(target),
            View::Inspect(subject) => self.inspect(subject),
            View::Jobs | View::History | View::Attention => self.list_runs(),
            View::Run(run) => {
                self.frozen = None;
                if self.data.runs.watched.contains_key(run) && !self.data.runs.lost.contains_key(run) {
                    Vec::new()
                } else if self.is_live(run) || !self.data.runs.loaded {
                    vec![Effect::Attach(run.clone())]
                } else {
                    vec![Effect::ShowRun(run.clone())]
                }
            }
            View::RunTargets(run) => vec![Effect::ShowRun(run.clone())],
            View::Steps(target) => {
                if let Some(plan) = &mut self.data.plan {
                    plan.walk(*target, 0);
                }
                Vec::new()
            }
            View::Doctor => self.examine(),
            View::Start | View::Basket | View::Plan | View::Preview | View::Log => Vec::new(),
        }
    }

    fn read_table(&mut self, table: &TableName) -> Vec<Effect> {
        if !self.asked.insert(table.clone()) {
            return Vec::new();
        }
        self.begin(Reading::Table(table.clone()));
        vec![Effect::ScanTable(table.clone())]
    }

    fn read_files(&mut self, target: &TargetId) -> Vec<Effect> {
        if self.data.files.as_ref().is_some_and(|files| files.target == *target && files.failure.is_none()) {
            return Vec::new();
        }
        self.data.files = Some(super::data::TargetFiles { target: target.clone(), files: None, failure: None });
        self.begin(Reading::Target(target.clone()));
        vec![Effect::ListFiles(target.clone())]
    }

    /// Footers are read for one subject at a time: a newer look silences the older.
    pub(crate) fn end_footers(&mut self) {
        self.data.readings.retain(|progress| !matches!(progress.reading, Reading::Footers(_)));
        self.dirty = true;
    }

    fn inspect(&mut self, subject: &Subject) -> Vec<Effect> {
        self.place = 0;
        let known = self.data.details.as_ref().is_some_and(|details| details.subject == *subject);
        let mut effects = Vec::new();
        if !known {
            self.part = Part::Files;
            self.data.details = None;
            self.end_footers();
            effects.push(Effect::Inspect { subject: subject.clone(), footers: Footers::None });
        }
        effects.extend(self.read_table(&subject.table()));
        self.predicted = None;
        self.predict_table();
        effects
    }

    pub(crate) fn list_runs(&mut self) -> Vec<Effect> {
        self.runs_asked = self.data.now;
        vec![Effect::ListRuns]
    }

    /// Notes that a reading begins.
    pub(crate) fn begin(&mut self, reading: Reading) {
        let now = self.data.now;
        self.data.readings.retain(|progress| progress.reading != reading);
        self.data.readings.push(super::data::Progress { reading, done: 0, total: None, since: now, heard: now });
    }

    /// Lists tables on screen that nobody listed yet, and once after the start those that the cache knows.
    pub(crate) fn check_visible(&mut self) -> Vec<Effect> {
        if !matches!(self.view(), View::Lake | View::Tables(_)) || self.lost_server().is_some() || self.lake.offline {
            return Vec::new();
        }
        let rows: Vec<u32> = self.list().map(|list| list.rows()[self.window()].to_vec()).unwrap_or_default();
        let mut wanted = Vec::new();
        for row in rows {
            let Some(table) = self.data.tables.rows().get(row as usize) else { continue };
            let unknown = table.scanned == Scanned::No && table.error.is_none();
            let cheap = self.lake.eager || unknown || table.targets <= 50;
            let old = unknown || table.at < self.opened;
            if cheap && old && self.requested.insert(table.name.clone()) {
                wanted.push(table.name.clone());
            }
        }
        for table in &wanted {
            self.begin(Reading::Table(table.clone()));
        }
        if wanted.is_empty() { Vec::new() } else { vec![Effect::ScanTables(wanted)] }
    }

    /// Tab.
    pub(crate) fn next_part(&mut self, back: bool) {
        if let View::Inspect(_) = self.view() {
            let at = Part::ALL.iter().position(|part| *part == self.part).unwrap_or(0);
            let step = if back { Part::ALL.len() - 1 } else { 1 };
            self.part = Part::ALL[(at + step) % Part::ALL.len()];
            self.place = 0;
        } else if let View::Partitions(table) = self.view().clone()
            && self.has_panes()
        {
            // The pane on the left is the list of tables.
            let row = self.data.tables.number(&table);
            self.trail.go(View::Tables(table.database.clone()));
            self.enter();
            row.map(|row| self.with_list(|list, _, _| list.select(row)));
        }
    }

    /// `r`.
    pub(crate) fn reload(&mut self) -> Vec<Effect> {
        match (self.view().clone(), self.selected()) {
            (View::Lake | View::Tables(_), Selected::Table(table)) => {
                self.begin(Reading::Table(table.clone()));
                vec![Effect::ScanTables(vec![table])]
            }
            (View::Databases, _) => self.scan_lake(),
            (View::Partitions(_), Selected::Target(target)) if self.data.readings.is_empty() => {
                self.begin(Reading::Target(target.clone()));
                vec![Effect::ScanTarget(target)]
            }
            (View::Partitions(table), _) => {
                self.begin(Reading::Table(table.clone()));
                vec![Effect::ScanTable(table)]
            }
            (View::Files(target), _) => {
                self.data.files = None;
                self.read_files(&target)
            }
            (View::Inspect(subject), _) => {
                self.begin(Reading::Table(subject.table()));
                let known = self.data.details.as_ref().is_some_and(|details| details.footers.is_some());
                let footers = if known { self.wanted_footers(&subject) } else { Footers::None };
                vec![Effect::ScanTable(subject.table()), Effect::Inspect { subject, footers }]
            }
            (View::Plan, _) => self.check_plan(),
            (View::Preview, _) => self.restart_preview(None),
            (View::Run(run), _) if self.is_live(&run) => vec![Effect::Attach(run)],
            (View::RunTargets(run) | View::Run(run), _) => vec![Effect::ShowRun(run), Effect::ListRuns],
            (View::Jobs | View::History | View::Attention, _) => self.list_runs(),
            (View::Doctor, _) => self.examine(),
            _ => Vec::new(),
        }
    }

    /// Every table: `:scan`.
    pub(crate) fn scan_lake(&mut self) -> Vec<Effect> {
        self.begin(Reading::Lake);
        self.say(Level::Info, "every table is listed; Ctrl-c stops");
        vec![Effect::ScanLake]
    }

    fn check_plan(&mut self) -> Vec<Effect> {
        let now = self.data.now;
        let Some(state) = &mut self.data.plan else { return Vec::new() };
        match (&state.plan, &state.phase) {
            (Some(plan), Phase::Made) => {
                let plan = plan.clone();
                (state.phase, state.since) = (Phase::Checking, now);
                vec![Effect::CheckPlan(plan)]
            }
            (None, Phase::Failed(_)) => {
                let marks = state.marks.clone();
                *state = super::plan::PlanState::making(marks.clone(), now);
                vec![Effect::Plan { marks }]
            }
            _ => Vec::new(),
        }
    }

    /// Ctrl-c: stops what is read or sorted; never a run.
    pub(crate) fn stop(&mut self) -> Vec<Effect> {
        if self.stop_marking() {
            return Vec::new();
        }
        if self.with_list(|list, _, _| list.stop()) {
            self.say(Level::Info, "sorting stopped; the old order stays");
            return Vec::new();
        }
        if self.is_reading() {
            self.say(Level::Info, "this stops only the reading; what came is kept");
            return vec![Effect::StopReading];
        }
        self.say(Level::Info, "nothing is being read; q leaves, K cancels a run");
        Vec::new()
    }

    fn is_reading(&self) -> bool {
        let making = |plan: &super::plan::PlanState| matches!(plan.phase, Phase::Making(_) | Phase::Checking);
        let checking = |preview: &super::preview::Preview| preview.elapsed_ms.is_none() && preview.failure.is_none();
        !self.data.readings.is_empty()
            || self.data.plan.as_ref().is_some_and(making)
            || self.data.preview.as_ref().is_some_and(checking)
    }

    /// `b`.
    pub(crate) fn next_bars(&mut self) {
        self.bars = BarMode::next(self.bars);
        self.say(Level::Info, format!("bars: {}", self.bars.words()));
    }

    /// Lets the panes follow the cursor once it rests.
    pub(crate) fn follow(&mut self) {
        self.predict_table();
        let rests = self.last_key.is_none_or(|at| self.data.now - at >= TimeDelta::milliseconds(100));
        if rests {
            let selected = self.list().and_then(|list| list.selected());
            let pane = selected.map(|row| (self.view().clone(), row));
            if self.pane != pane {
                self.pane = pane;
                self.dirty = true;
            }
        }
    }
}
