//! How long the console needs: the first frame, and from a key to its frame, with a million partitions and while a run
//! sends a thousand events a second. `cargo bench --bench console` prints a table; the budgets are those of the design.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs, reason = "a benchmark")]

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use lakehand::app::{App, Key, LakeInfo, LakeMsg, Look, Msg, Options, Reading, RunMsg, Start, update};
use lakehand::model::{
    DataFormat, Event, FileTime, Histogram, Policy, Rates, RunId, RunKind, RunSnapshot, RunState, Scanned, Size,
    StorePath, TableName, TableStats, TargetId, TargetOutcome, TargetProgress, TargetStats, WorkRates,
};
use lakehand::term::Painter;
use lakehand::ui;
use ratatui::Terminal;
use ratatui::layout::Rect;
use ratatui::{TerminalOptions, Viewport};

const ROWS: u32 = 1_000_000;
const SIZE: (u16, u16) = (80, 24);

struct Bench {
    app: App,
    terminal: Terminal<Painter<Vec<u8>>>,
    at: DateTime<Utc>,
}

impl Bench {
    fn open() -> Bench {
        let options = Options {
            now: Utc::now(),
            size: SIZE,
            lake: LakeInfo {
                profile: "bench".to_owned(),
                uri: "file:///lake".to_owned(),
                place: "/lake".to_owned(),
                production: false,
                read_only: false,
                eager: true,
                offline: false,
                trash_keeps: None,
                profiles: Vec::new(),
            },
            policy: Policy::default(),
            rates: WorkRates::default(),
            look: Look::default(),
            keys: Default::default(),
            start: Start::Lake,
            basket: Vec::new(),
        };
        let mut app = App::new(options).unwrap();
        app.start();
        let viewport = Viewport::Fixed(Rect::new(0, 0, SIZE.0, SIZE.1));
        let terminal = Terminal::with_options(Painter::new(Vec::new()), TerminalOptions { viewport }).unwrap();
        Bench { app, terminal, at: Utc::now() }
    }

    fn send(&mut self, message: Msg) {
        update(&mut self.app, message);
    }

    fn draw(&mut self) {
        self.terminal.draw(|frame| ui::view(&self.app, frame)).unwrap();
        self.app.clear_dirty();
        let at = self.at;
        self.send(Msg::Drawn(at));
    }

    /// From the key to the bytes of its frame. A long sort or filter goes on afterwards, in slices between keys.
    fn key(&mut self, key: Key) -> Duration {
        self.at += TimeDelta::milliseconds(400);
        let at = self.at;
        let begun = Instant::now();
        self.send(Msg::Key { key, at });
        self.draw();
        begun.elapsed()
    }

    fn keys(&mut self, keys: &[Key], times: usize) -> Vec<Duration> {
        let mut took = Vec::new();
        for key in keys.iter().cycle().take(times) {
            took.push(self.key(*key));
            // A slice of what goes on: a key that comes meanwhile waits at most for one.
            if self.app.is_busy() {
                let begun = Instant::now();
                self.send(Msg::Continue);
                took.push(begun.elapsed());
            }
        }
        while self.app.is_busy() {
            self.send(Msg::Continue);
        }
        took
    }
}

impl Bench {
    /// A key and the slices of what it began, each with its frame: what a key that comes meanwhile waits for.
    fn slices(&mut self, key: Key) -> Vec<Duration> {
        let mut took = vec![self.key(key)];
        while self.app.is_busy() {
            let begun = Instant::now();
            self.send(Msg::Continue);
            self.draw();
            took.push(begun.elapsed());
        }
        took
    }
}

fn histogram() -> Histogram {
    let mut histogram = Histogram::default();
    for (bin, files) in [(12, 3), (14, 40), (16, 200), (18, 17), (20, 2)] {
        histogram.add_bin(bin, files, files << (bin - 1));
    }
    histogram
}

fn target(table: &TableName, number: u32) -> TargetStats {
    let name = format!("dt=2026-11-{:02}/shop={number:07}", number % 28 + 1);
    TargetStats {
        id: TargetId::new(table, Some(name.clone())),
        location: StorePath::new("/lake/sales/orders").unwrap().join_all(&name),
        histogram: histogram(),
        median: Size(30_000),
        small_files: 262,
        empty_files: 0,
        groups: 0,
        newest: Some(FileTime(0)),
        recent: None,
        format: Some(DataFormat::Parquet),
        reasons: Vec::new(),
        error: None,
        scanned: Scanned::Whole,
        missing: false,
        at: Utc::now(),
    }
}

fn snapshot(table: &TableName) -> RunSnapshot {
    let progress = |number: u32| TargetProgress {
        outcome: TargetOutcome::pending(target(table, number).id),
        step: None,
        share: 0.0,
        files_planned: 3,
    };
    RunSnapshot {
        run: RunId::parse("20261121-0942-p2c").unwrap(),
        lake: "file:///lake".to_owned(),
        kind: RunKind::Compact,
        of: None,
        state: RunState::Running,
        user: "oncall".to_owned(),
        host: "gw01".to_owned(),
        pid: 1,
        started: Utc::now(),
        finished: None,
        targets: (0..200).map(progress).collect(),
        rates: Rates::default(),
        log: Vec::new(),
        limits: Default::default(),
        watchers: 1,
        failure: None,
    }
}

