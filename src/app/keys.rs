//! The key table: every key of the console as data. The key bar, `?`, docs/keys.md and the tests are made from it.
//!
//! A letter means the same on every screen. Lower case looks; upper case changes and, but for `P`, only opens a
//! question. Keys may be replaced by name in the configuration; `y` and the digits may not.

use std::collections::BTreeMap;

use super::key::Key;
use super::nav::Screen;
use crate::error::{Code, Error, Result};

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is documented by its row of the table")]
pub enum Action {
    Down,
    Up,
    Top,
    Bottom,
    PageDown,
    PageUp,
    HalfDown,
    HalfUp,
    In,
    Out,
    Lake,
    Browse,
    Basket,
    PlanScreen,
    Jobs,
    History,
    Log,
    NextPart,
    PreviousPart,
    Back,
    Forward,
    Last,
    Filter,
    Next,
    Previous,
    Palette,
    Help,
    Attention,
    Mark,
    Range,
    All,
    None,
    Sort,
    Inspect,
    Bars,
    Wide,
    Freeze,
    Reload,
    Scope,
    Level,
    Copy,
    Plan,
    Execute,
    RollBack,
    Recover,
    CleanUp,
    Pause,
    Cancel,
    Quit,
    Stop,
    Suspend,
    Repaint,
}

/// The parts of the help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Group {
    /// Looking: nothing in the lake changes.
    Look,
    /// Changing: asks first.
    Change,
    /// Moving the cursor and between screens.
    Move,
    /// Leaving and the terminal.
    Leave,
}

impl Group {
    /// The heading.
    pub fn title(self) -> &'static str {
        match self {
            Group::Move => "move",
            Group::Look => "look",
            Group::Change => "change (asks first)",
            Group::Leave => "leave, stop",
        }
    }
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    /// What it does.
    pub action: Action,
    /// The name in the configuration.
    pub name: &'static str,
    /// The keys, the usual one first.
    pub keys: &'static [Key],
    /// Where it has a meaning.
    pub screens: &'static [Screen],
    /// The part of the help.
    pub group: Group,
    /// What it does, in words.
    pub help: &'static str,
}

use Key::{Char, Ctrl, F};
use Screen as S;

const EVERYWHERE: &[Screen] = Screen::ALL;
const TABLES: &[Screen] = &[S::Lake, S::Browse];
const MARKED: &[Screen] = &[S::Lake, S::Browse, S::Inspect, S::Basket, S::History, S::RunTargets];

