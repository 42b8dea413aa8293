//! The store's contract (tests/contract) on HDFS: plain, HA, Kerberos.

use std::time::Duration;

use bytes::Bytes;
use lakehand::error::Code;
use lakehand::model::{Attributes, FileTime, Size, StorePath};
use lakehand::store::{EntryKind, Read, Write, collect};

use crate::bench::{Bench, code, directory, file, shown};
use crate::cluster::{self, Hdfs, Kind, hdfs};

#[tokio::test]
async fn the_contract_holds_on_a_plain_hdfs() {
    contract(Kind::Plain).await;
}

#[tokio::test]
async fn the_contract_holds_on_two_namenodes() {
    contract(Kind::Ha).await;
}

#[test]
fn the_contract_holds_with_kerberos() {
    let environment = || hdfs(Kind::Kerberos).environment();
    cluster::again("store::the_contract_holds_with_kerberos", environment, || {
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let bench = Bench::here("contract").await;
            assert_eq!(bench.store.user().await.unwrap(), "alice");
            nothing_is_replaced(&Bench::here("a").await).await;
            what_is_missing_is_not_found(&Bench::here("b").await).await;
            files_are_read_at_any_place(&Bench::here("c").await).await;
            finished_files_have_what_they_were_given(&Bench::here("d").await).await;
            acts_go_out_and_in(&Bench::here("e").await).await;
            a_renamed_epoch_is_dead(&bench).await;
        });
    });
}

async fn contract(kind: Kind) {
    let bench = Bench::new(hdfs(kind)).await;
    assert_eq!(bench.store.user().await.unwrap(), bench.hdfs().user());
    assert_eq!(bench.store.uri(&bench.root), format!("{}{}", bench.hdfs().uri(), bench.root));
    nothing_is_replaced(&Bench::new(bench.hdfs()).await).await;
    what_is_missing_is_not_found(&Bench::new(bench.hdfs()).await).await;
    directories_stay_and_move(&Bench::new(bench.hdfs()).await).await;
    files_are_read_at_any_place(&Bench::new(bench.hdfs()).await).await;
    names_come_back(&Bench::new(bench.hdfs()).await).await;
    listings_are_whole(&Bench::new(bench.hdfs()).await).await;
    finished_files_have_what_they_were_given(&Bench::new(bench.hdfs()).await).await;
    an_unfinished_file_goes(&Bench::new(bench.hdfs()).await).await;
    acts_go_out_and_in(&Bench::new(bench.hdfs()).await).await;
    a_renamed_epoch_is_dead(&bench).await;
}

async fn nothing_is_replaced(bench: &Bench) {
    bench.dirs(&["empty", "full", "full/sub", "other"]).await;
    bench.file("old", b"old").await;
    bench.file("new", b"new").await;
    for taken in ["old", "empty", "full"] {
        let taken = bench.at(taken);
        assert_eq!(code(bench.store.rename(&bench.at("new"), &taken).await), Code::AlreadyExists);
        assert_eq!(code(bench.store.create(&taken).await), Code::AlreadyExists);
        assert_eq!(code(bench.store.make_dir(&taken, &directory()).await), Code::AlreadyExists);
    }
    assert_eq!(code(bench.store.rename(&bench.at("other"), &bench.at("empty")).await), Code::AlreadyExists);
    assert_eq!(code(bench.store.rename(&bench.at("new"), &bench.at("new")).await), Code::AlreadyExists);
    let deep = bench.at("missing/deep");
    assert_eq!(code(bench.store.create(&deep).await), Code::NotFound);
    assert_eq!(code(bench.store.make_dir(&deep, &directory()).await), Code::NotFound);
    assert_eq!(code(bench.store.rename(&bench.at("new"), &deep).await), Code::NotFound);
    assert_eq!(bench.content("old").await, b"old");
    assert_eq!(bench.names("").await, ["empty", "full", "new", "old", "other"]);
}

