//! Keeps what a hostile file does to the decoder inside the decoder: a panic below [`guarded`] becomes an error.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::error::{Code, Error, Result};

thread_local! {
    static DECODING: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is decoding bytes that may be hostile. A panic then is caught and reported as a damaged file: a
/// panic hook should stay silent.
pub fn is_decoding() -> bool {
    DECODING.get()
}

struct Mark(bool);

impl Drop for Mark {
    fn drop(&mut self) {
        DECODING.set(self.0);
    }
}

/// Runs `decode`; a panic in it is [`Code::DamagedFile`].
pub(super) fn guarded<T>(decode: impl FnOnce() -> Result<T>) -> Result<T> {
    let _mark = Mark(DECODING.replace(true));
    catch_unwind(AssertUnwindSafe(decode)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().copied().or(panic.downcast_ref::<String>().map(String::as_str));
        let error = Error::new(Code::DamagedFile, "the content makes no sense to the decoder");
        Err(if let Some(text) = text { error.why(text) } else { error })
    })
}

/// A decoder's error as ours.
pub(super) fn decoding(error: parquet::errors::ParquetError) -> Error {
    use parquet::errors::ParquetError;
    match error {
        // What our own readers below the decoder said keeps its code.
        ParquetError::External(below) => match below.downcast::<Error>() {
            Ok(ours) => *ours,
            Err(other) => Error::new(Code::DamagedFile, "the content cannot be decoded").source(other),
        },
        ParquetError::NYI(what) => {
            Error::new(Code::UnsupportedEncoding, "the content is encoded in a way that is not supported").why(what)
        }
        other => Error::new(Code::DamagedFile, "the content cannot be decoded").why(other.to_string()),
    }
}

/// Our error as a decoder's, to pass through it.
pub(super) fn passing(error: Error) -> parquet::errors::ParquetError {
    parquet::errors::ParquetError::External(Box::new(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panics_become_errors_and_errors_keep_their_code() {
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| assert!(is_decoding())));
        let error = guarded::<()>(|| panic!("out of {}", "bounds")).unwrap_err();
        std::panic::set_hook(hook);
        assert_eq!((error.code(), error.reason()), (Code::DamagedFile, Some("out of bounds")));
        assert!(!is_decoding());
        assert_eq!(decoding(passing(Error::new(Code::Memory, "x"))).code(), Code::Memory);
    }
}
