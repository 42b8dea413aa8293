//! Thrift's compact protocol, as far as footers and page headers need it, over bytes that nobody vouches for: every
//! length is checked against the bytes that are left, nothing is allocated by a number that was read.

use crate::error::{Code, Error, Result};

/// How deep structures may be nested; Parquet's own are at most seven deep.
const DEPTH: u8 = 24;

/// The types of the compact protocol that matter by name.
const TRUE: u8 = 1;
const FALSE: u8 = 2;
pub(super) const I32: u8 = 5;
pub(super) const I64: u8 = 6;
pub(super) const BINARY: u8 = 8;
pub(super) const LIST: u8 = 9;
pub(super) const STRUCT: u8 = 12;

/// A field's type and number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub kind: u8,
    pub id: i16,
}

/// Reads a value after the other.
#[derive(Clone, Debug)]
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The bytes are the beginning of something longer, so an end is no damage.
    partial: bool,
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { bytes, at: 0, partial: false }
    }

    /// For the beginning of something longer: an end is [`Code::NotFound`] instead of damage, so that the caller can
    /// come back with more.
    pub fn partial(bytes: &'a [u8]) -> Reader<'a> {
        Reader { bytes, at: 0, partial: true }
    }

    /// The number of bytes read.
    pub fn position(&self) -> usize {
        self.at
    }

    fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    fn ended(&self) -> Error {
        Error::new(if self.partial { Code::NotFound } else { Code::DamagedFile }, "a structure ends too early")
    }

    fn byte(&mut self) -> Result<u8> {
        let byte = *self.bytes.get(self.at).ok_or_else(|| self.ended())?;
        self.at += 1;
        Ok(byte)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        if length > self.left() {
            return Err(self.ended());
        }
        let taken = &self.bytes[self.at..self.at + length];
        self.at += length;
        Ok(taken)
    }

    fn varint(&mut self) -> Result<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(damaged("a number is too long"))
    }

    /// A number of any width.
    pub fn integer(&mut self) -> Result<i64> {
        let raw = self.varint()?;
        Ok((raw >> 1) as i64 ^ -((raw & 1) as i64))
    }

    /// Text or bytes.
    pub fn binary(&mut self) -> Result<&'a [u8]> {
        let length = usize::try_from(self.varint()?).map_err(|_| damaged("a length is out of bounds"))?;
        self.take(length)
    }

    /// The next field of a structure; none at its end.
    pub fn field(&mut self, last: i16) -> Result<Option<Field>> {
        let header = self.byte()?;
        let kind = header & 0x0f;
        if kind == 0 {
            return Ok(None);
        }
        let id = match i16::from(header >> 4) {
            0 => i16::try_from(self.integer()?).map_err(|_| damaged("a field has no valid number"))?,
            delta => last.checked_add(delta).ok_or_else(|| damaged("a field has no valid number"))?,
        };
        Ok(Some(Field { kind, id }))
    }

    /// The elements' type and number of a list, each of which takes at least `least` bytes.
    pub fn list(&mut self, least: usize) -> Result<(u8, usize)> {
        let header = self.byte()?;
        let count = match header >> 4 {
            15 => usize::try_from(self.varint()?).map_err(|_| damaged("a list is too long"))?,
            count => usize::from(count),
        };
        let possible = count.checked_mul(least.max(1)).is_some_and(|bytes| bytes <= self.left());
        if possible || self.partial {
            Ok((header & 0x0f, count))
        } else {
            Err(damaged("a list is longer than its file"))
        }
    }

    /// Calls `each` for every field of a structure; it returns whether it read the value, which is skipped otherwise.
    pub fn fields(&mut self, mut each: impl FnMut(&mut Reader<'a>, Field) -> Result<bool>) -> Result<()> {
        let mut last = 0;
        while let Some(field) = self.field(last)? {
            last = field.id;
            if !each(self, field)? {
                self.skip(field.kind, DEPTH)?;
            }
        }
        Ok(())
    }

    /// Calls `each` for every element of a list of structures.
    pub fn structures(&mut self, least: usize, mut each: impl FnMut(&mut Reader<'a>) -> Result<()>) -> Result<usize> {
        let (kind, count) = self.list(least)?;
        if kind != STRUCT && count > 0 {
            return Err(damaged("a list does not hold structures"));
        }
        for _ in 0..count {
            each(self)?;
        }
        Ok(count)
    }

    fn skip(&mut self, kind: u8, depth: u8) -> Result<()> {
        let deeper = depth.checked_sub(1).ok_or_else(|| damaged("structures are nested too deeply"))?;
        match kind {
            1 | 2 => Ok(()),
            3 => self.take(1).map(drop),
            4..=6 => self.varint().map(drop),
            7 => self.take(8).map(drop),
            BINARY => self.binary().map(drop),
            LIST | 10 => self.skip_list(deeper),
            11 => self.skip_map(deeper),
            STRUCT => {
                let mut last = 0;
                while let Some(field) = self.field(last)? {
                    last = field.id;
                    self.skip(field.kind, deeper)?;
                }
                Ok(())
            }
            _ => Err(damaged("a value has an unknown type")),
        }
    }

    fn skip_list(&mut self, depth: u8) -> Result<()> {
        let (kind, count) = self.list(1)?;
        (0..count).try_for_each(|_| self.skip_element(kind, depth))
    }

    fn skip_map(&mut self, depth: u8) -> Result<()> {
        let count = self.varint()?;
        if count == 0 {
            return Ok(());
        }
        let kinds = self.byte()?;
        for _ in 0..count {
            self.skip_element(kinds >> 4, depth)?;
            self.skip_element(kinds & 0x0f, depth)?;
        }
        Ok(())
    }

    /// In collections a boolean takes a byte; as a field it takes none.
    fn skip_element(&mut self, kind: u8, depth: u8) -> Result<()> {
        if matches!(kind, 1 | 2) { self.take(1).map(drop) } else { self.skip(kind, depth) }
    }
}

/// Writes structures whose fields come in order.
#[derive(Debug, Default)]
pub(super) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    pub fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }

    pub fn integer(&mut self, value: i64) {
        self.varint(((value << 1) ^ (value >> 63)) as u64);
    }

    /// A field `delta` (1 to 15) after the last.
    pub fn field(&mut self, delta: u8, kind: u8) {
        self.bytes.push(delta << 4 | kind);
    }

    /// A field with a number of 32 bits.
    pub fn integer_field(&mut self, delta: u8, value: i64) {
        self.field(delta, I32);
        self.integer(value);
    }

    /// A field with a truth value, which its type tells.
    pub fn flag_field(&mut self, delta: u8, value: bool) {
        self.field(delta, if value { TRUE } else { FALSE });
    }

    pub fn list(&mut self, kind: u8, count: usize) {
        if count < 15 {
            self.bytes.push((count as u8) << 4 | kind);
        } else {
            self.bytes.push(0xf0 | kind);
            self.varint(count as u64);
        }
    }

    /// The end of a structure.
    pub fn stop(&mut self) {
        self.bytes.push(0);
    }

    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// The error of bytes that are not what they should be.
