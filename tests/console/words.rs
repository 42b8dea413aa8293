//! What is said where room is short: whole words, whole facts, and nothing over anything else.

use chrono::TimeDelta;
use lakehand::app::{Effect, Msg, RunMsg, Within};
use lakehand::model::RunLimits;

use crate::console::{Console, now};
use crate::lake::{load, load_targets, table_name};
use crate::runs::{ended, list_runs, live_summary, orders, plan_made, run_id, shown, snapshot, summaries};

const SIZES: [(u16, u16); 4] = [(60, 16), (60, 20), (80, 24), (120, 40)];

fn on_orders(size: (u16, u16)) -> Console {
    let mut console = Console::open(size);
    load(&mut console);
    console.keys("j<Enter>");
    load_targets(&mut console);
    console
}

fn bottom(console: &Console, from_below: u16) -> String {
    console.row(usize::from(console.app.size().1 - from_below))
}

#[test]
fn marks_beside_sums_are_never_written_over_them() {
    for size in SIZES {
        let mut console = on_orders(size);
        console.keys("a/2026-11-19<Enter>");
        let row = console.row(1);
        if size.0 >= 80 {
            assert!(row.contains("10 partitions  412,880 files  61.4 GiB  "), "{row}");
            assert!(row.contains(" marked, ") && row.contains(" hidden by the filter"), "{row}");
        }
    }
}

#[test]
fn menus_and_empty_screens_are_whole_at_every_size() {
    for size in SIZES {
        let mut console = on_orders(size);
        console.keys("s");
        assert!(bottom(&console, 2).contains("a average  n name  t age"), "{}", bottom(&console, 2));
        console.keys("<Esc>3");
        let text: Vec<String> = console.text().split_whitespace().map(str::to_owned).collect();
        assert!(text.join(" ").contains("or else of the row under the cursor."), "{}", console.text());
        console.keys("2");
        let text: Vec<String> = console.text().split_whitespace().map(str::to_owned).collect();
        assert!(text.join(" ").contains(":budget 30m picks the best value."), "{}", console.text());
        console.keys(":");
        assert!(bottom(&console, 1).ends_with("Esc close"), "{}", bottom(&console, 1));
        console.keys("<Esc>5");
        list_runs(&mut console, false);
        console.keys("/k7f<Enter><Enter>");
        shown(&mut console, "1121-0214-k7f");
        console.keys("c");
        assert!(bottom(&console, 2).ends_with("j JSON"), "{}", bottom(&console, 2));
    }
}

#[test]
fn a_step_is_read_in_full_at_every_size() {
    for size in SIZES {
        let mut console = on_orders(size);
        console.keys("p");
        plan_made(&mut console);
        console.keys("<Enter>");
        for _ in 0..6 {
            console.keys("<Enter>");
        }
        let words: Vec<String> = console.text().split_whitespace().map(str::to_owned).collect();
        let text = words.join(" ");
        for line in ["if one file differs from step 3", "the tripwire out", "the other way round", "7 exchange"] {
            assert!(text.contains(line), "{line} at {size:?}:\n{}", console.text());
        }
        console.keys("<Enter><Enter>");
        assert!(console.text().contains("> "), "{}", console.text());
    }
}

#[test]
fn a_plan_is_executed_once_until_it_is_checked_again() {
    let mut console = on_orders((80, 24));
    console.keys("p");
    plan_made(&mut console);
    console.keys("Xy");
    console.take();
    console.keys("X");
    assert!(console.text().contains("X off: its run is being started"), "{}", console.text());
    list_runs(&mut console, true);
    console.send(Msg::Run(RunMsg::Started(run_id("1121-0942-p2c"))));
    console.send(Msg::Run(RunMsg::Attached(Box::new(snapshot()))));
    console.keys("3X");
    assert!(console.text().contains("X off: run p2c carries it out"), "{}", console.text());
    let mut runs = summaries();
    let mut done = live_summary();
    (done.state, done.finished) = (ended().state, ended().finished);
    runs.push(done);
    console.send(Msg::Run(RunMsg::Ended(Box::new(ended()))));
    console.send(Msg::Run(RunMsg::Listed { runs, complete: true }));
    console.keys("3X");
    assert!(console.text().contains("X off: run p2c carried it out; r looks what is left"), "{}", console.text());
    console.take();
    console.keys("r");
    let checked = console.take();
    assert!(checked.iter().any(|effect| matches!(effect, Effect::CheckPlan(_))), "{checked:?}");
}

/// With two runs that work.
fn two_live(size: (u16, u16)) -> Console {
    let mut console = Console::open(size);
    load(&mut console);
    let mut runs = summaries();
    let mut other = live_summary();
    other.run = run_id("1121-0940-a2b");
    runs.extend([live_summary(), other]);
    console.send(Msg::Run(RunMsg::Listed { runs, complete: true }));
    console
}

