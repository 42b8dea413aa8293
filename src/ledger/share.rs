//! A run's shares: the epochs in the places of its targets. Found by the run's plan in the index, or, when that is lost,
//! by looking into every place of the lake.

use std::collections::BTreeSet;

use futures::FutureExt;

use crate::error::{Code, Error, Result};
use crate::model::{RunId, Scope, StorePath, TargetId};
use crate::store::{self, Read};

use super::Ledger;
use super::index::{self, RunPlan};
use super::intent::{Intent, Owner};
use super::names::{EpochName, Parked};
use super::parallel::try_each;
use super::place::{EpochFiles, FoundPlace, place_of, read_shares, walk_places};
use super::record;

const READS_AT_A_TIME: usize = 16;

/// One epoch, and what its records say.
#[derive(Debug)]
pub struct Share {
    /// The target, by the records.
    pub id: TargetId,
    /// Its directory.
    pub location: StorePath,
    /// Its place.
    pub place: StorePath,
    /// The epoch.
    pub epoch: EpochName,
    /// What is in it.
    pub files: EpochFiles,
    /// Who acts, or died acting.
    pub owner: Option<Owner>,
    /// The open exchange, else the last one that was closed; an error where it cannot be read.
    pub last: Option<Result<(u64, Intent)>>,
}

impl Share {
    /// The epoch's directory.
    pub fn path(&self) -> StorePath {
        self.place.join(&self.epoch.to_string())
    }

    /// The run that acted here last.
    pub fn last_run(&self) -> &RunId {
        match (&self.owner, &self.last) {
            (Some(owner), _) => &owner.run,
            (None, Some(Ok((_, intent)))) => &intent.run,
            (None, _) => &self.epoch.run,
        }
    }

    /// The error of records whose servers are away: that says nothing about the files.
    pub fn unreadable_now(self) -> Option<Error> {
        match self.last {
            Some(Err(error)) if error.is_retryable() => Some(error),
            _ => None,
        }
    }

    /// The last exchange, where it is closed and readable.
    pub fn closed(&self) -> Option<&Intent> {
        match &self.last {
            Some(Ok((_, intent))) if self.files.open().is_none() => Some(intent),
            _ => None,
        }
    }
}

/// The places in which a run may have shares.
pub async fn places_of(ledger: &Ledger, plan: Option<&RunPlan>) -> Result<Vec<FoundPlace>> {
    let store = ledger.store.as_ref();
    let locations: BTreeSet<StorePath> = match plan {
        Some(plan) => plan.targets.iter().map(|target| target.location.clone()).collect(),
        None if !store.capabilities().place_in_target => return walk_places(store, &ledger.root).await,
        None => planned_locations(ledger).await?,
    };
    let locations: Vec<StorePath> = locations.into_iter().collect();
    let places = try_each(locations.len(), READS_AT_A_TIME, |at| found(ledger, &locations[at]).boxed()).await?;
    Ok(places.into_iter().filter(|found| !found.shares.epochs.is_empty() || !found.shares.gone.is_empty()).collect())
}

async fn found(ledger: &Ledger, location: &StorePath) -> Result<FoundPlace> {
    let place = place_of(ledger.store.as_ref(), &ledger.root, location)?;
    let shares = read_shares(ledger.store.as_ref(), &place).await?;
    Ok(FoundPlace { place, location: location.clone(), shares })
}

/// Where places lie inside the targets, only the index knows them all.
async fn planned_locations(ledger: &Ledger) -> Result<BTreeSet<StorePath>> {
    let mut locations = BTreeSet::new();
    for run in index::entries(ledger.store.as_ref(), &ledger.index).await?.keys() {
        if let Some(plan) = index::known_plan(ledger.store.as_ref(), &ledger.index, run).await? {
            locations.extend(plan.targets.into_iter().map(|target| target.location));
        }
    }
    Ok(locations)
}

/// Reads every epoch of the places that `wanted` picks by name.
pub async fn read_all(
    ledger: &Ledger,
    places: &[FoundPlace],
    wanted: impl Fn(&EpochName) -> bool + Send,
) -> Result<Vec<Share>> {
    let mut epochs: Vec<(&FoundPlace, &EpochName)> = Vec::new();
    for found in places {
        epochs.extend(found.shares.epochs.iter().filter(|epoch| wanted(epoch)).map(|epoch| (found, epoch)));
    }
    let read = |at: usize| read_share(ledger, epochs[at].0, epochs[at].1).boxed();
    let shares = try_each(epochs.len(), READS_AT_A_TIME, read).await?;
    Ok(shares.into_iter().flatten().collect())
}

