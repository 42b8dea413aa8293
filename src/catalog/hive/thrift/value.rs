//! Values and structs.

use bytes::Bytes;

use super::wire;

/// A value. Text is bytes: the protocol does not tell them apart, and nothing promises UTF-8.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// True or false.
    Bool(bool),
    /// Eight bits.
    Byte(i8),
    /// Sixteen bits.
    I16(i16),
    /// Thirty-two bits; enumerations too.
    I32(i32),
    /// Sixty-four bits.
    I64(i64),
    /// A float, by its bits, so that nothing is changed.
    Double(u64),
    /// Text or bytes.
    Binary(Bytes),
    /// A struct.
    Struct(Struct),
    /// A list: the type of its elements on the wire, and they.
    List(u8, Vec<Value>),
    /// A set, likewise.
    Set(u8, Vec<Value>),
    /// A map: the types of keys and values on the wire, and the pairs in their order.
    Map(u8, u8, Vec<(Value, Value)>),
}

impl Value {
    /// A text.
    pub fn text(text: impl Into<String>) -> Value {
        Value::Binary(Bytes::from(text.into()))
    }

    /// A list of texts.
    pub fn texts<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Value {
        Value::List(wire::BINARY, texts.into_iter().map(Value::text).collect())
    }

    /// A list of structs.
    pub fn structs(structs: impl IntoIterator<Item = Struct>) -> Value {
        Value::List(wire::STRUCT, structs.into_iter().map(Value::Struct).collect())
    }

    /// A list of numbers of 32 bits, or of enumerations.
    pub fn numbers(numbers: impl IntoIterator<Item = i32>) -> Value {
        Value::List(wire::I32, numbers.into_iter().map(Value::I32).collect())
    }

    /// A map of texts.
    pub fn text_map<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Value {
        let pairs = pairs.into_iter().map(|(key, value)| (Value::text(key), Value::text(value)));
        Value::Map(wire::BINARY, wire::BINARY, pairs.collect())
    }

    /// The text, where it is one in UTF-8.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Value::Binary(bytes) => std::str::from_utf8(bytes).ok(),
            _ => None,
        }
    }

    /// Any whole number.
    pub fn as_number(&self) -> Option<i64> {
        match self {
            Value::Byte(number) => Some(i64::from(*number)),
            Value::I16(number) => Some(i64::from(*number)),
            Value::I32(number) => Some(i64::from(*number)),
            Value::I64(number) => Some(*number),
            _ => None,
        }
    }

    /// True or false.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The struct.
    pub fn as_struct(&self) -> Option<&Struct> {
        match self {
            Value::Struct(fields) => Some(fields),
            _ => None,
        }
    }

    /// The elements of a list or a set.
    pub fn as_list(&self) -> Option<&[Value]> {
        match self {
            Value::List(_, items) | Value::Set(_, items) => Some(items),
            _ => None,
        }
    }

    /// The pairs of a map.
    pub fn as_map(&self) -> Option<&[(Value, Value)]> {
        match self {
            Value::Map(_, _, pairs) => Some(pairs),
            _ => None,
        }
    }

    /// What it is on the wire.
    pub(super) fn wire_type(&self) -> u8 {
        match self {
            Value::Bool(_) => wire::BOOL,
            Value::Byte(_) => wire::BYTE,
            Value::I16(_) => wire::I16,
            Value::I32(_) => wire::I32,
            Value::I64(_) => wire::I64,
            Value::Double(_) => wire::DOUBLE,
            Value::Binary(_) => wire::BINARY,
            Value::Struct(_) => wire::STRUCT,
            Value::List(..) => wire::LIST,
            Value::Set(..) => wire::SET,
            Value::Map(..) => wire::MAP,
        }
    }
}

/// A struct: every field as it was sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Struct(pub Vec<(i16, Value)>);

impl Struct {
    /// A struct without fields.
    pub fn new() -> Struct {
        Struct::default()
    }

    /// The same with a further field.
    #[must_use]
    pub fn with(mut self, id: i16, value: Value) -> Struct {
        self.0.push((id, value));
        self
    }

    /// A field.
    pub fn get(&self, id: i16) -> Option<&Value> {
        self.0.iter().find(|(field, _)| *field == id).map(|(_, value)| value)
    }

    /// A field, to be changed.
    pub fn get_mut(&mut self, id: i16) -> Option<&mut Value> {
        self.0.iter_mut().find(|(field, _)| *field == id).map(|(_, value)| value)
    }

    /// A field that is a text.
    pub fn text(&self, id: i16) -> Option<&str> {
        self.get(id)?.as_text()
    }

    /// A field that is a whole number.
    pub fn number(&self, id: i16) -> Option<i64> {
        self.get(id)?.as_number()
    }

    /// A field that is true or false.
    pub fn flag(&self, id: i16) -> Option<bool> {
        self.get(id)?.as_bool()
    }

    /// A field that is a struct.
    pub fn fields(&self, id: i16) -> Option<&Struct> {
        self.get(id)?.as_struct()
    }

    /// The elements of a field that is a list; none where it is missing.
    pub fn list(&self, id: i16) -> &[Value] {
        self.get(id).and_then(Value::as_list).unwrap_or_default()
    }

    /// The value of a key in a field that is a map of texts.
    pub fn entry(&self, id: i16, key: &str) -> Option<&str> {
        let pairs = self.get(id)?.as_map()?;
        pairs.iter().find(|(known, _)| known.as_text() == Some(key)).and_then(|(_, value)| value.as_text())
    }

    /// Sets a key of a field that is a map of texts; makes the map where it is missing. A field of another kind stays.
    pub fn set_entry(&mut self, id: i16, key: &str, value: &str) {
        if self.get(id).is_none() {
            self.0.push((id, Value::Map(wire::BINARY, wire::BINARY, Vec::new())));
        }
        let Some(Value::Map(key_type, value_type, pairs)) = self.get_mut(id) else { return };
        // An empty map of some servers names no types.
        (*key_type, *value_type) = (wire::BINARY, wire::BINARY);
        match pairs.iter_mut().find(|(known, _)| known.as_text() == Some(key)) {
            Some((_, old)) => *old = Value::text(value),
            None => pairs.push((Value::text(key), Value::text(value))),
        }
    }
}
