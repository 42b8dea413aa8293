//! Which tables and partitions an action is about.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Session;
use crate::error::{Code, Error, Exit, Reason, Result};
use crate::model::{PartitionSpec, Skipped, TableName, TargetId};
use crate::scan::Selected;

/// Tables and partitions by name. Nothing named means the whole lake.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Every table of these databases.
    pub databases: Vec<String>,
    /// These tables.
    pub tables: Vec<TableName>,
    /// Only partitions under one of these prefixes of the keys; all when there is none.
    pub partitions: Vec<PartitionSpec>,
    /// These targets, besides what the rest selects.
    pub targets: Vec<TargetId>,
    /// What is left out of all that.
    pub exclude: Vec<Exclude>,
}

/// Something that is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exclude {
    /// A database.
    Database(String),
    /// A table.
    Table(TableName),
    /// The partitions under a prefix of the keys, in every table.
    Partition(PartitionSpec),
}

impl Exclude {
    /// Reads `DATABASE`, `DATABASE.TABLE` or `key=value/…`.
    pub fn parse(text: &str) -> Result<Exclude> {
        match text {
            "" => Err(Error::new(Code::Usage, "nothing is named to be left out")),
            _ if text.contains('=') => PartitionSpec::parse(text).map(Exclude::Partition),
            _ if text.contains('.') => TableName::parse(text).map(Exclude::Table),
            _ => Ok(Exclude::Database(text.to_owned())),
        }
    }
}

impl Selection {
    /// One table as a whole.
    pub fn table(name: TableName) -> Selection {
        Selection { tables: vec![name], ..Selection::default() }
    }

    /// Single targets.
    pub fn targets(targets: Vec<TargetId>) -> Selection {
        Selection { targets, ..Selection::default() }
    }

    /// Whether the whole lake is meant, but for what is excluded.
    pub fn is_everything(&self) -> bool {
        self.databases.is_empty() && self.tables.is_empty() && self.targets.is_empty() && self.partitions.is_empty()
    }

    /// Whether it means whole tables only, so that they can be scanned as such.
    pub(super) fn is_plain(&self) -> bool {
        let narrowed = self.exclude.iter().any(|exclude| matches!(exclude, Exclude::Partition(_)));
        self.partitions.is_empty() && self.targets.is_empty() && !narrowed
    }

    /// Whether a target is meant by it; for what already is a list, as the targets of a run.
    pub fn contains(&self, id: &TargetId) -> bool {
        let table = id.table_name();
        let named = self.databases.is_empty() && self.tables.is_empty();
        let by_table =
            (named && self.targets.is_empty()) || self.databases.contains(&id.database) || self.tables.contains(&table);
        let in_prefix =
            self.partitions.is_empty() || partition(id).is_some_and(|spec| under_one_of(&self.partitions, &spec));
        ((by_table && in_prefix) || self.targets.contains(id)) && !self.excludes(id)
    }

    /// Whether a target is left out.
    pub fn excludes(&self, id: &TargetId) -> bool {
        self.excludes_table(&id.table_name())
            || self.exclude.iter().any(|exclude| match exclude {
                Exclude::Partition(prefix) => partition(id).is_some_and(|spec| prefix.is_prefix_of(&spec)),
                Exclude::Database(_) | Exclude::Table(_) => false,
            })
    }

    fn excludes_table(&self, name: &TableName) -> bool {
        self.exclude.iter().any(|exclude| match exclude {
            Exclude::Database(database) => *database == name.database,
            Exclude::Table(table) => table == name,
            Exclude::Partition(_) => false,
        })
    }

    /// The tables that it names as a whole or under its prefixes, sorted. One that is not there is an error, also
    /// when it is named twice or belongs to a database that is selected anyway.
    pub(super) async fn table_names(&self, session: &Session) -> Result<Vec<TableName>> {
        let catalog = &session.reader.catalog;
        let only_targets = self.databases.is_empty() && self.tables.is_empty() && !self.targets.is_empty();
        let mut names: BTreeSet<TableName> = BTreeSet::new();
        for name in &self.tables {
            names.insert(catalog.table(name).await?.name);
        }
        let databases = match (self.databases.is_empty() && self.tables.is_empty(), only_targets) {
            (true, false) => catalog.databases().await?,
            _ => self.databases.clone(),
        };
        for database in databases {
            names.extend(catalog.tables(&database).await?);
        }
        Ok(names.into_iter().filter(|name| !self.excludes_table(name)).collect())
    }
}

/// Targets that were found, and what was named and is not there.
pub(super) struct Found {
    /// Those that were found, by table and partition.
    pub targets: Vec<Selected>,
    /// Tables that cannot be read and targets that are gone.
    pub skipped: Vec<Skipped>,
}

