//! Bytes to and from one metastore: plain or TLS below, buffered or framed above.
//!
//! Decisions:
//! - Nothing is allocated by what a frame claims: it is read as it arrives, up to the limit of a reply.
//! - No time limit is here; whoever calls has one for the whole call.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use super::login;
use super::thrift::{Extent, LARGEST_REPLY};
use crate::auth::Login;
use crate::auth::sasl::Session;
use crate::auth::tls::{self, Trust};
use crate::config::{Metastore, MetastoreUri};
use crate::error::{Code, Error, Result};

/// A stream of bytes both ways.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for T {}

/// How messages are told apart.
pub(super) enum Framing {
    /// They are not: a message ends where its content says.
    Buffered,
    /// Each has its length before it.
    Framed,
    /// Each flush has its length before it, and is protected as the login agreed.
    Sasl(Box<Session>),
}

/// How long the connection itself may take; what follows is limited by whoever calls.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// The connection to one metastore.
pub(super) struct Transport {
    stream: Box<dyn Stream>,
    framing: Framing,
    arrived: BytesMut,
}

impl Transport {
    /// Connects.
    pub(super) async fn open(uri: &MetastoreUri, metastore: &Metastore, login: &Login) -> Result<Transport> {
        let connecting = TcpStream::connect((uri.host.as_str(), uri.port));
        let connected = tokio::time::timeout(CONNECT_LIMIT, connecting).await;
        let silent = || std::io::Error::new(std::io::ErrorKind::TimedOut, "no answer in 5 s");
        let stream = connected.unwrap_or_else(|_| Err(silent())).map_err(|error| failed(uri, error))?;
        stream.set_nodelay(true).map_err(|error| failed(uri, error))?;
        let mut stream: Box<dyn Stream> =
            if metastore.tls { Box::new(secured(stream, uri, metastore).await?) } else { Box::new(stream) };
        let framing = match &metastore.principal {
            Some(principal) => {
                Framing::Sasl(Box::new(login::log_in(&mut stream, login, &service_of(principal, uri)).await?))
            }
            None if metastore.framed => Framing::Framed,
            None => Framing::Buffered,
        };
        Ok(Transport { stream, framing, arrived: BytesMut::new() })
    }

    /// Sends one message.
    pub(super) async fn send(&mut self, message: &[u8]) -> Result<()> {
        match &mut self.framing {
            Framing::Buffered => self.stream.write_all(message).await?,
            Framing::Framed => write_frame(&mut self.stream, message).await?,
            Framing::Sasl(session) => {
                let wrapped = session.wrap(message.to_vec())?;
                write_frame(&mut self.stream, &wrapped).await?;
            }
        }
        Ok(self.stream.flush().await?)
    }

    /// Receives one message.
    pub(super) async fn receive(&mut self) -> Result<Bytes> {
        let mut extent = Extent::default();
        loop {
            if let Some(end) = extent.end(&self.arrived)? {
                let message = self.arrived.split_to(end).freeze();
                if !self.arrived.is_empty() {
                    return Err(Error::new(Code::Metastore, "the metastore sent more than it was asked for"));
                }
                // The next reply gets a buffer of its own size; a large one is not kept.
                self.arrived = BytesMut::new();
                return Ok(message);
            }
            if self.arrived.len() > LARGEST_REPLY {
                return Err(Error::new(Code::Metastore, "the metastore's reply is too large")
                    .why(format!("it has more than {} MiB", LARGEST_REPLY >> 20)));
            }
            self.fill().await?;
        }
    }

    /// Waits for more.
    async fn fill(&mut self) -> Result<()> {
        match &mut self.framing {
            Framing::Buffered => {
                self.arrived.reserve(16 << 10);
                match self.stream.read_buf(&mut self.arrived).await? {
                    0 => Err(closed()),
                    _ => Ok(()),
                }
            }
            Framing::Framed => {
                let frame = read_frame(&mut self.stream).await?;
                self.arrived.extend_from_slice(&frame);
                Ok(())
            }
            Framing::Sasl(session) => {
                let frame = session.unwrap(read_frame(&mut self.stream).await?)?;
                self.arrived.extend_from_slice(&frame);
                Ok(())
            }
        }
    }
}

/// TLS over a connection.
async fn secured(stream: TcpStream, uri: &MetastoreUri, metastore: &Metastore) -> Result<impl Stream + use<>> {
    let trust = Trust { file: metastore.tls_ca.as_deref(), key: "catalog.tls_ca" };
    tls::wrap(stream, &uri.host, &trust, |why| tls_failed(uri, why)).await
}

/// The principal of a metastore: `_HOST` stands for the host of its address.
fn service_of(principal: &str, uri: &MetastoreUri) -> String {
    principal.replace("_HOST", &uri.host.to_lowercase())
}

async fn write_frame(stream: &mut Box<dyn Stream>, content: &[u8]) -> Result<()> {
    let mut frame = Vec::with_capacity(4 + content.len());
    frame.extend(length_of(content)?);
    frame.extend_from_slice(content);
    Ok(stream.write_all(&frame).await?)
}

/// The length before a frame.
fn length_of(message: &[u8]) -> Result<[u8; 4]> {
    match u32::try_from(message.len()) {
        Ok(length) if message.len() <= LARGEST_REPLY => Ok(length.to_be_bytes()),
        _ => Err(Error::new(Code::Metastore, "the call is too large to be sent")),
    }
}

/// One frame, as it arrives.
async fn read_frame(stream: &mut Box<dyn Stream>) -> Result<Vec<u8>> {
    let mut length = [0; 4];
    read_exact(stream, &mut length).await?;
    let length = u32::from_be_bytes(length) as usize;
    if length > LARGEST_REPLY {
        return Err(Error::new(Code::Metastore, "the metastore's reply cannot be read")
            .why(format!("it claims a frame of {length} bytes"))
            .next("check catalog.framed and catalog.principal of the profile"));
    }
    let mut frame = Vec::new();
    let read = stream.take(length as u64).read_to_end(&mut frame).await?;
    if read < length { Err(closed()) } else { Ok(frame) }
}

pub(super) async fn read_exact(stream: &mut Box<dyn Stream>, bytes: &mut [u8]) -> Result<()> {
    match stream.read_exact(bytes).await {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Err(closed()),
        Err(error) => Err(error.into()),
    }
}

pub(super) fn closed() -> Error {
    Error::new(Code::MetastoreUnreachable, "the metastore closed the connection")
        .next("check that catalog.principal, catalog.framed and catalog.tls of the profile are as its server has them")
        .retryable()
}

fn failed(uri: &MetastoreUri, error: std::io::Error) -> Error {
    Error::new(Code::MetastoreUnreachable, format!("no connection to the metastore {uri}")).source(error).retryable()
}

/// The same for what else fails while connecting.
fn tls_failed(uri: &MetastoreUri, why: impl Into<String>) -> Error {
    Error::new(Code::MetastoreUnreachable, format!("no TLS connection to the metastore {uri}"))
        .why(why)
        .next("check catalog.tls and catalog.tls_ca of the profile")
}
