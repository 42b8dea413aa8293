//! Plans: making, checking, saving.

use chrono::Utc;
use tokio::sync::mpsc;

use super::context::Context;
use super::slots::Ticket;
use crate::action::{self, ScanEvent, Selection, Session};
use crate::app::{Failure, Mark, Msg, PlanMsg};
use crate::error::Result;
use crate::model::Plan;

/// Figures of progress that may wait.
const PROGRESS: usize = 16;

/// Makes a plan of what is marked.
pub(super) async fn make(context: Context, ticket: Ticket, marks: Vec<Mark>) {
    let mut selection = Selection::default();
    for mark in marks {
        match mark {
            Mark::Table(name) => selection.tables.push(name),
            Mark::Target(id) => selection.targets.push(id),
        }
    }
    let made = match context.online().await {
        Ok(session) => with_progress(session, &selection, &ticket).await.map_err(Failure::from),
        Err(failure) => Err(failure),
    };
    let msg = match made {
        Ok(plan) => PlanMsg::Made(Box::new(plan)),
        Err(failure) => PlanMsg::Failed(failure),
    };
    ticket.send(Msg::Plan(msg)).await;
}

async fn with_progress(session: &Session, selection: &Selection, ticket: &Ticket) -> Result<Plan> {
    let (sender, mut receiver) = mpsc::channel(PROGRESS);
    let tell = async {
        while let Some(event) = receiver.recv().await {
            if let ScanEvent::Footers { done, total } = event {
                ticket.offer(Msg::Plan(PlanMsg::Footers { done, total }));
            }
        }
    };
    let make = action::plan(session, selection, Some(sender), &ticket.cancel);
    tokio::join!(make, tell).0
}

/// Compares a plan with the lake as it is now.
pub(super) async fn check(context: Context, ticket: Ticket, plan: Box<Plan>) {
    let checked = match context.online().await {
        Ok(session) => action::check_plan(session, &plan, &ticket.cancel).await.map_err(Failure::from),
        Err(failure) => Err(failure),
    };
    let msg = match checked {
        Ok(drifted) => PlanMsg::Checked { plan: plan.plan.clone(), at: Utc::now(), drifted },
        Err(failure) => PlanMsg::Failed(failure),
    };
    ticket.send(Msg::Plan(msg)).await;
}

/// Saves a plan under its id or to a file.
pub(super) async fn save(context: Context, messages: mpsc::Sender<Msg>, plan: Box<Plan>, path: Option<String>) {
    let saved = match &path {
        Some(path) => action::save_plan_file(&plan, path.as_ref()).map(|()| path.clone()),
        None => match context.session().await {
            Ok(session) => action::save_plan(session, &plan).map(|id| format!("lakehand compact --plan {id}")),
            Err(error) => Err(error),
        },
    };
    let msg = match saved {
        Ok(place) => PlanMsg::Saved(place),
        Err(error) => PlanMsg::Failed(error.into()),
    };
    let _ = messages.send(Msg::Plan(msg)).await;
}
