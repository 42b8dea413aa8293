//! The files by which a worker is started and found, and what it reports to its parent.

use std::fs::{self, OpenOptions};
use std::io::BufWriter;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Order, ProcessId};
use crate::error::{Code, Error, Failure, Result};
use crate::model::RunSnapshot;

/// The order file: what to do, with which settings (`S`) and directories (`P`), which this module does not look into.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Launch<S, P> {
    /// `lakehand.order/1`.
    pub format: String,
    /// The name of this start, which its files have.
    pub start: String,
    /// What to do.
    pub order: Order,
    /// The settings of the profile.
    pub settings: S,
    /// The user's directories.
    pub paths: P,
}

impl<S, P> Launch<S, P> {
    /// The format's name and version.
    pub const FORMAT: &'static str = "lakehand.order/1";
}

/// One line that a worker tells its guard, and the guard whoever started it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "report", rename_all = "snake_case")]
pub enum Report {
    /// The run has its id and its socket.
    Started {
        /// What is known of it.
        snapshot: Box<RunSnapshot>,
    },
    /// It could not be started; nothing was changed.
    Failed {
        /// Why.
        failure: Failure,
    },
    /// It has ended by itself and left its note; the guard has nothing to do.
    Finished,
}

/// The note of a run that lives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LiveNote {
    /// The worker.
    pub worker: ProcessId,
    /// Its guard.
    pub guard: ProcessId,
    /// The run as it began.
    pub snapshot: RunSnapshot,
}

/// Writes a document for this user alone, whole or not at all.
pub fn write_note<T: Serialize>(path: &Path, document: &T) -> Result<()> {
    let new = path.with_extension(format!("new-{}", std::process::id()));
    let write = || -> std::io::Result<()> {
        let _ = fs::remove_file(&new);
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
        let mut buffered = BufWriter::new(file);
        serde_json::to_writer(&mut buffered, document)?;
        buffered.into_inner()?.sync_all()?;
        fs::rename(&new, path)
    };
    write().map_err(|error| {
        let _ = fs::remove_file(&new);
        Error::from(error).context(format!("write {}", path.display()))
    })
}

/// Reads a document; none where there is none.
pub fn read_note<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::from(error).context(format!("read {}", path.display()))),
    };
    let damaged = |error| Error::new(Code::DamagedRecord, format!("{} cannot be read", path.display())).source(error);
    serde_json::from_slice(&bytes).map(Some).map_err(damaged)
}
