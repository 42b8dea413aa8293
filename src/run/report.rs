//! What a run tells its observer, and the run index.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::error::Reason;
use crate::format::Progress;
use crate::model::{
    Event, LogLevel, LogLine, Rates, RunId, RunKind, RunSign, RunSnapshot, RunState, SignedStep, Size, Step, TargetId,
    TargetOutcome, TargetProgress, TargetState, count_text, counted,
};

use super::Context;
use super::course::Course;

/// How often a share of a step is told.
const SHARE_EVERY: Duration = Duration::from_millis(100);
/// Speeds are told over about this time.
const RATES_OVER: Duration = Duration::from_secs(10);

/// A target that a run is going to work on.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    pub id: TargetId,
    pub files_planned: u64,
    pub files_before: u64,
    pub bytes: Size,
}

/// Keeps the state of a run and tells every change of it.
#[derive(Debug)]
pub(super) struct Reporter {
    context: Context,
    run: RunId,
    targets: Mutex<Vec<Tracked>>,
    read: AtomicU64,
    files: AtomicU64,
    total: Size,
    window: Mutex<Moved>,
    /// The speeds that were told last.
    told: Mutex<Rates>,
    course: Mutex<Course>,
}

/// What had moved at some time.
#[derive(Clone, Copy, Debug)]
struct Moved {
    at: Duration,
    read: u64,
    files: u64,
    calls: u64,
}

#[derive(Debug)]
struct Tracked {
    progress: TargetProgress,
    begun: Option<Duration>,
    told: Duration,
}

impl Reporter {
    /// Tells the observer what the run is about to do.
    pub(super) fn begin(
        context: &Context,
        run: &RunId,
        kind: RunKind,
        of: Option<RunId>,
        targets: Vec<Expected>,
    ) -> Reporter {
        let begun = context.clock.monotonic();
        let total = targets.iter().map(|target| target.bytes).sum();
        let targets: Vec<Tracked> = targets.into_iter().map(Tracked::new).collect();
        context.observer.begun(RunSnapshot {
            run: run.clone(),
            kind,
            of,
            state: RunState::Running,
            user: context.me.user.clone(),
            host: context.me.host.clone(),
            pid: context.me.pid,
            started: context.clock.now(),
            finished: None,
            targets: targets.iter().map(|target| target.progress.clone()).collect(),
            rates: Rates::default(),
            limits: context.control.limits(),
            log: Vec::new(),
            watchers: 0,
            failure: None,
            lake: context.store.uri(&context.root),
        });
        Reporter {
            context: context.clone(),
            run: run.clone(),
            targets: Mutex::new(targets),
            read: AtomicU64::new(0),
            files: AtomicU64::new(0),
            total,
            window: Mutex::new(Moved { at: begun, read: 0, files: 0, calls: context.store.calls() }),
            told: Mutex::default(),
            course: Mutex::default(),
        }
    }

    /// A target enters a step.
    pub(super) fn step(&self, index: usize, step: Step) {
        let now = self.context.clock.monotonic();
        self.change(index, |target| {
            target.begun.get_or_insert(now);
            target.told = now;
            target.progress.step = Some(step);
            target.progress.share = 0.0;
            target.progress.outcome.state = match step {
                Step::Check | Step::Lease | Step::List | Step::Room => TargetState::Listing,
                Step::Write => TargetState::Writing,
                Step::Verify => TargetState::Verifying,
                Step::Exchange => TargetState::Exchanging,
                Step::Metastore | Step::Settle => TargetState::Settling,
            };
        });
    }

    /// A share of a step is done; told now and then.
    pub(super) fn share(&self, index: usize, share: f32) {
        let now = self.context.clock.monotonic();
        let Ok(targets) = self.targets.lock() else { return };
        let due = targets.get(index).is_some_and(|target| now.saturating_sub(target.told) >= SHARE_EVERY);
        drop(targets);
        if due {
            self.change(index, |target| {
                target.told = now;
                target.progress.share = share.clamp(0.0, 1.0);
            });
        }
    }

