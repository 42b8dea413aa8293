//! What only a local disk has: links, pipes, names that are not text, many entries.

use std::collections::BTreeSet;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::time::Duration;

use lakehand::error::Code;
use lakehand::model::{Size, StorePath};
use lakehand::store::{Entry, EntryKind, EntryName, LocalStore, Read, Write, collect};

use crate::bench::{Bench, code, directory_attributes};

async fn entry_of(bench: &Bench, directory: &str, name: &EntryName) -> Entry {
    let entries = collect(bench.store.list(&bench.at(directory)).await.unwrap()).await.unwrap();
    entries.into_iter().find(|entry| entry.name == *name).unwrap()
}

#[tokio::test]
async fn links_are_seen_and_never_followed() {
    let bench = Bench::disk();
    bench.dirs(&["d", "d/real"]).await;
    bench.file("d/real/f", b"secret").await;
    symlink("real", bench.disk_path("d/link")).unwrap();
    symlink("real/f", bench.disk_path("d/file-link")).unwrap();
    symlink("nowhere", bench.disk_path("d/broken")).unwrap();
    for name in ["link", "file-link", "broken"] {
        let path = bench.at("d").join(name);
        assert_eq!(bench.store.stat(&path).await.unwrap().unwrap().kind, EntryKind::Symlink, "{name}");
        assert_eq!(code(bench.store.open(&path).await), Code::UnsupportedEntry, "{name}");
        assert_eq!(code(bench.store.list(&path).await), Code::UnsupportedEntry, "{name}");
        assert_eq!(code(bench.store.attributes(&path).await), Code::UnsupportedEntry, "{name}");
        assert_eq!(code(bench.store.sync_dir(&path).await), Code::UnsupportedEntry, "{name}");
        assert_eq!(code(bench.store.create(&path).await), Code::AlreadyExists, "{name}");
        assert_eq!(code(bench.store.identity(&path).await), Code::UnsupportedEntry, "{name}");
        assert_eq!(code(bench.store.hold(None, &path).await), Code::UnsupportedEntry, "{name}");
    }
    let through = bench.at("d/link/f");
    for error in [
        bench.store.stat(&through).await.map(drop),
        bench.store.open(&through).await.map(drop),
        bench.store.remove_file(&through).await.map(drop),
        bench.store.rename(&through, &bench.at("stolen")).await,
        bench.store.make_dir(&bench.at("d/link/new"), &directory_attributes()).await,
        bench.store.rename(&bench.at("d/real/f"), &bench.at("d/link/g")).await,
    ] {
        let error = error.unwrap_err();
        assert_eq!(error.code(), Code::UnsupportedEntry, "{error}");
        assert!(error.to_string().contains("link"), "{error}");
    }
    assert_eq!(bench.content("d/real/f").await, b"secret");
    // Removing a link removes the link.
    assert!(bench.store.remove_file(&bench.at("d/link")).await.unwrap());
    assert_eq!(bench.content("d/real/f").await, b"secret");
}

#[tokio::test]
async fn links_above_the_root_are_the_user_s_own() {
    let bench = Bench::disk();
    bench.dirs(&["real", "real/lake"]).await;
    bench.file("real/lake/f", b"x").await;
    symlink("real", bench.disk_path("way")).unwrap();
    let root = bench.at("way/lake");
    let store = LocalStore::below(root.clone());
    assert!(store.stat(&root.join("f")).await.unwrap().is_some());
    assert_eq!(LocalStore::new().resolve(&root).await.unwrap(), bench.at("real/lake"));
    assert_eq!(code(LocalStore::new().resolve(&bench.at("missing")).await), Code::NotFound);
}

