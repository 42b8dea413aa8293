//! Whether a target still is what was planned, by a listing of now. The console, the check before the first write and
//! the run's own looks ask the same question of different listings.

use std::collections::HashMap;

use crate::error::{Code, Reason};
use crate::model::{KnownFile, PlannedTarget, Size, TargetListing, clean, counted};

/// What became of a planned file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    Same,
    Changed,
    Gone,
}

impl Found {
    /// Of a file that was planned, by what is at its name now.
    pub fn of(planned: &KnownFile, now: Option<&KnownFile>) -> Found {
        match now {
            Some(now) if now == planned => Found::Same,
            Some(_) => Found::Changed,
            None => Found::Gone,
        }
    }
}

/// In what a target differs from its plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Differences {
    more: u64,
    fewer: u64,
    changed: u64,
    /// A file that changed or went.
    first: Option<String>,
}

impl Differences {
    /// Asks for every file that would leave, and compares the number of visible entries: a file that came or went
    /// counts also where it would have stayed.
    pub fn of(planned: &PlannedTarget, visible: u64, find: impl Fn(&KnownFile) -> Found) -> Differences {
        let mut differences = Differences::default();
        let mut expected = planned.visible_entries;
        // Summary files, which are hidden and the last, do not count among the visible ones.
        let sources = planned.leaving().count() - planned.summary_files.len();
        for (index, file) in planned.leaving().enumerate() {
            match find(file) {
                Found::Same => continue,
                Found::Changed => differences.changed += 1,
                Found::Gone => {
                    differences.fewer += 1;
                    expected = expected.saturating_sub(u64::from(index < sources));
                }
            }
            differences.first.get_or_insert_with(|| clean(&file.name).into_owned());
        }
        differences.more = visible.saturating_sub(expected);
        differences.fewer += expected.saturating_sub(visible);
        differences
    }

    /// In words; none when there is none. `grown` is by how much the whole became larger.
    pub fn text(&self, grown: Option<Size>) -> Option<String> {
        let mut parts = Vec::new();
        if self.more > 0 {
            let more = format!("{} more", counted(self.more, "file"));
            parts.push(grown.map_or(more.clone(), |grown| format!("{more}, {grown}")));
        }
        if self.fewer > 0 {
            parts.push(format!("{} gone", counted(self.fewer, "file")));
        }
        if self.changed > 0 {
            parts.push(format!("{} changed", counted(self.changed, "file")));
        }
        parts.extend(self.first.as_ref().map(|name| format!("first {name}")));
        if parts.is_empty() { None } else { Some(parts.join(", ")) }
    }
}

/// What is different, in words; none when the plan still holds.
pub fn drift(planned: &PlannedTarget, listing: &TargetListing) -> Option<Reason> {
    let drifted = |text: String| Some(Reason::new(Code::PlanDrift, text));
    if let Some(reason) = listing.stats.error.iter().chain(&listing.stats.reasons).next() {
        return Some(reason.clone());
    }
    if listing.stats.missing {
        return drifted("its directory is not there any more".to_owned());
    }
    let files = listing.files.iter().chain(&listing.summary_files);
    let now: HashMap<&str, &KnownFile> = files.map(|file| (file.name.as_str(), file)).collect();
    let find = |file: &KnownFile| Found::of(file, now.get(file.name.as_str()).copied());
    let differences = Differences::of(planned, listing.visible_entries, find);
    let grown = Size(listing.stats.bytes().0.saturating_sub(planned.before.bytes().0));
    match differences.text(Some(grown)) {
        Some(text) => drifted(text),
        None if listing.summary_files.len() != planned.summary_files.len() => {
            drifted("its summary files are others".to_owned())
        }
        None => None,
    }
}
