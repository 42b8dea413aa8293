//! What comes back from effects.

use super::effect::Effect;
use super::message::{Failure, LakeMsg, PlanMsg, PreviewMsg, Reading, RunMsg};
use super::nav::View;
use super::plan::{Executed, Phase};
use super::rows::TargetRows;
use super::runs::Shown;
use super::shown::{Level, Overlay};
use super::state::App;
use crate::error::{Code, Reason};
use crate::model::{Event, KnownFile, RunId, RunSnapshot, RunState, TableName, TargetId, TargetStats};

impl App {
    pub(crate) fn lake_message(&mut self, message: LakeMsg) -> Vec<Effect> {
        self.dirty = true;
        match message {
            LakeMsg::Cached(tables) => {
                self.cached = !tables.is_empty();
                self.data.tables.put(tables);
                self.renew_tables();
            }
            LakeMsg::Tables(tables) => {
                let names: Vec<TableName> = tables.iter().map(|table| table.name.clone()).collect();
                for table in &tables {
                    self.heard(&Reading::Table(table.name.clone()));
                    self.heard(&Reading::Lake);
                }
                self.data.tables.put(tables);
                self.recount(&names);
                self.each_list(is_table_list, |list, source| list.append(source));
                self.each_list(|view| *view == View::Databases, |list, source| list.renew(source));
            }
            LakeMsg::Targets { table, targets } => self.targets(table, &targets),
            LakeMsg::Progress { reading, done, total } => {
                let now = self.data.now;
                if let Some(progress) = self.data.readings.iter_mut().find(|progress| progress.reading == reading) {
                    (progress.done, progress.total, progress.heard) = (done, total, now);
                }
            }
            LakeMsg::Ended { reading, stopped } => self.ended(&reading, stopped),
            LakeMsg::Failed { reading, failure } => self.reading_failed(&reading, &failure),
            LakeMsg::Rates(rates) => self.data.rates = rates,
        }
        self.follow();
        self.check_visible()
    }

    fn heard(&mut self, reading: &Reading) {
        let now = self.data.now;
        if let Some(progress) = self.data.readings.iter_mut().find(|progress| progress.reading == *reading) {
            progress.heard = now;
        }
    }

    fn renew_tables(&mut self) {
        self.each_list(|view| is_table_list(view) || *view == View::Databases, |list, source| list.renew(source));
    }

    fn targets(&mut self, table: TableName, targets: &[TargetStats]) {
        let rows = self.data.partitions.entry(table.clone()).or_insert_with(|| TargetRows::new(table.clone()));
        for target in targets {
            rows.put(target);
        }
        self.heard(&Reading::Table(table.clone()));
        self.each_list(|view| *view == View::Partitions(table.clone()), |list, source| list.append(source));
    }

    fn recount(&mut self, tables: &[TableName]) {
        for table in tables {
            let figures = super::basket::Figures {
                tables: &self.data.tables,
                rows: self.data.partitions.get(table),
                policy: &self.data.policy,
            };
            self.data.basket.recount(table, &figures);
        }
    }

    fn ended(&mut self, reading: &Reading, stopped: bool) {
        self.data.readings.retain(|progress| progress.reading != *reading);
        match reading {
            Reading::Footers(_) => {}
            Reading::Lake => {
                self.loaded = true;
                self.renew_tables();
            }
            Reading::Table(table) => {
                self.predicted = None;
                if self.asked.contains(table) {
                    let rows = self.data.partitions.entry(table.clone());
                    rows.or_insert_with(|| TargetRows::new(table.clone()));
                }
                self.recount(std::slice::from_ref(table));
                self.each_list(|view| *view == View::Partitions(table.clone()), |list, source| list.renew(source));
                if self.data.readings.is_empty() {
                    self.renew_tables();
                }
            }
            Reading::Target(target) => {
                let table = target.table_name();
                self.recount(std::slice::from_ref(&table));
                self.each_list(|view| *view == View::Partitions(table.clone()), |list, source| list.renew(source));
            }
        }
        if stopped {
            self.say(Level::Info, "reading stopped; what came is kept as part");
        }
    }

    fn reading_failed(&mut self, reading: &Reading, failure: &Failure) {
        self.data.readings.retain(|progress| progress.reading != *reading);
        match reading {
            Reading::Table(name) => {
                if !self.data.partitions.contains_key(name) {
                    self.asked.remove(name);
                }
                self.recount(std::slice::from_ref(name));
                if failure.code == Code::Unavailable {
                    // What is known of the table stays; it is read again when the server answers.
                    self.requested.remove(name);
                } else if let Some(mut table) = self.data.tables.get(name).cloned() {
                    table.error = Some(Reason::new(failure.code, failure.message.clone()));
                    self.data.tables.put([table]);
                    self.renew_tables();
                }
            }
            Reading::Target(target) => {
                if let Some(files) = self.data.files.as_mut().filter(|files| files.target == *target) {
                    files.failure = Some(failure.clone());
                }
            }
            Reading::Lake => self.loaded = true,
            Reading::Footers(_) => {}
        }
        self.say(Level::Error, failure.line());
    }

