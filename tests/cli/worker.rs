//! A worker of the real program: started, watched, steered, refused.

use lakehand::client::{self, Life};
use lakehand::error::Code;
use lakehand::ipc::{Order, Request, Scope};
use lakehand::model::{RunState, StorePath, TargetState};

use crate::worker_bench::{Bench, end_of, until, within};

#[tokio::test]
async fn a_run_is_started_watched_and_remembered() {
    let bench = Bench::new(300);
    let before = bench.seen();
    let run = bench.start(&bench.compact_order("sales.orders").await).await.unwrap();
    let worker = bench.live(&run).worker;
    let listed = within(client::local_runs(&bench.paths)).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert!(matches!(listed[0].life, Life::Live | Life::Ended), "{listed:?}");
    let ended = end_of(bench.attach(&run).await).await.unwrap();
    assert_eq!(ended.state, RunState::Done, "{ended:?}");
    assert!(ended.targets.iter().all(|target| target.outcome.state == TargetState::Replaced));
    assert_eq!(ended.pid, worker.pid);
    assert!(ended.lake.ends_with("/lake") && ended.failure.is_none());
    let after = bench.seen();
    assert_eq!(after.rows, before.rows);
    assert!(after.files < before.files && bench.unrested().is_empty());
    within(async {
        while bench.places().live(&run).exists() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let listed = client::local_runs(&bench.paths).await.unwrap();
    assert_eq!((listed[0].life, &listed[0].snapshot), (Life::Ended, &ended));
    assert_eq!(end_of(bench.attach(&run).await).await.unwrap(), ended, "a late view gets the end");
    assert!(std::fs::read_to_string(bench.places().log(&run)).unwrap().contains(run.as_str()));
    let left: Vec<_> =
        std::fs::read_dir(bench.places().state()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "more than the log and the note of the end is left: {left:?}");
}

#[tokio::test]
async fn a_run_is_taken_back_and_that_too() {
    let bench = Bench::new(300);
    let before = bench.seen();
    let first = bench.carry_out(&bench.compact_order("sales.orders").await).await;
    let back = |of| Order::Rollback { of, scope: Scope::default() };
    let second = bench.carry_out(&back(first.run.clone())).await;
    assert_eq!((second.state, &second.of), (RunState::Done, &Some(first.run)), "{second:?}");
    assert_eq!(bench.seen(), before);
    let third = bench.carry_out(&back(second.run)).await;
    assert_eq!(third.state, RunState::Done, "{third:?}");
    let after = bench.seen();
    assert_eq!(after.rows, before.rows);
    assert!(after.files < before.files);
}

#[tokio::test]
async fn an_error_of_the_start_comes_back_as_it_is() {
    let mut bench = Bench::new(120);
    let order = bench.compact_order("sales.orders").await;
    bench.settings.lake = Some(StorePath::new("/nowhere/at/all").unwrap());
    let error = bench.start(&order).await.unwrap_err();
    assert_eq!(error.code(), Code::LakeNotFound, "{error}");
    bench.settings.lake = Some(bench.lake.clone());
    bench.settings.read_only = true;
    assert_eq!(bench.start(&order).await.unwrap_err().code(), Code::ReadOnly);
    assert_eq!(std::fs::read_dir(bench.places().state()).unwrap().count(), 0, "something of the starts is left");
}

#[tokio::test]
async fn views_pause_resume_and_cancel_together() {
    let bench = Bench::new(1_500);
    let before = bench.seen();
    let run = bench.start(&bench.compact_order("sales.orders").await).await.unwrap();
    let (mut one, mut two) = (bench.attach(&run).await, bench.attach(&run).await);
    one.send(Request::Pause).await.unwrap();
    for view in [&mut one, &mut two] {
        until(view, |run| run.state == RunState::Paused).await;
    }
    until(&mut two, |run| run.watchers == 2).await;
    drop(one);
    until(&mut two, |run| run.watchers == 1).await;
    two.send(Request::Resume).await.unwrap();
    until(&mut two, |run| run.state == RunState::Running).await;
    two.send(Request::Cancel).await.unwrap();
    let ended = end_of(two).await.unwrap();
    assert!(matches!(ended.state, RunState::Cancelled | RunState::InPart), "{ended:?}");
    assert!(ended.targets.iter().any(|target| target.outcome.state == TargetState::Cancelled));
    assert_eq!(bench.seen().rows, before.rows);
    assert!(bench.unrested().is_empty());
}

#[tokio::test]
async fn a_view_that_reads_nothing_does_not_hold_the_run_up() {
    let bench = Bench::new(600);
    let run = bench.start(&bench.compact_order("sales.orders").await).await.unwrap();
    let deaf: Vec<_> = [bench.attach(&run).await, bench.attach(&run).await].into();
    let ended = end_of(bench.attach(&run).await).await.unwrap();
    assert_eq!(ended.state, RunState::Done, "{ended:?}");
    drop(deaf);
}

#[tokio::test]
async fn a_second_run_leaves_alone_what_the_first_works_on() {
    let bench = Bench::new(1_500);
    let before = bench.seen();
    // One large target: it is written long enough for the pause to reach it before its exchange.
    let order = bench.compact_order("finance.ledger").await;
    let first = bench.start(&order).await.unwrap();
    let mut view = bench.attach(&first).await;
    until(&mut view, |run| run.targets.iter().any(|target| target.outcome.state == TargetState::Writing)).await;
    view.send(Request::Pause).await.unwrap();
    until(&mut view, |run| run.state == RunState::Paused).await;
    let second = bench.carry_out(&order).await;
    assert_eq!(second.targets.len(), 1, "{second:?}");
    let held = &second.targets[0].outcome;
    assert_eq!(held.state, TargetState::Refused, "{held:?}");
    assert!(held.reason.as_ref().is_some_and(|reason| reason.code == Code::LeaseHeld), "{held:?}");
    view.send(Request::Resume).await.unwrap();
    assert_eq!(end_of(view).await.unwrap().state, RunState::Done);
    assert_eq!(bench.seen().rows, before.rows);
}
