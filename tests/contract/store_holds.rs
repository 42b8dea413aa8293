//! Holding a target and an epoch: one at a time, by what is there and not by what it is called.

use std::io::{BufRead, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::sync::Arc;

use bytes::Bytes;
use lakehand::error::Code;
use lakehand::model::StorePath;
use lakehand::store::{Hold, LocalStore, Write, collect};

use crate::bench::{Bench, benches, code, directory_attributes, file_attributes, locking_benches, shown};

async fn hold(bench: &Bench) -> lakehand::error::Result<Arc<dyn Hold>> {
    bench.store.hold(Some(&bench.at("t")), &bench.at("e")).await
}

#[tokio::test]
async fn acts_go_out_and_in_and_never_over_anything() {
    for bench in benches() {
        bench.dirs(&["t", "e"]).await;
        bench.file("t/a", b"a").await;
        bench.file("t/b", b"b").await;
        let held = hold(&bench).await.unwrap();
        held.out("a", ".a.kept").await.unwrap();
        assert_eq!(code(held.out("b", ".a.kept").await), Code::AlreadyExists);
        assert_eq!(code(held.bring_in(".a.kept", "b").await), Code::AlreadyExists);
        assert_eq!(code(held.out("a", "x").await), Code::NotFound);
        let mut file = held.create_parked("staged").await.unwrap();
        file.write(Bytes::from_static(b"new")).await.unwrap();
        file.finish(&file_attributes(), None).await.unwrap();
        assert_eq!(code(held.create_parked("staged").await), Code::AlreadyExists);
        assert_eq!(code(held.rename_parked("staged", ".a.kept").await), Code::AlreadyExists);
        held.rename_parked("staged", ".n.kept").await.unwrap();
        held.bring_in(".n.kept", "n").await.unwrap();
        held.sync().await.unwrap();
        assert_eq!(shown(&collect(held.list_target().await.unwrap()).await.unwrap()), ["b", "n"]);
        assert_eq!(shown(&collect(held.list_epoch().await.unwrap()).await.unwrap()), [".a.kept"]);
        assert!(held.remove_parked(".a.kept").await.unwrap());
        assert!(!held.remove_parked(".a.kept").await.unwrap());
        assert_eq!(held.target_identity().await.unwrap(), bench.store.identity(&bench.at("t")).await.unwrap());
        assert!(held.is_current().await.unwrap(), "{}", bench.name);
        drop(held.create_parked("given up").await.unwrap());
        assert!(bench.names("e").await.is_empty());
    }
}

#[tokio::test]
async fn a_second_hold_is_refused_until_the_first_is_dropped() {
    for bench in locking_benches() {
        bench.dirs(&["t", "e", "t2", "e2"]).await;
        let held = hold(&bench).await.unwrap();
        let (target, epoch) = (bench.at("t"), bench.at("e"));
        for (target, epoch) in
            [(Some(&target), &epoch), (Some(&target), &bench.at("e2")), (Some(&bench.at("t2")), &epoch), (None, &epoch)]
        {
            assert_eq!(code(bench.store.hold(target, epoch).await), Code::LeaseHeld, "{}", bench.name);
        }
        // Attempts that failed half-way hold nothing.
        drop(bench.store.hold(Some(&bench.at("t2")), &bench.at("e2")).await.unwrap());
        drop(held);
        drop(hold(&bench).await.unwrap());
    }
}

#[tokio::test]
async fn a_hold_needs_what_it_holds() {
    for bench in benches() {
        bench.dirs(&["t", "e"]).await;
        assert_eq!(code(bench.store.hold(Some(&bench.at("gone")), &bench.at("e")).await), Code::NotFound);
        assert_eq!(code(bench.store.hold(Some(&bench.at("t")), &bench.at("gone")).await), Code::NotFound);
        let held = bench.store.hold(None, &bench.at("e")).await.unwrap();
        assert_eq!(held.target_identity().await.unwrap(), None);
        assert_eq!(code(held.list_target().await), Code::NotFound);
        assert_eq!(code(held.out("a", "b").await), Code::NotFound);
        assert!(held.is_current().await.unwrap(), "{}", bench.name);
    }
}

#[tokio::test]
async fn a_hold_is_not_current_once_a_path_leads_elsewhere() {
    for bench in benches() {
        for moved in ["t", "e"] {
            bench.dirs(&["t", "e"]).await;
            let held = hold(&bench).await.unwrap();
            bench.store.rename(&bench.at(moved), &bench.at("moved")).await.unwrap();
            assert!(!held.is_current().await.unwrap(), "{} {moved}", bench.name);
            bench.dirs(&[moved]).await;
            assert!(!held.is_current().await.unwrap(), "another directory of the name is not the same");
            drop(held);
            for name in ["t", "e", "moved"] {
                assert!(bench.store.remove_dir(&bench.at(name)).await.unwrap());
            }
        }
    }
}

#[tokio::test]
async fn locks_act_on_what_was_locked_wherever_it_is_now() {
    for bench in locking_benches() {
        bench.dirs(&["t", "e"]).await;
        bench.file("t/a", b"mine").await;
        let held = hold(&bench).await.unwrap();
        bench.store.rename(&bench.at("t"), &bench.at("away")).await.unwrap();
        bench.dirs(&["t"]).await;
        bench.file("t/a", b"another's").await;
        held.out("a", "a").await.unwrap();
        assert_eq!(bench.content("e/a").await, b"mine", "{}", bench.name);
        assert_eq!(bench.content("t/a").await, b"another's");
        // The directory that has the name now is free.
        bench.dirs(&["e2"]).await;
        drop(bench.store.hold(Some(&bench.at("t")), &bench.at("e2")).await.unwrap());
        assert_eq!(code(bench.store.hold(Some(&bench.at("away")), &bench.at("e2")).await), Code::LeaseHeld);
    }
}

#[tokio::test]
async fn paths_act_on_what_has_the_name_and_a_renamed_epoch_is_dead() {
    let bench = benches().into_iter().find(|bench| !bench.store.capabilities().locks).unwrap();
    bench.dirs(&["t", "e"]).await;
    bench.file("t/a", b"a").await;
    let held = hold(&bench).await.unwrap();
    bench.store.rename(&bench.at("e"), &bench.at("e.next")).await.unwrap();
    assert_eq!(code(held.out("a", "a").await), Code::NotFound);
    assert_eq!(code(held.create_parked("new").await), Code::NotFound);
    assert_eq!(bench.names("t").await, ["a"]);
}

#[tokio::test]
async fn names_with_a_path_in_them_are_not_names() {
    let bench = Bench::disk();
    bench.dirs(&["t", "e"]).await;
    bench.file("outside", b"x").await;
    let held = hold(&bench).await.unwrap();
    for name in ["../outside", "..", ".", "", "/etc/passwd", "a/b", "nul\0"] {
        assert_eq!(code(held.out(name, "in").await), Code::Internal, "{name:?}");
        assert_eq!(code(held.bring_in("x", name).await), Code::Internal);
        assert_eq!(code(held.create_parked(name).await), Code::Internal);
        assert_eq!(code(held.remove_parked(name).await), Code::Internal);
    }
    assert!(bench.is_there("outside").await);
}

#[tokio::test]
async fn taking_while_directories_are_swapped_holds_the_one_with_the_name_or_nothing() {
    let bench = Bench::disk();
    bench.dirs(&["t", "e", "other"]).await;
    let swapping = {
        let (one, other, aside) = (bench.disk_path("t"), bench.disk_path("other"), bench.disk_path("aside"));
        std::thread::spawn(move || {
            for _ in 0..3_000 {
                std::fs::rename(&one, &aside).unwrap();
                std::fs::rename(&other, &one).unwrap();
                std::fs::rename(&aside, &other).unwrap();
            }
        })
    };
    let mut held = 0;
    while !swapping.is_finished() {
        match hold(&bench).await {
            Ok(_) => held += 1,
            Err(error) => assert!(matches!(error.code(), Code::NotFound | Code::LeaseHeld), "{error}"),
        }
    }
    swapping.join().unwrap();
    let last = hold(&bench).await.unwrap();
    assert!(last.is_current().await.unwrap(), "after {held} holds");
}

#[tokio::test]
async fn another_process_is_refused_and_its_end_lets_go() {
    let bench = Bench::disk();
    bench.dirs(&["t", "e"]).await;
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "store_holds::holds_until_its_input_ends", "--ignored", "--nocapture"])
        .env("LAKEHAND_TEST_HOLD", bench.root.as_str())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("it is held")), "the other process did not get it");
    assert_eq!(code(hold(&bench).await), Code::LeaseHeld);
    assert_eq!(code(bench.store.hold(None, &bench.at("e")).await), Code::LeaseHeld);
    child.kill().unwrap();
    child.wait().unwrap();
    drop(hold(&bench).await.unwrap());
}