/// Every key.
pub const TABLE: &[Binding] = &[
    row(Action::Down, "down", &[Char('j'), Key::Down], EVERYWHERE, Group::Move, "down"),
    row(Action::Up, "up", &[Char('k'), Key::Up], EVERYWHERE, Group::Move, "up"),
    row(Action::Top, "top", &[Char('g'), Key::Home], EVERYWHERE, Group::Move, "first row"),
    row(Action::Bottom, "bottom", &[Char('G'), Key::End], EVERYWHERE, Group::Move, "last row"),
    row(Action::PageDown, "page-down", &[Key::PageDown], EVERYWHERE, Group::Move, "a page down"),
    row(Action::PageUp, "page-up", &[Key::PageUp], EVERYWHERE, Group::Move, "a page up"),
    row(Action::HalfDown, "half-down", &[Ctrl('d')], EVERYWHERE, Group::Move, "half a page down"),
    row(Action::HalfUp, "half-up", &[Ctrl('u')], EVERYWHERE, Group::Move, "half a page up"),
    row(Action::In, "in", &[Key::Enter, Char('l'), Key::Right], EVERYWHERE, Group::Move, "into the row; next step"),
    row(Action::Out, "out", &[Key::Esc, Char('h'), Key::Left], EVERYWHERE, Group::Move, "out; clears the filter first"),
    row(Action::NextPart, "next-part", &[Key::Tab], EVERYWHERE, Group::Move, "next part or pane"),
    row(Action::PreviousPart, "previous-part", &[Key::BackTab], EVERYWHERE, Group::Move, "previous part or pane"),
    row(Action::Back, "back", &[Char('[')], EVERYWHERE, Group::Move, "the view before this one"),
    row(Action::Forward, "forward", &[Char(']')], EVERYWHERE, Group::Move, "forward again"),
    row(Action::Last, "last", &[Char('-')], EVERYWHERE, Group::Move, "the last view, and back"),
    row(Action::Lake, "lake", &[Char('0')], EVERYWHERE, Group::Move, "Lake: the worst tables of all databases"),
    row(
        Action::Browse,
        "browse",
        &[Char('1')],
        EVERYWHERE,
        Group::Move,
        "Browse: databases, tables, partitions, files",
    ),
    row(Action::Basket, "basket", &[Char('2')], EVERYWHERE, Group::Move, "Basket: what is marked"),
    row(Action::PlanScreen, "plan-screen", &[Char('3')], EVERYWHERE, Group::Move, "Plan: what would be done"),
    row(Action::Jobs, "jobs", &[Char('4')], EVERYWHERE, Group::Move, "Jobs: runs that work now"),
    row(Action::History, "history", &[Char('5')], EVERYWHERE, Group::Move, "History: every run of the lake"),
    row(Action::Log, "log", &[Char('6')], EVERYWHERE, Group::Move, "Log"),
    row(
        Action::Filter,
        "filter",
        &[Char('/')],
        FILTERED,
        Group::Look,
        "text !text ~fuzzy >100 avg<1M is:bad db:sales re:^a.*b",
    ),
    row(Action::Next, "next", &[Char('n')], SEARCHED, Group::Look, "next match or target"),
    row(Action::Previous, "previous", &[Char('N')], SEARCHED, Group::Look, "previous match or target"),
    row(Action::Palette, "palette", &[Char(':')], EVERYWHERE, Group::Look, "palette: every act, screen, table, run"),
    row(Action::Help, "help", &[Char('?'), F(1)], EVERYWHERE, Group::Look, "help for this screen"),
    row(Action::Attention, "attention", &[Char('!')], EVERYWHERE, Group::Look, "what needs a person"),
    row(Action::Mark, "mark", &[Char(' ')], MARKED, Group::Look, "mark, go down; again takes the mark off"),
    row(Action::Range, "range", &[Char('v')], TABLES, Group::Look, "start a range; moving marks; v ends it"),
    row(Action::All, "all", &[Char('a')], TABLES, Group::Look, "mark all that is listed and passes the filter"),
    row(Action::None, "none", &[Char('u')], MARKED, Group::Look, "take all marks off; again brings them back"),
    row(Action::Sort, "sort", &[Char('s')], TABLES, Group::Look, "sort menu; the same letter again reverses"),
    row(Action::Inspect, "inspect", &[Char('i'), Char('d')], INSPECTED, Group::Look, "inspect a table or partition"),
    row(Action::Bars, "bars", &[Char('b')], BARRED, Group::Look, "bars: files log, files linear, bytes linear"),
    row(Action::Wide, "wide", &[Char('w')], TABLES, Group::Look, "more columns"),
    row(Action::Freeze, "freeze", &[Char('f')], &[S::Run, S::Log], Group::Look, "freeze, or follow again"),
    row(Action::Reload, "reload", &[Char('r')], RELOADED, Group::Look, "read again; check again"),
    row(Action::Scope, "scope", &[Char('t')], &[S::Preview], Group::Look, "wider scope: target, table, run"),
    row(Action::Level, "level", &[Char('e')], &[S::Log], Group::Look, "least level that is shown"),
    row(Action::Copy, "copy", &[Char('c')], EVERYWHERE, Group::Look, "copy menu: path, table, run, command, JSON"),
    row(Action::Plan, "plan", &[Char('p')], &[S::Lake, S::Browse, S::Inspect, S::Basket], Group::Look, PLAN_HELP),
    row(Action::Execute, "execute", &[Char('X')], EVERYWHERE, Group::Change, "execute the plan"),
    row(Action::RollBack, "roll-back", &[Char('R')], EVERYWHERE, Group::Change, "roll back what the cursor is on"),
    row(Action::Recover, "recover", &[Char('F')], EVERYWHERE, Group::Change, "recover: finish or take back a dead run"),
    row(Action::CleanUp, "clean-up", &[Char('C')], EVERYWHERE, Group::Change, "clean up: delete a run's backups"),
    row(Action::Pause, "pause", &[Char('P')], EVERYWHERE, Group::Change, "pause or resume, at once"),
    row(Action::Cancel, "cancel", &[Char('K')], EVERYWHERE, Group::Change, "cancel the run, safely"),
    row(Action::Quit, "quit", &[Char('q')], EVERYWHERE, Group::Leave, "leave the view; at the root leave lakehand"),
    row(Action::Stop, "stop", &[Ctrl('c')], EVERYWHERE, Group::Leave, "stop reading, clear input; never stops a run"),
    row(Action::Suspend, "suspend", &[Ctrl('z')], EVERYWHERE, Group::Leave, "suspend; fg comes back"),
    row(Action::Repaint, "repaint", &[Ctrl('l')], EVERYWHERE, Group::Leave, "draw everything anew"),
];

