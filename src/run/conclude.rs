//! What a target's end is called, and what becomes of its epoch then.

use crate::error::{Code, Error, Exit, Reason, Result};
use crate::ledger::classify::Why;
use crate::model::TargetState;

use super::drive::{Driven, Ending};
use super::exchange::Exchanged;
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
        Code::Interrupted => TargetState::Cancelled,
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

impl Lease {
    /// After an error before the intent: nothing was touched; what was staged goes, and the epoch with it.
    pub(super) async fn give_up(mut self, cause: Error) -> Conclusion {
        if matches!(cause.code(), Code::TakenOver | Code::NeedsRecovery | Code::NeedsDecision) {
            return Conclusion::failed(&cause);
        }
        if cause.is_unknown_outcome()
            && let Err(error) = self.fence().await
        {
            return Conclusion::failed(&error);
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
            Err(error) => Conclusion::failed(&error),
        }
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