#[tokio::test]
async fn pipes_and_sockets_block_nobody() {
    let bench = Bench::disk();
    let pipe = bench.disk_path("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    let _socket = std::os::unix::net::UnixListener::bind(bench.disk_path("socket")).unwrap();
    let look = async {
        for name in ["pipe", "socket"] {
            let path = bench.at(name);
            assert_eq!(bench.store.stat(&path).await.unwrap().unwrap().kind, EntryKind::Special);
            assert_eq!(code(bench.store.open(&path).await), Code::UnsupportedEntry);
            assert_eq!(code(bench.store.read_whole(&path, Size::MIB).await), Code::UnsupportedEntry);
            assert_eq!(code(bench.store.attributes(&path).await), Code::UnsupportedEntry);
        }
    };
    tokio::time::timeout(Duration::from_secs(10), look).await.expect("a pipe without a writer must not block");
}

#[tokio::test]
async fn names_that_are_not_text_are_kept_as_bytes() {
    let bench = Bench::disk();
    bench.dirs(&["d"]).await;
    let bytes = b"part-\xff\xfe.parquet".to_vec();
    std::fs::write(bench.disk_path("d").join(std::ffi::OsStr::from_bytes(&bytes)), b"x").unwrap();
    let entry = entry_of(&bench, "d", &EntryName::NotText(bytes.clone())).await;
    assert_eq!((entry.kind, entry.length, entry.known_file()), (EntryKind::File, Size(1), None));
    assert!(!entry.name.is_hidden() && entry.name.shown().contains('\u{FFFD}'));
    let mut names = bench.store.list_names(&bench.at("d")).await.unwrap();
    assert_eq!(names.next_page().await.unwrap().unwrap(), [(EntryName::NotText(bytes), EntryKind::File)]);
}

#[tokio::test]
async fn hard_links_are_counted() {
    let bench = Bench::disk();
    bench.file("f", b"x").await;
    std::fs::hard_link(bench.disk_path("f"), bench.disk_path("g")).unwrap();
    assert_eq!(bench.store.stat(&bench.at("f")).await.unwrap().unwrap().links, 2);
}

#[tokio::test]
async fn very_deep_paths_are_reached() {
    let bench = Bench::disk();
    let mut path = bench.root.clone();
    for _ in 0..40 {
        path = path.join(&"deep".repeat(40));
        bench.store.make_dir(&path, &directory_attributes()).await.unwrap();
    }
    assert!(path.as_str().len() > 4_096);
    assert_eq!(bench.store.stat(&path).await.unwrap().unwrap().kind, EntryKind::Directory);
    while path != bench.root {
        assert!(bench.store.remove_dir(&path).await.unwrap());
        path = path.parent().unwrap();
    }
}

#[tokio::test]
async fn file_systems_without_locks_and_identities_are_refused() {
    let store = LocalStore::new();
    let error = store.supported(&StorePath::new("/proc").unwrap()).await.unwrap_err();
    assert_eq!(error.code(), Code::UnsupportedStore, "{error}");
    assert!(error.to_string().contains("ext4"), "{error}");
    let (root, other) = (StorePath::new("/").unwrap(), StorePath::new("/proc").unwrap());
    assert!(!store.same_mount(&root, &other).await.unwrap());
}

#[tokio::test]
async fn a_rename_to_another_mount_is_refused() {
    let bench = Bench::disk();
    bench.file("f", b"x").await;
    let elsewhere = StorePath::new("/proc/lakehand-test").unwrap();
    let error = LocalStore::new().rename(&bench.at("f"), &elsewhere).await.unwrap_err();
    assert!(matches!(error.code(), Code::UnsupportedStore | Code::Permission | Code::NotFound), "{error}");
    assert!(error.to_string().contains(bench.at("f").as_str()), "{error}");
    assert!(bench.is_there("f").await);
}

#[tokio::test]
async fn a_directory_of_65000_files_is_listed_whole() {
    let bench = Bench::disk();
    bench.dirs(&["d"]).await;
    for number in 0..65_000 {
        std::fs::File::create(bench.disk_path(&format!("d/part-{number:05}-0f3c1d2e.snappy.parquet"))).unwrap();
    }
    let entries = collect(bench.store.list(&bench.at("d")).await.unwrap()).await.unwrap();
    let names: BTreeSet<_> = entries.iter().map(|entry| entry.name.shown()).collect();
    assert_eq!((entries.len(), names.len()), (65_000, 65_000));
}
