//! The output file, put together by hand: column chunks with their offsets moved, bloom filters, indexes, footer. The
//! schema's bytes, the version, `created_by` and the key-values are the sources' own.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use parquet::file::metadata::{
    ColumnChunkMetaData, FileMetaData, KeyValue, ParquetMetaDataBuilder, ParquetMetaDataWriter, RowGroupMetaData,
    SortingColumn,
};
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::page_index::offset_index::PageLocation;
use parquet::file::writer::TrackedWrite;
use tokio::sync::mpsc;

use super::footer::{Footer, TAIL, schema_range};
use super::thrift::{I64, LIST, STRUCT, Writer};
use super::{guard::decoding, interrupted};
use crate::error::{Code, Error, Result};

/// Bytes that are handed over at a time.
const PIECE: usize = 1 << 20;

/// A column chunk's index.
pub(super) enum ColumnIndex {
    None,
    /// As the encoder built it.
    Built(ColumnIndexMetaData),
    /// As it stands in a source; it has no offsets.
    Copied(Bytes),
}

/// A column chunk's bloom filter.
pub(super) enum Bloom {
    None,
    /// As the encoder built it.
    Built(parquet::bloom_filter::Sbbf),
    /// As it stands in a source.
    Copied(Bytes),
}

/// What goes with a column chunk.
pub(super) struct Finished {
    /// Its description; offsets are those in `pages_start`'s coordinates.
    pub metadata: ColumnChunkMetaData,
    /// Where the first page was, in those coordinates.
    pub pages_start: i64,
    pub column_index: ColumnIndex,
    /// Offset, size and first row of each page, and the bytes of its values where they are known.
    pub offset_index: Option<(Vec<PageLocation>, Option<Vec<i64>>)>,
    pub bloom: Bloom,
}

/// A file that is being written.
pub(super) struct Output {
    sink: Sink,
    tracked: TrackedWrite<Sink>,
    row_groups: Vec<RowGroupMetaData>,
    column_indexes: Vec<Vec<ColumnIndex>>,
    offset_indexes: Vec<Vec<Option<Vec<u8>>>>,
    open: OpenGroup,
}

#[derive(Default)]
struct OpenGroup {
    start: u64,
    columns: Vec<ColumnChunkMetaData>,
    blooms: Vec<Bloom>,
    column_indexes: Vec<ColumnIndex>,
    offset_indexes: Vec<Option<Vec<u8>>>,
}

impl Output {
    /// Begins a file whose bytes go to `to`.
    pub fn new(to: mpsc::Sender<Bytes>) -> Result<Output> {
        let sink = Sink { to, shared: Arc::default() };
        let mut output = Output {
            tracked: TrackedWrite::new(sink.clone()),
            sink,
            row_groups: Vec::new(),
            column_indexes: Vec::new(),
            offset_indexes: Vec::new(),
            open: OpenGroup::default(),
        };
        output.write(b"PAR1")?;
        Ok(output)
    }

    /// Bytes so far.
    pub fn position(&self) -> u64 {
        self.tracked.bytes_written() as u64
    }

    /// Begins a row group.
    pub fn begin_row_group(&mut self) {
        self.open = OpenGroup { start: self.position(), ..OpenGroup::default() };
    }

