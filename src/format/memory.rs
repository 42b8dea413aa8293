//! One pool of memory for all merges and verifications of a process. Work draws what it will hold before it holds it,
//! and waits while others have it; what can never fit is refused at once, so nothing waits for ever.
//!
//! Whoever holds a permit must be able to go on without a second one, else two could wait for each other: a piece of
//! work draws all that it needs at a time in one call.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::{Code, Error, Result};
use crate::model::Size;

/// Bytes a unit of the semaphore stands for.
const UNIT: u64 = 4096;

/// What the program takes beside the data that it works on.
const ITSELF: u64 = 16 << 20;

/// The pool.
#[derive(Debug)]
pub struct MemoryPool {
    units: Arc<Semaphore>,
    limit: u64,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    used: AtomicU64,
    peak: AtomicU64,
}

/// Memory that was drawn; given back when dropped.
#[derive(Debug)]
pub struct Permit {
    held: OwnedSemaphorePermit,
    counts: Arc<Counts>,
}

impl MemoryPool {
    /// The pool of a process that may use `limit` in all: what the program itself takes (code, stacks, lists of files,
    /// what the allocator keeps) is set aside.
    pub fn new(limit: Size) -> MemoryPool {
        let aside = ITSELF + limit.0 / 8;
        MemoryPool::exactly(Size(limit.0.saturating_sub(aside).max(limit.0 / 4)))
    }

    /// A pool of so many bytes.
    pub fn exactly(bytes: Size) -> MemoryPool {
        let units = bytes.0.div_ceil(UNIT).clamp(1, u64::from(u32::MAX));
        let semaphore = Semaphore::new(usize::try_from(units).unwrap_or(Semaphore::MAX_PERMITS));
        MemoryPool { units: Arc::new(semaphore), limit: units * UNIT, counts: Arc::default() }
    }

    /// All of it.
    pub fn limit(&self) -> Size {
        Size(self.limit)
    }

    /// The most that was in use at a time.
    pub fn peak(&self) -> Size {
        Size(self.counts.peak.load(Ordering::Relaxed))
    }

    /// Waits for so many bytes. `what` names the piece of work when it can never fit.
    pub async fn acquire(&self, bytes: u64, what: &str) -> Result<Permit> {
        let units = bytes.div_ceil(UNIT);
        if units > self.limit / UNIT {
            return Err(self.too_large(bytes, what));
        }
        let units = u32::try_from(units).unwrap_or(u32::MAX);
        let held = Arc::clone(&self.units)
            .acquire_many_owned(units)
            .await
            .map_err(|closed| Error::new(Code::Internal, "the memory pool is closed").source(closed))?;
        Ok(self.count(held))
    }

    /// So many bytes if they are free now.
    pub fn try_acquire(&self, bytes: u64) -> Option<Permit> {
        let units = u32::try_from(bytes.div_ceil(UNIT)).ok()?;
        let held = Arc::clone(&self.units).try_acquire_many_owned(units).ok()?;
        Some(self.count(held))
    }

    fn count(&self, held: OwnedSemaphorePermit) -> Permit {
        let bytes = held.num_permits() as u64 * UNIT;
        let used = self.counts.used.fetch_add(bytes, Ordering::Relaxed) + bytes;
        self.counts.peak.fetch_max(used, Ordering::Relaxed);
        Permit { held, counts: Arc::clone(&self.counts) }
    }

    fn too_large(&self, bytes: u64, what: &str) -> Error {
        Error::new(Code::Memory, format!("{what} needs {}", Size(bytes)))
            .why(format!("the memory limit leaves {} for data", Size(self.limit)))
            .next("give more with --memory")
    }
}

impl Permit {
    /// The bytes that it stands for.
    pub fn bytes(&self) -> u64 {
        self.held.num_permits() as u64 * UNIT
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.counts.used.fetch_sub(self.bytes(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_pool_gives_what_it_has_and_takes_it_back() {
        let pool = MemoryPool::exactly(Size(10 * UNIT));
        let first = pool.acquire(6 * UNIT, "a").await.unwrap();
        assert!(pool.try_acquire(5 * UNIT).is_none());
        let second = pool.try_acquire(4 * UNIT).unwrap();
        assert_eq!(pool.peak(), Size(10 * UNIT));
        drop((first, second));
        assert_eq!(pool.acquire(10 * UNIT, "b").await.unwrap().bytes(), 10 * UNIT);
        assert_eq!(pool.peak(), Size(10 * UNIT));
    }

    #[tokio::test]
    async fn what_can_never_fit_is_refused_at_once() {
        let error = MemoryPool::exactly(Size(UNIT)).acquire(UNIT + 1, "a page").await.unwrap_err();
        assert_eq!(error.code(), Code::Memory);
    }
}
