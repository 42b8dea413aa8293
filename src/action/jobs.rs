//! Jobs: the runs of this user on this host, and steering them.

use crate::client::{LocalRun, attach, local_runs};
use crate::config::Paths;
use crate::error::{Code, Error, Result};
use crate::ipc::Request;
use crate::model::RunId;

/// The runs of this user on this host, on whatever lake, newest first.
pub async fn jobs(paths: &Paths) -> Result<Vec<LocalRun>> {
    local_runs(paths).await
}

/// Pauses, resumes, cancels or limits a run.
pub async fn steer(paths: &Paths, run: &RunId, request: Request) -> Result<()> {
    let mut attached = attach(paths, run).await?;
    if attached.snapshot.finished.is_some() {
        let state = attached.snapshot.state.word();
        return Err(Error::new(Code::NotAttachable, format!("run {run} has ended: {state}"))
            .next(format!("lakehand history {}", run.suffix())));
    }
    let kind = attached.snapshot.kind;
    if matches!(request, Request::Until { .. }) && !kind.ends_in_part() {
        return Err(Error::new(Code::Usage, format!("run {run} takes no time to end by"))
            .why(format!("a {} is not left in part", kind.word()))
            .lake("unchanged")
            .next(format!("lakehand pause {0}    holds it; lakehand cancel {0} stops it", run.suffix())));
    }
    attached.send(request).await
}
