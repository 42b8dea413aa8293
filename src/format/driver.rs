//! The merge itself, on a blocking thread: sources come in waves that fit into memory; their row groups are joined
//! until one is full, or copied as they stand when they are large already.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use parquet::file::metadata::KeyValue;
use tokio::sync::mpsc;

use super::copy;
use super::encode::{self, Encoded, Work};
use super::expected::{Expected, ExpectedGroup, Section};
use super::footer::{Footer, KnownSchema};
use super::group::{is_harmless, mistrusts_binary_statistics};
use super::guard::decoding;
use super::output::{Bloom, ColumnIndex, Finished, Output};
use super::properties::{Bounds, computed_bounds, with_bounds};
use super::source::{Source, Sources, Unit};
use crate::error::{Code, Error, Result};

/// Sources are loaded so many bytes at a time.
const WAVE: u64 = 16 << 20;

/// Rows that a row group may have.
const MOST_ROWS: u64 = 1 << 28;

/// A merge in progress.
pub(super) struct Driver {
    sources: Sources,
    work: Work,
    output: Output,
    /// The size at which a row group is full, before compression.
    full: u64,
    /// Bytes of sources that may be held whole.
    load: u64,
    next: usize,
    pending: VecDeque<Unit>,
    held: u64,
    known: Option<KnownSchema>,
    first: Option<Footer>,
    mistrusted: bool,
    version_2: bool,
    differing: HashSet<String>,
    row_groups: Vec<ExpectedGroup>,
}

impl Driver {
    /// Begins.
    pub fn new(sources: Sources, work: Work, full: u64, load: u64, to: mpsc::Sender<Bytes>) -> Result<Driver> {
        Ok(Driver {
            sources,
            work,
            output: Output::new(to)?,
            full: full.max(1 << 20),
            load,
            next: 0,
            pending: VecDeque::new(),
            held: 0,
            known: None,
            first: None,
            mistrusted: false,
            version_2: false,
            differing: HashSet::new(),
            row_groups: Vec::new(),
        })
    }

    /// Does all of it; what the output must hold, and its length.
    pub fn run(mut self) -> Result<(Expected, u64)> {
        loop {
            self.work.stop.check()?;
            while self.wants_more() {
                self.load_wave()?;
            }
            let batch = self.take();
            if batch.is_empty() {
                break;
            }
            self.write(&batch)?;
            self.done(batch);
        }
        self.finish()
    }

    fn all_loaded(&self) -> bool {
        self.next >= self.sources.files.len()
    }

    fn is_large(&self, unit: &Unit) -> bool {
        unit.uncompressed() >= self.full / 2 || unit.compressed() > self.work.encoded
    }

    /// Whether the next row group should not be begun with what is loaded.
    fn wants_more(&self) -> bool {
        if self.all_loaded() || !self.fits(self.next, 0) {
            return false;
        }
        let mut joined: u64 = 0;
        for unit in &self.pending {
            if self.is_large(unit) {
                return false;
            }
            joined = joined.saturating_add(unit.uncompressed());
        }
        joined < self.full
    }

    /// Whether a source can be loaded beside those held and `more`.
    fn fits(&self, index: usize, more: u64) -> bool {
        let nothing = self.held + more == 0;
        nothing || !self.sources.is_small(index) || self.held + more + self.length(index) <= self.load
    }

    fn length(&self, index: usize) -> u64 {
        self.sources.files[index].file.length.0
    }

    fn load_wave(&mut self) -> Result<()> {
        let start = self.next;
        let mut bytes = 0;
        let mut end = start;
        while end < self.sources.files.len() && self.sources.is_small(end) && bytes < WAVE && self.fits(end, bytes) {
            bytes += self.length(end);
            end += 1;
        }
        self.held += bytes;
        self.next = end.max(start + 1);
        for source in
            self.sources.load(start..self.next, &mut self.known, &self.work.handle, self.work.progress.as_ref())?
        {
            self.admit(&source);
        }
        Ok(())
    }

    fn admit(&mut self, source: &Arc<Source>) {
        match &self.first {
            None => {
                let created_by = source.footer.metadata.file_metadata().created_by();
                self.mistrusted = mistrusts_binary_statistics(created_by);
                self.version_2 = source.version_2;
                self.first = Some(source.footer.clone());
            }
            Some(first) => note_differing(first, &source.footer, &mut self.differing),
        }
        let before = self.pending.len();
        self.pending.extend(source.units().filter(|unit| unit.rows() > 0));
        if self.pending.len() == before {
            self.let_go(source);
        }
    }

    /// The next row groups that become one.
    fn take(&mut self) -> Vec<Unit> {
        let mut batch: Vec<Unit> = Vec::new();
        let (mut bytes, mut compressed, mut rows) = (0_u64, 0_u64, 0_u64);
        // A rest that would make a small last row group goes along.
        let rest: u64 = self.pending.iter().map(Unit::uncompressed).fold(0, u64::saturating_add);
        let full = if self.all_loaded() && rest <= self.full / 4 * 5 { rest } else { self.full };
        while let Some(unit) = self.pending.front() {
            let more = (unit.uncompressed(), unit.compressed(), unit.rows());
            let over = bytes.saturating_add(more.0) > full
                || compressed.saturating_add(more.1) > self.work.encoded
                || rows.saturating_add(more.2) > MOST_ROWS;
            if !batch.is_empty() && (over || self.is_large(unit)) {
                break;
            }
            let large = self.is_large(unit);
            (bytes, compressed, rows) = (bytes + more.0, compressed + more.1, rows + more.2);
            batch.extend(self.pending.pop_front());
            if large {
                break;
            }
        }
        batch
    }

