//! Makes a lake to try everything on: the same for the same seed and time, in seconds.
//!
//! It looks like a real one: small files of Spark and Hive with their footers, three databases, every state that a
//! console shows. It writes only into a directory that it made itself, or found empty. All files are dated two days
//! back, but for those of the table that is being written.

mod layout;
mod random;
mod rows;
mod schema;

use std::collections::HashMap;
use std::fs::{self, File, FileTimes};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::error::{Code, Error, Result};
use crate::model::{Rows, Size, StorePath, TableName, TargetId};
use layout::{FilePlan, TablePlan};
use rows::Content;
use schema::{Kind, Schema};

/// Marks a directory as a demo lake, so that it may be removed as one.
const MARKER: &str = ".lakehand-demo";

/// How the demo lake is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DemoOptions {
    /// Data files in all; fewer than about 120 become about 120.
    pub files: u64,
    /// Decides every value.
    pub seed: u64,
    /// Now: files are dated two days before it, but for the hot ones.
    pub now: DateTime<Utc>,
}

impl DemoOptions {
    /// The lake that `demo` makes unless told otherwise.
    pub fn usual(now: DateTime<Utc>) -> DemoOptions {
        DemoOptions { files: 6_000, seed: 42, now }
    }
}

/// A table of the demo lake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DemoTable {
    /// Its name.
    pub name: TableName,
    /// Its directory.
    pub location: StorePath,
    /// What it shows, for a person.
    pub shows: String,
    /// Partitions; one for a flat table.
    pub targets: u64,
    /// Data files.
    pub files: u64,
    /// Rows in all readable files.
    pub rows: Rows,
    /// Bytes.
    pub bytes: Size,
}

/// What was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DemoReport {
    /// The lake.
    pub lake: StorePath,
    /// Its tables, by name.
    pub tables: Vec<DemoTable>,
    /// A good first target: the most small files of `sales.orders`.
    pub first: TargetId,
}

impl DemoReport {
    /// Data files in all.
    pub fn files(&self) -> u64 {
        self.tables.iter().map(|table| table.files).sum()
    }

    /// Bytes in all.
    pub fn bytes(&self) -> Size {
        self.tables.iter().map(|table| table.bytes).sum()
    }

    /// One table.
    pub fn table(&self, name: &TableName) -> Option<&DemoTable> {
        self.tables.iter().find(|table| table.name == *name)
    }
}

/// A file that was added later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LateFile {
    /// Its name.
    pub name: String,
    /// Its rows.
    pub rows: Rows,
}

/// Makes the lake. Blocks for seconds: call it on a thread that may.
pub fn create(directory: &Path, options: &DemoOptions) -> Result<DemoReport> {
    let root = make_root(directory)?;
    let lake = store_path(&root)?;
    let plans = layout::tables(options.files, options.seed, options.now);
    let jobs = make_directories(&root, &plans)?;
    let schemas = schemas()?;
    let lengths = write_all(&jobs, &schemas, options.seed)?;
    let report = report(lake, &plans, &jobs, &lengths)?;
    let marker = serde_json::to_vec_pretty(&report)
        .map_err(|error| Error::new(Code::Internal, "the demo lake's marker cannot be written").source(error))?;
    fs::write(root.join(MARKER), marker)?;
    Ok(report)
}

/// What the marker of a demo lake says; none where the directory is no demo lake.
pub fn read_report(directory: &Path) -> Option<DemoReport> {
    serde_json::from_slice(&fs::read(directory.join(MARKER)).ok()?).ok()
}

/// Adds a file to a partition, as a job does whose rows come late. The caller dates it; `number` keeps its name and rows
/// apart from those of other late files.
pub fn add_late_file(lake: &Path, target: &TargetId, number: u64, modified: DateTime<Utc>) -> Result<LateFile> {
    let kind = match (target.database.as_str(), target.table.as_str()) {
        ("finance", "payments") => Kind::Payments,
        ("finance", _) => Kind::Ledger,
        ("web", _) => Kind::Web,
        _ => Kind::Sales,
    };
    let mut directory = table_directory(lake, &target.table_name());
    if let Some(partition) = &target.partition {
        directory.push(partition);
    }
    let seed = random::mix(random::mix_text(1, &target.to_string()), number);
    let name = match kind.style() {
        schema::Style::Spark => {
            let job = random::Random::new(seed).uuid();
            format!("part-{:05}-{job}-c000.snappy.parquet", number % 100_000)
        }
        schema::Style::Hive => format!("{:06}_0_copy_{}", number % 1_000_000, number + 1),
    };
    let rows = 50 + number % 50;
    let day = u32::try_from(modified.timestamp().div_euclid(86_400)).unwrap_or(0);
    let first_row = 1_000_000_000 + number * 1_000;
    let bytes = rows::file(&kind.schema()?, Content { seed, rows, first_row, note_bytes: 0, day }).map_err(not_made)?;
    write_file(&directory.join(&name), &bytes, modified)?;
    Ok(LateFile { name, rows: Rows(rows) })
}

/// One file to be written.
struct Job<'a> {
    table: usize,
    path: PathBuf,
    file: &'a FilePlan,
}

