//! Files that are read and files that are written.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use hdfs_native::WriteOptions;
use hdfs_native::file::{FileReader, FileWriter};

use super::attributes;
use super::connection::{Connection, broken, leave};
use super::failure::Kind;
use super::pace::Pace;
use crate::error::{Code, Error, Result};
use crate::model::{Attributes, FileTime, Size, StorePath, clean};
use crate::store::{ReadFile, WriteFile};

/// Nobody else may read what is not finished.
const UNFINISHED_MODE: u32 = 0o600;
/// What is written is handed on in pieces of this size.
const PIECE: usize = 1 << 20;
/// Bytes in one transfer, so that a large read has no time-out of its own size.
const TRANSFER: u64 = 64 << 20;

/// An open file. What its writer has not finished is not in it.
pub(super) struct HdfsReadFile {
    connection: Arc<Connection>,
    path: StorePath,
    reader: Arc<FileReader>,
}

impl std::fmt::Debug for HdfsReadFile {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "HdfsReadFile of {}", self.path)
    }
}

impl HdfsReadFile {
    pub(super) async fn open(connection: &Arc<Connection>, path: &StorePath) -> Result<HdfsReadFile> {
        let text = path.to_string();
        let reader = connection.look("open", path.as_str(), move |client| async move { client.read(&text).await });
        let reader = Arc::new(reader.await?);
        Ok(HdfsReadFile { connection: Arc::clone(connection), path: path.clone(), reader })
    }

    async fn read(&self, offset: u64, length: u64) -> Result<Bytes> {
        let reader = Arc::clone(&self.reader);
        let work = async move {
            let (offset, length) = (as_size(offset)?, as_size(length)?);
            let mut stream = reader.read_range_stream(offset, length).boxed();
            let mut bytes = BytesMut::with_capacity(length);
            while let Some(piece) = stream.next().await {
                bytes.extend_from_slice(&piece?);
            }
            Ok(bytes.freeze())
        };
        let bytes = self.connection.transfer(Kind::Look, "read", self.path.as_str(), work).await?;
        if bytes.len() as u64 == length {
            return Ok(bytes);
        }
        Err(Error::new(Code::Changed, format!("{} changed while it was read", clean(self.path.as_str())))
            .why(format!("{} bytes came where {length} were asked for", bytes.len())))
    }
}

fn as_size(number: u64) -> hdfs_native::Result<usize> {
    usize::try_from(number).map_err(|_| broken("a place beyond what this machine can count"))
}

#[async_trait]
impl ReadFile for HdfsReadFile {
    fn length(&self) -> Size {
        Size(self.reader.file_length() as u64)
    }

    /// The client panics beyond the end: every range is checked here.
    async fn read_at(&self, offset: u64, length: usize) -> Result<Bytes> {
        let end = offset.checked_add(length as u64).filter(|end| *end <= self.length().0);
        let Some(end) = end else {
            return Err(Error::new(Code::DamagedFile, format!("could not read {}", clean(self.path.as_str())))
                .why(format!("there are no {length} bytes at {offset}")));
        };
        if end - offset <= TRANSFER {
            return if length == 0 { Ok(Bytes::new()) } else { self.read(offset, length as u64).await };
        }
        let mut all = BytesMut::with_capacity(length);
        let mut at = offset;
        while at < end {
            let piece = self.read(at, TRANSFER.min(end - at)).await?;
            at += piece.len() as u64;
            all.extend_from_slice(&piece);
        }
        Ok(all.freeze())
    }
}

/// A small file at once.
pub(super) async fn read_whole(connection: &Arc<Connection>, path: &StorePath, limit: Size) -> Result<Bytes> {
    let file = HdfsReadFile::open(connection, path).await?;
    let length = file.length();
    if length > limit {
        return Err(Error::new(Code::DamagedFile, format!("{} is too long", clean(path.as_str())))
            .why(format!("it has {} bytes where at most {} were expected", length.0, limit.0)));
    }
    file.read_at(0, usize::try_from(length.0).unwrap_or(usize::MAX)).await
}

/// How a new file is laid out; where nothing is said the NameNode decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Layout {
    pub block_size: Option<u64>,
    pub replication: Option<u32>,
}

/// A new file. The client's writer goes into each call and comes back with its answer: a call that was given up keeps
/// it, and then nothing more can be written.
pub(super) struct HdfsWriteFile {
    connection: Arc<Connection>,
    path: StorePath,
    writer: Option<FileWriter>,
    buffer: BytesMut,
    layout: Layout,
    /// Bytes that were handed on.
    written: usize,
    finished: bool,
}

