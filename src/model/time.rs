//! Times of files, ages and durations as they are shown and read.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::{Code, Error, Result};

/// A time as the store gives it, in nanoseconds since 1970 (a store may only know milliseconds).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FileTime(pub i64);

impl FileTime {
    /// The time as a date, for showing.
    pub fn to_utc(self) -> chrono::DateTime<chrono::Utc> {
        chrono::DateTime::from_timestamp_nanos(self.0)
    }

    /// How long before `now` this was; nothing when it lies in the future.
    pub fn age(self, now: chrono::DateTime<chrono::Utc>) -> Option<Duration> {
        (now - self.to_utc()).to_std().ok()
    }
}

impl From<chrono::DateTime<chrono::Utc>> for FileTime {
    fn from(time: chrono::DateTime<chrono::Utc>) -> FileTime {
        FileTime(time.timestamp_nanos_opt().unwrap_or(i64::MAX))
    }
}

/// One unit, no more than four columns: `40s`, `52m`, `6h`, `2d`.
pub fn age_text(age: Duration) -> String {
    match age.as_secs() {
        seconds @ 0..60 => format!("{seconds}s"),
        seconds @ 60..3_600 => format!("{}m", seconds / 60),
        seconds @ 3_600..172_800 => format!("{}h", seconds / 3_600),
        seconds => format!("{}d", seconds / 86_400),
    }
}

/// Two units: `0.8 s`, `31 s`, `2 min 30 s`, `4 h 12 min`, `3 d 2 h`.
pub fn duration_text(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..10 => format!("{:.1} s", duration.as_secs_f64()),
        10..60 => format!("{seconds} s"),
        60..3_600 => two(seconds / 60, "min", seconds % 60, "s"),
        3_600..86_400 => two(seconds / 3_600, "h", seconds % 3_600 / 60, "min"),
        _ => two(seconds / 86_400, "d", seconds % 86_400 / 3_600, "h"),
    }
}

fn two(large: u64, large_unit: &str, small: u64, small_unit: &str) -> String {
    if small == 0 { format!("{large} {large_unit}") } else { format!("{large} {large_unit} {small} {small_unit}") }
}

/// Reads `0s`, `30m`, `72h`, `7d`, `1500ms`.
pub fn parse_duration(text: &str) -> Result<Duration> {
    let wrong = || Error::new(Code::Usage, format!("{text:?} is not a duration")).next("give it as 30m, 72h, 7d or 5s");
    let text = text.trim();
    let split = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(split);
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let seconds = match unit.trim() {
        "ms" => return Ok(Duration::from_millis(number)),
        "s" => 1,
        "m" | "min" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(wrong()),
    };
    let total = number.checked_mul(seconds).filter(|total| *total < 1 << 40).ok_or_else(wrong)?;
    Ok(Duration::from_secs(total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_round_trip_in_words() {
        assert_eq!(parse_duration("72h").unwrap(), Duration::from_secs(72 * 3600));
        assert_eq!(parse_duration("0s").unwrap(), Duration::ZERO);
        for wrong in ["", "5", "h", "-5s", "99999999999999999999d", "5 weeks"] {
            assert!(parse_duration(wrong).is_err(), "{wrong}");
        }
        let shown: Vec<String> =
            [0, 9, 59, 61, 150, 15_120, 270_000].map(|s| duration_text(Duration::from_secs(s))).into();
        assert_eq!(shown, ["0.0 s", "9.0 s", "59 s", "1 min 1 s", "2 min 30 s", "4 h 12 min", "3 d 3 h"]);
    }
}
