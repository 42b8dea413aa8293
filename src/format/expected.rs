//! What an output must hold, gathered while it is written from what was decoded of the sources.

use bytes::Bytes;
use parquet::file::metadata::KeyValue;

use super::digest::Digest;
use crate::model::StorePath;

/// A whole output.
#[derive(Debug)]
pub(super) struct Expected {
    pub directory: StorePath,
    /// The sources' names.
    pub names: Vec<String>,
    pub schema: Bytes,
    pub created_by: Option<String>,
    pub version: i32,
    pub key_values: Option<Vec<KeyValue>>,
    pub row_groups: Vec<ExpectedGroup>,
}

/// A row group of the output.
#[derive(Debug)]
pub(super) struct ExpectedGroup {
    pub sections: Vec<Section>,
    /// For each column, for each section.
    pub digests: Vec<Vec<Digest>>,
}

/// Rows that came from one row group of one source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Section {
    pub source: u32,
    pub row_group: u32,
    pub rows: u64,
}

impl ExpectedGroup {
    /// Its rows.
    pub fn rows(&self) -> u64 {
        self.sections.iter().map(|section| section.rows).sum()
    }
}
