//! Commands on a lake: what they print, what they ask, what they refuse, and the documents that scripts read.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use chrono::{Duration, Utc};
use lakehand::demo::{self, DemoOptions};
use lakehand::model::{TableName, TargetId};

use crate::command::{Done, User, fields, repository};

/// A user with a demo lake.
struct Bench {
    user: User,
    lake: PathBuf,
}

impl Bench {
    fn new(files: u64) -> Bench {
        let user = User::new();
        let lake = user.home().join("lake");
        demo::create(&lake, &DemoOptions { files, seed: 7, now: Utc::now() }).unwrap();
        Bench { user, lake }
    }

    fn arguments<'a>(&'a self, arguments: &[&'a str]) -> Vec<&'a str> {
        [arguments, &["--lake", self.lake.to_str().unwrap()]].concat()
    }

    fn run(&self, arguments: &[&str]) -> Done {
        self.user.run(&self.arguments(arguments))
    }

    fn json(&self, arguments: &[&str]) -> serde_json::Value {
        let done = self.run(&[arguments, &["--output", "json"]].concat());
        done.exits(0);
        assert_documented(&done.json());
        done.json()
    }

    /// Every visible data file of the lake.
    fn files(&self) -> BTreeSet<PathBuf> {
        let mut found = BTreeSet::new();
        visible(&self.lake, &mut found);
        found
    }

    fn add_late_file(&self, number: u64) {
        let target = TargetId::new(&TableName::new("finance", "ledger"), None);
        demo::add_late_file(&self.lake, &target, number, Utc::now() - Duration::hours(2)).unwrap();
    }
}

fn visible(directory: &Path, found: &mut BTreeSet<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap().to_string_lossy().starts_with(['.', '_']) {
            continue;
        }
        if path.is_dir() {
            visible(&path, found);
        } else {
            found.insert(path);
        }
    }
}

/// Every field of a document is named in docs/json.md.
#[track_caller]
fn assert_documented(document: &serde_json::Value) {
    let docs = repository("docs/json.md");
    let format = document["format"].as_str().unwrap();
    assert!(docs.contains(&format!("`{format}`")), "{format} is not in docs/json.md");
    // The inside of what a plan carries for itself is its own.
    let mut outside = document.clone();
    if format == "lakehand.plan/1" {
        outside["policy"] = serde_json::Value::Null;
        for target in outside["targets"].as_array_mut().unwrap() {
            for inner in ["directory", "before", "after", "warnings", "groups", "summary_files"] {
                target[inner] = serde_json::Value::Null;
            }
        }
    }
    let mut names = BTreeSet::new();
    fields(&outside, &mut names);
    let forms = |name: &String| [format!("`{name}`"), format!("`{name}[]`"), format!("\"{name}\"")];
    let known = |name: &String| forms(name).iter().any(|form| docs.contains(form));
    let missing: Vec<&String> = names.iter().filter(|name| !known(name)).collect();
    assert!(missing.is_empty(), "{format}: docs/json.md does not name {missing:?}");
}

#[test]
fn analyze_gives_figures_as_text_and_as_a_documented_document() {
    let bench = Bench::new(300);
    bench
        .run(&["analyze"])
        .exits(0)
        .prints("finance.ledger")
        .prints("10 tables")
        .prints("REFUSED")
        .prints("unfinished");
    let document = bench.json(&["analyze"]);
    let tables = document["tables"].as_array().unwrap();
    let files: u64 = tables.iter().map(|table| table["files"].as_u64().unwrap()).sum();
    assert_eq!((tables.len(), files), (10, 300));
    for table in tables {
        let bins = table["histogram"].as_array().unwrap().iter();
        let in_bins: u64 = bins.map(|bin| bin["files"].as_u64().unwrap()).sum();
        assert_eq!(table["files"], in_bins);
        let targets = table["targets"].as_array().unwrap().iter();
        assert_eq!(table["files"], targets.map(|target| target["files"].as_u64().unwrap()).sum::<u64>());
    }
    let nothing = ["analyze", "--table", "sales.orders", "--partition", "dt=1999-01-01"];
    bench.run(&nothing).exits(2).says("[partition_not_found, exit 2]");
}