    pub(crate) fn files(&mut self, target: TargetId, result: Result<Vec<KnownFile>, Failure>) {
        self.dirty = true;
        self.data.readings.retain(|progress| progress.reading != Reading::Target(target.clone()));
        let (files, failure) = match result {
            Ok(files) => (Some(files), None),
            Err(failure) => (None, Some(failure)),
        };
        if let Some(failure) = &failure {
            self.say(Level::Error, failure.line());
        }
        self.data.files = Some(super::data::TargetFiles { target: target.clone(), files, failure });
        self.each_list(|view| *view == View::Files(target.clone()), |list, source| list.renew(source));
        self.follow();
    }

    pub(crate) fn plan_message(&mut self, message: PlanMsg) {
        self.dirty = true;
        let now = self.data.now;
        if let PlanMsg::Saved(place) = message {
            return self.say(Level::Info, format!("plan saved: {place}"));
        }
        let Some(state) = &mut self.data.plan else { return };
        match message {
            PlanMsg::Footers { done, total } => state.phase = Phase::Making(Some((done, total))),
            PlanMsg::Made(plan) => {
                state.checked = Some(plan.made);
                state.phase = Phase::Made;
                state.drifted.clear();
                state.executed = None;
                state.plan = Some(plan);
            }
            PlanMsg::Checked { plan, at, drifted } => {
                if state.plan.as_ref().is_some_and(|known| known.plan == plan) {
                    state.phase = Phase::Made;
                    state.checked = Some(at);
                    state.drifted = drifted;
                    state.executed = None;
                }
            }
            PlanMsg::Failed(failure) => {
                let line = failure.line();
                // A check or a save that failed leaves the plan as it is.
                state.phase = if state.plan.is_some() { Phase::Made } else { Phase::Failed(failure) };
                state.since = now;
                self.say(Level::Error, line);
            }
            PlanMsg::Saved(_) => {}
        }
        self.each_list(|view| *view == View::Plan, |list, source| list.renew(source));
        self.follow();
    }

    pub(crate) fn run_message(&mut self, message: RunMsg) -> Vec<Effect> {
        self.dirty = true;
        let mut effects = Vec::new();
        match message {
            RunMsg::Listed { runs, complete } => effects = self.runs_listed(runs, complete),
            RunMsg::Shown { run, outcomes, files_planned, log, refresh, sizes } => {
                self.data.log.add(log.iter().cloned());
                self.data.runs.shown.insert(run, Shown { outcomes, files_planned, log, refresh, sizes });
            }
            RunMsg::Started(run) => {
                self.say(Level::Info, format!("run {} began; closing this window does not stop it", run.short()));
                effects = self.started(run);
            }
            RunMsg::Attached(snapshot) => {
                self.data.log.add(snapshot.log.iter().cloned());
                self.data.runs.watch(*snapshot);
            }
            RunMsg::Event { run, event } => self.event(&run, event),
            RunMsg::Ended(snapshot) => effects = self.run_ended(*snapshot),
            RunMsg::Lost { run, failure } => effects = self.run_lost(run, failure),
            RunMsg::Failed(failure) => {
                self.executed(None);
                if !self.data.runs.loaded {
                    self.data.runs.failure = Some(failure.clone());
                }
                self.say(Level::Error, failure.line());
            }
        }
        self.each_list(is_run_list, |list, source| list.renew(source));
        self.each_list(|view| *view == View::Log, |list, source| list.append(source));
        self.follow();
        effects
    }

    /// A connection that ended is said; a run that never took one is another user's or host's, and is read from the
    /// lake instead.
    fn run_lost(&mut self, run: RunId, failure: Failure) -> Vec<Effect> {
        if self.data.runs.watched.contains_key(&run) {
            self.say(Level::Warn, format!("run {}: {}", run.suffix(), failure.line()));
        }
        self.data.runs.lost.insert(run.clone(), failure);
        vec![Effect::ListRuns, Effect::ShowRun(run)]
    }

    fn runs_listed(&mut self, runs: Vec<crate::model::RunSummary>, complete: bool) -> Vec<Effect> {
        self.data.runs.set(runs, complete, self.data.now);
        let own: Vec<RunId> = self.data.runs.live().map(|run| run.run.clone()).collect();
        let unknown = own
            .into_iter()
            .filter(|run| !self.data.runs.watched.contains_key(run) && !self.data.runs.lost.contains_key(run));
        let effects: Vec<Effect> = unknown.map(Effect::Attach).collect();
        if *self.view() == View::History {
            self.history_home();
        }
        effects
    }

