//! The event loop: the only place where the pure console meets time, terminal, tasks and workers.
//!
//! Invariants: `app` and `ui` are called on one thread and never wait. Everything that asks a store, a server or a
//! worker is a task that sends messages back. The console only ever holds a `lake::Reader`; what changes the lake is
//! ordered from a worker, which goes on when the console is gone.

mod basket;
mod event_loop;
mod keys;
mod screen;
mod tasks;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use chrono::Utc;
use futures::FutureExt;

use crate::action::Patient;
use crate::app::{App, Colours, LakeInfo, Look, Options, Start, StartChoice, ThemeName};
use crate::config::{Hdfs, Paths, Settings, StoreKind};
use crate::error::{Code, Error, Exit, Result};
use crate::model::WorkRates;
use crate::term::{Glyphs, Probe, ProbeFlags, install_panic_hook, signals};

pub use basket::{load as load_basket, save as save_basket};

use event_loop::EventLoop;
use screen::Screen;
use tasks::Tasks;

/// What the console is given. No lake is opened before the first frame stands.
#[derive(Clone, Debug)]
pub struct RuntimeEnv {
    /// The profile, with its flags (`read_only`, `production`, `console.ascii`, `console.no_color`).
    pub settings: Arc<Settings>,
    /// The user's directories.
    pub paths: Paths,
    /// Where it opens.
    pub start: Start,
    /// Only the cache is shown; the lake is not asked.
    pub offline: bool,
    /// What `doctor` examines.
    pub patient: Patient,
    /// The profiles that can be opened instead.
    pub profiles: Vec<String>,
}

/// How the console was left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Left {
    /// It ends.
    Exit(Exit),
    /// At the first start a way to begin was chosen, which the caller carries out.
    Start(StartChoice),
    /// Another profile is to be opened.
    Profile(String),
}

/// Runs the console until it is left. A worker's run never ends with it. Needs a runtime of several threads: tasks read
/// files, and the loop must not wait for them.
pub async fn run(env: RuntimeEnv) -> Result<Left> {
    let console = &env.settings.console;
    let probe = Probe::of_this_process(ProbeFlags { ascii: console.ascii, no_color: console.no_color });
    if !probe.usable {
        return Err(Error::new(Code::NoTerminal, "lakehand needs a terminal")
            .next("use analyze, plan, compact, history, rollback ..., or --plain"));
    }
    let app = App::new(options(&env, &probe)?)?;
    let signals = signals()?;
    install_panic_hook(std::thread::current().id());
    let screen = Screen::enter(&probe, &env.settings.profile)?;
    let tasks = Tasks::new(env);
    let ended = AssertUnwindSafe(EventLoop::new(app, screen, tasks, signals)?.run()).catch_unwind().await;
    // The panic hook has said what happened, after it gave the terminal back.
    ended.unwrap_or(Ok(Left::Exit(Exit::Failed)))
}

fn options(env: &RuntimeEnv, probe: &Probe) -> Result<Options> {
    let settings = &env.settings;
    let lake = settings.lake.as_ref().map(|lake| lake.to_string()).unwrap_or_default();
    let theme = ThemeName::parse(&settings.console.theme)?;
    let colours = if probe.many_colours { Colours::Many } else { Colours::Sixteen };
    let (columns, rows) = crossterm::terminal::size()?;
    Ok(Options {
        now: Utc::now(),
        size: (columns, rows),
        lake: LakeInfo {
            profile: settings.profile.clone(),
            uri: lake.clone(),
            place: lake,
            production: settings.production,
            read_only: settings.read_only,
            eager: settings.store == StoreKind::Local,
            offline: env.offline,
            trash_keeps: settings.hdfs.as_ref().and_then(Hdfs::trash_keeps),
            profiles: env.profiles.clone(),
        },
        policy: settings.policy.clone(),
        rates: WorkRates::default(),
        look: Look { theme, colours, ascii: probe.glyphs == Glyphs::Ascii, no_color: !probe.colours },
        keys: settings.console.keys.clone(),
        start: env.start.clone(),
        basket: basket::load(&env.paths, settings),
    })
}
