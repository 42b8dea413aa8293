//! Keys: what lies over the view takes them first, then a preview's question, then the key table.

use chrono::{DateTime, TimeDelta, Utc};

use super::effect::{Effect, Terms};
use super::help::Helping;
use super::key::Key;
use super::keys::Action;
use super::nav::View;
use super::order::SortKey;
use super::palette::Palette;
use super::question::Answer;
use super::shown::{Level, Overlay};
use super::state::App;
use crate::model::{LogLevel, RunKind, Subject};

/// How long the bytes of one key may lie apart on a slow link.
const FRAGMENTS: TimeDelta = TimeDelta::milliseconds(100);
/// The longest text that a field takes.
const LONGEST: usize = 200;

impl App {
    /// A key.
    pub(crate) fn key(&mut self, key: Key, at: DateTime<Utc>) -> Vec<Effect> {
        self.data.now = self.data.now.max(at);
        if self.is_fragment(key, at) {
            return Vec::new();
        }
        self.dirty = true;
        self.note = None;
        self.last_key = Some(self.data.now);
        match std::mem::take(&mut self.overlay) {
            Overlay::None => self.view_key(key, at),
            Overlay::Question(mut question) => {
                let answer = question.key(key, at);
                if matches!(answer, Answer::Waiting | Answer::Other) {
                    self.overlay = Overlay::Question(question);
                }
                self.answered(answer)
            }
            Overlay::Filter(before) => self.filter_key(key, before),
            Overlay::Sort => self.sort_key(key),
            Overlay::Copy => self.copy_key(key),
            Overlay::Palette(palette) => self.palette_key(key, palette),
            Overlay::Help(helping) => self.help_key(key, helping),
            Overlay::Text { title, lines, top } => self.text_key(key, title, lines, top),
        }
    }

    /// On a slow link the bytes of F3 (`ESC O R`) or of an arrow (`ESC [ A`) come apart: what follows Esc is no key.
    fn is_fragment(&mut self, key: Key, at: DateTime<Utc>) -> bool {
        if self.escape.1.is_some_and(|until| at <= until) {
            return true;
        }
        let follows = self.escape.0.is_some_and(|escape| at - escape <= FRAGMENTS);
        self.escape = (None, None);
        if follows && matches!(key, Key::Char('[' | 'O')) {
            self.escape.1 = Some(at + FRAGMENTS);
            return true;
        }
        if key == Key::Esc {
            self.escape.0 = Some(at);
        }
        false
    }

    /// Pasted text goes only into a filter, the palette or a search.
    pub(crate) fn paste(&mut self, text: &str) {
        self.dirty = true;
        let clean: String = text.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
        match &mut self.overlay {
            Overlay::Question(question) => question.pasted(),
            Overlay::Palette(palette) => {
                palette.text.push_str(&clean);
                palette.at = 0;
            }
            Overlay::Help(helping) if helping.typing => helping.query.push_str(&clean),
            Overlay::Filter(_) => {
                self.with_list(|list, source, _| {
                    let text = format!("{}{clean}", list.filter().text());
                    list.set_filter(&text, source);
                });
            }
            _ => match self.data.preview.as_mut().and_then(|preview| preview.question.as_mut()) {
                Some(question) if *self.trail.view() == View::Preview => question.pasted(),
                _ => self.say(Level::Warn, "pasted text is not taken here"),
            },
        }
    }

    fn view_key(&mut self, key: Key, at: DateTime<Utc>) -> Vec<Effect> {
        if *self.view() == View::Preview
            && let Some(question) = self.data.preview.as_mut().and_then(|preview| preview.question.as_mut())
        {
            let answer = question.key(key, at);
            if answer != Answer::Other {
                let done = matches!(answer, Answer::Cancelled | Answer::Accepted(_));
                let effects = self.answered(answer);
                if done {
                    self.trail.leave();
                    let mut entered = self.enter();
                    entered.extend(effects);
                    return entered;
                }
                return effects;
            }
        }
        if self.is_typed_ahead(key) {
            self.say(Level::Info, "dropped: the question opens when every target is checked");
            return Vec::new();
        }
        match self.keys.action(self.view().screen(), key) {
            Some(action) => self.act(action),
            None if key.is_upper() => {
                self.say(Level::Warn, format!("{key} has no meaning here. Caps Lock?"));
                Vec::new()
            }
            None => Vec::new(),
        }
    }

