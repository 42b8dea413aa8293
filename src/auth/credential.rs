//! Who logs in, and with what.

use super::failure::Attempt;
use super::library::{Credential, Failed, Mechanism, Name};
use crate::config::Kerberos;
use crate::error::Result;

/// Who logs in: the principal and keytab of the profile, or whoever has a ticket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Login {
    principal: Option<String>,
    keytab: Option<String>,
    /// The user's ticket cache by name, instead of the usual one.
    cache: Option<String>,
}

impl Login {
    /// As the profile says.
    pub fn new(kerberos: &Kerberos) -> Login {
        Login { principal: kerberos.principal.clone(), keytab: kerberos.keytab.clone(), cache: None }
    }

    /// The same out of a ticket cache by its name, as `FILE:/tmp/krb5cc_1000`.
    #[must_use]
    pub fn with_cache(mut self, cache: impl Into<String>) -> Login {
        self.cache = Some(cache.into());
        self
    }

    /// Whether tickets are got and renewed from a keytab.
    pub fn has_keytab(&self) -> bool {
        self.keytab.is_some()
    }

    pub(super) fn attempt(&self) -> Attempt {
        Attempt { principal: self.principal.clone(), keytab: self.keytab.clone(), service: None }
    }

    /// Gets the right to act. From a keytab this may ask a Kerberos server: blocks.
    pub(super) fn acquire(&self, mechanism: Mechanism) -> Result<Credential> {
        self.try_acquire(mechanism).map_err(|failed| self.attempt().failed(failed))
    }

    fn try_acquire(&self, mechanism: Mechanism) -> Result<Credential, Failed> {
        let name = match &self.principal {
            Some(principal) => Some(Name::import(principal)?),
            None => None,
        };
        Credential::acquire(name.as_ref(), &self.stores(), mechanism)
    }

    /// Where tickets are. With a keytab: in memory, one cache for each principal and keytab of this process, which the
    /// library fills and renews from the keytab.
    fn stores(&self) -> Vec<(&'static str, String)> {
        match (&self.keytab, &self.cache) {
            (Some(keytab), _) => {
                let who = self.principal.as_deref().unwrap_or_default();
                vec![("client_keytab", keytab.clone()), ("ccache", format!("MEMORY:lakehand:{who}:{keytab}"))]
            }
            (None, Some(cache)) => vec![("ccache", cache.clone())],
            (None, None) => Vec::new(),
        }
    }
}