    /// The cursor of History begins on the newest run that has ended and needs nobody.
    pub(crate) fn history_home(&mut self) {
        let runs = self.data.runs.all();
        let ended = runs.iter().position(|run| run.finished.is_some() && run.state != RunState::NeedsDecision);
        self.with_list(|list, source, _| {
            if !list.is_touched() {
                list.renew(source);
                if let Some(row) = ended {
                    list.rest_on(row as u32);
                }
            }
        });
    }

    /// What became of the plan whose run was asked for.
    fn executed(&mut self, run: Option<&RunId>) {
        if let Some(state) = self.data.plan.as_mut().filter(|state| state.executed == Some(Executed::Asked)) {
            state.executed = run.cloned().map(Executed::By);
        }
    }

    fn started(&mut self, run: RunId) -> Vec<Effect> {
        self.executed(Some(&run));
        self.data.basket = Default::default();
        self.trail.go(View::Run(run.clone()));
        let mut effects = vec![Effect::SaveBasket(Vec::new()), Effect::ListRuns];
        self.enter();
        effects.push(Effect::Attach(run));
        effects
    }

    fn event(&mut self, run: &RunId, event: Event) {
        if let Event::Log { line } = &event {
            self.data.log.add([line.clone()]);
        }
        if let Some(snapshot) = self.data.runs.watched.get_mut(run) {
            snapshot.apply(event);
        }
    }

    /// The end is the run's own screen; elsewhere it is said. What it changed is read again.
    fn run_ended(&mut self, snapshot: RunSnapshot) -> Vec<Effect> {
        let run = snapshot.run.clone();
        let text = ended_text(&snapshot);
        let level = if snapshot.state == RunState::Done { Level::Info } else { Level::Warn };
        let mut tables: Vec<TableName> = snapshot.targets.iter().map(|target| target.outcome.id.table_name()).collect();
        tables.sort();
        tables.dedup();
        self.data.log.add(snapshot.log.iter().cloned());
        self.data.runs.watch(snapshot);
        self.say(level, text.clone());
        let mut effects = vec![Effect::ListRuns, Effect::ShowRun(run)];
        for table in &tables {
            self.data.partitions.remove(table);
            self.asked.remove(table);
            self.each_list(|view| *view == View::Partitions(table.clone()), |list, source| list.renew(source));
            self.begin(Reading::Table(table.clone()));
        }
        effects.push(Effect::ScanTables(tables));
        if !self.focused {
            effects.push(Effect::Notify(text));
        }
        effects
    }

    pub(crate) fn preview_message(&mut self, message: PreviewMsg) {
        self.dirty = true;
        let of = match &message {
            PreviewMsg::Targets { of, .. } | PreviewMsg::Done { of, .. } | PreviewMsg::Failed { of, .. } => of.clone(),
        };
        let Some(preview) = self.data.preview.as_mut().filter(|preview| preview.of == of) else { return };
        match message {
            PreviewMsg::Targets { targets, total, .. } => {
                preview.total = Some(total);
                for target in targets {
                    match preview.targets.iter_mut().find(|known| known.id == target.id) {
                        Some(known) => *known = target,
                        None => preview.targets.push(target),
                    }
                }
            }
            PreviewMsg::Done { elapsed_ms, disposal, .. } => {
                preview.elapsed_ms = Some(elapsed_ms);
                preview.disposal = disposal;
                preview
                    .targets
                    .sort_by_key(|target| matches!(target.verdict, crate::ledger::verdict::Verdict::Ready(_)));
                self.ask_preview();
            }
            PreviewMsg::Failed { failure, .. } => {
                let line = failure.line();
                preview.failure = Some(failure);
                self.say(Level::Error, line);
            }
        }
        self.each_list(|view| *view == View::Preview, |list, source| list.renew(source));
    }

    pub(crate) fn copied(&mut self, what: &str, shown: Option<String>) {
        match shown {
            None => self.say(Level::Info, super::copy::copied_text(what, 1)),
            Some(text) => {
                let lines = text.lines().map(str::to_owned).collect();
                let title = format!("{what}: the terminal takes no clipboard, so here it is");
                self.overlay = Overlay::Text { title, lines, top: 0 };
                self.dirty = true;
            }
        }
    }
}

fn is_table_list(view: &View) -> bool {
    matches!(view, View::Lake | View::Tables(_))
}

fn is_run_list(view: &View) -> bool {
    matches!(view, View::Jobs | View::History | View::Attention | View::Run(_) | View::RunTargets(_))
}

/// `p2c done 4/4 in 2 min 41 s`.
pub fn ended_text(snapshot: &RunSnapshot) -> String {
    let [done, _, _, _] = snapshot.counts();
    let elapsed = snapshot.finished.map(|finished| (finished - snapshot.started).to_std().unwrap_or_default());
    let elapsed = elapsed.map(|elapsed| format!(" in {}", crate::model::duration_text(elapsed))).unwrap_or_default();
    let count = format!("{done}/{}", snapshot.targets.len());
    format!("{} {} {count}{elapsed}", snapshot.run.suffix(), snapshot.state.word())
}
