//! Steering a run from outside: pause, resume, cancel, its limits. A target asks between its steps; inside its exchange it
//! does not.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::seams::Clock;
use super::throttle::Debt;
use crate::error::{Code, Error, Result};
use crate::model::{RunLimits, until_text};

/// The handle; clones steer the same run.
#[derive(Clone, Debug)]
pub struct Control {
    cancel: CancellationToken,
    paused: Arc<watch::Sender<bool>>,
    limits: Arc<watch::Sender<RunLimits>>,
    debt: Arc<Debt>,
}

impl Default for Control {
    fn default() -> Control {
        Control {
            cancel: CancellationToken::new(),
            paused: Arc::new(watch::Sender::new(false)),
            limits: Arc::new(watch::Sender::new(RunLimits::default())),
            debt: Arc::default(),
        }
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

    /// The limits now.
    pub fn limits(&self) -> RunLimits {
        *self.limits.borrow()
    }

    /// Bytes a second, from now on; none takes the limit away.
    pub fn limit(&self, bytes_per_second: Option<u64>) {
        self.limits.send_modify(|limits| limits.bytes_per_second = bytes_per_second);
    }

    /// Up to when targets are begun; none takes the limit away.
    pub fn until(&self, until: Option<DateTime<Utc>>) {
        self.limits.send_modify(|limits| limits.until = until);
    }

    /// Whether a target may be begun now.
    pub(super) fn may_begin(&self, now: DateTime<Utc>) -> Result<()> {
        match self.limits().until {
            Some(until) if now >= until => {
                let text = format!("not begun: no new target after {}", until_text(until, now));
                Err(Error::new(Code::UntilPassed, text))
            }
            _ => Ok(()),
        }
    }

    /// Waits until so many bytes may be read or written; an error when the run is cancelled meanwhile.
    pub(super) async fn moves(&self, clock: &dyn Clock, bytes: u64) -> Result<()> {
        let mut limits = self.limits.subscribe();
        loop {
            let Some(rate) = limits.borrow_and_update().bytes_per_second else {
                self.debt.forgive();
                return Ok(());
            };
            let Some(wait) = self.debt.take(clock.monotonic(), rate, bytes) else { return Ok(()) };
            tokio::select! {
                biased;
                () = self.cancel.cancelled() => {
                    return Err(Error::new(Code::Interrupted, "cancelled while it kept to its limit"));
                }
                _ = limits.changed() => {}
                () = clock.pause(wait) => {}
            }
        }
    }
}
