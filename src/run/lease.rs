//! The lease of one target (PROTOCOL §3): an epoch directory under a name that only we have, held together with the
//! target. Every act on live data goes through it. Whoever loses the name has been taken over and touches nothing more.

use std::sync::Arc;
use std::time::Duration;

use crate::error::{Code, Error, Result};
use crate::ledger::intent::{Intent, Owner};
use crate::ledger::names::{EpochName, Parked};
use crate::ledger::place::{self, EpochFiles, Shares};
use crate::ledger::record;
use crate::ledger::sight::Live;
use crate::ledger::{listing, place::read_shares};
use crate::model::{Attributes, Nonce, RunId, RunKind, StorePath, TargetId};
use crate::store::{EntryKind, Hold, Read, Write};

use super::Context;
use super::heartbeat::{self, Heartbeat};
use super::places;

const FENCES: usize = 4;
/// On a store of other hosts, whose server may be away for minutes.
const REMOTE_FENCES: usize = 60;
const FENCE_PAUSE: Duration = Duration::from_secs(5);

/// For whom a lease is taken.
#[derive(Clone, Debug)]
pub(super) struct Tenant {
    /// The run that acts.
    pub run: RunId,
    /// What it does.
    pub kind: RunKind,
    /// The target.
    pub id: TargetId,
    /// Its directory.
    pub location: StorePath,
}

/// A target in our hands.
#[derive(Debug)]
pub(super) struct Lease {
    pub(super) context: Context,
    pub(super) tenant: Tenant,
    pub(super) place: StorePath,
    pub(super) name: EpochName,
    /// Whether the target's directory was there when the lease was taken.
    pub(super) has_target: bool,
    /// The rights of records and tripwires.
    pub(super) attributes: Attributes,
    /// How long the last listing of the target took, for the linger.
    pub(super) listing_took: Duration,
    /// Others may have got one of our listings in several pages.
    pub(super) paged: bool,
    /// The open intent, once it was read or written.
    pub(super) intent: Option<(u64, Arc<Intent>)>,
    hold: Arc<dyn Hold>,
    heartbeat: Heartbeat,
}

/// Draws a nonce.
pub(super) fn nonce(context: &Context) -> Result<Nonce> {
    context.random.bits().map(Nonce::from_bits)
}

impl Lease {
    /// Makes a first epoch for a run.
    pub(super) async fn begin(context: &Context, tenant: Tenant) -> Result<Lease> {
        let place = places::set_up(context, &tenant.location).await?;
        refuse_others(context, &place, None).await?;
        let name = EpochName::first(tenant.run.clone(), nonce(context)?);
        let path = place.join(&name.to_string());
        let attributes = context.store.attributes(&tenant.location).await?;
        let attributes = places::directory_attributes(context, &attributes);
        if let Err(error) = context.store.make_dir(&path, &attributes).await {
            let seen = error.is_unknown_outcome() && context.store.stat(&path).await?.is_some();
            if !seen {
                return Err(error.context(format!("{path} could not be made")));
            }
        }
        let occupied = match context.store.sync_dir(&place).await {
            Ok(()) => Lease::occupy(context, tenant.clone(), place.clone(), name).await,
            Err(error) => Err(error),
        };
        match occupied {
            Ok(lease) => match lease.sign().await {
                Ok(()) => Ok(lease),
                Err(error) => lease.remove().await.map_err(|lost| outrun(&tenant, lost)).and(Err(error)),
            },
            Err(error) => {
                // Only our own empty directory, by a name that nobody else has.
                let _ = context.store.remove_dir(&path).await;
                places::tidy(context, &place).await;
                Err(outrun(&tenant, error))
            }
        }
    }

    /// Takes an epoch that is at rest.
    pub(super) async fn take(context: &Context, tenant: Tenant, rest: &EpochName) -> Result<Lease> {
        let place = place::place_of(context.store.as_ref(), &context.root, &tenant.location)?;
        refuse_others(context, &place, None).await?;
        let name = rest.next(nonce(context)?);
        rename_epoch(context, &place, rest, &name).await.map_err(|error| outrun(&tenant, error))?;
        match Lease::occupy(context, tenant.clone(), place.clone(), name.clone()).await {
            Ok(lease) => match lease.sign().await {
                Ok(()) => Ok(lease),
                Err(error) => lease.rest().await.map_err(|lost| outrun(&tenant, lost)).and(Err(error)),
            },
            Err(error) => {
                let _ = rename_epoch(context, &place, &name, &name.rest()).await;
                Err(outrun(&tenant, error))
            }
        }
    }

