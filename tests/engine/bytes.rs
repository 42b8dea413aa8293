//! Any bytes where a record should be: an error or a value, never a panic, in bounded time. And any value where the
//! checksum is right but the content is not, as somebody with an editor may leave it: every reader and every act
//! answers, nothing outside the lake is touched, and a plan that was tampered with never costs or doubles a row.
//!
//! Footers of data files have the same in `src/format/tests/damage.rs`, lines on sockets in `src/ipc/lines.rs`.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use lakehand::error::{Code, Result};
use lakehand::ledger::index::{RunPlan, RunRecord};
use lakehand::ledger::intent::{Intent, Owner};
use lakehand::ledger::record::{decode, encode};
use lakehand::ledger::{list_runs, run_detail, verdict};
use lakehand::model::{Decision, Plan, RunId, Scope, TargetState};
use serde_json::{Value, json};
use xxhash_rust::xxh3::xxh3_64;

use crate::acts::rows_anywhere;
use crate::disk::Found;
use crate::fault::Fault;
use crate::world::{Draw, PART, World, cleanup, compact, decide, names, recover, rollback};

const RAW: u64 = 20_000;
const READ: u64 = 250;
const ACTED: u64 = 120;
const PLANS: u64 = 400;
const LONGEST: Duration = Duration::from_secs(20);

