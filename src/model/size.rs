//! Sizes in bytes and counts of rows, and how they are read and shown: IEC units, three digits; never 0 for unknown.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Sub};

use serde::{Deserialize, Serialize};

use crate::error::{Code, Error, Result};

macro_rules! counted {
    ($name:ident, $doc:literal) => {
        #[doc = $doc]
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl Add for $name {
            type Output = $name;
            fn add(self, other: $name) -> $name {
                $name(self.0.saturating_add(other.0))
            }
        }

        impl AddAssign for $name {
            fn add_assign(&mut self, other: $name) {
                *self = *self + other;
            }
        }

        impl Sub for $name {
            type Output = $name;
            fn sub(self, other: $name) -> $name {
                $name(self.0.saturating_sub(other.0))
            }
        }

        impl Sum for $name {
            fn sum<I: Iterator<Item = $name>>(items: I) -> $name {
                items.fold($name(0), Add::add)
            }
        }

        impl<'a> Sum<&'a $name> for $name {
            fn sum<I: Iterator<Item = &'a $name>>(items: I) -> $name {
                items.copied().sum()
            }
        }
    };
}

counted!(Size, "A number of bytes.");
counted!(Rows, "A number of rows.");

impl Size {
    /// One mebibyte.
    pub const MIB: Size = Size(1 << 20);

    /// Mebibytes.
    pub const fn mib(count: u64) -> Size {
        Size(count << 20)
    }

    /// The smallest number of blocks of `block` bytes that hold this.
    pub fn blocks(self, block: Size) -> u64 {
        self.0.div_ceil(block.0.max(1))
    }
}

impl fmt::Display for Size {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&size_text(self.0))
    }
}

impl fmt::Display for Rows {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&count_text(self.0))
    }
}

/// A size with an IEC unit and three digits: `512 B`, `1.90 KiB` is shown as `1.9 KiB`, `61.4 GiB`, `148 GiB`.
pub fn size_text(bytes: u64) -> String {
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let scaled = |unit: u32| bytes as f64 / f64::powi(1024.0, unit as i32);
    let mut unit = 1;
    while unit < 6 && scaled(unit) >= 999.5 {
        unit += 1;
    }
    let value = scaled(unit);
    let format = humansize::FormatSizeOptions::from(humansize::BINARY)
        .fixed_at(Some(FIXED[unit as usize]))
        .decimal_places(usize::from(value < 99.95))
        .decimal_zeroes(usize::from(value < 99.95));
    humansize::format_size(bytes, format)
}

const FIXED: [humansize::FixedAt; 7] = [
    humansize::FixedAt::Base,
    humansize::FixedAt::Kilo,
    humansize::FixedAt::Mega,
    humansize::FixedAt::Giga,
    humansize::FixedAt::Tera,
    humansize::FixedAt::Peta,
    humansize::FixedAt::Exa,
];

/// A count: separators below ten million (`1,204,331`), then `12.3M`, `1.20G`.
pub fn count_text(count: u64) -> String {
    if count >= 10_000_000 {
        let (value, unit) = if count >= 1_000_000_000 { (count as f64 / 1e9, 'G') } else { (count as f64 / 1e6, 'M') };
        return if value >= 99.95 { format!("{value:.0}{unit}") } else { format!("{value:.1}{unit}") };
    }
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 table`, `1,204 tables`.
pub fn counted(count: u64, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", count_text(count))
}

/// Reads `128MiB`, `128 MB` (decimal), `1GiB`, `4096B`. A bare number is counted in `bare`.
pub fn parse_size(text: &str, bare: Size) -> Result<Size> {
    let text = text.trim();
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let factor: f64 = match unit.trim().to_ascii_lowercase().as_str() {
        "" => bare.0 as f64,
        "b" => 1.0,
        "k" | "kib" => 1024.0,
        "m" | "mib" => f64::powi(1024.0, 2),
        "g" | "gib" => f64::powi(1024.0, 3),
        "t" | "tib" => f64::powi(1024.0, 4),
        "kb" => 1e3,
        "mb" => 1e6,
        "gb" => 1e9,
        "tb" => 1e12,
        _ => return Err(not_a_size(text)),
    };
    let value: f64 = number.parse().map_err(|_| not_a_size(text))?;
    let bytes = value * factor;
    if bytes.is_finite() && bytes < 1e18 { Ok(Size(bytes.round() as u64)) } else { Err(not_a_size(text)) }
}

fn not_a_size(text: &str) -> Error {
    Error::new(Code::Usage, format!("{text:?} is not a size")).next("give it as 128MiB, 4GiB or 4096B")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_three_digits() {
        let shown: Vec<String> =
            [0, 1023, 1024, 145_408, 1_022_000, 2 << 30, 65_927_000_000, 158_913_789_953].map(size_text).into();
        assert_eq!(shown, ["0 B", "1023 B", "1.0 KiB", "142 KiB", "998 KiB", "2.0 GiB", "61.4 GiB", "148 GiB"]);
        assert_eq!(size_text(u64::MAX), "16.0 EiB");
    }

    #[test]
    fn counts_have_separators() {
        let shown: Vec<String> =
            [0, 999, 1_000, 1_204_331, 9_999_999, 12_345_678, 2_500_000_000].map(count_text).into();
        assert_eq!(shown, ["0", "999", "1,000", "1,204,331", "9,999,999", "12.3M", "2.5G"]);
    }

    #[test]
    fn sizes_are_read() {
        assert_eq!(parse_size("128", Size::MIB).unwrap(), Size::mib(128));
        assert_eq!(parse_size("0.5 GiB", Size::MIB).unwrap(), Size::mib(512));
        assert_eq!(parse_size("1kB", Size::MIB).unwrap(), Size(1000));
        for wrong in ["", "x", "-1", "1 parsec", "1e400", "9999999999TiB"] {
            assert!(parse_size(wrong, Size::MIB).is_err(), "{wrong}");
        }
    }
}
