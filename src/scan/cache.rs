//! What earlier scans found, on this host, so that the first screen is there before any listing.
//!
//! A directory for each lake: `top` (the worst two hundred tables, in order, and the lake's totals), `tables` (all), and
//! a file for each table's targets. Each file is a header line, a line an item, and a trailer with the count and a
//! digest. Files are replaced as a whole by a rename. A file that is missing, damaged, of another version or of another
//! lake is an empty cache, never an error: everything in it can be found again. Every item carries its own age.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::{Xxh3, xxh3_64, xxh3_128};

use crate::error::{Code, Error, Result};
use crate::model::{LakeTotals, TableName, TableStats, TargetStats, worst_first};

/// The name and version in every header.
const FORMAT: &str = "lakehand.scan/1";
/// The tables that are kept apart for the first screen.
const TOP: usize = 200;

/// The cache of one lake.
#[derive(Clone, Debug)]
pub struct Cache {
    directory: PathBuf,
    lake: String,
}

/// What the first screen shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CachedLake {
    /// The worst tables first; each with its age.
    pub tables: Vec<TableStats>,
    /// The sums over all tables that are known, not only these.
    pub totals: LakeTotals,
}

#[derive(Serialize, Deserialize)]
struct Header {
    format: String,
    lake: String,
    of: String,
    totals: LakeTotals,
}

#[derive(Serialize, Deserialize)]
struct Trailer {
    items: u64,
    digest: u64,
}

impl Cache {
    /// The cache of the lake of this URI below a directory of this user; nothing is made until something is saved.
    pub fn new(below: &Path, lake: impl Into<String>) -> Cache {
        let lake = lake.into();
        Cache { directory: below.join("scans").join(format!("{:032x}", xxh3_128(lake.as_bytes()))), lake }
    }

    /// The worst tables.
    pub fn load(&self) -> CachedLake {
        let (totals, tables) = self.read("top", "top").unwrap_or_default();
        CachedLake { tables, totals }
    }

    /// All tables, the worst first.
    pub fn tables(&self) -> Vec<TableStats> {
        self.read("tables", "tables").unwrap_or_default().1
    }

    /// The targets of a table, at most so many at a time, until `each` wants no more: a million at once would be more
    /// than the console may have in memory. The file is read whole before the first are given, so nothing of a damaged
    /// one is.
    pub fn each_targets(&self, table: &TableName, most: usize, mut each: impl FnMut(Vec<TargetStats>) -> bool) {
        let _ = self.read_in_parts(&targets_file(table), &table.to_string(), most, &mut each);
    }

    /// Saves what a scan of the whole lake found: tables that it did not see are forgotten.
    pub fn save_lake(&self, mut tables: Vec<TableStats>) -> Result<()> {
        tables.sort_by(worst_first);
        let totals = LakeTotals::of(&tables);
        self.write_all("tables", "tables", &totals, &tables)?;
        self.write_all("top", "top", &totals, &tables[..tables.len().min(TOP)])
    }

    /// Saves what a scan of some tables found; the others stay as they were.
    pub fn save_tables(&self, newer: Vec<TableStats>) -> Result<()> {
        let mut tables = self.tables();
        tables.retain(|old| !newer.iter().any(|new| new.name == old.name));
        tables.extend(newer);
        self.save_lake(tables)
    }

    /// Begins to save the targets of a table; they come one by one, so that a million need no memory.
    pub fn targets_writer(&self, table: &TableName) -> Result<TargetsWriter> {
        self.writer(&targets_file(table), &table.to_string(), &LakeTotals::default()).map(TargetsWriter)
    }

    fn write_all<T: Serialize>(&self, file: &str, of: &str, totals: &LakeTotals, items: &[T]) -> Result<()> {
        let mut writer = self.writer(file, of, totals)?;
        items.iter().try_for_each(|item| writer.add(item))?;
        writer.finish()
    }

