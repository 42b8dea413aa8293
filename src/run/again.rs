//! Writing a file once more when the servers that take its bytes fail. A NameNode hands out a DataNode that died until it
//! misses it, and what was begun on one cannot be moved (PROTOCOL §2): every attempt is a new file under a new name, and
//! what is left of an earlier one is a scratch file, which means nothing.
//!
//! Only writing is repeated, never the rename that puts a file in its place. Twenty seconds in all are waited, and only
//! once a run: when they were in vain for one file, the next one is tried without pauses until one succeeds again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::Context;
use crate::error::{Error, Result};

/// Pauses between attempts, in milliseconds: 20 s in all, the first ones short, since mostly another server is chosen.
const PAUSES: [u64; 9] = [250, 500, 1_000, 1_500, 2_000, 2_750, 3_000, 4_000, 5_000];
/// Where the attempts themselves take long, none but the second begins later than this.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the writers of a run share: whether waiting was in vain.
#[derive(Clone, Debug, Default)]
pub struct Patience(Arc<AtomicBool>);

/// The attempts to write one file.
#[derive(Debug)]
pub(super) struct Attempts<'a> {
    context: &'a Context,
    begun: Duration,
    made: usize,
}

impl<'a> Attempts<'a> {
    pub(super) fn of(context: &'a Context) -> Attempts<'a> {
        Attempts { context, begun: context.clock.monotonic(), made: 0 }
    }

    /// It was written.
    pub(super) fn succeeded(&self) {
        self.context.patience.0.store(false, Ordering::Relaxed);
    }

    /// Waits, if it is to be tried again after this error; else gives the error back.
    pub(super) async fn once_more(&mut self, error: Error) -> Result<()> {
        let passes = error.is_retryable() || error.is_unknown_outcome();
        if !passes || !self.context.store.capabilities().remote || self.context.control.is_cancelled() {
            return Err(error);
        }
        let out = &self.context.patience.0;
        let late = self.made > 0 && self.context.clock.monotonic().saturating_sub(self.begun) >= PATIENCE;
        match PAUSES.get(self.made) {
            Some(pause) if !late && !out.load(Ordering::Relaxed) => {
                self.made += 1;
                self.context.clock.pause(Duration::from_millis(*pause)).await;
                Ok(())
            }
            _ => {
                out.store(true, Ordering::Relaxed);
                let times = self.made + 1;
                Err(if times > 1 { error.why(format!("it was tried {times} times")) } else { error })
            }
        }
    }
}
