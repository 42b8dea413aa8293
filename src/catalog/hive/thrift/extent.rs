//! Where a message ends, found while it arrives: the plain transport has no lengths.
//!
//! Invariant: what was passed once is never looked at again, so that a reply in a thousand pieces costs no more than
//! in one; and no byte past the end of the message is passed.

use super::{DEEPEST, VERSION, damaged, wire};
use crate::error::Result;

/// What is expected next.
#[derive(Clone, Copy, Debug)]
enum Expected {
    Version,
    Name,
    Sequence,
    /// A field of a struct, or its end.
    Field,
    /// So many values of a type.
    Values(u8, usize),
    /// So many pairs of two types.
    Pairs(u8, u8, usize),
}

/// Finds the end of one message.
#[derive(Debug)]
pub struct Extent {
    at: usize,
    /// The innermost last.
    open: Vec<Expected>,
}

impl Default for Extent {
    fn default() -> Extent {
        Extent { at: 0, open: vec![Expected::Field, Expected::Sequence, Expected::Name, Expected::Version] }
    }
}

impl Extent {
    /// Looks at what arrived so far, from the beginning of the message. The length of the message once all of it is
    /// there.
    pub fn end(&mut self, arrived: &[u8]) -> Result<Option<usize>> {
        while let Some(expected) = self.open.last().copied() {
            // What has a fixed size is passed unseen; not by more than arrived.
            if self.at > arrived.len() || !self.pass(expected, arrived)? {
                return Ok(None);
            }
        }
        Ok((arrived.len() >= self.at).then_some(self.at))
    }

    /// Passes the next piece; not so where it has not arrived.
    fn pass(&mut self, expected: Expected, arrived: &[u8]) -> Result<bool> {
        match expected {
            Expected::Version => {
                let Some(version) = number(arrived, self.at) else { return Ok(false) };
                if version as u32 & 0xffff_0000 != VERSION {
                    return Err(damaged("it is not Thrift's binary protocol")
                        .next("check catalog.tls, catalog.framed and catalog.principal of the profile"));
                }
                self.finish(4);
            }
            Expected::Name => {
                let Some(length) = number(arrived, self.at) else { return Ok(false) };
                self.finish(4 + size(length)?);
            }
            Expected::Sequence => self.finish(4),
            Expected::Field => match arrived.get(self.at) {
                None => return Ok(false),
                Some(&wire::STOP) => self.finish(1),
                Some(&kind) => {
                    self.at += 3;
                    self.value(kind)?;
                }
            },
            Expected::Values(_, 0) | Expected::Pairs(_, _, 0) => self.finish(0),
            Expected::Values(kind, left) => {
                // What has a fixed size needs no bytes to be looked at.
                if let Some(size) = fixed(kind) {
                    self.finish(size.saturating_mul(left));
                } else {
                    return self.inside(kind, Expected::Values(kind, left - 1), arrived);
                }
            }
            Expected::Pairs(key, value, left) => {
                self.replace(Expected::Pairs(key, value, left - 1));
                self.open.push(Expected::Values(value, 1));
                self.open.push(Expected::Values(key, 1));
            }
        }
        if self.open.len() > 4 * DEEPEST {
            return Err(damaged("it is nested too deeply"));
        }
        Ok(true)
    }

    /// Passes the head of a value whose size depends on what it says; `rest` is what is expected after it.
    fn inside(&mut self, kind: u8, rest: Expected, arrived: &[u8]) -> Result<bool> {
        let at = self.at;
        let next = match kind {
            wire::BINARY => match number(arrived, at) {
                Some(length) => {
                    self.replace(rest);
                    self.at = at.saturating_add(4 + size(length)?);
                    return Ok(true);
                }
                None => return Ok(false),
            },
            wire::STRUCT => Expected::Field,
            wire::LIST | wire::SET => match (arrived.get(at), number(arrived, at + 1)) {
                (Some(&inner), Some(count)) => {
                    self.at += 5;
                    Expected::Values(known(inner, count)?, size(count)?)
                }
                _ => return Ok(false),
            },
            wire::MAP => match (arrived.get(at), arrived.get(at + 1), number(arrived, at + 2)) {
                (Some(&key), Some(&value), Some(count)) => {
                    self.at += 6;
                    Expected::Pairs(known(key, count)?, known(value, count)?, size(count)?)
                }
                _ => return Ok(false),
            },
            other => return Err(unknown(other)),
        };
        self.replace(rest);
        self.open.push(next);
        if self.open.len() > 4 * DEEPEST {
            return Err(damaged("it is nested too deeply"));
        }
        Ok(true)
    }

    fn value(&mut self, kind: u8) -> Result<()> {
        self.open.push(Expected::Values(known(kind, 1)?, 1));
        Ok(())
    }

    fn finish(&mut self, bytes: usize) {
        self.open.pop();
        self.at = self.at.saturating_add(bytes);
    }

    fn replace(&mut self, expected: Expected) {
        self.open.pop();
        self.open.push(expected);
    }
}

/// The size of a value of this type, where all have the same.
fn fixed(kind: u8) -> Option<usize> {
    match kind {
        wire::BOOL | wire::BYTE => Some(1),
        wire::I16 => Some(2),
        wire::I32 => Some(4),
        wire::I64 | wire::DOUBLE => Some(8),
        _ => None,
    }
}

fn number(arrived: &[u8], at: usize) -> Option<i32> {
    let bytes = arrived.get(at..at.checked_add(4)?)?;
    Some(i32::from_be_bytes(bytes.try_into().ok()?))
}

/// A type of the protocol; an empty collection may name none.
fn known(kind: u8, count: i32) -> Result<u8> {
    let is_known = fixed(kind).is_some()
        || matches!(kind, wire::BINARY | wire::STRUCT | wire::MAP | wire::SET | wire::LIST)
        || count == 0;
    if is_known { Ok(kind) } else { Err(unknown(kind)) }
}

fn unknown(kind: u8) -> crate::error::Error {
    damaged(format!("it has a value of the unknown type {kind}"))
}

fn size(claimed: i32) -> Result<usize> {
    usize::try_from(claimed).map_err(|_| damaged(format!("it claims a size of {claimed}")))
}
