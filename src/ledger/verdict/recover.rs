//! The preview of a recovery: what lies where, and the one proposal for each unfinished target.

use futures::FutureExt;

use crate::error::{Code, Reason, Result};
use crate::ledger::Ledger;
use crate::ledger::classify::{Action, Closing, Facts, Tally, Tripwire, classify};
use crate::ledger::index;
use crate::ledger::life::{Life, SILENCE};
use crate::ledger::parallel::try_each;
use crate::ledger::presence;
use crate::ledger::share::{Share, places_of, read_all};
use crate::ledger::sight::Sight;
use crate::model::{RunId, Scope};

use super::{AT_A_TIME, TargetVerdict, Verdict, in_hands, live_side, refused};

/// What a recovery of `of`, or of every unfinished run, would do.
pub async fn recover(ledger: &Ledger, of: Option<&RunId>, scope: &Scope) -> Result<Vec<TargetVerdict>> {
    let shares = unfinished(ledger, of, scope).await?;
    try_each(shares.len(), AT_A_TIME, |at| judge_share(ledger, &shares[at]).boxed()).await
}

/// The epochs that are not at rest: of the run itself, those in which it acts, and unsigned ones in what it acts on.
pub async fn unfinished(ledger: &Ledger, of: Option<&RunId>, scope: &Scope) -> Result<Vec<Share>> {
    let plan = match of {
        Some(run) => index::known_plan(ledger.store.as_ref(), &ledger.index, run).await?,
        None => None,
    };
    let acts_on = plan.as_ref().and_then(|plan| plan.of.clone());
    let places = places_of(ledger, plan.as_ref()).await?;
    let shares = read_all(ledger, &places, |epoch| !epoch.is_rest()).await?;
    let meant = |share: &Share| match of {
        None => true,
        Some(run) => {
            let unsigned = share.owner.is_none() && Some(&share.epoch.run) == acts_on.as_ref();
            share.last_run() == run || share.epoch.run == *run || unsigned
        }
    };
    Ok(shares.into_iter().filter(|share| meant(share) && scope.contains(&share.id)).collect())
}

async fn judge_share(ledger: &Ledger, share: &Share) -> Result<TargetVerdict> {
    let life = share.owner.as_ref().map_or(Life::Unknown, |owner| ledger.processes.life(&owner.actor));
    if life == Life::Alive {
        return Ok(TargetVerdict::of(share, refused(&in_hands(share).context("its worker is alive"))));
    }
    let intent = match &share.last {
        Some(Err(error)) if error.is_retryable() => {
            return Ok(TargetVerdict::of(share, refused(error)));
        }
        Some(Err(error)) => {
            let reason = Reason::new(Code::DamagedRecord, error.to_string());
            return Ok(TargetVerdict::of(share, Verdict::Decide(reason)));
        }
        Some(Ok((number, intent))) if share.files.open() == Some(*number) => Some((*number, intent)),
        _ => None,
    };
    let (live, _) = live_side(ledger, &share.location).await?;
    let sight = intent.map(|(number, intent)| Sight::of(intent, number, &live, &share.files));
    let facts = Facts {
        epoch: true,
        directory: presence::directory(ledger.store.as_ref(), &share.location, intent.map(|(_, intent)| intent))
            .await?,
        open: sight.as_ref().map(Sight::tally),
        first: intent.is_some_and(|(number, _)| number == 1),
        done: !share.files.dones.is_empty(),
        tripwire: sight.as_ref().map_or(Tripwire::Rest, |sight| sight.tripwire),
        emptied: intent.is_some_and(|(number, _)| share.files.emptied.contains(&number)),
    };
    let verdict = match proposal(&facts) {
        // Only its silence can prove that it is dead.
        Verdict::Ready(text) if life == Life::Unknown && !ledger.store.capabilities().locks => {
            Verdict::Ready(format!("once it gave no sign of life for {} s: {text}", SILENCE.as_secs()))
        }
        verdict => verdict,
    };
    let mut judged = TargetVerdict::of(share, verdict);
    if let (Some(sight), Some((_, intent))) = (&sight, intent) {
        let tally = sight.tally();
        judged.live_expected = intent.arriving.len() as u64;
        judged.live_files = tally.visible;
        judged.newer_files = sight.newcomers.len() as u64;
        judged.newer_bytes = sight.newcomers.iter().map(|seen| seen.length).sum();
    }
    Ok(judged)
}

fn proposal(facts: &Facts) -> Verdict {
    let tally = facts.open.unwrap_or_default();
    let Tally { live, kept, kept_changed, visible, staged, .. } = tally;
    let away = kept + kept_changed;
    let text = match classify(facts).action {
        Action::Nothing(_) => "nothing is left to do".to_owned(),
        Action::RemoveStaging => "take back: nothing had been exchanged, the new files are removed".to_owned(),
        Action::Rest => "finish: the exchange had ended, its backup is put away".to_owned(),
        Action::Withdraw(_) => format!("take back: all {live} old files are live, the new ones are removed"),
        Action::Close(Closing::Ended { .. }) => "finish: the exchange had ended, its record is closed".to_owned(),
        Action::Close(Closing::NotDone(_)) => "take back: nothing had left, its record is closed".to_owned(),
        Action::Close(Closing::Superseded) => "close: somebody replaced the directory since".to_owned(),
        Action::Forward => format!("finish: {visible} new files are live, {staged} more come in"),
        Action::Back => format!("take back: {away} files come back, {live} are still live"),
        Action::Emptied => return decide(crate::ledger::classify::Why::Emptied),
        Action::Decide(why) => return decide(why),
    };
    Verdict::Ready(text)
}

fn decide(why: crate::ledger::classify::Why) -> Verdict {
    let text = format!("{}; --decide keep: what is live stays; --decide restore: the originals come back", why.found());
    Verdict::Decide(Reason::new(Code::NeedsDecision, text))
}
