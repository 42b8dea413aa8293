//! Names that are not there: the error names the nearest. Prefixes of a table's keys.

use crate::error::{Code, Error, Result};
use crate::model::{PartitionSpec, Table, clean};

/// `NOT FOUND` with the nearest of the names that there are.
pub(super) fn not_found(code: Code, what: &str, wanted: &str, there: impl Iterator<Item = String>) -> Error {
    let error = Error::new(code, format!("there is no {what} {}", clean(wanted)));
    match nearest(wanted, there) {
        Some(name) => error.next(format!("did you mean {}?", clean(&name))),
        None => error,
    }
}

/// The most alike of the names, if it is alike at all.
fn nearest(wanted: &str, there: impl Iterator<Item = String>) -> Option<String> {
    let lowered = wanted.to_lowercase();
    there
        .map(|name| (strsim::damerau_levenshtein(&lowered, &name.to_lowercase()), name))
        .filter(|(distance, name)| *distance <= 1 + name.chars().count() / 4)
        .min()
        .map(|(_, name)| name)
}

/// Refuses a selection by other keys than the table's first ones.
pub(super) fn check_prefix(table: &Table, prefix: &PartitionSpec) -> Result<()> {
    let wrong = prefix
        .0
        .iter()
        .enumerate()
        .find(|(index, (key, _))| table.partition_keys.get(*index).is_none_or(|known| known.name != *key));
    let Some((_, (key, _))) = wrong else { return Ok(()) };
    let names: Vec<_> = table.partition_keys.iter().map(|known| clean(&known.name)).collect();
    let error =
        Error::new(Code::PartitionNotFound, format!("{} has no partition {}", table.name, clean(&prefix.to_string())));
    Err(match names.as_slice() {
        [] => error.why("it is not partitioned"),
        _ => error.why(format!("its keys are {}, in this order; {} is not next", names.join(", "), clean(key))),
    })
}
