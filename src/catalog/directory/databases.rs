//! Databases and tables by their directories.

use std::collections::BTreeSet;

use super::super::names::not_found;
use super::DirectoryCatalog;
use crate::error::{Code, Error, Reason, Result};
use crate::model::{StorePath, TableName, clean};
use crate::store::{EntryKind, EntryName};

/// Hive's ending of a database's directory.
const ENDING: &str = ".db";

/// The directories of one database: one, or by mistake two.
#[derive(Debug)]
pub(super) struct Database {
    name: String,
    directories: Vec<StorePath>,
}

impl Database {
    /// Two directories with one name: what a table of it is called by others cannot be known.
    pub(super) fn ambiguous(&self) -> Option<Reason> {
        let [one, other] = self.directories.as_slice() else { return None };
        let text = format!("{} and {} are both the database {}; rename one", one.name(), other.name(), self.name);
        Some(Reason::new(Code::UnsupportedTable, text))
    }
}

/// The database that a directory is.
fn database_name(directory: &str) -> &str {
    directory.strip_suffix(ENDING).unwrap_or(directory)
}

/// Whether a name can be a database's or table's.
fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.starts_with(['.', '_']) && !name.contains(['/', '\0'])
}

impl DirectoryCatalog {
    /// The visible names of a directory with their kinds. Few levels of a lake have more than some thousands.
    async fn visible(&self, directory: &StorePath) -> Result<Vec<(EntryName, EntryKind)>> {
        let mut names = self.store.list_names(directory).await?;
        let mut visible = Vec::new();
        while let Some(page) = names.next_page().await? {
            visible.extend(page.into_iter().filter(|(name, _)| !name.is_hidden()));
        }
        Ok(visible)
    }

    pub(super) async fn database_names(&self) -> Result<Vec<String>> {
        let visible = self.visible(&self.root).await.map_err(|error| match error.code() {
            Code::NotFound => error.with_code(Code::LakeNotFound),
            _ => error,
        })?;
        let directories = visible.iter().filter(|(_, kind)| *kind == EntryKind::Directory);
        let names: BTreeSet<&str> = directories.filter_map(|(name, _)| name.text()).map(database_name).collect();
        Ok(names.into_iter().map(str::to_owned).collect())
    }

    /// Finds a database by its name.
    pub(super) async fn database(&self, name: &str) -> Result<Database> {
        let mut directories = Vec::new();
        if is_name(name) {
            let plain = Some(name.to_owned()).filter(|name| !name.ends_with(ENDING));
            for directory in std::iter::once(format!("{name}{ENDING}")).chain(plain) {
                let path = self.root.join(&directory);
                match self.store.stat(&path).await?.map(|entry| entry.kind) {
                    Some(EntryKind::Directory) => directories.push(path),
                    Some(EntryKind::Symlink) => {
                        return Err(Error::new(
                            Code::UnsupportedEntry,
                            format!("{} is a symbolic link", clean(path.as_str())),
                        )
                        .why("links in a lake are never followed")
                        .next("open the lake that it leads to with --lake"));
                    }
                    _ => {}
                }
            }
        }
        if directories.is_empty() {
            let there = self.database_names().await?;
            return Err(not_found(Code::DatabaseNotFound, "database", name, there.into_iter())
                .why(format!("looked in {}", clean(self.root.as_str()))));
        }
        Ok(Database { name: name.to_owned(), directories })
    }

    pub(super) async fn table_names(&self, database: &str) -> Result<Vec<TableName>> {
        let found = self.database(database).await?;
        let mut names = BTreeSet::new();
        for directory in &found.directories {
            for (name, kind) in self.visible(directory).await? {
                if let (EntryName::Text(name), EntryKind::Directory | EntryKind::Symlink) = (name, kind) {
                    names.insert(name);
                }
            }
        }
        Ok(names.into_iter().map(|name| TableName::new(database, name)).collect())
    }

    /// Where a table is and what is there: a directory or a link.
    pub(super) async fn find_table(&self, name: &TableName) -> Result<(StorePath, EntryKind)> {
        let database = self.database(&name.database).await?;
        if is_name(&name.table) {
            for directory in &database.directories {
                let location = directory.join(&name.table);
                let kind = self.store.stat(&location).await?.map(|entry| entry.kind);
                if let Some(kind @ (EntryKind::Directory | EntryKind::Symlink)) = kind {
                    return Ok((location, kind));
                }
            }
        }
        let there = self.table_names(&name.database).await?;
        let there = there.into_iter().map(|there| there.table);
        let error = not_found(Code::TableNotFound, &format!("table in {}", clean(&name.database)), &name.table, there);
        Err(error)
    }

    /// What could be a database or a table by its place, but not by what it is.
    pub(super) async fn odd_entries(&self) -> Result<Vec<Reason>> {
        let mut odd = Vec::new();
        let mut note = |directory: &StorePath, name: &EntryName, what: &str| {
            let text = format!("{} in {} {what}", clean(&name.shown()), clean(directory.as_str()));
            odd.push(Reason::new(Code::UnsupportedEntry, text));
        };
        let mut databases = Vec::new();
        for (name, kind) in self.visible(&self.root).await? {
            match (&name, kind) {
                (EntryName::NotText(_), _) => note(&self.root, &name, "has a name that is not UTF-8"),
                (_, EntryKind::Symlink) => note(&self.root, &name, "is a symbolic link, which is never followed"),
                (EntryName::Text(name), EntryKind::Directory) => databases.push(self.root.join(name)),
                (EntryName::Text(_), EntryKind::File | EntryKind::Special) => {}
            }
        }
        for database in databases {
            for (name, _) in self.visible(&database).await? {
                if name.text().is_none() {
                    note(&database, &name, "has a name that is not UTF-8");
                }
            }
        }
        Ok(odd)
    }
}