const PLAN_HELP: &str = "plan the basket, or else the row";
const FILTERED: &[Screen] =
    &[S::Lake, S::Browse, S::Basket, S::Plan, S::History, S::RunTargets, S::Log, S::Help, S::Preview];
const SEARCHED: &[Screen] =
    &[S::Lake, S::Browse, S::Basket, S::Plan, S::Steps, S::History, S::RunTargets, S::Log, S::Help, S::Preview];
const INSPECTED: &[Screen] = &[S::Lake, S::Browse, S::Basket, S::Plan, S::Steps];
const BARRED: &[Screen] = &[S::Browse, S::Inspect, S::Run];
const RELOADED: &[Screen] = &[
    S::Lake,
    S::Browse,
    S::Inspect,
    S::Plan,
    S::Jobs,
    S::Run,
    S::History,
    S::RunTargets,
    S::Preview,
    S::Attention,
    S::Doctor,
];

const fn row(
    action: Action,
    name: &'static str,
    keys: &'static [Key],
    screens: &'static [Screen],
    group: Group,
    help: &'static str,
) -> Binding {
    Binding { action, name, keys, screens, group, help }
}

/// A bar entry: what, the word beside the key, and its rank; the highest ranks leave first where the row is short.
pub type BarItem = (Action, &'static str, u8);

/// The entries of a screen's key bar, in order.
pub fn bar(screen: Screen) -> &'static [BarItem] {
    use Action as A;
    match screen {
        S::Lake => &[
            (A::In, "open", 0),
            (A::Mark, "mark", 0),
            (A::Plan, "plan", 0),
            (A::Inspect, "inspect", 0),
            (A::RollBack, "roll back", 5),
            (A::Sort, "sort", 2),
            (A::Filter, "filter", 1),
            (A::Palette, "command", 3),
            (A::Help, "help", 0),
        ],
        S::Browse => &[
            (A::In, "open", 6),
            (A::Mark, "mark", 0),
            (A::Range, "range", 3),
            (A::All, "all", 3),
            (A::None, "none", 3),
            (A::Plan, "plan", 0),
            (A::Inspect, "inspect", 0),
            (A::Sort, "sort", 2),
            (A::Filter, "filter", 1),
            (A::NextPart, "pane", 8),
            (A::Palette, "command", 7),
            (A::Help, "help", 0),
        ],
        S::Inspect => &[
            (A::NextPart, "part", 0),
            (A::Bars, "bars", 2),
            (A::Plan, "plan", 0),
            (A::Mark, "mark", 1),
            (A::Copy, "copy", 3),
            (A::RollBack, "roll back", 0),
            (A::Out, "back", 0),
        ],
        S::Basket => &[
            (A::Plan, "plan", 0),
            (A::In, "targets", 1),
            (A::Mark, "drop", 0),
            (A::None, "none", 1),
            (A::Palette, "command", 2),
            (A::Help, "help", 3),
            (A::Out, "back", 0),
        ],
        S::Plan => &[
            (A::In, "walk the steps", 0),
            (A::Reload, "check again", 2),
            (A::Copy, "copy", 1),
            (A::Palette, "save", 2),
            (A::Execute, "execute", 0),
            (A::Out, "back", 0),
        ],
        S::Steps => &[
            (A::In, "next step", 0),
            (A::Down, "step", 1),
            (A::Next, "next target", 1),
            (A::Copy, "copy", 2),
            (A::Out, "plan", 0),
        ],
        S::Jobs => &[
            (A::In, "watch", 0),
            (A::Pause, "pause", 0),
            (A::Cancel, "cancel", 0),
            (A::Reload, "read again", 2),
            (A::Help, "help", 1),
            (A::Out, "back", 0),
        ],
        S::Run => &[
            (A::Freeze, "freeze", 1),
            (A::Pause, "pause", 0),
            (A::Cancel, "cancel", 0),
            (A::RollBack, "roll back", 1),
            (A::Recover, "recover", 1),
            (A::Copy, "copy", 3),
            (A::Palette, "limit 50MB/s  :until 05:30", 2),
            (A::Out, "back", 0),
            (A::Help, "help", 1),
        ],
        S::RunTargets => &[
            (A::In, "detail", 1),
            (A::Mark, "mark", 1),
            (A::RollBack, "roll back", 0),
            (A::CleanUp, "clean up", 0),
            (A::Copy, "copy", 3),
            (A::Filter, "filter", 2),
            (A::Help, "help", 4),
            (A::Out, "back", 0),
        ],
        S::History => &[
            (A::In, "targets", 0),
            (A::RollBack, "roll back", 0),
            (A::CleanUp, "clean up", 0),
            (A::Attention, "", 2),
            (A::Copy, "copy", 3),
            (A::Filter, "filter", 2),
            (A::Help, "help", 4),
        ],
        S::Preview => &[(A::Scope, "scope", 1), (A::Reload, "check again", 2), (A::Out, "cancel", 0)],
        S::Log => &[
            (A::Freeze, "freeze", 0),
            (A::Filter, "filter", 1),
            (A::Level, "level", 1),
            (A::In, "full text", 2),
            (A::Copy, "copy", 3),
            (A::Out, "back", 0),
        ],
        S::Attention => &[
            (A::In, "open", 0),
            (A::Recover, "recover", 0),
            (A::Reload, "read again", 1),
            (A::Help, "help", 2),
            (A::Out, "back", 0),
        ],
        S::Doctor => &[
            (A::Reload, "check again", 0),
            (A::In, "detail", 0),
            (A::Copy, "copy report", 1),
            (A::Help, "help", 2),
            (A::Out, "back", 0),
        ],
        S::Start => &[(A::Down, "choose", 0), (A::In, "go", 0), (A::Help, "help", 0), (A::Quit, "quit", 0)],
        S::Help => &[(A::Filter, "search", 0), (A::Down, "move", 1), (A::Out, "close", 0)],
    }
}

