//! What is read is what was written, whole or in pieces; what is damaged is an error.

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;

use super::value::{Struct, Value};
use super::*;

fn kind_and_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::Bool),
        any::<i8>().prop_map(Value::Byte),
        any::<i16>().prop_map(Value::I16),
        any::<i32>().prop_map(Value::I32),
        any::<i64>().prop_map(Value::I64),
        any::<u64>().prop_map(Value::Double),
        vec(any::<u8>(), 0..40).prop_map(|bytes| Value::Binary(Bytes::from(bytes))),
    ];
    leaf.prop_recursive(5, 64, 6, |inner| {
        prop_oneof![
            vec((any::<i16>(), inner.clone()), 0..6).prop_map(|fields| Value::Struct(Struct(fields))),
            (inner.clone(), 0..5_usize).prop_map(|(item, count)| Value::List(item.wire_type(), vec![item; count])),
            (inner.clone(), 0..5_usize).prop_map(|(item, count)| Value::Set(item.wire_type(), vec![item; count])),
            (inner.clone(), inner, 0..4_usize).prop_map(|(key, value, count)| {
                Value::Map(key.wire_type(), value.wire_type(), vec![(key, value); count])
            }),
        ]
    })
}

fn result() -> impl Strategy<Value = Struct> {
    vec((any::<i16>(), kind_and_value()), 0..6).prop_map(Struct)
}

fn reply(fields: &Struct, sequence: i32) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode::message(&mut bytes, KIND_REPLY, "any", sequence);
    encode::fields(&mut bytes, fields);
    bytes
}

proptest! {
    #[test]
    fn every_field_travels_unchanged(fields in result(), sequence in any::<i32>()) {
        let bytes = Bytes::from(reply(&fields, sequence));
        prop_assert_eq!(read_reply(&bytes, sequence).unwrap(), Reply::Result(fields.clone()));
        prop_assert!(read_reply(&bytes, sequence.wrapping_add(1)).is_err());
    }

    #[test]
    fn the_end_is_found_in_pieces(fields in result(), more in vec(any::<u8>(), 0..9), step in 1..50_usize) {
        let mut bytes = reply(&fields, 1);
        let length = bytes.len();
        bytes.extend(more);
        let mut extent = Extent::default();
        let mut shown = 0;
        loop {
            shown = (shown + step).min(bytes.len());
            match extent.end(&bytes[..shown]).unwrap() {
                Some(end) => {
                    prop_assert_eq!(end, length);
                    prop_assert!(shown >= length);
                    break;
                }
                None => prop_assert!(shown < length),
            }
        }
    }

    #[test]
    fn damage_is_an_error_and_never_a_panic(fields in result(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = reply(&fields, 1);
        let whole = Bytes::from(bytes.clone());
        for cut in 0..whole.len() {
            prop_assert!(read_reply(&whole.slice(..cut), 1).is_err());
        }
        // A damaged reply may be another one, and a shorter one.
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let _ = Extent::default().end(&bytes);
        let bytes = Bytes::from(bytes);
        let _ = read_reply(&bytes, 1);
        drain(&bytes);
        for cut in 0..bytes.len() {
            let _ = read_reply(&bytes.slice(..cut), 1);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..300)) {
        let _ = Extent::default().end(&bytes);
        // Past the head of a message too.
        let mut headed = Vec::new();
        encode::message(&mut headed, KIND_REPLY, "any", 1);
        headed.extend(bytes);
        let _ = Extent::default().end(&headed);
        let headed = Bytes::from(headed);
        let _ = read_reply(&headed, 1);
        drain(&headed);
    }

    #[test]
    fn names_come_one_by_one(names in vec("\\PC{0,12}", 0..40)) {
        let bytes = Bytes::from(reply(&Struct::new().with(0, Value::texts(names.clone())), 3));
        let mut texts = Texts::of(&bytes, 3).unwrap().unwrap();
        prop_assert_eq!(texts.left(), names.len());
        let mut read = Vec::new();
        while let Some(text) = texts.next_text().unwrap() {
            read.push(text);
        }
        prop_assert_eq!(read, names);
    }
}

fn drain(bytes: &Bytes) {
    if let Ok(Ok(mut texts)) = Texts::of(bytes, 1) {
        while let Ok(Some(_)) = texts.next_text() {}
    }
}

/// A message whose only field is what these bytes say.
fn with_field(kind: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode::message(&mut bytes, KIND_REPLY, "any", 1);
    bytes.extend([kind, 0, 0]);
    bytes.extend(content);
    bytes
}

#[test]
fn claims_of_sizes_are_not_believed() {
    let most = i32::MAX.to_be_bytes();
    for (kind, head) in
        [(wire::BINARY, vec![]), (wire::LIST, vec![wire::BOOL]), (wire::MAP, vec![wire::I64, wire::I64])]
    {
        let mut content = head;
        content.extend(most);
        content.push(0);
        let bytes = with_field(kind, &content);
        assert!(read_reply(&Bytes::from(bytes.clone()), 1).is_err(), "{kind}");
        // It only waits for more, until the limit of a reply.
        assert_eq!(Extent::default().end(&bytes).unwrap(), None, "{kind}");
    }
    let negative = with_field(wire::BINARY, &(-1_i32).to_be_bytes());
    assert!(Extent::default().end(&negative).is_err());
    assert!(read_reply(&Bytes::from(negative), 1).is_err());
}

#[test]
fn depth_has_a_limit() {
    let nested: Vec<u8> = [wire::LIST, 0, 0, 0, 1].repeat(100_000);
    let bytes = with_field(wire::LIST, &nested);
    assert!(Extent::default().end(&bytes).is_err());
    assert!(read_reply(&Bytes::from(bytes), 1).is_err());
    let nested: Vec<u8> = [wire::STRUCT, 0, 1].repeat(100_000);
    let bytes = with_field(wire::STRUCT, &nested);
    assert!(Extent::default().end(&bytes).is_err());
    assert!(read_reply(&Bytes::from(bytes), 1).is_err());
}

#[test]
fn what_is_no_thrift_is_said() {
    let http = b"HTTP/1.1 400 Bad Request\r\n";
    let error = Extent::default().end(http).unwrap_err();
    assert!(error.to_string().contains("not Thrift"), "{error}");
}

#[test]
fn an_exception_of_the_server_is_read() {
    let mut bytes = Vec::new();
    encode::message(&mut bytes, KIND_EXCEPTION, "get_table", 1);
    encode::fields(&mut bytes, &Struct::new().with(1, Value::text("Invalid method name")).with(2, Value::I32(1)));
    let reply = read_reply(&Bytes::from(bytes), 1).unwrap();
    assert_eq!(reply, Reply::Failure { message: "Invalid method name".to_owned(), kind: 1 });
}

#[test]
fn parameters_are_set_beside_the_others() {
    let mut table = Struct::new().with(9, Value::text_map([("a", "1"), ("b", "2")])).with(99, Value::Bool(true));
    table.set_entry(9, "b", "3");
    table.set_entry(9, "c", "4");
    assert_eq!(table.get(9), Some(&Value::text_map([("a", "1"), ("b", "3"), ("c", "4")])));
    assert_eq!(table.flag(99), Some(true));
    let mut bare = Struct::new();
    bare.set_entry(9, "a", "1");
    assert_eq!(bare.entry(9, "a"), Some("1"));
}
