//! The straight paths: compact, roll back, undo, clean up, restore; and what is refused.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lakehand::error::Code;
use lakehand::ledger::verdict::{self, Verdict};
use lakehand::ledger::{list_runs, run_detail};
use lakehand::model::{Event, RunKind, RunState, Scope, StorePath, TargetState};
use lakehand::run::Act;
use lakehand::run::seams::Clock;

use crate::fault::Holds;
use crate::world::{PART, World, cleanup, compact, names, recover, rollback, rows_of};

#[tokio::test]
async fn a_table_is_compacted_taken_back_compacted_again_and_cleaned() {
    let world = World::with_files(5);
    let before = world.read(PART);
    let newest = fs::metadata(world.path(PART).join("part-4.txt")).unwrap();
    let process = world.process();

    let (first, outcomes) = process.run(compact(world.plan(&[PART]))).await.unwrap();
    assert_eq!(outcomes[0].state, TargetState::Replaced, "{outcomes:?}");
    assert_eq!((outcomes[0].files_before, outcomes[0].files_after, outcomes[0].rows.0), (5, 2, 10));
    assert_eq!(world.read(PART), before);
    assert_eq!(world.visible(PART).len(), 2);
    assert!(world.visible(PART)[0].starts_with("part-lakehand-") && world.visible(PART)[0].ends_with("-0001.txt"));
    let output = fs::metadata(world.path(PART).join(&world.visible(PART)[1])).unwrap();
    assert_eq!((output.mtime_nsec(), output.mode()), (newest.mtime_nsec(), newest.mode()));
    assert_eq!(world.kept().len(), 5);
    assert!(world.epoch(PART).to_str().unwrap().ends_with(".w1.rest"));

    let late = world.write(PART, "part-late.txt", 3);
    let (second, outcomes) = process.run(rollback(&first)).await.unwrap();
    assert_eq!(outcomes[0].state, TargetState::RolledBack, "{outcomes:?}");
    let mut with_late = before.clone().unwrap();
    with_late.extend(&late);
    assert_eq!(world.read(PART).unwrap(), with_late);
    assert_eq!(world.visible(PART).len(), 6);

    let (third, outcomes) = process.run(rollback(&second)).await.unwrap();
    assert_eq!(outcomes[0].state, TargetState::RolledBack, "{outcomes:?}");
    assert_eq!(world.read(PART).unwrap(), with_late);
    assert_eq!(world.visible(PART).len(), 3);
    assert!(world.epoch(PART).to_str().unwrap().ends_with(".w3.rest"));

    let (_, outcomes) = process.run(cleanup(&third)).await.unwrap();
    assert_eq!(outcomes[0].state, TargetState::Cleaned, "{outcomes:?}");
    assert_eq!(world.read(PART).unwrap(), with_late);
    assert!(world.kept().is_empty());
    assert_eq!(names(&world.path(".lakehand")), [".runs"], "empty places are removed");
}

#[tokio::test]
async fn history_tells_every_run_with_what_can_be_done() {
    let world = World::with_files(4);
    let process = world.process();
    let (first, _) = process.run(compact(world.plan(&[PART]))).await.unwrap();
    let now = world.clock_now();
    let runs = list_runs(&world.ledger(), now).await.unwrap();
    assert_eq!(runs.len(), 1);
    assert_eq!((runs[0].state, runs[0].targets_done, runs[0].targets), (RunState::Done, 1, 1));
    assert_eq!((runs[0].backup_files, runs[0].tables.as_slice()), (4, ["db.t".to_owned()].as_slice()));
    assert_eq!(runs[0].can, [RunKind::Rollback]);
    assert!(
        runs[0].cannot.iter().any(|(kind, reason)| *kind == RunKind::Cleanup && reason.text.contains("kept until"))
    );
    let later = list_runs(&world.ledger(), now + Duration::from_secs(80 * 3600)).await.unwrap();
    assert_eq!(later[0].can, [RunKind::Rollback, RunKind::Cleanup]);

    let (second, _) = process.run(rollback(&first)).await.unwrap();
    let runs = list_runs(&world.ledger(), world.clock_now()).await.unwrap();
    let find = |run| runs.iter().find(|summary| summary.run == run).unwrap();
    assert_eq!(find(first.clone()).by, std::slice::from_ref(&second));
    assert!(find(first.clone()).can.is_empty());
    assert_eq!(
        (find(second.clone()).backup_files, find(second.clone()).can.as_slice()),
        (2, [RunKind::Rollback].as_slice())
    );
    let detail = run_detail(&world.ledger(), &first, world.clock_now()).await.unwrap();
    assert_eq!(detail.outcomes[0].state, TargetState::Replaced);
    assert_eq!(detail.plan.unwrap().targets.len(), 1);
}

