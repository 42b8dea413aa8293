//! Every way in which the console can end, and what it leaves behind: the terminal's attributes as they were, no mode of
//! it on, and an exit code that says what happened. All are started from a shell, as a person does.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::command::User;
use crate::pty::{Desk, FIRST, PROGRAM};
use crate::pty_runs::{READ_IT, children, execute};
use crate::terminal::{PATIENCE, Terminal};

/// How many are tried at a time.
const AT_A_TIME: usize = 3;
/// Modes that are on in every terminal that nobody has: the cursor is shown.
const USUALLY_ON: [&str; 1] = ["25"];

/// A way to end.
struct Death {
    name: &'static str,
    /// After `lakehand`, or a whole command line where it begins with a space.
    arguments: &'static str,
    end: fn(&mut Terminal),
    code: i32,
    /// What must be on the terminal afterwards.
    says: &'static str,
}

const fn death(name: &'static str, arguments: &'static str, end: fn(&mut Terminal), code: i32) -> Death {
    Death { name, arguments, end, code, says: "" }
}

const fn saying(says: &'static str, death: Death) -> Death {
    Death { says, ..death }
}

/// The console on the lake of the desk.
const LAKE: &str = "--lake lake";

const DEATHS: [Death; 24] = [
    death("q", LAKE, |terminal| type_first(terminal, "q"), 0),
    death("Esc, then q", LAKE, |terminal| type_first(terminal, "\u{1b}q"), 0),
    death("Ctrl-c, then q", LAKE, |terminal| type_first(terminal, "\u{3}q"), 0),
    death("SIGTERM", LAKE, |terminal| signal_first(terminal, Signal::TERM), 130),
    death("SIGHUP", LAKE, |terminal| signal_first(terminal, Signal::HUP), 0),
    death("SIGQUIT", LAKE, |terminal| signal_first(terminal, Signal::QUIT), 130),
    death("SIGINT, then q", LAKE, interrupted, 0),
    death("Ctrl-z, fg, q", LAKE, stopped_and_continued, 0),
    death("Ctrl-z, then SIGTERM", LAKE, stopped_and_ended, 130),
    saying("the screen tore", death("a panic", " $PANIC", |_| (), 101)),
    death("a panic in a task", " LAKEHAND_TEST_BACKGROUND=1 $PANIC", |_| (), 0),
    saying("error: ", death("no such lake", "--lake nowhere", |_| (), 2)),
    saying("error: ", death("a bad configuration", "--config bad.yaml", |_| (), 2)),
    saying("error: ", death("no such flag", "--lakes lake", |_| (), 2)),
    saying("needs a terminal", death("no input", "--lake lake < /dev/null", |_| (), 2)),
    saying("needs a terminal", death("no output", "--lake lake >&-", |_| (), 2)),
    death("no errors", "--lake lake 2>&-", |terminal| type_first(terminal, "q"), 0),
    saying("needs a terminal", death("TERM=dumb", " TERM=dumb $PROGRAM --lake lake", |_| (), 2)),
    death("TERM=linux", " TERM=linux $PROGRAM --lake lake", |terminal| type_first(terminal, "q"), 0),
    death("many sizes, then q", LAKE, resized, 0),
    death("too small, then q", LAKE, too_small, 0),
    death("q in a filter, Esc, q", LAKE, |terminal| type_first(terminal, "/q\u{1b}\u{1b}q"), 0),
    death("q in a question", LAKE, in_a_question, 0),
    death("a frame under way", LAKE, |terminal| type_first(terminal, "jjjjjjjj?q5q1qjjjjq"), 0),
];

fn type_first(terminal: &mut Terminal, keys: &str) {
    terminal.wait_for(FIRST);
    for key in keys.chars() {
        terminal.send(&key.to_string());
        // What follows Esc at once is taken for the rest of a key's sequence.
        std::thread::sleep(Duration::from_millis(if key == '\u{1b}' { 150 } else { 5 }));
    }
}

