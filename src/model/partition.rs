//! Partition keys and values, and Hive's escaping of them in directory names.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{Code, Error, Result};

/// The directory name that stands for a value that is null or empty.
pub const HIVE_DEFAULT_PARTITION: &str = "__HIVE_DEFAULT_PARTITION__";

/// One partition key of a table.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PartitionKey {
    /// The column's name.
    pub name: String,
    /// The column's type in Hive's words; `string` where nobody says.
    pub hive_type: String,
}

/// The values of one partition: keys in the table's order. A value that is none is Hive's null.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PartitionSpec(pub Vec<(String, Option<String>)>);

impl PartitionSpec {
    /// Reads `key=value/key=value` with Hive's escaping.
    pub fn parse(path: &str) -> Result<PartitionSpec> {
        path.split('/').map(PartitionSpec::parse_part).collect::<Result<Vec<_>>>().map(PartitionSpec)
    }

    /// Reads one directory name, `key=value`.
    pub fn parse_part(part: &str) -> Result<(String, Option<String>)> {
        match part.split_once('=') {
            Some((key, value)) if !key.is_empty() => {
                let value = (value != HIVE_DEFAULT_PARTITION).then(|| unescape_value(value));
                Ok((unescape_value(key), value))
            }
            _ => Err(Error::new(Code::PartitionNotFound, format!("{part:?} is not a partition"))
                .next("give it as key=value")),
        }
    }

    /// Whether every part of `self`, a prefix of the keys, is equal in `other`.
    pub fn is_prefix_of(&self, other: &PartitionSpec) -> bool {
        self.0.len() <= other.0.len() && self.0.iter().zip(&other.0).all(|(mine, theirs)| mine == theirs)
    }
}

impl fmt::Display for PartitionSpec {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (key, value)) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "/" };
            let value = value.as_deref().map_or_else(|| HIVE_DEFAULT_PARTITION.to_owned(), escape_value);
            write!(formatter, "{separator}{}={value}", escape_value(key))?;
        }
        Ok(())
    }
}

/// Hive's `FileUtils.escapePathName`: control characters and those that paths or shells give a meaning become `%XX`.
pub fn escape_value(value: &str) -> String {
    if value.is_empty() {
        return HIVE_DEFAULT_PARTITION.to_owned();
    }
    let mut escaped = String::with_capacity(value.len());
    for c in value.chars() {
        if needs_escape(c) {
            escaped.push_str(&format!("%{:02X}", c as u32));
        } else {
            escaped.push(c);
        }
    }
    escaped
}

fn needs_escape(c: char) -> bool {
    matches!(
        c,
        '\u{1}'
            ..='\u{1F}'
                | '"'
                | '#'
                | '%'
                | '\''
                | '*'
                | '/'
                | ':'
                | '='
                | '?'
                | '\\'
                | '\u{7F}'
                | '{'
                | '['
                | ']'
                | '^'
    )
}

/// Hive's `FileUtils.unescapePathName`: `%XX` becomes the character of that number; anything else stays.
pub fn unescape_value(value: &str) -> String {
    let mut plain = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = rest.find('%') {
        plain.push_str(&rest[..at]);
        let code = rest.get(at + 1..at + 3).filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
        match code.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(code) => {
                plain.push(char::from(code));
                rest = &rest[at + 3..];
            }
            None => {
                plain.push('%');
                rest = &rest[at + 1..];
            }
        }
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn escaping_is_undone(value in "\\PC{1,20}") {
            let escaped = escape_value(&value);
            prop_assert!(!escaped.contains('/') && !escaped.contains('='));
            prop_assert_eq!(unescape_value(&escaped), value);
        }

        #[test]
        fn unescaping_never_panics(value in ".*") {
            let _ = unescape_value(&value);
        }
    }

    #[test]
    fn specs_are_read_as_hive_writes_them() {
        let spec = PartitionSpec::parse("dt=2026-11-19/city=New%2FYork/x=__HIVE_DEFAULT_PARTITION__").unwrap();
        assert_eq!(spec.0[1], ("city".to_owned(), Some("New/York".to_owned())));
        assert_eq!(spec.0[2], ("x".to_owned(), None));
        assert_eq!(spec.to_string(), "dt=2026-11-19/city=New%2FYork/x=__HIVE_DEFAULT_PARTITION__");
        assert!(PartitionSpec::parse("dt=2026-11-19").unwrap().is_prefix_of(&spec));
        assert!(PartitionSpec::parse("nothing").is_err());
    }
}
