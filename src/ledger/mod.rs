//! What runs leave behind, and what it means: names, records, places and the run index, how they are read, and the
//! pure classification of PROTOCOL §5. Nothing here writes.

mod actor;
pub mod classify;
pub mod frame;
mod history;
pub mod holding;
pub mod index;
pub mod intent;
pub mod judge;
pub mod life;
pub mod listing;
pub mod names;
pub mod parallel;
pub mod place;
pub mod presence;
pub mod record;
pub mod share;
pub mod sight;
pub mod verdict;

use std::sync::Arc;

use crate::model::StorePath;
use crate::store::Read;

pub use actor::Actor;
pub use history::{RunDetail, list_runs, run_detail};
pub use life::{Life, Processes, SystemProcesses};
pub use names::kept_name;

/// How old a backup must be before cleanup deletes it, unless a person says otherwise.
pub const MINIMUM_AGE: std::time::Duration = std::time::Duration::from_secs(72 * 3600);

/// A lake's records, for reading.
#[derive(Clone, Debug)]
pub struct Ledger {
    /// The store.
    pub store: Arc<dyn Read>,
    /// The lake's directory.
    pub root: StorePath,
    /// The run index.
    pub index: StorePath,
    /// Which processes live.
    pub processes: Arc<dyn Processes>,
}

impl Ledger {
    /// The records of a lake; `run_index` when the settings name one.
    pub fn new(store: Arc<dyn Read>, root: StorePath, run_index: Option<&StorePath>) -> Ledger {
        let index = run_index.cloned().unwrap_or_else(|| root.join(names::PLACES).join(names::RUNS));
        Ledger { store, root, index, processes: Arc::new(SystemProcesses) }
    }
}
