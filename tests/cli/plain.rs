//! The console in lines: a screen reader's whole path, by words and numbers, on a real lake with a real worker.

use std::io::Write;
use std::process::Stdio;

use chrono::Utc;
use lakehand::demo::{self, DemoOptions};

use crate::command::User;
use crate::terminal::Terminal;

const PROGRAM: &str = env!("CARGO_BIN_EXE_lakehand");

fn user() -> User {
    let user = User::new();
    demo::create(&user.home().join("lake"), &DemoOptions { files: 150, seed: 7, now: Utc::now() }).unwrap();
    user
}

/// Types a word once the prompt stands there, and gives what was printed until the next prompt.
fn say(terminal: &mut Terminal, word: &str) -> String {
    terminal.take_output();
    terminal.send(&format!("{word}\r"));
    let mut said = String::new();
    terminal.wait(&format!("an answer to {word:?}"), |terminal| {
        said.push_str(&String::from_utf8_lossy(&terminal.take_output()));
        said.ends_with("> ") || said.ends_with("[y/N] ")
    });
    said
}

#[test]
fn browse_mark_plan_run_and_roll_back_without_a_screen() {
    let user = user();
    let mut terminal = Terminal::start(user.in_terminal(PROGRAM, &["--plain", "--lake", "lake"]));
    terminal.wait_for("lake> ");
    let lake = say(&mut terminal, "lake");
    let bad = lake.lines().find(|line| line.contains("sales.orders")).unwrap_or_else(|| panic!("{lake}"));
    let number = bad.split(' ').next().unwrap();
    assert!(bad.contains("BAD") && bad.contains("files"), "{bad}");
    assert!(say(&mut terminal, number).contains("1 dt="));
    assert!(say(&mut terminal, "mark 1-2").contains("2 rows marked"));
    let plan = say(&mut terminal, "plan");
    assert!(plan.contains("2 targets in 1 table") || plan.contains("2 targets, 1 table"), "{plan}");
    let steps = say(&mut terminal, "steps");
    assert!(steps.contains("step 9, settle: would list"), "{steps}");
    assert!(steps.contains("target 1 of 2"), "{steps}");
    let asked = say(&mut terminal, "run");
    assert!(asked.contains("Execute this plan on lake? [y/N]"), "{asked}");
    let ended = say(&mut terminal, "y");
    assert!(ended.contains("2 of 2 targets compacted"), "{ended}");
    let history = say(&mut terminal, "history");
    assert!(history.contains("1 ") && history.contains("can: rollback"), "{history}");
    let asked = say(&mut terminal, "rollback 1");
    assert!(asked.contains("Roll back 2 targets") && asked.contains("[y/N]"), "{asked}");
    let ended = say(&mut terminal, "y");
    assert!(ended.contains("2 of 2 targets rolled back"), "{ended}");
    assert!(say(&mut terminal, "unmark all").contains("nothing is marked"));
    assert!(say(&mut terminal, "budget much").contains("neither a time"));
    let marked = say(&mut terminal, "budget 1h");
    assert!(marked.contains("marked by value") && !marked.contains("0 tables"), "{marked}");
    assert!(say(&mut terminal, "basket").contains("every partition that needs it"));
    let output = say(&mut terminal, "nonsense");
    assert!(output.contains("is not understood"), "{output}");
    terminal.send("quit\r");
    assert_eq!(terminal.exit_code(), 0);
    assert!(!terminal.screen().alternate_screen());
}

