//! Cleanup, the only act that destroys (PROTOCOL §9.7): ended at every delete and done again; refused over anything
//! that is damaged or missing, with nothing deleted; with a trash and without; never too young.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lakehand::error::Code;
use lakehand::ledger::list_runs;
use lakehand::model::{RunId, RunKind, Scope, Size, StorePath, TargetOutcome, TargetState};
use lakehand::run::Act;

use crate::fault::{self, Fault};
use crate::world::{PART, Process, World, cleanup, compact, names, recover, rollback};

const FILES: usize = 5;
const DAY: Duration = Duration::from_secs(86_400);

struct Cleaning {
    world: World,
    process: Process,
    run: RunId,
    before: Vec<u64>,
}

impl Cleaning {
    async fn prepare() -> Cleaning {
        let world = World::with_files(FILES);
        let before = world.read(PART).unwrap();
        let process = world.process();
        let (run, outcomes) = process.run(compact(world.plan(&[PART]))).await.unwrap();
        assert_eq!(outcomes[0].state, TargetState::Replaced, "{outcomes:?}");
        Cleaning { world, process, run, before }
    }

    async fn outcome(&self, act: Act) -> TargetOutcome {
        self.process.run(act).await.unwrap().1.remove(0)
    }

    /// Refused, with everything where it was.
    async fn refused(&self, act: Act, why: &str) {
        let (kept, visible) = (self.files(), self.world.visible(PART));
        let outcome = self.outcome(act).await;
        assert_eq!(outcome.state, TargetState::Refused, "{outcome:?}");
        let text = outcome.reason.unwrap().text;
        assert!(text.contains(why), "{text}");
        assert_eq!((kept, visible), (self.files(), self.world.visible(PART)));
    }

    /// The names in the backup, which is at rest.
    fn files(&self) -> Vec<String> {
        let epoch = self.world.epoch(PART);
        assert!(epoch.to_str().unwrap().ends_with(".rest"), "{epoch:?}");
        names(&epoch)
    }

    fn output(&self, number: usize) -> PathBuf {
        self.world.path(PART).join(&self.world.visible(PART)[number])
    }

    fn deletes(process: &Process) -> Vec<u64> {
        let recorded = process.store.recorded();
        let is_delete = |act: &fault::Act| {
            let gone = matches!(act, fault::Act::RemoveFile { path } | fault::Act::RemoveDir { path }
                if path.as_str().contains("/.gone-"));
            gone || matches!(act, fault::Act::Rename { to, .. } if to.name().starts_with(".gone-"))
        };
        recorded.iter().filter(|call| is_delete(&call.act)).map(|call| call.number).collect()
    }
}

#[tokio::test]
async fn a_cleanup_that_ended_at_any_delete_is_finished_by_the_next() {
    let whole = Cleaning::prepare().await;
    let cleaner = whole.world.process();
    cleaner.run(cleanup(&whole.run)).await.unwrap();
    let deletes = Cleaning::deletes(&cleaner);
    // The rename, every kept file, owner, record and tripwire, the directory.
    assert_eq!(deletes.len(), 1 + FILES + 3 + 1, "{deletes:?}");
    for fault in [Fault::Dies, Fault::LosesAnswer] {
        for at in &deletes {
            let told = format!("{fault:?} at call {at}");
            let cleaning = Cleaning::prepare().await;
            let world = &cleaning.world;
            let first = world.process();
            first.store.fail_at(*at, fault);
            let _ = first.run(cleanup(&cleaning.run)).await;
            first.end().await;
            assert_eq!(world.read(PART).as_ref(), Some(&cleaning.before), "{told}");
            finished_by_the_next(&cleaning, &told).await;
        }
    }
}

/// Either the backup is still whole, and cleaned up by the same command, or it is half deleted, and any cleanup or
/// recovery finishes it.
async fn finished_by_the_next(cleaning: &Cleaning, told: &str) {
    let world = &cleaning.world;
    let epochs = world.epochs(PART);
    if epochs.iter().any(|epoch| !epoch.starts_with(".gone-") && !epoch.ends_with(".rest")) {
        cleaning.process.run(recover()).await.unwrap();
        assert_eq!(world.kept().len(), FILES, "{told}: a recovery deletes nothing of a whole backup");
    }
    match cleaning.process.run(cleanup(&cleaning.run)).await {
        Ok((_, outcomes)) => assert_eq!(outcomes[0].state, TargetState::Cleaned, "{told}: {outcomes:?}"),
        Err(error) => {
            assert!(matches!(error.code(), Code::NotCleanable), "{told}: {error}");
            cleaning.process.run(recover()).await.unwrap();
        }
    }
    assert!(world.kept().is_empty(), "{told}: {:?}", world.kept());
    assert_eq!(names(&world.path(".lakehand")), [".runs"], "{told}");
    assert_eq!(world.read(PART).as_ref(), Some(&cleaning.before), "{told}");
    let runs = list_runs(&world.ledger(), world.clock_now()).await.unwrap();
    let summary = runs.iter().find(|summary| summary.run == cleaning.run).unwrap();
    assert_eq!((summary.backup_files, summary.can.as_slice()), (0, [].as_slice()), "{told}: {summary:?}");
}

