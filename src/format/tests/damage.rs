//! Input that is damaged, hostile or changing: a reason, never a panic, never an allocation by what a file claims.

use std::sync::Arc;

use parquet::basic::Encoding;
use parquet::file::properties::WriterVersion;
use proptest::prelude::*;

use super::Bench;
use super::tables::{EVERYTHING, FLAT, file, properties};
use crate::error::{Code, Error};
use crate::format::{MemoryPool, Merged, footer};
use crate::model::{PlannedFile, Rows, Size, Verify};

fn good() -> Vec<u8> {
    file(FLAT, properties().build(), &[400], 1)
}

async fn merge_error(bad: &[u8]) -> Error {
    let bench = Bench::new();
    let first = bench.put("first", &good());
    let (key, mut planned) = bench.planned(&[first]).await.unwrap();
    planned.push(PlannedFile { file: bench.put("bad", bad), rows: Rows(400) });
    bench.merge_planned(key, planned).await.unwrap_err()
}

#[tokio::test]
async fn broken_files_say_why() {
    let good = good();
    let tail = good.len() - 8;
    let with_length = |length: u32| {
        let mut bytes = good.clone();
        bytes[tail..tail + 4].copy_from_slice(&length.to_le_bytes());
        bytes
    };
    let mut encrypted = good.clone();
    encrypted[tail + 4..].copy_from_slice(b"PARE");
    let mut headless = good.clone();
    headless[..4].copy_from_slice(b"ABCD");
    let cases = [
        ("truncated", good[..good.len() / 2].to_vec(), Code::DamagedFile),
        ("tiny", b"PAR1".to_vec(), Code::DamagedFile),
        ("no footer", good[..good.len() - 1].to_vec(), Code::DamagedFile),
        ("footer longer than the file", with_length(u32::MAX), Code::DamagedFile),
        ("footer as long as the file", with_length(tail as u32), Code::DamagedFile),
        ("footer of nothing", with_length(0), Code::DamagedFile),
        ("footer cut", with_length(40), Code::DamagedFile),
        ("encrypted", encrypted, Code::Encrypted),
    ];
    for (what, bytes, code) in cases {
        let bench = Bench::new();
        let known = bench.put("x", &bytes);
        let error = bench.facts(&known).await.unwrap_err();
        assert_eq!(error.code(), code, "{what}: {error:?}");
        assert!(error.message().contains("/x: "), "{what}: {error:?}");
        assert_eq!(merge_error(&bytes).await.code(), code, "{what}");
    }
    assert_eq!(merge_error(&headless).await.code(), Code::DamagedFile);
}

