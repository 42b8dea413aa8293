//! Whether a target is worth compacting and may be, by its listing alone. Footers are read only for those that pass.

use chrono::{DateTime, Utc};

use crate::error::{Code, Reason};
use crate::model::{Policy, TargetListing, TargetStats, age_text, duration_text};

/// Nothing when the target is a candidate, else the reason why it is left out: what refuses it first, then what the
/// quiet period says, then that nothing would be gained.
pub fn judge(listing: &TargetListing, policy: &Policy, now: DateTime<Utc>) -> Result<(), Reason> {
    let stats = &listing.stats;
    if let Some(reason) = stats.error.iter().chain(&stats.reasons).next() {
        return Err(reason.clone());
    }
    if stats.missing {
        return Err(Reason::new(Code::NotFound, format!("the directory {} is not there", stats.location)));
    }
    let nothing = |text: String| Err(Reason::new(Code::NothingToDo, text));
    match stats.filled_files() {
        0 => return nothing("there are no files with content".to_owned()),
        1 => return nothing(format!("one file of {}", stats.bytes())),
        _ => {}
    }
    if !stats.needs_compaction(policy) {
        return nothing(large_enough(stats, policy));
    }
    quiet(stats, policy, now)
}

fn large_enough(stats: &TargetStats, policy: &Policy) -> String {
    let (average, median) = (stats.average(), stats.median);
    if average.min(median) < policy.small_file_threshold() {
        return format!("{} files are what {} need", stats.filled_files(), stats.bytes());
    }
    let threshold = policy.small_file_threshold();
    format!("files are large enough: average {average}, median {median}, small is below {threshold}")
}

fn quiet(stats: &TargetStats, policy: &Policy, now: DateTime<Utc>) -> Result<(), Reason> {
    if !stats.is_hot(policy, now) {
        return Ok(());
    }
    let ago = match stats.newest.and_then(|newest| newest.age(now)) {
        Some(age) => format!("changed {} ago", age_text(age)),
        None => "changed in the future by this host's clock".to_owned(),
    };
    let period = duration_text(policy.quiet_period);
    Err(Reason::new(Code::NotQuiet, format!("HOT: its newest file {ago}, the quiet period is {period}")))
}
