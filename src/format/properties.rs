//! How a joined row group is written: as its sources are. Nothing is introduced that no source had: no encoding, no
//! statistics, no index, no bloom filter.

use std::sync::Arc;

use parquet::basic::{Compression, Encoding, PageType, Type};
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesPtr, WriterVersion};
use parquet::file::statistics::{Statistics, ValueStatistics};
use parquet::schema::types::ColumnDescriptor;

use super::facts::has_order;

/// Above it parquet-mr writes no minimum and maximum; shorter ones are never cut.
const LONGEST_BOUNDS: usize = 4096;

/// The largest bloom filter that is built, in distinct values.
const MOST_DISTINCT: u64 = 8 << 20;

/// How a column is encoded.
pub(super) struct Writing {
    pub properties: WriterPropertiesPtr,
    /// The encoder makes pages of version 2 that are not compressed; they have to become ones of version 1 with this
    /// codec.
    pub convert: Option<Compression>,
}

/// How one column is encoded, made of the chunks that are joined.
pub(super) fn of(chunks: &[&ColumnChunkMetaData], version_2: bool) -> Writing {
    let dictionary = chunks.iter().any(|chunk| has_dictionary(chunk));
    let codec = chunks.first().map_or(Compression::UNCOMPRESSED, |chunk| chunk.compression());
    let fixed = chunks.first().is_some_and(|chunk| chunk.column_type() == Type::FIXED_LEN_BYTE_ARRAY);
    // The encoder has no dictionaries of such columns in pages of version 1; other writers do.
    let converts = dictionary && fixed && !version_2;
    let second = version_2 || converts;
    let mut builder = WriterProperties::builder()
        .set_writer_version(if second { WriterVersion::PARQUET_2_0 } else { WriterVersion::PARQUET_1_0 })
        .set_compression(if converts { Compression::UNCOMPRESSED } else { codec })
        .set_statistics_truncate_length(None)
        .set_dictionary_enabled(dictionary)
        .set_encoding(plainest(chunks, version_2))
        .set_offset_index_disabled(!chunks.iter().any(|chunk| chunk.offset_index_offset().is_some()))
        .set_statistics_enabled(statistics(chunks));
    if chunks.iter().any(|chunk| chunk.bloom_filter_offset().is_some()) {
        let values: i64 = chunks.iter().map(|chunk| chunk.num_values()).sum();
        builder = builder
            .set_bloom_filter_enabled(true)
            .set_bloom_filter_fpp(0.01)
            .set_bloom_filter_ndv(u64::try_from(values).unwrap_or(0).clamp(1, MOST_DISTINCT));
    }
    Writing { properties: Arc::new(builder.build()), convert: converts.then_some(codec) }
}

fn is_dictionary(encoding: Encoding) -> bool {
    matches!(encoding, Encoding::PLAIN_DICTIONARY | Encoding::RLE_DICTIONARY)
}

fn has_dictionary(chunk: &ColumnChunkMetaData) -> bool {
    chunk.encodings().any(is_dictionary)
}

/// The encoding of values where no dictionary is used: what most bytes of the sources have.
fn plainest(chunks: &[&ColumnChunkMetaData], version_2: bool) -> Encoding {
    let mut votes: Vec<(Encoding, i64)> = Vec::new();
    for chunk in chunks {
        let Some(encoding) = data_encoding(chunk, version_2) else { continue };
        let weight = chunk.compressed_size().max(1);
        match votes.iter_mut().find(|vote| vote.0 == encoding) {
            Some(vote) => vote.1 = vote.1.saturating_add(weight),
            None => votes.push((encoding, weight)),
        }
    }
    votes.into_iter().max_by_key(|vote| vote.1).map_or(Encoding::PLAIN, |vote| vote.0)
}

