//! Every screen as text and styles at 80x24 and 120x40: in colour, mono and ASCII; loading, empty, with an error, full.
//!
//! A snapshot holds the text, then the styles in colour and in mono (their text is the same), then the ASCII text where
//! it differs.

use lakehand::app::{Failure, Here, LakeMsg, Look, Msg, PlanMsg, PreviewMsg, Reading, RunMsg, Start, ThemeName};
use lakehand::error::{Code, Error};

use crate::console::Console;
use crate::lake::{details, finish_readings, footers, load, load_targets, table_name};
use crate::runs::{ended, list_runs, plan_made, previewed, run_id, shown, snapshot};

const SIZES: [(u16, u16); 2] = [(80, 24), (120, 40)];

fn failure() -> Failure {
    Failure::from(Error::new(Code::Permission, "/data/lake cannot be read").why("permission denied"))
}

/// One state of a screen, in all looks.
fn shots(size: (u16, u16), steps: &dyn Fn(&mut Console)) -> String {
    let with = |look: Look| {
        let mut console = Console::with(size, |options| options.look = look);
        steps(&mut console);
        console.wait(500);
        console
    };
    let colour = with(Look::default());
    let mono = with(Look { theme: ThemeName::Mono, no_color: true, ..Look::default() });
    let ascii = with(Look { ascii: true, ..Look::default() });
    assert_eq!(colour.text(), mono.text(), "looks differ only in styles");
    assert!(!mono.styles().contains("red") && !mono.styles().contains("blue"));
    let own = ascii.text();
    let foreign: String = own.chars().filter(|c| !c.is_ascii()).collect();
    assert_eq!(foreign, "", "an ASCII screen has only ASCII:\n{own}");
    format!("{}--- styles\n{}--- mono\n{}--- ascii\n{}", colour.text(), colour.styles(), mono.styles(), own)
}

/// A state of a screen: its name, and the steps that lead there.
type State<'a> = (&'a str, &'a dyn Fn(&mut Console));

/// All states of a screen in one snapshot for each size.
fn screen(name: &str, states: &[State<'_>]) {
    for size in SIZES {
        let mut text = String::new();
        for (state, steps) in states {
            text.push_str(&format!("=== {state}\n{}", shots(size, *steps)));
        }
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(format!("{name}_{}x{}", size.0, size.1), text);
        });
    }
}

fn full(console: &mut Console) {
    load(console);
    list_runs(console, false);
}

fn on_orders(console: &mut Console) {
    full(console);
    console.keys("j<Enter>");
    load_targets(console);
    console.keys("<Space><Space>");
}

#[test]
fn lake() {
    screen(
        "lake",
        &[
            ("loading", &|_| ()),
            ("empty", &|console| {
                console.send(Msg::Lake(LakeMsg::Ended { reading: Reading::Lake, stopped: false }));
            }),
            ("error", &|console| {
                full(console);
                let reading = Reading::Table(table_name("web.clicks"));
                console.send(Msg::Lake(LakeMsg::Failed { reading, failure: failure() }));
            }),
            ("full", &full),
            ("no match", &|console| {
                full(console);
                console.keys("/refunds<Enter>");
            }),
        ],
    );
}

#[test]
fn browse() {
    screen(
        "browse",
        &[
            ("loading", &|console| {
                full(console);
                console.keys("j<Enter>");
                console.wait(1_200);
            }),
            ("empty", &|console| {
                full(console);
                console.keys("j<Enter>");
                let reading = Reading::Table(table_name("sales.orders"));
                console.send(Msg::Lake(LakeMsg::Ended { reading, stopped: false }));
            }),
            ("partitions", &on_orders),
            ("streaming", &|console| {
                on_orders(console);
                console.keys("r");
                let reading = Reading::Target(crate::runs::orders("2026-11-14"));
                console.send(Msg::Lake(LakeMsg::Progress { reading, done: 12_340, total: Some(19_000) }));
                console.wait(4_100);
            }),
            ("databases", &|console| {
                full(console);
                console.keys("<Esc>11");
                console.keys("1");
            }),
            ("tables", &|console| {
                full(console);
                console.keys("j1");
            }),
        ],
    );
}

