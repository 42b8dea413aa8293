//! Every screen in every state, at three sizes, in every look: one snapshot a screen. What holds for all of them is
//! asserted; the snapshots are for the eye. Rows that are empty are counted (`~ 7`), and of the ASCII look only the rows
//! that differ are kept. `INSTA_UPDATE=always cargo test --test console matrix` writes them.

use lakehand::app::{
    Colours, DoctorMsg, Effect, Failure, LakeMsg, Look, Msg, PlanMsg, PreviewMsg, Reading, RunMsg, Service,
    ServiceState, ThemeName,
};
use lakehand::error::{Code, Error, Reason};
use lakehand::model::{
    FileTime, KnownFile, LogLevel, RunState, RunSummary, Scanned, Size, TableName, TableStats, TargetStats,
};
use ratatui::style::Color;

use crate::console::{Console, now};
use crate::fakes::checks;
use crate::lake::{self, gib, table_name};
use crate::runs::{self, live_summary, orders, plan, run_id, shown_message, snapshot, summaries, verdicts};

const SIZES: [(u16, u16); 3] = [(60, 20), (80, 24), (120, 40)];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Loading,
    Partial,
    Stale,
    Error,
    Empty,
    Huge,
    ReadOnly,
    Production,
}

use State as S;

const STATES: [State; 8] = [S::Loading, S::Partial, S::Stale, S::Error, S::Empty, S::Huge, S::ReadOnly, S::Production];

fn failure() -> Failure {
    Failure::from(
        Error::new(Code::Permission, "/data/lake cannot be read").why("permission denied").next("ask its owner"),
    )
}

/// The tables of a state.
fn tables(state: State) -> Vec<TableStats> {
    let mut tables = lake::tables();
    match state {
        S::Stale => tables.iter_mut().for_each(|table| table.at = now() - chrono::TimeDelta::days(3)),
        S::Partial => tables.iter_mut().for_each(|table| table.scanned = Scanned::Part),
        S::Huge => {
            let pattern = tables[0].clone();
            tables.truncate(2);
            let many = (0..1_200).map(|number| {
                let mut table = pattern.clone();
                table.name =
                    TableName::new("数据库", format!("ein_sehr_langer_name_für_eine_tabelle_{number:05}_e\u{301}"));
                table.histogram = lake::histogram([10_000_000, 12_345_678, 0, 0, 0, 0, 0, 0, 9, 0], gib(5_000_000.0));
                table.saves = 44_000_000 - number;
                table
            });
            tables.extend(many);
        }
        _ => {}
    }
    tables
}

/// The partitions of sales.orders in a state.
fn targets(state: State) -> Vec<TargetStats> {
    let mut targets = lake::targets();
    match state {
        S::Partial => targets.iter_mut().for_each(|target| target.scanned = Scanned::Part),
        S::Error => {
            for target in &mut targets[..3] {
                target.error = Some(Reason::new(Code::Permission, "permission denied"));
            }
        }
        S::Huge => {
            let pattern = targets[0].clone();
            targets.extend((0..1_200).map(|number| {
                let mut target = pattern.clone();
                target.id.partition = Some(format!("地区=北京/hour={number:02}"));
                target.histogram = lake::histogram([0, 10_000_000, 0, 0, 0, 0, 0, 0, 0, 0], gib(9_000.0));
                target
            }));
        }
        _ => {}
    }
    targets
}

/// A console in a state, with the lake and its runs as that state has them.
fn world(size: (u16, u16), look: Look, state: State) -> Console {
    let mut console = Console::with(size, |options| {
        options.look = look;
        options.lake.read_only = state == S::ReadOnly;
        options.lake.production = matches!(state, S::Production | S::Stale);
    });
    console.send(Msg::Lake(LakeMsg::Cached(tables(state))));
    console.send(Msg::Lake(LakeMsg::Ended { reading: Reading::Lake, stopped: false }));
    // What is listed again because it is on screen ends without news.
    for effect in console.take() {
        let Effect::ScanTables(names) = effect else { continue };
        for name in names {
            console.send(Msg::Lake(LakeMsg::Ended { reading: Reading::Table(name), stopped: false }));
        }
    }
    if state == S::Stale {
        let lost = Service { word: "nn".to_owned(), state: ServiceState::Lost, at: console.at };
        console.send(Msg::Service(lost));
    }
    console
}

fn listed(console: &mut Console, state: State, live: bool) {
    let mut runs = summaries();
    runs.extend(live.then(live_summary));
    if state == S::Huge {
        let pattern = runs[0].clone();
        let more = |number: u64| RunSummary {
            run: run_id(&format!("1021-{:02}{:02}-aaa", number / 60, number % 60)),
            targets: 12_000_000,
            targets_done: 11_999_999,
            tables: vec!["数据库.eine_sehr_lange_tabelle".to_owned(); 40],
            ..pattern.clone()
        };
        runs.extend((0..1_000).map(more));
    }
    console.send(Msg::Run(RunMsg::Listed { runs, complete: state != S::Partial }));
}

