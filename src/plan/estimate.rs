//! Estimates: NameNode objects, the window of an exchange, the histogram afterwards.

use crate::model::{Histogram, Size};

/// What one rename takes, one of its share of several in flight.
const RENAME_MICROS: u64 = 40;
/// What listing one entry takes.
const LIST_MICROS: u64 = 5;
/// What making the acts of one phase durable takes; an exchange has five of them in its window.
const SYNC_MICROS: u64 = 10_000;
const SYNCS: u64 = 5;
/// Above this many visible entries a listing in pages can span the window, so the tripwire lingers (PROTOCOL §1).
pub const LINGER_ABOVE: u64 = 300;
/// How many of our own listings it lingers, before the first file leaves and again after the last arrived.
const LINGER_LISTINGS: u64 = 5;
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

/// The window in milliseconds: from the tripwire's coming to its going.
pub fn window_ms(leaving: u64, arriving: u64, visible_entries: u64) -> u64 {
    let listing = visible_entries * LIST_MICROS;
    let linger = if visible_entries > LINGER_ABOVE { 2 * LINGER_LISTINGS * listing } else { 0 };
    let renames = (leaving + arriving + 2) * RENAME_MICROS;
    (renames + 2 * listing + linger + SYNCS * SYNC_MICROS).div_ceil(1_000)
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
        assert!(window_ms(10, 1, 11) < 100);
        let large = window_ms(14_002, 19, 14_021);
        assert!((600..3_000).contains(&large), "{large}");
    }
}
