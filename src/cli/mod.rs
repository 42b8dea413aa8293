//! The command line: arguments, commands, output. The composition root: it may use every module, and nothing uses it.
//!
//! Decisions:
//! - One file a command under `commands`; what several share stands beside it here.
//! - Results go to standard output, everything else to standard error; both are made harmless in `output`.
//! - A command gives its exit code or an error; the error's code has the exit code. Nothing else ends the process.

mod arguments;
mod ask;
mod commands;
mod documents;
mod edge;
mod follow;
mod message;
mod output;
mod plain;
mod planned;
mod previewed;
mod progress;
mod report;
mod scanning;
mod select;
mod session;
mod setup;
mod steering;
mod table;
mod walk;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches};

use crate::error::{Code, Error, Exit, Result};
use arguments::{Arguments, Format};
use edge::Edge;
use output::Output;
use session::Session;

/// Runs the command line that this process was given.
pub fn main() -> ExitCode {
    hush_decoders();
    ExitCode::from(run(std::env::args_os().collect()).code())
}

/// What a hostile file makes of a decoder is that file's error: the panic is caught, and must not be printed as ours.
fn hush_decoders() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !crate::format::is_decoding() {
            before(panic);
        }
    }));
}

fn run(given: Vec<OsString>) -> Exit {
    let early = Output::new(early_format(&given));
    let arguments = match parse(given, &early) {
        Ok(arguments) => arguments,
        Err(exit) => return exit,
    };
    let done = Edge::look().and_then(|edge| {
        let session = Session::new(arguments.globals, edge)?;
        let exit = commands::carry_out(arguments.command, &session);
        Ok(exit.unwrap_or_else(|error| {
            session.output.error(&error);
            error.exit()
        }))
    });
    done.unwrap_or_else(|error| {
        early.error(&error);
        error.exit()
    })
}

/// How an error is printed that comes before the arguments are understood.
fn early_format(given: &[OsString]) -> Format {
    let json = given.windows(2).any(|pair| pair[0] == "--output" && pair[1] == "json")
        || given.iter().any(|word| word == "--output=json")
        || std::env::var_os("LAKEHAND_OUTPUT").is_some_and(|value| value == "json");
    if json { Format::Json } else { Format::Text }
}

/// Reads the arguments; what was printed already gives its exit code.
fn parse(given: Vec<OsString>, output: &Output) -> std::result::Result<Arguments, Exit> {
    let parsed = Arguments::command().try_get_matches_from(given).and_then(|found| Arguments::from_arg_matches(&found));
    parsed.map_err(|error| match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => exit_of(output.text(&error.to_string()), output),
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            output.say(&error.to_string());
            Exit::Usage
        }
        _ => exit_of(Err(usage(&error)), output),
    })
}

fn exit_of(result: Result<()>, output: &Output) -> Exit {
    match result {
        Ok(()) => Exit::Done,
        Err(error) => {
            output.error(&error);
            error.exit()
        }
    }
}

/// A wrong command line in the words of every other error.
fn usage(error: &clap::Error) -> Error {
    let text = error.to_string();
    let mut paragraphs = text.split("\n\n").map(str::trim);
    let message = paragraphs.next().unwrap_or_default().trim_start_matches("error: ");
    let message: Vec<&str> = message.lines().map(str::trim).collect();
    let usage = Error::new(Code::Usage, message.join(" "));
    let tips: Vec<&str> = paragraphs.filter_map(|paragraph| paragraph.strip_prefix("tip: ")).collect();
    match tips.first() {
        Some(tip) => usage.next(tip.replace('\n', " ")),
        None => usage.next("lakehand --help"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_of_the_arguments_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn wrong_usage_reads_like_every_other_error() {
        let error = Arguments::command().try_get_matches_from(["lakehand", "analyse"]).unwrap_err();
        let usage = usage(&error);
        assert_eq!(usage.message(), "unrecognized subcommand 'analyse'");
        assert!(usage.next_step().unwrap().contains("analyze"));
    }
}