    /// Takes over an epoch whose owner is dead; the locks prove it, or its silence. `Stale` when it is not.
    pub(super) async fn take_over(context: &Context, tenant: Tenant, old: &EpochName) -> Result<Lease> {
        let place = place::place_of(context.store.as_ref(), &context.root, &tenant.location)?;
        let has_target = has_target(context, &tenant.location).await?;
        let proof = hold(context, has_target.then_some(&tenant.location), &place.join(&old.to_string())).await;
        let proof = match proof {
            Ok(proof) => proof,
            Err(error) if error.code() == Code::LeaseHeld => {
                return Err(still_held(context, &tenant, &place, old).await);
            }
            Err(error) => return Err(error),
        };
        if !context.store.capabilities().locks {
            let owner = read_owner(context.store.as_ref(), &place.join(&old.to_string())).await;
            if !heartbeat::is_silent(context, &place.join(&old.to_string()), owner.as_ref()).await? {
                return Err(still_held(context, &tenant, &place, old).await);
            }
        }
        let name = old.next(nonce(context)?);
        rename_epoch(context, &place, old, &name).await?;
        // The locks are of directories, not of names: ours must go before the new name can be locked. Nothing is done
        // in between, and whoever is faster wins.
        drop(proof);
        let lease = Lease::occupy(context, tenant, place, name).await?;
        lease.sign().await?;
        Ok(lease)
    }

    /// Locks, and makes sure of being alone.
    async fn occupy(context: &Context, tenant: Tenant, place: StorePath, name: EpochName) -> Result<Lease> {
        let has_target = has_target(context, &tenant.location).await?;
        let path = place.join(&name.to_string());
        let hold = hold(context, has_target.then_some(&tenant.location), &path).await?;
        refuse_others(context, &place, Some(&name)).await?;
        let attributes = if has_target {
            context.store.attributes(&tenant.location).await?
        } else {
            context.store.attributes(&path).await?
        };
        Ok(Lease {
            attributes: places::record_attributes(context, &attributes),
            context: context.clone(),
            tenant,
            place,
            name,
            has_target,
            listing_took: Duration::ZERO,
            paged: false,
            intent: None,
            hold,
            heartbeat: Heartbeat::begin(context, path),
        })
    }

    async fn sign(&self) -> Result<()> {
        let owner = Owner {
            run: self.tenant.run.clone(),
            kind: self.tenant.kind,
            actor: self.context.me.clone(),
            target: self.tenant.id.clone(),
            location: self.tenant.location.clone(),
            at: self.context.clock.now(),
        };
        self.write_record(&Parked::Owner(nonce(&self.context)?.0), &owner).await
    }

    /// The epoch's directory.
    pub(super) fn path(&self) -> StorePath {
        self.place.join(&self.name.to_string())
    }

    pub(super) fn hold(&self) -> &dyn Hold {
        self.hold.as_ref()
    }

    /// Lists the live side until two listings agree.
    pub(super) async fn list_target(&mut self) -> Result<Live> {
        let begun = self.context.clock.monotonic();
        let entries = if self.has_target && self.hold.is_current().await? {
            listing::agreed(self.tenant.location.as_str(), || self.hold.list_target()).await?
        } else {
            let store = &self.context.store;
            listing::agreed(self.tenant.location.as_str(), || store.list(&self.tenant.location)).await?
        };
        self.listing_took = self.context.clock.monotonic().saturating_sub(begun) / 2;
        let locations = entries.iter().map(|entry| entry.locations).sum();
        let live = Live::of(entries);
        self.paged |= self.context.store.capabilities().is_paged(live.count(), locations);
        Ok(live)
    }

    /// Lists the parked side until two listings agree.
    pub(super) async fn list_epoch(&self) -> Result<EpochFiles> {
        self.still_ours().await?;
        let entries = listing::agreed(self.path().as_str(), || self.hold.list_epoch()).await?;
        Ok(EpochFiles::of(&entries))
    }

    /// Fails when the epoch no longer has our name.
    pub(super) async fn still_ours(&self) -> Result<()> {
        match self.context.store.stat(&self.path()).await? {
            Some(entry) if entry.kind == EntryKind::Directory => Ok(()),
            _ => Err(taken_over(&self.tenant)),
        }
    }

