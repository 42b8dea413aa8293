//! What a merge must keep: values, levels, schema, writer, codec, pages, encodings, statistics, indexes.

use bytes::Bytes;
use parquet::basic::{Compression, Encoding, PageType, Type};
use parquet::file::metadata::{KeyValue, PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader, SortingColumn};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use parquet::file::reader::{FileReader, SerializedFileReader};

use super::Bench;
use super::tables::{EVERYTHING, FLAT, file, properties};
use crate::format::footer::{self, Footer};
use crate::format::pages::has_checksum;
use crate::model::Size;

fn metadata(bytes: &[u8]) -> ParquetMetaData {
    ParquetMetaDataReader::new()
        .with_page_index_policy(PageIndexPolicy::Optional)
        .with_metadata_options(Some(
            parquet::file::metadata::ParquetMetaDataOptions::new().with_encoding_stats_as_mask(false),
        ))
        .parse_and_finish(&Bytes::copy_from_slice(bytes))
        .unwrap()
}

fn raw_footer(bytes: &[u8]) -> Footer {
    footer::of_whole(&Bytes::copy_from_slice(bytes), None).unwrap()
}

fn three(schema: &str, properties: impl Fn() -> WriterProperties) -> Vec<Vec<u8>> {
    vec![
        file(schema, properties(), &[700], 1),
        file(schema, properties(), &[90, 0, 1], 2),
        file(schema, properties(), &[1500], 3),
    ]
}

#[tokio::test]
async fn every_type_survives_in_every_codec_and_page_version() {
    let codecs = [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::GZIP(Default::default()),
        Compression::BROTLI(Default::default()),
        Compression::ZSTD(Default::default()),
        Compression::LZ4,
        Compression::LZ4_RAW,
    ];
    for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
        for codec in codecs {
            let made = || properties().set_compression(codec).set_writer_version(version).build();
            let sources = three(EVERYTHING, made);
            let output = Bench::new().merged(&sources).await;
            let (source, output) = (raw_footer(&sources[0]), raw_footer(&output));
            assert_eq!(output.schema, source.schema);
            let (from, to) = (source.metadata.file_metadata(), output.metadata.file_metadata());
            assert_eq!(to.schema(), from.schema());
            assert_eq!(to.created_by(), from.created_by());
            assert_eq!(to.key_value_metadata(), from.key_value_metadata());
            assert_eq!(to.version(), from.version());
            assert_eq!(output.metadata.num_row_groups(), 1);
            let page = if version == WriterVersion::PARQUET_1_0 { PageType::DATA_PAGE } else { PageType::DATA_PAGE_V2 };
            for chunk in output.chunks() {
                assert_eq!(chunk.compression(), source.metadata.row_group(0).column(0).compression());
                let stats = chunk.page_encoding_stats().unwrap();
                assert!(
                    stats.iter().all(|stats| stats.page_type == page || stats.page_type == PageType::DICTIONARY_PAGE)
                );
            }
        }
    }
}

#[tokio::test]
async fn encodings_are_those_of_the_sources() {
    let schema = "message m { required int32 a; required int64 b; required binary c (UTF8);
        required binary d (UTF8); required double e; required boolean f; required fixed_len_byte_array(7) g; }";
    let columns = ["a", "b", "c", "d", "e", "f", "g"];
    let encodings = [
        Encoding::DELTA_BINARY_PACKED,
        Encoding::DELTA_BINARY_PACKED,
        Encoding::DELTA_LENGTH_BYTE_ARRAY,
        Encoding::DELTA_BYTE_ARRAY,
        Encoding::BYTE_STREAM_SPLIT,
        Encoding::RLE,
        Encoding::DELTA_BYTE_ARRAY,
    ];
    let plain = [Encoding::PLAIN; 7];
    for (version, encodings) in [(WriterVersion::PARQUET_2_0, encodings), (WriterVersion::PARQUET_2_0, plain)] {
        let made = || {
            let mut builder = properties().set_writer_version(version).set_dictionary_enabled(false);
            for (column, encoding) in columns.iter().zip(encodings) {
                builder = builder.set_column_encoding((*column).into(), encoding);
            }
            builder.build()
        };
        let output = raw_footer(&Bench::new().merged(&three(schema, made)).await);
        for (chunk, encoding) in output.metadata.row_group(0).columns().iter().zip(encodings) {
            let stats = chunk.page_encoding_stats().unwrap();
            assert!(stats.iter().all(|stats| stats.encoding == encoding), "{} {stats:?}", chunk.column_path());
        }
    }
}

#[tokio::test]
async fn dictionaries_stay_and_do_not_appear() {
    for dictionary in [true, false] {
        let made = || properties().set_dictionary_enabled(dictionary).build();
        let output = raw_footer(&Bench::new().merged(&three(FLAT, made)).await);
        for chunk in output.chunks() {
            assert_eq!(chunk.dictionary_page_offset().is_some(), dictionary, "{}", chunk.column_path());
            assert!(chunk.encodings().all(|encoding| encoding != Encoding::DELTA_BINARY_PACKED));
        }
    }
}

