//! Which files share a group.

use parquet::basic::Compression;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{WriterProperties, WriterVersion};

use super::Bench;
use super::tables::{FLAT, file, properties};
use crate::error::Code;
use crate::model::DataFormat;

async fn key(schema: &str, properties: WriterProperties, seed: u64) -> String {
    let bench = Bench::new();
    let known = bench.put("x", &file(schema, properties, &[20 + seed as usize], seed));
    bench.facts(&known).await.unwrap().group_key
}

fn with_key(key: &str, value: &str) -> WriterProperties {
    properties().set_key_value_metadata(Some(vec![KeyValue::new(key.to_owned(), value.to_owned())])).build()
}

#[tokio::test]
async fn what_changes_how_values_are_read_sets_files_apart() {
    let base = key(FLAT, properties().build(), 1).await;
    assert_eq!(base, key(FLAT, properties().build(), 2).await);
    let other_build = "parquet-mr version 1.13.1 (build 0)".to_owned();
    assert_eq!(base, key(FLAT, properties().set_created_by(other_build).build(), 2).await);
    let different = [
        key(&FLAT.replace("quantity", "Quantity"), properties().build(), 1).await,
        key(&FLAT.replace("optional int32", "required int32"), properties().build(), 1).await,
        key(&FLAT.replace("quantity;", "quantity = 7;"), properties().build(), 1).await,
        key(&FLAT.replace("MICROS, true", "MICROS, false"), properties().build(), 1).await,
        key(FLAT, properties().set_compression(Compression::ZSTD(Default::default())).build(), 1).await,
        key(FLAT, properties().set_column_compression("id".into(), Compression::LZ4_RAW).build(), 1).await,
        key(FLAT, properties().set_created_by("parquet-mr version 1.10.1 (build x)".to_owned()).build(), 1).await,
        key(FLAT, properties().set_created_by("impala version 4.0.0".to_owned()).build(), 1).await,
        key(FLAT, properties().set_writer_version(WriterVersion::PARQUET_2_0).build(), 1).await,
        key(FLAT, properties().set_key_value_metadata(None).build(), 1).await,
        key(FLAT, with_key("org.apache.spark.version", "2.4.8"), 1).await,
        key(FLAT, with_key("never.seen.before", "3.5.6"), 1).await,
    ];
    for (index, one) in different.iter().enumerate() {
        assert_ne!(*one, base, "{index}");
        assert!(!different[..index].contains(one), "{index}");
    }
    assert_eq!(
        key(FLAT, with_key("lakehand.version", "1"), 1).await,
        key(FLAT, with_key("lakehand.version", "2"), 1).await
    );
}

#[tokio::test]
async fn facts_say_what_sets_a_file_apart_and_what_it_loses() {
    let bench = Bench::new();
    let known = bench.put("x", &file(super::tables::EVERYTHING, properties().build(), &[20, 30], 1));
    let facts = bench.facts(&known).await.unwrap();
    assert_eq!((facts.rows.0, facts.row_groups), (50, 2));
    let parts: Vec<&str> = facts.group_facts.iter().map(|fact| fact.0.as_str()).collect();
    assert_eq!(parts, ["schema", "created_by", "codec", "pages", "key-value org.apache.spark.version"]);
    assert_eq!(facts.group_facts[1].1, "parquet-mr 1.13.1");
    assert_eq!(facts.group_facts[2].1, "snappy");
    assert_eq!(facts.losses, ["minimum and maximum of column \"legacy_at\", whose type has no defined order"]);
    assert_eq!(facts, bench.facts(&known).await.unwrap());
    let key = crate::format::group_key(&bench.store, &bench.place(), &known).await.unwrap();
    assert_eq!(key, (facts.group_key, facts.rows));

    let old = properties().set_created_by("parquet-mr version 1.6.0 (build x)".to_owned()).build();
    let known = bench.put("old", &file(FLAT, old, &[20], 1));
    let losses = bench.facts(&known).await.unwrap().losses;
    assert_eq!(losses, ["minimum and maximum of column \"name\", which readers do not believe of its writer"]);
}

#[tokio::test]
async fn files_are_sniffed_by_content() {
    let bench = Bench::new();
    let parquet = file(FLAT, properties().build(), &[20], 1);
    let cases: [(&str, &[u8], Result<DataFormat, Code>); 5] = [
        ("parquet.txt", &parquet, Ok(DataFormat::Parquet)),
        ("unfinished", &parquet[..parquet.len() - 1], Err(Code::DamagedFile)),
        ("text", b"a\tb\n", Ok(DataFormat::Text)),
        ("orc", b"ORC...", Ok(DataFormat::Orc)),
        ("empty", b"", Ok(DataFormat::Unknown)),
    ];
    for (name, bytes, expected) in cases {
        let known = bench.put(name, bytes);
        let path = bench.place().join(name);
        let sniffed = crate::format::sniff(&bench.store, &path, known.length).await;
        assert_eq!(sniffed.map_err(|error| error.code()), expected, "{name}");
    }
    let known = bench.put("short", b"a");
    let longer = crate::model::Size(known.length.0 + 1);
    let sniffed = crate::format::sniff(&bench.store, &bench.place().join("short"), longer).await;
    assert_eq!(sniffed.unwrap_err().code(), Code::Changed);
}