/// The partitions of sales.orders, with the cursor's pane at rest.
fn at_orders(console: &mut Console, state: State) {
    console.keys("/sales.orders<Enter><Enter>");
    let (table, reading) = (table_name("sales.orders"), Reading::Table(table_name("sales.orders")));
    match state {
        S::Loading => return,
        S::Empty => {}
        _ => {
            console.send(Msg::Lake(LakeMsg::Targets { table, targets: targets(state) }));
        }
    }
    if state == S::Error {
        console.send(Msg::Lake(LakeMsg::Failed { reading, failure: failure() }));
    } else {
        console.send(Msg::Lake(LakeMsg::Ended { reading, stopped: state == S::Partial }));
    }
    while console.app.is_busy() {
        console.send(Msg::Continue);
    }
    console.wait(300);
}

fn made(console: &mut Console, state: State) {
    console.keys("0/sales.orders<Enter>p");
    match state {
        S::Loading => {
            console.send(Msg::Plan(PlanMsg::Footers { done: 12_340, total: 65_000 }));
        }
        S::Error => {
            console.send(Msg::Plan(PlanMsg::Failed(failure())));
        }
        _ => {
            let mut plan = plan();
            if state == S::Empty {
                plan.targets.clear();
                plan.totals = lakehand::model::PlanTotals::default();
            }
            if state == S::Huge {
                for number in 0..1_000 {
                    let mut target = plan.targets[0].clone();
                    target.id = orders(&format!("eine_sehr_lange_partition_{number:04}_数据"));
                    target.files_before = 12_345_678;
                    plan.targets.push(target);
                }
            }
            console.send(Msg::Plan(PlanMsg::Made(Box::new(plan.clone()))));
            if state == S::Partial {
                let drifted = vec![(plan.targets[1].id.clone(), Reason::new(Code::PlanDrift, "+3 files"))];
                let at = console.at;
                console.send(Msg::Plan(PlanMsg::Checked { plan: plan.plan, at, drifted }));
            }
        }
    }
    console.wait(300);
}

fn previewed(console: &mut Console, state: State) {
    let of = run_id("1121-0214-k7f");
    let targets = verdicts(&of);
    let total = targets.len() as u64;
    let send = |console: &mut Console, targets| {
        console.send(Msg::Preview(PreviewMsg::Targets { of: of.clone(), targets, total }));
    };
    match state {
        S::Loading => return,
        S::Error => {
            console.send(Msg::Preview(PreviewMsg::Failed { of, failure: failure() }));
            return;
        }
        S::Partial => return send(console, targets[..5].to_vec()),
        S::Empty => {
            let refused = targets[..1].to_vec();
            console.send(Msg::Preview(PreviewMsg::Targets { of: of.clone(), targets: refused, total: 1 }));
        }
        _ => send(console, targets),
    }
    console.send(Msg::Preview(PreviewMsg::Done { of, elapsed_ms: 800, disposal: None }));
}

