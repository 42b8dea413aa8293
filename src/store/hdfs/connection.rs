//! One client of one HDFS, and how it is called: in a task of its own on threads of its own, because the login blocks
//! inside a poll; with a time-out, because the client has none; at its turn.
//!
//! A client whose call timed out is given up: the next call makes a new one, whose list of NameNodes begins with another.
//! One that hangs would otherwise be asked for ever, though the other has become active.

use std::future::Future;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{OnceLock, RwLock};
use std::time::Duration;

use hdfs_native::{Client, ClientBuilder, HdfsError};
use tokio::runtime::Runtime;

use super::failure::{self, Kind};
use super::pace::{Governor, Pace};
use super::room::Answers;
use super::snapshots::Known;
use crate::config::Hdfs;
use crate::error::{Code, Error, Result};
use crate::model::StorePath;

/// Threads for the client: besides login nothing blocks there.
const THREADS: usize = 2;
/// A directory that holds no configuration: the client would else read `$HADOOP_CONF_DIR`, whatever the profile says.
const NO_DIRECTORY: &str = "/dev/null/no-configuration";
/// A pipeline that lost a DataNode goes on with those that are left where there is no other, as the Java client's does: this
/// client asks for another even where Java's does not.
const BEST_EFFORT_KEY: &str = "dfs.client.block.write.replace-datanode-on-failure.best-effort";
/// Data may move for so many times the time-out of a call before a read or write of it is given up.
const DATA_FACTOR: u32 = 4;
/// A single NameNode that refuses is asked so many times more, in some seconds, unless the site says otherwise: the client's
/// fifteen take three minutes.
const ATTEMPTS: &str = "3";
const ATTEMPTS_KEY: &str = "dfs.client.failover.max.attempts";
/// Replicas where nothing is configured.
const REPLICATION: u64 = 3;
/// `dfs.ls.limit` where nothing is configured.
const PAGE: u64 = 1_000;

/// A client of an HDFS.
#[derive(Debug)]
pub(super) struct Connection {
    settings: Hdfs,
    governor: Governor,
    current: RwLock<Current>,
    /// Whether we may, for all we know, give away what we made.
    gives_away: AtomicBool,
    quotas: Answers,
    snapshots: Known,
}

#[derive(Debug, Default)]
struct Current {
    /// Counts clients that were given up.
    turn: usize,
    client: Option<Client>,
}

/// The threads on which clients work; they end with the process.
fn threads() -> Result<&'static Runtime> {
    static THREADS_OF_CLIENTS: OnceLock<std::result::Result<Runtime, String>> = OnceLock::new();
    let made = THREADS_OF_CLIENTS.get_or_init(|| {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("hdfs")
            .enable_all()
            .build()
            .map_err(|error| error.to_string())
    });
    made.as_ref().map_err(|why| Error::new(Code::Io, "no threads for HDFS can be made").why(why.clone()))
}

/// Lets work go on that nobody waits for.
pub(super) fn leave(work: impl Future<Output = ()> + Send + 'static) {
    if let Ok(threads) = threads() {
        threads.spawn(work);
    }
}

impl Connection {
    pub(super) fn new(settings: Hdfs) -> Connection {
        let governor = Governor::new(settings.calls_per_second);
        Connection {
            settings,
            governor,
            current: RwLock::default(),
            gives_away: AtomicBool::new(true),
            quotas: Answers::default(),
            snapshots: Known::default(),
        }
    }

    pub(super) fn url(&self) -> &str {
        &self.settings.url
    }

    /// Only a superuser may; found out by trying.
    pub(super) fn may_give_away(&self) -> bool {
        self.gives_away.load(Ordering::Relaxed)
    }

    pub(super) fn cannot_give_away(&self) {
        self.gives_away.store(false, Ordering::Relaxed);
    }

    /// The calls to NameNodes so far.
    pub(super) fn calls(&self) -> u64 {
        self.governor.made()
    }

    /// What is known of quotas.
    pub(super) fn quotas(&self) -> &Answers {
        &self.quotas
    }

    /// What is known of snapshots.
    pub(super) fn snapshots(&self) -> &Known {
        &self.snapshots
    }

    /// How many replicas a file usually has here.
    pub(super) fn replication(&self) -> u64 {
        self.number("dfs.replication").unwrap_or(REPLICATION).max(1)
    }

