//! One error type for the whole program: what failed, why, what has changed in the lake, what to do next.
//!
//! The code is stable: it is printed in brackets, stands in the JSON and is what `lakehand explain` takes. Each code
//! has one exit code. `unknown_outcome` marks a call whose effect may still happen (a time-out): whoever gets one
//! fences and looks before anything else (PROTOCOL §3).

use std::fmt;

/// Exit codes of the program. A run that ended in several ways takes the first of
/// `NeedsRecovery, Verification, Interrupted, Partial, Refused, Failed, Done`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Exit {
    /// Done, or nothing to do.
    Done = 0,
    /// Failed.
    Failed = 1,
    /// Wrong usage or configuration.
    Usage = 2,
    /// Refused, nothing changed.
    Refused = 3,
    /// Done in part.
    Partial = 4,
    /// A verification failed.
    Verification = 5,
    /// Needs recovery or a decision.
    NeedsRecovery = 6,
    /// Interrupted.
    Interrupted = 130,
}

impl Exit {
    /// The rank in which exit codes win over each other; lower wins.
    fn rank(self) -> u8 {
        match self {
            Exit::Usage => 0,
            Exit::NeedsRecovery => 1,
            Exit::Verification => 2,
            Exit::Interrupted => 3,
            Exit::Partial => 4,
            Exit::Refused => 5,
            Exit::Failed => 6,
            Exit::Done => 7,
        }
    }

    /// The one of two that is reported.
    #[must_use]
    pub fn or(self, other: Exit) -> Exit {
        if other.rank() < self.rank() { other } else { self }
    }

    /// The number given to the operating system.
    pub fn code(self) -> u8 {
        self as u8
    }
}

macro_rules! codes {
    ($($variant:ident, $name:literal, $exit:ident, $explain:literal;)*) => {
        /// The stable code of an error or a reason.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code { $(#[doc = $explain] $variant),* }

        impl Code {
            /// Every code, in the order of the documentation.
            pub const ALL: &'static [Code] = &[$(Code::$variant),*];

            /// The code as it is printed and stored.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $name),* }
            }

            /// The exit code of a command that fails with it.
            pub fn exit(self) -> Exit {
                match self { $(Code::$variant => Exit::$exit),* }
            }

            /// What `lakehand explain` says.
            pub fn explain(self) -> &'static str {
                match self { $(Code::$variant => $explain),* }
            }
        }
    };
}

