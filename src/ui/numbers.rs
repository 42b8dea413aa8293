//! Numbers as cells show them. Unknown is blank or `?`, never 0.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::app::percent;
use crate::model::{Scanned, Work, age_text, count_text};

/// `810`, `8.1k`, `29.6k`, `818k`, `2.4M`.
pub fn short_count(count: u64) -> String {
    let thousands = count as f64 / 1e3;
    let millions = count as f64 / 1e6;
    match count {
        0..1_000 => count.to_string(),
        1_000..99_950 => format!("{thousands:.1}k"),
        99_950..999_500 => format!("{thousands:.0}k"),
        999_500..99_950_000 => format!("{millions:.1}M"),
        99_950_000..999_500_000 => format!("{millions:.0}M"),
        _ => format!("{:.1}G", count as f64 / 1e9),
    }
}

/// Two digits are enough of what is estimated: `14k`, `2.4k`, `120k`.
pub fn short_estimate(count: f64) -> String {
    let step = 10f64.powf((count.max(10.0).log10().floor() - 1.0).max(0.0));
    short_count(((count / step).round() * step) as u64).replace(".0", "")
}

/// A count that fits into columns.
pub fn fitting_count(count: u64, columns: usize) -> String {
    let text = count_text(count);
    if text.len() <= columns { text } else { short_count(count) }
}

/// What a cell of files has room for, with a gap before it.
const FILES_WIDTH: usize = 9;

/// A count of files: with `+` where it may grow, blank where it is unknown.
pub fn files_text(files: u64, scanned: Scanned) -> String {
    match scanned {
        Scanned::No => String::new(),
        Scanned::Part => format!("{}+", fitting_count(files, FILES_WIDTH - 1)),
        Scanned::Whole => fitting_count(files, FILES_WIDTH),
    }
}

/// `<1s`, `31s`, `37m`, `5h`: at most three columns and a unit.
pub fn work_text(work: Work) -> String {
    match work.0.as_secs() {
        0 => "<1s".to_owned(),
        seconds @ 1..60 => format!("{seconds}s"),
        seconds @ 60..6_000 => format!("{}m", seconds / 60),
        seconds => age_text(Duration::from_secs(seconds)),
    }
}

/// `now`, `52m`, `6h`, `2d`.
pub fn row_age(now: DateTime<Utc>, then: DateTime<Utc>) -> String {
    let age = (now - then).to_std().unwrap_or_default();
    match age.as_secs() {
        0..60 => "now".to_owned(),
        _ => age_text(age),
    }
}

/// `0:58`, `1:02:03`.
pub fn clock(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// Two digits: `~2:40` counts as rounded.
pub fn rounded(milliseconds: u64) -> Duration {
    let seconds = milliseconds.div_ceil(1_000);
    let step = match seconds {
        0..60 => 1,
        60..600 => 10,
        600..6_000 => 60,
        _ => 600,
    };
    Duration::from_secs(seconds.div_ceil(step) * step)
}

/// The share of what is done, in words: `36 %`.
pub fn share_text(done: u64, total: u64) -> String {
    if total == 0 { "0 %".to_owned() } else { percent(done as f32 / total as f32) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_counts_have_three_digits() {
        let shown = [0, 810, 8_100, 29_600, 818_000, 999_600, 2_400_000].map(short_count);
        assert_eq!(shown, ["0", "810", "8.1k", "29.6k", "818k", "1.0M", "2.4M"]);
        assert_eq!([9.6, 14_030.0, 2_449.0, 118_900.0].map(short_estimate), ["10", "14k", "2.4k", "120k"]);
        assert_eq!(fitting_count(268_402, 6), "268k");
        assert_eq!(files_text(1_204_331, Scanned::Whole), "1,204,331");
        assert_eq!(files_text(1_204_331, Scanned::Part), "1.2M+");
    }

    #[test]
    fn work_is_short() {
        let shown = [0, 31, 60, 4_440, 7_200].map(|seconds| work_text(Work(Duration::from_secs(seconds))));
        assert_eq!(shown, ["<1s", "31s", "1m", "74m", "2h"]);
        assert_eq!(rounded(95_200), Duration::from_secs(100));
        assert_eq!(clock(Duration::from_secs(58)), "0:58");
    }
}
