//! Writing the run index: the id, the plan, and now and then the state. Advisory: a state that cannot be written is
//! told and does not stop the run; a plan that cannot be written does, before anything else was.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::error::{Code, Error, Result};
use crate::ledger::index::{self, RunPlan, RunRecord};
use crate::ledger::names::{IndexEntry, PLACES, Parked};
use crate::ledger::record::{self, Record};
use crate::model::{Attributes, LogLevel, RunId, RunKind, RunState, StorePath, TargetId};
use crate::store::EntryKind;

use super::Context;
use super::again::Attempts;
use super::lease::nonce;
use super::places::{directory_attributes, record_attributes, sync_parent};
use super::report::Reporter;

const ATTEMPTS: usize = 16;
/// Directories that are made for an index outside of the lake.
const LEVELS: usize = 2;
const LETTERS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
/// How often the speeds are told.
const RATES_EVERY: Duration = Duration::from_secs(1);
/// How often the state is written.
const STATE_EVERY: Duration = Duration::from_secs(30);

/// Draws an id that no other run of the lake has and reserves it in the index.
pub(super) async fn reserve(context: &Context, kind: RunKind, of: Option<&RunId>) -> Result<RunId> {
    let attributes = set_up(context).await?;
    let taken = index::entries(context.store.as_ref(), &context.index).await?;
    for _ in 0..ATTEMPTS {
        let run = RunId::at(context.clock.now(), &suffix(context.random.bits()?))?;
        if taken.contains_key(&run) {
            continue;
        }
        let record = blank(context, &run, kind, of);
        let name = IndexEntry::State(run.clone(), 1).to_string();
        match write(context, &attributes, &name, &record).await {
            Ok(()) => return Ok(run),
            // Another drew it, or nobody knows whether we have it: a new id for each attempt.
            Err(error) if error.code() == Code::AlreadyExists || error.is_unknown_outcome() => {}
            Err(error) => return Err(error.context("the run could not be noted in the run index")),
        }
    }
    Err(Error::new(Code::Unavailable, "no id could be reserved in the run index").retryable())
}

fn suffix(mut bits: u64) -> String {
    let mut draw = || {
        let letter = LETTERS[(bits % 36) as usize];
        bits /= 36;
        char::from(letter)
    };
    [draw(), draw(), draw()].iter().collect()
}

fn blank(context: &Context, run: &RunId, kind: RunKind, of: Option<&RunId>) -> RunRecord {
    RunRecord {
        run: run.clone(),
        kind,
        of: of.cloned(),
        state: RunState::Running,
        actor: context.me.clone(),
        started: context.clock.now(),
        finished: None,
        targets: 0,
        tables: Vec::new(),
        outcomes: Vec::new(),
        trashed: false,
        sign: None,
    }
}

/// The directory whose rights the index has, and the directories to make below it: two at most. Inside the lake it is the
/// lake's; elsewhere the nearest that is there.
async fn levels(context: &Context) -> Result<(StorePath, Vec<StorePath>)> {
    let index = &context.index;
    let above = context.root.join(PLACES);
    if index.below(&context.root).is_some() {
        let levels = [Some(above).filter(|above| index.below(above).is_some()), Some(index.clone())];
        return Ok((context.root.clone(), levels.into_iter().flatten().collect()));
    }
    let mut missing = Vec::new();
    let mut at = index.clone();
    while missing.len() <= LEVELS {
        if context.store.stat(&at).await?.is_some() {
            missing.reverse();
            return Ok((at, missing));
        }
        let Some(parent) = at.parent() else { break };
        missing.push(std::mem::replace(&mut at, parent));
    }
    Err(Error::new(Code::NotFound, format!("the run index {index} could not be made"))
        .why(format!("neither {at} nor what should be above it is there"))
        .next("let somebody make the directory, or set run_index in the profile"))
}

/// Makes the index where it is missing; the rights of what is written there.
async fn set_up(context: &Context) -> Result<Attributes> {
    let (counterpart, levels) = levels(context).await?;
    let attributes = context.store.attributes(&counterpart).await?;
    let directory = directory_attributes(context, &attributes);
    for path in &levels {
        match context.store.stat(path).await? {
            Some(entry) if entry.kind == EntryKind::Directory => continue,
            Some(_) => return Err(Error::new(Code::UnsupportedEntry, format!("{path} is no directory"))),
            None => {}
        }
        match context.store.make_dir(path, &directory).await {
            Ok(()) => sync_parent(context, path).await?,
            Err(error) if error.code() == Code::AlreadyExists => {}
            Err(error) if error.is_unknown_outcome() && context.store.stat(path).await?.is_some() => {}
            Err(error) => return Err(error.context(format!("the run index {path} could not be made"))),
        }
    }
    Ok(record_attributes(context, &attributes))
}

