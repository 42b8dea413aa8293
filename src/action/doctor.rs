//! What a run needs, checked one by one, each with its own limit. What needs no lake is checked also where the lake does
//! not open. Changes nothing.

mod servers;

use std::fmt::Display;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Session;
use crate::client::{self, Life};
use crate::config::{Paths, Settings, StoreKind};
use crate::error::{Code, Error, Exit, Result};
use crate::model::{Check, Health, Scope, counted, duration_text};

/// How long a check may take.
const LIMIT: Duration = Duration::from_secs(5);
/// How long the lake may take to open.
const OPEN_LIMIT: Duration = Duration::from_secs(10);
/// From here on a check is slow.
const SLOW: Duration = Duration::from_secs(1);

/// What is examined.
#[derive(Clone, Debug)]
pub struct Patient {
    /// The profile.
    pub settings: Arc<Settings>,
    /// The user's directories.
    pub paths: Paths,
    /// How many files of settings were read.
    pub files: usize,
    /// What is odd about them.
    pub notes: Vec<String>,
    /// The flags that open the same lake, for commands that are to be pasted.
    pub flags: String,
}

/// What a check found, before it was timed.
struct Found {
    health: Health,
    text: String,
    next: Option<String>,
}

/// Checks everything; each check is told of as it is done.
pub async fn doctor(patient: &Patient, tell: &(dyn Fn(&Check) + Send + Sync)) -> Result<Vec<Check>> {
    let opening = Session::open(Arc::clone(&patient.settings), patient.paths.clone());
    let opening = tokio::time::timeout(OPEN_LIMIT, opening);
    let told = async {
        let checks = servers::all(patient).await;
        checks.iter().for_each(tell);
        checks
    };
    let (mut checks, opened) = futures::join!(told, opening);
    let more = match opened.unwrap_or_else(|_| Err(silent())) {
        Ok(lake) => return Ok(all(patient, &lake, checks, tell).await),
        // What was asked for is not there: nothing is wrong with the servers.
        Err(error) if error.code().exit() == Exit::Usage && !is_login(&error) => return Err(error),
        Err(error) => {
            [timed("lake".to_owned(), failed(&error), Duration::ZERO), check("worker", worker(patient)).await]
        }
    };
    more.iter().for_each(tell);
    checks.extend(more);
    Ok(checks)
}

fn silent() -> Error {
    Error::new(Code::Unavailable, "the lake does not open")
        .why(format!("no answer in {}", duration_text(OPEN_LIMIT)))
        .next("the checks above say which server is lost")
}

fn is_login(error: &Error) -> bool {
    use Code::{KerberosLibrary, KerberosNoTicket, KerberosPrincipal};
    matches!(error.code(), KerberosLibrary | KerberosNoTicket | KerberosPrincipal)
}

async fn all(
    patient: &Patient,
    lake: &Session,
    mut checks: Vec<Check>,
    tell: &(dyn Fn(&Check) + Send + Sync),
) -> Vec<Check> {
    let mut done = |check: Check| {
        tell(&check);
        checks.push(check);
    };
    done(check("store", store(lake)).await);
    if lake.settings().store == StoreKind::Hdfs {
        done(check("datanodes", servers::datanodes(lake)).await);
        if lake.settings().web.is_some() {
            done(check("webhdfs", servers::webhdfs(lake)).await);
        }
    }
    done(check("locks", locks(lake)).await);
    done(check("room", room(lake)).await);
    done(check("rights", rights(lake)).await);
    done(check("history", history(lake)).await);
    done(check("leftovers", leftovers(patient, lake)).await);
    done(check("worker", worker(patient)).await);
    done(check("logout", logout(lake)).await);
    done(check("clock", servers::clock(lake)).await);
    checks
}

async fn check(name: &'static str, work: impl Future<Output = Result<Found>>) -> Check {
    let begun = Instant::now();
    let found = match tokio::time::timeout(LIMIT, work).await {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => failed(&error),
        Err(_) => Found { health: Health::Failed, text: format!("no answer in {}", duration_text(LIMIT)), next: None },
    };
    timed(name.to_owned(), found, begun.elapsed())
}

fn timed(name: String, found: Found, took: Duration) -> Check {
    let health = if found.health == Health::Ok && took > SLOW { Health::Slow } else { found.health };
    let elapsed_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    Check { name, health, text: found.text, next: found.next, elapsed_ms }
}

fn ok(text: impl Display) -> Found {
    Found { health: Health::Ok, text: text.to_string(), next: None }
}

fn warn(text: impl Display, next: impl Display) -> Found {
    Found { health: Health::Warn, text: text.to_string(), next: Some(next.to_string()) }
}

fn failed(error: &Error) -> Found {
    Found { health: Health::Failed, text: error.to_string(), next: error.next_step().map(str::to_owned) }
}

async fn store(lake: &Session) -> Result<Found> {
    let reader = &lake.reader;
    reader.store.supported(&reader.root).await?;
    if reader.store.capabilities().remote {
        let user = reader.store.user().await?;
        let trash = if reader.store.capabilities().trash { "with a trash" } else { "without a trash" };
        return Ok(ok(format!("{}: answers {user}, {trash}", lake.lake())));
    }
    Ok(ok(format!("{}: this file system can do what an exchange needs", lake.lake())))
}

