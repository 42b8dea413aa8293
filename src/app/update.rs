//! The one way in: a message changes the state and asks for effects.

use chrono::{DateTime, TimeDelta, Utc};

use super::effect::Effect;
use super::message::{Details, Msg};
use super::nav::View;
use super::shown::{Level, Overlay};
use super::state::App;

impl App {
    /// The first effects.
    pub fn start(&mut self) -> Vec<Effect> {
        if *self.view() == View::Start {
            return Vec::new();
        }
        self.begin(super::message::Reading::Lake);
        let mut effects = vec![Effect::LoadLake, Effect::ListRuns];
        for effect in self.enter() {
            if !effects.contains(&effect) {
                effects.push(effect);
            }
        }
        effects
    }

    fn tick(&mut self, now: DateTime<Utc>) -> Vec<Effect> {
        self.data.now = self.data.now.max(now);
        let now = self.data.now;
        self.follow();
        if self.is_active() {
            self.dirty = true;
        }
        // Rows that streamed in are ordered once nobody has pressed a key for two seconds.
        let rests = self.last_key.is_none_or(|at| now - at >= TimeDelta::seconds(2));
        if rests && self.list().is_some_and(|list| list.is_stale() && list.working().is_none()) {
            self.with_list(|list, source, _| list.renew(source));
            self.dirty = true;
        }
        let mut effects = if rests { self.check_visible() } else { Vec::new() };
        // Other hosts' runs are seen within half a minute.
        if now - self.runs_asked >= TimeDelta::seconds(30) && *self.view() != View::Start {
            effects.extend(self.list_runs());
            // A run that is not connected says how far it is only on the lake.
            if let View::Run(run) = self.view().clone()
                && self.is_from_lake(&run)
            {
                effects.push(Effect::ShowRun(run));
            }
        }
        effects
    }

    fn drawn(&mut self, at: DateTime<Utc>) {
        self.data.now = self.data.now.max(at);
        if let Overlay::Question(question) = &mut self.overlay {
            question.drawn(at);
        } else if *self.trail.view() == View::Preview
            && let Some(question) = self.data.preview.as_mut().and_then(|preview| preview.question.as_mut())
        {
            question.drawn(at);
        }
    }

    fn details(&mut self, details: Box<Details>) {
        if details.footers.is_some() {
            self.end_footers();
        }
        if let View::Inspect(subject) = self.view()
            && *subject == details.subject
        {
            self.data.details = Some(details);
            self.dirty = true;
        }
    }
}

/// Applies a message.
pub fn update(app: &mut App, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Tick(now) => return app.tick(now),
        Msg::Drawn(at) => app.drawn(at),
        Msg::Key { key, at } => return app.key(key, at),
        Msg::Paste(text) => app.paste(&text),
        Msg::Resize { columns, rows } => {
            app.size = (columns, rows);
            app.dirty = true;
        }
        Msg::Focus(focused) => app.focused = focused,
        Msg::Continue => {
            app.with_list(|list, source, _| list.work(source));
            app.dirty = true;
            return app.mark_more();
        }
        Msg::Lake(message) => return app.lake_message(message),
        Msg::Files { target, files } => app.files(target, files),
        Msg::Details(details) => app.details(details),
        Msg::Plan(message) => app.plan_message(message),
        Msg::Run(message) => return app.run_message(message),
        Msg::Preview(message) => app.preview_message(message),
        Msg::Doctor(message) => app.doctor_message(message),
        Msg::Service(service) => return app.service(service),
        Msg::ServerName { word, name } => app.server_name(&word, name),
        Msg::Ticket { life, at } => app.ticket(life, at),
        Msg::Copied { what, shown } => app.copied(&what, shown),
        Msg::Failed(failure) => app.say(Level::Error, failure.line()),
        Msg::Note(text) => app.say(Level::Info, text),
    }
    Vec::new()
}
