//! One connection: calls one after another, each with a limit.
//!
//! Invariant: a connection on which a call was not answered in full is not sound, and is never used again: the answer
//! might come to the next question.

use std::time::Duration;

use bytes::Bytes;

use super::thrift::{Reply, Struct, Texts, call, read_reply};
use super::transport::Transport;
use crate::auth::Login;
use crate::config::{Metastore, MetastoreUri};
use crate::error::{Code, Error, Result};

/// How long connecting may take, with TLS and login.
const CONNECT_LIMIT: Duration = Duration::from_secs(30);

/// Whose calls these are.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    /// The user, where nobody logs in; the server is told the name, and believes it.
    pub user: String,
    /// Who logs in, where the metastore has a principal.
    pub login: Login,
}

/// A connection to one metastore.
pub(super) struct Connection {
    transport: Transport,
    uri: MetastoreUri,
    sequence: i32,
    sound: bool,
    limit: Duration,
}

impl Connection {
    /// Connects and says who asks.
    pub(super) async fn open(
        uri: &MetastoreUri,
        metastore: &Metastore,
        caller: &Caller,
        limit: Duration,
    ) -> Result<Connection> {
        let opening = Transport::open(uri, metastore, &caller.login);
        let transport =
            tokio::time::timeout(CONNECT_LIMIT, opening).await.map_err(|_| silent(uri, CONNECT_LIMIT))??;
        let mut connection = Connection { transport, uri: uri.clone(), sequence: 0, sound: true, limit };
        if metastore.principal.is_none() && !caller.user.is_empty() {
            connection.introduce(&caller.user).await?;
        }
        Ok(connection)
    }

    /// Without a login the server is told whose calls these are; once a connection, a second time closes it. A server
    /// that does not want to know still serves.
    async fn introduce(&mut self, user: &str) -> Result<()> {
        use super::thrift::Value;
        let arguments = Struct::new().with(1, Value::text(user)).with(2, Value::texts([user]));
        self.call("set_ugi", &arguments).await.map(drop)
    }

    /// Whether another call may be made.
    pub(super) fn is_sound(&self) -> bool {
        self.sound
    }

    /// Calls a method.
    pub(super) async fn call(&mut self, method: &str, arguments: &Struct) -> Result<Reply> {
        let (reply, sequence) = self.exchange(method, arguments).await?;
        self.read(method, read_reply(&reply, sequence))
    }

    /// Calls a method whose result is a list of texts.
    pub(super) async fn call_texts(&mut self, method: &str, arguments: &Struct) -> Result<Result<Texts, Reply>> {
        let (reply, sequence) = self.exchange(method, arguments).await?;
        self.read(method, Texts::of(&reply, sequence))
    }

    /// A reply that cannot be read ends the connection.
    fn read<T>(&mut self, method: &str, read: Result<T>) -> Result<T> {
        self.sound &= read.is_ok();
        read.map_err(|error| error.context(format!("{method} of {}", self.uri)))
    }

    async fn exchange(&mut self, method: &str, arguments: &Struct) -> Result<(Bytes, i32)> {
        self.sequence = self.sequence.wrapping_add(1);
        self.sound = false;
        let message = call(method, self.sequence, arguments);
        let transport = &mut self.transport;
        let work = async {
            transport.send(&message).await?;
            transport.receive().await
        };
        let answered = tokio::time::timeout(self.limit, work).await;
        let reply = answered.unwrap_or_else(|_| Err(silent(&self.uri, self.limit))).map_err(|error| {
            let error = if error.code() == Code::Io { error.with_code(Code::MetastoreUnreachable) } else { error };
            error.context(format!("{method} of {}", self.uri)).unknown_outcome()
        })?;
        self.sound = true;
        Ok((reply, self.sequence))
    }
}

fn silent(uri: &MetastoreUri, limit: Duration) -> Error {
    Error::new(Code::MetastoreUnreachable, format!("the metastore {uri} does not answer"))
        .why(format!("nothing in {}", crate::model::duration_text(limit)))
        .retryable()
}
