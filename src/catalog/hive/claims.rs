//! What the metastore claims of tables' sizes before anything is listed. Claims go stale with every insert; they are
//! shown with `~` and decide nothing.
//!
//! A partitioned table has none of its own: those of its partitions are summed up, where they are not too many and
//! while there is time.

use std::time::{Duration, Instant};

use futures::{StreamExt, stream};

use super::HiveCatalog;
use super::facts::{Known, claims, read_table};
use super::pages::page_size;
use crate::error::Result;
use crate::model::{Table, TableName};

/// Tables of a call.
const TABLES: usize = 100;
/// Tables that are summed up at a time.
const AT_A_TIME: usize = 4;
/// A table with more partitions is not summed up.
const PARTITIONS: usize = 1_000;

impl HiveCatalog {
    /// Those of the tables that are there; sums of partitions as far as the time goes.
    pub(super) async fn described_within(&self, names: &[TableName], limit: Duration) -> Result<Vec<Table>> {
        let begun = Instant::now();
        let mut tables = Vec::with_capacity(names.len());
        for chunk in names.chunk_by(|one, next| one.database == next.database).flat_map(|same| same.chunks(TABLES)) {
            let texts: Vec<String> = chunk.iter().map(|name| name.table.clone()).collect();
            let found = self.client.table_objects(&chunk[0].database, &texts).await?;
            let known = found.iter().map(|fields| read_table(&chunk[0], fields, &self.ground));
            let summed = known.map(|known| async move {
                let mut known = known;
                let wanted = known.table.is_partitioned() && known.table.claimed_files.is_none();
                if wanted && self.is_placed(&known.table) && begun.elapsed() < limit {
                    // Without sums the table is still one.
                    if let Ok(Some((files, bytes))) = self.sum(&known).await {
                        known.table.claimed_files = Some(files);
                        known.table.claimed_bytes = Some(bytes);
                    }
                }
                known.table
            });
            let mut described: Vec<Table> = stream::iter(summed).buffered(AT_A_TIME).boxed().collect().await;
            tables.append(&mut described);
        }
        Ok(tables)
    }

    /// The sums over all partitions; none where one of them claims nothing, or there are too many.
    async fn sum(&self, known: &Known) -> Result<Option<(u64, u64)>> {
        let name = &known.table.name;
        let mut names = self.names(known, None).await?;
        if names.left() > PARTITIONS {
            return Ok(None);
        }
        let page = page_size(known, self.limit().await?);
        let mut sum = (0_u64, 0_u64);
        loop {
            let some = names.next(page)?;
            if some.is_empty() {
                return Ok(Some(sum));
            }
            for fields in self.client.partitions(&name.database, &name.table, &some).await? {
                let Some((files, bytes)) = claims(&fields) else { return Ok(None) };
                sum = (sum.0.saturating_add(files), sum.1.saturating_add(bytes));
            }
        }
    }
}
