//! Names of users and groups from `/etc/passwd` and `/etc/group`.
//!
//! A name is only used where it leads back to the same number; everything else is shown and accepted as the number. A
//! name that is all digits is never used, so that a number is always a number. Directory services are not asked:
//! their users appear by number, which keeps owners exactly as well.

use std::collections::HashMap;

/// The accounts of this machine, read once.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    users: Names,
    groups: Names,
}

#[derive(Debug, Default)]
struct Names {
    by_number: HashMap<u32, String>,
    by_name: HashMap<String, u32>,
}

impl Accounts {
    /// Reads both files; one that cannot be read leaves numbers.
    pub(super) fn load() -> Accounts {
        let read = |path| std::fs::read(path).map(|bytes| Names::parse(&bytes)).unwrap_or_default();
        Accounts { users: read("/etc/passwd"), groups: read("/etc/group") }
    }

    pub(super) fn user_name(&self, number: u32) -> String {
        self.users.name(number)
    }

    pub(super) fn group_name(&self, number: u32) -> String {
        self.groups.name(number)
    }

    pub(super) fn user_number(&self, name: &str) -> Option<u32> {
        self.users.number(name)
    }

    pub(super) fn group_number(&self, name: &str) -> Option<u32> {
        self.groups.number(name)
    }
}

impl Names {
    /// Reads `NAME:PASSWORD:NUMBER:…` lines; the first of a name and the first of a number count, as for the system.
    fn parse(bytes: &[u8]) -> Names {
        let mut names = Names::default();
        for line in bytes.split(|byte| *byte == b'\n').filter_map(|line| std::str::from_utf8(line).ok()) {
            let mut fields = line.split(':');
            let (Some(name), _, Some(number)) = (fields.next(), fields.next(), fields.next()) else { continue };
            let Ok(number) = number.parse::<u32>() else { continue };
            if name.is_empty() || name.starts_with(['#', '+', '-']) || name.bytes().all(|byte| byte.is_ascii_digit()) {
                continue;
            }
            names.by_name.entry(name.to_owned()).or_insert(number);
            names.by_number.entry(number).or_insert_with(|| name.to_owned());
        }
        names
    }

    fn name(&self, number: u32) -> String {
        match self.by_number.get(&number) {
            Some(name) if self.by_name.get(name) == Some(&number) => name.clone(),
            _ => number.to_string(),
        }
    }

    fn number(&self, name: &str) -> Option<u32> {
        if name.bytes().all(|byte| byte.is_ascii_digit()) { name.parse().ok() } else { self.by_name.get(name).copied() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_used_only_where_it_leads_back() {
        let file = b"root:x:0:0::/root:/bin/sh\n# note\n1000:x:5:5::/:\nalice:x:1000:1000\nalias:x:1000:1\nalice:x:7:7\n+nis\n\xff:x:9:9\nodd:x:-1:\n";
        let names = Names::parse(file);
        assert_eq!(names.name(0), "root");
        assert_eq!(names.name(1000), "alice");
        assert_eq!(names.name(5), "5", "a name of digits is no name");
        assert_eq!(names.name(7), "7", "its name means another number");
        assert_eq!(names.number("alias"), Some(1000));
        assert_eq!(names.number("1000"), Some(1000));
        assert_eq!(names.number("nobody-here"), None);
        assert_eq!(names.number(""), None);
        for number in [0, 5, 7, 9, 1000, u32::MAX] {
            assert_eq!(names.number(&names.name(number)), Some(number));
        }
    }
}
