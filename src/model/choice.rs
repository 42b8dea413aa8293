//! What a person chose: which targets an act is for, and how a target that needs a decision is decided.

use serde::{Deserialize, Serialize};

use super::TargetId;

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

/// A person's decision (PROTOCOL §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// What is live stays.
    Keep,
    /// The originals come back.
    Restore,
}
