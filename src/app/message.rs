//! What comes to the console: keys, time, and the results of effects. Data of the lake arrives in the model's types;
//! where a screen needs less or more, in the view types below, which the runtime fills.

use chrono::{DateTime, Utc};

use super::key::Key;
use crate::error::{Code, Error, Reason};
use crate::ledger::verdict::TargetVerdict;
use crate::model::{
    Check, Event, ExchangedSizes, FooterFacts, KnownFile, LogLine, Owner, PartitionKey, Plan, RunId, RunSnapshot,
    RunSummary, StorePath, Subject, TableKind, TableName, TableStats, TargetId, TargetOutcome, TargetStats, TicketLife,
    WorkRates,
};

/// Everything that can happen to the console.
#[derive(Clone, Debug)]
pub enum Msg {
    /// The time. Sent about once a second while something is under way, before the first frame, and with no other
    /// duty: `Key` and `Drawn` carry their own.
    Tick(DateTime<Utc>),
    /// A frame is on the terminal. A question counts from the first frame that shows it.
    Drawn(DateTime<Utc>),
    /// A key, and when it was read from the terminal.
    Key {
        /// The key.
        key: Key,
        /// When.
        at: DateTime<Utc>,
    },
    /// Pasted text (bracketed paste).
    Paste(String),
    /// The terminal's size.
    Resize {
        /// Columns.
        columns: u16,
        /// Rows.
        rows: u16,
    },
    /// The terminal has the focus, or lost it.
    Focus(bool),
    /// Go on with a long sort or filter; sent while `App::is_busy`, whenever no input waits.
    Continue,
    /// Tables and targets.
    Lake(LakeMsg),
    /// The files of a target.
    Files {
        /// The target.
        target: TargetId,
        /// Its files.
        files: Result<Vec<KnownFile>, Failure>,
    },
    /// Facts for Inspect.
    Details(Box<Details>),
    /// The plan that is being made.
    Plan(PlanMsg),
    /// Runs.
    Run(RunMsg),
    /// What an act would do.
    Preview(PreviewMsg),
    /// What a run needs, checked.
    Doctor(DoctorMsg),
    /// The ticket, as it was looked at just now.
    Ticket {
        /// How long it lasts.
        life: TicketLife,
        /// When that was.
        at: DateTime<Utc>,
    },
    /// A server's state, by its word in row 1.
    Service(Service),
    /// Which of several servers it is that works: the active NameNode.
    ServerName {
        /// As in row 1: `nn`.
        word: String,
        /// As the configuration calls it: `nn1`.
        name: String,
    },
    /// `Effect::Copy` is done: none when the terminal takes no clipboard, then the text is shown.
    Copied {
        /// What it was.
        what: String,
        /// The text, to be shown.
        shown: Option<String>,
    },
    /// Something else that failed.
    Failed(Failure),
    /// Something else to say in row 23.
    Note(String),
}

/// Which reading a message is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Reading {
    /// Names and cache, or every table.
    Lake,
    /// One table.
    Table(TableName),
    /// One target.
    Target(TargetId),
    /// The footers of what is inspected.
    Footers(Subject),
}

/// Tables and targets as scans bring them. Send many in one message: each message may cost a frame.
#[derive(Clone, Debug)]
pub enum LakeMsg {
    /// The cache, read before any server was asked.
    Cached(Vec<TableStats>),
    /// Tables: names only (`Scanned::No`), in part or whole.
    Tables(Vec<TableStats>),
    /// Targets of one table; `whole` with the table's last ones.
    Targets {
        /// The table.
        table: TableName,
        /// Its targets, in any order; one that is known is replaced.
        targets: Vec<TargetStats>,
    },
    /// How far a reading is.
    Progress {
        /// Which.
        reading: Reading,
        /// Files, or footers, so far.
        done: u64,
        /// In all, where known.
        total: Option<u64>,
    },
    /// A reading ended. `stopped`: by Ctrl-c, what came is kept as `part`.
    Ended {
        /// Which.
        reading: Reading,
        /// Whether it was stopped.
        stopped: bool,
    },
    /// A reading failed; what came is kept.
    Failed {
        /// Which.
        reading: Reading,
        /// Why.
        failure: Failure,
    },
    /// Speeds measured by earlier runs.
    Rates(WorkRates),
}

