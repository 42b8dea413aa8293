//! The state of the run as views see it, and the queue by which they learn of changes. The engine tells what happens;
//! changes of a state go out at once, mere progress at most four times a second.
//!
//! A view takes a snapshot and a place in the queue under one lock, so that it misses nothing and needs nothing twice.
//! The queue is bounded: a view that falls behind it takes both anew.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::broadcast;

use super::log;
use crate::ipc::{Reply, encode};
use crate::model::{Event, LogLevel, LogLine, Rates, RunKind, RunLimits, RunSnapshot, RunState, TargetProgress};
use crate::run::Observer;

/// Events that wait for a view at most.
const QUEUE: usize = 1024;

/// What goes to the views.
#[derive(Clone, Debug)]
pub enum Message {
    /// A reply, encoded once for all of them.
    Line(Arc<[u8]>),
    /// The run has ended; the snapshot says how.
    End,
}

/// The state and the queue.
#[derive(Debug)]
pub struct Board {
    state: Mutex<State>,
    sender: broadcast::Sender<Message>,
}

#[derive(Debug)]
struct State {
    snapshot: RunSnapshot,
    /// Progress that was not told yet.
    waiting: BTreeMap<usize, TargetProgress>,
    /// Speeds that were not told yet.
    rates: Option<Rates>,
}

impl Board {
    /// A board for a run that begins.
    pub fn new(snapshot: RunSnapshot) -> Board {
        let state = State { snapshot, waiting: BTreeMap::new(), rates: None };
        Board { state: Mutex::new(state), sender: broadcast::Sender::new(QUEUE) }
    }

    /// The state now.
    pub fn snapshot(&self) -> RunSnapshot {
        self.lock().snapshot.clone()
    }

    /// What the run does.
    pub fn kind(&self) -> RunKind {
        self.lock().snapshot.kind
    }

    /// The state now, and what comes after it.
    pub fn watch(&self) -> (RunSnapshot, broadcast::Receiver<Message>) {
        let state = self.lock();
        (state.snapshot.clone(), self.sender.subscribe())
    }

    /// A view came (1) or went (-1).
    pub fn count(&self, change: isize) {
        let mut state = self.lock();
        if state.snapshot.finished.is_some() {
            return;
        }
        let count = state.snapshot.watchers.saturating_add_signed(change);
        self.tell(&mut state, Event::Watchers { count });
    }

    /// A person paused or resumed the run.
    pub fn hold(&self, paused: bool) {
        let mut state = self.lock();
        if matches!(state.snapshot.state, RunState::Running | RunState::Paused) {
            let event = Event::Run { state: if paused { RunState::Paused } else { RunState::Running } };
            self.tell(&mut state, event);
        }
    }

    /// A person changed the limits.
    pub fn limits(&self, limits: RunLimits) {
        let mut state = self.lock();
        if state.snapshot.finished.is_none() {
            self.tell(&mut state, Event::Limits { limits });
        }
    }

    /// Adds a line to the log.
    pub fn note(&self, level: LogLevel, text: String) {
        let run = self.lock().snapshot.run.clone();
        self.event(Event::Log { line: LogLine { at: chrono::Utc::now(), level, run, text } });
    }

    /// Tells the progress that waits; called four times a second.
    pub fn flush(&self) {
        let mut state = self.lock();
        for (index, progress) in std::mem::take(&mut state.waiting) {
            self.send(&Reply::Event { event: Event::Target { index, progress } });
        }
        if let Some(rates) = state.rates.take() {
            self.send(&Reply::Event { event: Event::Rates { rates } });
        }
    }

    /// The run has ended: the last thing that a board tells.
    pub fn end(&self, snapshot: RunSnapshot) {
        let mut state = self.lock();
        state.waiting.clear();
        state.rates = None;
        state.snapshot = snapshot;
        let _ = self.sender.send(Message::End);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // What a panic left is still the newest state there is; the engine's own records do not hang on it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, state: &mut State, event: Event) {
        state.snapshot.apply(event.clone());
        self.send(&Reply::Event { event });
    }

    /// Must be called under the lock, so that the queue has the order of the changes.
    fn send(&self, reply: &Reply) {
        if self.sender.receiver_count() == 0 {
            return;
        }
        match encode(reply) {
            // Nobody listens any more: nothing to tell.
            Ok(line) => drop(self.sender.send(Message::Line(line.into()))),
            Err(error) => log::failed(&error),
        }
    }
}

impl Observer for Board {
    fn begun(&self, mut snapshot: RunSnapshot) {
        let mut state = self.lock();
        let old = &mut state.snapshot;
        snapshot.watchers = old.watchers;
        snapshot.limits = old.limits;
        snapshot.log = std::mem::take(&mut old.log);
        if snapshot.lake.is_empty() {
            snapshot.lake = std::mem::take(&mut old.lake);
        }
        state.snapshot = snapshot;
        state.waiting.clear();
        let welcome = Reply::Welcome { snapshot: Box::new(state.snapshot.clone()) };
        self.send(&welcome);
    }

    fn event(&self, event: Event) {
        let mut state = self.lock();
        match event {
            Event::Target { index, progress } => {
                let known = state.snapshot.targets.get(index);
                let news = known.is_none_or(|known| {
                    (known.step, known.outcome.state, &known.outcome.reason)
                        != (progress.step, progress.outcome.state, &progress.outcome.reason)
                });
                if news {
                    state.waiting.remove(&index);
                    self.tell(&mut state, Event::Target { index, progress });
                } else {
                    state.snapshot.apply(Event::Target { index, progress: progress.clone() });
                    state.waiting.insert(index, progress);
                }
            }
            Event::Rates { rates } => {
                state.snapshot.apply(Event::Rates { rates });
                state.rates = Some(rates);
            }
            Event::Log { line } => {
                log::line(line.at, line.level, &line.text);
                if line.level > LogLevel::Debug {
                    self.tell(&mut state, Event::Log { line });
                }
            }
            other => self.tell(&mut state, other),
        }
    }
}
