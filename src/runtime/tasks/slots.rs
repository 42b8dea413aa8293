//! Which tasks run, and which of them still matter.
//!
//! A task stands in a slot. A newer one for the same slot silences the older: its token is cancelled and nothing that
//! it still sends arrives, so that an answer to an old question never overwrites the answer to a newer one. Ctrl-c
//! cancels every reading aloud: those still send what they have, and that they were stopped.

use std::collections::HashMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::FutureExt;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::app::{Msg, Reading};
use crate::error::{Code, Error};
use crate::model::{RunId, TableName};

/// What a task is about; only the newest of each kind matters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Slot {
    /// A reading that a row of the screen waits for.
    Reading(Reading),
    /// Tables whose rows are on the screen.
    Rows(Vec<TableName>),
    /// The cache and the names.
    Names,
    /// The files of a target: one list is shown at a time.
    Files,
    /// Facts for Inspect: one subject is shown at a time.
    Details,
    /// The plan that is made or checked.
    Plan,
    /// History.
    Runs,
    /// The targets of one run.
    Run(RunId),
    /// What an act would do.
    Preview,
    /// What a run needs.
    Doctor,
}

/// A running task's hold on the console.
#[derive(Clone, Debug)]
pub(super) struct Ticket {
    /// Cancelled when it is stopped or silenced.
    pub(super) cancel: CancellationToken,
    silent: Arc<AtomicBool>,
    messages: mpsc::Sender<Msg>,
}

impl Ticket {
    /// Sends a message, unless nobody wants it any more; false tells the task to end.
    pub(super) async fn send(&self, msg: Msg) -> bool {
        !self.is_silent() && self.messages.send(msg).await.is_ok()
    }

    /// Sends a message if there is room now: a later figure will do as well.
    pub(super) fn offer(&self, msg: Msg) {
        if !self.is_silent() {
            let _ = self.messages.try_send(msg);
        }
    }

    fn is_silent(&self) -> bool {
        self.silent.load(Ordering::Acquire)
    }
}

/// Every running task that can be stopped or replaced.
pub(super) struct Slots {
    messages: mpsc::Sender<Msg>,
    running: HashMap<Slot, Ticket>,
}

impl Slots {
    pub(super) fn new(messages: mpsc::Sender<Msg>) -> Slots {
        Slots { messages, running: HashMap::new() }
    }

    /// Starts a task in a slot; the one before it falls silent.
    pub(super) fn start<F: Future<Output = ()> + Send + 'static>(
        &mut self,
        slot: Slot,
        task: impl FnOnce(Ticket) -> F,
    ) {
        let silent = Arc::new(AtomicBool::new(false));
        let ticket = Ticket { cancel: CancellationToken::new(), silent, messages: self.messages.clone() };
        // Those that ended left their channel's clone in the map only.
        self.running.retain(|_, ticket| Arc::strong_count(&ticket.silent) > 1);
        if let Some(older) = self.running.insert(slot, ticket.clone()) {
            older.silent.store(true, Ordering::Release);
            older.cancel.cancel();
        }
        tokio::spawn(guarded(self.messages.clone(), task(ticket)));
    }

    /// Ctrl-c: stops every reading. What acts on runs is never among them.
    pub(super) fn stop_all(&mut self) {
        for ticket in self.running.values() {
            ticket.cancel.cancel();
        }
    }
}

/// Runs a task; a panic in it is a message on the screen and not its end.
pub(super) async fn guarded(messages: mpsc::Sender<Msg>, task: impl Future<Output = ()>) {
    if let Err(panic) = AssertUnwindSafe(task).catch_unwind().await {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let why = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no more is known");
        let error = Error::new(Code::Internal, "a task of the console failed").why(why);
        let _ = messages.send(Msg::Failed(error.into())).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(text: &str) -> Msg {
        Msg::Note(text.to_owned())
    }

    #[tokio::test]
    async fn only_the_newest_answer_of_a_slot_arrives() {
        let (sender, mut receiver) = mpsc::channel(8);
        let mut slots = Slots::new(sender);
        let (go, wait) = tokio::sync::oneshot::channel::<()>();
        slots.start(Slot::Files, |ticket| async move {
            let _ = wait.await;
            assert!(!ticket.send(note("old")).await);
            assert!(ticket.cancel.is_cancelled());
        });
        slots.start(Slot::Files, |ticket| async move {
            assert!(ticket.send(note("new")).await);
        });
        assert!(matches!(receiver.recv().await, Some(Msg::Note(text)) if text == "new"));
        go.send(()).unwrap();
        drop(slots);
        assert!(receiver.recv().await.is_none());
    }

    #[tokio::test]
    async fn what_is_stopped_still_says_so() {
        let (sender, mut receiver) = mpsc::channel(8);
        let mut slots = Slots::new(sender);
        slots.start(Slot::Reading(Reading::Lake), |ticket| async move {
            ticket.cancel.cancelled().await;
            ticket.send(note("stopped")).await;
        });
        slots.stop_all();
        assert!(matches!(receiver.recv().await, Some(Msg::Note(text)) if text == "stopped"));
    }

    #[tokio::test]
    async fn a_panic_is_a_message() {
        let (sender, mut receiver) = mpsc::channel(8);
        Slots::new(sender).start(Slot::Plan, |_| async { panic!("out of range") });
        let Some(Msg::Failed(failure)) = receiver.recv().await else { panic!("no message") };
        assert_eq!((failure.code, failure.why.as_deref()), (Code::Internal, Some("out of range")));
    }
}
