//! Each kind of table that may not be compacted, by what the metastore says of it.

use lakehand::catalog::Read;
use lakehand::catalog::thrift::{Struct, Value};
use lakehand::error::Code;

use crate::cluster::Generation;
use crate::lake::{GENERATIONS, Lake, texts};
use crate::raw::{Made, ORC, PARQUET};

/// A kind of table, and a word of its refusal.
fn kinds(lake: &Lake, database: &str) -> Vec<(Made, &'static str)> {
    let table = |name: &str| lake.external(database, name);
    let skewed = Struct::new()
        .with(1, Value::texts(["name"]))
        .with(2, Value::List(15, vec![Value::texts(["x"])]))
        .with(3, Value::Map(15, 11, Vec::new()));
    let serde =
        Struct::new().with(2, Value::text(PARQUET[2])).with(3, Value::text_map([("path", "file:/somewhere/else")]));
    vec![
        (table("a_view").kind("VIRTUAL_VIEW"), "a view"),
        (table("materialised").kind("MATERIALIZED_VIEW"), "materialised view"),
        (table("spark_buckets").parameter("spark.sql.sources.schema.numBuckets", "8"), "8 buckets"),
        (table("buckets").stored(vec![(6, Value::I32(32)), (8, Value::texts(["id"]))]), "32 buckets"),
        (table("skewed").stored(vec![(11, Value::Struct(skewed))]), "skewed"),
        (table("sub_directories").stored(vec![(12, Value::Bool(true))]), "skewed"),
        (table("handler").parameter("storage_handler", "org.apache.hadoop.hive.hbase.HBaseStorageHandler"), "HBase"),
        (table("iceberg").parameter("table_type", "ICEBERG"), "Iceberg"),
        (table("iceberg_spark").parameter("spark.sql.sources.provider", "iceberg"), "Iceberg"),
        (table("iceberg_metadata").parameter("metadata_location", "file:/x/v1.metadata.json"), "Iceberg"),
        (table("delta").parameter("spark.sql.sources.provider", "delta"), "Delta"),
        (table("hudi").parameter("spark.sql.sources.provider", "hudi"), "Hudi"),
        (table("jdbc").parameter("spark.sql.sources.provider", "jdbc"), "jdbc"),
        (table("other_path").stored(vec![(7, Value::Struct(serde))]), "/somewhere/else"),
        (Made::external(database, "outside", "file:/elsewhere/outside"), "outside the lake"),
    ]
}

#[tokio::test]
async fn each_kind_is_refused_with_its_reason() {
    for generation in GENERATIONS {
        let mut lake = Lake::on(generation);
        lake.database("r_kinds");
        for (made, word) in kinds(&lake, "r_kinds") {
            if generation == Generation::V2 && made.kind == "MATERIALIZED_VIEW" {
                continue;
            }
            lake.raw.table(&made);
            let table = lake.table(&format!("r_kinds.{}", made.name)).await;
            let reasons = texts(&table.refusals);
            assert!(reasons.iter().any(|text| text.contains(word)), "{generation:?} {}: {reasons:?}", made.name);
            assert!(table.refusals.iter().all(|reason| reason.code == Code::UnsupportedTable));
            if table.location == lake.root {
                assert!(lake.partitions(&format!("r_kinds.{}", made.name), None).await.is_empty());
            }
        }
        // All of them in one call too, beside one that is fine.
        lake.raw.table(&lake.external("r_kinds", "fine"));
        let names = lake.catalog.tables("r_kinds").await.unwrap();
        let described = lake.catalog.described(&names).await.unwrap();
        assert_eq!(described.len(), names.len());
        let fine: Vec<&str> =
            described.iter().filter(|table| table.refusals.is_empty()).map(|table| table.name.table.as_str()).collect();
        assert_eq!(fine, ["fine"]);
    }
}

#[tokio::test]
async fn what_hive_manages_is_refused() {
    for generation in GENERATIONS {
        let mut lake = Lake::on(generation);
        lake.database("r_managed");
        let below = lake.metastore.warehouse().trim_start_matches("file://").to_owned();
        let made =
            |name: &str| Made::external("r_managed", name, &format!("file:{below}/{name}")).kind("MANAGED_TABLE");
        lake.raw.table(&made("plain"));
        let table = lake.table("r_managed.plain").await;
        let reasons = texts(&table.refusals).join("; ");
        // The fourth generation makes it an external one of a client that says nothing of itself.
        if generation != Generation::V4 {
            assert!(reasons.contains("not external (managed_table)"), "{generation:?} {reasons}");
        }
        // Transactional ones: the words are those of the parameters, whoever could make such a table.
        for (name, properties, word) in [("acid", "default", "ACID"), ("insert_only", "insert_only", "insert-only")] {
            let made = made(name).parameter("transactional_properties", properties).parameter("transactional", "true");
            if lake.raw.try_table(&made).is_ok() {
                let table = lake.table(&format!("r_managed.{name}")).await;
                let reasons = texts(&table.refusals).join("; ");
                assert!(reasons.contains(word) && reasons.contains("COMPACT"), "{generation:?} {name}: {reasons}");
            } else {
                println!("{generation:?} does not make {name} for us");
            }
        }
    }
}

#[tokio::test]
async fn a_partition_unlike_its_table_is_refused() {
    for generation in GENERATIONS {
        let mut lake = Lake::on(generation);
        lake.database("r_parts");
        let made = lake.external("r_parts", "t").keys(&[("n", "int")]);
        lake.raw.table(&made);
        let location = |n: &str| format!("r_parts/t/n={n}");
        let (fine, orc) = (lake.uri(&location("1")), lake.uri(&location("2")));
        lake.raw.partition(&made, &["1"], &fine, PARQUET);
        lake.raw.partition(&made, &["2"], &orc, ORC);
        lake.raw.partition(&made, &["3"], "file:/elsewhere/n=3", PARQUET);
        let table = lake.uri("r_parts/t");
        lake.raw.partition(&made, &["4"], &table, PARQUET);
        let found = lake.partitions("r_parts.t", None).await;
        let reasons: Vec<String> = found.iter().map(|partition| texts(&partition.refusals).join("; ")).collect();
        assert_eq!(reasons[0], "");
        assert_eq!(reasons[1], "it is read by OrcSerde, the table by ParquetHiveSerDe");
        assert!(reasons[2].contains("outside the lake"), "{reasons:?}");
        assert!(reasons[3].contains("where the table's other partitions are too"), "{reasons:?}");
    }
}
