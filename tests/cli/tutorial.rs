//! `docs/tutorial.md`, walked: its commands are run, its keys typed, and every line that it shows has to be there.
//!
//! Blocks of four kinds are read, in their order: `sh` (the first in a terminal of its own, the others each in a shell),
//! `output` of the shell before it, `keys` for the terminal, and a `screen` of it. In a line that is shown `…` stands for
//! anything. A new screen is waited for until all its lines are on it.

use std::time::Duration;

use crate::command::{Done, User, repository};
use crate::terminal::Terminal;

/// A question is deaf for 300 ms, so that nothing answers it that was typed before it was seen.
const READING: Duration = Duration::from_millis(500);

struct Block {
    kind: String,
    lines: Vec<String>,
}

fn blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut open = false;
    for line in text.lines() {
        match line.strip_prefix("```") {
            Some(_) if open => open = false,
            Some(kind) => {
                blocks.push(Block { kind: kind.to_owned(), lines: Vec::new() });
                open = true;
            }
            None if open => blocks.last_mut().unwrap().lines.push(line.to_owned()),
            None => {}
        }
    }
    blocks
}

/// Whether a line has all the pieces of a pattern, in their order.
fn shows(line: &str, pattern: &str) -> bool {
    let mut rest = line;
    pattern.split('…').map(str::trim).all(|piece| match rest.find(piece) {
        Some(at) => {
            rest = &rest[at + piece.len()..];
            true
        }
        None => false,
    })
}

fn first_missing<'a>(text: &str, patterns: &'a [String]) -> Option<&'a String> {
    patterns.iter().find(|pattern| !text.lines().any(|line| shows(line, pattern)))
}

fn bytes_of(key: &str) -> &str {
    match key {
        "Enter" => "\r",
        "Esc" => "\u{1b}",
        key => key,
    }
}

#[test]
fn the_tutorial_can_be_walked() {
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_lakehand")).parent().unwrap().to_owned();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let user = User::new().with("PATH", &path);
    let mut terminal: Option<Terminal> = None;
    let mut done: Option<Done> = None;
    let blocks = blocks(&repository("docs/tutorial.md"));
    for kind in ["sh", "output", "keys", "screen"] {
        assert!(blocks.iter().filter(|block| block.kind == kind).count() > 2, "the tutorial has no {kind}");
    }
    for Block { kind, lines } in blocks {
        match (kind.as_str(), &mut terminal) {
            ("sh", None) => terminal = Some(Terminal::start(user.in_terminal("bash", &["-c", &lines.join("\n")]))),
            ("sh", Some(_)) => {
                let ended = user.shell(&format!("set -e\n{}", lines.join("\n")));
                ended.exits(0);
                done = Some(ended);
            }
            ("output", _) => {
                let text = &done.as_ref().unwrap().stdout;
                assert_eq!(first_missing(text, &lines), None, "a line of the tutorial is not in:\n{text}");
            }
            ("keys", Some(terminal)) => {
                for key in lines.iter().flat_map(|line| line.split_whitespace()) {
                    terminal.settle(READING);
                    terminal.send(bytes_of(key));
                }
            }
            ("screen", Some(terminal)) => {
                terminal.wait(&lines.join("\n"), |terminal| first_missing(&terminal.text(), &lines).is_none());
            }
            (kind, _) => panic!("the tutorial has a block of {kind:?}"),
        }
    }
    assert_eq!(terminal.unwrap().exit_code(), 0);
}
