//! Reading one column, typed: rows in batches, their digests on the way. Merging and verifying share this, so that
//! both mean the same by a row.

use std::sync::atomic::{AtomicBool, Ordering};

use parquet::basic::Encoding;
use parquet::column::page::PageReader;
use parquet::column::reader::ColumnReaderImpl;
use parquet::data_type::DataType;
use parquet::file::metadata::ColumnChunkMetaData;

use super::digest::{Digest, Digester, Hashable};
use super::guard::decoding;
use super::interrupted;
use super::pages::Chunk;
use super::thrift::damaged;
use crate::error::Result;

/// Rows read at a time of columns whose values have a width.
const ROWS: usize = 8192;

/// Rows read at a time of byte arrays, at most: what a row takes is only known when it was read.
const ROWS_OF_ARRAYS: usize = 4096;

/// Bytes of values in a batch that are aimed at.
const BATCH_BYTES: usize = 512 << 10;

/// Set when the work shall end at once.
#[derive(Debug, Default)]
pub(super) struct Stop(AtomicBool);

impl Stop {
    /// Ends the work.
    pub fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// An error once it was set.
    pub fn check(&self) -> Result<()> {
        if self.0.load(Ordering::Relaxed) { Err(interrupted()) } else { Ok(()) }
    }
}

/// Levels and values of some rows.
pub(super) struct Batch<'a, T> {
    pub values: &'a [T],
    pub definition: Option<&'a [i16]>,
    pub repetition: Option<&'a [i16]>,
}

/// Reads a column's chunks one after the other and keeps its buffers.
pub(super) struct Rows<'a, T: DataType> {
    digester: Digester,
    values: Vec<T::T>,
    definition: Vec<i16>,
    repetition: Vec<i16>,
    batch: usize,
    stop: &'a Stop,
}

/// A chunk that is being read.
pub(super) struct Open<'a, T: DataType> {
    reader: ColumnReaderImpl<T>,
    chunk: &'a Chunk,
    metadata: &'a ColumnChunkMetaData,
    levels: u64,
    highest: (i16, i16),
}

impl<'a, T: DataType> Open<'a, T> {
    /// Opens a chunk of a row group with so many rows.
    pub fn new(chunk: &'a Chunk, metadata: &'a ColumnChunkMetaData, rows: u64) -> Result<Open<'a, T>> {
        let pages: Box<dyn PageReader> = Box::new(chunk.pages(metadata, rows)?);
        let column = metadata.column_descr_ptr();
        let highest = (column.max_def_level(), column.max_rep_level());
        Ok(Open { reader: ColumnReaderImpl::new(column, pages), chunk, metadata, levels: 0, highest })
    }
}