#[test]
fn what_is_heard_is_sentences_filtered_and_sorted_as_in_the_console() {
    let user = user();
    let mut terminal = Terminal::start(user.in_terminal(PROGRAM, &["--plain", "--lake", "lake"]));
    terminal.wait_for("lake> ");
    let bad = say(&mut terminal, "filter is:bad order");
    let rows: Vec<&str> = bad.lines().filter(|line| line.contains(": BAD, ")).collect();
    assert!(rows.len() == 2 && rows.iter().all(|row| row.contains("order")), "{bad}");
    let named = say(&mut terminal, "sort name");
    assert!(named.contains("1 sales.order_lines: ") && named.contains("2 sales.orders: "), "{named}");
    assert!(say(&mut terminal, "sort sideways").contains("next: sort worst, value"));
    let inspected = say(&mut terminal, "inspect 1");
    assert!(inspected.contains(" files from 4 to 16 KiB") && inspected.contains("files a day"), "{inspected}");
    let footers = say(&mut terminal, "footers 1");
    assert!(
        footers.contains("8 columns, 2 versions: channel ") || footers.contains("7 columns, 2 versions: channel "),
        "{footers}"
    );
    assert!(footers.contains("column channel: string, stored as binary, in version "), "{footers}");
    let failed = say(&mut terminal, "inspect 99");
    assert!(failed.contains("next: a number from 1 to 2"), "{failed}");
    let mut heard = [bad, named, inspected, footers, failed].concat();
    heard.push_str(&say(&mut terminal, "doctor"));
    heard.push_str(&say(&mut terminal, "analyze --table sales.orders"));
    assert!(!heard.contains("  ") && !heard.contains('─') && !heard.contains("->"), "{heard}");
}

#[test]
fn the_basket_is_the_consoles_and_is_kept() {
    let user = user();
    let mut terminal = Terminal::start(user.in_terminal(PROGRAM, &["--plain", "--lake", "lake"]));
    terminal.wait_for("lake> ");
    say(&mut terminal, "sales.orders");
    assert!(say(&mut terminal, "mark 1-3").contains("3 rows marked"));
    terminal.send("quit\r");
    assert_eq!(terminal.exit_code(), 0);
    let mut console = Terminal::start(user.in_terminal(PROGRAM, &["--lake", "lake"]));
    console.wait_for("basket 3");
    console.send("u");
    console.wait_for("basket 0");
    console.send("q");
    assert_eq!(console.exit_code(), 0);
    let mut terminal = Terminal::start(user.in_terminal(PROGRAM, &["--plain", "--lake", "lake"]));
    terminal.wait_for("lake> ");
    assert!(say(&mut terminal, "basket").contains("nothing is marked"));
}

#[test]
fn nothing_is_ever_drawn_over() {
    let user = user();
    let mut terminal = Terminal::start(user.in_terminal(PROGRAM, &["--plain", "--lake", "lake"]));
    terminal.wait_for("lake> ");
    let mut all = say(&mut terminal, "1");
    all.push_str(&say(&mut terminal, "mark all"));
    all.push_str(&say(&mut terminal, "plan"));
    assert!(!all.contains('\u{1b}'), "{all:?}");
}

#[test]
fn piped_words_look_and_plan_but_never_act() {
    let user = user();
    let mut command = user.command(&["--plain", "--lake", "lake"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"mark 1\nplan\nrun\ny\ny\nquit\n").unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("nobody answered"), "{said}");
    let history = user.run(&["history", "--lake", "lake", "--output", "json"]).json();
    assert_eq!(history["runs"].as_array().unwrap().len(), 0);
}

#[test]
fn a_run_that_is_attached_to_is_paused_and_cancelled_by_lines() {
    let user = User::new();
    demo::create(&user.home().join("lake"), &DemoOptions { files: 4_000, seed: 7, now: Utc::now() }).unwrap();
    user.run(&["compact", "--lake", "lake", "--yes", "--detach"]).exits(0);
    let mut terminal = Terminal::start(user.in_terminal(PROGRAM, &["--plain", "attach"]));
    terminal.wait_for("type P pause, K cancel, d detach");
    terminal.send("P\r");
    terminal.wait_for("pausing: the steps in hand are finished");
    terminal.send("K\r");
    terminal.wait_for("type y and Enter");
    terminal.send("\r");
    terminal.send("K\r");
    terminal.send("y\r");
    terminal.wait_for("stopping safely");
    assert_eq!(terminal.exit_code(), 130, "{}", terminal.text());
}