/// Takes and gives back a shared lock on the lake's own directory, which no run ever locks.
async fn locks(lake: &Session) -> Result<Found> {
    if !lake.reader.store.capabilities().locks {
        return Ok(ok("leases are names with signs of life here; no lock is needed"));
    }
    let root = lake.reader.root.as_str().to_owned();
    let locked = tokio::task::spawn_blocking(move || -> std::io::Result<()> {
        let directory = std::fs::File::open(root)?;
        rustix::fs::flock(&directory, rustix::fs::FlockOperation::NonBlockingLockShared)?;
        rustix::fs::flock(&directory, rustix::fs::FlockOperation::Unlock)?;
        Ok(())
    });
    match locked.await {
        Ok(Ok(())) => Ok(ok("locks are given and taken back")),
        Ok(Err(error)) => Err(Error::from(error).context("locking the lake's directory")),
        Err(error) => Err(Error::new(Code::Internal, error.to_string())),
    }
}

async fn room(lake: &Session) -> Result<Found> {
    let room = lake.reader.store.room(&lake.reader.root).await?;
    let names = room.names.map_or(String::new(), |names| format!(", {} files", crate::model::count_text(names)));
    Ok(match room.bytes {
        None => ok("nothing limits it"),
        Some(bytes) if bytes < lake.settings().policy.block_size => {
            warn(format!("{bytes} left on {}", room.limit), "lakehand cleanup --older-than 7d --dry-run")
        }
        Some(bytes) => ok(format!("{bytes}{names} left on {}", room.limit)),
    })
}

async fn rights(lake: &Session) -> Result<Found> {
    use rustix::fs::{Access, access};
    let root = lake.reader.root.as_str();
    let user = lake.reader.store.user().await?;
    if lake.reader.store.capabilities().remote {
        let found = lake.reader.store.attributes(&lake.reader.root).await?;
        return Ok(ok(format!(
            "the lake is of {}:{}, mode {:o}; each target is checked before anything is written",
            found.owner.user, found.owner.group, found.mode
        )));
    }
    match access(root, Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK) {
        Ok(()) => Ok(ok(format!("{user} may look and write at the top of the lake; each target is checked by plan"))),
        Err(_) => Ok(warn(
            format!("{user} may not write at the top of the lake"),
            format!("let its owner make {root}/.lakehand for your group, or use --read-only"),
        )),
    }
}

async fn history(lake: &Session) -> Result<Found> {
    let runs = super::history(lake).await?;
    let files: u64 = runs.iter().map(|run| run.backup_files).sum();
    let whose = match lake.only_runs_of().await? {
        Some(user) => format!("; only runs of {user}: set run_index to share it"),
        None => String::new(),
    };
    Ok(ok(format!("{}, {} in backups{whose}", counted(runs.len() as u64, "run"), counted(files, "file"))))
}

async fn leftovers(patient: &Patient, lake: &Session) -> Result<Found> {
    let open = super::recover_preview(lake, None, &Scope::default()).await?.targets;
    if open.is_empty() {
        return Ok(ok("no run is unfinished"));
    }
    let next = format!("lakehand{} recover --dry-run", patient.flags);
    Ok(warn(format!("{} of dead or working runs not at rest", counted(open.len() as u64, "target")), next))
}

async fn worker(patient: &Patient) -> Result<Found> {
    patient.paths.prepare()?;
    let runs = client::local_runs(&patient.paths).await?;
    let dead = runs.iter().filter(|run| run.life == Life::Dead).count();
    let silent = runs.iter().filter(|run| run.life == Life::Silent).count();
    let live = runs.iter().filter(|run| run.life == Life::Live).count();
    let place = patient.paths.runtime.display();
    match (dead, silent) {
        (0, 0) => Ok(ok(format!("{live} work; sockets in {place}"))),
        (0, _) => Ok(warn(format!("{silent} workers do not answer; sockets in {place}"), "lakehand jobs")),
        _ => Ok(warn(format!("{dead} workers died"), "lakehand recover --dry-run")),
    }
}

/// Whether the machine ends processes at logout, which would end workers too.
async fn logout(lake: &Session) -> Result<Found> {
    let user = lake.reader.store.user().await?;
    let lingers = Path::new("/var/lib/systemd/linger").join(&user).exists();
    if !lingers && kills_at_logout(Path::new("/etc/systemd")) {
        return Ok(warn("this host ends processes at logout, workers too", "loginctl enable-linger"));
    }
    Ok(ok("runs survive a logout"))
}

/// `KillUserProcesses=yes` in logind.conf or one of its parts; the default is no.
fn kills_at_logout(configuration: &Path) -> bool {
    let parts = std::fs::read_dir(configuration.join("logind.conf.d")).into_iter().flatten().flatten();
    let mut files: Vec<_> = parts.map(|part| part.path()).collect();
    files.sort();
    files.insert(0, configuration.join("logind.conf"));
    let mut kills = false;
    for text in files.iter().filter_map(|file| std::fs::read_to_string(file).ok()) {
        for value in text.lines().filter_map(|line| line.trim().strip_prefix("KillUserProcesses=")) {
            kills = matches!(value.trim(), "yes" | "true" | "on" | "1");
        }
    }
    kills
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_setting_of_logind_counts() {
        let directory = tempfile::tempdir().unwrap();
        assert!(!kills_at_logout(directory.path()));
        std::fs::write(directory.path().join("logind.conf"), "#KillUserProcesses=yes\n").unwrap();
        assert!(!kills_at_logout(directory.path()));
        std::fs::create_dir(directory.path().join("logind.conf.d")).unwrap();
        std::fs::write(directory.path().join("logind.conf.d/a.conf"), "[Login]\nKillUserProcesses=yes\n").unwrap();
        assert!(kills_at_logout(directory.path()));
    }
}
