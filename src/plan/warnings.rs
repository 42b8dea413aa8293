//! What a plan says because it cannot forbid it (PROTOCOL §7).

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::linger;
use crate::model::{FileGroup, Policy, TargetListing, WarningNote, count_text, duration_text};

/// Reads longer ago are not worth a line.
const RECENT_READ: Duration = Duration::from_secs(86_400);

/// The notes of one target.
pub fn of_target(
    listing: &TargetListing,
    groups: &[FileGroup],
    all_groups: usize,
    window: Duration,
    policy: &Policy,
    now: DateTime<Utc>,
) -> Vec<WarningNote> {
    let mut lines = vec![window_line(window, policy)];
    lines.extend(group_lines(groups, all_groups));
    lines.extend(sign_lines(listing, now));
    if listing.paged {
        let stays = duration_text(linger(true, Duration::ZERO));
        lines.push(format!(
            "others list it in pages: the tripwire stands {stays} before and after, so that slow ones meet it"
        ));
    }
    if !listing.summary_files.is_empty() {
        let names: Vec<&str> = listing.summary_files.iter().map(|file| file.name.as_str()).collect();
        lines.push(format!("{} would go stale: they leave with the old files", names.join(" and ")));
    }
    lines.into_iter().map(|text| WarningNote { text }).collect()
}

fn window_line(window: Duration, policy: &Policy) -> String {
    let text = duration_text(window);
    if window > policy.window_limit {
        let limit = duration_text(policy.window_limit);
        format!("readers: the exchange takes ~{text}, above the window limit of {limit}; queries that start in it fail")
    } else {
        format!("readers: queries that start in the ~{text} of an exchange fail and say why")
    }
}

fn group_lines(groups: &[FileGroup], all_groups: usize) -> Vec<String> {
    let mut lines = Vec::new();
    if all_groups > 1 {
        let labels: Vec<String> = groups
            .iter()
            .filter(|group| !group.label.is_empty())
            .map(|group| format!("{} files: {}", count_text(group.files().count() as u64), group.label))
            .collect();
        lines.push(format!("{all_groups} file groups are kept apart ({})", labels.join(" | ")));
    }
    let mut losses: Vec<&str> = groups.iter().flat_map(|group| &group.losses).map(String::as_str).collect();
    losses.sort_unstable();
    losses.dedup();
    if !losses.is_empty() {
        lines.push(format!("merging loses {}", losses.join(", ")));
    }
    lines
}

fn sign_lines(listing: &TargetListing, now: DateTime<Utc>) -> Vec<String> {
    let signs = &listing.signs;
    let mut lines = Vec::new();
    if !signs.in_flight.is_empty() {
        lines.push(format!("a job may be writing here: {} is there", signs.in_flight.join(", ")));
    }
    lines.extend(signs.locks.iter().map(|lock| format!("{lock}; a compaction does not wait for it")));
    if let [first, rest @ ..] = signs.unseen.as_slice() {
        let more = if rest.is_empty() { String::new() } else { format!(" and {} more tables", rest.len()) };
        lines.push(format!(
            "not looked at: whether a partition of {first}{more} was put into this directory; they have too many"
        ));
    }
    if let Some(age) = signs.last_read.and_then(|time| time.age(now)).filter(|age| *age < RECENT_READ) {
        lines.push(format!("somebody read it {} ago", duration_text(age)));
    }
    if signs.linked_files > 0 {
        lines.push(format!(
            "{} files have other names too (hard links); those keep the old data",
            count_text(signs.linked_files)
        ));
    }
    if let [first, rest @ ..] = signs.snapshots.as_slice() {
        let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
        lines.push(format!("the snapshot {first}{more} will hold the space of the old files until it is deleted"));
    }
    if signs.owners.len() > 1 {
        lines.push(format!("the files have several owners: {}", signs.owners.join(", ")));
    }
    lines
}

const ONCE_A_TABLE: [&str; 3] = [
    "consumers that watch for files (streaming sources, NiFi) see the outputs as new files",
    "readers with ignoreMissingFiles or ignoreCorruptFiles, and Spark by a glob of files (dt=*/*), can miss rows during \
     an exchange",
    "sessions that listed the files during an exchange fail until they REFRESH; so do copies (distcp) that run then",
];

/// The notes that stand once a table.
pub fn once_a_table() -> Vec<WarningNote> {
    ONCE_A_TABLE.map(|text| WarningNote { text: text.to_owned() }).into()
}

/// Whether a note is of exchanges in general: every plan has it, and it says nothing of its target in particular.
pub fn is_general(note: &WarningNote) -> bool {
    ONCE_A_TABLE.contains(&note.text.as_str()) || note.text.starts_with("readers: queries that start")
}