/// Facts for Inspect; fields that nobody read yet are none or empty.
#[derive(Clone, Debug)]
pub struct Details {
    /// Of what.
    pub subject: Subject,
    /// The kind of table.
    pub kind: TableKind,
    /// Its directory.
    pub location: StorePath,
    /// Owner and permission bits of the directory.
    pub owner: Option<(Owner, u32)>,
    /// Replicas, where the store has them.
    pub replication: Option<u16>,
    /// The partition keys.
    pub partition_keys: Vec<PartitionKey>,
    /// Properties, those that matter first.
    pub properties: Vec<(String, String)>,
    /// Why nothing of it may be compacted.
    pub refusals: Vec<Reason>,
    /// What the footers tell; none when none were asked for.
    pub footers: Option<FooterFacts>,
}

/// The plan that is being made or checked.
#[derive(Clone, Debug)]
pub enum PlanMsg {
    /// Footers read.
    Footers {
        /// So far.
        done: u64,
        /// In all.
        total: u64,
    },
    /// It is made, and kept under its id.
    Made(Box<Plan>),
    /// It was checked again: targets that drifted, each with what is different.
    Checked {
        /// The plan's id.
        plan: RunId,
        /// When.
        at: DateTime<Utc>,
        /// The drifted ones.
        drifted: Vec<(TargetId, Reason)>,
    },
    /// It was saved.
    Saved(String),
    /// It could not be made, checked or saved.
    Failed(Failure),
}

/// Runs.
#[derive(Clone, Debug)]
pub enum RunMsg {
    /// Every run of the lake. `complete` is false when only this host's records could be read.
    Listed {
        /// They.
        runs: Vec<RunSummary>,
        /// Whether the whole index was read.
        complete: bool,
    },
    /// The targets of one run and its log.
    Shown {
        /// The run.
        run: RunId,
        /// Its targets.
        outcomes: Vec<TargetOutcome>,
        /// The files that each is to have afterwards, where a plan says so.
        files_planned: Vec<u64>,
        /// Lines of its log, oldest first.
        log: Vec<LogLine>,
        /// The statements by which readers refresh what they cached.
        refresh: Vec<String>,
        /// The sizes of the files that it exchanged, where its backups still tell.
        sizes: Option<Box<ExchangedSizes>>,
    },
    /// A worker was started for an effect.
    Started(RunId),
    /// The view is connected.
    Attached(Box<RunSnapshot>),
    /// Something happened.
    Event {
        /// The run.
        run: RunId,
        /// What.
        event: Event,
    },
    /// It ended.
    Ended(Box<RunSnapshot>),
    /// The connection ended without the run's end.
    Lost {
        /// The run.
        run: RunId,
        /// Why.
        failure: Failure,
    },
    /// Reading or starting failed.
    Failed(Failure),
}

/// What an act on a run would do; targets come as they are checked.
#[derive(Clone, Debug)]
pub enum PreviewMsg {
    /// Targets that were checked.
    Targets {
        /// The run.
        of: RunId,
        /// Some of them.
        targets: Vec<TargetVerdict>,
        /// In all.
        total: u64,
    },
    /// Every target was checked.
    Done {
        /// The run.
        of: RunId,
        /// How long it took.
        elapsed_ms: u64,
        /// Where deleted files go: `to the trash, which empties after 6 h` or `at once`.
        disposal: Option<String>,
    },
    /// It cannot be checked.
    Failed {
        /// The run.
        of: RunId,
        /// Why.
        failure: Failure,
    },
}

/// What a run needs, checked.
#[derive(Clone, Debug)]
pub enum DoctorMsg {
    /// One check is done.
    Check(Check),
    /// All are.
    Done(Vec<Check>),
    /// Nothing could be checked.
    Failed(Failure),
}

/// A server in row 1, as it was found just now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// `nn`, `hms`, `krb`.
    pub word: String,
    /// What it says.
    pub state: ServiceState,
    /// When it was asked.
    pub at: DateTime<Utc>,
}

/// How a server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServiceState {
    /// It was asked for the first time and has not answered yet.
    Asking,
    /// It answers: `3ms`; for Kerberos the time left: `7h`.
    Answers(String),
    /// It does not answer, and nothing can be changed without it.
    Lost,
}

/// An error as the screens show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The stable code.
    pub code: Code,
    /// What failed.
    pub message: String,
    /// Why.
    pub why: Option<String>,
    /// What has changed in the lake.
    pub lake: Option<String>,
    /// What to do next.
    pub next: Option<String>,
}

impl Failure {
    /// One line: what failed, why, the code.
    pub fn line(&self) -> String {
        match &self.why {
            Some(why) => format!("{}: {why} [{}]", self.message, self.code),
            None => format!("{} [{}]", self.message, self.code),
        }
    }
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Failure {
        Failure {
            code: error.code(),
            message: error.message().to_owned(),
            why: error.reason().map(str::to_owned),
            lake: error.lake_note().map(str::to_owned),
            next: error.next_step().map(str::to_owned),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::from(&error)
    }
}
