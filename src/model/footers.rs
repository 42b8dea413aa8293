//! What the footers of many files tell, summed up while they are read: versions of the schema, file groups, writers.
//! A description is kept once a group and not once a file, so that the footers of a large table need no memory.
//!
//! Where only some files were read, they were taken evenly and each stands for `weight` of them: such counts are
//! estimates.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::{FileFacts, FileTime, GroupFacts, Recent, RunId};
use crate::error::Reason;

/// Groups, and files that cannot be read, are told apart up to this number; the rest is only counted.
const TOLD: usize = 1_000;
/// The footer key by which Spark says its version; its `created_by` only says that of its Parquet library.
const SPARK: &str = "key-value org.apache.spark.version";

/// What was read.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct FooterFacts {
    /// When it was begun.
    pub at: DateTime<Utc>,
    /// Targets of which files were read.
    pub targets: u64,
    /// Targets in all.
    pub targets_in_all: u64,
    /// Files that were read.
    pub files: u64,
    /// Files of those targets.
    pub files_in_all: u64,
    /// Whether somebody stopped it: what was not read yet is missing, and nothing stands for it.
    pub stopped: bool,
    /// File groups, by their first file.
    pub groups: Vec<FooterGroup>,
    /// Files of groups beyond those that are told apart.
    pub other_groups: u64,
    /// Who wrote the files, the most first.
    pub writers: Vec<FooterWriter>,
    /// When the files came.
    pub recent: Recent,
    /// Files that cannot be read, and why.
    pub damaged: Vec<(String, Reason)>,
    /// How many those are in all.
    pub damaged_in_all: u64,
    places: HashMap<String, usize>,
}

/// Files that may be merged with each other, where they lie in one target.
#[derive(Clone, Debug, PartialEq)]
pub struct FooterGroup {
    /// What they have in common.
    pub facts: GroupFacts,
    /// They.
    pub seen: Seen,
}

/// Files of one writer.
#[derive(Clone, Debug, PartialEq)]
pub struct FooterWriter {
    /// The program.
    pub name: String,
    /// Whether they are what a compaction made of its files.
    pub own: bool,
    /// They.
    pub seen: Seen,
    /// When they came.
    pub recent: Recent,
}

/// Files and their times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Files.
    pub files: u64,
    /// The oldest.
    pub first: FileTime,
    /// The newest.
    pub last: FileTime,
}

impl Seen {
    fn add(&mut self, files: u64, first: FileTime, last: FileTime) {
        self.files += files;
        self.first = self.first.min(first);
        self.last = self.last.max(last);
    }
}

/// A schema that some files have.
#[derive(Clone, Debug, PartialEq)]
pub struct SchemaVersion {
    /// Columns and their types, `binary:string`: the physical one, then the logical one.
    pub columns: Vec<(String, String)>,
    /// The files.
    pub seen: Seen,
    /// What is different from the version before; empty for the first.
    pub change: String,
}

impl FooterFacts {
    /// Nothing read yet.
    pub fn new(at: DateTime<Utc>, targets: u64, targets_in_all: u64) -> FooterFacts {
        FooterFacts { at, targets, targets_in_all, ..FooterFacts::default() }
    }

    /// Adds a file that stands for `weight` files.
    pub fn add(&mut self, facts: FileFacts, weight: u64) {
        self.files += 1;
        let modified = facts.file.modified;
        self.recent.add(&facts.file.name, modified, self.at, weight);
        let (own, name) = (RunId::of_output(&facts.file.name).is_some(), writer_name(&facts));
        let seen = Seen { files: weight, first: modified, last: modified };
        let mut recent = Recent::default();
        recent.add(&facts.file.name, modified, self.at, weight);
        match self.writers.iter_mut().find(|writer| writer.own == own && writer.name == name) {
            Some(writer) => {
                writer.seen.add(weight, modified, modified);
                writer.recent.merge(&recent);
            }
            None => self.writers.push(FooterWriter { name, own, seen, recent }),
        }
        match self.places.get(&facts.group_key) {
            Some(place) => self.groups[*place].seen.add(weight, modified, modified),
            None if self.groups.len() >= TOLD => self.other_groups += weight,
            None => {
                self.places.insert(facts.group_key.clone(), self.groups.len());
                let facts = GroupFacts {
                    key: facts.group_key,
                    facts: facts.group_facts,
                    created_by: facts.created_by,
                    losses: Vec::new(),
                };
                self.groups.push(FooterGroup { facts, seen });
            }
        }
    }

