//! The table of keys. To add one: a row here, its field in `settings`, its line in `resolve`; the example file, the
//! variable and `config show` follow.

use super::value::Kind;

/// One key of the configuration.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Where it stands; `*` is the name of a profile.
    pub path: &'static str,
    /// The flag that sets it, without `--`; its variable is `LAKEHAND_` and the flag in upper case.
    pub flag: Option<&'static str>,
    /// What a value must be.
    pub kind: Kind,
    /// The value without any configuration, as it is written in a file; none where there is none.
    pub default: Option<&'static str>,
    /// One or two lines for the example file.
    pub help: &'static str,
}

/// The flags that have a variable but are no key of a file: they choose what is opened and how it is shown.
pub const FLAG_ONLY: [&str; 10] =
    ["config", "profile", "lake", "at", "offline", "output", "plain", "on-drift", "limit", "until"];

/// The flags that have no variable: an answer is given to one question, once.
pub const NEVER_A_VARIABLE: [&str; 2] = ["yes", "confirm"];

const fn key(
    path: &'static str,
    flag: Option<&'static str>,
    kind: Kind,
    default: Option<&'static str>,
    help: &'static str,
) -> Key {
    Key { path, flag, kind, default, help }
}

/// Every key, in the order of the example file.
pub const KEYS: &[Key] = &[
    key("profile", None, Kind::Text, None, "The profile that is opened when --profile does not name one."),
    key(
        "log_level",
        Some("log-level"),
        Kind::Choice(&["error", "warn", "info", "debug"]),
        Some("warn"),
        "How much is said on standard error: error, warn, info or debug.",
    ),
    key(
        "profiles.*.store",
        None,
        Kind::Choice(&["local", "hdfs"]),
        Some("local"),
        "Where the files are: local (a disk of this machine) or hdfs.",
    ),
    key(
        "profiles.*.catalog.kind",
        None,
        Kind::Choice(&["directory", "hive"]),
        Some("directory"),
        "Where tables are known: directory (LAKE/DB.db/TABLE/key=value folders) or hive (a metastore).",
    ),
    key(
        "profiles.*.catalog.uris",
        None,
        Kind::List,
        None,
        "The metastore's addresses, tried in order: thrift://host:9083; by default those of hive-site.xml.",
    ),
    key(
        "profiles.*.catalog.principal",
        None,
        Kind::Text,
        None,
        "The metastore's Kerberos principal, hive/_HOST@REALM; with it one logs in, without it nobody does.",
    ),
    key("profiles.*.catalog.framed", None, Kind::Flag, Some("false"), "The metastore has the framed transport."),
    key("profiles.*.catalog.tls", None, Kind::Flag, Some("false"), "The metastore is spoken to with TLS."),
    key(
        "profiles.*.catalog.tls_ca",
        None,
        Kind::Path,
        None,
        "The certificates that are trusted (PEM); by default those of this host.",
    ),
    key(
        "profiles.*.metastore.update",
        None,
        Kind::Flag,
        Some("false"),
        "After an exchange, write the new numbers of files and bytes into the metastore.",
    ),
    key(
        "profiles.*.metastore.event",
        None,
        Kind::Flag,
        Some("false"),
        "After an exchange, send the metastore's INSERT event, for readers that poll events (Impala).",
    ),
    key("profiles.*.lake", None, Kind::Path, None, "The directory that holds the databases."),
    key(
        "profiles.*.production",
        None,
        Kind::Flag,
        Some("false"),
        "Stricter questions: the number of targets, or the table's name, is typed.",
    ),
    key("profiles.*.read_only", None, Kind::Flag, Some("false"), "Changes are off; looking, planning and saving work."),
    key(
        "profiles.*.run_index",
        None,
        Kind::Path,
        None,
        "Where the operators of this lake list their runs; by default a hidden directory of the lake.",
    ),
    key("profiles.*.hadoop_conf_dir", None, Kind::Path, None, "The Hadoop client's configuration (core-site.xml)."),
    key(
        "profiles.*.webhdfs.ask",
        None,
        Kind::Flag,
        Some("false"),
        "Ask the NameNodes' web servers for what is shown only: storage policy, erasure coding, encryption, file id.",
    ),
    key(
        "profiles.*.webhdfs.addresses",
        None,
        Kind::List,
        None,
        "Their addresses, http:// or https://; by default those of hdfs-site.xml.",
    ),
    key(
        "profiles.*.webhdfs.tls_ca",
        None,
        Kind::Path,
        None,
        "The certificates that are trusted there (PEM); by default those of this host.",
    ),
    key("profiles.*.kerberos.principal", None, Kind::Text, None, "Who acts; by default the ticket that is there."),
    key("profiles.*.kerberos.keytab", None, Kind::Path, None, "The key with which tickets are got and renewed."),
    key(
        "policy.block_size",
        Some("block-size"),
        Kind::Size,
        Some("128MiB"),
        "The size that new files aim at; a bare number is MiB.",
    ),
    key(
        "policy.ratio_threshold",
        Some("ratio-threshold"),
        Kind::Count,
        Some("10"),
        "A target is compacted when the lesser of average and median size is below block size / this.",
    ),
    key(
        "policy.quiet_period",
        Some("quiet-period"),
        Kind::Duration,
        Some("30m"),
        "A target with a file that changed within it is left alone: somebody may be writing.",
    ),
    key(
        "policy.window_limit",
        Some("window-limit"),
        Kind::Duration,
        Some("5s"),
        "An exchange that would take longer asks first: readers fail while it lasts.",
    ),
    key(
        "policy.verify",
        Some("verify"),
        Kind::Choice(&["values", "rows"]),
        Some("values"),
        "What is compared before new files go live: every value, or only rows and schema.",
    ),
    key("policy.row_group_size", None, Kind::Size, Some("128MiB"), "The size at which a row group is full."),
    key("limits.memory", Some("memory"), Kind::Size, Some("512MiB"), "Memory of a run in all, whatever the files."),
    key("limits.targets", Some("targets"), Kind::Count, Some("2"), "Targets that are worked on at a time."),
    key(
        "limits.calls_per_second",
        None,
        Kind::Count,
        Some("2000"),
        "Calls a second to the store's server in a run; exchanges are not held back.",
    ),
    key(
        "limits.call_timeout",
        None,
        Kind::Duration,
        Some("60s"),
        "How long a call to a server may take; then nobody knows what became of it, and it is looked at.",
    ),
    key(
        "console.theme",
        None,
        Kind::Choice(&["default", "high-contrast", "mono", "colourblind"]),
        Some("default"),
        "Colours; a state is always a word as well.",
    ),
    key("console.ascii", Some("ascii"), Kind::Flag, Some("false"), "Only ASCII in place of lines, blocks and dots."),
    key("console.keys", None, Kind::Map, None, "Other keys for the console's actions, as `action: key`."),
];

