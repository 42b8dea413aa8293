//! What an epoch at rest holds: the files of its last exchange that are not live, and what that exchange came to. Told
//! by what is parked, not by names or by the index.

use std::collections::BTreeSet;

use crate::error::{Code, Error, Result};
use crate::model::{Size, StorePath, TargetState};
use crate::store::Read;

use super::intent::{ExchangeKind, Intent, Moving};
use super::names::Parked;
use super::place::EpochFiles;
use super::record;
use super::sight::{InState, Live, OutState, Sight};

/// What the last exchange came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// It took place: what left is kept.
    Done,
    /// It was taken back: what should have arrived is kept.
    Undone,
    /// A person kept what was live; of both sides something is kept.
    Both,
    /// Nothing is kept any more.
    Nothing,
}

/// The last exchange of an epoch, seen from both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    /// Its number.
    pub number: u64,
    /// What it was.
    pub intent: Intent,
    /// What it came to.
    pub effect: Effect,
    /// Where its files are.
    pub sight: Sight,
    /// Files that are kept, and are none of this exchange.
    pub strays: Vec<String>,
    /// The number of files that are kept.
    pub kept_files: u64,
    /// Their bytes.
    pub kept_bytes: Size,
}

impl Holding {
    /// Reads the exchange that is in effect and compares it with both sides: the last one, unless that was taken back
    /// before it had ended; then the one before.
    pub async fn read(store: &dyn Read, epoch: &StorePath, files: &EpochFiles, live: &Live) -> Result<Holding> {
        for number in files.dones.iter().rev().copied() {
            let intent: Intent = record::read(store, &epoch.join(&Parked::Done(number).to_string())).await?;
            let holding = Holding::of(number, intent, files, live);
            if holding.effect != Effect::Undone || files.dones.first() == Some(&number) {
                return Ok(holding);
            }
        }
        Err(Error::new(Code::NotRollbackable, format!("{epoch} holds no finished exchange"))
            .why("a run was withdrawn before it exchanged anything"))
    }

    /// Compares an exchange with both sides.
    pub fn of(number: u64, intent: Intent, files: &EpochFiles, live: &Live) -> Holding {
        let sight = Sight::of(&intent, number, live, files);
        let parked = |moving: &[Moving]| moving.iter().any(|file| files.kept.contains_key(&file.name));
        let effect = match (parked(&intent.out), parked(&intent.arriving)) {
            (true, false) => Effect::Done,
            (false, true) => Effect::Undone,
            (true, true) => Effect::Both,
            (false, false) => Effect::Nothing,
        };
        let ours: BTreeSet<&str> = intent.out.iter().chain(&intent.arriving).map(|file| file.name.as_str()).collect();
        let strays = files.kept.keys().filter(|name| !ours.contains(name.as_str())).cloned().collect();
        let kept_files = files.kept.len() as u64;
        let kept_bytes = files.kept.values().map(|entry| entry.length).sum();
        Holding { number, effect, sight, strays, kept_files, kept_bytes, intent }
    }

    /// The state of the target, as far as this exchange tells.
    pub fn state(&self) -> TargetState {
        let arrived = self.sight.arriving.iter().all(|state| matches!(state, InState::Visible(_)));
        let back = self.sight.out.iter().all(|state| matches!(state, OutState::Live(_)));
        match self.effect {
            Effect::Done | Effect::Nothing if arrived => match self.intent.kind {
                ExchangeKind::Compact => TargetState::Replaced,
                ExchangeKind::Rollback => TargetState::RolledBack,
                ExchangeKind::TakeBack => TargetState::Changed,
            },
            Effect::Undone if back => TargetState::Cancelled,
            Effect::Undone => TargetState::Changed,
            Effect::Done | Effect::Both | Effect::Nothing => TargetState::Superseded,
        }
    }

    /// Whether a file grew after it left: it had an open writer.
    pub fn has_grown(&self) -> bool {
        self.effect == Effect::Done && self.sight.out.contains(&OutState::KeptChanged)
    }

    /// The files of the exchange that should be live now, with whether they are.
    pub fn live_side(&self) -> Vec<(&Moving, Option<&str>)> {
        let out = self.intent.out.iter().zip(&self.sight.out).map(|(file, state)| match state {
            OutState::Live(name) => (file, Some(name.as_str())),
            _ => (file, None),
        });
        let arriving = self.intent.arriving.iter().zip(&self.sight.arriving).map(|(file, state)| match state {
            InState::Visible(name) => (file, Some(name.as_str())),
            _ => (file, None),
        });
        match self.effect {
            Effect::Undone => out.collect(),
            Effect::Done | Effect::Both | Effect::Nothing => arriving.collect(),
        }
    }
}
