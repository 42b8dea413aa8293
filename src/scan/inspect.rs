//! The footers of some targets, for a person to look at: all, or where there are many of them some that are taken
//! evenly. First everything is listed, so that it is known how many there are; what was read until somebody stops it
//! is kept.

use futures::{Stream, StreamExt, stream};
use tokio_util::sync::CancellationToken;

use super::{Reporter, ScanEvent, Scanner};
use crate::error::{Code, Reason};
use crate::format;
use crate::model::{FooterFacts, KnownFile, Partition, StorePath, Table};

/// Targets that are listed at a time.
const TARGETS: usize = 4;
/// Files that are read at a time.
const FILES: usize = 16;
/// Footers that are read at most, but for a few of each target.
const MOST: usize = 10_000;
const FEW: usize = 20;
/// Footers between two reports.
const REPORT_EVERY: u64 = 50;

/// The files of a target that are read, each for `weight` of them.
struct Sample {
    location: StorePath,
    name: String,
    files: Vec<KnownFile>,
    weight: u64,
    in_all: u64,
}

impl Scanner {
    /// What the footers of these targets of a table tell; `in_all` is how many targets there are.
    pub async fn footer_facts(
        &self,
        table: &Table,
        targets: Vec<Partition>,
        in_all: u64,
        reporter: &Reporter,
        cancel: &CancellationToken,
    ) -> FooterFacts {
        let mut found = FooterFacts::new(self.now(), targets.len() as u64, in_all);
        let each = (MOST / targets.len().max(1)).max(FEW);
        let mut samples = Vec::with_capacity(targets.len());
        let listed = stream::iter(targets)
            .map(|target| self.sample(table, target, each, reporter, cancel))
            .buffered(TARGETS)
            // Boxed: the compiler cannot see otherwise that a future over borrowed items may move between threads.
            .boxed();
        let whole = until(listed, cancel, |sample| match sample {
            Ok(sample) => samples.push(sample),
            Err((name, reason)) => found.add_damaged(name, reason),
        });
        let mut stopped = !whole.await;
        found.files_in_all = samples.iter().map(|sample| sample.in_all).sum::<u64>() + found.damaged_in_all;
        if !stopped {
            stopped = !self.read_samples(&samples, &mut found, reporter, cancel).await;
        }
        found.finish(stopped);
        found
    }

    /// The files of a target, or some that are spread over their names.
    async fn sample(
        &self,
        table: &Table,
        target: Partition,
        most: usize,
        reporter: &Reporter,
        cancel: &CancellationToken,
    ) -> Result<Sample, (String, Reason)> {
        let name = target.id.partition.clone().unwrap_or_default();
        // Of a listing that nobody wants a plan of, rights and room are not asked for.
        let never = |_: &_| Err(Reason::new(Code::NothingToDo, "only looked at"));
        let listing = match self.list_judged(table, &target, &never, reporter, cancel).await {
            Ok(listing) => listing,
            Err(error) => return Err((name, Reason::from(&error))),
        };
        if let Some(reason) = listing.stats.error {
            return Err((name, reason));
        }
        let in_all = listing.files.len() as u64;
        let step = listing.files.len().div_ceil(most).max(1);
        let files = listing.files.into_iter().step_by(step).collect();
        Ok(Sample { location: target.location, name, files, weight: step as u64, in_all })
    }

    /// Reads them; false when it was stopped.
    async fn read_samples(
        &self,
        samples: &[Sample],
        found: &mut FooterFacts,
        reporter: &Reporter,
        cancel: &CancellationToken,
    ) -> bool {
        let total: u64 = samples.iter().map(|sample| sample.files.len() as u64).sum();
        reporter.progress(ScanEvent::Footers { done: 0, total });
        let files = samples.iter().flat_map(|sample| sample.files.iter().map(move |file| (sample, file)));
        let read = stream::iter(files)
            .map(|(sample, file)| async move {
                (sample, file, format::facts(self.store.as_ref(), &sample.location, file).await)
            })
            .buffered(FILES)
            .boxed();
        let mut done = 0;
        until(read, cancel, |(sample, file, facts)| {
            done += 1;
            if done == total || done.is_multiple_of(REPORT_EVERY) {
                reporter.progress(ScanEvent::Footers { done, total });
            }
            match facts {
                Ok(facts) => found.add(facts, sample.weight),
                Err(error) => {
                    let slash = if sample.name.is_empty() { "" } else { "/" };
                    found.add_damaged(format!("{}{slash}{}", sample.name, file.name), Reason::from(&error));
                }
            }
        })
        .await
    }
}

/// Takes what comes until the end, or until somebody stops it: then false.
async fn until<T>(
    mut items: impl Stream<Item = T> + Unpin,
    cancel: &CancellationToken,
    mut take: impl FnMut(T),
) -> bool {
    loop {
        let next = tokio::select! {
            biased;
            () = cancel.cancelled() => return false,
            next = items.next() => next,
        };
        match next {
            Some(item) => take(item),
            None => return true,
        }
    }
}
