//! Source files: small ones are read whole, many at a time; of large ones the footer, and pages when they are needed.

use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use parquet::file::metadata::{ColumnChunkMetaData, RowGroupMetaData};

use super::Progress;
use super::facts::untold_page;
use super::footer::{self, Footer, KnownSchema};
use super::group;
use super::held::unlike;
use super::pages::{Allowance, Chunk, Place, has_checksum, page_version_2};
use super::parallel::parallel;
use crate::error::{Code, Error, Result};
use crate::model::{PlannedFile, Size, StorePath};
use crate::store::{Read, ReadFile};

/// Files that are read at a time.
const READS: usize = 16;

/// A source with its footer.
#[derive(Debug)]
pub(super) struct Source {
    /// Its place among the sources.
    pub index: usize,
    pub path: StorePath,
    pub length: u64,
    pub footer: Footer,
    /// Its data pages are of version 2.
    pub version_2: bool,
    /// Its pages have checksums.
    pub checksums: bool,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Whole(Bytes),
    Opened(Arc<dyn ReadFile>),
}

/// A row group of a source.
#[derive(Clone, Debug)]
pub(super) struct Unit {
    pub source: Arc<Source>,
    pub row_group: usize,
}

impl Source {
    /// Whether it was read whole.
    pub fn is_whole(&self) -> bool {
        matches!(self.content, Content::Whole(_))
    }

    /// A chunk's pages.
    pub fn chunk(
        &self,
        metadata: &ColumnChunkMetaData,
        allowance: Allowance,
        handle: &tokio::runtime::Handle,
    ) -> Chunk {
        let place = match &self.content {
            Content::Whole(bytes) => Place::Memory(0, bytes.clone()),
            Content::Opened(file) => Place::Store(Arc::clone(file), handle.clone()),
        };
        Chunk::new(place, metadata, allowance)
    }

    /// Bytes from anywhere in the file.
    pub fn bytes(&self, offset: u64, length: u64, handle: &tokio::runtime::Handle) -> Result<Bytes> {
        let end = offset.checked_add(length).filter(|end| *end <= self.length);
        let Some(end) = end else { return Err(Error::new(Code::DamagedFile, "an offset is out of bounds")) };
        match &self.content {
            Content::Whole(bytes) => Ok(bytes.slice(offset as usize..end as usize)),
            Content::Opened(file) => handle.block_on(file.read_at(offset, length as usize)),
        }
    }

    /// Whether its first page has a checksum: writers give one to all pages or to none.
    fn has_checksums(&self, handle: &tokio::runtime::Handle) -> Result<bool> {
        let Some(chunk) = self.footer.chunks().find(|chunk| chunk.num_values() > 0) else { return Ok(false) };
        let (start, length) = chunk.byte_range();
        Ok(has_checksum(&self.bytes(start, length.min(32), handle)?))
    }

    /// Its row groups.
    pub fn units(self: &Arc<Source>) -> impl Iterator<Item = Unit> + use<> {
        let source = Arc::clone(self);
        (0..source.footer.metadata.num_row_groups())
            .map(move |row_group| Unit { source: Arc::clone(&source), row_group })
    }
}

impl Unit {
    /// What the footer says of it.
    pub fn metadata(&self) -> &RowGroupMetaData {
        self.source.footer.metadata.row_group(self.row_group)
    }

    /// Its rows.
    pub fn rows(&self) -> u64 {
        self.metadata().num_rows() as u64
    }

    /// Its size before compression.
    pub fn uncompressed(&self) -> u64 {
        self.metadata().columns().iter().map(|chunk| chunk.uncompressed_size() as u64).fold(0, u64::saturating_add)
    }

    /// Its size in the file.
    pub fn compressed(&self) -> u64 {
        self.metadata().columns().iter().map(|chunk| chunk.compressed_size() as u64).fold(0, u64::saturating_add)
    }
}

/// What reading sources needs to know.
#[derive(Debug)]
pub(super) struct Sources {
    pub store: Arc<dyn Read>,
    pub directory: StorePath,
    pub files: Vec<PlannedFile>,
    pub group_key: String,
    /// Files above it are not read whole.
    pub small: u64,
    pub threads: usize,
}

