//! `config generate|check|show`.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::app::{Keys, ThemeName};
use crate::cli::session::Session;
use crate::cli::setup::{self, From};
use crate::cli::table::Table;
use crate::config::{self, Config, Environment, KEYS, Origin, Settings};
use crate::error::{Code, Error, Exit, Result};
use crate::model::StorePath;

/// Write, check or show the configuration. Nothing is contacted.
#[derive(Debug, Args)]
pub struct ConfigCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Print a configuration, or write it to a file: every key with its default, or one for this host
    #[command(after_help = "Examples:
  lakehand config generate                  every key with its default
  lakehand config generate --ask ~/.config/lakehand/config.yaml
  lakehand config generate --hadoop --lakekeeper lakekeeper.yaml")]
    Generate {
        /// Where to write it; standard output without one
        file: Option<PathBuf>,
        /// Ask what has to be in it: where the files are, the lake, the metastore, whether it is production
        #[arg(long)]
        ask: bool,
        /// Make it from the Hadoop client of this host and the metastore of its hive-site.xml; with --ask, ask the rest
        #[arg(long)]
        hadoop: bool,
        /// Take what Lakekeeper's file says of the policy and the login
        #[arg(long, value_name = "FILE")]
        lakekeeper: Option<PathBuf>,
        /// Replace the file if it is there
        #[arg(long)]
        force: bool,
    },
    /// Read every layer and say what is wrong
    Check,
    /// Show every value and where it comes from
    Show,
}

#[derive(Serialize)]
struct Document {
    format: &'static str,
    files: Vec<PathBuf>,
    profiles: Vec<String>,
    values: Vec<Shown>,
    notes: Vec<String>,
}

#[derive(Serialize)]
struct Shown {
    key: String,
    value: Option<String>,
    origin: String,
}

impl ConfigCommand {
    /// Carries it out.
    pub fn carry_out(self, session: &Session) -> Result<Exit> {
        match self.what {
            What::Generate { file, ask, hadoop, lakekeeper, force } => {
                let from = From { hadoop, lakekeeper };
                let text = match (ask, from != From::default()) {
                    (true, _) => setup::asked(&from, &session.edge)?.text(),
                    (false, true) => setup::unasked(&from, &session.edge)?.text(),
                    (false, false) => config::example(),
                };
                generate(session, &text, file, force)
            }
            What::Check => check(session),
            What::Show => show(session),
        }
    }
}

fn generate(session: &Session, text: &str, file: Option<PathBuf>, force: bool) -> Result<Exit> {
    match file {
        None => session.output.script(text)?,
        Some(file) => {
            write(&file, text, force)?;
            session.output.say(&format!("wrote {}; look through it, then: lakehand config check", file.display()));
        }
    }
    Ok(Exit::Done)
}

/// Writes a configuration; one that is there stays, unless it is to be replaced.
pub fn write(file: &Path, text: &str, force: bool) -> Result<()> {
    let failed = |error: std::io::Error| {
        let there = error.kind() == std::io::ErrorKind::AlreadyExists;
        let failed = Error::from(error).context(format!("{} cannot be written", file.display()));
        if there { failed.with_code(Code::Usage).next("give --force to replace it") } else { failed }
    };
    if let Some(parent) = file.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        std::fs::create_dir_all(parent).map_err(failed)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).truncate(force).create(force).create_new(!force);
    let mut opened = options.open(file).map_err(failed)?;
    std::io::Write::write_all(&mut opened, text.as_bytes()).map_err(failed)
}

/// Reads the layers, and opens no lake; each profile must resolve.
fn check(session: &Session) -> Result<Exit> {
    let config = session.config(&[])?;
    let mut choice = session.choice();
    let profiles: Vec<String> = config.profiles().iter().map(|name| (*name).to_owned()).collect();
    if choice.lake.is_none() && choice.profile.is_none() {
        for name in &profiles {
            choice.profile = Some(name.clone());
            config.settings(&choice, &session.edge.current)?;
        }
    } else {
        config.settings(&choice, &session.edge.current)?;
    }
    // What only the console reads is judged as it does.
    let console = config.common(Settings::local_lake(StorePath::new("/")?))?.console;
    ThemeName::parse(&console.theme)?;
    Keys::new(&console.keys)?;
    let document = document("lakehand.config_check/1", &config, Vec::new());
    session.output.either(&document, || {
        let mut text = String::new();
        for file in &config.files {
            text.push_str(&format!("read  {}\n", file.display()));
        }
        for note in &config.notes {
            text.push_str(&format!("note  {note}\n"));
        }
        let named = if profiles.is_empty() { "no profile".to_owned() } else { profiles.join(", ") };
        text.push_str(&format!("ok    {named}\n"));
        text
    })?;
    Ok(Exit::Done)
}

fn show(session: &Session) -> Result<Exit> {
    let config = session.config(&[])?;
    let shown = values(&config, &session.choice().environment);
    let mut table = Table::new(&["key", "value", "from"]);
    for one in &shown {
        table.row([&one.key, one.value.as_deref().unwrap_or("-"), &one.origin]);
    }
    session.output.either(&document("lakehand.config/1", &config, shown), || session.output.table(&table))?;
    Ok(Exit::Done)
}

fn document(format: &'static str, config: &Config, values: Vec<Shown>) -> Document {
    let profiles = config.profiles().into_iter().map(str::to_owned).collect();
    Document { format, files: config.files.clone(), profiles, values, notes: config.notes.clone() }
}

/// What hive-site.xml says of a key of a profile that does not say it itself, and which file it is.
fn from_hive_site(config: &Config, key: &str, environment: &Environment) -> Option<(String, String)> {
    let (name, part) = key.strip_prefix("profiles.")?.split_once('.')?;
    let site = config.hive_site(name, environment).ok()??;
    Some((site.value(part)?, site.file.display().to_string()))
}

/// Every key in the order of the table, a profile's keys once for each profile.
fn values(config: &Config, environment: &Environment) -> Vec<Shown> {
    let profiles = config.profiles();
    let paths = KEYS.iter().flat_map(|key| match key.path.split_once(".*.") {
        Some((section, rest)) => profiles.iter().map(|name| format!("{section}.{name}.{rest}")).collect(),
        None => vec![key.path.to_owned()],
    });
    let shown = |key: String| {
        let setting = config.get(&key);
        if setting.as_ref().is_none_or(|setting| setting.origin == Origin::Default)
            && let Some((value, file)) = from_hive_site(config, &key, environment)
        {
            return Shown { key, value: Some(value), origin: file };
        }
        let origin = setting.as_ref().map_or("not set".to_owned(), |setting| setting.origin.to_string());
        Shown { key, value: setting.map(|setting| setting.value.to_string()), origin }
    };
    paths.map(shown).collect()
}
