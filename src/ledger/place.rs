//! Where the share of each target lies, and what is in it (PROTOCOL §2).

use std::collections::{BTreeMap, BTreeSet};

use crate::error::{Code, Error, Result};
use crate::model::StorePath;
use crate::store::{self, Entry, EntryKind, EntryName, Read};

use super::names::{EpochName, GoneName, PLACES, Parked};

/// The place of a target: `TARGET/.lakehand`, or `LAKE/.lakehand/TARGET-PATH` where the store keeps places apart.
pub fn place_of(store: &dyn Read, root: &StorePath, location: &StorePath) -> Result<StorePath> {
    if store.capabilities().place_in_target {
        return Ok(location.join(PLACES));
    }
    let below = location.below(root).filter(|below| !below.is_empty()).ok_or_else(|| {
        Error::new(Code::UnsupportedTable, format!("{location} lies outside the lake {root}"))
            .why("its backups would not lie beside it")
    })?;
    if below.split('/').any(|part| part.starts_with('.')) {
        return Err(Error::new(Code::UnsupportedTable, format!("{location} has a hidden directory in its path"))
            .why("a name that begins with a dot is never a database, table or partition"));
    }
    Ok(root.join(PLACES).join_all(below))
}

/// The shares in a place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shares {
    /// Epochs, at rest or not.
    pub epochs: Vec<EpochName>,
    /// Shares that are being deleted.
    pub gone: Vec<GoneName>,
}

impl Shares {
    /// The epochs that somebody acts in, or died in.
    pub fn acting(&self) -> impl Iterator<Item = &EpochName> {
        self.epochs.iter().filter(|epoch| !epoch.is_rest())
    }

    /// The backups.
    pub fn resting(&self) -> impl Iterator<Item = &EpochName> {
        self.epochs.iter().filter(|epoch| epoch.is_rest())
    }

    fn of<'a>(entries: impl Iterator<Item = &'a Entry>) -> Shares {
        let mut shares = Shares::default();
        for entry in entries.filter(|entry| entry.kind == EntryKind::Directory) {
            let Some(name) = entry.name.text() else { continue };
            shares.epochs.extend(EpochName::parse(name));
            shares.gone.extend(GoneName::parse(name));
        }
        shares
    }
}

/// The shares in a place; none where there is no place.
pub async fn read_shares(store: &dyn Read, place: &StorePath) -> Result<Shares> {
    match store.list(place).await {
        Ok(listing) => Ok(Shares::of(store::collect(listing).await?.iter())),
        Err(error) if error.code() == Code::NotFound => Ok(Shares::default()),
        Err(error) => Err(error.context(format!("{place} cannot be listed"))),
    }
}

/// What is in an epoch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EpochFiles {
    /// The nonces of the owner records.
    pub owners: BTreeSet<String>,
    /// Exchanges that are open; at most one, unless somebody else was here.
    pub intents: BTreeSet<u64>,
    /// Exchanges that were closed.
    pub dones: BTreeSet<u64>,
    /// Tripwires at rest.
    pub trips: BTreeSet<u64>,
    /// Exchanges in which somebody emptied the directory.
    pub emptied: BTreeSet<u64>,
    /// Data files, by the name that they have when they are live.
    pub kept: BTreeMap<String, Entry>,
    /// Records that were being written.
    pub scratch: BTreeSet<String>,
    /// What is not ours.
    pub foreign: Vec<EntryName>,
}

impl EpochFiles {
    /// Sorts the entries of an epoch.
    pub fn of(entries: &[Entry]) -> EpochFiles {
        let mut files = EpochFiles::default();
        for entry in entries {
            let parked = entry.name.text().and_then(Parked::parse).filter(|_| entry.kind == EntryKind::File);
            match parked {
                Some(Parked::Owner(nonce)) => drop(files.owners.insert(nonce)),
                Some(Parked::Intent(number)) => drop(files.intents.insert(number)),
                Some(Parked::Done(number)) => drop(files.dones.insert(number)),
                Some(Parked::Trip(number)) => drop(files.trips.insert(number)),
                Some(Parked::Emptied(number)) => drop(files.emptied.insert(number)),
                Some(Parked::Kept(name)) => drop(files.kept.insert(name, entry.clone())),
                Some(Parked::Scratch(nonce)) => drop(files.scratch.insert(nonce)),
                None => files.foreign.push(entry.name.clone()),
            }
        }
        files
    }

    /// The number of the open exchange.
    pub fn open(&self) -> Option<u64> {
        self.intents.last().copied()
    }

    /// The number of the last exchange that was closed.
    pub fn last_done(&self) -> Option<u64> {
        self.dones.last().copied()
    }
}

/// A place that was found by walking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundPlace {
    /// Where it is.
    pub place: StorePath,
    /// The directory of the target that it belongs to.
    pub location: StorePath,
    /// What is in it.
    pub shares: Shares,
}

/// Every place of a lake whose store keeps places apart from the tables: the index is not needed to find them.
pub async fn walk_places(store: &dyn Read, root: &StorePath) -> Result<Vec<FoundPlace>> {
    let mut found = Vec::new();
    let mut waiting = vec![(root.join(PLACES), root.clone())];
    while let Some((place, location)) = waiting.pop() {
        let listing = match store.list(&place).await {
            Ok(listing) => store::collect(listing).await?,
            Err(error) if error.code() == Code::NotFound => continue,
            Err(error) => return Err(error.context(format!("{place} cannot be listed"))),
        };
        for entry in listing.iter().filter(|entry| entry.kind == EntryKind::Directory) {
            if let Some(name) = entry.name.text().filter(|name| !name.starts_with('.')) {
                waiting.push((place.join(name), location.join(name)));
            }
        }
        let shares = Shares::of(listing.iter());
        if shares != Shares::default() {
            found.push(FoundPlace { place, location, shares });
        }
    }
    found.sort_unstable_by(|one, other| one.location.cmp(&other.location));
    Ok(found)
}
