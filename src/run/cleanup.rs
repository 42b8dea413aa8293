//! Cleanup, the only act that destroys (PROTOCOL §6): under the lease every parked file must be what the last exchange
//! says, and what it stands for is read in full. Then one rename, and the deletion of what that names. Whoever finds a
//! half deleted one finishes it.

use std::time::Duration;

use futures::FutureExt;

use crate::error::{Code, Error, Result};
use crate::ledger::holding::Holding;
use crate::ledger::judge;
use crate::ledger::names::{GoneName, Stand};
use crate::ledger::place::read_shares;
use crate::ledger::share::{Share, shares_of};
use crate::ledger::verdict::no_trash;
use crate::model::{KnownFile, RunId, RunKind, Scope, Size, Step, StorePath, TargetOutcome, TargetState, clean};
use crate::store::{self, Entry, EntryKind};

use super::Context;
use super::conclude::Conclusion;
use super::lease::Lease;
use super::places;
use super::rewrite::digest_of;
use super::sweep::{Sweep, outcome};

/// What a person agreed to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    pub minimum_age: Duration,
    pub skip_trash: bool,
}

/// Deletes the backups of a run.
pub(super) async fn execute(
    context: &Context,
    run: &RunId,
    of: RunId,
    scope: Scope,
    terms: Terms,
) -> Result<Vec<TargetOutcome>> {
    if !context.store.capabilities().trash && !terms.skip_trash {
        return Err(no_trash().lake("nothing was deleted"));
    }
    let (_, shares) = shares_of(&context.ledger(), &of, &scope).await?;
    if shares.is_empty() {
        return Err(Error::new(Code::NotCleanable, format!("run {of} keeps no backup"))
            .why("it was deleted already, or the run never replaced anything")
            .lake("nothing was deleted"));
    }
    let sweep = Sweep::begin(context, run, RunKind::Cleanup, Some(of.clone()), scope, &shares).await?;
    if !terms.skip_trash && context.store.capabilities().trash {
        sweep.note_trash().await;
    }
    Ok(sweep.each(&shares, |index, share| target(&sweep, &of, index, share, terms).boxed()).await)
}

async fn target(sweep: &Sweep, of: &RunId, index: usize, share: &Share, terms: Terms) -> TargetOutcome {
    sweep.reporter.step(index, Step::Lease);
    let mut lease = match Lease::take(&sweep.context, sweep.tenant(share), &share.epoch).await {
        Ok(lease) => lease,
        Err(error) => return outcome(share, Conclusion::failed(&error)),
    };
    sweep.reporter.step(index, Step::Verify);
    let holding = match check(of, &mut lease, terms).await {
        Ok(holding) => holding,
        Err(error) => return outcome(share, lease.give_up(error).await),
    };
    sweep.reporter.step(index, Step::Settle);
    let mut outcome = outcome(share, Conclusion::of(TargetState::Cleaned, None));
    outcome.files_before = outcome.files_after.saturating_add(holding.kept_files);
    outcome.bytes_before = outcome.bytes_after + holding.kept_bytes;
    match delete(lease, terms.skip_trash).await {
        Ok(()) => outcome,
        Err(error) => super::compact::ended(outcome, Conclusion::failed(&error)),
    }
}

/// Everything that must hold before the first delete.
async fn check(of: &RunId, lease: &mut Lease, terms: Terms) -> Result<Holding> {
    let looked = lease.look().await?;
    let store = lease.context.store.as_ref();
    let holding = Holding::read(store, &lease.path(), &looked.files, &looked.live).await?;
    let shares = read_shares(store, &lease.place).await?;
    let neighbours = judge::neighbours(store, &lease.place, &shares, &lease.name.run).await?;
    let least = store.capabilities().writer_limit;
    let (age, now) = (terms.minimum_age.max(least), lease.context.clock.now());
    judge::cleanup(of, &holding, &looked.files, &neighbours, !lease.has_target, age, now)?;
    for (file, found) in holding.live_side() {
        if let Some(name) = found {
            read_in_full(lease, name, file.length, file.digest.as_deref()).await?;
        }
    }
    Ok(holding)
}

