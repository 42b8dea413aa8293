//! The store that fails on demand does what it says: the tests of runs stand on it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use lakehand::error::Code;
use lakehand::store::{LocalStore, Read, Write};

use crate::bench::{Bench, code, directory_attributes, file_attributes};
use crate::fault::{Act, Fault, FaultStore, Holds, replay};

fn process(bench: &Bench) -> Arc<FaultStore> {
    FaultStore::new(Arc::new(LocalStore::below(bench.root.clone())))
}

#[tokio::test]
async fn a_process_dies_before_its_call_and_stays_dead() {
    let bench = Bench::disk();
    let process = process(&bench);
    process.fail_at(2, Fault::Dies);
    process.make_dir(&bench.at("one"), &directory_attributes()).await.unwrap();
    assert!(process.make_dir(&bench.at("two"), &directory_attributes()).await.is_err());
    assert!(process.is_dead());
    let error = process.make_dir(&bench.at("three"), &directory_attributes()).await.unwrap_err();
    assert!(!error.is_unknown_outcome());
    assert!(process.stat(&bench.root).await.is_err());
    assert_eq!(bench.names("").await, ["one"]);
    assert_eq!(process.calls(), 2, "calls of the dead are not counted");
}

#[tokio::test]
async fn a_lost_answer_is_an_act_that_happened() {
    let bench = Bench::disk();
    let process = process(&bench);
    process.fail_at(1, Fault::LosesAnswer);
    process.fail_at(2, Fault::LosesAnswer);
    let error = process.make_dir(&bench.at("one"), &directory_attributes()).await.unwrap_err();
    assert!(error.is_unknown_outcome() && error.code() == Code::OutcomeUnknown);
    assert!(bench.is_there("one").await);
    // A file whose creation was not answered is there and stays.
    assert!(process.create(&bench.at("f")).await.is_err());
    assert_eq!(bench.content("f").await, b"");
    assert!(!process.is_dead());
}

#[tokio::test]
async fn a_delayed_call_happens_when_it_is_released() {
    let bench = Bench::disk();
    bench.dirs(&["a"]).await;
    let process = process(&bench);
    process.fail_at(1, Fault::Delays);
    let error = process.rename(&bench.at("a"), &bench.at("b")).await.unwrap_err();
    assert!(error.is_unknown_outcome());
    assert_eq!(bench.names("").await, ["a"]);
    process.die().await;
    let released = process.release().await;
    assert!(matches!(&released[..], [(Act::Rename { .. }, Ok(()))]), "{released:?}");
    assert_eq!(bench.names("").await, ["b"]);
    assert!(process.release().await.is_empty());
}

#[tokio::test]
async fn what_a_dead_process_was_writing_stays_unfinished() {
    let bench = Bench::disk();
    for (number, fault) in [(2, Fault::Dies), (3, Fault::Dies)] {
        let process = process(&bench);
        process.fail_at(number, fault);
        let name = format!("f{number}");
        let mut file = process.create(&bench.at(&name)).await.unwrap();
        let written = file.write(Bytes::from(vec![1; 1 << 20])).await;
        assert_eq!(written.is_ok(), number == 3);
        assert!(file.finish(&file_attributes(), None).await.is_err());
        let left = bench.store.stat(&bench.at(&name)).await.unwrap().expect("it was created");
        assert_eq!((left.mode, left.length.0), (0o600, if number == 3 { 1 << 20 } else { 0 }));
    }
    // A living one gives it up.
    let process = process(&bench);
    drop(process.create(&bench.at("given up")).await.unwrap());
    assert!(!bench.is_there("given up").await);
}

#[tokio::test]
async fn a_delayed_finish_happens_after_its_file_was_dropped() {
    let bench = Bench::disk();
    let process = process(&bench);
    process.fail_at(3, Fault::Delays);
    let mut file = process.create(&bench.at("f")).await.unwrap();
    file.write(Bytes::from_static(b"late")).await.unwrap();
    assert!(file.finish(&file_attributes(), None).await.unwrap_err().is_unknown_outcome());
    process.release().await.remove(0).1.unwrap();
    assert_eq!(bench.content("f").await, b"late");
}

#[tokio::test]
async fn the_dead_hold_nothing() {
    let bench = Bench::disk();
    bench.dirs(&["t", "e"]).await;
    let process = process(&bench);
    let held = process.hold(Some(&bench.at("t")), &bench.at("e")).await.unwrap();
    assert_eq!(code(bench.store.hold(None, &bench.at("e")).await), Code::LeaseHeld);
    process.die().await;
    process.settled().await;
    drop(bench.store.hold(Some(&bench.at("t")), &bench.at("e")).await.unwrap());
    assert!(held.is_current().await.is_err());
}

