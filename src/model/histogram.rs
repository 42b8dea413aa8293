//! File sizes in bins. `bin(length)` is the bit length: 0 for an empty file, else 1 + floor(log2 length); 48 bins, the
//! last open. Merging is addition, so partition, table, database and lake use one type. Kept sparse: two to six bins
//! are usual, so a million partitions stay small.

use serde::{Deserialize, Serialize};

use super::Size;

/// The number of bins.
pub const BINS: u8 = 48;

/// The labels (lower edges) of the bars for a target of 128 MiB.
pub const BAR_LABELS_AT_128_MIB: [&str; 10] = ["<4K", "4K", "16K", "64K", "256K", "1M", "4M", "16M", "64M", "256M+"];

/// Count and bytes by size bin.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Histogram {
    /// Bin, files, bytes; ordered by bin, none of them empty.
    bins: Vec<(u8, u64, u64)>,
}

/// What is counted in a bar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Measure {
    /// Files.
    #[default]
    Files,
    /// Bytes.
    Bytes,
}

/// The bin of a length.
pub fn bin_of(length: u64) -> u8 {
    ((64 - length.leading_zeros()) as u8).min(BINS - 1)
}

/// The smallest length of a bin, and the first above it (none for the open last bin).
pub fn edges(bin: u8) -> (u64, Option<u64>) {
    let from = if bin == 0 { 0 } else { 1u64 << (bin - 1) };
    let to = match bin {
        0 => Some(1),
        bin if bin >= BINS - 1 => None,
        bin => Some(1u64 << bin),
    };
    (from, to)
}

impl Histogram {
    /// Counts one file.
    pub fn add(&mut self, length: Size) {
        self.add_bin(bin_of(length.0), 1, length.0);
    }

    /// Adds another histogram.
    pub fn merge(&mut self, other: &Histogram) {
        for (bin, files, bytes) in &other.bins {
            self.add_bin(*bin, *files, *bytes);
        }
    }

    /// Counts files of one bin.
    pub fn add_bin(&mut self, bin: u8, files: u64, bytes: u64) {
        match self.bins.binary_search_by_key(&bin, |entry| entry.0) {
            Ok(at) => {
                self.bins[at].1 = self.bins[at].1.saturating_add(files);
                self.bins[at].2 = self.bins[at].2.saturating_add(bytes);
            }
            Err(at) => self.bins.insert(at, (bin, files, bytes)),
        }
    }

    /// The bins that hold something: bin, files, bytes.
    pub fn bins(&self) -> &[(u8, u64, u64)] {
        &self.bins
    }

    /// All files.
    pub fn files(&self) -> u64 {
        self.bins.iter().map(|bin| bin.1).fold(0, u64::saturating_add)
    }

    /// All bytes.
    pub fn bytes(&self) -> Size {
        Size(self.bins.iter().map(|bin| bin.2).fold(0, u64::saturating_add))
    }

    /// The median's bin, as its geometric middle: exact medians come from lengths while listing.
    pub fn median_estimate(&self) -> Size {
        let half = self.files().div_ceil(2);
        let mut seen = 0_u64;
        for (bin, files, _) in &self.bins {
            seen = seen.saturating_add(*files);
            if seen >= half {
                let (from, to) = edges(*bin);
                return Size(to.map_or(from, |to| ((from as f64) * (to as f64)).sqrt() as u64));
            }
        }
        Size(0)
    }

    /// The ten bars for a target size.
    pub fn bars(&self, target: Size) -> Bars {
        let first = Bars::first_bin(target);
        let mut bars = Bars { first_bin: first, files: [0; 10], bytes: [0; 10] };
        for (bin, files, bytes) in &self.bins {
            let bar = Bars::bar_of(first, *bin);
            bars.files[bar] = bars.files[bar].saturating_add(*files);
            bars.bytes[bar] = bars.bytes[bar].saturating_add(*bytes);
        }
        bars
    }
}

