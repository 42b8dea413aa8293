//! Doctor: what a run needs, as far as it was checked.

use chrono::{DateTime, Utc};

use super::effect::Effect;
use super::message::{DoctorMsg, Failure};
use super::nav::View;
use super::shown::{Level, Overlay};
use super::state::App;
use crate::model::{Check, Health};

/// The checks.
#[derive(Clone, Debug, Default)]
pub struct Doctor {
    /// Those that are done.
    pub checks: Vec<Check>,
    /// When they were begun; none: never.
    pub since: Option<DateTime<Utc>>,
    /// Whether all are done.
    pub done: bool,
    /// Why nothing could be checked.
    pub failure: Option<Failure>,
}

impl Doctor {
    /// Whether checks go on.
    pub fn is_busy(&self) -> bool {
        self.since.is_some() && !self.done
    }

    /// `2 ok  1 SLOW  1 FAILED`.
    pub fn counts(&self) -> String {
        let count = |health: Health| self.checks.iter().filter(|check| check.health == health).count();
        let counts =
            Health::ALL.into_iter().map(|health| (count(health), health.word())).filter(|(count, _)| *count > 0);
        counts.map(|(count, word)| format!("{count} {word}")).collect::<Vec<_>>().join("  ")
    }

    /// What should be done first: about the worst check.
    pub fn advice(&self) -> Option<&Check> {
        let worst = self.checks.iter().map(|check| check.health).max()?;
        self.checks.iter().find(|check| check.health == worst && check.next.is_some())
    }
}

impl App {
    /// Begins to check, unless that goes on.
    pub(crate) fn examine(&mut self) -> Vec<Effect> {
        if self.data.doctor.is_busy() {
            return Vec::new();
        }
        if self.lake.offline {
            self.say(Level::Warn, "offline: no server is asked; start without --offline");
            return Vec::new();
        }
        self.data.doctor = Doctor { since: Some(self.data.now), ..Doctor::default() };
        vec![Effect::Examine]
    }

    pub(crate) fn doctor_message(&mut self, message: DoctorMsg) {
        let doctor = &mut self.data.doctor;
        match message {
            DoctorMsg::Check(check) if !doctor.done => doctor.checks.push(check),
            DoctorMsg::Check(_) => {}
            DoctorMsg::Done(checks) => (doctor.checks, doctor.done) = (checks, true),
            DoctorMsg::Failed(failure) => (doctor.failure, doctor.done) = (Some(failure), true),
        }
        self.dirty = true;
        self.each_list(|view| *view == View::Doctor, |list, source| list.renew(source));
    }

    /// Enter on a check: all of it.
    pub(crate) fn show_check(&mut self) {
        let row = self.list().and_then(|list| list.selected());
        let Some(check) = row.and_then(|row| self.data.doctor.checks.get(row as usize)) else { return };
        let mut lines = vec![check.text.clone(), format!("took  {} ms", check.elapsed_ms)];
        lines.extend(check.next.iter().map(|next| format!("next  {next}")));
        let title = format!("{} {}", check.name, check.health.word());
        self.overlay = Overlay::Text { title, lines, top: 0 };
    }

    /// The checks as text, for a ticket.
    pub(crate) fn doctor_report(&self) -> Option<String> {
        let line = |check: &Check| {
            let next = check.next.as_ref().map(|next| format!("  next: {next}")).unwrap_or_default();
            format!("{} {}: {}{next}", check.health.word(), check.name, check.text)
        };
        let lines: Vec<String> = self.data.doctor.checks.iter().map(line).collect();
        (*self.view() == View::Doctor && !lines.is_empty()).then(|| lines.join("\n"))
    }
}
