//! What every command has: the surroundings, the configuration, the output, and on demand the lake's settings.

use std::future::Future;
use std::sync::Arc;

use super::arguments::{Format, Globals};
use super::edge::Edge;
use super::output::Output;
use crate::action;
use crate::config::{self, Choice, Config, SYSTEM_FILE, Settings, Sources};
use crate::error::{Code, Error, Result};

/// One call of the program.
#[derive(Debug)]
pub struct Session {
    /// The global flags, their variables filled in.
    pub globals: Globals,
    /// The surroundings.
    pub edge: Edge,
    /// Where results and messages go.
    pub output: Output,
}

impl Session {
    /// Begins; the configuration is read when a command needs it.
    pub fn new(mut globals: Globals, edge: Edge) -> Result<Session> {
        fill_in(&mut globals, &edge)?;
        let output = Output::new(globals.output.unwrap_or_default()).plainly(globals.plain);
        Ok(Session { globals, edge, output })
    }

    /// Everything that is configured, with flags of the command laid over it.
    pub fn config(&self, flags: &[(&'static str, String)]) -> Result<Config> {
        let mut all = flags.to_vec();
        if self.globals.ascii {
            all.push(("ascii", "true".to_owned()));
        }
        if let Some(level) = &self.globals.log_level {
            all.push(("log-level", level.clone()));
        }
        config::load(&Sources {
            system: SYSTEM_FILE.as_ref(),
            paths: &self.edge.paths,
            explicit: self.globals.config.as_deref(),
            environment: &self.edge.environment,
            flags: &all,
        })
    }

    /// What was chosen to be opened.
    pub fn choice(&self) -> Choice {
        Choice {
            profile: self.globals.profile.clone(),
            lake: self.globals.lake.clone(),
            read_only: self.globals.read_only,
            no_color: self.edge.environment.get("NO_COLOR").is_some(),
            environment: self.edge.environment.clone(),
        }
    }

    /// The settings of the lake that was chosen.
    pub fn settings(&self, flags: &[(&'static str, String)]) -> Result<Arc<Settings>> {
        let settings = self.config(flags)?.settings(&self.choice(), &self.edge.current)?;
        Ok(Arc::new(settings))
    }

    /// The settings of a lake that is to be changed.
    pub fn writable_settings(&self, flags: &[(&'static str, String)]) -> Result<Arc<Settings>> {
        let settings = self.settings(flags)?;
        if settings.read_only {
            let message = format!("{} is opened read-only", settings.profile);
            return Err(Error::new(Code::ReadOnly, message).next("leave out --read-only, or look with --dry-run"));
        }
        Ok(settings)
    }

    /// Opens the lake that was chosen.
    pub async fn open(&self, settings: &Arc<Settings>) -> Result<action::Session> {
        action::Session::open(Arc::clone(settings), self.edge.paths.clone()).await
    }

    /// Runs the asynchronous part of a command. Tasks that are left over, as one that waits for a key, are abandoned.
    pub fn block_on<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Error::from)?;
        let done = runtime.block_on(work);
        runtime.shutdown_background();
        done
    }

    /// What `doctor` examines.
    pub fn patient(&self, settings: Arc<Settings>) -> Result<action::Patient> {
        let Config { files, notes, .. } = self.config(&[])?;
        let paths = self.edge.paths.clone();
        Ok(action::Patient { settings, paths, files: files.len(), notes, flags: self.lake_flags() })
    }

    /// The flags that open the same lake, for commands that are to be pasted: ` --lake /srv/lake`, or nothing.
    pub fn lake_flags(&self) -> String {
        let mut flags = String::new();
        if let Some(file) = &self.globals.config {
            flags.push_str(&format!(" --config {}", super::ask::quoted(&file.to_string_lossy())));
        }
        if let Some(lake) = &self.globals.lake {
            flags.push_str(&format!(" --lake {}", super::ask::quoted(lake)));
        } else if let Some(profile) = &self.globals.profile {
            flags.push_str(&format!(" --profile {}", super::ask::quoted(profile)));
        }
        flags
    }
}

/// Lets variables stand for flags that were not given.
fn fill_in(globals: &mut Globals, edge: &Edge) -> Result<()> {
    let variables = &edge.environment;
    let on = |flag: &str| match variables.flag(flag) {
        None | Some("false" | "0" | "no" | "off") => Ok(false),
        Some("true" | "1" | "yes" | "on") => Ok(true),
        Some(other) => Err(Error::new(Code::ConfigInvalid, format!("{other:?} cannot be used for --{flag}"))
            .why("its variable has to be true or false")),
    };
    globals.config = globals.config.take().or_else(|| variables.flag("config").map(Into::into));
    if globals.profile.is_none() && globals.lake.is_none() {
        globals.lake = variables.flag("lake").map(str::to_owned);
        globals.profile = variables.flag("profile").map(str::to_owned).filter(|_| globals.lake.is_none());
    }
    globals.at = globals.at.take().or_else(|| variables.flag("at").map(str::to_owned));
    globals.offline |= on("offline")?;
    globals.read_only |= on("read-only")?;
    globals.plain |= on("plain")?;
    globals.output = match (globals.output, variables.flag("output")) {
        (Some(format), _) => Some(format),
        (None, None) => None,
        (None, Some("text")) => Some(Format::Text),
        (None, Some("json")) => Some(Format::Json),
        (None, Some(other)) => {
            let error = Error::new(Code::ConfigInvalid, format!("$LAKEHAND_OUTPUT: {other:?} cannot be used"));
            return Err(error.why("it has to be text or json"));
        }
    };
    Ok(())
}