/// The keys in force: the table, with what the configuration replaced.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    replaced: BTreeMap<Action, Vec<Key>>,
}

impl Keys {
    /// The table with replacements by name. An unknown name, a key that cannot be read or that already means something
    /// else, `y` and digits are errors.
    pub fn new(replacements: &BTreeMap<String, String>) -> Result<Keys> {
        let mut keys = Keys::default();
        for (name, text) in replacements {
            let binding = TABLE.iter().find(|binding| binding.name == name).ok_or_else(|| unknown_name(name))?;
            let parsed: Option<Vec<Key>> = text.split_whitespace().map(Key::parse).collect();
            let parsed = parsed.filter(|keys| !keys.is_empty()).ok_or_else(|| {
                invalid(name, format!("{text:?} is not a key"))
                    .next("write x, X, Space, Ctrl-u or F5; several with spaces")
            })?;
            if let Some(fixed) = parsed.iter().find(|key| matches!(key, Char('y' | '0'..='9') | Key::Enter | Key::Esc))
            {
                return Err(invalid(name, format!("{fixed} cannot be given another meaning")));
            }
            let changes = binding.group == Group::Change;
            if let Some(wrong) = parsed.iter().find(|key| changes != key.is_upper() && !matches!(key, F(_))) {
                let rule = if changes {
                    "a key that changes is an upper-case letter"
                } else {
                    "upper case is kept for keys that change"
                };
                if changes || wrong.is_upper() {
                    return Err(invalid(name, format!("{wrong}: {rule}")));
                }
            }
            keys.replaced.insert(binding.action, parsed);
        }
        keys.refuse_doubles()?;
        Ok(keys)
    }

