//! The records in an epoch: who acts, and what an exchange will do. An intent is durable before the first file moves,
//! and holds all that whoever finds it needs: it never has to be guessed from names.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::model::{FileTime, KnownFile, RunId, RunKind, Size, StorePath, TargetId, entry_name, optional_entry_name};
use crate::store::{Entry, EntryKind, Identity};

use super::actor::Actor;
use super::frame::Frame;
use super::names::kept_name;
use super::record::Record;

/// `.owner.NONCE`: who acts in this epoch, for messages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// The run that acts; not always the one whose epoch it is.
    pub run: RunId,
    /// What it does.
    pub kind: RunKind,
    /// The process.
    pub actor: Actor,
    /// The target.
    pub target: TargetId,
    /// Its directory.
    pub location: StorePath,
    /// When it began here.
    pub at: DateTime<Utc>,
}

impl Record for Owner {
    const FORMAT: &'static str = "lakehand.owner/1";
}

/// What an exchange is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExchangeKind {
    /// The outputs come in.
    Compact,
    /// What an earlier exchange took out comes back.
    Rollback,
    /// Likewise, by the run itself: a file that had left grew, so it had an open writer (step 9).
    TakeBack,
}

/// A file of an exchange.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Moving {
    /// Its name, which also decides the name under which it is kept aside.
    #[serde(deserialize_with = "entry_name")]
    pub name: String,
    /// The name that it has, or gets, in the target, where that is another.
    #[serde(default, deserialize_with = "optional_entry_name", skip_serializing_if = "Option::is_none")]
    pub live: Option<String>,
    /// Its length.
    pub length: Size,
    /// Its modification time.
    pub modified: FileTime,
    /// The xxh3 of its bytes, of outputs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// A live file by its name, length and modification time.
pub type LiveFile<'a> = (&'a str, Size, FileTime);

impl Moving {
    /// A file under its own name.
    pub fn of(file: &KnownFile) -> Moving {
        Moving { name: file.name.clone(), live: None, length: file.length, modified: file.modified, digest: None }
    }

    /// The name that it has, or gets, in the target.
    pub fn live_name(&self) -> &str {
        self.live.as_deref().unwrap_or(&self.name)
    }

    /// The name under which it is kept aside.
    pub fn kept_name(&self) -> String {
        kept_name(&self.name)
    }

    /// The file as it is when it is live.
    pub fn as_live(&self) -> LiveFile<'_> {
        (self.live_name(), self.length, self.modified)
    }

    /// Whether an entry is this file, unchanged.
    pub fn is(&self, entry: &Entry) -> bool {
        entry.kind == EntryKind::File && entry.length == self.length && entry.modified == self.modified
    }
}

/// An entry of the listing before.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Seen {
    /// Its name; what is not text cannot be in a target that is worked on.
    pub name: String,
    /// Whether it is a directory.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub directory: bool,
    /// Its length.
    pub length: Size,
    /// Its modification time.
    pub modified: FileTime,
}

impl Seen {
    /// An entry as it is noted.
    pub fn of(entry: &Entry) -> Seen {
        Seen {
            name: entry.name.shown(),
            directory: entry.kind == EntryKind::Directory,
            length: entry.length,
            modified: entry.modified,
        }
    }
}

/// What a run does to a target, for History when the index is lost.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Files of the target before and after.
    pub files_before: u64,
    /// See `files_before`.
    pub files_after: u64,
    /// Bytes that leave and come.
    pub bytes_before: Size,
    /// See `bytes_before`.
    pub bytes_after: Size,
    /// Rows of the files that leave.
    pub rows: crate::model::Rows,
    /// `values`, `rows` or `none`.
    pub verified: String,
}

/// `.intent.N`, and when it is closed `.done.N`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// The run that acts.
    pub run: RunId,
    /// What for.
    pub kind: ExchangeKind,
    /// The target.
    pub target: TargetId,
    /// Its directory.
    pub location: StorePath,
    /// The catalog's identity of it.
    pub identity: String,
    /// How our visible names are built.
    pub frame: Frame,
    /// The files that leave; never empty.
    pub out: Vec<Moving>,
    /// The files that arrive; never empty.
    #[serde(rename = "in")]
    pub arriving: Vec<Moving>,
    /// All else that was visible in the listing before.
    pub others: Vec<Seen>,
    /// The directory's identity where the store holds leases by locks.
    pub directory: Option<Identity>,
    /// When, by the clock of whoever wrote it; for ages in hours.
    pub at: DateTime<Utc>,
    /// Who.
    pub actor: Actor,
    /// What for, in figures.
    pub account: Account,
}

impl Record for Intent {
    const FORMAT: &'static str = "lakehand.intent/1";
}

impl Intent {
    /// The name of its tripwire in the target.
    pub fn tripwire(&self) -> String {
        self.frame.tripwire(&self.run)
    }

    /// The name under which a file comes in when the one it should have is taken.
    pub fn back_name(&self, file: &Moving) -> String {
        self.frame.back(&self.run, &file.name)
    }

    /// The files that were live when this exchange began.
    pub fn saw(&self) -> impl Iterator<Item = LiveFile<'_>> {
        let out = self.out.iter().map(Moving::as_live);
        out.chain(self.others.iter().map(|other| (other.name.as_str(), other.length, other.modified)))
    }
}
