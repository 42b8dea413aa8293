//! What an error number of the operating system means here.

use rustix::io::Errno;

use crate::error::{Code, Error};
use crate::model::clean;

/// The error of an act on a path: `could not ACT PATH: WHY`.
pub(super) fn failure(errno: Errno, act: &str, path: &str) -> Error {
    let error = Error::new(code(errno), format!("could not {act} {}", clean(path))).source(std::io::Error::from(errno));
    match errno {
        Errno::MFILE | Errno::NFILE => error.retryable().next("raise the limit of open files, as with ulimit -n"),
        Errno::INTR | Errno::AGAIN | Errno::NOMEM | Errno::BUSY => error.retryable(),
        _ => error,
    }
}

/// A symbolic link where none is followed, or anything else that is neither a plain file nor a directory.
pub(super) fn not_plain(what: &str, path: &str) -> Error {
    Error::new(Code::UnsupportedEntry, format!("{} is {what}", clean(path))).why("nothing in a lake is read through it")
}

fn code(errno: Errno) -> Code {
    match errno {
        Errno::NOENT | Errno::NOTDIR => Code::NotFound,
        Errno::EXIST => Code::AlreadyExists,
        Errno::NOTEMPTY => Code::NotEmpty,
        Errno::ACCESS | Errno::PERM | Errno::ROFS => Code::Permission,
        Errno::NOSPC => Code::NoSpace,
        Errno::DQUOT => Code::Quota,
        Errno::LOOP | Errno::ISDIR | Errno::NXIO | Errno::NAMETOOLONG => Code::UnsupportedEntry,
        Errno::XDEV | Errno::NOSYS | Errno::OPNOTSUPP => Code::UnsupportedStore,
        _ => Code::Io,
    }
}
