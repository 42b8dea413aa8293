//! The preview of a cleanup.

use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::FutureExt;

use crate::error::{Code, Error, Result};
use crate::ledger::Ledger;
use crate::ledger::holding::Holding;
use crate::ledger::judge;
use crate::ledger::parallel::try_each;
use crate::ledger::place::read_shares;
use crate::ledger::share::{Share, shares_of};
use crate::model::{RunId, Scope};

use super::{AT_A_TIME, TargetVerdict, Verdict, in_hands, live_side, refused};

/// What a cleanup of `of` would do at this time.
pub async fn cleanup(
    ledger: &Ledger,
    of: &RunId,
    scope: &Scope,
    minimum_age: Duration,
    skip_trash: bool,
    now: DateTime<Utc>,
) -> Result<Vec<TargetVerdict>> {
    let (_, shares) = shares_of(ledger, of, scope).await?;
    let trash = ledger.store.capabilities().trash;
    let minimum_age = minimum_age.max(ledger.store.capabilities().writer_limit);
    let judge = |at: usize| judge_share(ledger, of, &shares[at], minimum_age, now).boxed();
    let mut verdicts = try_each(shares.len(), AT_A_TIME, judge).await?;
    for verdict in verdicts.iter_mut().filter(|verdict| matches!(verdict.verdict, Verdict::Ready(_))) {
        if !trash && !skip_trash {
            verdict.verdict = refused(&no_trash());
        }
    }
    Ok(verdicts)
}

/// Deleting for good is a question of its own where there is no trash.
pub fn no_trash() -> Error {
    Error::new(Code::NoTrash, "there is no trash here: what is deleted is gone at once")
        .next("give --skip-trash, if you are sure")
}

async fn judge_share(
    ledger: &Ledger,
    of: &RunId,
    share: &Share,
    minimum_age: Duration,
    now: DateTime<Utc>,
) -> Result<TargetVerdict> {
    if !share.epoch.is_rest() {
        return Ok(TargetVerdict::of(share, refused(&in_hands(share))));
    }
    let (live, gone) = live_side(ledger, &share.location).await?;
    let store = ledger.store.as_ref();
    let holding = match Holding::read(store, &share.path(), &share.files, &live).await {
        Ok(holding) => holding,
        Err(error) => return Ok(TargetVerdict::of(share, refused(&error))),
    };
    let shares = read_shares(store, &share.place).await?;
    let judged = match judge::neighbours(store, &share.place, &shares, &share.epoch.run).await {
        Ok(neighbours) => judge::cleanup(of, &holding, &share.files, &neighbours, gone, minimum_age, now),
        Err(error) => Err(error),
    };
    let verdict = match judged {
        Ok(()) => Verdict::Ready("ready".to_owned()),
        Err(error) => refused(&error),
    };
    Ok(TargetVerdict::of(share, verdict).with(&holding))
}
