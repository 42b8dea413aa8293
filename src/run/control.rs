//! Steering a run from outside: pause, resume, cancel. A target asks between its steps; inside its exchange it does not.

use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// The handle; clones steer the same run.
#[derive(Clone, Debug)]
pub struct Control {
    cancel: CancellationToken,
    paused: Arc<watch::Sender<bool>>,
}

impl Default for Control {
    fn default() -> Control {
        Control { cancel: CancellationToken::new(), paused: Arc::new(watch::Sender::new(false)) }
    }
}

impl Control {
    /// Steps in hand are finished, then every target holds.
    pub fn pause(&self) {
        self.paused.send_replace(true);
    }

    /// Targets go on.
    pub fn resume(&self) {
        self.paused.send_replace(false);
    }

    /// Targets stop: at once before their exchange, after it inside. A paused run is cancelled too.
    pub fn cancel(&self) {
        self.cancel.cancel();
    }

    /// Whether the run is held.
    pub fn is_paused(&self) -> bool {
        *self.paused.borrow()
    }

    /// Whether it was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.cancel.is_cancelled()
    }

    /// What work that can stop at any moment listens to.
    pub fn token(&self) -> &CancellationToken {
        &self.cancel
    }

    /// Waits while the run is held; returns at once when it is cancelled.
    pub async fn hold(&self) {
        let mut paused = self.paused.subscribe();
        tokio::select! {
            () = self.cancel.cancelled() => {}
            _ = paused.wait_for(|paused| !paused) => {}
        }
    }
}
