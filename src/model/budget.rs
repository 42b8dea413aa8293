//! What one wants to spend on a lake now, and the tables of most value for it: objects saved for each minute of work.

use std::time::Duration;

use super::{Size, TableName, TableStats, WorkRates, parse_duration, parse_size};
use crate::error::{Code, Error, Result};

/// An amount of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Budget {
    /// So long.
    Time(Duration),
    /// So many bytes to be read.
    Bytes(Size),
}

impl Budget {
    /// Reads `30m` or `200GiB`.
    pub fn parse(text: &str) -> Result<Budget> {
        let time = parse_duration(text).map(Budget::Time);
        time.or_else(|_| parse_size(text, Size(1)).map(Budget::Bytes)).map_err(|_| {
            Error::new(Code::Usage, format!("{text:?} is neither a time (30m) nor a size (200GiB)"))
                .next("give it as 30m or 200GiB")
        })
    }

    /// The tables that fit, the best value first; one that does not fit leaves room for those after it.
    pub fn choose<'a>(self, tables: impl Iterator<Item = &'a TableStats>, rates: &WorkRates) -> Vec<TableName> {
        let value = |table: &TableStats| table.saves as f64 / table.work(rates).0.as_secs_f64().max(0.001);
        let mut tables: Vec<&TableStats> = tables.filter(|table| table.saves > 0).collect();
        tables.sort_by(|a, b| value(b).total_cmp(&value(a)));
        let (mut time, mut bytes) = (Duration::ZERO, 0u64);
        let mut fits = |table: &&TableStats| {
            let spent = (time.saturating_add(table.work(rates).0), bytes.saturating_add(table.work_bytes.0));
            let fits = match self {
                Budget::Time(most) => spent.0 <= most,
                Budget::Bytes(most) => spent.1 <= most.0,
            };
            if fits {
                (time, bytes) = spent;
            }
            fits
        };
        tables.into_iter().filter(|table| fits(table)).map(|table| table.name.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_sizes_are_read() {
        assert_eq!(Budget::parse("30m").unwrap(), Budget::Time(Duration::from_secs(1_800)));
        assert_eq!(Budget::parse("200GiB").unwrap(), Budget::Bytes(Size(200 << 30)));
        assert!(Budget::parse("much").unwrap_err().next_step().unwrap().contains("30m"));
    }
}
