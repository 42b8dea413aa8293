//! The driver of PROTOCOL §5: look, find the row, do its one action, look again, until the intent is closed or a
//! person must decide. The live worker ends every exchange here, and recovery is nothing else.

use crate::error::{Code, Error, Reason, Result};
use crate::ledger::classify::{Action, Closing, Directory, Tripwire, Why, classify};
use crate::ledger::holding::Holding;
use crate::ledger::intent::ExchangeKind;
use crate::ledger::names::Parked;
use crate::model::TargetState;

use super::lease::Lease;
use super::look::Looked;

/// Actions in a row that may fail before the driver gives up.
const FAILURES: usize = 3;
/// No undisturbed target needs more than five rounds.
const ROUNDS: usize = 40;
/// How often a server of another host may be away, and how long it is waited for each time: five minutes, and what the
/// calls themselves take.
const PATIENCE: usize = 60;
const PAUSE: std::time::Duration = std::time::Duration::from_secs(5);

/// What became of a target.
#[derive(Debug)]
pub(super) struct Ending {
    pub state: TargetState,
    pub reason: Option<Reason>,
    /// Whether nothing of the run is left there, so that the epoch is to be removed instead of put to rest.
    pub empty: bool,
    /// Some of the files that left grew afterwards: step 9.
    pub grown: bool,
    /// Nothing was open: the state is that of the last exchange, whoever made it.
    pub at_rest: bool,
}

/// How the driver stopped.
#[derive(Debug)]
pub(super) enum Driven {
    /// The intent is closed, or there was none.
    Ended(Ending),
    /// A person must decide.
    Decide(Why),
}

impl Ending {
    fn of(state: TargetState) -> Ending {
        Ending { state, reason: None, empty: false, grown: false, at_rest: false }
    }

    /// Nothing had left: what was staged was removed.
    fn withdrawn(state: TargetState) -> Ending {
        let ending = Ending::of(state);
        if state == TargetState::Changed {
            ending.because(Code::Changed, "its files changed before any had left; the new ones were removed")
        } else {
            ending.because(Code::Interrupted, "no file had left; the new ones were removed")
        }
    }

    fn because(mut self, code: Code, text: impl Into<String>) -> Ending {
        self.reason = Some(Reason::new(code, text));
        self
    }
}

impl Lease {
    /// Applies the table until it says nothing more.
    pub(super) async fn drive(&mut self) -> Result<Driven> {
        self.apply(true).await
    }

    /// The same for an act that gave up before its own intent: how an exchange before it ended is not asked, since what
    /// tells it may not be readable now.
    pub(super) async fn withdraw(&mut self) -> Result<Driven> {
        self.apply(false).await
    }

    async fn apply(&mut self, asks: bool) -> Result<Driven> {
        let mut failures = 0;
        let mut absences = 0;
        for _ in 0..ROUNDS + PATIENCE {
            let looked = match self.look().await {
                Err(error) if self.may_come_back(&error, &mut absences) => {
                    self.context.clock.pause(PAUSE).await;
                    continue;
                }
                looked => looked?,
            };
            match self.act(&looked, asks).await {
                Ok(Some(driven)) => return Ok(driven),
                Ok(None) => failures = 0,
                Err(error) if error.code() == Code::TakenOver => return Err(error),
                Err(error) if !error.is_unknown_outcome() && self.may_come_back(&error, &mut absences) => {
                    self.context.clock.pause(PAUSE).await;
                }
                Err(error) => {
                    failures += 1;
                    if failures >= FAILURES {
                        return Err(self.stuck(error));
                    }
                    if error.is_unknown_outcome() {
                        self.fence().await?;
                    }
                }
            }
        }
        Err(self.stuck(Error::new(Code::Internal, "the recovery of this target does not come to an end")))
    }

    /// Whether the error is of a server that is away, which is waited for: nobody else could do more.
    fn may_come_back(&self, error: &Error, absences: &mut usize) -> bool {
        *absences += 1;
        error.is_retryable() && *absences <= PATIENCE && self.context.store.capabilities().remote
    }

    fn stuck(&self, error: Error) -> Error {
        let code = if error.is_unknown_outcome() { Code::OutcomeUnknown } else { Code::NeedsRecovery };
        error
            .with_code(code)
            .context(format!("{} stopped in the middle of an exchange", self.tenant.id))
            .lake("queries on it may fail until it is recovered; no row is lost or doubled")
            .next(format!(
                "lakehand recover {}    looks, then finishes or undoes; repeatable",
                self.tenant.run.suffix()
            ))
    }

    async fn act(&mut self, looked: &Looked, asks: bool) -> Result<Option<Driven>> {
        match classify(&looked.facts).action {
            Action::Nothing(state) => Ok(Some(Driven::Ended(Ending::of(state)))),
            Action::RemoveStaging => {
                self.remove_staging(looked).await?;
                Ok(Some(Driven::Ended(Ending { empty: true, ..Ending::withdrawn(TargetState::Cancelled) })))
            }
            Action::Rest if !asks => {
                let ending = Ending { at_rest: true, ..Ending::of(TargetState::Cancelled) };
                Ok(Some(Driven::Ended(ending)))
            }
            Action::Rest => self.at_rest(looked).await.map(|ending| Some(Driven::Ended(ending))),
            Action::Withdraw(state) => {
                self.tripwire_out(looked).await?;
                // Now the tripwire lies among what has to go.
                let looked = self.look().await?;
                self.remove_staging(&looked).await?;
                Ok(Some(Driven::Ended(Ending { empty: true, ..Ending::withdrawn(state) })))
            }
            Action::Close(closing) => self.close(looked, closing).await.map(|ending| Some(Driven::Ended(ending))),
            Action::Emptied => {
                self.note_emptied(looked).await?;
                Ok(Some(Driven::Decide(Why::Emptied)))
            }
            Action::Forward => self.forward(looked).await.map(|()| None),
            Action::Back => self.back(looked).await.map(|()| None),
            Action::Decide(why) => Ok(Some(Driven::Decide(why))),
        }
    }

