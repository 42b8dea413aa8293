//! The documentation says what the program does. `UPDATE_DOCS=1 cargo test --test cli docs` writes what is generated.

use std::path::Path;

use lakehand::error::Code;

use crate::command::{User, repository};

#[test]
fn every_code_is_documented() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/errors.md");
    let text = errors();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "run it again with UPDATE_DOCS=1");
}

fn errors() -> String {
    let mut text = "\
# Exit codes and error codes

A command ends with the first that applies of 6, 5, 130, 4, 3, 1, 0; 2 comes before anything is begun.

| exit | meaning |
|---|---|
| 0 | done; also: nothing to do |
| 1 | failed |
| 2 | wrong usage or configuration; nothing was contacted or changed |
| 3 | refused; nothing was changed |
| 4 | done in part |
| 5 | a verification failed; live data is as it was |
| 6 | a run needs recovery, or a person's decision |
| 130 | stopped on request, safely |

Every message ends with its code in brackets; `lakehand explain CODE` says the same as this table.

| code | exit | meaning |
|---|---|---|
"
    .to_owned();
    for code in Code::ALL {
        text.push_str(&format!("| `{code}` | {} | {} |\n", code.exit().code(), code.explain()));
    }
    text
}

#[test]
fn the_readme_names_every_command() {
    let readme = repository("README.md");
    let help = User::new().run(&["--help"]).stdout;
    let commands = help.split("Commands:").nth(1).unwrap().split("\n\n").next().unwrap();
    let named = commands.lines().filter_map(|line| line.strip_prefix("  ")).filter(|line| !line.starts_with(' '));
    let names = named.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help");
    let missing: Vec<&str> = names.filter(|name| !readme.contains(&format!("`{name}"))).collect();
    assert!(missing.is_empty(), "README.md does not name {missing:?}");
}
