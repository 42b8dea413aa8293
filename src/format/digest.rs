//! Digests of a column's content: definition levels, repetition levels and values, each in their order. Batches may be
//! cut anywhere. Two columns have equal digests only if they hold the same rows in the same order, value for value:
//! floats by their bits, byte arrays with their lengths.

use parquet::data_type::{ByteArray, FixedLenByteArray, Int96};
use xxhash_rust::xxh3::Xxh3;

use super::thrift::damaged;
use crate::error::Result;

/// The digest of one column of some rows.
pub(super) type Digest = u128;

/// Bytes that are gathered before they are hashed.
const BUFFER: usize = 32 * 1024;

/// A value as the bytes that count.
pub(super) trait Hashable {
    /// Whether all values are equally long.
    const FIXED_WIDTH: bool;

    /// Appends many; those of no fixed width with their length.
    fn append(values: &[Self], buffer: &mut Vec<u8>)
    where
        Self: Sized;

    /// The bytes that many take, about.
    fn bytes(values: &[Self]) -> usize
    where
        Self: Sized;
}

macro_rules! fixed {
    ($($type:ty),*) => {$(
        impl Hashable for $type {
            const FIXED_WIDTH: bool = true;

            fn append(values: &[Self], buffer: &mut Vec<u8>) {
                buffer.extend(values.iter().flat_map(|value| value.to_le_bytes()));
            }

            fn bytes(values: &[Self]) -> usize {
                std::mem::size_of_val(values)
            }
        }
    )*};
}

fixed!(i32, i64, f32, f64);

impl Hashable for bool {
    const FIXED_WIDTH: bool = true;

    fn append(values: &[Self], buffer: &mut Vec<u8>) {
        buffer.extend(values.iter().map(|value| u8::from(*value)));
    }

    fn bytes(values: &[Self]) -> usize {
        values.len()
    }
}

impl Hashable for Int96 {
    const FIXED_WIDTH: bool = true;

    fn append(values: &[Self], buffer: &mut Vec<u8>) {
        for value in values {
            buffer.extend(value.data().iter().flat_map(|word| word.to_le_bytes()));
        }
    }

    fn bytes(values: &[Self]) -> usize {
        values.len() * 12
    }
}

impl Hashable for ByteArray {
    const FIXED_WIDTH: bool = false;

    fn append(values: &[Self], buffer: &mut Vec<u8>) {
        for value in values {
            buffer.extend_from_slice(&(value.len() as u32).to_le_bytes());
            buffer.extend_from_slice(value.data());
        }
    }

    fn bytes(values: &[Self]) -> usize {
        values.iter().map(ByteArray::len).sum()
    }
}

impl Hashable for FixedLenByteArray {
    const FIXED_WIDTH: bool = false;

    fn append(values: &[Self], buffer: &mut Vec<u8>) {
        for value in values {
            buffer.extend_from_slice(value.data());
        }
    }

    fn bytes(values: &[Self]) -> usize {
        values.iter().map(|value| value.len()).sum()
    }
}

/// Builds digests, one after the other; keeps its buffers.
pub(super) struct Digester {
    definition: Xxh3,
    repetition: Xxh3,
    values: Xxh3,
    buffer: Vec<u8>,
    counts: [u64; 3],
}

impl Default for Digester {
    fn default() -> Digester {
        Digester {
            definition: Xxh3::new(),
            repetition: Xxh3::new(),
            values: Xxh3::new(),
            buffer: Vec::with_capacity(BUFFER),
            counts: [0; 3],
        }
    }
}

impl Digester {
    /// Adds definition levels; one that is above the column's highest is damage.
    pub fn definition(&mut self, levels: &[i16], highest: i16) -> Result<()> {
        self.counts[0] += levels.len() as u64;
        add_levels(&mut self.definition, &mut self.buffer, levels, highest)
    }

    /// Adds repetition levels, likewise.
    pub fn repetition(&mut self, levels: &[i16], highest: i16) -> Result<()> {
        self.counts[1] += levels.len() as u64;
        add_levels(&mut self.repetition, &mut self.buffer, levels, highest)
    }

    /// Adds values.
    pub fn values<T: Hashable>(&mut self, values: &[T]) {
        self.counts[2] += values.len() as u64;
        for part in values.chunks(1024) {
            T::append(part, &mut self.buffer);
            if self.buffer.len() >= BUFFER {
                self.flush_values();
            }
        }
        self.flush_values();
    }

    fn flush_values(&mut self) {
        self.values.update(&self.buffer);
        self.buffer.clear();
    }

    /// The digest of what was added; the next one begins.
    pub fn finish(&mut self) -> Digest {
        let mut whole = [0; 72];
        let parts = [self.definition.digest128(), self.repetition.digest128(), self.values.digest128()];
        for (slot, part) in whole.chunks_exact_mut(16).zip(parts) {
            slot.copy_from_slice(&part.to_le_bytes());
        }
        for (slot, count) in whole[48..].chunks_exact_mut(8).zip(self.counts) {
            slot.copy_from_slice(&count.to_le_bytes());
        }
        self.definition.reset();
        self.repetition.reset();
        self.values.reset();
        self.counts = [0; 3];
        xxhash_rust::xxh3::xxh3_128(&whole)
    }
}

fn add_levels(hash: &mut Xxh3, buffer: &mut Vec<u8>, levels: &[i16], highest: i16) -> Result<()> {
    if levels.iter().any(|level| !(0..=highest).contains(level)) {
        return Err(damaged("a level is out of range"));
    }
    buffer.clear();
    if highest <= i16::from(u8::MAX) {
        buffer.extend(levels.iter().map(|level| *level as u8));
    } else {
        buffer.extend(levels.iter().flat_map(|level| level.to_le_bytes()));
    }
    hash.update(buffer);
    buffer.clear();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(values: &[&str]) -> Vec<ByteArray> {
        values.iter().map(|value| ByteArray::from(*value)).collect()
    }

    #[test]
    fn digests_do_not_depend_on_batches() {
        let values: Vec<i64> = (0..100_000).map(|value| value * 31).collect();
        let mut digester = Digester::default();
        digester.values(&values);
        let whole = digester.finish();
        for batch in [1, 7, 4096, 99_999] {
            values.chunks(batch).for_each(|part| digester.values(part));
            assert_eq!(digester.finish(), whole);
        }
    }

    #[test]
    fn order_lengths_levels_and_bits_count() {
        let mut digester = Digester::default();
        let mut of = |values: &[&str]| {
            digester.values(&texts(values));
            digester.finish()
        };
        assert_ne!(of(&["a", "b"]), of(&["b", "a"]));
        assert_ne!(of(&["ab", ""]), of(&["a", "b"]));
        let mut of = |levels: &[i16], values: &[f64]| {
            digester.definition(levels, 1).unwrap();
            digester.values(values);
            digester.finish()
        };
        assert_ne!(of(&[1, 0], &[1.0]), of(&[0, 1], &[1.0]));
        assert_ne!(of(&[1], &[0.0]), of(&[1], &[-0.0]));
        assert_ne!(of(&[1], &[f64::NAN]), of(&[1], &[f64::from_bits(f64::NAN.to_bits() + 1)]));
        assert!(digester.definition(&[2], 1).is_err());
    }
}
