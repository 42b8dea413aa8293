//! Work that is cut into pieces, on a few threads; what a piece panics on is an error of that piece.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::guard::guarded;
use crate::error::{Code, Error, Result};

/// Does `work` for 0 to `count`, on at most `threads` threads, in this order; the results in the same order, or the
/// first error, after which nothing more is begun.
pub(super) fn parallel<T: Send>(
    threads: usize,
    count: usize,
    work: impl Fn(usize) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    if threads <= 1 || count <= 1 {
        return (0..count).map(|piece| guarded(|| work(piece))).collect();
    }
    let next = AtomicUsize::new(0);
    let failed = AtomicBool::new(false);
    let results: Mutex<Vec<Option<Result<T>>>> = Mutex::new((0..count).map(|_| None).collect());
    let run = || {
        while !failed.load(Ordering::Relaxed) {
            let piece = next.fetch_add(1, Ordering::Relaxed);
            if piece >= count {
                break;
            }
            let result = guarded(|| work(piece));
            failed.fetch_or(result.is_err(), Ordering::Relaxed);
            results.lock().unwrap_or_else(PoisonError::into_inner)[piece] = Some(result);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads.min(count) {
            scope.spawn(run);
        }
        run();
    });
    let results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    if failed.load(Ordering::Relaxed) {
        let first = results.into_iter().flatten().find_map(Result::err);
        return Err(first.unwrap_or_else(|| Error::new(Code::Internal, "a piece of work failed without a reason")));
    }
    results
        .into_iter()
        .map(|result| result.unwrap_or_else(|| Err(Error::new(Code::Internal, "a piece of work was not done"))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_keep_their_order_and_the_first_error_wins() {
        let squares = parallel(3, 100, |piece| Ok(piece * piece)).unwrap();
        assert_eq!(squares, (0..100).map(|piece| piece * piece).collect::<Vec<_>>());
        for threads in [1, 3] {
            let error =
                parallel(threads, 100, |piece| if piece == 7 { Err(Error::new(Code::Memory, "7")) } else { Ok(piece) });
            assert_eq!(error.unwrap_err().code(), Code::Memory);
        }
    }
}
