//! Room by quotas: the tightest of the directories on the way to the top.
//!
//! A quota is only told together with a count of everything below, which a NameNode makes by walking: so the top and the
//! directories right below it are not asked, an answer that takes too long or is not allowed ends the way up, and
//! answers are kept for some minutes. What is missed here shows when something is written, and then nothing was
//! exchanged yet.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::connection::Connection;
use crate::error::{Code, Result};
use crate::model::{Size, StorePath};
use crate::store::Room;

/// How long an answer is kept.
const KEPT: Duration = Duration::from_secs(300);
/// Directories of fewer parts are not asked.
const DEPTH: usize = 2;
/// What says that there is no quota: the largest number, signed or not.
const NONE: u64 = i64::MAX as u64;

/// What a directory has left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Left {
    bytes: Option<u64>,
    names: Option<u64>,
}

/// Answers, and when they were given.
pub(super) type Answers = Mutex<HashMap<StorePath, (Instant, Left)>>;

/// The room below a directory.
pub(super) async fn below(connection: &Connection, directory: &StorePath) -> Result<Room> {
    let replication = connection.replication();
    let mut room = Room { bytes: None, names: None, limit: format!("the quotas above {directory}") };
    let mut at = Some(directory.clone());
    while let Some(path) = at.filter(|path| path.as_str().split('/').skip(1).count() >= DEPTH) {
        let left = match left(connection, &path).await {
            Ok(left) => left,
            Err(error) if matches!(error.code(), Code::Unavailable | Code::Permission) => break,
            Err(error) => return Err(error),
        };
        // A space quota counts every replica.
        let bytes = left.bytes.map(|bytes| bytes / replication);
        if bytes.is_some_and(|bytes| room.bytes.is_none_or(|least| bytes < least.0)) {
            room.bytes = bytes.map(Size);
            room.limit = format!("the quota of {path}");
        }
        if left.names.is_some_and(|names| room.names.is_none_or(|least| names < least)) {
            room.names = left.names;
            room.limit = format!("the quota of {path}");
        }
        at = path.parent();
    }
    Ok(room)
}

async fn left(connection: &Connection, path: &StorePath) -> Result<Left> {
    let kept = |answers: &Answers| {
        let answers = answers.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        answers.get(path).filter(|(when, _)| when.elapsed() < KEPT).map(|(_, left)| *left)
    };
    if let Some(left) = kept(connection.quotas()) {
        return Ok(left);
    }
    let text = path.to_string();
    let call = move |client: hdfs_native::Client| async move { client.get_content_summary(&text).await };
    let found = connection.look("ask for the quota of", path.as_str(), call).await?;
    let quota = |quota: u64, used: u64| (quota < NONE).then(|| quota.saturating_sub(used));
    let left = Left {
        bytes: quota(found.space_quota, found.space_consumed),
        names: quota(found.quota, found.file_count.saturating_add(found.directory_count)),
    };
    let mut answers = connection.quotas().lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    answers.insert(path.clone(), (Instant::now(), left));
    Ok(left)
}