    /// Whether a key can only be an answer to a preview's question that is not open yet.
    fn is_typed_ahead(&self, key: Key) -> bool {
        let checking = |preview: &super::preview::Preview| preview.elapsed_ms.is_none() && preview.failure.is_none();
        *self.view() == View::Preview
            && self.data.preview.as_ref().is_some_and(checking)
            && matches!(key, Key::Enter | Key::Char('y' | '0'..='9'))
    }

    fn answered(&mut self, answer: Answer) -> Vec<Effect> {
        match answer {
            Answer::Accepted(effect) => self.confirmed(*effect),
            Answer::Cancelled => {
                self.say(Level::Info, "nothing was done");
                Vec::new()
            }
            Answer::Waiting | Answer::Other => Vec::new(),
        }
    }

    /// What a key, or a line of the palette, does.
    pub(crate) fn act(&mut self, action: Action) -> Vec<Effect> {
        if let Some(why) = self.off(action).filter(|_| !matches!(action, Action::PlanScreen | Action::Attention)) {
            self.say(Level::Warn, format!("{} off: {why}", self.keys.name(action)));
            return Vec::new();
        }
        match action {
            Action::Down => self.step(1),
            Action::Up => self.step(-1),
            Action::Top => self.end(false),
            Action::Bottom => self.end(true),
            Action::PageDown => self.page(2),
            Action::PageUp => self.page(-2),
            Action::HalfDown => self.page(1),
            Action::HalfUp => self.page(-1),
            Action::In => return self.enter_row(),
            Action::Out => return self.out(),
            Action::NextPart => self.next_part(false),
            Action::PreviousPart => self.next_part(true),
            Action::Next => self.next_match(1),
            Action::Previous => self.next_match(-1),
            Action::Mark => return self.mark(),
            Action::Range => return self.range(),
            Action::All => return self.mark_all(),
            Action::None => return self.mark_none(),
            Action::Bars => self.next_bars(),
            Action::Wide => self.wide = !self.wide,
            Action::Freeze => self.freeze(),
            Action::Level => self.next_level(),
            Action::Reload => return self.reload(),
            Action::Scope => return self.widen(),
            Action::Plan => return self.plan(),
            Action::Execute => self.execute(),
            Action::RollBack => return self.preview(RunKind::Rollback, Terms::default()),
            Action::Recover => return self.preview(RunKind::Recover, Terms::default()),
            Action::CleanUp => return self.preview(RunKind::Cleanup, Terms::default()),
            Action::Pause => return self.pause(),
            Action::Cancel => self.cancel(),
            Action::Quit => return self.quit(),
            Action::Stop => return self.stop(),
            Action::Suspend => return vec![Effect::Suspend],
            Action::Repaint => return vec![Effect::Repaint],
            _ => return self.open(action),
        }
        Vec::new()
    }

    /// Actions that open a screen or something over the view.
    fn open(&mut self, action: Action) -> Vec<Effect> {
        let start = *self.view() == View::Start;
        match action {
            Action::Help => {
                let screen = self.view().screen();
                self.overlay = Overlay::Help(Helping { screen, query: String::new(), typing: false, top: 0 });
            }
            _ if start => return self.open_at_start(action),
            Action::Lake => return self.go(View::Lake),
            Action::Browse => return self.browse(),
            Action::Basket => return self.go(View::Basket),
            Action::PlanScreen => return self.go(View::Plan),
            Action::Jobs => return self.jobs(),
            Action::History => return self.go(View::History),
            Action::Log => return self.go(View::Log),
            Action::Attention => return self.go(View::Attention),
            Action::Inspect => return self.open_inspect(),
            Action::Filter => {
                let before = self.list().map(|list| list.filter().text().to_owned()).unwrap_or_default();
                self.overlay = Overlay::Filter(before);
            }
            Action::Sort => self.overlay = Overlay::Sort,
            Action::Copy => self.overlay = Overlay::Copy,
            Action::Palette => self.overlay = Overlay::Palette(Palette::default()),
            Action::Back => return self.travel(|app| app.trail.back(), "nothing further back"),
            Action::Forward => return self.travel(|app| app.trail.forward(), "nothing further forward"),
            Action::Last => return self.travel(|app| app.trail.last(), "no view before this one"),
            _ => {}
        }
        Vec::new()
    }

