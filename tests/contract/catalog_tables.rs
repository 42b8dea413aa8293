//! Databases and tables of a directory lake, and those that belong to another table format.

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;

use lakehand::catalog::{DirectoryCatalog, Read};
use lakehand::error::Code;
use lakehand::model::{Partition, PartitionSpec, StorePath, Table, TableName, TargetId};
use lakehand::store::LocalStore;
use tempfile::TempDir;

/// A lake on the disk and its catalog.
pub struct Lake {
    directory: TempDir,
    pub root: StorePath,
    pub catalog: DirectoryCatalog,
}

impl Lake {
    /// Makes these files (with what is above them), or directories where the path ends with `/`.
    pub fn with(paths: &[&str]) -> Lake {
        let directory = tempfile::tempdir().unwrap();
        let root = StorePath::new(directory.path().canonicalize().unwrap().to_str().unwrap()).unwrap();
        let store = Arc::new(LocalStore::below(root.clone()));
        let lake = Lake { directory, catalog: DirectoryCatalog::new(store, root.clone()), root };
        for path in paths {
            lake.add(path);
        }
        lake
    }

    pub fn path(&self, relative: impl AsRef<Path>) -> std::path::PathBuf {
        self.directory.path().join(relative)
    }

    pub fn add(&self, relative: &str) {
        let path = self.path(relative);
        if relative.ends_with('/') {
            std::fs::create_dir_all(path).unwrap();
        } else {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, b"x").unwrap();
        }
    }

    pub async fn table(&self, name: &str) -> Table {
        self.catalog.table(&TableName::parse(name).unwrap()).await.unwrap()
    }

    /// All partitions by name, with their refusals.
    pub async fn partitions(&self, name: &str, prefix: Option<&str>) -> Vec<Partition> {
        let table = self.table(name).await;
        let prefix = prefix.map(|prefix| PartitionSpec::parse(prefix).unwrap());
        let mut pages = self.catalog.partitions(&table, prefix.as_ref()).await.unwrap();
        let mut partitions = Vec::new();
        while let Some(page) = pages.next_page().await.unwrap() {
            partitions.extend(page);
        }
        partitions.sort_by(|one, other| one.id.cmp(&other.id));
        partitions
    }

    pub async fn target(&self, table: &str, partition: Option<&str>) -> Option<Partition> {
        let id = TargetId::new(&TableName::parse(table).unwrap(), partition.map(str::to_owned));
        self.catalog.target(&id).await.unwrap()
    }
}

/// The texts of refusals.
pub fn texts(reasons: &[lakehand::error::Reason]) -> Vec<&str> {
    reasons.iter().map(|reason| reason.text.as_str()).collect()
}

async fn table_names(lake: &Lake, database: &str) -> Vec<String> {
    lake.catalog.tables(database).await.unwrap().into_iter().map(|name| name.table).collect()
}

#[tokio::test]
async fn databases_are_directories_with_or_without_the_ending() {
    let lake = Lake::with(&[
        "web.db/b/f",
        "web.db/a/f",
        "raw/t/f",
        ".lakehand/x/f",
        "_tmp/t/f",
        ".db/t/f",
        "file",
        "web.db/file",
    ]);
    assert_eq!(lake.catalog.databases().await.unwrap(), ["raw", "web"]);
    assert_eq!(table_names(&lake, "web").await, ["a", "b"]);
    assert_eq!(table_names(&lake, "raw").await, ["t"]);
    let table = lake.table("web.a").await;
    assert_eq!(table.location, lake.root.join_all("web.db/a"));
    assert!(table.refusals.is_empty() && !table.is_partitioned() && table.identity.is_empty());
}

