//! What the engine asks of the world besides store and catalog: time, chance, and which processes live. A simulation
//! puts its own behind these; nothing else here reads a clock.

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

pub use super::rewrite::{NativeRewriter, Rewriter, Rewritten, Work};
use crate::error::{Code, Error, Result};
use crate::lake;
pub use crate::ledger::life::{Life, Processes, SystemProcesses, this_process};

/// Time.
#[async_trait]
pub trait Clock: Send + Sync + Debug {
    /// The wall clock: for showing and for ages in days. Never compared with another host's.
    fn now(&self) -> DateTime<Utc>;

    /// Time since some moment of this process; never goes back.
    fn monotonic(&self) -> Duration;

    /// Waits.
    async fn sleep(&self, time: Duration);

    /// Waits for something outside to happen: a simulation lets the time pass at once.
    async fn pause(&self, time: Duration) {
        self.sleep(time).await;
    }
}

/// How long we may still log in to the servers of the lake.
#[async_trait]
pub trait Tickets: Send + Sync + Debug {
    /// What is left of the ticket; none where none is needed, and where a new one is got by itself.
    async fn left(&self) -> Result<Option<Duration>>;
}

#[async_trait]
impl Tickets for lake::Tickets {
    async fn left(&self) -> Result<Option<Duration>> {
        lake::Tickets::left(self).await
    }
}

/// Chance.
pub trait Random: Send + Sync + Debug {
    /// Bits that nobody else draws.
    fn bits(&self) -> Result<u64>;
}

/// The machine's own clock.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    start: std::time::Instant,
}

impl Default for SystemClock {
    fn default() -> SystemClock {
        SystemClock { start: std::time::Instant::now() }
    }
}

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }

    async fn sleep(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

/// The kernel's random numbers.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn bits(&self) -> Result<u64> {
        let mut bytes = [0_u8; 8];
        let filled = rustix::rand::getrandom(bytes.as_mut_slice(), rustix::rand::GetRandomFlags::empty())
            .map_err(std::io::Error::from)?;
        if filled == bytes.len() {
            Ok(u64::from_ne_bytes(bytes))
        } else {
            Err(Error::new(Code::Internal, "the kernel gave too few random bytes"))
        }
    }
}
