//! Addresses of the NameNodes' web servers, and how they are spoken to.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::address::host_and_port;
use crate::error::{Code, Error, Result};

/// The ports where none is given, since Hadoop 3.
const PORTS: [(&str, bool, u16); 2] = [("http", false, 9870), ("https", true, 9871)];

/// Where a web server listens.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct WebAddress {
    /// It is spoken to with TLS.
    pub tls: bool,
    /// The host's name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
}

/// The web servers of an HDFS.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebHdfs {
    /// One for each NameNode, tried in order.
    pub addresses: Vec<WebAddress>,
    /// A file with the certificates (PEM) that are trusted; without one, those of this host.
    pub tls_ca: Option<String>,
}

impl WebAddress {
    /// Reads `http://HOST:PORT` or `https://HOST:PORT`; an IPv6 address stands in brackets.
    pub fn parse(text: &str) -> Result<WebAddress> {
        let wrong = || {
            Error::new(Code::ConfigInvalid, format!("{text:?} is not the address of a web server"))
                .next("give it as https://namenode:9871")
        };
        let (scheme, rest) = text.trim().split_once("://").ok_or_else(wrong)?;
        let (_, tls, usual) = PORTS.into_iter().find(|(name, ..)| *name == scheme).ok_or_else(wrong)?;
        let (host, port) = host_and_port(rest, usual).ok_or_else(wrong)?;
        Ok(WebAddress { tls, host, port })
    }

    /// Host and port, as a request names them.
    pub fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

impl fmt::Display for WebAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}://{}", if self.tls { "https" } else { "http" }, self.authority())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_with_their_usual_ports() {
        for (text, shown) in [
            ("http://nn1.example", "http://nn1.example:9870"),
            (" https://nn1/ ", "https://nn1:9871"),
            ("https://nn1:50470", "https://nn1:50470"),
            ("http://[::1]:9870", "http://[::1]:9870"),
        ] {
            assert_eq!(WebAddress::parse(text).unwrap().to_string(), shown);
        }
        for wrong in ["", "nn1:9870", "ftp://nn1", "http://", "http://nn1:port", "http://u@h:1", "http://h:1/path"] {
            assert_eq!(WebAddress::parse(wrong).unwrap_err().code(), Code::ConfigInvalid, "{wrong}");
        }
    }
}
