//! Changing: nothing is ever replaced, nothing comes with its parents, nothing half made stays.

use std::sync::Arc;

use bytes::Bytes;
use lakehand::error::Code;
use lakehand::model::FileTime;
use lakehand::store::EntryKind;

use crate::bench::{benches, code, directory_attributes, file_attributes};

#[tokio::test]
async fn no_call_replaces_anything() {
    for bench in benches() {
        bench.dirs(&["empty", "full", "full/sub"]).await;
        bench.file("old", b"old").await;
        bench.file("new", b"new").await;
        for taken in ["old", "empty", "full"] {
            let taken = bench.at(taken);
            assert_eq!(code(bench.store.rename(&bench.at("new"), &taken).await), Code::AlreadyExists);
            assert_eq!(code(bench.store.create(&taken).await), Code::AlreadyExists);
            assert_eq!(code(bench.store.make_dir(&taken, &directory_attributes()).await), Code::AlreadyExists);
        }
        // A plain rename would put one empty directory over another.
        bench.dirs(&["other"]).await;
        assert_eq!(code(bench.store.rename(&bench.at("other"), &bench.at("empty")).await), Code::AlreadyExists);
        assert_eq!(code(bench.store.rename(&bench.at("new"), &bench.at("new")).await), Code::AlreadyExists);
        assert_eq!(bench.content("old").await, b"old");
        assert_eq!(bench.names("").await, ["empty", "full", "new", "old", "other"], "{}", bench.name);
    }
}

#[tokio::test]
async fn of_many_that_make_the_same_name_one_wins() {
    for bench in benches() {
        for round in 0..20 {
            let name = bench.at(&format!("taken-{round}"));
            let attempts = (0..8).map(|number| {
                let (store, name, from) =
                    (Arc::clone(&bench.store), name.clone(), bench.at(&format!("{round}-{number}")));
                tokio::spawn(async move {
                    if number % 2 == 0 {
                        store.make_dir(&from, &directory_attributes()).await.unwrap();
                        store.rename(&from, &name).await.is_ok()
                    } else {
                        store.make_dir(&name, &directory_attributes()).await.is_ok()
                    }
                })
            });
            let won =
                futures::future::join_all(attempts).await.into_iter().filter(|won| *won.as_ref().unwrap()).count();
            assert_eq!(won, 1, "{}", bench.name);
        }
    }
}

#[tokio::test]
async fn nothing_is_made_with_its_parents() {
    for bench in benches() {
        bench.file("f", b"x").await;
        let deep = bench.at("missing/deep");
        assert_eq!(code(bench.store.create(&deep).await), Code::NotFound);
        assert_eq!(code(bench.store.make_dir(&deep, &directory_attributes()).await), Code::NotFound);
        assert_eq!(code(bench.store.rename(&bench.at("f"), &deep).await), Code::NotFound);
        assert_eq!(bench.names("").await, ["f"], "{}", bench.name);
    }
}

#[tokio::test]
async fn a_directory_with_something_in_it_stays() {
    for bench in benches() {
        bench.dirs(&["d"]).await;
        bench.file("d/.hidden", b"").await;
        assert_eq!(code(bench.store.remove_dir(&bench.at("d")).await), Code::NotEmpty);
        assert!(bench.store.remove_file(&bench.at("d/.hidden")).await.unwrap());
        assert!(bench.store.remove_dir(&bench.at("d")).await.unwrap());
        assert!(!bench.store.remove_dir(&bench.at("d")).await.unwrap());
    }
}

#[tokio::test]
async fn directories_move_with_what_is_in_them() {
    for bench in benches() {
        bench.dirs(&["a", "b"]).await;
        bench.file("a/f", b"content").await;
        bench.store.rename(&bench.at("a"), &bench.at("b/c")).await.unwrap();
        bench.store.sync_dir(&bench.root).await.unwrap();
        assert_eq!(bench.content("b/c/f").await, b"content");
        assert_eq!(bench.names("").await, ["b"]);
    }
}

#[tokio::test]
async fn a_file_that_is_not_finished_is_private_and_goes() {
    for bench in benches() {
        let mut file = bench.store.create(&bench.at("f")).await.unwrap();
        file.write(Bytes::from(vec![1; 3 << 20])).await.unwrap();
        let entry = bench.store.stat(&bench.at("f")).await.unwrap().unwrap();
        assert_eq!((entry.kind, entry.mode), (EntryKind::File, 0o600));
        drop(file);
        assert!(!bench.is_there("f").await, "{}", bench.name);
        // What has the name by then is somebody else's.
        let file = bench.store.create(&bench.at("f")).await.unwrap();
        std::fs::remove_file(bench.disk_path("f")).unwrap();
        std::fs::write(bench.disk_path("f"), b"another").unwrap();
        drop(file);
        assert_eq!(bench.content("f").await, b"another");
    }
}

#[tokio::test]
async fn a_finished_file_has_its_content_and_its_time_to_the_nanosecond() {
    for bench in benches() {
        let times = [1_763_549_999_123_456_789, 0, 1, -1_000_000_001, 4_102_444_800_999_999_999];
        for (number, time) in times.into_iter().enumerate() {
            let name = format!("f{number}");
            let mut file = bench.store.create(&bench.at(&name)).await.unwrap();
            for piece in 0..1_000u32 {
                file.write(Bytes::from(vec![piece as u8; 700])).await.unwrap();
            }
            file.finish(&file_attributes(), Some(FileTime(time))).await.unwrap();
            let entry = bench.store.stat(&bench.at(&name)).await.unwrap().unwrap();
            assert_eq!((entry.length.0, entry.modified, entry.mode), (700_000, FileTime(time), 0o640));
            let content = bench.content(&name).await;
            assert!(content.chunks(700).enumerate().all(|(piece, chunk)| chunk == [piece as u8; 700]));
        }
        bench.store.set_modified(&bench.at("f0"), FileTime(42)).await.unwrap();
        assert_eq!(bench.store.stat(&bench.at("f0")).await.unwrap().unwrap().modified, FileTime(42));
        bench.dirs(&["d"]).await;
        bench.store.set_modified(&bench.at("d"), FileTime(43)).await.unwrap();
        assert_eq!(bench.store.stat(&bench.at("d")).await.unwrap().unwrap().modified, FileTime(43));
    }
}

#[tokio::test]
async fn an_empty_file_can_be_made() {
    for bench in benches() {
        let file = bench.store.create(&bench.at("f")).await.unwrap();
        file.finish(&file_attributes(), None).await.unwrap();
        assert_eq!(bench.content("f").await, b"");
    }
}

#[tokio::test]
async fn where_there_is_no_trash_nothing_is_deleted() {
    for bench in benches() {
        bench.file("f", b"x").await;
        let trashed = bench.store.trash(&bench.at("f")).await.unwrap();
        assert_eq!(trashed.is_some(), bench.store.capabilities().trash);
        assert_eq!(bench.is_there("f").await, trashed.is_none());
    }
}
