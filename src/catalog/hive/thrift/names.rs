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
        self.reader.let_go();
        let text = self.reader.binary()?;
        match std::str::from_utf8(&text) {
            Ok(text) => Ok(Some(text.to_owned())),
            Err(_) => Err(damaged("a name in it is not UTF-8")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::hive::thrift::{Struct, Value, call};

    #[test]
    fn a_long_list_is_let_go_of_while_it_is_read_and_loses_nothing() {
        let names: Vec<String> = (0..100_000).map(|number| format!("day=2026-01-01/hour={number:06}")).collect();
        let mut reply = call("get_partition_names", 7, &Struct::new().with(0, Value::texts(names.iter().cloned())));
        reply[3] = 2;
        let mut texts = Texts::of(&Bytes::from(reply), 7).unwrap().unwrap();
        let first = texts.reader.held();
        for (number, name) in names.iter().enumerate() {
            assert_eq!(texts.next_text().unwrap().as_ref(), Some(name));
            if number == 80_000 {
                assert!(texts.reader.held() < first / 2, "{} of {first}", texts.reader.held());
            }
        }
        assert_eq!((texts.next_text().unwrap(), texts.left()), (None, 0));
    }
}
