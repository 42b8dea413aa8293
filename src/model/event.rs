//! What a run tells while it works. A view that is connected late gets one snapshot, then events; applying every event
//! to the snapshot gives the worker's state, so that a console never has a truth of its own.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{RunId, RunKind, RunLimits, RunState, Size, Step, TargetId, TargetOutcome, TargetState};
use crate::error::Failure;

/// How loud a line of the log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum LogLevel {
    /// Every call that changes the store.
    Debug,
    /// What was done.
    Info,
    /// What a person may want to look at.
    Warn,
    /// What failed.
    Error,
}

impl LogLevel {
    /// The word in the log.
    pub fn word(self) -> &'static str {
        match self {
            LogLevel::Debug => "DEBUG",
            LogLevel::Info => "INFO",
            LogLevel::Warn => "WARN",
            LogLevel::Error => "ERROR",
        }
    }
}

/// A line of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// When.
    pub at: DateTime<Utc>,
    /// How loud.
    pub level: LogLevel,
    /// The run.
    pub run: RunId,
    /// The text, without a line break.
    pub text: String,
}

/// How far a target is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TargetProgress {
    /// Its outcome so far.
    pub outcome: TargetOutcome,
    /// The step that it is in.
    pub step: Option<Step>,
    /// The share of that step that is done, 0 to 1.
    pub share: f32,
    /// Predicted files afterwards.
    pub files_planned: u64,
}

/// Speeds over the last seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Rates {
    /// Bytes read so far, and in all.
    pub bytes_read: Size,
    /// See `bytes_read`.
    pub bytes_total: Size,
    /// Bytes a second.
    pub bytes_per_second: u64,
    /// Source files a second.
    pub files_per_second: u64,
    /// Store calls a second.
    pub calls_per_second: u64,
    /// The work that is done, 0 to 1.
    pub share: f32,
    /// The time left, from ten seconds on.
    pub left_ms: Option<u64>,
}

/// What a run at work writes to the lake twice a minute: all that another user or host sees of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunSign {
    /// Another number is another sign of life; times of two hosts are never compared for that.
    pub beat: u64,
    /// When, by the worker's own clock.
    pub at: DateTime<Utc>,
    /// Its speeds.
    pub rates: Rates,
    /// What it may take.
    pub limits: RunLimits,
    /// The targets in hand.
    pub steps: Vec<SignedStep>,
}

/// A target in hand, as a run signs it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SignedStep {
    /// The target.
    pub id: TargetId,
    /// The step that it is in.
    pub step: Step,
    /// The share of that step that is done, 0 to 1.
    pub share: f32,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A target went on.
    Target {
        /// Its place in the run.
        index: usize,
        /// How far it is.
        progress: TargetProgress,
    },
    /// The run's state changed.
    Run {
        /// The state.
        state: RunState,
    },
    /// The speeds.
    Rates {
        /// They.
        rates: Rates,
    },
    /// A line for the log.
    Log {
        /// It.
        line: LogLine,
    },
    /// A person changed the limits.
    Limits {
        /// They.
        limits: RunLimits,
    },
    /// The number of views.
    Watchers {
        /// They.
        count: usize,
    },
}

/// Everything that a view shows of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunSnapshot {
    /// Its id.
    pub run: RunId,
    /// The URI of its lake.
    #[serde(default)]
    pub lake: String,
    /// What it does.
    pub kind: RunKind,
    /// The run that it acts on.
    pub of: Option<RunId>,
    /// Its state.
    pub state: RunState,
    /// Whose it is.
    pub user: String,
    /// Where.
    pub host: String,
    /// The worker's process.
    pub pid: u32,
    /// When it began.
    pub started: DateTime<Utc>,
    /// When it ended.
    pub finished: Option<DateTime<Utc>>,
    /// Its targets.
    pub targets: Vec<TargetProgress>,
    /// The speeds.
    pub rates: Rates,
    /// What it may take.
    #[serde(default)]
    pub limits: RunLimits,
    /// The last lines of the log, oldest first.
    pub log: Vec<LogLine>,
    /// Views that are connected.
    pub watchers: usize,
    /// Why the run as a whole was refused or failed; none when only targets did.
    #[serde(default)]
    pub failure: Option<Failure>,
}

impl RunSnapshot {
    /// The number of log lines that are kept.
    pub const LOG_LINES: usize = 500;

    /// Applies an event. The first event of a target comes in the order of the targets and adds it.
    pub fn apply(&mut self, event: Event) {
        match event {
            Event::Target { index, progress } => {
                if index == self.targets.len() {
                    self.targets.push(progress);
                } else if let Some(target) = self.targets.get_mut(index) {
                    *target = progress;
                }
            }
            Event::Run { state } => self.state = state,
            Event::Rates { rates } => self.rates = rates,
            Event::Log { line } => {
                if self.log.len() >= Self::LOG_LINES {
                    self.log.remove(0);
                }
                self.log.push(line);
            }
            Event::Limits { limits } => self.limits = limits,
            Event::Watchers { count } => self.watchers = count,
        }
    }

    /// Targets in each of: done, running, waiting, failed in some way.
    pub fn counts(&self) -> [usize; 4] {
        let mut counts = [0; 4];
        for target in &self.targets {
            let slot = match target.outcome.state {
                state if state.is_success_in(self.kind) || state == TargetState::Skipped => 0,
                TargetState::Pending => 2,
                state if state.is_final() => 3,
                _ => 1,
            };
            counts[slot] += 1;
        }
        counts
    }
}
