//! What changes the lake: every key here but `P` only opens a question or a preview that ends in one.
//!
//! Decisions: friction follows what can be undone. Starting and taking back ask `y`, or on a production profile the
//! number of targets; deleting asks the table's name, or the number of tables.

use super::effect::{Effect, Terms, Within};
use super::nav::View;
use super::plan::{Executed, PlanState};
use super::preview::Preview;
use super::question::{Ask, Question};
use super::selected::Selected;
use super::shown::{Level, Overlay};
use super::state::App;
use crate::ipc::{Request, Scope};
use crate::ledger::verdict::Verdict;
use crate::model::{RunId, RunKind, RunState, RunSummary, TableName, TargetId, count_text, counted, duration_text};

impl App {
    /// `p`.
    pub(crate) fn plan(&mut self) -> Vec<Effect> {
        let marks = self.plan_marks();
        if marks.is_empty() {
            self.say(Level::Warn, "nothing is marked; Space marks a row");
            return Vec::new();
        }
        self.data.plan = Some(PlanState::making(marks.clone(), self.data.now));
        self.lists.remove(&View::Plan);
        let mut effects = self.go(View::Plan);
        effects.push(Effect::Plan { marks });
        effects
    }

    /// `X`.
    pub(crate) fn execute(&mut self) {
        let production = self.lake.production;
        let Some(state) = &self.data.plan else { return };
        let Some(plan) = &state.plan else { return };
        let targets: Vec<_> = state.runnable().collect();
        let count = targets.len() as u64;
        let mut tables: Vec<_> = targets.iter().map(|target| target.id.table_name()).collect();
        tables.sort();
        tables.dedup();
        let sum = |of: fn(&crate::model::PlannedTarget) -> u64| targets.iter().map(|target| of(target)).sum::<u64>();
        let work = std::time::Duration::from_secs(sum(|target| target.work_ms_estimate).div_ceil(1_000));
        let mut lines = vec![format!(
            "{} in {}, {} files -> {}, about {}.",
            counted(count, "target"),
            counted(tables.len() as u64, "table"),
            count_text(sum(|target| target.files_before)),
            count_text(sum(|target| target.files_after)),
            duration_text(work)
        )];
        if !state.drifted.is_empty() {
            lines.push(format!(
                "{} left out: changed since the plan was made.",
                counted(state.drifted.len() as u64, "target")
            ));
        }
        let limit = plan.policy.window_limit.as_millis() as u64;
        let long = targets.iter().map(|target| target.window_ms_estimate).max().filter(|window| *window > limit);
        if let Some(window) = long {
            let window = duration_text(std::time::Duration::from_millis(window));
            lines.push(format!("Queries on a target fail for up to ~{window} while it is exchanged."));
        }
        lines.extend(self.limits_text(plan, state.limits).map(|text| format!("{text}.")));
        lines.extend(self.held_note(state).map(|note| format!("{note}.")));
        lines.extend(self.ticket_note(plan, state.limits));
        lines.push("Reversible: the originals stay as backups; R takes it back.".to_owned());
        let title = if production {
            format!("Execute this plan on PRODUCTION ({})?", self.lake.profile)
        } else {
            format!("Execute this plan on {}?", self.lake.profile)
        };
        let effect = Effect::Execute { plan: plan.clone(), accept_window: long.is_some(), limits: state.limits };
        let ask = self.ask("execute", count, "Type the number of targets, then Enter:");
        self.overlay = Overlay::Question(Box::new(Question::new(title, lines, ask, effect)));
    }

    /// `y`, or on a production profile the number of targets.
    fn ask(&self, verb: &str, targets: u64, prompt: &str) -> Ask {
        if self.lake.production {
            let unit = if targets == 1 { "target" } else { "targets" };
            Ask::Typed { prompt: prompt.to_owned(), expected: targets.to_string(), unit: unit.to_owned() }
        } else {
            Ask::Yes { verb: verb.to_owned() }
        }
    }

    /// `R`, `C`, `F`: opens the preview.
    pub(crate) fn preview(&mut self, kind: RunKind, terms: Terms) -> Vec<Effect> {
        let Some(run) = self.selected_run().cloned() else { return Vec::new() };
        let scopes = if kind == RunKind::Cleanup { vec![Within::Run] } else { self.scopes(&run) };
        self.open_preview(Preview::new(kind, run.run, scopes, terms, self.data.now))
    }

    /// `:rollback RUN` or `:rollback DB.TABLE`, from wherever one is.
    pub(crate) fn preview_rollback_of(&mut self, argument: &str) -> Vec<Effect> {
        let table = TableName::parse(argument).ok();
        let run = match &table {
            Some(table) => self.data.runs.latest_on(table).ok_or_else(|| format!("no run on {table} is known")),
            None => self.find_run(argument).and_then(|run| self.data.runs.get(&run).ok_or_else(String::new)),
        };
        let scopes = |run: &RunSummary| {
            let table = table.clone().filter(|_| run.tables.len() > 1).map(Within::Table);
            table.into_iter().chain([Within::Run]).collect()
        };
        let ready = run.and_then(|run| {
            let off = self.change_off().or_else(|| self.data.runs.off(run, RunKind::Rollback));
            off.map_or_else(|| Ok((run.run.clone(), scopes(run))), |why| Err(format!("R off: {why}")))
        });
        match ready {
            Ok((run, scopes)) => {
                self.open_preview(Preview::new(RunKind::Rollback, run, scopes, Terms::default(), self.data.now))
            }
            Err(why) => self.refuse(why),
        }
    }

