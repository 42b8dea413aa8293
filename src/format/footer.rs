//! Footers. Bytes go through two readers: ours, which checks every length and list against the bytes that are there
//! and sees what the decoder drops (encrypted columns, key-values of columns); then the decoder, which may allocate by
//! what it reads. What both accept is checked against the file's length.
//!
//! The schema is kept byte for byte as well: it is what decides whether two files may be merged, and what the output's
//! footer gets, so that nothing this program does not know can be lost from it.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::{Compression, PageType};
use parquet::file::metadata::{
    ColumnChunkMetaData, ParquetMetaData, ParquetMetaDataBuilder, ParquetMetaDataOptions, ParquetMetaDataReader,
    RowGroupMetaData,
};
use parquet::schema::types::SchemaDescPtr;

use super::guard::{decoding, guarded};
use super::thrift::{BINARY, I32, LIST, Reader, STRUCT, damaged};
use crate::error::{Code, Error, Result};
use crate::model::Size;
use crate::store::ReadFile;

/// The end of a file: the footer's length and the magic.
pub(super) const TAIL: u64 = 8;

/// The largest footer that is read.
const LARGEST: u64 = 32 << 20;

/// How deep a schema may be nested.
const DEEPEST: usize = 200;

/// What is read at first; most footers are in it.
const GUESS: u64 = 16 << 10;

/// A footer that was checked.
#[derive(Clone, Debug)]
pub(super) struct Footer {
    /// What the decoder made of it, with offsets corrected.
    pub metadata: Arc<ParquetMetaData>,
    /// The schema's list as it stands in the file.
    pub schema: Bytes,
    /// Columns with key-values of their own, by index.
    pub column_key_values: Vec<usize>,
}

/// A schema that was decoded before, and its bytes: files of a group share it.
pub(super) type KnownSchema = (Bytes, SchemaDescPtr);

impl Footer {
    /// The schema for the next file.
    pub fn known_schema(&self) -> KnownSchema {
        (self.schema.clone(), self.metadata.file_metadata().schema_descr_ptr())
    }

    /// Rows by the footer, which is their sum over the row groups.
    pub fn rows(&self) -> u64 {
        self.metadata.file_metadata().num_rows() as u64
    }

    /// All column chunks.
    pub fn chunks(&self) -> impl Iterator<Item = &ColumnChunkMetaData> {
        self.metadata.row_groups().iter().flat_map(RowGroupMetaData::columns)
    }
}

/// Where the footer begins and ends, by the last eight bytes of a file of this length.
pub(super) fn range(tail: &[u8], length: u64) -> Result<Range<u64>> {
    let cut = tail.len().checked_sub(TAIL as usize).ok_or_else(unfinished)?;
    let (size, magic) = tail[cut..].split_at(4);
    match magic {
        b"PAR1" => {}
        b"PARE" => return Err(encrypted()),
        _ => return Err(unfinished()),
    }
    let size = size.iter().rev().fold(0, |size, byte| size << 8 | u64::from(*byte));
    let end = length - TAIL;
    match end.checked_sub(size) {
        Some(start) if start >= 4 && size > 0 => check_size(size).map(|()| start..end),
        _ => Err(damaged("the footer's length is out of bounds")),
    }
}

fn check_size(size: u64) -> Result<()> {
    if size <= LARGEST {
        return Ok(());
    }
    Err(Error::new(Code::Memory, format!("the footer takes {}", Size(size)))
        .why(format!("footers above {} are not read", Size(LARGEST))))
}

fn unfinished() -> Error {
    Error::new(Code::DamagedFile, "no Parquet, or unfinished: it has no footer")
}

fn encrypted() -> Error {
    Error::new(Code::Encrypted, "the file is encrypted").next("exclude the table or decrypt it first")
}

/// Reads a footer's bytes; nothing else is read of the file but what comes along.
pub(super) async fn read(file: &dyn ReadFile) -> Result<Bytes> {
    let length = file.length().0;
    if length < 4 + TAIL {
        return Err(unfinished());
    }
    let guess = length.min(GUESS);
    let tail = file.read_at(length - guess, guess as usize).await?;
    let footer = range(&tail, length)?;
    let first = length - guess;
    if footer.start >= first {
        let at = |offset: u64| (offset - first) as usize;
        return Ok(tail.slice(at(footer.start)..at(footer.end)));
    }
    file.read_at(footer.start, (footer.end - footer.start) as usize).await
}

