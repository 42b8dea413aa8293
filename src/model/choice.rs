//! What a person chose: which targets an act is for, what is looked at, and how a target that needs a decision is decided.

use serde::{Deserialize, Serialize};

use super::{TableName, TargetId};

/// Which targets of a run an act is for; empty means all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// The targets.
    pub targets: Vec<TargetId>,
}

impl Scope {
    /// Whether a target is meant.
    pub fn contains(&self, id: &TargetId) -> bool {
        self.targets.is_empty() || self.targets.contains(id)
    }
}

/// What Inspect looks at.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A table.
    Table(TableName),
    /// A partition, or an unpartitioned table.
    Target(TargetId),
}

impl Subject {
    /// Its table.
    pub fn table(&self) -> TableName {
        match self {
            Subject::Table(name) => name.clone(),
            Subject::Target(id) => id.table_name(),
        }
    }
}

/// Whose footers Inspect reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Footers {
    /// Nobody's.
    None,
    /// Those of the whole subject.
    All,
    /// Those of these targets of a table: the marked ones.
    Of(Vec<TargetId>),
}

/// A person's decision (PROTOCOL §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// What is live stays.
    Keep,
    /// The originals come back.
    Restore,
}