    fn open_preview(&mut self, preview: Preview) -> Vec<Effect> {
        let effect = check(&preview);
        self.data.preview = Some(preview);
        self.lists.remove(&View::Preview);
        let mut effects = self.go(View::Preview);
        effects.push(effect);
        effects
    }

    /// From the narrowest thing under the cursor to the whole run; marks win.
    fn scopes(&self, run: &RunSummary) -> Vec<Within> {
        let mut scopes = Vec::new();
        if run.targets <= 1 {
            return vec![Within::Run];
        }
        // Marks win: what is wider than they is their table, if they are of one, and the run.
        let marked = &self.data.runs.marked;
        if self.data.runs.marked_of.as_ref() == Some(&run.run) && !marked.is_empty() {
            scopes.push(Within::Targets(marked.clone()));
            let table = marked[0].table_name();
            if run.tables.len() > 1 && marked.iter().all(|target| target.table_name() == table) {
                scopes.push(Within::Table(table));
            }
            scopes.push(Within::Run);
            return scopes;
        }
        let target: Option<TargetId> = match self.selected() {
            Selected::RunTarget(_, target) | Selected::Target(target) | Selected::File(target, _) => Some(target),
            _ => None,
        };
        let table = match self.selected() {
            Selected::Table(table) => Some(table),
            _ => target.as_ref().map(TargetId::table_name),
        };
        // On a run's own screen the cursor always stands on a target, so only History's list of targets narrows to it.
        if let Some(target) = target.filter(|_| !matches!(self.view(), View::Run(_))) {
            scopes.push(Within::Targets(vec![target]));
        }
        if let Some(table) = table.filter(|_| run.tables.len() > 1 && !matches!(self.view(), View::Run(_))) {
            scopes.push(Within::Table(table));
        }
        scopes.push(Within::Run);
        scopes
    }

    /// `t`, or `r` with the scope as it is.
    pub(crate) fn restart_preview(&mut self, within: Option<Within>) -> Vec<Effect> {
        let now = self.data.now;
        let Some(preview) = &mut self.data.preview else { return Vec::new() };
        let within = within.unwrap_or_else(|| preview.within.clone());
        preview.restart(within, now);
        let effect = check(preview);
        self.each_list(|view| *view == View::Preview, |list, source| list.renew(source));
        vec![effect]
    }

    /// `t`.
    pub(crate) fn widen(&mut self) -> Vec<Effect> {
        match self.data.preview.as_ref().and_then(Preview::wider) {
            Some(wider) => self.restart_preview(Some(wider)),
            None => {
                self.say(Level::Info, "there is no wider scope: this is the whole run");
                Vec::new()
            }
        }
    }

    /// Every target was checked: the question opens where one may be done.
    pub(crate) fn ask_preview(&mut self) {
        let Some(preview) = &self.data.preview else { return };
        let ids = preview.ready_ids();
        if ids.is_empty() || self.off_for_changes() {
            return;
        }
        let question = match preview.kind {
            RunKind::Cleanup => self.ask_cleanup(preview, ids),
            kind => self.ask_reversible(kind, preview, ids),
        };
        if let Some(preview) = &mut self.data.preview {
            preview.question = Some(question);
        }
    }

    fn off_for_changes(&self) -> bool {
        self.lake.read_only || self.is_ticket_over() || self.lost_server().is_some()
    }

    fn on_where(&self) -> String {
        if self.lake.production { "PRODUCTION".to_owned() } else { self.lake.profile.clone() }
    }

    fn ask_reversible(&self, kind: RunKind, preview: &Preview, ids: Vec<TargetId>) -> Question {
        let count = ids.len() as u64;
        let verb = if kind == RunKind::Recover { "recover" } else { "roll back" };
        let what = format!("{verb} {} on {}", counted(count, "target"), self.on_where());
        let ask = self.ask(&what, count, &format!("Type {count} and Enter to {what}:"));
        let (of, scope) = (preview.of.clone(), Scope { targets: ids });
        let effect = match kind {
            RunKind::Recover => Effect::Recover { of, scope, decide: None },
            _ => Effect::Rollback { of, scope },
        };
        Question::new(what, Vec::new(), ask, effect)
    }

    fn ask_cleanup(&self, preview: &Preview, ids: Vec<TargetId>) -> Question {
        let tables = preview.tables();
        let (expected, what) = match tables.as_slice() {
            [table] => (table.to_string(), "the table's name".to_owned()),
            tables => (format!("{} tables", tables.len()), format!("\"{} tables\"", tables.len())),
        };
        let prompt = format!("Type {what} and Enter to delete on {}:", self.on_where());
        let ask = Ask::Typed { prompt, expected, unit: String::new() };
        let effect = Effect::Cleanup { of: preview.of.clone(), scope: Scope { targets: ids }, terms: preview.terms };
        Question::new("clean up", Vec::new(), ask, effect)
    }

