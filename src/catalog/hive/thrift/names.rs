//! A reply that is a list of texts and may have millions of them: they are read one by one from the bytes that
//! arrived.

use bytes::Bytes;

use super::decode::Reader;
use super::{Reply, damaged, read_reply, wire};
use crate::error::Result;

/// The texts of a reply, in their order.
#[derive(Debug)]
pub struct Texts {
    reader: Reader,
    left: usize,
}

impl Texts {
    /// Reads the head of a reply whose result is a list of texts; the reply itself where it is something else.
    pub fn of(bytes: &Bytes, sequence: i32) -> Result<Result<Texts, Reply>> {
        let mut reader = Reader::new(bytes.clone());
        let is_failure = reader.head(sequence)?;
        match (is_failure, reader.field()?) {
            (false, Some((wire::LIST, 0))) => {}
            _ => return read_reply(bytes, sequence).map(Err),
        }
        match reader.items_head()? {
            (_, 0) => Ok(Ok(Texts { reader, left: 0 })),
            (wire::BINARY, left) => Ok(Ok(Texts { reader, left })),
            (other, _) => Err(damaged(format!("a list of texts has elements of type {other}"))),
        }
    }

    /// How many are left.
    pub fn left(&self) -> usize {
        self.left
    }

    /// The next one; none at the end. A name that is not UTF-8 is an error: it could not be asked for.
    pub fn next_text(&mut self) -> Result<Option<String>> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        let text = self.reader.binary()?;
        match std::str::from_utf8(&text) {
            Ok(text) => Ok(Some(text.to_owned())),
            Err(_) => Err(damaged("a name in it is not UTF-8")),
        }
    }
}