    /// Appends bytes of the column's pages.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.tracked.write_all(bytes).map_err(closed)
    }

    /// Ends a column whose pages were written from `position` on.
    pub fn end_column(&mut self, position: u64, finished: Finished) -> Result<()> {
        let moved = position as i64 - finished.pages_start;
        let metadata = finished.metadata;
        let (data, dictionary) = (metadata.data_page_offset(), metadata.dictionary_page_offset());
        let metadata = metadata
            .into_builder()
            .set_data_page_offset(data + moved)
            .set_dictionary_page_offset(dictionary.map(|offset| offset + moved))
            .set_index_page_offset(None)
            .set_bloom_filter_offset(None)
            .set_bloom_filter_length(None)
            .set_column_index_offset(None)
            .set_column_index_length(None)
            .set_offset_index_offset(None)
            .set_offset_index_length(None)
            .build()
            .map_err(decoding)?;
        let offset_index = finished.offset_index.map(|(pages, sizes)| offset_index(&pages, sizes.as_deref(), moved));
        let open = &mut self.open;
        open.columns.push(metadata);
        open.blooms.push(finished.bloom);
        open.column_indexes.push(finished.column_index);
        open.offset_indexes.push(offset_index);
        Ok(())
    }

    /// Ends a row group.
    pub fn end_row_group(&mut self, rows: u64, sorting: Option<Vec<SortingColumn>>, footer: &Footer) -> Result<()> {
        let open = std::mem::take(&mut self.open);
        let mut columns = open.columns;
        for (column, bloom) in columns.iter_mut().zip(open.blooms) {
            let start = self.position();
            match bloom {
                Bloom::None => continue,
                Bloom::Built(filter) => filter.write(&mut self.tracked).map_err(closed_or)?,
                Bloom::Copied(bytes) => self.tracked.write_all(&bytes).map_err(closed)?,
            }
            let length = i32::try_from(self.position() - start).ok();
            *column = column
                .clone()
                .into_builder()
                .set_bloom_filter_offset(Some(start as i64))
                .set_bloom_filter_length(length)
                .build()
                .map_err(decoding)?;
        }
        let bytes = columns.iter().map(ColumnChunkMetaData::uncompressed_size).fold(0, i64::saturating_add);
        let mut builder = RowGroupMetaData::builder(footer.metadata.file_metadata().schema_descr_ptr())
            .set_column_metadata(columns)
            .set_total_byte_size(bytes)
            .set_num_rows(i64::try_from(rows).map_err(|_| Error::new(Code::Internal, "too many rows"))?)
            .set_sorting_columns(sorting)
            .set_file_offset(open.start as i64);
        if let Ok(ordinal) = i16::try_from(self.row_groups.len()) {
            builder = builder.set_ordinal(ordinal);
        }
        self.row_groups.push(builder.build().map_err(decoding)?);
        self.column_indexes.push(open.column_indexes);
        self.offset_indexes.push(open.offset_indexes);
        Ok(())
    }

    /// Writes indexes and footer; the whole length. `footer` is the first source's.
    pub fn finish(mut self, footer: &Footer, key_values: Option<Vec<KeyValue>>) -> Result<u64> {
        self.write_indexes()?;
        let source = footer.metadata.file_metadata();
        let rows = self.row_groups.iter().map(RowGroupMetaData::num_rows).fold(0, i64::saturating_add);
        let file = FileMetaData::new(
            source.version(),
            rows,
            source.created_by().map(str::to_owned),
            key_values,
            source.schema_descr_ptr(),
            None,
        );
        let indexes = std::mem::take(&mut self.column_indexes);
        let built = |index: ColumnIndex| match index {
            ColumnIndex::Built(index) => index,
            _ => ColumnIndexMetaData::NONE,
        };
        let indexes = indexes.into_iter().map(|group| group.into_iter().map(built).collect()).collect();
        let metadata = ParquetMetaDataBuilder::new(file)
            .set_row_groups(std::mem::take(&mut self.row_groups))
            .set_column_index(Some(indexes))
            .build();
        let before = self.position();
        self.tracked.flush().map_err(closed)?;
        self.sink.lock().captures = true;
        ParquetMetaDataWriter::new_with_tracked(self.tracked, &metadata).finish().map_err(closed_or)?;
        let end = with_schema(&self.sink.captured(), &footer.schema)?;
        self.sink.send_rest(&end)?;
        Ok(before + end.len() as u64)
    }

    /// Writes the indexes that the footer's writer cannot: copied ones, and offsets, which it wants for all or none.
    fn write_indexes(&mut self) -> Result<()> {
        for group in 0..self.row_groups.len() {
            for column in 0..self.row_groups[group].num_columns() {
                let mut placed = [None, None];
                if let ColumnIndex::Copied(bytes) = &self.column_indexes[group][column] {
                    placed[0] = Some((self.tracked.bytes_written() as i64, bytes.len() as i32));
                    self.tracked.write_all(bytes).map_err(closed)?;
                }
                if let Some(bytes) = self.offset_indexes[group][column].take() {
                    placed[1] = Some((self.tracked.bytes_written() as i64, bytes.len() as i32));
                    self.tracked.write_all(&bytes).map_err(closed)?;
                }
                let chunk = &mut self.row_groups[group].columns_mut()[column];
                *chunk = chunk
                    .clone()
                    .into_builder()
                    .set_column_index_offset(placed[0].map(|place| place.0))
                    .set_column_index_length(placed[0].map(|place| place.1))
                    .set_offset_index_offset(placed[1].map(|place| place.0))
                    .set_offset_index_length(placed[1].map(|place| place.1))
                    .build()
                    .map_err(decoding)?;
            }
        }
        Ok(())
    }
}

