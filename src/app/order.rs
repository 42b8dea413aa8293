//! The orders of lists, and how one is made: filtering and sorting work in slices of some thousand rows, so that a key
//! waits for one of them at most.

use std::cmp::Ordering;
use std::collections::VecDeque;

use super::filter::{Field, Filter, Source};

/// Rows that one slice filters, sorts or merges: a key waits for one at most.
pub const SLICE: usize = 6_000;

/// The orders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SortKey {
    /// As the source has them.
    #[default]
    Given,
    /// What a person should see first, by the source's own rank.
    Urgent,
    /// Objects saved.
    Worst,
    /// Objects saved per minute of work.
    Value,
    /// Files.
    Files,
    /// Bytes.
    Bytes,
    /// Average size, smallest first.
    Average,
    /// Name.
    Name,
    /// Age.
    Age,
}

impl SortKey {
    /// The orders of the menu and their letters.
    pub const MENU: [(char, SortKey, &'static str); 7] = [
        ('w', SortKey::Worst, "worst"),
        ('v', SortKey::Value, "value"),
        ('f', SortKey::Files, "files"),
        ('b', SortKey::Bytes, "bytes"),
        ('a', SortKey::Average, "average"),
        ('n', SortKey::Name, "name"),
        ('t', SortKey::Age, "age"),
    ];

    /// Its word.
    pub fn word(self) -> &'static str {
        Self::MENU.iter().find(|(_, key, _)| *key == self).map_or("", |(_, _, word)| word)
    }
}

/// A row's place: smaller comes first.
fn rank(source: &dyn Source, row: u32, sort: SortKey) -> u64 {
    let number = |field| source.number(row, field);
    let most_first = |value: Option<u64>| value.map_or(u64::MAX, |value| u64::MAX - 1 - value.min(u64::MAX - 2));
    match sort {
        SortKey::Given => u64::from(row),
        SortKey::Urgent => source.urgency(row) << 32 | u64::from(row),
        SortKey::Name => 0,
        SortKey::Files => most_first(number(Field::Files)),
        SortKey::Bytes => most_first(number(Field::Bytes)),
        SortKey::Age => number(Field::Age).unwrap_or(u64::MAX),
        SortKey::Average => number(Field::Average).unwrap_or(u64::MAX),
        SortKey::Worst => worst(source, row, number(Field::Saves).unwrap_or(0)),
        SortKey::Value => {
            let saves = number(Field::Saves).unwrap_or(0);
            let seconds = number(Field::Work).unwrap_or(0).max(1);
            worst(source, row, if saves == 0 { 0 } else { (saves.saturating_mul(60) / seconds).max(1) })
        }
    }
}

/// What saves most first; then what is not known, what is refused or hot, what is fine.
fn worst(source: &dyn Source, row: u32, saves: u64) -> u64 {
    const TOP: u64 = u64::MAX / 2;
    if saves > 0 {
        return TOP - saves.min(TOP);
    }
    let class = match &*source.state(row) {
        "?" | "part" | "ERR" => 1,
        "ok" | "EMPTY" => 3,
        _ => 2,
    };
    TOP + class
}

/// A sort and filter that is under way: of the rows that there were when it began. Ranks are kept once a row and orders
/// as row numbers, so that a million rows need 20 MB meanwhile.
#[derive(Clone, Debug)]
pub struct Job {
    /// The rows that there were when it began.
    pub total: u32,
    /// The rows that were looked at.
    pub next: u32,
    ranks: Vec<u64>,
    runs: VecDeque<Vec<u32>>,
    merging: Option<Merging>,
}

#[derive(Clone, Debug)]
struct Merging {
    left: Vec<u32>,
    right: Vec<u32>,
    at: (usize, usize),
    merged: Vec<u32>,
}

impl Job {
    /// One that begins.
    pub fn new(source: &dyn Source) -> Job {
        let total = source.len() as u32;
        Job { total, next: 0, ranks: Vec::with_capacity(total as usize), runs: VecDeque::new(), merging: None }
    }

    /// Works one slice; the order when it is done.
    pub fn step(&mut self, source: &dyn Source, filter: &Filter, sort: SortKey, reversed: bool) -> Option<Vec<u32>> {
        if self.next < self.total {
            let end = self.total.min(self.next.saturating_add(SLICE as u32));
            let mut run = Vec::new();
            for row in self.next..end {
                let passes = source.belongs(row) && filter.passes(source, row);
                run.extend(passes.then_some(row));
                self.ranks.push(if passes { rank(source, row, sort) } else { 0 });
            }
            let ranks = &self.ranks;
            run.sort_unstable_by(|a, b| compare(source, ranks, reversed, *a, *b));
            self.runs.push_back(run);
            self.next = end;
        } else {
            self.merge(source, reversed);
        }
        let done = self.next >= self.total && self.merging.is_none() && self.runs.len() <= 1;
        done.then(|| self.runs.pop_front().unwrap_or_default())
    }