/// The other process of the test above.
#[tokio::test]
#[ignore = "is started by another test"]
async fn holds_until_its_input_ends() {
    let root = StorePath::new(std::env::var("LAKEHAND_TEST_HOLD").unwrap()).unwrap();
    let _held = LocalStore::new().hold(Some(&root.join("t")), &root.join("e")).await.unwrap();
    println!("it is held");
    std::io::stdout().flush().unwrap();
    let _ = std::io::stdin().read_line(&mut String::new());
}

#[tokio::test]
async fn no_child_inherits_a_lock() {
    let bench = Bench::disk();
    bench.dirs(&["t", "e"]).await;
    bench.file("f", b"x").await;
    let held = hold(&bench).await.unwrap();
    let reading = bench.store.open(&bench.at("f")).await.unwrap();
    let writing = held.create_parked("w").await.unwrap();
    let mut child = Command::new("sleep").arg("30").spawn().unwrap();
    let inherited: Vec<_> = std::fs::read_dir(format!("/proc/{}/fd", child.id()))
        .unwrap()
        .filter_map(|entry| std::fs::read_link(entry.unwrap().path()).ok())
        .filter(|target| target.starts_with(bench.root.as_str()))
        .collect();
    drop((held, reading, writing));
    let again = hold(&bench).await;
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(inherited.is_empty(), "{inherited:?}");
    again.unwrap();
}

#[tokio::test]
async fn many_holds_at_a_time_do_not_meet() {
    for bench in locking_benches() {
        let mut held = Vec::new();
        for number in 0..100 {
            let (target, epoch) = (bench.at(&format!("t{number}")), bench.at(&format!("e{number}")));
            bench.store.make_dir(&target, &directory_attributes()).await.unwrap();
            bench.store.make_dir(&epoch, &directory_attributes()).await.unwrap();
            held.push(bench.store.hold(Some(&target), &epoch).await.unwrap());
        }
        for held in &held {
            assert!(held.is_current().await.unwrap());
        }
    }
}
