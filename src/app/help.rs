//! Help for a screen, made from the key table.

use super::filter::contains;
use super::keys::{Group, TABLE};
use super::nav::Screen;
use super::state::App;

/// Help that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Helping {
    /// For which screen.
    pub screen: Screen,
    /// What is looked for.
    pub query: String,
    /// Whether it is being typed.
    pub typing: bool,
    /// The first line that is shown.
    pub top: usize,
}

/// A line of help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HelpLine {
    /// Its part.
    pub group: Group,
    /// The keys.
    pub keys: String,
    /// What they do, or why that is off.
    pub text: String,
    /// Whether it is off.
    pub off: bool,
}

impl App {
    /// The lines of help for a screen that match.
    pub fn help_lines(&self, helping: &Helping) -> Vec<HelpLine> {
        let query = helping.query.to_lowercase();
        let mut lines: Vec<HelpLine> = TABLE
            .iter()
            .filter(|binding| binding.screens.contains(&helping.screen))
            .map(|binding| {
                let keys = self.keys.of(binding.action).iter().map(|key| key.to_string()).collect::<Vec<_>>().join(" ");
                let off = self.off(binding.action);
                let text = off.as_ref().map_or_else(|| binding.help.to_owned(), |why| format!("off: {why}"));
                HelpLine { group: binding.group, keys, text, off: off.is_some() }
            })
            .filter(|line| query.is_empty() || contains(&line.text, &query) || contains(&line.keys, &query))
            .collect();
        lines.sort_by_key(|line| line.group);
        lines
    }
}
