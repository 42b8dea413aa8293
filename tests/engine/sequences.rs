//! Acts one after another on one target (PROTOCOL §9.6): what stands on what, taken back in every order, with appends
//! and cleanups in between. The rows are right after each act, and History and the previews say what the acts then do.

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, SystemTime};

use lakehand::ledger::verdict::{self, Verdict};
use lakehand::ledger::{list_runs, run_detail};
use lakehand::model::{RunId, RunKind, RunState, RunSummary, Scope, TargetOutcome, TargetState};

use crate::acts::rows_anywhere;
use crate::world::{PART, Process, World, cleanup, compact, names, recover, rollback};

/// A target, the rows that it must have, and the process that acts on it.
struct Story {
    world: World,
    process: Process,
    expected: Vec<u64>,
    files: u64,
}

impl Story {
    fn begin(files: usize) -> Story {
        let world = World::new();
        let process = world.process();
        let mut story = Story { world, process, expected: Vec::new(), files: 0 };
        for _ in 0..files {
            story.append();
        }
        story
    }

    /// A new file under the first name that is free, as Hive's next INSERT takes it.
    fn append(&mut self) -> String {
        let taken: BTreeSet<String> = self.world.visible(PART).into_iter().collect();
        let name = (0..).map(|number| format!("part-{number}.txt")).find(|name| !taken.contains(name)).unwrap();
        self.files += 1;
        let rows = self.world.write(PART, &name, 1 + self.files % 3);
        self.expected.extend(rows);
        // A time that no other file has, some days ago: this machine's clock is too coarse to tell two files apart.
        let time = SystemTime::now() - Duration::from_secs(86_400 * 9) + Duration::from_secs(self.files);
        let path = self.world.path(PART).join(&name);
        fs::File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
        name
    }

    async fn done(&self, act: lakehand::run::Act) -> RunId {
        let (run, outcome) = self.outcome(act).await;
        assert!(outcome.state.is_success(), "{outcome:?}");
        run
    }

    async fn outcome(&self, act: lakehand::run::Act) -> (RunId, TargetOutcome) {
        let (run, mut outcomes) = self.process.run(act).await.unwrap();
        assert_eq!(outcomes.len(), 1, "{outcomes:?}");
        self.check();
        (run, outcomes.remove(0))
    }

    async fn refused(&self, act: lakehand::run::Act, why: &str) {
        let before = (self.world.visible(PART), self.world.kept(), self.world.epochs(PART).len());
        let (_, outcome) = self.outcome(act).await;
        assert_eq!(outcome.state, TargetState::Refused, "{outcome:?}");
        let text = outcome.reason.unwrap().text;
        assert!(text.contains(why), "{text}");
        let names = |paths: &[std::path::PathBuf]| -> Vec<_> {
            paths.iter().map(|path| path.file_name().unwrap().to_owned()).collect()
        };
        assert_eq!(before.0, self.world.visible(PART));
        assert_eq!(names(&before.1), names(&self.world.kept()));
        assert_eq!(before.2, self.world.epochs(PART).len());
    }

    fn check(&self) {
        assert_eq!(self.world.read(PART).as_ref(), Some(&self.expected), "{:?}", self.world.visible(PART));
        assert!(self.world.epochs(PART).iter().all(|epoch| epoch.ends_with(".rest")), "{:?}", self.world.epochs(PART));
    }

    async fn compact(&self) -> RunId {
        self.done(compact(self.world.plan(&[PART]))).await
    }

    async fn runs(&self) -> Vec<RunSummary> {
        list_runs(&self.world.ledger(), self.world.clock_now()).await.unwrap()
    }

    async fn summary(&self, run: &RunId) -> RunSummary {
        self.runs().await.into_iter().find(|summary| summary.run == *run).unwrap()
    }

    async fn why_no_rollback(&self, run: &RunId) -> String {
        let summary = self.summary(run).await;
        assert!(!summary.can.contains(&RunKind::Rollback), "{summary:?}");
        summary.cannot.into_iter().find(|(kind, _)| *kind == RunKind::Rollback).unwrap().1.text
    }
}

