//! One target as it is now: each directory on the way to it, and what lies in it.

use super::classify::refused_kind;
use super::survey::Level;
use super::{DirectoryCatalog, formats};
use crate::error::{Code, Error, Result};
use crate::model::{Partition, PartitionSpec, StorePath, TargetId, clean};

/// Looks at a target; none where it is gone. What it should be is not asked: a table that has partitions now shows them
/// as what does not belong into the directory of an unpartitioned one.
pub(super) async fn look(catalog: &DirectoryCatalog, id: &TargetId) -> Result<Option<Partition>> {
    let name = id.table_name();
    let (mut location, kind) = match catalog.find_table(&name).await {
        Err(error) if matches!(error.code(), Code::TableNotFound | Code::DatabaseNotFound) => return Ok(None),
        found => found?,
    };
    let partition =
        |location: StorePath, refusals| Some(Partition { id: id.clone(), location, identity: String::new(), refusals });
    if let Some(reason) = refused_kind(kind, &location) {
        return Ok(partition(location, vec![reason]));
    }
    let mut refusals = catalog.place_refusals(&name, &location).await?;
    for part in parts(id)? {
        location = location.join(part);
        let Some(entry) = catalog.store.stat(&location).await? else { return Ok(None) };
        if let Some(reason) = refused_kind(entry.kind, &location) {
            return Ok(partition(location, vec![reason]));
        }
        refusals.extend(formats::foreign(&*catalog.store, &location).await?);
        refusals.extend(catalog.other_lake(&location).await?);
    }
    let survey = catalog.survey(&location).await?.forgive_empty(catalog, &location, Level::Data).await?;
    refusals.extend(survey.strays(Level::Data));
    Ok(partition(location, refusals))
}

/// The directory names of a partition, each of which must be one of a partition.
fn parts(id: &TargetId) -> Result<Vec<&str>> {
    let Some(partition) = &id.partition else { return Ok(Vec::new()) };
    let parts: Vec<&str> = partition.split('/').collect();
    for part in &parts {
        if part.starts_with(['.', '_']) || PartitionSpec::parse_part(part).is_err() {
            return Err(Error::new(Code::PartitionNotFound, format!("{} is not a partition", clean(partition))));
        }
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::TableName;

    #[test]
    fn only_partition_names_lead_down() {
        let id = |partition: &str| TargetId::new(&TableName::new("d", "t"), Some(partition.to_owned()));
        assert_eq!(parts(&id("dt=1/hour=2")).unwrap(), ["dt=1", "hour=2"]);
        for wrong in ["", "..", "dt=1/..", "dt=1//hour=2", "/dt=1", "_x=1", ".x=1", "dt"] {
            assert!(parts(&id(wrong)).is_err(), "{wrong}");
        }
        assert!(parts(&TargetId::new(&TableName::new("d", "t"), None)).unwrap().is_empty());
    }
}
