//! Looking: entries, listings, files.

use lakehand::error::Code;
use lakehand::model::{FileTime, Size, StorePath};
use lakehand::store::{EntryKind, EntryName, collect};

use crate::bench::{benches, code, file_attributes};

#[tokio::test]
async fn what_is_missing_is_not_found_and_never_empty() {
    for bench in benches() {
        bench.file("file", b"x").await;
        let (missing, below_file) = (bench.at("missing"), bench.at("file/below"));
        for path in [&missing, &below_file, &bench.at("missing/below")] {
            assert!(bench.store.stat(path).await.unwrap().is_none(), "{} {path}", bench.name);
            assert!(bench.store.identity(path).await.unwrap().is_none());
            assert!(!bench.store.remove_file(path).await.unwrap());
            assert!(!bench.store.remove_dir(path).await.unwrap());
            assert_eq!(code(bench.store.list(path).await), Code::NotFound);
            assert_eq!(code(bench.store.list_names(path).await), Code::NotFound);
            assert_eq!(code(bench.store.open(path).await), Code::NotFound);
            assert_eq!(code(bench.store.read_whole(path, Size::MIB).await), Code::NotFound);
            assert_eq!(code(bench.store.attributes(path).await), Code::NotFound);
            assert_eq!(code(bench.store.sync_dir(path).await), Code::NotFound);
            assert_eq!(code(bench.store.set_modified(path, FileTime(0)).await), Code::NotFound);
            assert_eq!(code(bench.store.rename(path, &bench.at("to")).await), Code::NotFound);
        }
        let error = bench.store.list(&missing).await.err().unwrap();
        assert!(error.message().contains(missing.as_str()), "{error}");
    }
}

#[tokio::test]
async fn a_removed_directory_ends_its_listing_with_an_error() {
    for bench in benches() {
        bench.dirs(&["gone"]).await;
        for number in 0..3_000 {
            std::fs::write(bench.disk_path(&format!("gone/part-{number:05}-with-a-name-of-some-length")), b"x")
                .unwrap();
        }
        let mut listing = bench.store.list(&bench.at("gone")).await.unwrap();
        assert!(listing.next_page().await.unwrap().is_some());
        std::fs::remove_dir_all(bench.disk_path("gone")).unwrap();
        assert_eq!(code(listing.next_page().await), Code::NotFound, "{}", bench.name);
    }
}

#[tokio::test]
async fn listings_come_in_pages_and_are_whole() {
    for bench in benches() {
        bench.dirs(&["d", "d/sub"]).await;
        for number in 0..3_000 {
            std::fs::write(bench.disk_path(&format!("d/part-{number:05}-with-a-name-of-some-length")), b"abc").unwrap();
        }
        let mut listing = bench.store.list(&bench.at("d")).await.unwrap();
        let (mut pages, mut entries) = (0, Vec::new());
        while let Some(page) = listing.next_page().await.unwrap() {
            pages += 1;
            entries.extend(page);
        }
        assert!(listing.next_page().await.unwrap().is_none(), "the end stays the end");
        assert!(pages > 2, "{}: {pages} pages", bench.name);
        entries.sort_by(|one, other| one.name.cmp(&other.name));
        entries.dedup_by(|one, other| one.name == other.name);
        assert_eq!(entries.len(), 3_001);
        let files = entries.iter().filter(|entry| entry.kind == EntryKind::File && entry.length == Size(3)).count();
        assert_eq!(files, 3_000);

        let mut names = bench.store.list_names(&bench.at("d")).await.unwrap();
        let mut seen = Vec::new();
        while let Some(page) = names.next_page().await.unwrap() {
            seen.extend(page);
        }
        seen.sort_by(|one, other| one.0.cmp(&other.0));
        let expected: Vec<_> = entries.into_iter().map(|entry| (entry.name, entry.kind)).collect();
        assert_eq!(seen, expected);
    }
}

