//! HDFS behind the store's traits, by hdfs-native.
//!
//! Decisions:
//! - Every call to the NameNode has a time-out. A change that timed out or whose reply was lost is
//!   [`crate::error::Error::unknown_outcome`] and never repeated; any other answer is of the one time it was sent (the
//!   client sends a change again only where it cannot have been carried out: a standby's answer, no connection).
//! - Leases are paths: an epoch directory's name is drawn once, and a rename from or to it fails when it is gone. There
//!   are no identities of directories here: the client drops file ids.
//! - A file is open when the reader's length is not the listed one: the reader leaves out a last block that is not
//!   finished.
//! - `close` is not repeated: what failed is deleted and written anew under another name.
//! - ACLs are kept as text, whole: with the entries of user, group, mask and others, which the client leaves out.
//! - What the protocol of clients does not tell is asked of the web server, where the profile allows it; nothing but a
//!   screen depends on it.
//! - Calls are paced: looking at 200 a second, work at `limits.calls_per_second`, an exchange not at all.

mod acl;
mod attributes;
mod connection;
mod entry;
mod failure;
mod file;
mod hold;
mod listing;
mod pace;
mod room;
mod snapshots;
mod web;

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use hdfs_native::HdfsError;

use super::{Capabilities, Entry, EntryKind, Hold, Identity, Listing, Read, ReadFile, Room, Write, WriteFile};
use crate::config::{Hdfs, WebHdfs};
use crate::error::{Code, Error, Result};
use crate::model::{Attributes, FileTime, ServerFacts, Size, StorePath, clean};

use connection::Connection;
use pace::Pace;

/// How long a writer that nobody sees any more may keep a file open: the NameNode's hard limit of leases is 20 minutes
/// in Hadoop 3 and an hour in Hadoop 2.
const WRITER_LIMIT: std::time::Duration = std::time::Duration::from_secs(3600);
/// A name that nobody gives a file, to ask whether there is a trash without moving anything.
const NEVER_THERE: &str = ".lakehand-asks-for-the-trash";

/// Two more, to ask whether names in a directory may be changed without changing any.
const NEVER_MOVED: [&str; 2] = [".lakehand-asks-for-the-right", ".lakehand-asks-for-the-right-to-move"];

/// An HDFS.
#[derive(Clone, Debug)]
pub struct HdfsStore {
    connection: Arc<Connection>,
    trash: bool,
    web: Arc<web::Web>,
    /// How listings and looks are held back.
    looking: Pace,
}

impl HdfsStore {
    /// A client that has asked nothing yet; it knows of no trash.
    pub fn unasked(settings: &Hdfs) -> HdfsStore {
        HdfsStore {
            connection: Arc::new(Connection::new(settings.clone())),
            trash: false,
            web: Arc::new(web::Web::new(settings, None)),
            looking: Pace::Look,
        }
    }

    /// Connects, and asks whether there is a trash.
    pub async fn connect(settings: &Hdfs) -> Result<HdfsStore> {
        let HdfsStore { connection, web, .. } = HdfsStore::unasked(settings);
        let home = connection.home().await?;
        let path = home.join(NEVER_THERE).to_string();
        let asked =
            connection
                .look("ask for the trash of", &path.clone(), move |client| async move {
                    Ok(client.trash(&path).await.err())
                })
                .await?;
        let trash = match asked {
            Some(HdfsError::TrashNotEnabled) => false,
            None | Some(HdfsError::FileNotFound(_)) => true,
            Some(error) => return Err(failure::of(error, "ask for the trash of", home.as_str(), failure::Kind::Look)),
        };
        Ok(HdfsStore { connection, trash, web, looking: Pace::Look })
    }

    /// The same that may ask the web servers too.
    #[must_use]
    pub fn with_web(self, settings: &Hdfs, web: &WebHdfs) -> HdfsStore {
        HdfsStore { web: Arc::new(web::Web::new(settings, Some(web.clone()))), ..self }
    }

    /// The same for a run, which looks as fast as it works.
    #[must_use]
    pub fn for_runs(self) -> HdfsStore {
        HdfsStore { looking: Pace::Work, ..self }
    }

