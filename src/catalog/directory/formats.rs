//! Tables whose files belong to a log: recognised by what lies in their directories, refused with what compacts them.

use crate::error::{Code, Error, Reason, Result};
use crate::model::StorePath;
use crate::store::{self, EntryKind, EntryName};

const ICEBERG: &str =
    "an Iceberg table: its metadata names the files; CALL system.rewrite_data_files(…) in Spark compacts it";
const DELTA: &str = "a Delta table: its log names the files; OPTIMIZE compacts it";
const HUDI: &str = "a Hudi table: its timeline names the files; Hudi's compaction and clustering services do this";
const SPARK_SINK: &str =
    "written by a Spark streaming query: _spark_metadata names the files; rewrite it by a batch job into a new table";
const ACID: &str =
    "an ACID table: its base and delta directories belong together; ALTER TABLE … COMPACT 'major' in Hive";

/// Names that mark a directory as another format's, and what to say of it.
const MARKS: [(&str, &str); 3] = [("_delta_log", DELTA), (".hoodie", HUDI), ("_spark_metadata", SPARK_SINK)];

/// Why the files in and below a directory belong to another format; empty when they do not.
pub(super) async fn foreign(store: &dyn store::Read, directory: &StorePath) -> Result<Vec<Reason>> {
    let mut reasons = Vec::new();
    for (mark, text) in MARKS {
        if store.stat(&directory.join(mark)).await?.is_some() {
            reasons.push(unsupported(text));
        }
    }
    if has_iceberg_metadata(store, directory).await? {
        reasons.push(unsupported(ICEBERG));
    }
    Ok(reasons)
}

/// The same for a lake's directory and all above it: a lake that was opened inside somebody's table.
pub(super) async fn above(store: &dyn store::Read, root: &StorePath) -> Result<Vec<Reason>> {
    let mut reasons = Vec::new();
    let mut directory = Some(root.clone());
    while let Some(current) = directory {
        match foreign(store, &current).await {
            Ok(found) => reasons.extend(found),
            // What is above the lake and may not be read is not ours to judge.
            Err(error) if is_hidden_from_us(&error) && current != *root => {}
            Err(error) => return Err(error),
        }
        directory = current.parent();
    }
    Ok(reasons)
}

fn is_hidden_from_us(error: &Error) -> bool {
    matches!(error.code(), Code::Permission | Code::NotFound | Code::UnsupportedEntry)
}

async fn has_iceberg_metadata(store: &dyn store::Read, directory: &StorePath) -> Result<bool> {
    let metadata = directory.join("metadata");
    match store.stat(&metadata).await? {
        Some(entry) if entry.kind == EntryKind::Directory => {}
        _ => return Ok(false),
    }
    let mut names = match store.list_names(&metadata).await {
        Err(error) if error.code() == Code::NotFound => return Ok(false),
        names => names?,
    };
    while let Some(page) = names.next_page().await? {
        if page.iter().any(|(name, _)| is_iceberg_metadata(name)) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn is_iceberg_metadata(name: &EntryName) -> bool {
    name.text().is_some_and(|name| name.contains(".metadata.json") || name == "version-hint.text")
}

fn unsupported(text: &str) -> Reason {
    Reason::new(Code::UnsupportedTable, text)
}

/// The refusal of an ACID table.
pub(super) fn acid() -> Reason {
    unsupported(ACID)
}

/// Whether a directory is one of an ACID table: `base_5`, `delta_0000001_0000002_0000`, `delete_delta_…`; a base may
/// end in `_v9`, its visibility.
pub(super) fn is_acid_directory(name: &str) -> bool {
    ["base_", "delta_", "delete_delta_"].iter().any(|prefix| {
        name.strip_prefix(prefix).is_some_and(|rest| {
            let mut parts = rest.split('_');
            let first = parts.next().unwrap_or_default();
            let number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            number(first) && parts.all(|part| number(part.strip_prefix('v').unwrap_or(part)))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acid_directories_are_told_from_others() {
        for acid in ["base_5", "base_0000012_v0000034", "delta_0000001_0000001_0000", "delete_delta_1_2"] {
            assert!(is_acid_directory(acid), "{acid}");
        }
        for other in ["base_", "base_x", "delta_force", "delta_1_x", "deltas_1", "base_1_", "database_1", "base-1"] {
            assert!(!is_acid_directory(other), "{other}");
        }
    }
}
