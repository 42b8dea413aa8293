//! Names: runs, plans, tables, targets, paths. A name from the lake is never trusted to be harmless on a screen; use
//! [`super::clean`] before showing it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{Code, Error, Reason, Result};

/// An absolute path in a store, `/` between its parts, without a scheme, without a trailing `/`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StorePath(String);

impl StorePath {
    /// Takes an absolute path without `.` and `..`.
    pub fn new(path: impl Into<String>) -> Result<StorePath> {
        let mut path: String = path.into();
        while path.len() > 1 && path.ends_with('/') {
            path.pop();
        }
        let plain =
            path.starts_with('/') && !path.contains("//") && !path.split('/').any(|part| part == "." || part == "..");
        if plain && !path.contains('\0') {
            Ok(StorePath(path))
        } else {
            Err(Error::new(Code::Usage, format!("{path:?} is not a plain absolute path")))
        }
    }

    /// The path of an entry of this directory. The name comes from a listing or is one of ours: it has no `/`.
    #[must_use]
    pub fn join(&self, name: &str) -> StorePath {
        debug_assert!(!name.is_empty() && !name.contains('/'), "not one name: {name:?}");
        if self.0 == "/" { StorePath(format!("/{name}")) } else { StorePath(format!("{}/{name}", self.0)) }
    }

    /// Joins a relative path of several parts, as `a/b`.
    #[must_use]
    pub fn join_all(&self, relative: &str) -> StorePath {
        relative.split('/').filter(|part| !part.is_empty()).fold(self.clone(), |path, part| path.join(part))
    }

    /// The directory that holds this.
    pub fn parent(&self) -> Option<StorePath> {
        let cut = self.0.rfind('/')?;
        match (cut, self.0.len()) {
            (0, 1) => None,
            (0, _) => Some(StorePath("/".to_owned())),
            _ => Some(StorePath(self.0[..cut].to_owned())),
        }
    }

    /// The last part.
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part of this path below `base`, without a leading `/`; `Some("")` for `base` itself.
    pub fn below(&self, base: &StorePath) -> Option<&str> {
        if base.0 == "/" {
            return Some(&self.0[1..]);
        }
        let rest = self.0.strip_prefix(&base.0)?;
        if rest.is_empty() { Some("") } else { rest.strip_prefix('/') }
    }
}

impl TryFrom<String> for StorePath {
    type Error = Error;
    fn try_from(text: String) -> Result<StorePath> {
        StorePath::new(text)
    }
}

impl From<StorePath> for String {
    fn from(path: StorePath) -> String {
        path.0
    }
}

/// The name of one entry, out of a record that anybody may have written: it is joined to directories.
pub(crate) fn entry_name<'de, D: serde::Deserializer<'de>>(from: D) -> std::result::Result<String, D::Error> {
    let name = String::deserialize(from)?;
    if matches!(name.as_str(), "" | "." | "..") || name.contains(['/', '\0']) {
        return Err(serde::de::Error::custom(format!("{name:?} is not the name of an entry")));
    }
    Ok(name)
}

/// The same where there may be none.
pub(crate) fn optional_entry_name<'de, D>(from: D) -> std::result::Result<Option<String>, D::Error>
where
    D: serde::Deserializer<'de>,
{
    entry_name(from).map(Some)
}

/// A part of a name.
pub(crate) fn name_part<'de, D: serde::Deserializer<'de>>(from: D) -> std::result::Result<String, D::Error> {
    let part = String::deserialize(from)?;
    if part.contains(['/', '\0']) {
        return Err(serde::de::Error::custom(format!("{part:?} is not a part of a name")));
    }
    Ok(part)
}

impl fmt::Display for StorePath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A table by database and name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TableName {
    /// The database.
    pub database: String,
    /// The table.
    pub table: String,
}

impl TableName {
    /// Makes a name.
    pub fn new(database: impl Into<String>, table: impl Into<String>) -> TableName {
        TableName { database: database.into(), table: table.into() }
    }

    /// Reads `DB.T`; the first dot parts them.
    pub fn parse(text: &str) -> Result<TableName> {
        match text.split_once('.') {
            Some((database, table)) if !database.is_empty() && !table.is_empty() => Ok(TableName::new(database, table)),
            _ => {
                Err(Error::new(Code::Usage, format!("{text:?} is not a table name")).next("give it as DATABASE.TABLE"))
            }
        }
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.database, self.table)
    }
}

/// The unit that is compacted: one partition of a table, or an unpartitioned table.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TargetId {
    /// The database.
    pub database: String,
    /// The table.
    pub table: String,
    /// `dt=2026-01-01/hour=3` as in the path; none for an unpartitioned table.
    pub partition: Option<String>,
}