    fn write(&mut self, batch: &[Unit]) -> Result<()> {
        // One alone gains nothing by being encoded anew.
        if let [unit] = batch {
            let digests = copy::copy(unit, &mut self.output, &self.work, self.mistrusted)?;
            self.expect(batch, digests.into_iter().map(|digest| vec![digest]).collect());
            return Ok(());
        }
        match encode::join(batch, self.version_2, &self.work)? {
            Some(columns) => self.append(batch, columns),
            None => {
                let (one, other) = batch.split_at(batch.len() / 2);
                self.write(one)?;
                self.write(other)
            }
        }
    }

    fn append(&mut self, batch: &[Unit], columns: Vec<Encoded>) -> Result<()> {
        self.output.begin_row_group();
        let mut digests = Vec::with_capacity(columns.len());
        for column in columns {
            let position = self.output.position();
            for piece in &column.pages {
                self.output.write(piece)?;
            }
            digests.push(column.digests);
            self.output.end_column(position, built(column.close, self.mistrusted)?)?;
        }
        let rows = batch.iter().map(Unit::rows).sum();
        self.output.end_row_group(rows, None, &batch[0].source.footer)?;
        self.expect(batch, digests);
        Ok(())
    }

    fn expect(&mut self, batch: &[Unit], digests: Vec<Vec<u128>>) {
        let section = |unit: &Unit| Section {
            source: unit.source.index as u32,
            row_group: unit.row_group as u32,
            rows: unit.rows(),
        };
        self.row_groups.push(ExpectedGroup { sections: batch.iter().map(section).collect(), digests });
    }

    fn done(&mut self, batch: Vec<Unit>) {
        for unit in batch {
            // More of its row groups may be in this batch or wait.
            if Arc::strong_count(&unit.source) == 1 {
                self.let_go(&unit.source);
            }
        }
    }

    /// A source of which nothing is left to do.
    fn let_go(&mut self, source: &Source) {
        if self.sources.is_small(source.index) {
            self.held = self.held.saturating_sub(source.length);
            return;
        }
        let told: i64 = source.footer.chunks().map(|chunk| chunk.compressed_size()).fold(0, i64::saturating_add);
        self.work.progress.bytes_read(source.length.saturating_sub(told as u64));
        self.work.progress.files_read(1);
    }

    fn finish(self) -> Result<(Expected, u64)> {
        let first = self.first.ok_or_else(|| Error::new(Code::Internal, "a merge without sources"))?;
        let file = first.metadata.file_metadata();
        let keeps = |pair: &&KeyValue| !self.differing.contains(&pair.key);
        let key_values = file.key_value_metadata().map(|pairs| pairs.iter().filter(keeps).cloned().collect::<Vec<_>>());
        let bytes = self.output.finish(&first, key_values.clone())?;
        let expected = Expected {
            directory: self.sources.directory,
            names: self.sources.files.into_iter().map(|planned| planned.file.name).collect(),
            schema: first.schema.clone(),
            created_by: file.created_by().map(str::to_owned),
            version: file.version(),
            key_values,
            row_groups: self.row_groups,
        };
        Ok((expected, bytes))
    }
}

/// What goes with a column that was encoded.
fn built(close: parquet::column::writer::ColumnCloseResult, mistrusted: bool) -> Result<Finished> {
    let bounds = computed_bounds(close.metadata.column_descr(), mistrusted);
    let start = close.metadata.dictionary_page_offset().unwrap_or_else(|| close.metadata.data_page_offset());
    let offset_index = close
        .offset_index
        .map(|index| (index.page_locations().clone(), index.unencoded_byte_array_data_bytes().cloned()));
    Ok(Finished {
        metadata: with_bounds(close.metadata, bounds).map_err(decoding)?,
        pages_start: start,
        column_index: match close.column_index {
            Some(index) if bounds == Bounds::Valid => ColumnIndex::Built(index),
            _ => ColumnIndex::None,
        },
        offset_index,
        bloom: close.bloom_filter.map_or(Bloom::None, Bloom::Built),
    })
}

/// Notes harmless keys that are not the same in both files.
fn note_differing(first: &Footer, other: &Footer, differing: &mut HashSet<String>) {
    let pairs = |footer: &Footer| -> Vec<KeyValue> {
        let all = footer.metadata.file_metadata().key_value_metadata();
        all.into_iter().flatten().filter(|pair| is_harmless(&pair.key)).cloned().collect()
    };
    let (first, other) = (pairs(first), pairs(other));
    if first != other {
        differing.extend(first.into_iter().chain(other).map(|pair| pair.key));
    }
}
