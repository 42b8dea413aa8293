//! What planning needs to know of a Parquet file, by its footer.

use parquet::basic::Type;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::schema::types::ColumnDescriptor;

use super::footer::{self, Footer, has_version_2};
use super::group::{self, Group, mistrusts_binary_statistics};
use super::held;
use super::pages::page_version_2;
use super::properties::{Bounds, computed_bounds};
use crate::error::{Code, Error, Result};
use crate::model::{FileFacts, KnownFile, Rows, StorePath};
use crate::store::{self, ReadFile};

/// Footers above this are decoded on a thread of their own.
const INLINE: usize = 256 << 10;

/// Reads a Parquet file's footer (and a few bytes of its first page, where the footer does not tell its version).
/// [`Code::Changed`] when the length is not the listed one, else [`Code::DamagedFile`], [`Code::Encrypted`] or
/// [`Code::UnsupportedEncoding`] when the file cannot be merged.
pub async fn facts(store: &dyn store::Read, directory: &StorePath, file: &KnownFile) -> Result<FileFacts> {
    let path = directory.join(&file.name);
    let opened = held::open(store, &path, file.length).await?;
    of_open(opened.as_ref(), file).await.map_err(|error| error.context(&path))
}

/// The key of a file's group and its rows: what of its facts a run asks for again.
pub async fn group_key(store: &dyn store::Read, directory: &StorePath, file: &KnownFile) -> Result<(String, Rows)> {
    let path = directory.join(&file.name);
    let opened = held::open(store, &path, file.length).await?;
    let (footer, group) = decoded(opened.as_ref()).await.map_err(|error| error.context(&path))?;
    Ok((group.key, Rows(footer.rows())))
}

async fn of_open(opened: &dyn ReadFile, file: &KnownFile) -> Result<FileFacts> {
    let (footer, group) = decoded(opened).await?;
    Ok(FileFacts {
        file: file.clone(),
        rows: Rows(footer.rows()),
        row_groups: footer.metadata.num_row_groups() as u32,
        group_facts: group::facts(&footer, &group),
        group_key: group.key,
        created_by: footer.metadata.file_metadata().created_by().map(str::to_owned),
        losses: losses(&footer),
    })
}

async fn decoded(opened: &dyn ReadFile) -> Result<(Footer, Group)> {
    let bytes = footer::read(opened).await?;
    let length = opened.length().0;
    let footer = if bytes.len() > INLINE {
        tokio::task::spawn_blocking(move || footer::parse(&bytes, length, None))
            .await
            .map_err(|error| Error::new(Code::DamagedFile, "the footer cannot be decoded").source(error))??
    } else {
        footer::parse(&bytes, length, None)?
    };
    let version_2 = match untold_page(&footer) {
        Some(at) => page_version_2(&opened.read_at(at, 32.min(length - at) as usize).await?),
        None => None,
    };
    let group = group::of(&footer, version_2);
    Ok((footer, group))
}

/// Where the first data page is, when no chunk of the footer tells the version of its pages.
pub(super) fn untold_page(footer: &Footer) -> Option<u64> {
    if footer.chunks().any(|chunk| has_version_2(chunk).is_some()) {
        return None;
    }
    footer.chunks().find(|chunk| chunk.compressed_size() > 0).map(|chunk| chunk.data_page_offset() as u64)
}

/// What a merge loses, in words.
fn losses(footer: &Footer) -> Vec<String> {
    let columns = footer.metadata.file_metadata().schema_descr().columns();
    let mut losses: Vec<String> = footer
        .column_key_values
        .iter()
        .filter_map(|column| columns.get(*column))
        .map(|column| format!("key-value metadata of column {}", column.path()))
        .collect();
    if footer.metadata.row_groups().iter().any(|row_group| row_group.sorting_columns().is_some()) {
        losses.push("the sorting columns of row groups that are joined".to_owned());
    }
    let mistrusted = mistrusts_binary_statistics(footer.metadata.file_metadata().created_by());
    for (index, column) in columns.iter().enumerate() {
        let why = match computed_bounds(column, mistrusted) {
            Bounds::Valid => continue,
            Bounds::Dropped if has_order(column) => "which readers do not believe of its writer",
            Bounds::Dropped => "whose type has no defined order",
        };
        if footer.metadata.row_groups().iter().any(|row_group| has_bounds(row_group.column(index))) {
            losses.push(format!("minimum and maximum of column {}, {why}", column.path()));
        }
    }
    losses
}

fn has_bounds(chunk: &ColumnChunkMetaData) -> bool {
    chunk.statistics().is_some_and(|statistics| statistics.min_bytes_opt().is_some())
}

/// Whether the format defines an order for this type, so that minima and maxima mean something.
pub(super) fn has_order(column: &ColumnDescriptor) -> bool {
    column.physical_type() != Type::INT96 && column.sort_order() != parquet::basic::SortOrder::UNDEFINED
}
