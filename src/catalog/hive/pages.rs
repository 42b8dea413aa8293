//! The partitions of a table in pages: their names in one reply, read one by one, and then they themselves by some of
//! their names. A million names are a reply of some 40 MB and nothing else; the partitions of a page are all that is
//! held of them.

use std::sync::Arc;

use async_trait::async_trait;

use super::HiveCatalog;
use super::facts::{Known, first_values, read_partition};
use super::thrift::Texts;
use crate::catalog::Partitions;
use crate::error::{Code, Error, Result};
use crate::model::{Partition, PartitionSpec};

/// The most partitions of a call; many servers allow no more.
const MOST: usize = 500;
/// Values that a reply should have at most: each partition repeats the table's columns.
const VALUES: usize = 200_000;

/// A table's partitions, or those under a prefix.
#[derive(Debug)]
pub(super) struct Pages {
    catalog: HiveCatalog,
    known: Arc<Known>,
    names: Names,
    page: usize,
}

/// The names that are left.
#[derive(Debug)]
pub(super) struct Names {
    texts: Texts,
    prefix: Option<PartitionSpec>,
}

impl Names {
    /// How many are left, those that are not under the prefix too.
    pub(super) fn left(&self) -> usize {
        self.texts.left()
    }

    /// Up to so many of them, of those under the prefix; nothing at the end.
    pub(super) fn next(&mut self, most: usize) -> Result<Vec<String>> {
        let mut names = Vec::new();
        while names.len() < most {
            let Some(name) = self.texts.next_text()? else { break };
            if self.prefix.as_ref().is_none_or(|prefix| is_under(prefix, &name)) {
                names.push(name);
            }
        }
        Ok(names)
    }
}

/// A server may answer with more than was asked for: an empty value is any value to it.
fn is_under(prefix: &PartitionSpec, name: &str) -> bool {
    PartitionSpec::parse(name).is_ok_and(|spec| prefix.is_prefix_of(&spec))
}

/// How many partitions of a table are asked for in one call.
pub(super) fn page_size(known: &Known, limit: Option<usize>) -> usize {
    // A partition without columns has about sixty values, a column four.
    let by_values = VALUES / (60 + 4 * known.columns);
    by_values.min(limit.unwrap_or(MOST)).clamp(1, MOST)
}

impl HiveCatalog {
    /// Begins with the names.
    pub(super) async fn names(&self, known: &Known, prefix: Option<&PartitionSpec>) -> Result<Names> {
        let name = &known.table.name;
        let first = prefix.map(first_values).unwrap_or_default();
        match self.client.partition_names(&name.database, &name.table, &first).await? {
            Some(texts) => Ok(Names { texts, prefix: prefix.cloned() }),
            None => Err(Error::new(Code::TableNotFound, format!("there is no table {name} any more"))),
        }
    }

    /// Some partitions by name; none twice, and none that was not asked for.
    pub(super) async fn some_partitions(&self, known: &Known, names: &[String]) -> Result<Vec<Partition>> {
        let name = &known.table.name;
        let found = self.client.partitions(&name.database, &name.table, names).await?;
        Ok(found.iter().map(|fields| read_partition(known, fields, &self.ground)).collect())
    }

    /// The partitions from the first page on.
    pub(super) async fn pages(&self, known: Arc<Known>, prefix: Option<&PartitionSpec>) -> Result<Pages> {
        let names = self.names(&known, prefix).await?;
        let page = page_size(&known, self.limit().await?);
        Ok(Pages { catalog: self.clone(), known, names, page })
    }
}

#[async_trait]
impl Partitions for Pages {
    async fn next_page(&mut self) -> Result<Option<Vec<Partition>>> {
        let names = self.names.next(self.page)?;
        if names.is_empty() {
            return Ok(None);
        }
        self.catalog.some_partitions(&self.known, &names).await.map(Some)
    }
}
