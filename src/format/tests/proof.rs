//! What verification must find.

use bytes::Bytes;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};

use super::Bench;
use super::tables::{Column, FLAT, columns, encoded, file, properties};
use crate::error::Code;
use crate::format::Merged;
use crate::model::{Size, Verify};

async fn two_files() -> (Bench, Merged) {
    let bench = Bench::new();
    let files = [
        bench.put("part-0", &file(FLAT, properties().build(), &[300], 1)),
        bench.put("part-1", &file(FLAT, properties().build(), &[200, 100], 2)),
    ];
    let merged = bench.merge(&files).await.unwrap();
    bench.verify(&merged, Verify::Values).await.unwrap();
    (bench, merged)
}

/// What is done to the content, and its name.
type Change = (&'static str, fn(&mut Vec<Column>));

/// Puts a well-formed file with other content in the output's place.
fn forge(bench: &Bench, merged: &mut Merged, properties: WriterProperties, change: impl FnOnce(&mut Vec<Column>)) {
    let path = bench.path().join("output");
    let bytes = Bytes::from(std::fs::read(&path).unwrap());
    let mut content = columns(&bytes);
    change(&mut content);
    let schema = SerializedFileReader::new(bytes).unwrap().metadata().file_metadata().schema_descr().root_schema_ptr();
    let forged = encoded(schema, properties, &[content]);
    std::fs::write(&path, &forged).unwrap();
    merged.bytes = Size(forged.len() as u64);
}

#[tokio::test]
async fn a_column_whose_rows_are_permuted_against_the_others_is_found() {
    let (bench, mut merged) = two_files().await;
    forge(&bench, &mut merged, properties().build(), |columns| {
        assert_ne!(columns[0].values[411], columns[0].values[418]);
        columns[0].values.swap(411, 418);
    });
    bench.verify(&merged, Verify::Rows).await.unwrap();
    let error = bench.verify(&merged, Verify::Values).await.unwrap_err();
    assert_eq!(error.code(), Code::Verification);
    assert!(error.message().contains("column \"id\"") && error.message().contains("part-1"), "{error:?}");
    assert_eq!(error.reason(), Some("row 112 of its row group 0 differs first"));
}

#[tokio::test]
async fn every_other_difference_is_found_too() {
    let changes: [Change; 3] = [
        ("a null for a value", |columns| {
            let at = columns[1].definition.iter().position(|level| *level == 1).unwrap();
            columns[1].definition[at] = 0;
            columns[1].values.remove(0);
        }),
        ("a null elsewhere", |columns| {
            let at = columns[1].definition.windows(2).position(|pair| pair == [0, 1]).unwrap();
            columns[1].definition.swap(at, at + 1);
        }),
        ("one bit of a float", |columns| columns[3].values[7][0] ^= 1),
    ];
    for (what, change) in &changes {
        let (bench, mut merged) = two_files().await;
        forge(&bench, &mut merged, properties().build(), change);
        let error = bench.verify(&merged, Verify::Values).await.unwrap_err();
        assert_eq!(error.code(), Code::Verification, "{what}");
    }
    let (bench, mut merged) = two_files().await;
    forge(&bench, &mut merged, properties().build(), |_| {});
    bench.verify(&merged, Verify::Values).await.unwrap();
}

#[tokio::test]
async fn the_footer_is_compared_even_when_only_rows_are_wanted() {
    let pairs = vec![KeyValue::new("org.apache.spark.version".to_owned(), "2.4.0".to_owned())];
    let changes = [
        properties().set_created_by("parquet-mr version 1.13.1".to_owned()).build(),
        properties().set_key_value_metadata(Some(pairs)).build(),
        properties().set_key_value_metadata(None).build(),
    ];
    for changed in changes {
        let (bench, mut merged) = two_files().await;
        forge(&bench, &mut merged, changed, |_| {});
        assert_eq!(bench.verify(&merged, Verify::Rows).await.unwrap_err().code(), Code::Verification);
    }
    let (bench, mut merged) = two_files().await;
    forge(&bench, &mut merged, properties().build(), |columns| {
        for column in columns {
            if column.definition.pop() != Some(0) {
                column.values.pop();
            }
        }
    });
    assert_eq!(bench.verify(&merged, Verify::Rows).await.unwrap_err().code(), Code::Verification);
}

#[tokio::test]
async fn an_output_that_cannot_be_read_back_fails_verification() {
    let (bench, merged) = two_files().await;
    let path = bench.path().join("output");
    let good = std::fs::read(&path).unwrap();
    for at in [0.1, 0.3, 0.5] {
        let mut bad = good.clone();
        bad[(good.len() as f64 * at) as usize] ^= 0x55;
        std::fs::write(&path, &bad).unwrap();
        assert_eq!(bench.verify(&merged, Verify::Values).await.unwrap_err().code(), Code::Verification, "{at}");
    }
    std::fs::write(&path, &good[..good.len() - 1]).unwrap();
    assert_eq!(bench.verify(&merged, Verify::Rows).await.unwrap_err().code(), Code::Verification);
}
