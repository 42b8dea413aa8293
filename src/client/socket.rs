//! Connecting to a run's socket. An address of a socket has room for 107 bytes; a directory with a longer name is
//! reached through a descriptor of it.

use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use tokio::net::UnixStream;

use crate::error::Result;

/// The bytes of a path in an address, without the one that ends it.
const LONGEST: usize = 107;

/// Connects to a socket by its name in a directory.
pub async fn connect(directory: &Path, name: &str) -> Result<UnixStream> {
    let path = directory.join(name);
    if path.as_os_str().len() <= LONGEST {
        return Ok(UnixStream::connect(path).await?);
    }
    let opened = rustix::fs::open(directory, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty());
    let opened = opened.map_err(std::io::Error::from)?;
    let short = PathBuf::from(format!("/proc/self/fd/{}", opened.as_raw_fd())).join(name);
    Ok(UnixStream::connect(short).await?)
}
