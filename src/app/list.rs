//! A list: which rows of a source are shown in which order, and the cursor.
//!
//! The cursor stays on its row while rows stream in: new rows come at the end, and the order is renewed at the end of
//! a scan, on a sort key, or when no key was pressed for two seconds. Filtering and sorting work in slices of some
//! thousand rows: a short list is ready at once, a long one keeps its old order until the new one is complete.

use std::cmp::Ordering;
use std::collections::VecDeque;

use super::filter::{Field, Filter, Source};

/// Rows that one slice filters, sorts or merges: a key waits for one at most.
const SLICE: usize = 6_000;

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
struct Job {
    total: u32,
    next: u32,
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
    fn new(source: &dyn Source) -> Job {
        let total = source.len() as u32;
        Job { total, next: 0, ranks: Vec::with_capacity(total as usize), runs: VecDeque::new(), merging: None }
    }

    /// Works one slice; the order when it is done.
    fn step(&mut self, source: &dyn Source, filter: &Filter, sort: SortKey, reversed: bool) -> Option<Vec<u32>> {
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

/// A list.
#[derive(Clone, Debug, Default)]
pub struct List {
    order: Vec<u32>,
    cursor: usize,
    top: usize,
    touched: bool,
    filter: Filter,
    sort: SortKey,
    reversed: bool,
    seen: u32,
    stale: bool,
    job: Option<Job>,
    /// Where a range of marks began.
    pub range: Option<u32>,
}

impl List {
    /// An empty list in an order.
    pub fn new(sort: SortKey) -> List {
        List { sort, ..List::default() }
    }

    /// The rows that are shown, in order.
    pub fn rows(&self) -> &[u32] {
        &self.order
    }

    /// The row under the cursor.
    pub fn selected(&self) -> Option<u32> {
        self.order.get(self.cursor).copied()
    }

    /// The cursor's place in the order.
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// The first row of the window of `height` rows that shows the cursor.
    pub fn top(&self, height: usize) -> usize {
        let last_top = self.order.len().saturating_sub(height);
        let mut top = self.top;
        if self.cursor < top || self.cursor >= top + height.max(1) {
            top = self.cursor.saturating_sub(height / 2);
        }
        top.min(last_top)
    }

    /// The filter.
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// The order and whether it is reversed.
    pub fn sort(&self) -> (SortKey, bool) {
        (self.sort, self.reversed)
    }

    /// Whether it is being filtered or sorted: rows looked at so far.
    pub fn working(&self) -> Option<u32> {
        self.job.as_ref().map(|job| job.next)
    }

    /// Whether rows came since it was ordered.
    pub fn is_stale(&self) -> bool {
        self.stale
    }

    /// Takes rows that came since: at the end, unordered. While an order is made they wait for its end.
    pub fn append(&mut self, source: &dyn Source) {
        self.stale = true;
        if self.job.is_none() {
            if source.len().saturating_sub(self.seen as usize) > SLICE {
                return self.renew(source);
            }
            self.add_new(source);
        }
    }

    fn add_new(&mut self, source: &dyn Source) {
        let total = source.len() as u32;
        for row in self.seen..total {
            if source.belongs(row) && self.filter.passes(source, row) {
                self.order.push(row);
            }
        }
        self.seen = total;
    }

    /// Filters and orders anew; short lists at once.
    pub fn renew(&mut self, source: &dyn Source) {
        self.job = Some(Job::new(source));
        let slices = if source.len() <= SLICE { 2 } else { 0 };
        for _ in 0..slices {
            self.work(source);
        }
    }

    /// One slice of what is under way.
    pub fn work(&mut self, source: &dyn Source) {
        let Some(job) = &mut self.job else { return };
        if source.len() < job.total as usize {
            // Another source, or one that began anew: what was ranked is of no use.
            return self.renew(source);
        }
        if let Some(order) = job.step(source, &self.filter, self.sort, self.reversed) {
            self.seen = job.total;
            self.stale = (job.total as usize) < source.len();
            self.job = None;
            let selected = self.selected().filter(|_| self.touched);
            let offset = self.cursor.saturating_sub(self.top);
            self.order = order;
            self.cursor = self.cursor.min(self.order.len().saturating_sub(1));
            match selected.and_then(|row| self.order.iter().position(|other| *other == row)) {
                Some(place) => {
                    self.cursor = place;
                    self.top = place.saturating_sub(offset);
                }
                None if !self.touched && self.cursor > 0 && self.sort != SortKey::Given => {
                    (self.cursor, self.top) = (0, 0)
                }
                None => {}
            }
            self.add_new(source);
        }
    }

    /// Stops what is under way; the old order stays.
    pub fn stop(&mut self) -> bool {
        self.job.take().is_some()
    }

    /// Sets the filter.
    pub fn set_filter(&mut self, text: &str, source: &dyn Source) {
        if self.filter.text() != text {
            self.filter = Filter::parse(text);
            self.renew(source);
        }
    }

    /// Sets the order; the same again reverses it. The cursor goes to the first row.
    pub fn set_sort(&mut self, sort: SortKey, source: &dyn Source) {
        self.reversed = sort == self.sort && !self.reversed;
        self.sort = sort;
        self.touched = false;
        self.renew(source);
    }

    /// Moves by rows; a step over the edge of the window moves it by half a page, so that little is drawn anew.
    pub fn move_by(&mut self, rows: isize, height: usize) {
        let last = self.order.len().saturating_sub(1);
        self.cursor = self.cursor.saturating_add_signed(rows).min(last);
        self.touched = true;
        self.top = self.top(height);
    }

    /// To the first or the last row.
    pub fn move_to_end(&mut self, last: bool, height: usize) {
        self.cursor = if last { self.order.len().saturating_sub(1) } else { 0 };
        self.touched = true;
        self.top = self.top(height);
    }

    /// To a row, if it is shown.
    pub fn select(&mut self, row: u32) -> bool {
        match self.order.iter().position(|other| *other == row) {
            Some(place) => {
                self.cursor = place;
                self.touched = true;
                true
            }
            None => false,
        }
    }

    /// Whether a key has moved the cursor.
    pub fn is_touched(&self) -> bool {
        self.touched
    }

    /// Puts the cursor on a row as its first place: keys did not move it there.
    pub fn rest_on(&mut self, row: u32) {
        if let Some(place) = self.order.iter().position(|other| *other == row) {
            self.cursor = place;
        }
    }

    /// The rows between the range's beginning and the cursor.
    pub fn range_rows(&self) -> &[u32] {
        let Some(from) = self.range.and_then(|row| self.order.iter().position(|other| *other == row)) else {
            return &[];
        };
        let (first, last) = (from.min(self.cursor), from.max(self.cursor));
        self.order.get(first..=last).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use proptest::prelude::*;

    use super::*;

    struct Numbers(Vec<u64>);

    impl Source for Numbers {
        fn len(&self) -> usize {
            self.0.len()
        }
        fn name(&self, row: u32) -> Cow<'_, str> {
            Cow::Owned(format!("row {row}"))
        }
        fn number(&self, row: u32, field: Field) -> Option<u64> {
            (field == Field::Files).then(|| self.0[row as usize])
        }
    }

    fn ordered(numbers: Vec<u64>, filter: &str) -> Vec<u64> {
        let source = Numbers(numbers);
        let mut list = List::new(SortKey::Files);
        list.set_filter(filter, &source);
        list.renew(&source);
        while list.working().is_some() {
            list.work(&source);
        }
        list.rows().iter().map(|row| source.0[*row as usize]).collect()
    }

    #[test]
    fn a_long_list_is_ordered_in_slices() {
        let numbers: Vec<u64> = (0..130_000u64).map(|n| n * 7_919 % 130_003).collect();
        let mut expected: Vec<u64> = numbers.iter().copied().filter(|n| *n > 500).collect();
        expected.sort_unstable_by(|a, b| b.cmp(a));
        assert_eq!(ordered(numbers, ">500"), expected);
    }

    #[test]
    fn the_cursor_stays_on_its_row() {
        let mut source = Numbers(vec![5, 3, 4]);
        let mut list = List::new(SortKey::Files);
        list.renew(&source);
        assert_eq!(list.rows(), [0, 2, 1]);
        list.move_by(1, 10);
        source.0.extend([9, 8]);
        list.append(&source);
        assert_eq!((list.rows(), list.selected(), list.is_stale()), (&[0, 2, 1, 3, 4][..], Some(2), true));
        list.renew(&source);
        assert_eq!((list.rows(), list.selected()), (&[3, 4, 0, 2, 1][..], Some(2)));
    }

    #[test]
    fn leaving_the_window_jumps_half_a_page() {
        let source = Numbers((0..100).collect());
        let mut list = List::new(SortKey::Given);
        list.renew(&source);
        list.move_by(9, 10);
        assert_eq!(list.top(10), 0);
        list.move_by(1, 10);
        assert_eq!((list.cursor(), list.top(10)), (10, 5));
        list.move_to_end(true, 10);
        assert_eq!((list.cursor(), list.top(10)), (99, 90));
    }

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
        fn an_order_holds_exactly_what_passes(numbers in prop::collection::vec(0u64..50, 0..60), least in 0u64..50) {
            let mut expected: Vec<u64> = numbers.iter().copied().filter(|n| *n >= least).collect();
            expected.sort_unstable_by(|a, b| b.cmp(a));
            prop_assert_eq!(ordered(numbers, &format!(">={least}")), expected);
        }

        #[test]
        fn a_beginning_in_common_decides_nothing(same in "[a=1-3]{0,20}", left in "[a=1-3]{0,4}", right in "[a=1-3]{0,4}") {
            let (a, b) = (same.clone() + &left, same + &right);
            let mut whole = (after(&a, 0), after(&b, 0));
            prop_assert_eq!(natural(&a, &b), from_here(&mut whole.0, &mut whole.1));
        }

        #[test]
        fn the_window_always_shows_the_cursor(moves in prop::collection::vec(-30isize..30, 0..40), height in 1usize..20) {
            let source = Numbers((0..57).collect());
            let mut list = List::new(SortKey::Given);
            list.renew(&source);
            for step in moves {
                list.move_by(step, height);
                let top = list.top(height);
                prop_assert!(top <= list.cursor() && list.cursor() < top + height);
            }
        }
    }
}
