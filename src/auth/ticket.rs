//! How long the ticket lasts.

use std::time::Duration;

use super::library::Mechanism;
use super::{Login, blocking};
use crate::error::Result;

/// Looking at a ticket is local; getting one from a keytab asks a server.
const LIMIT: Duration = Duration::from_secs(10);

/// A valid ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// Whose it is.
    pub principal: String,
    /// For how long; none where it does not end.
    pub left: Option<Duration>,
    /// It is got anew from a keytab when it ends.
    pub renewed: bool,
}

/// The ticket with which one would log in now; an error where there is none.
pub async fn ticket(login: &Login) -> Result<Ticket> {
    let login = login.clone();
    blocking("looking at the Kerberos ticket", LIMIT, move || {
        let credential = login.acquire(Mechanism::Kerberos)?;
        let (principal, seconds) = credential.describe().map_err(|failed| login.attempt().failed(failed))?;
        let left = (seconds != u32::MAX).then(|| Duration::from_secs(u64::from(seconds)));
        Ok(Ticket { principal, left, renewed: login.has_keytab() })
    })
    .await
}
