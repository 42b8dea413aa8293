//! Calls to any of a profile's metastores.
//!
//! Decisions:
//! - Reads are asked again, on a new connection and then on the next metastore, when a connection breaks.
//! - A write is made on a connection that has just answered, and never again: whether a call without an answer was
//!   carried out is unknown (PROTOCOL §3).
//! - What a metastore refuses is not asked again.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};

use super::connection::{Caller, Connection};
use super::thrift::{Reply, Struct, Texts, Value};
use crate::config::{Metastore, MetastoreUri};
use crate::error::{Code, Error, Result};

/// Connections at a time.
const CONNECTIONS: usize = 8;
/// Connections that are kept between calls.
const KEPT: usize = 4;

/// A method, and the names of what it throws by the fields in which it comes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Method {
    pub(super) name: &'static str,
    pub(super) throws: &'static [(i16, Thrown)],
}

/// What a method throws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Thrown {
    /// A table, partition or database is not there.
    NotThere,
    /// Anything else.
    Refused,
}

/// What came of a call.
#[derive(Debug)]
pub(super) enum Answer<T> {
    /// What it returned; none where it returns nothing.
    Returned(T),
    /// What it threw, with its message.
    Threw(Thrown, String),
    /// This metastore does not have the method.
    NoSuchMethod,
}

/// A client of the metastores of one profile.
pub(super) struct Client {
    metastore: Arc<Metastore>,
    caller: Caller,
    limit: Duration,
    idle: Mutex<Vec<Connection>>,
    permits: Semaphore,
    /// The metastore that answered last.
    preferred: AtomicUsize,
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Client").field("metastore", &self.metastore).finish()
    }
}

/// A connection that is taken out of the client for some calls.
pub(super) struct Taken<'a> {
    client: &'a Client,
    connection: Option<Connection>,
    is_new: bool,
    _permit: Option<SemaphorePermit<'a>>,
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take().filter(Connection::is_sound) {
            let mut idle = self.client.idle.lock().unwrap_or_else(PoisonError::into_inner);
            if idle.len() < KEPT {
                idle.push(connection);
            }
        }
    }
}

impl Taken<'_> {
    /// Calls a method on this connection, once.
    pub(super) async fn call(&mut self, method: Method, arguments: &Struct) -> Result<Answer<Option<Value>>> {
        let reply = self.connection()?.call(method.name, arguments).await?;
        self.answer(method, reply)
    }

    async fn texts(&mut self, method: Method, arguments: &Struct) -> Result<Answer<Texts>> {
        match self.connection()?.call_texts(method.name, arguments).await? {
            Ok(texts) => Ok(Answer::Returned(texts)),
            Err(reply) => match self.answer(method, reply)? {
                Answer::Returned(_) => Err(Error::new(Code::Metastore, format!("{} returned no list", method.name))),
                Answer::Threw(thrown, message) => Ok(Answer::Threw(thrown, message)),
                Answer::NoSuchMethod => Ok(Answer::NoSuchMethod),
            },
        }
    }

    fn connection(&mut self) -> Result<&mut Connection> {
        let connection = self.connection.as_mut().filter(|connection| connection.is_sound());
        connection.ok_or_else(|| Error::new(Code::Internal, "a connection was used after it broke"))
    }

    fn answer(&mut self, method: Method, reply: Reply) -> Result<Answer<Option<Value>>> {
        let fields = match reply {
            Reply::Result(fields) => fields,
            // 1 is UNKNOWN_METHOD.
            Reply::Failure { kind: 1, .. } => return Ok(Answer::NoSuchMethod),
            Reply::Failure { message, .. } => {
                // Such a server closes the connection right after.
                self.connection = None;
                return Err(refused(method, &message));
            }
        };
        let mut returned = None;
        for (id, value) in fields.0 {
            if id == 0 {
                returned = Some(value);
                continue;
            }
            let thrown =
                method.throws.iter().find(|(field, _)| *field == id).map_or(Thrown::Refused, |(_, kind)| *kind);
            let message = value.as_struct().and_then(|fields| fields.text(1)).unwrap_or("no message");
            return Ok(Answer::Threw(thrown, message.to_owned()));
        }
        Ok(Answer::Returned(returned))
    }
}

