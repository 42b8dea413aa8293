//! Waiting for a run: progress until its end; Ctrl-C asks whether to detach or to cancel. The run belongs to its
//! worker: whatever happens here, it goes on, unless it was asked to stop.

use std::io::{BufRead, Write};

use chrono::Utc;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

use super::ask::forget_typed;
use super::progress::{Progress, log_text};
use super::session::Session;
use super::steering::{LINES, Lines, MORE_LINES};
use crate::client::{self, Attached};
use crate::error::Result;
use crate::ipc::{Reply, Request};
use crate::model::{Event, LogLevel, RunId, RunSnapshot, RunState};

/// How the waiting ended.
#[derive(Debug)]
pub enum Followed {
    /// The run ended in this state.
    Ended(RunSnapshot),
    /// It goes on without us; the state when we left.
    Detached(RunSnapshot),
}

/// What somebody at the terminal wants: after Ctrl-C, or by a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Nothing: the waiting goes on.
    GoOn,
    /// Leave it to itself.
    Detach,
    /// Stop it.
    Cancel,
    /// Hold it, or let it go on.
    Pause,
    /// Stop it, once that was answered with yes.
    AskCancel,
    /// The answer.
    Yes,
    /// What can be typed.
    Help,
    /// Change what it may take.
    Limits(Request),
    /// What was typed is not that.
    Wrong(String),
}

impl Wish {
    /// A request as it was typed, or what is wrong with it.
    pub fn limits(request: Result<Request>) -> Wish {
        match request {
            Ok(request) => Wish::Limits(request),
            Err(error) => {
                let next = error.next_step().map(|next| format!("; {next}")).unwrap_or_default();
                Wish::Wrong(format!("{error}{next}"))
            }
        }
    }
}

