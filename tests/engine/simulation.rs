//! The model of PROTOCOL §5 against the real engine (§9.2): a foreign act at every step of an exchange, a death at
//! every step, three recoveries. Never a silent wrong count, and a person is only asked where the table says so.

use std::collections::BTreeMap;
use std::fs;
use std::sync::{Arc, Mutex};

use lakehand::model::{Decision, TargetState};
use lakehand::run::Act as RunAct;

use crate::acts::{Foreign, kept, rows_anywhere};
use crate::fault::{Fault, Holds};
use crate::world::{PART, Process, World, beside_each_other, compact, decide, recover, rollback, rows_of};

const FILES: usize = 3;
/// Deaths this close after a foreign act are all tried; of the later ones a part.
const NEAR: u64 = 2;
const ONE_IN: u64 = 7;
/// Rows from here on were not there before.
const GROWN: u64 = 1_000_000;

#[derive(Clone, Copy, Debug)]
struct Case {
    /// Whether it is the rollback that is disturbed.
    rollback: bool,
    foreign: Foreign,
    /// The call before which the act happens.
    at: u64,
    /// The call at which the worker dies, if it does.
    death: Option<u64>,
    /// The kind of store.
    holds: Holds,
}

#[derive(Debug, Default)]
struct Tally {
    cases: u64,
    states: BTreeMap<(Foreign, TargetState), u64>,
}

async fn act_of(world: &World, rolls_back: bool) -> RunAct {
    if !rolls_back {
        return compact(world.plan(&[PART]));
    }
    let process = world.process();
    let (run, _) = process.run(compact(world.plan(&[PART]))).await.unwrap();
    process.end().await;
    rollback(&run)
}

/// The calls from the intent to the end of the exchange.
async fn window(rolls_back: bool, holds: Holds) -> (u64, u64) {
    let world = World::with_files_on(FILES, holds);
    let act = act_of(&world, rolls_back).await;
    let process = world.process();
    process.run(act).await.unwrap();
    let recorded = process.store.recorded();
    let number = if rolls_back { 2 } else { 1 };
    let at = |text: String| recorded.iter().find(|call| call.act.to_string().ends_with(&text)).unwrap().number;
    (at(format!(".trip.{number}")) - 4, at(format!(".done.{number}")) + 2)
}

async fn disturbed(case: Case) -> Vec<(Foreign, TargetState)> {
    let world = Arc::new(World::with_files_on(FILES, case.holds));
    let before = world.read(PART).unwrap();
    let act = act_of(&world, case.rollback).await;
    world.number_from(GROWN);
    let expected = Arc::new(Mutex::new(before.clone()));
    let worker = world.process();
    // Whether the act happened, and whether under a tripwire.
    let acted = Arc::new(Mutex::new(None));
    let (their_world, their_rows, done) = (Arc::clone(&world), Arc::clone(&expected), Arc::clone(&acted));
    let executing = worker.store.executing();
    worker.store.on_call(Arc::new(move |number, _| {
        if number != case.at {
            return Box::pin(async {});
        }
        let (world, rows, done) = (Arc::clone(&their_world), Arc::clone(&their_rows), Arc::clone(&done));
        let executing = Arc::clone(&executing);
        Box::pin(async move {
            // Renames run beside each other: the foreign act happens between two of them, not in one.
            let _alone = executing.write().await;
            *done.lock().unwrap() = Some(world.read(PART).is_none());
            case.foreign.act(&world, &mut rows.lock().unwrap());
        })
    }));
    if let Some(death) = case.death {
        worker.store.fail_at(death, Fault::Dies);
    }
    let ended = worker.run(act).await;
    let under_tripwire = *acted.lock().unwrap();
    if under_tripwire.is_none() {
        case.foreign.act(&world, &mut expected.lock().unwrap());
    }
    let expected = expected.lock().unwrap().clone();
    // What a dead worker would have said nobody hears.
    let heard = ended.iter().filter(|_| !worker.store.is_dead());
    let mut states: Vec<TargetState> = heard.flat_map(|(_, all)| all.iter().map(|one| one.state)).collect();
    let closed = is_closed(&world, case);
    if case.foreign == Foreign::OverwriteDirectory {
        assert!(!states.contains(&TargetState::NeedsDecision), "{case:?}: {ended:?}");
    }
    worker.end().await;
    // Who takes the tripwire away while files are away makes readers count wrong until the next look: the worker's, or,
    // when that is dead, the recovery's. Nothing can tell them before.
    let blind = worker.store.is_dead() && under_tripwire == Some(true) && case.foreign.takes_tripwire();
    if !blind {
        never_wrong(&world, case, &expected, &states);
    }
    let healer = world.process();
    for _ in 0..3 {
        let (_, outcomes) = healer.run(recover()).await.unwrap_or_else(|error| panic!("{case:?}: {error}"));
        states.extend(outcomes.iter().map(|outcome| outcome.state));
        never_wrong(&world, case, &expected, &states);
    }
    nothing_lost(&world, case, &expected, &before);
    if case.foreign == Foreign::Grow && !case.rollback && !closed {
        // It was found, and the compaction taken back.
        assert!(kept(&world, "part-1.txt").is_none(), "{case:?}: {states:?}");
    }
    let asked = world.epochs(PART).iter().any(|epoch| !epoch.ends_with(".rest"));
    if asked {
        assert!(may_ask(&world, case), "{case:?}: {states:?} {:?} {:?}", world.visible(PART), world.kept());
        decided(&world, &healer, case, expected).await;
    } else {
        assert!(world.read(PART).is_some(), "{case:?}: the tripwire stays: {states:?}");
    }
    states.into_iter().map(|state| (case.foreign, state)).collect()
}

