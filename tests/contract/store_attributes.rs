//! Owner, group, mode and ACLs: what was read can be given to something new, and comes back the same.

use lakehand::error::Code;
use lakehand::model::{Attributes, Owner};

use crate::bench::{benches, code, directory_attributes, file_attributes};

/// An ACL as the kernel keeps it: version 2, then tag, rights and id of each entry.
fn acl(group_rights: u16) -> Vec<u8> {
    let entries: [(u16, u16, u32); 5] =
        [(1, 7, u32::MAX), (2, 4, 4_321), (4, group_rights, u32::MAX), (16, 5, u32::MAX), (32, 0, u32::MAX)];
    let mut bytes = 2u32.to_le_bytes().to_vec();
    for (tag, rights, id) in entries {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(rights.to_le_bytes());
        bytes.extend(id.to_le_bytes());
    }
    bytes
}

#[tokio::test]
async fn modes_are_exact_whatever_the_umask_is() {
    for bench in benches() {
        for mode in [0o400, 0o644, 0o666, 0o777, 0o4755, 0o2640] {
            let name = format!("f{mode:o}");
            let file = bench.store.create(&bench.at(&name)).await.unwrap();
            file.finish(&Attributes { mode, ..Attributes::default() }, None).await.unwrap();
            assert_eq!(bench.store.attributes(&bench.at(&name)).await.unwrap().mode, mode, "{}", bench.name);
        }
        for mode in [0o700, 0o777, 0o2775, 0o1777] {
            let name = format!("d{mode:o}");
            let wanted = Attributes { mode, ..Attributes::default() };
            bench.store.make_dir(&bench.at(&name), &wanted).await.unwrap();
            assert_eq!(bench.store.attributes(&bench.at(&name)).await.unwrap().mode, mode, "{}", bench.name);
        }
    }
}

#[tokio::test]
async fn what_was_read_can_be_given() {
    for bench in benches() {
        let access = acl(7);
        let wanted = Attributes { mode: 0o750, acl: access.clone(), default_acl: acl(5), ..Attributes::default() };
        bench.store.make_dir(&bench.at("d"), &wanted).await.unwrap();
        let read = bench.store.attributes(&bench.at("d")).await.unwrap();
        assert_eq!((read.mode, &read.acl, &read.default_acl), (0o750, &access, &acl(5)), "{}", bench.name);
        assert!(!read.owner.user.is_empty() && !read.owner.group.is_empty());

        bench.store.make_dir(&bench.at("copy"), &read).await.unwrap();
        assert_eq!(bench.store.attributes(&bench.at("copy")).await.unwrap(), read);

        let file = bench.store.create(&bench.at("f")).await.unwrap();
        file.finish(&Attributes { default_acl: Vec::new(), ..read.clone() }, None).await.unwrap();
        let file = bench.store.attributes(&bench.at("f")).await.unwrap();
        assert_eq!((file.mode, file.acl, file.owner), (read.mode, read.acl, read.owner));
    }
}

#[tokio::test]
async fn an_inherited_acl_does_not_stay() {
    for bench in benches() {
        let parent = Attributes { mode: 0o770, default_acl: acl(7), ..Attributes::default() };
        bench.store.make_dir(&bench.at("d"), &parent).await.unwrap();
        bench.dirs(&["d/sub"]).await;
        bench.file("d/f", b"x").await;
        for (path, mode) in [("d/sub", directory_attributes().mode), ("d/f", file_attributes().mode)] {
            let found = bench.store.attributes(&bench.at(path)).await.unwrap();
            assert!(found.acl.is_empty() && found.default_acl.is_empty(), "{} {path}", bench.name);
            assert_eq!(found.mode, mode);
        }
    }
}

#[tokio::test]
async fn an_owner_that_cannot_be_given_is_an_error_and_leaves_nothing() {
    for bench in benches() {
        for owner in [("no-such-user-here", ""), ("", "no-such-group-here"), ("4294967295", ""), ("99999999999", "")] {
            let owner = Owner { user: owner.0.to_owned(), group: owner.1.to_owned() };
            let wanted = Attributes { owner, mode: 0o700, ..Attributes::default() };
            assert_eq!(code(bench.store.make_dir(&bench.at("d"), &wanted).await), Code::Owner);
            let file = bench.store.create(&bench.at("f")).await.unwrap();
            assert_eq!(code(file.finish(&wanted, None).await), Code::Owner);
            assert!(bench.names("").await.is_empty(), "{}", bench.name);
        }
    }
}

#[tokio::test]
async fn owners_are_taken_by_name_and_by_number() {
    for bench in benches() {
        bench.dirs(&["d"]).await;
        let me = bench.store.attributes(&bench.at("d")).await.unwrap().owner;
        let numbers = {
            use std::os::unix::fs::MetadataExt;
            let found = std::fs::metadata(bench.disk_path("d")).unwrap();
            Owner { user: found.uid().to_string(), group: found.gid().to_string() }
        };
        for (name, owner) in [("by-name", me.clone()), ("by-number", numbers)] {
            let wanted = Attributes { owner, mode: 0o700, ..Attributes::default() };
            bench.store.make_dir(&bench.at(name), &wanted).await.unwrap();
            assert_eq!(bench.store.attributes(&bench.at(name)).await.unwrap().owner, me);
        }
        if rustix::process::geteuid().is_root() {
            let owner = Owner { user: "4321".to_owned(), group: "8765".to_owned() };
            let wanted = Attributes { owner: owner.clone(), mode: 0o4750, ..Attributes::default() };
            let file = bench.store.create(&bench.at("f")).await.unwrap();
            file.finish(&wanted, None).await.unwrap();
            let found = bench.store.attributes(&bench.at("f")).await.unwrap();
            assert_eq!((found.owner, found.mode), (owner, 0o4750));
        }
    }
}
