//! Signals as a stream, and the watchdog: after a hang-up or a termination the process is gone within two seconds,
//! even when the event loop is stuck in a write to a dead connection.

use std::fs;
use std::os::fd::AsFd;
use std::time::Duration;

use rustix::process::{getpgrp, getpid, getppid, kill_current_process_group};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use super::guard::restore;
use crate::error::{Exit, Result};

/// How long an orderly end may take once nobody looks any more.
const PATIENCE: Duration = Duration::from_secs(2);

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// The terminal is gone: detach.
    HangUp,
    /// Somebody ends us: detach.
    Terminate,
    /// As if Ctrl-c was typed.
    Interrupt,
    /// Leave the screen and stop.
    Suspend,
    /// We were continued: enter again and draw everything.
    Continue,
}

/// Listens from now on. The watchdog is part of the listener, not of the loop that it watches.
pub fn signals() -> Result<mpsc::Receiver<Signal>> {
    let (sender, receiver) = mpsc::channel(16);
    for (kind, meaning) in [
        (SignalKind::hangup(), Signal::HangUp),
        (SignalKind::terminate(), Signal::Terminate),
        (SignalKind::quit(), Signal::Terminate),
        (SignalKind::interrupt(), Signal::Interrupt),
        (SignalKind::from_raw(rustix::process::Signal::TSTP.as_raw()), Signal::Suspend),
        (SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()), Signal::Continue),
    ] {
        let mut stream = signal(kind)?;
        let sender = sender.clone();
        tokio::spawn(async move {
            while stream.recv().await.is_some() {
                if matches!(meaning, Signal::HangUp | Signal::Terminate) {
                    arm_watchdog();
                }
                if sender.send(meaning).await.is_err() {
                    break;
                }
            }
        });
    }
    Ok(receiver)
}

fn arm_watchdog() {
    std::thread::spawn(|| {
        std::thread::sleep(PATIENCE);
        restore();
        #[expect(clippy::exit, reason = "the event loop did not end in time; runs belong to their workers")]
        std::process::exit(i32::from(Exit::Interrupted.code()));
    });
}

/// Whether somebody is there to continue us: the parent is in our session and not in our group, as a shell with job
/// control is. Without one, a stop would be for ever.
pub fn can_suspend() -> bool {
    let Some(parent) = getppid() else { return false };
    let place = |pid: i32| fs::read_to_string(format!("/proc/{pid}/stat")).ok().and_then(|stat| Place::parse(&stat));
    match (place(parent.as_raw_nonzero().get()), place(getpid().as_raw_nonzero().get())) {
        (Some(theirs), Some(ours)) => theirs.session == ours.session && theirs.group != ours.group,
        _ => false,
    }
}

/// Where a process stands among the others. It is read from `/proc`: within a container a session or a group may be
/// led from outside, and its number is then 0, for which `rustix` has no value.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    group: u32,
    session: u32,
}

impl Place {
    /// From the line of `/proc/PID/stat`. The name in parentheses may hold anything, parentheses too.
    fn parse(stat: &str) -> Option<Place> {
        let mut fields = stat[stat.rfind(')')? + 1..].split_ascii_whitespace().skip(2);
        Some(Place { group: fields.next()?.parse().ok()?, session: fields.next()?.parse().ok()? })
    }
}

/// Whether the terminal is ours: a job in the background that changes its modes is stopped by that.
pub fn is_in_foreground() -> bool {
    // Within a container the group may be led from outside, and its number is unknown.
    rustix::termios::tcgetpgrp(std::io::stdin().as_fd()).map_or(true, |group| group == getpgrp())
}

/// Stops the process group, as Ctrl-z does to a program that does not catch it.
pub fn stop_process_group() {
    // It can only fail for a group of which we may signal nobody, and we are in it.
    let _ = kill_current_process_group(rustix::process::Signal::STOP);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_that_is_led_from_outside_of_a_container_is_read() {
        let place = Place::parse("13 (a) b (c) S 7 13 0 34816 13 4194304 1");
        assert_eq!(place, Some(Place { group: 13, session: 0 }));
        assert_eq!(Place::parse("13 (cut off"), None);
    }
}
