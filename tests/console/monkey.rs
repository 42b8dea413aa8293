//! A monkey at the keyboard: whatever is typed, pasted, resized or lost meanwhile, nothing panics, nothing acts on the
//! lake without an answered question, and Esc always finds back to Lake. A share always runs; a million keys with
//! `cargo test --release --test console monkey -- --ignored`.

use std::collections::{HashSet, VecDeque};

use chrono::TimeDelta;
use lakehand::app::{Effect, Key, LakeMsg, Msg, Reading, Screen, Service, ServiceState, View};
use lakehand::ipc::Request;

use crate::console::Console;
use crate::fakes::{Chance, answers};

const LETTERS: &[u8] = b"jkghlGnN0123456[]-/:?!vausidbwfrtecpXRFCPKqyYOZ 4.w<>1";
const NAMED: &[Key] = &[
    Key::Enter,
    Key::Enter,
    Key::Enter,
    Key::Esc,
    Key::Tab,
    Key::BackTab,
    Key::Backspace,
    Key::Delete,
    Key::Up,
    Key::Down,
    Key::Left,
    Key::Right,
    Key::Home,
    Key::End,
    Key::PageUp,
    Key::PageDown,
    Key::F(1),
    Key::F(5),
    Key::Ctrl('c'),
    Key::Ctrl('d'),
    Key::Ctrl('u'),
    Key::Ctrl('w'),
    Key::Ctrl('l'),
];
const SIZES: [(u16, u16); 7] = [(80, 24), (120, 40), (60, 16), (79, 23), (300, 100), (10, 3), (110, 19)];
/// What a person or a paste types as a whole.
const PHRASES: [&str; 10] = [
    ":budget 30m\n",
    ":save\n",
    ":cleanup --skip-trash --minimum-age 0s\n",
    ":restore --to /tmp/x\n",
    ":doctor\n",
    ":footers\n",
    "/is:bad\n",
    "5R11\n",
    "5Ry",
    "pXy",
];

/// More Esc than the views that are remembered, and what lies over each of them.
const MOST_ESCAPES: usize = 400;

struct Monkey {
    console: Console,
    chance: Chance,
    late: VecDeque<Msg>,
    production: bool,
    typed: Vec<Key>,
    seen: Seen,
}

/// How far it got about: a monkey that never leaves Lake shows nothing.
#[derive(Default)]
struct Seen {
    screens: HashSet<Screen>,
    acts: usize,
    questions: usize,
}

impl Monkey {
    fn new(seed: u64) -> Monkey {
        let mut chance = Chance(seed);
        let size = chance.of(&SIZES);
        let (production, read_only) = (chance.one_in(2), chance.one_in(6));
        let mut console = Console::with(size, |options| {
            options.lake.production = production;
            options.lake.read_only = read_only;
        });
        let late: VecDeque<Msg> = console.take().iter().flat_map(|effect| answers(effect, &mut chance)).collect();
        Monkey { console, chance, late, production, typed: Vec::new(), seen: Seen::default() }
    }

    fn types(&mut self, keys: usize) {
        let mut pressed = 0;
        while pressed < keys {
            pressed += self.burst();
            self.world();
            if self.chance.one_in(400) {
                self.goes_home();
            }
        }
        self.goes_home();
    }

    /// One key, a phrase, or a paste.
    fn burst(&mut self) -> usize {
        if self.chance.one_in(150) {
            return self.means_it();
        }
        if self.console.app.is_asking() && self.chance.one_in(4) {
            return self.answer();
        }
        match self.chance.below(60) {
            0 => {
                let phrase = self.chance.of(&PHRASES);
                for letter in phrase.chars() {
                    self.press(if letter == '\n' { Key::Enter } else { Key::Char(letter) });
                }
                phrase.len()
            }
            1 => {
                self.send(Msg::Paste("y\n11\nweb.clicks\u{1b}[31m".to_owned()));
                1
            }
            2..=14 => {
                let key = self.chance.of(NAMED);
                self.press(key);
                1
            }
            15 => {
                let any = char::from_u32(self.chance.below(0x2_0000) as u32).unwrap_or('\u{0}');
                self.press(Key::Char(any));
                1
            }
            _ => {
                let letter = self.chance.of(LETTERS);
                self.press(Key::Char(char::from(letter)));
                1
            }
        }
    }

    /// Goes for an act as somebody does who means it, and waits for what that needs.
    fn means_it(&mut self) -> usize {
        self.goes_home();
        let way = self.chance.of(&["0p X", "5 R", "5 /d1z\n C", "! F", "0p X", "4 K", "5 R t"]);
        for letter in way.chars() {
            while let Some(late) = self.late.pop_front() {
                self.send(late);
            }
            self.console.drawn();
            self.console.at += TimeDelta::milliseconds(500);
            match letter {
                ' ' => {}
                '\n' => self.press(Key::Enter),
                letter => self.press(Key::Char(letter)),
            }
        }
        while let Some(late) = self.late.pop_front() {
            self.send(late);
        }
        way.len() + if self.console.app.is_asking() { self.answer() } else { 0 }
    }

    /// Reads a question and answers it; mostly with what another one wants.
    fn answer(&mut self) -> usize {
        self.console.drawn();
        self.console.at += TimeDelta::milliseconds(700);
        let answer = self.chance.of(&["y", "y", "4\n", "11\n", "3\n", "sales.returns\n", "2 tables\n", "\n"]);
        for letter in answer.chars() {
            self.press(if letter == '\n' { Key::Enter } else { Key::Char(letter) });
        }
        answer.len()
    }