codes! {
    NoConfig, "no_config", Usage, "No configuration was found and no --lake was given, so there is no lake to open.";
    ConfigInvalid, "config_invalid", Usage, "A configuration file, environment variable or flag has a value that cannot be used. Nothing was contacted.";
    Usage, "usage", Usage, "The command line cannot be carried out as it stands.";
    NoTerminal, "no_terminal", Usage, "The console needs a terminal. The headless commands do everything that it does.";
    LakeNotFound, "lake_not_found", Usage, "The directory that was given as a lake is not there or is not a directory.";
    NestedLake, "nested_lake", Usage, "The directory is part of another lake: its records are kept further up. Open that one instead.";
    DatabaseNotFound, "database_not_found", Usage, "The catalog has no database of this name.";
    TableNotFound, "table_not_found", Usage, "The catalog has no table of this name.";
    PartitionNotFound, "partition_not_found", Usage, "No partition matches the selection.";
    RunNotFound, "run_not_found", Usage, "No run has this id, prefix or suffix.";
    RunAmbiguous, "run_ambiguous", Usage, "Several runs match; give more of the id.";
    PlanNotFound, "plan_not_found", Usage, "No saved plan has this id or path.";
    PlanOtherLake, "plan_other_lake", Usage, "The plan was made for another lake.";
    UnsupportedTable, "unsupported_table", Refused, "Tables of this kind cannot be compacted by exchanging files; the message names what does it.";
    UnsupportedStore, "unsupported_store", Refused, "The file system cannot do what a safe exchange needs (locks, renames that never replace, stable identities).";
    UnsupportedEntry, "unsupported_entry", Refused, "The directory holds a symbolic link, special file, sub-directory with data or a name that cannot be handled safely.";
    MixedFormat, "mixed_format", Refused, "The files are of several formats, or of one that is not known.";
    Encrypted, "encrypted", Refused, "The file is encrypted; it cannot be read or rewritten here.";
    DamagedFile, "damaged_file", Refused, "A data file is unfinished or damaged: its footer or its pages cannot be read.";
    UnsupportedEncoding, "unsupported_encoding", Refused, "A data file uses a codec or an encoding that cannot be rewritten without changing it.";
    NotQuiet, "not_quiet", Refused, "A file changed within the quiet period: somebody may still be writing.";
    OpenWriters, "open_writers", Refused, "Files of the target are open or were written moments ago.";
    SharedLocation, "shared_location", Refused, "Another table or partition has the same location, or one inside or above it.";
    Quota, "quota", Refused, "A quota leaves no room for the new files beside the old ones.";
    NoSpace, "no_space", Refused, "The disk has no room for the new files beside the old ones.";
    Permission, "permission", Refused, "A right that the act needs is missing.";
    Owner, "owner", Refused, "The new files could not be given the owner or group of the old ones.";
    WindowLimit, "window_limit", Refused, "The exchange would take longer than the window limit allows.";
    PlanDrift, "plan_drift", Refused, "The lake changed since the plan was made.";
    UntilPassed, "until_passed", Refused, "The run was to begin no target after a time that has passed. This one was not begun; compact --plan RUN goes on with it.";
    LeaseHeld, "lease_held", Refused, "Another run works on this target, or one that died has to be recovered first.";
    NothingToDo, "nothing_to_do", Done, "Nothing would be gained: the files are large enough already.";
    NotRollbackable, "not_rollbackable", Refused, "The run cannot be taken back: its files were rewritten, a newer run stands on it, or its backup is gone.";
    NotCleanable, "not_cleanable", Refused, "The backup may not be deleted yet, or not at all.";
    NotRestorable, "not_restorable", Refused, "The run keeps no files that could be copied aside.";
    NotAttachable, "not_attachable", Refused, "The worker of this run belongs to another user or host, or the run has ended.";
    NoTrash, "no_trash", Refused, "There is no trash here: deleting needs --skip-trash.";
    NotConfirmed, "not_confirmed", Refused, "The question was not answered with yes, or not with what it asked for.";
    ReadOnly, "read_only", Refused, "Read-only: looking, planning and saving work; changes are off.";
    Stale, "stale", Refused, "The owner of the lease may still be alive; only a lease that is certainly dead is taken over.";
    Changed, "changed", Refused, "The target changed while it was worked on; it was left as it is.";
    Permanent, "failed", Failed, "The act failed; the message says what was and what was not done.";
    Io, "io", Failed, "An input or output operation failed.";
    NotFound, "not_found", Failed, "A file or directory is not there.";
    AlreadyExists, "already_exists", Failed, "A file or directory is there already.";
    NotEmpty, "not_empty", Failed, "A directory is not empty.";
    Unavailable, "unavailable", Failed, "A server or service does not answer.";
    MetastoreUnreachable, "metastore_unreachable", Failed, "No metastore of the profile answers, or it closed the connection.";
    Metastore, "metastore", Failed, "The metastore refused a call or its reply cannot be read; the message has what it said.";
    KerberosNoTicket, "kerberos_no_ticket", Usage, "There is no Kerberos ticket, or it has ended. Get one with kinit, or set kerberos.keytab in the profile.";
    KerberosClock, "kerberos_clock", Failed, "The clocks of this host and of the Kerberos server differ by more than it allows, usually five minutes.";
    KerberosPrincipal, "kerberos_principal", Usage, "The Kerberos server does not know the principal, or the keytab has no key of it.";
    KdcUnreachable, "kdc_unreachable", Failed, "No Kerberos server of the realm answers.";
    Kerberos, "kerberos", Failed, "The login with Kerberos failed; the message has what the library said.";
    KerberosLibrary, "kerberos_library", Usage, "The GSSAPI library of MIT Kerberos (libgssapi_krb5.so.2) is not on this host.";
    Memory, "memory", Failed, "The work does not fit into the memory limit.";
    WorkerStart, "worker_start", Failed, "The worker process could not be started.";
    Internal, "internal", Failed, "A rule of the program itself was broken. Please report it.";
    DamagedRecord, "damaged_record", NeedsRecovery, "A record of a run cannot be read; its files were left where they are.";
    InPart, "in_part", Partial, "Some targets were done, others were not.";
    Verification, "verification", Verification, "The new files do not hold exactly what the old ones hold. Live data was not touched.";
    OutcomeUnknown, "outcome_unknown", NeedsRecovery, "A call was not answered and may still be carried out. Recover looks, then finishes or undoes.";
    NeedsRecovery, "needs_recovery", NeedsRecovery, "A run stopped in the middle of an exchange. Recover finishes it or takes it back.";
    NeedsDecision, "needs_decision", NeedsRecovery, "What lies in the directory cannot be explained by this run alone; a person has to decide.";
    TakenOver, "taken_over", NeedsRecovery, "Another process took this target over; this one touches nothing more.";
    Interrupted, "interrupted", Interrupted, "Stopped on request, safely.";
}

impl Code {
    /// Finds a code by its printed name.
    pub fn parse(text: &str) -> Option<Code> {
        Code::ALL.iter().copied().find(|code| code.as_str() == text)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl serde::Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> serde::Deserialize<'de> for Code {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Code::parse(&text).ok_or_else(|| serde::de::Error::custom(format!("unknown code {text:?}")))
    }
}

