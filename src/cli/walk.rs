//! The whole path on a demo lake, by itself: analyze, plan, compact, a late file, roll back, compact again, clean up.
//! Runs are real workers. After each step the rows of every table are counted by the footers of what a reader would
//! see; it holds only when every count is the one that has to be.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Utc;
use futures::{StreamExt, TryStreamExt, stream};
use tokio_util::sync::CancellationToken;

use super::session::Session;
use crate::action::{self, Selection};
use crate::client;
use crate::config::Settings;
use crate::demo::{self, DemoReport};
use crate::error::{Code, Error, Exit, Result};
use crate::format;
use crate::ipc::Reply;
use crate::model::{
    KnownFile, OnDrift, Plan, Rows, RunId, RunKind, RunLimits, RunState, Scope, Size, StorePath, TableName,
    TargetOutcome, TargetState, count_text, duration_text,
};
use crate::store::{EntryKind, collect};

/// Footers that are read at a time.
const FOOTERS: usize = 32;

/// What readers see of a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Seen {
    files: u64,
    rows: Rows,
    unreadable: u64,
}

type Count = BTreeMap<TableName, Seen>;

/// Walks. An error says which step did not hold.
pub fn walk(session: &Session, settings: Arc<Settings>, made: &DemoReport) -> Result<Exit> {
    session.block_on(async {
        let begun = Instant::now();
        let lake = action::Session::open(settings, session.edge.paths.clone()).await?;
        let mut walker = Walker { session, lake, made, begun, number: 0 };
        walker.all().await?;
        walker.say("all of it held", &format!("in {}", duration_text(begun.elapsed())))?;
        Ok(Exit::Done)
    })
}

struct Walker<'a> {
    session: &'a Session,
    lake: action::Session,
    made: &'a DemoReport,
    begun: Instant,
    number: usize,
}

