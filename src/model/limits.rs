//! What a person allows a run: so many bytes a second, and up to when it begins targets. Both can be given when it
//! starts and changed while it works. Times are of the clock that every screen shows, which is UTC.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{Size, duration_text, parse_duration, parse_size, size_text};
use crate::error::{Code, Error, Result};

/// The slowest a run may be made; to hold one there is the pause.
const SLOWEST: u64 = 64 << 10;

/// A time of the day that passed so long ago is not taken for tomorrow's: a job that came late would run all day.
const JUST_PASSED: TimeDelta = TimeDelta::hours(1);

/// The limits of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunLimits {
    /// Bytes that it reads and writes in a second at most.
    #[serde(default)]
    pub bytes_per_second: Option<u64>,
    /// From then on it begins no target; what it began it ends.
    #[serde(default)]
    pub until: Option<DateTime<Utc>>,
}

impl RunLimits {
    /// Whether there are any.
    pub fn is_none(&self) -> bool {
        *self == RunLimits::default()
    }

    /// `at most 50 MB/s; no new target after 05:30 UTC`; nothing where there are none.
    pub fn text(&self, now: DateTime<Utc>) -> String {
        let rate = self.bytes_per_second.map(|rate| format!("at most {}", rate_text(rate)));
        let until = self.until.map(|until| format!("no new target after {}", until_text(until, now)));
        rate.into_iter().chain(until).collect::<Vec<_>>().join("; ")
    }

    /// The flags of the command line that give these limits.
    pub fn flags(&self) -> String {
        let exact = |rate: u64| match rate_text(rate).replace(' ', "") {
            text if parse_rate(&text).is_ok_and(|read| read == Some(rate)) => text,
            _ => format!("{rate}B/s"),
        };
        let rate = self.bytes_per_second.map(|rate| format!(" --limit {}", exact(rate)));
        let until = self.until.map(|until| format!(" --until {}", until.format("%Y-%m-%dT%H:%M:%SZ")));
        rate.unwrap_or_default() + &until.unwrap_or_default()
    }

    /// How long so many bytes take at least.
    pub fn least_time(&self, bytes: Size) -> Option<Duration> {
        self.bytes_per_second.map(|rate| Duration::from_secs_f64(bytes.0 as f64 / rate.max(1) as f64))
    }
}

/// A speed as it was typed where that can be told: `50 MB/s`, `50.0 MiB/s`.
pub fn rate_text(bytes: u64) -> String {
    for (unit, word) in [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")] {
        if bytes.is_multiple_of(unit) && !bytes.is_multiple_of(1 << 20) {
            return format!("{} {word}/s", bytes / unit);
        }
    }
    format!("{}/s", size_text(bytes))
}

/// `05:30 UTC`; with the date where that is not within a day.
pub fn until_text(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let near = (at - now).abs() < TimeDelta::hours(24);
    at.format(if near { "%H:%M UTC" } else { "%Y-%m-%d %H:%M UTC" }).to_string()
}

/// `05:30 UTC, in 2 h 10 min`.
fn until_in_words(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    match (at - now).to_std() {
        Ok(left) => format!("{}, in {}", until_text(at, now), duration_text(left)),
        Err(_) => format!("{}, which has passed", until_text(at, now)),
    }
}

/// What a run does under a limit of bytes a second, or without one.
pub fn limit_in_words(bytes_per_second: Option<u64>) -> String {
    match bytes_per_second {
        Some(rate) => format!("reads and writes at most {}", rate_text(rate)),
        None => "goes as fast as it can".to_owned(),
    }
}

/// What a run does up to a time, or without one.
pub fn deadline_in_words(until: Option<DateTime<Utc>>, now: DateTime<Utc>) -> String {
    match until {
        Some(at) => format!("begins no target after {}", until_in_words(at, now)),
        None => "begins targets at any time".to_owned(),
    }
}

