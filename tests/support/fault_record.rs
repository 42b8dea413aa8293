//! What a process did to a store, so that a test can do a part of it again somewhere else.

use std::fmt;

use bytes::Bytes;
use lakehand::error::{Code, Result};
use lakehand::model::{Attributes, FileTime, StorePath};
use lakehand::store::Write;

/// One call. Acts of a hold appear by the paths that they had when it was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Act {
    MakeDir {
        path: StorePath,
        attributes: Attributes,
    },
    Create {
        path: StorePath,
    },
    Append {
        path: StorePath,
        bytes: u64,
    },
    /// A file is finished: synced with its content and attributes, its name only with its directory.
    Finish {
        path: StorePath,
        content: Bytes,
        attributes: Attributes,
        modified: Option<FileTime>,
    },
    Rename {
        from: StorePath,
        to: StorePath,
    },
    RemoveFile {
        path: StorePath,
    },
    RemoveDir {
        path: StorePath,
    },
    Trash {
        path: StorePath,
    },
    SetModified {
        path: StorePath,
        modified: FileTime,
    },
    /// What was done in these directories is durable from here on.
    Sync {
        directories: Vec<StorePath>,
    },
    Hold {
        target: Option<StorePath>,
        epoch: StorePath,
    },
    Look {
        what: &'static str,
        path: StorePath,
    },
}

/// A call that was executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Its number among the counted calls; 0 for one that was delayed and released.
    pub number: u64,
    /// What it was.
    pub act: Act,
    /// How it failed, if it did.
    pub failed: Option<Code>,
}

impl fmt::Display for Act {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Act::MakeDir { path, .. } => write!(formatter, "make {path}/"),
            Act::Create { path } => write!(formatter, "create {path}"),
            Act::Append { path, bytes } => write!(formatter, "write {bytes} bytes to {path}"),
            Act::Finish { path, content, .. } => write!(formatter, "finish {path} ({} bytes)", content.len()),
            Act::Rename { from, to } => write!(formatter, "rename {from} to {to}"),
            Act::RemoveFile { path } => write!(formatter, "remove {path}"),
            Act::RemoveDir { path } => write!(formatter, "remove {path}/"),
            Act::Trash { path } => write!(formatter, "trash {path}"),
            Act::SetModified { path, .. } => write!(formatter, "set the time of {path}"),
            Act::Sync { directories } => {
                let paths: Vec<&str> = directories.iter().map(StorePath::as_str).collect();
                write!(formatter, "sync {}", paths.join(" and "))
            }
            Act::Hold { target: Some(target), epoch } => write!(formatter, "hold {target} and {epoch}"),
            Act::Hold { target: None, epoch } => write!(formatter, "hold {epoch}"),
            Act::Look { what, path } => write!(formatter, "{what} {path}"),
        }
    }
}

impl Act {
    /// Whether it only makes others durable.
    pub fn is_sync(&self) -> bool {
        matches!(self, Act::Sync { .. })
    }

    /// Whether it changes which names are in which directory, which a power loss undoes unless these were synced.
    pub fn changes_names(&self) -> bool {
        matches!(
            self,
            Act::MakeDir { .. }
                | Act::Create { .. }
                | Act::Rename { .. }
                | Act::RemoveFile { .. }
                | Act::RemoveDir { .. }
                | Act::Trash { .. }
        )
    }

    /// The directories in which it changes names.
    pub fn directories(&self) -> Vec<StorePath> {
        let parents = |paths: &[&StorePath]| {
            let mut parents: Vec<StorePath> = paths.iter().filter_map(|path| path.parent()).collect();
            parents.dedup();
            parents
        };
        match self {
            Act::Rename { from, to } => parents(&[from, to]),
            Act::MakeDir { path, .. }
            | Act::Create { path }
            | Act::RemoveFile { path }
            | Act::RemoveDir { path }
            | Act::Trash { path } => parents(&[path]),
            _ => Vec::new(),
        }
    }
}

/// Does these acts again on another lake: each path below `from` is taken below `to`. A file comes into being, whole,
/// where it was created, if `acts` also finish it, and empty otherwise. Stops at the first error.
pub async fn replay(acts: &[Act], store: &dyn Write, from: &StorePath, to: &StorePath) -> Result<()> {
    let moved = |path: &StorePath| path.below(from).map_or_else(|| path.clone(), |below| to.join_all(below));
    for (index, act) in acts.iter().enumerate() {
        match act {
            Act::MakeDir { path, attributes } => store.make_dir(&moved(path), attributes).await?,
            Act::Create { path } => {
                let mut file = store.create(&moved(path)).await?;
                let finished = acts[index..].iter().find_map(|later| match later {
                    Act::Finish { path: finished, content, attributes, modified } if finished == path => {
                        Some((content.clone(), attributes.clone(), *modified))
                    }
                    _ => None,
                });
                let unfinished = || (Bytes::new(), Attributes { mode: 0o600, ..Attributes::default() }, None);
                let (content, attributes, modified) = finished.unwrap_or_else(unfinished);
                file.write(content).await?;
                file.finish(&attributes, modified).await?;
            }
            Act::Rename { from, to } => store.rename(&moved(from), &moved(to)).await?,
            Act::RemoveFile { path } => drop(store.remove_file(&moved(path)).await?),
            Act::RemoveDir { path } => drop(store.remove_dir(&moved(path)).await?),
            Act::Trash { path } => drop(store.trash(&moved(path)).await?),
            Act::SetModified { path, modified } => store.set_modified(&moved(path), *modified).await?,
            Act::Append { .. } | Act::Finish { .. } | Act::Sync { .. } | Act::Hold { .. } | Act::Look { .. } => {}
        }
    }
    Ok(())
}
