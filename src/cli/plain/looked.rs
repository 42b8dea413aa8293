//! Inspect in sentences: what a table or a partition is, how its files are spread, how fast it grows, what keeps it from
//! being compacted; and what its footers tell.

use chrono::{DateTime, Utc};

use crate::action;
use crate::app::{
    column_rows, footers_words, group_lines, predict, schema_words, version_lines, writer_rows, writers_words,
};
use crate::model::{
    DataFormat, FooterFacts, Histogram, Policy, Recent, RunSummary, Scanned, Size, TableStats, TargetStats, age_text,
    count_text, counted, edge_text,
};

use super::listed::run_text;

/// Reasons that are read out.
const REASONS: usize = 10;

/// `64 KiB` of an edge `64K`.
fn edge_words(bytes: u64) -> String {
    let label = edge_text(bytes);
    match label.char_indices().last() {
        Some((at, unit)) if !unit.is_ascii_digit() => format!("{} {unit}iB", &label[..at]),
        _ => format!("{label} bytes"),
    }
}

/// `9,870 files from 64 to 256 KiB`, and so on for every bar that holds any.
pub fn sizes(histogram: &Histogram, policy: &Policy) -> String {
    let bars = histogram.bars(policy.block_size);
    let range = |bar: usize| match bar {
        0 => format!("below {}", edge_words(bars.from_bytes(1))),
        9 => format!("of {} and more", edge_words(bars.from_bytes(9))),
        _ => {
            let (from, to) = (edge_words(bars.from_bytes(bar)), edge_words(bars.from_bytes(bar + 1)));
            match (from.split_once(' '), to.split_once(' ')) {
                (Some((number, unit)), Some((_, other))) if unit == other => format!("from {number} to {to}"),
                _ => format!("from {from} to {to}"),
            }
        }
    };
    let held = bars.files.iter().enumerate().filter(|(_, files)| **files > 0);
    let parts: Vec<String> = held.map(|(bar, files)| format!("{} {}", counted(*files, "file"), range(bar))).collect();
    if parts.is_empty() { "no file".to_owned() } else { parts.join("; ") }
}

/// How fast it grows, and by what that is known.
fn growth(recent: Option<Recent>, at: DateTime<Utc>) -> String {
    let Some(recent) = recent else { return "how fast it grows was not counted".to_owned() };
    match recent.growth(at) {
        Some(growth) => {
            let a_day = growth.a_day_text().replace('~', "about ");
            format!("grows {a_day} files a day: {}", growth.text())
        }
        None => format!("how fast it grows is not known: {}", recent.text(at)),
    }
}

fn newest(newest: Option<crate::model::FileTime>, policy: &Policy, now: DateTime<Utc>) -> Option<String> {
    let age = newest?.age(now);
    Some(match age {
        Some(age) if age >= policy.quiet_period => format!("the newest file came {} ago; it is quiet", age_text(age)),
        Some(age) => format!("the newest file came {} ago; it is not quiet yet", age_text(age)),
        None => "the newest file has a time in the future".to_owned(),
    })
}

fn identity(details: &action::Details, format: Option<DataFormat>) -> String {
    let mut parts = vec![details.table.name.to_string()];
    parts.push(format!("{:?}", details.table.kind).to_lowercase());
    parts.extend(details.table.stated_format.or(format).map(|format| format.to_string()));
    parts.push(format!("at {}", details.location));
    if let Some(attributes) = &details.attributes {
        let owner = &attributes.owner;
        parts.push(format!("owner {}, group {}, mode {:o}", owner.user, owner.group, attributes.mode));
        parts.extend(attributes.replication.map(|replicas| format!("{replicas} replicas")));
    }
    parts.join(", ")
}

/// A table or a target, and its targets.
pub struct Looked<'a> {
    /// What the catalog and the store say.
    pub details: &'a action::Details,
    /// The table's figures; none where a target is looked at.
    pub table: Option<&'a TableStats>,
    /// Its targets, or the target.
    pub targets: &'a [TargetStats],
    /// The latest run on it.
    pub run: Option<&'a RunSummary>,
    /// The policy.
    pub policy: &'a Policy,
    /// The time.
    pub now: DateTime<Utc>,
}

