//! What the console may cost: bytes of the first frame, of a key, of a run that is watched; frames. Counted exactly
//! as the terminal gets them, without a terminal and without a clock. Times and memory are measured by `cargo bench
//! --bench console`.

use std::io::Write;
use std::sync::{Arc, Mutex};

use chrono::TimeDelta;
use lakehand::app::{Key, Msg, RunMsg};
use lakehand::model::{Event, LogLevel, Rates, Size, TargetState};
use lakehand::term::Painter;
use lakehand::ui;
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};

use crate::console::Console;
use crate::lake::{gib, load, load_targets};
use crate::runs::{line, list_runs, plan_made, run_id, shown, snapshot};

/// A key press that moves the cursor may cost so much; one that shows another screen is a page.
const KEY: usize = 1_024;
/// What watching a run may cost each second.
const RUN: usize = 500;
/// As the event loop paces frames that nobody's key asked for.
const QUIET_FRAME: i64 = 500;

/// A screen and the way to it.
type Way = (&'static str, fn(&mut Console));

#[derive(Clone, Default)]
struct Bytes(Arc<Mutex<Vec<u8>>>);

impl Write for Bytes {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A console whose frames go to a terminal that counts.
struct Counted {
    console: Console,
    terminal: Terminal<Painter<Bytes>>,
    bytes: Bytes,
    frames: usize,
    /// Nothing stands on the terminal yet.
    is_new: bool,
}

impl Counted {
    fn new(console: Console) -> Counted {
        let bytes = Bytes::default();
        let (columns, rows) = console.app.size();
        let viewport = Viewport::Fixed(Rect::new(0, 0, columns, rows));
        let terminal = Terminal::with_options(Painter::new(bytes.clone()), TerminalOptions { viewport }).unwrap();
        Counted { console, terminal, bytes, frames: 0, is_new: true }
    }

    /// Draws where something changed; the bytes, with the bracket around a frame.
    fn frame(&mut self) -> usize {
        if !self.console.app.is_dirty() && !self.is_new {
            return 0;
        }
        self.is_new = false;
        self.frames += 1;
        self.bytes.0.lock().unwrap().clear();
        self.terminal.draw(|frame| ui::view(&self.console.app, frame)).unwrap();
        self.console.app.clear_dirty();
        let at = self.console.at;
        self.console.send(Msg::Drawn(at));
        let bytes = self.bytes.0.lock().unwrap().len();
        bytes + "\u{1b}[?2026h\u{1b}[?2026l".len()
    }

    /// A key, then the panes that follow the cursor.
    fn key(&mut self, key: Key) -> usize {
        self.console.at += TimeDelta::milliseconds(700);
        let at = self.console.at;
        self.console.send(Msg::Key { key, at });
        let mut bytes = self.frame();
        for _ in 0..3 {
            self.console.wait(150);
            bytes += self.frame();
        }
        bytes
    }
}

fn full() -> Console {
    let mut console = Console::open((80, 24));
    load(&mut console);
    list_runs(&mut console, false);
    console
}

#[test]
fn the_first_frame_and_a_key_are_small() {
    let mut counted = Counted::new(full());
    let first = counted.frame();
    assert!((1_000..8_000).contains(&first), "the first frame has {first} bytes");
    let screens: [Way; 6] = [
        ("lake", |_| ()),
        ("browse", |console| {
            console.keys("j<Enter>");
            load_targets(console);
        }),
        ("plan", |console| {
            console.keys("p");
            plan_made(console);
        }),
        ("history", |console| {
            console.keys("5");
        }),
        ("targets", |console| {
            console.keys("5/k7f<Enter><Enter>");
            shown(console, "1121-0214-k7f");
        }),
        ("log", |console| {
            shown(console, "1121-0214-k7f");
            console.send(Msg::Run(RunMsg::Attached(Box::new(snapshot()))));
            console.keys("6");
        }),
    ];
    for (name, open) in screens {
        let mut console = full();
        open(&mut console);
        let mut counted = Counted::new(console);
        counted.frame();
        for key in [Key::Char('j'), Key::Char('j'), Key::Char('k'), Key::Char(' '), Key::Down, Key::Up] {
            let bytes = counted.key(key);
            assert!(bytes <= KEY, "{key} on {name} costs {bytes} bytes");
        }
    }
}

/// Who holds a key down sees the cursor move; what stands below the list comes when it rests.
#[test]
fn what_stands_below_a_list_waits_until_the_cursor_rests() {
    let mut console = full();
    console.keys("5");
    let below = |console: &Console| console.text().lines().skip(17).take(4).collect::<Vec<_>>().join("\n");
    let before = below(&console);
    console.at += TimeDelta::milliseconds(300);
    let at = console.at;
    console.send(Msg::Key { key: Key::Char('j'), at });
    assert_eq!(below(&console), before);
    console.wait(99);
    assert_eq!(below(&console), before);
    console.wait(1);
    assert_ne!(below(&console), before);
}

#[test]
fn idle_costs_nothing_for_an_hour() {
    let mut counted = Counted::new(full());
    counted.frame();
    let mut bytes = 0;
    for _ in 0..120 {
        let every = counted.console.app.tick_every().unwrap();
        assert!(every.as_secs() >= 30, "it wakes every {every:?}");
        counted.console.wait(30_000);
        list_runs(&mut counted.console, false);
        bytes += counted.frame();
    }
    // The list of runs comes every half minute; only what it changes may be written.
    assert!(bytes <= 120 * 60, "{bytes} bytes in an hour");
    counted.console.take();
    for _ in 0..20 {
        counted.console.wait(1_000);
    }
    assert_eq!(counted.frame(), 0);
}

#[test]
fn a_run_that_sends_a_thousand_events_a_second_costs_two_frames_and_half_a_kilobyte() {
    const SECONDS: usize = 60;
    let mut console = full();
    list_runs(&mut console, true);
    console.send(Msg::Run(RunMsg::Attached(Box::new(snapshot()))));
    console.keys("4");
    let mut counted = Counted::new(console);
    counted.frame();
    counted.frames = 0;
    let run = run_id("1121-0942-p2c");
    let mut worst = 0;
    for second in 0..SECONDS {
        let mut bytes = 0;
        for half in 0..2 {
            for event in 0..500u64 {
                let done = (second * 1_000) as u64 + half * 500 + event;
                let target = (event % 2) as usize;
                let mut progress = snapshot().targets[target].clone();
                progress.outcome.state = TargetState::Writing;
                progress.share = done as f32 / 60_000.0;
                progress.outcome.elapsed_ms = done;
                let event = match event % 50 {
                    0 => Event::Rates {
                        rates: Rates {
                            bytes_read: Size(gib(4.2) + done * 100_000),
                            bytes_total: Size(gib(8.9)),
                            bytes_per_second: (70 + done % 7) << 20,
                            files_per_second: 480 + done % 40,
                            calls_per_second: 1_000 + done % 300,
                            share: 0.36 + done as f32 / 200_000.0,
                            left_ms: Some(98_000_u64.saturating_sub(done)),
                        },
                    },
                    7 if second % 5 == 0 && half == 0 => {
                        Event::Log { line: line(3, LogLevel::Info, "1121-0942-p2c", "a target was exchanged in 0.8 s") }
                    }
                    _ => Event::Target { index: target, progress },
                };
                counted.console.send(Msg::Run(RunMsg::Event { run: run.clone(), event }));
            }
            counted.console.wait(QUIET_FRAME);
            bytes += counted.frame();
        }
        worst = worst.max(bytes);
    }
    assert!(counted.frames <= SECONDS * 2, "{} frames", counted.frames);
    assert!(worst <= RUN, "{worst} bytes in a second");
}
