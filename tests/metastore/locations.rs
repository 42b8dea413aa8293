//! The location graph.

use crate::lake::{GENERATIONS, Lake};
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
