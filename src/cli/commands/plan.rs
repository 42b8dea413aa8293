//! `plan`: what compact would do.

use std::path::PathBuf;

use clap::Args;
use tokio_util::sync::CancellationToken;

use crate::action;
use crate::cli::arguments::{PolicyArguments, SelectionArguments};
use crate::cli::planned;
use crate::cli::scanning::Scanning;
use crate::cli::session::Session;
use crate::error::{Code, Error, Exit, Result};
use crate::model::RunLimits;

/// Show what compact would do, and save it to be applied later. Changes nothing.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lakehand plan --table sales.orders --partition dt=2026-11-19
  lakehand plan --database sales --save sales.plan     then: lakehand compact --plan sales.plan
A plan is kept 7 days under its id as well. Footers are read: they decide which files may be merged.
Exit: 0 done or nothing to do  1 failed  2 usage")]
pub struct PlanCommand {
    #[command(flatten)]
    selection: SelectionArguments,
    #[command(flatten)]
    policy: PolicyArguments,
    /// Write the plan to a file too
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// Show the nine steps of each target
    #[arg(long)]
    steps: bool,
}

impl PlanCommand {
    /// Plans and prints.
    pub fn carry_out(self, session: &Session) -> Result<Exit> {
        refuse_sorting(&self.policy)?;
        let settings = session.settings(&self.policy.flags())?;
        let selection = self.selection.selection()?;
        session.edge.paths.prepare()?;
        let plan = session.block_on(async {
            let lake = session.open(&settings).await?;
            let plan = {
                let (_line, reporter) = Scanning::begin(session);
                action::plan(&lake, &selection, reporter, &CancellationToken::new()).await?
            };
            action::save_plan(&lake, &plan)?;
            if let Some(file) = &self.save {
                action::save_plan_file(&plan, file)?;
            }
            if let Some(warning) = action::ticket_warning(&lake, &plan, RunLimits::default()).await {
                session.output.say(&warning);
            }
            Ok(plan)
        })?;
        session.output.either(&plan, || {
            let mut text = planned::text(&session.output, &plan);
            if self.steps {
                text.push_str(&planned::steps(&session.output, &plan));
            }
            text.push_str(&match plan.targets.is_empty() {
                true => "nothing to do\n".to_owned(),
                false => format!(
                    "nothing was changed; lakehand{} compact --plan {} does it\n",
                    session.lake_flags(),
                    plan.plan.suffix()
                ),
            });
            text
        })?;
        Ok(Exit::Done)
    }
}

/// Only an engine that reads rows can sort them.
pub fn refuse_sorting(policy: &PolicyArguments) -> Result<()> {
    if policy.sort_columns.is_empty() {
        return Ok(());
    }
    Err(Error::new(Code::Usage, "--sort-columns cannot be carried out by the native engine")
        .why("it copies rows in their order; sorting is the spark engine's")
        .next("leave --sort-columns out"))
}
