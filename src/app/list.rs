//! A list: which rows of a source are shown in which order, and the cursor.
//!
//! The cursor stays on its row while rows stream in: new rows come at the end, and the order is renewed at the end of
//! a scan, on a sort key, or when no key was pressed for two seconds. A short list is ready at once, a long one keeps
//! its old order until the new one is complete (`order`).

use super::filter::{Filter, Source};
use super::order::{Job, SLICE, SortKey};

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

    use super::super::filter::Field;
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

    proptest! {
        #[test]
        fn an_order_holds_exactly_what_passes(numbers in prop::collection::vec(0u64..50, 0..60), least in 0u64..50) {
            let mut expected: Vec<u64> = numbers.iter().copied().filter(|n| *n >= least).collect();
            expected.sort_unstable_by(|a, b| b.cmp(a));
            prop_assert_eq!(ordered(numbers, &format!(">={least}")), expected);
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