    fn merge(&mut self, source: &dyn Source, reversed: bool) {
        if self.merging.is_none()
            && let (Some(left), Some(right)) = (self.runs.pop_front(), self.runs.pop_front())
        {
            let merged = Vec::with_capacity(left.len() + right.len());
            self.merging = Some(Merging { left, right, at: (0, 0), merged });
        }
        let Some(merging) = &mut self.merging else { return };
        let later =
            |left: &u32, right: &u32| compare(source, &self.ranks, reversed, *left, *right) == Ordering::Greater;
        for _ in 0..SLICE * 2 {
            let next = match (merging.left.get(merging.at.0), merging.right.get(merging.at.1)) {
                (None, None) => break,
                (Some(left), Some(right)) if later(left, right) => (false, *right),
                (Some(left), _) => (true, *left),
                (None, Some(right)) => (false, *right),
            };
            merging.merged.push(next.1);
            if next.0 { merging.at.0 += 1 } else { merging.at.1 += 1 }
        }
        if merging.merged.len() == merging.left.len() + merging.right.len()
            && let Some(done) = self.merging.take()
        {
            self.runs.push_back(done.merged);
        }
    }
}

/// By rank, then by name, then as the source has them.
fn compare(source: &dyn Source, ranks: &[u64], reversed: bool, a: u32, b: u32) -> Ordering {
    let rank = |row: u32| ranks.get(row as usize);
    let order = rank(a).cmp(&rank(b)).then_with(|| natural(&source.name(a), &source.name(b))).then(a.cmp(&b));
    if reversed { order.reverse() } else { order }
}

/// Compares names so that numbers in them count as numbers: `hour=2` before `hour=10`.
pub fn natural(left: &str, right: &str) -> Ordering {
    let same = same_beginning(left.as_bytes(), right.as_bytes());
    from_here(&mut after(left, same), &mut after(right, same))
}

fn from_here(left: &mut Bytes<'_>, right: &mut Bytes<'_>) -> Ordering {
    loop {
        match (left.peek().copied(), right.peek().copied()) {
            (None, None) => return Ordering::Equal,
            (None, _) => return Ordering::Less,
            (_, None) => return Ordering::Greater,
            (Some(a), Some(b)) if a.is_ascii_digit() && b.is_ascii_digit() => {
                let order = digits(left).cmp(&digits(right));
                if order != Ordering::Equal {
                    return order;
                }
            }
            (Some(a), Some(b)) if a == b => {
                left.next();
                right.next();
            }
            (Some(a), Some(b)) => return a.cmp(&b),
        }
    }
}

type Bytes<'a> = std::iter::Peekable<std::iter::Copied<std::slice::Iter<'a, u8>>>;

fn after(text: &str, length: usize) -> Bytes<'_> {
    text.as_bytes().get(length..).unwrap_or_default().iter().copied().peekable()
}

/// How many bytes both begin with, up to the number that the first other one may be part of. Partitions' names have
/// most of theirs in common, and a million of them are compared twenty million times.
fn same_beginning(left: &[u8], right: &[u8]) -> usize {
    const WORD: usize = 8;
    let words = left.chunks_exact(WORD).zip(right.chunks_exact(WORD));
    let from = words.take_while(|(left, right)| left == right).count() * WORD;
    let bytes = left.iter().zip(right).skip(from);
    let same = from + bytes.take_while(|(left, right)| left == right).count();
    let number = left.iter().take(same).rev().take_while(|byte| byte.is_ascii_digit()).count();
    same - number
}

/// A run of digits as a number and its length, so that equal numbers of other length are not equal.
fn digits(bytes: &mut Bytes<'_>) -> (u128, usize) {
    let (mut value, mut length) = (0u128, 0);
    while let Some(digit) = bytes.next_if(u8::is_ascii_digit) {
        value = value.saturating_mul(10).saturating_add(u128::from(digit - b'0'));
        length += 1;
    }
    (value, length)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_in_names_count() {
        assert_eq!(natural("hour=2", "hour=10"), Ordering::Less);
        assert_eq!(natural("a1", "a01"), Ordering::Less);
        assert_eq!(natural("a", "a"), Ordering::Equal);
        assert_eq!(natural("dt=2026-11-01/hour=9", "dt=2026-11-01/hour=10"), Ordering::Less);
        assert_eq!(natural("dt=2026-11-1/hour=9", "dt=2026-11-10/hour=1"), Ordering::Less);
        assert_eq!(natural("shop=12345678", "shop=123456789"), Ordering::Less);
    }

    proptest! {
        #[test]
        fn a_beginning_in_common_decides_nothing(same in "[a=1-3]{0,20}", left in "[a=1-3]{0,4}", right in "[a=1-3]{0,4}") {
            let (a, b) = (same.clone() + &left, same + &right);
            let mut whole = (after(&a, 0), after(&b, 0));
            prop_assert_eq!(natural(&a, &b), from_here(&mut whole.0, &mut whole.1));
        }
    }
}
