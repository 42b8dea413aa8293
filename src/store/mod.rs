//! Where files are. Two traits: [`Read`], which everything may hold, and [`Write`], which only the engine does. The
//! local disk and HDFS are behind them.
//!
//! Decisions that bind every store:
//! - Nothing follows a symbolic link below the lake's root. What is not a plain file or directory is reported as such.
//! - No call replaces anything: `rename`, `make_dir` and `create` fail with [`crate::error::Code::AlreadyExists`] where something is.
//! - Nothing creates parents.
//! - An error while listing is an error, never an empty directory; a missing directory is [`crate::error::Code::NotFound`].
//! - A call that timed out says [`crate::error::Error::unknown_outcome`]; it is never repeated here.
//! - A listing is not a snapshot; who must decide by one lists until two agree.

mod hdfs;
mod local;

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use crate::error::Result;
use crate::model::{Attributes, FileTime, KnownFile, Owner, ServerFacts, Size, StorePath};

pub use hdfs::HdfsStore;
pub use local::LocalStore;

/// The directory that holds what runs keep: `LAKE/.lakehand` on a local disk, `TARGET/.lakehand` on HDFS.
pub const RECORDS_DIRECTORY: &str = ".lakehand";

/// The name of an entry, which need not be text.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EntryName {
    /// UTF-8, and neither `.` nor `..`.
    Text(String),
    /// Anything else, byte for byte.
    NotText(Vec<u8>),
}

impl EntryName {
    /// The name, where it is text.
    pub fn text(&self) -> Option<&str> {
        match self {
            EntryName::Text(name) => Some(name),
            EntryName::NotText(_) => None,
        }
    }

    /// Something to show; not to be used as a name.
    pub fn shown(&self) -> String {
        match self {
            EntryName::Text(name) => name.clone(),
            EntryName::NotText(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        }
    }

    /// Whether readers ignore it: it begins with `.` or `_`.
    pub fn is_hidden(&self) -> bool {
        match self {
            EntryName::Text(name) => name.starts_with(['.', '_']),
            EntryName::NotText(bytes) => matches!(bytes.first(), Some(b'.' | b'_')),
        }
    }
}

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntryKind {
    /// A plain file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link, never followed.
    Symlink,
    /// A socket, pipe or device.
    Special,
}

/// One entry of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: EntryName,
    /// What it is.
    pub kind: EntryKind,
    /// Its length; 0 for what is no file.
    pub length: Size,
    /// When its content was changed.
    pub modified: FileTime,
    /// When it was read, where the store keeps that.
    pub accessed: Option<FileTime>,
    /// The permission bits with sticky, setgid and setuid.
    pub mode: u32,
    /// User and group.
    pub owner: Owner,
    /// How many servers keep a file's bytes, where the store has several.
    pub replication: Option<u16>,
    /// Where the blocks of a file lie, as a listing that tells them counts it: blocks times replication.
    pub locations: u64,
    /// A directory's or file's number, where the store has one.
    pub inode: Option<u64>,
    /// The number of names that this file has (hard links), where the store has them; else 1.
    pub links: u64,
}

impl Entry {
    /// The entry as a file whose change would be seen; none for what is no file or has no text for a name.
    pub fn known_file(&self) -> Option<KnownFile> {
        match (&self.kind, &self.name) {
            (EntryKind::File, EntryName::Text(name)) => {
                Some(KnownFile { name: name.clone(), length: self.length, modified: self.modified })
            }
            _ => None,
        }
    }
}

/// A listing in pages, in no order.
#[async_trait]
pub trait Listing: Send {
    /// The next entries; none at the end. A page may be empty without being the last.
    async fn next_page(&mut self) -> Result<Option<Vec<Entry>>>;
}

/// A listing of names and kinds alone, in pages, in no order.
#[async_trait]
pub trait NameListing: Send {
    /// The next names; none at the end. A page may be empty without being the last.
    async fn next_page(&mut self) -> Result<Option<Vec<(EntryName, EntryKind)>>>;
}

/// Names out of a full listing, for a store that has nothing cheaper.
struct NamesOf(Box<dyn Listing>);

#[async_trait]
impl NameListing for NamesOf {
    async fn next_page(&mut self) -> Result<Option<Vec<(EntryName, EntryKind)>>> {
        let page = self.0.next_page().await?;
        Ok(page.map(|entries| entries.into_iter().map(|entry| (entry.name, entry.kind)).collect()))
    }
}

