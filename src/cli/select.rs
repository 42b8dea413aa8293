//! From the selection on the command line to what an action takes.

use super::arguments::SelectionArguments;
use crate::action::{Exclude, Selection};
use crate::error::{Code, Error, Result};
use crate::model::{PartitionSpec, Scope, TableName, TargetOutcome};

impl SelectionArguments {
    /// The selection; nothing given means everything.
    pub fn selection(&self) -> Result<Selection> {
        let names = self.table.iter().chain(&self.tables).map(|name| TableName::parse(name.trim()));
        let partitions = self.partition.iter().map(|text| PartitionSpec::parse(text));
        Ok(Selection {
            databases: self.database.clone(),
            tables: names.collect::<Result<_>>()?,
            partitions: partitions.collect::<Result<_>>()?,
            targets: Vec::new(),
            exclude: self.exclude.iter().map(|text| Exclude::parse(text)).collect::<Result<_>>()?,
        })
    }

    /// Whether nothing was selected.
    pub fn is_empty(&self) -> bool {
        let lists = [&self.table, &self.tables, &self.database, &self.partition, &self.exclude];
        lists.iter().all(|list| list.is_empty())
    }

    /// The targets of a run that are meant; all of them when nothing was selected.
    pub fn scope(&self, outcomes: &[TargetOutcome]) -> Result<Scope> {
        if self.is_empty() {
            return Ok(Scope::default());
        }
        let selection = self.selection()?;
        let targets: Vec<_> =
            outcomes.iter().map(|outcome| &outcome.id).filter(|id| selection.contains(id)).cloned().collect();
        if targets.is_empty() {
            return Err(Error::new(Code::PartitionNotFound, "the run has no target that was selected")
                .next("lakehand history RUN    lists its targets"));
        }
        Ok(Scope { targets })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::TargetId;

    #[test]
    fn every_way_to_name_tables_adds_up() {
        let arguments = SelectionArguments {
            table: vec!["a.b".to_owned()],
            tables: vec!["c.d".to_owned(), " e.f".to_owned()],
            ..SelectionArguments::default()
        };
        assert_eq!(arguments.selection().unwrap().tables.len(), 3);
        let wrong = SelectionArguments { table: vec!["a".to_owned()], ..SelectionArguments::default() };
        assert_eq!(wrong.selection().unwrap_err().code(), Code::Usage);
    }

    #[test]
    fn a_scope_that_names_nothing_of_the_run_is_an_error_and_not_everything() {
        let target =
            |day: &str| TargetOutcome::pending(TargetId::new(&TableName::new("a", "b"), Some(format!("dt={day}"))));
        let outcomes = [target("1"), target("2")];
        let select = |partition: &str| SelectionArguments {
            partition: vec![partition.to_owned()],
            ..SelectionArguments::default()
        };
        assert_eq!(select("dt=2").scope(&outcomes).unwrap().targets, [outcomes[1].id.clone()]);
        assert!(select("dt=3").scope(&outcomes).is_err());
        assert_eq!(SelectionArguments::default().scope(&outcomes).unwrap(), Scope::default());
    }
}