#[test]
fn what_is_not_there_names_the_nearest() {
    let bench = Bench::new(150);
    bench.run(&["analyze", "--table", "sales.oders"]).exits(2).says("[table_not_found, exit 2]").says("did you mean");
    bench.run(&["plan", "--database", "salse"]).exits(2).says("[database_not_found, exit 2]");
    bench.run(&["history", "zzz"]).exits(2).says("[run_not_found, exit 2]");
    bench.run(&["compact", "--plan", "zzz", "--yes"]).exits(2).says("exit 2]");
}

#[test]
fn a_plan_is_saved_and_applied_exactly_once_it_is_answered() {
    let bench = Bench::new(300);
    let before = bench.files();
    let planned = bench.json(&["plan", "--table", "finance.ledger", "--save", "ledger.plan"]);
    let id = planned["plan"].as_str().unwrap();
    bench.run(&["compact", "--plan", "ledger.plan"]).exits(3).says("[not_confirmed, exit 3]").says("--yes");
    bench.run(&["compact", "--plan", id, "--confirm", "1"]).exits(3).says("[not_confirmed, exit 3]");
    bench.run(&["compact", "--plan", id, "--yes", "--read-only"]).exits(3).says("[read_only, exit 3]");
    bench.run(&["compact", "--plan", id, "--dry-run"]).exits(0).prints("7 exchange").prints("would move");
    assert_eq!(bench.files(), before, "nothing was changed so far");
    let run = bench.json(&["compact", "--plan", "ledger.plan", "--yes"]);
    assert_eq!((&run["state"], &run["kind"]), (&"done".into(), &"compact".into()));
    assert_eq!(run["targets"][0]["state"], "replaced");
    assert_eq!(run["targets"][0]["verified"], "values");
    assert_eq!(run["targets"][0]["rows"], planned["targets"][0]["rows"]);
    assert!(bench.files().len() < before.len());
    bench.run(&["compact", "--plan", id, "--yes"]).exits(3).says("[plan_drift, exit 3]");
}

