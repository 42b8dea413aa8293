//! Estimates: NameNode objects, the window of an exchange, the histogram afterwards.

use std::time::Duration;

use crate::model::{Histogram, Size};

/// What one rename takes, one of its share of several in flight.
const RENAME_MICROS: u64 = 40;
/// What listing one entry takes.
const LIST_MICROS: u64 = 5;
/// What making the acts of one phase durable takes; an exchange has five of them in its window.
const SYNC_MICROS: u64 = 10_000;
const SYNCS: u64 = 5;
/// The tripwire stands so many of our own listings before the first file leaves, and again after the last arrived.
const LINGER_LISTINGS: u32 = 5;
/// And at least this long.
const LINGER_LEAST: Duration = Duration::from_millis(10);
/// And this long where others list in pages: over a network, and slower than we are.
const LINGER_PAGED: Duration = Duration::from_secs(2);
/// Two directories and two small files (a file is one object and its block) that a target at rest holds.
const PLACE_OBJECTS: u64 = 6;

/// Objects of one file: itself and its blocks.
pub fn objects_of(length: Size, block: Size) -> u64 {
    1 + length.blocks(block)
}

/// Objects now, at the end of the run (nothing is freed yet), after cleanup.
pub fn objects(now: u64, leaving: u64, arriving: u64) -> [u64; 3] {
    [now, now + arriving + PLACE_OBJECTS, (now + arriving).saturating_sub(leaving)]
}

/// The window: from the tripwire's coming to its going.
pub fn window(leaving: u64, arriving: u64, visible_entries: u64, paged: bool) -> Duration {
    let listing = Duration::from_micros(visible_entries * LIST_MICROS);
    let renames = (leaving + arriving + 2) * RENAME_MICROS;
    Duration::from_micros(renames + SYNCS * SYNC_MICROS) + 2 * (listing + linger(paged, listing))
}

/// How long the tripwire stands before the first file leaves, and again after the last arrived: five of our own listings,
/// and never less than a moment. A reader that lists first and asks for each file afterwards (PyArrow does), or that
/// lists in pages, would otherwise find some gone without ever having seen the tripwire (PROTOCOL §1).
pub fn linger(paged: bool, listing: Duration) -> Duration {
    let least = if paged { LINGER_PAGED } else { LINGER_LEAST };
    listing.saturating_mul(LINGER_LISTINGS).max(least)
}

/// A histogram of lengths.
pub fn histogram(lengths: impl Iterator<Item = Size>) -> Histogram {
    let mut histogram = Histogram::default();
    lengths.for_each(|length| histogram.add(length));
    histogram
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_frees_nothing_until_cleanup() {
        // console.md §5.4: 212,440 objects now, 148 of the outputs, four places.
        let [now, end, after] = objects(212_440, 212_440, 148);
        assert_eq!((now, end, after), (212_440, 212_594, 148));
        assert_eq!(objects_of(Size(0), Size::mib(128)), 1);
        assert_eq!(objects_of(Size::mib(129), Size::mib(128)), 3);
    }

    #[test]
    fn the_window_grows_with_the_files() {
        let millis = |leaving, entries, paged| window(leaving, 19, entries, paged).as_millis();
        assert!(millis(10, 11, false) < 100);
        let large = millis(14_002, 14_021, false);
        assert!((600..3_000).contains(&large), "{large}");
    }

    #[test]
    fn pages_take_two_seconds_on_both_sides() {
        assert_eq!(window(10, 1, 11, true) - window(10, 1, 11, false), 2 * (LINGER_PAGED - LINGER_LEAST));
    }
}
