//! How many rows of the frame a screen's list has: paging and the jump at the edge need it, and `ui` draws by it.

use super::nav::{Screen, View};
use super::state::App;
use crate::ledger::verdict::Verdict;
use crate::model::{ExchangedSizes, Histogram, RunKind};

/// The least size.
pub const LEAST: (u16, u16) = (60, 16);
/// From this many columns on Browse has panes side by side.
const WIDE: u16 = 110;

/// Rows above and below a list within the body; the heading is among those above.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sections {
    /// Above.
    pub above: u16,
    /// Below.
    pub below: u16,
}

impl App {
    /// Whether the terminal is too small for anything.
    pub fn is_too_small(&self) -> bool {
        self.size.0 < LEAST.0 || self.size.1 < LEAST.1
    }

    /// Whether columns and panes are left out.
    pub fn is_narrow(&self) -> bool {
        self.size.0 < 80
    }

    /// Whether panes are left out.
    pub fn is_low(&self) -> bool {
        self.size.1 < 20
    }

    /// Whether panes stand side by side.
    pub fn has_panes(&self) -> bool {
        self.size.0 >= WIDE && !self.is_low()
    }

    /// Rows between the first one and the message.
    pub fn body_height(&self) -> u16 {
        self.size.1.saturating_sub(3)
    }

    /// The sections of the view.
    pub fn sections(&self) -> Sections {
        let (above, below) = match self.view().screen() {
            Screen::Lake => (2 + u16::from(self.data.runs.attention().next().is_some()), 0),
            Screen::Browse => self.browse_sections(),
            Screen::Basket => (1, if self.is_low() { 1 } else { 3 }),
            Screen::Plan => (if self.is_low() { 2 } else { 4 }, self.plan_note_rows()),
            Screen::Attention | Screen::Doctor => (1, 0),
            Screen::Jobs => (1, if self.data.runs.live().next().is_some() { 3 } else { 0 }),
            Screen::Run => self.run_sections(),
            Screen::History => (1, if self.is_low() { 0 } else { 4 }),
            Screen::RunTargets => (if self.is_low() { 1 } else { 3 }, 0),
            Screen::Preview => self.preview_sections(),
            Screen::Log => (0, 0),
            Screen::Inspect | Screen::Steps | Screen::Start | Screen::Help => (0, 0),
        };
        let room = self.body_height().saturating_sub(1);
        let above = above.min(room);
        Sections { above, below: below.min(room - above) }
    }

    fn browse_sections(&self) -> (u16, u16) {
        match self.view() {
            _ if self.has_panes() => (2, 0),
            _ if self.is_narrow() => (1, 2),
            View::Files(_) => (2, 0),
            _ if self.is_low() => (2, 0),
            _ => (2, 6),
        }
    }

    fn run_sections(&self) -> (u16, u16) {
        let small = self.is_low() || self.is_narrow();
        let above = if small { 3 } else { 6 };
        let below = match self.run_result() {
            Some((sizes, refresh)) => sizes + if small { 0 } else { refresh },
            None if small => 3,
            None => (self.body_height() / 4).max(3) + 1,
        };
        (above, below.min(self.body_height().saturating_sub(above + 3)))
    }

    /// At the end of a run: the rows of its files by size and of the statements for readers, each with its heading.
    pub fn run_result(&self) -> Option<(u16, u16)> {
        let View::Run(run) = self.view() else { return None };
        let shown = self.data.runs.shown.get(run).filter(|_| !self.is_live(run))?;
        let rows = |lines: usize| if lines == 0 { 0 } else { lines as u16 + 1 };
        let sizes = shown.sizes.as_ref().map_or(0, |sizes| rows(self.shown_bars(sizes).len()));
        let most = usize::from(self.body_height() / 8).max(2);
        let refresh = rows(shown.refresh.len().min(most));
        (sizes + refresh > 0).then_some((sizes, refresh))
    }

    /// The bars in which a run's files were, are, or should be.
    pub fn shown_bars(&self, sizes: &ExchangedSizes) -> Vec<usize> {
        let of = |histogram: &Histogram| histogram.bars(self.data.policy.block_size).files;
        let mut files = vec![of(&sizes.before), of(&sizes.after)];
        files.extend(sizes.predicted.as_ref().map(of));
        (0..10).filter(|bar| files.iter().any(|files| files[*bar] > 0)).collect()
    }

    fn preview_sections(&self) -> (u16, u16) {
        let Some(preview) = &self.data.preview else { return (0, 0) };
        let facts = match preview.kind {
            RunKind::Rollback => 6,
            RunKind::Cleanup => 7,
            _ => 3,
        };
        let refused = preview.targets.iter().any(|target| !matches!(target.verdict, Verdict::Ready(_)));
        if self.is_low() { (if refused { 2 } else { 3 }, 2) } else { (facts, 3) }
    }

    /// The rows under a plan's list; as many for every target, so that the list does not move with the cursor.
    fn plan_note_rows(&self) -> u16 {
        let Some(plan) = self.data.plan.as_ref().and_then(|state| state.plan.as_ref()) else { return 0 };
        // The list has what it needs, up to two thirds of the room.
        let body = usize::from(self.body_height());
        let most = if self.is_low() { 1 } else { (body / 3).max(body.saturating_sub(4 + plan.targets.len())) };
        let all = 0..plan.targets.len().clamp(1, 100) as u32;
        all.map(|row| self.plan_notes(Some(row)).len().min(most)).max().unwrap_or(0) as u16
    }

    /// The height of the list's window.
    pub fn list_height(&self) -> usize {
        let sections = self.sections();
        usize::from(self.body_height().saturating_sub(sections.above + sections.below).max(1))
    }

    /// The places in the list that are on screen.
    pub(crate) fn window(&self) -> std::ops::Range<usize> {
        let height = self.list_height();
        match self.list() {
            Some(list) => {
                let top = list.top(height);
                top..(top + height).min(list.rows().len())
            }
            None => 0..0,
        }
    }
}
