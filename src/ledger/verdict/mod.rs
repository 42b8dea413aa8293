//! What rollback, cleanup and recover would do to each target, and why not: read-only, for previews. The acts judge
//! again under their lease, by the same rules.

mod cleanup;
mod recover;
mod rollback;

use crate::error::{Code, Error, Reason, Result};
use crate::model::{RunId, Size, StorePath, TargetId};
use crate::store;

use super::Ledger;
use super::holding::Holding;
use super::share::Share;
use super::sight::Live;

pub use cleanup::{cleanup, no_trash};
pub use recover::{recover, unfinished};
pub use rollback::rollback;

/// Targets that are judged at a time.
const AT_A_TIME: usize = 8;

/// Whether an act would be carried out on a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It would; the text says what is done.
    Ready(String),
    /// It would not.
    Refused(Reason),
    /// A person must decide first; the text says between what.
    Decide(Reason),
}

/// The judgement of one target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetVerdict {
    /// The target.
    pub id: TargetId,
    /// Its directory.
    pub location: StorePath,
    /// The run in whose place it would be worked on.
    pub place_of: RunId,
    /// What would happen.
    pub verdict: Verdict,
    /// Files of the exchange that are live and unchanged, of all that should be.
    pub live_files: u64,
    /// See `live_files`.
    pub live_expected: u64,
    /// Bytes of those that are live.
    pub live_bytes: Size,
    /// Files and bytes that are kept aside.
    pub kept_files: u64,
    /// See `kept_files`.
    pub kept_bytes: Size,
    /// Files and bytes that were written since and stay.
    pub newer_files: u64,
    /// See `newer_files`.
    pub newer_bytes: Size,
}

impl TargetVerdict {
    fn of(share: &Share, verdict: Verdict) -> TargetVerdict {
        TargetVerdict {
            id: share.id.clone(),
            location: share.location.clone(),
            place_of: share.epoch.run.clone(),
            verdict,
            live_files: 0,
            live_expected: 0,
            live_bytes: Size(0),
            kept_files: share.files.kept.len() as u64,
            kept_bytes: share.files.kept.values().map(|entry| entry.length).sum(),
            newer_files: 0,
            newer_bytes: Size(0),
        }
    }

    fn with(mut self, holding: &Holding) -> TargetVerdict {
        for (file, found) in holding.live_side() {
            self.live_expected += 1;
            if found.is_some() {
                self.live_files += 1;
                self.live_bytes += file.length;
            }
        }
        self.newer_files = holding.sight.newcomers.len() as u64;
        self.newer_bytes = holding.sight.newcomers.iter().map(|seen| seen.length).sum();
        self
    }
}

/// The refusal of an error; what to do next belongs to it.
fn refused(error: &Error) -> Verdict {
    let text = match error.next_step() {
        Some(next) => format!("{error}; {next}"),
        None => error.to_string(),
    };
    Verdict::Refused(Reason::new(error.code(), text))
}

/// The live side of a target, and whether its directory is gone. One listing: a preview decides nothing.
async fn live_side(ledger: &Ledger, location: &StorePath) -> Result<(Live, bool)> {
    let listed = match ledger.store.list(location).await {
        Ok(listing) => store::collect(listing).await,
        Err(error) => Err(error),
    };
    match listed {
        Ok(entries) => Ok((Live::of(entries), false)),
        Err(error) if error.code() == Code::NotFound => Ok((Live::default(), true)),
        Err(error) => Err(error.context(format!("{location} cannot be listed"))),
    }
}

/// A share that is in somebody's hands.
fn in_hands(share: &Share) -> Error {
    let error = Error::new(Code::LeaseHeld, format!("held by run {}", share.last_run()));
    match &share.owner {
        Some(owner) => error.why(owner.actor.named()),
        None => error.why("it did not say who it is"),
    }
    .next(format!("if it died: lakehand recover {}", share.last_run().suffix()))
}
