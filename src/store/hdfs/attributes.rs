//! Owner, group, mode, ACLs, replication and times: read, and given to what we made.

use hdfs_native::HdfsError;
use hdfs_native::acl::AclStatus;
use hdfs_native::client::FileStatus;

use super::connection::Connection;
use super::failure::Kind;
use super::pace::Pace;
use super::{acl, entry};
use crate::error::{Code, Error, Result};
use crate::model::{Attributes, FileTime, Owner, StorePath, clean};
use crate::store::Entry;

/// "Leave it as it is" for a time.
const LEAVE: u64 = u64::MAX;
const STICKY: u32 = 0o1000;

/// What a path has, without the replication.
pub(super) struct Found {
    owner: Owner,
    mode: u32,
    acl: Vec<u8>,
    default_acl: Vec<u8>,
}

impl Found {
    fn of(status: &AclStatus) -> Found {
        let sticky = if status.sticky { STICKY } else { 0 };
        Found {
            owner: Owner { user: status.owner.clone(), group: status.group.clone() },
            mode: u32::from(status.permission) & entry::MODE_BITS | sticky,
            acl: acl::access(status),
            default_acl: acl::default(status),
        }
    }
}

/// The attributes of a file or a directory.
pub(super) async fn read(connection: &Connection, path: &StorePath) -> Result<Attributes> {
    let (status, found) = futures::future::try_join(status(connection, path), found(connection, path.as_str())).await?;
    Ok(together(&entry::of(&status)?, found))
}

/// The attributes of what a listing told everything of but the ACLs.
pub(super) async fn read_listed(connection: &Connection, path: &StorePath, listed: &Entry) -> Result<Attributes> {
    Ok(together(listed, found(connection, path.as_str()).await?))
}

fn together(entry: &Entry, found: Option<Found>) -> Attributes {
    let found = found.unwrap_or_else(|| Found {
        owner: entry.owner.clone(),
        mode: entry.mode,
        acl: Vec::new(),
        default_acl: Vec::new(),
    });
    Attributes {
        owner: found.owner,
        mode: found.mode,
        acl: found.acl,
        default_acl: found.default_acl,
        replication: entry.replication,
    }
}

async fn status(connection: &Connection, path: &StorePath) -> Result<FileStatus> {
    let text = path.to_string();
    connection.look("look at", path.as_str(), move |client| async move { client.get_file_info(&text).await }).await
}

/// Owner, mode and ACLs; none where the NameNode keeps no ACLs.
async fn found(connection: &Connection, path: &str) -> Result<Option<Found>> {
    let text = path.to_owned();
    connection
        .look("read the ACL of", path, move |client| async move {
            match client.get_acl_status(&text).await {
                Ok(status) => Ok(Some(Found::of(&status))),
                Err(HdfsError::RPCError(class, why)) if class.ends_with("AclException") && why.contains("disabled") => {
                    Ok(None)
                }
                Err(error) => Err(error),
            }
        })
        .await
}

/// Makes a directory and gives it its attributes; what could not get them is removed again.
pub(super) async fn make_dir(connection: &Connection, path: &StorePath, wanted: &Attributes) -> Result<()> {
    let (text, mode) = (path.to_string(), wanted.mode & entry::MODE_BITS);
    connection
        .call(Pace::Work, Kind::Change, "make the directory", path.as_str(), move |client| async move {
            client.mkdirs(&text, mode, false).await
        })
        .await?;
    let given = match give(connection, path.as_str(), wanted).await {
        Ok(()) => as_parent(connection, path, wanted).await,
        Err(error) => Err(error),
    };
    if given.is_err() {
        let text = path.to_string();
        // It is ours and empty; if somebody used it meanwhile, it stays.
        let removed = connection
            .call(Pace::Work, Kind::Change, "remove", path.as_str(), move |client| async move {
                client.delete(&text, false).await
            })
            .await;
        drop(removed);
    }
    given
}

