//! The web servers of an HDFS, as hdfs-site.xml names them.

use super::{Hadoop, items};
use crate::config::WebAddress;
use crate::error::Result;

/// What a server listens on when it listens on every address: others use its name.
const ANY: &str = "0.0.0.0";

impl Hadoop {
    /// The web server of each NameNode of an HDFS (`hdfs://NAMESERVICE` or `hdfs://HOST:PORT`), with TLS where
    /// `dfs.http.policy` allows nothing else.
    pub fn web_addresses(&self, url: &str) -> Result<Vec<WebAddress>> {
        let tls = self.get("dfs.http.policy")?.is_some_and(|policy| policy.trim() == "HTTPS_ONLY");
        let authority = url.strip_prefix("hdfs://").unwrap_or(url);
        let mut addresses = Vec::new();
        match self.get(&format!("dfs.ha.namenodes.{authority}"))? {
            Some(namenodes) => {
                for namenode in items(&namenodes) {
                    let suffix = format!(".{authority}.{namenode}");
                    let rpc = self.get(&format!("dfs.namenode.rpc-address{suffix}"))?.unwrap_or_default();
                    addresses.push(self.web_address(tls, &suffix, &rpc)?);
                }
            }
            None => {
                // The keys without a suffix are those of the one NameNode that the files speak of.
                let suffix = match self.of_single(authority)? {
                    Some(suffix) => suffix,
                    None => return Ok(vec![usual(tls, authority)?]),
                };
                addresses.push(self.web_address(tls, &suffix, authority)?);
            }
        }
        Ok(addresses)
    }

    /// The suffix of the keys of a single NameNode by its address; none where the files do not speak of it.
    fn of_single(&self, authority: &str) -> Result<Option<String>> {
        for service in items(&self.get("dfs.nameservices")?.unwrap_or_default()) {
            if self.get(&format!("dfs.namenode.rpc-address.{service}"))?.as_deref() == Some(authority) {
                return Ok(Some(format!(".{service}")));
            }
        }
        let rpc = self.get("dfs.namenode.rpc-address")?;
        let default = self.get("fs.defaultFS")?;
        let named =
            default.as_deref().and_then(|url| url.strip_prefix("hdfs://")).map(|rest| rest.trim_end_matches('/'));
        let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
        let is_this = rpc.as_deref() == Some(authority) || named == Some(authority) || named == Some(host);
        Ok(is_this.then(String::new))
    }

    fn web_address(&self, tls: bool, suffix: &str, rpc: &str) -> Result<WebAddress> {
        let scheme = if tls { "https" } else { "http" };
        let host = rpc.rsplit_once(':').map_or(rpc, |(host, _)| host);
        match self.get(&format!("dfs.namenode.{scheme}-address{suffix}"))? {
            Some(address) => {
                let address = WebAddress::parse(&format!("{scheme}://{}", address.trim()))?;
                Ok(if address.host == ANY { WebAddress { host: host.to_owned(), ..address } } else { address })
            }
            None => usual(tls, rpc),
        }
    }
}

/// The web server where nothing is said of it.
fn usual(tls: bool, rpc: &str) -> Result<WebAddress> {
    let host = rpc.rsplit_once(':').map_or(rpc, |(host, _)| host);
    WebAddress::parse(&format!("{}://{host}", if tls { "https" } else { "http" }))
}

#[cfg(test)]
mod tests {
    use crate::config::{Environment, Hadoop};

    fn addresses(properties: &[(&str, &str)], url: &str) -> Vec<String> {
        let directory = tempfile::tempdir().unwrap();
        let property =
            |(name, value): &(&str, &str)| format!("<property><name>{name}</name><value>{value}</value></property>");
        let all: String = properties.iter().map(property).collect();
        std::fs::write(directory.path().join("hdfs-site.xml"), format!("<configuration>{all}</configuration>"))
            .unwrap();
        let hadoop = Hadoop::load(Some(directory.path()), &Environment::default()).unwrap();
        hadoop.web_addresses(url).unwrap().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn each_namenode_has_one_as_the_site_says() {
        let two = [
            ("dfs.ha.namenodes.ns", "a, b"),
            ("dfs.namenode.rpc-address.ns.a", "h1:8020"),
            ("dfs.namenode.rpc-address.ns.b", "h2:8020"),
            ("dfs.namenode.http-address.ns.a", "0.0.0.0:50070"),
            ("dfs.namenode.https-address.ns.b", "w2:9999"),
        ];
        assert_eq!(addresses(&two, "hdfs://ns"), ["http://h1:50070", "http://h2:9870"]);
        let with_tls: Vec<_> = two.into_iter().chain([("dfs.http.policy", "HTTPS_ONLY")]).collect();
        assert_eq!(addresses(&with_tls, "hdfs://ns"), ["https://h1:9871", "https://w2:9999"]);
        let one = [("fs.defaultFS", "hdfs://h:8020"), ("dfs.namenode.http-address", "h:1234")];
        assert_eq!(addresses(&one, "hdfs://h:8020"), ["http://h:1234"]);
        assert_eq!(addresses(&one, "hdfs://other:8020"), ["http://other:9870"], "nothing is said of that one");
        let named =
            [("dfs.nameservices", "s"), ("dfs.namenode.rpc-address.s", "h:1"), ("dfs.namenode.http-address.s", "h:2")];
        assert_eq!(addresses(&named, "hdfs://h:1"), ["http://h:2"]);
    }
}
