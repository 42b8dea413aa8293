//! Looking at one thing: the files of a target, what Inspect shows, what a run needs.

use tokio::sync::mpsc;

use super::context::Context;
use super::slots::Ticket;
use crate::action;
use crate::action::ScanEvent;
use crate::app::{Details, DoctorMsg, Failure, LakeMsg, Msg, Reading};
use crate::model::{Check, Footers, Subject, TargetId, clean};

/// Figures of progress that may wait.
const PROGRESS: usize = 16;

/// The files of a target.
pub(super) async fn files(context: Context, ticket: Ticket, target: TargetId) {
    let files = match context.online().await {
        Ok(session) => action::list_files(session, &target, &ticket.cancel).await.map_err(Failure::from),
        Err(failure) => Err(failure),
    };
    ticket.send(Msg::Files { target, files }).await;
}

/// Facts of the catalog and the directory, and of footers when they are asked for.
pub(super) async fn inspect(context: Context, ticket: Ticket, subject: Subject, footers: Footers) {
    let found = match context.online().await {
        Ok(session) => {
            let (sender, progress) = mpsc::channel(PROGRESS);
            let look = action::inspect(session, &subject, &footers, Some(sender), &ticket.cancel);
            let tell = tell(&ticket, Reading::Footers(subject.clone()), progress);
            tokio::join!(look, tell).0.map_err(Failure::from)
        }
        Err(failure) => Err(failure),
    };
    let mut shown = match found {
        Ok(found) => details(subject.clone(), found),
        Err(failure) if footers != Footers::None => {
            ticket.send(Msg::Lake(LakeMsg::Failed { reading: Reading::Footers(subject), failure })).await;
            return;
        }
        Err(failure) => {
            ticket.send(Msg::Failed(failure)).await;
            return;
        }
    };
    let stopped = shown.footers.as_ref().is_some_and(|footers| footers.stopped);
    if !ticket.send(Msg::Details(Box::new(shown.clone()))).await {
        return;
    }
    if stopped {
        ticket.send(Msg::Lake(LakeMsg::Ended { reading: Reading::Footers(subject), stopped })).await;
        return;
    }
    // What may take seconds, or never come, comes after the rest.
    if let Ok(session) = context.online().await
        && let Some(told) = action::server_facts(session, &shown.location).await
    {
        match told {
            Ok(facts) => shown.properties.extend(facts.lines()),
            Err(error) => shown.properties.push(("webhdfs".to_owned(), clean(&error.to_string()).into_owned())),
        }
        ticket.send(Msg::Details(Box::new(shown))).await;
    }
}

/// How far the footers are. A directory that is listed first only shows that something comes.
async fn tell(ticket: &Ticket, reading: Reading, mut progress: mpsc::Receiver<ScanEvent>) {
    while let Some(event) = progress.recv().await {
        let (done, total) = match event {
            ScanEvent::Footers { done, total } => (done, Some(total)),
            _ => (0, None),
        };
        ticket.offer(Msg::Lake(LakeMsg::Progress { reading: reading.clone(), done, total }));
    }
}

/// What a run needs, check by check.
pub(super) async fn examine(context: Context, ticket: Ticket) {
    let tell = |check: &Check| ticket.offer(Msg::Doctor(DoctorMsg::Check(check.clone())));
    let msg = match action::doctor(&context.env().patient, &tell).await {
        Ok(checks) => DoctorMsg::Done(checks),
        Err(error) => DoctorMsg::Failed(error.into()),
    };
    ticket.send(Msg::Doctor(msg)).await;
}

fn details(subject: Subject, found: action::Details) -> Details {
    let attributes = found.attributes;
    let mut properties = vec![("location".to_owned(), found.location.to_string())];
    if let Some(format) = found.table.stated_format {
        properties.push(("format".to_owned(), format.to_string()));
    }
    if let Some(owner) = found.table.owner {
        properties.push(("table owner".to_owned(), owner));
    }
    if !found.table.identity.is_empty() {
        properties.push(("identity".to_owned(), found.table.identity.clone()));
    }
    properties.extend(found.table.properties);
    Details {
        subject,
        kind: found.table.kind,
        location: found.location,
        replication: attributes.as_ref().and_then(|attributes| attributes.replication),
        owner: attributes.map(|attributes| (attributes.owner, attributes.mode)),
        partition_keys: found.table.partition_keys,
        properties,
        refusals: found.refusals,
        footers: found.footers,
    }
}