/// The footer of a file that is wholly in memory.
pub(super) fn of_whole(file: &Bytes, known: Option<&KnownSchema>) -> Result<Footer> {
    let length = file.len() as u64;
    if length < 4 + TAIL || !file.starts_with(b"PAR1") {
        return Err(unfinished());
    }
    let range = range(file, length)?;
    parse(&file.slice(range.start as usize..range.end as usize), length, known)
}

/// Decodes a footer of a file of this length.
pub(super) fn parse(bytes: &Bytes, length: u64, known: Option<&KnownSchema>) -> Result<Footer> {
    let scan = Scan::of(bytes)?;
    if scan.encrypted {
        return Err(encrypted());
    }
    if scan.other_file {
        return Err(Error::new(Code::DamagedFile, "a summary file: its column chunks lie in other files"));
    }
    let schema = &bytes[scan.schema.clone()];
    // A copy: a slice would keep the whole file in memory.
    let schema = match known {
        Some((same, _)) if same == schema => same.clone(),
        _ => Bytes::copy_from_slice(schema),
    };
    let mut options = ParquetMetaDataOptions::new().with_encoding_stats_as_mask(false);
    if let Some((_, descriptor)) = known.filter(|(bytes, _)| *bytes == schema) {
        options = options.with_schema(Arc::clone(descriptor));
    }
    let metadata = guarded(|| {
        let metadata = ParquetMetaDataReader::decode_metadata_with_options(bytes, Some(&options)).map_err(decoding)?;
        corrected(metadata)
    })?;
    check(&metadata, length.saturating_sub(TAIL + bytes.len() as u64))?;
    Ok(Footer { metadata: Arc::new(metadata), schema, column_key_values: scan.column_key_values })
}

/// Where the schema's list stands in a footer.
pub(super) fn schema_range(footer: &[u8]) -> Result<Range<usize>> {
    Scan::of(footer).map(|scan| scan.schema)
}

/// What our own reader sees.
#[derive(Debug, Default)]
struct Scan {
    schema: Range<usize>,
    encrypted: bool,
    other_file: bool,
    column_key_values: Vec<usize>,
}

