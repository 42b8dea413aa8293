//! Attaching to a run: its state now, then what happens, until its end.

use std::time::Duration;

use tokio::io::{BufReader, BufWriter};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::{Instant, timeout};

use super::{places, socket};
use crate::config::Paths;
use crate::error::{Code, Error, Result};
use crate::ipc::{Hello, Lines, LiveNote, MAXIMUM_LINE, Reply, Request, RunPlaces, read_note, send};
use crate::model::{RunId, RunSnapshot};

/// How long a worker may take to answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// How long a guard may take to clean up after its worker, and a little.
const GUARD_LIMIT: Duration = Duration::from_secs(40);

/// How often it is looked whether the guard has ended.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A view of a run.
#[derive(Debug)]
pub struct Attached {
    /// The state when attached; [`Attached::next`] gives what changes it.
    pub snapshot: RunSnapshot,
    places: RunPlaces,
    connection: Option<(Lines<BufReader<OwnedReadHalf>>, BufWriter<OwnedWriteHalf>)>,
    over: bool,
}

/// Attaches to a run of this user on this host. One that has ended gives its last state and nothing more.
pub async fn attach(paths: &Paths, run: &RunId) -> Result<Attached> {
    let hello = Hello { version: Hello::VERSION, name: view_name(), once: false };
    let places = places(paths);
    match connect(&places, run, &hello).await {
        Ok(attached) => Ok(attached),
        Err(error) => match after_death(&places, run).await? {
            Some(snapshot) => Ok(Attached { snapshot, places, connection: None, over: false }),
            None => Err(error),
        },
    }
}

/// The state of a run whose worker lives, without staying.
pub(super) async fn peek(places: &RunPlaces, run: &RunId) -> Result<RunSnapshot> {
    let hello = Hello { version: Hello::VERSION, name: view_name(), once: true };
    connect(places, run, &hello).await.map(|attached| attached.snapshot)
}

async fn connect(places: &RunPlaces, run: &RunId, hello: &Hello) -> Result<Attached> {
    let refused = |why: String| {
        Error::new(Code::NotAttachable, format!("run {run} cannot be attached to"))
            .why(why)
            .next(format!("lakehand history {run}"))
    };
    let silent = || refused(format!("its worker did not answer within {} s", ANSWER_LIMIT.as_secs()));
    let name = RunPlaces::socket_name(run);
    let stream = timeout(ANSWER_LIMIT, socket::connect(places.runtime(), &name)).await.map_err(|_| silent())?;
    let stream = stream.map_err(|_| {
        refused("no worker of it listens here: it has ended, or it belongs to another user or host".to_owned())
    })?;
    let (reading, writing) = stream.into_split();
    let (mut lines, mut writing) = (Lines::new(BufReader::new(reading), MAXIMUM_LINE), BufWriter::new(writing));
    send(&mut writing, hello).await.map_err(|error| refused(error.to_string()))?;
    let first = timeout(ANSWER_LIMIT, lines.next::<Reply>()).await.map_err(|_| silent())?;
    match first.map_err(|error| refused(error.to_string()))? {
        Some(Reply::Welcome { snapshot } | Reply::Ended { snapshot }) => {
            let over = snapshot.finished.is_some();
            Ok(Attached {
                snapshot: *snapshot,
                places: places.clone(),
                connection: (!over).then_some((lines, writing)),
                over: false,
            })
        }
        Some(Reply::Refused { reason }) => Err(refused(reason.text)),
        Some(Reply::Event { .. }) => Err(refused("its worker speaks another protocol".to_owned())),
        None => Err(refused("its worker closed the connection".to_owned())),
    }
}

impl Attached {
    /// What happens next; none after [`Reply::Ended`]. Cancelling the call loses nothing.
    ///
    /// When the worker dies its guard is waited for; the end is then what the guard left. When there is none either,
    /// the error says that the run needs recovery.
    pub async fn next(&mut self) -> Result<Option<Reply>> {
        if self.over {
            return Ok(None);
        }
        if let Some((lines, _)) = &mut self.connection {
            // A worker that dies resets the connection or closes it in the middle of a line: all the same here.
            if let Ok(Some(reply)) = lines.next::<Reply>().await {
                self.over = matches!(reply, Reply::Ended { .. } | Reply::Refused { .. });
                return Ok(Some(reply));
            }
            self.connection = None;
        }
        let snapshot = match after_death(&self.places, &self.snapshot.run).await? {
            Some(snapshot) => snapshot,
            None if self.snapshot.finished.is_some() => self.snapshot.clone(),
            None => return Err(died(&self.snapshot.run)),
        };
        self.over = true;
        Ok(Some(Reply::Ended { snapshot: Box::new(snapshot) }))
    }

    /// Sends a request. What comes of it is told by the events.
    pub async fn send(&mut self, request: Request) -> Result<()> {
        let gone = || Error::new(Code::NotAttachable, format!("run {} has ended", self.snapshot.run));
        match &mut self.connection {
            Some((_, writing)) => timeout(ANSWER_LIMIT, send(writing, &request)).await.map_err(|_| gone())?,
            None => Err(gone()),
        }
    }
}

/// What a worker that no longer answers left, once its guard is through; none when nobody left anything.
async fn after_death(places: &RunPlaces, run: &RunId) -> Result<Option<RunSnapshot>> {
    let until = Instant::now() + GUARD_LIMIT;
    loop {
        // First whether anybody is at work, then the note: so none is missed that was written in between.
        let live = read_note::<LiveNote>(&places.live(run)).ok().flatten();
        let at_work = live.is_some_and(|note| !note.worker.is_alive() && note.guard.is_alive());
        if let Some(snapshot) = read_note::<RunSnapshot>(&places.ended(run))? {
            return Ok(Some(snapshot));
        }
        if !at_work || Instant::now() >= until {
            return Ok(None);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn died(run: &RunId) -> Error {
    Error::new(Code::NeedsRecovery, format!("the worker of run {run} died, and so did its guard"))
        .lake("what it began is as it left it; queries on a target in the middle of an exchange fail until recovery")
        .next(format!("lakehand recover {run}"))
}

fn view_name() -> String {
    format!("pid {}", std::process::id())
}