/// Values that were found to break something, by record and place; tried first, every time.
const FOUND: &[(&str, &str, &str)] = &[
    // Joined to a directory: out of it.
    (".done.2", "/in/0/name", r#""../../../../outside/x""#),
    (".done.2", "/out/0/live", r#""..""#),
    (".done.2", "/out/0/name", r#""""#),
    (".intent.1", "/frame/prefix", r#""../""#),
    (".plan", "/targets/0/location", r#""lake""#),
    (".plan", "/targets/0/location", r#""/lake/../..""#),
    (".plan", "/plan/targets/0/groups/0/outputs/0/0/file/name", r#""a/b""#),
    // Sums past the end of the numbers, and of the calendar.
    (".done.2", "/at", r#""+262142-12-31T23:59:59Z""#),
    (".done.2", "/account/files_after", "18446744073709551615"),
    (".done.2", "/account/bytes_after", "18446744073709551615"),
    (".done.2", "/in/0/length", "18446744073709551615"),
    // A count that is believed.
    (".state", "/outcomes/0/0", "18446744073709551615"),
    (".state", "/targets", "18446744073709551615"),
    (".state", "/started", r#""-262143-01-01T00:00:00Z""#),
];

/// A lake in which there is one of every record, and what it looks like.
struct Scene {
    world: World,
    runs: Vec<RunId>,
    tree: Found,
    outside: PathBuf,
}

impl Scene {
    /// A run that was taken back; or one that died in the middle of its exchange.
    async fn prepare(dies: bool) -> Scene {
        let world = World::with_files(3);
        let outside = world.outside("outside");
        fs::create_dir(&outside).unwrap();
        let process = world.process();
        let mut runs = Vec::new();
        if dies {
            let store = Arc::clone(&process.store);
            process.store.on_call(Arc::new(move |number, act| {
                if act.to_string().contains(".part-1.txt.kept") {
                    store.fail_at(number, Fault::Dies);
                }
                Box::pin(std::future::ready(()))
            }));
            let run = lakehand::run::reserve_id(&process.context).await.unwrap();
            let _ = lakehand::run::execute(&process.context, run.clone(), compact(world.plan(&[PART]))).await;
            assert!(process.store.is_dead() && world.read(PART).is_none());
            runs.push(run);
        } else {
            let (run, _) = process.run(compact(world.plan(&[PART]))).await.unwrap();
            let (back, _) = process.run(rollback(&run)).await.unwrap();
            runs.extend([run, back]);
        }
        process.end().await;
        let tree = Found::read(Path::new(world.root.as_str()));
        Scene { world, runs, tree, outside }
    }

    /// Every record of the lake.
    fn records(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        walk(&self.world.path(".lakehand"), &mut found);
        found.retain(|path| kind_of(path).is_some());
        found.sort();
        assert!(found.len() >= 3, "{found:?}");
        found
    }

    fn reset(&self) {
        self.tree.write(Path::new(self.world.root.as_str()));
    }

    /// Everybody who reads records reads this lake.
    async fn read_all(&self) {
        let (world, now) = (&self.world, self.world.clock_now());
        let (ledger, scope) = (world.ledger(), Scope::default());
        let _ = list_runs(&ledger, now).await;
        for run in &self.runs {
            let _ = run_detail(&ledger, run, now).await;
            let _ = verdict::rollback(&ledger, run, &scope).await;
            let _ = verdict::cleanup(&ledger, run, &scope, Duration::from_secs(60), true, now).await;
            let _ = verdict::recover(&ledger, Some(run), &scope).await;
        }
        let _ = verdict::recover(&ledger, None, &scope).await;
    }

    /// Everybody who acts on them acts.
    async fn act_all(&self, draw: &mut Draw) {
        let run = self.runs[draw.below(self.runs.len() as u64) as usize].clone();
        let copies = lakehand::model::StorePath::new(self.outside.join("copies").to_str().unwrap()).unwrap();
        let restore = lakehand::run::Act::Restore { of: run.clone(), scope: Scope::default(), to: copies };
        let decision = if draw.below(2) == 0 { Decision::Keep } else { Decision::Restore };
        let acts = [recover(), rollback(&run), cleanup(&run), restore, decide(decision)];
        let first = draw.below(acts.len() as u64) as usize;
        for act in acts.into_iter().cycle().skip(first).take(3) {
            let process = self.world.process();
            let _ = process.run(act).await;
            process.end().await;
        }
        let mut outside = names(&self.outside);
        outside.retain(|name| name != "copies");
        assert!(outside.is_empty(), "{outside:?}");
        let _ = fs::remove_dir_all(self.outside.join("copies"));
    }
}

fn walk(directory: &Path, found: &mut Vec<PathBuf>) {
    for name in names(directory) {
        let path = directory.join(name);
        if path.is_dir() { walk(&path, found) } else { found.push(path) }
    }
}

/// The kind of a record by its name.
fn kind_of(path: &Path) -> Option<&'static str> {
    let name = path.file_name()?.to_str()?;
    match name {
        _ if name.starts_with(".done.") => Some("done"),
        _ if name.starts_with(".intent.") => Some("intent"),
        _ if name.starts_with(".owner.") => Some("owner"),
        _ if name.ends_with(".plan") => Some("plan"),
        _ if name.contains(".state.") => Some("state"),
        _ => None,
    }
}

/// Reads bytes as what the name says that they are, and writes the value again.
fn reread(kind: &str, bytes: &[u8]) -> Result<Vec<u8>> {
    match kind {
        "owner" => encode(&decode::<Owner>(bytes)?),
        "plan" => encode(&decode::<RunPlan>(bytes)?),
        "state" => encode(&decode::<RunRecord>(bytes)?),
        _ => encode(&decode::<Intent>(bytes)?),
    }
}

/// The content of a record.
fn content(bytes: &[u8]) -> Value {
    let cut = bytes.iter().position(|byte| *byte == b'\n').unwrap();
    serde_json::from_slice(&bytes[cut + 1..]).unwrap()
}

/// The record with another content and a checksum that fits.
fn sealed(bytes: &[u8], content: &Value) -> Vec<u8> {
    let cut = bytes.iter().position(|byte| *byte == b'\n').unwrap();
    let mut header: Value = serde_json::from_slice(&bytes[..cut]).unwrap();
    let body = serde_json::to_vec(content).unwrap();
    header["xxh3"] = json!(format!("{:016x}", xxh3_64(&body)));
    [serde_json::to_vec(&header).unwrap(), b"\n".to_vec(), body, b"\n".to_vec()].concat()
}

/// A few bytes changed, taken out, put in, doubled, or the end cut off.
fn garbled(bytes: &[u8], draw: &mut Draw) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..1 + draw.below(4) {
        let at = draw.below(bytes.len().max(1) as u64) as usize;
        let length = (draw.below(40) as usize).min(bytes.len() - at);
        match draw.below(6) {
            0 => drop(bytes.drain(at..at + length)),
            1 => drop(bytes.splice(at..at, (0..length).map(|_| draw.next() as u8).collect::<Vec<u8>>())),
            2 => drop(bytes.splice(at..at, bytes[at..at + length].to_vec())),
            3 => bytes.truncate(at),
            _ if !bytes.is_empty() => bytes[at] ^= 1 << draw.below(8),
            _ => {}
        }
    }
    bytes
}

/// A value that nobody expects.
fn hostile(draw: &mut Draw) -> Value {
    match draw.below(16) {
        0 => Value::Null,
        1 => json!(0),
        2 => json!(-1),
        3 => json!(u64::MAX),
        4 => json!(i64::MIN),
        5 => json!(i64::MAX),
        6 => json!(1e308),
        7 => json!(""),
        8 => json!(".."),
        9 => json!("a/b"),
        10 => json!("../../../outside/x"),
        11 => json!("\0\u{1b}[2J\u{202e}"),
        12 => json!("x".repeat(70_000)),
        13 => json!("+262142-12-31T23:59:59Z"),
        14 => json!([]),
        _ => json!({}),
    }
}

/// Changes something somewhere in a document.
fn tampered(value: &mut Value, draw: &mut Draw) {
    match value {
        Value::Object(fields) if !fields.is_empty() && draw.below(8) > 0 => {
            let at = draw.below(fields.len() as u64) as usize;
            let name = fields.keys().nth(at).unwrap().clone();
            if draw.below(12) == 0 { drop(fields.remove(&name)) } else { tampered(&mut fields[&name], draw) }
        }
        Value::Array(items) if !items.is_empty() && draw.below(8) > 0 => {
            let at = draw.below(items.len() as u64) as usize;
            match draw.below(8) {
                0 => drop(items.remove(at)),
                1 => items.push(items[at].clone()),
                2 => items.swap(0, at),
                _ => tampered(&mut items[at], draw),
            }
        }
        other => *other = hostile(draw),
    }
}

#[tokio::test]
async fn any_bytes_in_a_record_are_an_error_or_a_value() {
    let mut records = Vec::new();
    for dies in [false, true] {
        let scene = Scene::prepare(dies).await;
        records.extend(scene.records().into_iter().map(|path| (kind_of(&path).unwrap(), fs::read(path).unwrap())));
    }
    let kinds: std::collections::BTreeSet<&str> = records.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds.len(), 5, "{kinds:?}");
    let begun = std::time::Instant::now();
    let (mut read, mut refused) = (0_u64, 0_u64);
    for seed in 0..RAW {
        let mut draw = Draw::new(seed);
        let (kind, bytes) = &records[draw.below(records.len() as u64) as usize];
        let bytes = if draw.below(3) == 0 {
            let mut content = content(bytes);
            tampered(&mut content, &mut draw);
            sealed(bytes, &content)
        } else {
            garbled(bytes, &mut draw)
        };
        match reread(kind, &bytes) {
            // What is read is written and read again as the same.
            Ok(again) => {
                read += 1;
                assert_eq!(reread(kind, &again).unwrap(), again, "seed {seed}");
            }
            Err(error) => {
                refused += 1;
                assert_eq!(error.code(), Code::DamagedRecord, "seed {seed}: {error}");
            }
        }
    }
    println!("{read} read, {refused} refused in {:?}", begun.elapsed());
    // Both must be met often; of a state the sign of a run at work has many numbers that cannot be anything else.
    assert!(read > RAW / 25 && refused > RAW / 2, "{read} {refused}");
}

#[test]
fn nesting_without_end_is_an_error() {
    for (open, close) in [("[", "]"), ("{\"run\":", "}")] {
        let body = format!("{}1{}", open.repeat(200_000), close.repeat(200_000));
        let header = json!({"format": "lakehand.intent/1", "xxh3": format!("{:016x}", xxh3_64(body.as_bytes()))});
        let bytes = format!("{header}\n{body}\n");
        assert_eq!(decode::<Intent>(bytes.as_bytes()).unwrap_err().code(), Code::DamagedRecord);
    }
}

async fn in_time(what: String, work: impl Future<Output = ()>) {
    assert!(tokio::time::timeout(LONGEST, work).await.is_ok(), "{what} does not end");
}

#[tokio::test]
async fn what_was_found_before_is_survived() {
    for dies in [false, true] {
        let scene = Scene::prepare(dies).await;
        for (record, place, value) in FOUND {
            let wanted = |path: &&PathBuf| path.file_name().unwrap().to_str().unwrap().contains(record);
            for path in scene.records().iter().filter(wanted) {
                let bytes = fs::read(path).unwrap();
                let mut content = content(&bytes);
                let Some(slot) = content.pointer_mut(place) else { continue };
                *slot = serde_json::from_str(value).unwrap();
                fs::write(path, sealed(&bytes, &content)).unwrap();
                let told = format!("{record} {place} {value}");
                in_time(told.clone(), scene.read_all()).await;
                for seed in 0..5 {
                    fs::create_dir_all(path.parent().unwrap()).unwrap();
                    fs::write(path, sealed(&bytes, &content)).unwrap();
                    in_time(told.clone(), scene.act_all(&mut Draw::new(seed))).await;
                    scene.reset();
                }
            }
        }
    }
}

#[tokio::test]
async fn names_with_the_largest_numbers_are_survived() {
    let scene = Scene::prepare(false).await;
    let epoch = scene.world.epoch(PART);
    let number = u64::MAX;
    let state = scene.records().into_iter().find(|path| kind_of(path) == Some("state")).unwrap();
    let run = &scene.runs[0];
    for (from, to) in [
        (epoch.join(".done.2"), epoch.join(format!(".done.{number}"))),
        (epoch.join(".trip.2"), epoch.join(format!(".trip.{number}"))),
        (state.clone(), state.with_file_name(format!("{run}.state.{number}"))),
        (epoch.clone(), epoch.with_file_name(format!(".{run}.w{number}.rest"))),
    ] {
        fs::rename(from, to).unwrap();
        in_time("a number".to_owned(), scene.read_all()).await;
        in_time("a number".to_owned(), scene.act_all(&mut Draw::new(1))).await;
        scene.reset();
    }
}

/// One record is replaced by another that has the right checksum.
async fn tampering(dies: bool, seeds: u64, acts: bool) {
    let scene = Scene::prepare(dies).await;
    let records: Vec<(PathBuf, Vec<u8>)> =
        scene.records().into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect();
    for seed in 0..seeds {
        let mut draw = Draw::new(seed);
        let (path, bytes) = &records[draw.below(records.len() as u64) as usize];
        let mut content = content(bytes);
        for _ in 0..1 + draw.below(3) {
            tampered(&mut content, &mut draw);
        }
        fs::write(path, sealed(bytes, &content)).unwrap();
        let told = format!("seed {seed}, {}", path.display());
        in_time(told.clone(), scene.read_all()).await;
        if acts {
            in_time(told, scene.act_all(&mut draw)).await;
        }
        scene.reset();
    }
}

#[tokio::test]
async fn every_reader_answers_whatever_a_record_says() {
    tampering(false, READ, false).await;
    tampering(true, READ, false).await;
}

#[tokio::test]
async fn every_act_answers_whatever_a_record_says() {
    tampering(false, ACTED, true).await;
    tampering(true, ACTED, true).await;
}

/// A plan is a file that people send each other.
#[tokio::test]
async fn a_plan_that_was_tampered_with_never_costs_or_doubles_a_row() {
    let world = World::with_files(4);
    let before = world.read(PART).unwrap();
    let tree = Found::read(Path::new(world.root.as_str()));
    let good = serde_json::to_value(world.plan(&[PART])).unwrap();
    let doubled = |place: &str| {
        let mut plan = good.clone();
        let list = plan.pointer_mut(place).unwrap().as_array_mut().unwrap();
        list.push(list[0].clone());
        plan
    };
    let mut plans = vec![
        doubled("/targets"),
        doubled("/targets/0/groups"),
        doubled("/targets/0/groups/0/outputs"),
        doubled("/targets/0/groups/0/outputs/0"),
    ];
    plans.extend((0..PLANS).map(|seed| {
        let (mut plan, mut draw) = (good.clone(), Draw::new(seed));
        // Almost all that decides anything is in the targets.
        for _ in 0..1 + draw.below(2) {
            match plan.get_mut("targets") {
                Some(targets) if draw.below(4) > 0 => tampered(targets, &mut draw),
                _ => tampered(&mut plan, &mut draw),
            }
        }
        plan
    }));
    let (mut read, mut done) = (0, 0);
    for (number, plan) in plans.into_iter().enumerate() {
        let bytes = serde_json::to_vec(&plan).unwrap();
        let Ok(plan) = serde_json::from_slice::<Plan>(&bytes) else { continue };
        read += 1;
        let told = format!("plan {number}");
        let process = world.process();
        let ended = tokio::time::timeout(LONGEST, process.run(compact(plan.clone()))).await;
        let ended = ended.unwrap_or_else(|_| panic!("{told} does not end"));
        done +=
            u64::from(ended.as_ref().is_ok_and(|(_, all)| all.iter().any(|one| one.state == TargetState::Replaced)));
        process.end().await;
        assert_eq!(world.read(PART).as_ref(), Some(&before), "{told}: {ended:?}; {plan:#?}");
        assert_eq!(rows_anywhere(&world), before, "{told}: {ended:?}");
        tree.write(Path::new(world.root.as_str()));
    }
    println!("{read} plans read, {done} carried out");
    assert!(read > PLANS / 8 && done > 10, "{read} {done}");
}
