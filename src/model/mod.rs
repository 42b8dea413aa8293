//! The pure core: what a lake is made of, in values. No clock, no channel, no I/O.

mod budget;
mod choice;
mod event;
mod files;
mod footers;
mod growth;
mod health;
mod histogram;
mod ids;
mod limits;
mod listing;
mod partition;
mod plan;
mod policy;
mod run;
mod size;
mod stats;
mod table;
mod text;
mod ticket;
mod time;

pub use budget::Budget;
pub use choice::{Decision, Footers, Scope, Subject};
pub use event::{Event, LogLevel, LogLine, Rates, RunSign, RunSnapshot, SignedStep, TargetProgress};
pub use files::{Attributes, DataFormat, FileFacts, KnownFile, Owner, ServerFacts};
pub use footers::{FooterFacts, FooterGroup, FooterWriter, SchemaVersion, Seen, schema_columns, type_words};
pub use growth::{Growth, Recent};
pub use health::{Check, Health};
pub use histogram::{
    BAR_LABELS_AT_128_MIB, BINS, Bars, Histogram, Measure, bin_of, edge_text, edges as histogram_edges,
};
pub use ids::{Nonce, PlanId, RunId, StorePath, TableName, TargetId};
pub(crate) use ids::{entry_name, name_part, optional_entry_name};
pub use limits::{RunLimits, deadline_in_words, limit_in_words, parse_rate, parse_until, rate_text, until_text};
pub use listing::{GroupFacts, Signs, TargetFacts, TargetListing};
pub use partition::{HIVE_DEFAULT_PARTITION, PartitionKey, PartitionSpec, escape_value, unescape_value};
pub use plan::{FileGroup, Plan, PlanRoom, PlanTotals, PlannedFile, PlannedTarget, Skipped, WarningNote};
pub use policy::{OnDrift, Policy, Verify};
pub use run::{ExchangedSizes, RunKind, RunState, RunSummary, RunTotals, Step, TargetOutcome, TargetState};
pub use size::{Rows, Size, count_text, counted, parse_size, size_text};
pub use stats::{LakeTotals, Measures, Scanned, TableStats, TargetStats, Work, WorkRates, worst_first};
pub use table::{Partition, Table, TableKind};
pub use text::{clean, fit, is_harmful, shorten_middle, shorten_paths, width, wrap};
pub use ticket::{TicketLife, ticket_note};
pub use time::{FileTime, age_text, duration_text, parse_duration};
