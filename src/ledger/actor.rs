//! Who acts: enough to tell, on the same host, whether that process still lives, and to name it to a person elsewhere.

use serde::{Deserialize, Serialize};

/// A process that acts on a lake.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Actor {
    /// The user's name.
    pub user: String,
    /// The host's name.
    pub host: String,
    /// The kernel's boot id: another one means another boot.
    pub boot: String,
    /// The process id's namespace: two containers share a boot id.
    pub pid_namespace: String,
    /// The process id.
    pub pid: u32,
    /// When the process started, in the kernel's ticks since boot: process ids are given out again.
    pub started: u64,
}

impl Actor {
    /// As it is named in messages: `oncall on gw01, pid 41233`.
    pub fn named(&self) -> String {
        format!("{} on {}, pid {}", self.user, self.host, self.pid)
    }
}

impl std::fmt::Display for Actor {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.named())
    }
}
