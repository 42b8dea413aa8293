//! Footers that the decoder's writer would not write: old writers, encrypted columns, summary files, traps.

use bytes::Bytes;
use parquet::basic::{Compression, Type};
use parquet::file::metadata::{
    ColumnChunkMetaData, ColumnChunkMetaDataBuilder, FileMetaData, ParquetMetaDataBuilder, ParquetMetaDataReader,
    ParquetMetaDataWriter,
};
use parquet::file::statistics::{Statistics, ValueStatistics};

use super::Bench;
use super::tables::{FLAT, columns, file, properties};
use crate::error::Code;
use crate::format::footer;
use crate::format::thrift::{BINARY, I32, LIST, STRUCT, Writer};
use crate::model::Verify;

fn plain(rows: usize, seed: u64) -> Vec<u8> {
    file(FLAT, properties().set_dictionary_enabled(false).build(), &[rows], seed)
}

/// The file with another footer.
fn forged(
    bytes: &[u8],
    created_by: Option<&str>,
    change: impl Fn(Type, ColumnChunkMetaDataBuilder) -> ColumnChunkMetaDataBuilder,
) -> Vec<u8> {
    let metadata = ParquetMetaDataReader::new().parse_and_finish(&Bytes::copy_from_slice(bytes)).unwrap();
    let old = metadata.file_metadata();
    let file = FileMetaData::new(
        old.version(),
        old.num_rows(),
        created_by.map(str::to_owned),
        old.key_value_metadata().cloned(),
        old.schema_descr_ptr(),
        None,
    );
    let mut builder = ParquetMetaDataBuilder::new(file);
    for row_group in metadata.row_groups() {
        let mut row_group = row_group.clone();
        for chunk in row_group.columns_mut() {
            *chunk = change(chunk.column_type(), chunk.clone().into_builder()).build().unwrap();
        }
        builder = builder.add_row_group(row_group);
    }
    let end = footer::range(bytes, bytes.len() as u64).unwrap().start as usize;
    let mut forged = bytes[..end].to_vec();
    ParquetMetaDataWriter::new(&mut forged, &builder.build()).finish().unwrap();
    forged
}

fn chunks(bytes: Vec<u8>) -> Vec<ColumnChunkMetaData> {
    footer::of_whole(&bytes.into(), None).unwrap().chunks().cloned().collect()
}

async fn refusal(bytes: &[u8]) -> Code {
    let bench = Bench::new();
    let known = bench.put("x", bytes);
    bench.facts(&known).await.unwrap_err().code()
}

#[tokio::test]
async fn a_writer_that_does_not_say_who_it_is_stays_unnamed() {
    let sources = [forged(&plain(10, 1), None, |_, chunk| chunk), forged(&plain(20, 2), None, |_, chunk| chunk)];
    let output = Bench::new().merged(&sources).await;
    let output = footer::of_whole(&output.into(), None).unwrap();
    assert_eq!(output.metadata.file_metadata().created_by(), None);
}

#[tokio::test]
async fn a_dictionary_at_offset_0_is_none() {
    let zero = |_: Type, chunk: ColumnChunkMetaDataBuilder| chunk.set_dictionary_page_offset(Some(0));
    // The decoder alone cannot read such a file, so what comes out is compared with the file as it was.
    for source in [plain(10, 1), file(FLAT, properties().set_dictionary_enabled(false).build(), &[10, 20], 1)] {
        let bench = Bench::new();
        let known = bench.put("x", &forged(&source, Some("old"), zero));
        let merged = bench.merge(&[known]).await.unwrap();
        bench.verify(&merged, Verify::Values).await.unwrap();
        let output = std::fs::read(bench.path().join("output")).unwrap();
        assert_eq!(columns(&output), columns(&source));
    }
}

#[tokio::test]
async fn bounds_of_old_writers_are_dropped_where_their_order_was_wrong() {
    let deprecated = |kind: Type, chunk: ColumnChunkMetaDataBuilder| match kind {
        Type::BYTE_ARRAY => chunk.set_statistics(Statistics::ByteArray(ValueStatistics::new(
            Some("a".into()),
            Some("z".into()),
            None,
            Some(1),
            true,
        ))),
        Type::INT64 => {
            chunk.set_statistics(Statistics::Int64(ValueStatistics::new(Some(0), Some(9), None, Some(1), true)))
        }
        _ => chunk,
    };
    let mr = "parquet-mr version 1.8.1 (build x)";
    // One file alone is copied as it stands.
    let output = chunks(Bench::new().merged(&[forged(&plain(10, 1), Some(mr), deprecated)]).await);
    let bounded = |at: usize| output[at].statistics().unwrap().min_bytes_opt().is_some();
    assert_eq!([bounded(0), bounded(1)], [true, false]);
    assert!(output[0].statistics().unwrap().is_min_max_deprecated());
    assert_eq!(output[1].statistics().unwrap().null_count_opt(), Some(1));
    assert!(output[1].column_index_offset().is_none());
}

#[tokio::test]
async fn what_cannot_be_merged_is_refused_with_the_right_code() {
    let good = plain(10, 1);
    let lzo = |_: Type, chunk: ColumnChunkMetaDataBuilder| chunk.set_compression(Compression::LZO);
    assert_eq!(refusal(&forged(&good, None, lzo)).await, Code::UnsupportedEncoding);
    let elsewhere = |_: Type, chunk: ColumnChunkMetaDataBuilder| chunk.set_file_path("part-0".to_owned());
    assert_eq!(refusal(&forged(&good, None, elsewhere)).await, Code::DamagedFile);
    let outside = |_: Type, chunk: ColumnChunkMetaDataBuilder| chunk.set_data_page_offset(1 << 40);
    assert_eq!(refusal(&forged(&good, None, outside)).await, Code::DamagedFile);
    let negative = |_: Type, chunk: ColumnChunkMetaDataBuilder| chunk.set_total_compressed_size(-5);
    assert_eq!(refusal(&forged(&good, None, negative)).await, Code::DamagedFile);

    // The encryption algorithm, as field 8 behind the last one (7).
    let mut encrypted = good[..good.len() - 9].to_vec();
    encrypted.extend_from_slice(&[0x1c, 0x00, 0x00]);
    let range = footer::range(&good, good.len() as u64).unwrap();
    encrypted.extend_from_slice(&((range.end - range.start) as u32 + 2).to_le_bytes());
    encrypted.extend_from_slice(b"PAR1");
    assert_eq!(refusal(&encrypted).await, Code::Encrypted);
}

/// A file of nothing but a footer with these schema elements, each a name and its number of children.
fn schema_only(count: usize, children: impl Fn(usize) -> i64) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.field(2, LIST);
    writer.list(STRUCT, count);
    for element in 0..count {
        writer.field(4, BINARY);
        writer.varint(0);
        writer.field(1, I32);
        writer.integer(children(element));
        writer.stop();
    }
    writer.stop();
    let footer = writer.into_bytes();
    [b"PAR1", &footer[..], &(footer.len() as u32).to_le_bytes(), b"PAR1"].concat()
}

#[tokio::test]
async fn schemas_that_are_traps_are_damage() {
    let deep = schema_only(200_000, |_| 1);
    let promising = schema_only(3, |_| i64::from(i32::MAX));
    let rootless = schema_only(3, |_| 0);
    for trap in [deep, promising, rootless] {
        assert_eq!(refusal(&trap).await, Code::DamagedFile);
    }
}
