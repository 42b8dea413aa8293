//! The console in a real terminal: what it leaves behind, what it costs over a slow line, how it is stopped.

use std::path::PathBuf;
use std::time::Duration;

use chrono::Utc;
use lakehand::demo::{self, DemoOptions};

use crate::command::User;
use crate::terminal::Terminal;

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_lakehand");
/// What stands on the first screen of a lake.
pub const FIRST: &str = "worst first";
/// Longer than anything that is still under way once a screen is there.
const QUIET: Duration = Duration::from_millis(1_200);

/// A user with a lake, who opens the console on it.
pub struct Desk {
    pub user: User,
    lake: PathBuf,
}

impl Desk {
    pub fn new(user: User, files: u64) -> Desk {
        let lake = user.home().join("lake");
        demo::create(&lake, &DemoOptions { files, seed: 7, now: Utc::now() }).unwrap();
        Desk { user, lake }
    }

    pub fn lake(&self) -> &str {
        self.lake.to_str().unwrap()
    }

    /// The console, as behind `ssh -t HOST lakehand`.
    pub fn open(&self) -> Terminal {
        Terminal::start(self.user.in_terminal(PROGRAM, &["--lake", self.lake()]))
    }

    /// The console, started from a shell.
    pub fn open_in_shell(&self) -> Terminal {
        let mut terminal = Terminal::shell(self.user.in_terminal("bash", &[]));
        terminal.send(&format!("{PROGRAM} --lake {}\n", self.lake()));
        terminal.wait_for(FIRST);
        terminal
    }
}

fn desk() -> Desk {
    Desk::new(User::new(), 150)
}

#[test]
fn the_terminal_is_left_as_it_was_found() {
    let desk = desk();
    let mut terminal = Terminal::shell(desk.user.in_terminal("bash", &[]));
    terminal.send("stty -g > before\n");
    terminal.send(&format!("{PROGRAM} --lake lake\n"));
    terminal.wait_for(FIRST);
    assert!(terminal.screen().alternate_screen() && !terminal.is_cooked());
    terminal.send("q");
    terminal.wait("the shell's screen", |terminal| !terminal.screen().alternate_screen());
    terminal.send("stty -g > after; cmp before after && echo the sa''me\n");
    terminal.wait_for("the same");
    let screen = terminal.screen();
    assert!(!screen.hide_cursor() && !screen.bracketed_paste());
}

#[test]
fn the_first_start_asks_writes_a_configuration_and_opens_the_lake() {
    let desk = desk();
    let mut terminal = Terminal::start(desk.user.in_terminal(PROGRAM, &[]));
    terminal.wait_for("Nothing is set up");
    terminal.send("3");
    for (question, answer) in
        [("Where are the files", "\r"), ("directory of the lake", "lake\r"), ("production lake", "y\r")]
    {
        terminal.wait_for(question);
        terminal.send(answer);
    }
    terminal.wait_for(FIRST);
    assert!(terminal.text().contains("[PROD]"), "{}", terminal.text());
    let written = std::fs::read_to_string(desk.user.home().join(".config/lakehand/config.yaml")).unwrap();
    assert!(written.contains(desk.lake()) && written.contains("production: true"), "{written}");
}

#[test]
fn a_key_that_comes_together_with_a_size_is_not_kept_waiting() {
    let desk = desk();
    let mut terminal = desk.open_in_shell();
    terminal.wait_for("BAD");
    for round in 0..60 {
        let (key, title) = if round % 2 == 0 { ("2", "Basket") } else { ("0", FIRST) };
        for columns in 0..8 {
            terminal.resize(80 + columns, 24);
        }
        terminal.send(key);
        terminal.wait(&format!("{title} in round {round}"), |terminal| {
            terminal.text().lines().next().is_some_and(|line| line.contains(title))
        });
    }
}

#[test]
fn ctrl_z_gives_the_terminal_to_the_shell_and_fg_draws_everything() {
    let desk = desk();
    let mut terminal = desk.open_in_shell();
    terminal.wait_for("BAD");
    terminal.settle(QUIET);
    let before = terminal.text();
    terminal.send("\u{1a}");
    terminal.wait_for("Stopped");
    assert!(!terminal.screen().alternate_screen() && terminal.is_cooked());
    terminal.send("fg\n");
    terminal.wait("the console again", |terminal| terminal.screen().alternate_screen());
    terminal.wait_for(FIRST);
    assert_eq!(terminal.text().lines().nth(3), before.lines().nth(3));
    terminal.send("q");
    terminal.wait("the shell's screen", |terminal| !terminal.screen().alternate_screen());
}

