//! What every catalog has alike: the one target of an unpartitioned table, and the statements for readers.

use async_trait::async_trait;

use super::Partitions;
use crate::error::Result;
use crate::model::{Partition, Table, TargetId};

/// One page that is known already.
pub(super) struct OnePage(pub(super) Option<Vec<Partition>>);

#[async_trait]
impl Partitions for OnePage {
    async fn next_page(&mut self) -> Result<Option<Vec<Partition>>> {
        Ok(self.0.take())
    }
}

/// The one target of an unpartitioned table.
pub(super) fn whole_table(table: &Table) -> Partition {
    Partition {
        id: TargetId::new(&table.name, None),
        location: table.location.clone(),
        identity: table.identity.clone(),
        refusals: Vec::new(),
    }
}

/// The statements by which engines forget what they cached of a table.
pub(super) fn engine_statements(id: &TargetId) -> Vec<String> {
    let quoted = |name: &str| format!("`{}`", name.replace('`', "``"));
    let table = format!("{}.{}", quoted(&id.database), quoted(&id.table));
    let text = |name: &str| format!("'{}'", name.replace('\'', "''"));
    vec![
        format!("REFRESH TABLE {table}; -- Spark"),
        format!("REFRESH {table}; -- Impala"),
        format!(
            "CALL system.flush_metadata_cache(schema_name => {}, table_name => {}); -- Trino, in the lake's catalog",
            text(&id.database),
            text(&id.table)
        ),
    ]
}
