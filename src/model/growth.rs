//! How fast a target or a table grows, by nothing but a listing.
//!
//! The formula: files of others whose modification time lies within a span before the listing, by the days of that
//! span. A compaction's outputs are not growth, and they stand for files that are gone; they bear the newest time of
//! what they replaced. So only files newer than the newest output tell of all that came, and the span is
//! - of one hour to seven days the longest that begins after that output; none (`?`) where not even an hour does;
//! - where no output is there and every file lies within a shorter span, that one: the table is no older.
//!
//! It is an estimate (`~`): files that came and were deleted again are not seen, and a copy that kept its times is
//! taken for the original. Files are counted, so an overwrite counts as what it wrote.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{FileTime, RunId, age_text, count_text, counted};

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;
/// The spans before a listing in which files are counted, in seconds.
const SPANS: [u64; 6] = [HOUR, 6 * HOUR, DAY, 2 * DAY, 4 * DAY, 7 * DAY];

/// What a listing shows of files that came lately.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recent {
    /// Files of others within each of the spans, each count with those of the shorter ones.
    pub within: [u64; 6],
    /// Files of others that are older than all of them.
    pub older: u64,
    /// The time of the newest file that a compaction wrote.
    pub own: Option<FileTime>,
}

/// Files that came, and in what time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Growth {
    /// They.
    pub files: u64,
    /// The span before the listing.
    pub span: Duration,
}

impl Recent {
    /// Counts a file by its name and time, for `weight` of its kind; `at` is when the listing was begun.
    pub fn add(&mut self, name: &str, modified: FileTime, at: DateTime<Utc>, weight: u64) {
        if RunId::of_output(name).is_some() {
            self.own = self.own.max(Some(modified));
            return;
        }
        // A clock that is ahead of ours wrote it just now.
        let age = modified.age(at).map_or(0, |age| age.as_secs());
        let first = SPANS.iter().position(|span| age < *span).unwrap_or(SPANS.len());
        self.within[first..].iter_mut().for_each(|count| *count += weight);
        self.older += if first == SPANS.len() { weight } else { 0 };
    }

    /// Adds what was counted elsewhere.
    pub fn merge(&mut self, other: &Recent) {
        self.within.iter_mut().zip(other.within).for_each(|(count, more)| *count = count.saturating_add(more));
        self.older = self.older.saturating_add(other.older);
        self.own = self.own.max(other.own);
    }

    /// The place among the spans that tells the growth, by the rule above.
    fn span(&self, at: DateTime<Utc>) -> Option<usize> {
        let since = self.own.map_or(u64::MAX, |own| own.age(at).map_or(0, |age| age.as_secs()));
        let longest = SPANS.iter().rposition(|span| *span <= since)?;
        let all = self.within[longest];
        if self.own.is_some() || self.older > 0 || all == 0 {
            return Some(longest);
        }
        Some(self.within.iter().position(|count| *count == all).unwrap_or(longest).min(longest))
    }

    /// What came in the span that tells; none where a compaction leaves none.
    pub fn growth(&self, at: DateTime<Utc>) -> Option<Growth> {
        self.span(at).map(|place| self.over(place))
    }

    /// What came of a part of the files in the span that tells for all of them.
    pub fn growth_beside(&self, all: &Recent, at: DateTime<Utc>) -> Option<Growth> {
        all.span(at).map(|place| self.over(place))
    }

    /// In words: what came in which time, or why nobody can say.
    pub fn text(&self, at: DateTime<Utc>) -> String {
        match (self.growth(at), self.own) {
            (Some(growth), _) => growth.text(),
            (None, Some(own)) => {
                let age = own.age(at).unwrap_or_default();
                format!("a compaction took what came until {} ago", age_text(age))
            }
            (None, None) => "what came is not known".to_owned(),
        }
    }

    fn over(&self, place: usize) -> Growth {
        Growth { files: self.within[place], span: Duration::from_secs(SPANS[place]) }
    }
}

impl Growth {
    /// Files a day.
    pub fn a_day(&self) -> f64 {
        self.files as f64 * DAY as f64 / self.span.as_secs().max(1) as f64
    }