impl Client {
    /// A client; nothing is contacted.
    pub(super) fn new(metastore: Metastore, caller: Caller, limit: Duration) -> Client {
        Client {
            metastore: Arc::new(metastore),
            caller,
            limit,
            idle: Mutex::default(),
            permits: Semaphore::new(CONNECTIONS),
            preferred: AtomicUsize::new(0),
        }
    }

    /// Asks; a broken connection is replaced, a metastore that fails makes room for the next.
    pub(super) async fn ask(&self, method: Method, arguments: &Struct) -> Result<Answer<Option<Value>>> {
        let mut left = self.metastore.uris.len().max(2);
        loop {
            let mut taken = self.take().await?;
            match taken.call(method, arguments).await {
                Err(error) if self.may_ask_again(&taken, &error, &mut left) => {}
                answer => return answer,
            }
        }
    }

    /// The same for a method whose result is a list of texts.
    pub(super) async fn ask_texts(&self, method: Method, arguments: &Struct) -> Result<Answer<Texts>> {
        let mut left = self.metastore.uris.len().max(2);
        loop {
            let mut taken = self.take().await?;
            match taken.texts(method, arguments).await {
                Err(error) if self.may_ask_again(&taken, &error, &mut left) => {}
                answer => return answer,
            }
        }
    }

    /// Whether a read that failed is asked again. A connection that was kept may have been closed meanwhile: all such
    /// are forgotten. A new one that breaks speaks against its metastore.
    fn may_ask_again(&self, taken: &Taken<'_>, error: &Error, left: &mut usize) -> bool {
        let broken = error.code() == Code::MetastoreUnreachable;
        if !broken {
            return false;
        }
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
        if taken.is_new {
            *left -= 1;
            self.preferred.fetch_add(1, Ordering::Relaxed);
        }
        *left > 0
    }

    /// Takes a connection that is there, or makes one.
    pub(super) async fn take(&self) -> Result<Taken<'_>> {
        let permit = self.permits.acquire().await.ok();
        let kept = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let is_new = kept.is_none();
        let connection = match kept {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        Ok(Taken { client: self, connection: Some(connection), is_new, _permit: permit })
    }

    /// Connects to the first metastore that answers, beginning with the one that answered last.
    async fn connect(&self) -> Result<Connection> {
        let uris = &self.metastore.uris;
        let first = self.preferred.load(Ordering::Relaxed);
        let mut failures = Vec::new();
        for step in 0..uris.len() {
            let index = first.wrapping_add(step) % uris.len();
            match Connection::open(&uris[index], &self.metastore, &self.caller, self.limit).await {
                Ok(connection) => {
                    self.preferred.store(index, Ordering::Relaxed);
                    return Ok(connection);
                }
                Err(error) => failures.push(error),
            }
        }
        Err(none_answers(failures))
    }

    /// Tries one metastore, for whoever asks how it is; how long it took, and what it says its version is.
    pub(super) async fn probe(&self, uri: &MetastoreUri) -> Result<Option<String>> {
        let mut connection = Connection::open(uri, &self.metastore, &self.caller, self.limit).await?;
        match connection.call("getVersion", &Struct::new()).await? {
            Reply::Result(fields) => Ok(fields.text(0).map(str::to_owned)),
            Reply::Failure { .. } => Ok(None),
        }
    }
}

/// Of one metastore its own error; of several that no one answers, with each one's why.
fn none_answers(mut failures: Vec<Error>) -> Error {
    if failures.len() == 1 {
        return failures.remove(0);
    }
    let next = failures.iter().find_map(Error::next_step).map(str::to_owned);
    let code = match failures.first() {
        Some(first) if failures.iter().all(|failure| failure.code() == first.code()) => first.code(),
        _ => Code::MetastoreUnreachable,
    };
    let mut error = Error::new(code, "no metastore of the profile can be used").retryable();
    for failure in &failures {
        error = error.why(failure.to_string());
    }
    match next {
        Some(next) => error.next(next),
        None => error.next("lakehand doctor"),
    }
}

/// The error of a call that was refused.
pub(super) fn refused(method: Method, message: &str) -> Error {
    Error::new(Code::Metastore, format!("the metastore refused {}", method.name)).why(crate::model::clean(message))
}