#[tokio::test]
async fn nothing_is_deleted_while_an_output_is_damaged() {
    let cleaning = Cleaning::prepare().await;
    for number in 0..2 {
        let output = cleaning.output(number);
        let (good, time) = (fs::read(&output).unwrap(), fs::metadata(&output).unwrap().modified().unwrap());
        for at in [0, good.len() / 2, good.len() - 1] {
            let mut damaged = good.clone();
            damaged[at] ^= 1;
            put(&output, &damaged, time);
            cleaning.refused(cleanup(&cleaning.run), "damaged").await;
        }
        put(&output, &good[..good.len() - 1], time);
        cleaning.refused(cleanup(&cleaning.run), "damaged or was changed").await;
        fs::remove_file(&output).unwrap();
        cleaning.refused(cleanup(&cleaning.run), "only copy").await;
        // That somebody appended since does not replace what is gone.
        cleaning.world.write(PART, "part-late.txt", 1);
        cleaning.refused(cleanup(&cleaning.run), "only copy").await;
        fs::remove_file(cleaning.world.path(PART).join("part-late.txt")).unwrap();
        put(&output, &good, time);
    }
    assert_eq!(cleaning.outcome(cleanup(&cleaning.run)).await.state, TargetState::Cleaned);
}

#[tokio::test]
async fn nothing_is_deleted_while_the_backup_is_not_as_it_was() {
    let cleaning = Cleaning::prepare().await;
    let kept = || epoch_now(&cleaning).join(".part-1.txt.kept");
    let (good, time) = (fs::read(kept()).unwrap(), fs::metadata(kept()).unwrap().modified().unwrap());
    put(&kept(), &[&good[..], b"999\n"].concat(), time);
    cleaning.refused(cleanup(&cleaning.run), "it was being written").await;
    put(&kept(), &good, time);
    for stray in [".other.txt.kept", "notes.txt", ".emptied.x"] {
        fs::write(epoch_now(&cleaning).join(stray), "x").unwrap();
        cleaning.refused(cleanup(&cleaning.run), "in the backup").await;
        fs::remove_file(epoch_now(&cleaning).join(stray)).unwrap();
    }
    fs::create_dir(epoch_now(&cleaning).join(".deep.kept")).unwrap();
    cleaning.refused(cleanup(&cleaning.run), "in the backup").await;
    fs::remove_dir(epoch_now(&cleaning).join(".deep.kept")).unwrap();
    let done = epoch_now(&cleaning).join(".done.1");
    let record = fs::read(&done).unwrap();
    fs::write(&done, &record[..record.len() - 2]).unwrap();
    let outcome = cleaning.outcome(cleanup(&cleaning.run)).await;
    assert!(!outcome.state.is_success(), "{outcome:?}");
    assert_eq!(cleaning.world.kept().len(), FILES);
    fs::write(epoch_now(&cleaning).join(".done.1"), &record).unwrap();
    cleaning.process.run(recover()).await.unwrap();
    assert_eq!(cleaning.outcome(cleanup(&cleaning.run)).await.state, TargetState::Cleaned);
}

/// Each act gives the epoch another number.
fn epoch_now(cleaning: &Cleaning) -> PathBuf {
    cleaning.world.epoch(PART)
}

fn put(path: &Path, bytes: &[u8], time: std::time::SystemTime) {
    fs::write(path, bytes).unwrap();
    fs::File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
}

#[tokio::test]
async fn a_backup_is_kept_for_its_time() {
    let cleaning = Cleaning::prepare().await;
    let aged =
        |minimum_age| Act::Cleanup { of: cleaning.run.clone(), scope: Scope::default(), minimum_age, skip_trash: true };
    cleaning.refused(aged(3 * DAY), "it is kept for 3d").await;
    cleaning.world.clock.advance(2 * DAY);
    cleaning.refused(aged(3 * DAY), "the backup is 2d old").await;
    let offered = async || {
        let runs = list_runs(&cleaning.world.ledger(), cleaning.world.clock_now()).await.unwrap();
        runs.iter().find(|summary| summary.run == cleaning.run).unwrap().can.contains(&RunKind::Cleanup)
    };
    assert!(!offered().await);
    cleaning.world.clock.advance(DAY);
    assert!(offered().await);
    assert_eq!(cleaning.outcome(aged(3 * DAY)).await.state, TargetState::Cleaned);
}