enum Raw {
    Whole(Bytes),
    Opened(Arc<dyn ReadFile>, Bytes),
}

impl Sources {
    /// Whether a file is read whole.
    pub fn is_small(&self, index: usize) -> bool {
        self.files.get(index).is_some_and(|planned| planned.file.length.0 <= self.small)
    }

    /// Loads some sources; each is still what was planned. Those that are read whole are told of one by one: of many
    /// small files reading is what takes the time.
    pub fn load(
        &self,
        range: std::ops::Range<usize>,
        known: &mut Option<KnownSchema>,
        handle: &tokio::runtime::Handle,
        progress: &dyn Progress,
    ) -> Result<Vec<Arc<Source>>> {
        let first = range.start;
        let reads = futures::stream::iter(range.map(|index| self.read(index, progress))).buffered(READS).try_collect();
        let raws: Vec<Raw> = handle.block_on(reads)?;
        let mut sources = Vec::with_capacity(raws.len());
        if known.is_none()
            && let Some(raw) = raws.first()
        {
            let source = self.decode(first, raw, None, handle)?;
            *known = Some(source.footer.known_schema());
            sources.push(Arc::new(source));
        }
        let done = sources.len();
        let schema = known.as_ref();
        sources.extend(parallel(self.threads, raws.len() - done, |piece| {
            self.decode(first + done + piece, &raws[done + piece], schema, handle).map(Arc::new)
        })?);
        Ok(sources)
    }

    fn path(&self, index: usize) -> StorePath {
        self.directory.join(&self.files[index].file.name)
    }

    async fn read(&self, index: usize, progress: &dyn Progress) -> Result<Raw> {
        let (path, length) = (self.path(index), self.files[index].file.length);
        if self.is_small(index) {
            let bytes =
                self.store.read_whole(&path, length).await.map_err(|error| error.context("reading a source"))?;
            self.check_length(index, bytes.len() as u64).await?;
            progress.bytes_read(length.0);
            progress.files_read(1);
            return Ok(Raw::Whole(bytes));
        }
        let file = self.store.open(&path).await?;
        self.check_length(index, file.length().0).await?;
        let bytes = footer::read(file.as_ref()).await.map_err(|error| error.context(&path))?;
        Ok(Raw::Opened(file, bytes))
    }

    async fn check_length(&self, index: usize, now: u64) -> Result<()> {
        let listed = self.files[index].file.length;
        if listed.0 == now {
            return Ok(());
        }
        Err(unlike(self.store.as_ref(), &self.path(index), listed, Size(now)).await)
    }

    fn decode(
        &self,
        index: usize,
        raw: &Raw,
        known: Option<&KnownSchema>,
        handle: &tokio::runtime::Handle,
    ) -> Result<Source> {
        let path = self.path(index);
        let length = self.files[index].file.length.0;
        let decoded = match raw {
            Raw::Whole(bytes) => footer::of_whole(bytes, known),
            Raw::Opened(_, bytes) => footer::parse(bytes, length, known),
        };
        let footer = decoded.map_err(|error| error.context(&path))?;
        let content = match raw {
            Raw::Whole(bytes) => Content::Whole(bytes.clone()),
            Raw::Opened(file, _) => Content::Opened(Arc::clone(file)),
        };
        let mut source = Source { index, path, length, footer, version_2: false, checksums: false, content };
        source.version_2 = self.check_planned(&source, handle)?;
        source.checksums = source.has_checksums(handle)?;
        Ok(source)
    }

    fn check_planned(&self, source: &Source, handle: &tokio::runtime::Handle) -> Result<bool> {
        let differs =
            |what: &str| Error::new(Code::Changed, format!("{}: {what} changed since the plan was made", source.path));
        if source.footer.rows() != self.files[source.index].rows.0 {
            return Err(differs("its number of rows"));
        }
        let version_2 = match untold_page(&source.footer) {
            Some(at) => page_version_2(&source.bytes(at, 32.min(source.length - at), handle)?),
            None => None,
        };
        let group = group::of(&source.footer, version_2);
        if group.key != self.group_key {
            return Err(differs("what decides its file group"));
        }
        Ok(group.version_2)
    }
}
