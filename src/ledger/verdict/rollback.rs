//! The preview of a rollback.

use futures::FutureExt;

use crate::error::Result;
use crate::ledger::Ledger;
use crate::ledger::holding::Holding;
use crate::ledger::judge;
use crate::ledger::parallel::try_each;
use crate::ledger::place::read_shares;
use crate::ledger::share::{Share, shares_of};
use crate::model::{RunId, Scope};

use super::{AT_A_TIME, TargetVerdict, Verdict, in_hands, live_side, refused};

/// What a rollback of `of` would do: one verdict for each target of which something is kept.
pub async fn rollback(ledger: &Ledger, of: &RunId, scope: &Scope) -> Result<Vec<TargetVerdict>> {
    let (_, shares) = shares_of(ledger, of, scope).await?;
    try_each(shares.len(), AT_A_TIME, |at| judge_share(ledger, of, &shares[at]).boxed()).await
}

async fn judge_share(ledger: &Ledger, of: &RunId, share: &Share) -> Result<TargetVerdict> {
    if !share.epoch.is_rest() {
        return Ok(TargetVerdict::of(share, refused(&in_hands(share))));
    }
    let (live, _) = live_side(ledger, &share.location).await?;
    let store = ledger.store.as_ref();
    let holding = match Holding::read(store, &share.path(), &share.files, &live).await {
        Ok(holding) => holding,
        Err(error) => return Ok(TargetVerdict::of(share, refused(&error))),
    };
    let shares = read_shares(store, &share.place).await?;
    let judged = match judge::neighbours(store, &share.place, &shares, &share.epoch.run).await {
        Ok(neighbours) => judge::rollback(of, &holding, &neighbours, &live),
        Err(error) => Err(error),
    };
    let verdict = match judged {
        Ok(()) => Verdict::Ready(text(&holding)),
        Err(error) => refused(&error),
    };
    Ok(TargetVerdict::of(share, verdict).with(&holding))
}

fn text(holding: &Holding) -> String {
    match holding.sight.newcomers.len() {
        0 => "ready".to_owned(),
        new => format!("ready, {new} stay"),
    }
}
