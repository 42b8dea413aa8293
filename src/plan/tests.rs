//! Properties of whole plans, and the words of reasons and steps.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::error::{Code, Reason};
use crate::model::{
    Attributes, FileGroup, FileTime, GroupFacts, Histogram, KnownFile, PlannedFile, PlannedTarget, Rows, RunId,
    Scanned, Signs, Size, Step, StorePath, TableName, TargetId, TargetListing, TargetStats,
};

const MIB: u64 = 1 << 20;
const BLOCK: u64 = 128 * MIB;

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_255_200, 0).unwrap()
}

fn header() -> Header {
    Header {
        id: RunId::parse("20261121-0941-c4h").unwrap(),
        lake: "file:///lake".to_owned(),
        profile: "prod".to_owned(),
        made: now(),
    }
}

/// Facts of a target with files of these lengths in these groups.
fn facts(files: &[(u64, usize)]) -> TargetFacts {
    let old = FileTime::from(now() - chrono::Duration::days(2));
    let known: Vec<KnownFile> = files
        .iter()
        .enumerate()
        .map(|(at, (length, _))| KnownFile { name: format!("part-{at:05}"), length: Size(*length), modified: old })
        .collect();
    let mut histogram = Histogram::default();
    let mut lengths: Vec<u64> = files.iter().map(|(length, _)| *length).filter(|length| *length > 0).collect();
    known.iter().for_each(|file| histogram.add(file.length));
    lengths.sort_unstable();
    let (empty, filled): (Vec<_>, Vec<_>) = known.into_iter().partition(|file| file.length.0 == 0);
    let group_of: BTreeMap<String, usize> =
        files.iter().enumerate().map(|(at, (_, group))| (format!("part-{at:05}"), *group)).collect();
    let stay = Policy::default().stay_threshold();
    let read = filled
        .iter()
        .filter(|file| file.length < stay)
        .map(|file| (PlannedFile { file: file.clone(), rows: Rows(file.length.0 / 100) }, group_of[&file.name]))
        .collect();
    let groups = files.iter().map(|(_, group)| group + 1).max().unwrap_or(0);
    TargetFacts {
        listing: TargetListing {
            stats: TargetStats {
                id: TargetId::new(&TableName::new("sales", "orders"), Some("dt=2026-11-19".to_owned())),
                location: StorePath::new("/lake/sales.db/orders/dt=2026-11-19").unwrap(),
                histogram,
                median: Size(lengths.get(lengths.len() / 2).copied().unwrap_or(0)),
                small_files: 0,
                empty_files: empty.len() as u64,
                groups: 0,
                newest: Some(old),
                recent: None,
                format: None,
                reasons: Vec::new(),
                error: None,
                scanned: Scanned::Whole,
                missing: false,
                at: now(),
            },
            identity: "identity".to_owned(),
            visible_entries: files.len() as u64,
            paged: false,
            files: filled,
            empty_files: empty,
            summary_files: Vec::new(),
            attributes: Attributes::default(),
            signs: Signs::default(),
            room: None,
        },
        files: read,
        groups: (0..groups)
            .map(|group| GroupFacts {
                key: format!("key {group}"),
                facts: vec![("codec".to_owned(), format!("codec {group}"))],
                created_by: None,
                losses: Vec::new(),
            })
            .collect(),
    }
}

fn plan_of(facts: TargetFacts) -> Plan {
    build(header(), vec![facts], Vec::new(), &Policy::default(), &WorkRates::default())
}

fn skip_of(facts: TargetFacts) -> Reason {
    let plan = plan_of(facts);
    assert_eq!((plan.targets.len(), plan.skipped.len()), (0, 1));
    plan.skipped[0].reason.clone()
}