impl<'a, T: DataType> Rows<'a, T>
where
    T::T: Hashable,
{
    /// Begins.
    pub fn new(stop: &'a Stop) -> Rows<'a, T> {
        Rows {
            digester: Digester::default(),
            values: Vec::new(),
            definition: Vec::new(),
            repetition: Vec::new(),
            batch: 64,
            stop,
        }
    }

    /// Reads exactly so many rows, hands them to `each` and returns their digest.
    pub fn read(
        &mut self,
        open: &mut Open<'_, T>,
        rows: u64,
        mut each: impl FnMut(Batch<'_, T::T>) -> Result<()>,
    ) -> Result<Digest> {
        let mut left = rows;
        while left > 0 {
            self.stop.check()?;
            let read = self.fill(open, left)?;
            if read == 0 {
                return Err(damaged("the column has fewer rows than its row group"));
            }
            left -= read;
            let (definition, repetition) = open.highest;
            each(Batch {
                values: &self.values,
                definition: (definition > 0).then_some(&self.definition),
                repetition: (repetition > 0).then_some(&self.repetition),
            })?;
        }
        Ok(self.digester.finish())
    }

    /// Fails unless the column ends here.
    pub fn end(&mut self, open: &mut Open<'_, T>) -> Result<()> {
        let more = self.fill(open, 1)?;
        if more > 0 || i64::try_from(open.levels) != Ok(open.metadata.num_values()) {
            return Err(damaged("the column does not hold as many values as the footer says"));
        }
        Ok(())
    }

    /// Reads one batch; 0 rows at the end of the column.
    fn fill(&mut self, open: &mut Open<'_, T>, most: u64) -> Result<u64> {
        loop {
            let pages = open.chunk.pages_begun();
            let rows = self.call(open, most)?;
            // A page without a value looks like the end to the decoder; it is not while pages come.
            if rows > 0 || open.chunk.pages_begun() == pages {
                return Ok(rows);
            }
        }
    }

    fn call(&mut self, open: &mut Open<'_, T>, most: u64) -> Result<u64> {
        self.values.clear();
        self.definition.clear();
        self.repetition.clear();
        open.chunk.begin_call();
        let rows = self.batch_rows(open.metadata).min(usize::try_from(most).unwrap_or(usize::MAX));
        let (definition, repetition) = open.highest;
        let (rows, _, levels) = open
            .reader
            .read_records(
                rows,
                (definition > 0).then_some(&mut self.definition),
                (repetition > 0).then_some(&mut self.repetition),
                &mut self.values,
            )
            .map_err(|error| open.chunk.explain(decoding(error)))?;
        open.levels += levels as u64;
        self.digester.definition(&self.definition, definition)?;
        self.digester.repetition(&self.repetition, repetition)?;
        self.digester.values(&self.values);
        self.adapt();
        Ok(rows as u64)
    }

    fn batch_rows(&self, metadata: &ColumnChunkMetaData) -> usize {
        if T::T::FIXED_WIDTH {
            ROWS
        } else if metadata.encodings().any(|encoding| encoding == Encoding::DELTA_BYTE_ARRAY) {
            // A value is as long as its predecessor at the cost of a few bytes: begin small.
            self.batch.min(ROWS_OF_ARRAYS)
        } else {
            self.batch.max(16)
        }
    }

    fn adapt(&mut self) {
        if T::T::FIXED_WIDTH {
            return;
        }
        let bytes = T::T::bytes(&self.values);
        if bytes > BATCH_BYTES {
            self.batch = (self.batch / 2).max(4);
        } else if bytes < BATCH_BYTES / 4 {
            self.batch = (self.batch * 2).min(ROWS_OF_ARRAYS);
        }
    }
}

/// Calls a generic function with the data type of a physical type.
macro_rules! with_type {
    ($physical:expr, $function:ident($($argument:expr),* $(,)?)) => {{
        use parquet::basic::Type;
        use parquet::data_type as types;
        match $physical {
            Type::BOOLEAN => $function::<types::BoolType>($($argument),*),
            Type::INT32 => $function::<types::Int32Type>($($argument),*),
            Type::INT64 => $function::<types::Int64Type>($($argument),*),
            Type::INT96 => $function::<types::Int96Type>($($argument),*),
            Type::FLOAT => $function::<types::FloatType>($($argument),*),
            Type::DOUBLE => $function::<types::DoubleType>($($argument),*),
            Type::BYTE_ARRAY => $function::<types::ByteArrayType>($($argument),*),
            Type::FIXED_LEN_BYTE_ARRAY => $function::<types::FixedLenByteArrayType>($($argument),*),
        }
    }};
}
pub(super) use with_type;

/// The digests of the rows of one chunk, cut into sections of so many rows each.
pub(super) fn digests(
    chunk: &Chunk,
    metadata: &ColumnChunkMetaData,
    sections: &[u64],
    stop: &Stop,
) -> Result<Vec<Digest>> {
    fn typed<T: DataType>(
        chunk: &Chunk,
        metadata: &ColumnChunkMetaData,
        sections: &[u64],
        stop: &Stop,
    ) -> Result<Vec<Digest>>
    where
        T::T: Hashable,
    {
        let mut rows = Rows::<T>::new(stop);
        let mut open = Open::new(chunk, metadata, sections.iter().sum())?;
        let digests =
            sections.iter().map(|section| rows.read(&mut open, *section, |_| Ok(()))).collect::<Result<_>>()?;
        rows.end(&mut open)?;
        Ok(digests)
    }
    with_type!(metadata.column_type(), typed(chunk, metadata, sections, stop))
}