#[tokio::test]
async fn what_a_newer_run_stands_on_is_taken_back_after_it_and_put_back_before_it() {
    let mut story = Story::begin(4);
    let a = story.compact().await;
    story.append();
    let b = story.compact().await;
    assert_eq!((story.summary(&a).await.backup_files, story.summary(&b).await.backup_files), (4, 3));
    assert!(story.summary(&b).await.can.contains(&RunKind::Rollback));
    assert!(story.why_no_rollback(&a).await.contains(&format!("run {} replaced these later", b.suffix())));
    story.refused(rollback(&a), &format!("run {b} replaced these later")).await;

    story.append();
    let rb = story.done(rollback(&b)).await;
    assert_eq!(story.world.visible(PART).len(), 2 + 1 + 1, "A's outputs and both late files");
    assert_eq!((story.summary(&b).await.by, story.summary(&b).await.backup_files), (vec![rb.clone()], 0));
    assert_eq!(story.summary(&rb).await.backup_files, 2);
    story.refused(rollback(&b), &format!("run {rb} took it back already")).await;

    story.append();
    let ra = story.done(rollback(&a)).await;
    assert_eq!(story.world.visible(PART).len(), 4 + 3);
    assert_eq!((story.summary(&ra).await.of, story.summary(&ra).await.state), (Some(a.clone()), RunState::Done));

    // The undo of B's rollback needs what B had replaced: A's outputs, which are away.
    story.refused(rollback(&rb), "gone or changed").await;
    story.append();
    let ua = story.done(rollback(&ra)).await;
    story.append();
    let ub = story.done(rollback(&rb)).await;
    assert_eq!(story.world.visible(PART).len(), 2 + 4, "B's outputs and what was appended since");
    assert_eq!(story.summary(&ub).await.backup_files, 3);
    assert!(story.why_no_rollback(&ua).await.contains(&format!("run {} replaced these later", ub.suffix())));
    story.refused(rollback(&ua), &format!("run {ub} replaced these later")).await;

    // And all of it back once more, by the runs that hold it now.
    let rub = story.done(rollback(&ub)).await;
    let rua = story.done(rollback(&ua)).await;
    assert_eq!(story.world.visible(PART).len(), 4 + 5);
    assert!(
        story.world.kept().iter().all(|path| path.to_str().unwrap().contains("lakehand-")),
        "only outputs are kept"
    );
    for run in [&a, &b, &ra, &rb, &ua, &ub, &rua, &rub] {
        let detail = run_detail(&story.world.ledger(), run, story.world.clock_now()).await.unwrap();
        assert!(detail.outcomes[0].state.is_success(), "{detail:?}");
        assert_eq!(detail.summary.targets_done, 1);
    }
}

#[tokio::test]
async fn a_file_comes_back_beside_the_one_that_took_its_name() {
    let mut story = Story::begin(3);
    let a = story.compact().await;
    assert_eq!(story.append(), "part-0.txt", "the name of a source is free again");
    let ra = story.done(rollback(&a)).await;
    let back = format!("part-lakehand-{ra}-back-0.txt");
    assert!(story.world.visible(PART).contains(&back), "{:?}", story.world.visible(PART));
    assert!(story.world.visible(PART).contains(&"part-0.txt".to_owned()));

    // Away again under the name that it has, and back a second time while the first name is still taken.
    let ua = story.done(rollback(&ra)).await;
    assert!(!story.world.visible(PART).contains(&back));
    let rua = story.done(rollback(&ua)).await;
    assert_eq!(story.world.visible(PART).len(), 4);
    let b = story.compact().await;
    story.append();
    story.done(rollback(&b)).await;
    assert_eq!(story.world.visible(PART).len(), 5);
    story.done(rollback(&rua)).await;
    assert!(!story.world.visible(PART).contains(&back), "{:?}", story.world.visible(PART));
}

#[tokio::test]
async fn a_file_whose_both_names_are_taken_holds_the_rollback_back() {
    let mut story = Story::begin(3);
    let a = story.compact().await;
    story.append();
    // The name that it would come back under is only known once the run that brings it has an id.
    let run = lakehand::run::reserve_id(&story.process.context).await.unwrap();
    let back = format!("part-lakehand-{run}-back-0.txt");
    let rows = story.world.write(PART, &back, 1);
    story.expected.extend(rows);
    story.expected.sort_unstable();
    let outcomes = lakehand::run::execute(&story.process.context, run, rollback(&a)).await.unwrap();
    assert_eq!(outcomes[0].state, TargetState::Changed, "{outcomes:?}");
    assert!(outcomes[0].reason.as_ref().unwrap().text.contains("both taken"), "{outcomes:?}");
    assert_eq!(story.world.read(PART).as_ref(), Some(&story.expected));
    assert_eq!(story.world.kept().len(), 3);
    // Another run would bring it under another name.
    story.done(rollback(&a)).await;
}

#[tokio::test]
async fn a_cleanup_in_between_leaves_the_newer_run_whole() {
    let mut story = Story::begin(4);
    let a = story.compact().await;
    story.append();
    let b = story.compact().await;
    story.append();
    story.done(cleanup(&a)).await;
    assert_eq!(story.world.epochs(PART).len(), 1);
    let gone = story.summary(&a).await;
    assert_eq!((gone.backup_files, gone.can.is_empty()), (0, true), "{gone:?}");
    assert!(story.process.run(rollback(&a)).await.is_err());
    story.append();
    let rb = story.done(rollback(&b)).await;
    assert!(story.process.run(rollback(&a)).await.is_err());
    story.done(cleanup(&rb)).await;
    assert!(story.world.kept().is_empty());
    assert_eq!(names(&story.world.path(".lakehand")), [".runs"]);
    let runs = story.runs().await;
    assert!(runs.iter().all(|run| run.backup_files == 0 && run.can.is_empty()), "{runs:?}");
}