/// Reads a live file to its end; an output must have the bytes that were verified, any other must at least be whole.
async fn read_in_full(lease: &Lease, name: &str, length: Size, digest: Option<&str>) -> Result<()> {
    let store = lease.context.store.as_ref();
    let path = lease.tenant.location.join(name);
    let damaged = |why: String| {
        Error::new(Code::NotCleanable, format!("{} is damaged: the backup is needed", clean(name)))
            .why(why)
            .lake("nothing was deleted")
            .next("roll the run back")
    };
    let contents = lease.context.contents();
    let found = digest_of(contents.as_ref(), &path)
        .await
        .map_err(|error| if error.code() == Code::Interrupted { error } else { damaged(error.to_string()) })?;
    match digest {
        Some(digest) if digest != found => Err(damaged("its bytes are not those that were verified".to_owned())),
        Some(_) => Ok(()),
        None if name.starts_with(['_', '.']) || length == Size(0) => Ok(()),
        None => {
            let entry = store.stat(&path).await?.ok_or_else(|| damaged("it vanished".to_owned()))?;
            let file = KnownFile { name: name.to_owned(), length, modified: entry.modified };
            lease
                .context
                .rewriter
                .group_key(contents.as_ref(), &lease.tenant.location, &file)
                .await
                .map(drop)
                .map_err(|error| if error.code() == Code::Interrupted { error } else { damaged(error.to_string()) })
        }
    }
}

/// One rename, then the deletion of what it named.
async fn delete(lease: Lease, skip_trash: bool) -> Result<()> {
    let context = lease.context.clone();
    let Stand::Acting(nonce) = lease.name.stand.clone() else {
        return Err(Error::new(Code::Internal, "the epoch that is deleted is at rest"));
    };
    let gone = GoneName { run: lease.name.run.clone(), nonce };
    lease.still_ours().await?;
    let path = lease.place.join(&gone.to_string());
    match context.store.rename(&lease.path(), &path).await {
        Ok(()) => {}
        Err(error) if error.is_unknown_outcome() && context.store.stat(&path).await?.is_some() => {}
        Err(error) => return Err(error.context("the backup could not be set aside for deletion")),
    }
    context.store.sync_dir(&lease.place).await?;
    finish(&context, &path, skip_trash).await?;
    let place = lease.place.clone();
    drop(lease);
    places::tidy(&context, &place).await;
    Ok(())
}

/// Deletes a share that was set aside: through the trash where there is one.
pub(super) async fn finish(context: &Context, gone: &StorePath, skip_trash: bool) -> Result<()> {
    match destroy(context, gone, skip_trash).await {
        Err(error) if error.is_unknown_outcome() && context.store.stat(gone).await?.is_none() => Ok(()),
        other => other,
    }
}

async fn destroy(context: &Context, gone: &StorePath, skip_trash: bool) -> Result<()> {
    if !skip_trash && context.store.capabilities().trash {
        return match context.store.trash(gone).await? {
            Some(_) => Ok(()),
            // Deleting for good would be another answer than the one that was given.
            None => Err(no_trash().lake(format!("{gone} is still there"))),
        };
    }
    let listing = match context.store.list(gone).await {
        Ok(listing) => store::collect(listing).await?,
        Err(error) if error.code() == Code::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in &listing {
        remove(context, gone, entry).await?;
    }
    context.store.remove_dir(gone).await?;
    Ok(())
}

async fn remove(context: &Context, gone: &StorePath, entry: &Entry) -> Result<()> {
    match (entry.name.text(), entry.kind) {
        (Some(name), EntryKind::File) => context.store.remove_file(&gone.join(name)).await.map(drop),
        _ => Err(Error::new(Code::NotCleanable, format!("{gone} holds something that is not ours"))
            .why(clean(&entry.name.shown()).into_owned())),
    }
}

/// Finishes every half deleted share of a place.
pub(super) async fn finish_all(context: &Context, place: &StorePath) -> Result<u64> {
    let shares = read_shares(context.store.as_ref(), place).await?;
    for gone in &shares.gone {
        finish(context, &place.join(&gone.to_string()), false).await?;
    }
    if !shares.gone.is_empty() {
        places::tidy(context, place).await;
    }
    Ok(shares.gone.len() as u64)
}
