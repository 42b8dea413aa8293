//! A console that a test drives: keys in, effects and the screen out.

use chrono::{DateTime, TimeDelta, Utc};
use lakehand::app::{App, Effect, Key, LakeInfo, Look, Msg, Options, Start, update};
use lakehand::model::{Policy, WorkRates};
use lakehand::ui;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};

/// The time of the worked example.
pub fn now() -> DateTime<Utc> {
    "2026-11-21T09:43:00Z".parse().unwrap()
}

/// A console, its clock and what it asked for.
pub struct Console {
    pub app: App,
    pub at: DateTime<Utc>,
    pub effects: Vec<Effect>,
}

impl Console {
    /// Opened on Lake.
    pub fn open(size: (u16, u16)) -> Console {
        Console::with(size, |_| ())
    }

    /// Opened with other options.
    pub fn with(size: (u16, u16), change: impl FnOnce(&mut Options)) -> Console {
        let mut options = Options {
            now: now(),
            size,
            lake: LakeInfo {
                profile: "prod".to_owned(),
                uri: "file:///data/lake".to_owned(),
                place: "/data/lake".to_owned(),
                production: false,
                read_only: false,
                eager: true,
                offline: false,
                trash_keeps: None,
                profiles: vec!["prod".to_owned(), "staging".to_owned()],
            },
            policy: Policy::default(),
            rates: WorkRates::default(),
            look: Look::default(),
            keys: Default::default(),
            start: Start::Lake,
            basket: Vec::new(),
        };
        change(&mut options);
        let mut app = App::new(options).unwrap();
        let effects = app.start();
        Console { app, at: now(), effects }
    }

    /// A message.
    pub fn send(&mut self, message: Msg) -> &mut Console {
        let effects = update(&mut self.app, message);
        self.effects.extend(effects);
        self
    }

    /// A frame was drawn.
    pub fn drawn(&mut self) -> &mut Console {
        self.app.clear_dirty();
        self.send(Msg::Drawn(self.at))
    }

    /// Time passes.
    pub fn wait(&mut self, milliseconds: i64) -> &mut Console {
        self.at += TimeDelta::milliseconds(milliseconds);
        self.send(Msg::Tick(self.at))
    }

    /// One key, at human speed: the frame is drawn, then half a second passes.
    pub fn key(&mut self, key: Key) -> &mut Console {
        self.drawn();
        self.at += TimeDelta::milliseconds(500);
        self.send(Msg::Key { key, at: self.at });
        self.drawn();
        self.wait(200)
    }

    /// Keys: names in `<>`, else characters.
    pub fn keys(&mut self, text: &str) -> &mut Console {
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let named = rest.strip_prefix('<').and_then(|rest| rest.split_once('>'));
            let (key, after) = match named {
                Some((name, after)) if name.len() > 1 => (Key::parse(name).unwrap_or_else(|| panic!("{name}")), after),
                _ => (Key::Char(first), &rest[first.len_utf8()..]),
            };
            self.key(key);
            rest = after;
        }
        self
    }

    /// The effects since the last call.
    pub fn take(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// The screen as cells.
    pub fn buffer(&self) -> Buffer {
        let (columns, rows) = self.app.size();
        let mut buffer = Buffer::empty(Rect::new(0, 0, columns, rows));
        ui::draw(&self.app, &mut buffer);
        buffer
    }

    /// The screen as text.
    pub fn text(&self) -> String {
        let buffer = self.buffer();
        let mut text = String::new();
        for y in 0..buffer.area.height {
            let mut line = String::new();
            let mut skip = 0;
            for x in 0..buffer.area.width {
                let symbol = buffer[(x, y)].symbol();
                if skip == 0 {
                    line.push_str(symbol);
                }
                skip = usize::max(skip, lakehand::model::width(symbol)).saturating_sub(1);
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    /// One row of the screen.
    pub fn row(&self, y: usize) -> String {
        self.text().lines().nth(y).unwrap_or_default().to_owned()
    }

    /// The styles: per row the ranges that are not plain.
    pub fn styles(&self) -> String {
        let buffer = self.buffer();
        let mut text = String::new();
        for y in 0..buffer.area.height {
            let mut ranges: Vec<(u16, u16, String)> = Vec::new();
            for x in 0..buffer.area.width {
                let cell = &buffer[(x, y)];
                let style = style_word(cell.fg, cell.bg, cell.modifier);
                match ranges.last_mut() {
                    Some((_, end, last)) if *last == style => *end = x,
                    _ => ranges.push((x, x, style)),
                }
            }
            let ranges: Vec<String> = ranges
                .into_iter()
                .filter(|(_, _, style)| !style.is_empty())
                .map(|(from, to, style)| format!("{from}-{to} {style}"))
                .collect();
            if !ranges.is_empty() {
                text.push_str(&format!("{y:>2}: {}\n", ranges.join(", ")));
            }
        }
        text
    }
}

fn style_word(fg: Color, bg: Color, modifier: Modifier) -> String {
    let mut words = Vec::new();
    if fg != Color::Reset {
        words.push(format!("{fg}").to_lowercase());
    }
    if bg != Color::Reset {
        words.push(format!("on-{bg}").to_lowercase());
    }
    for (flag, word) in [
        (Modifier::BOLD, "bold"),
        (Modifier::REVERSED, "reversed"),
        (Modifier::UNDERLINED, "underlined"),
        (Modifier::DIM, "dim"),
    ] {
        if modifier.contains(flag) {
            words.push(word.to_owned());
        }
    }
    words.join("+")
}
