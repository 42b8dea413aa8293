//! Addresses of metastores, and how they are spoken to.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::address::host_and_port;
use crate::error::{Code, Error, Result};

/// The port of a metastore where none is given.
const USUAL_PORT: u16 = 9083;

/// Where a metastore listens.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MetastoreUri {
    /// The host's name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
}

impl MetastoreUri {
    /// Reads `thrift://HOST:PORT`, `HOST:PORT` or `HOST`; an IPv6 address stands in brackets.
    pub fn parse(text: &str) -> Result<MetastoreUri> {
        let wrong = || {
            Error::new(Code::ConfigInvalid, format!("{text:?} is not the address of a metastore"))
                .next("give it as thrift://host:9083")
        };
        let rest = match text.trim().split_once("://") {
            Some(("thrift", rest)) => rest,
            Some(_) => return Err(wrong()),
            None => text.trim(),
        };
        let (host, port) = host_and_port(rest, USUAL_PORT).ok_or_else(wrong)?;
        Ok(MetastoreUri { host, port })
    }
}

impl fmt::Display for MetastoreUri {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(formatter, "[{}]:{}", self.host, self.port)
        } else {
            write!(formatter, "{}:{}", self.host, self.port)
        }
    }
}

impl TryFrom<String> for MetastoreUri {
    type Error = Error;
    fn try_from(text: String) -> Result<MetastoreUri> {
        MetastoreUri::parse(&text)
    }
}

impl From<MetastoreUri> for String {
    fn from(uri: MetastoreUri) -> String {
        format!("thrift://{uri}")
    }
}

/// The metastore of a profile.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Metastore {
    /// Its addresses, tried in order.
    pub uris: Vec<MetastoreUri>,
    /// Its Kerberos principal, `hive/_HOST@REALM`; without one nobody logs in.
    pub principal: Option<String>,
    /// Its transport is the framed one.
    pub framed: bool,
    /// It is spoken to with TLS.
    pub tls: bool,
    /// A file with the certificates (PEM) that are trusted; without one, those of this host.
    pub tls_ca: Option<String>,
    /// Step 8 writes the new numbers of files and bytes into it.
    pub update: bool,
    /// Step 8 sends an event of it, for readers that poll events.
    pub event: bool,
    /// The hive-site.xml that says what the profile does not; none where it says all or there is none.
    pub site: Option<String>,
}

/// Who logs in with Kerberos.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Kerberos {
    /// The principal; by default the one whose ticket is there.
    pub principal: Option<String>,
    /// The file with its key.
    pub keytab: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_hive_writes_them() {
        for (text, shown) in [
            ("thrift://hms1:9083", "hms1:9083"),
            ("hms1", "hms1:9083"),
            (" thrift://hms1.example:19083/ ", "hms1.example:19083"),
            ("thrift://[::1]:9083", "[::1]:9083"),
            ("[fe80::1]", "[fe80::1]:9083"),
        ] {
            let uri = MetastoreUri::parse(text).unwrap();
            assert_eq!(uri.to_string(), shown);
            assert_eq!(MetastoreUri::parse(&String::from(uri.clone())).unwrap(), uri);
        }
        for wrong in ["", "http://hms1", "thrift://:9083", "hms1:port", "hms1:0", "a b:1", "thrift://u@h:1"] {
            assert_eq!(MetastoreUri::parse(wrong).unwrap_err().code(), Code::ConfigInvalid, "{wrong}");
        }
    }
}
