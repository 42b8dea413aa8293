//! Joining row groups: each column is decoded from all of them and encoded anew into memory, columns in parallel. What
//! is encoded is held against a limit; a join that would not fit is given up, and the caller takes fewer row groups.

use std::sync::Arc;

use bytes::Bytes;
use parquet::column::writer::{ColumnCloseResult, ColumnWriterImpl, get_column_writer, get_typed_column_writer_mut};
use parquet::data_type::DataType;
use parquet::file::metadata::ColumnChunkMetaData;

use super::Progress;
use super::column::{Open, Rows, Stop, with_type};
use super::digest::{Digest, Hashable};
use super::guard::decoding;
use super::page_writer::{Convert, Held, PagesTo, Written};
use super::pages::Allowance;
use super::parallel::parallel;
use super::properties::{self, Writing};
use super::source::Unit;
use crate::error::{Code, Error, Result};

/// What the work may use, and who is told.
pub(super) struct Work {
    pub allowance: Allowance,
    /// Bytes of encoded pages that may be held.
    pub encoded: u64,
    pub threads: usize,
    pub stop: Arc<Stop>,
    pub progress: Arc<dyn Progress>,
    pub handle: tokio::runtime::Handle,
}

impl Work {
    /// A chunk was worked through. Those of a file that was read whole were told of when it was read.
    pub fn tell_chunk(&self, unit: &Unit, metadata: &ColumnChunkMetaData) {
        if !unit.source.is_whole() {
            self.progress.bytes_read(metadata.compressed_size() as u64);
        }
    }
}

/// A column of the joined row group.
pub(super) struct Encoded {
    /// Its pages, offsets counted from 0.
    pub pages: Vec<Bytes>,
    pub close: ColumnCloseResult,
    /// One for each unit.
    pub digests: Vec<Digest>,
}

/// Joins the units, into pages of version 1 or 2; none when the result does not fit into memory.
pub(super) fn join(units: &[Unit], version_2: bool, work: &Work) -> Result<Option<Vec<Encoded>>> {
    let columns = units.first().map_or(0, |unit| unit.metadata().num_columns());
    // The largest first, so that no thread begins it when the others are done.
    let mut order: Vec<usize> = (0..columns).collect();
    let size = |column: usize| units.iter().map(|unit| unit.metadata().column(column).uncompressed_size()).sum::<i64>();
    order.sort_by_cached_key(|column| std::cmp::Reverse(size(*column)));
    let held = Held::new(work.encoded);
    let encoded = parallel(work.threads, columns, |at| encode(units, order[at], version_2, work, &held));
    if held.is_full() {
        return Ok(None);
    }
    let mut encoded: Vec<(usize, Encoded)> = order.iter().copied().zip(encoded?).collect();
    encoded.sort_unstable_by_key(|(column, _)| *column);
    Ok(Some(encoded.into_iter().map(|(_, encoded)| encoded).collect()))
}

fn encode(units: &[Unit], column: usize, version_2: bool, work: &Work, held: &Held) -> Result<Encoded> {
    let chunks: Vec<&ColumnChunkMetaData> = units.iter().map(|unit| unit.metadata().column(column)).collect();
    let descriptor = chunks[0].column_descr_ptr();
    let Writing { properties, convert } = properties::of(&chunks, version_2);
    let mut written = Written::default();
    let pages = PagesTo {
        written: &mut written,
        held,
        checksums: units.iter().any(|unit| unit.source.checksums),
        convert: convert.map(|codec| Convert { codec, column: Arc::clone(&descriptor) }),
    };
    let mut digests = Vec::with_capacity(units.len());
    let mut writer = get_column_writer(Arc::clone(&descriptor), properties, Box::new(pages));
    with_type!(descriptor.physical_type(), copy_all(units, column, &mut writer, work, &mut digests))?;
    let mut close = writer.close().map_err(writing)?;
    if let Some(codec) = convert {
        close.metadata = written.described(close.metadata, codec).map_err(writing)?;
    }
    Ok(Encoded { pages: written.pieces, close, digests })
}

fn copy_all<T: DataType>(
    units: &[Unit],
    column: usize,
    writer: &mut parquet::column::writer::ColumnWriter<'_>,
    work: &Work,
    digests: &mut Vec<Digest>,
) -> Result<()>
where
    T::T: Hashable,
{
    let writer = get_typed_column_writer_mut::<T>(writer);
    let mut rows = Rows::<T>::new(&work.stop);
    for unit in units {
        let metadata = unit.metadata().column(column);
        let digest = copy(unit, metadata, writer, work, &mut rows)
            .map_err(|error| error.context(format!("column {}", metadata.column_path())).context(&unit.source.path))?;
        digests.push(digest);
        work.tell_chunk(unit, metadata);
    }
    Ok(())
}

fn copy<T: DataType>(
    unit: &Unit,
    metadata: &ColumnChunkMetaData,
    writer: &mut ColumnWriterImpl<'_, T>,
    work: &Work,
    rows: &mut Rows<'_, T>,
) -> Result<Digest>
where
    T::T: Hashable,
{
    let chunk = unit.source.chunk(metadata, work.allowance, &work.handle);
    let mut open = Open::new(&chunk, metadata, unit.rows())?;
    let digest = rows.read(&mut open, unit.rows(), |batch| {
        writer.write_batch(batch.values, batch.definition, batch.repetition).map(drop).map_err(writing)
    })?;
    rows.end(&mut open)?;
    Ok(digest)
}

/// An encoder's error. Levels and values come from the decoder, so what does not fit together is the file's fault.
fn writing(error: parquet::errors::ParquetError) -> Error {
    match decoding(error) {
        error if error.code() == Code::DamagedFile => error.context("encoding"),
        error => error,
    }
}
