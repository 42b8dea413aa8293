//! Why a key is off: a key that cannot be used stays in sight and says so.

use super::keys::{Action, Group, TABLE};
use super::nav::{Screen, View};
use super::plan::{Executed, Phase, PlanState};
use super::selected::Selected;
use super::state::App;
use crate::model::RunKind;

impl App {
    /// Why an action is off now; none when it is on.
    pub fn off(&self, action: Action) -> Option<String> {
        let changes = TABLE.iter().any(|binding| binding.action == action && binding.group == Group::Change);
        if changes && self.view().screen() == Screen::Start {
            return Some("no lake is open".to_owned());
        }
        match action {
            Action::Execute => self.execute_off(),
            Action::RollBack => self.act_off(RunKind::Rollback),
            Action::CleanUp => self.act_off(RunKind::Cleanup),
            Action::Recover => self.act_off(RunKind::Recover),
            Action::Pause | Action::Cancel => self.steer_off(),
            Action::Plan => self.plan_off(),
            Action::PlanScreen => self.data.plan.is_none().then(|| "no plan yet; p makes one".to_owned()),
            Action::Attention => {
                self.data.runs.attention().next().is_none().then(|| "nothing needs a person".to_owned())
            }
            Action::Mark => self.mark_off(),
            _ => None,
        }
    }

    /// What stands against every change here.
    pub(crate) fn change_off(&self) -> Option<String> {
        if self.lake.read_only {
            return Some("read-only".to_owned());
        }
        if self.is_ticket_over() {
            return Some("no valid Kerberos ticket: kinit in another window, then r".to_owned());
        }
        self.lost_server().map(|service| format!("{} does not answer", service.word))
    }

    fn execute_off(&self) -> Option<String> {
        if !matches!(self.view(), View::Plan | View::Steps(_)) {
            return Some("only on Plan".to_owned());
        }
        let Some(state) = &self.data.plan else { return Some("no plan yet; p makes one".to_owned()) };
        if let Some(why) = plan_unready(state) {
            return Some(why);
        }
        if self.lake.read_only {
            return Some("read-only: save the plan; somebody who may write can run it".to_owned());
        }
        self.change_off().or_else(|| self.executed_off(state)).or_else(|| {
            let nothing = state.runnable().next().is_none();
            let drifted = !state.drifted.is_empty();
            nothing.then(|| {
                if drifted { "every target differs from the plan; p plans anew" } else { "nothing to do" }.to_owned()
            })
        })
    }

    fn executed_off(&self, state: &PlanState) -> Option<String> {
        Some(match state.executed.as_ref()? {
            Executed::Asked => "its run is being started".to_owned(),
            Executed::By(run) if self.is_live(run) => format!("run {} carries it out", run.suffix()),
            Executed::By(run) => format!("run {} carried it out; r looks what is left", run.suffix()),
        })
    }

    /// Whether a clean-up may be previewed here but for the age of the backups.
    pub(crate) fn may_clean_up(&self) -> bool {
        let here = matches!(self.view().screen(), Screen::History | Screen::RunTargets | Screen::Run | Screen::Jobs);
        let ended = self.selected_run().is_some_and(|run| run.finished.is_some() && !self.is_live(&run.run));
        here && ended && self.change_off().is_none()
    }

    fn act_off(&self, kind: RunKind) -> Option<String> {
        if let Some(why) = self.change_off() {
            return Some(why);
        }
        if matches!(self.view(), View::Preview) {
            return Some("this is a preview; Esc leaves it".to_owned());
        }
        if kind == RunKind::Cleanup && matches!(self.view().screen(), Screen::Lake | Screen::Browse | Screen::Inspect) {
            return Some("only on History".to_owned());
        }
        match self.selected_run() {
            Some(run) => self.data.runs.off(run, kind),
            None if !self.data.runs.loaded => Some(match &self.data.runs.failure {
                Some(_) => "the runs could not be read".to_owned(),
                None => "still reading the runs".to_owned(),
            }),
            None if kind == RunKind::Rollback
                && matches!(self.selected(), Selected::Table(_) | Selected::Target(_)) =>
            {
                Some(
                    if self.data.runs.complete { "no run on this table" } else { "no run of this host on this table" }
                        .to_owned(),
                )
            }
            None if kind == RunKind::Recover => Some("nothing to recover here".to_owned()),
            None if matches!(
                self.view().screen(),
                Screen::History | Screen::RunTargets | Screen::Attention | Screen::Jobs
            ) =>
            {
                Some("no run here".to_owned())
            }
            None => Some("only on a run: History has them".to_owned()),
        }
    }

    fn steer_off(&self) -> Option<String> {
        if !matches!(self.view(), View::Run(_) | View::Jobs | View::History | View::RunTargets(_)) {
            return Some("only on a run that works".to_owned());
        }
        let Some(run) = self.selected_run_id() else { return Some("no run works".to_owned()) };
        if !self.is_live(&run) {
            return Some("it does not run".to_owned());
        }
        match self.data.runs.lost.get(&run) {
            Some(failure) => Some(match self.data.runs.get(&run) {
                Some(summary) => format!("{} runs it on {}: steered there", summary.user, summary.host),
                None => failure.message.clone(),
            }),
            None if !self.data.runs.watched.contains_key(&run) => Some("not connected; Enter connects".to_owned()),
            None => None,
        }
    }

    fn plan_off(&self) -> Option<String> {
        if let Some(why) = self.still_marking() {
            return Some(why);
        }
        let on_row = matches!(self.selected(), Selected::Table(_) | Selected::Target(_) | Selected::File(..));
        (self.data.basket.is_empty() && !on_row).then(|| "nothing is marked".to_owned())
    }

    fn mark_off(&self) -> Option<String> {
        match self.view() {
            View::Files(_) => Some("files are not marked; their partition is".to_owned()),
            View::History => Some("Enter lists the targets; those can be marked".to_owned()),
            _ => None,
        }
    }
}

/// Why a plan cannot be executed yet.
fn plan_unready(state: &PlanState) -> Option<String> {
    match &state.phase {
        Phase::Making(None) => Some("still listing".to_owned()),
        Phase::Making(Some((done, total))) => {
            let share = if *total == 0 { 0.0 } else { *done as f32 / *total as f32 };
            Some(format!("still reading footers, {}", super::runs::percent(share)))
        }
        Phase::Checking => Some("being checked again".to_owned()),
        Phase::Failed(failure) => Some(failure.message.clone()),
        Phase::Made => None,
    }
}
