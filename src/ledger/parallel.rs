//! Doing the same for many items, some at a time, each future made only when its turn comes: ten thousand targets cost
//! no more memory than those in work.

use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt};

use crate::error::Result;

/// Does `work` for the indices below `count`; the results in their order.
pub fn each<'a, R: Send + 'a>(
    count: usize,
    at_a_time: usize,
    work: impl Fn(usize) -> BoxFuture<'a, R> + Send + 'a,
) -> BoxFuture<'a, Vec<R>> {
    let numbered = move |index: usize| work(index).map(move |result| (index, result));
    let stream = futures::stream::iter(0..count).map(numbered).buffer_unordered(at_a_time.max(1));
    stream
        .collect::<Vec<(usize, R)>>()
        .map(|mut results| {
            results.sort_unstable_by_key(|(index, _)| *index);
            results.into_iter().map(|(_, result)| result).collect()
        })
        .boxed()
}

/// The same for work that may fail; the first error by index, after all have ended.
pub fn try_each<'a, R: Send + 'a>(
    count: usize,
    at_a_time: usize,
    work: impl Fn(usize) -> BoxFuture<'a, Result<R>> + Send + 'a,
) -> BoxFuture<'a, Result<Vec<R>>> {
    each(count, at_a_time, work).map(|results| results.into_iter().collect()).boxed()
}
