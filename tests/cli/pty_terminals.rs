//! The bytes that terminals send for the same key, and the ones they must never get.

use std::time::Duration;

use crate::command::User;
use crate::pty::{Desk, FIRST};

/// Which bytes xterm, rxvt, PuTTY, Windows Terminal, the Linux console, tmux and screen send.
const DOWN: [&str; 2] = ["\u{1b}[B", "\u{1b}OB"];
const UP: [&str; 2] = ["\u{1b}[A", "\u{1b}OA"];
const HELP: [&str; 3] = ["\u{1b}OP", "\u{1b}[11~", "\u{1b}[[A"];
const END: [&str; 4] = ["\u{1b}[F", "\u{1b}OF", "\u{1b}[4~", "\u{1b}[8~"];
const HOME: [&str; 4] = ["\u{1b}[H", "\u{1b}OH", "\u{1b}[1~", "\u{1b}[7~"];
/// Esc counts at once, and what follows it soon could be the rest of a torn key.
const APART: Duration = Duration::from_millis(150);

fn cursor(text: &str) -> Option<usize> {
    text.lines().position(|line| line.starts_with('>'))
}

#[test]
fn every_terminals_keys_are_understood() {
    let desk = Desk::new(User::new(), 150);
    let mut terminal = desk.open();
    terminal.wait_for(FIRST);
    terminal.settle(Duration::from_millis(1_200));
    let first = cursor(&terminal.text()).unwrap();
    for (down, up) in DOWN.into_iter().zip(UP) {
        terminal.send(down);
        terminal.wait(&format!("{down:?} to go down"), |terminal| cursor(&terminal.text()) == Some(first + 1));
        terminal.send(up);
        terminal.wait(&format!("{up:?} to go up"), |terminal| cursor(&terminal.text()) == Some(first));
    }
    for (end, home) in END.into_iter().zip(HOME) {
        terminal.send(end);
        terminal.wait(&format!("{end:?} to go to the end"), |terminal| cursor(&terminal.text()) > Some(first));
        terminal.send(home);
        terminal.wait(&format!("{home:?} to go to the beginning"), |terminal| cursor(&terminal.text()) == Some(first));
    }
    for help in HELP {
        terminal.send(help);
        terminal.wait_for("? on Lake");
        terminal.send("\u{1b}");
        terminal.wait(&format!("help of {help:?} to close"), |terminal| !terminal.text().contains("? on Lake"));
        std::thread::sleep(APART);
    }
    for (backspace, kept) in [("\u{7f}", "/ab_"), ("\u{8}", "/a_")] {
        terminal.send(if backspace == "\u{7f}" { "/abc" } else { "" });
        terminal.send(backspace);
        terminal.wait_for(kept);
    }
}

#[test]
fn the_linux_console_and_old_terminals_get_ascii_sixteen_colours_and_no_commands() {
    for (term, colours) in
        [("linux", true), ("vt220", false), ("screen", true), ("tmux-256color", true), ("putty", true)]
    {
        let desk = Desk::new(User::new().with("TERM", term), 150);
        let mut terminal = desk.open();
        terminal.wait_for(FIRST);
        terminal.wait_for("> ");
        terminal.settle(Duration::from_millis(300));
        let output = terminal.take_output();
        let text = String::from_utf8_lossy(&output).into_owned();
        let simple = matches!(term, "linux" | "vt220");
        assert_eq!(output.is_ascii(), simple, "{term} gets the glyphs that it shows");
        assert_eq!(text.contains("\u{1b}]2;"), !simple, "{term} and the window's title");
        assert!(!text.contains("[38;2;") && !text.contains("[48;2;"), "{term} gets no true colour");
        assert!(!text.contains("\u{1b}[6n") && !text.contains("\u{1b}[c"), "{term} is asked nothing");
        let has = text.split("\u{1b}[").any(|rest| {
            let codes = rest.split('m').next().unwrap_or_default();
            codes.split(';').any(|code| matches!(code.parse(), Ok(30..=38u32 | 90..=97)))
        });
        assert_eq!(has, colours, "{term} and colours");
        terminal.send("q");
        assert_eq!(terminal.exit_code(), 0);
    }
}