/// Written by PyArrow: decimals of fixed length with dictionaries in pages of version 1 (optional, required, without a
/// single value, in lists), checksums and page indexes.
const FIXED_DICTIONARIES: [&[u8]; 6] = [
    include_bytes!("../../../tests/corpus/fixed_dictionary_none.parquet"),
    include_bytes!("../../../tests/corpus/fixed_dictionary_snappy.parquet"),
    include_bytes!("../../../tests/corpus/fixed_dictionary_gzip.parquet"),
    include_bytes!("../../../tests/corpus/fixed_dictionary_brotli.parquet"),
    include_bytes!("../../../tests/corpus/fixed_dictionary_lz4.parquet"),
    include_bytes!("../../../tests/corpus/fixed_dictionary_zstd.parquet"),
];

#[tokio::test]
async fn dictionaries_of_fixed_length_columns_and_checksums_stay_in_every_codec() {
    for source in FIXED_DICTIONARIES {
        let output = Bench::new().merged(&[source.to_vec(), source.to_vec(), source.to_vec()]).await;
        let (from, to) = (metadata(source), metadata(&output));
        assert_eq!(to.num_row_groups(), 1);
        for (index, chunk) in to.row_group(0).columns().iter().enumerate() {
            let before = from.row_group(0).column(index);
            assert_eq!(chunk.compression(), before.compression());
            let has_values = chunk.statistics().unwrap().null_count_opt().unwrap() < chunk.num_values() as u64;
            assert_eq!(chunk.dictionary_page_offset().is_some(), has_values, "{}", chunk.column_path());
            let pages = chunk.page_encoding_stats().unwrap();
            assert!(pages.iter().all(|stats| stats.page_type != PageType::DATA_PAGE_V2), "{pages:?}");
            assert!(chunk.column_index_offset().is_some() && chunk.offset_index_offset().is_some());
            let (start, length) = chunk.byte_range();
            assert!(has_checksum(pages_of(&output, (start, length))), "{}", chunk.column_path());
            let mut wrong = output.clone();
            wrong[(start + length - 1) as usize] ^= 1;
            assert!(page_errors(&wrong, index) > 0, "a flipped bit of {} is found", chunk.column_path());
        }
    }
}

fn page_errors(bytes: &[u8], column: usize) -> usize {
    let reader = SerializedFileReader::new(Bytes::copy_from_slice(bytes)).unwrap();
    let pages = reader.get_row_group(0).unwrap().get_column_page_reader(column).unwrap();
    pages.take(100).filter(Result::is_err).count()
}

#[tokio::test]
async fn bounds_stand_only_where_an_order_is_defined() {
    let output = Bench::new().merged(&three(EVERYTHING, || properties().build())).await;
    let metadata = metadata(&output);
    for (index, chunk) in metadata.row_group(0).columns().iter().enumerate() {
        let statistics = chunk.statistics().unwrap();
        let ordered = chunk.column_type() != Type::INT96;
        assert_eq!(statistics.min_bytes_opt().is_some(), ordered, "{}", chunk.column_path());
        let nulls = statistics.null_count_opt().unwrap();
        assert!(nulls <= chunk.num_values() as u64);
        assert_eq!(chunk.column_index_offset().is_some(), ordered, "{}", chunk.column_path());
        assert!(chunk.offset_index_offset().is_some());
        assert_eq!(metadata.offset_index().unwrap()[0][index].page_locations()[0].first_row_index, 0);
    }
}

#[tokio::test]
async fn nothing_is_stated_that_no_source_stated() {
    let made = || properties().set_statistics_enabled(EnabledStatistics::None).set_offset_index_disabled(true).build();
    let bytes = Bench::new().merged(&three(EVERYTHING, made)).await;
    let output = raw_footer(&bytes);
    for chunk in output.chunks() {
        assert!(chunk.statistics().is_none());
        assert!(chunk.column_index_offset().is_none() && chunk.offset_index_offset().is_none());
        assert!(chunk.bloom_filter_offset().is_none());
        assert!(!has_checksum(pages_of(&bytes, chunk.byte_range())));
    }
}

#[tokio::test]
async fn bounds_that_readers_mistrust_are_not_revived() {
    let made = || properties().set_created_by("parquet-mr version 1.6.0 (build x)".to_owned()).build();
    let output = raw_footer(&Bench::new().merged(&three(FLAT, made)).await);
    let bounded: Vec<bool> =
        output.chunks().map(|chunk| chunk.statistics().unwrap().min_bytes_opt().is_some()).collect();
    assert_eq!(bounded, [true, false, true, true, true]);
}