#[tokio::test]
async fn runs_are_found_when_the_index_is_lost() {
    let world = World::with_files(4);
    let before = world.read(PART);
    let process = world.process();
    let (first, _) = process.run(compact(world.plan(&[PART]))).await.unwrap();
    fs::remove_dir_all(world.path(".lakehand/.runs")).unwrap();
    let runs = list_runs(&world.ledger(), world.clock_now()).await.unwrap();
    assert_eq!((runs.len(), &runs[0].run, runs[0].backup_files), (1, &first, 4));
    assert_eq!(runs[0].can, [RunKind::Rollback]);
    let detail = run_detail(&world.ledger(), &first, world.clock_now()).await.unwrap();
    assert_eq!((detail.outcomes[0].files_before, detail.outcomes[0].files_after), (4, 2));
    let (_, outcomes) = process.run(rollback(&first)).await.unwrap();
    assert_eq!(outcomes[0].state, TargetState::RolledBack);
    assert_eq!(world.read(PART), before);
}

#[tokio::test]
async fn a_backup_whose_records_cannot_be_read_is_not_called_gone() {
    let world = World::with_files(4);
    let (first, _) = world.process().run(compact(world.plan(&[PART]))).await.unwrap();
    let rest = world.place(PART).join(&world.epochs(PART)[0]);
    fs::write(rest.join(".done.1"), "torn").unwrap();
    let runs = list_runs(&world.ledger(), world.clock_now()).await.unwrap();
    assert_eq!(runs[0].run, first);
    let why = runs[0].cannot.iter().find(|(kind, _)| *kind == RunKind::Rollback).unwrap();
    assert!(why.1.text.contains("cannot be read"), "{why:?}");
}

#[tokio::test]
async fn previews_say_what_the_acts_do() {
    let world = World::with_files(4);
    let process = world.process();
    let (first, _) = process.run(compact(world.plan(&[PART]))).await.unwrap();
    world.write(PART, "part-late.txt", 1);
    let verdicts = verdict::rollback(&world.ledger(), &first, &Scope::default()).await.unwrap();
    assert_eq!(verdicts[0].verdict, Verdict::Ready("ready, 1 stay".to_owned()));
    assert_eq!((verdicts[0].live_files, verdicts[0].live_expected, verdicts[0].kept_files), (2, 2, 4));
    let hour = Duration::from_secs(3600);
    let now = world.clock_now();
    let judge = async |age, trash| {
        verdict::cleanup(&world.ledger(), &first, &Scope::default(), age, trash, now).await.unwrap().remove(0).verdict
    };
    assert!(matches!(judge(hour, true).await, Verdict::Refused(reason) if reason.code == Code::NotCleanable));
    assert!(matches!(judge(Duration::ZERO, false).await, Verdict::Refused(reason) if reason.code == Code::NoTrash));
    assert!(matches!(judge(Duration::ZERO, true).await, Verdict::Ready(_)));
    fs::remove_file(world.path(PART).join(&world.visible(PART)[0])).unwrap();
    let verdicts = verdict::rollback(&world.ledger(), &first, &Scope::default()).await.unwrap();
    assert!(matches!(&verdicts[0].verdict, Verdict::Refused(reason) if reason.text.contains("gone or changed")));
    let (_, outcomes) = process.run(rollback(&first)).await.unwrap();
    assert_eq!(outcomes[0].state, TargetState::Refused);
    assert_eq!(world.kept().len(), 4);
}

#[tokio::test]
async fn what_drifted_is_refused_before_the_first_write() {
    let world = World::with_files(3);
    for number in 0..3 {
        world.write("db.db/t/dt=2", &format!("part-{number}.txt"), 1);
    }
    let process = world.process();
    let plan = world.plan(&[PART, "db.db/t/dt=2"]);
    world.write(PART, "part-new.txt", 1);
    let error = process.run(compact(plan.clone())).await.unwrap_err();
    assert_eq!(error.code(), Code::PlanDrift, "{error}");
    assert!(world.epochs(PART).is_empty() && world.epochs("db.db/t/dt=2").is_empty());
    let act = Act::Compact { plan: Box::new(plan), skip_drifted: true, accept_window: false };
    let (_, outcomes) = process.run(act).await.unwrap();
    assert_eq!(outcomes[0].state, TargetState::Changed);
    assert_eq!(outcomes[1].state, TargetState::Replaced);
}