/// The signals that stop or leave a run. Listened to before the run is started, so that none ends this process while
/// the run begins.
#[derive(Debug)]
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl Signals {
    /// Begins to listen; must be called inside a runtime.
    pub fn listen() -> Result<Signals> {
        Ok(Signals {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }
}

/// Attaches to a run and waits for its end.
pub async fn follow(session: &Session, signals: &mut Signals, run: &RunId) -> Result<Followed> {
    let attached = client::attach(&session.edge.paths, run).await?;
    Follower::new(session, signals, attached).wait().await
}

struct Follower<'a> {
    session: &'a Session,
    attached: Attached,
    snapshot: RunSnapshot,
    progress: Progress<'a>,
    signals: &'a mut Signals,
    wishes: mpsc::UnboundedSender<Wish>,
    answers: mpsc::UnboundedReceiver<Wish>,
    asking: bool,
    /// Whether the question of `K` waits for its answer.
    cancelling: bool,
    /// Lines that steer, where there are no bars and somebody may type.
    lines: Option<Lines>,
}

impl<'a> Follower<'a> {
    fn new(session: &'a Session, signals: &'a mut Signals, attached: Attached) -> Follower<'a> {
        let snapshot = attached.snapshot.clone();
        let bars = session.edge.error_is_terminal && !session.globals.plain;
        let progress = Progress::new(&session.output, bars, session.globals.ascii, &snapshot);
        let (wishes, answers) = mpsc::unbounded_channel();
        let lines = (session.globals.plain && session.edge.can_ask).then(|| Lines::read(wishes.clone()));
        if lines.is_some() {
            session.output.say(LINES);
        }
        Follower {
            session,
            attached,
            snapshot,
            progress,
            signals,
            wishes,
            answers,
            asking: false,
            cancelling: false,
            lines,
        }
    }

    async fn wait(mut self) -> Result<Followed> {
        let followed = self.watch().await;
        self.progress.finish();
        followed
    }

    async fn watch(&mut self) -> Result<Followed> {
        loop {
            if !self.asking {
                self.progress.show(&self.snapshot);
            }
            tokio::select! {
                reply = self.attached.next() => {
                    if let Some(ended) = self.take(reply?) {
                        return ended;
                    }
                }
                _ = self.signals.hang_up.recv() => return Ok(Followed::Detached(self.snapshot.clone())),
                _ = self.signals.terminate.recv() => self.cancel().await,
                _ = self.signals.interrupt.recv() => {
                    if self.asking {
                        return Ok(self.detach());
                    }
                    if self.lines.is_some() {
                        self.session.output.say(LINES);
                    } else if self.session.edge.can_ask {
                        self.ask();
                    } else {
                        self.cancel().await;
                    }
                }
                Some(wish) = self.answers.recv() => {
                    self.asking = false;
                    self.progress.unhide();
                    let asked = std::mem::take(&mut self.cancelling);
                    match wish {
                        Wish::GoOn => {}
                        Wish::Detach => return Ok(self.detach()),
                        Wish::Cancel => self.cancel().await,
                        Wish::Yes if asked => self.cancel().await,
                        Wish::Pause => self.pause().await,
                        Wish::AskCancel => {
                            self.cancelling = true;
                            let suffix = self.snapshot.run.suffix();
                            self.session.output.say(&format!("cancel run {suffix}? type y and Enter; else it goes on"));
                        }
                        Wish::Help | Wish::Yes => {
                            self.session.output.say(LINES);
                            self.session.output.say(MORE_LINES);
                        }
                        Wish::Limits(request) => self.limit(request).await,
                        Wish::Wrong(text) => self.session.output.say(&text),
                    }
                }
            }
        }
    }

    /// Takes a reply; the end, if it is one.
    fn take(&mut self, reply: Option<Reply>) -> Option<Result<Followed>> {
        match reply {
            Some(Reply::Event { event }) => {
                self.log(&event);
                self.snapshot.apply(event);
                None
            }
            Some(Reply::Welcome { snapshot }) => {
                self.snapshot = *snapshot;
                None
            }
            Some(Reply::Ended { snapshot }) => {
                self.progress.show(&snapshot);
                Some(Ok(Followed::Ended(*snapshot)))
            }
            Some(Reply::Refused { reason }) => Some(Err(reason.into())),
            None => Some(Ok(Followed::Ended(self.snapshot.clone()))),
        }
    }

    fn log(&self, event: &Event) {
        let least = match self.session.globals.verbose {
            0 => LogLevel::Warn,
            1 => LogLevel::Info,
            _ => LogLevel::Debug,
        };
        if let Event::Log { line } = event
            && let Some(text) = log_text(line, least)
            && !self.asking
        {
            self.progress.suspend(|| self.session.output.say(&text));
        }
    }

    /// A run that ended meanwhile takes no request: its end comes as the next reply.
    async fn cancel(&mut self) {
        let text = match self.attached.send(Request::Cancel).await {
            Ok(()) => "stopping safely: a target in the middle of its exchange is finished first",
            Err(_) => "the run is ending already",
        };
        self.progress.suspend(|| self.session.output.say(text));
    }

    async fn pause(&mut self) {
        let (request, text) = match self.snapshot.state {
            RunState::Paused => (Request::Resume, "going on"),
            _ => (Request::Pause, "pausing: the steps in hand are finished, then it holds; P goes on"),
        };
        let text = if self.attached.send(request).await.is_ok() { text } else { "the run is ending already" };
        self.session.output.say(text);
    }

    async fn limit(&mut self, request: Request) {
        let mut limits = self.snapshot.limits;
        match &request {
            Request::Until { .. } if !self.snapshot.kind.ends_in_part() => {
                return self.session.output.say(&format!("a {} is not left in part", self.snapshot.kind.word()));
            }
            Request::Until { at } => limits.until = *at,
            Request::Limit { bytes_per_second } => limits.bytes_per_second = *bytes_per_second,
            _ => {}
        }
        let text = match (self.attached.send(request).await, limits.text(Utc::now())) {
            (Err(_), _) => "the run is ending already".to_owned(),
            (Ok(()), text) if text.is_empty() => "the run: no limits".to_owned(),
            (Ok(()), text) => format!("the run: {text}"),
        };
        self.session.output.say(&text);
    }

    fn detach(&self) -> Followed {
        Followed::Detached(self.snapshot.clone())
    }

    /// Asks on a thread of its own, so that the run is watched meanwhile.
    fn ask(&mut self) {
        self.asking = true;
        let suffix = self.snapshot.run.suffix().to_owned();
        self.progress.hide();
        forget_typed();
        let mut screen = std::io::stderr().lock();
        let _ = write!(screen, "\nrun {suffix}: d detach (it goes on), c cancel safely, Enter go on waiting: ");
        let _ = screen.flush();
        drop(screen);
        let wishes = self.wishes.clone();
        std::thread::spawn(move || {
            let mut answer = String::new();
            let read = std::io::stdin().lock().read_line(&mut answer);
            let _ = wishes.send(match (read, answer.trim()) {
                (Ok(0) | Err(_), _) | (_, "d") => Wish::Detach,
                (_, "c") => Wish::Cancel,
                _ => Wish::GoOn,
            });
        });
    }
}