#[tokio::test]
async fn what_is_missing_names_the_nearest() {
    let lake = Lake::with(&["sales.db/orders/f", "sales.db/customers/f", "web.db/t/f"]);
    let error = lake.catalog.tables("slaes").await.unwrap_err();
    assert_eq!((error.code(), error.next_step()), (Code::DatabaseNotFound, Some("did you mean sales?")));
    let error = lake.catalog.tables("finance").await.unwrap_err();
    assert_eq!((error.code(), error.next_step()), (Code::DatabaseNotFound, None));
    let error = lake.catalog.table(&TableName::new("sales", "Order")).await.unwrap_err();
    assert_eq!((error.code(), error.next_step()), (Code::TableNotFound, Some("did you mean orders?")));
    for (database, table) in [
        ("..", "x"),
        ("sales", ".."),
        ("sales", ""),
        ("", ""),
        ("sales.db", "orders"),
        ("sales", "../web.db/t"),
        ("sales", "a\0b"),
    ] {
        let error = lake.catalog.table(&TableName::new(database, table)).await.unwrap_err();
        assert!(matches!(error.code(), Code::DatabaseNotFound | Code::TableNotFound), "{database}.{table}: {error}");
        let id = TargetId::new(&TableName::new(database, table), None);
        assert_eq!(lake.catalog.target(&id).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_lake_that_is_gone_is_an_error() {
    let lake = Lake::with(&[]);
    assert!(lake.catalog.databases().await.unwrap().is_empty());
    std::fs::remove_dir(lake.path("")).unwrap();
    assert_eq!(lake.catalog.databases().await.unwrap_err().code(), Code::LakeNotFound);
}

#[tokio::test]
async fn two_directories_of_one_database_refuse_its_tables() {
    let lake = Lake::with(&["web.db/a/f", "web/b/f", "raw/t/f"]);
    assert_eq!(lake.catalog.databases().await.unwrap(), ["raw", "web"]);
    assert_eq!(table_names(&lake, "web").await, ["a", "b"]);
    for table in ["web.a", "web.b"] {
        assert_eq!(texts(&lake.table(table).await.refusals), ["web.db and web are both the database web; rename one"]);
    }
    assert!(lake.table("raw.t").await.refusals.is_empty());
}

#[tokio::test]
async fn tables_of_other_formats_are_refused_with_what_compacts_them() {
    for (mark, code, says) in [
        ("d/t/metadata/00001-abc.metadata.json", Code::UnsupportedTable, "rewrite_data_files"),
        ("d/t/metadata/v1.gz.metadata.json", Code::UnsupportedTable, "Iceberg"),
        ("d/t/_delta_log/00000000000000000000.json", Code::UnsupportedTable, "OPTIMIZE"),
        ("d/t/.hoodie/hoodie.properties", Code::UnsupportedTable, "Hudi"),
        ("d/t/_spark_metadata/0", Code::UnsupportedTable, "_spark_metadata"),
        // The lake was opened one level too deep, or inside somebody's table.
        ("d/_delta_log/0.json", Code::UnsupportedTable, "Delta"),
        ("metadata/v2.metadata.json", Code::UnsupportedTable, "Iceberg"),
        ("d/.lakehand/x", Code::NestedLake, "--lake"),
        ("d/t/.lakehand/x", Code::NestedLake, "--lake"),
    ] {
        let lake = Lake::with(&["d/t/data.parquet", mark]);
        let refusals = lake.table("d.t").await.refusals;
        assert_eq!(refusals.len(), 1, "{mark}: {refusals:?}");
        assert_eq!(refusals[0].code, code);
        assert!(refusals[0].text.contains(says), "{mark}: {refusals:?}");
        assert_eq!(lake.target("d.t", None).await.unwrap().refusals[..1], refusals[..1], "{mark}");
    }
    let lake = Lake::with(&["d/t/data.parquet", "d/other/_delta_log/0.json", ".lakehand/d/t/"]);
    assert!(lake.table("d.t").await.refusals.is_empty(), "its neighbours and our own records do not matter");
}

#[tokio::test]
async fn a_lake_inside_a_foreign_table_is_recognised() {
    let outer = Lake::with(&["data/a/b/f.parquet", "metadata/v1.metadata.json"]);
    let root = outer.root.join("data");
    let catalog = DirectoryCatalog::new(Arc::new(LocalStore::below(root.clone())), root);
    let table = catalog.table(&TableName::new("a", "b")).await.unwrap();
    assert!(texts(&table.refusals)[0].contains("Iceberg"), "{:?}", table.refusals);
}

#[tokio::test]
async fn acid_tables_are_recognised_at_every_depth() {
    let lake = Lake::with(&[
        "d/flat/delta_0000001_0000001_0000/bucket_00000",
        "d/parted/dt=1/base_0000005/bucket_00000",
        "d/parted/dt=2/base_0000005/bucket_00000",
        "d/plain/base_camp",
    ]);
    assert!(texts(&lake.table("d.flat").await.refusals)[0].contains("ACID"));
    assert!(texts(&lake.target("d.flat", None).await.unwrap().refusals)[0].contains("ACID"));
    assert!(texts(&lake.table("d.parted").await.refusals)[0].contains("ACID"));
    assert!(texts(&lake.target("d.parted", Some("dt=1")).await.unwrap().refusals)[0].contains("ACID"));
    assert!(lake.target("d.plain", None).await.unwrap().refusals.is_empty());
}

#[tokio::test]
async fn links_are_refused_tables_and_odd_databases() {
    let lake = Lake::with(&["d/real/f", "elsewhere/t/f"]);
    symlink("real", lake.path("d/link")).unwrap();
    symlink("elsewhere", lake.path("linked.db")).unwrap();
    std::fs::create_dir(lake.path(std::ffi::OsStr::from_bytes(b"db\xff"))).unwrap();
    std::fs::create_dir(lake.path("d").join(std::ffi::OsStr::from_bytes(b"t\xff"))).unwrap();
    assert_eq!(table_names(&lake, "d").await, ["link", "real"]);
    let table = lake.table("d.link").await;
    assert_eq!(table.refusals[0].code, Code::UnsupportedEntry);
    assert!(lake.partitions("d.link", None).await.is_empty());
    assert_eq!(lake.target("d.link", None).await.unwrap().refusals[0].code, Code::UnsupportedEntry);
    assert_eq!(lake.catalog.databases().await.unwrap(), ["d", "elsewhere"]);
    assert_eq!(lake.catalog.tables("linked").await.unwrap_err().code(), Code::UnsupportedEntry);
    let odd = lake.catalog.oddities().await.unwrap();
    assert_eq!(odd.len(), 3, "{odd:?}");
}

#[tokio::test]
async fn a_partition_where_a_table_should_be_is_refused() {
    let lake = Lake::with(&["orders/dt=1/f"]);
    let refusals = lake.table("orders.dt=1").await.refusals;
    assert!(texts(&refusals)[0].contains("one directory further up"), "{refusals:?}");
}

#[tokio::test]
async fn statements_quote_names() {
    let lake = Lake::with(&[]);
    let id = TargetId::new(&TableName::new("we`b", "t"), Some("dt=1".to_owned()));
    let statements = lake.catalog.refresh_statements(&id);
    let trino =
        "CALL system.flush_metadata_cache(schema_name => 'we`b', table_name => 't'); -- Trino, in the lake's catalog";
    assert_eq!(statements, ["REFRESH TABLE `we``b`.`t`; -- Spark", "REFRESH `we``b`.`t`; -- Impala", trino]);
}
