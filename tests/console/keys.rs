//! The key table: documented, without doubles, and its bar fits.

use std::collections::HashSet;
use std::path::Path;

use lakehand::app::{Keys, Screen, TABLE, bar, docs};

use crate::console::Console;
use crate::lake::load;

#[test]
fn no_screen_has_a_key_twice() {
    for screen in Screen::ALL {
        let mut seen = HashSet::new();
        for binding in TABLE.iter().filter(|binding| binding.screens.contains(screen)) {
            for key in binding.keys {
                assert!(seen.insert(key), "{key} twice on {screen:?}");
            }
        }
    }
}

#[test]
fn every_key_is_in_help_and_in_the_document() {
    let document = docs::keys_document();
    for binding in TABLE {
        assert!(document.contains(&format!("| {} |", binding.name)), "{}", binding.name);
    }
    let mut console = Console::open((120, 60));
    load(&mut console);
    console.keys("?");
    let help = console.text();
    for binding in TABLE.iter().filter(|binding| binding.screens.contains(&Screen::Lake)) {
        let key = binding.keys[0].to_string();
        assert!(help.contains(&key), "{key} is not in help:\n{help}");
    }
}

#[test]
fn the_document_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/keys.md");
    let document = docs::keys_document();
    if std::env::var_os("LAKEHAND_WRITE_DOCS").is_some() {
        std::fs::write(&path, &document).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(kept, document, "LAKEHAND_WRITE_DOCS=1 cargo test --test console document writes it");
}

#[test]
fn the_bar_fits_with_its_main_keys() {
    let keys = Keys::default();
    for screen in Screen::ALL {
        let main: usize = bar(screen.to_owned())
            .iter()
            .filter(|(_, _, rank)| *rank == 0)
            .map(|(action, label, _)| keys.name(*action).len() + label.len() + 3)
            .sum();
        assert!(main <= 62, "{screen:?} needs {main} columns");
    }
}