    /// `~14,030`, `~0.4`, `0` where none came: what to say before `files a day`.
    pub fn a_day_text(&self) -> String {
        match self.a_day() {
            _ if self.files == 0 => "0".to_owned(),
            few @ ..9.95 => format!("~{few:.1}"),
            many => format!("~{}", count_text(many.round() as u64)),
        }
    }

    /// The span: `hour`, `6h`, `7d`.
    pub fn span_text(&self) -> String {
        if self.span.as_secs() == HOUR { "hour".to_owned() } else { age_text(self.span) }
    }

    /// `98,210 files came in the last 7d`.
    pub fn text(&self) -> String {
        let files = if self.files == 0 { "no file".to_owned() } else { counted(self.files, "file") };
        format!("{files} came in the last {}", self.span_text())
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn at() -> DateTime<Utc> {
        "2026-11-21T09:43:00Z".parse().unwrap()
    }

    fn recent(files: &[(u64, i64)], own: Option<i64>) -> Recent {
        let mut recent = Recent::default();
        for (count, hours) in files {
            let modified = FileTime::from(at() - TimeDelta::hours(*hours));
            (0..*count).for_each(|_| recent.add("part-00000.parquet", modified, at(), 1));
        }
        if let Some(hours) = own {
            let modified = FileTime::from(at() - TimeDelta::hours(hours));
            recent.add("part-lakehand-20261121-0214-k7f-0001.parquet", modified, at(), 1);
        }
        recent
    }

    fn shown(recent: &Recent) -> Option<(String, u64)> {
        recent.growth(at()).map(|growth| (growth.a_day_text(), growth.span.as_secs() / HOUR))
    }

    #[test]
    fn files_of_a_week_tell_the_growth() {
        let steady: Vec<(u64, i64)> = (0..240).map(|hour| (10, hour)).collect();
        assert_eq!(shown(&recent(&steady, None)), Some(("~240".to_owned(), 168)));
        assert_eq!(shown(&recent(&[(3, 100), (50, 900)], None)), Some(("~0.4".to_owned(), 168)));
        assert_eq!(shown(&recent(&[(50, 900)], None)), Some(("0".to_owned(), 168)));
        assert_eq!(shown(&Recent::default()), Some(("0".to_owned(), 168)));
    }

    #[test]
    fn a_compaction_is_no_growth_and_hides_what_came_before_it() {
        // Ten files an hour; those older than 30 hours were compacted into one, which bears the newest of their times.
        let left: Vec<(u64, i64)> = (0..30).map(|hour| (10, hour)).collect();
        assert_eq!(shown(&recent(&left, Some(30))), Some(("~240".to_owned(), 24)));
        assert_eq!(shown(&recent(&[], Some(30))), Some(("0".to_owned(), 24)));
        assert_eq!(shown(&recent(&[(4, 0)], Some(0))), None);
        // What a rollback brought back under another name is what others wrote.
        let mut back = Recent::default();
        let name = "part-lakehand-20261121-0214-k7f-back-00000.parquet";
        back.add(name, FileTime::from(at() - TimeDelta::hours(3)), at(), 1);
        assert_eq!((back.own, back.within[1]), (None, 1));
    }

    #[test]
    fn a_table_that_is_younger_than_a_week_is_measured_over_its_age() {
        let young: Vec<(u64, i64)> = (0..40).map(|hour| (10, hour)).collect();
        assert_eq!(shown(&recent(&young, None)), Some(("~200".to_owned(), 48)));
        let mut both = recent(&young, None);
        both.merge(&recent(&[(1, 2_000)], None));
        assert_eq!(shown(&both), Some(("~57".to_owned(), 168)));
    }

    #[test]
    fn a_part_is_measured_over_the_span_of_the_whole() {
        let whole = recent(&[(10, 1), (90, 900)], Some(10));
        let part = recent(&[(5, 1)], None);
        let growth = part.growth_beside(&whole, at()).unwrap();
        assert_eq!((growth.files, growth.span.as_secs() / HOUR), (5, 6));
        assert_eq!(growth.text(), "5 files came in the last 6h");
    }
}
