//! What would be done: pure, from facts to a plan. The same facts give the same plan; nothing here looks at a clock, a
//! disk or the environment.
//!
//! Decisions that bind everything here:
//! - A target is a candidate when min(average, median) of its files that are not empty is below block size / ratio.
//! - In a candidate, files of at least 75 % of the block size stay, and so do files of 0 bytes.
//! - The others are packed within their file group into outputs of at most a block. Whatever is packed alone stays: to
//!   rewrite one file as one file gains nothing.
//! - No two outputs of a group fit into one block together. Therefore planning the result again finds nothing to do.
//! - Every target that was looked at is either planned or skipped with a reason.

mod candidate;
mod drift;
mod estimate;
mod groups;
mod packing;
mod steps;
mod target;
mod warnings;

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};

use crate::error::{Code, Reason};
use crate::model::{Plan, PlanId, PlanRoom, PlanTotals, Policy, Size, Skipped, TargetFacts, WorkRates};

pub use candidate::judge;
pub use drift::{Differences, Found, drift};
pub use estimate::linger;
pub use groups::labels as group_labels;
pub use steps::{StepLine, StepPreview, steps};
pub use warnings::is_general;

/// What a plan says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Its id, drawn by the caller.
    pub id: PlanId,
    /// The lake's URI.
    pub lake: String,
    /// The profile's name.
    pub profile: String,
    /// Now.
    pub made: DateTime<Utc>,
}

/// Makes a plan. The order of the targets is that of the inputs.
pub fn build(
    header: Header,
    inputs: Vec<TargetFacts>,
    mut skipped: Vec<Skipped>,
    policy: &Policy,
    rates: &WorkRates,
) -> Plan {
    let mut targets = Vec::with_capacity(inputs.len());
    let mut tables = BTreeSet::new();
    let mut taken: HashMap<String, PlanRoom> = HashMap::new();
    for facts in inputs {
        let id = facts.listing.stats.id.clone();
        let room = facts.listing.room.clone();
        let planned = judge(&facts.listing, policy, header.made)
            .and_then(|()| target::plan_target(facts, policy, rates, header.made))
            .and_then(|planned| take_room(&mut taken, room, planned.bytes).map(|()| planned));
        match planned {
            Ok(mut planned) => {
                if tables.insert(id.table_name()) {
                    planned.warnings.extend(warnings::once_a_table());
                }
                targets.push(planned);
            }
            Err(reason) => skipped.push(Skipped { id, reason }),
        }
    }
    let totals = PlanTotals::of(&targets);
    let mut room: Vec<PlanRoom> = taken.into_values().collect();
    // By what would be left; the name decides between equals, so that the same facts give the same plan.
    room.sort_by(|a, b| (a.left.0 - a.needed.0, &a.limit).cmp(&(b.left.0 - b.needed.0, &b.limit)));
    Plan {
        format: Plan::FORMAT.to_owned(),
        plan: header.id,
        lake: header.lake,
        profile: header.profile,
        made: header.made,
        policy: policy.clone(),
        targets,
        skipped,
        totals,
        room,
    }
}

/// Takes room for a target's outputs beside those of the targets before it: nothing is freed until cleanup.
fn take_room(taken: &mut HashMap<String, PlanRoom>, room: Option<(Size, String)>, needed: Size) -> Result<(), Reason> {
    let Some((room, limit)) = room else { return Ok(()) };
    let before = taken.get(&limit).map_or(Size(0), |taken| taken.needed);
    if before + needed > room {
        let others = if before.0 > 0 { format!(", {before} for the targets before it") } else { String::new() };
        let code = if limit.contains("quota") { Code::Quota } else { Code::NoSpace };
        let text = format!("the new files need {needed} beside the old ones{others}; {limit} has {room} left");
        return Err(Reason::new(code, text));
    }
    taken.insert(limit.clone(), PlanRoom { limit, left: room, needed: before + needed });
    Ok(())
}

#[cfg(test)]
mod tests;