impl TargetId {
    /// The target of a table and, if it has some, its partition.
    pub fn new(table: &TableName, partition: Option<String>) -> TargetId {
        TargetId { database: table.database.clone(), table: table.table.clone(), partition }
    }

    /// The table.
    pub fn table_name(&self) -> TableName {
        TableName::new(self.database.clone(), self.table.clone())
    }
}

impl fmt::Display for TargetId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.partition {
            Some(partition) => write!(formatter, "{}.{} {partition}", self.database, self.table),
            None => write!(formatter, "{}.{}", self.database, self.table),
        }
    }
}

/// What the name of an exchange's tripwire holds before the run's id (PROTOCOL §1).
const TRIPWIRE: &str = "!lakehand-exchange-";

/// What the names of outputs hold before the run's id (PROTOCOL §1).
const OUTPUT: &str = "lakehand-";

/// The id of a run, `YYYYMMDD-HHMM-xxx` in UTC; `xxx` are three letters or digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RunId(String);

impl RunId {
    /// The length of every id.
    pub const LENGTH: usize = 17;

    /// Makes an id of a time and three characters, which the caller draws at random from `a`–`z` and `0`–`9`.
    pub fn at(time: chrono::DateTime<chrono::Utc>, suffix: &str) -> Result<RunId> {
        RunId::parse(&format!("{}-{suffix}", time.format("%Y%m%d-%H%M")))
    }

    /// Reads an id.
    pub fn parse(text: &str) -> Result<RunId> {
        let bytes = text.as_bytes();
        let digits = |range: std::ops::Range<usize>| bytes[range].iter().all(u8::is_ascii_digit);
        let valid = bytes.len() == RunId::LENGTH
            && digits(0..8)
            && bytes[8] == b'-'
            && digits(9..13)
            && bytes[13] == b'-'
            && bytes[14..].iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        if valid {
            Ok(RunId(text.to_owned()))
        } else {
            Err(Error::new(Code::RunNotFound, format!("{text:?} is not a run's id")))
        }
    }

    /// The run whose tripwire bears this name.
    pub fn of_tripwire(name: &str) -> Option<RunId> {
        let at = name.find(TRIPWIRE)? + TRIPWIRE.len();
        RunId::parse(name.get(at..at + RunId::LENGTH)?).ok()
    }

    /// The run that wrote an output of this name, `…lakehand-RUN-0001…`. For showing only: what a run owns is told by
    /// its record and never by names.
    pub fn of_output(name: &str) -> Option<RunId> {
        name.match_indices(OUTPUT).find_map(|(at, mark)| {
            let rest = name.get(at + mark.len()..)?;
            let run = RunId::parse(rest.get(..RunId::LENGTH)?).ok()?;
            let number = rest.get(RunId::LENGTH..)?.strip_prefix('-')?;
            let digits = number.bytes().take_while(u8::is_ascii_digit).count();
            (digits >= 4).then_some(run)
        })
    }

    /// What the names of this run's tripwires hold.
    pub fn tripwire_mark(&self) -> String {
        format!("{TRIPWIRE}{self}")
    }

    /// Why nothing may be begun where this run's tripwire lies.
    pub fn tripwire_reason(&self) -> Reason {
        let text =
            format!("an exchange of run {self} is going on here, or stopped in the middle: lakehand recover {self}");
        Reason::new(Code::NeedsRecovery, text)
    }

    /// The whole id.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id as screens show it: without the year.
    pub fn short(&self) -> &str {
        &self.0[4..]
    }

    /// The last three characters.
    pub fn suffix(&self) -> &str {
        &self.0[14..]
    }

    /// Whether `text` is a prefix or suffix of this id, with or without the year.
    pub fn matches(&self, text: &str) -> bool {
        !text.is_empty() && (self.0.starts_with(text) || self.0.ends_with(text) || self.short().starts_with(text))
    }
}

impl TryFrom<String> for RunId {
    type Error = Error;
    fn try_from(text: String) -> Result<RunId> {
        RunId::parse(&text)
    }
}

impl From<RunId> for String {
    fn from(id: RunId) -> String {
        id.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The id of a plan; the same form as a run's id, drawn apart.
pub type PlanId = RunId;

/// Text that nobody else draws: sixteen hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Nonce(pub String);

impl Nonce {
    /// Makes one of random bits.
    pub fn from_bits(bits: u64) -> Nonce {
        Nonce(format!("{bits:016x}"))
    }
}

impl fmt::Display for Nonce {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
