//! Setting up a target's place, and taking it away when it is empty (PROTOCOL §2). Directories are made one by one,
//! each with the rights of its counterpart, never wider; another's `rmdir` may take one meanwhile, then it is made
//! again.

use crate::error::{Code, Error, Result};
use crate::ledger::names::PLACES;
use crate::ledger::place::place_of;
use crate::model::{Attributes, Owner, StorePath};
use crate::store::EntryKind;

use super::Context;

const ATTEMPTS: usize = 16;
const STICKY_AND_SETUID: u32 = 0o5000;
/// The superuser of a local disk may give directories away; others keep what they make. Who that is on a store of other
/// hosts only the store finds out.
const SUPERUSER: &str = "root";

/// Makes the place of a target where it is missing, and says where it is.
pub(super) async fn set_up(context: &Context, location: &StorePath) -> Result<StorePath> {
    let store = context.store.as_ref();
    let place = place_of(store, &context.root, location)?;
    for _ in 0..ATTEMPTS {
        if make_all(context, location, &place).await? {
            check_mount(context, location, &place).await?;
            return Ok(place);
        }
    }
    Err(Error::new(Code::Unavailable, format!("{place} could not be made"))
        .why("another process removes its directories as fast as they are made")
        .retryable())
}

async fn check_mount(context: &Context, location: &StorePath, place: &StorePath) -> Result<()> {
    if context.store.same_mount(location, place).await? {
        return Ok(());
    }
    Err(Error::new(Code::UnsupportedStore, format!("{location} lies on another mount than {place}"))
        .why("its files could not be renamed into their backup")
        .next("open the mounted directory as a lake of its own, with --lake"))
}

/// Whether every directory was there or was made; not, when one vanished under the next.
async fn make_all(context: &Context, location: &StorePath, place: &StorePath) -> Result<bool> {
    for (directory, counterpart) in levels(context, location, place)? {
        match context.store.stat(&directory).await? {
            Some(entry) if entry.kind == EntryKind::Directory => continue,
            Some(_) => {
                return Err(Error::new(Code::UnsupportedEntry, format!("{directory} is no directory"))
                    .why("this is where backups are kept"));
            }
            None => {}
        }
        let attributes = directory_attributes(context, &context.store.attributes(&counterpart).await?);
        match context.store.make_dir(&directory, &attributes).await {
            Ok(()) => sync_parent(context, &directory).await?,
            Err(error) if error.code() == Code::AlreadyExists => {}
            Err(error) if error.code() == Code::NotFound => return Ok(false),
            Err(error) => return Err(error.context(format!("{directory} could not be made"))),
        }
    }
    Ok(true)
}

/// The directories from the outermost to the place, each with the one whose rights it gets.
fn levels(context: &Context, location: &StorePath, place: &StorePath) -> Result<Vec<(StorePath, StorePath)>> {
    if context.store.capabilities().place_in_target {
        return Ok(vec![(place.clone(), location.clone())]);
    }
    let below = location
        .below(&context.root)
        .ok_or_else(|| Error::new(Code::Internal, format!("{location} lies outside {}", context.root)))?;
    let mut level = (context.root.join(PLACES), context.root.clone());
    let mut levels = vec![level.clone()];
    for part in below.split('/') {
        level = (level.0.join(part), level.1.join(part));
        levels.push(level.clone());
    }
    Ok(levels)
}

/// The rights of a directory of ours beside or in one with `counterpart`'s.
pub(super) fn directory_attributes(context: &Context, counterpart: &Attributes) -> Attributes {
    Attributes {
        owner: our_owner(context, &counterpart.owner),
        mode: counterpart.mode & !STICKY_AND_SETUID,
        replication: None,
        ..counterpart.clone()
    }
}

/// The rights of a record or tripwire in a directory with `directory`'s. A directory's ACL is kept, since its mode
/// alone would read its mask as the group's rights.
pub(super) fn record_attributes(context: &Context, directory: &Attributes) -> Attributes {
    let bits = if directory.acl.is_empty() { 0o666 } else { 0o777 };
    Attributes {
        owner: our_owner(context, &directory.owner),
        mode: directory.mode & bits | 0o600,
        acl: directory.acl.clone(),
        default_acl: Vec::new(),
        replication: None,
    }
}

fn our_owner(context: &Context, counterpart: &Owner) -> Owner {
    let gives_away = !context.store.capabilities().remote && context.me.user == SUPERUSER;
    let user = if gives_away { counterpart.user.clone() } else { String::new() };
    Owner { user, group: counterpart.group.clone() }
}

pub(super) async fn sync_parent(context: &Context, path: &StorePath) -> Result<()> {
    match path.parent() {
        Some(parent) => context.store.sync_dir(&parent).await,
        None => Ok(()),
    }
}

/// Removes the place and the directories above it, as far as they are empty.
pub(super) async fn tidy(context: &Context, place: &StorePath) {
    let end = context.root.join(PLACES);
    let in_target = context.store.capabilities().place_in_target;
    let mut directory = place.clone();
    while directory != end {
        match context.store.remove_dir(&directory).await {
            Ok(_) if !in_target => {}
            // Not empty, or already somebody else's business: either way nothing is left to do.
            Ok(_) | Err(_) => return,
        }
        let Some(parent) = directory.parent() else { return };
        directory = parent;
    }
}
