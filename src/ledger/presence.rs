//! Whether the path of a target still leads to the directory that an intent names.

use crate::error::Result;
use crate::model::StorePath;
use crate::store::{EntryKind, Read};

use super::classify::Directory;
use super::intent::Intent;

/// Looks. A store without locks has no identities either; there the epoch lies inside the target, and goes with it.
pub async fn directory(store: &dyn Read, location: &StorePath, intent: Option<&Intent>) -> Result<Directory> {
    if !store.capabilities().locks {
        let found = store.stat(location).await?;
        let there = found.is_some_and(|entry| entry.kind == EntryKind::Directory);
        return Ok(if there { Directory::Same } else { Directory::Gone });
    }
    Ok(match store.identity(location).await? {
        None => Directory::Gone,
        Some(now) => match intent.and_then(|intent| intent.directory.as_ref()) {
            Some(then) if *then != now => Directory::Other,
            _ => Directory::Same,
        },
    })
}
