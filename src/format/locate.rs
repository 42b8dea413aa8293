//! The first row in which an output and its source differ, for the message of a verification that failed.

use std::sync::Arc;

use parquet::data_type::DataType;
use parquet::file::metadata::ColumnChunkMetaData;

use super::column::{Open, Rows, Stop, with_type};
use super::digest::Hashable;
use super::expected::Section;
use super::footer;
use super::pages::{Allowance, Chunk, Place};
use crate::error::{Code, Error, Result};
use crate::model::StorePath;
use crate::store::Read;

/// Rows whose digests are compared at a time.
const STEP: u64 = 4096;

/// Where to look.
pub(super) struct Search<'a> {
    pub store: &'a dyn Read,
    pub source: &'a StorePath,
    pub section: Section,
    pub column: usize,
    /// Rows of the output's row group before the section.
    pub skipped: u64,
    pub allowance: Allowance,
    pub handle: &'a tokio::runtime::Handle,
    pub stop: &'a Stop,
}

impl Search<'_> {
    /// The first row of the source's row group, counted from 1, that the output's chunk does not repeat.
    pub fn first_difference(&self, output: &Chunk, output_metadata: &ColumnChunkMetaData) -> Result<Option<u64>> {
        let file = self.handle.block_on(self.store.open(self.source))?;
        let bytes = self.handle.block_on(footer::read(file.as_ref()))?;
        let footer = footer::parse(&bytes, file.length().0, None)?;
        let row_group = footer.metadata.row_groups().get(self.section.row_group as usize);
        let gone = || Error::new(Code::Changed, "the source changed");
        let metadata = row_group.ok_or_else(gone)?.columns().get(self.column).ok_or_else(gone)?;
        let chunk = Chunk::new(Place::Store(Arc::clone(&file), self.handle.clone()), metadata, self.allowance);
        with_type!(metadata.column_type(), compare(self, (output, output_metadata), (&chunk, metadata)))
    }
}

type Column<'a> = (&'a Chunk, &'a ColumnChunkMetaData);

fn compare<T: DataType>(search: &Search<'_>, output: Column<'_>, source: Column<'_>) -> Result<Option<u64>>
where
    T::T: Hashable,
{
    let total = search.section.rows;
    let mut at = 0;
    // Coarse steps first, then the rows of the step that differs one by one.
    for step in [STEP, 1] {
        let mut one = Side::<T>::open(output, search.skipped + at, total, search.stop)?;
        let mut other = Side::<T>::open(source, at, total, search.stop)?;
        loop {
            if at >= total {
                return Ok(None);
            }
            let rows = step.min(total - at);
            if one.digest(rows)? != other.digest(rows)? {
                break;
            }
            at += rows;
        }
    }
    Ok(Some(at + 1))
}

struct Side<'a, T: DataType> {
    rows: Rows<'a, T>,
    open: Open<'a, T>,
}

impl<'a, T: DataType> Side<'a, T>
where
    T::T: Hashable,
{
    fn open(column: Column<'a>, skip: u64, total: u64, stop: &'a Stop) -> Result<Side<'a, T>> {
        let mut side = Side { rows: Rows::new(stop), open: Open::new(column.0, column.1, skip + total)? };
        side.digest(skip)?;
        Ok(side)
    }

    fn digest(&mut self, rows: u64) -> Result<u128> {
        self.rows.read(&mut self.open, rows, |_| Ok(()))
    }
}