    /// A decision where recovery needs one: `:keep`, `:restore`.
    pub(crate) fn decide(&mut self, decision: crate::ipc::Decision) {
        let Some(preview) = self.data.preview.as_ref().filter(|preview| preview.kind == RunKind::Recover) else {
            return self.say(Level::Warn, "only on the preview of F");
        };
        let open: Vec<TargetId> = preview
            .targets
            .iter()
            .filter(|target| matches!(target.verdict, Verdict::Decide(_)))
            .map(|target| target.id.clone())
            .collect();
        if open.is_empty() {
            return self.say(Level::Info, "no target here needs a decision");
        }
        let (word, what) = match decision {
            crate::ipc::Decision::Keep => ("keep", "what is live stays, and the kept files stay aside"),
            crate::ipc::Decision::Restore => ("restore", "the originals come back, and what is live is kept aside"),
        };
        let count = open.len() as u64;
        let title = format!("Decide {word} for {} on {}?", counted(count, "target"), self.on_where());
        let lines = vec![format!("Of run {}: {what}.", preview.of.short())];
        let ask = self.ask(word, count, "Type the number of targets, then Enter:");
        let effect = Effect::Recover { of: preview.of.clone(), scope: Scope { targets: open }, decide: Some(decision) };
        self.overlay = Overlay::Question(Box::new(Question::new(title, lines, ask, effect)));
    }

    /// `:restore --to DIR`.
    pub(crate) fn restore_to(&mut self, to: &str) {
        let Some(run) = self.selected_run_id() else { return self.say(Level::Warn, "only on a run") };
        let targets = match (self.view(), &self.data.preview) {
            (View::Preview, Some(preview)) => preview.not_ready().map(|target| target.id.clone()).collect(),
            _ => Vec::new(),
        };
        let what = if targets.is_empty() { "every target".to_owned() } else { counted(targets.len() as u64, "target") };
        let title = format!("Copy the kept files of {} aside?", run.short());
        let lines = vec![format!("{what}, to {to}, which is made for it. The lake stays as it is.")];
        let effect = Effect::Restore { of: run, scope: Scope { targets }, to: to.to_owned() };
        self.overlay =
            Overlay::Question(Box::new(Question::new(title, lines, Ask::Yes { verb: "copy".to_owned() }, effect)));
    }

    /// The run that keys act on.
    pub(crate) fn selected_run_id(&self) -> Option<RunId> {
        match self.view() {
            View::Run(run) | View::RunTargets(run) => Some(run.clone()),
            _ => self.selected_run().map(|run| run.run.clone()),
        }
    }

    /// `P`: at once; it does no harm.
    pub(crate) fn pause(&mut self) -> Vec<Effect> {
        let Some(run) = self.selected_run_id() else { return Vec::new() };
        let paused = self.data.runs.watched.get(&run).is_some_and(|snapshot| snapshot.state == RunState::Paused);
        let (request, text) = if paused {
            (Request::Resume, "resuming")
        } else {
            (Request::Pause, "pausing: the steps in hand are finished, then it holds; P goes on")
        };
        self.say(Level::Info, text);
        vec![Effect::Steer { run, request }]
    }

    /// `K`: asks `y` on every profile; stopping is never made hard.
    pub(crate) fn cancel(&mut self) {
        let Some(run) = self.selected_run_id() else { return };
        let done = self.data.runs.watched.get(&run).map_or(0, |snapshot| snapshot.counts()[0] as u64);
        let mut lines = vec![
            "A target before its exchange stops within 2 s and its new files go; one inside it is finished.".to_owned(),
        ];
        if done > 0 {
            let (stay, them) = if done == 1 { ("stays", "it") } else { ("stay", "them") };
            lines.push(format!("{done} done {stay} compacted; R takes {them} back."));
        }
        let title = format!("Cancel run {}?", run.short());
        let effect = Effect::Steer { run, request: Request::Cancel };
        let ask = Ask::Yes { verb: "cancel the run".to_owned() };
        self.overlay = Overlay::Question(Box::new(Question::new(title, lines, ask, effect)));
    }

    /// What is said when an act was confirmed.
    pub(crate) fn confirmed(&mut self, effect: Effect) -> Vec<Effect> {
        let word = match &effect {
            Effect::Execute { .. } => "starting the run",
            Effect::Rollback { .. } => "starting the rollback",
            Effect::Cleanup { .. } => "starting the clean-up",
            Effect::Recover { .. } => "starting the recovery",
            Effect::Restore { .. } => "copying the kept files",
            Effect::Steer { .. } => "cancelling: safely, target by target",
            _ => "",
        };
        self.say(Level::Info, word);
        if let (Effect::Execute { .. }, Some(state)) = (&effect, &mut self.data.plan) {
            state.executed = Some(Executed::Asked);
        }
        vec![effect]
    }
}

fn check(preview: &Preview) -> Effect {
    Effect::Preview { kind: preview.kind, of: preview.of.clone(), within: preview.within.clone(), terms: preview.terms }
}