/// Reads `50MB/s`, `50 MiB/s`, `50M`, a bare number of MiB a second; `off` is none.
pub fn parse_rate(text: &str) -> Result<Option<u64>> {
    let text = text.trim();
    if is_off(text) {
        return Ok(None);
    }
    let per = |text: &'_ str| text.trim_end().strip_suffix("/s").map(|text| text.trim_end().to_owned());
    let amount = per(text).or_else(|| per(&text.to_ascii_lowercase())).unwrap_or_else(|| text.to_owned());
    let Ok(rate) = parse_size(&amount, Size::MIB) else { return Err(not_a_rate(text)) };
    match rate.0 {
        0 => Err(wrong_rate(text, "at no speed nothing would end").next("P holds a run; off takes the limit away")),
        rate if rate < SLOWEST => {
            Err(wrong_rate(text, &format!("the least is {}", rate_text(SLOWEST)))
                .next("give it as 50MB/s; P holds a run"))
        }
        rate => Ok(Some(rate)),
    }
}

fn wrong_rate(text: &str, why: &str) -> Error {
    Error::new(Code::Usage, format!("{text:?} cannot be a limit")).why(why)
}

/// Says what was perhaps meant: bits for bytes, a time of another unit, a unit that is nearly one.
fn not_a_rate(text: &str) -> Error {
    let error = Error::new(Code::Usage, format!("{text:?} is not a speed"));
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    // MBps are bytes, Mbps are bits.
    let bits = unit.contains("bps") || unit.to_ascii_lowercase().contains("bit");
    let unit = unit.trim().to_ascii_lowercase();
    let Ok(value) = number.parse::<f64>() else { return error.next("give it as 50MB/s or 200MiB/s, or off") };
    let meant = if bits {
        Some(format!("{}MB/s", ((value / 8.0) * scale(&unit)).ceil().max(1.0)))
    } else if let Some(minute) = unit.strip_suffix("/min").or_else(|| unit.strip_suffix("/m")) {
        Some(format!("{}{}/s", (value / 60.0).ceil().max(1.0), minute.trim().to_ascii_uppercase()))
    } else {
        let known = ["KB", "KiB", "MB", "MiB", "GB", "GiB"];
        let plain = unit.trim_end_matches("ps").trim_end_matches("/sec");
        let nearest = known.iter().min_by_key(|known| strsim::damerau_levenshtein(&known.to_ascii_lowercase(), plain));
        nearest.map(|known| format!("{number}{known}/s"))
    };
    error.next(match meant {
        Some(meant) => format!("did you mean {meant}? off takes the limit away"),
        None => "give it as 50MB/s or 200MiB/s, or off".to_owned(),
    })
}

/// A unit of bits in millions of bits.
fn scale(unit: &str) -> f64 {
    match unit.chars().next() {
        Some('k') => 1e-3,
        Some('g') => 1e3,
        Some('b') => 1e-6,
        _ => 1.0,
    }
}

/// Reads `05:30` (the next one), `2026-11-22 05:30`, RFC 3339, or how long from now: `90m`. `off` is none.
pub fn parse_until(text: &str, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>> {
    let text = text.trim();
    if is_off(text) {
        return Ok(None);
    }
    let plain = text.strip_suffix("UTC").unwrap_or(text).trim_end();
    if let Some(time) = time_of_day(plain) {
        return next_one(text, time, now).map(Some);
    }
    let at = match parse_duration(plain) {
        Ok(from_now) => TimeDelta::from_std(from_now).ok().and_then(|from_now| now.checked_add_signed(from_now)),
        Err(_) => moment(plain),
    };
    match at {
        Some(at) if at > now => Ok(Some(at)),
        Some(at) => Err(passed(text, at, now).next("give a time to come, as 05:30 or 2h, or off")),
        None => Err(not_a_time(text)),
    }
}

fn time_of_day(text: &str) -> Option<NaiveTime> {
    let (hours, minutes) = text.split_once(':')?;
    let digits = |text: &str, least: usize| {
        let plain = (least..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| text.parse().ok()).flatten()
    };
    NaiveTime::from_hms_opt(digits(hours, 1)?, digits(minutes, 2)?, 0)
}

fn moment(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Some(at.to_utc());
    }
    let plain = text.trim_end_matches(['Z', 'z']);
    let formats = ["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S"];
    formats.iter().find_map(|format| NaiveDateTime::parse_from_str(plain, format).ok()).map(|at| at.and_utc())
}

