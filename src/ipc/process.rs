//! A process of this machine by its number and the time it was started, because numbers are given out again.

use serde::{Deserialize, Serialize};

/// A process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ProcessId {
    /// Its number.
    pub pid: u32,
    /// When it was started, in clock ticks since the machine was; 0 where nobody could tell.
    pub start: u64,
}

impl ProcessId {
    /// A process by its number; none when there is none, or only what is left of one until its parent has looked.
    pub fn find(pid: u32) -> Option<ProcessId> {
        let status = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        parse(&status).filter(|(state, _)| !matches!(state, 'Z' | 'X')).map(|(_, start)| ProcessId { pid, start })
    }

    /// This process.
    pub fn current() -> ProcessId {
        let pid = std::process::id();
        ProcessId::find(pid).unwrap_or(ProcessId { pid, start: 0 })
    }

    /// Whether it still is.
    pub fn is_alive(&self) -> bool {
        ProcessId::find(self.pid) == Some(*self)
    }
}

/// State and start time of `/proc/PID/stat`. The name in parentheses may hold anything, parentheses too.
fn parse(status: &str) -> Option<(char, u64)> {
    let mut fields = status[status.rfind(')')? + 1..].split_ascii_whitespace();
    let state = fields.next()?.chars().next()?;
    let start = fields.nth(18)?.parse().ok()?;
    Some((state, start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_alive_and_an_older_one_of_its_number_is_not() {
        let me = ProcessId::current();
        assert!(me.is_alive() && me.start > 0);
        assert!(!ProcessId { start: me.start + 1, ..me }.is_alive());
    }

    #[test]
    fn a_name_with_parentheses_does_not_confuse() {
        let fields = "1 1 1 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 77 0 0";
        assert_eq!(parse(&format!("9 (a) R (b) S {fields}")), Some(('S', 77)));
        assert_eq!(parse("9 (a"), None);
        assert_eq!(parse("9 (a) S 1 2"), None);
    }
}
