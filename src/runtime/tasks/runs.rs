//! Runs: listing and looking at them, what an act on one would do, and starting one. Nothing here is ever stopped once
//! it orders a worker: the answer tells which run it was.

use tokio::sync::mpsc;

use super::context::Context;
use super::slots::Ticket;
use crate::action::{self, Preview, Session};
use crate::app::{Effect, Failure, Msg, PreviewMsg, RunMsg, Terms, Within};
use crate::error::{Code, Error, Result};
use crate::ipc::Scope;
use crate::model::{OnDrift, RunId, RunKind};

/// Every run of the lake; where the lake cannot be asked, those of this host.
pub(super) async fn list(context: Context, ticket: Ticket) {
    let msg = match context.session().await {
        Ok(session) if context.env().offline => local(session).await,
        Ok(session) => match action::history(session).await {
            Ok(runs) => RunMsg::Listed { runs, complete: true },
            Err(error) => {
                ticket.send(Msg::Failed(error.into())).await;
                local(session).await
            }
        },
        Err(error) => RunMsg::Failed(error.into()),
    };
    ticket.send(Msg::Run(msg)).await;
}

async fn local(session: &Session) -> RunMsg {
    match action::local_history(session).await {
        Ok(runs) => RunMsg::Listed { runs, complete: false },
        Err(error) => RunMsg::Failed(error.into()),
    }
}

/// The targets of a run.
pub(super) async fn show(context: Context, ticket: Ticket, run: RunId) {
    let shown = match context.session().await {
        Ok(session) => action::show_run(session, &run).await,
        Err(error) => Err(error),
    };
    let msg = match shown {
        Ok(shown) => {
            let log = shown.log().to_vec();
            let planned = shown.detail.plan.iter().flat_map(|plan| &plan.targets).map(|target| target.files_after);
            RunMsg::Shown {
                run,
                files_planned: planned.collect(),
                outcomes: shown.detail.outcomes,
                log,
                refresh: shown.refresh,
                sizes: shown.detail.sizes.map(Box::new),
            }
        }
        Err(error) => RunMsg::Failed(error.into()),
    };
    ticket.send(Msg::Run(msg)).await;
}

/// What an act would do, target by target.
pub(super) async fn preview(context: Context, ticket: Ticket, kind: RunKind, of: RunId, within: Within, terms: Terms) {
    let looked = match context.online().await {
        Ok(session) => look(session, kind, &of, within, terms).await.map_err(Failure::from),
        Err(failure) => Err(failure),
    };
    let preview = match looked {
        Ok(preview) => preview,
        Err(failure) => {
            ticket.send(Msg::Preview(PreviewMsg::Failed { of, failure })).await;
            return;
        }
    };
    let disposal =
        (kind == RunKind::Cleanup).then(|| if preview.trash { "to the trash" } else { "at once" }.to_owned());
    let elapsed_ms = u64::try_from(preview.elapsed.as_millis()).unwrap_or(u64::MAX);
    let total = preview.targets.len() as u64;
    let targets = PreviewMsg::Targets { of: of.clone(), targets: preview.targets, total };
    ticket.send(Msg::Preview(targets)).await;
    ticket.send(Msg::Preview(PreviewMsg::Done { of, elapsed_ms, disposal })).await;
}

async fn look(session: &Session, kind: RunKind, of: &RunId, within: Within, terms: Terms) -> Result<Preview> {
    let scope = scope(session, of, within).await?;
    match kind {
        RunKind::Rollback => action::rollback_preview(session, of, &scope).await,
        RunKind::Cleanup => action::cleanup_preview(session, of, &scope, minimum_age(terms), terms.skip_trash).await,
        RunKind::Recover => action::recover_preview(session, Some(of), &scope).await,
        RunKind::Compact | RunKind::Restore => {
            Err(Error::new(Code::Internal, format!("a {} has no preview of this kind", kind.word())))
        }
    }
}

fn minimum_age(terms: Terms) -> std::time::Duration {
    terms.minimum_age.unwrap_or(action::MINIMUM_AGE)
}

/// The targets that are meant, by name. None must never come out as all.
async fn scope(session: &Session, of: &RunId, within: Within) -> Result<Scope> {
    let targets = match within {
        Within::Run => return Ok(Scope::default()),
        Within::Targets(targets) => targets,
        Within::Table(table) => {
            let outcomes = action::show_run(session, of).await?.detail.outcomes;
            outcomes.into_iter().map(|outcome| outcome.id).filter(|id| id.table_name() == table).collect()
        }
    };
    if targets.is_empty() {
        return Err(Error::new(Code::RunNotFound, format!("run {of} has no such target")));
    }
    Ok(Scope { targets })
}

/// Orders a worker. The effect came out of an answered question.
pub(super) async fn order(context: Context, messages: mpsc::Sender<Msg>, effect: Effect) {
    let started = match context.online().await {
        Ok(session) => start(session, effect).await.map_err(Failure::from),
        Err(failure) => Err(failure),
    };
    let msg = match started {
        Ok(run) => RunMsg::Started(run),
        Err(failure) => RunMsg::Failed(failure),
    };
    let _ = messages.send(Msg::Run(msg)).await;
}

async fn start(session: &Session, effect: Effect) -> Result<RunId> {
    match effect {
        Effect::Execute { plan, accept_window, limits } => {
            action::execute(session, &plan, OnDrift::Skip, accept_window, limits).await
        }
        Effect::Rollback { of, scope } => action::rollback(session, &of, &scope).await,
        Effect::Cleanup { of, scope, terms } => {
            action::cleanup(session, &of, &scope, minimum_age(terms), terms.skip_trash).await
        }
        Effect::Recover { of, scope, decide } => action::recover(session, Some(&of), &scope, decide, false).await,
        Effect::Restore { of, scope, to } => action::restore(session, &of, &scope, &to).await,
        other => Err(Error::new(Code::Internal, format!("{other:?} starts no run"))),
    }
}
