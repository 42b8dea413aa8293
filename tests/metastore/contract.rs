//! What every catalog must do (tests/contract has the same of directories).

use lakehand::catalog::Read;
use lakehand::error::Code;
use lakehand::model::{DataFormat, PartitionSpec, TableKind, TableName};

use crate::lake::{GENERATIONS, Lake, catalog, configured, id, names};
use crate::raw::PARQUET;

#[tokio::test]
async fn databases_and_tables_are_sorted_and_what_is_missing_names_the_nearest() {
    for generation in GENERATIONS {
        let mut lake = Lake::on(generation);
        lake.database("c_sales");
        lake.database("c_empty");
        for name in ["orders", "customers"] {
            lake.raw.table(&lake.external("c_sales", name));
        }
        let databases = lake.catalog.databases().await.unwrap();
        assert!(databases.is_sorted() && databases.contains(&"c_sales".to_owned()), "{databases:?}");
        let tables: Vec<_> = lake.catalog.tables("c_sales").await.unwrap();
        assert_eq!(tables, [TableName::new("c_sales", "customers"), TableName::new("c_sales", "orders")]);
        assert_eq!(lake.catalog.tables("c_empty").await.unwrap(), []);
        let error = lake.catalog.tables("c_slaes").await.unwrap_err();
        assert_eq!((error.code(), error.next_step()), (Code::DatabaseNotFound, Some("did you mean c_sales?")));
        let error = lake.catalog.table(&TableName::new("c_sales", "order")).await.unwrap_err();
        assert_eq!((error.code(), error.next_step()), (Code::TableNotFound, Some("did you mean orders?")));
        let error = lake.catalog.table(&TableName::new("nowhere", "order")).await.unwrap_err();
        assert_eq!(error.code(), Code::DatabaseNotFound);
        for (table, partition) in [
            ("c_sales.none", None),
            ("nowhere.t", None),
            ("c_sales.orders", Some("dt=1")),
            ("c_sales.none", Some("dt=1")),
        ] {
            assert_eq!(lake.target(table, partition).await, None, "{table} {partition:?}");
        }
    }
}

#[tokio::test]
async fn a_table_is_what_the_metastore_says() {
    for generation in GENERATIONS {
        let mut lake = Lake::on(generation);
        lake.database("c_facts");
        let made = lake.external("c_facts", "t").parameter("numFiles", "41").parameter("totalSize", "4100");
        let made = made.parameter("DO_NOT_UPDATE_STATS", "true").keys(&[("dt", "date"), ("hour", "int")]);
        lake.raw.table(&made);
        lake.raw.table(&lake.external("c_facts", "whole"));
        let table = lake.table("c_facts.t").await;
        assert_eq!(table.kind, TableKind::External);
        assert_eq!(table.location, lake.root.join_all("c_facts/t"));
        assert_eq!(table.stated_format, Some(DataFormat::Parquet));
        assert_eq!(table.refusals, []);
        let keys: Vec<_> = table.partition_keys.iter().map(|key| (key.name.as_str(), key.hive_type.as_str())).collect();
        assert_eq!(keys, [("dt", "date"), ("hour", "int")]);
        assert!(!table.identity.is_empty() && table.identity != "0");
        let whole = lake.partitions("c_facts.whole", None).await;
        assert_eq!(names(&whole), ["-"]);
        assert_eq!(whole[0].location, lake.root.join_all("c_facts/whole"));
        assert_eq!(lake.target("c_facts.whole", None).await.as_ref(), Some(&whole[0]));
        assert_eq!(lake.target("c_facts.t", None).await, None, "a partitioned table is no target");
        let asked = [TableName::new("c_facts", "t"), TableName::new("c_facts", "gone")];
        assert_eq!(lake.catalog.described(&asked).await.unwrap(), [table]);
    }
}

#[tokio::test]
async fn partitions_have_their_names_and_locations() {
    let values = ["New/York", "__HIVE_DEFAULT_PARTITION__", "a b", "ü", "x=y", "%zz", "2026-01-01 10:00:00", "a%2Fb"];
    for generation in GENERATIONS {
        let mut lake = Lake::on(generation);
        lake.database("c_parts");
        let made = lake.external("c_parts", "t").keys(&[("city", "string"), ("hour", "int")]);
        lake.raw.table(&made);
        for value in values {
            let name = PartitionSpec(vec![
                ("city".to_owned(), (value != "__HIVE_DEFAULT_PARTITION__").then(|| value.to_owned())),
                ("hour".to_owned(), Some("1".to_owned())),
            ]);
            let location = lake.uri(&format!("c_parts/t/{name}"));
            lake.raw.partition(&made, &[value, "1"], &location, PARQUET);
        }
        let own = lake.uri("elsewhere/of its own");
        lake.raw.partition(&made, &["Paris", "2"], &own, PARQUET);
        let found = lake.partitions("c_parts.t", None).await;
        assert_eq!(found.len(), values.len() + 1);
        assert!(names(&found).contains(&"city=New%2FYork/hour=1"), "{:?}", names(&found));
        assert!(names(&found).contains(&"city=__HIVE_DEFAULT_PARTITION__/hour=1"));
        for partition in &found {
            assert!(partition.refusals.is_empty(), "{partition:?}");
            let name = partition.id.partition.as_deref().unwrap();
            let expected = match name {
                "city=Paris/hour=2" => lake.root.join_all("elsewhere/of its own"),
                name => lake.root.join_all(&format!("c_parts/t/{name}")),
            };
            assert_eq!(partition.location, expected);
            assert_eq!(lake.catalog.target(&partition.id).await.unwrap().as_ref(), Some(partition), "{name}");
            let under = lake.partitions("c_parts.t", Some(name)).await;
            assert_eq!(names(&under), [name]);
        }
        assert_eq!(names(&lake.partitions("c_parts.t", Some("city=New%2FYork")).await), ["city=New%2FYork/hour=1"]);
        assert_eq!(lake.partitions("c_parts.t", Some("city=London")).await, []);
        let table = lake.table("c_parts.t").await;
        let prefix = PartitionSpec::parse("hour=1").unwrap();
        let error = lake.catalog.partitions(&table, Some(&prefix)).await.err().unwrap();
        assert_eq!(error.code(), Code::PartitionNotFound);
        assert!(error.to_string().contains("its keys are city, hour"), "{error}");
    }
}

