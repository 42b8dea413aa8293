//! Where a worker and its views meet: the socket in the runtime directory, order, log and notes in the state
//! directory. Both directories are the user's alone.

use std::fs;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::{Code, Error, Result};
use crate::model::RunId;

/// How long logs and notes of ended runs are kept.
pub const KEEP_NOTES: Duration = Duration::from_secs(30 * 86_400);

/// The files of this user's runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunPlaces {
    state: PathBuf,
    runtime: PathBuf,
}

impl RunPlaces {
    /// The files below a state and a runtime directory.
    pub fn new(state: &Path, runtime: &Path) -> RunPlaces {
        RunPlaces { state: state.join("runs"), runtime: runtime.to_owned() }
    }

    /// Makes the two directories where they are missing, and refuses those that others can enter.
    pub fn create(&self) -> Result<()> {
        private_directory(&self.state)?;
        private_directory(&self.runtime)
    }

    /// The directory of notes and logs.
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// The directory of sockets.
    pub fn runtime(&self) -> &Path {
        &self.runtime
    }

    /// The name of a run's socket in the runtime directory.
    pub fn socket_name(run: &RunId) -> String {
        format!("{run}.sock")
    }

    /// The order of a run that is being started.
    pub fn order(&self, start: &str) -> PathBuf {
        self.state.join(format!("start-{start}.order"))
    }

    /// The log of a run that has no id yet.
    pub fn early_log(&self, start: &str) -> PathBuf {
        self.state.join(format!("start-{start}.log"))
    }

    /// The log of a run.
    pub fn log(&self, run: &RunId) -> PathBuf {
        self.state.join(format!("{run}.log"))
    }

    /// The note of a run that lives.
    pub fn live(&self, run: &RunId) -> PathBuf {
        self.state.join(format!("{run}.live"))
    }

    /// The note of a run that has ended: its last snapshot.
    pub fn ended(&self, run: &RunId) -> PathBuf {
        self.state.join(format!("{run}.ended"))
    }

    /// The runs that have a note of one kind (`live`, `ended`), newest first.
    pub fn runs_with(&self, kind: &str) -> Result<Vec<RunId>> {
        let entries = match fs::read_dir(&self.state) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(Error::from(error).context(format!("list {}", self.state.display()))),
        };
        let mut runs = Vec::new();
        for entry in entries {
            let name = entry?.file_name();
            let run = name.to_str().and_then(|name| name.strip_suffix(kind)?.strip_suffix('.'));
            runs.extend(run.and_then(|run| RunId::parse(run).ok()));
        }
        runs.sort_unstable_by(|one, other| other.cmp(one));
        Ok(runs)
    }
}

/// Makes a directory with its parents that only this user can enter. One that is there must be so already: whoever
/// can write to it could put a socket of his own into it.
pub fn private_directory(path: &Path) -> Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(|error| Error::from(error).context(format!("make {}", parent.display())))?;
    }
    match fs::DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            return Err(Error::from(error).context(format!("make {}", path.display())));
        }
        Ok(()) | Err(_) => {}
    }
    let metadata = fs::symlink_metadata(path)?;
    let mine = metadata.uid() == rustix::process::getuid().as_raw();
    if metadata.is_dir() && mine && metadata.mode() & 0o077 == 0 {
        return Ok(());
    }
    Err(Error::new(Code::Permission, format!("{} is not this user's alone", path.display()))
        .why("it must be a directory of this user with mode 0700: sockets and orders of runs lie in it")
        .next(format!("chmod 700 {}", path.display())))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_directory_that_others_can_enter_is_refused() {
        let base = tempfile::tempdir().unwrap();
        let path = base.path().join("a/b");
        private_directory(&path).unwrap();
        private_directory(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o710)).unwrap();
        assert_eq!(private_directory(&path).unwrap_err().code(), Code::Permission);
        let link = base.path().join("link");
        std::os::unix::fs::symlink(base.path(), &link).unwrap();
        assert_eq!(private_directory(&link).unwrap_err().code(), Code::Permission);
    }

    #[test]
    fn runs_are_found_by_their_notes() {
        let base = tempfile::tempdir().unwrap();
        let places = RunPlaces::new(base.path(), base.path());
        assert!(places.runs_with("live").unwrap().is_empty());
        places.create().unwrap_err();
        private_directory(places.state()).unwrap();
        let runs = ["20260101-0000-abc", "20270101-0000-abc"].map(|run| RunId::parse(run).unwrap());
        for run in &runs {
            fs::write(places.live(run), "").unwrap();
        }
        fs::write(places.ended(&runs[0]), "").unwrap();
        fs::write(places.state().join("nonsense.live"), "").unwrap();
        assert_eq!(places.runs_with("live").unwrap(), [runs[1].clone(), runs[0].clone()]);
        assert_eq!(places.runs_with("ended").unwrap(), [runs[0].clone()]);
    }
}
