//! `:limit` and `:until`: on a plan they belong to the run that it becomes, on a run that works they are sent to its
//! worker, from any console of the same user. Neither asks: both can be taken back by `off`, and stop nothing.

use super::effect::Effect;
use super::keys::Action;
use super::nav::View;
use super::shown::Level;
use super::state::App;
use crate::error::Error;
use crate::ipc::Request;
use crate::model::{Plan, RunLimits, deadline_in_words, duration_text, limit_in_words, parse_rate, parse_until};

impl App {
    /// `:limit 50MB/s`, `:limit off`.
    pub(crate) fn limit(&mut self, argument: &str) -> Vec<Effect> {
        let rate = match parse_rate(argument) {
            Ok(rate) => rate,
            Err(error) => return self.refuse_limit(&error),
        };
        let undo = if rate.is_some() { "; :limit off undoes it" } else { "" };
        let said = limit_in_words(rate) + undo;
        let request = Request::Limit { bytes_per_second: rate };
        self.limits(said, |limits| limits.bytes_per_second = rate, request)
    }

    /// `:until 05:30`, `:until off`.
    pub(crate) fn until(&mut self, argument: &str) -> Vec<Effect> {
        let now = self.data.now;
        let until = match parse_until(argument, now) {
            Ok(until) => until,
            Err(error) => return self.refuse_limit(&error),
        };
        if self.watched_kind().is_some_and(|kind| !kind.ends_in_part()) {
            self.say(Level::Warn, ":until off: this run is not left in part; P holds it, K stops it");
            return Vec::new();
        }
        let undo = if until.is_some() { "; :until off undoes it" } else { "" };
        let said = deadline_in_words(until, now) + undo;
        self.limits(said, |limits| limits.until = until, Request::Until { at: until })
    }

    fn watched_kind(&self) -> Option<crate::model::RunKind> {
        let run = self.selected_run_id()?;
        self.data.runs.watched.get(&run).map(|snapshot| snapshot.kind)
    }

    /// What is wrong, and what to type instead.
    fn refuse_limit(&mut self, error: &Error) -> Vec<Effect> {
        let why = error.reason().map(|why| format!(": {why}")).unwrap_or_default();
        let next = error.next_step().map(|next| format!("; {next}")).unwrap_or_default();
        self.say(Level::Warn, format!("{}{why}{next}", error.message()));
        Vec::new()
    }

    fn limits(&mut self, said: String, change: impl FnOnce(&mut RunLimits), request: Request) -> Vec<Effect> {
        if matches!(self.view(), View::Plan | View::Steps(_))
            && let Some(state) = &mut self.data.plan
        {
            change(&mut state.limits);
            self.say(Level::Info, format!("its run {said}"));
            return Vec::new();
        }
        match (self.off(Action::Pause), self.selected_run_id()) {
            (None, Some(run)) => {
                self.say(Level::Info, format!("run {} {said}", run.suffix()));
                vec![Effect::Steer { run, request }]
            }
            (why, _) => {
                let why = why.unwrap_or_else(|| "no run works".to_owned());
                self.say(Level::Warn, format!("only on Plan, or on a run that works: {why}"));
                Vec::new()
            }
        }
    }

    /// What the run of a plan may take; nothing where there are no limits.
    pub(crate) fn limits_text(&self, plan: &Plan, limits: RunLimits) -> Option<String> {
        let text = (!limits.is_none()).then(|| limits.text(self.data.now))?;
        let least = limits.least_time(plan.bytes_moved());
        let least = least.map(|least| format!("; it then takes {} at least", duration_text(least)));
        Some(format!("The run: {text}{}", least.unwrap_or_default()))
    }
}
