//! Pages of one column chunk, in memory or read from the store as they are needed. Every page header goes through our
//! own reader before the decoder sees it, because the decoder allocates by what a header says: sizes are held against
//! the chunk's end, against each other and against the memory that the work may use.

use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use parquet::basic::{Encoding, Type};
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::Result as DecoderResult;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::reader::{ChunkReader, Length, SerializedPageReader};
use parquet::schema::types::ColumnDescPtr;

use super::delta;
use super::guard::{decoding, passing};
use super::thrift::{Reader, STRUCT, damaged};
use crate::error::{Code, Error, Result};
use crate::model::Size;
use crate::store::ReadFile;

/// Read at a time of a chunk that is not in memory, at least.
const WINDOW: u64 = 1 << 20;

/// The largest page header that is believed.
const LARGEST_HEADER: u64 = 1 << 20;

/// What a page header says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Header {
    kind: i64,
    uncompressed: i64,
    compressed: i64,
    values: Option<i64>,
    /// Its own length.
    bytes: usize,
}

const DATA: i64 = 0;
const INDEX: i64 = 1;
const DICTIONARY: i64 = 2;
const DATA_2: i64 = 3;

impl Header {
    fn parse(mut reader: Reader<'_>) -> Result<Header> {
        let mut header = Header { kind: -1, uncompressed: -1, compressed: -1, values: None, bytes: 0 };
        let mut body = 0;
        reader.fields(|reader, field| {
            match field.id {
                1 => header.kind = reader.integer()?,
                2 => header.uncompressed = reader.integer()?,
                3 => header.compressed = reader.integer()?,
                5 | 7 | 8 if field.kind == STRUCT => {
                    body = field.id;
                    reader.fields(|reader, field| {
                        if field.id == 1 {
                            header.values = Some(reader.integer()?);
                        }
                        Ok(field.id == 1)
                    })?;
                }
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        header.bytes = reader.position();
        match (header.kind, body) {
            (DATA, 5) | (DICTIONARY, 7) | (DATA_2, 8) if header.values.is_some() => Ok(header),
            (INDEX, _) => Ok(header),
            _ => Err(damaged("a page header does not fit its page")),
        }
    }
}

/// Whether a page is a data page of version 2, by its first bytes; none for what is no data page.
pub(super) fn page_version_2(bytes: &[u8]) -> Option<bool> {
    let mut reader = Reader::partial(bytes);
    let first = reader.field(0).ok().flatten().filter(|field| field.id == 1)?;
    debug_assert!(first.kind > 0);
    match reader.integer() {
        Ok(DATA) => Some(false),
        Ok(DATA_2) => Some(true),
        _ => None,
    }
}

/// Whether a page has a checksum, by its first bytes.
pub(super) fn has_checksum(bytes: &[u8]) -> bool {
    const CHECKSUM: i16 = 4;
    let mut reader = Reader::partial(bytes);
    let mut last = 0;
    while last < CHECKSUM {
        match reader.field(last) {
            Ok(Some(field)) if field.id <= CHECKSUM && reader.integer().is_ok() => last = field.id,
            _ => return false,
        }
    }
    true
}

/// What reading a column may use.
#[derive(Clone, Copy, Debug)]
pub(super) struct Allowance {
    /// For one page with what it becomes, and for the levels and values of one row.
    pub page: u64,
}

/// Where a chunk's bytes are.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// In memory, beginning at an offset of the file.
    Memory(u64, Bytes),
    /// In the store.
    Store(Arc<dyn ReadFile>, tokio::runtime::Handle),
}

/// One column chunk of one file.
#[derive(Clone, Debug)]
pub(super) struct Chunk {
    place: Place,
    start: u64,
    end: u64,
    column: ColumnDescPtr,
    allowance: Allowance,
    state: Arc<Mutex<State>>,
}

/// What reading leaves behind.
#[derive(Debug, Default)]
struct State {
    /// Why reading failed, where the decoder would only know that it did.
    fault: Option<Error>,
    /// Levels of the pages that were begun since [`Chunk::begin_call`].
    levels: u64,
    /// Pages that were begun.
    pages: u64,
    /// The offset and bytes that were read last.
    window: (u64, Bytes),
}

impl Chunk {
    /// The chunk of this description.
    pub fn new(place: Place, metadata: &ColumnChunkMetaData, allowance: Allowance) -> Chunk {
        let start = metadata.dictionary_page_offset().unwrap_or_else(|| metadata.data_page_offset()).max(0) as u64;
        let end = start.saturating_add(metadata.compressed_size().max(0) as u64);
        Chunk { place, start, end, column: metadata.column_descr_ptr(), allowance, state: Arc::default() }
    }

    /// Its pages.
    pub fn pages(&self, metadata: &ColumnChunkMetaData, rows: u64) -> Result<GuardedPages> {
        let rows = usize::try_from(rows).map_err(|_| damaged("there are too many rows"))?;
        let inner = SerializedPageReader::new(Arc::new(self.clone()), metadata, rows, None).map_err(decoding)?;
        Ok(GuardedPages { inner, column: Arc::clone(&self.column), dictionary: false })
    }

    /// Before each call of the decoder: rows may be as large as the allowance, not as a file says.
    pub fn begin_call(&self) {
        self.lock().levels = 0;
    }

    /// The number of pages that were begun.
    pub fn pages_begun(&self) -> u64 {
        self.lock().pages
    }

    /// The better reason of a decoder's error, if there is one.
    pub fn explain(&self, error: Error) -> Error {
        self.lock().fault.take().unwrap_or(error)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fail<T>(&self, result: Result<T>) -> Result<T> {
        if let Err(error) = &result {
            let copy = Error::new(error.code(), error.message());
            self.lock().fault = Some(if let Some(why) = error.reason() { copy.why(why) } else { copy });
        }
        result
    }

    /// Bytes of the chunk, at most those up to its end.
    fn bytes(&self, start: u64, length: u64) -> Result<Bytes> {
        let end = start.saturating_add(length).min(self.end);
        if start < self.start || start > end {
            return Err(damaged("a page is out of bounds"));
        }
        match &self.place {
            Place::Memory(base, bytes) => {
                let at = |offset: u64| usize::try_from(offset.saturating_sub(*base)).unwrap_or(usize::MAX);
                if start < *base || at(end) > bytes.len() {
                    return Err(damaged("a page is out of bounds"));
                }
                Ok(bytes.slice(at(start)..at(end)))
            }
            Place::Store(file, handle) => self.windowed(file, handle, start, end),
        }
    }

    fn windowed(
        &self,
        file: &Arc<dyn ReadFile>,
        handle: &tokio::runtime::Handle,
        start: u64,
        end: u64,
    ) -> Result<Bytes> {
        let mut state = self.lock();
        let (at, bytes) = &state.window;
        let inside = |offset: u64| offset >= *at && offset <= at + bytes.len() as u64;
        if inside(start) && inside(end) {
            return Ok(bytes.slice((start - at) as usize..(end - at) as usize));
        }
        let length = (end - start).max(WINDOW.min(self.allowance.page / 4)).min(self.end - start);
        state.window = (0, Bytes::new());
        let read = handle.block_on(file.read_at(start, length as usize))?;
        let wanted = read.slice(..(end - start) as usize);
        state.window = (start, read);
        Ok(wanted)
    }

    /// The bytes of the page header at this offset, once it was checked.
    fn header(&self, at: u64) -> Result<Bytes> {
        let left =
            self.end.checked_sub(at).filter(|_| at >= self.start).ok_or_else(|| damaged("a page is out of bounds"))?;
        let mut length = left.min(4096);
        loop {
            let bytes = self.bytes(at, length)?;
            let whole = length == left;
            let reader = if whole { Reader::new(&bytes) } else { Reader::partial(&bytes) };
            match Header::parse(reader) {
                Ok(header) => {
                    self.check(&header, left)?;
                    return Ok(bytes.slice(..header.bytes));
                }
                Err(error) if error.code() == Code::NotFound && length < LARGEST_HEADER => {
                    length = (length * 8).min(left);
                }
                Err(error) => return Err(error.with_code(Code::DamagedFile)),
            }
        }
    }

    fn check(&self, header: &Header, left: u64) -> Result<()> {
        let sizes = (u64::try_from(header.compressed), u64::try_from(header.uncompressed));
        let (Ok(compressed), Ok(uncompressed)) = sizes else { return Err(damaged("a page has a negative size")) };
        let values = u64::try_from(header.values.unwrap_or(0)).map_err(|_| damaged("a page has a negative size"))?;
        if compressed.saturating_add(header.bytes as u64) > left || uncompressed > i32::MAX as u64 {
            return Err(damaged("a page is longer than its column chunk"));
        }
        let mut memory = uncompressed;
        if matches!(self.place, Place::Store(..)) {
            memory += compressed;
        }
        if header.kind == DICTIONARY {
            if values.saturating_mul(least_bytes(&self.column)) > uncompressed {
                return Err(damaged("a dictionary says that it holds more than it does"));
            }
            memory = memory.saturating_add(values.saturating_mul(in_memory(&self.column)));
        }
        self.afford(memory, "a page")?;
        let mut state = self.lock();
        state.pages += 1;
        if header.kind == DATA || header.kind == DATA_2 {
            state.levels = state.levels.saturating_add(values);
        }
        let levels = state.levels;
        drop(state);
        if self.column.max_rep_level() > 0 {
            self.afford(levels.saturating_mul(4 + in_memory(&self.column)), "a row")?;
        }
        Ok(())
    }

    fn afford(&self, memory: u64, what: &str) -> Result<()> {
        if memory <= self.allowance.page {
            return Ok(());
        }
        Err(Error::new(Code::Memory, format!("{what} of column {} needs {}", self.column.path(), Size(memory)))
            .why(format!("the memory limit leaves {} for it", Size(self.allowance.page)))
            .next("give more with --memory"))
    }
}

/// The fewest bytes that a value takes in a dictionary page.
fn least_bytes(column: &ColumnDescPtr) -> u64 {
    match column.physical_type() {
        Type::BOOLEAN => 1,
        Type::INT32 | Type::FLOAT | Type::BYTE_ARRAY => 4,
        Type::INT64 | Type::DOUBLE => 8,
        Type::INT96 => 12,
        Type::FIXED_LEN_BYTE_ARRAY => u64::try_from(column.type_length()).unwrap_or(1).max(1),
    }
}

/// What a value takes in memory, without the bytes that it points to.
fn in_memory(column: &ColumnDescPtr) -> u64 {
    match column.physical_type() {
        Type::BOOLEAN => 1,
        Type::INT32 | Type::FLOAT => 4,
        Type::INT64 | Type::DOUBLE => 8,
        Type::INT96 => 16,
        Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY => size_of::<parquet::data_type::ByteArray>() as u64,
    }
}

impl Length for Chunk {
    fn len(&self) -> u64 {
        self.end
    }
}

impl ChunkReader for Chunk {
    type T = HeaderRead;

    fn get_read(&self, start: u64) -> DecoderResult<HeaderRead> {
        Ok(HeaderRead { chunk: self.clone(), at: start, header: None, done: 0 })
    }

    fn get_bytes(&self, start: u64, length: usize) -> DecoderResult<Bytes> {
        let bytes = self
            .bytes(start, length as u64)
            .and_then(|bytes| if bytes.len() == length { Ok(bytes) } else { Err(damaged("a page is out of bounds")) });
        self.fail(bytes).map_err(passing)
    }
}

/// What the decoder reads a page header from. The header is fetched and checked when the first byte is asked for: the
/// decoder also opens readers that it never uses.
#[derive(Debug)]
pub(super) struct HeaderRead {
    chunk: Chunk,
    at: u64,
    header: Option<Bytes>,
    /// Bytes of it that were read: the decoder reads one after the other.
    done: usize,
}

impl Read for HeaderRead {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.header.is_none() {
            let header = self.chunk.fail(self.chunk.header(self.at)).map_err(std::io::Error::other)?;
            self.header = Some(header);
        }
        let left = self.header.as_ref().map_or(&[][..], |header| &header[self.done..]);
        let count = buffer.len().min(left.len());
        buffer[..count].copy_from_slice(&left[..count]);
        self.done += count;
        Ok(count)
    }
}

/// Pages whose content was looked at where the decoder trusts it.
pub(super) struct GuardedPages {
    inner: SerializedPageReader<Chunk>,
    column: ColumnDescPtr,
    dictionary: bool,
}

impl GuardedPages {
    fn check(&mut self, page: &Page) -> Result<()> {
        match page {
            Page::DictionaryPage { .. } => {
                self.dictionary = true;
                Ok(())
            }
            Page::DataPage { buf, num_values, encoding, rep_level_encoding, def_level_encoding, .. } => {
                let (rep, def) = (self.column.max_rep_level(), self.column.max_def_level());
                let values = skip_level(buf, rep, *num_values, *rep_level_encoding)
                    .and_then(|rest| skip_level(rest, def, *num_values, *def_level_encoding))
                    .ok_or_else(|| damaged("levels are longer than their page"))?;
                self.check_values(values, *encoding, *num_values)
            }
            Page::DataPageV2 { buf, num_values, encoding, def_levels_byte_len, rep_levels_byte_len, .. } => {
                let levels = u64::from(*def_levels_byte_len) + u64::from(*rep_levels_byte_len);
                let values = usize::try_from(levels).ok().and_then(|levels| buf.get(levels..));
                self.check_values(
                    values.ok_or_else(|| damaged("levels are longer than their page"))?,
                    *encoding,
                    *num_values,
                )
            }
        }
    }

    fn check_values(&self, values: &[u8], encoding: Encoding, count: u32) -> Result<()> {
        match encoding {
            Encoding::PLAIN_DICTIONARY | Encoding::RLE_DICTIONARY if !self.dictionary => {
                Err(damaged("a page needs a dictionary that is not there"))
            }
            // A page without a value may have nothing at all.
            Encoding::DELTA_BINARY_PACKED | Encoding::DELTA_LENGTH_BYTE_ARRAY | Encoding::DELTA_BYTE_ARRAY
                if !values.is_empty() =>
            {
                let after = delta::check(values, count)?;
                match encoding {
                    Encoding::DELTA_BYTE_ARRAY => delta::check(&values[after..], count).map(drop),
                    _ => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }
}

/// What follows the levels of a version 1 page.
fn skip_level(bytes: &[u8], highest: i16, values: u32, encoding: Encoding) -> Option<&[u8]> {
    if highest <= 0 {
        return Some(bytes);
    }
    #[expect(deprecated, reason = "old files have it")]
    let length = if encoding == Encoding::BIT_PACKED {
        let width = u64::from(16 - highest.leading_zeros());
        (u64::from(values) * width).div_ceil(8)
    } else {
        4 + u64::from(u32::from_le_bytes(bytes.get(..4)?.try_into().ok()?))
    };
    bytes.get(usize::try_from(length).ok()?..)
}

impl Iterator for GuardedPages {
    type Item = DecoderResult<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl PageReader for GuardedPages {
    fn get_next_page(&mut self) -> DecoderResult<Option<Page>> {
        let page = self.inner.get_next_page()?;
        if let Some(page) = &page {
            self.check(page).map_err(passing)?;
        }
        Ok(page)
    }

    fn peek_next_page(&mut self) -> DecoderResult<Option<PageMetadata>> {
        self.inner.peek_next_page()
    }

    fn skip_next_page(&mut self) -> DecoderResult<()> {
        self.inner.skip_next_page()
    }
}
