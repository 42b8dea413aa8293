//! Signs of life on a store without locks (PROTOCOL §3): whoever holds an epoch touches its directory every now and then,
//! by its path, so that one who was fenced off touches nothing. Somebody else is dead when this host knows that his
//! process is, or when he gave no sign for long enough by our own clock. Wall clocks are never compared: of a time in the
//! store only its change counts.

use std::time::Duration;

use tokio::task::JoinHandle;

use crate::error::{Code, Error, Result};
use crate::ledger::Life;
use crate::ledger::intent::Owner;
use crate::ledger::life::{SIGN_EVERY, SILENCE};
use crate::model::StorePath;

use super::Context;

/// How often somebody else's epoch is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Looks in a row that may fail before it is given up.
const FAILURES: usize = 60;

/// Gives signs of life until it is dropped.
#[derive(Debug)]
pub(super) struct Heartbeat(Option<JoinHandle<()>>);

impl Heartbeat {
    /// Begins, where the store has no locks.
    pub(super) fn begin(context: &Context, epoch: StorePath) -> Heartbeat {
        if context.store.capabilities().locks {
            return Heartbeat(None);
        }
        let (store, clock) = (context.store.clone(), context.clock.clone());
        Heartbeat(Some(tokio::spawn(async move {
            loop {
                clock.sleep(SIGN_EVERY).await;
                // Gone: it is at rest, or somebody took it over; then every act of ours fails by itself.
                match store.set_modified(&epoch, clock.now().into()).await {
                    Err(error) if error.code() == Code::NotFound => return,
                    _ => {}
                }
            }
        })))
    }
}

impl Drop for Heartbeat {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

/// Whether the owner of an epoch is certainly dead. One that runs on this host, or is stopped there, never is.
pub(super) async fn is_silent(context: &Context, epoch: &StorePath, owner: Option<&Owner>) -> Result<bool> {
    // What an act of this process left to a person: a process works on a target once at a time.
    if owner.is_some_and(|owner| owner.actor == context.me) {
        return Ok(true);
    }
    match owner.map_or(Life::Unknown, |owner| context.processes.life(&owner.actor)) {
        Life::Dead => return Ok(true),
        Life::Alive => return Ok(false),
        Life::Unknown => {}
    }
    let mut last = None;
    let mut since = context.clock.monotonic();
    let mut failures = 0;
    loop {
        match context.store.stat(epoch).await {
            Ok(None) => {
                return Err(Error::new(Code::TakenOver, format!("{epoch} is gone"))
                    .why("somebody else took it over, or put it to rest"));
            }
            Ok(Some(entry)) => match last {
                None => {
                    last = Some(entry.modified);
                    since = context.clock.monotonic();
                }
                Some(before) if before != entry.modified => return Ok(false),
                Some(_) if context.clock.monotonic().saturating_sub(since) >= SILENCE => return Ok(true),
                Some(_) => {}
            },
            // Silence counts only while somebody could listen.
            Err(error) if error.is_retryable() && failures < FAILURES => {
                failures += 1;
                last = None;
            }
            Err(error) => return Err(error),
        }
        if context.control.is_cancelled() {
            return Err(Error::new(Code::Interrupted, "cancelled while it was watched for signs of life"));
        }
        context.clock.pause(LOOK_EVERY).await;
    }
}
