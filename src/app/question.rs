//! Questions before a change. The effect lies in the question and comes out only with the right answer.
//!
//! Decisions:
//! - Keys read before the question was on the terminal, and within 300 ms of it, are dropped: nothing typed ahead or
//!   held down answers it.
//! - Enter never accepts a bare question. A typed one takes no paste.

use chrono::{DateTime, TimeDelta, Utc};

use super::effect::Effect;
use super::key::Key;

/// What the answer is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// `y`.
    Yes {
        /// What `y` does, in a word or two.
        verb: String,
    },
    /// A number or a name, then Enter.
    Typed {
        /// The line before the field.
        prompt: String,
        /// What is to be typed.
        expected: String,
        /// What the number counts, for a wrong answer: `targets`; empty for a name.
        unit: String,
    },
}

/// A question.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// The heading.
    pub title: String,
    /// What would be done, in a few lines.
    pub lines: Vec<String>,
    /// What the answer is.
    pub ask: Ask,
    /// What was typed.
    pub typed: String,
    /// Why an answer was not taken.
    pub wrong: Option<String>,
    effect: Effect,
    shown: Option<DateTime<Utc>>,
}

/// What a key did to a question.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// It still waits.
    Waiting,
    /// Not a key of this question.
    Other,
    /// No.
    Cancelled,
    /// Yes: the effect.
    Accepted(Box<Effect>),
}

/// How long a question is deaf.
const DEAF: TimeDelta = TimeDelta::milliseconds(300);
/// The longest answer.
const LONGEST: usize = 200;

impl Question {
    /// Asks before an effect.
    pub fn new(title: impl Into<String>, lines: Vec<String>, ask: Ask, effect: Effect) -> Question {
        Question { title: title.into(), lines, ask, typed: String::new(), wrong: None, effect, shown: None }
    }

    /// A frame with it is on the terminal.
    pub fn drawn(&mut self, at: DateTime<Utc>) {
        self.shown.get_or_insert(at);
    }

    /// Whether keys are heard.
    fn hears(&self, at: DateTime<Utc>) -> bool {
        self.shown.is_some_and(|shown| at - shown >= DEAF)
    }

    /// A key.
    pub fn key(&mut self, key: Key, at: DateTime<Utc>) -> Answer {
        if !self.hears(at) {
            return Answer::Waiting;
        }
        match &self.ask {
            Ask::Yes { .. } => match key {
                Key::Char('y') => Answer::Accepted(Box::new(self.effect.clone())),
                Key::Enter | Key::Esc | Key::Char('q') | Key::Ctrl('c') => Answer::Cancelled,
                _ => Answer::Other,
            },
            Ask::Typed { expected, unit, .. } => match key {
                Key::Enter if self.typed == *expected => Answer::Accepted(Box::new(self.effect.clone())),
                Key::Enter => {
                    self.wrong = Some(wrong(expected, unit, &self.typed));
                    Answer::Waiting
                }
                Key::Ctrl('c' | 'u') if !self.typed.is_empty() => {
                    self.typed.clear();
                    Answer::Waiting
                }
                Key::Esc | Key::Ctrl('c') => Answer::Cancelled,
                Key::Backspace => {
                    self.typed.pop();
                    Answer::Waiting
                }
                Key::Char(c) if unit.is_empty() || c.is_ascii_digit() || c == ' ' => {
                    if self.typed.len() < LONGEST {
                        self.typed.push(c);
                    }
                    self.wrong = None;
                    Answer::Waiting
                }
                _ => Answer::Other,
            },
        }
    }

    /// Pasted text is not taken.
    pub fn pasted(&mut self) {
        if matches!(self.ask, Ask::Typed { .. }) {
            self.wrong = Some("pasted text is not taken here: type it".to_owned());
        }
    }
}

fn wrong(expected: &str, unit: &str, typed: &str) -> String {
    match (unit, typed) {
        ("", "") => format!("it is {expected}; nothing was typed"),
        ("", typed) => format!("it is {expected}, you typed {typed}"),
        (unit, "") => format!("{expected} {unit}; nothing was typed"),
        (unit, typed) => format!("{expected} {unit}, you typed {typed}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(1_700_000_000_000 + milliseconds).unwrap()
    }

    fn question(ask: Ask) -> Question {
        Question::new("Execute?", Vec::new(), ask, Effect::Quit)
    }

    fn yes() -> Ask {
        Ask::Yes { verb: "execute".to_owned() }
    }

    fn typed(expected: &str, unit: &str) -> Ask {
        Ask::Typed { prompt: String::new(), expected: expected.to_owned(), unit: unit.to_owned() }
    }

    #[test]
    fn keys_older_than_the_question_are_dropped() {
        let mut question = question(yes());
        assert_eq!(question.key(Key::Char('y'), at(0)), Answer::Waiting);
        question.drawn(at(100));
        question.drawn(at(900));
        assert_eq!(question.key(Key::Char('y'), at(50)), Answer::Waiting);
        assert_eq!(question.key(Key::Char('y'), at(399)), Answer::Waiting);
        assert_eq!(question.key(Key::Char('X'), at(500)), Answer::Other);
        assert_eq!(question.key(Key::Char('y'), at(400)), Answer::Accepted(Box::new(Effect::Quit)));
    }

    #[test]
    fn enter_never_accepts_a_bare_question() {
        let mut question = question(yes());
        question.drawn(at(0));
        assert_eq!(question.key(Key::Enter, at(1_000)), Answer::Cancelled);
    }

    #[test]
    fn a_typed_question_takes_exactly_its_text() {
        let mut question = question(typed("4", "targets"));
        question.drawn(at(0));
        assert_eq!(question.key(Key::Enter, at(400)), Answer::Waiting);
        assert_eq!(question.key(Key::Char('3'), at(400)), Answer::Waiting);
        assert_eq!(question.key(Key::Enter, at(400)), Answer::Waiting);
        assert_eq!(question.wrong.as_deref(), Some("4 targets, you typed 3"));
        question.key(Key::Backspace, at(400));
        question.pasted();
        assert!(question.typed.is_empty() && question.wrong.is_some());
        question.key(Key::Char('4'), at(400));
        assert_eq!(question.key(Key::Enter, at(400)), Answer::Accepted(Box::new(Effect::Quit)));
        let mut name = self::question(typed("web.clicks", ""));
        name.drawn(at(0));
        "web.clicks".chars().for_each(|c| assert_eq!(name.key(Key::Char(c), at(300)), Answer::Waiting));
        assert_eq!(name.key(Key::Enter, at(300)), Answer::Accepted(Box::new(Effect::Quit)));
    }
}
