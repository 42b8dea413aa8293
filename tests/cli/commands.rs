//! Commands that need no lake: usage, configuration, explain, completions, man; and what each says when it is wrong.

use crate::command::User;

#[test]
fn wrong_usage_is_exit_2_in_the_words_of_every_error() {
    let user = User::new();
    let wrong = user.run(&["analyse"]);
    wrong.exits(2).says("error: unrecognized subcommand 'analyse'").says("[usage, exit 2]").says("analyze");
    assert!(wrong.stdout.is_empty(), "a message is no result");
    user.run(&["compact", "--table", "orders", "--lake", "."]).exits(2).says("give it as DATABASE.TABLE");
    user.run(&["compact", "--plan", "x", "--table", "a.b"]).exits(2).says("cannot be used with");
    user.run(&["cleanup", "--minimum-age", "5", "--lake", "."]).exits(2).says("30m, 72h, 7d");
    user.run(&["plan", "--sort-columns", "a", "--lake", "."]).exits(2).says("native engine");
    user.run(&["plan", "--block-size", "0", "--lake", "."]).exits(2).says("--block-size").says("a size above 0");
}

#[test]
fn an_error_is_one_document_on_standard_output_with_json() {
    let user = User::new();
    for wrong in [&["--output", "json", "analyse"][..], &["analyze", "--output=json"], &["--output", "json", "compact"]]
    {
        let done = user.run(wrong);
        let document = done.exits(2).json();
        assert_eq!(document["format"], "lakehand.error/1");
        let error = document["error"].as_object().unwrap();
        let fields: Vec<&str> = error.keys().map(String::as_str).collect();
        assert_eq!(fields, ["code", "exit_code", "lake", "message", "next", "why"]);
        assert_eq!(error["exit_code"], 2);
        assert!(done.stderr.is_empty(), "{}", done.stderr);
    }
}

#[test]
fn without_a_lake_every_way_to_one_is_named() {
    let user = User::new();
    for command in ["analyze", "plan", "compact", "history", "rollback", "cleanup", "recover", "doctor"] {
        user.run(&[command]).exits(2).says("no configuration found, so there is no lake to open").says("lakehand demo");
    }
    user.run(&["analyze", "--lake", "/does/not/exist"]).exits(2).says("[lake_not_found, exit 2]");
    user.run(&["analyze", "--lake", "s3://bucket/lake"])
        .exits(2)
        .says("on a local disk and on HDFS")
        .says("[config_invalid, exit 2]");
    user.run(&["analyze", "--lake", "hdfs:///lake"]).exits(2).says("fs.defaultFS").says("[config_invalid, exit 2]");
    // Nobody listens there.
    user.run(&["analyze", "--lake", "hdfs://127.0.0.1:1/lake"]).exits(1).says("[unavailable, exit 1]");
}

#[test]
fn without_a_terminal_the_console_says_what_to_use() {
    User::new().run(&[]).exits(2).says("lakehand needs a terminal").says("[no_terminal, exit 2]");
}

#[test]
fn an_unknown_key_names_the_nearest_with_file_and_line() {
    let user = User::new();
    let file = user.write(".config/lakehand/config.yaml", "profiles:\n  p:\n    laek: /x\n");
    let message = format!("{}:3: profiles.p.laek is not a key", file.display());
    user.run(&["config", "check"]).exits(2).says(&message).says("did you mean lake?");
    user.run(&["analyze", "--lake", "."]).exits(2).says(&message);
    let user = User::new().with("LAKEHAND_BLOCKSIZE", "1MiB");
    user.run(&["config", "show"]).exits(2).says("did you mean $LAKEHAND_BLOCK_SIZE?");
}

#[test]
fn show_names_the_origin_of_every_value() {
    let user = User::new().with("LAKEHAND_VERIFY", "rows");
    let user_file = user.write(".config/lakehand/config.yaml", "block_size_mb: 64\npolicy:\n  ratio_threshold: 5\n");
    let more = user.write("more.yaml", "policy:\n  quiet_period: 1h\nprofiles:\n  prod:\n    lake: /srv\n");
    let done = user.run(&["config", "show", "--config", more.to_str().unwrap(), "--ascii", "--output", "json"]);
    let document = done.exits(0).json();
    let origin = |key: &str| {
        let value = document["values"].as_array().unwrap().iter().find(|value| value["key"] == key);
        let value = value.unwrap_or_else(|| panic!("{key} is not shown"));
        format!("{} {}", value["value"].as_str().unwrap_or("-"), value["origin"].as_str().unwrap())
    };
    assert_eq!(origin("policy.block_size"), format!("64MiB {}:1", user_file.display()));
    assert_eq!(origin("policy.ratio_threshold"), format!("5 {}:3", user_file.display()));
    assert_eq!(origin("policy.quiet_period"), format!("1h {}:2", more.display()));
    assert_eq!(origin("policy.verify"), "rows $LAKEHAND_VERIFY");
    assert_eq!(origin("console.ascii"), "true --ascii");
    assert_eq!(origin("limits.memory"), "512MiB default");
    assert_eq!(origin("profiles.prod.production"), "false default");
    user.run(&["config", "show"]).exits(0).prints("policy.verify").prints("$LAKEHAND_VERIFY");
}