impl Looked<'_> {
    /// The sentences.
    pub fn text(&self) -> String {
        let (policy, now) = (self.policy, self.now);
        let mut whole = Histogram::default();
        let mut after = Histogram::default();
        let mut saves = 0;
        for target in self.targets {
            whole.merge(&target.histogram);
            let hot = target.is_hot(policy, now) || target.scanned != Scanned::Whole;
            let saved = if hot { 0 } else { target.saves(policy) };
            saves += saved;
            after.merge(&if saved > 0 { predict(&target.histogram, policy) } else { target.histogram.clone() });
        }
        let (files, bytes) = (whole.files(), whole.bytes());
        let average = Size(bytes.0.checked_div(files).unwrap_or(0));
        let mut lines = vec![identity(self.details, self.targets.iter().find_map(|target| target.format))];
        lines.push(match self.targets {
            [one] => format!("{}, {bytes}, average {average}, median {}", counted(files, "file"), one.median),
            _ => {
                let median = whole.median_estimate();
                format!("{}, {bytes}, average {average}, median about {median}", counted(files, "file"))
            }
        });
        let (recent, at, newest_file) = match (self.table, self.targets) {
            (Some(table), _) => (table.recent, table.at, table.newest),
            (None, [target]) => (target.recent, target.at, target.newest),
            _ => (None, now, None),
        };
        lines.push(growth(recent, at));
        if let Some(table) = self.table.filter(|table| table.targets > 1) {
            let states: Vec<String> =
                table.states.iter().map(|(word, count)| format!("{} {word}", count_text(*count))).collect();
            lines.push(format!("{}: {}", counted(table.targets, "partition"), states.join(", ")));
        }
        lines.push(format!("sizes: {}", sizes(&whole, policy)));
        lines.push(format!("a file below {} is small", policy.small_file_threshold()));
        match (self.details.refusals.first(), saves) {
            (Some(reason), _) => lines.push(format!("cannot be compacted: {} [{}]", reason.text, reason.code)),
            (None, 0) => lines.push("a compaction would change nothing now".to_owned()),
            (None, saves) => {
                lines.push(format!("after a compaction, predicted: {}", sizes(&after, policy)));
                lines.push(format!("that saves {} objects", count_text(saves)));
            }
        }
        lines.extend(newest(newest_file, policy, now));
        lines.extend(self.run.map(|run| format!("last run: {}", run_text(run))));
        lines.extend(self.left_out());
        lines.join("\n")
    }

    fn left_out(&self) -> Vec<String> {
        let reason = |target: &TargetStats| {
            let name = target.id.partition.clone().unwrap_or_else(|| "the table".to_owned());
            if let Some(reason) = target.reasons.first() {
                return Some(format!("left out: {name}, REFUSED, {} [{}]", reason.text, reason.code));
            }
            if let Some(error) = &target.error {
                return Some(format!("left out: {name}, ERR, {} [{}]", error.text, error.code));
            }
            let age = target.newest.and_then(|newest| newest.age(self.now)).unwrap_or_default();
            let hot = target.is_hot(self.policy, self.now);
            hot.then(|| format!("left out: {name}, HOT, a file changed {} ago", age_text(age)))
        };
        let mut lines: Vec<String> = self.targets.iter().filter_map(reason).collect();
        let more = lines.len().saturating_sub(REASONS);
        lines.truncate(REASONS);
        if more > 0 {
            lines.push(format!("left out: {} more", count_text(more as u64)));
        }
        lines
    }
}

/// What footers tell, in sentences.
pub fn footers(facts: &FooterFacts, now: DateTime<Utc>) -> String {
    let mut lines = vec![footers_words(facts)];
    if facts.stopped {
        lines.push("it was stopped: what follows is a part".to_owned());
    }
    lines.extend(schema_words(facts).map(|text| format!("schema: {text}")));
    for (word, text) in version_lines(facts).into_iter().chain(group_lines(facts)) {
        lines.push(format!("{word}: {text}"));
    }
    for [name, kind, physical, versions] in column_rows(facts) {
        let kind = if kind.is_empty() { physical } else { format!("{kind}, stored as {physical}") };
        let which = if versions.is_empty() { String::new() } else { format!(", in version {versions}") };
        lines.push(format!("column {name}: {kind}{which}"));
    }
    for [name, files, first, last, a_day] in writer_rows(facts, now) {
        let a_day = match a_day.as_str() {
            "" => String::new(),
            "?" => ", files a day not known".to_owned(),
            a_day => format!(", {} files a day", a_day.replace('~', "about ")),
        };
        lines.push(format!("writer {name}: {} files, first {first}, last {last}{a_day}", files.replace('~', "about ")));
    }
    if writers_words(facts, now).is_none() {
        lines.push("no footer was read".to_owned());
    }
    let damaged = facts.damaged.iter().take(REASONS);
    lines.extend(damaged.map(|(file, reason)| format!("cannot be read: {file}, {} [{}]", reason.text, reason.code)));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_is_read_as_ranges() {
        let mut histogram = Histogram::default();
        for (length, files) in [(100, 2), (100 << 10, 9_870), (300 << 10, 1), (100 << 20, 3), (900 << 20, 1)] {
            (0..files).for_each(|_| histogram.add(Size(length)));
        }
        assert_eq!(
            sizes(&histogram, &Policy::default()),
            "2 files below 4 KiB; 9,870 files from 64 to 256 KiB; 1 file from 256 KiB to 1 MiB; 3 files from 64 to 256 \
             MiB; 1 file of 256 MiB and more"
        );
        assert_eq!(sizes(&Histogram::default(), &Policy::default()), "no file");
    }
}
