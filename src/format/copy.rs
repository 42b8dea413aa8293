//! Copying a row group as it stands: pages, bloom filters and column indexes byte for byte, offsets moved. Its values
//! are decoded beside that, for their digests: a damaged page must not travel.

use bytes::Bytes;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::page_index::offset_index::PageLocation;

use super::column::digests;
use super::digest::Digest;
use super::encode::Work;
use super::guard::decoding;
use super::output::{Bloom, ColumnIndex, Finished, Output};
use super::parallel::parallel;
use super::properties::{Bounds, copied_bounds, with_bounds};
use super::source::Unit;
use super::thrift::{I32, I64, LIST, Reader, damaged};
use crate::error::{Code, Error, Result};

/// Bytes that are copied at a time.
const PIECE: u64 = 1 << 20;

/// The largest index or bloom filter that is carried.
const LARGEST_EXTRA: u64 = 16 << 20;

/// Copies a row group; the digests of its columns. `mistrusted` says that readers do not believe in this writer's
/// statistics of byte arrays.
pub(super) fn copy(unit: &Unit, output: &mut Output, work: &Work, mistrusted: bool) -> Result<Vec<Digest>> {
    let row_group = unit.metadata();
    let digest = |column: usize| {
        let metadata = row_group.column(column);
        let chunk = unit.source.chunk(metadata, work.allowance, &work.handle);
        let digests = digests(&chunk, metadata, &[unit.rows()], &work.stop)
            .map_err(|error| error.context(format!("column {}", metadata.column_path())))?;
        work.tell_chunk(unit, metadata);
        Ok(digests[0])
    };
    let (digests, copied) = std::thread::scope(|scope| {
        let digests = scope.spawn(|| parallel(work.threads, row_group.num_columns(), digest));
        let copied = copy_columns(unit, output, work, mistrusted);
        let died = |_| Err(Error::new(Code::Internal, "a thread died"));
        (digests.join().unwrap_or_else(died), copied)
    });
    let digests =
        digests.and_then(|digests| copied.map(|()| digests)).map_err(|error| error.context(&unit.source.path))?;
    output.end_row_group(unit.rows(), row_group.sorting_columns().cloned(), &unit.source.footer)?;
    Ok(digests)
}

fn copy_columns(unit: &Unit, output: &mut Output, work: &Work, mistrusted: bool) -> Result<()> {
    output.begin_row_group();
    for metadata in unit.metadata().columns() {
        let position = output.position();
        let (start, length) = metadata.byte_range();
        let mut done = 0;
        while done < length {
            work.stop.check()?;
            let piece = (length - done).min(PIECE);
            output.write(&unit.source.bytes(start + done, piece, &work.handle)?)?;
            done += piece;
        }
        output.end_column(position, finished(unit, metadata, work, mistrusted)?)?;
    }
    Ok(())
}

fn finished(unit: &Unit, metadata: &ColumnChunkMetaData, work: &Work, mistrusted: bool) -> Result<Finished> {
    let column = metadata.column_descr();
    let file = unit.source.footer.metadata.file_metadata();
    let order_stated = file.column_orders().is_some();
    let bounds = copied_bounds(metadata.statistics(), column, order_stated, mistrusted);
    let index_valid = copied_bounds(None, column, order_stated, mistrusted) == Bounds::Valid && bounds == Bounds::Valid;
    let (start, length) = metadata.byte_range();
    let extra = |place: Option<(i64, i32)>| -> Result<Option<Bytes>> {
        let Some((offset, length)) = place else { return Ok(None) };
        let (Ok(offset), Ok(length)) = (u64::try_from(offset), u64::try_from(length)) else {
            return Err(damaged("an index is out of bounds"));
        };
        check_extra(length)?;
        unit.source.bytes(offset, length, &work.handle).map(Some)
    };
    let column_index = match extra(metadata.column_index_offset().zip(metadata.column_index_length()))? {
        Some(bytes) if index_valid => ColumnIndex::Copied(bytes),
        _ => ColumnIndex::None,
    };
    let offset_index = match extra(metadata.offset_index_offset().zip(metadata.offset_index_length()))? {
        Some(bytes) => Some(offset_index(&bytes, start, start + length)?),
        None => None,
    };
    Ok(Finished {
        metadata: with_bounds(metadata.clone(), bounds).map_err(decoding)?,
        pages_start: start as i64,
        column_index,
        offset_index,
        bloom: bloom(unit, metadata, work)?,
    })
}

fn check_extra(length: u64) -> Result<()> {
    if length <= LARGEST_EXTRA {
        return Ok(());
    }
    Err(Error::new(Code::Memory, "an index or bloom filter is too large to be carried"))
}

/// The bloom filter's bytes; older writers do not say how many they are, but its header does.
fn bloom(unit: &Unit, metadata: &ColumnChunkMetaData, work: &Work) -> Result<Bloom> {
    let Some(offset) = metadata.bloom_filter_offset() else { return Ok(Bloom::None) };
    let offset = u64::try_from(offset).map_err(|_| damaged("a bloom filter is out of bounds"))?;
    let left = unit.source.length.checked_sub(offset).ok_or_else(|| damaged("a bloom filter is out of bounds"))?;
    let header = unit.source.bytes(offset, left.min(64), &work.handle)?;
    let mut reader = Reader::new(&header);
    let mut bits = None;
    reader.fields(|reader, field| {
        if (field.id, field.kind) != (1, I32) {
            return Ok(false);
        }
        bits = Some(reader.integer()?);
        Ok(true)
    })?;
    let bits = bits.and_then(|bits| u64::try_from(bits).ok()).ok_or_else(|| damaged("a bloom filter has no size"))?;
    let length = reader.position() as u64 + bits;
    check_extra(length)?;
    Ok(Bloom::Copied(unit.source.bytes(offset, length, &work.handle)?))
}

/// An offset index: pages of this chunk, and the bytes of their values where it knows them.
pub(super) fn offset_index(bytes: &[u8], start: u64, end: u64) -> Result<(Vec<PageLocation>, Option<Vec<i64>>)> {
    let (mut pages, mut sizes) = (Vec::new(), None);
    Reader::new(bytes).fields(|reader, field| {
        match (field.id, field.kind) {
            (1, LIST) => {
                reader.structures(6, |page| {
                    let mut location = PageLocation { offset: -1, compressed_page_size: -1, first_row_index: -1 };
                    page.fields(|page, field| {
                        match field.id {
                            1 => location.offset = page.integer()?,
                            2 => location.compressed_page_size = i32::try_from(page.integer()?).unwrap_or(-1),
                            3 => location.first_row_index = page.integer()?,
                            _ => return Ok(false),
                        }
                        Ok(true)
                    })?;
                    pages.push(location);
                    Ok(())
                })?;
            }
            (2, LIST) => {
                let (kind, count) = reader.list(1)?;
                if kind != I64 {
                    return Err(damaged("an offset index has no numbers"));
                }
                sizes = Some((0..count).map(|_| reader.integer()).collect::<Result<Vec<_>>>()?);
            }
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    let inside = |page: &PageLocation| {
        let last = page.offset.checked_add(i64::from(page.compressed_page_size));
        page.offset >= start as i64 && page.compressed_page_size >= 0 && last.is_some_and(|last| last <= end as i64)
    };
    if pages.iter().all(inside) { Ok((pages, sizes)) } else { Err(damaged("an offset index is out of bounds")) }
}