fn next_one(text: &str, time: NaiveTime, now: DateTime<Utc>) -> Result<DateTime<Utc>> {
    let on = |day: NaiveDate| day.and_time(time).and_utc();
    let today = on(now.date_naive());
    if today > now {
        return Ok(today);
    }
    let tomorrow = now.date_naive().succ_opt().map(on).ok_or_else(|| not_a_time(text))?;
    if now - today < JUST_PASSED {
        let next = format!("if tomorrow's is meant: {}", tomorrow.format("%Y-%m-%dT%H:%M"));
        return Err(passed(text, today, now).next(next));
    }
    Ok(tomorrow)
}

fn passed(text: &str, at: DateTime<Utc>, now: DateTime<Utc>) -> Error {
    let ago = duration_text((now - at).to_std().unwrap_or_default());
    Error::new(Code::Usage, format!("{text} has passed"))
        .why(format!("it is {} UTC, {ago} later", now.format("%Y-%m-%d %H:%M")))
}

fn not_a_time(text: &str) -> Error {
    let error = Error::new(Code::Usage, format!("{text:?} is not a time"));
    let afternoon = text.to_ascii_lowercase().contains("pm");
    let text = if text.starts_with('-') { "" } else { text };
    let numbers: Vec<&str> = text.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty()).collect();
    let meant = match numbers.as_slice() {
        [hours, minutes] => Some((*hours, *minutes)),
        [both] if both.len() > 2 => both.split_at_checked(both.len() - 2),
        [hours] => Some((*hours, "00")),
        _ => None,
    };
    let meant = meant.and_then(|(hours, minutes)| {
        let hours: u32 = hours.parse().ok().filter(|hours| *hours <= 24)?;
        let hours = if afternoon && hours < 12 { hours + 12 } else { hours % 24 };
        NaiveTime::from_hms_opt(hours, minutes.parse().ok()?, 0)
    });
    error.next(match meant {
        Some(time) => format!("did you mean {}? times are UTC", time.format("%H:%M")),
        None => "give it as 05:30 (UTC), 2026-11-22T05:30 or 2h, or off".to_owned(),
    })
}

