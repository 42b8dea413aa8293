//! How a piece of work divides the memory that it draws.

use super::pages::Allowance;
use crate::model::PlannedFile;

/// Pieces of work that must be able to run beside each other, at the limit.
const BESIDE: u64 = 2;

/// Below it one thread works at a time, so that a page may be larger.
const TIGHT: u64 = 48 << 20;

/// Of a file that is read whole, at most.
const SMALL: u64 = 8 << 20;

/// Decoding and encoding buffers of a thread that has little to do.
const LEAST_WORK: u64 = 12 << 20;

/// The parts of a merge's memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Budget {
    pub threads: usize,
    /// For one page on one thread.
    pub page: u64,
    /// Sources that are held whole.
    pub load: u64,
    /// Pages that were encoded and not yet written.
    pub encoded: u64,
    /// Files above it are read in parts.
    pub small: u64,
}

impl Budget {
    /// For merging these sources, where `limit` is there for all.
    pub fn of(limit: u64, sources: &[PlannedFile]) -> Budget {
        let most = limit / BESIDE;
        let threads = if most < TIGHT { 1 } else { threads() };
        let work = if most < TIGHT { most / 2 } else { most / 4 };
        let half = (most - work) / 2;
        let small = SMALL.min(half / 4);
        let all: u64 = sources.iter().map(|planned| planned.file.length.0).fold(0, u64::saturating_add);
        let held = sources.iter().map(|planned| planned.file.length.0).filter(|length| *length <= small);
        let load = half.min(held.fold(0, u64::saturating_add));
        let encoded = half.min(all.saturating_mul(3).saturating_add(1 << 20));
        let largest = sources.iter().map(|planned| planned.file.length.0).max().unwrap_or(0);
        // Small files have small pages, but little in them can become much.
        let work = work.min(threads as u64 * LEAST_WORK.max(largest.saturating_mul(4)));
        Budget { threads, page: work / threads as u64, load, encoded, small }
    }

    /// For reading only.
    pub fn of_reading(limit: u64, file: u64) -> Budget {
        let most = limit / BESIDE;
        let threads = if most < TIGHT { 1 } else { threads() };
        let work = (most / 2).min(threads as u64 * LEAST_WORK.max(file.saturating_mul(2)));
        Budget { threads, page: work / threads as u64, load: 0, encoded: 0, small: 0 }
    }

    /// All of it.
    pub fn total(&self) -> u64 {
        self.page * self.threads as u64 + self.load + self.encoded
    }

    /// What a page may use.
    pub fn allowance(&self) -> Allowance {
        Allowance { page: self.page }
    }
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from).min(4)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{FileTime, KnownFile, Rows, Size};

    fn files(lengths: &[u64]) -> Vec<PlannedFile> {
        let known = |length| KnownFile { name: "x".to_owned(), length: Size(length), modified: FileTime(0) };
        lengths.iter().map(|length| PlannedFile { file: known(*length), rows: Rows(1) }).collect()
    }

    #[test]
    fn two_merges_fit_beside_each_other() {
        for limit in [40 << 20, 400 << 20, 4 << 30] {
            for lengths in [&[40_000; 5000][..], &[1 << 30], &[200 << 20, 1000], &[]] {
                let budget = Budget::of(limit, &files(lengths));
                assert!(budget.total() <= limit / 2, "{limit} {budget:?}");
                assert!(budget.page >= 5 << 20, "{limit} {budget:?}");
            }
        }
    }

    #[test]
    fn little_work_draws_little() {
        let budget = Budget::of(400 << 20, &files(&[40_000; 10]));
        assert!(budget.total() < (threads() as u64 + 1) * LEAST_WORK, "{budget:?}");
    }
}
