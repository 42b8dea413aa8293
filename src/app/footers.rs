//! What footers tell, in words: the same for the console and for lines.

use chrono::{DateTime, Utc};

use crate::model::{
    FileTime, FooterFacts, FooterWriter, GroupFacts, SchemaVersion, Seen, age_text, count_text, counted, type_words,
};
use crate::plan::group_labels;

/// Which footers were read: `412 footers of 61 partitions`, of how many where those are not all.
pub fn footers_words(facts: &FooterFacts) -> String {
    let all = |some: u64, all: u64| match some < all {
        true => format!("{} of {}", count_text(some), count_text(all)),
        false => count_text(all),
    };
    let files = all(facts.files, facts.files_in_all.max(facts.files));
    let targets = match (facts.targets, facts.targets_in_all) {
        (0 | 1, 0 | 1) => String::new(),
        (some, in_all) => format!(" in {} partitions", all(some, in_all)),
    };
    let part = if facts.stopped { "part: " } else { "" };
    format!("{part}{files} footers{targets}")
}

/// The schema in a line: columns, versions, the last change.
pub fn schema_words(facts: &FooterFacts) -> Option<String> {
    let versions = facts.versions();
    let last = versions.last()?;
    let plus = if facts.stopped { "+" } else { "" };
    let mut text = counted(last.columns.len() as u64, "column");
    if versions.len() > 1 {
        let since = minute(last.seen.first);
        text.push_str(&format!(", {}{plus} versions: {} {since}", count_text(versions.len() as u64), last.change));
    }
    let groups = facts.groups.len() as u64;
    if groups > versions.len() as u64 || facts.other_groups > 0 {
        text.push_str(&format!("; {}{plus} file groups are kept apart", count_text(groups)));
    }
    Some(text)
}

/// The versions of the schema, oldest first: which, and what is known of it.
pub fn version_lines(facts: &FooterFacts) -> Vec<(String, String)> {
    let versions = facts.versions();
    let line = |(at, version): (usize, &SchemaVersion)| {
        let change = if version.change.is_empty() { String::new() } else { format!(": {}", version.change) };
        let (first, last) = (minute(version.seen.first), minute(version.seen.last));
        (
            format!("version {}", at + 1),
            format!("{}, {first} to {last}{change}", files_words(facts, version.seen.files)),
        )
    };
    versions.iter().enumerate().map(line).collect()
}

/// Columns: name, type, physical type, and the versions that have it so, none where all do.
pub fn column_rows(facts: &FooterFacts) -> Vec<[String; 4]> {
    let versions = facts.versions();
    let mut columns: Vec<(&String, &String, Vec<String>)> = Vec::new();
    for (at, version) in versions.iter().enumerate() {
        for (name, kind) in &version.columns {
            match columns.iter_mut().find(|(known, of, _)| *known == name && *of == kind) {
                Some((.., having)) => having.push((at + 1).to_string()),
                None => columns.push((name, kind, vec![(at + 1).to_string()])),
            }
        }
    }
    let row = |(name, kind, having): (&String, &String, Vec<String>)| {
        let physical = kind.split_once(':').map_or(kind.as_str(), |(physical, _)| physical);
        let logical = if kind.contains(':') { type_words(kind) } else { "" };
        let which = if having.len() == versions.len() { String::new() } else { having.join(" ") };
        [name.clone(), logical.to_owned(), physical.to_owned(), which]
    };
    columns.into_iter().map(row).collect()
}

/// What sets file groups apart that have a schema in common or not; nothing where there is one.
pub fn group_lines(facts: &FooterFacts) -> Vec<(String, String)> {
    if facts.groups.len() < 2 {
        return Vec::new();
    }
    let groups: Vec<GroupFacts> = facts.groups.iter().map(|group| group.facts.clone()).collect();
    let files: Vec<u64> = facts.groups.iter().map(|group| group.seen.files).collect();
    let labels = group_labels(&groups, &files);
    let lines = labels.iter().zip(&files).enumerate();
    lines
        .map(|(at, (label, files))| (format!("group {}", at + 1), format!("{}: {label}", files_words(facts, *files))))
        .collect()
}

/// Who writes: program, files, first, last, files a day.
pub fn writer_rows(facts: &FooterFacts, now: DateTime<Utc>) -> Vec<[String; 5]> {
    facts
        .writers
        .iter()
        .map(|writer| {
            let Seen { files, first, last } = writer.seen;
            let name = if writer.own { format!("lakehand, of {}", writer.name) } else { writer.name.clone() };
            [name, estimate(facts, files), ago(first, now), ago(last, now), a_day(facts, writer)]
        })
        .collect()
}

/// The writers in a line: `Spark 3.5 410,112 files, last 4m ago    Impala 4.0 2,768, 12d ago`.
pub fn writers_words(facts: &FooterFacts, now: DateTime<Utc>) -> Option<String> {
    let lines = writer_rows(facts, now).into_iter().enumerate().map(|(at, [name, files, _, last, _])| match at {
        0 => format!("{name} {files} files, last {last}"),
        _ => format!("{name} {files}, {last}"),
    });
    let text = lines.collect::<Vec<_>>().join("    ");
    (!text.is_empty()).then_some(text)
}

/// Files a day of a writer, over the span that tells for all of them; nothing for what a compaction wrote.
fn a_day(facts: &FooterFacts, writer: &FooterWriter) -> String {
    match writer.recent.growth_beside(&facts.recent, facts.at) {
        _ if writer.own => String::new(),
        // What is missing is not spread evenly: nothing can stand for it.
        _ if facts.stopped => "?".to_owned(),
        Some(growth) => growth.a_day_text(),
        None => "?".to_owned(),
    }
}

fn files_words(facts: &FooterFacts, files: u64) -> String {
    format!("{} {}", estimate(facts, files), if files == 1 { "file" } else { "files" })
}

/// A count of files: `~` where each that was read stands for some, `+` where reading was stopped.
fn estimate(facts: &FooterFacts, files: u64) -> String {
    match (facts.stopped, facts.is_estimate()) {
        (true, _) => format!("{}+", count_text(files)),
        (false, true) => format!("~{}", count_text(files)),
        (false, false) => count_text(files),
    }
}

fn ago(time: FileTime, now: DateTime<Utc>) -> String {
    time.age(now).map_or_else(|| "in the future".to_owned(), |age| format!("{} ago", age_text(age)))
}

fn minute(time: FileTime) -> String {
    time.to_utc().format("%Y-%m-%d %H:%M").to_string()
}
