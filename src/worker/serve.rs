//! Views: each gets the state, then what changes it, and may steer.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;
use tokio::time::timeout;

use super::board::{Board, Message};
use crate::error::{Code, Error, Reason, Result};
use crate::ipc::{Hello, Lines, Reply, Request, encode};
use crate::model::{LogLevel, RunSnapshot, rate_text, until_text};
use crate::run::Control;

/// The longest line of a view.
const LONGEST_REQUEST: u64 = 64 << 10;

/// How long a view may take for its first line.
const HELLO_LIMIT: Duration = Duration::from_secs(5);

/// How long a view may leave what was sent unread before it is dropped.
const SEND_LIMIT: Duration = Duration::from_secs(30);

/// After an error of `accept` (too many open files), before it is tried again.
const ACCEPT_AGAIN: Duration = Duration::from_millis(200);

/// What every view is served with.
#[derive(Clone, Debug)]
pub struct Desk {
    /// The state.
    pub board: Arc<Board>,
    /// Steering.
    pub control: Control,
    /// The number of connections that are served.
    pub connections: Arc<watch::Sender<usize>>,
}

impl Desk {
    /// A desk that serves nobody yet.
    pub fn new(board: Arc<Board>, control: Control) -> Desk {
        Desk { board, control, connections: Arc::new(watch::Sender::new(0)) }
    }
}

/// Serves views until it is cancelled by being dropped.
pub async fn serve(listener: &UnixListener, desk: &Desk) {
    let me = rustix::process::getuid().as_raw();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let (desk, admitted) = (desk.clone(), admit(stream.peer_cred().map(|peer| peer.uid()).ok(), me));
                let open = Open::new(&desk.connections);
                tokio::spawn(async move {
                    let _open = open;
                    // What is wrong with a connection is that view's matter alone.
                    let _ = view(stream, admitted, &desk).await;
                });
            }
            Err(error) => {
                desk.board.note(LogLevel::Warn, format!("cannot take a view: {error}"));
                tokio::time::sleep(ACCEPT_AGAIN).await;
            }
        }
    }
}

/// Only the user of the run is served, root is not.
fn admit(peer: Option<u32>, me: u32) -> Result<(), Reason> {
    match peer {
        Some(peer) if peer == me => Ok(()),
        _ => Err(Reason::new(Code::Permission, "the run belongs to another user; lakehand history shows it")),
    }
}

async fn view(stream: UnixStream, admitted: Result<(), Reason>, desk: &Desk) -> Result<()> {
    let (reading, mut writing) = stream.into_split();
    let mut lines = Lines::new(BufReader::new(reading), LONGEST_REQUEST);
    let greeted = match admitted {
        Ok(()) => hello(&mut lines).await,
        Err(reason) => Err(reason),
    };
    let hello = match greeted {
        Ok(hello) => hello,
        Err(reason) => return write(&mut writing, &encode(&Reply::Refused { reason })?).await,
    };
    if hello.once {
        return write(&mut writing, &encode(&state(desk.board.snapshot()))?).await;
    }
    let _counted = Counted::new(&desk.board);
    let listening = listen(&mut lines, &hello, desk);
    tokio::pin!(listening);
    let told = tokio::select! {
        told = tell(&mut writing, &desk.board) => told,
        ended = &mut listening => return ended,
    };
    match told {
        // It closed, perhaps right after a request, which is still to be read.
        Err(error) if error.code() != Code::Unavailable => timeout(HELLO_LIMIT, listening).await.unwrap_or(Ok(())),
        told => told,
    }
}

async fn hello(lines: &mut Lines<BufReader<OwnedReadHalf>>) -> Result<Hello, Reason> {
    let unread = |why: &str| Reason::new(Code::NotAttachable, format!("the view did not say what it is: {why}"));
    match timeout(HELLO_LIMIT, lines.next::<Hello>()).await {
        Ok(Ok(Some(hello))) if hello.version == Hello::VERSION => Ok(hello),
        Ok(Ok(Some(hello))) => Err(Reason::new(
            Code::NotAttachable,
            format!("the worker speaks version {} of the protocol, the view {}", Hello::VERSION, hello.version),
        )),
        Ok(Ok(None)) => Err(unread("it closed")),
        Ok(Err(error)) => Err(unread(&error.to_string())),
        Err(_) => Err(unread("it was silent")),
    }
}

