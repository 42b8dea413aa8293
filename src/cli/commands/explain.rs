//! `explain CODE`: what a code in brackets means.

use clap::Args;
use serde::Serialize;

use crate::cli::session::Session;
use crate::config::nearest;
use crate::error::{Code, Error, Exit, Result};

/// Say what a code in brackets means. Without one, list them all.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  lakehand explain plan_drift\n  lakehand explain")]
pub struct Explain {
    /// The code, as plan_drift
    code: Option<String>,
}

#[derive(Serialize)]
struct Document {
    format: &'static str,
    codes: Vec<Explained>,
}

#[derive(Serialize)]
struct Explained {
    code: Code,
    exit_code: u8,
    text: &'static str,
}

impl Explain {
    /// Prints it.
    pub fn carry_out(self, session: &Session) -> Result<Exit> {
        let codes = match &self.code {
            Some(code) => vec![find(code)?],
            None => Code::ALL.to_vec(),
        };
        let explained = |code: &Code| Explained { code: *code, exit_code: code.exit().code(), text: code.explain() };
        let document = Document { format: "lakehand.explain/1", codes: codes.iter().map(explained).collect() };
        session.output.either(&document, || {
            let line = |code: &Code| format!("{code}, exit {}\n  {}\n", code.exit().code(), code.explain());
            codes.iter().map(line).collect()
        })?;
        Ok(Exit::Done)
    }
}

fn find(text: &str) -> Result<Code> {
    Code::parse(text).ok_or_else(|| {
        let error = Error::new(Code::Usage, format!("there is no code {text}"));
        match nearest(text, Code::ALL.iter().map(|code| code.as_str())) {
            Some(near) => error.next(format!("did you mean {near}?")),
            None => error.next("lakehand explain"),
        }
    })
}
