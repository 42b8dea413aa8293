//! Which module may use which: the table of CONTRIBUTING.md, enforced on the source text.
//!
//! It reads every `crate::NAME` path (also inside `use crate::{…}` groups) of every file under src/ and fails on an edge
//! that the table does not allow, on the `Write` traits named outside the modules that may write, on clocks, channels,
//! I/O and tokio in the pure modules, and on `unsafe` outside `term`, `worker` and `auth`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test binary")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Module, what it may use besides `error` and `model`, and whether it is pure. `*` is everything.
const TABLE: &[(&str, &[&str], bool)] = &[
    ("error", &[], true),
    ("model", &[], true),
    ("plan", &[], true),
    ("config", &[], false),
    ("auth", &["config"], false),
    ("store", &["config", "auth"], false),
    ("catalog", &["config", "auth", "store"], false),
    ("lake", &["store", "catalog", "config", "auth"], false),
    ("format", &["store"], false),
    ("scan", &["store", "catalog", "format", "config"], false),
    ("ledger", &["store"], false),
    ("run", &["lake", "store", "catalog", "format", "plan", "ledger"], false),
    ("ipc", &[], false),
    ("client", &["ipc", "config"], false),
    ("worker", &["run", "lake", "ledger", "ipc", "config"], false),
    ("action", &["lake", "scan", "plan", "ledger", "client", "ipc", "config"], false),
    ("app", &["plan", "ledger", "ipc"], true),
    ("ui", &["app"], true),
    ("term", &[], false),
    ("runtime", &["app", "ui", "term", "action", "client", "ipc", "config"], false),
    ("demo", &["store", "format", "config"], false),
    ("cli", &["*"], false),
];

/// The only modules that may name the `Write` traits.
const WRITERS: &[&str] = &["store", "catalog", "lake", "format", "run", "demo"];

/// What a pure module may not name.
const IMPURE: &[&str] = &[
    "tokio::",
    "std::fs",
    "std::env",
    "std::net",
    "std::process",
    "Utc::now",
    "Local::now",
    "Instant::now",
    "SystemTime::now",
    "std::sync::mpsc",
];

struct Source {
    module: String,
    path: PathBuf,
    /// The text without comments and without the test modules at its end.
    text: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut pending = vec![root.clone()];
    while let Some(directory) = pending.pop() {
        for entry in fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                pending.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let below = path.strip_prefix(&root).unwrap();
                let first = below.components().next().unwrap().as_os_str().to_str().unwrap();
                let module = first.trim_end_matches(".rs").to_owned();
                if module != "main" && module != "lib" {
                    let text = product_text(&fs::read_to_string(&path).unwrap());
                    found.push(Source { module, path: below.to_owned(), text });
                }
            }
        }
    }
    assert!(found.len() > 30, "the walk over src/ found only {} files", found.len());
    found
}

/// The source without line comments and without what follows `#[cfg(test)]` on a module.
fn product_text(source: &str) -> String {
    let end = source.find("#[cfg(test)]\nmod ").unwrap_or(source.len());
    source[..end].lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// The names after each `crate::`, those in braces too.
fn used_modules(text: &str) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    for (at, _) in text.match_indices("crate::") {
        if text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let rest = &text[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            Some(group) => used.extend(group_heads(group)),
            None => {
                used.insert(identifier(rest));
            }
        }
    }
    used
}

/// The first identifiers of the items of a `{…}` group, at its outermost level.
fn group_heads(group: &str) -> Vec<String> {
    let (mut depth, mut item, mut heads) = (1, String::new(), Vec::new());
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => {
                heads.push(identifier(item.trim()));
                item.clear();
                continue;
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
        item.push(c);
    }
    if !item.trim().is_empty() {
        heads.push(identifier(item.trim()));
    }
    heads
}

fn identifier(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

#[test]
fn no_edge_is_outside_the_table() {
    let mut wrong = Vec::new();
    for source in sources() {
        let Some((_, allowed, _)) = TABLE.iter().find(|(module, ..)| *module == source.module) else {
            wrong.push(format!("{}: module {} is not in the table", source.path.display(), source.module));
            continue;
        };
        for used in used_modules(&source.text) {
            let fine = used == source.module
                || used == "error"
                || (used == "model" && source.module != "error")
                || allowed.contains(&used.as_str())
                || allowed.contains(&"*");
            if !fine {
                wrong.push(format!("{}: {} may not use {used}", source.path.display(), source.module));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn write_traits_are_named_only_where_writing_is_allowed() {
    let mut wrong = Vec::new();
    for source in sources() {
        let writes = ["store::Write", "catalog::Write", "lake::Writer", "open_writer(", "dyn Hold", "store::Hold"]
            .iter()
            .any(|name| source.text.contains(name));
        let is_worker = source.module == "worker"; // opens the lake for `run`, and does nothing else with it
        if writes && !is_worker && !WRITERS.contains(&source.module.as_str()) {
            wrong.push(source.path.display().to_string());
        }
    }
    assert!(wrong.is_empty(), "these name a Write trait: {}", wrong.join(", "));
}

#[test]
fn pure_modules_are_pure() {
    let mut wrong = Vec::new();
    for source in sources() {
        let pure = TABLE.iter().any(|(module, _, pure)| *module == source.module && *pure);
        for name in IMPURE.iter().filter(|name| pure && source.text.contains(**name)) {
            wrong.push(format!("{} names {name}", source.path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn unsafe_code_is_only_where_it_is_explained() {
    for source in sources() {
        let is_unsafe = source.text.contains("unsafe {")
            || source.text.contains("unsafe fn")
            || source.text.contains("unsafe impl");
        assert!(
            !is_unsafe || ["term", "worker", "auth"].contains(&source.module.as_str()),
            "{} is unsafe",
            source.path.display()
        );
    }
}

#[test]
fn the_table_in_the_documentation_is_this_one() {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("CONTRIBUTING.md")).unwrap();
    for (module, allowed, pure) in TABLE {
        let allowed = match allowed {
            [] => "–".to_owned(),
            ["*"] => "everything".to_owned(),
            names => names.join(", "),
        };
        let pure = if *pure { " (pure)" } else { "" };
        let row = format!("| `{module}`{pure} | {allowed} |");
        assert!(text.contains(&row), "CONTRIBUTING.md lacks the row {row:?}");
    }
}

#[test]
fn groups_are_read() {
    let used = used_modules(
        "use crate::{app::{keys, App}, model::Size};\nuse crate::error::Result; xcrate::no; crate::ui::draw()",
    );
    assert_eq!(used.into_iter().collect::<Vec<_>>(), ["app", "error", "model", "ui"]);
}