#[test]
fn files() {
    use lakehand::model::{FileTime, KnownFile, Size};
    screen(
        "files",
        &[
            ("loading", &|console| {
                on_orders(console);
                console.keys("<Enter>");
            }),
            ("error", &|console| {
                on_orders(console);
                console.keys("g<Enter>");
                let target = crate::runs::orders("2026-11-17");
                console.send(Msg::Files { target, files: Err(failure()) });
            }),
            ("full", &|console| {
                on_orders(console);
                console.keys("g<Enter>");
                let target = crate::runs::orders("2026-11-17");
                let file = |number: u64| KnownFile {
                    name: format!("part-{number:05}-7f3c.snappy.parquet"),
                    length: Size(number * number * 9_000),
                    modified: FileTime::from(crate::console::now() - chrono::TimeDelta::days(2)),
                };
                console.send(Msg::Files { target, files: Ok((0..60).map(file).collect()) });
            }),
        ],
    );
}

#[test]
fn inspect() {
    screen(
        "inspect",
        &[
            ("loading", &|console| {
                full(console);
                console.keys("ji");
            }),
            ("files", &|console| {
                full(console);
                console.keys("ji");
                load_targets(console);
            }),
            ("schema", &|console| {
                full(console);
                console.keys("ji");
                load_targets(console);
                console.keys("<Tab>");
            }),
            ("why", &|console| {
                full(console);
                console.keys("ji");
                load_targets(console);
                console.keys("<Shift-Tab>");
            }),
            ("files with footers", &|console| {
                full(console);
                console.keys("ji");
                load_targets(console);
                console.send(Msg::Details(Box::new(details(footers(false)))));
            }),
            ("schema with footers", &|console| {
                full(console);
                console.keys("ji");
                load_targets(console);
                console.send(Msg::Details(Box::new(details(footers(false)))));
                console.keys("<Tab>");
            }),
            ("writers", &|console| {
                full(console);
                console.keys("ji");
                load_targets(console);
                console.send(Msg::Details(Box::new(details(footers(false)))));
                console.keys("<Tab><Tab><Tab>");
            }),
            ("refused", &|console| {
                full(console);
                console.keys("/contacts<Enter>i");
            }),
        ],
    );
}

#[test]
fn basket() {
    screen(
        "basket",
        &[
            ("empty", &|console| {
                full(console);
                console.keys("2");
            }),
            ("full", &|console| {
                on_orders(console);
                console.keys("0G<Space>2");
            }),
        ],
    );
}

#[test]
fn plan() {
    screen(
        "plan",
        &[
            ("none", &|console| {
                full(console);
                console.keys("3");
            }),
            ("loading", &|console| {
                on_orders(console);
                console.keys("p");
                console.send(Msg::Plan(PlanMsg::Footers { done: 12_340, total: 65_000 }));
            }),
            ("error", &|console| {
                on_orders(console);
                console.keys("p");
                console.send(Msg::Plan(PlanMsg::Failed(failure())));
            }),
            ("made", &|console| {
                on_orders(console);
                console.keys("p");
                plan_made(console);
                console.keys("j");
            }),
            ("drifted", &|console| {
                on_orders(console);
                console.keys("p");
                plan_made(console);
                let drifted = vec![(
                    crate::runs::orders("2026-11-19"),
                    lakehand::error::Reason::new(Code::PlanDrift, "+3 files"),
                )];
                let at = console.at;
                console.send(Msg::Plan(PlanMsg::Checked { plan: run_id("1121-0941-c4h"), at, drifted }));
            }),
            ("question", &|console| {
                on_orders(console);
                console.keys("p");
                plan_made(console);
                console.keys("X");
            }),
        ],
    );
}

#[test]
fn steps() {
    screen(
        "steps",
        &[("step 7", &|console| {
            on_orders(console);
            console.keys("p");
            plan_made(console);
            console.keys("j<Enter>jjjjjj");
        })],
    );
}

#[test]
fn run() {
    let attach = |console: &mut Console| {
        load(console);
        list_runs(console, true);
        console.send(Msg::Run(RunMsg::Attached(Box::new(snapshot()))));
        console.keys("4");
    };
    screen(
        "run",
        &[
            ("loading", &|console| {
                load(console);
                list_runs(console, true);
                console.keys("4");
            }),
            ("no run", &|console| {
                full(console);
                console.keys("4");
            }),
            ("error", &|console| {
                attach(console);
                console.send(Msg::Run(RunMsg::Lost { run: run_id("1121-0942-p2c"), failure: failure() }));
            }),
            ("live", &attach),
            ("cancel?", &|console| {
                attach(console);
                console.keys("K");
            }),
            ("ended", &|console| {
                attach(console);
                console.send(Msg::Run(RunMsg::Ended(Box::new(ended()))));
                console.send(Msg::Run(RunMsg::Listed { runs: crate::runs::summaries(), complete: true }));
                finish_readings(console);
                shown(console, "1121-0942-p2c");
            }),
        ],
    );
}