    /// Nothing is open: what the last exchange left.
    async fn at_rest(&mut self, looked: &Looked) -> Result<Ending> {
        let holding = Holding::read(self.context.store.as_ref(), &self.path(), &looked.files, &looked.live).await?;
        let state = holding.state();
        let ending = Ending { grown: holding.has_grown(), at_rest: true, ..Ending::of(state) };
        Ok(match state {
            TargetState::Superseded => ending.because(Code::Changed, "its files were rewritten since"),
            TargetState::Changed | TargetState::Cancelled => ending.because(Code::Changed, "it was taken back"),
            _ => ending,
        })
    }

    async fn close(&mut self, looked: &Looked, closing: Closing) -> Result<Ending> {
        let Some(open) = &looked.open else { return Err(no_intent()) };
        if looked.facts.tripwire == Tripwire::Live {
            self.tripwire_out(looked).await?;
        }
        self.close_intent(open.number).await?;
        let ending = match closing {
            Closing::NotDone(state) => Ending::of(state),
            Closing::Superseded => Ending::of(TargetState::Superseded)
                .because(Code::Changed, "another directory lies at its path; the kept files stay in the backup"),
            Closing::Ended { superseded: true, grown, .. } => Ending { grown, ..Ending::of(TargetState::Superseded) }
                .because(Code::Changed, "some of its new files were rewritten since"),
            Closing::Ended { grown, incomplete, .. } => {
                let ending = Ending { grown, ..Ending::of(done_state(open.intent.kind)) };
                if incomplete {
                    ending.because(Code::NotRollbackable, "files of its backup are gone: it cannot be rolled back")
                } else {
                    ending
                }
            }
        };
        Ok(ending)
    }

    /// `.intent.N` → `.done.N`, durable.
    pub(super) async fn close_intent(&mut self, number: u64) -> Result<()> {
        let (intent, done) = (Parked::Intent(number).to_string(), Parked::Done(number).to_string());
        self.hold().rename_parked(&intent, &done).await?;
        self.hold().sync().await?;
        self.intent = None;
        Ok(())
    }

    /// S → live, look, tripwire out. It only goes out when a look has seen every arriving file live.
    async fn forward(&mut self, looked: &Looked) -> Result<()> {
        if looked.tally().staged == 0 {
            return self.tripwire_out(looked).await;
        }
        self.bring_staged(looked).await
    }

    /// V → parked, then K and K+ → live, then a look, then the tripwire out.
    async fn back(&mut self, looked: &Looked) -> Result<()> {
        self.park_visible(looked).await?;
        self.bring_kept(looked).await?;
        let looked = self.look().await?;
        let tally = looked.tally();
        if tally.kept + tally.kept_changed + tally.visible == 0 {
            self.tripwire_out(&looked).await?;
        }
        Ok(())
    }

    /// Row 3: from now on it is known that somebody emptied the directory.
    async fn note_emptied(&mut self, looked: &Looked) -> Result<()> {
        let Some(open) = &looked.open else { return Err(no_intent()) };
        if !looked.facts.emptied {
            self.write_file(&Parked::Emptied(open.number), Vec::new()).await?;
            self.hold().sync().await?;
        }
        self.park_visible(looked).await?;
        let looked = self.look().await?;
        let Some(open) = &looked.open else { return Err(no_intent()) };
        if looked.facts.directory == Directory::Same && open.sight.newcomers.is_empty() {
            self.tripwire_again(&looked).await?;
        }
        Ok(())
    }

    /// Removes what the run wrote, then the intent; nothing of it was ever live.
    pub(super) async fn remove_staging(&mut self, looked: &Looked) -> Result<()> {
        let staged: Vec<String> = match &looked.open {
            None => looked.files.kept.keys().cloned().collect(),
            Some(open) => {
                let ours = open.intent.arriving.iter().filter(|file| looked.files.kept.contains_key(&file.name));
                ours.map(|file| file.name.clone()).collect()
            }
        };
        for name in staged {
            self.hold().remove_parked(&crate::ledger::kept_name(&name)).await?;
        }
        for scratch in &looked.files.scratch {
            self.hold().remove_parked(&Parked::Scratch(scratch.clone()).to_string()).await?;
        }
        self.hold().sync().await?;
        for number in &looked.files.intents {
            self.hold().remove_parked(&Parked::Intent(*number).to_string()).await?;
        }
        self.hold().sync().await?;
        for number in &looked.files.trips {
            self.hold().remove_parked(&Parked::Trip(*number).to_string()).await?;
        }
        self.intent = None;
        Ok(())
    }
}

/// What a target is when an exchange of this kind took effect.
pub(super) fn done_state(kind: ExchangeKind) -> TargetState {
    match kind {
        ExchangeKind::Compact => TargetState::Replaced,
        ExchangeKind::Rollback => TargetState::RolledBack,
        ExchangeKind::TakeBack => TargetState::Changed,
    }
}

fn no_intent() -> Error {
    Error::new(Code::Internal, "the table asks for an intent where none is open")
}