async fn what_is_missing_is_not_found(bench: &Bench) {
    bench.file("file", b"x").await;
    bench.dirs(&["d"]).await;
    let store = &bench.store;
    for path in [&bench.at("missing"), &bench.at("file/below"), &bench.at("missing/below")] {
        assert!(store.stat(path).await.unwrap().is_none(), "{path}");
        assert!(!store.remove_file(path).await.unwrap());
        assert!(!store.remove_dir(path).await.unwrap());
        assert_eq!(code(store.list(path).await), Code::NotFound, "{path}");
        assert_eq!(code(store.list_names(path).await), Code::NotFound);
        assert_eq!(code(store.open(path).await), Code::NotFound);
        assert_eq!(code(store.read_whole(path, Size::MIB).await), Code::NotFound);
        assert_eq!(code(store.attributes(path).await), Code::NotFound);
        assert_eq!(code(store.set_modified(path, FileTime(0)).await), Code::NotFound);
        assert_eq!(code(store.rename(path, &bench.at("to")).await), Code::NotFound);
    }
    assert_eq!(code(store.open(&bench.at("d")).await), Code::UnsupportedEntry);
    assert_eq!(code(store.list(&bench.at("file")).await), Code::NotFound);
    assert_eq!(code(store.remove_file(&bench.at("d")).await), Code::UnsupportedEntry);
    assert_eq!(code(store.remove_dir(&bench.at("file")).await), Code::UnsupportedEntry);
    assert!(bench.is_there("d").await && bench.is_there("file").await);
    assert!(store.same_mount(&bench.root, &bench.at("d")).await.unwrap());
    assert_eq!(code(store.same_mount(&bench.root, &bench.at("missing")).await), Code::NotFound);
    assert_eq!(store.stat(&StorePath::new("/").unwrap()).await.unwrap().unwrap().kind, EntryKind::Directory);
    assert_eq!(code(store.supported(&bench.at(".snapshot/x")).await), Code::UnsupportedStore);
}

async fn directories_stay_and_move(bench: &Bench) {
    bench.dirs(&["a", "b"]).await;
    bench.file("a/.hidden", b"content").await;
    assert_eq!(code(bench.store.remove_dir(&bench.at("a")).await), Code::NotEmpty);
    bench.store.rename(&bench.at("a"), &bench.at("b/c")).await.unwrap();
    assert_eq!(bench.content("b/c/.hidden").await, b"content");
    assert!(bench.store.remove_file(&bench.at("b/c/.hidden")).await.unwrap());
    assert!(bench.store.remove_dir(&bench.at("b/c")).await.unwrap());
    assert!(collect(bench.store.list(&bench.at("b")).await.unwrap()).await.unwrap().is_empty());
    assert_eq!(bench.names("").await, ["b"]);
}

async fn files_are_read_at_any_place(bench: &Bench) {
    let content: Vec<u8> = (0..700_000u32).flat_map(u32::to_le_bytes).collect();
    bench.file("f", &content).await;
    let opened = bench.store.open(&bench.at("f")).await.unwrap();
    assert_eq!(opened.length(), Size(content.len() as u64));
    let end = content.len();
    for (offset, length) in [(0, end), (0, 0), (end, 0), (4_097, 70_000), (end - 1, 1)] {
        assert_eq!(opened.read_at(offset as u64, length).await.unwrap(), content[offset..offset + length]);
    }
    for (offset, length) in [(end as u64 - 1, 2), (end as u64 + 1, 0), (u64::MAX, 1), (0, usize::MAX)] {
        assert_eq!(code(opened.read_at(offset, length).await), Code::DamagedFile, "{offset} {length}");
    }
    assert_eq!(code(bench.store.read_whole(&bench.at("f"), Size(end as u64 - 1)).await), Code::DamagedFile);
    bench.file("empty", b"").await;
    assert_eq!(bench.content("empty").await, b"");
}

async fn names_come_back(bench: &Bench) {
    let hostile =
        ["quote'\"`$(id);&|<>*?[]{}\\", " spaces ", "-rf", "ünïcödé", "%2F%00", "...", "a=b=c", &"x".repeat(255)];
    for name in hostile {
        let path = bench.root.join(name);
        let mut new = bench.store.create(&path).await.unwrap();
        new.write(name.as_bytes().to_vec().into()).await.unwrap();
        new.finish(&file(), None).await.unwrap();
        assert_eq!(bench.store.stat(&path).await.unwrap().unwrap().name.text(), Some(name));
        assert_eq!(bench.store.read_whole(&path, Size::MIB).await.unwrap(), name.as_bytes());
    }
    let mut expected: Vec<String> = hostile.iter().map(|name| (*name).to_owned()).collect();
    expected.sort();
    assert_eq!(bench.names("").await, expected);
    assert_eq!(code(bench.store.create(&bench.root.join(&"x".repeat(256))).await), Code::UnsupportedEntry);
    assert_eq!(code(bench.store.create(&bench.root.join("a:b")).await), Code::UnsupportedEntry);
}

