//! The visible names of ours in a target (PROTOCOL §1): they carry the prefix and suffix that the compaction's sources
//! share, so that whoever reads those by a glob sees our outputs and trips over our tripwire.

use serde::{Deserialize, Serialize};

use crate::model::{RunId, name_part};

/// The longest name that a file of an exchange may have, in bytes, so that every name of ours fits into 255.
pub const LONGEST_NAME: usize = 200;

const MARK: &str = "lakehand-";

/// What the sources' names share.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Frame {
    /// P: how they begin.
    #[serde(deserialize_with = "name_part")]
    pub prefix: String,
    /// S: how the rest of them ends.
    #[serde(deserialize_with = "name_part")]
    pub suffix: String,
}

impl Frame {
    /// The frame of a compaction's sources. Hidden ones (`_metadata`) do not count; our own marks in the names of
    /// earlier outputs are left out.
    pub fn of<'a>(sources: impl Iterator<Item = &'a str>) -> Frame {
        let mut names: Vec<String> = sources.filter(|name| !name.starts_with(['.', '_'])).map(unmarked).collect();
        names.sort_unstable();
        names.dedup();
        let Some(first) = names.first() else { return Frame::default() };
        if names.len() == 1 {
            let (prefix, suffix) = first.split_at(first.find('.').unwrap_or(first.len()));
            return Frame { prefix: prefix.to_owned(), suffix: suffix.to_owned() };
        }
        let prefix = names.iter().fold(first.as_str(), |prefix, name| common_prefix(prefix, name));
        let first_rest = &first[prefix.len()..];
        let suffix = names.iter().fold(first_rest, |suffix, name| common_suffix(suffix, &name[prefix.len()..]));
        Frame { prefix: prefix.to_owned(), suffix: suffix.to_owned() }
    }

    /// The name of output number `number` of a run.
    pub fn output(&self, run: &RunId, number: u64) -> String {
        format!("{}{MARK}{run}-{number:04}{}", self.prefix, self.suffix)
    }

    /// The name of the tripwire of a run; it sorts before every source.
    pub fn tripwire(&self, run: &RunId) -> String {
        format!("{}{}{}", self.prefix, run.tripwire_mark(), self.suffix)
    }

    /// The name under which a file comes back where its own is taken. A hidden file stays hidden; a name that came
    /// back this way before carries only the newer run.
    pub fn back(&self, run: &RunId, name: &str) -> String {
        let name = without_back_mark(name);
        let shared = common_prefix(&self.prefix, &name).len();
        let hidden = usize::from(name.starts_with(['.', '_']));
        let (prefix, rest) = name.split_at(shared.max(hidden));
        format!("{prefix}{MARK}{run}-back-{rest}")
    }
}

/// The name without every `lakehand-RUN-NNNN` and `lakehand-RUN-back-` in it.
fn unmarked(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(at) = rest.find(MARK) {
        plain.push_str(&rest[..at]);
        match mark_length(&rest[at..]) {
            Some(length) => rest = &rest[at + length..],
            None => {
                plain.push_str(MARK);
                rest = &rest[at + MARK.len()..];
            }
        }
    }
    plain.push_str(rest);
    plain
}

fn without_back_mark(name: &str) -> String {
    match name.find(MARK) {
        Some(at) => match back_mark_length(&name[at..]) {
            Some(length) => format!("{}{}", &name[..at], &name[at + length..]),
            None => name.to_owned(),
        },
        None => name.to_owned(),
    }
}

fn after_run(text: &str) -> Option<&str> {
    let rest = text.strip_prefix(MARK)?;
    RunId::parse(rest.get(..17)?).ok()?;
    rest.get(17..)?.strip_prefix('-')
}

fn back_mark_length(text: &str) -> Option<usize> {
    Some(text.len() - after_run(text)?.strip_prefix("back-")?.len())
}

fn mark_length(text: &str) -> Option<usize> {
    let rest = after_run(text)?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    if digits >= 4 { Some(text.len() - rest.len() + digits) } else { back_mark_length(text) }
}