    /// The directory of this user.
    pub async fn home(&self) -> Result<StorePath> {
        self.connection.home().await
    }

    /// Whether the NameNode is the active one; asked of a single one, which may be a standby.
    pub async fn is_active(&self) -> Result<bool> {
        let url = self.connection.url();
        let asked = move |client: hdfs_native::Client| async move {
            match client.get_file_info("/").await {
                Ok(_) => Ok(true),
                Err(error) if failure::is_standby(&error) => Ok(false),
                Err(error) => Err(error),
            }
        };
        self.connection.call(self.looking, failure::Kind::Look, "look at", url, asked).await
    }

    async fn status(&self, pace: Pace, path: &StorePath) -> Result<Option<Entry>> {
        let text = path.to_string();
        let found = self
            .connection
            .call(pace, failure::Kind::Look, "look at", path.as_str(), move |client| async move {
                client.get_file_info(&text).await
            })
            .await;
        match found {
            Ok(status) => Ok(Some(entry::of(&status)?)),
            Err(error) if error.code() == Code::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The entry of what has to be there.
    async fn present(&self, path: &StorePath) -> Result<Entry> {
        self.status(Pace::Work, path).await?.ok_or_else(|| failure::missing("find", path.as_str()))
    }

    async fn delete(&self, pace: Pace, path: &StorePath) -> Result<bool> {
        let text = path.to_string();
        let call = move |client: hdfs_native::Client| async move { client.delete(&text, false).await };
        match self.connection.call(pace, failure::Kind::Change, "remove", path.as_str(), call).await {
            Err(error) if error.code() == Code::NotFound => Ok(false),
            other => other,
        }
    }

    async fn remove(&self, path: &StorePath, kind: EntryKind) -> Result<bool> {
        match self.status(Pace::Work, path).await? {
            None => Ok(false),
            Some(found) if found.kind == kind => self.delete(Pace::Work, path).await,
            Some(_) => Err(failure::not_plain(path.as_str())),
        }
    }

    async fn rename_at(&self, pace: Pace, from: &StorePath, to: &StorePath) -> Result<()> {
        let (source, destination) = (from.to_string(), to.to_string());
        let call = move |client: hdfs_native::Client| async move { client.rename(&source, &destination, false).await };
        let act = format!("rename to {} ", clean(to.as_str()));
        self.connection.call(pace, failure::Kind::Change, act.trim_end(), from.as_str(), call).await
    }
}

#[async_trait]
impl Read for HdfsStore {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            exclusive_rename: true,
            exclusive_create: true,
            quotas: true,
            acls: true,
            trash: self.trash,
            locks: false,
            remote: true,
            place_in_target: true,
            open_files: true,
            writer_limit: WRITER_LIMIT,
            page: Some(self.connection.page()),
        }
    }

    fn uri(&self, path: &StorePath) -> String {
        format!("{}{path}", self.connection.url())
    }

    async fn stat(&self, path: &StorePath) -> Result<Option<Entry>> {
        self.status(self.looking, path).await
    }

    async fn list(&self, directory: &StorePath) -> Result<Box<dyn Listing>> {
        listing::begin(&self.connection, self.looking, directory, None).await
    }

    async fn open(&self, path: &StorePath) -> Result<Arc<dyn ReadFile>> {
        Ok(Arc::new(file::HdfsReadFile::open(&self.connection, path).await?))
    }

    async fn read_whole(&self, path: &StorePath, limit: Size) -> Result<Bytes> {
        file::read_whole(&self.connection, path, limit).await
    }

    async fn attributes(&self, path: &StorePath) -> Result<Attributes> {
        attributes::read(&self.connection, path).await
    }

    async fn attributes_of(&self, path: &StorePath, listed: &Entry) -> Result<Attributes> {
        attributes::read_listed(&self.connection, path, listed).await
    }

    async fn identity(&self, _directory: &StorePath) -> Result<Option<Identity>> {
        Ok(None)
    }

    async fn room(&self, directory: &StorePath) -> Result<Room> {
        room::below(&self.connection, directory).await
    }

