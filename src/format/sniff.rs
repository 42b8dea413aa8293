//! What a file is, by its first and last bytes; names and extensions say nothing (Hive's files have none).

use super::held;
use crate::error::{Code, Error, Result};
use crate::model::{DataFormat, Size, StorePath};
use crate::store;

/// Bytes looked at from the start to tell text from anything else.
const HEAD: u64 = 512;

/// The format of a file of this length. Unfinished Parquet is [`Code::DamagedFile`], a file encrypted as a whole
/// [`Code::Encrypted`]. Files of 0 bytes decide no format and are not asked about: they are [`DataFormat::Unknown`].
pub async fn sniff(store: &dyn store::Read, path: &StorePath, length: Size) -> Result<DataFormat> {
    if length.0 == 0 {
        return Ok(DataFormat::Unknown);
    }
    let file = held::open(store, path, length).await?;
    let head_length = length.0.min(HEAD) as usize;
    let head = file.read_at(0, head_length).await?;
    let tail_length = length.0.min(4) as usize;
    let tail = file.read_at(length.0 - tail_length as u64, tail_length).await?;
    by_magic(&head, &tail, length.0).map_err(|error| error.context(path))
}

/// The error of a file whose length is not the listed one.
pub(super) fn changed(path: &StorePath, listed: Size, now: Size) -> Error {
    Error::new(Code::Changed, format!("{path} changed: {} bytes when listed, {} bytes now", listed.0, now.0))
}

fn by_magic(head: &[u8], tail: &[u8], length: u64) -> Result<DataFormat> {
    if matches!(head.get(..4), Some(b"PAR1" | b"PARE")) && tail.ends_with(b"PARE") {
        return Err(Error::new(Code::Encrypted, "the footer is encrypted"));
    }
    if head.starts_with(b"PAR1") {
        return match tail {
            b"PAR1" if length >= 12 => Ok(DataFormat::Parquet),
            // Begins as Parquet and does not end as it: its writer has not finished, or died.
            _ => Err(Error::new(Code::DamagedFile, "unfinished Parquet: it has no footer")
                .next("wait until its writer is done, or move the file away if that one is dead")),
        };
    }
    Ok(match head {
        [b'O', b'R', b'C', ..] => DataFormat::Orc,
        [b'O', b'b', b'j', 1, ..] => DataFormat::Avro,
        _ if is_text(head) => DataFormat::Text,
        _ => DataFormat::Unknown,
    })
}

/// Whether it is UTF-8 (but for a character cut off at the end) without control characters other than Hive's
/// separators, tabs and line breaks.
fn is_text(head: &[u8]) -> bool {
    let valid = match std::str::from_utf8(head) {
        Ok(_) => head,
        Err(error) if error.error_len().is_none() => &head[..error.valid_up_to()],
        Err(_) => return false,
    };
    valid.iter().all(|byte| !byte.is_ascii_control() || matches!(byte, 1..=8 | b'\t' | b'\n' | b'\r'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_known_by_their_magic() {
        let sniffed = |bytes: &[u8]| {
            let tail = &bytes[bytes.len().saturating_sub(4)..];
            by_magic(bytes, tail, bytes.len() as u64).map_err(|error| error.code())
        };
        assert_eq!(sniffed(b"PAR1....\0\0\0\0PAR1"), Ok(DataFormat::Parquet));
        assert_eq!(sniffed(b"PAR1 and then nothing"), Err(Code::DamagedFile));
        assert_eq!(sniffed(b"PAR1"), Err(Code::DamagedFile));
        assert_eq!(sniffed(b"PARE....\0\0\0\0PARE"), Err(Code::Encrypted));
        assert_eq!(sniffed(b"ORC\x0a\x03"), Ok(DataFormat::Orc));
        assert_eq!(sniffed(b"Obj\x01\x04"), Ok(DataFormat::Avro));
        assert_eq!(sniffed("a\u{1}b\n{\"x\":1}\n\u{e9}".as_bytes()), Ok(DataFormat::Text));
        assert_eq!(sniffed(b"text cut in a character \xc3"), Ok(DataFormat::Text));
        assert_eq!(sniffed(b"\x00\x01\x02"), Ok(DataFormat::Unknown));
        assert_eq!(sniffed(b"\x1f\x8b\x08"), Ok(DataFormat::Unknown));
    }
}
