//! The power goes on a local disk (PROTOCOL §9.9), before every call of every act; what was not yet synced is there or
//! not, in any combination. Whoever reads the disk afterwards counts right or stumbles over the tripwire; the recovery
//! needs nobody, loses nothing, and leaves a target that works as ever.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use lakehand::error::Code;
use lakehand::model::{RunId, TargetState};
use lakehand::run::Act;

use crate::acts::rows_anywhere;
use crate::disk::{Disk, Found};
use crate::fault::{Fault, FaultStore};
use crate::world::{Draw, PART, World, cleanup, compact, recover, rollback};

const FILES: usize = 3;
/// Combinations that are drawn for each call, besides all and nothing of what is pending.
const DRAWN: u64 = 24;
/// Every so many states the lake is also used afterwards.
const USED_ONE_IN: usize = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Case {
    Compact,
    Rollback,
    Undo,
    Cleanup,
    /// The recovery of a compaction that died at this call.
    Recover(u64),
}

/// A lake, what was on its disk before an act, and what the act did to it.
struct Accident {
    case: Case,
    world: World,
    before: Vec<u64>,
    disk: Disk,
    of: Option<RunId>,
}

impl Accident {
    async fn prepare(case: Case) -> Accident {
        let world = World::with_files(FILES);
        let before = world.read(PART).unwrap();
        let (act, of) = prepared(&world, case).await;
        let mut disk = Disk::of(&world.root);
        let process = world.process();
        let (_, outcomes) = process.run(act).await.unwrap();
        assert!(outcomes.iter().all(|outcome| outcome.state.is_final()), "{outcomes:?}");
        process.end().await;
        disk.record(&process.store.recorded());
        the_model_is_the_disk(&world, &disk, &process.store);
        Accident { case, world, before, disk, of }
    }

    /// Every state that the disk can be in when the power goes, as far as they are drawn; each once.
    fn states(&self) -> Vec<(usize, Found)> {
        let (mut seen, mut states) = (BTreeSet::new(), Vec::new());
        for end in 0..=self.disk.calls() {
            let pending = self.disk.pending(end);
            let drawn = if pending == 0 { 1 } else { DRAWN };
            for seed in 0..drawn + 2 {
                let mut draw = Draw::new(end as u64 * 1_000 + seed);
                let mut coin = draw.clone();
                // Nothing of what is pending, all of it, more or less of it.
                let keeps = || match seed {
                    0 => false,
                    1 => true,
                    seed => coin.below(8) < 1 + seed % 7,
                };
                let found = self.disk.lost_at(end, keeps, &mut draw);
                if seen.insert(found.outline()) {
                    states.push((end, found));
                }
            }
        }
        states
    }

    async fn survives(&self, number: usize, end: usize, state: &Found) {
        let Accident { case, world, before, .. } = self;
        let told = format!("{case:?}, power lost before call {end}");
        state.write(Path::new(world.root.as_str()));
        let shown = || format!("{told}:\n{}", state.outline().join("\n"));
        assert!(world.read(PART).is_none_or(|rows| rows == *before), "{}", shown());
        assert_eq!(rows_anywhere(world), *before, "{}", shown());
        let healer = world.process();
        let (_, outcomes) = healer.run(recover()).await.unwrap_or_else(|error| panic!("{error}: {}", shown()));
        let stuck = outcomes.iter().find(|outcome| outcome.state == TargetState::NeedsDecision);
        assert!(stuck.is_none(), "{stuck:?}: {}", shown());
        assert_eq!(world.read(PART).as_ref(), Some(before), "{outcomes:?}: {}", shown());
        assert_eq!(rows_anywhere(world), *before, "{outcomes:?}: {}", shown());
        crate::crash::tidy(world, &shown(), false);
        if let Some(of) = &self.of {
            self.again(of, &shown()).await;
        }
        if number.is_multiple_of(USED_ONE_IN) {
            crate::crash::usable(world, &healer, before, &shown()).await;
        }
        healer.end().await;
    }

    /// A cleanup is done again, and ends it or finds it ended.
    async fn again(&self, of: &RunId, told: &str) {
        let process = self.world.process();
        match process.run(cleanup(of)).await {
            Ok((_, outcomes)) => assert_eq!(outcomes[0].state, TargetState::Cleaned, "{outcomes:?}: {told}"),
            Err(error) => assert!(matches!(error.code(), Code::NotCleanable | Code::RunNotFound), "{error}: {told}"),
        }
        assert!(self.world.kept().is_empty(), "{told}");
        assert_eq!(self.world.read(PART).as_ref(), Some(&self.before), "{told}");
        process.end().await;
    }
}

async fn prepared(world: &World, case: Case) -> (Act, Option<RunId>) {
    let process = world.process();
    let plan = || compact(world.plan(&[PART]));
    let (act, of) = match case {
        Case::Compact => (plan(), None),
        Case::Rollback => (rollback(&process.run(plan()).await.unwrap().0), None),
        Case::Undo => {
            let first = process.run(plan()).await.unwrap().0;
            (rollback(&process.run(rollback(&first)).await.unwrap().0), None)
        }
        Case::Cleanup => {
            let run = process.run(plan()).await.unwrap().0;
            (cleanup(&run), Some(run))
        }
        Case::Recover(at) => {
            process.store.fail_at(at, Fault::Dies);
            let _ = process.run(plan()).await;
            (recover(), None)
        }
    };
    process.end().await;
    (act, of)
}

/// With everything on the disk the model says what is there.
fn the_model_is_the_disk(world: &World, disk: &Disk, store: &FaultStore) {
    let all = disk.lost_at(disk.calls(), || true, &mut Draw::new(0));
    let real = Found::read(Path::new(world.root.as_str()));
    assert_eq!(all.outline(), real.outline(), "{:#?}", store.recorded());
}

/// How many states were tried.
async fn every_loss(case: Case) -> usize {
    let accident = Accident::prepare(case).await;
    let states = accident.states();
    let tried = states.len();
    for (number, (end, state)) in states.into_iter().enumerate() {
        accident.survives(number, end, &state).await;
    }
    println!("{case:?}: {} calls, {tried} states", accident.disk.calls());
    tried
}

#[tokio::test]
async fn a_compaction_survives_every_loss_of_power() {
    assert!(every_loss(Case::Compact).await > 100);
}

#[tokio::test]
async fn a_rollback_survives_every_loss_of_power() {
    assert!(every_loss(Case::Rollback).await > 60);
}

#[tokio::test]
async fn an_undo_survives_every_loss_of_power() {
    assert!(every_loss(Case::Undo).await > 60);
}

#[tokio::test]
async fn a_cleanup_survives_every_loss_of_power() {
    assert!(every_loss(Case::Cleanup).await > 20);
}

/// The power goes again while a recovery is at work, which is where it is likely to.
#[tokio::test]
async fn a_recovery_survives_every_loss_of_power() {
    let mut seen = BTreeSet::new();
    let mut tried = 0;
    for died_at in 1.. {
        let world = Arc::new(World::with_files(FILES));
        let (_, _) = prepared(&world, Case::Recover(died_at)).await;
        let (epochs, tripped) = (world.epochs(PART), world.read(PART).is_none());
        let over = epochs.iter().any(|epoch| epoch.ends_with(".rest"));
        if tripped && seen.insert((world.visible(PART).len(), world.kept().len())) {
            tried += every_loss(Case::Recover(died_at)).await;
        }
        if over {
            break;
        }
    }
    assert!(seen.len() > 3 && tried > 200, "{seen:?}: {tried}");
}
