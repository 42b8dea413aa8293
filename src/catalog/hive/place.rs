//! Locations: from a metastore's URIs to paths of the lake's store.
//!
//! A location is text as Hadoop writes it: its path is not percent-encoded, a `%` in it is part of a name.

use crate::error::{Code, Reason};
use crate::model::{StorePath, clean};

/// The store's file system and the lake's directory: what a location must be on and below.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ground {
    /// `hdfs://nameservice` or `file://`.
    file_system: String,
    /// The lake's directory.
    pub(super) root: StorePath,
}

impl Ground {
    /// Of a lake whose root has this URI.
    pub(super) fn new(uri: &str, root: StorePath) -> Ground {
        let file_system = uri.strip_suffix(root.as_str()).unwrap_or(uri).trim_end_matches('/').to_lowercase();
        Ground { file_system, root }
    }

    /// The path that a location means, wherever on the lake's file system.
    pub(super) fn path(&self, location: &str) -> Result<StorePath, Reason> {
        let elsewhere = || {
            let here = if self.file_system == "file:" { "file" } else { &self.file_system };
            Reason::new(Code::UnsupportedTable, format!("it lies at {}, which is not on {here}", clean(location)))
        };
        let path = match location.split_once(':') {
            Some((scheme, rest)) if is_scheme(scheme) => {
                let (authority, path) = match rest.strip_prefix("//") {
                    Some(rest) => rest.split_at(rest.find('/').unwrap_or(rest.len())),
                    None => ("", rest),
                };
                let given = format!("{}://{}", scheme.to_lowercase(), authority.to_lowercase());
                // `hdfs:/path` is on the file system of whoever reads it.
                let scheme_only = authority.is_empty() && self.file_system.starts_with(given.trim_end_matches('/'));
                if given.trim_end_matches('/') != self.file_system && !scheme_only {
                    return Err(elsewhere());
                }
                path
            }
            _ => location,
        };
        StorePath::new(squeezed(path)).map_err(|_| {
            Reason::new(Code::UnsupportedTable, format!("its location {:?} is no plain path", clean(location)))
        })
    }

    /// The path of a location below the lake's directory.
    pub(super) fn inside(&self, location: &str) -> Result<StorePath, Reason> {
        let path = self.path(location)?;
        match path.below(&self.root) {
            Some(below) if !below.is_empty() => Ok(path),
            _ => Err(Reason::new(
                Code::UnsupportedTable,
                format!("it lies at {}, outside the lake's directory {}", clean(path.as_str()), self.root),
            )),
        }
    }
}

fn is_scheme(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

/// The path with single slashes, as Hadoop takes it.
fn squeezed(path: &str) -> String {
    let mut squeezed = String::with_capacity(path.len());
    for c in path.chars() {
        if c != '/' || !squeezed.ends_with('/') {
            squeezed.push(c);
        }
    }
    squeezed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ground(uri: &str) -> Ground {
        Ground::new(uri, StorePath::new("/lake").unwrap())
    }

    #[test]
    fn locations_are_those_of_the_lake_s_file_system() {
        let hdfs = ground("hdfs://ns1/lake");
        for (location, path) in [
            ("hdfs://ns1/lake/d.db/t", "/lake/d.db/t"),
            ("HDFS://NS1/lake/t", "/lake/t"),
            ("hdfs:/lake/t", "/lake/t"),
            ("hdfs:///lake/t", "/lake/t"),
            ("/lake/t/", "/lake/t"),
            ("hdfs://ns1//lake//city=New%2FYork/a b", "/lake/city=New%2FYork/a b"),
            ("/lake/at=12:30", "/lake/at=12:30"),
        ] {
            assert_eq!(hdfs.inside(location).unwrap().as_str(), path, "{location}");
        }
        for wrong in [
            "hdfs://ns2/lake/t",
            "s3a://bucket/lake/t",
            "file:/lake/t",
            "hdfs://ns1/lake",
            "/other/t",
            "",
            "t",
            "/lake/../x",
        ] {
            assert_eq!(hdfs.inside(wrong).unwrap_err().code, Code::UnsupportedTable, "{wrong}");
        }
        let local = ground("file:///lake");
        for location in ["file:/lake/t", "file:///lake/t", "/lake/t"] {
            assert_eq!(local.inside(location).unwrap().as_str(), "/lake/t", "{location}");
        }
        assert!(local.inside("hdfs://ns1/lake/t").is_err());
    }
}