#[tokio::test]
async fn what_may_not_be_touched_is_refused_for_itself_alone() {
    let world = World::with_files(3);
    for number in 0..3 {
        world.write("db.db/t/dt=2", &format!("part-{number}.txt"), 1);
    }
    let mut plan = world.plan(&[PART, "db.db/t/dt=2"]);
    fs::create_dir(world.path(PART).join("inside")).unwrap();
    plan.targets[0].visible_entries += 1;
    let process = world.process();
    let (_, outcomes) = process.run(compact(plan)).await.unwrap();
    assert_eq!(outcomes[0].state, TargetState::Refused, "{outcomes:?}");
    assert_eq!(outcomes[1].state, TargetState::Replaced, "{outcomes:?}");
    fs::remove_dir(world.path(PART).join("inside")).unwrap();
    let mut hot = world.plan(&[PART]);
    hot.policy.quiet_period = Duration::from_secs(1800);
    let (_, outcomes) = process.run(compact(hot)).await.unwrap();
    assert_eq!(outcomes[0].reason.as_ref().unwrap().code, Code::NotQuiet);
}

#[tokio::test]
async fn modes_are_never_wider_and_owners_must_agree() {
    let world = World::with_files(3);
    let narrow = fs::Permissions::from_mode(0o640);
    fs::set_permissions(world.path(PART).join("part-1.txt"), narrow).unwrap();
    fs::set_permissions(world.path(PART), fs::Permissions::from_mode(0o2750)).unwrap();
    let mut plan = world.plan(&[PART]);
    let whole: Vec<_> = plan.targets[0].groups[0].outputs.concat();
    plan.targets[0].groups[0].outputs = vec![whole];
    let process = world.process();
    let (_, outcomes) = process.run(compact(plan)).await.unwrap();
    assert_eq!(outcomes[0].state, TargetState::Replaced, "{outcomes:?}");
    let output = fs::metadata(world.path(PART).join(&world.visible(PART)[0])).unwrap();
    assert_eq!(output.mode() & 0o7777, 0o640);
    let place = fs::metadata(world.path(".lakehand").join(PART)).unwrap();
    assert_eq!(place.mode() & 0o777, 0o750);
    assert_eq!(fs::metadata(world.epoch(PART)).unwrap().mode() & 0o777, 0o750);
}

#[tokio::test]
async fn a_cancelled_run_leaves_everything_as_it_was() {
    let world = World::with_files(4);
    let before = world.read(PART);
    let process = world.process();
    process.context.control.cancel();
    let (_, outcomes) = process.run(compact(world.plan(&[PART]))).await.unwrap();
    assert_eq!(outcomes[0].state, TargetState::Cancelled);
    assert_eq!((world.read(PART), world.kept().len()), (before, 0));
}

#[tokio::test]
async fn a_paused_run_holds_and_goes_on() {
    let world = World::with_files(4);
    let process = world.process();
    process.context.control.pause();
    let plan = world.plan(&[PART]);
    let control = process.context.control.clone();
    let work = process.run(compact(plan));
    let resume = async {
        while !process.observer.events.lock().unwrap().contains(&Event::Run { state: RunState::Paused }) {
            tokio::task::yield_now().await;
        }
        assert!(world.epochs(PART).is_empty());
        control.resume();
    };
    let (result, ()) = tokio::join!(work, resume);
    assert_eq!(result.unwrap().1[0].state, TargetState::Replaced);
}

#[tokio::test]
async fn kept_files_are_copied_aside() {
    let world = World::with_files(3);
    let process = world.process();
    let rows: Vec<u64> = rows_of(&world.path(PART).join("part-1.txt"));
    let (first, _) = process.run(compact(world.plan(&[PART]))).await.unwrap();
    let live = world.read(PART);
    let to = StorePath::new(world.outside("aside").to_str().unwrap()).unwrap();
    let act = Act::Restore { of: first, scope: Scope::default(), to: to.clone() };
    let (_, outcomes) = process.run(act.clone()).await.unwrap();
    assert_eq!(outcomes[0].state, TargetState::Restored, "{outcomes:?}");
    assert_eq!(rows_of(&world.outside("aside/db/t/dt=1/part-1.txt")), rows);
    assert_eq!((world.read(PART), world.kept().len()), (live, 3));
    assert_eq!(process.run(act).await.unwrap_err().code(), Code::NotRestorable);
}