    /// After an unknown outcome: renames the epoch, so that what is still queued for the old name is dead.
    ///
    /// A fence may itself be carried out late. The names that were tried were drawn by us alone: one that is seen is
    /// ours. All of them begin at the name of now, so that only one of them ever comes to be.
    pub(super) async fn fence(&mut self) -> Result<()> {
        let mut tried: Vec<EpochName> = Vec::new();
        let fences = if self.context.store.capabilities().remote { REMOTE_FENCES } else { FENCES };
        for _ in 0..fences {
            match self.seen(&tried).await {
                Ok(Some(name)) => return self.rebind(name).await,
                Ok(None) => {}
                Err(error) if error.is_retryable() => {
                    self.context.clock.pause(FENCE_PAUSE).await;
                    continue;
                }
                Err(error) => return Err(error.context("the epoch could not be looked for")),
            }
            let name = self.name.next(nonce(&self.context)?);
            match rename_epoch(&self.context, &self.place, &self.name, &name).await {
                Ok(()) => return self.rebind(name).await,
                Err(error) if error.code() == Code::NotFound && tried.is_empty() => {
                    return Err(taken_over(&self.tenant));
                }
                Err(error) if error.code() == Code::NotFound => match self.seen(&tried).await {
                    Ok(Some(name)) => return self.rebind(name).await,
                    Ok(None) => return Err(taken_over(&self.tenant)),
                    Err(_) => self.context.clock.pause(FENCE_PAUSE).await,
                },
                Err(error) if error.is_unknown_outcome() => tried.push(name),
                Err(error) if error.is_retryable() => {
                    tried.push(name);
                    self.context.clock.pause(FENCE_PAUSE).await;
                }
                Err(error) => return Err(error.context("the epoch could not be fenced off")),
            }
        }
        Err(Error::new(Code::OutcomeUnknown, format!("the epoch of {} could not be fenced off", self.tenant.id))
            .why("the store does not answer")
            .lake("a call may still be carried out; nothing more is touched")
            .next(format!("lakehand recover {}    looks, then finishes or undoes", self.tenant.run.suffix())))
    }

    /// The name among these that our epoch has.
    async fn seen(&self, names: &[EpochName]) -> Result<Option<EpochName>> {
        for name in names {
            if self.context.store.stat(&self.place.join(&name.to_string())).await?.is_some() {
                return Ok(Some(name.clone()));
            }
        }
        Ok(None)
    }

    async fn rebind(&mut self, name: EpochName) -> Result<()> {
        self.name = name;
        self.heartbeat = Heartbeat::begin(&self.context, self.path());
        // Both locks would be our own: the old ones have to go first. Nothing is done in between.
        self.hold = Arc::new(Released);
        let target = self.has_target.then_some(&self.tenant.location);
        self.hold = hold(&self.context, target, &self.path()).await.map_err(|error| match error.code() {
            Code::NotFound | Code::LeaseHeld => taken_over(&self.tenant).source(error),
            _ => error,
        })?;
        Ok(())
    }

    /// Unsigns and gives the epoch back as a backup.
    pub(super) async fn rest(self) -> Result<()> {
        self.unsign().await?;
        let rest = self.name.rest();
        rename_epoch(&self.context, &self.place, &self.name, &rest).await.map_err(|error| match error.code() {
            Code::NotFound => taken_over(&self.tenant),
            _ => error.context(format!("the backup of {} could not be put to rest", self.tenant.id)),
        })
    }

    /// Removes the owner records, ours and those of whoever died here before, and records that nobody finished.
    async fn unsign(&self) -> Result<()> {
        let files = self.list_epoch().await?;
        let scratch = files.scratch.into_iter().map(Parked::Scratch);
        for name in files.owners.into_iter().map(Parked::Owner).chain(scratch) {
            self.hold.remove_parked(&name.to_string()).await?;
        }
        // Durable before the epoch goes to rest: one at rest with an owner would say that somebody acts there.
        self.hold.sync().await
    }

    /// Removes the epoch, which must hold nothing but records of ours that mean nothing any more.
    pub(super) async fn remove(self) -> Result<()> {
        self.unsign().await?;
        self.context.store.remove_dir(&self.path()).await?;
        self.context.store.sync_dir(&self.place).await?;
        places::tidy(&self.context, &self.place).await;
        Ok(())
    }
}

/// What stands for the locks while they change hands: nothing can be done through it.
#[derive(Debug)]
struct Released;

fn released<T>() -> Result<T> {
    Err(Error::new(Code::TakenOver, "the locks of this target are not held"))
}

#[async_trait::async_trait]
impl Hold for Released {
    async fn is_current(&self) -> Result<bool> {
        Ok(false)
    }

    async fn target_identity(&self) -> Result<Option<crate::store::Identity>> {
        released()
    }

    async fn list_target(&self) -> Result<Box<dyn crate::store::Listing>> {
        released()
    }

    async fn list_epoch(&self) -> Result<Box<dyn crate::store::Listing>> {
        released()
    }

    async fn out(&self, _: &str, _: &str) -> Result<()> {
        released()
    }

    async fn bring_in(&self, _: &str, _: &str) -> Result<()> {
        released()
    }

