//! Where the process touches its surroundings: variables, directory, terminals. Looked at once, at the start.

use std::io::IsTerminal;
use std::path::PathBuf;

use crate::config::{Environment, Paths};
use crate::error::Result;

/// The surroundings.
#[derive(Clone, Debug)]
pub struct Edge {
    /// The variables.
    pub environment: Environment,
    /// The user's directories.
    pub paths: Paths,
    /// The working directory.
    pub current: PathBuf,
    /// Somebody can answer: standard input and standard error are terminals.
    pub can_ask: bool,
    /// Standard input is a terminal.
    pub input_is_terminal: bool,
    /// Standard output is a terminal.
    pub output_is_terminal: bool,
    /// Standard error is a terminal.
    pub error_is_terminal: bool,
}

impl Edge {
    /// Looks round. Variables that are not UTF-8 are none of ours.
    pub fn look() -> Result<Edge> {
        let variables =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        let environment = Environment(variables.collect());
        let paths = Paths::find(&environment)?;
        let input_is_terminal = std::io::stdin().is_terminal();
        let error_is_terminal = std::io::stderr().is_terminal();
        Ok(Edge {
            paths,
            environment,
            current: std::env::current_dir()?,
            can_ask: input_is_terminal && error_is_terminal,
            input_is_terminal,
            output_is_terminal: std::io::stdout().is_terminal(),
            error_is_terminal,
        })
    }

    /// Whether a full screen can be shown and keys can be read.
    pub fn has_screen(&self) -> bool {
        self.input_is_terminal && self.output_is_terminal
    }
}
