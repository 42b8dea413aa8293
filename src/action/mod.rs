//! What a person can do with a lake, one file each, for the console and the command line alike. Each gives plain data;
//! how it is shown is theirs.
//!
//! Decisions:
//! - A lake is only read here. What changes it is an order to a worker; its run's id comes back, or why there is none.
//! - A preview and the act judge by the same rules; the act judges again under its lease.
//! - Nothing here asks: a question was answered before.

mod analyze;
mod check;
mod cleanup;
mod doctor;
mod execute;
mod history;
mod inspect;
mod jobs;
mod plan;
mod preview;
mod rates;
mod recover;
mod refresh;
mod resolve;
mod restore;
mod rollback;
mod saved;
mod scan;
mod selection;
mod session;
mod show;
mod tables;
mod ticket;

pub use analyze::{Analysis, AnalyzedTable, analyze};
pub use check::check_plan;
pub use cleanup::{cleanable, cleanup};
pub use doctor::{Patient, doctor};
pub use execute::execute;
pub use history::{history, local_history};
pub use inspect::{Details, inspect, list_files, server_facts};
pub use jobs::{jobs, steer};
pub use plan::plan;
pub use preview::{Preview, cleanup_preview, recover_preview, rollback_preview};
pub use rates::work_rates;
pub use recover::recover;
pub use refresh::refresh_statements;
pub use resolve::{newest_cleanable, newest_that_can, resolve_local_run, resolve_run};
pub use restore::restore;
pub use rollback::rollback;
pub use saved::{load_plan, save_plan, save_plan_file};
pub use scan::{Scan, cache_of, scan};
pub use selection::{Exclude, Selection};
pub use session::{Session, lake_name};
pub use show::{ShownRun, show_run};
pub use tables::{claimed, tables};
pub use ticket::ticket_warning;

pub use crate::lake::{Server, Servers, Service, Ticket, kerberos, metastores, namenodes};
pub use crate::ledger::verdict::{TargetVerdict, Verdict};
pub use crate::ledger::{MINIMUM_AGE, RunDetail};
pub use crate::scan::{CachedLake, Reporter, ScanEvent};
