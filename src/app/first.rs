//! The first start: the ways to begin without a configuration.

use super::effect::{Effect, StartChoice};
use super::keys::Action;
use super::options::Here;
use super::shown::Level;
use super::state::App;

/// One of the ways.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// What is chosen by it.
    pub choice: StartChoice,
    /// What it is called.
    pub name: &'static str,
    /// What it needs, or why it is off.
    pub help: String,
    /// It can be gone.
    pub on: bool,
}

/// The keys that stand before the ways, as the key table has them.
const DIGITS: [Action; 4] = [Action::Browse, Action::Basket, Action::PlanScreen, Action::Jobs];

impl App {
    /// The ways, in order; none once a lake is open.
    pub fn ways(&self) -> Vec<Way> {
        let Some(Here { hadoop, lakekeeper }) = &self.here else { return Vec::new() };
        let way = |choice, name, help: &str| Way { choice, name, help: help.to_owned(), on: true };
        let asked = if *lakekeeper { "lakekeeper.yaml" } else { "asks where it is" };
        let hadoop = match hadoop {
            Ok(words) => way(StartChoice::Hadoop, "use the Hadoop client here", words),
            Err(why) => Way { on: false, ..way(StartChoice::Hadoop, "use the Hadoop client here", why) },
        };
        vec![
            way(StartChoice::Demo, "look round a demo lake", "tables made on this disk, no server needed"),
            hadoop,
            way(StartChoice::Configure, "write a configuration", "4 questions; ~/.config/lakehand/config.yaml"),
            way(StartChoice::Lakekeeper, "read a Lakekeeper file", &format!("{asked}; its keys keep their meaning")),
        ]
    }

    /// Enter.
    pub(crate) fn choose_way(&mut self) -> Vec<Effect> {
        match self.ways().into_iter().nth(self.place) {
            Some(way) if way.on => vec![Effect::Start(way.choice)],
            Some(way) => {
                self.say(Level::Warn, way.help);
                Vec::new()
            }
            None => Vec::new(),
        }
    }

    /// A key that opens a screen elsewhere: a digit is the way that it stands before.
    pub(crate) fn open_at_start(&mut self, action: Action) -> Vec<Effect> {
        match DIGITS.iter().position(|digit| *digit == action) {
            Some(place) => {
                self.place = place;
                self.choose_way()
            }
            None => {
                self.say(Level::Info, "no lake is open yet");
                Vec::new()
            }
        }
    }
}
