//! The copy menu: what can be copied here, and as which text.

use super::effect::Effect;
use super::nav::View;
use super::selected::Selected;
use super::state::App;
use crate::model::{TargetId, counted};

/// One thing that can be copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copyable {
    /// Its letter.
    pub key: char,
    /// What it is.
    pub what: &'static str,
    /// The text.
    pub text: String,
}

impl App {
    /// What can be copied here.
    pub fn copyable(&self) -> Vec<Copyable> {
        let selected = self.selected();
        let mut choices = Vec::new();
        let mut add = |key, what, text: Option<String>| {
            if let Some(text) = text.filter(|text| !text.is_empty()) {
                choices.push(Copyable { key, what, text });
            }
        };
        add('p', "path", self.path_of(&selected));
        add('t', "table", table_of(&selected));
        add('r', "report", self.doctor_report());
        add('r', "run", self.selected_run_id().map(|run| run.to_string()));
        add('c', "command line", self.command_line(&selected));
        add('s', "REFRESH statements", self.refresh_statements());
        add('j', "JSON", self.json(&selected));
        choices
    }

    /// A letter of the copy menu.
    pub(crate) fn copy(&mut self, key: char) -> Vec<Effect> {
        let choice = self.copyable().into_iter().find(|choice| choice.key == key);
        choice.map(|choice| Effect::Copy { what: choice.what.to_owned(), text: choice.text }).into_iter().collect()
    }

    fn path_of(&self, selected: &Selected) -> Option<String> {
        match selected {
            Selected::Table(table) => self.data.tables.get(table).map(|table| table.location.to_string()),
            Selected::Target(target) | Selected::RunTarget(_, target) => self.location_text(target),
            Selected::File(target, row) => {
                let files = self.data.files.as_ref().filter(|files| files.target == *target)?.files.as_ref()?;
                let name = &files.get(*row as usize)?.name;
                self.location_text(target).map(|location| format!("{location}/{name}"))
            }
            _ => None,
        }
    }

    /// The directory of a target, as far as it is known.
    pub fn location_text(&self, target: &TargetId) -> Option<String> {
        let table = target.table_name();
        let rows = self.data.partitions.get(&table);
        let row = rows.and_then(|rows| rows.find(target.partition.as_deref().unwrap_or_default()));
        let known = rows.zip(row).and_then(|(rows, row)| rows.location(row));
        let planned = || {
            let plan = self.data.plan.as_ref()?.plan.as_ref()?;
            plan.targets.iter().find(|planned| planned.id == *target).map(|planned| planned.location.clone())
        };
        let guessed = || {
            let base = self.data.tables.get(&table)?.location.clone();
            Some(base.join_all(target.partition.as_deref().unwrap_or_default()))
        };
        known.or_else(planned).or_else(guessed).map(|location| location.to_string())
    }

    /// The command that does or shows what this screen does or shows.
    fn command_line(&self, selected: &Selected) -> Option<String> {
        let lake = format!("--lake {}", shell(&self.lake.uri));
        let command = match (self.view(), selected) {
            (View::Plan | View::Steps(_), _) => {
                let state = self.data.plan.as_ref()?;
                format!("compact --plan {}{}", state.plan.as_ref()?.plan, state.limits.flags())
            }
            (View::Run(run), _) => format!("attach {run}"),
            (View::Doctor, _) => "doctor".to_owned(),
            (View::Preview, _) => {
                let preview = self.data.preview.as_ref()?;
                format!("{} {}", preview.kind.word(), preview.of)
            }
            (_, Selected::Run(run) | Selected::RunTarget(run, _)) => format!("history {run}"),
            (_, Selected::Table(table)) => format!("analyze {}", shell(&table.to_string())),
            (_, Selected::Database(database)) => format!("analyze {}", shell(database)),
            (_, Selected::Target(target) | Selected::File(target, _)) => {
                let partition = target.partition.as_ref().map(|name| format!(" --partition {}", shell(name)));
                format!("analyze {}{}", shell(&target.table_name().to_string()), partition.unwrap_or_default())
            }
            _ => return None,
        };
        Some(format!("lakehand {lake} {command}"))
    }

    fn refresh_statements(&self) -> Option<String> {
        let run = match self.view() {
            View::Run(run) | View::RunTargets(run) => run,
            _ => return None,
        };
        self.data.runs.shown.get(run).map(|shown| shown.refresh.join("\n"))
    }

    fn json(&self, selected: &Selected) -> Option<String> {
        match (self.view(), selected) {
            (View::Doctor, _) => serde_json::to_string(&self.data.doctor.checks).ok(),
            (View::Plan, _) => serde_json::to_string(self.data.plan.as_ref()?.plan.as_ref()?).ok(),
            (_, Selected::Table(table)) => serde_json::to_string(self.data.tables.get(table)?).ok(),
            (_, Selected::Run(run)) => serde_json::to_string(self.data.runs.get(run)?).ok(),
            (_, Selected::RunTarget(run, target)) => {
                let outcomes = self.data.outcomes(run);
                serde_json::to_string(outcomes.into_iter().find(|outcome| outcome.id == *target)?).ok()
            }
            _ => None,
        }
    }

    /// The row of the copy menu.
    pub fn copy_menu(&self) -> String {
        let choices = self.copyable();
        if choices.is_empty() {
            return "nothing to copy here".to_owned();
        }
        let short = |what: &'static str| if self.is_narrow() { what.split(' ').next().unwrap_or(what) } else { what };
        let words: Vec<String> =
            choices.iter().map(|choice| format!("{} {}", choice.key, short(choice.what))).collect();
        format!("copy: {}", words.join("  "))
    }
}

fn table_of(selected: &Selected) -> Option<String> {
    match selected {
        Selected::Table(table) => Some(table.to_string()),
        Selected::Target(target) | Selected::File(target, _) | Selected::RunTarget(_, target) => {
            Some(target.table_name().to_string())
        }
        _ => None,
    }
}

/// A word for a shell: quoted where it has to be.
pub fn shell(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// What `Msg::Copied` says.
pub fn copied_text(what: &str, text_lines: usize) -> String {
    format!(
        "{what} copied{}",
        if text_lines > 1 { format!(", {}", counted(text_lines as u64, "line")) } else { String::new() }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_safe_for_a_shell() {
        assert_eq!(shell("dt=2026-11-19"), "dt=2026-11-19");
        assert_eq!(shell("a b$(x)"), "'a b$(x)'");
        assert_eq!(shell("it's"), r"'it'\''s'");
        assert_eq!(shell(""), "''");
    }
}
