//! Questions before an act. `y` means yes and nothing else; what destroys, or a profile marked production, asks for a
//! text that stands in the question. `--yes` answers the first kind only, `--confirm TEXT` the second only. Without a
//! terminal and without these the act is refused.

use std::io::{BufRead, Write};

use super::arguments::AnswerArguments;
use super::edge::Edge;
use crate::error::{Code, Error, Result};
use crate::model::clean;

/// What an answer has to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// `y`.
    Yes,
    /// This text.
    Typed(String),
}

/// A question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// What is asked, without the question mark's hint: `Execute this plan on lake?`
    pub text: String,
    /// Facts, a line each.
    pub facts: Vec<String>,
    /// What has to be answered.
    pub expected: Expected,
}

/// What was typed before a question stood there is no answer to it: called before the question is printed.
pub fn forget_typed() {
    let _ = rustix::termios::tcflush(std::io::stdin(), rustix::termios::QueueSelector::IFlush);
}

impl Question {
    /// Asks, or takes the flags as the answer. An error means no.
    pub fn ask(&self, answers: &AnswerArguments, edge: &Edge) -> Result<()> {
        match (&self.expected, answers.yes, answers.confirm.as_deref()) {
            (Expected::Yes, true, _) => Ok(()),
            (Expected::Typed(wanted), _, Some(given)) if given == wanted => Ok(()),
            (Expected::Typed(wanted), _, Some(given)) => Err(self.wrong(wanted, given)),
            _ if edge.can_ask => self.ask_terminal(),
            _ => Err(self.unanswered()),
        }
    }

    fn ask_terminal(&self) -> Result<()> {
        let mut screen = std::io::stderr().lock();
        for fact in &self.facts {
            writeln!(screen, "{}", clean(fact))?;
        }
        forget_typed();
        match &self.expected {
            Expected::Yes => write!(screen, "{} [y/N] ", clean(&self.text))?,
            Expected::Typed(wanted) => write!(screen, "{} Type {} and Enter: ", clean(&self.text), clean(wanted))?,
        }
        screen.flush()?;
        let mut answer = String::new();
        std::io::stdin().lock().read_line(&mut answer)?;
        let answer = answer.trim_end_matches(['\n', '\r']);
        match &self.expected {
            Expected::Yes if answer == "y" => Ok(()),
            Expected::Yes => Err(Error::new(Code::NotConfirmed, "the answer was not y").lake("unchanged")),
            Expected::Typed(wanted) if answer == wanted => Ok(()),
            Expected::Typed(wanted) => Err(self.wrong(wanted, answer)),
        }
    }

    fn wrong(&self, wanted: &str, given: &str) -> Error {
        Error::new(
            Code::NotConfirmed,
            format!("{} asks for {wanted:?} and got {given:?}", self.text.trim_end_matches('?')),
        )
    }

    fn unanswered(&self) -> Error {
        let error = Error::new(Code::NotConfirmed, format!("nobody answered: {}", self.text))
            .why("this is not a terminal, and the command line does not answer");
        match &self.expected {
            Expected::Yes => error.next("give --yes, or look first: --dry-run"),
            Expected::Typed(wanted) => {
                error.next(format!("give --confirm {}, or look first: --dry-run", quoted(wanted)))
            }
        }
    }
}

/// A text as a shell takes it back.
pub fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:@,+".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Environment, Paths};

    fn edge() -> Edge {
        let none = std::path::PathBuf::new();
        Edge {
            environment: Environment::default(),
            paths: Paths { config: none.clone(), state: none.clone(), cache: none.clone(), runtime: none.clone() },
            current: none,
            can_ask: false,
            input_is_terminal: false,
            output_is_terminal: false,
            error_is_terminal: false,
        }
    }

    fn ask(expected: Expected, yes: bool, confirm: Option<&str>) -> Result<()> {
        let answers = AnswerArguments { yes, confirm: confirm.map(str::to_owned), ..AnswerArguments::default() };
        Question { text: "Delete?".to_owned(), facts: Vec::new(), expected }.ask(&answers, &edge())
    }

    #[test]
    fn each_flag_answers_its_own_kind_only() {
        let typed = || Expected::Typed("web.clicks".to_owned());
        assert!(ask(Expected::Yes, true, None).is_ok());
        assert!(ask(typed(), false, Some("web.clicks")).is_ok());
        for (expected, yes, confirm) in [
            (Expected::Yes, false, Some("y")),
            (typed(), true, None),
            (typed(), true, Some("web")),
            (typed(), false, None),
        ] {
            assert_eq!(ask(expected, yes, confirm).unwrap_err().code(), Code::NotConfirmed);
        }
        assert!(ask(typed(), true, None).unwrap_err().next_step().unwrap().contains("--confirm web.clicks"));
    }

    #[test]
    fn what_is_pasted_is_one_word_for_a_shell() {
        assert_eq!(quoted("4 tables"), "'4 tables'");
        assert_eq!(quoted("a'b"), r"'a'\''b'");
    }
}