#[tokio::test]
async fn a_cleanup_takes_the_undo_away_and_nothing_else() {
    let mut story = Story::begin(4);
    let a = story.compact().await;
    let ra = story.done(rollback(&a)).await;
    story.refused(cleanup(&a), &format!("belongs to run {ra}")).await;
    story.append();
    story.done(cleanup(&ra)).await;
    assert!(story.process.run(rollback(&ra)).await.is_err());
    let again = story.compact().await;
    story.done(rollback(&again)).await;
}

/// Any acts in any order: each does what its preview said, History never offers what is refused for a newer run, and
/// no row is ever lost or doubled.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_order_of_acts_keeps_every_row_and_its_word() {
    let mut walks = tokio::task::JoinSet::new();
    for seed in 0..WALKS {
        walks.spawn(walk(seed));
    }
    let mut tally = [0_u64; 4];
    while let Some(walked) = walks.join_next().await {
        match walked {
            Ok(counts) => tally.iter_mut().zip(counts).for_each(|(all, one)| *all += one),
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
    println!("{tally:?}: rollbacks done and refused, cleanups done and refused");
    assert!(tally.iter().all(|count| *count > WALKS / 2), "{tally:?}");
}

const WALKS: u64 = 24;
const STEPS: u64 = 14;

async fn walk(seed: u64) -> [u64; 4] {
    let mut story = Story::begin(3);
    let mut draw = crate::world::Draw::new(seed);
    let mut runs: Vec<RunId> = Vec::new();
    let mut counts = [0_u64; 4];
    for step in 0..STEPS {
        let told = format!("seed {seed}, step {step}");
        match draw.below(9) {
            0 | 1 => drop(story.append()),
            2 | 3 => runs.push(story.compact().await),
            4 => drop(story.process.run(recover()).await.unwrap()),
            5 if !runs.is_empty() => {
                let of = runs[draw.below(runs.len() as u64) as usize].clone();
                counts[3 - usize::from(cleaned(&story, &of, &told).await)] += 1;
            }
            _ if !runs.is_empty() => {
                let of = runs[draw.below(runs.len() as u64) as usize].clone();
                let done = rolled_back(&story, &of, &told).await;
                counts[usize::from(done.is_none())] += 1;
                runs.extend(done);
            }
            _ => {}
        }
        story.check();
        let anywhere = rows_anywhere(&story.world);
        assert_eq!(anywhere, story.expected, "{told}");
    }
    counts
}

/// Whether it was cleaned up, which must be what the preview said.
async fn cleaned(story: &Story, of: &RunId, told: &str) -> bool {
    let now = story.world.clock_now();
    let ledger = story.world.ledger();
    let previewed = verdict::cleanup(&ledger, of, &Scope::default(), Duration::ZERO, true, now).await.unwrap();
    let ready = previewed.iter().any(|verdict| matches!(verdict.verdict, Verdict::Ready(_)));
    let kept = story.world.kept().len();
    let frees: u64 = previewed.iter().map(|verdict| verdict.kept_files).sum();
    let done = match story.process.run(cleanup(of)).await {
        Ok((_, outcomes)) => outcomes[0].state == TargetState::Cleaned,
        Err(_) => false,
    };
    assert_eq!(done, ready, "{told}: {previewed:?}");
    let freed = (kept - story.world.kept().len()) as u64;
    assert_eq!(freed, if done { frees } else { 0 }, "{told}: {previewed:?}");
    done
}

/// The run that took it back, which must be what the preview said.
async fn rolled_back(story: &Story, of: &RunId, told: &str) -> Option<RunId> {
    let previewed = verdict::rollback(&story.world.ledger(), of, &Scope::default()).await.unwrap();
    let ready = previewed.iter().any(|verdict| matches!(verdict.verdict, Verdict::Ready(_)));
    let offered = story.summary(of).await.can.contains(&RunKind::Rollback);
    assert!(offered || !ready, "{told}: History does not offer what is ready: {previewed:?}");
    let done = match story.process.run(rollback(of)).await {
        Ok((run, outcomes)) => (outcomes[0].state == TargetState::RolledBack).then_some(run),
        Err(_) => None,
    };
    assert_eq!(done.is_some(), ready, "{told}: {previewed:?}");
    done
}
