//! `--lake URI` and `lake:`: a directory of this machine, by its path or as `file://`; or one of an HDFS.

use std::path::Path;

use crate::error::{Code, Error, Result};
use crate::model::StorePath;

/// Whether a URI leads to an HDFS.
pub fn is_hdfs(uri: &str) -> bool {
    uri.starts_with("hdfs:") || uri.starts_with("viewfs:")
}

/// The directory that is meant, absolute and without symbolic links, so that a lake has one name.
pub fn lake_path(uri: &str, current: &Path) -> Result<StorePath> {
    let path = match uri.split_once(':') {
        Some(("file", rest)) => local_part(uri, rest)?,
        Some((scheme, _)) if is_scheme(scheme) => return Err(unsupported(uri, scheme)),
        _ => uri,
    };
    let whole = current.join(path);
    let real = std::fs::canonicalize(&whole).map_err(|error| {
        Error::new(Code::LakeNotFound, format!("there is no lake at {}", whole.display())).source(error)
    })?;
    if !real.is_dir() {
        return Err(Error::new(Code::LakeNotFound, format!("{} is not a directory", real.display())));
    }
    match real.to_str() {
        Some(text) => StorePath::new(text),
        None => Err(Error::new(Code::Usage, format!("the path {} is not UTF-8", real.display()))),
    }
}

fn local_part<'a>(uri: &str, rest: &'a str) -> Result<&'a str> {
    let path = match rest.strip_prefix("//") {
        Some(with_host) => with_host.strip_prefix("localhost").unwrap_or(with_host),
        None => rest,
    };
    if path.starts_with('/') {
        Ok(path)
    } else {
        Err(Error::new(Code::Usage, format!("{uri:?} is not a lake")).next("give it as /path or file:///path"))
    }
}

fn is_scheme(text: &str) -> bool {
    text.len() > 1 && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

fn unsupported(uri: &str, scheme: &str) -> Error {
    Error::new(Code::ConfigInvalid, format!("{uri} cannot be opened"))
        .why(format!("lakes are opened on a local disk and on HDFS; {scheme} is neither"))
        .next("give a directory: --lake /path or --lake hdfs://NAMESERVICE/path")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lake_is_a_directory_by_path_or_file_uri() {
        let home = tempfile::tempdir().unwrap();
        let real = home.path().canonicalize().unwrap();
        std::fs::create_dir(real.join("lake:1")).unwrap();
        std::os::unix::fs::symlink(real.join("lake:1"), real.join("link")).unwrap();
        let wanted = real.join("lake:1");
        for uri in ["./lake:1", "link", &format!("file://{}", wanted.display()), &format!("{}/", wanted.display())] {
            assert_eq!(lake_path(uri, &real).unwrap().as_str(), wanted.to_str().unwrap(), "{uri}");
        }
        assert_eq!(lake_path("none", &real).unwrap_err().code(), Code::LakeNotFound);
        assert!(is_hdfs("hdfs:///x") && is_hdfs("viewfs://c/x") && !is_hdfs("./hdfs"));
        let error = lake_path("s3://bucket/lake", &real).unwrap_err();
        assert_eq!(error.code(), Code::ConfigInvalid);
        assert_eq!(lake_path("file://host/lake", &real).unwrap_err().code(), Code::Usage);
    }
}