async fn listings_are_whole(bench: &Bench) {
    let local = tempfile::tempdir().unwrap();
    for number in 0..2_500 {
        std::fs::write(local.path().join(format!("part-{number:05}")), b"").unwrap();
    }
    bench.hdfs().put(local.path(), bench.at("d").as_str());
    let mut listing = bench.store.list(&bench.at("d")).await.unwrap();
    let (mut pages, mut entries) = (0, Vec::new());
    while let Some(page) = listing.next_page().await.unwrap() {
        pages += 1;
        entries.extend(page);
    }
    assert!(listing.next_page().await.unwrap().is_none(), "the end stays the end");
    assert!(pages > 2, "{pages} pages");
    entries.sort_by(|one, other| one.name.cmp(&other.name));
    entries.dedup_by(|one, other| one.name == other.name);
    assert_eq!(entries.len(), 2_500);
    let mut listing = bench.store.list(&bench.at("d")).await.unwrap();
    assert!(listing.next_page().await.unwrap().is_some());
    bench.hdfs().say(&format!("rm {}", bench.at("d")));
    assert_eq!(code(listing.next_page().await), Code::NotFound, "a directory that goes is no end");
}

/// Spark asks for block locations; few files of many blocks then take more than one call.
#[tokio::test]
async fn what_others_list_in_pages_is_known() {
    let settings = cluster::Settings::of(Kind::Plain).set("dfs.ls.limit", "100").set("dfs.blocksize", "1024");
    let hdfs: &'static Hdfs = Box::leak(Box::new(Hdfs::start(&settings)));
    let bench = Bench::new(hdfs).await;
    for (files, paged, pages) in [(9, false, "1"), (10, false, "1"), (11, true, "1"), (13, true, "2")] {
        let local = tempfile::tempdir().unwrap();
        for number in 0..files {
            std::fs::write(local.path().join(format!("part-{number:05}")), [1; 3 * 1024]).unwrap();
        }
        let directory = bench.at(&format!("d{files}"));
        hdfs.put(local.path(), directory.as_str());
        let entries = collect(bench.store.list(&directory).await.unwrap()).await.unwrap();
        let locations = entries.iter().map(|entry| entry.locations).sum();
        assert_eq!(locations, files * 3 * 3, "three blocks on three servers each");
        assert_eq!(bench.store.capabilities().is_paged(files, locations), paged, "{files}");
        assert_eq!(hdfs.say(&format!("pages {directory}")), pages, "{files}");
    }
}

async fn finished_files_have_what_they_were_given(bench: &Bench) {
    let time = FileTime(1_763_549_999_123_000_000);
    let mut new = bench.store.create(&bench.at("f")).await.unwrap();
    for piece in 0..3_000u32 {
        new.write(Bytes::from(vec![piece as u8; 700])).await.unwrap();
    }
    let wanted = Attributes { mode: 0o640, replication: Some(2), ..Attributes::default() };
    new.finish(&wanted, Some(time)).await.unwrap();
    let entry = bench.store.stat(&bench.at("f")).await.unwrap().unwrap();
    assert_eq!((entry.length.0, entry.modified, entry.mode), (2_100_000, time, 0o640));
    assert_eq!(bench.store.attributes(&bench.at("f")).await.unwrap().replication, Some(2));
    let content = bench.content("f").await;
    assert!(content.chunks(700).enumerate().all(|(piece, chunk)| chunk == [piece as u8; 700]));
    bench.store.set_modified(&bench.at("f"), FileTime(42_000_000)).await.unwrap();
    assert_eq!(bench.store.stat(&bench.at("f")).await.unwrap().unwrap().modified, FileTime(42_000_000));
    bench.dirs(&["d"]).await;
    bench.store.set_modified(&bench.at("d"), FileTime(43_000_000)).await.unwrap();
    assert_eq!(bench.store.stat(&bench.at("d")).await.unwrap().unwrap().modified, FileTime(43_000_000));
    for mode in [0o400, 0o644, 0o777] {
        let name = format!("f{mode:o}");
        let new = bench.store.create(&bench.at(&name)).await.unwrap();
        new.finish(&Attributes { mode, ..Attributes::default() }, None).await.unwrap();
        assert_eq!(bench.store.attributes(&bench.at(&name)).await.unwrap().mode, mode);
    }
    let sticky = Attributes { mode: 0o1777, ..Attributes::default() };
    bench.store.make_dir(&bench.at("sticky"), &sticky).await.unwrap();
    assert_eq!(bench.store.attributes(&bench.at("sticky")).await.unwrap().mode, 0o1777);
    let new = bench.store.create(&bench.at("bits")).await.unwrap();
    assert_eq!(code(new.finish(&Attributes { mode: 0o4755, ..file() }, None).await), Code::Permission);
    assert!(!bench.is_there("bits").await, "what could not be finished stays away");
}

