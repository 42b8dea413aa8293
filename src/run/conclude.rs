//! What a target's end is called, and what becomes of its epoch then.

use crate::error::{Code, Error, Exit, Reason, Result};
use crate::ledger::classify::Why;
use crate::ledger::place::read_shares;
use crate::ledger::sight::Live;
use crate::model::{RunId, StorePath, TargetState};
use crate::store::{self, Entry, Read};

use super::drive::{Driven, Ending};
use super::exchange::{Exchanged, unchanged};
use super::lease::Lease;

/// The end of a target.
#[derive(Debug)]
pub(super) struct Conclusion {
    pub state: TargetState,
    pub reason: Option<Reason>,
    /// Some of the files that left grew afterwards: step 9 takes it back.
    pub grown: bool,
}

impl Conclusion {
    pub(super) fn of(state: TargetState, reason: Option<Reason>) -> Conclusion {
        Conclusion { state, reason, grown: false }
    }

    /// A target that an error ended before anything was touched.
    pub(super) fn failed(error: &Error) -> Conclusion {
        Conclusion::of(state_of(error), Some(reason_of(error)))
    }
}

/// The state in which an error leaves a target that it did not touch.
pub(super) fn state_of(error: &Error) -> TargetState {
    match error.code() {
        Code::Changed | Code::PlanDrift => TargetState::Changed,
        Code::Interrupted | Code::UntilPassed => TargetState::Cancelled,
        Code::NothingToDo => TargetState::Skipped,
        code if code.exit() == Exit::NeedsRecovery => TargetState::NeedsDecision,
        code if code.exit() == Exit::Refused => TargetState::Refused,
        _ => TargetState::Failed,
    }
}

/// An error as the reason of a target's state; what to do next belongs to it.
pub(super) fn reason_of(error: &Error) -> Reason {
    let text = match error.next_step() {
        Some(next) => format!("{error}; {next}"),
        None => error.to_string(),
    };
    Reason::new(error.code(), text)
}

/// The reason of a target that a person must decide.
pub(super) fn decision_reason(run: &str, why: Why) -> Reason {
    Reason::new(
        Code::NeedsDecision,
        format!(
            "{}; lakehand recover {run} --decide keep (what is live stays) or --decide restore (the originals come back)",
            why.found()
        ),
    )
}

/// What lies in a target's directory; nothing where it is gone.
pub(super) async fn visible_now(store: &dyn Read, location: &StorePath) -> Result<Vec<Entry>> {
    match store.list(location).await {
        Ok(listing) => store::collect(listing).await,
        Err(error) if error.code() == Code::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Row 0 with a tripwire that is live: a person must decide.
pub(super) fn left_tripwire(run: &RunId, entries: &[Entry]) -> Option<Conclusion> {
    let mark = run.tripwire_mark();
    let is_live = entries.iter().any(|entry| entry.name.text().is_some_and(|name| name.contains(&mark)));
    is_live.then(|| Conclusion::of(TargetState::NeedsDecision, Some(decision_reason(run.suffix(), Why::ShareGone))))
}

/// Row 0: what was kept is gone, and no tripwire says that anything is amiss.
pub(super) fn superseded() -> Conclusion {
    let text = "its kept files are gone with their directory: somebody overwrote the target";
    Conclusion::of(TargetState::Superseded, Some(Reason::new(Code::Changed, text)))
}

/// Nothing had left the target when the place of its backup went.
fn vanished() -> Conclusion {
    let text = "its directory was overwritten, deleted or recovered by somebody before any file had left; \
                nothing of this run is left there";
    Conclusion::of(TargetState::Changed, Some(Reason::new(Code::Changed, text)))
}

impl Lease {
    /// After an error before the intent: nothing was touched; what was staged goes, and the epoch with it.
    pub(super) async fn give_up(mut self, cause: Error) -> Conclusion {
        if matches!(cause.code(), Code::TakenOver | Code::NeedsRecovery | Code::NeedsDecision) {
            return self.let_go(&cause).await;
        }
        if cause.is_unknown_outcome()
            && let Err(error) = self.fence().await
        {
            return self.let_go(&error).await;
        }
        match self.withdraw().await {
            Ok(Driven::Ended(ending)) if ending.at_rest => {
                // The state is that of an exchange before; this run did nothing here.
                let mut conclusion = Conclusion::failed(&cause);
                if let Err(error) = self.rest().await {
                    conclusion = Conclusion::failed(&error);
                } else if conclusion.state == TargetState::NeedsDecision {
                    conclusion.state = TargetState::Failed;
                }
                conclusion
            }
            Ok(driven) => self.conclude(Exchanged { driven, cause: Some(cause) }).await,
            Err(error) => self.let_go(&error).await,
        }
    }

    /// After an error that leaves the target to others. Where our epoch has lost its name, somebody took it over; or,
    /// where nothing of the run is left, it went with the directory that somebody overwrote (row 0).
    async fn let_go(&self, cause: &Error) -> Conclusion {
        if cause.code() != Code::TakenOver {
            return Conclusion::failed(cause);
        }
        match self.overwritten().await {
            Ok(Some(conclusion)) => conclusion,
            Ok(None) | Err(_) => Conclusion::failed(cause),
        }
    }

    async fn overwritten(&self) -> Result<Option<Conclusion>> {
        let store = self.context.store.as_ref();
        let run = &self.name.run;
        let shares = read_shares(store, &self.place).await?;
        if shares.epochs.iter().any(|epoch| epoch.run == *run) || shares.gone.iter().any(|gone| gone.run == *run) {
            return Ok(None);
        }
        let entries = visible_now(store, &self.tenant.location).await?;
        if let Some(decision) = left_tripwire(&self.tenant.run, &entries) {
            return Ok(Some(decision));
        }
        let live = Live::of(entries);
        let had_left = self.intent.as_ref().is_some_and(|(_, intent)| unchanged(&intent.out, &live).is_err());
        Ok(Some(if had_left { superseded() } else { vanished() }))
    }

    /// Puts the epoch where it belongs and names the end.
    pub(super) async fn conclude(self, exchanged: Exchanged) -> Conclusion {
        let run = self.tenant.run.suffix().to_owned();
        match exchanged.driven {
            Driven::Decide(why) => Conclusion::of(TargetState::NeedsDecision, Some(decision_reason(&run, why))),
            Driven::Ended(ending) => {
                let left = if ending.empty { self.remove().await } else { self.rest().await };
                named(ending, exchanged.cause, left)
            }
        }
    }
}

/// An exchange that an error turned back is called by the error.
fn named(ending: Ending, cause: Option<Error>, left: Result<()>) -> Conclusion {
    let grown = ending.grown;
    let mut conclusion = match (ending.state, cause) {
        (TargetState::Cancelled | TargetState::Changed, Some(cause)) => {
            // A call of unknown outcome was answered by looking: the target is as it was.
            let state = match state_of(&cause) {
                TargetState::NeedsDecision => TargetState::Failed,
                state => state,
            };
            let state = if ending.state == TargetState::Changed { TargetState::Changed } else { state };
            Conclusion::of(state, Some(reason_of(&cause)))
        }
        (state, _) => Conclusion::of(state, ending.reason),
    };
    conclusion.grown = grown;
    if let Err(error) = left {
        // The exchange itself is closed; only the epoch still has our name.
        conclusion.reason = Some(reason_of(&error.context("its epoch could not be put away; recover does it")));
        if !conclusion.state.is_success() {
            conclusion.state = TargetState::NeedsDecision;
        }
    }
    conclusion
}