pub(super) fn damaged(why: &str) -> Error {
    Error::new(Code::DamagedFile, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read() {
        let mut writer = Writer::default();
        writer.field(1, 6);
        writer.integer(-7);
        writer.field(2, LIST);
        writer.list(6, 20);
        (0..20).for_each(|value| writer.integer(value));
        writer.stop();
        let bytes = writer.into_bytes();
        let mut reader = Reader::new(&bytes);
        let mut seen = Vec::new();
        reader
            .fields(|reader, field| {
                seen.push(field.id);
                Ok(field.id == 1 && reader.integer()? == -7)
            })
            .unwrap();
        assert_eq!((seen, reader.position()), (vec![1, 3], bytes.len()));
    }

    #[test]
    fn hostile_lengths_are_damage() {
        let codes = |bytes: &[u8]| Reader::new(bytes).fields(|_, _| Ok(false)).unwrap_err().code();
        let deep = [0x1c; 4096];
        let long_list = [0x19, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x07];
        let long_text = [0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
        let endless = [0x16, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        for bytes in [&deep[..], &long_list, &long_text, &endless, &[0x1d], &[]] {
            assert_eq!(codes(bytes), Code::DamagedFile, "{bytes:?}");
        }
        assert_eq!(Reader::partial(&[0x15]).fields(|_, _| Ok(false)).unwrap_err().code(), Code::NotFound);
    }
}