    fn press(&mut self, key: Key) {
        self.typed.push(key);
        let pause = self.chance.of(&[0, 1, 30, 120, 350, 700]);
        self.console.at += TimeDelta::milliseconds(pause);
        if self.chance.one_in(3) {
            self.console.drawn();
        }
        let asked = self.console.app.is_asking();
        let at = self.console.at;
        self.console.send(Msg::Key { key, at });
        self.seen.screens.insert(self.console.app.screen());
        self.seen.questions += usize::from(!asked && self.console.app.is_asking());
        for effect in self.take() {
            if effect.changes_the_lake() {
                self.seen.acts += 1;
                assert!(asked, "{effect:?} without a question: {:?}", self.last_typed());
                let typed = !matches!(effect, Effect::Steer { .. } | Effect::Restore { .. });
                let right = if self.production && typed {
                    key == Key::Enter
                } else {
                    matches!(key, Key::Enter | Key::Char('y'))
                };
                assert!(right, "{effect:?} by {key}: {:?}", self.last_typed());
            }
        }
        // A frame costs most of the time, and most of them look at the same code.
        if self.chance.one_in(8) {
            let buffer = self.console.buffer();
            assert_eq!((buffer.area.width, buffer.area.height), self.console.app.size());
        }
    }

    /// What happens without a key.
    fn world(&mut self) {
        if self.chance.one_in(3)
            && let Some(late) = self.late.pop_front()
        {
            self.send(late);
        }
        match self.chance.below(300) {
            0..30 => {
                let now = self.console.at;
                self.send(Msg::Tick(now));
            }
            30 => {
                let (columns, rows) = self.chance.of(&SIZES);
                self.send(Msg::Resize { columns, rows });
            }
            31 => {
                let state =
                    if self.chance.one_in(2) { ServiceState::Lost } else { ServiceState::Answers("3ms".to_owned()) };
                let (word, at) = (self.chance.of(&["nn", "hms"]).to_owned(), self.console.at);
                self.send(Msg::Service(Service { word, state, at }));
            }
            32 => {
                let focused = self.chance.one_in(2);
                self.send(Msg::Focus(focused));
            }
            33 => self.send(Msg::Lake(LakeMsg::Ended { reading: Reading::Lake, stopped: true })),
            _ => {}
        }
        if self.console.app.is_busy() {
            self.send(Msg::Continue);
        }
    }

    fn send(&mut self, message: Msg) {
        self.console.send(message);
        for effect in self.take() {
            assert!(!effect.changes_the_lake(), "{effect:?} without a key");
            assert!(!matches!(effect, Effect::Steer { .. }), "{effect:?} without a key");
        }
    }

    /// The effects since the last time; what they bring comes later.
    fn take(&mut self) -> Vec<Effect> {
        let effects = self.console.take();
        for effect in &effects {
            assert!(
                !matches!(effect, Effect::Steer { request, .. } if *request == Request::Cancel)
                    || !self.typed.is_empty()
            );
            let answered = answers(effect, &mut self.chance);
            self.late.extend(answered);
        }
        self.late.truncate(200);
        effects
    }

    /// Esc, at a person's pace, until Lake stands there with nothing over it.
    fn goes_home(&mut self) {
        let begun = self.console.app.view().clone();
        for _ in 0..MOST_ESCAPES {
            if *self.console.app.view() == View::Lake && self.console.app.is_bare() {
                return;
            }
            self.console.drawn();
            self.console.at += TimeDelta::milliseconds(500);
            let at = self.console.at;
            self.console.send(Msg::Key { key: Key::Esc, at });
            let acts = self.take().iter().any(Effect::changes_the_lake);
            assert!(!acts, "Esc acts on {begun:?}: {:?}", self.last_typed());
        }
        panic!("Esc finds no way from {begun:?} to Lake: {:?}", self.last_typed());
    }

    fn last_typed(&self) -> String {
        let from = self.typed.len().saturating_sub(60);
        self.typed[from..].iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    }
}

fn play(seeds: std::ops::Range<u64>, keys: usize) {
    let mut all = Seen::default();
    for seed in seeds {
        let played = std::panic::catch_unwind(|| {
            let mut monkey = Monkey::new(seed);
            monkey.types(keys);
            monkey.seen
        });
        match played {
            Ok(seen) => {
                all.screens.extend(seen.screens);
                all.acts += seen.acts;
                all.questions += seen.questions;
            }
            Err(panic) => {
                eprintln!("the monkey of seed {seed} found something");
                std::panic::resume_unwind(panic);
            }
        }
    }
    let missed: Vec<&Screen> =
        Screen::ALL.iter().filter(|screen| **screen != Screen::Start && !all.screens.contains(screen)).collect();
    assert!(missed.is_empty(), "it never came to {missed:?}");
    assert!(all.questions > 50 && all.acts > 10, "{} questions, {} acts", all.questions, all.acts);
}

#[test]
fn a_monkey_of_some_thousand_keys() {
    play(0..30, 2_000);
}

#[test]
#[ignore = "a million keys: cargo test --release --test console monkey -- --ignored"]
fn a_monkey_of_a_million_keys() {
    play(1_000..1_250, 4_000);
}
