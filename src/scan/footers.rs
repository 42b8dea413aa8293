//! What a plan is made of: the listings of the selected targets, and the footers of the files of those that are worth
//! it. First everything is listed, so that it is known how many footers there are; then they are read, some at a time.
//! Of each footer its group's key and its rows are kept; the description is kept once a group.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::{StreamExt, TryStreamExt, stream};
use tokio_util::sync::CancellationToken;

use super::listing::stopped;
use super::samples::Formats;
use super::{Reporter, ScanEvent, Scanner, Selected};
use crate::error::{Code, Error, Reason, Result};
use crate::format;
use crate::model::{
    DataFormat, FileFacts, GroupFacts, KnownFile, PartitionSpec, PlannedFile, Skipped, StorePath, TableName,
    TargetFacts, TargetId, TargetListing,
};

/// Targets that are listed or read at a time.
const TARGETS: usize = 4;
/// Files of a target that are read at a time.
const FILES: usize = 8;
/// Footers between two reports.
const REPORT_EVERY: u64 = 50;

/// Decides by a listing whether its footers are worth reading: the reason when they are not.
pub type Judge<'a> = &'a (dyn Fn(&TargetListing) -> Result<(), Reason> + Send + Sync);

/// What planning starts from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gathered {
    /// Candidates, in the order in which they were selected.
    pub facts: Vec<TargetFacts>,
    /// What was left out, with reasons, in the same order.
    pub skipped: Vec<Skipped>,
}

/// Counts footers for the reporter.
struct Counter {
    reporter: Reporter,
    done: AtomicU64,
    total: u64,
}

impl Counter {
    fn add(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        if done == self.total || done.is_multiple_of(REPORT_EVERY) {
            self.reporter.progress(ScanEvent::Footers { done, total: self.total });
        }
    }
}

impl Scanner {
    /// The targets of a table whose partitions match one of the prefixes; all of them without a prefix. A table that is
    /// refused and has none is an error with its reason.
    pub async fn select(&self, name: &TableName, prefixes: &[PartitionSpec]) -> Result<Vec<Selected>> {
        let table = Arc::new(self.catalog.table(name).await?);
        let all = [None];
        let prefixes: Vec<Option<&PartitionSpec>> =
            if prefixes.is_empty() { all.into() } else { prefixes.iter().map(Some).collect() };
        let mut selected: Vec<Selected> = Vec::new();
        for prefix in prefixes {
            let mut pages = self.catalog.partitions(&table, prefix).await?;
            while let Some(page) = pages.next_page().await? {
                let new = page.into_iter().map(|partition| Selected { table: table.clone(), partition });
                selected.extend(new);
            }
            if let (Some(prefix), true) = (prefix, selected.is_empty()) {
                return Err(Error::new(Code::PartitionNotFound, format!("{name} has no partition {prefix}")));
            }
        }
        if let (true, Some(reason)) = (selected.is_empty(), table.refusals.first()) {
            // A view, a link: nothing of it can be listed, and why is known.
            return Err(reason.clone().into());
        }
        selected.sort_by(|a, b| a.partition.id.cmp(&b.partition.id));
        selected.dedup_by(|a, b| a.partition.id == b.partition.id);
        Ok(selected)
    }

    /// Lists the selected targets, lets `judge` decide, and reads the footers of those that pass.
    pub async fn gather(
        &self,
        selected: Vec<Selected>,
        judge: Judge<'_>,
        reporter: &Reporter,
        cancel: &CancellationToken,
    ) -> Result<Gathered> {
        let mut gathered = Gathered::default();
        let listings = self.list_selected(selected, judge, &mut gathered, reporter, cancel).await?;
        let total = listings.iter().map(|listing| listing.files.len() as u64).sum();
        let counter = Arc::new(Counter { reporter: reporter.clone(), done: AtomicU64::new(0), total });
        reporter.progress(ScanEvent::Footers { done: 0, total });
        let mut read = stream::iter(listings)
            .map(|listing| {
                let id = listing.stats.id.clone();
                let counter = counter.clone();
                async move { (id, self.read_footers(listing, &counter, cancel).await) }
            })
            .buffered(TARGETS);
        while let Some((id, facts)) = read.next().await {
            match facts? {
                Ok(facts) => gathered.facts.push(facts),
                Err(reason) => gathered.skipped.push(Skipped { id, reason }),
            }
        }
        Ok(gathered)
    }

