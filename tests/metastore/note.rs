//! Step 8 on real metastores: the numbers change, everything else stays.

use lakehand::catalog::thrift::{Struct, Value};
use lakehand::catalog::{HiveCatalog, Write};

use crate::lake::{GENERATIONS, Lake, catalog, configured, id};
use crate::raw::PARQUET;

fn updating(lake: &Lake) -> HiveCatalog {
    catalog(lakehand::config::Metastore { update: true, ..configured(lake.metastore) }, &lake.root)
}

/// A struct without what the exchange may change.
fn without(mut fields: Struct, parameters: i16, keys: &[&str]) -> Struct {
    if let Some(Value::Map(_, _, pairs)) = fields.get_mut(parameters) {
        pairs.retain(|(key, _)| !keys.contains(&key.as_text().unwrap()));
        pairs.sort_by(|one, other| one.0.as_text().cmp(&other.0.as_text()));
    }
    fields
}

const CHANGED: [&str; 4] = ["numFiles", "totalSize", "transient_lastDdlTime", "spark.sql.statistics.totalSize"];

#[tokio::test]
async fn an_update_changes_the_numbers_and_nothing_else() {
    for generation in GENERATIONS {
        let mut lake = Lake::on(generation);
        lake.database("n_update");
        let made = lake.external("n_update", "t").keys(&[("dt", "string")]).parameter("comment", "ü, not ASCII");
        lake.raw.table(&made);
        let place = lake.uri("n_update/t/dt=1");
        std::fs::create_dir_all(lake.path("n_update/t/dt=1")).unwrap();
        std::fs::write(lake.path("n_update/t/dt=1/part-0"), b"12345").unwrap();
        lake.raw.partition(&made, &["1"], &place, PARQUET);
        lake.raw.table(&lake.external("n_update", "whole").parameter("spark.sql.statistics.totalSize", "1"));
        // Statistics as an ANALYZE leaves them.
        let mut analyzed = lake.raw.get("n_update", "t", Some("dt=1"));
        for (key, value) in
            [("numRows", "5"), ("rawDataSize", "55"), ("COLUMN_STATS_ACCURATE", "{\"BASIC_STATS\":\"true\"}")]
        {
            analyzed.set_entry(7, key, value);
        }
        let context = Struct::new().with(1, Value::text_map([("DO_NOT_UPDATE_STATS", "true")]));
        let alter = Struct::new()
            .with(1, Value::text("n_update"))
            .with(2, Value::text("t"))
            .with(3, Value::structs([analyzed]))
            .with(4, Value::Struct(context));
        lake.raw.call("alter_partitions_with_environment_context", alter);
        let (before, whole) = (lake.raw.get("n_update", "t", Some("dt=1")), lake.raw.get("n_update", "whole", None));
        assert_eq!(before.entry(7, "numRows"), Some("5"));
        let catalog = updating(&lake);
        catalog.note_exchange(&id("n_update.t", Some("dt=1")), 2, 777).await.unwrap();
        catalog.note_exchange(&id("n_update.whole", None), 3, 888).await.unwrap();
        let after = lake.raw.get("n_update", "t", Some("dt=1"));
        assert_eq!((after.entry(7, "numFiles"), after.entry(7, "totalSize")), (Some("2"), Some("777")));
        assert_eq!(after.entry(7, "spark.sql.statistics.totalSize"), None);
        assert_eq!(without(after, 7, &CHANGED), without(before, 7, &CHANGED), "{generation:?}");
        let after = lake.raw.get("n_update", "whole", None);
        assert_eq!((after.entry(9, "numFiles"), after.entry(9, "totalSize")), (Some("3"), Some("888")));
        assert_eq!(after.entry(9, "spark.sql.statistics.totalSize"), Some("888"));
        assert_eq!(without(after, 9, &CHANGED), without(whole, 9, &CHANGED), "{generation:?}");
        let error = catalog.note_exchange(&id("n_update.t", Some("dt=2")), 2, 7).await.unwrap_err();
        assert_eq!(error.code(), lakehand::error::Code::NotFound);
    }
}

#[tokio::test]
async fn nothing_is_written_by_default() {
    for generation in GENERATIONS {
        let mut lake = Lake::on(generation);
        lake.database("n_none");
        lake.raw.table(&lake.external("n_none", "t"));
        let before = lake.raw.get("n_none", "t", None);
        lake.catalog.note_exchange(&id("n_none.t", None), 2, 777).await.unwrap();
        assert_eq!(lake.raw.get("n_none", "t", None), before);
    }
}

#[tokio::test]
async fn an_event_is_taken_by_every_generation() {
    for generation in GENERATIONS {
        let mut lake = Lake::on(generation);
        lake.database("n_event");
        let made = lake.external("n_event", "t").keys(&[("dt", "string")]);
        lake.raw.table(&made);
        let place = lake.uri("n_event/t/dt=1");
        lake.raw.partition(&made, &["1"], &place, PARQUET);
        lake.raw.table(&lake.external("n_event", "whole"));
        let catalog = catalog(lakehand::config::Metastore { event: true, ..configured(lake.metastore) }, &lake.root);
        catalog.note_exchange(&id("n_event.t", Some("dt=1")), 2, 777).await.unwrap();
        catalog.note_exchange(&id("n_event.whole", None), 2, 777).await.unwrap();
        assert!(catalog.note_exchange(&id("n_event.gone", None), 2, 777).await.is_err());
    }
}