    fn refuse_doubles(&self) -> Result<()> {
        for (at, first) in TABLE.iter().enumerate() {
            for second in &TABLE[at + 1..] {
                let shared = self.of(first.action).iter().find(|key| self.of(second.action).contains(key));
                let together = first.screens.iter().any(|screen| second.screens.contains(screen));
                if let Some(key) = shared.filter(|_| together) {
                    let (name, other) = if self.replaced.contains_key(&first.action) {
                        (first.name, second.name)
                    } else {
                        (second.name, first.name)
                    };
                    return Err(invalid(name, format!("{key} is taken by {other}")));
                }
            }
        }
        Ok(())
    }

    /// The keys of an action, the usual one first.
    pub fn of(&self, action: Action) -> &[Key] {
        match self.replaced.get(&action) {
            Some(keys) => keys,
            None => TABLE.iter().find(|binding| binding.action == action).map_or(&[], |binding| binding.keys),
        }
    }

    /// What a key does on a screen.
    pub fn action(&self, screen: Screen, key: Key) -> Option<Action> {
        TABLE
            .iter()
            .find(|binding| binding.screens.contains(&screen) && self.of(binding.action).contains(&key))
            .map(|binding| binding.action)
    }

    /// The usual key of an action, as it is written.
    pub fn name(&self, action: Action) -> String {
        self.of(action).first().map(Key::to_string).unwrap_or_default()
    }
}

fn unknown_name(name: &str) -> Error {
    let nearest = TABLE
        .iter()
        .map(|binding| (strsim::damerau_levenshtein(name, binding.name), binding.name))
        .min()
        .map_or("", |(_, nearest)| nearest);
    invalid(name, "there is no such action").next(format!("did you mean {nearest}?"))
}

fn invalid(name: &str, why: impl Into<String>) -> Error {
    Error::new(Code::ConfigInvalid, format!("console.keys.{name} cannot be used")).why(why)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replace(name: &str, key: &str) -> Result<Keys> {
        Keys::new(&BTreeMap::from([(name.to_owned(), key.to_owned())]))
    }

    #[test]
    fn no_screen_has_a_key_twice_and_every_key_is_explained() {
        Keys::default().refuse_doubles().unwrap();
        for binding in TABLE {
            assert!(!binding.keys.is_empty() && !binding.help.is_empty() && !binding.screens.is_empty());
            let changes = binding.group == Group::Change;
            for key in binding.keys {
                assert!(!key.is_upper() || changes || matches!(key, Char('G' | 'N')), "{key} looks");
                assert!(*key != Char('y'), "y means only yes");
            }
        }
    }

    #[test]
    fn bars_name_only_keys_that_the_screen_has() {
        for screen in Screen::ALL {
            assert!(!bar(*screen).is_empty());
            for (action, _, _) in bar(*screen) {
                let binding = TABLE.iter().find(|binding| binding.action == *action).unwrap();
                assert!(binding.screens.contains(screen), "{action:?} on {screen:?}");
            }
        }
    }

    #[test]
    fn replacements_are_checked() {
        let keys = replace("mark", "m").unwrap();
        assert_eq!(keys.action(Screen::Lake, Char('m')), Some(Action::Mark));
        assert_eq!(keys.action(Screen::Lake, Char(' ')), None);
        assert_eq!(replace("marc", "m").unwrap_err().next_step(), Some("did you mean mark?"));
        assert!(replace("mark", "p").unwrap_err().reason().unwrap().contains("taken by plan"));
        for (name, key) in [("mark", "y"), ("mark", "3"), ("mark", "nothing"), ("execute", "x"), ("mark", "M")] {
            assert!(replace(name, key).is_err(), "{name} {key}");
        }
    }
}