#[tokio::test]
async fn without_a_trash_deleting_is_a_question_of_its_own() {
    let cleaning = Cleaning::prepare().await;
    let act = |skip_trash| Act::Cleanup {
        of: cleaning.run.clone(),
        scope: Scope::default(),
        minimum_age: Duration::ZERO,
        skip_trash,
    };
    let files = cleaning.files();
    let error = cleaning.process.run(act(false)).await.unwrap_err();
    assert_eq!(error.code(), Code::NoTrash, "{error}");
    assert_eq!(files, cleaning.files());
    assert_eq!(cleaning.outcome(act(true)).await.state, TargetState::Cleaned);
}

#[tokio::test]
async fn with_a_trash_the_whole_backup_is_found_there() {
    for (skip_trash, fault) in [(false, None), (true, None), (false, Some(Fault::LosesAnswer))] {
        let cleaning = Cleaning::prepare().await;
        let world = &cleaning.world;
        fs::create_dir(world.path(".trash")).unwrap();
        let trash: StorePath = world.store_path(".trash");
        let files = cleaning.files();
        let kept: u64 = world.kept().iter().map(|file| fs::metadata(file).unwrap().len()).sum();
        let cleaner = world.process();
        cleaner.store.trash_into(trash.clone());
        let act =
            Act::Cleanup { of: cleaning.run.clone(), scope: Scope::default(), minimum_age: Duration::ZERO, skip_trash };
        if let Some(fault) = fault {
            cleaner.store.on_call(trashing(&cleaner, fault));
        }
        let (_, outcomes) = cleaner.run(act).await.unwrap();
        let found: Vec<String> = names(&world.path(".trash"));
        let runs = list_runs(&world.ledger(), world.clock_now()).await.unwrap();
        let told = runs.iter().find(|run| run.kind == RunKind::Cleanup).unwrap().trashed_bytes;
        assert_eq!(told, if skip_trash { Size(0) } else { Size(kept) }, "{outcomes:?}");
        if skip_trash {
            assert!(found.is_empty() && outcomes[0].state == TargetState::Cleaned, "{outcomes:?}");
            continue;
        }
        assert_eq!(found.len(), 1, "{outcomes:?}");
        let trashed = names(&world.path(".trash").join(&found[0]));
        let without_owner = |names: Vec<String>| -> Vec<String> {
            names.into_iter().filter(|name| !name.starts_with(".owner.")).collect()
        };
        assert_eq!(without_owner(trashed), files);
        world_is_clean(world, &cleaning.before).await;
    }
}

/// Makes the trash's call go wrong, whichever number it has.
fn trashing(process: &Process, fault: Fault) -> fault::Hook {
    let store = std::sync::Arc::clone(&process.store);
    std::sync::Arc::new(move |number, act| {
        if matches!(act, fault::Act::Trash { .. }) {
            store.fail_at(number, fault);
        }
        Box::pin(std::future::ready(()))
    })
}

async fn world_is_clean(world: &World, before: &[u64]) {
    let healer = world.process();
    healer.run(recover()).await.unwrap();
    assert_eq!(names(&world.path(".lakehand")), [".runs"]);
    assert_eq!(world.read(PART).as_deref(), Some(before));
}

#[tokio::test]
async fn what_was_superseded_is_cleaned_and_what_was_rolled_back_keeps_the_outputs() {
    let cleaning = Cleaning::prepare().await;
    let world = &cleaning.world;
    // Somebody overwrote the table: the backup is of rows that nobody has any more, and may go.
    for name in world.visible(PART) {
        fs::remove_file(world.path(PART).join(name)).unwrap();
    }
    cleaning.refused(cleanup(&cleaning.run), "only copy").await;
    world.number_from(1_000_000);
    let rows = world.write(PART, "part-0.txt", 2);
    assert_eq!(cleaning.outcome(cleanup(&cleaning.run)).await.state, TargetState::Cleaned);
    assert_eq!(world.read(PART), Some(rows.clone()));

    world.write(PART, "part-1.txt", 2);
    let before = world.read(PART).unwrap();
    let (run, _) = cleaning.process.run(compact(world.plan(&[PART]))).await.unwrap();
    let (back, _) = cleaning.process.run(rollback(&run)).await.unwrap();
    let source = world.path(PART).join("part-1.txt");
    let (good, time) = (fs::read(&source).unwrap(), fs::metadata(&source).unwrap().modified().unwrap());
    fs::remove_file(&source).unwrap();
    cleaning.refused(cleanup(&back), "only copy").await;
    put(&source, &good, time);
    assert_eq!(cleaning.outcome(cleanup(&back)).await.state, TargetState::Cleaned);
    assert_eq!(world.read(PART), Some(before));
}