/// The selected targets. A table that is named and not there is an error, and so are prefixes that no partition has; a
/// target that is gone, and a table of a database that cannot be read, is skipped with its reason.
pub(super) async fn selected_targets(session: &Session, selection: &Selection) -> Result<Found> {
    let scanner = session.scanner();
    let mut found = Found { targets: Vec::new(), skipped: Vec::new() };
    for name in selection.table_names(session).await? {
        match scanner.select(&name, &selection.partitions).await {
            Ok(targets) => found.targets.extend(targets),
            Err(error) if error.code() == Code::PartitionNotFound && !selection.partitions.is_empty() => {}
            Err(error) if selection.tables.contains(&name) && error.exit() != Exit::Refused => return Err(error),
            Err(error) => {
                found.skipped.push(Skipped { id: TargetId::new(&name, None), reason: Reason::from(&error) });
            }
        }
    }
    for id in &selection.targets {
        add_target(session, id, &mut found).await?;
    }
    found.targets.retain(|one| !selection.excludes(&one.partition.id));
    found.targets.sort_by(|one, other| one.partition.id.cmp(&other.partition.id));
    found.targets.dedup_by(|one, other| one.partition.id == other.partition.id);
    if found.targets.is_empty() && found.skipped.is_empty() && !selection.partitions.is_empty() {
        let prefixes: Vec<String> = selection.partitions.iter().map(PartitionSpec::to_string).collect();
        return Err(Error::new(Code::PartitionNotFound, format!("no partition is under {}", prefixes.join(" or ")))
            .next("lakehand analyze --table DB.T    lists a table's partitions"));
    }
    Ok(found)
}

async fn add_target(session: &Session, id: &TargetId, found: &mut Found) -> Result<()> {
    let catalog = &session.reader.catalog;
    let gone = |reason: Reason| Skipped { id: id.clone(), reason };
    match catalog.table(&id.table_name()).await {
        Ok(table) => match catalog.target(id).await? {
            Some(partition) => found.targets.push(Selected { table: Arc::new(table), partition }),
            None => found.skipped.push(gone(Reason::new(Code::PartitionNotFound, "it is not there any more"))),
        },
        Err(error) => found.skipped.push(gone(Reason::from(&error))),
    }
    Ok(())
}

fn partition(id: &TargetId) -> Option<PartitionSpec> {
    PartitionSpec::parse(id.partition.as_deref()?).ok()
}

fn under_one_of(prefixes: &[PartitionSpec], spec: &PartitionSpec) -> bool {
    prefixes.iter().any(|prefix| prefix.is_prefix_of(spec))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(table: &str, partition: Option<&str>) -> TargetId {
        TargetId::new(&TableName::parse(table).unwrap(), partition.map(str::to_owned))
    }

    #[test]
    fn nothing_named_is_everything_but_what_is_excluded() {
        let mut all = Selection::default();
        assert!(all.is_everything() && all.contains(&target("a.b", None)));
        all.exclude = ["x", "a.c", "dt=2026-01-01"].map(|text| Exclude::parse(text).unwrap()).into();
        assert!(all.contains(&target("a.b", Some("dt=2026-01-02"))));
        assert!(!all.contains(&target("x.b", None)) && !all.contains(&target("a.c", None)));
        assert!(!all.contains(&target("a.b", Some("dt=2026-01-01/hour=3"))));
    }

    #[test]
    fn prefixes_narrow_tables_and_targets_are_added() {
        let selection = Selection {
            tables: vec![TableName::new("a", "b")],
            partitions: vec![PartitionSpec::parse("dt=2026-01-01").unwrap()],
            targets: vec![target("c.d", None)],
            ..Selection::default()
        };
        assert!(selection.contains(&target("a.b", Some("dt=2026-01-01/hour=3"))));
        assert!(
            !selection.contains(&target("a.b", Some("dt=2026-01-02"))) && !selection.contains(&target("a.b", None))
        );
        assert!(selection.contains(&target("c.d", None)) && !selection.contains(&target("c.e", None)));
    }

    #[test]
    fn what_is_excluded_is_read_by_its_form() {
        assert_eq!(Exclude::parse("db").unwrap(), Exclude::Database("db".to_owned()));
        assert_eq!(Exclude::parse("db.t").unwrap(), Exclude::Table(TableName::new("db", "t")));
        assert!(matches!(Exclude::parse("v=1.5").unwrap(), Exclude::Partition(_)));
        assert!(Exclude::parse("").is_err() && Exclude::parse("db.").is_err() && Exclude::parse("=1").is_err());
    }
}
