//! Inspect: what a table or a target is, by the catalog, the directory and some footers.

use tokio_util::sync::CancellationToken;

use super::Session;
use crate::error::{Code, Error, Reason, Result};
use crate::model::{Attributes, FileFacts, KnownFile, Partition, ServerFacts, StorePath, Table, TableName, TargetId};
use crate::scan::Reporter;

/// Files whose footers are read at most.
const FOOTERS: usize = 200;

/// What is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A table.
    Table(TableName),
    /// A partition, or an unpartitioned table.
    Target(TargetId),
}

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
    /// The facts of the footers that were read; none when none were asked for.
    pub footers: Option<Vec<FileFacts>>,
    /// The target that they are of.
    pub footers_of: Option<TargetId>,
    /// Files whose footers cannot be read, and why.
    pub damaged: Vec<(String, Reason)>,
}

/// Looks at a table or a target; with `footers` at those of some of its files. Of a table those of one target.
pub async fn inspect(
    session: &Session,
    subject: &Subject,
    footers: bool,
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
    let mut details = Details {
        attributes: reader.store.attributes(&location).await.ok(),
        table,
        location,
        refusals,
        footers: None,
        footers_of: None,
        damaged: Vec::new(),
    };
    if footers {
        let of = match target {
            Some(target) => Some(target),
            None => first_target(session, &details.table).await?,
        };
        let (good, damaged) = match &of {
            Some(of) => read_footers(session, &details.table, of, cancel).await?,
            None => (Vec::new(), Vec::new()),
        };
        details.footers_of = of.map(|of| of.id);
        (details.footers, details.damaged) = (Some(good), damaged);
    }
    Ok(details)
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

type Footers = (Vec<FileFacts>, Vec<(String, Reason)>);

async fn read_footers(
    session: &Session,
    table: &Table,
    target: &Partition,
    cancel: &CancellationToken,
) -> Result<Footers> {
    let files = files(session, table, target, cancel).await?;
    let some: Vec<KnownFile> = files.into_iter().filter(|file| file.length.0 > 0).take(FOOTERS).collect();
    let (mut good, mut damaged) = (Vec::new(), Vec::new());
    for (file, facts) in session.scanner().footers(&target.location, &some, cancel).await? {
        match facts {
            Ok(facts) => good.push(facts),
            Err(reason) => damaged.push((file.name, reason)),
        }
    }
    Ok((good, damaged))
}

async fn target(session: &Session, id: &TargetId) -> Result<Partition> {
    let found = session.reader.catalog.target(id).await?;
    found.ok_or_else(|| Error::new(Code::PartitionNotFound, format!("{id} is not there")))
}

async fn first_target(session: &Session, table: &Table) -> Result<Option<Partition>> {
    let mut pages = session.reader.catalog.partitions(table, None).await?;
    while let Some(page) = pages.next_page().await? {
        if let Some(first) = page.into_iter().min_by(|one, other| one.id.cmp(&other.id)) {
            return Ok(Some(first));
        }
    }
    Ok(None)
}
