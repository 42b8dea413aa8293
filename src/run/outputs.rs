//! Steps 5 and 6 of a target: its outputs, written into the epoch, read back, proven.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::FutureExt;

use crate::error::{Code, Error, Result};
use crate::format::Merge;
use crate::ledger::frame::Frame;
use crate::ledger::intent::Moving;
use crate::ledger::kept_name;
use crate::ledger::parallel::try_each;
use crate::ledger::sight::Live;
use crate::model::{Attributes, FileGroup, KnownFile, PlannedFile, PlannedTarget, Policy, Rows, Size, Verify};

use super::again::Attempts;
use super::check::output_attributes;
use super::lease::Lease;
use super::report::Reporter;
use super::rewrite::{DigestingFile, Rewritten, Work};

/// Outputs of a target in work at a time; the memory pool bounds them further.
const AT_A_TIME: usize = 2;
/// Attributes and footers that are read at a time.
const FACTS_AT_A_TIME: usize = 16;

/// One output to make.
pub(super) struct Output<'a> {
    group: &'a FileGroup,
    sources: &'a [PlannedFile],
    name: String,
}

/// The outputs of a target, numbered.
pub(super) fn outputs<'a>(lease: &Lease, target: &'a PlannedTarget, frame: &Frame) -> Vec<Output<'a>> {
    let all = target.groups.iter().flat_map(|group| group.outputs.iter().map(move |sources| (group, sources)));
    all.enumerate()
        .map(|(index, (group, sources))| Output {
            group,
            sources,
            name: frame.output(&lease.tenant.run, index as u64 + 1),
        })
        .collect()
}

/// An output that was written.
#[derive(Debug)]
pub(super) struct Written {
    pub file: Moving,
    proof: Box<dyn Rewritten>,
}

/// Step 3's second half: every source's footer still gives its group. Also reads their attributes. `tell` hears which
/// share of them was read.
pub(super) async fn source_facts(
    lease: &Lease,
    target: &PlannedTarget,
    live: &Live,
    tell: &(dyn Fn(f32) + Sync),
) -> Result<BTreeMap<String, Attributes>> {
    let sources: Vec<(&FileGroup, &PlannedFile)> =
        target.groups.iter().flat_map(|group| group.files().map(move |file| (group, file))).collect();
    let read_so_far = AtomicUsize::new(0);
    let read = |at: usize| {
        let fact = source_fact(lease, &sources[at].0.key, sources[at].1, live);
        fact.inspect(|_| tell((read_so_far.fetch_add(1, Ordering::Relaxed) + 1) as f32 / sources.len() as f32)).boxed()
    };
    Ok(try_each(sources.len(), FACTS_AT_A_TIME, read).await?.into_iter().collect())
}

async fn source_fact(lease: &Lease, key: &str, planned: &PlannedFile, live: &Live) -> Result<(String, Attributes)> {
    let context = &lease.context;
    let directory = &lease.tenant.location;
    let (found, rows) = context.rewriter.group_key(context.contents().as_ref(), directory, &planned.file).await?;
    if found != key || rows != planned.rows {
        return Err(Error::new(Code::Changed, format!("{} is not the file that was planned", planned.file.name))
            .why("its footer says something else"));
    }
    let path = directory.join(&planned.file.name);
    let attributes = match live.get(&planned.file.name) {
        Some(listed) => context.store.attributes_of(&path, listed).await?,
        None => context.store.attributes(&path).await?,
    };
    Ok((planned.file.name.clone(), attributes))
}