impl Walker<'_> {
    async fn all(&mut self) -> Result<()> {
        let before = self.make().await?;
        self.analyze().await?;
        let plan = self.plan().await?;
        let first = self.compact(plan, &before).await?;
        let late = self.late(&before).await?;
        self.roll_back(&first, &late).await?;
        let again = self.plan().await?;
        self.compact(again, &late).await?;
        self.clean_up(&late).await
    }

    fn say(&self, step: &str, text: &str) -> Result<()> {
        self.session.output.text(&format!("{:>5.1} s  {step:<12} {text}", self.begun.elapsed().as_secs_f64()))
    }

    /// Numbers a step.
    fn step(&mut self, name: &str, text: &str) -> Result<()> {
        self.number += 1;
        self.say(&format!("{} {name}", self.number), text)
    }

    async fn make(&mut self) -> Result<Count> {
        let seen = self.count().await?;
        for table in &self.made.tables {
            let found = seen.get(&table.name).copied().unwrap_or_default();
            if found.files != table.files || found.rows != table.rows {
                return Err(broken("make", &format!("{} has {found:?}, was made with {table:?}", table.name)));
            }
        }
        let tables = seen.len();
        let text = format!(
            "{tables} tables, {} files, {}, {} rows in {}",
            count_text(self.made.files()),
            self.made.bytes(),
            rows(&seen),
            self.made.lake
        );
        self.step("make", &text)?;
        Ok(seen)
    }

    async fn analyze(&mut self) -> Result<()> {
        let nothing = Selection::default();
        let found = action::analyze(&self.lake, &nothing, None, &CancellationToken::new()).await?;
        let policy = &self.lake.settings().policy;
        let targets = || found.tables.iter().flat_map(|table| &table.targets);
        let needy = targets().filter(|target| target.needs_compaction(policy)).count();
        let mut states: BTreeMap<&str, u64> = BTreeMap::new();
        for target in targets() {
            *states.entry(target.state(policy, found.at)).or_default() += 1;
        }
        let states: Vec<String> = states.iter().map(|(state, count)| format!("{count} {state}")).collect();
        self.step("analyze", &format!("{needy} of {} targets need it: {}", targets().count(), states.join(", ")))
    }

    async fn plan(&mut self) -> Result<Plan> {
        let nothing = Selection::default();
        let plan = action::plan(&self.lake, &nothing, None, &CancellationToken::new()).await?;
        let totals = &plan.totals;
        if plan.targets.is_empty() {
            return Err(broken("plan", "nothing was planned"));
        }
        let text = format!(
            "{} targets, {} files -> {}, {} left out with a reason, window ~{}",
            totals.targets,
            count_text(totals.files_before),
            count_text(totals.files_after),
            plan.skipped.len(),
            duration_text(Duration::from_millis(totals.window_ms_estimate)),
        );
        self.step("plan", &text)?;
        Ok(plan)
    }

    async fn compact(&mut self, plan: Plan, before: &Count) -> Result<RunId> {
        let predicted: u64 = plan.totals.files_after;
        let run = action::execute(&self.lake, &plan, OnDrift::Refuse, true, RunLimits::default()).await?;
        let outcomes = self.wait("compact", &run, TargetState::Replaced).await?;
        if outcomes.iter().any(|outcome| outcome.verified != "values") {
            return Err(broken("compact", "a target was not verified by its values"));
        }
        let files: u64 = outcomes.iter().map(|outcome| outcome.files_after).sum();
        if files != predicted {
            return Err(broken("compact", &format!("{files} files are left, the plan said {predicted}")));
        }
        self.rows_are("compact", before).await?;
        let text = format!("{}; every value verified; rows equal in {} tables", sums(&run, &outcomes), before.len());
        self.step("compact", &text)?;
        Ok(run)
    }

    async fn late(&mut self, before: &Count) -> Result<Count> {
        let quiet = self.lake.settings().policy.quiet_period;
        let modified = Utc::now() - quiet - Duration::from_secs(3_600);
        let target = &self.made.first;
        let late = demo::add_late_file(Path::new(self.made.lake.as_str()), target, 1, modified)?;
        let mut wanted = before.clone();
        if let Some(seen) = wanted.get_mut(&target.table_name()) {
            seen.rows += late.rows;
        }
        self.rows_are("late file", &wanted).await?;
        self.step("late file", &format!("{} rows arrive in {target}", late.rows))?;
        Ok(wanted)
    }

    async fn roll_back(&mut self, of: &RunId, wanted: &Count) -> Result<()> {
        let run = action::rollback(&self.lake, of, &Scope::default()).await?;
        let outcomes = self.wait("roll back", &run, TargetState::RolledBack).await?;
        let seen = self.rows_are("roll back", wanted).await?;
        let files: u64 = seen.values().map(|seen| seen.files).sum();
        if files != self.made.files() + 1 {
            return Err(broken(
                "roll back",
                &format!("{files} files are there, not {} and the late one", self.made.files()),
            ));
        }
        let text = format!("{}; all {} files are back, the late one stayed", sums(&run, &outcomes), count_text(files));
        self.step("roll back", &text)
    }

    async fn clean_up(&mut self, wanted: &Count) -> Result<()> {
        let mut cleaned = BTreeSet::new();
        let mut files = 0;
        let mut bytes = Size(0);
        for summary in action::history(&self.lake).await? {
            if !summary.can.contains(&RunKind::Cleanup) && summary.backup_files == 0 {
                continue;
            }
            let (age, skip_trash) = (Duration::ZERO, true);
            let run = action::cleanup(&self.lake, &summary.run, &Scope::default(), age, skip_trash).await?;
            self.wait("clean up", &run, TargetState::Cleaned).await?;
            cleaned.insert(summary.run);
            files += summary.backup_files;
            bytes += summary.backup_bytes;
        }
        let left: u64 = action::history(&self.lake).await?.iter().map(|run| run.backup_files).sum();
        if cleaned.is_empty() || left > 0 {
            return Err(broken("clean up", &format!("{} runs were cleaned up, {left} files are left", cleaned.len())));
        }
        self.rows_are("clean up", wanted).await?;
        let text =
            format!("{} backup files of {} runs, {bytes}, deleted; rows equal", count_text(files), cleaned.len());
        self.step("clean up", &text)
    }

    /// Waits for a run; every target that was worked on has to end as `wanted`.
    async fn wait(&self, step: &str, run: &RunId, wanted: TargetState) -> Result<Vec<TargetOutcome>> {
        let mut attached = client::attach(&self.session.edge.paths, run).await?;
        let mut last = attached.snapshot.clone();
        while let Some(reply) = attached.next().await? {
            match reply {
                Reply::Event { event } => last.apply(event),
                Reply::Welcome { snapshot } | Reply::Ended { snapshot } => last = *snapshot,
                Reply::Refused { reason } => return Err(reason.into()),
            }
        }
        let outcomes: Vec<TargetOutcome> = last.targets.into_iter().map(|target| target.outcome).collect();
        match outcomes.iter().find(|outcome| outcome.state != wanted) {
            None if RunState::exit(&outcomes) == Exit::Done => Ok(outcomes),
            None => Err(broken(step, "the run did not end well")),
            Some(outcome) => {
                let reason = outcome.reason.as_ref().map_or("no reason", |reason| reason.text.as_str());
                Err(broken(step, &format!("{} is {}: {reason}", outcome.id, outcome.state.word())))
            }
        }
    }

    async fn rows_are(&self, step: &str, wanted: &Count) -> Result<Count> {
        let seen = self.count().await?;
        for (table, wanted) in wanted {
            let found = seen.get(table).copied().unwrap_or_default();
            if (found.rows, found.unreadable) != (wanted.rows, wanted.unreadable) {
                return Err(broken(step, &format!("{table} has {} rows, not {}", found.rows, wanted.rows)));
            }
        }
        Ok(seen)
    }

    /// Counts every table as a reader would see it.
    async fn count(&self) -> Result<Count> {
        let mut count = Count::new();
        let catalog = &self.lake.reader.catalog;
        for database in catalog.databases().await? {
            for name in catalog.tables(&database).await? {
                let table = catalog.table(&name).await?;
                let mut seen = Seen::default();
                let mut pages = catalog.partitions(&table, None).await?;
                while let Some(page) = pages.next_page().await? {
                    for partition in page {
                        self.count_target(&partition.location, &mut seen).await?;
                    }
                }
                count.insert(name, seen);
            }
        }
        Ok(count)
    }

    async fn count_target(&self, directory: &StorePath, seen: &mut Seen) -> Result<()> {
        let store = &self.lake.reader.store;
        let entries = collect(store.list(directory).await?).await?;
        let visible = entries.iter().filter(|entry| entry.kind == EntryKind::File && !entry.name.is_hidden());
        let files: Vec<KnownFile> = visible.filter_map(|entry| entry.known_file()).collect();
        seen.files += files.len() as u64;
        let read = |file: KnownFile| async move {
            match format::facts(store.as_ref(), directory, &file).await {
                Ok(facts) => Ok(Some(facts.rows)),
                Err(error) if error.code() == Code::DamagedFile => Ok(None),
                Err(error) => Err(error),
            }
        };
        let counted: Vec<Option<Rows>> = stream::iter(files).map(read).buffer_unordered(FOOTERS).try_collect().await?;
        for rows in counted {
            match rows {
                Some(rows) => seen.rows += rows,
                None => seen.unreadable += 1,
            }
        }
        Ok(())
    }
}

fn rows(count: &Count) -> Rows {
    count.values().map(|seen| seen.rows).sum()
}

/// `run p2c, 12 targets, 5,200 -> 14 files, 1,204,331 rows`
fn sums(run: &RunId, outcomes: &[TargetOutcome]) -> String {
    let before: u64 = outcomes.iter().map(|outcome| outcome.files_before).sum();
    let after: u64 = outcomes.iter().map(|outcome| outcome.files_after).sum();
    let (before, after) = (count_text(before), count_text(after));
    format!("run {}, {} targets, {before} -> {after} files", run.suffix(), outcomes.len())
}

fn broken(step: &str, why: &str) -> Error {
    Error::new(Code::Permanent, format!("the demo did not hold: {step}")).why(why)
}
