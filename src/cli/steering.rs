//! Steering a run by lines, for those who have no full screen: `P` pause or go on, `K` cancel, `d` detach, `limit 50MB/s`,
//! `until 05:30`. Read on a thread of its own that only ever takes whole lines, so that what is typed after the run's end is left to what follows.

use std::io::BufRead;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::Utc;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::sync::mpsc;

use super::follow::Wish;
use crate::ipc::Request;
use crate::model::{parse_rate, parse_until};

/// How long the thread may outlive what it reads for.
const LOOK_EVERY: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

/// What can be typed.
pub const LINES: &str = "type P pause, K cancel, d detach, ? help, then Enter";

/// What else can be typed.
pub const MORE_LINES: &str = "also: limit 50MB/s, until 05:30 (UTC), limit off, until off";

/// Reads lines until it is dropped.
pub struct Lines {
    over: Arc<AtomicBool>,
}

impl Lines {
    /// Begins to read.
    pub fn read(wishes: mpsc::UnboundedSender<Wish>) -> Lines {
        let over = Arc::new(AtomicBool::new(false));
        let until = Arc::clone(&over);
        std::thread::spawn(move || {
            while !until.load(Ordering::Acquire) {
                let stdin = std::io::stdin();
                let waits = |flags: &mut [PollFd<'_>]| poll(flags, Some(&LOOK_EVERY)).is_ok_and(|ready| ready > 0);
                if !waits(&mut [PollFd::from_borrowed_fd(stdin.as_fd(), PollFlags::IN)]) {
                    continue;
                }
                let mut line = String::new();
                if until.load(Ordering::Acquire) || stdin.lock().read_line(&mut line).unwrap_or(0) == 0 {
                    return;
                }
                if wishes.send(wish(line.trim())).is_err() {
                    return;
                }
            }
        });
        Lines { over }
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Release);
    }
}

fn wish(line: &str) -> Wish {
    match line {
        "P" => Wish::Pause,
        "K" => Wish::AskCancel,
        "y" => Wish::Yes,
        "d" => Wish::Detach,
        "" => Wish::GoOn,
        line => match line.trim_start_matches(':').split_once(' ') {
            Some(("limit", speed)) => {
                Wish::limits(parse_rate(speed).map(|rate| Request::Limit { bytes_per_second: rate }))
            }
            Some(("until", time)) => Wish::limits(parse_until(time, Utc::now()).map(|at| Request::Until { at })),
            _ => Wish::Help,
        },
    }
}