/// What failed, on what, why, what changed, what to do.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    code: Code,
    message: String,
    why: Option<String>,
    lake: Option<String>,
    next: Option<String>,
    retryable: bool,
    unknown_outcome: bool,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The result of nearly everything here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Makes an error from its code and what failed, a lower-case sentence without a full stop.
    pub fn new(code: Code, message: impl Into<String>) -> Error {
        Error(Box::new(Inner {
            code,
            message: message.into(),
            why: None,
            lake: None,
            next: None,
            retryable: false,
            unknown_outcome: false,
            source: None,
        }))
    }

    /// Says why; a second call appends.
    #[must_use]
    pub fn why(mut self, why: impl Into<String>) -> Error {
        append(&mut self.0.why, why.into());
        self
    }

    /// Says what has changed in the lake.
    #[must_use]
    pub fn lake(mut self, lake: impl Into<String>) -> Error {
        append(&mut self.0.lake, lake.into());
        self
    }

    /// Says what to do next, best something to paste.
    #[must_use]
    pub fn next(mut self, next: impl Into<String>) -> Error {
        append(&mut self.0.next, next.into());
        self
    }

    /// Keeps the error below.
    #[must_use]
    pub fn source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
        let source = source.into();
        append(&mut self.0.why, source.to_string());
        self.0.source = Some(source);
        self
    }

    /// Puts what was attempted before the message: `CONTEXT: MESSAGE`.
    #[must_use]
    pub fn context(mut self, context: impl fmt::Display) -> Error {
        self.0.message = format!("{context}: {}", self.0.message);
        self
    }

    /// Marks an error that may go away by itself.
    #[must_use]
    pub fn retryable(mut self) -> Error {
        self.0.retryable = true;
        self
    }

    /// Marks a call that may still be carried out.
    #[must_use]
    pub fn unknown_outcome(mut self) -> Error {
        self.0.unknown_outcome = true;
        self
    }

    /// The same error under another code.
    #[must_use]
    pub fn with_code(mut self, code: Code) -> Error {
        self.0.code = code;
        self
    }

    /// The stable code.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The exit code of a command that ends with it.
    pub fn exit(&self) -> Exit {
        self.0.code.exit()
    }

    /// What failed.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Why, if it is known.
    pub fn reason(&self) -> Option<&str> {
        self.0.why.as_deref()
    }

    /// What has changed in the lake.
    pub fn lake_note(&self) -> Option<&str> {
        self.0.lake.as_deref()
    }

    /// What to do next.
    pub fn next_step(&self) -> Option<&str> {
        self.0.next.as_deref()
    }

    /// Whether trying again can help.
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }

    /// Whether the call may still be carried out.
    pub fn is_unknown_outcome(&self) -> bool {
        self.0.unknown_outcome
    }
}

fn append(slot: &mut Option<String>, text: String) {
    match slot {
        Some(old) => {
            old.push_str("; ");
            old.push_str(&text);
        }
        None => *slot = Some(text),
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.message)?;
        match &self.0.why {
            Some(why) => write!(formatter, ": {why}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_ref().map(|source| source.as_ref() as _)
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Error {
        use std::io::ErrorKind;
        let code = match error.kind() {
            ErrorKind::NotFound => Code::NotFound,
            ErrorKind::PermissionDenied => Code::Permission,
            ErrorKind::AlreadyExists => Code::AlreadyExists,
            ErrorKind::DirectoryNotEmpty => Code::NotEmpty,
            ErrorKind::StorageFull => Code::NoSpace,
            ErrorKind::QuotaExceeded => Code::Quota,
            _ => Code::Io,
        };
        Error::new(code, "input or output failed").source(error)
    }
}

/// An error as it is stored and sent: what another process needs to say the same as the one that failed.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
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

impl From<&Error> for Failure {
    fn from(error: &Error) -> Failure {
        let Inner { code, message, why, lake, next, .. } = &*error.0;
        Failure { code: *code, message: message.clone(), why: why.clone(), lake: lake.clone(), next: next.clone() }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Error {
        let mut error = Error::new(failure.code, failure.message);
        (error.0.why, error.0.lake, error.0.next) = (failure.why, failure.lake, failure.next);
        error
    }
}

/// A reason that is not an error: why a target is skipped, refused or was given up.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Reason {
    /// The stable code.
    pub code: Code,
    /// One line for a person.
    #[serde(rename = "reason")]
    pub text: String,
}

impl Reason {
    /// Makes a reason.
    pub fn new(code: Code, text: impl Into<String>) -> Reason {
        Reason { code, text: text.into() }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl From<Reason> for Error {
    fn from(reason: Reason) -> Error {
        Error::new(reason.code, reason.text)
    }
}

impl From<&Error> for Reason {
    fn from(error: &Error) -> Reason {
        Reason { code: error.code(), text: error.to_string() }
    }
}
