//! The ticket and the metastores of a profile, each asked for itself; the lake need not open for that.

use std::time::Duration;

use crate::config::Settings;
use crate::error::Result;
use crate::lake;

/// A ticket, as `doctor` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// Whose it is.
    pub principal: String,
    /// For how long; none where it does not end.
    pub left: Option<Duration>,
    /// It is got anew from a keytab when it ends.
    pub renewed: bool,
}

/// A server, as it answered just now.
#[derive(Debug)]
pub struct Service {
    /// What it is.
    pub name: String,
    /// What it says its version is, where it says one.
    pub answer: Result<Option<String>>,
    /// How long that took.
    pub took: Duration,
}

/// The ticket with which the profile logs in; none where it does not.
pub async fn kerberos(settings: &Settings) -> Option<Result<Ticket>> {
    let found = lake::kerberos(settings).await?;
    Some(found.map(|ticket| Ticket { principal: ticket.principal, left: ticket.left, renewed: ticket.renewed }))
}

/// The metastores of the profile, each asked now.
pub async fn metastores(settings: &Settings) -> Vec<Service> {
    asked(lake::metastores(settings).await)
}

/// The NameNodes of the profile, each asked now; the answer says whether it is active.
pub async fn namenodes(settings: &Settings) -> Vec<Service> {
    asked(lake::namenodes(settings).await)
}

fn asked(services: Vec<crate::lake::Service>) -> Vec<Service> {
    let one =
        |service: crate::lake::Service| Service { name: service.name, answer: service.answer, took: service.took };
    services.into_iter().map(one).collect()
}