#[tokio::test]
async fn large_row_groups_are_copied_with_what_belongs_to_them() {
    let sorting = vec![SortingColumn { column_idx: 0, descending: false, nulls_first: true }];
    let made = || {
        properties()
            .set_sorting_columns(Some(sorting.clone()))
            .set_bloom_filter_enabled(true)
            .set_column_bloom_filter_ndv("id".into(), 60_000)
            .set_data_page_row_count_limit(5_000)
            .build()
    };
    let sources = [file(FLAT, made(), &[60_000], 1), file(FLAT, made(), &[50, 50], 2)];
    let mut bench = Bench::new();
    bench.policy.row_group_size = Size::mib(1);
    let output = bench.merged(&sources).await;
    let (from, to) = (metadata(&sources[0]), metadata(&output));
    assert_eq!(to.num_row_groups(), 2);
    let (from_group, to_group) = (from.row_group(0), to.row_group(0));
    assert_eq!(to_group.sorting_columns(), Some(&sorting));
    assert_eq!(to.row_group(1).sorting_columns(), None);
    assert_eq!(to.column_index().unwrap()[0], from.column_index().unwrap()[0]);
    for (index, (from_chunk, to_chunk)) in from_group.columns().iter().zip(to_group.columns()).enumerate() {
        assert_eq!(to_chunk.statistics(), from_chunk.statistics());
        assert_eq!(pages_of(&output, to_chunk.byte_range()), pages_of(&sources[0], from_chunk.byte_range()));
        let locations = to.offset_index().unwrap()[0][index].page_locations();
        assert_eq!(locations.len(), from.offset_index().unwrap()[0][index].page_locations().len());
        assert!(locations.len() > 5 && locations[0].offset == to_chunk.data_page_offset());
    }
    assert_blooms_hold(&output);
}

fn pages_of(bytes: &[u8], (start, length): (u64, u64)) -> &[u8] {
    &bytes[start as usize..(start + length) as usize]
}

/// Every value of the key column is in the bloom filter of its row group.
fn assert_blooms_hold(bytes: &[u8]) {
    let bytes = Bytes::copy_from_slice(bytes);
    let reader = SerializedFileReader::new(bytes.clone()).unwrap();
    for group in 0..reader.num_row_groups() {
        let metadata = reader.metadata().row_group(group);
        let filter = parquet::bloom_filter::Sbbf::read_from_column_chunk(metadata.column(0), &bytes).unwrap().unwrap();
        let mut values = Vec::new();
        let parquet::column::reader::ColumnReader::Int64ColumnReader(mut column) =
            reader.get_row_group(group).unwrap().get_column_reader(0).unwrap()
        else {
            panic!("not the key column")
        };
        column.read_records(usize::MAX, None, None, &mut values).unwrap();
        assert!(!values.is_empty() && values.iter().all(|value| filter.check(value)));
        assert!((0..1000_i64).filter(|value| filter.check(&(-1 - value))).count() < 200);
    }
}

#[tokio::test]
async fn bloom_filters_of_joined_row_groups_are_built_anew() {
    let made = || properties().set_bloom_filter_enabled(true).set_column_bloom_filter_ndv("id".into(), 2_000).build();
    let output = Bench::new().merged(&three(FLAT, made)).await;
    assert_eq!(metadata(&output).num_row_groups(), 1);
    assert_blooms_hold(&output);
}

#[tokio::test]
async fn page_indexes_may_be_there_for_some_row_groups_only() {
    let with = properties().build();
    let without = properties().set_statistics_enabled(EnabledStatistics::Chunk).set_offset_index_disabled(true).build();
    let mut bench = Bench::new();
    bench.policy.row_group_size = Size::mib(1);
    let sources = [file(FLAT, with, &[60_000], 1), file(FLAT, without, &[60_000], 2)];
    let output = raw_footer(&bench.merged(&sources).await);
    let indexed = |group: usize| output.metadata.row_group(group).column(0).offset_index_offset().is_some();
    assert_eq!((indexed(0), indexed(1)), (true, false));
}

#[tokio::test]
async fn harmless_keys_go_where_they_differ() {
    let made = |stamp: &str, seed| {
        let pairs = vec![
            KeyValue::new("writer.time.zone".to_owned(), "UTC".to_owned()),
            KeyValue::new("lakehand.version".to_owned(), stamp.to_owned()),
        ];
        file(FLAT, properties().set_key_value_metadata(Some(pairs)).build(), &[10], seed)
    };
    let output = raw_footer(&Bench::new().merged(&[made("1", 1), made("2", 2)]).await);
    let pairs = output.metadata.file_metadata().key_value_metadata().unwrap();
    assert_eq!(pairs.iter().map(|pair| pair.key.as_str()).collect::<Vec<_>>(), ["writer.time.zone"]);
    let output = raw_footer(&Bench::new().merged(&[made("1", 1), made("1", 2)]).await);
    assert_eq!(output.metadata.file_metadata().key_value_metadata().unwrap().len(), 2);
}

#[tokio::test]
async fn files_without_rows_become_one_without_rows() {
    for groups in [&[][..], &[0], &[0, 0]] {
        let sources: Vec<_> = (0..3).map(|seed| file(EVERYTHING, properties().build(), groups, seed)).collect();
        let output = raw_footer(&Bench::new().merged(&sources).await);
        assert_eq!((output.rows(), output.metadata.num_row_groups()), (0, 0));
        assert_eq!(output.schema, raw_footer(&sources[0]).schema);
    }
}
