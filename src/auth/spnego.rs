//! SPNEGO (RFC 4559), the client's side: one token for a web server, and its answer. Who carries them is not asked here.

use std::time::Duration;

use super::failure::Attempt;
use super::library::{Context, Mechanism, Name};
use super::{Login, blocking};
use crate::error::{Code, Error, Result};

/// A step may ask a Kerberos server, which may hang.
const LIMIT: Duration = Duration::from_secs(10);
const WHAT: &str = "the login with Kerberos";

/// A login that waits for the server's answer.
pub struct Spnego {
    context: Context,
    attempt: Attempt,
}

impl Spnego {
    /// Begins to log in to a service: a principal, `HTTP/host@REALM`, or `HTTP@host`, whose realm the library finds.
    /// What is returned is to be sent.
    pub async fn begin(login: &Login, service: &str) -> Result<(Spnego, Vec<u8>)> {
        let (login, service) = (login.clone(), service.to_owned());
        let mut attempt = login.attempt();
        attempt.service = Some(service.clone());
        blocking(WHAT, LIMIT, move || {
            let name = if service.contains('/') { Name::import(&service) } else { Name::service(&service) };
            let name = name.map_err(|failed| attempt.failed(failed))?;
            let credential = login.acquire(Mechanism::Negotiate)?;
            let mut context = Context::new(name, credential, Mechanism::Negotiate);
            let token = context.step(None).map_err(|failed| unknown_host(attempt.failed(failed)))?;
            Ok((Spnego { context, attempt }, token))
        })
        .await
    }

    /// Takes the server's answer: it has to be who we asked for.
    pub async fn finish(mut self, token: Option<Vec<u8>>) -> Result<()> {
        if self.context.is_complete() {
            return Ok(());
        }
        let Some(token) = token else {
            return Err(
                Error::new(Code::Kerberos, "the login with Kerberos failed").why("the server did not show who it is")
            );
        };
        blocking(WHAT, LIMIT, move || {
            self.context.step(Some(&token)).map_err(|failed| self.attempt.failed(failed))?;
            if self.context.is_complete() {
                return Ok(());
            }
            Err(Error::new(Code::Kerberos, "the login with Kerberos failed").why("the server wants to go on with it"))
        })
        .await
    }
}

/// What helps where the service is not known: its name has the host's. Within SPNEGO the library tells why only in words.
fn unknown_host(error: Error) -> Error {
    match error.code() {
        Code::KerberosPrincipal | Code::Kerberos => {
            error.next("a web server is known by its host's full name: see webhdfs.addresses")
        }
        _ => error,
    }
}

impl std::fmt::Debug for Spnego {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Spnego")
    }
}