    fn writer(&self, file: &str, of: &str, totals: &LakeTotals) -> Result<Lines> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        fs::create_dir_all(&self.directory).map_err(|error| self.failed(error))?;
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let temporary = self.directory.join(format!(".{file}.{}.{number}", std::process::id()));
        let created = File::create_new(&temporary).map_err(|error| self.failed(error))?;
        let mut lines = Lines {
            writer: Some(BufWriter::new(created)),
            temporary,
            path: self.directory.join(file),
            digest: Xxh3::new(),
            items: 0,
        };
        let (format, lake, of) = (FORMAT.to_owned(), self.lake.clone(), of.to_owned());
        lines.line(&Header { format, lake, of, totals: totals.clone() })?;
        Ok(lines)
    }

    /// Nothing where the file is not exactly as it was written.
    fn read<T: DeserializeOwned>(&self, file: &str, of: &str) -> Option<(LakeTotals, Vec<T>)> {
        let mut items = Vec::new();
        let totals = self.read_in_parts(file, of, usize::MAX, &mut |all| {
            items = all;
            true
        })?;
        Some((totals, items))
    }

    fn read_in_parts<T: DeserializeOwned>(
        &self,
        file: &str,
        of: &str,
        most: usize,
        each: &mut dyn FnMut(Vec<T>) -> bool,
    ) -> Option<LakeTotals> {
        let mut file = File::open(self.directory.join(file)).ok()?;
        let (header, items) = whole(&file)?;
        if header.format != FORMAT || header.lake != self.lake || header.of != of {
            return None;
        }
        file.rewind().ok()?;
        let mut lines = BufReader::new(file).split(b'\n').skip(1);
        let mut left = usize::try_from(items).ok()?;
        while left > 0 {
            let mut part = Vec::with_capacity(left.min(most));
            for _ in 0..left.min(most) {
                part.push(serde_json::from_slice(&lines.next()?.ok()?).ok()?);
            }
            left -= part.len();
            if !each(part) {
                break;
            }
        }
        Some(header.totals)
    }

    fn failed(&self, error: std::io::Error) -> Error {
        Error::from(error).context(format!("the scan cache {} was not written", self.directory.display()))
    }
}

/// The header and the number of items of a file that is as it was written.
fn whole(file: &File) -> Option<(Header, u64)> {
    let mut reader = BufReader::new(file);
    let (mut digest, mut line, mut items) = (Xxh3::new(), Vec::new(), 0);
    reader.read_until(b'\n', &mut line).ok()?;
    let header: Header = serde_json::from_slice(&line).ok()?;
    loop {
        digest.update(line.trim_ascii_end());
        line.clear();
        reader.read_until(b'\n', &mut line).ok()?;
        if line.pop() != Some(b'\n') {
            return None;
        }
        if let Ok(trailer) = serde_json::from_slice::<Trailer>(&line) {
            let as_written = trailer.items == items && trailer.digest == digest.digest();
            return as_written.then_some((header, items));
        }
        items += 1;
    }
}

fn targets_file(table: &TableName) -> String {
    format!("targets-{:016x}", xxh3_64(table.to_string().as_bytes()))
}

/// Saves targets one by one. Dropped without `finish` it leaves the older file as it was.
#[derive(Debug)]
pub struct TargetsWriter(Lines);

impl TargetsWriter {
    /// Adds a target.
    pub fn add(&mut self, target: &TargetStats) -> Result<()> {
        self.0.add(target)
    }

    /// Puts the file into its place.
    pub fn finish(self) -> Result<()> {
        self.0.finish()
    }
}

/// A file of lines under a temporary name.
struct Lines {
    writer: Option<BufWriter<File>>,
    temporary: PathBuf,
    path: PathBuf,
    digest: Xxh3,
    items: u64,
}

impl std::fmt::Debug for Lines {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Lines").field("path", &self.path).field("items", &self.items).finish()
    }
}

impl Lines {
    fn add<T: Serialize>(&mut self, item: &T) -> Result<()> {
        self.items += 1;
        self.line(item)
    }

    fn line<T: Serialize>(&mut self, item: &T) -> Result<()> {
        let mut line = serde_json::to_vec(item)
            .map_err(|error| Error::new(Code::Internal, "the scan cache cannot be written as JSON").source(error))?;
        self.digest.update(&line);
        line.push(b'\n');
        match &mut self.writer {
            Some(writer) => Ok(writer.write_all(&line)?),
            None => Err(Error::new(Code::Internal, "the scan cache is closed")),
        }
    }