#[tokio::test]
async fn a_delayed_act_keeps_its_locks_or_dies_with_its_path() {
    for holds in [Holds::Locks, Holds::Paths] {
        let bench = Bench::disk();
        bench.dirs(&["t", "e"]).await;
        bench.file("t/a", b"a").await;
        let process = FaultStore::with_holds(Arc::clone(&bench.store), holds);
        process.fail_at(2, Fault::Delays);
        let held = process.hold(Some(&bench.at("t")), &bench.at("e")).await.unwrap();
        assert!(held.out("a", ".a.kept").await.unwrap_err().is_unknown_outcome());
        drop(held);
        process.die().await;
        let next = bench.store.hold(Some(&bench.at("t")), &bench.at("e")).await;
        assert_eq!(next.is_err(), holds == Holds::Locks, "a process that is stuck in a call keeps its locks");
        drop(next);
        bench.store.rename(&bench.at("e"), &bench.at("e.next")).await.unwrap();
        let released = process.release().await.remove(0).1;
        match holds {
            Holds::Locks => assert_eq!(bench.names("e.next").await, [".a.kept"]),
            Holds::Paths | Holds::InTarget => {
                assert_eq!(code(released), Code::NotFound);
                assert_eq!(bench.names("t").await, ["a"]);
            }
        }
        bench.store.hold(Some(&bench.at("t")), &bench.at("e.next")).await.unwrap();
    }
}

#[tokio::test]
async fn others_act_before_each_call_and_calls_are_recorded() {
    let bench = Bench::disk();
    let process = process(&bench);
    let seen = Arc::new(AtomicU64::new(0));
    let (counting, foreign) = (Arc::clone(&seen), bench.disk_path("foreign"));
    process.on_call(Arc::new(move |number, act| {
        let (counting, foreign) = (Arc::clone(&counting), foreign.clone());
        Box::pin(async move {
            counting.fetch_add(1, Ordering::SeqCst);
            if number == 2 {
                assert!(matches!(act, Act::Rename { .. }));
                std::fs::create_dir(foreign).unwrap();
            }
        })
    }));
    process.make_dir(&bench.at("one"), &directory_attributes()).await.unwrap();
    assert_eq!(code(process.rename(&bench.at("one"), &bench.at("foreign")).await), Code::AlreadyExists);
    process.sync_dir(&bench.root).await.unwrap();
    process.stat(&bench.root).await.unwrap();
    assert_eq!((seen.load(Ordering::SeqCst), process.calls()), (3, 3));
    let recorded = process.recorded();
    assert_eq!(recorded.iter().map(|call| call.number).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(recorded[1].failed, Some(Code::AlreadyExists));
    assert!(recorded[2].act.is_sync() && recorded[0].act.changes_names());
    assert_eq!(recorded[1].act.directories(), std::slice::from_ref(&bench.root));
}

#[tokio::test]
async fn looks_count_where_they_are_asked_to() {
    let bench = Bench::disk();
    let process = process(&bench);
    process.count_reads();
    process.fail_at(2, Fault::LosesAnswer);
    process.fail_at(4, Fault::Dies);
    process.stat(&bench.root).await.unwrap();
    assert!(process.stat(&bench.root).await.unwrap_err().is_retryable());
    let mut listing = process.list(&bench.root).await.unwrap();
    assert!(listing.next_page().await.is_err(), "a page is a call");
    assert!(process.is_dead());
}

#[tokio::test]
async fn what_was_recorded_can_be_done_again_elsewhere() {
    let (bench, other) = (Bench::disk(), Bench::disk());
    for bench in [&bench, &other] {
        bench.dirs(&["t"]).await;
        bench.file("t/a", b"a").await;
    }
    let process = process(&bench);
    process.make_dir(&bench.at("e"), &directory_attributes()).await.unwrap();
    let held = process.hold(Some(&bench.at("t")), &bench.at("e")).await.unwrap();
    let mut file = held.create_parked("new").await.unwrap();
    file.write(Bytes::from_static(b"content")).await.unwrap();
    file.finish(&file_attributes(), None).await.unwrap();
    let file = held.create_parked("unfinished").await.unwrap();
    held.out("a", ".a.kept").await.unwrap();
    held.bring_in("new", "new").await.unwrap();
    held.sync().await.unwrap();
    process.die().await;
    drop(file);
    let acts: Vec<Act> = process.recorded().into_iter().map(|call| call.act).collect();
    replay(&acts, &*other.store, &bench.root, &other.root).await.unwrap();
    for directory in ["t", "e"] {
        assert_eq!(other.names(directory).await, bench.names(directory).await);
    }
    assert_eq!(other.content("t/new").await, b"content");
    assert_eq!(bench.names("e").await, [".a.kept", "unfinished"]);
}