fn common_prefix<'a>(one: &'a str, other: &str) -> &'a str {
    let length: usize = one.chars().zip(other.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum();
    &one[..length]
}

fn common_suffix<'a>(one: &'a str, other: &str) -> &'a str {
    let equal = one.chars().rev().zip(other.chars().rev()).take_while(|(a, b)| a == b);
    let length: usize = equal.map(|(a, _)| a.len_utf8()).sum();
    &one[one.len() - length..]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn run() -> RunId {
        RunId::parse("20261121-0214-k7f").unwrap()
    }

    fn frame(names: &[&str]) -> (String, String) {
        let frame = Frame::of(names.iter().copied());
        (frame.prefix, frame.suffix)
    }

    fn pair(prefix: &str, suffix: &str) -> (String, String) {
        (prefix.to_owned(), suffix.to_owned())
    }

    #[test]
    fn names_share_what_the_sources_share() {
        assert_eq!(frame(&["part-0.snappy.parquet", "part-1.snappy.parquet"]), pair("part-", ".snappy.parquet"));
        assert_eq!(frame(&["000000_0", "000001_0"]), pair("00000", "_0"));
        assert_eq!(frame(&["000000_0", "000000_0_copy_1"]), pair("000000_0", ""));
        assert_eq!(frame(&["part-0.c000.parquet"]), pair("part-0", ".c000.parquet"));
        assert_eq!(frame(&["nothing", "_metadata"]), pair("nothing", ""));
        assert_eq!(frame(&["表一.parquet", "表二.parquet"]), pair("表", ".parquet"));
        assert_eq!(frame(&[]), pair("", ""));
    }

    #[test]
    fn names_of_earlier_outputs_do_not_pile_up() {
        let first = "part-lakehand-20261120-0214-k7f-0001.parquet";
        let second = "part-lakehand-20261120-0214-k7f-0002.parquet";
        assert_eq!(frame(&[first]), pair("part-", ".parquet"));
        assert_eq!(frame(&[first, second]), pair("part-", ".parquet"));
        assert_eq!(frame(&[first, "part-7.parquet"]), pair("part-", ".parquet"));
        let back = "part-lakehand-20261120-0214-k7f-back-7.parquet";
        assert_eq!(frame(&[back, "part-8.parquet"]), pair("part-", ".parquet"));
        assert_eq!(frame(&["lakehand-notes-1", "lakehand-notes-2"]), pair("lakehand-notes-", ""));
    }

    #[test]
    fn a_file_comes_back_under_a_name_that_globs_still_match() {
        let frame = Frame::of(["part-0.parquet", "part-1.parquet"].into_iter());
        assert_eq!(frame.output(&run(), 3), "part-lakehand-20261121-0214-k7f-0003.parquet");
        assert_eq!(frame.tripwire(&run()), "part-!lakehand-exchange-20261121-0214-k7f.parquet");
        let back = frame.back(&run(), "part-0.parquet");
        assert_eq!(back, "part-lakehand-20261121-0214-k7f-back-0.parquet");
        assert_eq!(frame.back(&run(), &back), back);
        assert_eq!(frame.back(&run(), "_metadata"), "_lakehand-20261121-0214-k7f-back-metadata");
    }

    proptest! {
        #[test]
        fn every_name_of_ours_keeps_the_frame_and_fits(names in prop::collection::vec("[^/\0._][^/\0]{0,40}", 1..6)) {
            let frame = Frame::of(names.iter().map(String::as_str));
            let tripwire = frame.tripwire(&run());
            let output = frame.output(&run(), 12);
            prop_assert_eq!(RunId::of_output(&output), Some(run()));
            prop_assert!(tripwire.starts_with(&frame.prefix) && tripwire.ends_with(&frame.suffix));
            for name in &names {
                let back = frame.back(&run(), name);
                prop_assert!(back != tripwire && back != output);
                prop_assert!(crate::ledger::kept_name(&back).len() <= name.len() + 38);
            }
        }
    }
}
