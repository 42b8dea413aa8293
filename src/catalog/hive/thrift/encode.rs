//! Writing calls.

use super::value::{Struct, Value};
use super::{KIND_CALL, VERSION, wire};

/// The bytes of a call.
pub fn call(method: &str, sequence: i32, arguments: &Struct) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(256);
    message(&mut bytes, KIND_CALL, method, sequence);
    fields(&mut bytes, arguments);
    bytes
}

/// The head of a message.
pub(super) fn message(bytes: &mut Vec<u8>, kind: u8, method: &str, sequence: i32) {
    bytes.extend((VERSION | u32::from(kind)).to_be_bytes());
    binary(bytes, method.as_bytes());
    bytes.extend(sequence.to_be_bytes());
}

/// A struct.
pub(super) fn fields(bytes: &mut Vec<u8>, fields: &Struct) {
    for (id, value) in &fields.0 {
        bytes.push(value.wire_type());
        bytes.extend(id.to_be_bytes());
        self::value(bytes, value);
    }
    bytes.push(wire::STOP);
}

fn value(bytes: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Bool(flag) => bytes.push(u8::from(*flag)),
        Value::Byte(number) => bytes.extend(number.to_be_bytes()),
        Value::I16(number) => bytes.extend(number.to_be_bytes()),
        Value::I32(number) => bytes.extend(number.to_be_bytes()),
        Value::I64(number) => bytes.extend(number.to_be_bytes()),
        Value::Double(bits) => bytes.extend(bits.to_be_bytes()),
        Value::Binary(text) => binary(bytes, text),
        Value::Struct(inner) => fields(bytes, inner),
        Value::List(kind, items) | Value::Set(kind, items) => {
            bytes.push(*kind);
            count(bytes, items.len());
            for item in items {
                self::value(bytes, item);
            }
        }
        Value::Map(key_kind, value_kind, pairs) => {
            bytes.extend([*key_kind, *value_kind]);
            count(bytes, pairs.len());
            for (key, inner) in pairs {
                self::value(bytes, key);
                self::value(bytes, inner);
            }
        }
    }
}

fn binary(bytes: &mut Vec<u8>, content: &[u8]) {
    count(bytes, content.len());
    bytes.extend_from_slice(content);
}

/// What is sent came in replies below their limit, or is written here: it fits.
fn count(bytes: &mut Vec<u8>, count: usize) {
    bytes.extend(i32::try_from(count).unwrap_or(i32::MAX).to_be_bytes());
}