    /// Adds a file, or a target, that cannot be read.
    pub fn add_damaged(&mut self, name: String, reason: Reason) {
        self.damaged_in_all += 1;
        if self.damaged.len() < TOLD {
            self.damaged.push((name, reason));
        }
    }

    /// Everything that was wanted is there: puts it in order.
    pub fn finish(&mut self, stopped: bool) {
        self.stopped = stopped;
        self.writers.sort_by(|one, other| other.seen.files.cmp(&one.seen.files).then(one.name.cmp(&other.name)));
    }

    /// Whether counts stand for more than was read.
    pub fn is_estimate(&self) -> bool {
        self.files + self.damaged_in_all < self.files_in_all
    }

    /// The schemas, by the first file that has each.
    pub fn versions(&self) -> Vec<SchemaVersion> {
        let mut versions: Vec<(&str, Seen)> = Vec::new();
        for group in &self.groups {
            let schema = value(&group.facts, "schema").unwrap_or_default();
            let Seen { files, first, last } = group.seen;
            match versions.iter_mut().find(|(known, _)| *known == schema) {
                Some((_, seen)) => seen.add(files, first, last),
                None => versions.push((schema, group.seen)),
            }
        }
        versions.sort_by_key(|(_, seen)| (seen.first, seen.last));
        let columns = |schema| {
            let columns = schema_columns(schema).into_iter();
            columns.map(|(name, kind)| (name, kind.to_owned())).collect::<Vec<_>>()
        };
        let mut before: Option<Vec<(String, String)>> = None;
        versions
            .into_iter()
            .map(|(schema, seen)| {
                let columns = columns(schema);
                let change = before.as_ref().map(|before| schema_change(before, &columns)).unwrap_or_default();
                before = Some(columns.clone());
                SchemaVersion { columns, seen, change }
            })
            .collect()
    }

    /// The codecs, each once.
    pub fn codecs(&self) -> Vec<&str> {
        let mut codecs: Vec<&str> = self.groups.iter().filter_map(|group| value(&group.facts, "codec")).collect();
        codecs.sort_unstable();
        codecs.dedup();
        codecs
    }
}

/// A fact of a group.
fn value<'a>(group: &'a GroupFacts, part: &str) -> Option<&'a str> {
    group.facts.iter().find(|(name, _)| name == part).map(|(_, value)| value.as_str())
}

fn writer_name(facts: &FileFacts) -> String {
    let value = |part: &str| facts.group_facts.iter().find(|(name, _)| name == part).map(|(_, value)| value.as_str());
    match (value(SPARK), value("created_by").or(facts.created_by.as_deref())) {
        (Some(version), _) => format!("Spark {version}"),
        (None, Some(name)) if name != "(none)" => name.to_owned(),
        _ => "a writer that does not say who it is".to_owned(),
    }
}

/// Reads `HASH: NAME TYPE, NAME TYPE`; the parts of a name may be quoted.
pub fn schema_columns(schema: &str) -> Vec<(String, &str)> {
    let list = schema.split_once(": ").map_or(schema, |(_, list)| list);
    let columns = list.split(", ").filter_map(|column| column.rsplit_once(' '));
    columns.map(|(name, kind)| (name.replace('"', ""), kind)).collect()
}

/// What a schema has, or has no more, compared with the one before it.
fn schema_change(before: &[(String, String)], now: &[(String, String)]) -> String {
    let find = |columns: &[(String, String)], name: &str| {
        columns.iter().find(|(other, _)| other == name).map(|(_, kind)| kind.clone())
    };
    let mut changes: Vec<String> = Vec::new();
    for (name, kind) in now {
        match find(before, name) {
            None => changes.push(format!("{name} {} added", type_words(kind))),
            Some(old) if old != *kind => {
                changes.push(format!("{name} {} instead of {}", type_words(kind), type_words(&old)));
            }
            Some(_) => {}
        }
    }
    let gone = before.iter().filter(|(name, _)| find(now, name).is_none());
    changes.extend(gone.map(|(name, _)| format!("{name} gone")));
    if changes.is_empty() {
        let order = before.iter().map(|(name, _)| name).ne(now.iter().map(|(name, _)| name));
        return if order { "columns in another order" } else { "other nesting or field ids" }.to_owned();
    }
    let more = changes.len().saturating_sub(3);
    changes.truncate(3);
    if more > 0 {
        changes.push(format!("{more} more changes"));
    }
    changes.join(", ")
}

