//! A target's figures in a few bytes: numbers of variable length, seven bits a byte, the small ones in one.
//!
//! Times are kept as their distance from a table's first one. What is read back is what was written; bytes that were
//! cut short read as zeros.

use crate::model::{FileTime, Recent};

/// The figures of a target, without what few have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Figures {
    /// The median length.
    pub median: u64,
    /// The newest file's time in nanoseconds.
    pub newest: Option<i64>,
    /// Files that came lately.
    pub recent: Option<Recent>,
    /// Small files.
    pub small: u64,
    /// Files of 0 bytes.
    pub empty: u64,
    /// File groups.
    pub groups: u64,
    /// When it was listed, in seconds.
    pub at: i64,
}

/// What times are counted from: nanoseconds for files, seconds for listings.
pub(super) type Base = (i64, i64);

/// Writes figures and bins (bin, files, bytes).
pub(super) fn pack(into: &mut Vec<u8>, figures: &Figures, bins: &[(u8, u64, u64)], base: Base) {
    let newest = figures.newest.map_or(0, |time| folded(time.wrapping_sub(base.0)).saturating_add(1));
    let numbers =
        [figures.median, newest, figures.small, figures.empty, figures.groups, folded(figures.at.wrapping_sub(base.1))];
    numbers.into_iter().for_each(|number| put(into, number));
    put_recent(into, figures.recent.as_ref(), base);
    for (bin, files, bytes) in bins {
        into.push(*bin);
        put(into, *files);
        put(into, *bytes);
    }
}

/// The figures; the rest are the bins.
pub(super) fn unpack(bytes: &[u8], base: Base) -> (Figures, Bins<'_>) {
    let mut rest = bytes;
    let (median, newest) = (take(&mut rest), take(&mut rest));
    let (small, empty, groups) = (take(&mut rest), take(&mut rest), take(&mut rest));
    let newest = newest.checked_sub(1).map(|time| base.0.wrapping_add(unfolded(time)));
    let at = base.1.wrapping_add(unfolded(take(&mut rest)));
    let recent = take_recent(&mut rest, base);
    (Figures { median, newest, recent, small, empty, groups, at }, Bins(rest))
}

/// One byte where nothing came lately, as in most targets: how many of the counts are not 0 (each holds the shorter
/// spans', so these are the last ones), and whether a compaction's file is there.
fn put_recent(into: &mut Vec<u8>, recent: Option<&Recent>, base: Base) {
    let Some(recent) = recent else { return into.push(0) };
    let counts = recent.within.len() - recent.within.iter().take_while(|count| **count == 0).count();
    into.push(1 + 2 * counts as u8 + u8::from(recent.own.is_some()));
    recent.within[recent.within.len() - counts..].iter().for_each(|count| put(into, *count));
    put(into, recent.older);
    recent.own.into_iter().for_each(|own| put(into, folded(own.0.wrapping_sub(base.0))));
}

fn take_recent(rest: &mut &[u8], base: Base) -> Option<Recent> {
    let (head, after) = rest.split_first()?;
    *rest = after;
    let head = head.checked_sub(1)?;
    let mut recent = Recent::default();
    let counts = usize::from(head / 2).min(recent.within.len());
    let from = recent.within.len() - counts;
    recent.within[from..].iter_mut().for_each(|count| *count = take(rest));
    recent.older = take(rest);
    recent.own = (head % 2 == 1).then(|| FileTime(base.0.wrapping_add(unfolded(take(rest)))));
    Some(recent)
}

/// Bins as they are unpacked: bin, files, bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bins<'a>(&'a [u8]);

impl Iterator for Bins<'_> {
    type Item = (u8, u64, u64);

    fn next(&mut self) -> Option<(u8, u64, u64)> {
        let (bin, rest) = self.0.split_first()?;
        self.0 = rest;
        Some((*bin, take(&mut self.0), take(&mut self.0)))
    }
}

/// A number with a sign as one without, small where it is near zero.
fn folded(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)) as u64
}

fn unfolded(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

fn put(into: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        into.push(number as u8 | 0x80);
        number >>= 7;
    }
    into.push(number as u8);
}

fn take(rest: &mut &[u8]) -> u64 {
    let (mut number, mut shift) = (0u64, 0);
    while let Some((byte, after)) = rest.split_first() {
        *rest = after;
        number |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
        if byte & 0x80 == 0 {
            break;
        }
        shift += 7;
    }
    number
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_usual_target_takes_few_bytes() {
        let (now, day) = (1_763_718_180, 86_400);
        let newest = Some((now - 3 * day) * 1_000_000_000);
        let recent = Some(Recent { older: 262, ..Recent::default() });
        let figures = Figures { median: 30_000, newest, recent, small: 262, empty: 0, groups: 1, at: now + 50 };
        let bins = [(12, 3, 7_000), (14, 40, 500_000), (16, 200, 9_000_000), (18, 17, 3_000_000), (20, 2, 1_500_000)];
        let mut bytes = Vec::new();
        pack(&mut bytes, &figures, &bins, (now * 1_000_000_000, now));
        assert!(bytes.len() <= 46, "{} bytes", bytes.len());
    }

    #[test]
    fn what_was_cut_short_is_read_without_a_panic() {
        let mut bytes = Vec::new();
        pack(&mut bytes, &Figures { median: u64::MAX, ..Figures::default() }, &[(47, u64::MAX, u64::MAX)], (0, 0));
        for length in 0..bytes.len() {
            let (_, bins) = unpack(&bytes[..length], (0, 0));
            assert!(bins.count() <= 1);
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            numbers in any::<(u64, u64, u64, u64)>(),
            newest in prop::option::of(-(1i64 << 61)..(1i64 << 61)),
            at in any::<i64>(),
            recent in prop::option::of((any::<[u64; 6]>(), any::<u64>(), prop::option::of(-(1i64 << 61)..(1i64 << 61)))),
            bins in prop::collection::vec((0u8..48, any::<u64>(), any::<u64>()), 0..48),
            base in (-(1i64 << 61)..(1i64 << 61), any::<i64>()),
        ) {
            let (median, small, empty, groups) = numbers;
            let recent = recent.map(|(mut within, older, own)| {
                within.sort_unstable();
                Recent { within, older, own: own.map(FileTime) }
            });
            let figures = Figures { median, newest, recent, small, empty, groups, at };
            let mut bytes = Vec::new();
            pack(&mut bytes, &figures, &bins, base);
            let (read, read_bins) = unpack(&bytes, base);
            prop_assert_eq!(read, figures);
            prop_assert_eq!(read_bins.collect::<Vec<_>>(), bins);
        }
    }
}
