//! What the actions tell of runs that workers of the real program carried out.

use lakehand::action::{self, Selection, Verdict};
use lakehand::error::{Code, Exit};
use lakehand::ipc::{Order, Request, Scope};
use lakehand::model::{RunKind, RunSnapshot, RunState, TableName, TargetOutcome, TargetState};
use tokio_util::sync::CancellationToken;

use crate::worker_bench::{Bench, end_of, until};

fn all() -> Scope {
    Scope::default()
}

fn outcomes(run: &RunSnapshot) -> Vec<TargetOutcome> {
    run.targets.iter().map(|target| target.outcome.clone()).collect()
}

#[tokio::test]
async fn a_run_is_found_previewed_taken_back_and_cleaned_up() {
    let bench = Bench::new(300);
    let before = bench.seen();
    let session = bench.session().await;
    assert!(action::history(&session).await.unwrap().is_empty());
    let error = action::newest_that_can(&session, RunKind::Rollback, &Selection::default()).await.unwrap_err();
    assert_eq!(error.code(), Code::RunNotFound);

    let first = bench.carry_out(&bench.compact_order("sales.orders").await).await;
    let history = action::history(&session).await.unwrap();
    assert_eq!((history.len(), &history[0].run, history[0].state), (1, &first.run, RunState::Done), "{history:?}");
    assert_eq!(history[0].tables, ["sales.orders"]);
    assert!(history[0].backup_files > 0 && history[0].can.contains(&RunKind::Rollback));
    assert_eq!(action::resolve_run(&session, first.run.suffix()).await.unwrap(), first.run);
    assert_eq!(action::resolve_local_run(&bench.paths, first.run.suffix()).await.unwrap(), first.run);
    let orders = Selection::table(TableName::new("sales", "orders"));
    let other = Selection::table(TableName::new("sales", "nothing"));
    let newest = action::newest_that_can(&session, RunKind::Rollback, &orders).await.unwrap();
    assert_eq!(newest.run, first.run);
    assert!(action::newest_that_can(&session, RunKind::Rollback, &other).await.is_err());
    let shown = action::show_run(&session, &first.run).await.unwrap();
    assert_eq!(shown.detail.outcomes, outcomes(&first));
    assert!(!shown.log().is_empty() && !shown.refresh.is_empty());

    let preview = action::rollback_preview(&session, &first.run, &all()).await.unwrap();
    assert_eq!(preview.ready().count(), first.targets.len(), "{preview:?}");
    let hours = std::time::Duration::from_secs(72 * 3600);
    let early = action::cleanup_preview(&session, &first.run, &all(), hours, true).await.unwrap();
    assert_eq!(early.ready().count(), 0);
    assert!(early.targets.iter().all(|target| matches!(&target.verdict, Verdict::Refused(_))), "{early:?}");
    assert!(action::recover_preview(&session, None, &all()).await.unwrap().targets.is_empty());
    let error = action::cleanup(&session, &first.run, &all(), hours, false).await.unwrap_err();
    assert_eq!(error.code(), Code::NoTrash);

    let none = std::time::Duration::ZERO;
    assert!(action::cleanable(&session, none, hours).await.unwrap().is_empty());
    assert_eq!(action::cleanable(&session, none, none).await.unwrap()[0].run, first.run);
    assert!(action::newest_cleanable(&session, &Selection::default(), hours).await.is_err());
    assert_eq!(action::newest_cleanable(&session, &Selection::default(), none).await.unwrap().run, first.run);
    let clean = Order::Cleanup { of: first.run.clone(), scope: all(), minimum_age_ms: 0, skip_trash: true };
    let cleaned = bench.carry_out(&clean).await;
    assert_eq!(cleaned.state, RunState::Done, "{cleaned:?}");
    assert!(outcomes(&cleaned).iter().all(|target| target.state == TargetState::Cleaned));
    let back = bench.carry_out(&Order::Rollback { of: first.run.clone(), scope: all() }).await;
    assert_eq!(back.state, RunState::Refused, "a backup that is gone was put back: {back:?}");
    assert_eq!(bench.seen().rows, before.rows);
    assert!(action::cleanable(&session, none, none).await.unwrap().is_empty());
}

#[tokio::test]
async fn kept_files_are_copied_aside() {
    let bench = Bench::new(300);
    let before = bench.seen();
    let first = bench.carry_out(&bench.compact_order("sales.orders").await).await;
    let to = bench.base().canonicalize().unwrap().join("aside");
    let order = Order::Restore { of: first.run.clone(), scope: all(), to: to.to_str().unwrap().to_owned() };
    let restored = bench.carry_out(&order).await;
    assert_eq!(restored.state, RunState::Done, "{restored:?}");
    let copies = Bench::rows_below(&to);
    let (copied, total): (u64, u64) =
        (copies.values().map(|rows| rows.0).sum(), outcomes(&first).iter().map(|one| one.rows.0).sum());
    assert_eq!(copied, total);
    assert_eq!(bench.seen().rows, before.rows);
    let session = bench.session().await;
    let error = action::restore(&session, &first.run, &all(), to.to_str().unwrap()).await.unwrap_err();
    assert_eq!(error.code(), Code::AlreadyExists);
}

#[tokio::test]
async fn the_rest_of_a_cancelled_run_is_a_plan() {
    let bench = Bench::new(2_000);
    let before = bench.seen();
    let session = bench.session().await;
    let order = bench.compact_order("sales.orders").await;
    let run = bench.start(&order).await.unwrap();
    let mut view = bench.attach(&run).await;
    let one_is_done =
        |run: &RunSnapshot| run.targets.iter().any(|target| target.outcome.state == TargetState::Replaced);
    until(&mut view, one_is_done).await;
    view.send(Request::Cancel).await.unwrap();
    let cancelled = end_of(view).await.unwrap();
    assert_eq!(cancelled.state, RunState::InPart, "{cancelled:?}");
    assert_eq!(RunState::exit_as(RunKind::Compact, &outcomes(&cancelled)), Exit::Interrupted);
    let rest = action::load_plan(&session, run.suffix()).await.unwrap();
    let open = outcomes(&cancelled).into_iter().filter(|target| target.state == TargetState::Cancelled).count();
    assert!(open > 0);
    assert_eq!((rest.targets.len(), rest.totals.targets), (open, open as u64));
    assert_eq!(action::check_plan(&session, &rest, &CancellationToken::new()).await.unwrap(), []);
    let second = bench
        .carry_out(&Order::Compact {
            plan: Box::new(rest),
            skip_drifted: false,
            accept_window: true,
            limits: Default::default(),
        })
        .await;
    assert_eq!(second.state, RunState::Done, "{second:?}");
    assert_eq!(bench.seen().rows, before.rows);
    let orders = Selection::table(TableName::new("sales", "orders"));
    let plan = action::plan(&session, &orders, None, &CancellationToken::new()).await.unwrap();
    assert!(plan.targets.is_empty(), "something is left to do");
}
