//! The location graph.

use lakehand::catalog::{HiveCatalog, Read};

use crate::lake::{GENERATIONS, Lake, texts};
use crate::raw::{Made, PARQUET};

#[tokio::test]
async fn shared_locations_are_found_from_both_sides() {
    for generation in GENERATIONS {
        let mut lake = Lake::on(generation);
        lake.database("l_one");
        lake.database("l_two");
        let here = lake.uri("l_one/a");
        lake.raw.table(&Made::external("l_one", "a", &here));
        lake.raw.table(&Made::external("l_two", "clone", &here));
        lake.raw.table(&lake.external("l_one", "alone"));
        let inside = lake.uri("l_one/outer/inner");
        lake.raw.table(&lake.external("l_one", "outer"));
        lake.raw.table(&Made::external("l_two", "inner", &inside));
        // A partition of another table, put where a table is.
        let parts = lake.external("l_two", "parts").keys(&[("n", "int")]);
        lake.raw.table(&parts);
        lake.raw.table(&lake.external("l_one", "taken"));
        let taken = lake.uri("l_one/taken");
        lake.raw.partition(&parts, &["1"], &taken, PARQUET);
        let shared = async |table: &str, partition: Option<&str>| lake.shared(table, partition).await.join("; ");
        assert_eq!(shared("l_one.alone", None).await, "", "{generation:?}");
        assert!(shared("l_one.a", None).await.contains("l_two.clone has the same location"));
        assert!(shared("l_two.clone", None).await.contains("l_one.a has the same location"));
        assert!(shared("l_one.outer", None).await.contains("l_two.inner has a location inside it"));
        assert!(shared("l_two.inner", None).await.contains("l_one.outer has a location above it"));
        assert!(shared("l_one.taken", None).await.contains("l_two.parts n=1 has the same location"));
        assert!(shared("l_two.parts", Some("n=1")).await.contains("l_one.taken has the same location"));
    }
}

#[tokio::test]
async fn partitions_of_one_table_that_share_are_found() {
    for generation in GENERATIONS {
        let mut lake = Lake::on(generation);
        lake.database("l_own");
        let made = lake.external("l_own", "t").keys(&[("n", "int"), ("m", "int")]);
        lake.raw.table(&made);
        let standard = |n: u32| format!("l_own/t/n={n}/m=1");
        for n in 1..=4 {
            let place = lake.uri(&standard(n));
            lake.raw.partition(&made, &[&n.to_string(), "1"], &place, PARQUET);
        }
        // The place of n=2, one inside that of n=3, one above that of n=4, and two beside each other elsewhere.
        let (same, inside) = (lake.uri(&standard(2)), lake.uri("l_own/t/n=3/m=1/deep"));
        let (above, elsewhere) = (lake.uri("l_own/t/n=4"), lake.uri("aside/x"));
        for (n, place) in [("12", &same), ("13", &inside), ("14", &above), ("15", &elsewhere), ("16", &elsewhere)] {
            lake.raw.partition(&made, &[n, "1"], place, PARQUET);
        }
        let shared = async |n: u32| lake.shared("l_own.t", Some(&format!("n={n}/m=1"))).await.join("; ");
        assert_eq!(shared(1).await, "", "{generation:?}");
        for (one, other, how) in [
            (2, 12, "the same location"),
            (12, 2, "the same location"),
            (3, 13, "a location inside it"),
            (13, 3, "a location above it"),
            (4, 14, "a location above it"),
            (14, 4, "a location inside it"),
            (15, 16, "the same location"),
            (16, 15, "the same location"),
        ] {
            let text = shared(one).await;
            assert!(text.contains(&format!("l_own.t n={other}/m=1 has {how}")), "{generation:?} {one}: {text}");
        }
    }
}

#[tokio::test]
async fn tables_that_were_not_looked_at_for_strays_are_told() {
    for generation in GENERATIONS {
        let mut lake = Lake::on(generation);
        lake.database("l_many");
        lake.raw.table(&lake.external("l_many", "taken"));
        let taken = lake.uri("l_many/taken");
        let few = lake.external("l_many", "few").keys(&[("n", "int")]);
        let many = lake.external("l_many", "many").keys(&[("n", "int")]);
        for (table, partitions) in [(&few, 1), (&many, 3)] {
            lake.raw.table(table);
            for n in 0..partitions {
                // The last one of the larger table is put where another table is.
                let own = lake.uri(&format!("l_many/{}/n={n}", table.name));
                let place = if n == 2 { &taken } else { &own };
                lake.raw.partition(table, &[&n.to_string()], place, PARQUET);
            }
        }
        let target = lake.target("l_many.taken", None).await.unwrap();
        let look = async |catalog: HiveCatalog| {
            let shared = catalog.shared_location(&target.id, &target.location).await.unwrap();
            let unseen = catalog.unseen_locations().await;
            let ours: Vec<String> =
                unseen.iter().filter(|name| name.database == "l_many").map(|name| name.table.clone()).collect();
            (texts(&shared).join("; "), ours)
        };
        let (shared, unseen) = look(lake.catalog.clone().with_other_tables(50_000, 200_000)).await;
        assert!(
            shared.contains("l_many.many n=2 has the same location") && unseen.is_empty(),
            "{generation:?} {shared}"
        );
        let (shared, unseen) = look(lake.catalog.clone().with_other_tables(2, 200_000)).await;
        assert_eq!((shared.as_str(), unseen), ("", vec!["many".to_owned()]), "{generation:?}");
        let (_, unseen) = look(lake.catalog.clone().with_other_tables(50_000, 0)).await;
        assert_eq!(unseen, ["few", "many"], "the small ones first, {generation:?}");
    }
}
