//! Plans on this host's disk: those of the last week by their ids, and files that a person named.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};

use super::{Session, resolve_run};
use crate::config::Paths;
use crate::error::{Code, Error, Result};
use crate::ipc::{private_directory, write_note};
use crate::ledger::run_detail;
use crate::model::{Plan, PlanId, PlanTotals, PlannedTarget, RunId, TargetState};

/// How long plans are kept by their ids.
const KEEP_PLANS: Duration = Duration::from_secs(7 * 86_400);

fn directory(paths: &Paths) -> PathBuf {
    paths.state.join("plans")
}

fn file_of(paths: &Paths, id: &PlanId) -> PathBuf {
    directory(paths).join(format!("{id}.plan"))
}

/// Draws an id that no kept plan of this host has.
pub(super) fn new_plan_id(paths: &Paths, now: DateTime<Utc>) -> Result<PlanId> {
    const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    loop {
        let mut bytes = [0_u8; 3];
        let drawn = rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty());
        drawn.map_err(|error| Error::from(std::io::Error::from(error)).context("draw a plan's id"))?;
        let suffix: String = bytes.iter().map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()])).collect();
        let id = RunId::at(now, &suffix)?;
        if !file_of(paths, &id).exists() {
            return Ok(id);
        }
    }
}

/// Keeps a plan under its id, and forgets those that are older than a week.
pub(super) fn keep_plan(paths: &Paths, plan: &Plan) -> Result<()> {
    private_directory(&directory(paths))?;
    sweep(&directory(paths), SystemTime::now());
    write_note(&file_of(paths, &plan.plan), plan)
}

/// Keeps a plan under its id; what it gives is how the command line takes it.
pub fn save_plan(session: &Session, plan: &Plan) -> Result<String> {
    keep_plan(&session.paths, plan)?;
    Ok(plan.plan.to_string())
}

/// Writes a plan to a new file. One that is there is not replaced.
pub fn save_plan_file(plan: &Plan, path: &Path) -> Result<()> {
    let failed = |error: std::io::Error| {
        let taken = error.kind() == std::io::ErrorKind::AlreadyExists;
        let error = Error::from(error).context(format!("save the plan as {}", path.display()));
        if taken { error.next("choose another name, or remove the file") } else { error }
    };
    let mut text = serde_json::to_string_pretty(plan)
        .map_err(|error| Error::new(Code::Internal, "the plan could not be written as JSON").source(error))?;
    text.push('\n');
    let mut file = fs::OpenOptions::new().write(true).create_new(true).open(path).map_err(failed)?;
    std::io::Write::write_all(&mut file, text.as_bytes()).and_then(|()| file.sync_all()).map_err(|error| {
        let _ = fs::remove_file(path);
        failed(error)
    })
}

/// Finds a plan: a file, the id of one that was made on this host in the last week (or a unique prefix or suffix of
/// it), or a run, of which it is the targets that were not begun. It must be one of this lake.
pub async fn load_plan(session: &Session, text: &str) -> Result<Plan> {
    let path = Path::new(text);
    let plan = if path.is_file() {
        read_plan(path)?
    } else if let Some(id) = kept_plan(&session.paths, text)? {
        read_plan(&file_of(&session.paths, &id))?
    } else {
        rest_of_run(session, text).await?
    };
    check_plan_is_ours(session, &plan)?;
    Ok(plan)
}

/// A plan is for one lake.
pub(super) fn check_plan_is_ours(session: &Session, plan: &Plan) -> Result<()> {
    if plan.lake == session.lake() {
        return Ok(());
    }
    Err(Error::new(Code::PlanOtherLake, format!("plan {} was made for another lake", plan.plan))
        .why(format!("it is for {}, this is {}", plan.lake, session.lake()))
        .lake("unchanged")
        .next(format!("give the profile or --lake that it was made with: {}", plan.profile)))
}

fn read_plan(path: &Path) -> Result<Plan> {
    let wrong = |why: String| Error::new(Code::PlanNotFound, format!("{} is not a plan", path.display())).why(why);
    let text = fs::read(path).map_err(|error| wrong(error.to_string()))?;
    let format = serde_json::from_slice::<Format>(&text).map_err(|error| wrong(error.to_string()))?.format;
    if format != Plan::FORMAT {
        return Err(wrong(format!("its format is {format:?}, this program reads {:?}", Plan::FORMAT)));
    }
    serde_json::from_slice(&text).map_err(|error| wrong(error.to_string()))
}

#[derive(serde::Deserialize)]
struct Format {
    format: String,
}

/// The kept plan that a text means; none when no one does.
fn kept_plan(paths: &Paths, text: &str) -> Result<Option<PlanId>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory(paths)).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let id = name.to_str().and_then(|name| name.strip_suffix(".plan")).and_then(|id| RunId::parse(id).ok());
        found.extend(id.filter(|id| id.matches(text)));
    }
    found.sort();
    match found.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(one.clone())),
        several => {
            let candidates: Vec<&str> = several.iter().map(RunId::as_str).collect();
            Err(Error::new(Code::RunAmbiguous, format!("several plans match {text}")).why(candidates.join(", ")))
        }
    }
}

/// The targets of a run that it did not begin, or left as they were.
async fn rest_of_run(session: &Session, text: &str) -> Result<Plan> {
    let nothing = |why: String| {
        Error::new(Code::PlanNotFound, format!("there is no plan {text:?}"))
            .why(why)
            .next("lakehand plan    makes one; they are kept for 7 days")
    };
    let run = resolve_run(session, text).await.map_err(|error| match error.code() {
        Code::RunNotFound => nothing("no file, no plan of the last 7 days and no run is called that".to_owned()),
        _ => error,
    })?;
    let detail = run_detail(&session.ledger(), &run, Utc::now()).await?;
    let plan = detail.plan.ok_or_else(|| nothing(format!("run {run} executed no plan")))?;
    let open = |target: &PlannedTarget| {
        detail.outcomes.iter().any(|outcome| {
            outcome.id == target.id && matches!(outcome.state, TargetState::Pending | TargetState::Cancelled)
        })
    };
    let id = new_plan_id(&session.paths, Utc::now())?;
    let rest = narrowed(plan, id, open);
    if rest.targets.is_empty() {
        return Err(Error::new(Code::NothingToDo, format!("run {run} left no target that it did not begin")));
    }
    Ok(rest)
}

/// A plan of some of another's targets.
fn narrowed(mut plan: Plan, id: PlanId, keep: impl Fn(&PlannedTarget) -> bool) -> Plan {
    plan.plan = id;
    plan.targets.retain(keep);
    plan.skipped.clear();
    plan.room.clear();
    plan.totals = PlanTotals::of(&plan.targets);
    plan
}

fn sweep(directory: &Path, now: SystemTime) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let made = entry.metadata().and_then(|metadata| metadata.modified());
        let old = made.is_ok_and(|made| now.duration_since(made).is_ok_and(|age| age > KEEP_PLANS));
        if old && entry.path().extension().is_some_and(|extension| extension == "plan") {
            // One that cannot be removed is tried again by the next plan.
            let _ = fs::remove_file(entry.path());
        }
    }
}
