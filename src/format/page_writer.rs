//! Writing encoded pages into memory. The encoder's own page writer cannot do two things that sources have: checksums,
//! and dictionaries of fixed-length columns in pages of version 1. So headers are written here, and such columns are
//! encoded without compression in pages of version 2 that become ones of version 1 here.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytes::Bytes;
use parquet::basic::{Compression, Encoding, PageType, Type as Physical};
use parquet::column::page::{CompressedPage, Page, PageWriteSpec, PageWriter};
use parquet::column::writer::{get_column_writer, get_typed_column_writer};
use parquet::data_type::{ByteArray, FixedLenByteArrayType};
use parquet::errors::{ParquetError, Result as EncoderResult};
use parquet::file::metadata::{ColumnChunkMetaData, PageEncodingStats};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::{ColumnDescPtr, ColumnDescriptor, ColumnPath, Type};

use super::thrift::{STRUCT, Writer};

/// What all columns of a row group hold together.
pub(super) struct Held {
    used: AtomicU64,
    limit: u64,
    full: AtomicBool,
}

impl Held {
    /// Nothing yet.
    pub fn new(limit: u64) -> Held {
        Held { used: AtomicU64::new(0), limit, full: AtomicBool::new(false) }
    }

    /// Whether something did not fit.
    pub fn is_full(&self) -> bool {
        self.full.load(Ordering::Relaxed)
    }

    fn take(&self, bytes: u64) -> EncoderResult<()> {
        let used = self.used.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if used <= self.limit {
            return Ok(());
        }
        self.full.store(true, Ordering::Relaxed);
        Err(ParquetError::General("what is encoded does not fit into memory".to_owned()))
    }
}

/// A column's pages.
#[derive(Default)]
pub(super) struct Written {
    /// Headers and contents, in order.
    pub pieces: Vec<Bytes>,
    bytes: u64,
    kinds: Vec<PageEncodingStats>,
}

/// Where the encoder's pages go.
pub(super) struct PagesTo<'a> {
    pub written: &'a mut Written,
    pub held: &'a Held,
    /// Whether pages get checksums.
    pub checksums: bool,
    pub convert: Option<Convert>,
}

/// Makes pages of version 1 from those of version 2 that are not compressed.
pub(super) struct Convert {
    pub codec: Compression,
    pub column: ColumnDescPtr,
}

impl PageWriter for PagesTo<'_> {
    fn write_page(&mut self, page: CompressedPage) -> EncoderResult<PageWriteSpec> {
        let page = match &self.convert {
            Some(convert) => convert.version_1(&page)?,
            None => Some(page),
        };
        let Some(page) = page else {
            // Of a type that the encoder does not count.
            return Ok(PageWriteSpec { page_type: PageType::INDEX_PAGE, ..PageWriteSpec::new() });
        };
        let header = header(&page, self.checksums)?;
        let content = page.compressed_page().buffer().clone();
        let offset = self.written.bytes;
        let length = header.len() + content.len();
        self.held.take(length as u64)?;
        self.written.note(page.page_type(), page.encoding());
        let uncompressed_size = page.uncompressed_size() + header.len();
        self.written.pieces.extend([Bytes::from(header), content]);
        self.written.bytes += length as u64;
        Ok(PageWriteSpec {
            page_type: page.page_type(),
            uncompressed_size,
            compressed_size: length,
            num_values: page.num_values(),
            offset,
            bytes_written: length as u64,
        })
    }

    fn close(&mut self) -> EncoderResult<()> {
        Ok(())
    }
}

impl Written {
    fn note(&mut self, page_type: PageType, encoding: Encoding) {
        match self.kinds.iter_mut().find(|kind| kind.page_type == page_type && kind.encoding == encoding) {
            Some(kind) => kind.count += 1,
            None => self.kinds.push(PageEncodingStats { page_type, encoding, count: 1 }),
        }
    }

    /// The description of a chunk whose pages were converted, which the encoder cannot know.
    pub fn described(&self, chunk: ColumnChunkMetaData, codec: Compression) -> EncoderResult<ColumnChunkMetaData> {
        let mut encodings: Vec<Encoding> = vec![Encoding::RLE];
        encodings.extend(self.kinds.iter().map(|kind| kind.encoding));
        chunk
            .into_builder()
            .set_compression(codec)
            .set_encodings(encodings)
            .set_page_encoding_stats(self.kinds.clone())
            .build()
    }
}

fn header(page: &CompressedPage, checksum: bool) -> EncoderResult<Vec<u8>> {
    let size = |bytes: usize| {
        i32::try_from(bytes).map(i64::from).map_err(|_| ParquetError::General("a page is too large".to_owned()))
    };
    let mut writer = Writer::default();
    writer.integer_field(1, page.page_type() as i64);
    writer.integer_field(1, size(page.uncompressed_size())?);
    writer.integer_field(1, size(page.compressed_size())?);
    if checksum {
        writer.integer_field(1, i64::from(crc32fast::hash(page.data()) as i32));
    }
    let after = u8::from(!checksum);
    let values = i64::from(page.num_values());
    match page.compressed_page() {
        Page::DataPage { encoding, def_level_encoding, rep_level_encoding, .. } => {
            writer.field(1 + after, STRUCT);
            writer.integer_field(1, values);
            for encoding in [encoding, def_level_encoding, rep_level_encoding] {
                writer.integer_field(1, *encoding as i64);
            }
        }
        Page::DictionaryPage { encoding, is_sorted, .. } => {
            writer.field(3 + after, STRUCT);
            writer.integer_field(1, values);
            writer.integer_field(1, *encoding as i64);
            writer.flag_field(1, *is_sorted);
        }
        Page::DataPageV2 {
            encoding,
            num_nulls,
            num_rows,
            def_levels_byte_len,
            rep_levels_byte_len,
            is_compressed,
            ..
        } => {
            writer.field(4 + after, STRUCT);
            writer.integer_field(1, values);
            writer.integer_field(1, i64::from(*num_nulls));
            writer.integer_field(1, i64::from(*num_rows));
            writer.integer_field(1, *encoding as i64);
            writer.integer_field(1, i64::from(*def_levels_byte_len));
            writer.integer_field(1, i64::from(*rep_levels_byte_len));
            writer.flag_field(1, *is_compressed);
        }
    }
    writer.stop();
    writer.stop();
    Ok(writer.into_bytes())
}

