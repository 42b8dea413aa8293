//! The listing of one target.

use std::collections::BTreeSet;

use tokio_util::sync::CancellationToken;

use super::entry::{Refusal, is_in_flight};
use super::rights;
use super::samples::{Formats, Samples};
use super::tally::Tally;
use super::{Judge, Reporter, ScanEvent, Scanner};
use crate::error::{Code, Error, Reason, Result};
use crate::model::{Partition, Scanned, StorePath, Table, TargetListing, TargetStats};
use crate::store::EntryKind;

/// A directory of more files than this tells how far its listing is.
const PROGRESS_EVERY: u64 = 2_000;

/// How a listing ended.
enum End {
    Whole,
    Stopped,
    Missing,
    Failed(Reason),
}

impl Scanner {
    /// Lists a target for its figures. Stopped in the middle it gives what it has as `part`.
    pub async fn scan_target(
        &self,
        table: &Table,
        partition: &Partition,
        reporter: &Reporter,
        cancel: &CancellationToken,
    ) -> TargetStats {
        let mut tally = Tally::new(self.policy.small_file_threshold(), false, self.now());
        let end = self.list_into(&mut tally, partition, reporter, cancel).await;
        let whole = matches!(end, End::Whole);
        let mut stats = self.stats(table, partition, &mut tally, end);
        if whole {
            self.look_at_samples(&tally.samples, &mut stats).await;
        }
        stats
    }

    /// Looks into some files: the format, and how many groups they are of where these are all.
    async fn look_at_samples(&self, samples: &Samples, stats: &mut TargetStats) {
        let footers = samples.are_all() && stats.needs_compaction(&self.policy);
        let mut formats = Formats::default();
        let mut groups = BTreeSet::new();
        let mut reason = None;
        for file in samples.files() {
            match self.look_into(&stats.location, file, footers).await {
                Ok((format, facts)) => {
                    formats.note(format, &file.name);
                    groups.extend(facts.map(|facts| facts.group_key));
                }
                Err(error) => reason = reason.or(Some(Reason::from(&error))),
            }
        }
        stats.format = formats.found();
        stats.groups = groups.len() as u64;
        for reason in formats.verdict().err().into_iter().chain(reason) {
            push_new(&mut stats.reasons, reason);
        }
    }

    /// Lists a target with the names of its files, for a plan: attributes, rights, room and shared locations too. Fails
    /// only when it is stopped; whatever else goes wrong stands in the figures.
    pub async fn list_target(
        &self,
        table: &Table,
        partition: &Partition,
        reporter: &Reporter,
        cancel: &CancellationToken,
    ) -> Result<TargetListing> {
        self.list_judged(table, partition, &|_| Ok(()), reporter, cancel).await
    }

    /// The same, but of what the entries alone speak against no more is asked: most partitions of a table are of that
    /// kind, and each question is a call to a server.
    pub(super) async fn list_judged(
        &self,
        table: &Table,
        partition: &Partition,
        judge: Judge<'_>,
        reporter: &Reporter,
        cancel: &CancellationToken,
    ) -> Result<TargetListing> {
        let mut tally = Tally::new(self.policy.small_file_threshold(), true, self.now());
        let end = self.list_into(&mut tally, partition, reporter, cancel).await;
        if matches!(end, End::Stopped) {
            return Err(stopped());
        }
        tally.sort();
        let mut stats = self.stats(table, partition, &mut tally, end);
        let mut listing = TargetListing {
            identity: partition.identity.clone(),
            attributes: Default::default(),
            room: None,
            files: std::mem::take(&mut tally.files),
            empty_files: std::mem::take(&mut tally.empty),
            summary_files: std::mem::take(&mut tally.summary),
            visible_entries: tally.visible_entries,
            paged: self.store.capabilities().is_paged(tally.visible_entries, tally.locations),
            signs: tally.signs.clone(),
            stats: stats.clone(),
        };
        if stats.error.is_none() && !stats.missing && judge(&listing).is_ok() {
            if let Err(error) = self.look_around(&mut listing, &mut stats.reasons, &tally).await {
                stats.error = Some(Reason::from(&error));
            }
            listing.stats = stats;
        }
        Ok(listing)
    }

