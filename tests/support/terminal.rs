//! A program in a terminal of its own: typed to, looked at, and every byte counted.
#![allow(dead_code, reason = "several test binaries share it, and not each needs all of it")]

use std::os::fd::AsFd;
use std::process::Command;
use std::time::{Duration, Instant};

use expectrl::Session;
use rustix::termios::{LocalModes, tcgetattr};

/// How long anything may take that is waited for, on a machine that does much else.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// The terminal, and what is on it.
pub struct Terminal {
    session: Session,
    screen: vt100::Parser,
    output: Vec<u8>,
}

impl Terminal {
    /// Starts a program in a terminal of 80 columns and 24 rows. It is a session leader, as behind `ssh HOST COMMAND`.
    pub fn start(command: Command) -> Terminal {
        let session = Session::spawn(command).unwrap();
        Terminal { session, screen: vt100::Parser::new(24, 80, 0), output: Vec::new() }
    }

    /// Starts a shell with job control; the program is then typed, as a person does.
    pub fn shell(mut bash: Command) -> Terminal {
        bash.args(["--noprofile", "--norc", "--noediting", "-i"]).env("PS1", "$ ");
        let mut terminal = Terminal::start(bash);
        terminal.wait_for("$ ");
        terminal
    }

    /// Types.
    pub fn send(&mut self, keys: &str) {
        self.session.send(keys).unwrap();
    }

    /// Gives the terminal another size.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        self.session.get_process_mut().set_window_size(columns, rows).unwrap();
        self.screen.screen_mut().set_size(rows, columns);
    }

    /// What stands on the terminal now.
    pub fn text(&mut self) -> String {
        self.take_in();
        self.screen.screen().contents()
    }

    /// The emulated screen, for modes and attributes.
    pub fn screen(&mut self) -> &vt100::Screen {
        self.take_in();
        self.screen.screen()
    }

    /// Waits until a text is on the screen.
    pub fn wait_for(&mut self, text: &str) {
        self.wait(text, |terminal| terminal.text().contains(text));
    }

    /// Waits until something holds of the terminal.
    pub fn wait(&mut self, what: &str, mut holds: impl FnMut(&mut Terminal) -> bool) {
        let started = Instant::now();
        while !holds(self) {
            assert!(started.elapsed() < PATIENCE, "waited in vain for {what:?}; on the screen:\n{}", self.text());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until nothing was written for so long.
    pub fn settle(&mut self, quiet: Duration) {
        let mut since = Instant::now();
        while since.elapsed() < quiet {
            if self.take_in() > 0 {
                since = Instant::now();
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The bytes that were written since the last call.
    pub fn take_output(&mut self) -> Vec<u8> {
        self.take_in();
        std::mem::take(&mut self.output)
    }

    /// Whether what is typed is echoed and waits for Enter, as a shell's programs expect it.
    pub fn is_cooked(&mut self) -> bool {
        let handle = self.session.get_process().get_raw_handle().unwrap();
        let modes = tcgetattr(handle.as_fd()).unwrap();
        modes.local_modes.contains(LocalModes::ICANON | LocalModes::ISIG)
    }

    /// The process that was started.
    pub fn pid(&self) -> i32 {
        self.session.get_process().pid().as_raw()
    }

    /// Waits until the process that was started has ended; its exit code.
    pub fn exit_code(&mut self) -> i32 {
        use expectrl::WaitStatus::{Exited, Signaled};
        let started = Instant::now();
        loop {
            self.take_in();
            match self.session.get_process().status().unwrap() {
                Exited(_, code) => return code,
                Signaled(_, signal, _) => panic!("ended by {signal}"),
                _ if started.elapsed() > PATIENCE => panic!("does not end; on the screen:\n{}", self.text()),
                _ => std::thread::sleep(Duration::from_millis(5)),
            }
        }
    }

    fn take_in(&mut self) -> usize {
        let mut taken = 0;
        let mut buffer = [0; 8192];
        while let Ok(count @ 1..) = self.session.try_read(&mut buffer) {
            self.screen.process(&buffer[..count]);
            self.output.extend_from_slice(&buffer[..count]);
            taken += count;
        }
        taken
    }
}
