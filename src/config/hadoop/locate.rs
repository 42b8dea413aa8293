//! From the URI of a lake to an HDFS and a path on it.

use super::{Hadoop, items};
use crate::error::{Code, Error, Result};
use crate::model::StorePath;

/// The port of a NameNode that is named without one.
const PORT: u16 = 8020;
const MOUNTS: &str = "fs.viewfs.mounttable";

/// A directory on an HDFS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HdfsPath {
    /// The HDFS: `hdfs://NAMESERVICE` or `hdfs://HOST:PORT`.
    pub url: String,
    /// The path there.
    pub path: StorePath,
}

impl Hadoop {
    /// Finds what a URI means: `hdfs://AUTHORITY/PATH`, `hdfs:///PATH`, `viewfs://…`, or a plain path on the default
    /// file system.
    pub fn locate(&self, uri: &str) -> Result<HdfsPath> {
        match uri.split_once("://") {
            Some(("hdfs", rest)) => {
                let (authority, path) = parts(uri, rest)?;
                if authority.is_empty() { self.on_default(uri, path) } else { self.hdfs(authority, path) }
            }
            Some(("viewfs", rest)) => {
                let (authority, path) = parts(uri, rest)?;
                self.viewfs(uri, authority, path)
            }
            Some((scheme, _)) => Err(refused(uri).why(format!("{scheme} is no HDFS"))),
            None if uri.starts_with('/') => self.on_default(uri, uri),
            None => Err(refused(uri).why("it is no URI and no absolute path")),
        }
    }

    fn on_default(&self, uri: &str, path: &str) -> Result<HdfsPath> {
        let nowhere = || {
            let found = self.directory.as_ref();
            refused(uri)
                .why(match found {
                    Some(directory) => format!("{} sets no fs.defaultFS of an HDFS", directory.display()),
                    None => "there is no Hadoop configuration that sets fs.defaultFS".to_owned(),
                })
                .next("name the file system: hdfs://NAMESERVICE/PATH")
        };
        let default = self.get("fs.defaultFS")?.ok_or_else(nowhere)?;
        match default.split_once("://") {
            Some(("hdfs", rest)) if !parts(&default, rest)?.0.is_empty() => self.hdfs(parts(&default, rest)?.0, path),
            Some(("viewfs", rest)) => self.viewfs(uri, parts(&default, rest)?.0, path),
            _ => Err(nowhere()),
        }
    }

    fn hdfs(&self, authority: &str, path: &str) -> Result<HdfsPath> {
        let url = match authority.rsplit_once(':') {
            Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok() => format!("hdfs://{authority}"),
            Some(_) => return Err(refused(authority).why("its port is no number")),
            None => self.nameservice(authority)?,
        };
        Ok(HdfsPath { url, path: StorePath::new(if path.is_empty() { "/" } else { path })? })
    }

    /// A nameservice with its NameNodes, else one NameNode.
    fn nameservice(&self, name: &str) -> Result<String> {
        if let Some(namenodes) = self.get(&format!("dfs.ha.namenodes.{name}"))? {
            for namenode in items(&namenodes) {
                let key = format!("dfs.namenode.rpc-address.{name}.{namenode}");
                if self.get(&key)?.is_none() {
                    return Err(refused(name)
                        .why(format!("its NameNode {namenode} has no address: {key} is not set"))
                        .next("correct hdfs-site.xml"));
                }
            }
            return Ok(format!("hdfs://{name}"));
        }
        let known = self.get("dfs.nameservices")?.unwrap_or_default();
        match self.get(&format!("dfs.namenode.rpc-address.{name}"))? {
            Some(address) => Ok(format!("hdfs://{address}")),
            None if items(&known).contains(&name) => Err(refused(name)
                .why(format!("dfs.nameservices names it, and neither dfs.ha.namenodes.{name} nor an address is set"))
                .next("correct hdfs-site.xml")),
            None => Ok(format!("hdfs://{name}:{PORT}")),
        }
    }

    /// Resolves a path of a mount table; the longest link wins.
    fn viewfs(&self, uri: &str, table: &str, path: &str) -> Result<HdfsPath> {
        let path = StorePath::new(if path.is_empty() { "/" } else { path })?;
        let default = self.get(&format!("{MOUNTS}.default.name.key"))?.unwrap_or_else(|| "default".to_owned());
        let table = if table.is_empty() { default.as_str() } else { table };
        let prefix = format!("{MOUNTS}.{table}.link.");
        let mut links: Vec<(StorePath, &str)> = Vec::new();
        for name in self.properties.keys().filter(|name| name.starts_with(&prefix)) {
            links.push((StorePath::new(&name[prefix.len()..])?, name));
        }
        if let Some((inside, _)) = links.iter().find(|(link, _)| *link != path && link.below(&path).is_some()) {
            return Err(refused(uri)
                .why(format!("{inside} below it is mounted from another place"))
                .next("give a directory inside one mount"));
        }
        let link =
            links.iter().filter(|(link, _)| path.below(link).is_some()).max_by_key(|(link, _)| link.as_str().len());
        let (target, below) = match link {
            Some((link, name)) => (self.get(name)?, path.below(link).unwrap_or_default()),
            None => (self.get(&format!("{MOUNTS}.{table}.linkFallback"))?, path.as_str().trim_start_matches('/')),
        };
        let target = target.ok_or_else(|| {
            refused(uri).why(format!("the mount table {table} has no link for it")).next("give it as hdfs://…")
        })?;
        let Some(("hdfs", rest)) = target.split_once("://") else {
            return Err(refused(uri).why(format!("it is mounted from {target}, which is no HDFS")));
        };
        let (authority, base) = parts(&target, rest)?;
        let joined = format!("{}/{below}", base.trim_end_matches('/'));
        self.hdfs(authority, &joined)
    }
}

/// Authority and path.
fn parts<'a>(uri: &str, rest: &'a str) -> Result<(&'a str, &'a str)> {
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    if authority.contains('@') {
        return Err(refused(uri).why("a user cannot be given in it"));
    }
    Ok((authority, path))
}

fn refused(uri: &str) -> Error {
    Error::new(Code::ConfigInvalid, format!("{uri} cannot be opened"))
}
