//! Step 8: telling the metastore what an exchange left (PROTOCOL §4.8). Off by default.
//!
//! Invariants: what is written back is the struct as it was read at most a second before, with every field, known or
//! not, and only the numbers of files and bytes changed; it is written once, on the connection that it was read from.

use std::time::{Duration, Instant};

use super::HiveCatalog;
use super::client::Taken;
use super::facts::{BYTES, FILES, SPARK_BYTES, partition, table};
use super::thrift::Struct;
use crate::error::{Code, Error, Result};
use crate::model::TargetId;

/// How old what was read may be when it is written back.
const FRESH: Duration = Duration::from_secs(1);
/// How often it is read anew when the metastore is too slow for that.
const TRIES: usize = 3;

/// When it was written last, in seconds; readers compare it.
const LAST_CHANGE: &str = "transient_lastDdlTime";

impl HiveCatalog {
    /// Does what the profile says.
    pub(super) async fn note(&self, id: &TargetId, files: u64, bytes: u64) -> Result<()> {
        if self.metastore.update {
            self.update(id, files, bytes).await?;
        }
        if self.metastore.event {
            self.event(id).await?;
        }
        Ok(())
    }

    async fn update(&self, id: &TargetId, files: u64, bytes: u64) -> Result<()> {
        let mut taken = self.client.take().await?;
        let mut tries = 0;
        let (fields, read_at) = loop {
            let asked = Instant::now();
            let fields = read(&mut taken, id).await?;
            if asked.elapsed() < FRESH {
                break (fields, asked);
            }
            tries += 1;
            if tries == TRIES {
                return Err(Error::new(Code::Metastore, "the metastore is too slow to be updated safely")
                    .why("somebody could change the table between reading and writing it")
                    .lake("the files were exchanged; its numbers of files and bytes are the old ones"));
            }
        };
        let parameters = if id.partition.is_some() { partition::PARAMETERS } else { table::PARAMETERS };
        let changed = with_numbers(fields, parameters, files, bytes, chrono::Utc::now().timestamp());
        debug_assert!(read_at.elapsed() < FRESH * 2);
        let written = match id.partition {
            Some(_) => taken.alter_partition(&id.database, &id.table, changed).await,
            None => taken.alter_table(&id.database, &id.table, changed).await,
        };
        written.map_err(|error| match error.is_unknown_outcome() {
            true => error.lake(
                "the files were exchanged; whether the metastore has their numbers is unknown, it is not asked again",
            ),
            false => error.lake("the files were exchanged; the metastore has the old numbers"),
        })
    }

    async fn event(&self, id: &TargetId) -> Result<()> {
        let mut taken = self.client.take().await?;
        let since_3 = match taken.table(&id.database, &id.table).await? {
            Some(fields) => fields.get(table::CATALOG).is_some(),
            None => return Err(gone(id)),
        };
        let values = match &id.partition {
            None => None,
            Some(_) => Some(read(&mut taken, id).await?.list(partition::VALUES).to_vec()),
        };
        taken.insert_event(&id.database, &id.table, values.as_deref(), since_3).await
    }
}

async fn read(taken: &mut Taken<'_>, id: &TargetId) -> Result<Struct> {
    let found = match &id.partition {
        Some(name) => taken.partition(&id.database, &id.table, name).await?,
        None => taken.table(&id.database, &id.table).await?,
    };
    found.ok_or_else(|| gone(id))
}

fn gone(id: &TargetId) -> Error {
    Error::new(Code::NotFound, format!("{id} is no longer in the metastore"))
}

/// The struct with these numbers of files and bytes.
fn with_numbers(mut fields: Struct, parameters: i16, files: u64, bytes: u64, now: i64) -> Struct {
    fields.set_entry(parameters, FILES, &files.to_string());
    fields.set_entry(parameters, BYTES, &bytes.to_string());
    fields.set_entry(parameters, LAST_CHANGE, &now.to_string());
    let has_spark = fields.entry(parameters, SPARK_BYTES).is_some();
    if has_spark {
        fields.set_entry(parameters, SPARK_BYTES, &bytes.to_string());
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::super::thrift::Value;
    use super::*;

    #[test]
    fn only_the_numbers_change() {
        let before = Struct::new()
            .with(1, Value::texts(["2026-01-01"]))
            .with(
                7,
                Value::text_map([
                    ("numFiles", "30"),
                    ("numRows", "5"),
                    (SPARK_BYTES, "9"),
                    ("COLUMN_STATS_ACCURATE", "{}"),
                ]),
            )
            .with(99, Value::I64(7));
        let after = with_numbers(before.clone(), partition::PARAMETERS, 2, 400, 1_700_000_000);
        assert_eq!((after.get(1), after.get(99)), (before.get(1), before.get(99)));
        let expected = [
            ("numFiles", "2"),
            ("numRows", "5"),
            (SPARK_BYTES, "400"),
            ("COLUMN_STATS_ACCURATE", "{}"),
            ("totalSize", "400"),
            (LAST_CHANGE, "1700000000"),
        ];
        assert_eq!(after.get(7), Some(&Value::text_map(expected)));
        let plain = with_numbers(Struct::new(), partition::PARAMETERS, 2, 400, 1);
        assert_eq!(plain.entry(7, SPARK_BYTES), None);
    }
}
