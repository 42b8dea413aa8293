//! The servers and tickets of a profile, each asked for itself: the lake need not open for that.

use crate::auth::{Login, Ticket, ticket};
use crate::catalog::{Caller, HiveCatalog, Read as _, Service};
use crate::config::{CatalogKind, Settings};
use crate::error::Result;
use crate::model::StorePath;

/// The ticket with which this profile logs in; none where it does not.
pub async fn kerberos(settings: &Settings) -> Option<Result<Ticket>> {
    let kerberos = &settings.kerberos;
    let used = settings.metastore.principal.is_some() || kerberos.principal.is_some() || kerberos.keytab.is_some();
    if !used {
        return None;
    }
    Some(ticket(&Login::new(kerberos)).await)
}

/// The metastores of the profile, each asked now.
pub async fn metastores(settings: &Settings) -> Vec<Service> {
    let (CatalogKind::Hive, Ok(root)) = (settings.catalog, StorePath::new("/")) else { return Vec::new() };
    let caller = Caller { user: String::new(), login: Login::new(&settings.kerberos) };
    HiveCatalog::new(settings.metastore.clone(), "/", root, caller).services().await
}