#[tokio::test]
async fn a_page_with_a_flipped_byte_is_damage_or_found_by_nobody() {
    // Without checksums a flipped byte may well be another valid value; it must never become a panic.
    for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
        let bytes = file(EVERYTHING, properties().set_writer_version(version).build(), &[300], 3);
        let bench = Bench::new();
        let known = bench.put("x", &bytes);
        let (key, planned) = bench.planned(&[known]).await.unwrap();
        for at in (4..bytes.len() - 4000).step_by(97) {
            let mut bad = bytes.clone();
            bad[at] ^= 0xa5;
            let sources = vec![planned[0].clone(), PlannedFile { file: bench.put("bad", &bad), ..planned[0].clone() }];
            match bench.merge_planned(key.clone(), sources).await {
                Ok(merged) => bench.verify(&merged, Verify::Values).await.unwrap(),
                Err(error) => {
                    let expected = [Code::DamagedFile, Code::UnsupportedEncoding, Code::Memory];
                    assert!(expected.contains(&error.code()), "{at}: {error:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_wrong_checksum_is_damage() {
    let bytes = include_bytes!("../../../tests/corpus/corrupt_checksum.parquet");
    let bench = Bench::new();
    let known = bench.put("x", bytes);
    let error = bench.merge(&[known]).await.unwrap_err();
    assert_eq!(error.code(), Code::DamagedFile);
    assert!(error.message().contains("column"), "{error:?}");
}

#[tokio::test]
async fn what_changed_since_the_plan_is_changed_not_damaged() {
    let bench = Bench::new();
    let files = [bench.put("a", &good()), bench.put("b", &file(FLAT, properties().build(), &[300], 2))];
    let (key, planned) = bench.planned(&files).await.unwrap();
    let merge = |planned: Vec<PlannedFile>| bench.merge_planned(key.clone(), planned);

    std::fs::write(bench.path().join("b"), &good()[..100]).unwrap();
    assert_eq!(merge(planned.clone()).await.unwrap_err().code(), Code::Changed);

    // The same length, other content: no longer a footer.
    std::fs::write(bench.path().join("b"), vec![7; planned[1].file.length.0 as usize]).unwrap();
    assert_eq!(merge(planned.clone()).await.unwrap_err().code(), Code::Changed);

    std::fs::remove_file(bench.path().join("b")).unwrap();
    assert_eq!(merge(planned.clone()).await.unwrap_err().code(), Code::Changed);

    let mut other_rows = planned.clone();
    other_rows[1].file = bench.put("b", &file(FLAT, properties().build(), &[301], 2));
    assert_eq!(merge(other_rows).await.unwrap_err().code(), Code::Changed);

    let mut other_group = planned;
    let impala = properties().set_created_by("impala version 4.0.0".to_owned()).build();
    other_group[1].file = bench.put("b", &file(FLAT, impala, &[300], 2));
    assert_eq!(merge(other_group).await.unwrap_err().code(), Code::Changed);
}

#[tokio::test]
async fn claims_of_sizes_are_not_believed() {
    let good = good();
    let range = footer::range(&good, good.len() as u64).unwrap();
    let thrift = &good[range.start as usize..range.end as usize];
    // Every byte of the footer, and the largest things it could claim there.
    for at in 0..thrift.len() {
        for wrong in [0xff, 0x7f, 0x00, 0x19, 0x1c, 0xfc] {
            let mut bad = good.clone();
            bad[range.start as usize + at] = wrong;
            let known = bytes::Bytes::from(bad);
            let _ = footer::of_whole(&known, None);
        }
    }
}

/// What a mutated file comes to: never a panic, and never a merge that does not verify.
async fn outcome(bench: &Bench, bytes: &[u8]) -> Result<Merged, Error> {
    let known = bench.put("x", bytes);
    let merged = bench.merge(&[known.clone(), bench.put("y", bytes)]).await?;
    bench.verify(&merged, Verify::Values).await.expect("merged without an error");
    Ok(merged)
}

fn seeds() -> Vec<Vec<u8>> {
    let deltas = ["a", "b"].map(|column| (column.into(), Encoding::DELTA_BYTE_ARRAY));
    let mut encoded = properties().set_writer_version(WriterVersion::PARQUET_2_0).set_dictionary_enabled(false);
    for (column, encoding) in deltas {
        encoded = encoded.set_column_encoding(column, encoding);
    }
    vec![
        file(EVERYTHING, properties().build(), &[12, 3], 1),
        file(FLAT, properties().set_writer_version(WriterVersion::PARQUET_2_0).build(), &[40], 2),
        file("message m { optional binary a; required binary b; optional int32 c; }", encoded.build(), &[60], 3),
        include_bytes!("../../../tests/corpus/nested.parquet").to_vec(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutated_files_never_panic(seed in 0_usize..4, changes in prop::collection::vec((any::<u32>(), any::<u8>()), 1..4)) {
        let mut bytes = seeds()[seed].clone();
        for (at, value) in &changes {
            let at = *at as usize % bytes.len();
            bytes[at] = *value;
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut bench = Bench::new();
        bench.pool = Arc::new(MemoryPool::exactly(Size::mib(64)));
        runtime.block_on(async { outcome(&bench, &bytes).await.map(drop).unwrap_or(()) });
    }

    #[test]
    fn mutated_footers_never_panic(seed in 0_usize..4, changes in prop::collection::vec((any::<u32>(), any::<u8>()), 1..6)) {
        let mut bytes = seeds()[seed].clone();
        let range = footer::range(&bytes, bytes.len() as u64).unwrap();
        for (at, value) in &changes {
            let at = range.start as usize + *at as usize % (range.end - range.start) as usize;
            bytes[at] = *value;
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let bench = Bench::new();
        runtime.block_on(async { outcome(&bench, &bytes).await.map(drop).unwrap_or(()) });
    }
}