fn make_root(directory: &Path) -> Result<PathBuf> {
    let shown = directory.display();
    match fs::create_dir(directory) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let empty = fs::read_dir(directory).is_ok_and(|mut entries| entries.next().is_none());
            if !empty {
                return Err(Error::new(Code::AlreadyExists, format!("{shown} is there and is not empty"))
                    .why("the demo writes only into a directory of its own")
                    .next("give another --dir, or remove that one"));
            }
        }
        Err(error) => return Err(Error::from(error).context(format!("{shown} cannot be made"))),
    }
    Ok(fs::canonicalize(directory)?)
}

fn store_path(root: &Path) -> Result<StorePath> {
    let text = root.to_str().ok_or_else(|| {
        Error::new(Code::Usage, format!("{} is not UTF-8", root.display())).next("give another --dir")
    })?;
    StorePath::new(text)
}

fn table_directory(root: &Path, name: &TableName) -> PathBuf {
    root.join(format!("{}.db", name.database)).join(&name.table)
}

fn make_directories<'a>(root: &Path, plans: &'a [TablePlan]) -> Result<Vec<Job<'a>>> {
    let mut jobs = Vec::new();
    for (table, plan) in plans.iter().enumerate() {
        let directory = table_directory(root, &plan.name);
        for partition in &plan.partitions {
            let directory = directory.join(&partition.path);
            fs::create_dir_all(&directory)?;
            if partition.success {
                File::create_new(directory.join("_SUCCESS"))?;
            }
            jobs.extend(partition.files.iter().map(|file| Job { table, path: directory.join(&file.name), file }));
        }
    }
    Ok(jobs)
}

fn schemas() -> Result<HashMap<Kind, Schema>> {
    Kind::ALL.iter().map(|kind| Ok((*kind, kind.schema()?))).collect()
}

/// Writes every file, on all processors; gives the lengths in the order of the jobs.
fn write_all(jobs: &[Job<'_>], schemas: &HashMap<Kind, Schema>, seed: u64) -> Result<Vec<u64>> {
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let next = AtomicUsize::new(0);
    let lengths: Vec<AtomicU64> = jobs.iter().map(|_| AtomicU64::new(0)).collect();
    let work = || -> Result<()> {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(job) = jobs.get(at) else { return Ok(()) };
            lengths[at].store(write_job(job, schemas, seed)?, Ordering::Relaxed);
        }
    };
    let died = |_| Err(Error::new(Code::Internal, "a thread of the demo died"));
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        running.into_iter().try_for_each(|thread| thread.join().unwrap_or_else(died))
    })?;
    Ok(lengths.into_iter().map(AtomicU64::into_inner).collect())
}

fn write_job(job: &Job<'_>, schemas: &HashMap<Kind, Schema>, seed: u64) -> Result<u64> {
    let file = job.file;
    let schema = schemas.get(&file.kind).ok_or_else(|| Error::new(Code::Internal, "a schema is missing"))?;
    let content = Content {
        seed: random::mix(seed, file.first_row),
        rows: file.rows,
        first_row: file.first_row,
        note_bytes: file.note_bytes,
        day: file.day,
    };
    let mut bytes = rows::file(schema, content).map_err(not_made)?;
    if file.unfinished {
        bytes.truncate(bytes.len() / 2);
    }
    write_file(&job.path, &bytes, file.modified)?;
    Ok(bytes.len() as u64)
}

fn write_file(path: &Path, bytes: &[u8], modified: DateTime<Utc>) -> Result<()> {
    let write = || {
        let mut file = File::create_new(path)?;
        file.write_all(bytes)?;
        let times = FileTimes::new().set_modified(modified.into()).set_accessed(modified.into());
        file.set_times(times)
    };
    write().map_err(|error| Error::from(error).context(format!("{} was not written", path.display())))
}

fn not_made(error: parquet::errors::ParquetError) -> Error {
    Error::new(Code::Internal, "a file of the demo lake cannot be made").source(error)
}

fn report(lake: StorePath, plans: &[TablePlan], jobs: &[Job<'_>], lengths: &[u64]) -> Result<DemoReport> {
    let mut tables = Vec::with_capacity(plans.len());
    for plan in plans {
        tables.push(DemoTable {
            location: lake.join(&format!("{}.db", plan.name.database)).join(&plan.name.table),
            name: plan.name.clone(),
            shows: plan.shows.to_owned(),
            targets: plan.partitions.len() as u64,
            files: plan.files(),
            rows: Rows(0),
            bytes: Size(0),
        });
    }
    for (job, length) in jobs.iter().zip(lengths) {
        let table = &mut tables[job.table];
        table.bytes += Size(*length);
        if !job.file.unfinished {
            table.rows += Rows(job.file.rows);
        }
    }
    Ok(DemoReport { lake, tables, first: first_target(plans)? })
}

fn first_target(plans: &[TablePlan]) -> Result<TargetId> {
    let name = TableName::new("sales", "orders");
    let plan = plans.iter().find(|plan| plan.name == name);
    let partition = plan.and_then(|plan| plan.partitions.iter().max_by_key(|partition| partition.files.len()));
    let partition = partition.ok_or_else(|| Error::new(Code::Internal, "the demo lake has no orders"))?;
    Ok(TargetId::new(&name, Some(partition.path.clone())))
}

#[cfg(test)]
mod tests;
