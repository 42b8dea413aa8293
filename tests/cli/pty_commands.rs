//! Commands at a terminal: the question, the bars, Ctrl-C.

use chrono::Utc;
use lakehand::demo::{self, DemoOptions};

use crate::command::User;
use crate::terminal::Terminal;

fn compact(files: u64) -> (User, Terminal) {
    let user = User::new();
    let lake = user.home().join("lake");
    demo::create(&lake, &DemoOptions { files, seed: 7, now: Utc::now() }).unwrap();
    let command = user.in_terminal(env!("CARGO_BIN_EXE_lakehand"), &["compact", "--lake", lake.to_str().unwrap()]);
    (user, Terminal::start(command))
}

#[test]
fn only_y_starts_a_run() {
    for (answer, exit) in [("Y\r", 3), ("\r", 3), ("yes\r", 3), ("y\r", 0)] {
        let (user, mut terminal) = compact(150);
        terminal.wait_for("Execute this plan on lake? [y/N]");
        terminal.send(answer);
        assert_eq!(terminal.exit_code(), exit, "{answer:?}: {}", terminal.text());
        let lake = user.home().join("lake");
        let history = user.run(&["history", "--lake", lake.to_str().unwrap(), "--output", "json"]).json();
        assert_eq!(history["runs"].as_array().unwrap().len(), usize::from(exit == 0));
    }
}

#[test]
fn ctrl_c_asks_and_the_run_goes_on_until_it_is_told_to_stop() {
    for (answer, said, exit) in [("d\r", "goes on; lakehand attach", 0), ("c\r", "stopped safely", 130)] {
        let (user, mut terminal) = compact(4_000);
        terminal.wait_for("Execute this plan on lake? [y/N]");
        terminal.send("y\r");
        terminal.wait_for("closing this window does not stop it");
        terminal.send("\u{3}");
        terminal.wait_for("d detach (it goes on), c cancel safely");
        terminal.send(answer);
        terminal.wait_for(said);
        assert_eq!(terminal.exit_code(), exit, "{}", terminal.text());
        if exit == 0 {
            user.run(&["attach"]).exits(0).prints("done");
        }
    }
}