    fn travel(&mut self, travel: impl Fn(&mut App) -> bool, otherwise: &str) -> Vec<Effect> {
        if travel(self) {
            return self.enter();
        }
        self.say(Level::Info, otherwise);
        Vec::new()
    }

    /// Browse opens where it was left, else at the table under the cursor, else at the databases.
    fn browse(&mut self) -> Vec<Effect> {
        use super::selected::Selected;
        match (self.view(), self.selected()) {
            (View::Databases | View::Tables(_) | View::Partitions(_) | View::Files(_), _) => self.go(View::Databases),
            (View::Lake, Selected::Table(table)) => {
                let row = self.data.tables.number(&table);
                let effects = self.go(View::Tables(table.database));
                row.map(|row| self.with_list(|list, _, _| list.select(row)));
                effects
            }
            _ => self.go(View::Databases),
        }
    }

    /// Jobs: the only run that works, or a list.
    fn jobs(&mut self) -> Vec<Effect> {
        let live: Vec<_> = self.data.runs.live().map(|run| run.run.clone()).collect();
        match live.as_slice() {
            [run] => self.go(View::Run(run.clone())),
            _ => self.go(View::Jobs),
        }
    }

    fn open_inspect(&mut self) -> Vec<Effect> {
        use super::selected::Selected;
        match self.selected() {
            Selected::Table(table) => self.go(View::Inspect(Subject::Table(table))),
            Selected::Target(target) | Selected::File(target, _) => self.go(View::Inspect(Subject::Target(target))),
            Selected::Database(_) => {
                self.say(Level::Info, "a database is not inspected; Enter opens it");
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn freeze(&mut self) {
        match self.view().clone() {
            View::Run(run) => {
                self.frozen = match self.frozen.take() {
                    Some(_) => None,
                    None => self.data.runs.watched.get(&run).cloned().map(Box::new),
                };
            }
            _ => {
                let lines = self.data.log.lines.len();
                self.data.log.frozen = if self.data.log.frozen.is_some() { None } else { Some(lines) };
                self.each_list(|view| *view == View::Log, |list, source| list.renew(source));
            }
        }
    }

    fn next_level(&mut self) {
        let next = match self.data.log.level {
            LogLevel::Debug => LogLevel::Info,
            LogLevel::Info => LogLevel::Warn,
            LogLevel::Warn => LogLevel::Error,
            LogLevel::Error => LogLevel::Debug,
        };
        self.data.log.level = next;
        self.each_list(|view| *view == View::Log, |list, source| list.renew(source));
    }

    fn filter_key(&mut self, key: Key, before: String) -> Vec<Effect> {
        let mut text = self.list().map(|list| list.filter().text().to_owned()).unwrap_or_default();
        match key {
            Key::Enter | Key::Down | Key::Up => {
                let trouble = self.list().and_then(|list| list.filter().trouble());
                if let Some(why) = trouble.map(|why| format!("the expression after re: hides nothing: {why}")) {
                    self.say(Level::Warn, why);
                }
                return Vec::new();
            }
            Key::Esc => text = String::new(),
            Key::Ctrl('c') => text = before.clone(),
            _ => edit(&mut text, key),
        }
        self.with_list(|list, source, _| list.set_filter(&text, source));
        if !matches!(key, Key::Esc | Key::Ctrl('c')) {
            self.overlay = Overlay::Filter(before);
        }
        Vec::new()
    }

    fn sort_key(&mut self, key: Key) -> Vec<Effect> {
        match SortKey::MENU.iter().find(|(letter, _, _)| key == Key::Char(*letter)) {
            Some((_, sort, word)) => {
                self.with_list(|list, source, _| list.set_sort(*sort, source));
                let reversed = self.list().is_some_and(|list| list.sort().1);
                self.say(Level::Info, format!("by {word}{}", if reversed { ", reversed" } else { "" }));
            }
            None if matches!(key, Key::Esc | Key::Char('q') | Key::Enter | Key::Ctrl('c')) => {}
            None => self.overlay = Overlay::Sort,
        }
        Vec::new()
    }

    fn copy_key(&mut self, key: Key) -> Vec<Effect> {
        match key {
            Key::Char(letter) if self.copyable().iter().any(|choice| choice.key == letter) => self.copy(letter),
            Key::Esc | Key::Char('q') | Key::Enter | Key::Ctrl('c') => Vec::new(),
            _ => {
                self.overlay = Overlay::Copy;
                Vec::new()
            }
        }
    }

    fn palette_key(&mut self, key: Key, mut palette: Palette) -> Vec<Effect> {
        let entries = self.palette_entries(&palette).len();
        match key {
            Key::Esc => return Vec::new(),
            Key::Ctrl('c') if palette.text.is_empty() => return Vec::new(),
            Key::Enter => return self.run_palette(&palette),
            Key::Down | Key::Ctrl('n') => palette.at = (palette.at + 1).min(entries.saturating_sub(1)),
            Key::Up | Key::Ctrl('p') => palette.at = palette.at.saturating_sub(1),
            Key::Tab => {
                let chosen = self.palette_entries(&palette).into_iter().nth(palette.at);
                if let Some(entry) = chosen {
                    palette.text = complete(&entry);
                    palette.at = 0;
                }
            }
            key => {
                edit(&mut palette.text, key);
                palette.at = 0;
            }
        }
        self.overlay = Overlay::Palette(palette);
        Vec::new()
    }

    fn help_key(&mut self, key: Key, mut helping: Helping) -> Vec<Effect> {
        let lines = self.help_lines(&helping).len();
        if helping.typing {
            match key {
                Key::Enter => helping.typing = false,
                Key::Esc => (helping.typing, helping.query) = (false, String::new()),
                key => edit(&mut helping.query, key),
            }
            helping.top = 0;
        } else {
            match self.keys.action(super::nav::Screen::Help, key) {
                Some(Action::Down | Action::Next) => helping.top = (helping.top + 1).min(lines.saturating_sub(1)),
                Some(Action::Up | Action::Previous) => helping.top = helping.top.saturating_sub(1),
                Some(Action::PageDown | Action::HalfDown) => {
                    helping.top = (helping.top + 10).min(lines.saturating_sub(1))
                }
                Some(Action::PageUp | Action::HalfUp) => helping.top = helping.top.saturating_sub(10),
                Some(Action::Top) => helping.top = 0,
                Some(Action::Bottom) => helping.top = lines.saturating_sub(1),
                Some(Action::Filter) => helping.typing = true,
                Some(Action::Out | Action::Quit | Action::Help | Action::Stop | Action::In) => return Vec::new(),
                Some(Action::Repaint) => {
                    self.overlay = Overlay::Help(helping);
                    return vec![Effect::Repaint];
                }
                _ => {}
            }
        }
        self.overlay = Overlay::Help(helping);
        Vec::new()
    }

    fn text_key(&mut self, key: Key, title: String, lines: Vec<String>, top: usize) -> Vec<Effect> {
        let top = match key {
            Key::Down | Key::Char('j') => (top + 1).min(lines.len().saturating_sub(1)),
            Key::Up | Key::Char('k') => top.saturating_sub(1),
            Key::PageDown => (top + 10).min(lines.len().saturating_sub(1)),
            Key::PageUp => top.saturating_sub(10),
            Key::Char('c') => {
                let text = lines.join("\n");
                self.overlay = Overlay::Text { title, lines, top };
                return vec![Effect::Copy { what: "text".to_owned(), text }];
            }
            _ => return Vec::new(),
        };
        self.overlay = Overlay::Text { title, lines, top };
        Vec::new()
    }
}

fn complete(entry: &super::palette::Entry) -> String {
    use super::palette::Command;
    match &entry.command {
        Command::Complete(text) => text.clone(),
        Command::Run(name, argument) => format!("{name} {argument}").trim_end().to_owned(),
        _ => entry.label.clone(),
    }
}

/// Edits a line: characters at its end, Backspace, Ctrl-w a word, Ctrl-u all.
fn edit(text: &mut String, key: Key) {
    match key {
        Key::Char(c) if text.len() < LONGEST => text.push(c),
        Key::Backspace => {
            text.pop();
        }
        Key::Ctrl('w') => {
            let kept = text.trim_end().rfind(' ').map_or(0, |at| at + 1);
            text.truncate(kept);
        }
        Key::Ctrl('u' | 'c') => text.clear(),
        _ => {}
    }
}
