//! A look at both sides of an exchange: which file is where. Pure; the listings come from whoever holds the lease, or
//! from a reader for a preview.

use std::collections::{BTreeMap, BTreeSet};

use crate::store::{Entry, EntryKind, EntryName};

use super::classify::{Tally, Tripwire};
use super::intent::{Intent, Moving, Seen};
use super::place::EpochFiles;

/// Where a file of `out` is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutState {
    /// B: parked, and unchanged live too.
    Both,
    /// K: parked, unchanged.
    Kept,
    /// K+: parked, changed.
    KeptChanged,
    /// L: live, unchanged, under this name.
    Live(String),
    /// C: its live name holds something else.
    Changed {
        /// Which is shorter than planned, or no file.
        shorter: bool,
    },
    /// G: neither.
    Gone,
}

/// Where a file of `in` is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InState {
    /// S: parked, unchanged, nothing under its live names.
    Staged,
    /// V: live, unchanged, under this name; not parked.
    Visible(String),
    /// X: neither parked nor live.
    Missing,
    /// Z: all else.
    Odd {
        /// Whether something is under one of its live names.
        live: bool,
    },
}

/// The live side: the entries of a target that readers do not ignore, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Live {
    entries: BTreeMap<String, Entry>,
    hidden: BTreeMap<String, Entry>,
    not_text: Vec<Entry>,
}

impl Live {
    /// Sorts a listing.
    pub fn of(entries: Vec<Entry>) -> Live {
        let mut live = Live::default();
        for entry in entries {
            match &entry.name {
                EntryName::Text(name) if entry.name.is_hidden() => drop(live.hidden.insert(name.clone(), entry)),
                EntryName::Text(name) => drop(live.entries.insert(name.clone(), entry)),
                EntryName::NotText(_) => live.not_text.push(entry),
            }
        }
        live
    }

    /// An entry, hidden or not.
    pub fn get(&self, name: &str) -> Option<&Entry> {
        self.entries.get(name).or_else(|| self.hidden.get(name))
    }

    /// The visible entries.
    pub fn visible(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values().chain(self.not_text.iter().filter(|entry| !entry.name.is_hidden()))
    }

    /// The number of visible entries.
    pub fn count(&self) -> u64 {
        self.visible().count() as u64
    }
}

/// One look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sight {
    /// The files of `out`, in the intent's order.
    pub out: Vec<OutState>,
    /// The files of `in`, in the intent's order.
    pub arriving: Vec<InState>,
    /// The tripwire.
    pub tripwire: Tripwire,
    /// Visible entries that were not there before and are not of this exchange.
    pub newcomers: Vec<Seen>,
}

impl Sight {
    /// Compares both sides with exchange `number`.
    pub fn of(intent: &Intent, number: u64, live: &Live, epoch: &EpochFiles) -> Sight {
        let tripwire_name = intent.tripwire();
        let tripwire = match () {
            () if live.get(&tripwire_name).is_some() => Tripwire::Live,
            () if epoch.trips.contains(&number) => Tripwire::Rest,
            () => Tripwire::Gone,
        };
        Sight {
            out: intent.out.iter().map(|file| out_state(intent, file, live, epoch)).collect(),
            arriving: intent.arriving.iter().map(|file| in_state(intent, file, live, epoch)).collect(),
            tripwire,
            newcomers: newcomers(intent, &tripwire_name, live),
        }
    }

    /// The counts that the classification takes.
    pub fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for state in &self.out {
            match state {
                OutState::Both => tally.both += 1,
                OutState::Kept => tally.kept += 1,
                OutState::KeptChanged => tally.kept_changed += 1,
                OutState::Live(_) => tally.live += 1,
                OutState::Changed { shorter } => {
                    tally.changed += 1;
                    tally.changed_shorter += u64::from(*shorter);
                }
                OutState::Gone => tally.gone += 1,
            }
        }
        for state in &self.arriving {
            match state {
                InState::Staged => tally.staged += 1,
                InState::Visible(_) => tally.visible += 1,
                InState::Missing => tally.missing += 1,
                InState::Odd { .. } => tally.odd += 1,
            }
        }
        tally
    }
}

/// Every name under which a file that leaves may be live: the one it had, its own, and the one by which it comes back.
fn out_names(intent: &Intent, file: &Moving) -> [String; 3] {
    [file.live_name().to_owned(), file.name.clone(), intent.back_name(file)]
}

/// Every name under which a file that arrives may be live. Its own does not count where it was taken beforehand.
fn in_names(intent: &Intent, file: &Moving) -> [String; 2] {
    [file.live_name().to_owned(), intent.back_name(file)]
}

fn unchanged_live(names: &[String], file: &Moving, live: &Live) -> Option<String> {
    names.iter().find(|name| live.get(name).is_some_and(|entry| file.is(entry))).cloned()
}

fn out_state(intent: &Intent, file: &Moving, live: &Live, epoch: &EpochFiles) -> OutState {
    let names = out_names(intent, file);
    let found = unchanged_live(&names, file, live);
    match (epoch.kept.get(&file.name), found) {
        (Some(_), Some(_)) => OutState::Both,
        (Some(kept), None) if file.is(kept) => OutState::Kept,
        (Some(_), None) => OutState::KeptChanged,
        (None, Some(name)) => OutState::Live(name),
        (None, None) => match something_else(intent, file, live) {
            Some(shorter) => OutState::Changed { shorter },
            None => OutState::Gone,
        },
    }
}

/// Whether a name that only this file should have holds something; and whether any such is shorter than planned.
fn something_else(intent: &Intent, file: &Moving, live: &Live) -> Option<bool> {
    let names: BTreeSet<String> = in_names(intent, file).into();
    let others: Vec<&Entry> = names.iter().filter_map(|name| live.get(name)).collect();
    let shorter = |entry: &&Entry| entry.kind != EntryKind::File || entry.length < file.length;
    (!others.is_empty()).then(|| others.iter().any(shorter))
}

fn in_state(intent: &Intent, file: &Moving, live: &Live, epoch: &EpochFiles) -> InState {
    let names = in_names(intent, file);
    let anything = names.iter().any(|name| live.get(name).is_some());
    match (epoch.kept.get(&file.name), unchanged_live(&names, file, live)) {
        (Some(kept), None) if file.is(kept) && !anything => InState::Staged,
        (None, Some(name)) => InState::Visible(name),
        (None, None) if !anything => InState::Missing,
        _ => InState::Odd { live: anything },
    }
}

fn newcomers(intent: &Intent, tripwire: &str, live: &Live) -> Vec<Seen> {
    let others: BTreeSet<&Seen> = intent.others.iter().collect();
    let mut ours: BTreeMap<String, &Moving> = BTreeMap::new();
    for file in &intent.out {
        ours.extend(out_names(intent, file).map(|name| (name, file)));
    }
    for file in &intent.arriving {
        ours.extend(in_names(intent, file).map(|name| (name, file)));
    }
    let known = |entry: &Entry, seen: &Seen| {
        others.contains(seen) || seen.name == tripwire || ours.get(&seen.name).is_some_and(|file| file.is(entry))
    };
    live.visible().map(|entry| (entry, Seen::of(entry))).filter(|(e, s)| !known(e, s)).map(|(_, s)| s).collect()
}
