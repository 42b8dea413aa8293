//! Reading an output back, independently of what wrote it: a fresh open, the footer, every page, every value. Each
//! section of rows must have, in every column, the digest that its source had.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::budget::Budget;
use super::column::{Stop, digests};
use super::expected::{Expected, ExpectedGroup};
use super::footer::{self, Footer};
use super::guard::guarded;
use super::locate;
use super::pages::{Chunk, Place};
use super::parallel::parallel;
use super::{MemoryPool, Merged, Progress, interrupted};
use crate::error::{Code, Error, Result};
use crate::model::{StorePath, Verify};
use crate::store::{Read, ReadFile};

/// Reads the output back through a fresh open and compares it with what the sources held: always schema, writer,
/// key-values and counts; with [`Verify::Values`] every value. A difference is [`Code::Verification`].
pub async fn verify(
    store: Arc<dyn Read>,
    output: &StorePath,
    merged: &Merged,
    how: Verify,
    pool: &Arc<MemoryPool>,
    progress: Arc<dyn Progress>,
    cancel: &CancellationToken,
) -> Result<()> {
    let budget = Budget::of_reading(pool.limit().0, merged.bytes.0);
    let _permit = tokio::select! {
        biased;
        () = cancel.cancelled() => return Err(interrupted()),
        permit = pool.acquire(budget.total(), "verifying") => permit?,
    };
    let file = store.open(output).await?;
    if file.length() != merged.bytes {
        return Err(differs(format!("{output} has {} bytes, {} were written", file.length().0, merged.bytes.0)));
    }
    let bytes = footer::read(file.as_ref()).await.map_err(|error| unreadable(error, output))?;
    let stop = Arc::new(Stop::default());
    let reading = Reading {
        store,
        file,
        output: output.clone(),
        expected: Arc::clone(&merged.expected),
        budget,
        stop: Arc::clone(&stop),
        progress,
        handle: tokio::runtime::Handle::current(),
    };
    let mut task = tokio::task::spawn_blocking(move || guarded(|| reading.run(&bytes, how)));
    let done = tokio::select! {
        biased;
        () = cancel.cancelled() => {
            stop.set();
            (&mut task).await
        }
        done = &mut task => done,
    };
    done.map_err(|error| Error::new(Code::Internal, "the verifying thread died").source(error))?
}

/// The error of a difference.
fn differs(what: String) -> Error {
    Error::new(Code::Verification, what)
        .lake("the sources are untouched and still live")
        .next("report this, with the output file if it can be shared")
}

/// What cannot be read back is as bad as a difference.
fn unreadable(error: Error, output: &StorePath) -> Error {
    match error.code() {
        Code::DamagedFile | Code::UnsupportedEncoding | Code::Encrypted => {
            differs(format!("{output} cannot be read back: {}", error.message()))
                .why(error.reason().unwrap_or_default())
        }
        _ => error.context(output),
    }
}

struct Reading {
    store: Arc<dyn Read>,
    file: Arc<dyn ReadFile>,
    output: StorePath,
    expected: Arc<Expected>,
    budget: Budget,
    stop: Arc<Stop>,
    progress: Arc<dyn Progress>,
    handle: tokio::runtime::Handle,
}

impl Reading {
    fn run(&self, bytes: &bytes::Bytes, how: Verify) -> Result<()> {
        let footer =
            footer::parse(bytes, self.file.length().0, None).map_err(|error| unreadable(error, &self.output))?;
        self.compare_footer(&footer)?;
        if how == Verify::Rows {
            return Ok(());
        }
        let columns = footer.metadata.file_metadata().schema_descr().num_columns();
        let pieces = columns * self.expected.row_groups.len();
        parallel(self.budget.threads, pieces, |piece| self.column(&footer, piece / columns, piece % columns)).map(drop)
    }

    fn compare_footer(&self, footer: &Footer) -> Result<()> {
        let (file, expected) = (footer.metadata.file_metadata(), &self.expected);
        let fail = |what: &str| Err(differs(format!("{}: {what} is not that of the sources", self.output)));
        if footer.schema != expected.schema {
            return fail("the schema");
        }
        if file.created_by() != expected.created_by.as_deref() {
            return fail("created_by");
        }
        if file.version() != expected.version {
            return fail("the format version");
        }
        if file.key_value_metadata() != expected.key_values.as_ref() {
            return fail("the key-value metadata");
        }
        let rows = footer.metadata.row_groups().iter().map(|row_group| row_group.num_rows() as u64);
        if !rows.eq(expected.row_groups.iter().map(ExpectedGroup::rows)) {
            return fail("the number of rows");
        }
        Ok(())
    }

    fn column(&self, footer: &Footer, row_group: usize, column: usize) -> Result<()> {
        let expected = &self.expected.row_groups[row_group];
        let metadata = footer.metadata.row_group(row_group).column(column);
        let place = Place::Store(Arc::clone(&self.file), self.handle.clone());
        let chunk = Chunk::new(place, metadata, self.budget.allowance());
        let sections: Vec<u64> = expected.sections.iter().map(|section| section.rows).collect();
        let found = digests(&chunk, metadata, &sections, &self.stop)
            .map_err(|error| unreadable(error.context(format!("column {}", metadata.column_path())), &self.output))?;
        self.progress.bytes_read(metadata.compressed_size() as u64);
        let wrong = expected.digests[column].iter().zip(&found).position(|(expected, found)| expected != found);
        let Some(wrong) = wrong else { return Ok(()) };
        let section = expected.sections[wrong];
        let name = &self.expected.names[section.source as usize];
        let what = format!("{}: column {} does not hold what {name} holds", self.output, metadata.column_path());
        let search = locate::Search {
            store: self.store.as_ref(),
            source: &self.expected.directory.join(name),
            section,
            column,
            skipped: sections[..wrong].iter().sum(),
            allowance: self.budget.allowance(),
            handle: &self.handle,
            stop: &self.stop,
        };
        Err(match search.first_difference(&chunk, metadata) {
            Ok(Some(row)) => {
                differs(what).why(format!("row {row} of its row group {} differs first", section.row_group))
            }
            _ => differs(what),
        })
    }
}