    /// How much one call of a listing tells at most. The files of this host may say more than the NameNode goes by.
    pub(super) fn page(&self) -> u64 {
        self.number("dfs.ls.limit").filter(|limit| *limit > 0).map_or(PAGE, |limit| limit.min(PAGE))
    }

    fn number(&self, key: &str) -> Option<u64> {
        self.settings.properties.get(key).and_then(|number| number.parse().ok())
    }

    /// The user's directory, as the client sees it.
    pub(super) async fn home(&self) -> Result<StorePath> {
        let (_, client) = self.client().await?;
        home_of(&client).map_or_else(
            || Err(Error::new(Code::Internal, "the client of HDFS does not say whose it is")),
            StorePath::new,
        )
    }

    /// Who acts.
    pub(super) async fn user(&self) -> Result<String> {
        self.home().await.map(|home| home.name().to_owned())
    }

    /// A call that changes nothing, at the pace of work.
    pub(super) async fn look<T, F>(
        &self,
        act: &str,
        path: &str,
        call: impl FnOnce(Client) -> F + Send + 'static,
    ) -> Result<T>
    where
        T: Send + 'static,
        F: Future<Output = hdfs_native::Result<T>> + Send + 'static,
    {
        self.call(Pace::Work, Kind::Look, act, path, call).await
    }

    /// A call to the NameNode.
    pub(super) async fn call<T, F>(
        &self,
        pace: Pace,
        kind: Kind,
        act: &str,
        path: &str,
        call: impl FnOnce(Client) -> F + Send + 'static,
    ) -> Result<T>
    where
        T: Send + 'static,
        F: Future<Output = hdfs_native::Result<T>> + Send + 'static,
    {
        let _in_flight = self.governor.turn(pace).await?;
        let (turn, client) = self.client().await?;
        let limit = self.settings.call_timeout;
        let ended = within(limit, async move { call(client).await }).await;
        if matches!(ended, Ended::Late) {
            self.give_up(turn);
        }
        answer(ended, act, path, kind, limit)
    }

    /// Writes of little data, by what was opened before: they take no longer than a call may.
    pub(super) async fn short_transfer<T: Send + 'static>(
        &self,
        act: &str,
        path: &str,
        work: impl Future<Output = hdfs_native::Result<T>> + Send + 'static,
    ) -> Result<T> {
        let limit = self.settings.call_timeout;
        answer(within(limit, work).await, act, path, Kind::Look, limit)
    }

    /// A transfer of data, by what was opened before.
    pub(super) async fn transfer<T: Send + 'static>(
        &self,
        kind: Kind,
        act: &str,
        path: &str,
        work: impl Future<Output = hdfs_native::Result<T>> + Send + 'static,
    ) -> Result<T> {
        let limit = self.settings.call_timeout * DATA_FACTOR;
        answer(within(limit, work).await, act, path, kind, limit)
    }

    /// The client of now, made where there is none.
    async fn client(&self) -> Result<(usize, Client)> {
        let turn = {
            let current = self.current.read().unwrap_or_else(std::sync::PoisonError::into_inner);
            if let Some(client) = &current.client {
                return Ok((current.turn, client.clone()));
            }
            current.turn
        };
        let settings = self.settings.clone();
        let limit = self.settings.call_timeout;
        let handle = threads()?.handle().clone();
        // Making one asks the Kerberos library who we are, and that may ask a server.
        let made = threads()?.spawn_blocking(move || build(&settings, turn, handle));
        let client = match tokio::time::timeout(limit, made).await {
            Ok(Ok(Ok(client))) => client,
            Ok(Ok(Err(error))) => return Err(failure::of(error, "open", &self.settings.url, Kind::Look)),
            Ok(Err(error)) => {
                return Err(Error::new(Code::Internal, "the client of HDFS broke off").source(error));
            }
            Err(_) => return Err(failure::timed_out("open", &self.settings.url, Kind::Look, limit)),
        };
        let mut current = self.current.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        if current.turn == turn {
            current.client.get_or_insert_with(|| client.clone());
        }
        Ok((turn, client))
    }

    fn give_up(&self, turn: usize) {
        let mut current = self.current.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        if current.turn == turn {
            *current = Current { turn: turn + 1, client: None };
        }
    }
}