/// What a store can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// `rename` fails where the destination is, in one step.
    pub exclusive_rename: bool,
    /// `create` fails where the file is, in one step.
    pub exclusive_create: bool,
    /// Directories can have quotas.
    pub quotas: bool,
    /// ACLs are kept.
    pub acls: bool,
    /// Deleting can go through a trash.
    pub trash: bool,
    /// Leases are held by locks of the operating system (local), not by heartbeats (HDFS).
    pub locks: bool,
    /// Servers hold it: work on it comes from other hosts too, and a call may be lost or turned away for a while.
    pub remote: bool,
    /// PLACE lies inside the target (`TARGET/.lakehand`), not beside the tables (`LAKE/.lakehand/…`).
    pub place_in_target: bool,
    /// Tells whether a file is open for writing.
    pub open_files: bool,
    /// How long a writer that nobody sees any more may still hold a file open; no backup is deleted that is younger.
    pub writer_limit: std::time::Duration,
    /// How many entries or block locations one call of a listing tells at most, where servers list in pages.
    pub page: Option<u64>,
}

/// However large the pages of a server are said to be, a directory of more visible entries may be listed in several
/// (PROTOCOL §1).
const PAGED_ABOVE: u64 = 300;

impl Capabilities {
    /// Whether others may get a directory in more than one page, between which it can change. A NameNode ends a page
    /// of `listLocatedStatus`, by which Spark and Hive list, after `dfs.ls.limit` entries or block locations
    /// (`FSDirStatAndListingOp.getListing`). A tenth is left for what arrives meanwhile.
    pub fn is_paged(&self, visible_entries: u64, locations: u64) -> bool {
        self.page
            .map(|page| page - page / 10)
            .is_some_and(|page| visible_entries > page.min(PAGED_ABOVE) || locations > page)
    }
}

/// What identifies a directory for as long as it lives.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Identity {
    /// Its number in the store.
    pub inode: u64,
    /// When it was made, in nanoseconds since 1970; numbers are given out again, this pair is not.
    pub born: i64,
}

/// Room below a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// Bytes that this user may still write, by disk or by the tightest quota; none where nothing limits them.
    pub bytes: Option<Size>,
    /// Files and directories that may still be made.
    pub names: Option<u64>,
    /// Which limit that is, for the message: `the disk of /lake`, `the quota of /lake/sales`.
    pub limit: String,
}

/// A file that is read at any place. The length is the one when it was opened.
#[async_trait]
pub trait ReadFile: Send + Sync + Debug {
    /// The length when opened.
    fn length(&self) -> Size;

    /// Exactly `length` bytes from `offset`; an error when the file is shorter by now.
    async fn read_at(&self, offset: u64, length: usize) -> Result<Bytes>;
}

/// Reading a store.
#[async_trait]
pub trait Read: Send + Sync + Debug {
    /// What it can do.
    fn capabilities(&self) -> Capabilities;

    /// The URI of a path, for plans and for showing.
    fn uri(&self, path: &StorePath) -> String;

    /// One entry, itself and not what a link points to; none where nothing is, also where a directory on the way is
    /// missing. A symbolic link on the way, below the lake's root, is an error.
    async fn stat(&self, path: &StorePath) -> Result<Option<Entry>>;

    /// Begins a listing. A directory that is removed meanwhile ends it with an error.
    async fn list(&self, directory: &StorePath) -> Result<Box<dyn Listing>>;

    /// Begins a listing of names and kinds, which costs less than [`Read::list`] where facts are asked for one by one.
    async fn list_names(&self, directory: &StorePath) -> Result<Box<dyn NameListing>> {
        Ok(Box::new(NamesOf(self.list(directory).await?)))
    }

    /// Opens a plain file; never follows a link, never blocks on a pipe.
    async fn open(&self, path: &StorePath) -> Result<Arc<dyn ReadFile>>;

    /// A whole small file; an error when it is longer than `limit`.
    async fn read_whole(&self, path: &StorePath, limit: Size) -> Result<Bytes>;

    /// Owner, group, mode, ACLs of a plain file or a directory.
    async fn attributes(&self, path: &StorePath) -> Result<Attributes>;

    /// The same of what was just listed: a store may ask only for what a listing does not tell.
    async fn attributes_of(&self, path: &StorePath, _listed: &Entry) -> Result<Attributes> {
        self.attributes(path).await
    }

    /// The identity of a directory; none where nothing is, and on a store without locks, which has none.
    async fn identity(&self, directory: &StorePath) -> Result<Option<Identity>>;

    /// Room below a directory.
    async fn room(&self, directory: &StorePath) -> Result<Room>;

    /// Whether both lie on one mount, so that a rename from one to the other can work.
    async fn same_mount(&self, one: &StorePath, other: &StorePath) -> Result<bool>;

    /// Whether the file system below the path can do what an exchange needs; the reason when it cannot.
    async fn supported(&self, directory: &StorePath) -> Result<()>;

    /// Whether this user may, for all the store can tell without changing anything, move what is in a directory: the
    /// error when certainly not. Where a store cannot tell, step 4 proves it.
    async fn may_change(&self, _directory: &StorePath) -> Result<()> {
        Ok(())
    }

