//! The terminal's guard in a process that panics: the terminal is as before, and the message says which run goes on.

use std::process::Command;

use crate::terminal::Terminal;

/// The part that runs in a child process, in a terminal of its own.
#[test]
#[ignore = "is started by the tests below"]
fn child_that_panics() {
    use lakehand::term::{Guard, install_panic_hook, set_farewell};
    let in_background = std::env::var_os("LAKEHAND_TEST_BACKGROUND").is_some();
    install_panic_hook(std::thread::current().id());
    let _guard = Guard::enter(Some("title")).unwrap();
    set_farewell("run p2c goes on: lakehand attach p2c");
    if in_background {
        std::thread::spawn(|| panic!("in a task")).join().unwrap_err();
        return;
    }
    panic!("the screen tore");
}

fn child(background: bool) -> Terminal {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "pty_guard::child_that_panics", "--ignored", "--nocapture", "--test-threads=1"]);
    if background {
        command.env("LAKEHAND_TEST_BACKGROUND", "1");
    }
    Terminal::start(command)
}

#[test]
fn a_panic_gives_the_terminal_back_and_names_the_run() {
    let mut terminal = child(false);
    terminal.wait_for("lakehand attach p2c");
    assert_ne!(terminal.exit_code(), 0);
    let text = terminal.text();
    assert!(text.contains("the screen tore"), "{text}");
    assert!(terminal.is_cooked());
    let screen = terminal.screen();
    assert!(!screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste());
}

#[test]
fn a_panic_in_a_task_writes_nothing_over_the_screen() {
    let mut terminal = child(true);
    assert_eq!(terminal.exit_code(), 0);
    let output = String::from_utf8_lossy(&terminal.take_output()).into_owned();
    assert!(output.contains("\u{1b}[?1049h") && output.contains("\u{1b}[?1049l"), "{output}");
    assert!(!output.contains("in a task"), "{output}");
    assert!(terminal.is_cooked());
}
