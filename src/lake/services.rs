//! The servers and tickets of a profile, each asked for itself: the lake need not open for that.

use std::time::{Duration, Instant};

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

/// The metastores of the profile, each asked now.
pub async fn metastores(settings: &Settings) -> Vec<Service> {
    let (CatalogKind::Hive, Ok(root)) = (settings.catalog, StorePath::new("/")) else { return Vec::new() };
    let caller = Caller { user: String::new(), login: Login::new(&settings.kerberos) };
    HiveCatalog::new(settings.metastore.clone(), "/", root, caller).services().await
}

/// The NameNodes of the profile, each asked now: active, standby, or what is wrong with it.
pub async fn namenodes(settings: &Settings) -> Vec<Service> {
    let (Some(hdfs), Ok(top)) = (&settings.hdfs, StorePath::new("/")) else { return Vec::new() };
    let asked = addresses(hdfs).into_iter().map(|(name, address)| ask(hdfs, name, address, &top));
    futures::future::join_all(asked).await
}

async fn ask(hdfs: &Hdfs, name: String, address: String, top: &StorePath) -> Service {
    let mut alone = Hdfs { url: format!("hdfs://{address}"), call_timeout: NAMENODE_LIMIT, ..hdfs.clone() };
    // A standby is asked once, not until it is active.
    alone.properties.insert("dfs.client.failover.max.attempts".to_owned(), "0".to_owned());
    let begun = Instant::now();
    let store = HdfsStore::unasked(&alone);
    let stat = store.stat(top);
    let answer = match tokio::time::timeout(NAMENODE_LIMIT, stat).await {
        Ok(Ok(_)) => Ok(Some("active".to_owned())),
        // One that was asked alone and says so is a standby.
        Ok(Err(error)) if error.to_string().contains("no NameNode is active") => Ok(Some("standby".to_owned())),
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
