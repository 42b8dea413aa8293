//! Plan: what compacting the selected targets would do.

use chrono::Utc;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::saved::{keep_plan, new_plan_id};
use super::selection::selected_targets;
use super::{Selection, Session, work_rates};
use crate::error::Result;
use crate::model::Plan;
use crate::plan::{Header, build, judge};
use crate::scan::{Reporter, ScanEvent};

/// Makes a plan and keeps it for a week, so that its id can be executed. The policy is the profile's.
pub async fn plan(
    session: &Session,
    selection: &Selection,
    progress: Option<mpsc::Sender<ScanEvent>>,
    cancel: &CancellationToken,
) -> Result<Plan> {
    let policy = &session.settings().policy;
    let found = selected_targets(session, selection).await?;
    let made = Utc::now();
    let reporter = progress.map_or_else(Reporter::nowhere, Reporter::to);
    let scanner = session.scanner();
    let judge_now = |listing: &_| judge(listing, policy, made);
    let gathered = scanner.gather(found.targets, &judge_now, &reporter, cancel).await?;
    let header = Header {
        id: new_plan_id(&session.paths, made)?,
        lake: session.lake(),
        profile: session.settings().profile.clone(),
        made,
    };
    let skipped = found.skipped.into_iter().chain(gathered.skipped).collect();
    let rates = work_rates(&session.paths, &header.lake);
    let plan = build(header, gathered.facts, skipped, policy, &rates);
    // A plan that cannot be kept is still one: it can be executed at once, or saved to a file.
    let _ = keep_plan(&session.paths, &plan);
    Ok(plan)
}