/// The facts of the target once the plan was executed: outputs as long as their sources together.
fn after(before: &TargetFacts, target: &PlannedTarget) -> TargetFacts {
    let group_of: BTreeMap<&str, usize> =
        before.files.iter().map(|(planned, group)| (planned.file.name.as_str(), *group)).collect();
    let left: BTreeSet<&str> = target.leaving().map(|file| file.name.as_str()).collect();
    let listing = &before.listing;
    let stayed = listing.files.iter().chain(&listing.empty_files).filter(|file| !left.contains(file.name.as_str()));
    let mut files: Vec<(u64, usize)> =
        stayed.map(|file| (file.length.0, group_of.get(file.name.as_str()).copied().unwrap_or(0))).collect();
    for output in target.groups.iter().flat_map(|group| &group.outputs) {
        let bytes = output.iter().map(|planned| planned.file.length.0).sum();
        files.push((bytes, group_of[output[0].file.name.as_str()]));
    }
    facts(&files)
}

/// Lengths as lakes have them: mostly small, some near a block, some above, some empty.
fn lengths() -> impl Strategy<Value = Vec<(u64, usize)>> {
    let length = prop_oneof![
        8 => 1u64..MIB,
        4 => MIB..60 * MIB,
        2 => 60 * MIB..BLOCK,
        1 => BLOCK..3 * BLOCK,
        1 => Just(0u64),
    ];
    proptest::collection::vec((length, 0usize..3), 2..120)
}

proptest! {
    #[test]
    fn packing_keeps_files_bytes_and_rows(files in lengths()) {
        let before = facts(&files);
        let by_name: BTreeMap<&str, &(PlannedFile, usize)> =
            before.files.iter().map(|pair| (pair.0.file.name.as_str(), pair)).collect();
        let plan = plan_of(before.clone());
        for target in &plan.targets {
            let mut seen = BTreeSet::new();
            for group in &target.groups {
                for planned in group.files() {
                    let (known, at) = by_name[planned.file.name.as_str()];
                    prop_assert_eq!(known, planned);
                    prop_assert_eq!(&before.groups[*at].key, &group.key);
                    prop_assert!(seen.insert(planned.file.name.clone()), "a file twice");
                }
            }
            let all = files.len() as u64;
            prop_assert_eq!(target.stays + seen.len() as u64, all);
            prop_assert_eq!(target.files_after, target.stays + target.output_count() as u64);
            prop_assert_eq!(target.after.files(), target.files_after);
            prop_assert_eq!(target.after.bytes(), target.before.bytes());
            prop_assert_eq!(target.rows, target.groups.iter().flat_map(FileGroup::files).map(|file| file.rows).sum());
            prop_assert!(target.files_after < target.files_before);
        }
    }

    #[test]
    fn outputs_are_of_several_files_and_fit_into_a_block(files in lengths()) {
        for target in plan_of(facts(&files)).targets {
            for output in target.groups.iter().flat_map(|group| &group.outputs) {
                let bytes: u64 = output.iter().map(|planned| planned.file.length.0).sum();
                prop_assert!(output.len() > 1 && bytes <= BLOCK);
                prop_assert!(output.iter().all(|planned| planned.file.length < Policy::default().stay_threshold()));
                prop_assert!(output.is_sorted_by(|a, b| a.file.name < b.file.name));
            }
        }
    }

    #[test]
    fn planning_the_result_again_finds_nothing(files in lengths()) {
        let before = facts(&files);
        let plan = plan_of(before.clone());
        if let Some(target) = plan.targets.first() {
            let result = after(&before, target);
            let packed = target::plan_target(result.clone(), &Policy::default(), &WorkRates::default(), now());
            prop_assert_eq!(packed.map_err(|reason| reason.code).unwrap_err(), Code::NothingToDo);
            let again = plan_of(result);
            prop_assert!(again.targets.is_empty());
            prop_assert_eq!(again.skipped[0].reason.code, Code::NothingToDo);
        }
    }

    #[test]
    fn the_order_of_the_listing_does_not_matter(files in lengths(), seed in any::<u64>()) {
        let before = facts(&files);
        let mut shuffled = before.clone();
        let mixed = |name: &str| name.bytes().fold(seed, |mixed, byte| (mixed ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3));
        shuffled.files.sort_by_key(|(planned, _)| mixed(&planned.file.name));
        prop_assert_eq!(plan_of(before), plan_of(shuffled));
    }
}