    /// A target has ended.
    pub(super) fn ended(&self, index: usize, mut outcome: TargetOutcome) -> TargetOutcome {
        let now = self.context.clock.monotonic();
        let elapsed = |begun: Duration| u64::try_from(now.saturating_sub(begun).as_millis()).unwrap_or(u64::MAX);
        self.change(index, |target| {
            outcome.elapsed_ms = target.begun.map_or(0, elapsed);
            target.progress.share = 1.0;
            target.progress.outcome = outcome.clone();
        });
        let (level, text) = ending_text(&outcome);
        self.log(level, text);
        outcome
    }

    fn change(&self, index: usize, change: impl FnOnce(&mut Tracked)) {
        let Ok(mut targets) = self.targets.lock() else { return };
        let Some(target) = targets.get_mut(index) else { return };
        change(target);
        let progress = target.progress.clone();
        drop(targets);
        self.context.observer.event(Event::Target { index, progress });
    }

    /// The run's state changed.
    pub(super) fn state(&self, state: RunState) {
        self.context.observer.event(Event::Run { state });
    }

    /// A line of the log.
    pub(super) fn log(&self, level: LogLevel, text: impl Into<String>) {
        let text = text.into().replace(['\n', '\r'], " ");
        let line = LogLine { at: self.context.clock.now(), level, run: self.run.clone(), text };
        self.context.observer.event(Event::Log { line });
    }

    /// The outcomes of the targets that were begun, by their place in the run.
    pub(super) fn outcomes(&self) -> Vec<(u64, TargetOutcome)> {
        let Ok(targets) = self.targets.lock() else { return Vec::new() };
        let begun = targets
            .iter()
            .enumerate()
            .filter(|(_, target)| target.begun.is_some() || target.progress.outcome.state != TargetState::Pending);
        begun.map(|(index, target)| (index as u64, target.progress.outcome.clone())).collect()
    }

    /// What the run writes of itself to the lake.
    pub(super) fn sign(&self, beat: u64) -> RunSign {
        let in_hand = |target: &Tracked| {
            let progress = &target.progress;
            let step = progress.step.filter(|_| !progress.outcome.state.is_final())?;
            Some(SignedStep { id: progress.outcome.id.clone(), step, share: progress.share })
        };
        let steps = self.targets.lock().map(|targets| targets.iter().filter_map(in_hand).collect()).unwrap_or_default();
        let rates = self.told.lock().map(|told| *told).unwrap_or_default();
        RunSign { beat, at: self.context.clock.now(), rates, limits: self.context.control.limits(), steps }
    }

    /// Tells the speeds.
    pub(super) fn tell_rates(&self) {
        let now = self.context.clock.monotonic();
        let moved = Moved {
            at: now,
            read: self.read.load(Ordering::Relaxed),
            files: self.files.load(Ordering::Relaxed),
            calls: self.context.store.calls(),
        };
        let Ok(mut window) = self.window.lock() else { return };
        let over = now.saturating_sub(window.at).as_secs_f64().max(0.001);
        let per_second = |count: u64, before: u64| (count.saturating_sub(before) as f64 / over) as u64;
        let mut rates = Rates {
            bytes_read: Size(moved.read.min(self.total.0)),
            bytes_total: self.total,
            bytes_per_second: per_second(moved.read, window.read),
            files_per_second: per_second(moved.files, window.files),
            calls_per_second: per_second(moved.calls, window.calls),
            share: self.done_share(),
            left_ms: None,
        };
        if over >= RATES_OVER.as_secs_f64() {
            *window = moved;
        }
        drop(window);
        rates.left_ms = self.left(now, rates.share);
        if let Ok(mut told) = self.told.lock() {
            *told = rates;
        }
        self.context.observer.event(Event::Rates { rates });
    }

    fn left(&self, now: Duration, share: f32) -> Option<u64> {
        let control = &self.context.control;
        self.course.lock().ok()?.left(now, share, control.is_paused(), control.limits().bytes_per_second)
    }