impl Scan {
    fn of(bytes: &[u8]) -> Result<Scan> {
        let mut scan = Scan::default();
        Reader::new(bytes).fields(|reader, field| {
            match (field.id, field.kind) {
                (2, LIST) => {
                    let start = reader.position();
                    scan_schema(reader)?;
                    scan.schema = start..reader.position();
                }
                (4, LIST) => {
                    reader.structures(6, |row_group| scan.row_group(row_group))?;
                }
                // The encryption algorithm of a file with a plain footer.
                (8, STRUCT) => {
                    scan.encrypted = true;
                    return Ok(false);
                }
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        if scan.schema.is_empty() {
            return Err(damaged("the footer has no schema"));
        }
        Ok(scan)
    }

    fn row_group(&mut self, reader: &mut Reader<'_>) -> Result<()> {
        reader.fields(|reader, field| {
            if (field.id, field.kind) != (1, LIST) {
                return Ok(false);
            }
            let mut column = 0;
            reader.structures(16, |chunk| {
                self.chunk(chunk, column)?;
                column += 1;
                Ok(())
            })?;
            Ok(true)
        })
    }

    fn chunk(&mut self, reader: &mut Reader<'_>, column: usize) -> Result<()> {
        reader.fields(|reader, field| match (field.id, field.kind) {
            (1, BINARY) => {
                self.other_file |= !reader.binary()?.is_empty();
                Ok(true)
            }
            (3, STRUCT) => {
                self.chunk_metadata(reader, column)?;
                Ok(true)
            }
            (8 | 9, _) => {
                self.encrypted = true;
                Ok(false)
            }
            _ => Ok(false),
        })
    }

    fn chunk_metadata(&mut self, reader: &mut Reader<'_>, column: usize) -> Result<()> {
        reader.fields(|_, field| {
            if (field.id, field.kind) == (8, LIST) && !self.column_key_values.contains(&column) {
                self.column_key_values.push(column);
            }
            Ok(false)
        })
    }
}

/// Walks the schema as the decoder will, which recurses: children have to be there, and not too deep.
fn scan_schema(reader: &mut Reader<'_>) -> Result<()> {
    let mut open: Vec<i64> = Vec::new();
    let mut first = true;
    reader.structures(3, |element| {
        let mut children = 0;
        element.fields(|reader, field| {
            if (field.id, field.kind) != (5, I32) {
                return Ok(false);
            }
            children = reader.integer()?;
            Ok(true)
        })?;
        match open.last_mut() {
            Some(left) => *left -= 1,
            None if first => first = false,
            None => return Err(damaged("the schema has more than one root")),
        }
        open.push(children.max(0));
        while open.last() == Some(&0) {
            open.pop();
        }
        if open.len() > DEEPEST { Err(damaged("the schema is nested too deeply")) } else { Ok(()) }
    })?;
    if open.is_empty() { Ok(()) } else { Err(damaged("the schema ends too early")) }
}

/// Old writers say 0 for a dictionary that is not there, and some say an offset behind the data.
fn corrected(metadata: ParquetMetaData) -> Result<ParquetMetaData> {
    let wrong = |chunk: &ColumnChunkMetaData| {
        chunk.dictionary_page_offset().is_some_and(|offset| offset < 4 || offset >= chunk.data_page_offset())
    };
    if !metadata.row_groups().iter().flat_map(RowGroupMetaData::columns).any(wrong) {
        return Ok(metadata);
    }
    let mut builder = ParquetMetaDataBuilder::new(metadata.file_metadata().clone());
    for row_group in metadata.row_groups() {
        let mut row_group = row_group.clone();
        for chunk in row_group.columns_mut() {
            if wrong(chunk) {
                *chunk = chunk.clone().into_builder().set_dictionary_page_offset(None).build().map_err(decoding)?;
            }
        }
        builder = builder.add_row_group(row_group);
    }
    Ok(builder.build())
}

/// Checks what the footer says against the bytes before it.
fn check(metadata: &ParquetMetaData, data_end: u64) -> Result<()> {
    let mut rows: i64 = 0;
    for row_group in metadata.row_groups() {
        let more = row_group.num_rows();
        if more < 0 || row_group.total_byte_size() < 0 {
            return Err(damaged("a row group has a negative size"));
        }
        rows = rows.checked_add(more).ok_or_else(|| damaged("there are too many rows"))?;
        row_group.columns().iter().try_for_each(|chunk| check_chunk(chunk, data_end))?;
    }
    if rows != metadata.file_metadata().num_rows() {
        return Err(damaged("the row groups do not add up to the rows of the file"));
    }
    Ok(())
}

fn check_chunk(chunk: &ColumnChunkMetaData, data_end: u64) -> Result<()> {
    if matches!(chunk.compression(), Compression::LZO) {
        return Err(Error::new(
            Code::UnsupportedEncoding,
            format!("column {} is compressed with LZO", chunk.column_path()),
        )
        .why("LZO cannot be decoded here, so a copy could not be verified"));
    }
    if chunk.num_values() < 0 || chunk.uncompressed_size() < 0 {
        return Err(damaged("a column chunk has a negative size"));
    }
    let start = chunk.dictionary_page_offset().unwrap_or_else(|| chunk.data_page_offset());
    let end = start.checked_add(chunk.compressed_size());
    let inside = start >= 4 && chunk.compressed_size() >= 0 && end.is_some_and(|end| end as u64 <= data_end);
    // A chunk without a value (in a row group without a row, which is left out) may point to nowhere.
    if inside || chunk.num_values() == 0 { Ok(()) } else { Err(damaged("a column chunk is out of bounds")) }
}

/// Whether a chunk has data pages of version 2, where the footer says it.
pub(super) fn has_version_2(chunk: &ColumnChunkMetaData) -> Option<bool> {
    let stats = chunk.page_encoding_stats()?;
    let mut pages = stats.iter().filter(|stats| stats.count > 0 && stats.page_type != PageType::DICTIONARY_PAGE);
    let first = pages.next()?;
    Some(std::iter::once(first).chain(pages).all(|stats| stats.page_type == PageType::DATA_PAGE_V2))
}
