//! Starting a worker. The order is written to a file of the user, then this program is started anew as the guard of
//! the run, which makes a session of its own: what happens to the starter afterwards does not reach it.
//!
//! The guard reports over its standard output, a pipe: one line, the run or why there is none. A pipe that closes
//! without a line means that it died; that and a time-out are the only other ends.

use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::BufReader;
use tokio::process::Command;

use super::places;
use crate::config::{Paths, Settings};
use crate::error::{Code, Error, Result};
use crate::ipc::{Launch, Lines, MAXIMUM_LINE, Order, Report, RunPlaces, write_note};
use crate::model::RunId;

/// How long a worker may take to open the lake, reserve its id and listen. Nothing was changed in the lake by then.
const START_LIMIT: Duration = Duration::from_secs(60);

/// Starts a worker of this program and gives the id of its run.
pub async fn start(paths: &Paths, settings: &Settings, order: &Order) -> Result<RunId> {
    // The link leads to what runs here even when the file was replaced by an update meanwhile.
    start_program(Path::new("/proc/self/exe"), paths, settings, order).await
}

/// Starts a worker of a given program; for whoever is not `lakehand` itself.
pub async fn start_program(program: &Path, paths: &Paths, settings: &Settings, order: &Order) -> Result<RunId> {
    let places = places(paths);
    places.create()?;
    let name = start_name()?;
    let launch = Launch {
        format: Launch::<Settings, Paths>::FORMAT.to_owned(),
        start: name.clone(),
        order: order.clone(),
        settings: settings.clone(),
        paths: paths.clone(),
    };
    write_note(&places.order(&name), &launch)?;
    let started = report_of(program, &places, &name).await;
    let _ = std::fs::remove_file(places.order(&name));
    if started.is_ok() {
        // The worker has renamed it by now, unless it could not.
        return started;
    }
    let _ = std::fs::remove_file(places.early_log(&name));
    started
}

async fn report_of(program: &Path, places: &RunPlaces, name: &str) -> Result<RunId> {
    let failed = |why: String| {
        Error::new(Code::WorkerStart, "the worker of the run could not be started").why(why).lake("unchanged")
    };
    let log = std::fs::OpenOptions::new().append(true).create_new(true).mode(0o600).open(places.early_log(name))?;
    // Dropping the child does not end it; the runtime looks after it when it ends.
    let mut guard = Command::new(program)
        .arg0("lakehand")
        .arg("worker")
        .arg("--order")
        .arg(places.order(name))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .current_dir("/")
        .spawn()
        .map_err(|error| failed(format!("{}: {error}", program.display())))?;
    let output = guard.stdout.take().ok_or_else(|| failed("it has no standard output".to_owned()))?;
    let mut lines = Lines::new(BufReader::new(output), MAXIMUM_LINE);
    match tokio::time::timeout(START_LIMIT, lines.next::<Report>()).await {
        Ok(Ok(Some(Report::Started { snapshot }))) => Ok(snapshot.run),
        Ok(Ok(Some(Report::Failed { failure }))) => Err(failure.into()),
        Ok(Ok(Some(Report::Finished) | None)) => {
            Err(failed(format!("it ended at once: {}", last_lines(&places.early_log(name)))))
        }
        Ok(Err(error)) => Err(failed(format!("it answered something else: {error}"))),
        Err(_) => Err(failed(format!("it did not answer within {} s", START_LIMIT.as_secs()))
            .next("lakehand jobs    shows whether it came up later")),
    }
}

/// A name that no other start of this user has.
fn start_name() -> Result<String> {
    let mut bytes = [0; 8];
    let filled = rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty());
    filled.map_err(|error| Error::from(std::io::Error::from(error)).context("draw a random name"))?;
    Ok(format!("{:016x}", u64::from_le_bytes(bytes)))
}

/// The end of a log, on one line.
fn last_lines(log: &Path) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    let tail = String::from_utf8_lossy(&text[text.len().saturating_sub(600)..]).into_owned();
    let lines: Vec<&str> = tail.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if lines.is_empty() { "it said nothing".to_owned() } else { lines.join("; ") }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::ipc::Scope;
    use crate::model::StorePath;

    fn paths(base: &Path) -> Paths {
        Paths {
            config: base.join("config"),
            state: base.join("state"),
            cache: base.join("cache"),
            runtime: base.join("runtime"),
        }
    }

    async fn start_script(script: &str) -> (tempfile::TempDir, Error) {
        let base = tempfile::tempdir().unwrap();
        let program = base.path().join("program");
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let settings = Settings::local_lake(StorePath::new("/nowhere").unwrap());
        let of = RunId::parse("20260101-0000-abc").unwrap();
        let order = Order::Rollback { of, scope: Scope::default() };
        let error = start_program(&program, &paths(base.path()), &settings, &order).await.unwrap_err();
        assert_eq!(
            std::fs::read_dir(base.path().join("state/runs")).unwrap().count(),
            0,
            "files of the start are left"
        );
        (base, error)
    }

    #[tokio::test]
    async fn what_the_guard_reports_is_the_error() {
        let report = r#"{"report":"failed","failure":{"code":"lake_not_found","message":"no lake","why":"w","lake":"l","next":"n"}}"#;
        let (_base, error) = start_script(&format!("echo '{report}'")).await;
        assert_eq!(error.code(), Code::LakeNotFound);
        assert_eq!((error.message(), error.next_step()), ("no lake", Some("n")));
    }

    #[tokio::test]
    async fn a_guard_that_dies_gives_the_end_of_its_log() {
        let (_base, error) = start_script("echo one >&2; echo two >&2; exit 3").await;
        assert_eq!(error.code(), Code::WorkerStart);
        assert_eq!(error.reason(), Some("it ended at once: one; two"));
        let (_base, error) = start_script("echo nonsense").await;
        assert_eq!(error.code(), Code::WorkerStart);
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_is_named() {
        let base = tempfile::tempdir().unwrap();
        let settings = Settings::local_lake(StorePath::new("/nowhere").unwrap());
        let of = RunId::parse("20260101-0000-abc").unwrap();
        let order = Order::Rollback { of, scope: Scope::default() };
        let missing = base.path().join("missing");
        let error = start_program(&missing, &paths(base.path()), &settings, &order).await.unwrap_err();
        assert!(error.to_string().contains("missing"), "{error}");
    }
}