/// Writes under a scratch name, syncs, renames into place without overwrite. What failed leaves nothing behind: with its
/// scratch removed, a rename whose answer was lost can no longer be carried out either.
async fn write<R: Record>(context: &Context, attributes: &Attributes, name: &str, content: &R) -> Result<()> {
    let bytes = Bytes::from(record::encode(content)?);
    let mut attempts = Attempts::of(context);
    loop {
        let scratch = context.index.join(&Parked::Scratch(nonce(context)?.0).to_string());
        match write_scratch(context, attributes, &scratch, bytes.clone()).await {
            Ok(()) => {
                attempts.succeeded();
                let placed = place(context, &scratch, name).await;
                if placed.is_err() {
                    let _ = context.store.remove_file(&scratch).await;
                }
                return placed;
            }
            Err(error) => {
                let _ = context.store.remove_file(&scratch).await;
                attempts.once_more(error).await?;
            }
        }
    }
}

async fn write_scratch(context: &Context, attributes: &Attributes, scratch: &StorePath, bytes: Bytes) -> Result<()> {
    let mut file = context.store.create(scratch).await?;
    file.write(bytes).await?;
    file.finish(attributes, None).await
}

async fn place(context: &Context, scratch: &StorePath, name: &str) -> Result<()> {
    context.store.rename(scratch, &context.index.join(name)).await?;
    context.store.sync_dir(&context.index).await
}

/// The index entries of one run that is at work.
#[derive(Debug)]
pub(super) struct IndexWriter {
    context: Context,
    attributes: Attributes,
    record: Mutex<(u64, RunRecord)>,
}

impl IndexWriter {
    /// Goes on from the id that was reserved.
    pub(super) async fn open(
        context: &Context,
        run: &RunId,
        kind: RunKind,
        of: Option<&RunId>,
        targets: &[TargetId],
    ) -> Result<IndexWriter> {
        let attributes = set_up(context).await?;
        let tables: BTreeSet<String> = targets.iter().map(|target| target.table_name().to_string()).collect();
        let record = RunRecord {
            targets: targets.len() as u64,
            tables: tables.into_iter().collect(),
            ..blank(context, run, kind, of)
        };
        let known = index::entries(context.store.as_ref(), &context.index).await?;
        let number = known.get(run).and_then(|known| known.states.last().copied()).unwrap_or(0);
        Ok(IndexWriter { context: context.clone(), attributes, record: Mutex::new((number, record)) })
    }

    /// What this run deletes goes to the trash.
    pub(super) async fn note_trash(&self) {
        self.record.lock().await.1.trashed = true;
    }

    /// Writes the immutable plan.
    pub(super) async fn plan(&self, plan: &RunPlan) -> Result<()> {
        let name = IndexEntry::Plan(plan.run.clone()).to_string();
        write(&self.context, &self.attributes, &name, plan).await.map_err(|error| {
            error.context("the plan could not be written to the run index").lake("nothing was changed")
        })
    }

    /// Writes how far the run is, and removes what was written before.
    async fn state(&self, reporter: &Reporter, state: RunState, ended: bool) -> Result<()> {
        let mut slot = self.record.lock().await;
        let (number, record) = &mut *slot;
        let old = IndexEntry::State(record.run.clone(), *number).to_string();
        *number += 1;
        record.state = state;
        record.outcomes = reporter.outcomes();
        record.finished = ended.then(|| self.context.clock.now());
        record.sign = (!ended).then(|| reporter.sign(*number));
        let name = IndexEntry::State(record.run.clone(), *number).to_string();
        write(&self.context, &self.attributes, &name, record).await?;
        self.context.store.remove_file(&self.context.index.join(&old)).await?;
        Ok(())
    }

    /// Does the work; beside it tells the speeds, and writes the state as a sign of life. A state that is being written
    /// when the work ends is still written whole.
    pub(super) async fn alongside<T>(&self, reporter: &Arc<Reporter>, work: impl Future<Output = T>) -> T {
        let ended = CancellationToken::new();
        let working = async {
            let result = work.await;
            ended.cancel();
            result
        };
        tokio::join!(working, self.tick(reporter, &ended)).0
    }

    async fn tick(&self, reporter: &Reporter, ended: &CancellationToken) {
        let mut since = Duration::ZERO;
        while ended.run_until_cancelled(self.context.clock.sleep(RATES_EVERY)).await.is_some() {
            reporter.tell_rates();
            since += RATES_EVERY;
            if since >= STATE_EVERY {
                since = Duration::ZERO;
                let state = if self.context.control.is_paused() { RunState::Paused } else { RunState::Running };
                self.tell(reporter, state, false).await;
            }
        }
    }

    /// Writes the state; a failure is only told.
    pub(super) async fn tell(&self, reporter: &Reporter, state: RunState, ended: bool) {
        if let Err(error) = self.state(reporter, state, ended).await {
            reporter.log(LogLevel::Warn, format!("the run index could not be written: {error}"));
        }
    }
}

/// Rewrites the state of another run, as a recovery found it.
pub(super) async fn correct(context: &Context, record: RunRecord) -> Result<()> {
    let attributes = set_up(context).await?;
    let known = index::entries(context.store.as_ref(), &context.index).await?;
    let old: Vec<u64> = known.get(&record.run).map(|known| known.states.clone()).unwrap_or_default();
    let number = old.last().copied().unwrap_or(0) + 1;
    write(context, &attributes, &IndexEntry::State(record.run.clone(), number).to_string(), &record).await?;
    for number in old {
        let name = IndexEntry::State(record.run.clone(), number).to_string();
        context.store.remove_file(&context.index.join(&name)).await?;
    }
    Ok(())
}
