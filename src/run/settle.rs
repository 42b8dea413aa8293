//! Step 9: one more look, without a lease, at the files that left. One that grew had an open writer: the target is
//! taken back by an exchange of its own, with the lengths of now, so that no row is lost.

use crate::error::{Code, Error, Reason, Result};
use crate::ledger::holding::{Effect, Holding};
use crate::ledger::intent::{ExchangeKind, Moving};
use crate::ledger::listing;
use crate::ledger::names::EpochName;
use crate::ledger::place::{EpochFiles, place_of, read_shares};
use crate::ledger::sight::{InState, Live};
use crate::model::{RunId, RunKind, StorePath, TargetId, TargetState};
use crate::store::Entry;

use super::Context;
use super::conclude::Conclusion;
use super::exchange::Exchange;
use super::lease::{Lease, Tenant};

/// Looks at the backup of a run; what became of the target if that showed an open writer.
pub(super) async fn settle(
    context: &Context,
    run: &RunId,
    id: &TargetId,
    location: &StorePath,
) -> Result<Option<Conclusion>> {
    let place = place_of(context.store.as_ref(), &context.root, location)?;
    let shares = read_shares(context.store.as_ref(), &place).await?;
    let Some(epoch) = shares.resting().find(|epoch| epoch.run == *run) else { return Ok(None) };
    if !look(context, &place, epoch, location).await?.has_grown() {
        return Ok(None);
    }
    let tenant = Tenant { run: run.clone(), kind: RunKind::Compact, id: id.clone(), location: location.clone() };
    let lease = Lease::take(context, tenant, epoch).await?;
    Ok(Some(take_back(lease).await))
}

/// Reads both sides of an epoch at rest.
pub(super) async fn look(
    context: &Context,
    place: &StorePath,
    epoch: &EpochName,
    location: &StorePath,
) -> Result<Holding> {
    let store = context.store.as_ref();
    let path = place.join(&epoch.to_string());
    let parked = listing::agreed(path.as_str(), || store.list(&path)).await?;
    let live = match listing::agreed(location.as_str(), || store.list(location)).await {
        Err(error) if error.code() == Code::NotFound => Vec::new(),
        other => other?,
    };
    Holding::read(store, &path, &EpochFiles::of(&parked), &Live::of(live)).await
}

/// Takes an exchange back because a file that left has grown.
pub(super) async fn take_back(mut lease: Lease) -> Conclusion {
    let exchange = match reversal(&mut lease).await {
        Ok(exchange) => exchange,
        Err(error) => {
            let reason = Reason::new(
                Code::NeedsDecision,
                format!("a file that was being written grew after it had left, and the new files changed too: {error}"),
            );
            let _ = lease.rest().await;
            return Conclusion::of(TargetState::NeedsDecision, Some(reason));
        }
    };
    match lease.exchange(exchange).await {
        Ok(exchanged) => {
            let conclusion = lease.conclude(exchanged).await;
            if conclusion.state == TargetState::Changed {
                let text = "a file was still being written when it left; the target was taken back, no row is lost";
                return Conclusion::of(TargetState::Changed, Some(Reason::new(Code::OpenWriters, text)));
            }
            conclusion
        }
        Err(error) => lease.give_up(error).await,
    }
}

async fn reversal(lease: &mut Lease) -> Result<Exchange> {
    let looked = lease.look().await?;
    let holding = Holding::read(lease.context.store.as_ref(), &lease.path(), &looked.files, &looked.live).await?;
    reverse(&holding, &looked.files, ExchangeKind::TakeBack)
}

/// The exchange that undoes another: what arrived leaves, what left comes back as it is now.
pub(super) fn reverse(holding: &Holding, files: &EpochFiles, kind: ExchangeKind) -> Result<Exchange> {
    if holding.effect != Effect::Done {
        return Err(Error::new(Code::NotRollbackable, "the exchange did not take place, or its backup is gone"));
    }
    let intent = &holding.intent;
    let arrived = intent.arriving.iter().zip(&holding.sight.arriving).map(|(file, state)| match state {
        InState::Visible(name) => {
            Ok(Moving { live: Some(name.clone()).filter(|name| *name != file.name), ..file.clone() })
        }
        _ => Err(Error::new(Code::NotRollbackable, format!("{} is no longer as the run left it", file.live_name()))),
    });
    let out = arrived.collect::<Result<Vec<Moving>>>()?;
    let back = intent.out.iter().map(|file| match files.kept.get(&file.name) {
        Some(now) => as_now(file, now),
        None => Err(Error::new(Code::NotRollbackable, format!("{} is gone from the backup", file.name))),
    });
    let arriving = back.collect::<Result<Vec<Moving>>>()?;
    let mut account = intent.account.clone();
    std::mem::swap(&mut account.files_before, &mut account.files_after);
    std::mem::swap(&mut account.bytes_before, &mut account.bytes_after);
    "none".clone_into(&mut account.verified);
    Ok(Exchange { kind, frame: intent.frame.clone(), identity: intent.identity.clone(), out, arriving, account })
}

/// A kept file as it comes back. One that an open writer made longer comes with what was added; one that is shorter
/// is not what left.
fn as_now(file: &Moving, now: &Entry) -> Result<Moving> {
    if now.length < file.length {
        return Err(Error::new(Code::NotRollbackable, format!("{} in the backup is shorter than it was", file.name)));
    }
    Ok(Moving {
        live: None,
        length: now.length,
        modified: now.modified,
        digest: file.digest.clone().filter(|_| file.is(now)),
        ..file.clone()
    })
}