/// A type as a person calls it: the logical one where there is one.
pub fn type_words(kind: &str) -> &str {
    kind.split_once(':').map_or(kind, |(_, logical)| logical)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::model::{KnownFile, Rows, Size};

    fn at() -> DateTime<Utc> {
        "2026-11-21T09:43:00Z".parse().unwrap()
    }

    fn file(name: &str, hours: i64, schema: &str, spark: Option<&str>) -> FileFacts {
        let mut facts = vec![
            ("schema".to_owned(), schema.to_owned()),
            ("created_by".to_owned(), "parquet-mr 1.13.1".to_owned()),
            ("codec".to_owned(), "snappy".to_owned()),
        ];
        facts.extend(spark.map(|version| (SPARK.to_owned(), version.to_owned())));
        let modified = FileTime::from(at() - TimeDelta::hours(hours));
        FileFacts {
            file: KnownFile { name: name.to_owned(), length: Size(9), modified },
            rows: Rows(1),
            row_groups: 1,
            group_key: format!("{facts:?}"),
            group_facts: facts,
            created_by: Some("parquet-mr version 1.13.1 (build x)".to_owned()),
            losses: Vec::new(),
        }
    }

    #[test]
    fn versions_of_the_schema_come_in_the_order_of_time_and_say_what_changed() {
        let mut facts = FooterFacts::new(at(), 2, 2);
        let (old, new) = ("01: id int64, note binary", "02: id int64, \"channel\" binary:string");
        facts.add(file("c", 1, new, Some("3.5.1")), 1);
        facts.add(file("a", 50, old, None), 1);
        facts.add(file("b", 30, old, Some("3.5.1")), 1);
        facts.finish(false);
        let versions = facts.versions();
        assert_eq!(versions.iter().map(|version| version.seen.files).collect::<Vec<_>>(), [2, 1]);
        assert_eq!((versions[0].change.as_str(), versions[1].change.as_str()), ("", "channel string added, note gone"));
        assert_eq!((facts.groups.len(), facts.codecs(), facts.is_estimate()), (3, vec!["snappy"], false));
    }

    #[test]
    fn writers_are_told_apart_and_a_compaction_is_none_of_them() {
        let mut facts = FooterFacts::new(at(), 1, 1);
        facts.files_in_all = 9;
        facts.add(file("a", 2, "01: id int64", Some("3.5.1")), 3);
        facts.add(file("b", 20, "01: id int64", Some("3.5.1")), 3);
        facts.add(file("c", 900, "01: id int64", None), 1);
        facts.add(file("part-lakehand-20261121-0214-k7f-0001", 30, "01: id int64", None), 1);
        facts.finish(false);
        let writers: Vec<_> =
            facts.writers.iter().map(|writer| (writer.name.as_str(), writer.own, writer.seen.files)).collect();
        let mr = "parquet-mr 1.13.1";
        assert_eq!(writers, [("Spark 3.5.1", false, 6), (mr, false, 1), (mr, true, 1)]);
        // The compaction's file bears a time of 30 hours ago, so a day tells.
        let growth = facts.writers[0].recent.growth_beside(&facts.recent, at()).unwrap();
        assert_eq!((growth.files, growth.a_day_text().as_str()), (6, "~6.0"));
        assert!(facts.is_estimate());
    }

    #[test]
    fn a_table_of_a_schema_for_each_file_needs_no_memory() {
        let mut facts = FooterFacts::new(at(), 1, 1);
        for number in 0..TOLD + 5 {
            facts.add(file("a", 1, &format!("{number}: id int64"), None), 1);
            facts.add_damaged(number.to_string(), Reason::new(crate::error::Code::DamagedFile, "no footer"));
        }
        assert_eq!((facts.groups.len(), facts.other_groups), (TOLD, 5));
        assert_eq!((facts.damaged.len(), facts.damaged_in_all), (TOLD, TOLD as u64 + 5));
    }
}
