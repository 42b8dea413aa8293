//! `analyze`: what the tables are made of.

use clap::Args;
use tokio_util::sync::CancellationToken;

use crate::action::{self, Analysis};
use crate::cli::arguments::{PolicyArguments, SelectionArguments};
use crate::cli::documents::{self, AnalyzedTable, AnalyzedTarget, AnalyzedTargets, HistogramBin, ServerTold};
use crate::cli::output::Output;
use crate::cli::scanning::Scanning;
use crate::cli::session::Session;
use crate::cli::table::Table;
use crate::error::{Exit, Result};
use crate::model::{Policy, ServerFacts, clean, count_text, counted, histogram_edges};

/// See which tables rot: files, sizes, what compacting would leave. Changes nothing.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lakehand analyze                                     the whole lake, the worst first
  lakehand analyze --table sales.orders                one table, target by target
  lakehand analyze --database sales --output json
Exit: 0 done  1 failed, or with --exit-code: work was found  2 usage")]
pub struct Analyze {
    #[command(flatten)]
    selection: SelectionArguments,
    #[command(flatten)]
    policy: PolicyArguments,
    /// Exit with 1 when something needs compaction
    #[arg(long)]
    exit_code: bool,
}

impl Analyze {
    /// Lists and prints.
    pub fn carry_out(self, session: &Session) -> Result<Exit> {
        let settings = session.settings(&self.policy.flags())?;
        let selection = self.selection.selection()?;
        let analysis = session.block_on(async {
            let lake = session.open(&settings).await?;
            let (_line, reporter) = Scanning::begin(session);
            action::analyze(&lake, &selection, reporter, &CancellationToken::new()).await
        })?;
        let tables = documents(&analysis, &settings.policy);
        let found = tables.iter().any(|table| table.needs_compaction);
        let failed = analysis.tables.iter().any(|table| table.stats.error.is_some());
        session.output.either(&documents::analyze(&tables), || text(&session.output, &tables))?;
        Ok(if failed || (self.exit_code && found) { Exit::Failed } else { Exit::Done })
    }
}

fn documents<'a>(analysis: &'a Analysis, policy: &'a Policy) -> Vec<AnalyzedTable<'a>> {
    let document = |one: &'a action::AnalyzedTable| {
        let targets = AnalyzedTargets { stats: &one.targets, policy, now: analysis.at };
        let stats = &one.stats;
        let bins = stats.histogram.bins().iter().map(|(bin, files, bytes)| {
            let (from_bytes, to_bytes) = histogram_edges(*bin);
            HistogramBin { from_bytes, to_bytes, files: *files, bytes: *bytes }
        });
        AnalyzedTable {
            database: stats.name.database.clone(),
            table: stats.name.table.clone(),
            location: stats.location.to_string(),
            file_format: stats.format,
            partition_keys: one
                .table
                .iter()
                .flat_map(|table| &table.partition_keys)
                .map(|key| key.name.clone())
                .collect(),
            compactable: stats.reasons.is_empty() && stats.error.is_none(),
            reasons: stats.reasons.iter().chain(&stats.error).cloned().collect(),
            state: stats.state().to_owned(),
            files: stats.files(),
            bytes: stats.bytes(),
            average_bytes: crate::model::Size(stats.bytes().0.checked_div(stats.files()).unwrap_or(0)),
            median_bytes: stats.median,
            target_files: targets.iter().map(|target| target.target_files).sum(),
            needs_compaction: targets.iter().any(|target| is_work(&target)) && stats.reasons.is_empty(),
            histogram: bins.collect(),
            server: one.server.clone().map(told),
            targets,
        }
    };
    analysis.tables.iter().map(document).collect()
}

/// Whether a run would begin with it now: it needs it, and nothing speaks against it.
fn is_work(target: &AnalyzedTarget) -> bool {
    target.needs_compaction && target.reasons.is_empty() && target.state != "HOT"
}

fn told(told: std::result::Result<ServerFacts, String>) -> ServerTold {
    match told {
        Ok(facts) => ServerTold { facts, not_asked: None },
        Err(why) => ServerTold { facts: ServerFacts::default(), not_asked: Some(why) },
    }
}

/// What the store's server tells, on one line.
fn server(told: &ServerTold) -> String {
    let line = match &told.not_asked {
        Some(why) => format!("webhdfs {}", clean(why)),
        None => told.facts.lines().iter().map(|(word, text)| format!("{word} {text}")).collect::<Vec<_>>().join("   "),
    };
    format!("\n{line}\n")
}

fn text(output: &Output, tables: &[AnalyzedTable]) -> String {
    if tables.is_empty() {
        return "the lake has no table".to_owned();
    }
    let mut text = overview(output, tables);
    if let [only] = tables {
        text.push('\n');
        text.push_str(&targets(output, only));
        text.push_str(&only.server.as_ref().map_or(String::new(), server));
    }
    let files: u64 = tables.iter().map(|table| table.files).sum();
    let sound = tables.iter().filter(|table| table.reasons.is_empty());
    let needy = sound.flat_map(|table| table.targets.iter()).filter(is_work).count();
    text.push_str(&format!(
        "\n{}, {}; {needy} of {} could be compacted\n",
        counted(tables.len() as u64, "table"),
        counted(files, "file"),
        counted(tables.iter().map(|table| table.targets.stats.len() as u64).sum(), "target"),
    ));
    text
}

fn overview(output: &Output, tables: &[AnalyzedTable]) -> String {
    let headings = ["table", ">targets", ">files", ">after", ">size", ">average", ">median", "state", "reason"];
    let mut lines = Table::new(&headings);
    for table in tables {
        let below = || table.targets.stats.iter().flat_map(|target| target.reasons.iter().chain(&target.error)).next();
        let reason = table.reasons.first().or_else(below).map_or("", |reason| reason.text.as_str());
        lines.row([
            &format!("{}.{}", table.database, table.table),
            &count_text(table.targets.stats.len() as u64),
            &count_text(table.files),
            &count_text(table.target_files),
            &table.bytes.to_string(),
            &table.average_bytes.to_string(),
            &format!("~{}", table.median_bytes),
            &table.state,
            reason,
        ]);
    }
    output.table(&lines)
}

fn targets(output: &Output, table: &AnalyzedTable) -> String {
    let mut lines = Table::new(&["target", ">files", ">after", ">size", ">average", ">median", "state", "reason"]);
    for target in table.targets.iter() {
        lines.row([
            target.partition.as_deref().unwrap_or("(unpartitioned)"),
            &count_text(target.files),
            &count_text(target.target_files),
            &target.bytes.to_string(),
            &target.average_bytes.to_string(),
            &target.median_bytes.to_string(),
            target.state,
            target.reasons.first().map_or("", |reason| reason.text.as_str()),
        ]);
    }
    output.table(&lines)
}