    async fn same_mount(&self, one: &StorePath, other: &StorePath) -> Result<bool> {
        self.present(one).await?;
        self.present(other).await?;
        Ok(true)
    }

    async fn supported(&self, directory: &StorePath) -> Result<()> {
        let inside = |name: &str| directory.as_str().split('/').any(|part| part == name);
        if inside(".snapshot") || inside(".reserved") {
            return Err(Error::new(Code::UnsupportedStore, format!("{directory} cannot be changed"))
                .why("it is a snapshot, or a name that HDFS reserves"));
        }
        Ok(())
    }

    /// A rename of what is not there: the NameNode looks at the rights first, and only it knows its groups and superusers.
    async fn may_change(&self, directory: &StorePath) -> Result<()> {
        let [from, to] = NEVER_MOVED.map(|name| directory.join(name).to_string());
        let call = move |client: hdfs_native::Client| async move { client.rename(&from, &to, false).await };
        match self.connection.call(Pace::Work, failure::Kind::Look, "change", directory.as_str(), call).await {
            Err(error) if error.code() == Code::Permission => Err(error),
            _ => Ok(()),
        }
    }

    async fn snapshots(&self, directory: &StorePath) -> Result<Vec<String>> {
        snapshots::above(&self.connection, directory).await
    }

    async fn server_facts(&self, directory: &StorePath) -> Option<Result<ServerFacts>> {
        let user = match self.connection.user().await {
            Ok(user) => user,
            Err(error) => return Some(Err(error)),
        };
        Some(self.web.facts(&user, directory).await)
    }

    async fn user(&self) -> Result<String> {
        self.connection.user().await
    }

    fn calls(&self) -> u64 {
        self.connection.calls()
    }
}

#[async_trait]
impl Write for HdfsStore {
    /// Looks first: HDFS says nothing when a directory is there already. Of two that make the same one at the same
    /// moment both believe that it is theirs; the names for which that matters are drawn at random.
    async fn make_dir(&self, path: &StorePath, attributes: &Attributes) -> Result<()> {
        if self.status(Pace::Work, path).await?.is_some() {
            return Err(failure::taken("make the directory", path.as_str()));
        }
        attributes::make_dir(&self.connection, path, attributes).await
    }

    async fn create(&self, path: &StorePath) -> Result<Box<dyn WriteFile>> {
        Ok(Box::new(file::HdfsWriteFile::create(&self.connection, path, file::Layout::default()).await?))
    }

    async fn rename(&self, from: &StorePath, to: &StorePath) -> Result<()> {
        self.rename_at(Pace::Work, from, to).await
    }

    async fn remove_file(&self, path: &StorePath) -> Result<bool> {
        self.remove(path, EntryKind::File).await
    }

    async fn remove_dir(&self, path: &StorePath) -> Result<bool> {
        self.remove(path, EntryKind::Directory).await
    }

    async fn trash(&self, path: &StorePath) -> Result<Option<StorePath>> {
        if !self.trash {
            return Ok(None);
        }
        self.present(path).await?;
        let text = path.to_string();
        let call = move |client: hdfs_native::Client| async move { client.trash(&text).await };
        match self.connection.call(Pace::Work, failure::Kind::Change, "move to the trash", path.as_str(), call).await {
            Ok(Some(there)) => StorePath::new(there).map(Some),
            Ok(None) => Ok(None),
            // The client tries twice: a first answer that was lost makes the second say that nothing is there.
            Err(error) if error.code() == Code::NotFound => Err(error.unknown_outcome()),
            Err(error) => Err(error),
        }
    }

    async fn set_modified(&self, path: &StorePath, modified: FileTime) -> Result<()> {
        attributes::set_modified(&self.connection, path.as_str(), modified).await
    }

    /// The NameNode answers when its log has the change.
    async fn sync_dir(&self, _path: &StorePath) -> Result<()> {
        Ok(())
    }

    async fn hold(&self, target: Option<&StorePath>, epoch: &StorePath) -> Result<Arc<dyn Hold>> {
        Ok(Arc::new(hold::HdfsHold::bind(self.clone(), target.cloned(), epoch.clone()).await?))
    }
}