/// A directory whose owner does not matter gets its parent's where we may give it away: who may replace a target must
/// be able to delete what lies in it.
async fn as_parent(connection: &Connection, path: &StorePath, wanted: &Attributes) -> Result<()> {
    if !wanted.owner.user.is_empty() || !connection.may_give_away() {
        return Ok(());
    }
    let Some(parent) = path.parent() else { return Ok(()) };
    let (above, mine) = futures::future::try_join(status(connection, &parent), status(connection, path)).await?;
    if above.owner == mine.owner {
        return Ok(());
    }
    match set_owner(connection, path.as_str(), Some(above.owner), None).await {
        Err(error) if error.code() == Code::Owner => {
            connection.cannot_give_away();
            Ok(())
        }
        other => other,
    }
}

/// Gives what we made its owner, group, ACL and mode. The owner comes first, and the mode after the ACL: its group bits
/// are the mask of one.
pub(super) async fn give(connection: &Connection, path: &str, wanted: &Attributes) -> Result<()> {
    if wanted.mode & !entry::MODE_BITS & 0o7777 != 0 {
        return Err(Error::new(Code::Permission, format!("could not set the mode of {}", clean(path)))
            .why(format!("{:o} has setuid or setgid bits, which HDFS does not keep", wanted.mode & 0o7777)));
    }
    let now = found(connection, path).await?;
    let (owner, mode) = match &now {
        Some(found) => (found.owner.clone(), Some(found.mode)),
        None => (Owner::default(), None),
    };
    let differs = |wanted: &str, now: &str| Some(wanted.to_owned()).filter(|name| !name.is_empty() && *name != now);
    let user = differs(&wanted.owner.user, &owner.user);
    let group = differs(&wanted.owner.group, &owner.group);
    if user.is_some() || group.is_some() {
        set_owner(connection, path, user, group).await?;
    }
    let has = now.as_ref().is_some_and(|found| !found.acl.is_empty() || !found.default_acl.is_empty());
    let wants = !wanted.acl.is_empty() || !wanted.default_acl.is_empty();
    let same = now.as_ref().is_some_and(|found| found.acl == wanted.acl && found.default_acl == wanted.default_acl);
    if (has || wants) && !same {
        set_acl(connection, path, wanted).await?;
    }
    if mode != Some(wanted.mode) || has || wants {
        let (text, mode) = (path.to_owned(), wanted.mode);
        connection
            .call(Pace::Work, Kind::Change, "set the mode of", path, move |client| async move {
                client.set_permission(&text, mode).await
            })
            .await?;
    }
    Ok(())
}

async fn set_owner(connection: &Connection, path: &str, user: Option<String>, group: Option<String>) -> Result<()> {
    let text = path.to_owned();
    let call = move |client: hdfs_native::Client| async move {
        client.set_owner(&text, user.as_deref(), group.as_deref()).await
    };
    connection.call(Pace::Work, Kind::Change, "set the owner of", path, call).await.map_err(|error| {
        match error.code() {
            Code::Permission => error.with_code(Code::Owner),
            _ => error,
        }
    })
}

async fn set_acl(connection: &Connection, path: &str, wanted: &Attributes) -> Result<()> {
    let entries = acl::entries(&wanted.acl, &wanted.default_acl, wanted.mode)?;
    let (text, none) = (path.to_owned(), wanted.acl.is_empty() && wanted.default_acl.is_empty());
    connection
        .call(Pace::Work, Kind::Change, "set the ACL of", path, move |client| async move {
            if none { client.remove_acl(&text).await } else { client.set_acl(&text, entries).await }
        })
        .await
}

/// Gives a file its number of replicas.
pub(super) async fn set_replication(connection: &Connection, path: &str, count: u16) -> Result<()> {
    let text = path.to_owned();
    let set = connection
        .call(Pace::Work, Kind::Change, "set the replication of", path, move |client| async move {
            client.set_replication(&text, u32::from(count)).await
        })
        .await?;
    if set {
        return Ok(());
    }
    Err(Error::new(Code::UnsupportedStore, format!("could not set the replication of {}", clean(path)))
        .why("HDFS refused it"))
}

/// Gives a file or directory its modification time, in whole milliseconds.
pub(super) async fn set_modified(connection: &Connection, path: &str, modified: FileTime) -> Result<()> {
    let text = path.to_owned();
    connection
        .call(Pace::Exchange, Kind::Change, "set the time of", path, move |client| async move {
            client.set_times(&text, entry::millis(modified), LEAVE).await
        })
        .await
}