fn report(what: &str, mut took: Vec<Duration>, budget: Duration) {
    took.sort_unstable();
    let at = |share: f64| took[((took.len() - 1) as f64 * share) as usize];
    let text = |duration: Duration| format!("{:>8.2}", duration.as_secs_f64() * 1e3);
    let verdict = if at(0.99) <= budget { "within" } else { "OVER" };
    println!(
        "{what:<48} {:>6} {} {} {}   {:>4} ms  {verdict}",
        took.len(),
        text(at(0.5)),
        text(at(0.99)),
        text(at(1.0)),
        budget.as_millis()
    );
}

/// The most memory that this process ever had.
fn peak_megabytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    peak.unwrap_or_default() / 1_000
}

fn main() {
    println!("{:<48} {:>6} {:>8} {:>8} {:>8}   budget of p99", "80x24, milliseconds", "times", "p50", "p99", "most");
    let frame = Duration::from_millis(16);
    let table = TableName::new("sales", "orders");
    let mut stats = TableStats::unknown(table.clone(), StorePath::new("/lake/sales/orders").unwrap(), Utc::now());
    (stats.scanned, stats.histogram) = (Scanned::Whole, histogram());

    let first = (0..50).map(|_| {
        let begun = Instant::now();
        let mut bench = Bench::open();
        bench.send(Msg::Lake(LakeMsg::Cached(vec![stats.clone(); 200])));
        bench.draw();
        begun.elapsed()
    });
    report("first frame with a cached lake of 200 tables", first.collect(), Duration::from_millis(100));

    let mut bench = Bench::open();
    bench.send(Msg::Lake(LakeMsg::Cached(vec![stats])));
    bench.send(Msg::Lake(LakeMsg::Ended { reading: Reading::Lake, stopped: false }));
    bench.key(Key::Enter);
    for first in (0..ROWS).step_by(2_000) {
        let targets = (first..first + 2_000).map(|number| target(&table, number)).collect();
        bench.send(Msg::Lake(LakeMsg::Targets { table: table.clone(), targets }));
    }
    bench.send(Msg::Lake(LakeMsg::Ended { reading: Reading::Table(table.clone()), stopped: false }));
    let mut slices = Vec::new();
    while bench.app.is_busy() {
        let begun = Instant::now();
        bench.send(Msg::Continue);
        slices.push(begun.elapsed());
    }
    report("a slice of ordering 1,000,000 partitions", slices, frame);
    let peak = peak_megabytes();
    let verdict = if peak < 150 { "within" } else { "OVER" };
    println!(
        "{:<48} {:>6} {peak:>8} MB                      150 MB  {verdict}",
        "memory at its peak with 1,000,000 partitions", 1
    );
    let moves =
        [Key::Char('j'), Key::Char('j'), Key::Char('k'), Key::PageDown, Key::PageUp, Key::Char('G'), Key::Char('g')];
    report("moving in 1,000,000 partitions", bench.keys(&moves, 700), frame);
    report("marking in 1,000,000 partitions", bench.keys(&[Key::Char(' '), Key::Down], 400), frame);
    report("marking all of 1,000,000 partitions, a slice", bench.slices(Key::Char('a')), frame);
    report("taking 1,000,000 marks off", bench.slices(Key::Char('u')), frame);
    let typed = "/shop=0999".chars().map(Key::Char).chain([Key::Enter, Key::Esc]).collect::<Vec<_>>();
    report("typing a filter over 1,000,000 partitions", bench.keys(&typed, 120), frame);
    let sorts = ["sn", "sf", "sw"].concat().chars().map(Key::Char).collect::<Vec<_>>();
    report("ordering anew by a key", bench.keys(&sorts, 60), frame);

    let run = snapshot(&table);
    bench.send(Msg::Run(RunMsg::Started(run.run.clone())));
    bench.send(Msg::Run(RunMsg::Attached(Box::new(run.clone()))));
    let mut took = Vec::new();
    for round in 0..400u64 {
        // A thousand events a second, a key every tenth of one.
        for event in 0..100u64 {
            let index = (event % 200) as usize;
            let mut progress = run.targets[index].clone();
            progress.share = (round % 100) as f32 / 100.0;
            bench.send(Msg::Run(RunMsg::Event { run: run.run.clone(), event: Event::Target { index, progress } }));
        }
        took.push(bench.key(if round % 2 == 0 { Key::Char('j') } else { Key::Char('k') }));
    }
    report("a key while a run sends 1,000 events a second", took, frame);
    let events = (0..20).map(|round| {
        let begun = Instant::now();
        for event in 0..1_000usize {
            let index = event % 200;
            let mut progress = run.targets[index].clone();
            progress.share = round as f32 / 20.0;
            bench.send(Msg::Run(RunMsg::Event { run: run.run.clone(), event: Event::Target { index, progress } }));
        }
        begun.elapsed()
    });
    report("a second's 1,000 events, of one second", events.collect(), Duration::from_millis(250));
}
