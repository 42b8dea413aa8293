//! Check a plan: does each of its targets still look as it was planned?

use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, stream};
use tokio_util::sync::CancellationToken;

use super::Session;
use crate::error::{Code, Error, Reason, Result};
use crate::model::{Plan, PlannedTarget, TargetId};
use crate::plan::drift;
use crate::scan::{Reporter, Scanner};

/// Targets that are listed at a time.
const TARGETS: usize = 4;

/// Lists every target of a plan again: those that drifted, each with what is different, in the plan's order.
pub async fn check_plan(session: &Session, plan: &Plan, cancel: &CancellationToken) -> Result<Vec<(TargetId, Reason)>> {
    let scanner = Arc::new(session.scanner());
    let checks = stream::iter(&plan.targets).map(|target| {
        let scanner = Arc::clone(&scanner);
        async move {
            let drifted = drifted(session, &scanner, target, cancel).await?;
            Ok::<_, Error>(drifted.map(|reason| (target.id.clone(), reason)))
        }
    });
    // Boxed: the compiler cannot see otherwise that a future over borrowed items may move between threads.
    checks.buffered(TARGETS).boxed().try_filter_map(|drifted| async { Ok(drifted) }).try_collect().await
}

async fn drifted(
    session: &Session,
    scanner: &Scanner,
    target: &PlannedTarget,
    cancel: &CancellationToken,
) -> Result<Option<Reason>> {
    let catalog = &session.reader.catalog;
    let changed = |text: String| Ok(Some(Reason::new(Code::PlanDrift, text)));
    let table = match catalog.table(&target.id.table_name()).await {
        Ok(table) => table,
        Err(error) if error.code().exit() == crate::error::Exit::Usage => return changed(error.to_string()),
        Err(error) => return Err(error),
    };
    let Some(partition) = catalog.target(&target.id).await? else {
        return changed("it is not there any more".to_owned());
    };
    if partition.location != target.location || partition.identity != target.identity {
        return changed("it is another table or partition by now".to_owned());
    }
    if let Some(reason) = table.refusals.iter().chain(&partition.refusals).next() {
        return Ok(Some(reason.clone()));
    }
    let listing = scanner.list_target(&table, &partition, &Reporter::nowhere(), cancel).await?;
    Ok(drift(target, &listing))
}
