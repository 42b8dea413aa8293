//! What is worth compacting, and how careful to be. The names are Lakekeeper's where it has them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Size;

/// How a rewritten target is verified.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verify {
    /// Row counts and schema only.
    Rows,
    /// Every value of every column, in order.
    #[default]
    Values,
}

impl Verify {
    /// The word used in JSON and on screen.
    pub fn as_str(self) -> &'static str {
        match self {
            Verify::Rows => "rows",
            Verify::Values => "values",
        }
    }
}

/// What happens when a target no longer matches its plan before the first write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnDrift {
    /// The whole run is refused.
    #[default]
    Refuse,
    /// The targets that drifted are left out.
    Skip,
}

/// The policy of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// The size that output files aim at.
    pub block_size: Size,
    /// A target is compacted when min(average, median) is below block size / this.
    pub ratio_threshold: u64,
    /// No file may have changed within it.
    #[serde(with = "millis")]
    pub quiet_period: Duration,
    /// Above it an exchange asks.
    #[serde(with = "millis")]
    pub window_limit: Duration,
    /// How the result is verified.
    pub verify: Verify,
    /// The uncompressed size at which a row group is full.
    pub row_group_size: Size,
}

impl Default for Policy {
    fn default() -> Policy {
        Policy {
            block_size: Size::mib(128),
            ratio_threshold: 10,
            quiet_period: Duration::from_secs(30 * 60),
            window_limit: Duration::from_secs(5),
            verify: Verify::Values,
            row_group_size: Size::mib(128),
        }
    }
}

impl Policy {
    /// Below it a file is small: block size / ratio.
    pub fn small_file_threshold(&self) -> Size {
        Size(self.block_size.0 / self.ratio_threshold.max(1))
    }

    /// From it on a file is large enough to stay as it is: 75 % of the block size.
    pub fn stay_threshold(&self) -> Size {
        Size(self.block_size.0 / 4 * 3)
    }
}

mod millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_millis)
    }
}
