//! SASL with GSSAPI (RFC 4752), the client's side: tokens in, tokens out; who carries them is not asked here.
//!
//! Decisions:
//! - The best protection that the server offers is taken: private, else signed, else none. Hadoop servers offer one.
//! - What arrives under a protection is refused when it is not protected so.

use std::time::Duration;

use super::failure::Attempt;
use super::library::{Context, Mechanism, Name};
use super::{Login, blocking};
use crate::error::{Code, Error, Result};

/// A step may ask a Kerberos server, which may hang.
const LIMIT: Duration = Duration::from_secs(15);

/// The mechanism's name.
pub const MECHANISM: &str = "GSSAPI";

/// The largest message that is taken, as it is told to the server: 24 bits.
const LARGEST: [u8; 3] = [0xff, 0xff, 0xff];

/// How messages are protected once the login is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// Not at all (`authentication`, auth).
    None,
    /// Signed (`integrity`, auth-int).
    Signed,
    /// Encrypted (`privacy`, auth-conf).
    Private,
}

impl Protection {
    /// The best of those that a server offers as bits.
    fn best(offered: u8) -> Option<Protection> {
        match offered {
            mask if mask & 4 != 0 => Some(Protection::Private),
            mask if mask & 2 != 0 => Some(Protection::Signed),
            mask if mask & 1 != 0 => Some(Protection::None),
            _ => None,
        }
    }

    fn bit(self) -> u8 {
        match self {
            Protection::None => 1,
            Protection::Signed => 2,
            Protection::Private => 4,
        }
    }
}

/// A login that is under way.
pub struct Negotiation {
    context: Context,
    attempt: Attempt,
    protection: Option<Protection>,
}

/// What the server is sent, and whether the login is complete on our side.
pub struct Step {
    /// To be sent.
    pub token: Vec<u8>,
    /// Nothing more is expected but the server's consent.
    pub complete: bool,
}

impl Negotiation {
    /// Begins to log in to a service by its principal, `hive/hms1.example@REALM`. The step that follows takes no token.
    pub async fn begin(login: &Login, service: &str) -> Result<Negotiation> {
        let (login, service) = (login.clone(), service.to_owned());
        let mut attempt = login.attempt();
        attempt.service = Some(service.clone());
        blocking("the login with Kerberos", LIMIT, move || {
            let service = Name::import(&service).map_err(|failed| attempt.failed(failed))?;
            let credential = login.acquire(Mechanism::Kerberos)?;
            if attempt.principal.is_none() {
                attempt.principal = credential.describe().ok().map(|(principal, _)| principal);
            }
            let context = Context::new(service, credential, Mechanism::Kerberos);
            Ok(Negotiation { context, attempt, protection: None })
        })
        .await
    }

    /// Takes the server's token, if it sent one, and says what to send.
    pub async fn step(mut self, token: Option<Vec<u8>>) -> Result<(Negotiation, Step)> {
        blocking("the login with Kerberos", LIMIT, move || {
            let step = self.next(token.as_deref())?;
            Ok((self, step))
        })
        .await
    }

    fn next(&mut self, token: Option<&[u8]>) -> Result<Step> {
        if !self.context.is_complete() {
            let token = self.context.step(token).map_err(|failed| self.attempt.failed(failed))?;
            return Ok(Step { token, complete: false });
        }
        if self.protection.is_some() {
            return Err(broken("the server went on after the login was done"));
        }
        let (offer, _) =
            self.context.unwrap(token.unwrap_or_default()).map_err(|failed| self.attempt.failed(failed))?;
        let [offered, ..] = offer[..] else { return Err(broken("the server offers nothing")) };
        let protection = Protection::best(offered).ok_or_else(|| broken("the server offers no protection"))?;
        self.protection = Some(protection);
        let [a, b, c] = if protection == Protection::None { [0; 3] } else { LARGEST };
        let answer = self.context.wrap(&[protection.bit(), a, b, c], false);
        Ok(Step { token: answer.map_err(|failed| self.attempt.failed(failed))?, complete: true })
    }

    /// The session, once the server has agreed.
    pub fn finish(self) -> Result<Session> {
        match self.protection {
            Some(protection) => Ok(Session { context: self.context, attempt: self.attempt, protection }),
            None => Err(broken("the server ended the login before it was done")),
        }
    }
}

/// What protects messages after the login.
pub struct Session {
    context: Context,
    attempt: Attempt,
    protection: Protection,
}

impl Session {
    /// How.
    pub fn protection(&self) -> Protection {
        self.protection
    }

    /// A message as it is sent.
    pub fn wrap(&mut self, message: Vec<u8>) -> Result<Vec<u8>> {
        match self.protection {
            Protection::None => Ok(message),
            protection => {
                let wrapped = self.context.wrap(&message, protection == Protection::Private);
                wrapped.map_err(|failed| self.attempt.failed(failed))
            }
        }
    }

    /// The content of a message that arrived.
    pub fn unwrap(&mut self, message: Vec<u8>) -> Result<Vec<u8>> {
        if self.protection == Protection::None {
            return Ok(message);
        }
        let (content, private) = self.context.unwrap(&message).map_err(|failed| self.attempt.failed(failed))?;
        if self.protection == Protection::Private && !private {
            return Err(broken("a message arrived that is not encrypted"));
        }
        Ok(content)
    }
}

fn broken(why: &str) -> Error {
    Error::new(Code::Kerberos, "the login with Kerberos failed").why(why.to_owned())
}

impl std::fmt::Debug for Session {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Session").field("protection", &self.protection).finish()
    }
}
