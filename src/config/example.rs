//! The example file, made from the table of keys: `config generate` prints it, `config.example.yaml` is it.

use super::keys::{KEYS, Key};

const HEAD: &str = "\
# The configuration of lakehand. Copy it to ~/.config/lakehand/config.yaml (or /etc/lakehand/config.yaml for everybody
# on this machine) and change what you need; what is commented out shows the default. Later wins: /etc, ~/.config, the
# file of --config, LAKEHAND_* variables, flags. `lakehand config check` reads it, `lakehand config show` says where
# each value comes from.
";

/// What a value looks like where there is no default.
const SAMPLES: [(&str, &str); 12] = [
    ("profile", "local"),
    ("profiles.*.catalog.uris", "[thrift://metastore:9083]"),
    ("profiles.*.catalog.principal", "hive/_HOST@LAKE.EXAMPLE"),
    ("profiles.*.catalog.tls_ca", "/etc/lakehand/ca.pem"),
    ("profiles.*.lake", "/srv/lake"),
    ("profiles.*.run_index", "/srv/lakehand/runs"),
    ("profiles.*.hadoop_conf_dir", "/etc/hadoop/conf"),
    ("profiles.*.webhdfs.addresses", "[https://nn1.example:9871, https://nn2.example:9871]"),
    ("profiles.*.webhdfs.tls_ca", "/etc/lakehand/ca.pem"),
    ("profiles.*.kerberos.principal", "lakehand@LAKE.EXAMPLE"),
    ("profiles.*.kerberos.keytab", "/etc/security/lakehand.keytab"),
    ("console.keys", "{roll-back: T}"),
];

/// The keys that are not commented out: the least that opens a lake.
const ACTIVE: [&str; 1] = ["profiles.*.lake"];

/// The text of the example file.
pub fn example() -> String {
    let mut text = HEAD.to_owned();
    let mut open: Vec<&str> = Vec::new();
    for key in KEYS {
        let parts: Vec<&str> = key.path.split('.').collect();
        let sections = &parts[..parts.len() - 1];
        let same = open.iter().zip(sections).take_while(|(one, other)| one == other).count();
        if same == 0 {
            text.push('\n');
        }
        for (depth, section) in sections.iter().enumerate().skip(same) {
            let name = if *section == "*" { "local" } else { section };
            text.push_str(&format!("{}{}{name}:\n", indent(depth), comment_section(sections, depth)));
        }
        open = sections.to_vec();
        text.push_str(&entry(key, parts.len() - 1));
    }
    text
}

/// A section below a profile is commented out with its keys; the others may be empty.
fn comment_section(sections: &[&str], depth: usize) -> &'static str {
    if sections[0] == "profiles" && depth >= 2 { "# " } else { "" }
}

fn entry(key: &Key, depth: usize) -> String {
    let name = key.path.rsplit('.').next().unwrap_or(key.path);
    let sample = SAMPLES.iter().find(|(path, _)| *path == key.path).map(|(_, sample)| *sample);
    let value = key.default.or(sample).unwrap_or("");
    let active = ACTIVE.contains(&key.path);
    let place = indent(depth);
    let by =
        key.variable().zip(key.flag).map_or(String::new(), |(variable, flag)| format!("  (--{flag}, ${variable})"));
    let mark = if active { "" } else { "# " };
    let room = 120 - place.len();
    let by = if key.help.len() + by.len() + 2 > room { format!("\n{place}# {}", by.trim_start()) } else { by };
    format!("{place}# {}{by}\n{place}{mark}{name}: {value}\n", key.help)
}

fn indent(depth: usize) -> String {
    "  ".repeat(depth)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::file::parse;
    use super::*;

    #[test]
    fn the_example_is_a_valid_file_as_it_is_and_with_every_key_switched_on() {
        let text = example();
        let found = parse(Path::new("example"), &text).unwrap();
        assert_eq!(found.values.len(), ACTIVE.len());
        let on: String = text.lines().map(switch_on).collect();
        let found = parse(Path::new("example"), &on).unwrap();
        assert_eq!(found.values.len(), KEYS.len());
    }

    /// Uncomments a line that is a key: `# name: value`, and no sentence.
    fn switch_on(line: &str) -> String {
        let trimmed = line.trim_start();
        let is_key = trimmed
            .strip_prefix("# ")
            .and_then(|rest| rest.split_once(':'))
            .is_some_and(|(name, _)| name.chars().all(|c| c.is_ascii_lowercase() || c == '_'));
        if is_key { format!("{}\n", line.replacen("# ", "", 1)) } else { format!("{line}\n") }
    }
}
