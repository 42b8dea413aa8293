//! The login of Thrift's SASL transport: messages of a status, a length and a token.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::transport::{Stream, closed, read_exact};
use crate::auth::Login;
use crate::auth::sasl::{MECHANISM, Negotiation, Session};
use crate::error::{Code, Error, Result};

const START: u8 = 1;
const OK: u8 = 2;
const BAD: u8 = 3;
const ERROR: u8 = 4;
const COMPLETE: u8 = 5;

/// Tokens are some thousand bytes; a ticket with many groups some ten thousand.
const LARGEST: usize = 1 << 20;

/// Logs in to a service by its principal.
pub(super) async fn log_in(stream: &mut Box<dyn Stream>, login: &Login, service: &str) -> Result<Session> {
    let (mut negotiation, first) = Negotiation::begin(login, service).await?.step(None).await?;
    send(stream, START, MECHANISM.as_bytes()).await?;
    send(stream, OK, &first.token).await?;
    loop {
        match receive(stream).await? {
            (OK, token) => {
                let (next, step) = negotiation.step(Some(token)).await?;
                negotiation = next;
                send(stream, OK, &step.token).await?;
            }
            (COMPLETE, _) => return negotiation.finish(),
            (BAD | ERROR, why) => return Err(refused(service, &String::from_utf8_lossy(&why))),
            (other, _) => {
                return Err(Error::new(Code::Metastore, "the metastore does not log in with Kerberos")
                    .why(format!("it answered with status {other}"))
                    .next("leave catalog.principal of the profile out"));
            }
        }
    }
}

fn refused(service: &str, why: &str) -> Error {
    Error::new(Code::Kerberos, format!("{service} refused the login"))
        .why(crate::model::clean(why))
        .next("check catalog.principal of the profile")
}

async fn send(stream: &mut Box<dyn Stream>, status: u8, token: &[u8]) -> Result<()> {
    let length = u32::try_from(token.len()).map_err(|_| Error::new(Code::Kerberos, "a token is too large"))?;
    let mut message = Vec::with_capacity(5 + token.len());
    message.push(status);
    message.extend(length.to_be_bytes());
    message.extend_from_slice(token);
    stream.write_all(&message).await?;
    Ok(stream.flush().await?)
}

async fn receive(stream: &mut Box<dyn Stream>) -> Result<(u8, Vec<u8>)> {
    let mut head = [0; 5];
    read_exact(stream, &mut head).await?;
    let [status, length @ ..] = head;
    let length = u32::from_be_bytes(length) as usize;
    if length > LARGEST {
        return Err(Error::new(Code::Metastore, "the metastore does not log in with Kerberos")
            .why(format!("it claims a token of {length} bytes"))
            .next("leave catalog.principal of the profile out"));
    }
    let mut token = Vec::new();
    let read = stream.take(length as u64).read_to_end(&mut token).await?;
    if read < length { Err(closed()) } else { Ok((status, token)) }
}
