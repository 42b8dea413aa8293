//! ACLs as text, as `hdfs dfs -getfacl` writes them, one after the other: `user::rwx,user:alice:r-x,group::r-x,…`.
//!
//! The NameNode leaves out the entries of the owning user, of others and the mask, which the mode says, and takes only
//! whole ACLs. They are added here, so that what is kept can be given as it stands.

use hdfs_native::acl::{AclEntry, AclEntryScope, AclEntryType, AclStatus, FsAction};

use crate::error::{Code, Error, Result};
use crate::model::clean;

/// The access ACL, whole; empty where there is none beside the mode.
pub(super) fn access(status: &AclStatus) -> Vec<u8> {
    let entries: Vec<&AclEntry> = status.entries.iter().filter(|entry| is(entry, &AclEntryScope::Access)).collect();
    if entries.is_empty() {
        return Vec::new();
    }
    let mode = u32::from(status.permission);
    let mut text = vec![format!("user::{}", rights(mode >> 6))];
    text.extend(entries.iter().map(|entry| written(entry)));
    text.push(format!("mask::{}", rights(mode >> 3)));
    text.push(format!("other::{}", rights(mode)));
    text.join(",").into_bytes()
}

/// The default ACL of a directory.
pub(super) fn default(status: &AclStatus) -> Vec<u8> {
    let entries = status.entries.iter().filter(|entry| is(entry, &AclEntryScope::Default));
    entries.map(written).collect::<Vec<String>>().join(",").into_bytes()
}

/// The whole ACL to set for both; without an access ACL the mode's.
pub(super) fn entries(access: &[u8], default: &[u8], mode: u32) -> Result<Vec<AclEntry>> {
    let mut all = if access.is_empty() {
        let entry = |kind, bits| AclEntry::new(kind, AclEntryScope::Access, action(bits), None);
        vec![
            entry(AclEntryType::User, mode >> 6),
            entry(AclEntryType::Group, mode >> 3),
            entry(AclEntryType::Other, mode),
        ]
    } else {
        parse(access, &AclEntryScope::Access)?
    };
    all.extend(parse(default, &AclEntryScope::Default)?);
    Ok(all)
}

fn is(entry: &AclEntry, scope: &AclEntryScope) -> bool {
    entry.scope == *scope
}

fn written(entry: &AclEntry) -> String {
    format!("{}:{}:{}", entry.r#type, entry.name.as_deref().unwrap_or_default(), entry.permissions)
}

fn rights(bits: u32) -> String {
    action(bits).to_string()
}

fn action(bits: u32) -> FsAction {
    match bits & 7 {
        0 => FsAction::None,
        1 => FsAction::Execute,
        2 => FsAction::Write,
        3 => FsAction::WriteExecute,
        4 => FsAction::Read,
        5 => FsAction::ReadExecute,
        6 => FsAction::ReadWrite,
        _ => FsAction::PermAll,
    }
}

fn parse(text: &[u8], scope: &AclEntryScope) -> Result<Vec<AclEntry>> {
    let text = std::str::from_utf8(text).map_err(|_| unknown("it is no text"))?;
    text.split(',').filter(|entry| !entry.is_empty()).map(|entry| one(entry, scope)).collect()
}

fn one(text: &str, scope: &AclEntryScope) -> Result<AclEntry> {
    let parts: Vec<&str> = text.split(':').collect();
    let [kind, name, rights] = parts.as_slice() else { return Err(unknown(text)) };
    let kind = match *kind {
        "user" => AclEntryType::User,
        "group" => AclEntryType::Group,
        "mask" => AclEntryType::Mask,
        "other" => AclEntryType::Other,
        _ => return Err(unknown(text)),
    };
    let bits = ["---", "--x", "-w-", "-wx", "r--", "r-x", "rw-", "rwx"].iter().position(|known| known == rights);
    let bits = bits.and_then(|bits| u32::try_from(bits).ok()).ok_or_else(|| unknown(text))?;
    Ok(AclEntry::new(kind, scope.clone(), action(bits), Some((*name).to_owned()).filter(|name| !name.is_empty())))
}

fn unknown(text: &str) -> Error {
    Error::new(Code::UnsupportedStore, format!("{:?} is no ACL of HDFS", clean(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_server_leaves_out_is_added_and_can_be_given_back() {
        let named = |name: &str, scope: AclEntryScope| {
            AclEntry::new(AclEntryType::User, scope, FsAction::ReadExecute, Some(name.to_owned()))
        };
        let group = AclEntry::new(AclEntryType::Group, AclEntryScope::Access, FsAction::Read, None);
        let status = AclStatus {
            owner: "me".to_owned(),
            group: "us".to_owned(),
            sticky: false,
            entries: vec![
                named("alice", AclEntryScope::Access),
                group,
                named("bob", AclEntryScope::Default),
                AclEntry::new(AclEntryType::Other, AclEntryScope::Default, FsAction::None, None),
            ],
            permission: 0o754,
        };
        assert_eq!(access(&status), b"user::rwx,user:alice:r-x,group::r--,mask::r-x,other::r--");
        assert_eq!(default(&status), b"user:bob:r-x,other::---");
        let whole = entries(&access(&status), &default(&status), 0o754).unwrap();
        assert_eq!(whole.len(), 7);
        assert_eq!(whole[5], named("bob", AclEntryScope::Default));
        let by_mode = entries(b"", b"", 0o640).unwrap();
        assert_eq!(by_mode.iter().map(written).collect::<Vec<_>>(), ["user::rw-", "group::r--", "other::---"]);
        let none = AclStatus { entries: Vec::new(), ..status };
        assert!(access(&none).is_empty() && default(&none).is_empty());
        assert!(entries(b"user::rwz", b"", 0).is_err() && entries(b"x", b"", 0).is_err());
    }
}
