//! Thrift's binary protocol with values whose structure is known only when they arrive.
//!
//! Decisions:
//! - A struct keeps every field that was sent, in its order, those that this program has never heard of too: what is
//!   read from any metastore can be sent back to it without losing anything (PROTOCOL §4.8).
//! - Nothing is allocated by what a reply claims: text and bytes are slices of what arrived, the elements of a
//!   collection are at most as many as bytes arrived, and the number of values of a reply has a limit.
//! - A reply that is damaged is an error and never a panic.

mod decode;
mod encode;
mod extent;
mod names;
mod value;

#[cfg(test)]
mod tests;

pub use decode::{Reply, read_reply};
pub use encode::call;
pub use extent::Extent;
pub use names::Texts;
pub use value::{Struct, Value};

use crate::error::{Code, Error};

/// The most bytes of one reply: the names of a few million partitions.
pub const LARGEST_REPLY: usize = 256 << 20;
/// The most values of one reply that is decoded as a whole.
const MOST_VALUES: usize = 8 << 20;
/// Structs and collections inside each other; the metastore's deepest is 6.
const DEEPEST: usize = 32;

/// The version in the first bytes of a message.
const VERSION: u32 = 0x8001_0000;
const KIND_CALL: u8 = 1;
const KIND_REPLY: u8 = 2;
const KIND_EXCEPTION: u8 = 3;

/// What a value is, on the wire.
mod wire {
    pub const STOP: u8 = 0;
    pub const BOOL: u8 = 2;
    pub const BYTE: u8 = 3;
    pub const DOUBLE: u8 = 4;
    pub const I16: u8 = 6;
    pub const I32: u8 = 8;
    pub const I64: u8 = 10;
    pub const BINARY: u8 = 11;
    pub const STRUCT: u8 = 12;
    pub const MAP: u8 = 13;
    pub const SET: u8 = 14;
    pub const LIST: u8 = 15;
}

/// The error for a reply that cannot be one.
fn damaged(why: impl Into<String>) -> Error {
    Error::new(Code::Metastore, "the metastore's reply cannot be read").why(why)
}
