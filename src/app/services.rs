//! The servers of row 1. While one is lost the console lives on what it knows, and changes are off; when it answers
//! again, what could not be read meanwhile is read.

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use super::effect::Effect;
use super::message::{Reading, Service, ServiceState};
use super::shown::Level;
use super::state::App;
use crate::model::{Plan, RunLimits, TicketLife, age_text, ticket_note};

/// A server, and since when it is as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Watched {
    pub(crate) word: String,
    pub(crate) state: ServiceState,
    pub(crate) since: DateTime<Utc>,
}

impl Watched {
    /// Whether nothing can be changed without it and it does not answer.
    pub(crate) fn is_lost(&self) -> bool {
        self.state == ServiceState::Lost
    }

    /// `nn 3ms`, `hms LOST 41s`.
    pub(crate) fn shown(&self, now: DateTime<Utc>) -> String {
        let state = match &self.state {
            ServiceState::Asking => Cow::from("..."),
            ServiceState::Answers(text) => Cow::from(text),
            ServiceState::Lost => Cow::from(format!("LOST {}", span(self.since, now))),
        };
        format!("{} {state}", self.word)
    }

    /// What a person calls it.
    pub(crate) fn name(&self) -> &str {
        match self.word.as_str() {
            "nn" => "NameNode",
            "hms" => "metastore",
            word => word,
        }
    }
}

fn span(from: DateTime<Utc>, to: DateTime<Utc>) -> String {
    age_text((to - from).to_std().unwrap_or_default())
}

impl App {
    /// Whether a server is lost.
    pub(crate) fn lost_server(&self) -> Option<&Watched> {
        self.services.iter().find(|service| service.is_lost())
    }

    /// The ticket. That it is over is drawn by itself, fewer minutes are not.
    pub(crate) fn ticket(&mut self, life: TicketLife, at: DateTime<Utc>) {
        let before = self.is_ticket_over();
        self.data.ticket = Some((life, at));
        self.data.now = self.data.now.max(at);
        self.dirty |= before != self.is_ticket_over();
    }

    /// Whether nobody can log in any more.
    pub fn is_ticket_over(&self) -> bool {
        matches!(self.data.ticket, Some((TicketLife::Over, _)))
    }

    /// What is said of a ticket that may not last for the run of a plan.
    pub(crate) fn ticket_note(&self, plan: &Plan, limits: RunLimits) -> Option<String> {
        let (TicketLife::Lasts(left), at) = self.data.ticket? else { return None };
        let since = (self.data.now - at).to_std().unwrap_or_default();
        ticket_note(left.saturating_sub(since), plan.time(limits))
    }

    /// What a server says. Only a change is drawn by itself, not another number: an idle console writes nothing.
    pub(crate) fn service(&mut self, service: Service) -> Vec<Effect> {
        let Service { word, state, at } = service;
        self.data.now = self.data.now.max(at);
        let Some(known) = self.services.iter_mut().find(|known| known.word == word) else {
            self.dirty = true;
            let is_lost = state == ServiceState::Lost;
            self.services.push(Watched { word, state, since: at });
            self.services.sort_by_key(|server| ["nn", "hms", "krb"].iter().position(|word| *word == server.word));
            return if is_lost { self.lost() } else { Vec::new() };
        };
        let before = std::mem::replace(&mut known.state, state);
        // A ticket that is gone, or there again, is a change; fewer hours are not.
        let none = ServiceState::Answers("none".to_owned());
        self.dirty |= (before == none) != (known.state == none);
        if std::mem::discriminant(&before) == std::mem::discriminant(&known.state) {
            return Vec::new();
        }
        self.dirty = true;
        let since = std::mem::replace(&mut known.since, at);
        match (before, known.is_lost()) {
            (_, true) => self.lost(),
            (ServiceState::Lost, false) => {
                let text = format!("the {} answers again after {}", known.name(), span(since, at));
                self.say(Level::Info, text);
                self.begin_again()
            }
            _ => Vec::new(),
        }
    }

    fn lost(&mut self) -> Vec<Effect> {
        if let Some(name) = self.lost_server().map(|server| server.name().to_owned()) {
            self.say(Level::Warn, format!("the {name} does not answer: what is known is shown, changes are off"));
        }
        Vec::new()
    }

    /// Reads what could not be read.
    fn begin_again(&mut self) -> Vec<Effect> {
        self.requested.clear();
        self.begin(Reading::Lake);
        let mut effects = vec![Effect::LoadLake];
        effects.extend(self.list_runs());
        effects.extend(self.check_visible());
        effects
    }
}
