//! `restore RUN --to DIR`: copy kept files aside.

use clap::Args;

use crate::action;
use crate::cli::arguments::{AnswerArguments, SelectionArguments};
use crate::cli::report;
use crate::cli::session::Session;
use crate::error::{Code, Error, Exit, Result};
use crate::model::Scope;

/// Copy the files that a run keeps into a new directory. Live data and the backup stay as they are.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lakehand restore k7f --to /tmp/orders --partition dt=2026-11-19
For what rollback refuses: data that somebody rewrote since.
Exit: 0 done  1 failed  2 usage  3 refused  4 in part")]
pub struct Restore {
    /// Run id or a unique part of it; see: lakehand history
    run: String,
    /// The directory; it is made and must not be there
    #[arg(long, value_name = "DIR")]
    to: String,
    #[command(flatten)]
    selection: SelectionArguments,
    /// Return as soon as the run works
    #[arg(long)]
    detach: bool,
}

impl Restore {
    /// The directory on the lake's store: on HDFS a whole path, with or without its URI.
    fn directory(&self, session: &Session, lake: &action::Session) -> Result<String> {
        let Some(hdfs) = lake.settings().hdfs.as_ref().map(|hdfs| hdfs.url.as_str()) else {
            return Ok(session.edge.current.join(&self.to).to_string_lossy().into_owned());
        };
        let path = self.to.strip_prefix(hdfs).unwrap_or(&self.to);
        if path.starts_with('/') {
            return Ok(path.to_owned());
        }
        Err(Error::new(Code::Usage, format!("{:?} is no directory of {hdfs}", self.to))
            .next(format!("give it as /path or {hdfs}/path")))
    }

    /// Starts it; nothing that is there is changed, so nothing is asked.
    pub fn carry_out(self, session: &Session) -> Result<Exit> {
        let settings = session.writable_settings(&[])?;
        session.edge.paths.prepare()?;
        session.block_on(async {
            let lake = session.open(&settings).await?;
            let to = self.directory(session, &lake)?;
            let of = action::resolve_run(&lake, &self.run).await?;
            let scope = if self.selection.is_empty() {
                Scope::default()
            } else {
                self.selection.scope(&action::show_run(&lake, &of).await?.detail.outcomes)?
            };
            let run = action::restore(&lake, &of, &scope, &to);
            let answers = AnswerArguments { detach: self.detach, ..AnswerArguments::default() };
            report::carry_out(session, &lake, &answers, run).await
        })
    }
}