/// Step 5.
pub(super) async fn write_all(
    lease: &Lease,
    outputs: &[Output<'_>],
    policy: &Policy,
    known: &BTreeMap<String, Attributes>,
    work: &Work,
) -> Result<Vec<Written>> {
    let write = |at: usize| write_one(lease, &outputs[at], policy, known, work.clone()).boxed();
    let written = try_each(outputs.len(), AT_A_TIME, write).await?;
    lease.hold().sync().await?;
    Ok(written)
}

async fn write_one(
    lease: &Lease,
    output: &Output<'_>,
    policy: &Policy,
    known: &BTreeMap<String, Attributes>,
    work: Work,
) -> Result<Written> {
    let name = output.name.clone();
    let sources = output.sources.iter().map(|planned| &planned.file);
    let (attributes, modified) = output_attributes(lease, sources, known)?;
    let merge = Merge {
        directory: lease.tenant.location.clone(),
        sources: output.sources.to_vec(),
        group_key: output.group.key.clone(),
        policy: policy.clone(),
    };
    let planned: Rows = merge.sources.iter().map(|source| source.rows).sum();
    let mut attempts = Attempts::of(&lease.context);
    let (scratch, written) = loop {
        let scratch = lease.scratch_name()?;
        let attempt = async {
            let mut sink = DigestingFile::new(lease.hold().create_parked(&scratch).await?, &lease.context);
            let store = lease.context.contents();
            let proof = lease.context.rewriter.rewrite(store, merge.clone(), &mut sink, work.clone()).await?;
            let rows = proof.rows();
            if rows != planned {
                return Err(Error::new(Code::Verification, format!("{name} holds {rows} rows instead of {planned}"))
                    .lake("the live files were not touched"));
            }
            let (length, digest) = sink.complete(&attributes, modified).await?;
            let file = KnownFile { name: name.clone(), length, modified };
            Ok(Written { file: Moving { digest: Some(digest), ..Moving::of(&file) }, proof })
        };
        match attempt.await {
            Ok(written) => break (scratch, written),
            Err(error) => attempts.once_more(error).await?,
        }
        lease.drop_scratch(&scratch).await;
    };
    attempts.succeeded();
    put(lease, &scratch, &kept_name(&name)).await?;
    Ok(written)
}

/// Gives an output its name. Of an answer that was lost its scratch file tells: one that is gone has the name, and one
/// that could still be removed never gets it. Whether the epoch is still ours is seen when it is listed.
async fn put(lease: &Lease, scratch: &str, kept: &str) -> Result<()> {
    match lease.hold().rename_parked(scratch, kept).await {
        Err(error) if error.is_unknown_outcome() => match lease.hold().remove_parked(scratch).await {
            Ok(false) => Ok(()),
            _ => Err(error),
        },
        other => other,
    }
}

/// Step 6. The names, lengths and times are taken from a listing, as every later look will take them.
pub(super) async fn verify_all(
    lease: &Lease,
    target: &PlannedTarget,
    written: Vec<Written>,
    how: Verify,
    reporter: &Arc<Reporter>,
    index: usize,
) -> Result<Vec<Moving>> {
    let total: Size = written.iter().map(|written| written.file.length).sum();
    let work = Work {
        pool: Arc::clone(&lease.context.pool),
        progress: Arc::new(reporter.progress(index, total, false)),
        cancel: lease.context.control.token().clone(),
    };
    let verify = |at: usize| verify_one(lease, &written[at], how, work.clone()).boxed();
    try_each(written.len(), AT_A_TIME, verify).await?;
    let files = lease.list_epoch().await?;
    let listed = |written: Written| {
        let name = &written.file.name;
        match files.kept.get(name) {
            Some(entry) if entry.length == written.file.length => {
                Ok(Moving { modified: entry.modified, ..written.file })
            }
            _ => Err(Error::new(Code::Verification, format!("{name} of {} is not as it was written", target.id))
                .lake("the live files were not touched")),
        }
    };
    written.into_iter().map(listed).collect()
}

async fn verify_one(lease: &Lease, written: &Written, how: Verify, work: Work) -> Result<()> {
    let store = lease.context.contents();
    let path = lease.path().join(&kept_name(&written.file.name));
    written.proof.verify(store, &path, how, work).await.map_err(|error| error.lake("the live files were not touched"))
}
