//! Actions that only look, on a demo lake, without a worker.

use std::fs;
use std::path::{Path, PathBuf};

use lakehand::action::{self, Exclude, Selection};
use lakehand::error::Code;
use lakehand::model::{Footers, OnDrift, PartitionSpec, Plan, RunLimits, StorePath, Subject, TableName, TargetId};
use tokio_util::sync::CancellationToken;

use crate::worker_bench::Bench;

fn table(name: &str) -> TableName {
    TableName::parse(name).unwrap()
}

fn never() -> CancellationToken {
    CancellationToken::new()
}

/// A copy of one file of a target, under a new name and with its old time.
fn add_late_file(plan: &Plan) -> PathBuf {
    let target = &plan.targets[0];
    let directory = Path::new(target.location.as_str());
    let source = directory.join(&target.groups[0].outputs[0][0].file.name);
    let late = directory.join("late-00000.parquet");
    fs::copy(&source, &late).unwrap();
    let modified = fs::metadata(&source).unwrap().modified().unwrap();
    fs::File::options().write(true).open(&late).unwrap().set_modified(modified).unwrap();
    late
}

#[tokio::test]
async fn analyze_gives_the_worst_first_and_keeps_it() {
    let bench = Bench::new(300);
    let session = bench.session().await;
    let all = action::analyze(&session, &Selection::default(), None, &never()).await.unwrap();
    assert!(all.tables.len() >= 8);
    let saves: Vec<u64> = all.tables.iter().map(|table| table.stats.saves).collect();
    assert!(saves.is_sorted_by(|one, other| one >= other), "{saves:?}");
    let orders = all.tables.iter().find(|one| one.stats.name == table("sales.orders")).unwrap();
    let files: u64 = orders.targets.iter().map(|target| target.files()).sum();
    assert_eq!((orders.stats.targets, orders.stats.files()), (orders.targets.len() as u64, files));
    let cache = action::cache_of(&session.paths, &action::lake_name(session.settings()));
    let cached = cache.tables();
    assert_eq!(cached.len(), all.tables.len());
    let mut cached = 0;
    cache.each_targets(&table("sales.orders"), 100, |targets| {
        cached += targets.len();
        true
    });
    assert_eq!(cached, orders.targets.len());
}

#[tokio::test]
async fn a_prefix_and_an_exclusion_narrow_the_targets() {
    let bench = Bench::new(300);
    let session = bench.session().await;
    let whole = Selection::table(table("sales.orders"));
    let whole = action::analyze(&session, &whole, None, &never()).await.unwrap();
    let some: Vec<String> =
        whole.tables[0].targets.iter().take(2).map(|target| target.id.partition.clone().unwrap()).collect();
    let selection = Selection {
        partitions: some.iter().map(|partition| PartitionSpec::parse(partition).unwrap()).collect(),
        exclude: vec![Exclude::parse(&some[1]).unwrap()],
        ..Selection::table(table("sales.orders"))
    };
    let one = action::analyze(&session, &selection, None, &never()).await.unwrap();
    assert_eq!(one.tables.len(), 1);
    assert_eq!(one.tables[0].targets.len(), 1);
    assert_eq!(one.tables[0].targets[0].files(), whole.tables[0].targets[0].files());
    assert_eq!(one.tables[0].stats.files(), one.tables[0].targets[0].files());
}

#[tokio::test]
async fn names_that_are_not_there_are_errors() {
    let bench = Bench::new(120);
    let session = bench.session().await;
    let wrong = [
        (Selection::table(table("sales.nothing")), Code::TableNotFound),
        (Selection { databases: vec!["nothing".to_owned()], ..Selection::default() }, Code::DatabaseNotFound),
        (
            Selection {
                partitions: vec![PartitionSpec::parse("dt=1900-01-01").unwrap()],
                ..Selection::table(table("sales.orders"))
            },
            Code::PartitionNotFound,
        ),
    ];
    for (selection, code) in wrong {
        let error = action::plan(&session, &selection, None, &never()).await.unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        let error = action::analyze(&session, &selection, None, &never()).await.unwrap_err();
        assert_eq!(error.code(), code, "{error}");
    }
    let gone = TargetId::new(&table("sales.orders"), Some("dt=1900-01-01".to_owned()));
    let plan = action::plan(&session, &Selection::targets(vec![gone.clone()]), None, &never()).await.unwrap();
    assert_eq!((plan.targets.len(), plan.skipped[0].id.clone()), (0, gone));
}

