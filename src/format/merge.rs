//! Merging Parquet files of one group into one, row for row in the order of the sources.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::budget::Budget;
use super::column::Stop;
use super::driver::Driver;
use super::encode::Work;
use super::expected::{Expected, ExpectedGroup};
use super::guard::guarded;
use super::source::Sources;
use super::{MemoryPool, Progress, interrupted};
use crate::error::{Code, Error, Result};
use crate::model::{PlannedFile, Policy, Rows, Size, StorePath};
use crate::store::{Read, WriteFile};

/// One output file to make.
#[derive(Clone, Debug)]
pub struct Merge {
    /// Where the sources are.
    pub directory: StorePath,
    /// They, in order; their rows stay in it.
    pub sources: Vec<PlannedFile>,
    /// The key that each source's footer must still give.
    pub group_key: String,
    /// The policy: size of row groups.
    pub policy: Policy,
}

/// What was written, and what proves it.
#[derive(Clone, Debug)]
pub struct Merged {
    /// Rows.
    pub rows: Rows,
    /// Length of the output.
    pub bytes: Size,
    pub(super) expected: Arc<Expected>,
}

/// Stops the thread when the caller goes away.
struct StopOnDrop(Arc<Stop>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.set();
    }
}

/// Merges the sources into `sink`, which is not finished here. Sources that are not what was planned are
/// [`Code::Changed`].
pub async fn merge(
    store: Arc<dyn Read>,
    merge: Merge,
    sink: &mut dyn WriteFile,
    pool: &Arc<MemoryPool>,
    progress: Arc<dyn Progress>,
    cancel: &CancellationToken,
) -> Result<Merged> {
    let budget = Budget::of(pool.limit().0, &merge.sources);
    let permit = tokio::select! {
        biased;
        () = cancel.cancelled() => return Err(interrupted()),
        permit = pool.acquire(budget.total(), "merging") => permit?,
    };
    let sources = merge.sources.clone();
    let directory = merge.directory.clone();
    let result = run(Arc::clone(&store), merge, budget, sink, progress, cancel).await;
    drop(permit);
    match result {
        Err(error) if matches!(error.code(), Code::DamagedFile | Code::Io | Code::NotFound) => {
            Err(changed_source(store.as_ref(), &directory, &sources).await.unwrap_or(error))
        }
        other => other,
    }
}

async fn run(
    store: Arc<dyn Read>,
    merge: Merge,
    budget: Budget,
    sink: &mut dyn WriteFile,
    progress: Arc<dyn Progress>,
    cancel: &CancellationToken,
) -> Result<Merged> {
    let stop = StopOnDrop(Arc::default());
    let (to, mut from) = mpsc::channel::<Bytes>(2);
    let work = Work {
        allowance: budget.allowance(),
        encoded: budget.encoded,
        threads: budget.threads,
        stop: Arc::clone(&stop.0),
        progress,
        handle: tokio::runtime::Handle::current(),
    };
    let full = merge.policy.row_group_size.0;
    let sources = Sources {
        store,
        directory: merge.directory,
        files: merge.sources,
        group_key: merge.group_key,
        small: budget.small,
        threads: budget.threads,
    };
    let driver =
        tokio::task::spawn_blocking(move || guarded(|| Driver::new(sources, work, full, budget.load, to)?.run()));
    let mut written: Result<()> = Ok(());
    loop {
        let bytes = tokio::select! {
            biased;
            () = cancel.cancelled() => {
                written = Err(interrupted());
                break;
            }
            bytes = from.recv() => bytes,
        };
        let Some(bytes) = bytes else { break };
        written = sink.write(bytes).await;
        if written.is_err() {
            break;
        }
    }
    if written.is_err() {
        stop.0.set();
    }
    drop(from);
    let merged = driver.await.map_err(|error| Error::new(Code::Internal, "the merge's thread died").source(error))?;
    written?;
    let (expected, bytes) = merged?;
    let rows = expected.row_groups.iter().map(ExpectedGroup::rows).sum();
    Ok(Merged { rows: Rows(rows), bytes: Size(bytes), expected: Arc::new(expected) })
}

/// Whether the failure is that somebody changed a source meanwhile.
async fn changed_source(store: &dyn Read, directory: &StorePath, sources: &[PlannedFile]) -> Option<Error> {
    for planned in sources {
        let path = directory.join(&planned.file.name);
        let now = store.stat(&path).await.ok()?;
        if now.and_then(|entry| entry.known_file()).as_ref() != Some(&planned.file) {
            return Some(Error::new(Code::Changed, format!("{path} changed while it was read")));
        }
    }
    None
}
