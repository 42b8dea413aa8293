//! Reading replies that have arrived as a whole.

use bytes::Bytes;

use super::value::{Struct, Value};
use super::{DEEPEST, KIND_EXCEPTION, KIND_REPLY, MOST_VALUES, VERSION, damaged, wire};
use crate::error::Result;

/// A reply: what the method returned or threw, as the fields of its result, or an exception of the server itself.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// Field 0 is what was returned; other fields are what was thrown.
    Result(Struct),
    /// The call could not be carried out at all.
    Failure {
        /// What the server says.
        message: String,
        /// The protocol's number for it; 1 is a method that it does not have.
        kind: i64,
    },
}

/// Reads a reply to the call with this sequence number.
pub fn read_reply(bytes: &Bytes, sequence: i32) -> Result<Reply> {
    let mut reader = Reader::new(bytes.clone());
    let is_failure = reader.head(sequence)?;
    let fields = reader.fields(0)?;
    if reader.left() > 0 {
        return Err(damaged(format!("{} bytes follow its end", reader.left())));
    }
    Ok(match is_failure {
        false => Reply::Result(fields),
        true => Reply::Failure {
            message: fields.text(1).unwrap_or("no message").to_owned(),
            kind: fields.number(2).unwrap_or_default(),
        },
    })
}

/// What is shorter is kept as long as it is read.
const WORTH_LETTING_GO: usize = 1 << 20;

/// Reads from the front of what arrived.
#[derive(Debug)]
pub(super) struct Reader {
    bytes: Bytes,
    at: usize,
    values: usize,
}

impl Reader {
    pub(super) fn new(bytes: Bytes) -> Reader {
        Reader { bytes, at: 0, values: 0 }
    }

    pub(super) fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.bytes.len()
    }

    /// Lets go of what was read, once that is half of much: the rest is copied, so a long list costs its length twice.
    pub(super) fn let_go(&mut self) {
        if self.bytes.len() > WORTH_LETTING_GO && self.left() * 2 <= self.bytes.len() {
            self.bytes = Bytes::copy_from_slice(&self.bytes[self.at..]);
            self.at = 0;
        }
    }

    /// The head of a reply; whether it is an exception.
    pub(super) fn head(&mut self, sequence: i32) -> Result<bool> {
        let version = self.u32()?;
        if version & 0xffff_0000 != VERSION {
            return Err(damaged("it is not Thrift's binary protocol"));
        }
        let kind = version as u8;
        let _method = self.binary()?;
        let answered = self.i32()?;
        if answered != sequence {
            return Err(damaged(format!("it answers call {answered}, not {sequence}")));
        }
        match kind {
            KIND_REPLY => Ok(false),
            KIND_EXCEPTION => Ok(true),
            other => Err(damaged(format!("its kind is {other}"))),
        }
    }

    fn fields(&mut self, depth: usize) -> Result<Struct> {
        if depth > DEEPEST {
            return Err(damaged("it is nested too deeply"));
        }
        let mut fields = Vec::new();
        while let Some((kind, id)) = self.field()? {
            fields.push((id, self.value(kind, depth)?));
        }
        Ok(Struct(fields))
    }

    /// The head of the next field; none at the end of the struct.
    pub(super) fn field(&mut self) -> Result<Option<(u8, i16)>> {
        match self.u8()? {
            wire::STOP => Ok(None),
            kind => Ok(Some((kind, i16::from_be_bytes(self.array()?)))),
        }
    }

    fn value(&mut self, kind: u8, depth: usize) -> Result<Value> {
        self.values += 1;
        if self.values > MOST_VALUES {
            return Err(damaged(format!("it has more than {MOST_VALUES} values")));
        }
        Ok(match kind {
            wire::BOOL => Value::Bool(self.u8()? != 0),
            wire::BYTE => Value::Byte(i8::from_be_bytes(self.array()?)),
            wire::I16 => Value::I16(i16::from_be_bytes(self.array()?)),
            wire::I32 => Value::I32(self.i32()?),
            wire::I64 => Value::I64(i64::from_be_bytes(self.array()?)),
            wire::DOUBLE => Value::Double(u64::from_be_bytes(self.array()?)),
            wire::BINARY => Value::Binary(self.binary()?),
            wire::STRUCT => Value::Struct(self.fields(depth + 1)?),
            wire::LIST => {
                let (kind, items) = self.items(depth + 1)?;
                Value::List(kind, items)
            }
            wire::SET => {
                let (kind, items) = self.items(depth + 1)?;
                Value::Set(kind, items)
            }
            wire::MAP => self.map(depth + 1)?,
            other => return Err(damaged(format!("it has a value of the unknown type {other}"))),
        })
    }

    fn items(&mut self, depth: usize) -> Result<(u8, Vec<Value>)> {
        if depth > DEEPEST {
            return Err(damaged("it is nested too deeply"));
        }
        let (kind, count) = self.items_head()?;
        let mut items = Vec::new();
        for _ in 0..count {
            items.push(self.value(kind, depth)?);
        }
        Ok((kind, items))
    }

    /// The type and the number of a list's elements.
    pub(super) fn items_head(&mut self) -> Result<(u8, usize)> {
        Ok((self.u8()?, self.count()?))
    }

    fn map(&mut self, depth: usize) -> Result<Value> {
        if depth > DEEPEST {
            return Err(damaged("it is nested too deeply"));
        }
        let (key_kind, value_kind) = (self.u8()?, self.u8()?);
        let count = self.count()?;
        let mut pairs = Vec::new();
        for _ in 0..count {
            pairs.push((self.value(key_kind, depth)?, self.value(value_kind, depth)?));
        }
        Ok(Value::Map(key_kind, value_kind, pairs))
    }

    /// Text or bytes, without a copy.
    pub(super) fn binary(&mut self) -> Result<Bytes> {
        let length = self.count()?;
        let content = self.bytes.slice(self.at..self.at + length);
        self.at += length;
        Ok(content)
    }

    /// A number of bytes or elements, each of at least one byte: no more than are left.
    fn count(&mut self) -> Result<usize> {
        let claimed = self.i32()?;
        match usize::try_from(claimed) {
            Ok(count) if count <= self.left() => Ok(count),
            _ => Err(damaged(format!("it claims {claimed} where {} bytes are left", self.left()))),
        }
    }

    fn u8(&mut self) -> Result<u8> {
        Ok(self.array::<1>()?[0])
    }

    fn u32(&mut self) -> Result<u32> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    fn i32(&mut self) -> Result<i32> {
        Ok(i32::from_be_bytes(self.array()?))
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let end = self.at.saturating_add(N);
        match self.bytes.get(self.at..end).and_then(|bytes| bytes.try_into().ok()) {
            Some(array) => {
                self.at = end;
                Ok(array)
            }
            None => Err(damaged("it ends too early")),
        }
    }
}
