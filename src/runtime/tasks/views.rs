//! The runs that the console watches: one task a connection. Ending it stops nothing but the watching.

use std::collections::{BTreeMap, BTreeSet};

use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::app::{Msg, RunMsg};
use crate::client;
use crate::config::Paths;
use crate::error::{Code, Error};
use crate::ipc::{Reply, Request};
use crate::model::{RunId, RunSnapshot};
use crate::term::set_farewell;

/// Requests that wait for a worker; more are refused, a person does not type so many.
const REQUESTS: usize = 8;

/// All views.
pub(super) struct Views {
    paths: Paths,
    messages: mpsc::Sender<Msg>,
    open: BTreeMap<RunId, View>,
    /// Runs that were seen to work, whether they are watched or not.
    working: BTreeSet<RunId>,
}

struct View {
    requests: mpsc::Sender<Request>,
    _ends_with_it: DropGuard,
}

impl Views {
    pub(super) fn new(paths: Paths, messages: mpsc::Sender<Msg>) -> Views {
        Views { paths, messages, open: BTreeMap::new(), working: BTreeSet::new() }
    }

    /// Connects, unless it is.
    pub(super) fn attach(&mut self, run: RunId) {
        if self.open.get(&run).is_some_and(|view| !view.requests.is_closed()) {
            return;
        }
        let (requests, receiver) = mpsc::channel(REQUESTS);
        let token = CancellationToken::new();
        let watching = watch(self.paths.clone(), run.clone(), receiver, self.messages.clone());
        let until = token.clone();
        tokio::spawn(async move { until.run_until_cancelled(watching).await });
        self.open.insert(run, View { requests, _ends_with_it: token.drop_guard() });
    }

    /// Stops watching.
    pub(super) fn detach(&mut self, run: &RunId) {
        self.open.remove(run);
    }

    /// Asks the worker for something.
    pub(super) fn steer(&mut self, run: &RunId, request: Request) {
        let sent = self.open.get(run).is_some_and(|view| view.requests.try_send(request).is_ok());
        if !sent {
            let error = Error::new(Code::NotAttachable, format!("run {} is not connected", run.suffix()))
                .next(format!("lakehand attach {}", run.suffix()));
            let _ = self.messages.try_send(Msg::Failed(error.into()));
        }
    }

    /// Keeps account of which runs work, for the farewell.
    pub(super) fn saw(&mut self, msg: &RunMsg) {
        match msg {
            RunMsg::Started(run) => {
                self.working.insert(run.clone());
            }
            RunMsg::Attached(snapshot) => self.note(snapshot),
            RunMsg::Ended(snapshot) => {
                self.working.remove(&snapshot.run);
            }
            _ => return,
        }
        set_farewell(&self.farewell());
    }

    fn note(&mut self, snapshot: &RunSnapshot) {
        match snapshot.finished {
            None => self.working.insert(snapshot.run.clone()),
            Some(_) => self.working.remove(&snapshot.run),
        };
    }

    /// A line for each run that goes on without the console.
    pub(super) fn farewell(&self) -> String {
        let line = |run: &RunId| format!("run {0} goes on: lakehand attach {0}", run.suffix());
        self.working.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

async fn watch(paths: Paths, run: RunId, requests: mpsc::Receiver<Request>, messages: mpsc::Sender<Msg>) {
    let last = match follow(&paths, &run, requests, &messages).await {
        Ok(None) => return,
        Ok(Some(snapshot)) => RunMsg::Ended(snapshot),
        Err(error) => RunMsg::Lost { run, failure: error.into() },
    };
    let _ = messages.send(Msg::Run(last)).await;
}

/// Follows a run to its end; none when the console is no longer there.
async fn follow(
    paths: &Paths,
    run: &RunId,
    mut requests: mpsc::Receiver<Request>,
    messages: &mpsc::Sender<Msg>,
) -> crate::error::Result<Option<Box<RunSnapshot>>> {
    let mut attached = client::attach(paths, run).await?;
    let snapshot = Box::new(attached.snapshot.clone());
    if snapshot.finished.is_some() {
        return Ok(Some(snapshot));
    }
    if messages.send(Msg::Run(RunMsg::Attached(snapshot))).await.is_err() {
        return Ok(None);
    }
    loop {
        let reply = tokio::select! {
            reply = attached.next() => reply?,
            Some(request) = requests.recv() => {
                attached.send(request).await?;
                continue;
            }
        };
        let msg = match reply {
            Some(Reply::Event { event }) => RunMsg::Event { run: run.clone(), event },
            Some(Reply::Welcome { snapshot }) => RunMsg::Attached(snapshot),
            Some(Reply::Ended { snapshot }) => return Ok(Some(snapshot)),
            Some(Reply::Refused { reason }) => return Err(reason.into()),
            None => return Err(Error::new(Code::NotAttachable, format!("run {run} has ended"))),
        };
        if messages.send(Msg::Run(msg)).await.is_err() {
            return Ok(None);
        }
    }
}
