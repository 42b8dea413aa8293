//! Which processes live: asked before a person is told that a run died. On a store with locks only the locks decide.

use std::fmt::Debug;
use std::fs;
use std::time::Duration;

use crate::error::{Code, Error, Result};

use super::actor::Actor;

/// On a store without locks a worker gives a sign of life so often (PROTOCOL §3).
pub const SIGN_EVERY: Duration = Duration::from_secs(15);
/// An owner that cannot be seen from here is dead when it gave none for so long, while somebody watched.
pub const SILENCE: Duration = Duration::from_secs(90);

/// Whether a process lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// It runs, or is stopped.
    Alive,
    /// It is certainly gone.
    Dead,
    /// It cannot be seen from here.
    Unknown,
}

/// The processes of this host.
pub trait Processes: Send + Sync + Debug {
    /// Whether that one lives.
    fn life(&self, actor: &Actor) -> Life;
}

/// The host's own processes.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemProcesses;

impl Processes for SystemProcesses {
    fn life(&self, actor: &Actor) -> Life {
        let (Ok(boot), Ok(namespace)) = (boot_id(), pid_namespace()) else { return Life::Unknown };
        if nodename() != actor.host {
            return Life::Unknown;
        }
        if boot != actor.boot {
            return Life::Dead;
        }
        if namespace != actor.pid_namespace {
            return Life::Unknown;
        }
        match fs::read_to_string(format!("/proc/{}/stat", actor.pid)) {
            Ok(stat) => match parse_stat(&stat) {
                Some((state, started)) if started == actor.started && !matches!(state, 'Z' | 'X') => Life::Alive,
                Some(_) => Life::Dead,
                None => Life::Unknown,
            },
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Life::Dead,
            Err(_) => Life::Unknown,
        }
    }
}

/// Who this process is; `user` is the store's name for it.
pub fn this_process(user: String) -> Result<Actor> {
    let stat = fs::read_to_string("/proc/self/stat")
        .map_err(|error| Error::from(error).context("this process cannot be identified"))?;
    let (_, started) = parse_stat(&stat).ok_or_else(|| {
        Error::new(Code::Internal, "this process cannot be identified: /proc/self/stat is unreadable")
    })?;
    Ok(Actor {
        user,
        host: nodename(),
        boot: boot_id()?,
        pid_namespace: pid_namespace()?,
        pid: std::process::id(),
        started,
    })
}

fn nodename() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

fn boot_id() -> Result<String> {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .map_err(|error| Error::from(error).context("the boot id cannot be read"))?;
    Ok(id.trim().to_owned())
}

fn pid_namespace() -> Result<String> {
    let link = fs::read_link("/proc/self/ns/pid")
        .map_err(|error| Error::from(error).context("the process namespace cannot be read"))?;
    Ok(link.to_string_lossy().into_owned())
}

/// State and start time. The program's name in parentheses may hold anything, also `)`.
fn parse_stat(stat: &str) -> Option<(char, u64)> {
    let mut fields = stat.get(stat.rfind(')')? + 1..)?.split_ascii_whitespace();
    let state = fields.next()?.chars().next()?;
    let started = fields.nth(18)?.parse().ok()?;
    Some((state, started))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_alive_and_an_earlier_one_of_its_number_is_not() {
        let me = this_process("somebody".to_owned()).unwrap();
        assert_eq!(SystemProcesses.life(&me), Life::Alive);
        assert_eq!(SystemProcesses.life(&Actor { started: me.started + 1, ..me.clone() }), Life::Dead);
        assert_eq!(SystemProcesses.life(&Actor { boot: "other".to_owned(), ..me.clone() }), Life::Dead);
        assert_eq!(SystemProcesses.life(&Actor { host: "other".to_owned(), ..me.clone() }), Life::Unknown);
        assert_eq!(SystemProcesses.life(&Actor { pid_namespace: "pid:[1]".to_owned(), ..me }), Life::Unknown);
    }

    #[test]
    fn a_program_may_be_called_anything() {
        let stat = "7 (a) R 1 (b) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20";
        assert_eq!(parse_stat(stat), Some(('S', 4711)));
        assert_eq!(parse_stat("no parentheses"), None);
    }
}