impl Convert {
    /// The page as one of version 1; none for a dictionary of nothing.
    fn version_1(&self, page: &CompressedPage) -> EncoderResult<Option<CompressedPage>> {
        let content = match page.compressed_page() {
            Page::DictionaryPage { num_values: 0, .. } => return Ok(None),
            other => self.content(other)?,
        };
        let (size, num_values) = (content.len(), page.num_values());
        let buf = compressed(content, self.codec)?;
        let converted = match page.compressed_page() {
            Page::DictionaryPage { is_sorted, .. } => {
                Page::DictionaryPage { buf, num_values, encoding: Encoding::PLAIN_DICTIONARY, is_sorted: *is_sorted }
            }
            other => Page::DataPage {
                buf,
                num_values,
                encoding: encoding_1(other),
                def_level_encoding: Encoding::RLE,
                rep_level_encoding: Encoding::RLE,
                statistics: None,
            },
        };
        Ok(Some(CompressedPage::new(converted, size)))
    }

    /// What stands in the page, before compression.
    fn content(&self, page: &Page) -> EncoderResult<Bytes> {
        let Page::DataPageV2 { buf, def_levels_byte_len, rep_levels_byte_len, .. } = page else {
            return Ok(page.buffer().clone());
        };
        let (repetition, rest) = buf.split_at_checked(*rep_levels_byte_len as usize).ok_or_else(inconsistent)?;
        let (definition, values) = rest.split_at_checked(*def_levels_byte_len as usize).ok_or_else(inconsistent)?;
        let mut content = Vec::with_capacity(buf.len() + 8);
        let levels = [(self.column.max_rep_level(), repetition), (self.column.max_def_level(), definition)];
        for (_, levels) in levels.iter().filter(|(highest, _)| *highest > 0) {
            content.extend_from_slice(&(levels.len() as u32).to_le_bytes());
            content.extend_from_slice(levels);
        }
        if !is_without_values(page) {
            content.extend_from_slice(values);
        }
        Ok(content.into())
    }
}

fn inconsistent() -> ParquetError {
    ParquetError::General("a page's levels are longer than the page".to_owned())
}

fn is_without_values(page: &Page) -> bool {
    matches!(page, Page::DataPageV2 { num_values, num_nulls, .. } if num_values == num_nulls)
}

/// The name of the encoding in pages of version 1. A page of nothing but nulls needs no dictionary, and there may be
/// none.
fn encoding_1(page: &Page) -> Encoding {
    match page.encoding() {
        Encoding::RLE_DICTIONARY if is_without_values(page) => Encoding::PLAIN,
        Encoding::RLE_DICTIONARY => Encoding::PLAIN_DICTIONARY,
        other => other,
    }
}

/// Compresses some bytes. The crate keeps its codecs to itself, but a page of one fixed-length value is exactly that
/// value, compressed.
fn compressed(bytes: Bytes, codec: Compression) -> EncoderResult<Bytes> {
    if codec == Compression::UNCOMPRESSED || bytes.is_empty() {
        return Ok(bytes);
    }
    let length = i32::try_from(bytes.len()).map_err(|_| ParquetError::General("a page is too large".to_owned()))?;
    let value = Type::primitive_type_builder("page", Physical::FIXED_LEN_BYTE_ARRAY)
        .with_repetition(parquet::basic::Repetition::REQUIRED)
        .with_length(length)
        .build()?;
    let column = Arc::new(ColumnDescriptor::new(Arc::new(value), 0, 0, ColumnPath::from("page")));
    let properties = WriterProperties::builder()
        .set_compression(codec)
        .set_dictionary_enabled(false)
        .set_statistics_enabled(EnabledStatistics::None)
        .set_offset_index_disabled(true)
        .build();
    let mut content = Bytes::new();
    let keep = Box::new(Keep(&mut content));
    let mut writer =
        get_typed_column_writer::<FixedLenByteArrayType>(get_column_writer(column, Arc::new(properties), keep));
    writer.write_batch(&[ByteArray::from(bytes).into()], None, None)?;
    writer.close()?;
    Ok(content)
}

/// Keeps the content of the last page.
struct Keep<'a>(&'a mut Bytes);

impl PageWriter for Keep<'_> {
    fn write_page(&mut self, page: CompressedPage) -> EncoderResult<PageWriteSpec> {
        *self.0 = page.compressed_page().buffer().clone();
        Ok(PageWriteSpec::new())
    }

    fn close(&mut self) -> EncoderResult<()> {
        Ok(())
    }
}
