//! The partitions of a table, depth first. Each level above the last is surveyed, so that what lies beside its
//! partitions refuses them all, and then read again page by page if it is too large to be kept.

use async_trait::async_trait;

use super::DirectoryCatalog;
use super::classify::{Found, classify, refused_kind};
use super::survey::{Level, Survey};
use crate::catalog::Partitions;
use crate::error::{Code, Reason, Result};
use crate::model::{Partition, PartitionSpec, StorePath, Table, TableName, TargetId, clean};
use crate::store::{EntryKind, EntryName, NameListing};

/// About as many partitions a page.
const PAGE: usize = 1_000;

/// A walk on its way.
pub(super) struct Walk {
    catalog: DirectoryCatalog,
    table: TableName,
    keys: Vec<String>,
    prefix: Option<PartitionSpec>,
    open: Vec<OpenLevel>,
    page: Vec<Partition>,
}

/// A directory above partitions that is being read.
struct OpenLevel {
    location: StorePath,
    /// `dt=1/hour=2`; empty for the table itself.
    path: String,
    entries: std::vec::IntoIter<(EntryName, EntryKind)>,
    /// The pages that follow, where the level was not kept.
    more: Option<Box<dyn NameListing>>,
    /// Why everything below is refused.
    inherited: Vec<Reason>,
}

impl OpenLevel {
    async fn next(&mut self) -> Result<Option<(EntryName, EntryKind)>> {
        loop {
            if let Some(entry) = self.entries.next() {
                return Ok(Some(entry));
            }
            let Some(more) = &mut self.more else { return Ok(None) };
            match more.next_page().await? {
                Some(page) => self.entries = page.into_iter(),
                None => return Ok(None),
            }
        }
    }
}

impl Walk {
    pub(super) async fn begin(catalog: DirectoryCatalog, table: &Table, prefix: Option<PartitionSpec>) -> Result<Walk> {
        let first = OpenLevel {
            location: table.location.clone(),
            path: String::new(),
            entries: Vec::new().into_iter(),
            more: Some(catalog.store.list_names(&table.location).await?),
            inherited: Vec::new(),
        };
        Ok(Walk {
            catalog,
            table: table.name.clone(),
            keys: table.partition_keys.iter().map(|key| key.name.clone()).collect(),
            prefix,
            open: vec![first],
            page: Vec::new(),
        })
    }

    /// Whether the selection takes a name at this level.
    fn is_selected(&self, depth: usize, name: &str) -> bool {
        let wanted = self.prefix.as_ref().and_then(|prefix| prefix.0.get(depth));
        wanted.is_none_or(|wanted| PartitionSpec::parse_part(name).is_ok_and(|part| part == *wanted))
    }

    async fn visit(&mut self, level: &mut OpenLevel, name: EntryName, kind: EntryKind) -> Result<Option<OpenLevel>> {
        let depth = self.open.len();
        match classify(name, kind) {
            Found::NotAPartition { name, kind } if self.is_selected(depth, &name) => {
                self.emit(level, &name, refused_kind(kind, &level.location.join(&name)));
            }
            Found::Partition { name, key } if self.is_selected(depth, &name) => {
                let expected = &self.keys[depth];
                if key != *expected {
                    let text = format!("its key is {} where the table has {}", clean(&key), clean(expected));
                    self.emit(level, &name, Some(Reason::new(Code::UnsupportedTable, text)));
                } else if depth + 1 == self.keys.len() {
                    self.emit(level, &name, None);
                } else {
                    return self.descend(level, &name).await;
                }
            }
            // Hidden, not selected, or already a reason on the table or on everything below this level.
            _ => {}
        }
        Ok(None)
    }

    /// Goes into a directory above partitions.
    async fn descend(&mut self, level: &mut OpenLevel, name: &str) -> Result<Option<OpenLevel>> {
        let location = level.location.join(name);
        let mut survey = match self.catalog.survey(&location).await {
            Err(error) if error.code() == Code::NotFound => return Ok(None),
            Err(error) => {
                // One directory that cannot be read does not hide the others.
                self.emit(level, name, Some(Reason::from(&error)));
                return Ok(None);
            }
            Ok(survey) => survey,
        };
        if !survey.has_partitions() {
            self.emit_shallow(level, name, &survey);
            return Ok(None);
        }
        survey = survey.forgive_empty(&self.catalog, &location, Level::AbovePartitions).await?;
        let found = survey.strays(Level::AbovePartitions);
        if survey.has_files() {
            // Files in it are data of no partition: shown as what they are.
            self.emit(level, name, found.iter().cloned());
        }
        let mut inherited = level.inherited.clone();
        inherited.extend(
            found.into_iter().map(|reason| Reason::new(reason.code, format!("{} in {}", reason.text, clean(name)))),
        );
        inherited.extend(self.catalog.other_lake(&location).await?);
        let (entries, more) = match survey.kept.take() {
            Some(kept) => (kept, None),
            None => (Vec::new(), Some(self.catalog.store.list_names(&location).await?)),
        };
        let path = below(&level.path, name);
        Ok(Some(OpenLevel { location, path, entries: entries.into_iter(), more, inherited }))
    }

    /// A directory with fewer keys than the table: refused if anything is in it.
    fn emit_shallow(&mut self, level: &OpenLevel, name: &str, survey: &Survey) {
        if !survey.is_empty() {
            let missing = self.keys[self.open.len() + 1..].join(", ");
            let text = format!("it has no partitions by {}, as others of the table have", clean(&missing));
            let reasons = survey.strays(Level::Data).into_iter();
            self.emit(level, name, [Reason::new(Code::UnsupportedTable, text)].into_iter().chain(reasons));
        }
    }

    fn emit(&mut self, level: &OpenLevel, name: &str, reasons: impl IntoIterator<Item = Reason>) {
        let mut refusals = level.inherited.clone();
        refusals.extend(reasons);
        self.page.push(Partition {
            id: TargetId::new(&self.table, Some(below(&level.path, name))),
            location: level.location.join(name),
            identity: String::new(),
            refusals,
        });
    }
}

fn below(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") }
}

#[async_trait]
impl Partitions for Walk {
    async fn next_page(&mut self) -> Result<Option<Vec<Partition>>> {
        while let Some(mut level) = self.open.pop() {
            // The level is put back under what is found in it; without it, `open` has the depth of its entries' keys.
            let Some((name, kind)) = level.next().await? else { continue };
            let deeper = self.visit(&mut level, name, kind).await?;
            self.open.push(level);
            self.open.extend(deeper);
            if self.page.len() >= PAGE {
                return Ok(Some(std::mem::take(&mut self.page)));
            }
        }
        let last = std::mem::take(&mut self.page);
        Ok((!last.is_empty()).then_some(last))
    }
}