#[test]
fn neighbours_by_name_stay_together_where_that_costs_nothing() {
    let plan = plan_of(facts(&[(10 * MIB, 0); 30]));
    let outputs = &plan.targets[0].groups[0].outputs;
    let names: Vec<&str> = outputs.iter().flatten().map(|planned| planned.file.name.as_str()).collect();
    assert!(names.is_sorted());
    assert_eq!(outputs.iter().map(Vec::len).collect::<Vec<_>>(), [12, 12, 6]);
}

#[test]
fn many_files_are_packed_tightly() {
    let files: Vec<(u64, usize)> = (0..300_000u64).map(|at| (1 + at * 7_919 % (2 * MIB), 0)).collect();
    let plan = plan_of(facts(&files));
    let needed = plan.targets[0].bytes.blocks(Size(BLOCK));
    assert!(plan.targets[0].output_count() as u64 <= needed + 1);
}

#[test]
fn every_target_that_is_left_out_has_a_reason() {
    let code = |files: &[(u64, usize)]| skip_of(facts(files)).code;
    assert_eq!(code(&[(5, 0)]), Code::NothingToDo);
    assert_eq!(code(&[(0, 0), (0, 0), (0, 0)]), Code::NothingToDo);
    assert_eq!(code(&[(120 * MIB, 0), (110 * MIB, 0), (100 * MIB, 0)]), Code::NothingToDo);
    let apart = skip_of(facts(&[(1_000, 0), (1_000, 1)]));
    assert_eq!(apart.to_string(), "its 2 smaller files are of 2 groups that cannot share a file");

    let mut hot = facts(&[(1_000, 0), (1_000, 0)]);
    hot.listing.stats.newest = Some(FileTime::from(now() - chrono::Duration::seconds(40)));
    let hot = skip_of(hot);
    assert_eq!(hot.code, Code::NotQuiet);
    assert_eq!(hot.text, "HOT: its newest file changed 40s ago, the quiet period is 30 min");

    let mut refused = facts(&[(1_000, 0), (1_000, 0)]);
    refused.listing.stats.reasons = vec![Reason::new(Code::UnsupportedEntry, "symbolic links are never followed: x")];
    assert_eq!(skip_of(refused).code, Code::UnsupportedEntry);

    let mut full = facts(&[(1_000, 0), (1_000, 0)]);
    full.listing.room = Some((Size(1_999), "the disk of /lake".to_owned()));
    assert_eq!(skip_of(full).code, Code::NoSpace);
}

#[test]
fn drift_counts_what_came_went_and_changed() {
    let facts = facts(&[(MIB, 0), (2 * MIB, 0), (3 * MIB, 0), (BLOCK, 0), (0, 0)]);
    let plan = plan_of(facts.clone());
    let target = &plan.targets[0];
    let said = |change: &dyn Fn(&mut TargetListing)| {
        let mut listing = facts.listing.clone();
        change(&mut listing);
        drift(target, &listing).map(|reason| (reason.code, reason.text))
    };
    let drifted = |text: &str| Some((Code::PlanDrift, text.to_owned()));
    assert_eq!(said(&|_| {}), None);
    assert_eq!(said(&|listing| listing.visible_entries += 2), drifted("2 files more, 0 B"));
    // The one that would have stayed.
    assert_eq!(said(&|listing| listing.visible_entries -= 1), drifted("1 file gone"));
    let gone = |listing: &mut TargetListing| {
        listing.files.remove(0);
        listing.visible_entries -= 1;
    };
    assert_eq!(said(&gone), drifted("1 file gone, first part-00000"));
    assert_eq!(said(&|listing| listing.files[1].length.0 += 1), drifted("1 file changed, first part-00001"));
    let replaced = |listing: &mut TargetListing| listing.files[2].name = "other".to_owned();
    assert_eq!(said(&replaced), drifted("1 file more, 0 B, 1 file gone, first part-00002"));
    let summary = KnownFile { name: "_metadata".to_owned(), ..facts.listing.files[0].clone() };
    let summarised = |listing: &mut TargetListing| listing.summary_files.push(summary.clone());
    assert_eq!(said(&summarised), drifted("its summary files are others"));
}

