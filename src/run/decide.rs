//! A person's decision where the table has none (PROTOCOL §5, `--decide`). Both ways close the intent; neither removes
//! a file.

use crate::error::{Code, Error, Reason, Result};
use crate::ledger::classify::{Action, Directory, classify};
use crate::ledger::sight::InState;
use crate::model::{Decision, TargetState};

use super::drive::{Driven, Ending};
use super::lease::Lease;
use super::look::Looked;

/// Calls of unknown outcome are fenced off and looked at so many times.
const ATTEMPTS: usize = 3;

impl Lease {
    /// Carries a decision out. Refused where it would double rows or where there is nothing to put back into.
    pub(super) async fn decide(&mut self, decision: Decision) -> Result<Driven> {
        let mut last = None;
        for _ in 0..ATTEMPTS {
            let looked = self.look().await?;
            if !matches!(classify(&looked.facts).action, Action::Decide(_) | Action::Emptied) {
                return self.drive().await;
            }
            match self.carry_out_decision(decision, looked).await {
                Err(error) if error.is_unknown_outcome() => {
                    self.fence().await?;
                    last = Some(error);
                }
                other => return other.map(Driven::Ended),
            }
        }
        Err(last.unwrap_or_else(|| Error::new(Code::NeedsRecovery, "the decision could not be carried out")))
    }

    async fn carry_out_decision(&mut self, decision: Decision, looked: Looked) -> Result<Ending> {
        let Some(number) = looked.open.as_ref().map(|open| open.number) else {
            // The directory is gone, and nothing had been exchanged: whatever is decided, nothing can be put back.
            let empty = looked.files.dones.is_empty();
            if empty {
                self.remove_staging(&looked).await?;
            }
            return Ok(Ending { empty, ..ending(TargetState::Superseded, "its directory is gone") });
        };
        let ending = match decision {
            Decision::Keep => {
                self.keep(&looked).await?;
                ending(TargetState::Superseded, "decided: what was live stays, the rest is kept aside")
            }
            Decision::Restore => {
                self.restore(&looked).await?;
                ending(TargetState::Changed, "decided: the originals came back")
            }
        };
        self.close_intent(number).await?;
        Ok(ending)
    }

    /// V → parked, tripwire out, all else stays.
    async fn keep(&mut self, looked: &Looked) -> Result<()> {
        if looked.facts.directory == Directory::Gone {
            return Ok(());
        }
        self.park_visible(looked).await?;
        let looked = self.look().await?;
        self.tripwire_out(&looked).await
    }

    /// V → parked, K and K+ → live, B stay parked, tripwire out.
    async fn restore(&mut self, looked: &Looked) -> Result<()> {
        if looked.facts.directory == Directory::Gone {
            return Err(Error::new(Code::NotRestorable, format!("{} is gone", self.tenant.location))
                .why("there is no directory into which the originals could come back")
                .next("lakehand restore RUN --to DIR    copies them aside"));
        }
        let odd = looked.open.iter().flat_map(|open| open.pairs_in());
        if let Some((file, _)) = odd.into_iter().find(|(_, state)| **state == InState::Odd { live: true }) {
            return Err(Error::new(Code::NotRestorable, format!("{} is live and not as it was", file.live_name()))
                .why("with the originals back its rows would count twice")
                .next("move it away, then decide again; or --decide keep"));
        }
        self.park_visible(looked).await?;
        self.bring_kept(looked).await?;
        let looked = self.look().await?;
        self.tripwire_out(&looked).await
    }
}

fn ending(state: TargetState, text: &str) -> Ending {
    Ending { state, reason: Some(Reason::new(Code::Changed, text)), empty: false, grown: false, at_rest: false }
}
