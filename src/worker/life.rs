//! The worker: opens the lake, takes an id, listens, reports, carries the act out, tells how it ended.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use chrono::Utc;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::board::Board;
use super::serve::{Desk, serve, steer};
use super::{WorkerLaunch, act, context, listen, log, read_launch, runtime};
use crate::error::{Code, Error, Exit, Failure, Result};
use crate::ipc::{LiveNote, ProcessId, Report, Request, RunPlaces, encode, write_note};
use crate::model::{Event, LogLevel, Rates, RunId, RunSnapshot, RunState, TargetOutcome};
use crate::run::{self, Act, Context, Control, Observer};

/// How often progress is told.
const TELL_EVERY: Duration = Duration::from_millis(250);

/// How long views are given to take the end of the run.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Runs the worker of an order.
pub fn main(order: &Path) -> Result<Exit> {
    let threads = std::thread::available_parallelism().map_or(2, usize::from).max(2);
    let runtime = runtime(threads)?;
    let exit = runtime.block_on(async {
        let signals = Signals::new()?;
        let mut worker = match Worker::begin(order).await {
            Ok(worker) => worker,
            Err(error) => {
                report(&Report::Failed { failure: Failure::from(&error) });
                return Err(error);
            }
        };
        worker.work(signals).await
    });
    // What still runs on a blocking thread would otherwise be waited for.
    runtime.shutdown_background();
    exit
}

struct Worker {
    launch: WorkerLaunch,
    places: RunPlaces,
    run: RunId,
    act: Act,
    context: Context,
    desk: Desk,
    listening: listen::Listening,
}

impl Worker {
    /// Everything that can fail before the run is there. Nothing of the lake was changed but the id in its index.
    async fn begin(order: &Path) -> Result<Worker> {
        let launch = read_launch(order)?;
        let act = act::of(launch.order.clone())?;
        let places = RunPlaces::new(&launch.paths.state, &launch.paths.runtime);
        places.create()?;
        log::sweep(places.state(), SystemTime::now());
        let control = Control::default();
        let limits = act::limits(&launch.order);
        control.limit(limits.bytes_per_second);
        control.until(limits.until);
        let early = context::open(&launch, control.clone(), Arc::new(run::Unobserved)).await?;
        let run = run::reserve_id(&early).await?;
        let listening = listen::listen(&places, &run)?;
        let snapshot = begun(&launch, &run, &early);
        let live = LiveNote { worker: ProcessId::current(), guard: parent(), snapshot: snapshot.clone() };
        write_note(&places.live(&run), &live)?;
        // The log keeps its early name where this fails; nothing hangs on it.
        let _ = std::fs::rename(places.early_log(&launch.start), places.log(&run));
        let _ = std::fs::remove_file(order);
        report(&Report::Started { snapshot: Box::new(snapshot.clone()) });
        let board = Arc::new(Board::new(snapshot));
        let context = Context { observer: Arc::clone(&board) as Arc<dyn Observer>, ..early };
        let desk = Desk::new(board, control);
        Ok(Worker { launch, places, run, act, context, desk, listening })
    }

    /// Carries the act out while views are served.
    async fn work(&mut self, mut signals: Signals) -> Result<Exit> {
        let (context, run, act) = (self.context.clone(), self.run.clone(), self.act.clone());
        log::note(LogLevel::Info, &format!("run {run} of {} begins", self.launch.settings.profile));
        let mut working = tokio::spawn(async move { run::execute(&context, run, act).await });
        let mut telling = interval(TELL_EVERY);
        telling.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let serving = serve(&self.listening.listener, &self.desk);
        tokio::pin!(serving);
        let ended = loop {
            tokio::select! {
                ended = &mut working => break ended,
                () = &mut serving => {}
                _ = telling.tick() => self.desk.board.flush(),
                name = signals.next() => steer(&self.desk.board, &self.desk.control, Request::Cancel, name),
            }
        };
        match ended {
            Ok(ended) => self.end(ended, &mut serving).await,
            // The engine panicked: to end without a word is to hand over to the guard.
            Err(panicked) => Err(Error::new(Code::Internal, "the engine broke off").source(panicked)),
        }
    }

