//! A run and its console: the console may go at any moment, the run goes on, and the next console finds it.

use std::time::{Duration, Instant};

use crate::command::User;
use crate::pty::{Desk, FIRST};
use crate::terminal::{PATIENCE, Terminal};

/// Keys that come sooner than this after a question are dropped, as a person cannot have read it.
pub const READ_IT: Duration = Duration::from_millis(400);

/// Plans a table that needs it and executes the plan. The cursor stays on its row while others come in above it: the
/// filter leaves it none but bad ones.
pub fn execute(terminal: &mut Terminal) {
    terminal.wait_for(FIRST);
    terminal.wait_for("BAD");
    terminal.send("/is:bad\r");
    terminal.wait("the cursor on a bad table", |terminal| {
        terminal.text().lines().any(|line| line.starts_with('>') && line.contains(" BAD "))
    });
    terminal.send("p");
    terminal.wait_for("X execute");
    terminal.send("X");
    terminal.wait_for("y  execute");
    std::thread::sleep(READ_IT);
    terminal.send("y");
    terminal.wait_for("Run ");
}

/// The state of the newest run.
fn newest(desk: &Desk) -> String {
    let done = desk.user.run(&["history", "--lake", desk.lake(), "--output", "json"]);
    let runs = done.json()["runs"].as_array().cloned().unwrap_or_default();
    runs.first().map(|run| run["state"].as_str().unwrap().to_owned()).unwrap_or_default()
}

pub fn children(of: i32) -> Vec<i32> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let is_child = |pid: &i32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let parent = stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(1).map(str::to_owned));
        parent.is_some_and(|parent| parent == of.to_string())
    };
    pids.filter(is_child).collect()
}

#[test]
fn a_run_survives_the_hang_up_of_its_console() {
    let desk = Desk::new(User::new(), 600);
    let mut terminal = desk.open_in_shell();
    execute(&mut terminal);
    let console = children(terminal.pid())[0];
    // The shell is the session's leader: its death is what a lost connection is to the console.
    let shell = rustix::process::Pid::from_raw(terminal.pid()).unwrap();
    rustix::process::kill_process(shell, rustix::process::Signal::KILL).unwrap();
    let lost = Instant::now();
    while std::path::Path::new(&format!("/proc/{console}")).exists() {
        assert!(lost.elapsed() < PATIENCE, "the console outlives its terminal");
        std::thread::sleep(Duration::from_millis(10));
    }
    while newest(&desk) != "done" {
        assert!(lost.elapsed() < PATIENCE, "the run is {:?}", newest(&desk));
        std::thread::sleep(Duration::from_millis(100));
    }
    let mut again = desk.open();
    again.wait_for(FIRST);
    again.send("5");
    again.wait_for("done");
}

#[test]
fn a_run_is_taken_back_from_history() {
    let desk = Desk::new(User::new(), 150);
    let mut terminal = desk.open();
    execute(&mut terminal);
    terminal.wait("the end of the run", |_| newest(&desk) == "done");
    terminal.send("5");
    terminal.wait_for("R roll back");
    terminal.send("R");
    terminal.wait_for("y  roll back");
    std::thread::sleep(READ_IT);
    terminal.send("y");
    terminal.wait_for("Run ");
    terminal.wait("the end of the rollback", |_| {
        let done = desk.user.run(&["history", "--lake", desk.lake(), "--output", "json"]);
        done.json()["runs"].as_array().unwrap().iter().any(|run| run["kind"] == "rollback" && run["state"] == "done")
    });
}
