//! A directory on the disk as a lake, and a metastore with tables in it.

use std::path::Path;

use lakehand::catalog::{Caller, HiveCatalog, Read};
use lakehand::config::{Metastore as Configured, MetastoreUri};
use lakehand::error::Reason;
use lakehand::model::{Partition, PartitionSpec, StorePath, Table, TableName, TargetId};
use tempfile::TempDir;

use crate::cluster::{Generation, Metastore, Security, metastore};
use crate::raw::{Made, Raw};

pub const GENERATIONS: [Generation; 3] = [Generation::V2, Generation::V3, Generation::V4];

pub struct Lake {
    pub metastore: &'static Metastore,
    directory: TempDir,
    pub root: StorePath,
    pub catalog: HiveCatalog,
    pub raw: Raw,
}

pub fn configured(metastore: &Metastore) -> Configured {
    Configured { uris: vec![MetastoreUri::parse(&metastore.uri()).unwrap()], ..Configured::default() }
}

impl Lake {
    /// On the shared metastore of that generation; databases need names of their own.
    pub fn on(generation: Generation) -> Lake {
        let metastore = metastore(generation, Security::None, None);
        let directory = tempfile::tempdir().unwrap();
        let root = StorePath::new(directory.path().canonicalize().unwrap().to_str().unwrap()).unwrap();
        let catalog = catalog(configured(metastore), &root);
        Lake { metastore, raw: Raw::to(metastore), catalog, root, directory }
    }

    /// The URI of a path below the lake's directory, as metastores have it.
    pub fn uri(&self, below: &str) -> String {
        format!("file:{}/{below}", self.root)
    }

    pub fn path(&self, below: &str) -> std::path::PathBuf {
        self.directory.path().join(Path::new(below))
    }

    /// An external table at `DATABASE/NAME` of the lake.
    pub fn external(&self, database: &str, name: &str) -> Made {
        Made::external(database, name, &self.uri(&format!("{database}/{name}")))
    }

    pub fn database(&mut self, name: &str) {
        let location = self.uri(name);
        self.raw.database(name, &location);
    }

    pub async fn table(&self, name: &str) -> Table {
        self.catalog.table(&TableName::parse(name).unwrap()).await.unwrap()
    }

    pub async fn partitions(&self, name: &str, prefix: Option<&str>) -> Vec<Partition> {
        let table = self.table(name).await;
        let prefix = prefix.map(|prefix| PartitionSpec::parse(prefix).unwrap());
        let mut pages = self.catalog.partitions(&table, prefix.as_ref()).await.unwrap();
        let mut partitions = Vec::new();
        while let Some(page) = pages.next_page().await.unwrap() {
            assert!(page.len() <= 500, "{}", page.len());
            partitions.extend(page);
        }
        partitions.sort_by(|one, other| one.id.cmp(&other.id));
        partitions
    }

    pub async fn target(&self, table: &str, partition: Option<&str>) -> Option<Partition> {
        self.catalog.target(&id(table, partition)).await.unwrap()
    }

    pub async fn shared(&self, table: &str, partition: Option<&str>) -> Vec<String> {
        let target = self.target(table, partition).await.unwrap();
        texts(&self.catalog.shared_location(&target.id, &target.location).await.unwrap())
    }
}

pub fn catalog(configured: Configured, root: &StorePath) -> HiveCatalog {
    HiveCatalog::new(
        configured,
        &format!("file://{root}"),
        root.clone(),
        Caller { user: "alice".to_owned(), ..Caller::default() },
    )
}

pub fn id(table: &str, partition: Option<&str>) -> TargetId {
    TargetId::new(&TableName::parse(table).unwrap(), partition.map(str::to_owned))
}

pub fn texts(reasons: &[Reason]) -> Vec<String> {
    reasons.iter().map(|reason| reason.text.clone()).collect()
}

pub fn names(partitions: &[Partition]) -> Vec<&str> {
    partitions.iter().map(|partition| partition.id.partition.as_deref().unwrap_or("-")).collect()
}
