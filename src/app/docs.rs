//! docs/keys.md, made from the key table.

use std::fmt::Write;

use super::keys::{Group, TABLE};
use super::nav::Screen;

/// The document.
pub fn keys_document() -> String {
    let mut text = String::from(
        "# Keys of the console\n\nMade from the key table in `src/app/keys.rs`; a test checks that it is up to date.\n\
         A letter means the same on every screen. Lower case looks; upper case changes and, but for `P`, only opens a\n\
         question. `y` means yes and nothing else. A key can be replaced in the configuration by its name:\n\
         `console.keys: {mark: m}`.\n",
    );
    for group in [Group::Move, Group::Look, Group::Change, Group::Leave] {
        let _ = write!(text, "\n## {}\n\n| keys | name | meaning | where |\n|---|---|---|---|\n", heading(group));
        for binding in TABLE.iter().filter(|binding| binding.group == group) {
            let keys: Vec<String> = binding.keys.iter().map(|key| format!("`{}`", key)).collect();
            let place = if binding.screens.len() == Screen::ALL.len() {
                "everywhere".to_owned()
            } else {
                binding.screens.iter().map(|screen| screen.title()).collect::<Vec<_>>().join(", ")
            };
            let help = binding.help.replace('|', "\\|");
            let _ = writeln!(text, "| {} | {} | {help} | {place} |", keys.join(" "), binding.name);
        }
    }
    text
}

fn heading(group: Group) -> &'static str {
    match group {
        Group::Move => "Moving",
        Group::Look => "Looking",
        Group::Change => "Changing: asks first",
        Group::Leave => "Leaving and stopping",
    }
}