impl std::fmt::Debug for HdfsWriteFile {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "HdfsWriteFile of {}", self.path)
    }
}

impl HdfsWriteFile {
    pub(super) async fn create(
        connection: &Arc<Connection>,
        path: &StorePath,
        layout: Layout,
    ) -> Result<HdfsWriteFile> {
        let mut options = WriteOptions::default().permission(UNFINISHED_MODE).overwrite(false).create_parent(false);
        options.block_size = layout.block_size;
        options.replication = layout.replication;
        let text = path.to_string();
        let writer = connection
            .call(Pace::Work, Kind::Change, "create", path.as_str(), move |client| async move {
                client.create(&text, options).await
            })
            .await?;
        Ok(HdfsWriteFile {
            connection: Arc::clone(connection),
            path: path.clone(),
            writer: Some(writer),
            buffer: BytesMut::new(),
            layout,
            written: 0,
            finished: false,
        })
    }

    async fn flush(&mut self) -> Result<()> {
        let bytes = self.buffer.split().freeze();
        if bytes.is_empty() {
            return Ok(());
        }
        self.written += bytes.len();
        self.with("write", move |mut writer| async move {
            let result = writer.write_bytes(bytes).await.map(drop);
            (writer, result)
        })
        .await
    }

    async fn with<F>(&mut self, act: &str, work: impl FnOnce(FileWriter) -> F) -> Result<()>
    where
        F: Future<Output = (FileWriter, hdfs_native::Result<()>)> + Send + 'static,
    {
        let Some(writer) = self.writer.take() else {
            return Err(Error::new(Code::Io, format!("could not {act} {}", clean(self.path.as_str())))
                .why("an earlier call for it failed"));
        };
        let work = work(writer);
        let work = async move {
            let (writer, result) = work.await;
            result.map(|()| writer)
        };
        // What comes of a file that is not finished does not matter: it is deleted, and written under another name.
        let path = self.path.as_str();
        let result = if self.written <= PIECE {
            self.connection.short_transfer(act, path, work).await
        } else {
            self.connection.transfer(Kind::Look, act, path, work).await
        };
        self.writer = Some(result?);
        Ok(())
    }

    async fn close(&mut self, attributes: &Attributes, modified: Option<FileTime>) -> Result<()> {
        self.flush().await?;
        let sync = self.written > 0;
        self.with("close", move |mut writer| async move {
            let result = async {
                if sync {
                    // An erasure coded file cannot be synced; closing waits for its blocks all the same.
                    match writer.hsync().await {
                        Err(hdfs_native::HdfsError::OperationFailed(why)) if why.contains("erasure") => {}
                        other => other?,
                    }
                }
                writer.close().await
            };
            let result = result.await;
            (writer, result)
        })
        .await?;
        drop(self.writer.take());
        let path = self.path.as_str();
        attributes::give(&self.connection, path, attributes).await?;
        if let Some(count) = attributes.replication
            && self.layout.replication != Some(u32::from(count))
            && count > 0
        {
            attributes::set_replication(&self.connection, path, count).await?;
        }
        match modified {
            Some(modified) => attributes::set_modified(&self.connection, path, modified).await,
            None => Ok(()),
        }
    }

    /// Deletes what is not finished. Its name was drawn for it, and nobody else uses it.
    async fn discard(connection: Arc<Connection>, path: StorePath, writer: Option<FileWriter>) {
        drop(writer);
        let text = path.to_string();
        let call = move |client: hdfs_native::Client| async move { client.delete(&text, false).await };
        let removed = connection.call(Pace::Exchange, Kind::Change, "remove", path.as_str(), call).await;
        drop(removed);
    }
}

#[async_trait]
impl WriteFile for HdfsWriteFile {
    async fn write(&mut self, bytes: Bytes) -> Result<()> {
        self.buffer.extend_from_slice(&bytes);
        if self.buffer.len() >= PIECE { self.flush().await } else { Ok(()) }
    }

    async fn finish(mut self: Box<Self>, attributes: &Attributes, modified: Option<FileTime>) -> Result<()> {
        let closed = self.close(attributes, modified).await;
        self.finished = true;
        if closed.is_err() {
            HdfsWriteFile::discard(Arc::clone(&self.connection), self.path.clone(), self.writer.take()).await;
        }
        closed
    }
}

impl Drop for HdfsWriteFile {
    fn drop(&mut self) {
        if !self.finished {
            let (connection, path) = (Arc::clone(&self.connection), self.path.clone());
            leave(HdfsWriteFile::discard(connection, path, self.writer.take()));
        }
    }
}
