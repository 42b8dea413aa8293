//! Inspect: what a table or a target is, by the catalog, the directory and some footers.

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Session;
use crate::error::{Code, Error, Reason, Result};
use crate::model::{
    Attributes, FooterFacts, Footers, KnownFile, Partition, ServerFacts, StorePath, Subject, Table, TargetId,
};
use crate::scan::{Reporter, ScanEvent};

/// Targets of a table whose footers are read at most; where there are more, they are taken evenly.
const TARGETS: usize = 1_000;

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Details {
    /// The table.
    pub table: Table,
    /// The directory of the subject.
    pub location: StorePath,
    /// Its attributes; none when they cannot be read.
    pub attributes: Option<Attributes>,
    /// Why nothing of it may be compacted.
    pub refusals: Vec<Reason>,
    /// What the footers tell; none when none were asked for. What a stop left unread is missing in it.
    pub footers: Option<FooterFacts>,
}

/// Looks at a table or a target, and at the footers that are wanted: how many is told to `progress`.
pub async fn inspect(
    session: &Session,
    subject: &Subject,
    footers: &Footers,
    progress: Option<mpsc::Sender<ScanEvent>>,
    cancel: &CancellationToken,
) -> Result<Details> {
    let reader = &session.reader;
    let (name, target) = match subject {
        Subject::Table(name) => (name.clone(), None),
        Subject::Target(id) => (id.table_name(), Some(target(session, id).await?)),
    };
    let table = reader.catalog.table(&name).await?;
    let location = target.as_ref().map_or(&table.location, |target| &target.location).clone();
    let mut refusals = table.refusals.clone();
    refusals.extend(target.iter().flat_map(|target| target.refusals.clone()));
    let attributes = reader.store.attributes(&location).await.ok();
    let (targets, in_all) = match (footers, target) {
        (Footers::None, _) => return Ok(Details { table, location, attributes, refusals, footers: None }),
        (_, Some(target)) => (vec![target], 1),
        (Footers::All, None) => some_targets(session, &table, cancel).await?,
        (Footers::Of(ids), None) => {
            let mut targets = Vec::with_capacity(ids.len().min(TARGETS));
            for id in ids.iter().step_by(ids.len().div_ceil(TARGETS).max(1)) {
                targets.extend(reader.catalog.target(id).await?);
            }
            (targets, ids.len() as u64)
        }
    };
    let reporter = progress.map_or_else(Reporter::nowhere, Reporter::to);
    let found = session.scanner().footer_facts(&table, targets, in_all, &reporter, cancel).await;
    Ok(Details { table, location, attributes, refusals, footers: Some(found) })
}

/// The targets of a table, by name; of very many some, taken evenly with the last, and how many there are.
async fn some_targets(session: &Session, table: &Table, cancel: &CancellationToken) -> Result<(Vec<Partition>, u64)> {
    let mut pages = session.reader.catalog.partitions(table, None).await?;
    let (mut kept, mut step, mut seen) = (Vec::new(), 1, 0u64);
    while let Some(page) = pages.next_page().await? {
        for partition in page {
            if seen.is_multiple_of(step) {
                kept.push(partition);
            }
            seen += 1;
            if kept.len() > 2 * TARGETS {
                step *= 2;
                let mut at = 0;
                kept.retain(|_| {
                    at += 1;
                    at % 2 == 1
                });
            }
        }
        if cancel.is_cancelled() {
            break;
        }
    }
    kept.sort_by(|one, other| one.id.cmp(&other.id));
    let all = kept.len();
    let each = all.div_ceil(TARGETS).max(1);
    Ok((kept.into_iter().rev().step_by(each).collect(), seen))
}

/// What only the store's own server tells of a directory, or why it does not; none where there is no server. It may
/// take some seconds, so nothing else waits for it.
pub async fn server_facts(session: &Session, directory: &StorePath) -> Option<Result<ServerFacts>> {
    session.reader.store.server_facts(directory).await
}

/// The files of a target as readers see them, by name.
pub async fn list_files(session: &Session, id: &TargetId, cancel: &CancellationToken) -> Result<Vec<KnownFile>> {
    let table = session.reader.catalog.table(&id.table_name()).await?;
    let target = target(session, id).await?;
    files(session, &table, &target, cancel).await
}

async fn files(
    session: &Session,
    table: &Table,
    target: &Partition,
    cancel: &CancellationToken,
) -> Result<Vec<KnownFile>> {
    let listing = session.scanner().list_target(table, target, &Reporter::nowhere(), cancel).await?;
    if let Some(reason) = listing.stats.error {
        return Err(Error::new(reason.code, format!("{} cannot be listed", target.id)).why(reason.text));
    }
    let mut files: Vec<KnownFile> = [listing.files, listing.empty_files, listing.summary_files].concat();
    files.sort();
    Ok(files)
}

async fn target(session: &Session, id: &TargetId) -> Result<Partition> {
    let found = session.reader.catalog.target(id).await?;
    found.ok_or_else(|| Error::new(Code::PartitionNotFound, format!("{id} is not there")))
}