/// Whether the exchange that is disturbed was closed.
fn is_closed(world: &World, case: Case) -> bool {
    let done = if case.rollback { ".done.2" } else { ".done.1" };
    let place = world.place(PART);
    world.epochs(PART).iter().any(|epoch| place.join(epoch).join(done).exists())
}

/// Where the table asks a person: somebody emptied the directory, took the tripwire away, copied files by hand, or
/// changed a file that a rollback is bringing back, or took its name (Z).
fn may_ask(world: &World, case: Case) -> bool {
    let live = |name: &str| world.path(PART).join(name).exists();
    match case.foreign {
        Foreign::OverwriteDirectory => false,
        // Its other name is only used when the first was taken before the exchange began. One that is taken later may
        // hold a copy of the file that comes back: nothing but a person can tell that from a new file.
        Foreign::Append => case.rollback && live("part-0.txt") && kept(world, "part-0.txt").is_some(),
        Foreign::Grow => case.rollback,
        _ => true,
    }
}

/// A reader fails, or counts what is right.
fn never_wrong(world: &World, case: Case, expected: &[u64], states: &[TargetState]) {
    let Some(rows) = world.read(PART) else { return };
    let wrong = format!("{case:?}: {states:?} {:?}", world.visible(PART));
    match case.foreign {
        // What an open writer adds to a file that has left is kept, not seen, until a look finds it or, after the last
        // look, a rollback brings it back with the file.
        Foreign::Grow => {
            let hidden: Vec<u64> = kept(world, "part-1.txt").iter().flat_map(|path| rows_of(path)).collect();
            let grown = |row: &u64| *row >= GROWN && hidden.contains(row);
            let seen: Vec<u64> = expected.iter().copied().filter(|row| !grown(row)).collect();
            assert_eq!(rows, seen, "{wrong}");
        }
        // Who copies a file by hand while no tripwire stands, or after the last look under it, doubles its rows himself:
        // reported by every look, not repaired. Nothing else is doubled.
        Foreign::CopyByHand => {
            let copied = rows_of(&world.path(PART).join("part-0.txt"));
            let mut once: Vec<u64> = rows.into_iter().filter(|row| !copied.contains(row)).collect();
            once.extend(copied);
            once.sort_unstable();
            assert_eq!(once, expected, "{wrong}");
        }
        _ => assert_eq!(rows, expected, "{wrong}"),
    }
}

/// Every row of before is live or kept, unless somebody deleted it himself.
fn nothing_lost(world: &World, case: Case, expected: &[u64], before: &[u64]) {
    let anywhere = rows_anywhere(world);
    assert!(expected.iter().all(|row| anywhere.contains(row)), "{case:?}: {anywhere:?}");
    if matches!(case.foreign, Foreign::Append | Foreign::Grow | Foreign::RemoveTripwire | Foreign::CopyByHand) {
        assert!(before.iter().all(|row| anywhere.contains(row)), "{case:?}: {anywhere:?}");
    }
}