#[tokio::test]
async fn a_plan_is_found_by_its_id_its_file_and_nothing_else() {
    let bench = Bench::new(300);
    let session = bench.session().await;
    let plan = bench.plan("sales.orders").await;
    for name in [plan.plan.as_str(), plan.plan.suffix(), plan.plan.short()] {
        assert_eq!(action::load_plan(&session, name).await.unwrap(), plan, "{name}");
    }
    let file = bench.base().join("plan.json");
    action::save_plan_file(&plan, &file).unwrap();
    assert_eq!(action::load_plan(&session, file.to_str().unwrap()).await.unwrap(), plan);
    assert_eq!(action::save_plan_file(&plan, &file).unwrap_err().code(), Code::AlreadyExists);

    let text = fs::read_to_string(&file).unwrap();
    for damaged in [text.replace("lakehand.plan/1", "lakehand.plan/9"), text[..text.len() / 2].to_owned()] {
        fs::write(&file, damaged).unwrap();
        let error = action::load_plan(&session, file.to_str().unwrap()).await.unwrap_err();
        assert_eq!(error.code(), Code::PlanNotFound, "{error}");
    }
    let other = Plan { lake: "file:///elsewhere".to_owned(), ..plan.clone() };
    fs::write(&file, serde_json::to_string(&other).unwrap()).unwrap();
    let error = action::load_plan(&session, file.to_str().unwrap()).await.unwrap_err();
    assert_eq!(error.code(), Code::PlanOtherLake);
    assert_eq!(
        action::execute(&session, &other, OnDrift::Skip, true, RunLimits::default()).await.unwrap_err().code(),
        Code::PlanOtherLake
    );
}

#[tokio::test]
async fn old_plans_are_forgotten() {
    let bench = Bench::new(120);
    let old = bench.plan("sales.orders").await;
    let kept = bench.paths.state.join("plans").join(format!("{}.plan", old.plan));
    let week = std::time::Duration::from_secs(7 * 86_400 + 60);
    fs::File::options().write(true).open(&kept).unwrap().set_modified(std::time::SystemTime::now() - week).unwrap();
    let young = bench.plan("sales.orders").await;
    assert!(!kept.exists());
    assert_eq!(action::load_plan(&bench.session().await, young.plan.as_str()).await.unwrap(), young);
}

#[tokio::test]
async fn drift_is_seen_in_every_form_and_refuses_before_a_worker_is_started() {
    let bench = Bench::new(300);
    let session = bench.session().await;
    let plan = bench.plan("sales.orders").await;
    assert_eq!(action::check_plan(&session, &plan, &never()).await.unwrap(), []);
    let text = async || {
        let drifted = action::check_plan(&session, &plan, &never()).await.unwrap();
        assert_eq!(drifted.len(), 1, "{drifted:?}");
        assert_eq!((&drifted[0].0, drifted[0].1.code), (&plan.targets[0].id, Code::PlanDrift));
        drifted[0].1.text.clone()
    };
    let late = add_late_file(&plan);
    assert!(text().await.starts_with("1 file more, "), "{}", text().await);
    let error = action::execute(&session, &plan, OnDrift::Refuse, true, RunLimits::default()).await.unwrap_err();
    assert_eq!(error.code(), Code::PlanDrift);
    assert!(error.next_step().unwrap().contains("--on-drift skip"), "{error:?}");
    assert!(!bench.places().state().exists(), "a worker was started");
    fs::remove_file(late).unwrap();

    let name = &plan.targets[0].groups[0].outputs[0][0].file.name;
    let file = Path::new(plan.targets[0].location.as_str()).join(name);
    let (bytes, modified) = (fs::read(&file).unwrap(), fs::metadata(&file).unwrap().modified().unwrap());
    fs::remove_file(&file).unwrap();
    assert_eq!(text().await, format!("1 file gone, first {name}"));
    fs::write(&file, &bytes).unwrap();
    assert_eq!(text().await, format!("1 file changed, first {name}"));
    fs::File::options().write(true).open(&file).unwrap().set_modified(modified).unwrap();
    assert_eq!(action::check_plan(&session, &plan, &never()).await.unwrap(), []);
    fs::rename(plan.targets[0].location.as_str(), bench.base().join("away")).unwrap();
    assert_eq!(text().await, "it is not there any more");
}