/// Lakekeeper's keys with the same meaning here: theirs, ours.
pub const LAKEKEEPER_ALIASES: [(&str, &str); 2] =
    [("block_size_mb", "policy.block_size"), ("compaction_ratio_threshold", "policy.ratio_threshold")];

/// Lakekeeper's keys that mean nothing here, and why; they are allowed and `config check` lists them.
pub const LAKEKEEPER_IGNORED: [(&str, &str); 8] = [
    ("backup_prefix", "backups are hidden directories, not tables with a prefix"),
    ("spark_submit", "the native engine rewrites files itself; nothing is submitted"),
    ("sort_columns", "the native engine keeps the order of rows"),
    ("analyze_after_compaction", "statistics of the catalog are not computed here"),
    ("database", "what to work on is given on the command line: --database"),
    ("table", "what to work on is given on the command line: --table"),
    ("tables", "what to work on is given on the command line: --tables"),
    ("config_file", "files are found by --config and the XDG rules"),
];

/// The key of a path, a profile's name standing where the table has `*`.
pub(super) fn find(path: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| matches(key.path, path))
}

/// Whether a path is the key's, or lies below a key that is a map.
fn matches(pattern: &str, path: &str) -> bool {
    let mut wanted = pattern.split('.');
    let mut given = path.split('.');
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some("*"), Some(name)) if !name.is_empty() => {}
            (Some(one), Some(other)) if one == other => {}
            _ => return false,
        }
    }
}

/// Whether a mapping at this path may hold keys.
pub(super) fn is_section(path: &str) -> bool {
    KEYS.iter().any(|key| {
        let depth = path.split('.').count();
        let head: Vec<&str> = key.path.split('.').take(depth).collect();
        key.path.split('.').count() > depth && matches(&head.join("."), path)
    })
}

/// Every part that may follow `section` (empty for the top).
pub(super) fn parts_below(section: &str) -> Vec<&'static str> {
    let depth = if section.is_empty() { 0 } else { section.split('.').count() };
    let mut parts: Vec<&str> = KEYS
        .iter()
        .filter(|key| {
            let head: Vec<&str> = key.path.split('.').take(depth).collect();
            section.is_empty() || matches(&head.join("."), section)
        })
        .filter_map(|key| key.path.split('.').nth(depth))
        .collect();
    if section.is_empty() {
        parts.extend(LAKEKEEPER_ALIASES.iter().map(|alias| alias.0));
        parts.extend(LAKEKEEPER_IGNORED.iter().map(|ignored| ignored.0));
    }
    parts.dedup();
    parts
}

/// The word of `candidates` that was probably meant.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(word, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, candidate)| candidate)
}

impl Key {
    /// The variable that stands for its flag.
    pub fn variable(&self) -> Option<String> {
        self.flag.map(variable_of)
    }
}

/// `LAKEHAND_BLOCK_SIZE` for `block-size`.
pub(super) fn variable_of(flag: &str) -> String {
    format!("LAKEHAND_{}", flag.replace('-', "_").to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_have_any_name() {
        assert_eq!(find("profiles.prod.store").unwrap().path, "profiles.*.store");
        assert!(find("profiles.prod").is_none() && is_section("profiles.prod") && is_section("profiles"));
        assert!(!is_section("policy.block_size"));
        assert_eq!(parts_below("profiles.prod.catalog"), ["kind", "uris", "principal", "framed", "tls", "tls_ca"]);
    }

    #[test]
    fn the_nearest_word_is_named_and_nothing_far_away() {
        assert_eq!(nearest("blok_size", parts_below("policy")), Some("block_size"));
        assert_eq!(nearest("zzz", parts_below("policy")), None);
    }

    #[test]
    fn every_default_is_a_value_of_its_kind() {
        for key in KEYS {
            if let Some(default) = key.default {
                assert!(key.kind.parse(default).is_ok(), "{}", key.path);
            }
        }
    }
}
