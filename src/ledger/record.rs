//! The form of every record: a line that names the format, its version and a checksum, then one line of JSON. Records
//! are written once and never changed. What does not match is damaged: it is never guessed at.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::error::{Code, Error, Result};
use crate::model::{Size, StorePath};
use crate::store::Read;

/// A record is never longer: an intent over a million files stays below.
pub const LONGEST_RECORD: Size = Size::mib(512);

/// A kind of record.
pub trait Record: Serialize + DeserializeOwned {
    /// Its name and version, as `lakehand.intent/1`.
    const FORMAT: &'static str;
}

#[derive(Serialize, Deserialize)]
struct Header {
    format: String,
    xxh3: String,
}

/// The bytes of a record.
pub fn encode<R: Record>(record: &R) -> Result<Vec<u8>> {
    let wrong = |error: serde_json::Error| Error::new(Code::Internal, "a record cannot be written").source(error);
    let body = serde_json::to_vec(record).map_err(wrong)?;
    let header = Header { format: R::FORMAT.to_owned(), xxh3: format!("{:016x}", xxh3_64(&body)) };
    let mut bytes = serde_json::to_vec(&header).map_err(wrong)?;
    bytes.push(b'\n');
    bytes.extend_from_slice(&body);
    bytes.push(b'\n');
    Ok(bytes)
}

/// Reads a record from any bytes.
pub fn decode<R: Record>(bytes: &[u8]) -> Result<R> {
    let damaged = |why: &str| Error::new(Code::DamagedRecord, format!("not a record of {}", R::FORMAT)).why(why);
    let cut = bytes.iter().position(|byte| *byte == b'\n').ok_or_else(|| damaged("it has no first line"))?;
    let header: Header = serde_json::from_slice(&bytes[..cut]).map_err(|_| damaged("its first line is unreadable"))?;
    let body = bytes[cut + 1..].strip_suffix(b"\n").ok_or_else(|| damaged("it is cut short"))?;
    if header.format != R::FORMAT {
        return Err(damaged(&format!("it says that it is {:?}", header.format))
            .next("another version of lakehand may have written it: use that one"));
    }
    if header.xxh3 != format!("{:016x}", xxh3_64(body)) {
        return Err(damaged("its checksum does not match"));
    }
    serde_json::from_slice(body).map_err(|error| damaged("its content is unreadable").source(error))
}

/// Reads a record from the store.
pub async fn read<R: Record>(store: &dyn Read, path: &StorePath) -> Result<R> {
    let bytes = store.read_whole(path, LONGEST_RECORD).await.map_err(|error| error.context(path))?;
    decode(&bytes).map_err(|error| {
        error.context(path).lake("the files beside it were left where they are").next(
            "look at the file; lakehand restore RUN --to DIR copies the kept files aside without touching anything",
        )
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Note {
        text: String,
    }

    impl Record for Note {
        const FORMAT: &'static str = "lakehand.note/1";
    }

    proptest! {
        #[test]
        fn records_round_trip(text in ".*") {
            let note = Note { text };
            prop_assert_eq!(decode::<Note>(&encode(&note).unwrap()).unwrap(), note);
        }

        #[test]
        fn any_changed_byte_is_seen(text in ".{0,40}", at in any::<prop::sample::Index>(), flip in 1_u8..) {
            let mut bytes = encode(&Note { text }).unwrap();
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            prop_assert_eq!(decode::<Note>(&bytes).unwrap_err().code(), Code::DamagedRecord);
        }

        #[test]
        fn a_cut_is_seen(text in ".{0,40}", at in any::<prop::sample::Index>()) {
            let bytes = encode(&Note { text }).unwrap();
            let cut = &bytes[..at.index(bytes.len())];
            prop_assert_eq!(decode::<Note>(cut).unwrap_err().code(), Code::DamagedRecord);
        }

        #[test]
        fn any_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(decode::<Note>(&bytes).is_err());
        }
    }
}