fn is_off(text: &str) -> bool {
    matches!(text.to_ascii_lowercase().as_str(), "off" | "none")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        moment(text).unwrap()
    }

    #[test]
    fn speeds_are_read_and_shown_as_they_were_typed() {
        let read = |text: &str| parse_rate(text).unwrap().map(rate_text);
        assert_eq!(read("50MB/s").as_deref(), Some("50 MB/s"));
        assert_eq!(read("50 mb/S").as_deref(), Some("50 MB/s"));
        assert_eq!(read("1.5 GB/s").as_deref(), Some("1500 MB/s"));
        assert_eq!(read("200MiB/s").as_deref(), Some("200 MiB/s"));
        assert_eq!(read("50").as_deref(), Some("50.0 MiB/s"));
        assert_eq!(read("50M").as_deref(), Some("50.0 MiB/s"));
        assert_eq!(read("64KiB/s").as_deref(), Some("64.0 KiB/s"));
        assert_eq!((read("off"), read(" None ")), (None, None));
    }

    #[test]
    fn what_is_no_speed_says_what_was_perhaps_meant() {
        let next = |text: &str| {
            let error = parse_rate(text).unwrap_err();
            assert_eq!(error.code(), Code::Usage, "{text}");
            error.next_step().unwrap().to_owned()
        };
        assert!(next("400Mbit/s").contains("50MB/s?"), "{}", next("400Mbit/s"));
        assert!(next("1gbps").contains("125MB/s?"), "{}", next("1gbps"));
        assert!(next("50MBps").contains("50MB/s?"), "{}", next("50MBps"));
        assert!(next("600MB/min").contains("10MB/s?"), "{}", next("600MB/min"));
        assert!(next("fast").contains("50MB/s"), "{}", next("fast"));
        assert!(next("0").contains("P holds"), "{}", next("0"));
        assert!(next("1KiB/s").contains("50MB/s"), "{}", next("1KiB/s"));
        assert!(next("-5MB/s").contains("50MB/s"), "{}", next("-5MB/s"));
        assert!(next("").contains("50MB/s"), "{}", next(""));
    }

    #[test]
    fn a_time_of_the_day_is_the_next_one() {
        let now = at("2026-11-22 01:12");
        let until = |text: &str| parse_until(text, now).unwrap().unwrap();
        assert_eq!(until("05:30"), at("2026-11-22 05:30"));
        assert_eq!(until("5:30 UTC"), at("2026-11-22 05:30"));
        assert_eq!(until("00:10"), at("2026-11-23 00:10"));
        assert_eq!(until("90m"), at("2026-11-22 02:42"));
        assert_eq!(until("2026-11-24T05:30Z"), at("2026-11-24 05:30"));
        assert_eq!(until("2026-11-22T05:30:00+02:00"), at("2026-11-22 03:30"));
        assert_eq!(parse_until("off", now).unwrap(), None);
    }

    #[test]
    fn a_time_that_has_just_passed_is_not_tomorrows() {
        let now = at("2026-11-22 05:31");
        let error = parse_until("05:30", now).unwrap_err();
        assert!(error.next_step().unwrap().contains("2026-11-23T05:30"), "{error:?}");
        assert_eq!(parse_until("05:30", at("2026-11-22 06:30")).unwrap(), Some(at("2026-11-23 05:30")));
        for passed in ["2026-11-22 05:31", "2026-11-21T23:00Z", "0s"] {
            assert!(parse_until(passed, now).unwrap_err().message().contains("has passed"), "{passed}");
        }
    }

    #[test]
    fn what_is_no_time_says_what_was_perhaps_meant() {
        let now = at("2026-11-22 01:12");
        let next = |text: &str| parse_until(text, now).unwrap_err().next_step().unwrap().to_owned();
        for (typed, meant) in
            [("0530", "05:30?"), ("5.30", "05:30?"), ("5:30pm", "17:30?"), ("5h30", "05:30?"), ("24:00", "00:00?")]
        {
            assert!(next(typed).contains(meant), "{typed}: {}", next(typed));
        }
        for typed in ["", "soon", "25:00", "05:61", "-1h", "99999999999999d"] {
            assert!(next(typed).contains("05:30 (UTC)"), "{typed}: {}", next(typed));
        }
    }

    #[test]
    fn limits_are_told_in_words_and_as_flags() {
        let now = at("2026-11-22 01:12");
        let limits = RunLimits { bytes_per_second: Some(50_000_000), until: Some(at("2026-11-22 05:30")) };
        assert_eq!(limits.text(now), "at most 50 MB/s; no new target after 05:30 UTC");
        assert_eq!(limits.flags(), " --limit 50MB/s --until 2026-11-22T05:30:00Z");
        assert_eq!(RunLimits::default().text(now), "");
        assert_eq!(until_text(at("2026-11-24 05:30"), now), "2026-11-24 05:30 UTC");
        assert_eq!(limits.least_time(Size(100_000_000)), Some(Duration::from_secs(2)));
        let read = parse_rate(&rate_text(52_428_800).replace(' ', "")).unwrap();
        assert_eq!(read, Some(52_428_800));
    }
}
