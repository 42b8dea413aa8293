//! The limits of a worker of the real program: given at its start, changed by any view and by commands, obeyed when
//! whoever set them is gone.

use chrono::{TimeDelta, Utc};
use lakehand::action;
use lakehand::demo::{self, DemoOptions};
use lakehand::error::{Code, Exit};
use lakehand::ipc::{Order, Request, Scope};
use lakehand::model::{RunLimits, RunState, TargetState};

use crate::command::User;
use crate::worker_bench::{Bench, end_of, until};

/// So slow that a run of the demo is seen at work.
const SLOW: u64 = 64 << 10;

#[tokio::test]
async fn views_limit_a_run_and_what_they_set_outlives_them() {
    let bench = Bench::new(1_500);
    let before = bench.seen();
    let limits = RunLimits { bytes_per_second: Some(SLOW), until: None };
    let order = match bench.compact_order("sales.orders").await {
        Order::Compact { plan, skip_drifted, accept_window, .. } => {
            assert!(plan.targets.len() > 2, "some are left over: {}", plan.targets.len());
            Order::Compact { plan, skip_drifted, accept_window, limits }
        }
        other => other,
    };
    let run = bench.start(&order).await.unwrap();
    let (mut one, mut two) = (bench.attach(&run).await, bench.attach(&run).await);
    assert_eq!(one.snapshot.limits, limits);
    until(&mut one, |run| run.targets.iter().any(|target| target.step.is_some())).await;
    // From now on none is begun; those in hand are.
    let at = Some(Utc::now());
    one.send(Request::Until { at }).await.unwrap();
    until(&mut two, |run| run.limits.until == at).await;
    assert_eq!(two.snapshot.limits.bytes_per_second, Some(SLOW));
    drop(one);
    two.send(Request::Limit { bytes_per_second: None }).await.unwrap();
    until(&mut two, |run| run.limits.bytes_per_second.is_none()).await;
    let ended = end_of(two).await.unwrap();
    assert_eq!((ended.state, ended.limits.until), (RunState::InPart, at), "{ended:?}");
    let outcomes: Vec<_> = ended.targets.iter().map(|target| target.outcome.clone()).collect();
    assert_eq!(RunState::exit(&outcomes), Exit::Partial);
    let left: Vec<_> = outcomes.iter().filter(|outcome| outcome.state == TargetState::Cancelled).collect();
    assert!(!left.is_empty() && left.len() < outcomes.len(), "{outcomes:?}");
    assert!(left.iter().all(|outcome| outcome.reason.as_ref().unwrap().code == Code::UntilPassed), "{left:?}");
    assert!(ended.log.iter().any(|line| line.text.starts_with("limit off, asked by")), "{:?}", ended.log);
    assert_eq!(bench.seen().rows, before.rows);
    // And the others as usual.
    let rest = action::load_plan(&bench.session().await, run.suffix()).await.unwrap();
    assert_eq!(rest.targets.len(), left.len());
    let limits = RunLimits::default();
    let order = Order::Compact { plan: Box::new(rest), skip_drifted: false, accept_window: true, limits };
    let rest = bench.carry_out(&order).await;
    assert_eq!(rest.state, RunState::Done, "{rest:?}");
    // What takes back is meant as a whole.
    let back = bench.start(&Order::Rollback { of: rest.run, scope: Scope::default() }).await.unwrap();
    let mut view = bench.attach(&back).await;
    let _ = view.send(Request::Until { at: Some(Utc::now() - TimeDelta::hours(1)) }).await;
    let ended = end_of(view).await.unwrap();
    assert_eq!((ended.state, ended.limits.until), (RunState::Done, None), "{ended:?}");
    assert_eq!(bench.seen().rows, before.rows);
}

#[test]
fn limits_are_given_shown_changed_and_taken_away_by_commands() {
    let user = User::new();
    demo::create(&user.home().join("lake"), &DemoOptions { files: 1_500, seed: 7, now: Utc::now() }).unwrap();
    let wrong = user.run(&["compact", "--lake", "lake", "--yes", "--limit", "400Mbit/s"]);
    wrong.exits(2).says("did you mean 50MB/s?").says("[usage, exit 2]");
    user.run(&["compact", "--lake", "lake", "--yes", "--until", "5.30"]).exits(2).says("did you mean 05:30?");
    let user = user.with("LAKEHAND_UNTIL", "20h");
    let table = ["--lake", "lake", "--table", "sales.orders", "--yes"];
    let compact = |more: &[&str]| user.run(&[&["compact"], &table[..], more].concat());
    let run = compact(&["--limit", "64KiB/s", "--detach", "--output", "json"]).exits(0).json();
    assert_eq!(run["limit_bytes_per_second"], 65_536);
    let run = run["run"].as_str().unwrap().to_owned();
    let job = |user: &User| user.run(&["jobs", "--output", "json"]).exits(0).json()["runs"][0].clone();
    assert_eq!(job(&user)["limit_bytes_per_second"], 65_536);
    assert!(job(&user)["until"].is_string(), "{:?}", job(&user));
    user.run(&["jobs"]).exits(0).prints("at most 64.0 KiB/s; no new target after");
    user.run(&["limit", &run, "1parsec"]).exits(2).says("is not a speed").says("off takes the limit away");
    user.run(&["until", &run, "noon"]).exits(2).says("05:30 (UTC)");
    assert_eq!(job(&user)["limit_bytes_per_second"], 65_536, "what is wrong changes nothing");
    user.run(&["until", &run, "off"]).exits(0).says("begins targets at any time");
    user.run(&["limit", &run, "1GB/s"]).exits(0).says("reads and writes at most 1 GB/s");
    user.run(&["attach", &run]).exits(0).prints("done:");
    user.run(&["limit", &run, "off"]).exits(3).says("has ended");
    let history = user.run(&["history", "--lake", "lake", "--output", "json"]).json();
    assert_eq!(history["runs"][0]["state"], "done");
}
