//! Without a command: the console.

use std::sync::Arc;

use crate::app::{Start, StartChoice};
use crate::cli::session::Session;
use crate::config::{Config, Settings};
use crate::error::{Code, Error, Exit, Result};
use crate::model::{StorePath, TableName, TargetId};
use crate::runtime::{self, Left, RuntimeEnv};

use super::config::generate;
use super::demo::Demo;

/// Opens the console on the lake that was chosen; without any configuration, at the ways to begin.
pub fn open(session: &Session) -> Result<Exit> {
    if !session.edge.has_screen() {
        return Err(Error::new(Code::NoTerminal, "lakehand needs a terminal")
            .next("use analyze, plan, compact, history, rollback; lakehand --help"));
    }
    let config = session.config(&[])?;
    match config.settings(&session.choice(), &session.edge.current) {
        Ok(settings) => show(session, Arc::new(settings), start(session)?),
        Err(error) if error.code() == Code::NoConfig => begin(session, &config),
        Err(error) => Err(error),
    }
}

fn start(session: &Session) -> Result<Start> {
    let Some(at) = &session.globals.at else { return Ok(Start::Lake) };
    match at.split_once('/') {
        Some((table, partition)) => {
            Ok(Start::Target(TargetId::new(&TableName::parse(table)?, Some(partition.to_owned()))))
        }
        None => Ok(Start::Table(TableName::parse(at)?)),
    }
}

/// The first start: nothing is set up, and nothing was contacted.
fn begin(session: &Session, config: &Config) -> Result<Exit> {
    let root = StorePath::new("/")?;
    let settings =
        Settings { lake: None, profile: "lakehand".to_owned(), ..config.common(Settings::local_lake(root))? };
    match run(session, Arc::new(settings), Start::NoConfiguration)? {
        Left::Exit(exit) => Ok(exit),
        Left::Start(StartChoice::Demo) => Demo::usual().carry_out(session),
        Left::Start(StartChoice::Configure) => {
            generate(session, Some(session.edge.paths.config.join("config.yaml")), false)
        }
    }
}

/// Shows the console on a lake.
pub fn show(session: &Session, settings: Arc<Settings>, start: Start) -> Result<Exit> {
    match run(session, settings, start)? {
        Left::Exit(exit) => Ok(exit),
        Left::Start(_) => Ok(Exit::Done),
    }
}

fn run(session: &Session, settings: Arc<Settings>, start: Start) -> Result<Left> {
    session.edge.paths.prepare()?;
    let paths = session.edge.paths.clone();
    session.block_on(runtime::run(RuntimeEnv { settings, paths, start, offline: session.globals.offline }))
}
