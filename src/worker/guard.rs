//! The guard: the worker's parent. It waits, and acts only when the worker has died.

use std::io::Write as _;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;

use chrono::Utc;
use rustix::process::{Pid, Signal as Number, kill_process};
use tokio::io::BufReader;
use tokio::process::{Child, ChildStdout, Command};
use tokio::signal::unix::{SignalKind, signal};

use super::life::ending;
use super::{WorkerLaunch, context, log, read_launch, runtime};
use crate::error::{Code, Error, Exit, Failure, Result};
use crate::ipc::{Lines, MAXIMUM_LINE, Report, RunPlaces, encode, write_note};
use crate::ledger::run_detail;
use crate::model::{LogLevel, RunId, RunSnapshot, TargetOutcome, TargetProgress};
use crate::run::{self, Control, Unobserved};

/// Runs the guard of an order.
pub fn main(order: &Path) -> Result<Exit> {
    // Already the leader of a session when a person starts it by hand: all the same.
    let _ = rustix::process::setsid();
    // The worker may take the order file away as soon as it has read it.
    let launch = match read_launch(order) {
        Ok(launch) => launch,
        Err(error) => {
            report(&Report::Failed { failure: Failure::from(&error) });
            return Err(error);
        }
    };
    runtime(1)?.block_on(guard(order, &launch))
}

async fn guard(order: &Path, launch: &WorkerLaunch) -> Result<Exit> {
    let mut worker = match start(order) {
        Ok(worker) => worker,
        Err(error) => {
            report(&Report::Failed { failure: Failure::from(&error) });
            return Err(error);
        }
    };
    let heard = worker.stdout.take().map(|output| tokio::spawn(hear(output)));
    let status = wait(&mut worker).await?;
    let heard = match heard {
        Some(heard) => heard.await.unwrap_or_default(),
        None => Heard::default(),
    };
    match heard {
        Heard { finished: true, .. } | Heard { failed: true, .. } => Ok(exit_of(status)),
        Heard { started: Some(snapshot), .. } => recover(launch, *snapshot, status).await,
        Heard { started: None, .. } => {
            let error = Error::new(Code::WorkerStart, "the worker died before its run began")
                .why(died(status))
                .lake("unchanged");
            report(&Report::Failed { failure: Failure::from(&error) });
            Err(error)
        }
    }
}

/// Lets glibc keep little of what the worker gave back, whatever the number of its threads: with an arena for each, a
/// merge of 20,000 files under `--memory 64MiB` took 162 MiB. Other allocators do not look at it.
const ALLOCATOR: [(&str, &str); 3] =
    [("MALLOC_ARENA_MAX", "1"), ("MALLOC_MMAP_THRESHOLD_", "65536"), ("MALLOC_TRIM_THRESHOLD_", "65536")];

fn start(order: &Path) -> Result<Child> {
    let started = Command::new("/proc/self/exe")
        .arg0("lakehand")
        .args(["worker", "--inner", "--order"])
        .arg(order)
        .envs(ALLOCATOR)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn();
    started.map_err(|error| Error::new(Code::WorkerStart, "the worker could not be started").why(error.to_string()))
}

/// What the worker has said.
#[derive(Default)]
struct Heard {
    started: Option<Box<RunSnapshot>>,
    failed: bool,
    finished: bool,
}

/// Listens to the worker until it closes, and passes its first report on.
async fn hear(output: ChildStdout) -> Heard {
    let mut heard = Heard::default();
    let mut lines = Lines::new(BufReader::new(output), MAXIMUM_LINE);
    loop {
        match lines.next::<Report>().await {
            Ok(Some(said)) => {
                if !matches!(said, Report::Finished) {
                    report(&said);
                }
                match said {
                    Report::Started { snapshot } => heard.started = Some(snapshot),
                    Report::Failed { .. } => heard.failed = true,
                    Report::Finished => heard.finished = true,
                }
            }
            Ok(None) => return heard,
            Err(error) => {
                log::failed(&error);
                return heard;
            }
        }
    }
}

/// Waits for the worker. A hang-up is forgotten; what asks to stop is passed on, and the wait goes on.
async fn wait(worker: &mut Child) -> Result<ExitStatus> {
    let mut hang_up = signal(SignalKind::hangup())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let pid = worker.id().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
    loop {
        tokio::select! {
            status = worker.wait() => return Ok(status?),
            _ = hang_up.recv() => {}
            _ = terminate.recv() => pass_on(pid),
            _ = interrupt.recv() => pass_on(pid),
        }
    }
}

fn pass_on(pid: Option<Pid>) {
    if let Some(pid) = pid {
        // It was not waited for yet, so the number is still its own.
        let _ = kill_process(pid, Number::TERM);
    }
}

/// Applies PROTOCOL §5 to what the worker left, and writes how the run ended.
async fn recover(launch: &WorkerLaunch, mut snapshot: RunSnapshot, status: ExitStatus) -> Result<Exit> {
    let run = snapshot.run.clone();
    log::note(LogLevel::Error, &format!("the worker of run {run} died: {}; its guard looks", died(status)));
    let recovered = recovered(launch, &run).await;
    if let Ok(outcomes) = &recovered {
        for outcome in outcomes {
            log::note(LogLevel::Info, &format!("{}: {}", outcome.id, outcome.state.word()));
        }
        snapshot.targets = outcomes.iter().map(progress).collect();
    }
    let (mut snapshot, exit) = ending(snapshot, recovered);
    if snapshot.failure.is_none() {
        let error = Error::new(Code::Permanent, format!("the worker of run {run} died"))
            .why(died(status))
            .lake("its guard finished or took back what was in hand; the rest was not begun");
        snapshot.failure = Some(Failure::from(&error));
    }
    let places = RunPlaces::new(&launch.paths.state, &launch.paths.runtime);
    write_note(&places.ended(&run), &snapshot)?;
    let _ = std::fs::remove_file(places.live(&run));
    let _ = std::fs::remove_file(places.runtime().join(RunPlaces::socket_name(&run)));
    Ok(exit)
}

/// Recovers, then reads how every target of the run is by now: those that had ended before, those that were recovered,
/// those that were never begun.
async fn recovered(launch: &WorkerLaunch, run: &RunId) -> Result<Vec<TargetOutcome>> {
    let context = context::open(launch, Control::default(), Arc::new(Unobserved)).await?;
    let outcomes = run::guard_recover(&context, run).await?;
    match run_detail(&context.ledger(), run, Utc::now()).await {
        Ok(detail) => Ok(detail.outcomes),
        Err(error) => {
            log::failed(&error);
            Ok(outcomes)
        }
    }
}

fn progress(outcome: &TargetOutcome) -> TargetProgress {
    let files_planned = outcome.files_after;
    TargetProgress { outcome: outcome.clone(), step: None, share: 0.0, files_planned }
}

fn died(status: ExitStatus) -> String {
    status.to_string()
}

fn exit_of(status: ExitStatus) -> Exit {
    let known = [
        Exit::Done,
        Exit::Failed,
        Exit::Usage,
        Exit::Refused,
        Exit::Partial,
        Exit::Verification,
        Exit::NeedsRecovery,
        Exit::Interrupted,
    ];
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    known.into_iter().find(|exit| Some(exit.code()) == code).unwrap_or(Exit::Failed)
}

/// Tells whoever started the run. Nobody may be there any more.
fn report(report: &Report) {
    if let Ok(line) = encode(report) {
        let mut output = std::io::stdout();
        let _ = output.write_all(&line).and_then(|()| output.flush());
    }
}