#[tokio::test]
async fn an_empty_directory_is_empty() {
    for bench in benches() {
        bench.dirs(&["d"]).await;
        assert!(collect(bench.store.list(&bench.at("d")).await.unwrap()).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn names_of_all_kinds_come_back_as_they_are() {
    let hostile = [
        "new\nline",
        "tab\tand\u{1b}[31mred",
        "quote'\"`$(id);&|<>*?[]{}\\",
        " spaces ",
        "-rf",
        "ünïcödé-\u{202e}drawkcab",
        "%2F%00",
        "...",
        "a=b=c",
        &"x".repeat(255),
    ];
    for bench in benches() {
        bench.dirs(&["d"]).await;
        for name in hostile {
            let path = bench.at("d").join(name);
            let mut file = bench.store.create(&path).await.unwrap();
            file.write(name.as_bytes().to_vec().into()).await.unwrap();
            file.finish(&file_attributes(), None).await.unwrap();
            let entry = bench.store.stat(&path).await.unwrap().unwrap();
            assert_eq!(entry.name, EntryName::Text(name.to_owned()));
            assert_eq!(entry.known_file().unwrap().length, Size(name.len() as u64));
            assert_eq!(bench.store.read_whole(&path, Size::MIB).await.unwrap(), name.as_bytes());
        }
        let mut expected: Vec<String> = hostile.iter().map(|name| (*name).to_owned()).collect();
        expected.sort();
        assert_eq!(bench.names("d").await, expected, "{}", bench.name);
        let too_long = bench.at("d").join(&"x".repeat(256));
        assert_eq!(code(bench.store.create(&too_long).await), Code::UnsupportedEntry);
        for name in hostile {
            assert!(bench.store.remove_file(&bench.at("d").join(name)).await.unwrap());
        }
        assert!(bench.store.remove_dir(&bench.at("d")).await.unwrap());
    }
}

#[tokio::test]
async fn files_are_read_at_any_place_and_never_beyond() {
    for bench in benches() {
        let content: Vec<u8> = (0..200_000u32).flat_map(u32::to_le_bytes).collect();
        bench.file("f", &content).await;
        let file = bench.store.open(&bench.at("f")).await.unwrap();
        assert_eq!(file.length(), Size(content.len() as u64));
        for (offset, length) in [(0, content.len()), (0, 0), (content.len(), 0), (4_097, 70_000), (799_999, 1)] {
            assert_eq!(file.read_at(offset as u64, length).await.unwrap(), content[offset..offset + length]);
        }
        for (offset, length) in [(799_999, 2), (800_001, 0), (u64::MAX, 1), (0, usize::MAX)] {
            assert_eq!(code(file.read_at(offset, length).await), Code::DamagedFile, "{offset} {length}");
        }
        assert_eq!(bench.store.read_whole(&bench.at("f"), Size(800_000)).await.unwrap(), content);
        assert_eq!(code(bench.store.read_whole(&bench.at("f"), Size(799_999)).await), Code::DamagedFile);
    }
}

#[tokio::test]
async fn a_file_that_shrinks_while_it_is_read_is_an_error() {
    for bench in benches() {
        bench.file("f", &[7; 10_000]).await;
        let file = bench.store.open(&bench.at("f")).await.unwrap();
        let shrinking = std::fs::OpenOptions::new().write(true).open(bench.disk_path("f")).unwrap();
        shrinking.set_len(5_000).unwrap();
        assert_eq!(file.read_at(0, 5_000).await.unwrap().len(), 5_000);
        let error = file.read_at(0, 10_000).await.unwrap_err();
        assert_eq!(error.code(), Code::Changed);
        assert!(error.message().contains("changed while it was read"), "{error}");
    }
}

#[tokio::test]
async fn a_directory_is_no_file_and_a_file_no_directory() {
    for bench in benches() {
        bench.dirs(&["d"]).await;
        bench.file("f", b"x").await;
        assert_eq!(code(bench.store.open(&bench.at("d")).await), Code::UnsupportedEntry);
        assert_eq!(code(bench.store.list(&bench.at("f")).await), Code::NotFound);
        assert_eq!(code(bench.store.remove_file(&bench.at("d")).await), Code::UnsupportedEntry);
        assert_eq!(code(bench.store.remove_dir(&bench.at("f")).await), Code::UnsupportedEntry);
        assert_eq!(code(bench.store.identity(&bench.at("f")).await), Code::UnsupportedEntry);
        assert!(bench.is_there("d").await && bench.is_there("f").await);
    }
}

#[tokio::test]
async fn the_root_of_all_has_an_entry_and_room() {
    for bench in benches() {
        let top = StorePath::new("/").unwrap();
        assert_eq!(bench.store.stat(&top).await.unwrap().unwrap().kind, EntryKind::Directory);
        let room = bench.store.room(&bench.root).await.unwrap();
        assert!(room.bytes.is_none_or(|bytes| bytes.0 > 0) && room.limit.contains(bench.root.as_str()));
        assert!(bench.store.same_mount(&bench.root, &bench.root).await.unwrap());
        assert_eq!(code(bench.store.same_mount(&bench.root, &bench.at("missing")).await), Code::NotFound);
        bench.store.supported(&bench.root).await.unwrap();
        assert!(!bench.store.user().await.unwrap().is_empty());
        assert!(bench.store.uri(&bench.root).ends_with(bench.root.as_str()));
    }
}

#[tokio::test]
async fn an_identity_lives_as_long_as_its_directory() {
    for bench in benches() {
        bench.dirs(&["one", "other"]).await;
        let one = bench.store.identity(&bench.at("one")).await.unwrap().unwrap();
        assert_ne!(Some(one.clone()), bench.store.identity(&bench.at("other")).await.unwrap());
        bench.file("one/f", b"x").await;
        bench.store.rename(&bench.at("one"), &bench.at("moved")).await.unwrap();
        assert_eq!(bench.store.identity(&bench.at("moved")).await.unwrap(), Some(one.clone()));
        assert!(bench.store.remove_file(&bench.at("moved/f")).await.unwrap());
        for _ in 0..20 {
            assert!(bench.store.remove_dir(&bench.at("moved")).await.unwrap());
            bench.dirs(&["moved"]).await;
            assert_ne!(bench.store.identity(&bench.at("moved")).await.unwrap(), Some(one.clone()), "{}", bench.name);
        }
    }
}