fn build(settings: &Hdfs, turn: usize, handle: tokio::runtime::Handle) -> hdfs_native::Result<Client> {
    let mut properties = settings.properties.clone();
    for (_, namenodes) in properties.iter_mut().filter(|(key, _)| key.starts_with("dfs.ha.namenodes.")) {
        *namenodes = rotated(namenodes, turn);
    }
    debug_assert!(!Path::new(NO_DIRECTORY).exists());
    if settings.url.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok()) {
        properties.entry(ATTEMPTS_KEY.to_owned()).or_insert_with(|| ATTEMPTS.to_owned());
    }
    properties.entry(BEST_EFFORT_KEY.to_owned()).or_insert_with(|| "true".to_owned());
    let mut builder = ClientBuilder::new()
        .with_url(&settings.url)
        .with_config_dir(NO_DIRECTORY)
        .with_config(properties)
        .with_io_runtime(handle);
    if let Some(principal) = &settings.principal {
        builder = builder.with_kerberos_principal(principal);
    }
    if let Some(keytab) = &settings.keytab {
        builder = builder.with_kerberos_keytab(keytab.to_string_lossy());
    }
    builder.build()
}

/// A list that begins with another of its items.
fn rotated(list: &str, turn: usize) -> String {
    let mut items: Vec<&str> = list.split(',').collect();
    let count = items.len();
    items.rotate_left(turn % count);
    items.join(",")
}

/// The directory of the client's user. The client has no call for it; what it shows for debugging has. The version is
/// pinned, and the tests look.
fn home_of(client: &Client) -> Option<String> {
    let shown = format!("{client:?}");
    let (_, rest) = shown.split_once("home_dir: \"")?;
    rest.split_once('"').map(|(home, _)| home.to_owned())
}

enum Ended<T> {
    Answered(hdfs_native::Result<T>),
    Broken(tokio::task::JoinError),
    NoThreads(Error),
    Late,
}

/// Ends the task when the time is over: what it has not sent yet is then never sent.
async fn within<T: Send + 'static>(
    limit: Duration,
    work: impl Future<Output = hdfs_native::Result<T>> + Send + 'static,
) -> Ended<T> {
    let threads = match threads() {
        Ok(threads) => threads,
        Err(error) => return Ended::NoThreads(error),
    };
    let mut task = AbortOnDrop(threads.spawn(work));
    match tokio::time::timeout(limit, &mut task.0).await {
        Ok(Ok(answer)) => Ended::Answered(answer),
        Ok(Err(error)) => Ended::Broken(error),
        Err(_) => Ended::Late,
    }
}

struct AbortOnDrop<T>(tokio::task::JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn answer<T>(ended: Ended<T>, act: &str, path: &str, kind: Kind, limit: Duration) -> Result<T> {
    match ended {
        Ended::Answered(Ok(value)) => Ok(value),
        Ended::Answered(Err(error)) => Err(failure::of(error, act, path, kind)),
        Ended::Late => Err(failure::timed_out(act, path, kind, limit)),
        Ended::NoThreads(error) => Err(error),
        Ended::Broken(error) => {
            let error = Error::new(Code::Internal, format!("could not {act} {}", crate::model::clean(path)))
                .why("the client of HDFS broke off")
                .source(error);
            Err(if kind == Kind::Change { error.unknown_outcome() } else { error })
        }
    }
}

/// For what is closed over by a transfer: an error that is not the client's.
pub(super) fn broken(why: &str) -> HdfsError {
    HdfsError::OperationFailed(why.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_begins_with_another_each_time() {
        assert_eq!(rotated("a,b,c", 0), "a,b,c");
        assert_eq!(rotated("a,b,c", 4), "b,c,a");
        assert_eq!(rotated("a", 7), "a");
    }

    #[test]
    fn the_client_still_shows_its_home() {
        let settings = Hdfs {
            url: "hdfs://127.0.0.1:1".to_owned(),
            properties: [("dfs.user.home.dir.prefix".to_owned(), "/homes".to_owned())].into_iter().collect(),
            principal: None,
            keytab: None,
            call_timeout: Duration::from_secs(1),
            calls_per_second: 100,
        };
        let client = build(&settings, 0, threads().unwrap().handle().clone()).unwrap();
        let home = home_of(&client).unwrap();
        assert!(home.starts_with("/homes/") && home.len() > "/homes/".len(), "{home}");
    }
}
