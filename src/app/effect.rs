//! What the console asks for: values that name an action and carry all it needs. Nothing here is carried out by `app`.

use std::time::Duration;

use crate::ipc::{Decision, Request, Scope};
use crate::model::{Footers, Plan, RunId, RunKind, RunLimits, Subject, TableName, TargetId};

/// Something marked for the basket.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mark {
    /// Every target of a table that the policy picks.
    Table(TableName),
    /// One target.
    Target(TargetId),
}

impl Mark {
    /// Its table.
    pub fn table(&self) -> TableName {
        match self {
            Mark::Table(name) => name.clone(),
            Mark::Target(id) => id.table_name(),
        }
    }
}

/// Which targets of a run a preview is for. The act that follows names each of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Within {
    /// All of them.
    Run,
    /// Those of a table.
    Table(TableName),
    /// These.
    Targets(Vec<TargetId>),
}

/// How a clean-up deletes: as usual, or as somebody typed it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// Without a trash: at once.
    pub skip_trash: bool,
    /// How old a backup must be; none means as old as usual.
    pub minimum_age: Option<Duration>,
}

/// One of the ways to begin without a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StartChoice {
    /// Make a demo lake and open it.
    Demo,
    /// Make a configuration from the Hadoop client of this host.
    Hadoop,
    /// Make a configuration from answers.
    Configure,
    /// Make a configuration from Lakekeeper's file and answers.
    Lakekeeper,
}

/// An action that the runtime carries out; its results come back as messages.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// The cache, then the catalog's names: `Lake::Cached`, `Lake::Tables`, `Lake::Ended`.
    LoadLake,
    /// Every table: `:scan`.
    ScanLake,
    /// Some tables, each as a whole: rows on screen, or what `r` asks for.
    ScanTables(Vec<TableName>),
    /// The targets of one table: from the cache first, then listed.
    ScanTable(TableName),
    /// One target again.
    ScanTarget(TargetId),
    /// The files of one target.
    ListFiles(TargetId),
    /// Catalog facts and, with `footers`, those of the files.
    Inspect {
        /// Of what.
        subject: Subject,
        /// Whose footers are read.
        footers: Footers,
    },
    /// Stop every reading that goes on; never a run.
    StopReading,
    /// Make a plan of these.
    Plan {
        /// The basket, or the row under the cursor.
        marks: Vec<Mark>,
    },
    /// List the plan's targets again and say which drifted.
    CheckPlan(Box<Plan>),
    /// Write the plan to a file.
    SavePlan {
        /// The plan.
        plan: Box<Plan>,
        /// Where to; none: under its id, where `compact --plan ID` finds it.
        path: Option<String>,
    },
    /// Execute a plan; drifted targets are left out.
    Execute {
        /// The plan.
        plan: Box<Plan>,
        /// Windows above the limit were agreed to.
        accept_window: bool,
        /// What the run may take.
        limits: RunLimits,
    },
    /// All runs of the lake.
    ListRuns,
    /// The targets of one run.
    ShowRun(RunId),
    /// Watch a run that works.
    Attach(RunId),
    /// Stop watching.
    Detach(RunId),
    /// Pause, resume, cancel, or change its limits.
    Steer {
        /// The run.
        run: RunId,
        /// What.
        request: Request,
    },
    /// Check what an act on a run would do: `Rollback`, `Cleanup` or `Recover`. A newer one replaces it.
    Preview {
        /// The act.
        kind: RunKind,
        /// The run.
        of: RunId,
        /// Which of its targets.
        within: Within,
        /// How a clean-up deletes.
        terms: Terms,
    },
    /// Put backups back.
    Rollback {
        /// The run.
        of: RunId,
        /// Its targets.
        scope: Scope,
    },
    /// Delete backups.
    Cleanup {
        /// The run.
        of: RunId,
        /// Its targets.
        scope: Scope,
        /// How it deletes.
        terms: Terms,
    },
    /// Finish or take back what a dead run began.
    Recover {
        /// The run.
        of: RunId,
        /// Its targets.
        scope: Scope,
        /// A person's decision where one is needed.
        decide: Option<Decision>,
    },
    /// Check what a run needs.
    Examine,
    /// Open another profile in this one's place.
    OpenProfile(String),
    /// Copy kept files aside.
    Restore {
        /// The run.
        of: RunId,
        /// Its targets.
        scope: Scope,
        /// A directory that is made for it.
        to: String,
    },
    /// Put text on the clipboard (OSC 52); answered by `Msg::Copied`.
    Copy {
        /// What it is, for the message.
        what: String,
        /// The text.
        text: String,
    },
    /// Keep the basket for the next start.
    SaveBasket(Vec<Mark>),
    /// Begin without a configuration.
    Start(StartChoice),
    /// The bell or a notice, where the terminal has lost the focus.
    Notify(String),
    /// Leave.
    Quit,
    /// Ctrl-z.
    Suspend,
    /// Draw everything anew.
    Repaint,
}

impl Effect {
    /// Whether it changes the lake. These come only out of an answered question.
    pub fn changes_the_lake(&self) -> bool {
        matches!(
            self,
            Effect::Execute { .. }
                | Effect::Rollback { .. }
                | Effect::Cleanup { .. }
                | Effect::Recover { .. }
                | Effect::Restore { .. }
                | Effect::Steer { request: Request::Cancel, .. }
        )
    }
}