#[test]
fn jobs_say_what_a_run_may_take() {
    for size in SIZES {
        let mut console = two_live(size);
        let until = Some(now() + TimeDelta::hours(3));
        let limits = RunLimits { bytes_per_second: Some(50_000_000), until };
        console.send(Msg::Run(RunMsg::Attached(Box::new(lakehand::model::RunSnapshot { limits, ..snapshot() }))));
        console.keys("4");
        console.keys("g");
        let text = console.text() + &console.keys("j").text();
        assert!(text.contains("at most 50 MB/s; no new target after 12:43 UTC"), "{text}");
        assert!(text.contains("no limit; it ends when it is done"), "{text}");
    }
}

#[test]
fn jobs_name_who_works_and_how_to_steer_at_every_size() {
    for size in SIZES {
        let mut console = two_live(size);
        let paused = lakehand::model::RunSnapshot { state: lakehand::model::RunState::Paused, ..snapshot() };
        console.send(Msg::Run(RunMsg::Attached(Box::new(paused))));
        console.keys("4g");
        while !console.text().contains(">  1121-0942-p2c") {
            console.keys("j");
        }
        let text = console.text();
        let row = text.lines().find(|row| row.starts_with(">  1121-0942-p2c")).unwrap();
        assert!(row.contains(" oncall@gw01 ") && row.ends_with("PAUSED") && !row.contains('~'), "{row}");
        assert!(bottom(&console, 1).contains("P resume  K cancel"), "{}", bottom(&console, 1));
    }
}

#[test]
fn a_plan_says_that_another_run_holds_its_table() {
    for size in SIZES {
        let mut console = on_orders(size);
        list_runs(&mut console, true);
        console.keys("p");
        plan_made(&mut console);
        let words =
            |console: &Console| console.text().split_whitespace().collect::<Vec<_>>().join(" ").replace("│ │ ", "");
        let said = "Run p2c works on sales.orders";
        assert!(words(&console).contains(said), "{}", console.text());
        console.keys("X");
        assert!(words(&console).contains(said), "{}", console.text());
    }
}

#[test]
fn what_is_typed_is_in_sight_at_every_size() {
    for size in SIZES {
        let mut console = Console::with(size, |options| options.lake.production = true);
        load(&mut console);
        list_runs(&mut console, false);
        for (keys, run) in [("5/k7f<Enter>R", "1121-0214-k7f"), ("<Esc>5<Esc>/d1z<Enter>C", "1117-0200-d1z")] {
            console.keys(keys);
            crate::runs::previewed(&mut console, run, Some("at once"));
            console.keys("987<Enter>");
            let text = console.text();
            assert!(text.contains("987_"), "{run} at {size:?}:\n{text}");
        }
        console.keys("<Esc>0j<Enter>");
        load_targets(&mut console);
        console.keys("p");
        plan_made(&mut console);
        console.keys("X987654");
        assert!(console.text().contains("987654_"), "{}", console.text());
    }
}

#[test]
fn marks_of_a_run_widen_to_their_table_and_the_run() {
    let mut console = Console::open((80, 24));
    load(&mut console);
    list_runs(&mut console, false);
    console.keys("5/k7f<Enter><Enter>");
    shown(&mut console, "1121-0214-k7f");
    console.keys("<Space><Space>");
    console.take();
    console.keys("R");
    let scope = |console: &mut Console| {
        let preview = |effect: &Effect| match effect {
            Effect::Preview { within, .. } => Some(within.clone()),
            _ => None,
        };
        console.take().iter().find_map(preview).unwrap()
    };
    let marked = Within::Targets(vec![orders("2026-11-19"), orders("2026-11-18")]);
    assert_eq!(scope(&mut console), marked);
    console.keys("t");
    assert_eq!(scope(&mut console), Within::Table(table_name("sales.orders")));
    console.keys("t");
    assert_eq!(scope(&mut console), Within::Run);
    console.keys("t");
    assert_eq!(scope(&mut console), marked);
}

#[test]
fn bars_at_the_end_of_a_run_end_before_the_words() {
    for size in SIZES {
        let mut console = Console::open(size);
        load(&mut console);
        list_runs(&mut console, true);
        console.send(Msg::Run(RunMsg::Attached(Box::new(snapshot()))));
        console.keys("4");
        console.send(Msg::Run(RunMsg::Ended(Box::new(ended()))));
        shown(&mut console, "1121-0942-p2c");
        for _ in 0..3 {
            let text = console.text();
            let rows: Vec<&str> = text.lines().filter(|row| row.contains("planned") && !row.contains("──")).collect();
            assert!(!rows.is_empty() || size.1 < 20, "{text}");
            for row in rows {
                let before = row.split_once("planned").map(|(head, _)| head).unwrap();
                let before = before.strip_suffix("smaller than ").or(before.strip_suffix("as ")).unwrap_or(before);
                assert!(before.ends_with(' '), "{row}");
            }
            console.keys("b");
        }
    }
}