    /// Leaves the note of the end, tells the views, and then the guard that there is nothing for it to do.
    async fn end(
        &self,
        ended: Result<Vec<TargetOutcome>>,
        serving: &mut (impl Future<Output = ()> + Unpin),
    ) -> Result<Exit> {
        let (snapshot, exit) = ending(self.desk.board.snapshot(), ended);
        let text = format!("run {} ended: {}, exit code {}", self.run, snapshot.state.word(), exit.code());
        log::note(LogLevel::Info, &text);
        write_note(&self.places.ended(&self.run), &snapshot)?;
        self.desk.board.end(snapshot);
        let mut connections = self.desk.connections.subscribe();
        let _ = timeout(LAST_WORDS, async {
            tokio::select! { _ = connections.wait_for(|count| *count == 0) => {}, () = serving => {} }
        })
        .await;
        // A live note without its process is no harm: the note of the end is looked for first.
        let _ = std::fs::remove_file(self.places.live(&self.run));
        report(&Report::Finished);
        Ok(exit)
    }
}

/// The state of a run that begins, before the engine has said what its targets are.
fn begun(launch: &WorkerLaunch, run: &RunId, context: &Context) -> RunSnapshot {
    let (kind, of) = act::shown(&launch.order);
    RunSnapshot {
        run: run.clone(),
        lake: context.store.uri(&context.root),
        kind,
        of,
        state: RunState::Running,
        user: context.me.user.clone(),
        host: context.me.host.clone(),
        pid: context.me.pid,
        started: Utc::now(),
        finished: None,
        targets: Vec::new(),
        rates: Rates::default(),
        limits: context.control.limits(),
        log: Vec::new(),
        watchers: 0,
        failure: None,
    }
}

/// The state of a run that has ended, and the exit code of whoever waited for it.
pub fn ending(mut snapshot: RunSnapshot, ended: Result<Vec<TargetOutcome>>) -> (RunSnapshot, Exit) {
    snapshot.finished = Some(Utc::now());
    let exit = match ended {
        Ok(outcomes) => {
            for (index, outcome) in outcomes.iter().enumerate() {
                let Some(mut progress) = snapshot.targets.get(index).cloned() else { continue };
                progress.outcome = outcome.clone();
                snapshot.apply(Event::Target { index, progress });
            }
            snapshot.state = RunState::ended_as(snapshot.kind, &outcomes);
            RunState::exit_as(snapshot.kind, &outcomes)
        }
        Err(error) => {
            log::failed(&error);
            snapshot.state = match error.exit() {
                Exit::Done => RunState::Done,
                Exit::Partial => RunState::InPart,
                Exit::NeedsRecovery => RunState::NeedsDecision,
                Exit::Interrupted => RunState::Cancelled,
                Exit::Refused | Exit::Usage => RunState::Refused,
                Exit::Failed | Exit::Verification => RunState::Failed,
            };
            snapshot.failure = Some(Failure::from(&error));
            error.exit()
        }
    };
    (snapshot, exit)
}

/// Tells the guard. It may be gone; nobody else reads this.
fn report(report: &Report) {
    if let Ok(line) = encode(report) {
        let mut output = std::io::stdout();
        let _ = output.write_all(&line).and_then(|()| output.flush());
    }
}

/// The guard.
fn parent() -> ProcessId {
    let pid = rustix::process::getppid().and_then(|pid| u32::try_from(pid.as_raw_nonzero().get()).ok()).unwrap_or(0);
    ProcessId::find(pid).unwrap_or(ProcessId { pid, start: 0 })
}

/// The signals that a worker takes. A hang-up is taken and forgotten.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    fn new() -> Result<Signals> {
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// The name of the next signal that asks to stop.
    async fn next(&mut self) -> &'static str {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return "SIGTERM",
                _ = self.interrupt.recv() => return "SIGINT",
                _ = self.hang_up.recv() => {}
            }
        }
    }
}