#[tokio::test]
async fn a_table_made_anew_is_another() {
    for generation in GENERATIONS {
        let mut lake = Lake::on(generation);
        lake.database("c_anew");
        let made = lake.external("c_anew", "t").keys(&[("dt", "string")]);
        let location = lake.uri("c_anew/t/dt=1");
        lake.raw.table(&made);
        lake.raw.partition(&made, &["1"], &location, PARQUET);
        let before = lake.target("c_anew.t", Some("dt=1")).await.unwrap();
        let drop = |raw: &mut crate::raw::Raw| {
            use lakehand::catalog::thrift::{Struct, Value};
            let arguments = Struct::new().with(1, Value::text("c_anew")).with(2, Value::text("t"));
            raw.call("drop_table", arguments.with(3, Value::Bool(false)));
        };
        drop(&mut lake.raw);
        assert_eq!(lake.target("c_anew.t", Some("dt=1")).await, None);
        // Times are whole seconds.
        tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
        lake.raw.table(&made);
        lake.raw.partition(&made, &["1"], &location, PARQUET);
        let after = lake.target("c_anew.t", Some("dt=1")).await.unwrap();
        assert_eq!(after.location, before.location);
        assert_ne!(after.identity, before.identity);
    }
}

#[tokio::test]
async fn many_partitions_come_within_the_server_s_limit() {
    use crate::cluster::{Metastore, Server};
    for generation in GENERATIONS {
        let server = Server::of(generation).set("hive.metastore.limit.partition.request", "7");
        let metastore = Metastore::start(&server);
        let directory = tempfile::tempdir().unwrap();
        let root = lakehand::model::StorePath::new(directory.path().canonicalize().unwrap().to_str().unwrap()).unwrap();
        let mut raw = crate::raw::Raw::to(&metastore);
        raw.database("many", &format!("file:{root}/many"));
        let made = crate::raw::Made::external("many", "t", &format!("file:{root}/many/t")).keys(&[("n", "int")]);
        raw.table(&made);
        raw.partitions(&made, (0..40).map(|n| (vec![n.to_string()], format!("file:{root}/many/t/n={n}"))));
        let catalog = catalog(configured(&metastore), &root);
        let table = catalog.table(&TableName::new("many", "t")).await.unwrap();
        let mut pages = catalog.partitions(&table, None).await.unwrap();
        let mut sizes = Vec::new();
        while let Some(page) = pages.next_page().await.unwrap() {
            sizes.push(page.len());
        }
        assert_eq!(sizes, [7, 7, 7, 7, 7, 5], "{generation:?}");
        let shared = catalog.shared_location(&id("many.t", Some("n=3")), &root.join_all("many/t/n=3")).await;
        assert_eq!(shared.unwrap(), []);
    }
}

#[tokio::test]
async fn locks_are_told() {
    for generation in GENERATIONS {
        let mut lake = Lake::on(generation);
        lake.database("c_locks");
        lake.raw.table(&lake.external("c_locks", "t"));
        lake.raw.table(&lake.external("c_locks", "u"));
        let (t, u) = (id("c_locks.t", None), id("c_locks.u", None));
        assert_eq!(lake.catalog.locks(&t).await.unwrap(), Vec::<String>::new());
        lake.raw.lock("c_locks", "t", 1);
        assert_eq!(lake.catalog.locks(&t).await.unwrap(), ["bob on gw07 holds a lock (shared read)"]);
        assert_eq!(lake.catalog.locks(&u).await.unwrap(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_metastore_that_was_restarted_is_asked_again() {
    use crate::cluster::{Metastore, Server};
    let metastore = Metastore::start(&Server::of(crate::cluster::Generation::V3));
    let root = lakehand::model::StorePath::new("/nowhere").unwrap();
    let mut configured = configured(&metastore);
    // The first one does not exist.
    let alive = configured.uris[0].clone();
    configured.uris = vec![lakehand::config::MetastoreUri::parse("127.0.0.1:1").unwrap(), alive];
    let catalog = catalog(configured, &root);
    assert_eq!(catalog.databases().await.unwrap(), ["default"]);
    metastore.restart();
    assert_eq!(catalog.databases().await.unwrap(), ["default"]);
    metastore.kill();
    let error = catalog.databases().await.unwrap_err();
    assert_eq!(error.code(), Code::MetastoreUnreachable);
    assert!(error.to_string().contains("127.0.0.1:1:"), "{error}");
    let services = catalog.services().await;
    assert_eq!(services.len(), 2);
    assert!(services.iter().all(|service| service.answer.is_err()));
}