#[tokio::test]
async fn cleanup_refuses_what_is_damaged_young_or_the_only_copy() {
    let world = World::with_files(4);
    let process = world.process();
    let (first, _) = process.run(compact(world.plan(&[PART]))).await.unwrap();
    let output = world.path(PART).join(&world.visible(PART)[0]);
    let (good, times) = (fs::read(&output).unwrap(), fs::metadata(&output).unwrap());
    let mut damaged = good.clone();
    damaged[0] ^= 1;
    let put = |bytes: &[u8]| {
        fs::write(&output, bytes).unwrap();
        fs::File::options().write(true).open(&output).unwrap().set_modified(times.modified().unwrap()).unwrap();
    };
    put(&damaged);
    let (_, outcomes) = process.run(cleanup(&first)).await.unwrap();
    assert_eq!(outcomes[0].state, TargetState::Refused, "{outcomes:?}");
    assert!(outcomes[0].reason.as_ref().unwrap().text.contains("damaged"));
    fs::remove_file(&output).unwrap();
    let (_, outcomes) = process.run(cleanup(&first)).await.unwrap();
    assert!(outcomes[0].reason.as_ref().unwrap().text.contains("only copy"), "{outcomes:?}");
    put(&good);
    fs::write(world.epoch(PART).join("foreign"), "x").unwrap();
    let (_, outcomes) = process.run(cleanup(&first)).await.unwrap();
    assert_eq!(outcomes[0].reason.as_ref().unwrap().code, Code::NotCleanable);
    fs::remove_file(world.epoch(PART).join("foreign")).unwrap();
    let (_, outcomes) = process.run(cleanup(&first)).await.unwrap();
    assert_eq!(outcomes[0].state, TargetState::Cleaned, "{outcomes:?}");
}

#[tokio::test]
async fn a_dropped_target_keeps_its_backup_until_it_is_cleaned() {
    let world = World::with_files(4);
    let process = world.process();
    let (first, _) = process.run(compact(world.plan(&[PART]))).await.unwrap();
    fs::remove_dir_all(world.path(PART)).unwrap();
    let (_, outcomes) = process.run(rollback(&first)).await.unwrap();
    assert!(!outcomes[0].state.is_success(), "{outcomes:?}");
    assert_eq!(world.kept().len(), 4);
    let (_, outcomes) = process.run(recover()).await.unwrap();
    assert!(outcomes.iter().all(|outcome| outcome.state != TargetState::Cleaned));
    assert_eq!(world.kept().len(), 4);
}

#[tokio::test]
async fn a_file_that_was_still_written_when_it_left_takes_the_target_back() {
    let world = World::with_files(4);
    let process = world.process();
    let plan = world.plan(&[PART]);
    let open = fs::OpenOptions::new().append(true).open(world.path(PART).join("part-2.txt")).unwrap();
    process.store.on_call(std::sync::Arc::new(move |_, act| {
        // The writer goes on once its file has left: nobody can see that beforehand on a local disk.
        if act.to_string().contains(".intent.1 to ") {
            use std::io::Write as _;
            open.try_clone().unwrap().write_all(b"999\n").unwrap();
        }
        Box::pin(async {})
    }));
    let (_, outcomes) = process.run(compact(plan)).await.unwrap();
    assert_eq!(outcomes[0].state, TargetState::Changed, "{outcomes:?}");
    assert!(world.read(PART).unwrap().contains(&999));
    assert_eq!(world.visible(PART).len(), 4);
}

#[tokio::test]
async fn a_run_that_cannot_be_looked_at_is_told_by_what_it_signs() {
    let world = World::with_files_on(4, Holds::InTarget);
    let process = world.process();
    let (ledger, seen) = (world.ledger(), Arc::new(Mutex::new(None)));
    world.living.hide();
    let (clock, found) = (world.clock.clone(), seen.clone());
    process.store.on_call(Arc::new(move |_, act| {
        let (ledger, clock, found) = (ledger.clone(), clock.clone(), found.clone());
        let exchanges = act.to_string().contains("part-0.txt.kept");
        Box::pin(async move {
            if exchanges && found.lock().unwrap().is_none() {
                let now = list_runs(&ledger, clock.now()).await.unwrap();
                let later = list_runs(&ledger, clock.now() + chrono::TimeDelta::hours(1)).await.unwrap();
                *found.lock().unwrap() = Some((now, later));
            }
        })
    }));
    process.context.control.limit(Some(1 << 30));
    let (run, outcomes) = process.run(compact(world.plan(&[PART]))).await.unwrap();
    assert_eq!(outcomes[0].state, TargetState::Replaced);
    let (now, later) = seen.lock().unwrap().take().expect("it was looked at in its exchange");
    let sign = now[0].sign.as_ref().unwrap();
    assert_eq!((now[0].state, sign.limits.bytes_per_second), (RunState::Running, Some(1 << 30)), "{now:?}");
    assert!(sign.beat >= 1 && !now[0].can.contains(&RunKind::Recover), "{now:?}");
    assert_eq!(later[0].state, RunState::NeedsDecision, "it has been silent for an hour, with an exchange open");
    let ended = list_runs(&world.ledger(), world.clock_now()).await.unwrap();
    assert_eq!((&ended[0].run, ended[0].state, &ended[0].sign), (&run, RunState::Done, &None));
}