    /// The work that is done: a target counts by its bytes and files, its steps by how long they take.
    fn done_share(&self) -> f32 {
        let Ok(targets) = self.targets.lock() else { return 0.0 };
        let (mut done, mut all) = (0.0, 0.0);
        for target in targets.iter() {
            let (bytes, files) = costs(&target.progress);
            done += work_done(&target.progress);
            all += bytes + files;
        }
        if all == 0.0 { 1.0 } else { (done / all) as f32 }
    }

    /// A view of the progress of one step of one target, for the format module.
    pub(super) fn progress(self: &std::sync::Arc<Self>, index: usize, of: Size, counts: bool) -> StepProgress {
        StepProgress { reporter: std::sync::Arc::clone(self), index, of, done: AtomicU64::new(0), counts }
    }
}

impl Tracked {
    fn new(expected: Expected) -> Tracked {
        let outcome = TargetOutcome {
            files_before: expected.files_before,
            bytes_before: expected.bytes,
            ..TargetOutcome::pending(expected.id)
        };
        let progress = TargetProgress { outcome, step: None, share: 0.0, files_planned: expected.files_planned };
        Tracked { progress, begun: None, told: Duration::ZERO }
    }
}

/// The work of a target: what its bytes and its files cost. By the default speeds opening a file costs as much as
/// reading 50 kB of one.
fn costs(progress: &TargetProgress) -> (f64, f64) {
    let outcome = &progress.outcome;
    (outcome.bytes_before.0 as f64, 50_000.0 * (outcome.files_before + 1) as f64)
}

/// The work that is done of a target. Each file is opened twice, for its footer and for its rows.
fn work_done(progress: &TargetProgress) -> f64 {
    let (bytes, files) = costs(progress);
    let share = f64::from(progress.share);
    if progress.outcome.state.is_final() {
        return bytes + files;
    }
    match progress.step {
        None | Some(Step::Check | Step::Lease) => 0.0,
        Some(Step::List) => 0.4 * share * files,
        Some(Step::Room) => 0.4 * files,
        Some(Step::Write) => 0.4 * files + share * (0.55 * files + 0.65 * bytes),
        Some(Step::Verify) => 0.95 * files + (0.65 + 0.3 * share) * bytes,
        Some(Step::Exchange | Step::Metastore | Step::Settle) => 0.95 * (files + bytes),
    }
}

fn ending_text(outcome: &TargetOutcome) -> (LogLevel, String) {
    let id = &outcome.id;
    let reason = outcome.reason.as_ref().map_or_else(String::new, |reason: &Reason| format!(": {reason}"));
    let level = match outcome.state {
        TargetState::Failed | TargetState::NeedsDecision => LogLevel::Error,
        state if state.is_success() || state == TargetState::Skipped => LogLevel::Info,
        _ => LogLevel::Warn,
    };
    let text = match outcome.state {
        TargetState::Replaced => format!(
            "{id}: {} -> {}, {} rows, verified by {}{reason}",
            count_text(outcome.files_before),
            counted(outcome.files_after, "file"),
            outcome.rows,
            outcome.verified
        ),
        state => format!("{id}: {}{reason}", state.word()),
    };
    (level, text)
}

/// See [`Reporter::progress`].
pub(super) struct StepProgress {
    reporter: std::sync::Arc<Reporter>,
    index: usize,
    of: Size,
    done: AtomicU64,
    counts: bool,
}

impl Progress for StepProgress {
    fn bytes_read(&self, bytes: u64) {
        let done = self.done.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if self.counts {
            self.reporter.read.fetch_add(bytes, Ordering::Relaxed);
        }
        self.reporter.share(self.index, done as f32 / self.of.0.max(1) as f32);
    }

    fn files_read(&self, files: u64) {
        if self.counts {
            self.reporter.files.fetch_add(files, Ordering::Relaxed);
        }
    }
}
