//! `demo`: a lake to try everything on, and the console on it; headless, the whole path by itself.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::Utc;
use clap::Args;

use crate::app::Start;
use crate::cli::plain;
use crate::cli::session::Session;
use crate::cli::walk;
use crate::config::{Choice, Settings};
use crate::demo::{self, DemoOptions, DemoReport};
use crate::error::{Error, Exit, Result};
use crate::model::count_text;

use super::console;

/// Make a lake on this disk and open the console on it. No server is needed.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lakehand demo                     10 tables, 6,000 small files, then the console
  lakehand demo --headless          analyze, plan, compact, roll back, clean up; each step with its figures
  lakehand demo --dir /tmp/lake --keep     then: lakehand --lake /tmp/lake
What is changed: a new directory below ~/.cache/lakehand, removed at the end unless --keep or --dir is given.
Exit: 0 all of it held  1 something did not")]
pub struct Demo {
    /// Where to make the lake; the directory must not be there, or be empty
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Data files in all
    #[arg(long, value_name = "N", default_value_t = FILES, value_parser = clap::value_parser!(u64).range(100..=1_000_000))]
    files: u64,
    /// Leave the lake where it is at the end
    #[arg(long)]
    keep: bool,
    /// No console: walk the whole path and print it
    #[arg(long)]
    headless: bool,
}

/// Data files by default.
const FILES: u64 = 6_000;

impl Demo {
    /// The demo as the first start offers it.
    pub fn usual() -> Demo {
        Demo { dir: None, files: FILES, keep: false, headless: false }
    }

    /// Makes it, and opens the console or walks.
    pub fn carry_out(self, session: &Session) -> Result<Exit> {
        session.edge.paths.prepare()?;
        let directory = self.directory(session)?;
        let settings = |report: &DemoReport| {
            let choice = Choice { lake: Some(report.lake.to_string()), profile: None, ..session.choice() };
            session.config(&[])?.settings(&choice, &session.edge.current).map(Arc::new)
        };
        let headless = self.headless || !session.edge.has_screen();
        session.output.say(&format!(
            "making a demo lake of {} files in {}",
            count_text(self.files),
            directory.display()
        ));
        let made = demo::create(&directory, &DemoOptions { files: self.files, ..DemoOptions::usual(Utc::now()) });
        let done = made.and_then(|report| {
            let settings: Arc<Settings> = settings(&report)?;
            if session.globals.plain && !self.headless {
                plain::open(session, settings)
            } else if headless {
                walk::walk(session, settings, &report)
            } else {
                console::show(session, settings, Start::Lake)
            }
        });
        self.leave(session, &directory);
        done
    }

    /// A fresh directory below the cache, or the one that was given.
    fn directory(&self, session: &Session) -> Result<PathBuf> {
        if let Some(given) = &self.dir {
            return Ok(session.edge.current.join(given));
        }
        let demos = session.edge.paths.cache.join("demo");
        std::fs::create_dir_all(&demos).map_err(|error| Error::from(error).context(demos.display()))?;
        let name = format!("lake-{}-{}", Utc::now().format("%Y%m%d-%H%M%S"), std::process::id());
        Ok(demos.join(name))
    }

    /// Removes what this call made below the cache, unless a run still works on it.
    fn leave(&self, session: &Session, directory: &Path) {
        let again = format!("lakehand --lake {}", crate::cli::ask::quoted(&directory.to_string_lossy()));
        if self.dir.is_some() || self.keep {
            session.output.say(&format!("the demo lake stays: {again}"));
        } else if works_on(session, directory) {
            session.output.say(&format!("a run still works on the demo lake, so it stays: {again}"));
        } else if demo::read_report(directory).is_some()
            && let Err(error) = std::fs::remove_dir_all(directory)
        {
            session.output.say(&format!("{} could not be removed: {error}", directory.display()));
        }
    }
}

/// Whether a run of this user works that began after the lake was made. Not to know counts as yes.
fn works_on(session: &Session, directory: &Path) -> bool {
    let made = std::fs::metadata(directory).and_then(|found| found.created().or_else(|_| found.modified()));
    let runs = session.block_on(crate::client::local_runs(&session.edge.paths));
    match (made, runs) {
        (Ok(made), Ok(runs)) => {
            let made = chrono::DateTime::<Utc>::from(made);
            runs.iter().any(|run| run.life != crate::client::Life::Ended && run.snapshot.started >= made)
        }
        (Err(_), _) => false,
        (Ok(_), Err(_)) => true,
    }
}
