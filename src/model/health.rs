//! What `doctor` found, check by check.

use serde::Serialize;

/// How a thing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// As it should be.
    Ok,
    /// It answers late.
    Slow,
    /// A run may come to harm by it.
    Warn,
    /// No run works with it.
    Failed,
}

impl Health {
    /// Every one, the best first.
    pub const ALL: [Health; 4] = [Health::Ok, Health::Slow, Health::Warn, Health::Failed];

    /// The word on screen.
    pub fn word(self) -> &'static str {
        match self {
            Health::Ok => "ok",
            Health::Slow => "SLOW",
            Health::Warn => "WARN",
            Health::Failed => "FAILED",
        }
    }
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was looked at.
    pub name: String,
    /// How it is.
    pub health: Health,
    /// What was found.
    pub text: String,
    /// What to do about it.
    pub next: Option<String>,
    /// How long it took.
    pub elapsed_ms: u64,
}
