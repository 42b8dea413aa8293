//! How many calls are made at a time, and a second.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::error::{Code, Error, Result};

/// Calls in flight.
const AT_A_TIME: usize = 64;
/// Calls a second when nobody asked for them to be fast.
const LOOKING: u32 = 200;
/// What a pause may save up.
const BURST: Duration = Duration::from_millis(250);

/// How a call is held back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// Listings and looks.
    Look,
    /// What somebody waits for: reading, writing.
    Work,
    /// An exchange: not at all.
    Exchange,
}

/// Holds calls back.
#[derive(Debug)]
pub(super) struct Governor {
    in_flight: Semaphore,
    looking: Turns,
    working: Turns,
    made: AtomicU64,
}

impl Governor {
    pub(super) fn new(calls_per_second: u32) -> Governor {
        Governor {
            in_flight: Semaphore::new(AT_A_TIME),
            looking: Turns::new(calls_per_second.min(LOOKING)),
            working: Turns::new(calls_per_second),
            made: AtomicU64::new(0),
        }
    }

    /// The calls so far.
    pub(super) fn made(&self) -> u64 {
        self.made.load(Ordering::Relaxed)
    }

    /// Waits for a turn; the call is in flight as long as the permit is kept.
    pub(super) async fn turn(&self, pace: Pace) -> Result<SemaphorePermit<'_>> {
        match pace {
            Pace::Look => self.looking.next().await,
            Pace::Work => self.working.next().await,
            Pace::Exchange => {}
        }
        self.made.fetch_add(1, Ordering::Relaxed);
        self.in_flight.acquire().await.map_err(|error| Error::new(Code::Internal, "no call can be made").source(error))
    }
}

/// Turns at equal distances.
#[derive(Debug)]
struct Turns {
    distance: Duration,
    next: Mutex<Instant>,
}

impl Turns {
    fn new(per_second: u32) -> Turns {
        Turns { distance: Duration::from_secs(1) / per_second.max(1), next: Mutex::new(Instant::now()) }
    }

    async fn next(&self) {
        let wait = self.reserve(Instant::now());
        if wait > Duration::from_millis(1) {
            tokio::time::sleep(wait).await;
        }
    }

    fn reserve(&self, now: Instant) -> Duration {
        let mut next = self.next.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let turn = (*next).max(now.checked_sub(BURST).unwrap_or(now));
        *next = turn + self.distance;
        turn.saturating_duration_since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_apart_and_a_pause_saves_up_little() {
        let turns = Turns::new(100);
        let start = Instant::now() + Duration::from_secs(60);
        let waits: Vec<u128> = (0..30).map(|_| turns.reserve(start).as_millis()).collect();
        assert_eq!(waits.iter().filter(|wait| **wait == 0).count(), 26, "a quarter of a second, and one: {waits:?}");
        assert_eq!(waits[29], 40);
    }
}
