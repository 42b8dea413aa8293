//! The servers and tickets of a profile, each asked for itself: the lake need not open for that.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::timeout;

use super::Writer;
use crate::auth::{Login, Ticket, ticket};
use crate::catalog::{Caller, HiveCatalog, Read as _, Service};
use crate::config::{CatalogKind, Hdfs, Settings};
use crate::error::{Code, Error, Result};
use crate::model::StorePath;
use crate::store::{HdfsStore, Read as _};

/// How long a NameNode may take to say how it is.
const NAMENODE_LIMIT: Duration = Duration::from_secs(5);

/// The ticket with which this profile logs in; none where it does not.
pub async fn kerberos(settings: &Settings) -> Option<Result<Ticket>> {
    let kerberos = &settings.kerberos;
    let hdfs = settings.hdfs.as_ref().and_then(|hdfs| hdfs.properties.get("hadoop.security.authentication"));
    let used = settings.metastore.principal.is_some()
        || kerberos.principal.is_some()
        || kerberos.keytab.is_some()
        || hdfs.is_some_and(|way| way.eq_ignore_ascii_case("kerberos"));
    if !used {
        return None;
    }
    Some(ticket(&Login::new(kerberos)).await)
}

/// What is left of the ticket of an open lake; asked while a run works.
#[derive(Clone, Debug)]
pub struct Tickets(Arc<Settings>);

impl Tickets {
    /// Those with which this lake was opened.
    pub fn of(writer: &Writer) -> Tickets {
        Tickets(Arc::clone(&writer.settings))
    }

    /// For how long one may still log in; none where no ticket is needed, and where a keytab gives the next one.
    pub async fn left(&self) -> Result<Option<Duration>> {
        if self.0.kerberos.keytab.is_some() {
            return Ok(None);
        }
        Ok(kerberos(&self.0).await.transpose()?.and_then(|ticket| ticket.left))
    }
}

/// The metastores of the profile, each asked now.
pub async fn metastores(settings: &Settings) -> Vec<Service> {
    match metastore(settings) {
        Some(catalog) => catalog.services().await,
        None => Vec::new(),
    }
}

/// The metastore of a profile, for questions that concern no table.
fn metastore(settings: &Settings) -> Option<HiveCatalog> {
    let (CatalogKind::Hive, Ok(root)) = (settings.catalog, StorePath::new("/")) else { return None };
    let caller = Caller { user: String::new(), login: Login::new(&settings.kerberos) };
    Some(HiveCatalog::new(settings.metastore.clone(), "/", root, caller))
}

/// A server that a lake needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// The NameNode.
    NameNode,
    /// The Hive Metastore.
    Metastore,
}

impl Server {
    /// The word in row 1: `nn`, `hms`.
    pub fn word(self) -> &'static str {
        match self {
            Server::NameNode => "nn",
            Server::Metastore => "hms",
        }
    }
}

/// The servers that a lake needs, each with a client of its own: one that is frozen says nothing about another.
#[derive(Debug)]
pub struct Servers {
    namenode: Option<(HdfsStore, StorePath)>,
    metastore: Option<HiveCatalog>,
    hdfs: Option<Hdfs>,
}

impl Servers {
    /// Those of a profile; none for a lake on a local disk. Nobody is asked yet.
    pub fn of(settings: &Settings) -> Servers {
        let namenode = settings.hdfs.as_ref().map(HdfsStore::unasked).zip(settings.lake.clone());
        Servers { namenode, metastore: metastore(settings), hdfs: settings.hdfs.clone() }
    }

    /// Which they are.
    pub fn list(&self) -> Vec<Server> {
        let namenode = self.namenode.as_ref().map(|_| Server::NameNode);
        let metastore = self.metastore.as_ref().map(|_| Server::Metastore);
        namenode.into_iter().chain(metastore).collect()
    }

    /// How long a server takes to answer one cheap call; none when it does not within the limit, or with an error.
    pub async fn pulse(&self, server: Server, limit: Duration) -> Option<Duration> {
        let begun = Instant::now();
        let answered = match (server, &self.namenode, &self.metastore) {
            (Server::NameNode, Some((store, root)), _) => {
                timeout(limit, store.stat(root)).await.is_ok_and(|a| a.is_ok())
            }
            (Server::Metastore, _, Some(catalog)) => timeout(limit, catalog.databases()).await.is_ok_and(|a| a.is_ok()),
            _ => false,
        };
        answered.then(|| begun.elapsed())
    }
}

impl Servers {
    /// Which NameNode is the active one, by its id: `nn1`. None where there is only one, and where none says so.
    pub async fn active(&self) -> Option<String> {
        let hdfs = self.hdfs.as_ref()?;
        let all = addresses(hdfs);
        if all.len() < 2 {
            return None;
        }
        let asked = all.into_iter().map(|(name, address)| ask(hdfs, name, address));
        let answers = futures::future::join_all(asked).await;
        let active = answers.iter().find(|found| matches!(&found.answer, Ok(Some(word)) if word == ACTIVE))?;
        Some(active.name.rsplit(' ').next().unwrap_or_default().to_owned())
    }
}

/// What a NameNode that works says.
const ACTIVE: &str = "active";

/// The NameNodes of the profile, each asked now: active, standby, or what is wrong with it.
pub async fn namenodes(settings: &Settings) -> Vec<Service> {
    let Some(hdfs) = &settings.hdfs else { return Vec::new() };
    let asked = addresses(hdfs).into_iter().map(|(name, address)| ask(hdfs, name, address));
    futures::future::join_all(asked).await
}

async fn ask(hdfs: &Hdfs, name: String, address: String) -> Service {
    let mut alone = Hdfs { url: format!("hdfs://{address}"), call_timeout: NAMENODE_LIMIT, ..hdfs.clone() };
    // A standby is asked once, not until it is active.
    alone.properties.insert("dfs.client.failover.max.attempts".to_owned(), "0".to_owned());
    let begun = Instant::now();
    let answer = match timeout(NAMENODE_LIMIT, HdfsStore::unasked(&alone).is_active()).await {
        Ok(Ok(active)) => Ok(Some(if active { ACTIVE } else { "standby" }.to_owned())),
        Ok(Err(error)) => Err(error.context(&name)),
        Err(_) => Err(Error::new(Code::Unavailable, format!("{name} at {address} does not answer"))
            .why("nothing in 5 s")
            .next("tell the HDFS team")),
    };
    Service { name, answer, took: begun.elapsed() }
}

/// The names and addresses of the NameNodes of an HDFS; none of a file system that is made of several.
fn addresses(hdfs: &Hdfs) -> Vec<(String, String)> {
    let Some(service) = hdfs.url.strip_prefix("hdfs://") else { return Vec::new() };
    let Some(ids) = hdfs.properties.get(&format!("dfs.ha.namenodes.{service}")) else {
        return vec![(format!("namenode {service}"), service.to_owned())];
    };
    let address = |id: &str| {
        let address = hdfs.properties.get(&format!("dfs.namenode.rpc-address.{service}.{id}"))?;
        Some((format!("namenode {id}"), address.trim().to_owned()))
    };
    ids.split(',').filter_map(|id| address(id.trim())).collect()
}
