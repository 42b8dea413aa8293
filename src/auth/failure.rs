//! What failed while logging in, in words: by the numbers of MIT Kerberos' error table.

use super::library::{Failed, Status, no_library};
use crate::error::{Code, Error};

/// The first number of Kerberos' own errors.
const BASE: i32 = -1_765_328_384;

const fn kerberos(offset: i32) -> u32 {
    (BASE + offset).cast_unsigned()
}

const CLIENT_UNKNOWN: u32 = kerberos(6);
const SERVER_UNKNOWN: u32 = kerberos(7);
const CLIENT_REVOKED: u32 = kerberos(18);
const PREAUTHENTICATION_FAILED: u32 = kerberos(24);
const TICKET_EXPIRED: u32 = kerberos(32);
const CLOCK_SKEW: u32 = kerberos(37);
const REPLY_SKEW: u32 = kerberos(148);
const KDC_UNREACHABLE: u32 = kerberos(156);
const REALM_UNKNOWN: u32 = kerberos(154);
const CACHE_NOT_FOUND: u32 = kerberos(141);
const CACHE_NO_FILE: u32 = kerberos(195);
const KEYTAB_NO_KEY: u32 = kerberos(181);

/// GSS_S_NO_CRED and GSS_S_CREDENTIALS_EXPIRED in the upper half of a major status.
const NO_CREDENTIAL: u32 = 7;
const CREDENTIAL_EXPIRED: u32 = 11;
const CONTEXT_EXPIRED: u32 = 12;

/// Who logs in where, for messages.
#[derive(Clone, Debug, Default)]
pub(super) struct Attempt {
    pub(super) principal: Option<String>,
    pub(super) keytab: Option<String>,
    pub(super) service: Option<String>,
}

impl Attempt {
    /// The error of a call that failed.
    pub(super) fn failed(&self, failed: Failed) -> Error {
        match failed {
            Failed::NoLibrary(why) => no_library(&why),
            Failed::Said(status) => self.said(&status),
        }
    }

    fn said(&self, status: &Status) -> Error {
        let error = |code: Code, message: String| Error::new(code, message).why(crate::model::clean(&status.text));
        let who = self.principal.as_deref().unwrap_or("the user");
        let renew = self.renew();
        match (status.minor, status.major >> 16) {
            (TICKET_EXPIRED, _) | (_, CREDENTIAL_EXPIRED | CONTEXT_EXPIRED) => {
                error(Code::KerberosNoTicket, format!("the Kerberos ticket of {who} has ended")).next(renew)
            }
            (CLOCK_SKEW | REPLY_SKEW, _) => {
                error(Code::KerberosClock, "the clocks of this host and of the Kerberos server differ".to_owned())
                    .next("set this host's clock: timedatectl")
            }
            (KDC_UNREACHABLE | REALM_UNKNOWN, _) => {
                error(Code::KdcUnreachable, "no Kerberos server answers".to_owned())
                    .next("check the servers of the realm in krb5.conf, and that this host reaches them")
                    .retryable()
            }
            (CLIENT_UNKNOWN | CLIENT_REVOKED, _) => {
                error(Code::KerberosPrincipal, format!("the Kerberos server does not know {who}"))
                    .next("check kerberos.principal of the profile")
            }
            (SERVER_UNKNOWN, _) => {
                let service = self.service.as_deref().unwrap_or("the service");
                error(Code::KerberosPrincipal, format!("the Kerberos server does not know {service}"))
                    .next("check catalog.principal and catalog.uris of the profile: a metastore is known by its host's full name")
            }
            (PREAUTHENTICATION_FAILED | KEYTAB_NO_KEY, _) => self.no_key(error, who),
            // Without a key of the principal the library tells of the cache that it could not fill.
            (CACHE_NOT_FOUND | CACHE_NO_FILE, _) | (_, NO_CREDENTIAL) if self.keytab.is_some() => {
                self.no_key(error, who)
            }
            (CACHE_NOT_FOUND | CACHE_NO_FILE, _) | (_, NO_CREDENTIAL) => {
                error(Code::KerberosNoTicket, "there is no valid Kerberos ticket".to_owned()).next(renew)
            }
            _ => error(Code::Kerberos, "the login with Kerberos failed".to_owned()).next("lakehand doctor"),
        }
    }

    fn no_key(&self, error: impl Fn(Code, String) -> Error, who: &str) -> Error {
        let keytab = self.keytab.as_deref().unwrap_or("the keytab");
        error(Code::KerberosPrincipal, format!("{keytab} has no valid key of {who}"))
            .next(format!("klist -kt {keytab}    shows whose keys it has; check kerberos.principal"))
    }

    /// How one gets a ticket.
    fn renew(&self) -> String {
        match &self.principal {
            Some(principal) => format!("kinit {principal}    or set kerberos.keytab in the profile"),
            None => "kinit    or set kerberos.keytab in the profile".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_their_words() {
        let said = |minor, major: u32| {
            let attempt = Attempt { principal: Some("alice@R".to_owned()), ..Attempt::default() };
            attempt.said(&Status { major: major << 16, minor, text: "text".to_owned() }).code()
        };
        // The number that was seen for an ended ticket.
        assert_eq!(TICKET_EXPIRED, 2_529_638_944);
        assert_eq!(said(TICKET_EXPIRED, 13), Code::KerberosNoTicket);
        assert_eq!(said(0, NO_CREDENTIAL), Code::KerberosNoTicket);
        assert_eq!(said(CLOCK_SKEW, 13), Code::KerberosClock);
        assert_eq!(said(KDC_UNREACHABLE, 13), Code::KdcUnreachable);
        assert_eq!(said(SERVER_UNKNOWN, 13), Code::KerberosPrincipal);
        assert_eq!(said(12_345, 13), Code::Kerberos);
    }
}