fn console(terminal: &Terminal) -> Pid {
    Pid::from_raw(children(terminal.pid())[0]).unwrap()
}

fn signal_first(terminal: &mut Terminal, signal: Signal) {
    terminal.wait_for(FIRST);
    kill_process(console(terminal), signal).unwrap();
}

fn interrupted(terminal: &mut Terminal) {
    signal_first(terminal, Signal::INT);
    terminal.settle(Duration::from_millis(100));
    assert!(terminal.screen().alternate_screen());
    terminal.send("q");
}

fn stopped_and_continued(terminal: &mut Terminal) {
    stop(terminal);
    terminal.send("fg\n");
    terminal.wait("the console again", |terminal| terminal.screen().alternate_screen());
    type_first(terminal, "q");
}

fn stopped_and_ended(terminal: &mut Terminal) {
    stop(terminal);
    // As a shell does that is left with a stopped job.
    let console = console(terminal);
    kill_process(console, Signal::TERM).unwrap();
    kill_process(console, Signal::CONT).unwrap();
    gone(console);
    // Only the shell learns of the code.
    terminal.send("wait %1\n");
}

fn stop(terminal: &mut Terminal) {
    type_first(terminal, "\u{1a}");
    terminal.wait_for("Stopped");
}

fn gone(process: Pid) {
    let path = format!("/proc/{}/stat", process.as_raw_nonzero());
    let since = std::time::Instant::now();
    while std::fs::read_to_string(&path).is_ok_and(|stat| !stat.contains(") Z ")) {
        assert!(since.elapsed() < PATIENCE, "it goes on");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn resized(terminal: &mut Terminal) {
    terminal.wait_for(FIRST);
    for round in 0..40 {
        terminal.resize(60 + round * 3, 16 + round);
    }
    terminal.resize(80, 24);
    type_first(terminal, "q");
}

fn too_small(terminal: &mut Terminal) {
    terminal.wait_for(FIRST);
    terminal.resize(30, 9);
    terminal.wait_for("needs 60x16");
    terminal.send("q");
}

fn in_a_question(terminal: &mut Terminal) {
    terminal.wait_for("BAD");
    terminal.send("p");
    terminal.wait_for("X execute");
    terminal.send("X");
    terminal.wait_for("y  execute");
    std::thread::sleep(READ_IT);
    terminal.send("q");
    terminal.wait("the plan", |terminal| !terminal.text().contains("y  execute"));
    terminal.send("q");
    type_first(terminal, "q");
}

fn shell(desk: &Desk) -> Terminal {
    let test = std::env::current_exe().unwrap();
    let child = "--exact pty_guard::child_that_panics --ignored --nocapture --test-threads=1";
    let mut bash = desk.user.in_terminal("bash", &[]);
    bash.env("PROGRAM", PROGRAM).env("PANIC", format!("{} {child}", test.display()));
    Terminal::shell(bash)
}

/// Starts it, ends it, and looks at what is left; what is wrong.
fn try_one(desk: &Desk, death: &Death) -> Option<String> {
    let name = death.name;
    let mut terminal = shell(desk);
    let file = name.replace(|letter: char| !letter.is_alphanumeric(), "-");
    terminal.send(&format!("stty -g > {file}\n"));
    let command = death.arguments.strip_prefix(' ').map(str::to_owned);
    terminal.send(&format!("{}\n", command.unwrap_or_else(|| format!("$PROGRAM {}", death.arguments))));
    (death.end)(&mut terminal);
    // As long as it lives, what is typed may be read by it.
    terminal.wait(name, |terminal| {
        children(terminal.pid()).is_empty() && terminal.is_cooked() && !terminal.screen().alternate_screen()
    });
    // In two halves, so that the command that is echoed is not taken for what it says.
    terminal.send(&format!("echo co''de $?; stty -g | cmp - {file} && echo the sa''me || echo oth''er\n"));
    terminal.wait(name, |terminal| ["the same", "other"].iter().any(|end| terminal.text().contains(end)));
    let text = terminal.text();
    let output = String::from_utf8_lossy(&terminal.take_output()).into_owned();
    let left = left_on(&output);
    let right =
        text.contains(&format!("code {}\n", death.code)) && text.contains("the same") && text.contains(death.says);
    (!right || !left.is_empty()).then(|| format!("{name}: expected {}, modes left: {left:?}\n{text}", death.code))
}

/// The modes that were switched and not switched back, by all bytes that went to the terminal.
fn left_on(output: &str) -> Vec<String> {
    let mut on: Vec<String> = USUALLY_ON.iter().map(|mode| (*mode).to_owned()).collect();
    for (modes, switched) in output.split("\u{1b}[?").skip(1).filter_map(sequence) {
        for mode in modes.split(';').map(str::to_owned) {
            on.retain(|other| *other != mode);
            if switched == 'h' {
                on.push(mode);
            }
        }
    }
    on.retain(|mode| !USUALLY_ON.contains(&mode.as_str()));
    // The window's title, and the keyboard's protocol of kitty: both are pushed and popped.
    for (push, pop) in [("\u{1b}[22;2t", "\u{1b}[23;2t"), ("\u{1b}[>", "\u{1b}[<")] {
        if output.matches(push).count() != output.matches(pop).count() {
            on.push(push.escape_debug().to_string());
        }
    }
    // Application keys of the cursor and the pad, and another character set.
    on.extend(
        ["\u{1b}=", "\u{1b}(0"]
            .iter()
            .filter(|text| output.contains(**text))
            .map(|text| text.escape_debug().to_string()),
    );
    if !output.contains("\u{1b}[?25h") && output.contains("\u{1b}[?25l") {
        on.push("the cursor is hidden".to_owned());
    }
    on
}

fn sequence(rest: &str) -> Option<(&str, char)> {
    let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != ';')?;
    let switched = rest[end..].chars().next().filter(|letter| matches!(letter, 'h' | 'l'))?;
    Some((&rest[..end], switched))
}

#[test]
fn whatever_ends_it_leaves_the_terminal_as_it_was() {
    let desk = Desk::new(User::new(), 150);
    std::fs::write(desk.user.home().join("bad.yaml"), "profiles: {prod: {stores: /lake}}\n").unwrap();
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                while let Some(death) = DEATHS.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let found = try_one(&desk, death);
                    wrong.lock().unwrap().extend(found);
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn leaving_a_live_run_says_how_to_come_back() {
    let desk = Desk::new(User::new(), 600);
    let leave = Death {
        name: "q with a live run",
        arguments: LAKE,
        end: |terminal| {
            execute(terminal);
            terminal.send("q");
            // From the run to the screens before it, and out.
            terminal.wait("another screen", |terminal| !terminal.text().contains("Run 1"));
            while terminal.screen().alternate_screen() {
                terminal.send("q");
                terminal.settle(Duration::from_millis(100));
            }
        },
        code: 0,
        says: "",
    };
    assert_eq!(try_one(&desk, &leave), None);
}

/// Nobody can do anything after SIGKILL; what docs/terminal.md says then must help.
#[test]
fn after_a_kill_reset_brings_the_terminal_back() {
    let desk = Desk::new(User::new(), 150);
    let mut terminal = shell(&desk);
    terminal.send("$PROGRAM --lake lake\n");
    signal_first(&mut terminal, Signal::KILL);
    terminal.wait_for("Killed");
    assert!(terminal.screen().alternate_screen());
    terminal.send("reset\n");
    terminal.wait("a terminal", |terminal| terminal.is_cooked() && !terminal.screen().alternate_screen());
    let screen = terminal.screen();
    assert!(!screen.hide_cursor() && !screen.bracketed_paste());
}