#[test]
fn without_a_shell_ctrl_z_says_that_nobody_could_continue() {
    let desk = desk();
    let mut terminal = desk.open();
    terminal.wait_for(FIRST);
    terminal.send("\u{1a}");
    terminal.wait_for("not suspended");
    assert!(terminal.screen().alternate_screen());
}

#[test]
fn every_size_is_drawn_and_too_small_a_one_says_so() {
    let desk = desk();
    let mut terminal = desk.open();
    terminal.wait_for(FIRST);
    for (columns, rows) in [(120, 40), (60, 16), (200, 60)] {
        terminal.resize(columns, rows);
        terminal.wait("a frame of this size", |terminal| {
            let text = terminal.text();
            text.contains(FIRST) && text.lines().count() == usize::from(rows)
        });
    }
    terminal.resize(52, 14);
    terminal.wait_for("needs 60x16, has 52x14");
    terminal.resize(80, 24);
    terminal.wait_for(FIRST);
}

#[test]
fn idle_writes_nothing_and_a_key_little() {
    let desk = desk();
    let mut terminal = desk.open();
    terminal.wait_for(FIRST);
    terminal.settle(QUIET);
    terminal.take_output();
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(String::from_utf8_lossy(&terminal.take_output()), "");
    for key in ["j", "j", "k", "j", " ", "k"] {
        terminal.send(key);
        terminal.settle(Duration::from_millis(200));
        let bytes = terminal.take_output().len();
        assert!((1..=1_024).contains(&bytes), "{key:?} cost {bytes} bytes");
    }
}

#[test]
fn the_first_frame_shows_the_cache() {
    let desk = desk();
    desk.user.run(&["analyze", "--lake", desk.lake()]).exits(0);
    let mut terminal = desk.open();
    terminal.wait("a frame", |terminal| terminal.text().contains(FIRST));
    let output = String::from_utf8_lossy(&terminal.take_output()).into_owned();
    let first = output.split("\u{1b}[?2026l").next().unwrap();
    assert!(first.contains("sales.orders"), "{first}");
}

#[test]
fn no_color_keeps_the_cursor_in_sight() {
    let desk = Desk::new(User::new().with("NO_COLOR", "1"), 150);
    let mut terminal = desk.open();
    terminal.wait_for("\n> ");
    let output = String::from_utf8_lossy(&terminal.take_output()).into_owned();
    let sequences = output.split("\u{1b}[").filter_map(|rest| rest.split_once('m'));
    let colours: Vec<&str> = sequences
        .map(|(codes, _)| codes)
        .filter(|codes| codes.split(';').any(|code| matches!(code.parse(), Ok(30..=38 | 40..=48 | 90..=107))))
        .collect();
    assert_eq!(colours, [] as [&str; 0]);
    let row = terminal.text().lines().position(|line| line.starts_with('>')).unwrap() as u16;
    let cell = terminal.screen().cell(row, 3).unwrap().clone();
    assert!(cell.bold() || cell.inverse());
}

#[test]
fn ascii_is_ascii() {
    let desk = Desk::new(User::new().with("LANG", "C"), 150);
    let mut terminal = desk.open();
    terminal.wait_for("> ");
    terminal.send("?");
    terminal.settle(Duration::from_millis(300));
    assert!(terminal.take_output().is_ascii());
}

#[test]
fn a_termination_gives_the_terminal_back() {
    let desk = desk();
    let mut terminal = desk.open();
    terminal.wait_for(FIRST);
    let pid = rustix::process::Pid::from_raw(terminal.pid()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(terminal.exit_code(), 130);
    assert!(terminal.is_cooked() && !terminal.screen().alternate_screen());
}

#[test]
fn a_terminal_that_cannot_be_drawn_on_is_refused_before_it_is_touched() {
    let desk = Desk::new(User::new().with("TERM", "dumb"), 150);
    let mut terminal = desk.open();
    assert_eq!(terminal.exit_code(), 2);
    let output = String::from_utf8_lossy(&terminal.take_output()).into_owned();
    assert!(output.contains("needs a terminal") && !output.contains('\u{1b}'), "{output}");
}

#[test]
fn the_basket_is_there_again_on_the_same_lake() {
    let desk = desk();
    let mut terminal = desk.open();
    terminal.wait_for("sales.orders");
    terminal.settle(QUIET);
    terminal.send(" ");
    terminal.wait_for("basket 1");
    terminal.send("q");
    assert_eq!(terminal.exit_code(), 0);
    desk.open().wait_for("basket 1");
}
