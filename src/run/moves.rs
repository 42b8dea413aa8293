//! The renames of an exchange, and its tripwire. Many at a time; every one is answered before anything else is done.

use crate::error::{Code, Error, Result};
use crate::ledger::intent::{Intent, Moving};
use crate::ledger::kept_name;
use crate::ledger::names::Parked;
use crate::ledger::parallel::each;
use crate::ledger::sight::{InState, OutState};
use crate::plan;

use super::lease::Lease;
use super::look::{Looked, Open};

/// Renames in flight.
const AT_A_TIME: usize = 16;

/// One rename between the two sides.
#[derive(Clone, Debug)]
pub(super) enum Move {
    /// From the target to the epoch.
    Out { live: String, parked: String },
    /// From the epoch to the target.
    In { parked: String, live: String },
}

impl Lease {
    /// Does all of them. An unknown outcome is told before any other error, since it asks for a fence.
    pub(super) async fn all(&self, moves: Vec<Move>) -> Result<()> {
        if moves.is_empty() {
            return Ok(());
        }
        let hold = self.hold();
        let one = |at: usize| match &moves[at] {
            Move::Out { live, parked } => hold.out(live, parked),
            Move::In { parked, live } => hold.bring_in(parked, live),
        };
        let answers: Vec<Result<()>> = each(moves.len(), AT_A_TIME, one).await;
        let mut worst: Option<Error> = None;
        for error in answers.into_iter().filter_map(Result::err) {
            if worst.as_ref().is_none_or(|worst| error.is_unknown_outcome() && !worst.is_unknown_outcome()) {
                worst = Some(error);
            }
        }
        match worst {
            Some(error) => Err(error),
            None => hold.sync().await,
        }
    }

    /// S → live.
    pub(super) async fn bring_staged(&self, looked: &Looked) -> Result<()> {
        let Some(open) = &looked.open else { return Ok(()) };
        let staged = open.pairs_in().filter(|(_, state)| **state == InState::Staged);
        let moves =
            staged.map(|(file, _)| Move::In { parked: file.kept_name(), live: file.live_name().to_owned() }).collect();
        self.all(moves).await
    }

    /// V → parked.
    pub(super) async fn park_visible(&self, looked: &Looked) -> Result<()> {
        let Some(open) = &looked.open else { return Ok(()) };
        let visible = open.pairs_in().filter_map(|(file, state)| match state {
            InState::Visible(live) => Some(Move::Out { live: live.clone(), parked: file.kept_name() }),
            _ => None,
        });
        self.all(visible.collect()).await
    }

    /// K, K+ → live, each under its name, or where that is taken under its other one.
    pub(super) async fn bring_kept(&self, looked: &Looked) -> Result<()> {
        let Some(open) = &looked.open else { return Ok(()) };
        let kept = open.pairs_out().filter(|(_, state)| matches!(state, OutState::Kept | OutState::KeptChanged));
        let mut moves = Vec::new();
        for (file, _) in kept {
            moves.push(Move::In { parked: file.kept_name(), live: free_name(&open.intent, file, looked)? });
        }
        self.all(moves).await
    }

    /// The tripwire goes out, after standing long enough for whoever lists in pages.
    pub(super) async fn tripwire_out(&mut self, looked: &Looked) -> Result<()> {
        let Some(open) = &looked.open else { return Ok(()) };
        let name = open.intent.tripwire();
        if looked.live.get(&name).is_none() {
            return Ok(());
        }
        self.linger().await;
        let rest = Parked::Trip(open.number).to_string();
        if looked.files.trips.contains(&open.number) {
            // A copy of it lies here already: it says nothing that the live one does not.
            self.hold().remove_parked(&rest).await?;
        }
        self.hold().out(&name, &rest).await?;
        self.hold().sync().await
    }

    /// The tripwire comes in.
    pub(super) async fn tripwire_in(&self, intent: &Intent, number: u64) -> Result<()> {
        self.hold().bring_in(&Parked::Trip(number).to_string(), &intent.tripwire()).await?;
        self.hold().sync().await
    }

    /// Row 3: a tripwire stands again, a new one where the old was deleted.
    pub(super) async fn tripwire_again(&self, looked: &Looked) -> Result<()> {
        let Some(Open { number, intent, .. }) = &looked.open else { return Ok(()) };
        if looked.live.get(&intent.tripwire()).is_some() {
            return Ok(());
        }
        if !looked.files.trips.contains(number) {
            self.write_file(&Parked::Trip(*number), tripwire_text(intent).into_bytes()).await?;
            self.hold().sync().await?;
        }
        self.tripwire_in(intent, *number).await
    }

    /// The tripwire stands, so that readers that are slow meet it.
    pub(super) async fn linger(&self) {
        self.context.clock.pause(plan::linger(self.paged, self.listing_took)).await;
    }
}

impl Open {
    /// The files of `out` with their states.
    pub(super) fn pairs_out(&self) -> impl Iterator<Item = (&Moving, &OutState)> {
        self.intent.out.iter().zip(&self.sight.out)
    }

    /// The files of `in` with their states.
    pub(super) fn pairs_in(&self) -> impl Iterator<Item = (&Moving, &InState)> {
        self.intent.arriving.iter().zip(&self.sight.arriving)
    }
}

fn free_name(intent: &Intent, file: &Moving, looked: &Looked) -> Result<String> {
    let names = [file.live_name().to_owned(), file.name.clone(), intent.back_name(file)];
    names.into_iter().find(|name| looked.live.get(name).is_none()).ok_or_else(|| {
        Error::new(Code::NeedsDecision, format!("{} cannot come back", file.name))
            .why(format!("its name and {} are both taken", intent.back_name(file)))
            .lake(format!("it stays kept aside as {}", kept_name(&file.name)))
            .next("move one of the two away, then recover again")
    })
}

/// What a reader that stumbles over the tripwire is told.
pub(super) fn tripwire_text(intent: &Intent) -> String {
    format!(
        "This is no data file. lakehand is exchanging the files of this directory, so that for a moment rows are\n\
         missing here. Queries fail on this file instead of counting wrong. Run the query again in a few seconds.\n\
         \n\
         If this file stays for minutes, the run died. Do not delete it; recover the run, which finishes or undoes\n\
         the exchange without losing a row:\n\
         \n    lakehand recover {}\n\n\
         run {}, target {}, by {} at {}\n",
        intent.run.suffix(),
        intent.run,
        crate::model::clean(&intent.target.to_string()),
        intent.actor.named(),
        intent.at.format("%Y-%m-%d %H:%M:%S UTC")
    )
}