/// Reads one epoch; none when it has gone or got another name meanwhile.
pub async fn read_share(ledger: &Ledger, found: &FoundPlace, epoch: &EpochName) -> Result<Option<Share>> {
    let store = ledger.store.as_ref();
    let path = found.place.join(&epoch.to_string());
    let entries = match store.list(&path).await {
        Ok(listing) => store::collect(listing).await,
        Err(error) => Err(error),
    };
    let files = match entries {
        Ok(entries) => EpochFiles::of(&entries),
        Err(error) if error.code() == Code::NotFound => return Ok(None),
        Err(error) => return Err(error.context(format!("{path} cannot be listed"))),
    };
    let owner = newest_owner(store, &path, &files).await;
    let last = last_exchange(store, &path, &files).await;
    let id = match (&owner, &last) {
        (_, Some(Ok((_, intent)))) => intent.target.clone(),
        (Some(owner), _) => owner.target.clone(),
        (None, _) => target_at(&ledger.root, &found.location),
    };
    let share = Share {
        id,
        location: found.location.clone(),
        place: found.place.clone(),
        epoch: epoch.clone(),
        files,
        owner,
        last,
    };
    Ok(Some(share))
}

async fn last_exchange(store: &dyn Read, path: &StorePath, files: &EpochFiles) -> Option<Result<(u64, Intent)>> {
    let (number, name) = match (files.open(), files.last_done()) {
        (Some(number), _) => (number, Parked::Intent(number)),
        (None, Some(number)) => (number, Parked::Done(number)),
        (None, None) => return None,
    };
    Some(record::read(store, &path.join(&name.to_string())).await.map(|intent| (number, intent)))
}

/// Who signed last; none where nobody did, or not readably: it is only for messages and for finding.
pub async fn newest_owner(store: &dyn Read, path: &StorePath, files: &EpochFiles) -> Option<Owner> {
    let mut newest: Option<Owner> = None;
    for nonce in &files.owners {
        let read = record::read::<Owner>(store, &path.join(&Parked::Owner(nonce.clone()).to_string())).await;
        if let Ok(owner) = read
            && newest.as_ref().is_none_or(|newest| newest.at <= owner.at)
        {
            newest = Some(owner);
        }
    }
    newest
}

/// The target that lies at a path, by the rule of a directory catalog; for shares without a readable record.
fn target_at(root: &StorePath, location: &StorePath) -> TargetId {
    let below = location.below(root).unwrap_or_else(|| location.name());
    let mut parts = below.splitn(3, '/');
    let database = parts.next().unwrap_or_default();
    TargetId {
        database: database.strip_suffix(".db").unwrap_or(database).to_owned(),
        table: parts.next().unwrap_or_default().to_owned(),
        partition: parts.next().map(str::to_owned),
    }
}

/// The shares of a run: of its own epochs, and of those of the run that it acted on. `RunNotFound` when neither the
/// index nor any place knows it.
pub async fn shares_of(ledger: &Ledger, run: &RunId, scope: &Scope) -> Result<(Option<RunPlan>, Vec<Share>)> {
    let plan = index::known_plan(ledger.store.as_ref(), &ledger.index, run).await?;
    let places = places_of(ledger, plan.as_ref()).await?;
    // A run that acted on another works in an epoch of that one, or of the one that it had acted on.
    let any = plan.as_ref().is_none_or(|plan| plan.of.is_some());
    let wanted = |epoch: &EpochName| any || epoch.run == *run;
    let shares = read_all(ledger, &places, wanted).await?;
    let acted = |share: &Share| share.epoch.run == *run || share.last_run() == run;
    let (acted, others): (Vec<Share>, Vec<Share>) = shares.into_iter().partition(acted);
    // One that cannot be read now may be the run's as well.
    if let Some(error) = others.into_iter().find_map(Share::unreadable_now) {
        return Err(error);
    }
    let shares: Vec<Share> = acted.into_iter().filter(|share| scope.contains(&share.id)).collect();
    if plan.is_none() && shares.is_empty() && !is_indexed(ledger, run).await? {
        return Err(
            Error::new(Code::RunNotFound, format!("there is no run {run}")).next("lakehand history    lists them")
        );
    }
    Ok((plan, shares))
}

async fn is_indexed(ledger: &Ledger, run: &RunId) -> Result<bool> {
    Ok(index::entries(ledger.store.as_ref(), &ledger.index).await?.contains_key(run))
}