    /// The candidates' listings; the others are skipped, a refused table once and not once a partition.
    async fn list_selected(
        &self,
        selected: Vec<Selected>,
        judge: Judge<'_>,
        gathered: &mut Gathered,
        reporter: &Reporter,
        cancel: &CancellationToken,
    ) -> Result<Vec<TargetListing>> {
        let mut beside: HashMap<TableName, Vec<String>> = HashMap::new();
        let mut wanted = Vec::with_capacity(selected.len());
        for one in selected {
            let name = &one.table.name;
            if beside.contains_key(name) {
                wanted.extend(one.table.refusals.is_empty().then_some(one));
                continue;
            }
            let in_flight = self.in_flight_beside(&one.table).await.unwrap_or_default();
            beside.insert(name.clone(), in_flight);
            match one.table.refusals.first() {
                Some(reason) => {
                    let id = TargetId::new(name, None);
                    gathered.skipped.push(Skipped { id, reason: reason.clone() });
                }
                None => wanted.push(one),
            }
        }
        let mut listed = stream::iter(wanted)
            .map(|one| async move { self.list_judged(&one.table, &one.partition, judge, reporter, cancel).await })
            .buffered(TARGETS);
        let mut candidates = Vec::new();
        while let Some(mut listing) = listed.try_next().await? {
            if let Some(names) = beside.get(&listing.stats.id.table_name()) {
                listing.signs.in_flight.extend(names.iter().cloned());
            }
            match judge(&listing) {
                Ok(()) => candidates.push(listing),
                Err(reason) => gathered.skipped.push(Skipped { id: listing.stats.id.clone(), reason }),
            }
        }
        Ok(candidates)
    }

    /// The footers of all files of a target; those that stay because of their size are only looked into. The outer
    /// error is a stop, the inner one the reason why the target is refused.
    pub async fn planning_facts(
        &self,
        listing: TargetListing,
        reporter: &Reporter,
        cancel: &CancellationToken,
    ) -> Result<Result<TargetFacts, Reason>> {
        let total = listing.files.len() as u64;
        let counter = Counter { reporter: reporter.clone(), done: AtomicU64::new(0), total };
        self.read_footers(listing, &counter, cancel).await
    }

    async fn read_footers(
        &self,
        mut listing: TargetListing,
        counter: &Counter,
        cancel: &CancellationToken,
    ) -> Result<Result<TargetFacts, Reason>> {
        let stay = self.policy.stay_threshold();
        let directory = &listing.stats.location;
        let mut formats = match self.sample_formats(&listing).await {
            Ok(formats) => formats,
            Err(reason) => return Ok(Err(reason)),
        };
        let mut groups = Groups::default();
        let mut read = stream::iter(&listing.files)
            .map(|file| async move { (file, self.look_into(directory, file, file.length < stay).await) })
            .buffered(FILES)
            // Boxed: the compiler cannot see otherwise that a future over borrowed items may move between threads.
            .boxed();
        loop {
            let next = tokio::select! {
                biased;
                () = cancel.cancelled() => return Err(stopped()),
                next = read.next() => next,
            };
            let Some((file, looked)) = next else { break };
            counter.add();
            let facts = match looked {
                Ok((found, facts)) => {
                    formats.note(found, &file.name);
                    facts
                }
                Err(error) => return Ok(Err(Reason::from(&error))),
            };
            if let Err(reason) = formats.verdict() {
                return Ok(Err(reason));
            }
            facts.into_iter().for_each(|facts| groups.add(facts));
        }
        drop(read);
        listing.stats.format = formats.found();
        Ok(Ok(TargetFacts { listing, files: groups.files, groups: groups.groups }))
    }

    /// A few files spread over the names, so that a table of another format is told as such, and not by its first file
    /// alone.
    async fn sample_formats(&self, listing: &TargetListing) -> Result<Formats, Reason> {
        let mut formats = Formats::default();
        let files = &listing.files;
        for file in [files.first(), files.get(files.len() / 2), files.last()].into_iter().flatten() {
            formats.look(self.store.as_ref(), &listing.stats.location, file).await?;
        }
        formats.verdict().map(|()| formats)
    }

    /// The format of a file by its content and, if wanted, its footer.
    pub(super) async fn look_into(
        &self,
        directory: &StorePath,
        file: &KnownFile,
        footer: bool,
    ) -> Result<(DataFormat, Option<FileFacts>)> {
        let sniffed = || async { format::sniff(self.store.as_ref(), &directory.join(&file.name), file.length).await };
        if !footer {
            return Ok((sniffed().await?, None));
        }
        // A footer that can be read says what the file is; only else it is opened once more.
        match format::facts(self.store.as_ref(), directory, file).await {
            Ok(facts) => Ok((DataFormat::Parquet, Some(facts))),
            Err(error) if error.code() == Code::DamagedFile => match sniffed().await? {
                DataFormat::Parquet => Err(error),
                other => Ok((other, None)),
            },
            Err(error) => Err(error),
        }
    }
}

/// Footers so far, by group.
#[derive(Default)]
struct Groups {
    places: HashMap<String, usize>,
    groups: Vec<GroupFacts>,
    files: Vec<(PlannedFile, usize)>,
}

impl Groups {
    fn add(&mut self, facts: FileFacts) {
        let place = match self.places.get(&facts.group_key) {
            Some(place) => *place,
            None => {
                self.places.insert(facts.group_key.clone(), self.groups.len());
                self.groups.push(GroupFacts {
                    key: facts.group_key,
                    facts: facts.group_facts,
                    created_by: facts.created_by,
                    losses: Vec::new(),
                });
                self.groups.len() - 1
            }
        };
        let losses = &mut self.groups[place].losses;
        for loss in facts.losses {
            if let Err(at) = losses.binary_search(&loss) {
                losses.insert(at, loss);
            }
        }
        self.files.push((PlannedFile { file: facts.file, rows: facts.rows }, place));
    }
}
