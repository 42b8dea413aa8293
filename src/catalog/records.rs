//! Whether a directory is a lake of its own: a `.lakehand` of the same owner on the same mount lies in it. Two lakes
//! over the same files would not see each other's leases and backups (PROTOCOL §2).

use crate::error::Result;
use crate::model::StorePath;
use crate::store::{self, EntryKind, RECORDS_DIRECTORY};

/// Whether `directory` holds records of a lake that belongs to the owner of `lake` and is on its mount. Where places lie
/// inside the targets, every lake over them sees the same, and there is nothing to tell apart.
pub async fn holds_records(store: &dyn store::Read, directory: &StorePath, lake: &StorePath) -> Result<bool> {
    if store.capabilities().place_in_target {
        return Ok(false);
    }
    let records = directory.join(RECORDS_DIRECTORY);
    let Some(found) = store.stat(&records).await? else { return Ok(false) };
    if found.kind != EntryKind::Directory {
        return Ok(false);
    }
    let Some(root) = store.stat(lake).await? else { return Ok(false) };
    Ok(found.owner.user == root.owner.user && store.same_mount(&records, lake).await?)
}