/// Ten bars of two bins each, placed so that the target is the geometric middle of the ninth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bars {
    /// The first bin of the second bar; the first bar holds all below.
    first_bin: u8,
    /// Files in each bar.
    pub files: [u64; 10],
    /// Bytes in each bar.
    pub bytes: [u64; 10],
}

impl Bars {
    fn first_bin(target: Size) -> u8 {
        // The ninth bar covers [target / 2, target * 2) of the nearest power of two; eight bars of two bins lie between
        // the second one's first bin and the end of the ninth.
        let nearest = (target.0.max(1) as f64).log2().round() as i32;
        let ninth = nearest; // 1 + log2(target / 2)
        u8::try_from((ninth - 14).max(1)).unwrap_or(1)
    }

    fn bar_of(first: u8, bin: u8) -> usize {
        if bin < first { 0 } else { usize::from((bin - first) / 2 + 1).min(9) }
    }

    /// The lower edge of a bar in bytes.
    pub fn from_bytes(&self, bar: usize) -> u64 {
        if bar == 0 { 0 } else { edges(self.first_bin + 2 * (bar as u8 - 1)).0 }
    }

    /// The labels: lower edges, the first one `<`, the last with `+`.
    pub fn labels(&self) -> [String; 10] {
        std::array::from_fn(|bar| match bar {
            0 => format!("<{}", edge_text(self.from_bytes(1))),
            9 => format!("{}+", edge_text(self.from_bytes(9))),
            _ => edge_text(self.from_bytes(bar)),
        })
    }

    /// The bar whose lower edge lies nearest to the small-file threshold: the line `│` stands before it.
    pub fn line_before(&self, threshold: Size) -> usize {
        let wanted = (threshold.0.max(1) as f64).log2();
        (1..10)
            .min_by(|a, b| {
                let distance = |bar: usize| ((self.from_bytes(bar).max(1) as f64).log2() - wanted).abs();
                distance(*a).total_cmp(&distance(*b))
            })
            .unwrap_or(1)
    }

    /// Files or bytes of each bar.
    pub fn measure(&self, measure: Measure) -> [u64; 10] {
        match measure {
            Measure::Files => self.files,
            Measure::Bytes => self.bytes,
        }
    }
}

/// A bin's edge as a label: `512`, `4K`, `64M`, `1G`.
pub fn edge_text(bytes: u64) -> String {
    match bytes {
        0..1_024 => bytes.to_string(),
        1_024..1_048_576 => format!("{}K", bytes >> 10),
        1_048_576..1_073_741_824 => format!("{}M", bytes >> 20),
        1_073_741_824..1_099_511_627_776 => format!("{}G", bytes >> 30),
        _ => format!("{}T", bytes >> 40),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_are_bit_lengths() {
        assert_eq!([0, 1, 2, 3, 4, 1 << 20, u64::MAX].map(bin_of), [0, 1, 2, 2, 3, 21, 47]);
        for bin in 0..BINS {
            let (from, to) = edges(bin);
            assert_eq!(bin_of(from), bin);
            if let Some(to) = to {
                assert_eq!(bin_of(to - 1), bin);
            }
        }
    }

    #[test]
    fn bars_of_the_default_target_have_the_documented_labels() {
        let mut histogram = Histogram::default();
        for length in [100, 5_000, 70_000, 140_000, 300_000, 100 << 20, 400 << 20] {
            histogram.add(Size(length));
        }
        let bars = histogram.bars(Size::mib(128));
        assert_eq!(bars.labels(), BAR_LABELS_AT_128_MIB.map(str::to_owned));
        assert_eq!(bars.files, [1, 1, 0, 2, 1, 0, 0, 0, 1, 1]);
        assert_eq!(bars.line_before(Size(13_421_773)), 7);
        assert_eq!(histogram.files(), 7);
    }

    #[test]
    fn a_small_target_still_has_ten_bars() {
        let mut histogram = Histogram::default();
        histogram.add(Size(0));
        histogram.add(Size(u64::MAX));
        let bars = histogram.bars(Size(4096));
        assert_eq!(bars.files.iter().sum::<u64>(), 2);
    }
}