/// A person decides, and the one of the two ways that fits gives the right rows.
async fn decided(world: &World, healer: &Process, case: Case, mut expected: Vec<u64>) {
    let way = match case.foreign {
        Foreign::RemoveTripwire | Foreign::CopyByHand | Foreign::Append | Foreign::Grow => Decision::Restore,
        _ => Decision::Keep,
    };
    let (_, mut outcomes) = healer.run(decide(way)).await.unwrap();
    let aside = world.outside("aside");
    if outcomes[0].state == TargetState::NeedsDecision {
        // Refused: what came under the name of a file that is to come back may be that file. Once it is moved away the
        // decision can be carried out.
        assert_eq!(way, Decision::Restore, "{case:?}: {outcomes:?}");
        let name = if case.foreign == Foreign::Grow { "part-1.txt" } else { "part-0.txt" };
        fs::rename(world.path(PART).join(name), &aside).unwrap();
        outcomes = healer.run(decide(way)).await.unwrap().1;
    }
    assert!(world.epochs(PART).iter().all(|epoch| epoch.ends_with(".rest")), "{case:?}: {:?}", world.epochs(PART));
    match case.foreign {
        Foreign::Append if aside.exists() => fs::rename(&aside, world.path(PART).join("part-other.txt")).unwrap(),
        // A rename that was on its way took the new file along: it is kept, and a person puts it back.
        Foreign::Overwrite => {
            if let Some(taken) = kept(world, "part-0.txt").filter(|path| rows_of(path).iter().any(|row| *row >= GROWN))
            {
                fs::copy(taken, world.path(PART).join("part-0.txt")).unwrap();
            }
        }
        Foreign::Grow => {
            let (added, live) = (|row: &u64| *row >= GROWN, world.read(PART).unwrap());
            let moved = rows_of(&aside);
            assert!(rows_anywhere(world).iter().chain(&moved).any(added), "{case:?}");
            if moved.iter().any(|row| !added(row) && !live.contains(row)) {
                // The rollback had ended: the file that was moved away is the one that came back.
                fs::rename(&aside, world.path(PART).join("part-1.txt")).unwrap();
            } else if !live.iter().any(added) {
                // What was added is in the file that is kept, or in the one that was moved away.
                expected.retain(|row| !added(row));
            }
        }
        _ => {}
    }
    assert_eq!(world.read(PART), Some(expected), "{case:?}: {outcomes:?}");
}

async fn every_case(rolls_back: bool, foreign: Foreign, holds: Holds) {
    let (first, last) = window(rolls_back, holds).await;
    // The rules are the same wherever places lie: a part of the deaths shows it.
    let (near, one_in) = if holds == Holds::Locks { (NEAR, ONE_IN) } else { (0, 4 * ONE_IN) };
    let mut cases = Vec::new();
    for at in first..=last {
        cases.push(Case { rollback: rolls_back, foreign, at, death: None, holds });
        for death in at..=last {
            if death - at <= near || (death * 31 + at * 17 + foreign as u64).is_multiple_of(one_in) {
                cases.push(Case { rollback: rolls_back, foreign, at, death: Some(death), holds });
            }
        }
    }
    let mut tally = Tally { cases: cases.len() as u64, ..Tally::default() };
    let mut running = tokio::task::JoinSet::new();
    for case in cases {
        running.spawn(disturbed(case));
    }
    while let Some(states) = running.join_next().await {
        match states {
            Ok(states) => states.into_iter().for_each(|state| *tally.states.entry(state).or_default() += 1),
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
    println!("{tally:?}");
    assert!(tally.cases > 50, "{tally:?}");
}

macro_rules! simulations {
    ($($name:ident: $foreign:expr;)*) => {
        $(mod $name {
            use super::*;

            #[test]
            fn during_a_compaction() {
                beside_each_other(async {
                    every_case(false, $foreign, Holds::Locks).await;
                });
            }

            #[test]
            fn during_a_rollback() {
                beside_each_other(async {
                    every_case(true, $foreign, Holds::Locks).await;
                });
            }

            #[test]
            fn where_places_lie_in_their_targets() {
                beside_each_other(async {
                    every_case(false, $foreign, Holds::InTarget).await;
                    every_case(true, $foreign, Holds::InTarget).await;
                });
            }
        })*
    };
}

simulations! {
    an_append: Foreign::Append;
    an_overwrite: Foreign::Overwrite;
    an_overwrite_with_new_names: Foreign::OverwriteAnew;
    a_truncation: Foreign::Truncate;
    a_new_directory: Foreign::OverwriteDirectory;
    a_growing_file: Foreign::Grow;
    a_tripwire_taken_away: Foreign::RemoveTripwire;
    a_copy_by_hand: Foreign::CopyByHand;
}

/// Where places lie in their targets, the whole of a run's share goes with the directory, at whichever call.
#[test]
fn who_replaces_a_directory_with_its_place_leaves_nothing_to_decide() {
    beside_each_other(async {
        for rollback in [false, true] {
            let (_, last) = window(rollback, Holds::InTarget).await;
            let mut seen = BTreeMap::<TargetState, u64>::new();
            for at in 1..=last {
                let case =
                    Case { rollback, foreign: Foreign::OverwriteDirectory, at, death: None, holds: Holds::InTarget };
                for (_, state) in disturbed(case).await {
                    *seen.entry(state).or_default() += 1;
                }
            }
            assert!(
                seen.contains_key(&TargetState::Changed) && seen.contains_key(&TargetState::Superseded),
                "{seen:?}"
            );
        }
    });
}

#[test]
fn every_foreign_act_is_simulated() {
    assert_eq!(Foreign::ALL.len(), 8);
}