    /// The snapshots of a directory and of those above it, by path, where the store has them: what is deleted frees
    /// nothing as long as one of them holds it.
    async fn snapshots(&self, _directory: &StorePath) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    /// What only the store's own server tells of a directory; none where there is no server. It may be off, slow or
    /// dead, so nothing may depend on it: an error is a text to show.
    async fn server_facts(&self, _directory: &StorePath) -> Option<Result<ServerFacts>> {
        None
    }

    /// The name of the user that this store acts as.
    async fn user(&self) -> Result<String>;

    /// How many calls were made so far to the servers that keep the names; 0 where there are none.
    fn calls(&self) -> u64 {
        0
    }
}

/// A new file. Dropped without `finish` it is removed where that is possible.
#[async_trait]
pub trait WriteFile: Send + Debug {
    /// Appends.
    async fn write(&mut self, bytes: Bytes) -> Result<()>;

    /// Gives it its attributes and modification time, syncs and closes it. Its directory is not synced. An empty user
    /// or group is left as it is; an owner that cannot be given is [`crate::error::Code::Owner`]. A `finish` that
    /// failed is not repeated: delete, write anew under a new name.
    async fn finish(self: Box<Self>, attributes: &Attributes, modified: Option<FileTime>) -> Result<()>;
}

/// Changing a store.
#[async_trait]
pub trait Write: Read {
    /// Makes one directory with these attributes, or none; its parent must be there. As in [`WriteFile::finish`], an
    /// empty user or group is left as the store gives it, and attributes that cannot be given are an error.
    async fn make_dir(&self, path: &StorePath, attributes: &Attributes) -> Result<()>;

    /// Makes a new file, readable by its owner only until it is finished.
    async fn create(&self, path: &StorePath) -> Result<Box<dyn WriteFile>>;

    /// Renames a file or directory; fails where the destination is.
    async fn rename(&self, from: &StorePath, to: &StorePath) -> Result<()>;

    /// Removes a file; `false` where nothing was.
    async fn remove_file(&self, path: &StorePath) -> Result<bool>;

    /// Removes an empty directory; `false` where nothing was.
    async fn remove_dir(&self, path: &StorePath) -> Result<bool>;

    /// Moves a file or directory to the trash; none where the store has none.
    async fn trash(&self, path: &StorePath) -> Result<Option<StorePath>>;

    /// Sets a modification time (the heartbeat of a store without locks).
    async fn set_modified(&self, path: &StorePath, modified: FileTime) -> Result<()>;

    /// Makes what was done in a directory durable.
    async fn sync_dir(&self, path: &StorePath) -> Result<()>;

    /// Takes the target and the epoch for the returned object alone, or says `LeaseHeld` at once (PROTOCOL §3), to
    /// another holder in the same process as well. A path that is missing is `NotFound`. Without a target (it is gone)
    /// only the epoch is taken. On a store without locks this only binds the two paths.
    async fn hold(&self, target: Option<&StorePath>, epoch: &StorePath) -> Result<Arc<dyn Hold>>;
}

/// A target and an epoch directory, held. Every act on live data goes through this, so that what was queued for an
/// older epoch is dead: on the local disk by two descriptors opened before the look, elsewhere by the epoch's path.
/// Dropping it lets go.
#[async_trait]
pub trait Hold: Send + Sync + Debug {
    /// Whether both paths still lead to what is held; not so once the epoch was renamed, to rest or by another.
    async fn is_current(&self) -> Result<bool>;

    /// The identity of the held target, where the store has one.
    async fn target_identity(&self) -> Result<Option<Identity>>;

    /// Lists the target; `NotFound` where none is held.
    async fn list_target(&self) -> Result<Box<dyn Listing>>;

    /// Lists the epoch.
    async fn list_epoch(&self) -> Result<Box<dyn Listing>>;

    /// Renames `target/live` to `epoch/parked`; fails where that is.
    async fn out(&self, live: &str, parked: &str) -> Result<()>;

    /// Renames `epoch/parked` to `target/live`; fails where that is.
    async fn bring_in(&self, parked: &str, live: &str) -> Result<()>;

    /// Renames inside the epoch; fails where the destination is.
    async fn rename_parked(&self, from: &str, to: &str) -> Result<()>;

    /// Makes a new file in the epoch, as [`Write::create`].
    async fn create_parked(&self, name: &str) -> Result<Box<dyn WriteFile>>;

    /// Removes a file from the epoch; `false` where nothing was.
    async fn remove_parked(&self, name: &str) -> Result<bool>;

    /// Makes what was done in both directories durable.
    async fn sync(&self) -> Result<()>;
}

/// All entries of a listing; for directories that are known to be small or must be seen whole.
pub async fn collect(mut listing: Box<dyn Listing>) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    while let Some(mut page) = listing.next_page().await? {
        entries.append(&mut page);
    }
    Ok(entries)
}