/// An offset index with its offsets moved.
fn offset_index(pages: &[PageLocation], sizes: Option<&[i64]>, moved: i64) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.field(1, LIST);
    writer.list(STRUCT, pages.len());
    for page in pages {
        writer.field(1, I64);
        writer.integer(page.offset + moved);
        writer.integer_field(1, i64::from(page.compressed_page_size));
        writer.field(1, I64);
        writer.integer(page.first_row_index);
        writer.stop();
    }
    if let Some(sizes) = sizes {
        writer.field(1, LIST);
        writer.list(I64, sizes.len());
        sizes.iter().for_each(|size| writer.integer(*size));
    }
    writer.stop();
    writer.into_bytes()
}

/// The end of a file with another schema's bytes in its footer.
fn with_schema(end: &[u8], schema: &[u8]) -> Result<Vec<u8>> {
    let wrong = || Error::new(Code::Internal, "the footer that was written cannot be read");
    let tail = end.len().checked_sub(TAIL as usize).ok_or_else(wrong)?;
    let length = u32::from_le_bytes(end[tail..tail + 4].try_into().map_err(|_| wrong())?);
    let start = tail.checked_sub(length as usize).ok_or_else(wrong)?;
    let footer = &end[start..tail];
    let own = schema_range(footer)?;
    let new_length = u32::try_from(footer.len() - own.len() + schema.len()).map_err(|_| wrong())?;
    let parts = [&end[..start], &footer[..own.start], schema, &footer[own.end..], &new_length.to_le_bytes(), b"PAR1"];
    Ok(parts.concat())
}

/// Where the bytes go: in pieces to whoever writes them, or, at the end, aside.
#[derive(Clone)]
struct Sink {
    to: mpsc::Sender<Bytes>,
    shared: Arc<Mutex<Gathered>>,
}

#[derive(Default)]
struct Gathered {
    bytes: Vec<u8>,
    captures: bool,
    capture: Vec<u8>,
}

impl Sink {
    fn lock(&self) -> std::sync::MutexGuard<'_, Gathered> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn captured(&self) -> Vec<u8> {
        std::mem::take(&mut self.lock().capture)
    }

    fn send(&self, bytes: Vec<u8>) -> std::io::Result<()> {
        self.to.blocking_send(Bytes::from(bytes)).map_err(|_| std::io::Error::from(std::io::ErrorKind::BrokenPipe))
    }

    fn send_rest(&self, end: &[u8]) -> Result<()> {
        let mut bytes = std::mem::take(&mut self.lock().bytes);
        bytes.extend_from_slice(end);
        self.send(bytes).map_err(closed)
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let mut gathered = self.lock();
        if gathered.captures {
            gathered.capture.extend_from_slice(bytes);
            return Ok(bytes.len());
        }
        gathered.bytes.extend_from_slice(bytes);
        if gathered.bytes.len() < PIECE {
            return Ok(bytes.len());
        }
        let full = std::mem::replace(&mut gathered.bytes, Vec::with_capacity(PIECE));
        drop(gathered);
        self.send(full)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The receiver hung up: the work was stopped, or the store's writer failed and says why.
fn closed(_: std::io::Error) -> Error {
    interrupted()
}

fn closed_or(error: parquet::errors::ParquetError) -> Error {
    Error::new(Code::Internal, "the end of the file could not be written").source(error)
}