#[tokio::test]
async fn what_may_not_be_started_is_refused_with_a_reason() {
    let bench = Bench::new(300);
    let session = bench.session().await;
    let mut plan = bench.plan("sales.orders").await;
    plan.targets[0].window_ms_estimate = 3_600_000;
    let error = action::execute(&session, &plan, OnDrift::Refuse, false, RunLimits::default()).await.unwrap_err();
    assert_eq!(error.code(), Code::WindowLimit, "{error}");
    plan.targets.clear();
    let error = action::execute(&session, &plan, OnDrift::Refuse, true, RunLimits::default()).await.unwrap_err();
    assert_eq!(error.code(), Code::NothingToDo);

    let mut bench = bench;
    bench.settings.read_only = true;
    let session = bench.session().await;
    let plan = bench.plan("sales.orders").await;
    let error = action::execute(&session, &plan, OnDrift::Refuse, true, RunLimits::default()).await.unwrap_err();
    assert_eq!(error.code(), Code::ReadOnly);
    let run = lakehand::model::RunId::parse("20260101-0000-abc").unwrap();
    let all = lakehand::ipc::Scope::default();
    assert_eq!(action::rollback(&session, &run, &all).await.unwrap_err().code(), Code::ReadOnly);
    assert_eq!(action::restore(&session, &run, &all, "/tmp/x").await.unwrap_err().code(), Code::ReadOnly);
}

#[tokio::test]
async fn inspect_reads_footers_and_names_what_is_damaged() {
    let bench = Bench::new(300);
    let session = bench.session().await;
    let all = action::analyze(&session, &Selection::default(), None, &never()).await.unwrap();
    let mut damaged = 0;
    for one in &all.tables {
        let subject = Subject::Table(one.stats.name.clone());
        let details = action::inspect(&session, &subject, &Footers::All, None, &never()).await.unwrap();
        let footers = details.footers.unwrap();
        assert!(details.attributes.is_some() && !footers.stopped);
        assert_eq!((footers.targets, footers.targets_in_all), (one.stats.targets, one.stats.targets));
        let empty: u64 = one.targets.iter().map(|target| target.empty_files).sum();
        assert_eq!(footers.files + footers.damaged_in_all, one.stats.files() - empty);
        damaged += footers.damaged.len();
        let first = &one.targets[0].id;
        let files = action::list_files(&session, first, &never()).await.unwrap();
        assert!(files.len() as u64 >= one.targets[0].files(), "{first}");
        let details =
            action::inspect(&session, &Subject::Target(first.clone()), &Footers::None, None, &never()).await.unwrap();
        assert_eq!((details.footers, &details.location), (None, &one.targets[0].location));
    }
    assert!(damaged > 0, "the demo has an unfinished file");
    let lines = all.tables.iter().find(|one| one.stats.name == table("sales.order_lines")).unwrap();
    let subject = Subject::Table(lines.stats.name.clone());
    let some = Footers::Of(lines.targets.iter().take(1).map(|target| target.id.clone()).collect());
    let some = action::inspect(&session, &subject, &some, None, &never()).await.unwrap().footers.unwrap();
    assert_eq!((some.targets, some.files), (1, lines.targets[0].files()));
    assert_eq!(some.versions().len(), 2, "a column was added");
    let stopped = never();
    stopped.cancel();
    let none = action::inspect(&session, &subject, &Footers::All, None, &stopped).await.unwrap().footers.unwrap();
    assert!(none.stopped && none.files == 0);
    let nobody = StorePath::new("/nowhere").unwrap();
    assert!(session.reader.store.stat(&nobody).await.unwrap().is_none());
}
