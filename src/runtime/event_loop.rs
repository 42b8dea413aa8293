//! One thread: signals, keys, messages of tasks and time in; at most one frame for many of them out.

use std::collections::VecDeque;
use std::pin::pin;
use std::time::Duration;

use chrono::Utc;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::screen::Screen;
use super::tasks::Tasks;
use super::{Left, keys};
use crate::app::{App, Effect, Key, Msg, update};
use crate::error::{Exit, Result};
use crate::term::{Input, InputStream, Signal, can_suspend, is_in_foreground, stop_process_group};

/// The shortest time between two frames.
const FRAME: Duration = Duration::from_millis(16);
/// The shortest time between two frames that nobody's key asked for: over a slow line they are what costs.
const QUIET_FRAME: Duration = Duration::from_millis(500);
/// So long after a key its results are shown at once.
const ATTENTION: Duration = Duration::from_secs(1);
/// How long the first frame waits for what the disk's cache has.
const FIRST_FRAME: Duration = Duration::from_millis(40);
/// How long one that is continued in the background waits for the signal that may have been meant.
const BACKGROUND: Duration = Duration::from_millis(200);
/// Messages that are taken in before a frame is looked at again.
const BATCH: usize = 256;

/// What the loop wakes up for.
enum Wake {
    Signal(Option<Signal>),
    Input(Option<Input>),
    Message(Box<Msg>),
    Frame,
    Tick,
    Continue,
}

/// The loop and what it owns.
pub(super) struct EventLoop {
    app: App,
    screen: Screen,
    tasks: Tasks,
    signals: mpsc::Receiver<Signal>,
    input: InputStream,
    left: Option<Left>,
    /// Leave the screen and stop.
    suspend: bool,
    /// Draw over whatever is there.
    repaint: bool,
    last_frame: Instant,
    last_input: Instant,
    last_tick: Instant,
}

impl EventLoop {
    pub(super) fn new(app: App, screen: Screen, tasks: Tasks, signals: mpsc::Receiver<Signal>) -> Result<EventLoop> {
        let now = Instant::now();
        let past = now.checked_sub(QUIET_FRAME).unwrap_or(now);
        let input = InputStream::open()?;
        let left = None;
        Ok(EventLoop {
            app,
            screen,
            tasks,
            signals,
            input,
            left,
            suspend: false,
            repaint: false,
            last_frame: past,
            last_input: now,
            last_tick: now,
        })
    }

    /// Runs until the console is left, then says which runs go on.
    pub(super) async fn run(mut self) -> Result<Left> {
        let effects = self.app.start();
        self.carry_out(effects)?;
        self.tasks.watch_servers();
        self.first_frame().await?;
        while self.left.is_none() {
            match self.wake().await {
                Wake::Signal(signal) => self.signal(signal)?,
                Wake::Input(input) => self.input(input)?,
                Wake::Message(msg) => self.messages(*msg)?,
                Wake::Frame => self.draw()?,
                Wake::Tick => {
                    self.last_tick = Instant::now();
                    self.update(Msg::Tick(Utc::now()))?;
                }
                Wake::Continue => self.update(Msg::Continue)?,
            }
            if std::mem::take(&mut self.suspend) {
                self.stop().await?;
            }
            if self.screen.is_gone() {
                self.left = Some(Left::Exit(Exit::Done));
            }
        }
        drop(self.screen);
        self.tasks.say_goodbye();
        Ok(self.left.unwrap_or(Left::Exit(Exit::Done)))
    }

    /// Waits a moment for the cache, so that the first frame shows it; never for a server.
    async fn first_frame(&mut self) -> Result<()> {
        let deadline = Instant::now() + FIRST_FRAME;
        while !self.tasks.cache_was_read() {
            match tokio::time::timeout_at(deadline, self.tasks.next()).await {
                Ok(msg) => self.update(msg)?,
                Err(_) => break,
            }
        }
        self.draw()
    }

    async fn wake(&mut self) -> Wake {
        let frame = self.next_frame();
        let tick = self.app.tick_every().map(|every| self.last_tick + every);
        let busy = self.app.is_busy();
        let mut frame_due = pin!(at(frame));
        let mut tick_due = pin!(at(tick));
        tokio::select! {
            biased;
            signal = self.signals.recv() => Wake::Signal(signal),
            () = &mut frame_due => Wake::Frame,
            input = self.input.next() => Wake::Input(input),
            msg = self.tasks.next() => Wake::Message(Box::new(msg)),
            () = &mut tick_due => Wake::Tick,
            () = std::future::ready(()), if busy => Wake::Continue,
        }
    }

    /// When the next frame is due; none while nothing changed.
    fn next_frame(&self) -> Option<Instant> {
        if !self.app.is_dirty() && !self.repaint {
            return None;
        }
        let attended = self.last_input + ATTENTION > self.last_frame;
        Some(self.last_frame + if attended { FRAME } else { QUIET_FRAME })
    }