#[test]
fn a_configuration_is_made_from_the_hadoop_client_and_lakekeepers_file() {
    let user = User::new();
    user.run(&["config", "generate", "--ask"]).exits(2).says("questions need a terminal");
    let conf = user.directory("conf");
    let property = |name: &str, value: &str| {
        format!("<configuration><property><name>{name}</name><value>{value}</value></property></configuration>")
    };
    user.write("conf/core-site.xml", &property("fs.defaultFS", "hdfs://nn1.example:8020"));
    user.write("conf/hive-site.xml", &property("hive.metastore.uris", "thrift://hms1:9083"));
    user.write("lakekeeper.yaml", "block_size_mb: 256\nspark_submit:\n  principal: svc@LAKE\n");
    let conf = conf.to_str().unwrap();
    let user = user.with("HADOOP_CONF_DIR", conf).with("HIVE_CONF_DIR", conf);
    let made = |arguments: &[&str]| {
        let generate = ["config", "generate", "--hadoop", "--lakekeeper", "lakekeeper.yaml"];
        user.run(&[&generate, arguments].concat())
    };
    made(&["config.yaml"]).exits(0).says("wrote config.yaml");
    assert_eq!(std::fs::read_to_string(user.home().join("config.yaml")).unwrap(), made(&[]).exits(0).stdout);
    user.run(&["config", "check", "--config", "config.yaml"]).exits(0).prints("ok    nn1");
    let shown = user.run(&["config", "show", "--config", "config.yaml"]);
    shown.exits(0).prints("svc@LAKE").prints("256MiB").prints("hdfs://nn1.example:8020/");
}

#[test]
fn the_example_file_is_what_generate_prints_and_passes_check() {
    let user = User::new();
    let example = include_str!("../../config.example.yaml");
    assert_eq!(user.run(&["config", "generate"]).exits(0).stdout, example);
    user.run(&["config", "generate", "new/config.yaml"]).exits(0);
    user.run(&["config", "generate", "new/config.yaml"]).exits(2).says("--force");
    user.run(&["config", "generate", "new/config.yaml", "--force"]).exits(0);
    let lake = user.directory("lake");
    user.write("config.yaml", &example.replace("/srv/lake", lake.to_str().unwrap()));
    user.run(&["config", "check", "--config", "config.yaml"]).exits(0).prints("local");
}

#[test]
fn explain_knows_every_code_and_names_the_nearest() {
    let user = User::new();
    for code in lakehand::error::Code::ALL {
        user.run(&["explain", code.as_str()]).exits(0).prints(code.explain());
    }
    user.run(&["explain", "plan_drft"]).exits(2).says("did you mean plan_drift?");
}

#[test]
fn completions_and_the_manual_know_every_command() {
    let user = User::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = user.run(&["completions", shell]);
        for word in ["rollback", "cleanup", "--quiet-period"] {
            script.exits(0).prints(word.trim_start_matches("--"));
        }
    }
    let manual = user.run(&["man"]);
    manual.exits(0).prints(".TH lakehand 1").prints("LAKEHAND ROLLBACK").prints("skip\\-trash");
    assert!(!manual.stdout.contains("LAKEHAND WORKER"), "what is hidden is not in the manual");
}

#[test]
fn help_begins_with_what_a_command_is_for_and_has_examples() {
    let user = User::new();
    for command in ["analyze", "plan", "compact", "rollback", "cleanup", "recover", "restore", "history", "demo"] {
        user.run(&[command, "--help"])
            .exits(0)
            .prints(&format!("lakehand {command}"))
            .prints("Exit")
            .prints("Examples");
    }
    user.run(&["--version"]).exits(0).prints(env!("CARGO_PKG_VERSION"));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let user = User::new();
    let script = format!("'{}' explain | head -n 1", env!("CARGO_BIN_EXE_lakehand"));
    let done = user.shell(&format!("set -o pipefail; {script}"));
    done.exits(0).prints("no_config");
    assert!(done.stderr.is_empty(), "{}", done.stderr);
}
