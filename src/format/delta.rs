//! The headers of delta encodings, which say how many values follow: the decoder allocates by that number, so it is
//! held against the page's own count first.

use super::thrift::damaged;
use crate::error::Result;

/// Checks one DELTA_BINARY_PACKED sequence of at most `most` values; the number of bytes that it takes.
pub(super) fn check(bytes: &[u8], most: u32) -> Result<usize> {
    let mut at = 0;
    let block = number(bytes, &mut at)?;
    let minis = number(bytes, &mut at)?;
    let total = number(bytes, &mut at)?;
    number(bytes, &mut at)?;
    let fits = minis > 0 && block % 128 == 0 && block % minis == 0 && (block / minis).is_multiple_of(32);
    if !fits || total > u64::from(most) || block > 1 << 20 {
        return Err(damaged("a delta encoding has an impossible header"));
    }
    let (minis, per_mini) = (minis as usize, block / minis);
    let mut left = total.saturating_sub(1);
    while left > 0 {
        number(bytes, &mut at)?;
        let widths = bytes.get(at..at + minis).ok_or_else(|| damaged("a delta encoding ends too early"))?;
        at += minis;
        for width in widths {
            if left == 0 {
                break;
            }
            left = left.saturating_sub(per_mini);
            at += (u64::from(*width) * per_mini / 8) as usize;
        }
    }
    // The last miniblock may be cut off where no value is left in it; the decoder looks at what is there.
    Ok(at.min(bytes.len()))
}

fn number(bytes: &[u8], at: &mut usize) -> Result<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = *bytes.get(*at).ok_or_else(|| damaged("a delta encoding ends too early"))?;
        *at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(damaged("a delta encoding has an impossible header"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_of_a_sequence_is_known() {
        // Block 128, 4 miniblocks, 3 values, first 7; one block: min delta 2, widths 1 0 0 0, 4 bytes of deltas.
        let bytes = [0x80, 0x01, 4, 3, 14, 4, 1, 0, 0, 0, 0xff, 0xff, 0, 0, 99];
        assert_eq!(check(&bytes, 3).unwrap(), 14);
        assert_eq!(check(&[0x80, 0x01, 4, 1, 14], 5).unwrap(), 5);
    }

    #[test]
    fn impossible_headers_are_damage() {
        let endless = [0xff; 20];
        let too_many = [0x80, 0x01, 4, 200, 1, 14];
        let no_blocks = [0x80, 0x01, 0, 1, 14];
        for bytes in [&endless[..], &too_many, &no_blocks, &[0x80], &[]] {
            assert!(check(bytes, 100).is_err(), "{bytes:?}");
        }
    }
}
