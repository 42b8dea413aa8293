//! GET over HTTP/1.1 to one server, with or without TLS. Redirects are not followed, bodies are bounded.

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{AUTHORIZATION, HOST, HeaderMap, WWW_AUTHENTICATE};
use hyper::{Method, Request, Uri};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::auth::tls::{self, Trust};
use crate::config::WebAddress;
use crate::error::{Code, Error, Result};

/// The answers that are read are some hundred bytes.
const LARGEST: usize = 1 << 20;
const NEGOTIATE: &str = "negotiate";

/// A stream of bytes both ways.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A client of one server.
pub(super) struct Http<'a> {
    address: &'a WebAddress,
    tls_ca: Option<&'a str>,
    open: Option<Open>,
}

/// A connection, and the task that moves its bytes; it ends with this.
struct Open {
    requests: SendRequest<Empty<Bytes>>,
    moving: JoinHandle<()>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.moving.abort();
    }
}

/// What was answered.
pub(super) struct Reply {
    pub(super) status: u16,
    /// A login by SPNEGO is asked for, or goes on.
    pub(super) negotiates: bool,
    /// The token of that.
    pub(super) token: Option<String>,
    pub(super) body: Bytes,
}

impl<'a> Http<'a> {
    pub(super) fn new(address: &'a WebAddress, tls_ca: Option<&'a str>) -> Http<'a> {
        Http { address, tls_ca, open: None }
    }

    pub(super) fn address(&self) -> &'a WebAddress {
        self.address
    }

    /// Asks for a path with its query; on the same connection, as long as the server keeps it.
    pub(super) async fn get(&mut self, target: &str, authorization: Option<&str>) -> Result<Reply> {
        let address = self.address;
        let mut request = Request::builder()
            .method(Method::GET)
            .uri(target.parse::<Uri>().map_err(|error| failed(address, error.to_string()))?)
            .header(HOST, address.authority());
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        let request = request.body(Empty::new()).map_err(|error| failed(address, error.to_string()))?;
        let open = self.open().await?;
        let answer = open.requests.send_request(request).await.map_err(|error| failed(address, said(&error)))?;
        let (negotiates, token) = challenge(answer.headers());
        let status = answer.status().as_u16();
        let body = Limited::new(answer.into_body(), LARGEST).collect().await;
        let body = body.map_err(|error| failed(address, error.to_string()))?.to_bytes();
        Ok(Reply { status, negotiates, token, body })
    }

    /// The connection, made where there is none that still works.
    async fn open(&mut self) -> Result<&mut Open> {
        let kept = match self.open.take() {
            Some(mut open) => open.requests.ready().await.is_ok().then_some(open),
            None => None,
        };
        let open = match kept {
            Some(open) => open,
            None => self.connect().await?,
        };
        Ok(self.open.insert(open))
    }

    async fn connect(&self) -> Result<Open> {
        let address = self.address;
        let failed = |why: String| failed(address, why);
        let connected = TcpStream::connect((address.host.as_str(), address.port)).await;
        let stream = connected.map_err(|error| failed(error.to_string()))?;
        stream.set_nodelay(true).map_err(|error| failed(error.to_string()))?;
        let stream: Box<dyn Stream> = if address.tls {
            let trust = Trust { file: self.tls_ca, key: "webhdfs.tls_ca" };
            Box::new(tls::wrap(stream, &address.host, &trust, failed).await?)
        } else {
            Box::new(stream)
        };
        let (requests, moving) = http1::handshake(TokioIo::new(stream)).await.map_err(|error| failed(said(&error)))?;
        let moving = tokio::spawn(async move {
            // How it ended is told to the request that it broke.
            let _ = moving.await;
        });
        Ok(Open { requests, moving })
    }
}

/// Whether a login by SPNEGO is asked for, and its token.
fn challenge(headers: &HeaderMap) -> (bool, Option<String>) {
    for value in headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok()) {
        let (scheme, rest) = value.split_once(' ').unwrap_or((value, ""));
        if scheme.eq_ignore_ascii_case(NEGOTIATE) {
            return (true, Some(rest.trim().to_owned()).filter(|token| !token.is_empty()));
        }
    }
    (false, None)
}

fn said(error: &hyper::Error) -> String {
    use std::error::Error as _;
    error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}

fn failed(address: &WebAddress, why: String) -> Error {
    Error::new(Code::Unavailable, format!("no answer of {address}")).why(crate::model::clean(&why))
}