    async fn rename_parked(&self, _: &str, _: &str) -> Result<()> {
        released()
    }

    async fn create_parked(&self, _: &str) -> Result<Box<dyn crate::store::WriteFile>> {
        released()
    }

    async fn remove_parked(&self, _: &str) -> Result<bool> {
        released()
    }

    async fn sync(&self) -> Result<()> {
        released()
    }
}

async fn hold(context: &Context, target: Option<&StorePath>, epoch: &StorePath) -> Result<Arc<dyn Hold>> {
    Write::hold(context.store.as_ref(), target, epoch).await
}

async fn has_target(context: &Context, location: &StorePath) -> Result<bool> {
    Ok(context.store.stat(location).await?.is_some_and(|entry| entry.kind == EntryKind::Directory))
}

/// Renames an epoch and makes that durable. An unknown outcome is looked at: done when that name is seen.
async fn rename_epoch(context: &Context, place: &StorePath, from: &EpochName, to: &EpochName) -> Result<()> {
    let to = place.join(&to.to_string());
    match context.store.rename(&place.join(&from.to_string()), &to).await {
        Ok(()) => {}
        Err(error) if error.is_unknown_outcome() => {
            if context.store.stat(&to).await?.is_none() {
                return Err(error);
            }
        }
        Err(error) => return Err(error),
    }
    context.store.sync_dir(place).await
}

/// Refuses when another epoch of the place is in somebody's hands.
async fn refuse_others(context: &Context, place: &StorePath, mine: Option<&EpochName>) -> Result<()> {
    let shares: Shares = read_shares(context.store.as_ref(), place).await?;
    if let Some(mine) = mine
        && !shares.epochs.contains(mine)
    {
        return Err(Error::new(Code::TakenOver, format!("{} has lost its name", place.join(&mine.to_string()))));
    }
    match shares.acting().find(|epoch| Some(*epoch) != mine) {
        None => Ok(()),
        Some(other) => Err(held_by(context, place, other).await),
    }
}

async fn held_by(context: &Context, place: &StorePath, other: &EpochName) -> Error {
    let owner = read_owner(context.store.as_ref(), &place.join(&other.to_string())).await;
    let run = owner.as_ref().map_or(&other.run, |owner| &owner.run);
    let error = Error::new(Code::LeaseHeld, format!("held by run {run}"))
        .next(format!("lakehand attach {0}    watches it; if it died: lakehand recover {0}", run.suffix()));
    match &owner {
        Some(owner) => error.why(owner.actor.named()),
        None => error.why("it did not say who it is"),
    }
}

async fn still_held(context: &Context, tenant: &Tenant, place: &StorePath, old: &EpochName) -> Error {
    let owner = read_owner(context.store.as_ref(), &place.join(&old.to_string())).await;
    let error = Error::new(Code::Stale, format!("the worker of {} still holds its locks", tenant.id))
        .lake("nothing was touched")
        .next("let it go on (it may have been stopped: kill -CONT), or end it, then recover");
    match owner {
        Some(owner) => error.why(format!("run {}, {}: it works, or was stopped", owner.run, owner.actor.named())),
        None => error.why("a process works here, or was stopped"),
    }
}

/// Who signed an epoch last; none where nobody did, or not readably: it is only for messages.
pub(super) async fn read_owner(store: &dyn Read, epoch: &StorePath) -> Option<Owner> {
    let entries = crate::store::collect(store.list(epoch).await.ok()?).await.ok()?;
    let mut newest: Option<Owner> = None;
    for nonce in EpochFiles::of(&entries).owners {
        let Ok(owner) = record::read::<Owner>(store, &epoch.join(&Parked::Owner(nonce).to_string())).await else {
            continue;
        };
        if newest.as_ref().is_none_or(|newest| newest.at <= owner.at) {
            newest = Some(owner);
        }
    }
    newest
}

/// Whoever is not yet in possession of the locks looks dead to a recovery, which takes the epoch: then another works
/// there, and nothing of ours was touched.
fn outrun(tenant: &Tenant, error: Error) -> Error {
    if !matches!(error.code(), Code::NotFound | Code::TakenOver) {
        return error;
    }
    Error::new(Code::LeaseHeld, format!("{} is being worked on", tenant.id))
        .why("another run took it a moment ago, or somebody replaced its directory")
        .next("try again when that has ended")
        .source(error)
}

fn taken_over(tenant: &Tenant) -> Error {
    Error::new(Code::TakenOver, format!("{} was taken over by another process", tenant.id))
        .why("its epoch no longer has the name that this run gave it")
        .lake("this run touches nothing more there")
        .next("lakehand history    shows who works on it")
}
