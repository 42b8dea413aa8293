//! One target: its groups packed, what is gained, what to know.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{estimate, groups, packing, warnings};
use crate::error::{Code, Reason};
use crate::model::{
    FileGroup, GroupFacts, Histogram, PlannedFile, PlannedTarget, Policy, Rows, Size, TargetFacts, TargetListing,
    WorkRates, count_text,
};

/// Plans a target that is a candidate, or says why nothing would be gained.
pub fn plan_target(
    facts: TargetFacts,
    policy: &Policy,
    rates: &WorkRates,
    now: DateTime<Utc>,
) -> Result<PlannedTarget, Reason> {
    let all_groups = facts.groups.len();
    let TargetFacts { listing, files, groups } = facts;
    let file_groups = pack_groups(files, groups, policy);
    if file_groups.is_empty() {
        return Err(Reason::new(Code::NothingToDo, nothing_gained(&listing, all_groups, policy)));
    }
    let sums = Sums::of(&listing, &file_groups, policy);
    let window = estimate::window(sums.leaving, sums.arriving, listing.visible_entries, listing.paged);
    let all_files = (listing.files.len() + listing.empty_files.len()) as u64;
    Ok(PlannedTarget {
        warnings: warnings::of_target(&listing, &file_groups, all_groups, window, policy, now),
        stays: all_files - sums.sources,
        files_before: all_files,
        files_after: all_files - sums.sources + sums.arriving,
        before: listing.stats.histogram,
        after: sums.after,
        id: listing.stats.id,
        location: listing.stats.location,
        identity: listing.identity,
        groups: file_groups,
        summary_files: listing.summary_files,
        visible_entries: listing.visible_entries,
        directory: listing.attributes,
        bytes: sums.bytes,
        rows: sums.rows,
        objects: sums.objects,
        window_ms_estimate: millis(window),
        work_ms_estimate: millis(rates.estimate(sums.sources, sums.bytes).0),
    })
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// The groups that end with fewer files.
fn pack_groups(files: Vec<(PlannedFile, usize)>, groups: Vec<GroupFacts>, policy: &Policy) -> Vec<FileGroup> {
    let mut by_group: Vec<Vec<PlannedFile>> = groups.iter().map(|_| Vec::new()).collect();
    for (file, group) in files {
        if file.file.length < policy.stay_threshold() {
            by_group[group].push(file);
        }
    }
    let counts: Vec<u64> = by_group.iter().map(|files| files.len() as u64).collect();
    let labels = groups::labels(&groups, &counts);
    by_group
        .into_iter()
        .zip(groups)
        .zip(labels)
        .map(|((files, group), label)| FileGroup {
            key: group.key,
            label,
            outputs: packing::pack(files, policy.block_size),
            losses: group.losses,
        })
        .filter(|group| !group.outputs.is_empty())
        .collect()
}

fn nothing_gained(listing: &TargetListing, groups: usize, policy: &Policy) -> String {
    let large = listing.files.iter().filter(|file| file.length >= policy.stay_threshold()).count();
    let small = count_text((listing.files.len() - large) as u64);
    match groups {
        0 | 1 => format!("no two of its {small} smaller files fit into one block"),
        groups => format!("its {small} smaller files are of {groups} groups that cannot share a file"),
    }
}

/// What a target's groups add up to.
struct Sums {
    sources: u64,
    leaving: u64,
    arriving: u64,
    bytes: Size,
    rows: Rows,
    objects: [u64; 3],
    after: Histogram,
}

impl Sums {
    fn of(listing: &TargetListing, groups: &[FileGroup], policy: &Policy) -> Sums {
        let sources: HashMap<&str, Size> = groups
            .iter()
            .flat_map(FileGroup::files)
            .map(|planned| (planned.file.name.as_str(), planned.file.length))
            .collect();
        let outputs: Vec<Size> = groups
            .iter()
            .flat_map(|group| &group.outputs)
            .map(|files| files.iter().map(|planned| planned.file.length).sum())
            .collect();
        let staying = listing.files.iter().filter(|file| !sources.contains_key(file.name.as_str()));
        let empty = listing.empty_files.iter().map(|file| file.length);
        let lengths = staying.map(|file| file.length).chain(empty).chain(outputs.iter().copied());
        let objects_in = |lengths: &mut dyn Iterator<Item = Size>| -> u64 {
            lengths.map(|length| estimate::objects_of(length, policy.block_size)).sum()
        };
        let all = listing.files.iter().chain(&listing.empty_files).chain(&listing.summary_files);
        let now = objects_in(&mut all.map(|file| file.length));
        let summaries = listing.summary_files.iter().map(|file| file.length);
        let leaving = objects_in(&mut sources.values().copied().chain(summaries));
        Sums {
            sources: sources.len() as u64,
            leaving: (sources.len() + listing.summary_files.len()) as u64,
            arriving: outputs.len() as u64,
            bytes: sources.values().sum(),
            rows: groups.iter().flat_map(FileGroup::files).map(|planned| planned.rows).sum(),
            objects: estimate::objects(now, leaving, objects_in(&mut outputs.iter().copied())),
            after: estimate::histogram(lengths),
        }
    }
}
