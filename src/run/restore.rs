//! `restore RUN --to DIR`: copies what a run keeps aside into a new directory, for a person to look at. Neither side of
//! the exchange is touched.

use futures::FutureExt;

use crate::error::{Code, Error, Result};
use crate::ledger::share::{Share, shares_of};
use crate::model::{Attributes, Owner, RunId, RunKind, Scope, Step, StorePath, TargetOutcome, TargetState};
use crate::store::EntryKind;

use super::Context;
use super::conclude::Conclusion;
use super::lease::Lease;
use super::sweep::{Sweep, outcome};

/// The bytes of one read.
const CHUNK: usize = 1 << 20;
/// What is copied aside is for whoever asked.
const DIRECTORY_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;

/// Copies the kept files of a run aside.
pub(super) async fn execute(
    context: &Context,
    run: &RunId,
    of: RunId,
    scope: Scope,
    to: StorePath,
) -> Result<Vec<TargetOutcome>> {
    if to.below(&context.root).is_some() {
        return Err(Error::new(Code::NotRestorable, format!("{to} lies inside the lake"))
            .why("copies of data there would be read as data")
            .next("give a directory outside of it"));
    }
    let (_, shares) = shares_of(&context.ledger(), &of, &scope).await?;
    if shares.iter().all(|share| share.files.kept.is_empty()) {
        return Err(Error::new(Code::NotRestorable, format!("run {of} keeps no files")).lake("nothing was changed"));
    }
    let sweep = Sweep::begin(context, run, RunKind::Restore, Some(of), scope, &shares).await?;
    context.store.make_dir(&to, &ours(DIRECTORY_MODE)).await.map_err(|error| match error.code() {
        Code::AlreadyExists => Error::new(Code::NotRestorable, format!("{to} is there already"))
            .next("give a directory that does not exist yet"),
        _ => error.context(format!("{to} could not be made")),
    })?;
    Ok(sweep.each(&shares, |index, share| target(&sweep, index, share, &to).boxed()).await)
}

fn ours(mode: u32) -> Attributes {
    Attributes { owner: Owner::default(), mode, ..Attributes::default() }
}

async fn target(sweep: &Sweep, index: usize, share: &Share, to: &StorePath) -> TargetOutcome {
    sweep.reporter.step(index, Step::Lease);
    let tenant = sweep.tenant(share);
    let lease = if share.epoch.is_rest() {
        Lease::take(&sweep.context, tenant, &share.epoch).await
    } else {
        Lease::take_over(&sweep.context, tenant, &share.epoch).await
    };
    let lease = match lease {
        Ok(lease) => lease,
        Err(error) => return outcome(share, Conclusion::failed(&error)),
    };
    sweep.reporter.step(index, Step::Write);
    let copied = copy(&lease, share, to).await;
    // One that needs a decision keeps its open intent, and so does not go to rest.
    let put_back = if share.epoch.is_rest() { lease.rest().await } else { Ok(()) };
    match copied.and(put_back) {
        Ok(()) => outcome(share, Conclusion::of(TargetState::Restored, None)),
        Err(error) => outcome(share, Conclusion::failed(&error)),
    }
}

async fn copy(lease: &Lease, share: &Share, to: &StorePath) -> Result<()> {
    let store = &lease.context.store;
    let mut directory = to.clone();
    let id = &share.id;
    let partition = id.partition.as_deref().unwrap_or_default();
    for part in [id.database.as_str(), id.table.as_str()].into_iter().chain(partition.split('/')) {
        if part.is_empty() {
            continue;
        }
        directory = StorePath::new(format!("{directory}/{part}"))?;
        match store.make_dir(&directory, &ours(DIRECTORY_MODE)).await {
            Err(error) if error.code() != Code::AlreadyExists => return Err(error),
            _ => {}
        }
    }
    for (name, entry) in lease.list_epoch().await?.kept {
        if entry.kind == EntryKind::File {
            copy_file(lease, &crate::ledger::kept_name(&name), &directory.join(&name)).await?;
        }
    }
    store.sync_dir(&directory).await
}

async fn copy_file(lease: &Lease, kept: &str, to: &StorePath) -> Result<()> {
    let store = &lease.context.store;
    let path = lease.path().join(kept);
    let modified = store.stat(&path).await?.map(|entry| entry.modified);
    let from = lease.context.contents().open(&path).await?;
    let mut copy = store.create(to).await?;
    let mut offset = 0;
    while offset < from.length().0 {
        let length = usize::try_from(from.length().0 - offset).unwrap_or(CHUNK).min(CHUNK);
        let bytes = from.read_at(offset, length).await?;
        lease.context.writes(bytes.len()).await?;
        copy.write(bytes).await?;
        offset += length as u64;
    }
    copy.finish(&ours(FILE_MODE), modified).await
}