#[test]
fn what_drifted_refuses_the_run_or_is_left_out() {
    let bench = Bench::new(300);
    let targets = ["--table", "finance.ledger", "--table", "finance.payments"];
    bench.run(&[&["plan", "--save", "p"][..], &targets].concat()).exits(0);
    bench.add_late_file(1);
    let before = bench.files();
    bench.run(&["compact", "--plan", "p", "--yes"]).exits(3).says("[plan_drift, exit 3]").says("finance.ledger");
    assert_eq!(bench.files(), before);
    let run = bench.run(&["compact", "--plan", "p", "--yes", "--on-drift", "skip", "--output", "json"]);
    let run = run.exits(4).json();
    let states: Vec<&str> =
        run["targets"].as_array().unwrap().iter().map(|one| one["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["changed", "replaced"]);
}

#[test]
fn a_run_is_rolled_back_its_undo_too_and_cleaned_up_only_when_it_is_typed() {
    let bench = Bench::new(300);
    let before = bench.files();
    let first = bench.json(&["compact", "--database", "finance", "--yes"]);
    let first = first["run"].as_str().unwrap();
    let compacted = bench.files();
    let preview = bench.json(&["rollback", "--dry-run"]);
    assert!(preview["targets"].as_array().unwrap().iter().all(|target| target["verdict"] == "ready"));
    bench.run(&["rollback"]).exits(3).says("[not_confirmed, exit 3]");
    assert_eq!(bench.files(), compacted);
    let back = bench.json(&["rollback", "--yes"]);
    assert_eq!(back["kind"], "rollback");
    assert_eq!(bench.files(), before, "every file is back under its name");
    let undone = bench.json(&["rollback", back["run"].as_str().unwrap(), "--yes"]);
    assert_eq!((&undone["state"], bench.files()), (&"done".into(), compacted.clone()));

    let history = bench.json(&["history"]);
    let runs = history["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 3);
    let last = undone["run"].as_str().unwrap();
    assert_eq!((&runs[0]["run"], &runs[2]["run"]), (&last.into(), &first.into()), "the newest first");
    assert_documented(&bench.json(&["history", first]));
    bench.run(&["history", &first[14..]]).exits(0).prints("finance.ledger");
    bench
        .run(&["cleanup", first, "--skip-trash", "--minimum-age", "0s"])
        .exits(3)
        .says(&format!("lakehand cleanup {}", &last[14..]));
    bench.run(&["cleanup", last]).exits(3).says("exit 3]");
    bench.run(&["cleanup", last, "--skip-trash", "--confirm", "2 tables"]).exits(3).says("[not_cleanable, exit 3]");
    for age in ["9000000000000000ms", "18446744073709551615ms"] {
        bench.run(&["cleanup", "--skip-trash", "--minimum-age", age]).exits(2).says("there is no run for cleanup");
        let young = bench.run(&["cleanup", last, "--skip-trash", "--minimum-age", age]);
        young.exits(3).says("[not_cleanable, exit 3]").says(" and 1 more: ");
    }
    let now = ["cleanup", last, "--skip-trash", "--minimum-age", "0s"];
    bench.run(&[&now[..], &["--yes"]].concat()).exits(3).says("[not_confirmed, exit 3]").says("'2 tables'");
    bench.run(&[&now[..], &["--confirm", "finance.ledger"]].concat()).exits(3).says("[not_confirmed, exit 3]");
    assert_eq!(bench.json(&["cleanup", last, "--dry-run", "--skip-trash", "--minimum-age", "0s"])["kind"], "cleanup");
    let cleaned = bench.json(&[&now[..], &["--confirm", "2 tables"]].concat());
    assert_eq!((&cleaned["kind"], &cleaned["state"]), (&"cleanup".into(), &"done".into()));
    assert_eq!(bench.files(), compacted);
    let held: u64 = bench.json(&["history"])["runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| run["backup_files"].as_u64().unwrap())
        .sum();
    assert_eq!(held, 0);
    bench.run(&["rollback", first, "--yes"]).exits(3).says("exit 3]");
    bench.run(&["recover", "--yes"]).exits(0).prints("nothing to recover");
}

#[test]
fn kept_files_are_copied_aside() {
    let bench = Bench::new(300);
    let compacted = bench.json(&["compact", "--table", "finance.ledger", "--yes"]);
    let run = compacted["run"].as_str().unwrap();
    let after = bench.files();
    let to = bench.user.home().join("aside");
    let restored = bench.json(&["restore", run, "--to", to.to_str().unwrap()]);
    assert_eq!((&restored["kind"], &restored["state"]), (&"restore".into(), &"done".into()));
    let mut copies = BTreeSet::new();
    visible(&to, &mut copies);
    assert_eq!(copies.len() as u64, compacted["targets"][0]["files_before"].as_u64().unwrap());
    assert_eq!(bench.files(), after);
    bench.run(&["restore", run, "--to", to.to_str().unwrap()]).exits(1).says("there already");
}

#[test]
fn what_cannot_be_compacted_is_refused_with_its_reason() {
    let bench = Bench::new(300);
    let unfinished = bench.run(&["compact", "--table", "web.landing", "--yes"]);
    unfinished.exits(3).says("refused:").says("[damaged_file, exit 3]");
    let healthy = bench.run(&["compact", "--table", "sales.stores", "--yes"]);
    assert!([0, 3].contains(&healthy.status), "{}", healthy.stderr);
}

#[test]
fn a_production_profile_wants_the_number_of_targets() {
    let bench = Bench::new(300);
    let profile = format!("profiles:\n  prod:\n    lake: {}\n    production: true\n", bench.lake.display());
    bench.user.write(".config/lakehand/config.yaml", &profile);
    let compact = ["compact", "--table", "finance.ledger"];
    let by_name = |more: &[&str]| bench.user.run(&[&compact[..], more].concat());
    by_name(&["--yes"]).exits(3).says("PRODUCTION").says("--confirm 1");
    bench.run(&[&compact[..], &["--yes"]].concat()).exits(3).says("PRODUCTION");
    by_name(&["--confirm", "2"]).exits(3).says("asks for \"1\" and got \"2\"");
    by_name(&["--confirm", "1"]).exits(0);
}

#[test]
fn a_detached_run_is_listed_attached_to_and_steered() {
    let bench = Bench::new(300);
    let detached = bench.json(&["compact", "--table", "finance.ledger", "--yes", "--detach"]);
    let run = detached["run"].as_str().unwrap();
    let watched = bench.user.run(&["attach", &run[14..], "--output", "json"]);
    watched.exits(0);
    assert_documented(&watched.json());
    assert_eq!(watched.json()["state"], "done");
    let jobs = bench.user.run(&["jobs", "--all", "--output", "json"]);
    assert_documented(&jobs.exits(0).json());
    assert_eq!(jobs.json()["runs"][0]["run"], run);
    bench.user.run(&["jobs"]).exits(0).prints("no run of yours works");
    bench.user.run(&["cancel", run]).exits(3).says("has ended");
    bench.user.run(&["pause", "nope"]).exits(2).says("[run_not_found, exit 2]");
}

#[test]
fn a_termination_cancels_safely_and_a_hang_up_detaches() {
    for (signal, exits) in [(rustix::process::Signal::TERM, 130), (rustix::process::Signal::HUP, 0)] {
        let bench = Bench::new(4_000);
        let mut command = bench.user.command(&bench.arguments(&["compact", "--yes", "--output", "json"]));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let said = BufReader::new(child.stderr.take().unwrap());
        let line = said.lines().map_while(Result::ok).find(|line| line.starts_with("run ")).unwrap();
        assert!(line.contains("closing this window does not stop it"));
        rustix::process::kill_process(rustix::process::Pid::from_child(&child), signal).unwrap();
        let output = child.wait_with_output().unwrap();
        let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(exits), "{document}");
        let run = document["run"].as_str().unwrap();
        if exits == 130 {
            let states = document["targets"].as_array().unwrap().iter().map(|target| &target["state"]);
            assert!(states.clone().any(|state| state == "cancelled"));
            bench.run(&["recover", "--dry-run"]).exits(0).prints("nothing to recover");
            bench.run(&["compact", "--plan", run, "--yes"]).exits(0);
        } else {
            assert_eq!(document["state"], "running");
            bench.user.run(&["attach", run]).exits(0).prints("done");
        }
    }
}

#[test]
fn hostile_names_are_harmless_and_exact() {
    let user = User::new();
    let name = "o\u{1b}[2Jr\u{9b}31m\u{202e}\u{200b}s $(touch x)`;'\"";
    let table = user.directory(&format!("lake/sales.db/{name}"));
    std::fs::write(table.join("0"), b"PAR1 is not here").unwrap();
    let lake = user.home().join("lake");
    let lake = lake.to_str().unwrap();
    for command in ["analyze", "plan", "compact", "doctor", "history"] {
        for format in ["text", "json"] {
            let done = user.run(&[command, "--lake", lake, "--output", format]);
            let hostile = |c: char| c != '\n' && lakehand::model::is_harmful(c);
            assert!(!done.stdout.contains(hostile) && !done.stderr.contains(hostile), "{command} {format}");
        }
    }
    let document = user.run(&["analyze", "--lake", lake, "--output", "json"]).json();
    assert_eq!(document["tables"][0]["table"], name);
    assert!(!user.home().join("x").exists());
}

#[test]
fn doctor_checks_what_a_run_needs() {
    let bench = Bench::new(150);
    let document = bench.json(&["doctor"]);
    let checks = document["checks"].as_array().unwrap();
    let names: Vec<&str> = checks.iter().map(|check| check["name"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        ["configuration", "store", "locks", "room", "rights", "history", "leftovers", "worker", "logout", "clock"]
    );
    bench.run(&["doctor"]).exits(0).prints("this file system can do what an exchange needs");
}

#[test]
fn the_demo_walks_the_whole_path_and_leaves_nothing() {
    let user = User::new();
    let done = user.run(&["demo", "--files", "400"]);
    done.exits(0);
    for step in ["make", "analyze", "plan", "compact", "late file", "roll back", "clean up", "all of it held"] {
        done.prints(step);
    }
    let left = std::fs::read_dir(user.home().join(".cache/lakehand/demo")).unwrap().count();
    assert_eq!(left, 0);
    let kept = user.run(&["demo", "--files", "400", "--dir", "mine"]);
    kept.exits(0).says("the demo lake stays");
    user.run(&["demo", "--files", "400", "--dir", "mine"]).exits(1).says("is not empty");
}