/// Sends the state and what changes it, until the end of the run.
async fn tell(writing: &mut OwnedWriteHalf, board: &Board) -> Result<()> {
    let (snapshot, mut queue) = board.watch();
    let mut over = snapshot.finished.is_some();
    write(writing, &encode(&state(snapshot))?).await?;
    while !over {
        match queue.recv().await {
            Ok(Message::Line(line)) => write(writing, &line).await?,
            Ok(Message::End) | Err(RecvError::Closed) => {
                over = true;
                write(writing, &encode(&state(board.snapshot()))?).await?;
            }
            Err(RecvError::Lagged(_)) => {
                let (snapshot, newer) = board.watch();
                queue = newer;
                over = snapshot.finished.is_some();
                write(writing, &encode(&state(snapshot))?).await?;
            }
        }
    }
    Ok(())
}

fn state(snapshot: RunSnapshot) -> Reply {
    let snapshot = Box::new(snapshot);
    if snapshot.finished.is_some() { Reply::Ended { snapshot } } else { Reply::Welcome { snapshot } }
}

/// Does what the view asks, until it closes.
async fn listen(lines: &mut Lines<BufReader<OwnedReadHalf>>, hello: &Hello, desk: &Desk) -> Result<()> {
    while let Some(request) = lines.next::<Request>().await? {
        steer(&desk.board, &desk.control, request, &hello.name);
    }
    Ok(())
}

/// Carries a request out.
pub fn steer(board: &Board, control: &Control, request: Request, who: &str) {
    let asked = match &request {
        Request::Pause => "pause".to_owned(),
        Request::Resume => "resume".to_owned(),
        Request::Cancel => "cancel".to_owned(),
        Request::Limit { bytes_per_second } => match bytes_per_second {
            Some(rate) => format!("limit {}", rate_text(*rate)),
            None => "limit off".to_owned(),
        },
        Request::Until { at } => match at {
            Some(at) => format!("until {}", until_text(*at, Utc::now())),
            None => "until off".to_owned(),
        },
    };
    board.note(LogLevel::Info, format!("{asked}, asked by {who}"));
    match request {
        Request::Pause => {
            control.pause();
            board.hold(true);
        }
        Request::Resume => {
            control.resume();
            board.hold(false);
        }
        Request::Cancel => control.cancel(),
        Request::Limit { bytes_per_second } => {
            control.limit(bytes_per_second);
            board.limits(control.limits());
        }
        Request::Until { at } if board.kind().ends_in_part() => {
            control.until(at);
            board.limits(control.limits());
        }
        Request::Until { .. } => {
            board.note(LogLevel::Warn, format!("until: a {} is not left in part", board.kind().word()));
        }
    }
}

async fn write(writing: &mut OwnedWriteHalf, line: &[u8]) -> Result<()> {
    let slow = |_| Error::new(Code::Unavailable, "a view does not read");
    timeout(SEND_LIMIT, writing.write_all(line)).await.map_err(slow)??;
    Ok(())
}

/// A connection, for as long as it is served.
struct Open(Arc<watch::Sender<usize>>);

impl Open {
    fn new(connections: &Arc<watch::Sender<usize>>) -> Open {
        connections.send_modify(|count| *count += 1);
        Open(Arc::clone(connections))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

/// A view that is counted for as long as it is served.
struct Counted<'a>(&'a Board);

impl Counted<'_> {
    fn new(board: &Board) -> Counted<'_> {
        board.count(1);
        Counted(board)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.count(-1);
    }
}

#[cfg(test)]
#[path = "serve_tests.rs"]
mod tests;