    /// What a plan must know beside the entries.
    async fn look_around(&self, listing: &mut TargetListing, reasons: &mut Vec<Reason>, tally: &Tally) -> Result<()> {
        let location = &listing.stats.location;
        listing.attributes = self.store.attributes(location).await?;
        // Who the superuser is only a local disk tells; elsewhere step 4 proves what is allowed.
        if self.store.capabilities().locks {
            let user = self.store.user().await?;
            reasons.extend(rights::expected(&user, &listing.attributes, tally.owners()));
        } else if let Err(error) = self.store.may_change(location).await {
            reasons.push(Reason::from(&error));
        }
        reasons.extend(self.catalog.shared_location(&listing.stats.id, location).await?);
        // A metastore without its lock tables cannot say; nobody who reads or writes files asks for locks.
        listing.signs.unseen = self.catalog.unseen_locations().await;
        listing.signs.locks = self.catalog.locks(&listing.stats.id).await.unwrap_or_default();
        if let Err(error) = self.store.supported(location).await {
            reasons.push(Reason::from(&error));
        }
        listing.signs.snapshots = self.store.snapshots(location).await?;
        let room = self.store.room(location).await?;
        listing.room = room.bytes.map(|bytes| (bytes, room.limit));
        Ok(())
    }

    async fn list_into(
        &self,
        tally: &mut Tally,
        partition: &Partition,
        reporter: &Reporter,
        cancel: &CancellationToken,
    ) -> End {
        let pages = self.list_pages(tally, partition, reporter);
        let ended = tokio::select! {
            biased;
            () = cancel.cancelled() => return End::Stopped,
            ended = pages => ended,
        };
        match ended {
            Ok(()) => match self.look_into_directories(tally, &partition.location).await {
                Ok(()) => End::Whole,
                Err(error) => End::Failed(Reason::from(&error)),
            },
            Err(error) if error.code() == Code::NotFound && tally.visible_entries == 0 => End::Missing,
            Err(error) => End::Failed(Reason::from(&error)),
        }
    }

    async fn list_pages(&self, tally: &mut Tally, partition: &Partition, reporter: &Reporter) -> Result<()> {
        let mut listing = self.store.list(&partition.location).await?;
        let mut told = PROGRESS_EVERY;
        while let Some(page) = listing.next_page().await? {
            page.iter().for_each(|entry| tally.add(entry));
            let files_so_far = tally.data_files();
            if files_so_far >= told {
                told = files_so_far + PROGRESS_EVERY;
                reporter.progress(ScanEvent::Listing { target: partition.id.clone(), files_so_far });
            }
        }
        Ok(())
    }

    /// A visible directory that holds anything readers see forbids a compaction; an empty one does not.
    async fn look_into_directories(&self, tally: &mut Tally, location: &StorePath) -> Result<()> {
        for name in std::mem::take(&mut tally.directories) {
            let mut listing = self.store.list_names(&location.join(&name)).await?;
            let mut holds = false;
            while let Some(page) = listing.next_page().await? {
                if page.iter().any(|(name, _)| !name.is_hidden()) {
                    holds = true;
                    break;
                }
            }
            if holds {
                tally.refuse(Refusal::Nested, &name);
            }
        }
        Ok(())
    }

    fn stats(&self, table: &Table, partition: &Partition, tally: &mut Tally, end: End) -> TargetStats {
        let mut reasons = Vec::new();
        let all = table.refusals.iter().chain(&partition.refusals).cloned().chain(tally.reasons());
        all.for_each(|reason| push_new(&mut reasons, reason));
        TargetStats {
            id: partition.id.clone(),
            location: partition.location.clone(),
            median: tally.median(),
            histogram: tally.histogram.clone(),
            small_files: tally.small_files,
            empty_files: tally.empty_files,
            newest: tally.newest,
            recent: Some(tally.recent),
            groups: 0,
            format: None,
            reasons,
            missing: matches!(end, End::Missing),
            scanned: match end {
                End::Whole | End::Missing => Scanned::Whole,
                End::Stopped | End::Failed(_) => Scanned::Part,
            },
            error: match end {
                End::Failed(reason) => Some(reason),
                _ => None,
            },
            at: self.now(),
        }
    }

    /// The directories of running or dead jobs beside the partitions of a table: Spark and Hive stage there.
    pub(super) async fn in_flight_beside(&self, table: &Table) -> Result<Vec<String>> {
        if !table.is_partitioned() {
            return Ok(Vec::new());
        }
        let mut listing = self.store.list_names(&table.location).await?;
        let mut names = Vec::new();
        while let Some(page) = listing.next_page().await? {
            let directories = page.iter().filter(|(_, kind)| *kind == EntryKind::Directory);
            let staging = directories.filter_map(|(name, _)| name.text()).filter(|name| is_in_flight(name));
            names.extend(staging.map(|name| format!("{}/{name}", table.location.name())));
        }
        names.sort_unstable();
        Ok(names)
    }
}

/// The error of a stopped act.
pub(super) fn stopped() -> Error {
    Error::new(Code::Interrupted, "stopped on request")
}

fn push_new(reasons: &mut Vec<Reason>, reason: Reason) {
    if !reasons.contains(&reason) {
        reasons.push(reason);
    }
}
