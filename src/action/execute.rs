//! Execute a plan: a worker is started for it, once every target was compared with the plan.

use chrono::Utc;
use tokio_util::sync::CancellationToken;

use super::Session;
use super::check::check_plan;
use super::saved::check_plan_is_ours;
use crate::client;
use crate::error::{Code, Error, Reason, Result};
use crate::ipc::Order;
use crate::model::{OnDrift, Plan, RunId, RunLimits, TargetId, duration_text};

/// Starts the run of a plan. Targets that drifted refuse it, or are left out, before anything is written; the worker
/// judges again. `accept_window`: the windows above the limit were agreed to.
pub async fn execute(
    session: &Session,
    plan: &Plan,
    on_drift: OnDrift,
    accept_window: bool,
    limits: RunLimits,
) -> Result<RunId> {
    session.may_change()?;
    check_plan_is_ours(session, plan)?;
    if plan.targets.is_empty() {
        return Err(nothing_to_do(plan));
    }
    if !accept_window {
        check_windows(plan)?;
    }
    let drifted = check_plan(session, plan, &CancellationToken::new()).await?;
    if !drifted.is_empty() && (on_drift == OnDrift::Refuse || drifted.len() == plan.targets.len()) {
        return Err(refused_by_drift(plan, &drifted));
    }
    let skip_drifted = on_drift == OnDrift::Skip;
    let order = Order::Compact { plan: Box::new(plan.clone()), skip_drifted, accept_window, limits };
    client::start(&session.paths, session.settings(), &order).await
}

fn nothing_to_do(plan: &Plan) -> Error {
    let why = match plan.skipped.as_slice() {
        [] => "nothing was selected".to_owned(),
        [one] => format!("{}: {}", one.id, one.reason),
        [first, rest @ ..] => format!("{}: {}; {} more were left out", first.id, first.reason, rest.len()),
    };
    Error::new(Code::NothingToDo, format!("plan {} has no target", plan.plan.suffix())).why(why).lake("unchanged")
}

fn check_windows(plan: &Plan) -> Result<()> {
    let limit = plan.policy.window_limit;
    let too_long = |ms: u64| std::time::Duration::from_millis(ms) > limit;
    let Some(worst) = plan.targets.iter().max_by_key(|target| target.window_ms_estimate) else { return Ok(()) };
    if !too_long(worst.window_ms_estimate) {
        return Ok(());
    }
    let window = duration_text(std::time::Duration::from_millis(worst.window_ms_estimate));
    Err(Error::new(Code::WindowLimit, format!("queries on {} would fail for about {window}", worst.id))
        .why(format!("the window limit is {}", duration_text(limit)))
        .lake("unchanged")
        .next("agree to it, or give --window-limit a larger value"))
}

fn refused_by_drift(plan: &Plan, drifted: &[(TargetId, Reason)]) -> Error {
    let age = duration_text((Utc::now() - plan.made).to_std().unwrap_or_default());
    let name = plan.plan.suffix();
    let matching = plan.targets.len() - drifted.len();
    let mut why: Vec<String> = drifted.iter().take(3).map(|(id, reason)| format!("{id}: {reason}")).collect();
    if drifted.len() > why.len() {
        why.push(format!("{} more drifted", drifted.len() - why.len()));
    }
    why.push(format!("{matching} of {} targets match", plan.targets.len()));
    let error = Error::new(Code::PlanDrift, format!("the lake changed since plan {name} was made, {age} ago"))
        .why(why.join("; "))
        .lake("unchanged");
    match matching {
        0 => error.next("lakehand plan    makes a new one"),
        _ => error.next(format!("lakehand compact --plan {name} --on-drift skip    runs the {matching} that match")),
    }
}