    fn finish(mut self) -> Result<()> {
        let trailer = Trailer { items: self.items, digest: self.digest.digest() };
        self.line(&trailer)?;
        if let Some(writer) = self.writer.take() {
            // Not synced: after a power loss the digest does not fit, and the cache is empty.
            writer.into_inner().map_err(std::io::IntoInnerError::into_error)?;
        }
        Ok(fs::rename(&self.temporary, &self.path)?)
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        // Gone already when it was put into its place.
        let _ = fs::remove_file(&self.temporary);
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

    use super::*;
    use crate::model::{Size, StorePath};

    fn table(name: &str, saves: u64, files: u64) -> TableStats {
        let at = DateTime::<Utc>::from_timestamp(1_790_000_000, 5_000).unwrap();
        let location = StorePath::new(format!("/lake/{name}")).unwrap();
        let mut table = TableStats::unknown(TableName::new("sales", name), location, at);
        (0..files).for_each(|_| table.histogram.add(Size(1 << 20)));
        table.saves = saves;
        table
    }

    #[test]
    fn the_worst_tables_come_first_and_ages_are_kept() {
        let below = tempfile::tempdir().unwrap();
        let cache = Cache::new(below.path(), "file:///lake");
        assert_eq!(cache.load(), CachedLake::default());
        let tables: Vec<TableStats> = (0..300).map(|n| table(&format!("t{n:03}"), n, 2)).collect();
        cache.save_lake(tables).unwrap();
        let loaded = cache.load();
        assert_eq!(loaded.tables.len(), 200);
        assert_eq!((loaded.tables[0].name.table.as_str(), loaded.tables[0].saves), ("t299", 299));
        assert_eq!(loaded.tables[0].at, table("x", 0, 0).at);
        assert_eq!((loaded.totals.tables, loaded.totals.files), (300, 600));
        cache.save_tables(vec![table("t000", 5_000, 7)]).unwrap();
        assert_eq!((cache.load().tables[0].saves, cache.tables().len()), (5_000, 300));
        assert_eq!(Cache::new(below.path(), "file:///other").load(), CachedLake::default());
    }

    #[test]
    fn a_damaged_cache_is_an_empty_one() {
        let below = tempfile::tempdir().unwrap();
        let cache = Cache::new(below.path(), "file:///lake");
        cache.save_lake(vec![table("a", 1, 1), table("b", 2, 1)]).unwrap();
        let path = cache.directory.join("tables");
        let whole = fs::read(&path).unwrap();
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            assert!(cache.tables().is_empty(), "cut at {length}");
        }
        for at in (0..whole.len()).step_by(7) {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            fs::write(&path, &bytes).unwrap();
            assert!(cache.tables().is_empty(), "changed at {at}");
        }
        fs::write(&path, &whole).unwrap();
        assert_eq!(cache.tables().len(), 2);
    }

    #[test]
    fn targets_are_saved_one_by_one_and_an_unfinished_file_changes_nothing() {
        let below = tempfile::tempdir().unwrap();
        let cache = Cache::new(below.path(), "file:///lake");
        let name = TableName::new("sales", "orders");
        let target = |partition: &str| TargetStats {
            id: crate::model::TargetId::new(&name, Some(partition.to_owned())),
            location: StorePath::new("/lake").unwrap(),
            histogram: Default::default(),
            median: Size(0),
            small_files: 0,
            empty_files: 0,
            groups: 0,
            newest: None,
            recent: None,
            format: None,
            reasons: Vec::new(),
            error: None,
            scanned: Default::default(),
            missing: false,
            at: DateTime::UNIX_EPOCH,
        };
        let mut writer = cache.targets_writer(&name).unwrap();
        (0..50).for_each(|n| writer.add(&target(&format!("dt={n}"))).unwrap());
        writer.finish().unwrap();
        let mut dropped = cache.targets_writer(&name).unwrap();
        dropped.add(&target("dt=x")).unwrap();
        drop(dropped);
        let parts = |enough: usize| {
            let mut parts = Vec::new();
            cache.each_targets(&name, 20, |part| {
                parts.push(part.len());
                parts.len() < enough
            });
            parts
        };
        assert_eq!((parts(9), parts(2)), (vec![20, 20, 10], vec![20, 20]));
        assert_eq!(fs::read_dir(&cache.directory).unwrap().count(), 1);
    }
}
