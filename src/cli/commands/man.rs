//! `man`: the manual, one page with every command.

use clap::{Args, CommandFactory};
use clap_mangen::Man as Page;

use crate::cli::arguments::Arguments;
use crate::cli::session::Session;
use crate::error::{Code, Error, Exit, Result};

/// Print the manual page; look at it with: lakehand man | man -l -
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  lakehand man | man -l -\n  lakehand man > ~/.local/share/man/man1/lakehand.1")]
pub struct Man {}

impl Man {
    /// Prints it.
    pub fn carry_out(self, session: &Session) -> Result<Exit> {
        let mut text = Vec::new();
        render(&mut text)?;
        let text = String::from_utf8(text).map_err(|error| Error::new(Code::Internal, error.to_string()))?;
        session.output.script(&text)?;
        Ok(Exit::Done)
    }
}

/// The program's own page, then the description, synopsis and options of each command.
fn render(text: &mut Vec<u8>) -> std::io::Result<()> {
    let mut program = Arguments::command();
    program.build();
    let page = Page::new(program.clone());
    page.render_title(text)?;
    page.render_name_section(text)?;
    page.render_synopsis_section(text)?;
    page.render_description_section(text)?;
    page.render_options_section(text)?;
    for command in program.get_subcommands().filter(|command| !command.is_hide_set() && command.get_name() != "help") {
        text.extend_from_slice(format!(".SH \"LAKEHAND {}\"\n", command.get_name().to_uppercase()).as_bytes());
        let own = command.clone().mut_args(|argument| {
            let hidden = argument.is_global_set();
            argument.hide(hidden)
        });
        let page = Page::new(own);
        page.render_synopsis_section(text)?;
        page.render_description_section(text)?;
        page.render_options_section(text)?;
    }
    page.render_extra_section(text)?;
    page.render_version_section(text)
}
