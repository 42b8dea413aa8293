//! Logging in with Kerberos: GSSAPI of the system, loaded when it is first needed, and SASL and SPNEGO over it. And TLS,
//! by which a server shows who it is.
//!
//! Decisions:
//! - The library is MIT Kerberos' (`libgssapi_krb5.so.2`), loaded at run time: building needs no headers, and a host
//!   without Kerberos needs no library.
//! - Every call into it that may talk to a Kerberos server blocks, for half a minute when that hangs: it runs on a
//!   thread of its own with a limit, and who waits is told when the limit is over. The thread ends by itself.
//! - With a keytab tickets are kept in memory, for this process alone; the library renews them from the keytab when
//!   they end. Without one the user's own ticket cache is used, and never changed.
//! - `unsafe` is in `library` alone: the calls, the memory that they give out, what they are told. Above it are owned
//!   values.

mod credential;
mod failure;
mod library;
pub mod sasl;
pub mod spnego;
mod ticket;
pub mod tls;

pub use credential::Login;
pub use ticket::{Ticket, ticket};

use std::time::Duration;

use crate::error::{Code, Error, Result};

/// Runs what may block on a thread of its own, with a limit.
pub(crate) async fn blocking<T: Send + 'static>(
    what: &'static str,
    limit: Duration,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    match tokio::time::timeout(limit, tokio::task::spawn_blocking(work)).await {
        Ok(Ok(done)) => done,
        Ok(Err(error)) => Err(Error::new(Code::Internal, format!("{what} failed: {error}"))),
        Err(_) => Err(Error::new(Code::KdcUnreachable, format!("{what} takes too long"))
            .why(format!("no answer of a Kerberos server in {}", crate::model::duration_text(limit)))
            .next("check that this host reaches the Kerberos servers of krb5.conf")
            .retryable()),
    }
}
