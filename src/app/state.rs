//! The console's state.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::basket::{Basket, Figures};
use super::data::{Data, Log};
use super::doctor::Doctor;
use super::filter::Source;
use super::keys::Keys;
use super::list::List;
use super::lists::{first_sort, source_of};
use super::marks::Marking;
use super::nav::{Screen, Trail, View};
use super::options::{Here, LakeInfo, Look, Options, Start};
use super::runs::Runs;
use super::services::Watched;
use super::shown::{BarMode, Level, Note, Overlay, Part};
use super::tables::Tables;
use crate::error::Result;
use crate::model::{Histogram, LogLevel, RunId, RunSnapshot, Subject, TableName};

/// The console.
#[derive(Clone, Debug)]
pub struct App {
    pub(crate) size: (u16, u16),
    pub(crate) dirty: bool,
    pub(crate) lake: LakeInfo,
    pub(crate) look: Look,
    pub(crate) keys: Keys,
    pub(crate) trail: Trail,
    pub(crate) overlay: Overlay,
    pub(crate) data: Data,
    pub(crate) lists: HashMap<View, List>,
    pub(crate) services: Vec<Watched>,
    pub(crate) note: Option<Note>,
    pub(crate) bars: BarMode,
    pub(crate) wide: bool,
    pub(crate) part: Part,
    /// The row that the panes are about: they follow the cursor after 100 ms of rest.
    pub(crate) pane: Option<(View, u32)>,
    /// The run's screen stands still.
    pub(crate) frozen: Option<Box<RunSnapshot>>,
    /// At the first start, what there is to begin with.
    pub(crate) here: Option<Here>,
    /// The place in the first start's choices, or in a text that scrolls.
    pub(crate) place: usize,
    pub(crate) opened: DateTime<Utc>,
    pub(crate) last_key: Option<DateTime<Utc>>,
    /// When Escape was pressed last, and until when its fragments are thrown away.
    pub(crate) escape: (Option<DateTime<Utc>>, Option<DateTime<Utc>>),
    /// Tables that were listed unasked.
    pub(crate) requested: HashSet<TableName>,
    /// Tables whose targets were asked for.
    pub(crate) asked: HashSet<TableName>,
    pub(crate) cached: bool,
    /// Whether the names of the tables were read.
    pub(crate) loaded: bool,
    /// What is inspected, as it would be afterwards.
    pub(crate) predicted: Option<(TableName, Histogram)>,
    /// Rows that are being marked.
    pub(crate) marking: Option<Marking>,
    pub(crate) focused: bool,
    /// When the runs were asked for last.
    pub(crate) runs_asked: DateTime<Utc>,
}

impl App {
    /// Makes it; `start` says what to do first. An unusable key or theme is an error.
    pub fn new(options: Options) -> Result<App> {
        let keys = Keys::new(&options.keys)?;
        let now = options.now;
        let view = match &options.start {
            Start::NoConfiguration(_) => View::Start,
            Start::Lake => View::Lake,
            Start::Table(table) => View::Inspect(Subject::Table(table.clone())),
            Start::Target(target) => View::Inspect(Subject::Target(target.clone())),
            Start::Run(run) => View::Run(run.clone()),
            Start::History => View::History,
        };
        let mut data = Data {
            now,
            policy: options.policy,
            rates: options.rates,
            tables: Tables::default(),
            partitions: HashMap::new(),
            files: None,
            readings: Vec::new(),
            basket: Basket::default(),
            plan: None,
            runs: Runs::default(),
            preview: None,
            details: None,
            doctor: Doctor::default(),
            log: Log { lines: Vec::new(), level: LogLevel::Info, frozen: None },
            ticket: None,
        };
        for mark in &options.basket {
            let figures = Figures { tables: &data.tables, rows: None, policy: &data.policy };
            data.basket.set(mark, true, &figures);
        }
        Ok(App {
            size: options.size,
            dirty: true,
            lake: options.lake,
            look: options.look,
            keys,
            trail: Trail::new(view),
            overlay: Overlay::None,
            data,
            lists: HashMap::new(),
            services: Vec::new(),
            note: None,
            bars: BarMode::default(),
            wide: false,
            part: Part::default(),
            pane: None,
            frozen: None,
            here: match options.start {
                Start::NoConfiguration(here) => Some(here),
                _ => None,
            },
            place: 0,
            opened: now,
            last_key: None,
            escape: (None, None),
            requested: HashSet::new(),
            asked: HashSet::new(),
            cached: false,
            loaded: false,
            predicted: None,
            marking: None,
            focused: true,
            runs_asked: now,
        })
    }

    /// Whether something changed since the last frame: draw only then, then call `clear_dirty`.
    pub fn is_dirty(&self) -> bool {
        self.dirty
    }