#[test]
fn history() {
    screen(
        "history",
        &[
            ("loading", &|console| {
                load(console);
                console.keys("5");
            }),
            ("empty", &|console| {
                load(console);
                console.send(Msg::Run(RunMsg::Listed { runs: Vec::new(), complete: true }));
                console.keys("5");
            }),
            ("error", &|console| {
                load(console);
                console.keys("5");
                console.send(Msg::Run(RunMsg::Failed(failure())));
            }),
            ("full", &|console| {
                load(console);
                console.keys("5");
                list_runs(console, true);
            }),
            ("targets", &|console| {
                full(console);
                console.keys("5/k7f<Enter><Enter>");
                shown(console, "1121-0214-k7f");
                console.keys("<Space>");
            }),
            ("needs a person", &|console| {
                full(console);
                console.keys("!");
            }),
        ],
    );
}

#[test]
fn previews() {
    let on = |console: &mut Console, keys: &str| {
        full(console);
        console.keys("5");
        console.keys(keys);
    };
    screen(
        "preview",
        &[
            ("loading", &|console| on(console, "/k7f<Enter>R")),
            ("error", &|console| {
                on(console, "/k7f<Enter>R");
                console.send(Msg::Preview(PreviewMsg::Failed { of: run_id("1121-0214-k7f"), failure: failure() }));
            }),
            ("roll back", &|console| {
                on(console, "/k7f<Enter>R");
                previewed(console, "1121-0214-k7f", None);
            }),
            ("clean up", &|console| {
                on(console, "/d1z<Enter>C");
                previewed(console, "1117-0200-d1z", Some("at once: there is no trash here"));
                console.wait(500);
                console.keys("wrong<Enter>");
            }),
            ("recover", &|console| {
                on(console, "/w8t<Enter>F");
                previewed(console, "1118-0412-w8t", None);
            }),
        ],
    );
}

#[test]
fn production() {
    for size in SIZES {
        let mut console = Console::with(size, |options| options.lake.production = true);
        on_orders(&mut console);
        console.keys("p");
        plan_made(&mut console);
        console.keys("X5<Enter>");
        let mut text = console.text();
        console.keys("<Esc>5/k7f<Enter>R");
        previewed(&mut console, "1121-0214-k7f", None);
        text.push_str(&console.text());
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(format!("production_{}x{}", size.0, size.1), text);
        });
    }
}

#[test]
fn log_help_palette_menus() {
    let logged = |console: &mut Console| {
        full(console);
        shown(console, "1121-0214-k7f");
        console.send(Msg::Run(RunMsg::Attached(Box::new(snapshot()))));
    };
    screen(
        "others",
        &[
            ("log", &|console| {
                logged(console);
                console.keys("6");
            }),
            ("empty log", &|console| {
                full(console);
                console.keys("6");
            }),
            ("help on History", &|console| {
                full(console);
                console.keys("5?");
            }),
            ("palette", &|console| {
                full(console);
                console.keys(":ro");
            }),
            ("sort", &|console| {
                full(console);
                console.keys("s");
            }),
            ("copy", &|console| {
                full(console);
                console.keys("c");
            }),
            ("filter", &|console| {
                full(console);
                console.keys("/is:bad");
            }),
        ],
    );
}

#[test]
fn first_start() {
    for size in SIZES.into_iter().chain([(60, 20)]) {
        let hadoop = Ok("/etc/hadoop/conf: nameservice lake, hms1".to_owned());
        let console = Console::with(size, |options| {
            options.start = Start::NoConfiguration(Here { hadoop: hadoop.clone(), lakekeeper: true });
        });
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(format!("start_{}x{}", size.0, size.1), console.text());
        });
    }
}

#[test]
fn narrow() {
    let mut text = String::new();
    for size in [(60, 16), (79, 23)] {
        let mut console = Console::open(size);
        full(&mut console);
        let mut shot = |console: &mut Console, keys: &str| {
            console.keys(keys);
            text.push_str(&format!("=== {}x{} {keys}\n{}", size.0, size.1, console.text()));
        };
        shot(&mut console, "j");
        console.keys("<Enter>");
        load_targets(&mut console);
        shot(&mut console, "<Space>");
        shot(&mut console, "i");
        shot(&mut console, "2");
        console.keys("p");
        plan_made(&mut console);
        shot(&mut console, "j");
        shot(&mut console, "<Enter>");
        shot(&mut console, "5");
        console.keys("/k7f<Enter>R");
        previewed(&mut console, "1121-0214-k7f", None);
        shot(&mut console, "t");
        console.send(Msg::Run(RunMsg::Attached(Box::new(snapshot()))));
        shot(&mut console, "?");
    }
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("narrow", text);
    });
}