/// Each screen: its name and the way to it in a state.
type Way = (&'static str, fn(&mut Console, State));

const SCREENS: [Way; 14] = [
    ("lake", |console, state| match state {
        S::Loading => *console = Console::with(console.app.size(), |options| options.look = console.app.look()),
        S::Empty => {
            *console = Console::with(console.app.size(), |options| options.look = console.app.look());
            console.send(Msg::Lake(LakeMsg::Ended { reading: Reading::Lake, stopped: false }));
        }
        S::Error => {
            let reading = Reading::Table(table_name("web.clicks"));
            console.send(Msg::Lake(LakeMsg::Failed { reading, failure: failure() }));
        }
        _ => listed(console, state, false),
    }),
    ("browse", |console, state| {
        at_orders(console, state);
        if state != S::Loading && state != S::Empty {
            console.keys("<Space><Space>");
        }
    }),
    ("files", |console, state| {
        at_orders(console, if state == S::Loading { S::ReadOnly } else { state });
        console.keys("/2026-11-17<Enter><Enter>");
        let target = orders("2026-11-17");
        let file = |number: u64| KnownFile {
            name: format!("part-{number:05}-7f3c.snappy.parquet"),
            length: Size(number * number * 9_000),
            modified: FileTime::from(now() - chrono::TimeDelta::days(2)),
        };
        let files = match state {
            S::Loading => return,
            S::Error => Err(failure()),
            S::Empty => Ok(Vec::new()),
            S::Huge => Ok((0..2_000).map(file).collect()),
            _ => Ok((0..60).map(file).collect()),
        };
        console.send(Msg::Files { target, files });
    }),
    ("inspect", |console, state| {
        at_orders(console, state);
        console.keys("0i");
        listed(console, state, false);
    }),
    ("basket", |console, state| {
        listed(console, state, false);
        match state {
            S::Empty => {}
            S::Partial => {
                console.keys("<Space>");
            }
            _ => {
                console.keys("<Space><Space>");
            }
        }
        console.keys("2");
    }),
    ("plan", |console, state| made(console, state)),
    ("steps", |console, state| {
        made(console, state);
        console.keys("<Enter>jjjjjj");
    }),
    ("jobs", |console, state| {
        if state != S::Loading && state != S::Error {
            listed(console, state, true);
            let mut runs = summaries();
            let mut other = live_summary();
            other.run = run_id("1121-0930-q8h");
            (other.user, other.host) = ("svc_etl".to_owned(), "gw03".to_owned());
            if state != S::Empty {
                runs.extend([live_summary(), other]);
                console.send(Msg::Run(RunMsg::Attached(Box::new(snapshot()))));
            }
            console.send(Msg::Run(RunMsg::Listed { runs, complete: state != S::Partial }));
        }
        if state == S::Error {
            console.send(Msg::Run(RunMsg::Failed(failure())));
        }
        console.keys("4");
    }),
    ("run", |console, state| {
        listed(console, state, true);
        let mut snapshot = snapshot();
        match state {
            S::Loading => {}
            S::Empty => snapshot.targets.clear(),
            S::Partial => snapshot.state = RunState::Paused,
            S::Huge => {
                for number in 0..500 {
                    let mut target = snapshot.targets[2].clone();
                    target.outcome.id = orders(&format!("eine_sehr_lange_partition_{number:04}_数据"));
                    target.outcome.files_before = 12_345_678;
                    snapshot.targets.push(target);
                }
            }
            _ => {}
        }
        if state == S::Stale {
            let run = snapshot.run.clone();
            console.send(Msg::Run(RunMsg::Lost { run, failure: failure() }));
            console.keys("4");
            console.send(shown_message(run_id("1121-0942-p2c")));
            return;
        }
        if state != S::Loading {
            console.send(Msg::Run(RunMsg::Attached(Box::new(snapshot))));
        }
        console.keys("4");
        if state == S::Error {
            let run = run_id("1121-0942-p2c");
            console.send(Msg::Run(RunMsg::Lost { run, failure: failure() }));
        }
    }),
    ("history", |console, state| {
        console.keys("5");
        match state {
            S::Loading => {}
            S::Error => {
                console.send(Msg::Run(RunMsg::Failed(failure())));
            }
            S::Empty => {
                console.send(Msg::Run(RunMsg::Listed { runs: Vec::new(), complete: true }));
            }
            _ => listed(console, state, true),
        }
    }),
    ("targets", |console, state| {
        listed(console, state, false);
        console.keys("5/k7f<Enter><Enter>");
        match state {
            S::Loading => {}
            S::Error => {
                console.send(Msg::Run(RunMsg::Failed(failure())));
            }
            _ => {
                console.send(shown_message(run_id("1121-0214-k7f")));
                console.keys("<Space>");
            }
        }
    }),
    ("preview", |console, state| {
        // No preview opens while a server is lost: it is lost meanwhile.
        listed(console, state, false);
        if state == S::Stale {
            let back =
                Service { word: "nn".to_owned(), state: ServiceState::Answers("3ms".to_owned()), at: console.at };
            console.send(Msg::Service(back));
        }
        console.keys("5/k7f<Enter>R");
        if state == S::Stale {
            let lost = Service { word: "nn".to_owned(), state: ServiceState::Lost, at: console.at };
            console.send(Msg::Service(lost));
        }
        previewed(console, state);
    }),
    ("log", |console, state| {
        if state != S::Loading && state != S::Empty {
            console.send(shown_message(run_id("1121-0214-k7f")));
            let mut snapshot = snapshot();
            if state == S::Huge {
                let long = "ein sehr langer satz 数据 ".repeat(20);
                snapshot.log.extend((0..2_000).map(|_| runs::line(2, LogLevel::Info, "1121-0942-p2c", &long)));
            }
            console.send(Msg::Run(RunMsg::Attached(Box::new(snapshot))));
        }
        console.keys("6");
    }),
    ("doctor", |console, state| {
        console.keys(":doctor<Enter>");
        let some = |checks: Vec<_>| checks.into_iter().map(|check| Msg::Doctor(DoctorMsg::Check(check)));
        match state {
            S::Loading | S::Empty => {}
            S::Partial => some(checks()[..3].to_vec()).for_each(|message| {
                console.send(message);
            }),
            S::Error => {
                console.send(Msg::Doctor(DoctorMsg::Failed(failure())));
            }
            S::Huge => {
                let many = (0..60).flat_map(|_| checks()).collect();
                console.send(Msg::Doctor(DoctorMsg::Done(many)));
            }
            _ => {
                console.send(Msg::Doctor(DoctorMsg::Done(checks())));
            }
        }
        console.wait(1_500);
    }),
];

fn console(way: Way, state: State, size: (u16, u16), look: Look) -> Console {
    let mut console = world(size, look, state);
    (way.1)(&mut console, state);
    while console.app.is_busy() {
        console.send(Msg::Continue);
    }
    console.wait(500);
    console
}

/// What holds for every frame.
fn holds(console: &Console, what: &str) {
    let (columns, rows) = console.app.size();
    let text = console.text();
    assert_eq!(text.lines().count(), usize::from(rows), "{what}");
    for line in text.lines() {
        assert!(lakehand::model::width(line) <= usize::from(columns), "{what}: {line}");
    }
    assert!(text.lines().last().is_some_and(|keys| !keys.is_empty()), "{what} has no key bar:\n{text}");
    let sixteen = |colour: Color| !matches!(colour, Color::Rgb(..) | Color::Indexed(_));
    assert!(console.buffer().content.iter().all(|cell| sixteen(cell.fg) && sixteen(cell.bg)), "{what}");
}

fn squeezed(text: &str) -> String {
    let mut squeezed = String::new();
    let mut empty = 0;
    for line in text.lines().chain(std::iter::once("end")) {
        if line.is_empty() {
            empty += 1;
            continue;
        }
        match std::mem::take(&mut empty) {
            0 => {}
            rows => squeezed.push_str(&format!("~ {rows}\n")),
        }
        squeezed.push_str(line);
        squeezed.push('\n');
    }
    squeezed.trim_end_matches("end\n").to_owned()
}

fn shots(way: Way, state: State, size: (u16, u16)) -> String {
    let what = format!("{} {state:?} {}x{}", way.0, size.0, size.1);
    let colour = console(way, state, size, Look::default());
    holds(&colour, &what);
    let mono = console(way, state, size, Look { theme: ThemeName::Mono, no_color: true, ..Look::default() });
    assert_eq!(colour.text(), mono.text(), "{what}: looks differ only in styles");
    let plain = |cell: &ratatui::buffer::Cell| cell.fg == Color::Reset && cell.bg == Color::Reset;
    assert!(mono.buffer().content.iter().all(plain), "{what}: no colours");
    let ascii = console(way, state, size, Look { ascii: true, ..Look::default() });
    holds(&ascii, &what);
    let (unicode, ascii) = (colour.text(), ascii.text());
    let of_the_lake = |c: char| c.is_ascii() || state == S::Huge;
    assert!(ascii.chars().all(of_the_lake), "{what}: an ASCII screen has only ASCII:\n{ascii}");
    let own: Vec<String> = unicode
        .lines()
        .zip(ascii.lines())
        .enumerate()
        .filter(|(_, (one, other))| one != other)
        .map(|(row, (_, line))| format!("{row:>2}|{line}\n"))
        .collect();
    let own = if own.is_empty() { String::new() } else { format!("--- ascii\n{}", own.concat()) };
    format!("{}{own}", squeezed(&unicode))
}

fn matrix(name: &str) {
    let way = *SCREENS.iter().find(|(known, _)| *known == name).unwrap();
    let mut text = String::new();
    for state in STATES {
        for size in SIZES {
            text.push_str(&format!("=== {state:?} {}x{}\n{}", size.0, size.1, shots(way, state, size)));
        }
    }
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true, snapshot_path => "matrix" }, {
        insta::assert_snapshot!(name, text);
    });
}

macro_rules! screens {
    ($($name:ident)*) => {
        mod screen {
            $(#[test] fn $name() { super::matrix(stringify!($name)); })*
        }

        #[test]
        fn every_screen_is_in_the_matrix() {
            let names = [$(stringify!($name)),*];
            assert_eq!(names.to_vec(), SCREENS.map(|(name, _)| name).to_vec());
        }
    };
}

screens!(lake browse files inspect basket plan steps jobs run history targets preview log doctor);

/// The names of the screens.
pub fn names() -> [&'static str; 14] {
    SCREENS.map(|(name, _)| name)
}

/// A screen as the documentation shows it: nothing is wrong, on a production profile.
pub fn for_a_picture(name: &str) -> Console {
    let way = *SCREENS.iter().find(|(known, _)| *known == name).unwrap();
    console(way, S::Production, (80, 24), Look { colours: Colours::Many, ..Look::default() })
}
