//! The servers of row 1. While one is lost the console lives on what it knows, and changes are off; when it answers
//! again, what could not be read meanwhile is read.

use std::borrow::Cow;
use std::collections::VecDeque;

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
    /// Which of several it is that works: `nn1`.
    called: Option<String>,
    /// How long it took to answer, in milliseconds: the last few times.
    took: VecDeque<u64>,
}

/// Answers that make what is usual.
const USUAL_OF: usize = 9;

impl Watched {
    fn new(word: String, state: ServiceState, since: DateTime<Utc>) -> Watched {
        let mut server = Watched { word, state, since, called: None, took: VecDeque::new() };
        server.note();
        server
    }

    /// Keeps how long an answer took.
    fn note(&mut self) {
        let ServiceState::Answers(text) = &self.state else { return };
        let Some(took) = text.strip_suffix("ms").and_then(|number| number.parse().ok()) else { return };
        self.took.push_back(took);
        if self.took.len() > USUAL_OF {
            self.took.pop_front();
        }
    }

    /// The median of its last answers.
    fn usual(&self) -> Option<u64> {
        let mut took: Vec<u64> = self.took.iter().copied().collect();
        took.sort_unstable();
        took.get(took.len() / 2).copied()
    }

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
    /// Of a reading that gets no answer: `nn1 silent for 5 s (usual 3 ms)`.
    pub fn silence(&self, reading: &Reading, seconds: i64) -> String {
        let named = |word: &str| self.services.iter().find(|server| server.word == word);
        // Names and locations come from the metastore, whatever lies in directories from the NameNode.
        let asked = match reading {
            Reading::Lake => named("hms").or(named("nn")),
            _ => named("nn"),
        };
        let Some(server) = asked else { return format!("silent for {seconds} s") };
        let usual = server.usual().map(|usual| format!(" (usual {usual} ms)")).unwrap_or_default();
        format!("{} silent for {seconds} s{usual}", server.called.as_ref().unwrap_or(&server.word))
    }

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

    /// Which of several servers works. Nothing of it is drawn while it answers.
    pub(crate) fn server_name(&mut self, word: &str, name: String) {
        if let Some(server) = self.services.iter_mut().find(|server| server.word == word) {
            server.called = Some(name);
        }
    }

    /// What a server says. Only a change is drawn by itself, not another number: an idle console writes nothing.
    pub(crate) fn service(&mut self, service: Service) -> Vec<Effect> {
        let Service { word, state, at } = service;
        self.data.now = self.data.now.max(at);
        let Some(known) = self.services.iter_mut().find(|known| known.word == word) else {
            self.dirty = true;
            let is_lost = state == ServiceState::Lost;
            self.services.push(Watched::new(word, state, at));
            self.services.sort_by_key(|server| ["nn", "hms", "krb"].iter().position(|word| *word == server.word));
            return if is_lost { self.lost() } else { Vec::new() };
        };
        let before = std::mem::replace(&mut known.state, state);
        known.note();
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