async fn an_unfinished_file_goes(bench: &Bench) {
    let mut new = bench.store.create(&bench.at("f")).await.unwrap();
    new.write(Bytes::from(vec![1; 3 << 20])).await.unwrap();
    let entry = bench.store.stat(&bench.at("f")).await.unwrap().unwrap();
    assert_eq!((entry.kind, entry.mode), (EntryKind::File, 0o600));
    drop(new);
    for _ in 0..200 {
        if !bench.is_there("f").await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it is still there");
}

async fn acts_go_out_and_in(bench: &Bench) {
    bench.dirs(&["t", "e"]).await;
    bench.file("t/a", b"a").await;
    bench.file("t/b", b"b").await;
    let held = bench.store.hold(Some(&bench.at("t")), &bench.at("e")).await.unwrap();
    held.out("a", ".a.kept").await.unwrap();
    assert_eq!(code(held.out("b", ".a.kept").await), Code::AlreadyExists);
    assert_eq!(code(held.bring_in(".a.kept", "b").await), Code::AlreadyExists);
    assert_eq!(code(held.out("a", "x").await), Code::NotFound);
    let mut new = held.create_parked("staged").await.unwrap();
    new.write(Bytes::from_static(b"new")).await.unwrap();
    new.finish(&file(), None).await.unwrap();
    assert_eq!(code(held.create_parked("staged").await), Code::AlreadyExists);
    assert_eq!(code(held.rename_parked("staged", ".a.kept").await), Code::AlreadyExists);
    held.rename_parked("staged", ".n.kept").await.unwrap();
    held.bring_in(".n.kept", "n").await.unwrap();
    held.sync().await.unwrap();
    assert_eq!(shown(&collect(held.list_target().await.unwrap()).await.unwrap()), ["b", "n"]);
    assert_eq!(shown(&collect(held.list_epoch().await.unwrap()).await.unwrap()), [".a.kept"]);
    assert!(held.remove_parked(".a.kept").await.unwrap());
    assert!(!held.remove_parked(".a.kept").await.unwrap());
    assert!(held.is_current().await.unwrap());
    for name in ["../outside", "..", ".", "", "/etc/passwd", "a/b", "nul\0"] {
        assert_eq!(code(held.out(name, "in").await), Code::Internal, "{name:?}");
        assert_eq!(code(held.create_parked(name).await), Code::Internal);
    }
    assert_eq!(code(bench.store.hold(Some(&bench.at("gone")), &bench.at("e")).await), Code::NotFound);
    assert_eq!(code(bench.store.hold(Some(&bench.at("t")), &bench.at("gone")).await), Code::NotFound);
    let held = bench.store.hold(None, &bench.at("e")).await.unwrap();
    assert_eq!(code(held.list_target().await), Code::NotFound);
    assert_eq!(code(held.out("a", "b").await), Code::NotFound);
}

async fn a_renamed_epoch_is_dead(bench: &Bench) {
    bench.dirs(&["t", "e"]).await;
    bench.file("t/a", b"a").await;
    let held = bench.store.hold(Some(&bench.at("t")), &bench.at("e")).await.unwrap();
    bench.store.rename(&bench.at("e"), &bench.at("e.next")).await.unwrap();
    assert!(!held.is_current().await.unwrap());
    assert_eq!(code(held.out("a", "a").await), Code::NotFound);
    assert_eq!(code(held.create_parked("new").await), Code::NotFound);
    assert_eq!(bench.names("t").await, ["a"]);
}

/// A file that somebody writes has another length for a reader than in its listing.
#[tokio::test]
async fn an_open_file_is_found() {
    let bench = Bench::new(hdfs(Kind::Plain)).await;
    let path = bench.at("f");
    bench.hdfs().say(&format!("open {path} 1000"));
    let listed = bench.store.stat(&path).await.unwrap().unwrap().length;
    let opened = bench.store.open(&path).await.unwrap().length();
    assert_eq!((listed, opened), (Size(1_000), Size(0)));
    let error = lakehand::format::sniff(&bench.store, &path, listed).await.unwrap_err();
    assert_eq!(error.code(), Code::OpenWriters, "{error}");
    bench.hdfs().say(&format!("close {path}"));
    assert_eq!(bench.store.open(&path).await.unwrap().length(), Size(1_000));
}