    /// A frame was made.
    pub fn clear_dirty(&mut self) {
        self.dirty = false;
    }

    /// Whether `Msg::Continue` is wanted.
    pub fn is_busy(&self) -> bool {
        self.marking.is_some() || self.lists.get(self.trail.view()).is_some_and(|list| list.working().is_some())
    }

    /// How long until the next `Msg::Tick` is wanted. While idle that is long, and writes nothing.
    pub fn tick_every(&self) -> Option<std::time::Duration> {
        if *self.view() == View::Start {
            return None;
        }
        let milliseconds = if self.pane_waits() {
            100
        } else if self.is_active() || self.lists.values().any(List::is_stale) {
            1_000
        } else {
            30_000
        };
        Some(std::time::Duration::from_millis(milliseconds))
    }

    /// Whether something on screen counts seconds.
    pub(crate) fn is_active(&self) -> bool {
        use super::plan::Phase;
        !self.data.readings.is_empty()
            || self.data.plan.as_ref().is_some_and(|plan| matches!(plan.phase, Phase::Making(_) | Phase::Checking))
            || self.data.preview.as_ref().is_some_and(|preview| {
                preview.elapsed_ms.is_none() && preview.failure.is_none() && *self.trail.view() == View::Preview
            })
            || matches!(self.trail.view(), View::Run(run) if self.is_live(run))
            || (*self.trail.view() == View::Doctor && self.data.doctor.is_busy())
    }

    /// Whether a run works, as far as is known.
    pub(crate) fn is_live(&self, run: &RunId) -> bool {
        use crate::model::RunState::{Paused, Running};
        let watched = self.data.runs.watched.get(run).map(|snapshot| snapshot.state);
        let state = watched.or_else(|| self.data.runs.get(run).map(|summary| summary.state));
        matches!(state, Some(Running | Paused))
    }

    /// Whether a run is known only by what it writes to the lake: another user's, or another host's.
    pub fn is_from_lake(&self, run: &RunId) -> bool {
        !self.data.runs.watched.contains_key(run) && self.data.runs.lost.contains_key(run) && self.is_live(run)
    }

    fn pane_waits(&self) -> bool {
        let selected = self.list().and_then(List::selected);
        self.pane.as_ref().map(|(_, row)| *row) != selected
            && self.last_key.is_some_and(|at| self.data.now - at < TimeDelta::milliseconds(100))
    }

    /// How it looks.
    pub fn look(&self) -> Look {
        self.look
    }

    /// Columns and rows.
    pub fn size(&self) -> (u16, u16) {
        self.size
    }

    /// The view that is shown.
    pub fn view(&self) -> &View {
        self.trail.view()
    }

    /// The kind of screen that keys go to.
    pub fn screen(&self) -> Screen {
        match self.overlay {
            Overlay::Help(_) => Screen::Help,
            _ => self.view().screen(),
        }
    }

    /// What is said on leaving: runs that go on without the console.
    pub fn farewell(&self) -> Option<String> {
        let mut lines = self.data.runs.live().map(|run| {
            let name = run.run.suffix();
            format!("{name} goes on: lakehand attach {name}")
        });
        let first = lines.next()?;
        Some(lines.fold(first, |all, line| format!("{all}\n{line}")))
    }

    /// The list of the view.
    pub(crate) fn list(&self) -> Option<&List> {
        self.lists.get(self.view())
    }

    /// Acts on the list of the view: the list, what it is made of, and the height of its window.
    pub(crate) fn with_list<R>(&mut self, act: impl FnOnce(&mut List, &dyn Source, usize) -> R) -> R {
        let view = self.view().clone();
        let height = self.list_height();
        let source = source_of(&view, &self.data);
        let list = self.lists.entry(view.clone()).or_insert_with(|| List::new(first_sort(&view)));
        act(list, &*source, height)
    }

    /// Renews every list that a change of data touches.
    pub(crate) fn each_list(&mut self, touched: impl Fn(&View) -> bool, act: impl Fn(&mut List, &dyn Source)) {
        for (view, list) in self.lists.iter_mut().filter(|(view, _)| touched(view)) {
            act(list, &*source_of(view, &self.data));
        }
    }

    /// Says something in row 23 until the next key.
    pub(crate) fn say(&mut self, level: Level, text: impl Into<String>) {
        self.note = Some(Note { level, text: text.into() });
        self.dirty = true;
    }

    /// Whether nothing lies over the view.
    pub fn is_bare(&self) -> bool {
        matches!(self.overlay, Overlay::None)
    }

    /// Whether a question waits for its answer.
    pub fn is_asking(&self) -> bool {
        let preview = self.data.preview.as_ref().filter(|_| *self.trail.view() == View::Preview);
        matches!(self.overlay, Overlay::Question(_)) || preview.is_some_and(|preview| preview.question.is_some())
    }
}
