//! The run's socket. It gets its name only when it listens, so that whoever clears away dead sockets can tell one that
//! nobody listens at from one that is not ready yet.

use std::fs;
use std::io::ErrorKind;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use tokio::net::UnixListener;

use crate::error::{Code, Error, Result};
use crate::ipc::RunPlaces;
use crate::model::RunId;

/// The bytes of a path in a socket's address, without the one that ends it.
const LONGEST: usize = 107;

/// A socket that listens; its file goes when this is dropped.
#[derive(Debug)]
pub struct Listening {
    /// The socket.
    pub listener: UnixListener,
    path: PathBuf,
}

impl Drop for Listening {
    fn drop(&mut self) {
        // Left behind it would be cleared away by the next run.
        let _ = fs::remove_file(&self.path);
    }
}

/// Listens for the views of a run.
pub fn listen(places: &RunPlaces, run: &RunId) -> Result<Listening> {
    let directory = places.runtime();
    clear_dead(directory)?;
    let path = directory.join(RunPlaces::socket_name(run));
    let failed = |error: std::io::Error| {
        Error::new(Code::WorkerStart, format!("cannot listen at {}", path.display())).why(error.to_string())
    };
    if path.symlink_metadata().is_ok() {
        // Ids are drawn for each lake; the same one on another lake is a matter of trying again.
        return Err(failed(ErrorKind::AddrInUse.into()).why("a run of this id lives on another lake").retryable());
    }
    let early = format!("{run}.{}", std::process::id());
    let (short, _held) = short_path(directory, &early).map_err(failed)?;
    let _ = fs::remove_file(directory.join(&early));
    let listener = UnixListener::bind(&short).map_err(failed)?;
    let ready = fs::set_permissions(directory.join(&early), fs::Permissions::from_mode(0o600))
        .and_then(|()| fs::rename(directory.join(&early), &path));
    if let Err(error) = ready {
        let _ = fs::remove_file(directory.join(&early));
        return Err(failed(error));
    }
    Ok(Listening { listener, path })
}

/// A path for an address: as it is, or through a descriptor of the directory, which must be held until it was used.
fn short_path(directory: &Path, name: &str) -> std::io::Result<(PathBuf, Option<OwnedFd>)> {
    let path = directory.join(name);
    if path.as_os_str().len() <= LONGEST {
        return Ok((path, None));
    }
    let opened = rustix::fs::open(directory, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    let short = PathBuf::from(format!("/proc/self/fd/{}", opened.as_raw_fd())).join(name);
    Ok((short, Some(opened)))
}

/// Removes the sockets that nobody listens at: their workers died.
fn clear_dead(directory: &Path) -> Result<()> {
    let entries = fs::read_dir(directory).map_err(|error| Error::from(error).context(directory.display()))?;
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(name) = name.to_str().filter(|name| name.ends_with(".sock")) else { continue };
        let Ok((short, _held)) = short_path(directory, name) else { continue };
        let refused = UnixStream::connect(short).is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused);
        if refused {
            let _ = fs::remove_file(entry.path());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ipc::private_directory;

    fn run(text: &str) -> RunId {
        RunId::parse(text).unwrap()
    }

    fn places(base: &Path, runtime: &str) -> RunPlaces {
        let places = RunPlaces::new(&base.join("state"), &base.join(runtime));
        private_directory(places.runtime()).unwrap();
        places
    }

    #[tokio::test]
    async fn a_socket_is_its_users_alone_and_goes_with_its_owner() {
        let base = tempfile::tempdir().unwrap();
        let places = places(base.path(), "r");
        let run = run("20260101-0000-abc");
        let listening = listen(&places, &run).unwrap();
        let path = places.runtime().join(RunPlaces::socket_name(&run));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(listen(&places, &run).unwrap_err().is_retryable(), "a second one took the name");
        UnixStream::connect(&path).unwrap();
        drop(listening);
        assert_eq!(fs::read_dir(places.runtime()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn a_long_directory_is_no_hindrance() {
        let base = tempfile::tempdir().unwrap();
        let places = places(base.path(), &format!("{}/{}", "x".repeat(120), "y".repeat(120)));
        let run = run("20260101-0000-abc");
        let _listening = listen(&places, &run).unwrap();
        let (short, _held) = short_path(places.runtime(), &RunPlaces::socket_name(&run)).unwrap();
        UnixStream::connect(short).unwrap();
    }

    #[tokio::test]
    async fn dead_sockets_are_cleared_away_and_living_ones_are_not() {
        let base = tempfile::tempdir().unwrap();
        let places = places(base.path(), "r");
        let dead = places.runtime().join("20250101-0000-abc.sock");
        drop(std::os::unix::net::UnixListener::bind(&dead).unwrap());
        let living = listen(&places, &run("20260101-0000-abc")).unwrap();
        assert!(!dead.exists());
        let _other = listen(&places, &run("20260101-0000-abd")).unwrap();
        assert!(living.path.exists());
    }
}
