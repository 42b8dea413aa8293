//! Without a command: the console.

use std::sync::Arc;

use crate::app::{Here, Start, StartChoice};
use crate::cli::plain;
use crate::cli::session::Session;
use crate::cli::setup::{self, From};
use crate::config::{Choice, Config, HadoopClient, Settings};
use crate::error::{Code, Error, Exit, Result};
use crate::model::{StorePath, TableName, TargetId};
use crate::runtime::{self, Left, RuntimeEnv};

use super::demo::Demo;

/// Lakekeeper's file, as its users have it beside them.
const LAKEKEEPERS_FILE: &str = "lakekeeper.yaml";

/// Opens the console on the lake that was chosen; without any configuration, at the ways to begin.
pub fn open(session: &Session) -> Result<Exit> {
    if session.globals.plain {
        return plain::open(session, session.settings(&[])?);
    }
    if !session.edge.has_screen() {
        return Err(Error::new(Code::NoTerminal, "lakehand needs a terminal")
            .next("use --plain, or analyze, plan, compact, history, rollback; lakehand --help"));
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
    let hadoop = HadoopClient::find(&session.edge.environment);
    let here = Here {
        hadoop: hadoop.map(|client| client.in_words()).map_err(|error| error.to_string()),
        lakekeeper: session.edge.current.join(LAKEKEEPERS_FILE).is_file(),
    };
    let from = match run(session, Arc::new(settings), Start::NoConfiguration(here))? {
        Left::Exit(exit) => return Ok(exit),
        Left::Profile(_) => return Ok(Exit::Done),
        Left::Start(StartChoice::Demo) => return Demo::usual().carry_out(session),
        Left::Start(StartChoice::Hadoop) => From { hadoop: true, lakekeeper: None },
        Left::Start(StartChoice::Configure) => From::default(),
        Left::Start(StartChoice::Lakekeeper) => From { hadoop: false, lakekeeper: Some(LAKEKEEPERS_FILE.into()) },
    };
    let draft = setup::asked(&from, &session.edge)?;
    let file = session.edge.paths.config.join("config.yaml");
    if let Err(error) = super::config::write(&file, &draft.text(), false) {
        session.output.script(&draft.text())?;
        return Err(error.next("it is printed above: put it where it belongs"));
    }
    session.output.say(&format!("wrote {}, profile {}", file.display(), draft.profile()));
    let settings = session.config(&[])?.settings(&session.choice(), &session.edge.current)?;
    show(session, Arc::new(settings), Start::Lake)
}

/// Shows the console on a lake, and on each that is opened from it.
pub fn show(session: &Session, settings: Arc<Settings>, start: Start) -> Result<Exit> {
    let (mut settings, mut start) = (settings, start);
    loop {
        match run(session, settings, start)? {
            Left::Exit(exit) => return Ok(exit),
            Left::Start(_) => return Ok(Exit::Done),
            Left::Profile(name) => {
                settings = Arc::new(session.config(&[])?.settings(&of_profile(session, &name), &session.edge.current)?);
                start = Start::Lake;
            }
        }
    }
}

fn of_profile(session: &Session, name: &str) -> Choice {
    Choice { profile: Some(name.to_owned()), lake: None, ..session.choice() }
}

/// The profiles that resolve: another one is never opened to fail.
fn profiles(session: &Session) -> Result<Vec<String>> {
    let config = session.config(&[])?;
    let names = config.profiles().into_iter().map(str::to_owned);
    let resolves = |name: &String| config.settings(&of_profile(session, name), &session.edge.current).is_ok();
    Ok(names.filter(resolves).collect())
}

fn run(session: &Session, settings: Arc<Settings>, start: Start) -> Result<Left> {
    session.edge.paths.prepare()?;
    let env = RuntimeEnv {
        patient: session.patient(Arc::clone(&settings))?,
        paths: session.edge.paths.clone(),
        profiles: profiles(session)?,
        offline: session.globals.offline,
        settings,
        start,
    };
    session.block_on(runtime::run(env))
}