#[test]
fn targets_share_the_room_that_is_left() {
    let with_room = || {
        let mut facts = facts(&[(1_000, 0), (1_000, 0)]);
        facts.listing.room = Some((Size(3_000), "the disk of /lake".to_owned()));
        facts
    };
    let plan = build(header(), vec![with_room(), with_room()], Vec::new(), &Policy::default(), &WorkRates::default());
    assert_eq!((plan.targets.len(), plan.skipped.len()), (1, 1));
    assert_eq!(plan.skipped[0].reason.code, Code::NoSpace);
    let room = PlanRoom { limit: "the disk of /lake".to_owned(), left: Size(3_000), needed: Size(2_000) };
    assert_eq!(plan.room, [room]);
    assert_eq!(plan.room_text(), "needs 2.0 KiB of the 2.9 KiB left by the disk of /lake");
}

#[test]
fn a_plan_counts_what_console_md_counts() {
    let plan = plan_of(facts(&[(1_000, 0); 14_002]));
    let target = &plan.targets[0];
    assert_eq!((target.files_before, target.files_after), (14_002, 1));
    assert_eq!(target.objects, [28_004, 28_004 + 2 + 6, 2]);
    assert_eq!((plan.totals.targets, plan.totals.tables, plan.totals.files_after), (1, 1, 1));
    assert!(target.warnings.iter().any(|note| note.text.starts_with("readers: queries that start in the ~")));
    assert!(target.warnings.iter().any(|note| note.text.starts_with("consumers that watch for files")));
}

#[test]
fn what_is_kept_apart_and_lost_is_said() {
    let mut mixed = facts(&[(1_000, 0), (1_000, 0), (1_000, 0), (1_000, 1), (1_000, 1)]);
    mixed.groups[1].losses = vec!["bloom filters of column a".to_owned()];
    mixed.listing.signs.in_flight = vec!["_temporary".to_owned()];
    mixed.listing.signs.last_read = Some(FileTime::from(now() - chrono::Duration::minutes(12)));
    let plan = plan_of(mixed);
    let notes: Vec<&str> = plan.targets[0].warnings.iter().map(|note| note.text.as_str()).collect();
    let expected = [
        "2 file groups are kept apart (3 files: as most files | 2 files: codec codec 1 instead of codec 0)",
        "merging loses bloom filters of column a",
        "a job may be writing here: _temporary is there",
        "somebody read it 12 min ago",
    ];
    for text in expected {
        assert!(notes.contains(&text), "{text} not in {notes:?}");
    }
    assert_eq!(plan.targets[0].groups[1].label, "codec codec 1 instead of codec 0");
}

#[test]
fn the_dry_run_walks_nine_steps() {
    let plan = plan_of(facts(&[(1_000, 0); 1_200]));
    let steps = steps(&plan, &plan.targets[0]);
    assert_eq!(steps.iter().map(|preview| preview.step).collect::<Vec<_>>(), Step::ALL);
    let line = |step: usize, at: usize| {
        let line = &steps[step - 1].lines[at];
        format!("{} | {} | {}", line.status, line.text, line.result)
    };
    assert_eq!(line(2, 0), "would create | .lakehand/sales.db/orders/dt=2026-11-19/.RUN.w1.NONCE | ");
    assert_eq!(line(3, 0), "done now | 1,200 files, footers of all | as planned");
    assert_eq!(line(5, 0), "would write | 1 file, ~1.1 MiB, below .lakehand | ");
    assert_eq!(line(6, 0), "would compare | all columns, value by value, in order | ");
    assert_eq!(line(7, 3), "would move | 1 file in, the tripwire out | ");
    assert_eq!(steps[6].lines.len(), 6);
}
