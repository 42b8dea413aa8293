//! Values of keys: what each may be, and how it is read from text.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::error::{Code, Error, Result};
use crate::model::{Size, parse_duration, parse_size};

/// What the value of a key must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Any text.
    Text,
    /// A path or URI.
    Path,
    /// `true` or `false`.
    Flag,
    /// A size above nothing; a bare number is MiB.
    Size,
    /// A whole number above 0.
    Count,
    /// A duration with its unit.
    Duration,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A list of texts.
    List,
    /// Names to texts.
    Map,
}

/// A value that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Text, a path, a word of a choice.
    Text(String),
    /// On or off.
    Flag(bool),
    /// A size.
    Size(Size),
    /// A number.
    Count(u64),
    /// A duration.
    Duration(Duration),
    /// Texts.
    List(Vec<String>),
    /// Names to texts.
    Map(BTreeMap<String, String>),
}

impl Kind {
    /// Reads a value from text, as a variable, a flag or a plain value of a file gives it.
    pub fn parse(self, text: &str) -> Result<Value> {
        let text = text.trim();
        let wrong = |wanted: &str| {
            Error::new(Code::ConfigInvalid, format!("{text:?} cannot be used")).why(format!("it has to be {wanted}"))
        };
        match self {
            Kind::Text | Kind::Path if text.is_empty() => Err(wrong("text")),
            Kind::Text | Kind::Path => Ok(Value::Text(text.to_owned())),
            Kind::Flag => match text {
                "true" | "1" | "yes" | "on" => Ok(Value::Flag(true)),
                "false" | "0" | "no" | "off" => Ok(Value::Flag(false)),
                _ => Err(wrong("true or false")),
            },
            Kind::Size => match parse_size(text, Size::MIB) {
                Ok(size) if size.0 > 0 => Ok(Value::Size(size)),
                _ => Err(wrong("a size above 0, as 128MiB, 4GiB or 4096B; a bare number is MiB")),
            },
            Kind::Count => match text.strip_suffix(".0").unwrap_or(text).parse::<u64>() {
                Ok(count) if count > 0 => Ok(Value::Count(count)),
                _ => Err(wrong("a whole number above 0")),
            },
            Kind::Duration => match parse_duration(text) {
                Ok(duration) => Ok(Value::Duration(duration)),
                Err(_) => Err(wrong("a duration with its unit, as 30m, 72h, 7d or 5s")),
            },
            Kind::Choice(words) if words.contains(&text) => Ok(Value::Text(text.to_owned())),
            Kind::Choice(words) => Err(wrong(&format!("one of {}", words.join(", ")))),
            Kind::List => Ok(Value::List(text.split(',').map(|item| item.trim().to_owned()).collect())),
            Kind::Map => Err(wrong("a mapping")),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Text(text) => formatter.write_str(text),
            Value::Flag(flag) => write!(formatter, "{flag}"),
            Value::Size(size) => formatter.write_str(&exact_size(*size)),
            Value::Count(count) => write!(formatter, "{count}"),
            Value::Duration(duration) => formatter.write_str(&exact_duration(*duration)),
            Value::List(items) => formatter.write_str(&items.join(", ")),
            Value::Map(map) => {
                let pairs: Vec<String> = map.iter().map(|(name, text)| format!("{name}={text}")).collect();
                formatter.write_str(&pairs.join(", "))
            }
        }
    }
}

/// A size as it can be written in a file, not rounded.
fn exact_size(size: Size) -> String {
    let units = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    match units.into_iter().find(|(_, bytes)| size.0 > 0 && size.0.is_multiple_of(*bytes)) {
        Some((unit, bytes)) => format!("{}{unit}", size.0 / bytes),
        None => format!("{}B", size.0),
    }
}

/// A duration as it can be written in a file, not rounded.
fn exact_duration(duration: Duration) -> String {
    let units = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)];
    let millis = duration.as_millis();
    match units.into_iter().find(|(_, length)| millis > 0 && millis.is_multiple_of(*length)) {
        Some((unit, length)) => format!("{}{unit}", millis / length),
        None if millis == 0 => "0s".to_owned(),
        None => format!("{millis}ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_is_shown_can_be_written_in_a_file() {
        for (kind, text) in [
            (Kind::Size, "128MiB"),
            (Kind::Size, "1GiB"),
            (Kind::Size, "1000B"),
            (Kind::Duration, "30m"),
            (Kind::Duration, "3d"),
            (Kind::Duration, "1500ms"),
            (Kind::Duration, "0s"),
        ] {
            assert_eq!(kind.parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn values_are_read_by_kind_and_refused_with_what_they_have_to_be() {
        assert_eq!(Kind::Size.parse("256").unwrap(), Value::Size(Size::mib(256)));
        assert_eq!(Kind::Count.parse("10.0").unwrap(), Value::Count(10));
        assert_eq!(Kind::Duration.parse("0s").unwrap(), Value::Duration(Duration::ZERO));
        assert_eq!(Kind::Flag.parse("yes").unwrap(), Value::Flag(true));
        let wrong = [
            (Kind::Size, "0"),
            (Kind::Count, "2.5"),
            (Kind::Count, "0"),
            (Kind::Duration, "5"),
            (Kind::Flag, "maybe"),
            (Kind::Choice(&["rows"]), "row"),
            (Kind::Text, " "),
        ];
        for (kind, text) in wrong {
            let error = kind.parse(text).unwrap_err();
            assert!(error.reason().unwrap().starts_with("it has to be "), "{kind:?} {text:?}");
            assert_eq!(error.code(), Code::ConfigInvalid);
        }
    }
}
