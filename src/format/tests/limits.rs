//! Memory, sizes, many and large sources, cancelling.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use parquet::data_type::{ByteArray, ByteArrayType};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use super::Bench;
use super::tables::{EVERYTHING, FLAT, file, properties};
use crate::error::Code;
use crate::format::{MemoryPool, Unwatched};
use crate::model::{KnownFile, Size, Verify};

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_tiny_files_become_one() {
    let bench = Bench::new();
    let files: Vec<KnownFile> = (0..2000)
        .map(|seed| bench.put(&format!("{seed:05}"), &file(FLAT, properties().build(), &[3 + seed as usize % 5], seed)))
        .collect();
    let merged = bench.merge(&files).await.unwrap();
    bench.verify(&merged, Verify::Values).await.unwrap();
    assert_eq!(merged.rows.0, (0..2000).map(|seed| 3 + seed % 5).sum::<u64>());
    assert_eq!(bench.progress.files.load(Ordering::Relaxed), 2000);
    let sources: u64 = files.iter().map(|file| file.length.0).sum();
    let told = bench.progress.bytes.load(Ordering::Relaxed);
    assert!(told >= sources && told <= sources + merged.bytes.0, "{told} of {sources}");
}

#[tokio::test(flavor = "multi_thread")]
async fn small_files_are_told_of_when_they_are_read_not_when_they_are_written() {
    let bench = Bench::new();
    let mut last = file(FLAT, properties().build(), &[900], 3);
    let middle = last.len() / 2;
    last[middle - 200..middle].fill(0xff);
    let whole = [file(FLAT, properties().build(), &[10], 1), file(FLAT, properties().build(), &[900], 2), last];
    let files: Vec<KnownFile> =
        whole.iter().enumerate().map(|(at, bytes)| bench.put(&format!("{at}"), bytes)).collect();
    bench.merge(&files).await.expect_err("one of them is damaged");
    let lengths: u64 = files.iter().map(|file| file.length.0).sum();
    let told = (bench.progress.files.load(Ordering::Relaxed), bench.progress.bytes.load(Ordering::Relaxed));
    assert_eq!(told, (3, lengths));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_larger_than_the_memory_is_merged_in_it() {
    let mut bench = Bench::new();
    bench.pool = Arc::new(MemoryPool::exactly(Size::mib(24)));
    let large = file(FLAT, properties().set_dictionary_enabled(false).build(), &[900_000, 800_000], 1);
    assert!(large.len() > 24 << 20, "{}", large.len());
    let small = file(FLAT, properties().set_dictionary_enabled(false).build(), &[2_000; 40], 2);
    let files = [bench.put("large", &large), bench.put("small", &small)];
    drop((large, small));
    let merged = bench.merge(&files).await.unwrap();
    bench.verify(&merged, Verify::Values).await.unwrap();
    assert_eq!(merged.rows.0, 1_780_000);
    assert!(bench.pool.peak() <= bench.pool.limit());
}

#[tokio::test]
async fn many_row_groups_are_joined_and_a_wide_table_is_merged() {
    let bench = Bench::new();
    bench.merged(&[file(EVERYTHING, properties().build(), &[7; 200], 1)]).await;
    let columns: String = (0..700).map(|column| format!("optional int64 c{column};")).collect();
    let schema = format!("message wide {{ {columns} }}");
    let sources: Vec<_> = (0..3).map(|seed| file(&schema, properties().build(), &[20], seed)).collect();
    Bench::new().merged(&sources).await;
}

/// One column of byte arrays.
fn texts(values: &[Vec<u8>], properties: WriterProperties) -> Vec<u8> {
    let schema = Arc::new(parse_message_type("message m { required binary text; }").unwrap());
    let mut bytes = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut bytes, schema, Arc::new(properties)).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    let values: Vec<ByteArray> = values.iter().cloned().map(ByteArray::from).collect();
    column.typed::<ByteArrayType>().write_batch(&values, None, None).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    writer.close().unwrap();
    bytes
}

#[tokio::test]
async fn a_join_that_grows_beyond_memory_is_made_in_smaller_parts() {
    // A large dictionary that is used again and again: small in the sources, large without it.
    let words: Vec<Vec<u8>> = (0..40_u8).map(|word| vec![word; 60_000]).collect();
    let made = || {
        let none = parquet::basic::Compression::UNCOMPRESSED;
        properties().set_compression(none).set_dictionary_page_size_limit(16 << 20).build()
    };
    let mut bench = Bench::new();
    bench.pool = Arc::new(MemoryPool::exactly(Size::mib(80)));
    bench.policy.row_group_size = Size::mib(64);
    let values: Vec<Vec<u8>> = (0..900).map(|row| words[row % 40].clone()).collect();
    let sources: Vec<Vec<u8>> = (0..4).map(|_| texts(&values, made())).collect();
    let output = bench.merged(&sources).await;
    let footer = crate::format::footer::of_whole(&output.into(), None).unwrap();
    assert!(footer.metadata.num_row_groups() > 1);
}

#[tokio::test]
async fn a_page_that_does_not_fit_is_an_error_of_memory() {
    let mut bench = Bench::new();
    bench.pool = Arc::new(MemoryPool::exactly(Size::mib(16)));
    let huge = texts(&[vec![1; 20 << 20]], properties().set_dictionary_enabled(false).build());
    let files = [bench.put("a", &huge), bench.put("b", &huge)];
    let error = bench.merge(&files).await.unwrap_err();
    assert_eq!(error.code(), Code::Memory, "{error:?}");
    assert!(error.message().contains("column \"text\"") || error.message().contains("column text"), "{error:?}");
    assert!(!bench.path().join("output").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_ends_a_merge_and_a_verification_soon() {
    let bench = Bench::new();
    let files: Vec<KnownFile> = (0..40)
        .map(|seed| bench.put(&format!("{seed:05}"), &file(EVERYTHING, properties().build(), &[5_000], seed)))
        .collect();
    let cancel = bench.cancel.clone();
    let begin = Instant::now();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(50)).await;
        cancel.cancel();
    });
    let error = bench.merge(&files).await.unwrap_err();
    assert_eq!(error.code(), Code::Interrupted);
    assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());

    let mut bench = bench;
    bench.cancel = tokio_util::sync::CancellationToken::new();
    let merged = bench.merge(&files[..2]).await.unwrap();
    bench.cancel.cancel();
    assert_eq!(bench.verify(&merged, Verify::Values).await.unwrap_err().code(), Code::Interrupted);
}

#[tokio::test]
async fn a_sink_that_fails_ends_the_merge_with_its_reason() {
    #[derive(Debug)]
    struct Full;

    #[async_trait::async_trait]
    impl crate::store::WriteFile for Full {
        async fn write(&mut self, _: bytes::Bytes) -> crate::error::Result<()> {
            Err(crate::error::Error::new(Code::NoSpace, "the disk is full"))
        }

        async fn finish(
            self: Box<Self>,
            _: &crate::model::Attributes,
            _: Option<crate::model::FileTime>,
        ) -> crate::error::Result<()> {
            Ok(())
        }
    }

    let bench = Bench::new();
    let (key, sources) = bench.planned(&[bench.put("a", &file(FLAT, properties().build(), &[10], 1))]).await.unwrap();
    let merge =
        crate::format::Merge { directory: bench.place(), sources, group_key: key, policy: bench.policy.clone() };
    let store = Arc::new(bench.store.clone());
    let result = crate::format::merge(store, merge, &mut Full, &bench.pool, Arc::new(Unwatched), &bench.cancel).await;
    assert_eq!(result.unwrap_err().code(), Code::NoSpace);
}