    fn draw(&mut self) -> Result<()> {
        let repaint = std::mem::take(&mut self.repaint);
        let drawn = if repaint { self.screen.redraw(&self.app) } else { self.screen.draw(&self.app) };
        if drawn.is_err() {
            // The terminal is gone: that is how a closed window looks when no signal came.
            self.left = Some(Left::Exit(Exit::Done));
            return Ok(());
        }
        self.app.clear_dirty();
        self.last_frame = Instant::now();
        self.update(Msg::Drawn(Utc::now()))
    }

    fn signal(&mut self, signal: Option<Signal>) -> Result<()> {
        match signal {
            None | Some(Signal::HangUp) => self.left = Some(Left::Exit(Exit::Done)),
            Some(Signal::Terminate) => self.left = Some(Left::Exit(Exit::Interrupted)),
            Some(Signal::Interrupt) => self.key(Key::Ctrl('c'))?,
            Some(Signal::Suspend) => self.suspend = true,
            Some(Signal::Continue) => self.come_back()?,
        }
        Ok(())
    }

    fn input(&mut self, input: Option<Input>) -> Result<()> {
        self.last_input = Instant::now();
        match input {
            None => self.left = Some(Left::Exit(Exit::Done)),
            Some(Input::Key(event)) => {
                if let Some(key) = keys::key(event) {
                    self.key(key)?;
                }
            }
            Some(Input::Paste(text)) => self.update(Msg::Paste(text))?,
            Some(Input::Focus(focus)) => self.update(Msg::Focus(focus))?,
            Some(Input::Resize) => self.resize()?,
        }
        Ok(())
    }

    fn key(&mut self, key: Key) -> Result<()> {
        self.update(Msg::Key { key, at: Utc::now() })
    }

    fn resize(&mut self) -> Result<()> {
        match self.screen.size() {
            Ok((columns, rows)) => self.update(Msg::Resize { columns, rows }),
            Err(_) => Ok(()),
        }
    }

    fn messages(&mut self, first: Msg) -> Result<()> {
        self.update(first)?;
        for _ in 1..BATCH {
            match self.tasks.waiting() {
                Some(msg) => self.update(msg)?,
                None => break,
            }
        }
        Ok(())
    }

    fn update(&mut self, msg: Msg) -> Result<()> {
        let effects = update(&mut self.app, msg);
        self.carry_out(effects)
    }

    /// Effects of the terminal are carried out here, all others by tasks.
    fn carry_out(&mut self, effects: Vec<Effect>) -> Result<()> {
        let mut waiting = VecDeque::from(effects);
        while let Some(effect) = waiting.pop_front() {
            match effect {
                Effect::Quit => self.left = Some(Left::Exit(Exit::Done)),
                Effect::Start(choice) => self.left = Some(Left::Start(choice)),
                Effect::OpenProfile(name) => self.left = Some(Left::Profile(name)),
                Effect::Suspend if can_suspend() => self.suspend = true,
                Effect::Suspend => {
                    let text = "not suspended: no shell is there that could continue it".to_owned();
                    waiting.extend(update(&mut self.app, Msg::Note(text)));
                }
                Effect::Repaint => self.repaint = true,
                Effect::Notify(text) => self.screen.notify(&text),
                Effect::Copy { what, text } => {
                    let copied = self.screen.copy(&text);
                    waiting.extend(update(&mut self.app, Msg::Copied { what, shown: (!copied).then_some(text) }));
                }
                other => self.tasks.start(other),
            }
        }
        Ok(())
    }

    /// Leaves the screen and stops until somebody continues us. Who is continued in the background has no terminal to
    /// come back to: it ends if that was meant, and stops again.
    async fn stop(&mut self) -> Result<()> {
        self.screen.leave();
        stop_process_group();
        loop {
            match timeout_at(Instant::now() + BACKGROUND, self.signals.recv()).await {
                Ok(Some(Signal::Continue)) if is_in_foreground() => return self.come_back(),
                Ok(None | Some(Signal::HangUp)) => self.left = Some(Left::Exit(Exit::Done)),
                Ok(Some(Signal::Terminate)) => self.left = Some(Left::Exit(Exit::Interrupted)),
                Ok(Some(Signal::Continue | Signal::Interrupt | Signal::Suspend)) => {}
                Err(_) if is_in_foreground() => return self.come_back(),
                Err(_) => stop_process_group(),
            }
            if self.left.is_some() {
                return Ok(());
            }
        }
    }

    fn come_back(&mut self) -> Result<()> {
        if self.screen.enter_again().is_err() {
            self.left = Some(Left::Exit(Exit::Done));
        }
        self.repaint = true;
        self.last_input = Instant::now();
        self.resize()
    }
}

async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