/// The encoding of a chunk's values beside a dictionary; none when all of them use one.
fn data_encoding(chunk: &ColumnChunkMetaData, version_2: bool) -> Option<Encoding> {
    let writable = |encoding: &Encoding| {
        matches!(
            encoding,
            Encoding::PLAIN
                | Encoding::DELTA_BINARY_PACKED
                | Encoding::DELTA_LENGTH_BYTE_ARRAY
                | Encoding::DELTA_BYTE_ARRAY
                | Encoding::BYTE_STREAM_SPLIT
        )
    };
    if let Some(stats) = chunk.page_encoding_stats() {
        let pages = stats.iter().filter(|stats| stats.page_type != PageType::DICTIONARY_PAGE && stats.count > 0);
        let boolean = chunk.column_type() == Type::BOOLEAN;
        let mut fitting =
            pages.filter(|stats| writable(&stats.encoding) || (boolean && stats.encoding == Encoding::RLE));
        return fitting.next().map(|stats| stats.encoding);
    }
    let others = chunk.encodings().find(|encoding| writable(encoding) && *encoding != Encoding::PLAIN);
    let plain = chunk.encodings().any(|encoding| encoding == Encoding::PLAIN);
    match others {
        Some(encoding) => Some(encoding),
        // Levels are RLE too, so it only tells something where nothing else could hold the values.
        None if chunk.column_type() == Type::BOOLEAN && version_2 && !plain => Some(Encoding::RLE),
        // The dictionary page itself is PLAIN.
        None => (!has_dictionary(chunk)).then_some(Encoding::PLAIN),
    }
}

fn statistics(chunks: &[&ColumnChunkMetaData]) -> EnabledStatistics {
    let ordered = chunks.first().is_some_and(|chunk| has_order(chunk.column_descr()));
    if ordered && chunks.iter().any(|chunk| chunk.column_index_offset().is_some()) {
        EnabledStatistics::Page
    } else if chunks.iter().any(|chunk| chunk.statistics().is_some()) {
        EnabledStatistics::Chunk
    } else {
        EnabledStatistics::None
    }
}

/// Which of a chunk's statistics may stand in a file that states column orders, as every file written here does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bounds {
    /// Minimum and maximum mean what the format says.
    Valid,
    /// They do not, or nobody knows; the count of nulls does.
    Dropped,
}

/// Takes minimum and maximum out where they must not stand.
pub(super) fn with_bounds(chunk: ColumnChunkMetaData, bounds: Bounds) -> parquet::errors::Result<ColumnChunkMetaData> {
    let Some(statistics) = chunk.statistics() else { return Ok(chunk) };
    let long = statistics.min_bytes_opt().map_or(0, <[u8]>::len) + statistics.max_bytes_opt().map_or(0, <[u8]>::len);
    if statistics.min_bytes_opt().is_none() && statistics.max_bytes_opt().is_none()
        || bounds == Bounds::Valid && long <= LONGEST_BOUNDS
    {
        return Ok(chunk);
    }
    let stripped = without_bounds(statistics);
    chunk.into_builder().set_statistics(stripped).build()
}

fn without_bounds(statistics: &Statistics) -> Statistics {
    macro_rules! strip {
        ($($kind:ident),*) => {
            match statistics {
                $(Statistics::$kind(_) => Statistics::$kind(ValueStatistics::new(
                    None, None, statistics.distinct_count_opt(), statistics.null_count_opt(), false,
                ))),*
            }
        };
    }
    strip!(Boolean, Int32, Int64, Int96, Float, Double, ByteArray, FixedLenByteArray)
}

/// Whether the bounds of a chunk that is copied as it stands may be kept. The old fields compared bytes as signed
/// numbers whatever the type: they are right for signed types only. The new ones mean nothing in a file that states
/// no column orders.
pub(super) fn copied_bounds(
    statistics: Option<&Statistics>,
    column: &ColumnDescriptor,
    order_stated: bool,
    mistrusted: bool,
) -> Bounds {
    let Some(statistics) = statistics else { return Bounds::Valid };
    let signed = column.sort_order() == parquet::basic::SortOrder::SIGNED;
    let arrays = is_array(column);
    // Old writers of floats took no care of NaN and of the two zeros.
    let float = matches!(column.physical_type(), Type::FLOAT | Type::DOUBLE);
    let valid = if statistics.is_min_max_deprecated() { signed && !arrays && !float } else { order_stated };
    if valid && has_order(column) && !(arrays && mistrusted) { Bounds::Valid } else { Bounds::Dropped }
}

/// Whether the bounds that were computed for a joined chunk may be kept.
pub(super) fn computed_bounds(column: &ColumnDescriptor, mistrusted: bool) -> Bounds {
    if has_order(column) && !(is_array(column) && mistrusted) { Bounds::Valid } else { Bounds::Dropped }
}

fn is_array(column: &ColumnDescriptor) -> bool {
    matches!(column.physical_type(), Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY)
}
