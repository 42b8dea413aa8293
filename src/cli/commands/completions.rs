//! `completions SHELL`.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::cli::arguments::Arguments;
use crate::cli::session::Session;
use crate::error::{Code, Error, Exit, Result};

/// Print the completions of a shell.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lakehand completions bash > ~/.local/share/bash-completion/completions/lakehand
  lakehand completions zsh > ~/.zfunc/_lakehand
  lakehand completions fish > ~/.config/fish/completions/lakehand.fish")]
pub struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    /// Prints them.
    pub fn carry_out(self, session: &Session) -> Result<Exit> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Arguments::command(), "lakehand", &mut script);
        let script = String::from_utf8(script).map_err(|error| Error::new(Code::Internal, error.to_string()))?;
        session.output.script(&script)?;
        Ok(Exit::Done)
    }
}
