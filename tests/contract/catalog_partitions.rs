//! Partitions of a directory lake, as Hive and Spark write them.

use lakehand::catalog::Read;
use lakehand::error::Code;
use lakehand::model::{PartitionSpec, TableName};

use crate::catalog_tables::{Lake, texts};

fn ids(partitions: &[lakehand::model::Partition]) -> Vec<&str> {
    partitions.iter().map(|partition| partition.id.partition.as_deref().unwrap_or("-")).collect()
}

#[tokio::test]
async fn partitions_are_found_at_any_depth() {
    let lake = Lake::with(&[
        "d/one/dt=1/f",
        "d/one/dt=2/f",
        "d/three/y=1/m=1/d=1/f",
        "d/three/y=1/m=1/d=2/f",
        "d/three/y=1/m=2/d=1/f",
        "d/three/y=2/m=1/d=1/f",
        "d/flat/f",
        "d/empty/",
    ]);
    let table = lake.table("d.three").await;
    let keys: Vec<_> = table.partition_keys.iter().map(|key| (key.name.as_str(), key.hive_type.as_str())).collect();
    assert_eq!(keys, [("y", "string"), ("m", "string"), ("d", "string")]);
    assert_eq!(ids(&lake.partitions("d.one", None).await), ["dt=1", "dt=2"]);
    let three = lake.partitions("d.three", None).await;
    assert_eq!(ids(&three), ["y=1/m=1/d=1", "y=1/m=1/d=2", "y=1/m=2/d=1", "y=2/m=1/d=1"]);
    assert!(three.iter().all(|partition| partition.refusals.is_empty()));
    assert_eq!(three[2].location, lake.root.join_all("d/three/y=1/m=2/d=1"));
    for flat in ["d.flat", "d.empty"] {
        let whole = lake.partitions(flat, None).await;
        assert_eq!(ids(&whole), ["-"]);
        assert_eq!(whole[0].location, lake.table(flat).await.location);
    }
    for partition in &three {
        assert_eq!(lake.catalog.target(&partition.id).await.unwrap().as_ref(), Some(partition));
    }
}

#[tokio::test]
async fn values_are_escaped_and_null_has_its_name() {
    let names =
        ["city=New%2FYork", "city=__HIVE_DEFAULT_PARTITION__", "city=a b", "city=ü", "city=", "city=x=y", "city=%zz"];
    let paths: Vec<String> = names.iter().map(|name| format!("d/t/{name}/f")).collect();
    let lake = Lake::with(&paths.iter().map(String::as_str).collect::<Vec<_>>());
    let mut expected = names;
    expected.sort_unstable();
    assert_eq!(ids(&lake.partitions("d.t", None).await), expected);
    for name in names {
        let found = lake.target("d.t", Some(name)).await.unwrap();
        assert_eq!((found.location.name(), found.refusals.len()), (name, 0));
        assert!(ids(&lake.partitions("d.t", Some(name)).await).contains(&name), "{name}");
    }
}

#[tokio::test]
async fn a_prefix_of_the_keys_selects() {
    let lake = Lake::with(&["d/t/dt=1/h=1/f", "d/t/dt=1/h=2/f", "d/t/dt=2/h=1/f", "d/t/dt=2/odd=1/f", "d/t/dt=3/f"]);
    assert_eq!(ids(&lake.partitions("d.t", Some("dt=1")).await), ["dt=1/h=1", "dt=1/h=2"]);
    assert_eq!(ids(&lake.partitions("d.t", Some("dt=2/h=1")).await), ["dt=2/h=1"]);
    assert!(lake.partitions("d.t", Some("dt=9")).await.is_empty());
    let table = lake.table("d.t").await;
    for wrong in ["h=1", "dt=1/h=1/x=1", "dt=1/x=1"] {
        let prefix = PartitionSpec::parse(wrong).unwrap();
        let error = lake.catalog.partitions(&table, Some(&prefix)).await.err().unwrap();
        assert_eq!(error.code(), Code::PartitionNotFound, "{wrong}");
        assert!(error.to_string().contains("its keys are dt, h"), "{error}");
    }
}

#[tokio::test]
async fn in_flight_and_hidden_directories_are_no_data() {
    let lake = Lake::with(&[
        "d/t/_temporary/0/f",
        "d/t/.hive-staging_hive_2026/f",
        "d/t/_SUCCESS",
        "d/t/.part-0.crc",
        "d/t/dt=1/f",
        "d/t/dt=1/_temporary/0/f",
        "d/t/dt=1/.hive-staging_1/f",
        "d/t/dt=1/_metadata",
    ]);
    assert!(lake.table("d.t").await.refusals.is_empty());
    let found = lake.partitions("d.t", None).await;
    assert_eq!(ids(&found), ["dt=1"]);
    assert!(found[0].refusals.is_empty());
    assert!(lake.target("d.t", Some("dt=1")).await.unwrap().refusals.is_empty());
}

#[tokio::test]
async fn empty_partitions_do_not_make_a_table_shallow() {
    let lake = Lake::with(&["d/t/dt=1/", "d/t/dt=2/h=1/f", "d/t/dt=3/h=1/f", "d/t/dt=4/_temporary/x", "d/t/dt=5/"]);
    assert_eq!(lake.table("d.t").await.partition_keys.len(), 2);
    assert_eq!(ids(&lake.partitions("d.t", None).await), ["dt=2/h=1", "dt=3/h=1"]);
}

#[tokio::test]
async fn a_target_that_is_gone_is_none() {
    let lake = Lake::with(&["d/t/dt=1/f"]);
    for gone in [Some("dt=2"), Some("dt=1/h=1")] {
        assert_eq!(lake.target("d.t", gone).await, None);
    }
    assert_eq!(lake.target("d.x", None).await, None);
    assert_eq!(lake.target("x.t", None).await, None);
    let id = lakehand::model::TargetId::new(&TableName::new("d", "t"), Some("../../etc".to_owned()));
    assert_eq!(lake.catalog.target(&id).await.unwrap_err().code(), Code::PartitionNotFound);
}

#[tokio::test]
async fn many_partitions_come_in_pages() {
    let paths: Vec<String> = (0..30).flat_map(|y| (0..150).map(move |m| format!("d/t/y={y}/m={m}/"))).collect();
    let lake = Lake::with(&paths.iter().map(String::as_str).collect::<Vec<_>>());
    lake.add("d/t/y=29/m=149/f");
    lake.add("d/t/y=9/m=0/f");
    let table = lake.table("d.t").await;
    let mut pages = lake.catalog.partitions(&table, None).await.unwrap();
    let mut sizes = Vec::new();
    while let Some(page) = pages.next_page().await.unwrap() {
        sizes.push(page.len());
    }
    assert_eq!(sizes.iter().sum::<usize>(), 4_500);
    assert!(sizes.len() >= 4 && sizes.iter().all(|size| *size <= 2_000), "{sizes:?}");
    assert!(pages.next_page().await.unwrap().is_none());
}

#[tokio::test]
async fn a_level_too_large_to_be_kept_is_read_again() {
    let paths: Vec<String> = (0..6_000).map(|m| format!("d/t/y=1/m={m:04}/")).collect();
    let lake = Lake::with(&paths.iter().map(String::as_str).collect::<Vec<_>>());
    lake.add("d/t/y=1/m=0000/f");
    let found = lake.partitions("d.t", None).await;
    assert_eq!(found.len(), 6_000);
    assert!(found.iter().all(|partition| texts(&partition.refusals).is_empty()));
}
