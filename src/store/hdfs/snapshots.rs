//! The snapshots that hold what lies below a directory. Only a directory that snapshots were allowed for has a
//! `.snapshot`, which lists them.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::connection::Connection;
use crate::error::{Code, Result};
use crate::model::StorePath;

const DIRECTORY: &str = ".snapshot";
/// How long an answer is kept: many targets have the same directories above them.
const KEPT: Duration = Duration::from_secs(300);

/// What is known, and since when.
pub(super) type Known = Mutex<HashMap<StorePath, (Instant, Vec<String>)>>;

/// The snapshots of a directory and of those above it.
pub(super) async fn above(connection: &Connection, directory: &StorePath) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let mut at = Some(directory.clone());
    while let Some(path) = at.filter(|path| path.parent().is_some()) {
        found.extend(of(connection, &path).await?);
        at = path.parent();
    }
    Ok(found)
}

async fn of(connection: &Connection, directory: &StorePath) -> Result<Vec<String>> {
    let known = |known: &Known| {
        let known = known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        known.get(directory).filter(|(when, _)| when.elapsed() < KEPT).map(|(_, names)| names.clone())
    };
    if let Some(names) = known(connection.snapshots()) {
        return Ok(names);
    }
    let path = directory.join(DIRECTORY).to_string();
    let listed = connection
        .look("list the snapshots of", directory.as_str(), move |client| async move {
            client.list_status(&path, false).await
        })
        .await;
    let names: Vec<String> = match listed {
        Ok(listed) => listed.into_iter().map(|status| status.path).collect(),
        // None were allowed for it, or they are none of ours: this is only told.
        Err(error) if matches!(error.code(), Code::NotFound | Code::Permission) => Vec::new(),
        Err(error) => return Err(error),
    };
    let mut known = connection.snapshots().lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    known.insert(directory.clone(), (Instant::now(), names.clone()));
    Ok(names)
}
