//! Journeys: keys in, effects and the screen out.

use lakehand::app::{
    DoctorMsg, Effect, Failure, Here, Key, LakeMsg, Mark, Msg, Reading, RunMsg, Service, ServiceState, Start,
    StartChoice, Terms, View, Within,
};
use lakehand::error::{Code, Error};
use lakehand::ipc::Request;
use lakehand::model::{Event, Footers, RunKind, RunLimits, RunSign, SignedStep, Subject, TicketLife};

use crate::console::{Console, now};
use crate::lake::{details, finish_readings, footers, load, load_targets, table_name, targets};
use crate::runs::{
    ended, list_runs, live_summary, orders, plan, plan_made, previewed, run_id, shown, snapshot, summaries, verdicts,
};

fn on_orders() -> Console {
    let mut console = Console::open((80, 24));
    load(&mut console);
    console.keys("j<Enter>");
    load_targets(&mut console);
    console.take();
    console
}

#[test]
fn from_the_lake_to_an_executed_plan() {
    let mut console = Console::open((80, 24));
    assert_eq!(console.take(), [Effect::LoadLake, Effect::ListRuns]);
    load(&mut console);
    assert!(console.row(3).contains("web.clicks"), "{}", console.text());
    console.take();
    console.keys("j<Enter>");
    assert_eq!(*console.app.view(), View::Partitions(table_name("sales.orders")));
    assert_eq!(console.take(), [Effect::ScanTable(table_name("sales.orders"))]);
    load_targets(&mut console);
    console.take();
    console.keys("<Space><Space><Space>p");
    let marked: Vec<Mark> = ["2026-11-17", "2026-11-18", "2026-11-19"].map(orders).map(Mark::Target).into();
    let effects = console.take();
    assert!(effects.contains(&Effect::SaveBasket(marked.clone())));
    assert_eq!(effects.last(), Some(&Effect::Plan { marks: marked }));
    console.keys("X");
    assert!(console.text().contains("X off: still listing"), "{}", console.text());
    plan_made(&mut console);
    assert!(console.row(0).contains("[DRY RUN]"));
    console.keys("X");
    assert!(console.text().contains("Execute this plan on prod?"));
    console.keys("<Enter>");
    assert!(console.text().contains("nothing was done"));
    console.keys("Xy");
    let executed = Effect::Execute { plan: Box::new(plan()), accept_window: false, limits: Default::default() };
    assert_eq!(console.take(), [executed]);
    console.send(Msg::Run(RunMsg::Started(run_id("1121-0942-p2c"))));
    assert!(console.take().contains(&Effect::Attach(run_id("1121-0942-p2c"))));
    console.send(Msg::Run(RunMsg::Attached(Box::new(snapshot()))));
    assert!(console.row(0).contains("[LIVE]"));
    console.keys("P");
    assert_eq!(console.take(), [Effect::Steer { run: run_id("1121-0942-p2c"), request: Request::Pause }]);
    console.keys("K<Esc>");
    assert_eq!(console.take(), []);
    console.keys("Ky");
    assert_eq!(console.take(), [Effect::Steer { run: run_id("1121-0942-p2c"), request: Request::Cancel }]);
    console.send(Msg::Run(RunMsg::Ended(Box::new(ended()))));
    assert!(console.text().contains("done 4/4 in 2 min 41 s"), "{}", console.text());
}

#[test]
fn the_guided_dry_run_walks_nine_steps() {
    let mut console = on_orders();
    console.keys("p");
    plan_made(&mut console);
    console.keys("j<Enter>");
    assert_eq!(*console.app.view(), View::Steps(1));
    for step in 1..=9 {
        assert!(console.row(0).ends_with(&format!("step {step} of 9")), "{}", console.text());
        console.keys("<Enter>");
    }
    assert!(console.text().contains("that was the last step"));
    assert!(console.text().contains("readers notice from here on"));
    console.keys("n");
    assert!(console.row(0).contains("dt=2026-11-18") && console.row(0).contains("step 1 of 9"));
    console.keys("<Esc>cc");
    let command = "lakehand --lake file:///data/lake compact --plan 20261121-0941-c4h".to_owned();
    assert!(console.take().contains(&Effect::Copy { what: "command line".to_owned(), text: command }));
}

#[test]
fn rolling_back_on_production_takes_the_number_of_targets() {
    let mut console = Console::with((80, 24), |options| {
        options.lake.production = true;
        options.start = Start::Table(table_name("sales.returns"));
    });
    list_runs(&mut console, false);
    load(&mut console);
    assert_eq!(*console.app.view(), View::Inspect(Subject::Table(table_name("sales.returns"))));
    assert!(console.text().contains("1121-0214-k7f, IN PART"), "{}", console.text());
    console.take();
    console.keys("R");
    let within = Within::Table(table_name("sales.returns"));
    let check = |within| Effect::Preview {
        kind: RunKind::Rollback,
        of: run_id("1121-0214-k7f"),
        within,
        terms: Terms::default(),
    };
    assert_eq!(console.take(), [check(within.clone())]);
    console.keys("11<Enter>");
    assert_eq!(console.take(), [], "nothing can be answered before every target is checked");
    console.keys("<Esc>R");
    console.take();
    previewed(&mut console, "1121-0214-k7f", None);
    console.keys("12<Enter>");
    assert!(console.text().contains("11 targets, you typed 12"), "{}", console.text());
    console.keys("<Backspace>1<Enter>");
    let effects = console.take();
    let Some(Effect::Rollback { of, scope }) = effects.last() else { panic!("{effects:?}") };
    assert_eq!(*of, run_id("1121-0214-k7f"));
    let ready: Vec<_> = verdicts(of).into_iter().skip(1).map(|target| target.id).collect();
    assert_eq!(scope.targets, ready, "exactly the targets that were shown as ready");
}

#[test]
fn scope_is_the_narrowest_and_t_widens() {
    let mut console = Console::open((80, 24));
    load(&mut console);
    list_runs(&mut console, false);
    console.keys("5");
    assert!(console.text().contains(">  1121-0214-k7f"), "the newest finished run\n{}", console.text());
    console.keys("<Enter>");
    shown(&mut console, "1121-0214-k7f");
    console.keys("<Space><Space>");
    console.take();
    console.keys("R");
    let effects = console.take();
    assert!(
        matches!(&effects[..], [Effect::Preview { within: Within::Targets(two), .. }] if two.len() == 2),
        "{effects:?}"
    );
    previewed(&mut console, "1121-0214-k7f", None);
    console.keys("t");
    let effects = console.take();
    assert!(matches!(&effects[..], [Effect::Preview { within: Within::Table(_), .. }]), "{effects:?}");
    console.keys("t");
    let effects = console.take();
    assert!(matches!(&effects[..], [Effect::Preview { within: Within::Run, .. }]), "{effects:?}");
}

#[test]
fn deleting_takes_the_name_and_no_paste() {
    let mut console = Console::open((80, 24));
    load(&mut console);
    list_runs(&mut console, false);
    console.keys("5C");
    assert!(console.text().contains("C off: kept until 11-24"), "{}", console.text());
    console.keys("/d1z<Enter>C");
    assert!(console.text().contains("Clean up 1117-0200-d1z"), "{}", console.text());
    previewed(&mut console, "1117-0200-d1z", Some("at once: there is no trash here"));
    console.wait(500);
    console.send(Msg::Paste("sales.returns\n".to_owned()));
    console.keys("<Enter>");
    console.take();
    console.keys("sales.return");
    console.keys("<Enter>");
    assert_eq!(console.take(), []);
    console.keys("s<Enter>");
    let effects = console.take();
    assert!(
        matches!(effects.last(), Some(Effect::Cleanup { terms: Terms { skip_trash: false, minimum_age: None }, .. })),
        "{effects:?}"
    );
}

#[test]
fn keys_typed_ahead_of_a_question_answer_nothing() {
    let mut console = on_orders();
    console.keys("p");
    plan_made(&mut console);
    console.take();
    console.drawn();
    let at = console.at;
    for key in [Key::Char('X'), Key::Char('y'), Key::Char('y')] {
        console.send(Msg::Key { key, at });
    }
    console.drawn();
    console.send(Msg::Key { key: Key::Char('y'), at: at + chrono::TimeDelta::milliseconds(250) });
    assert_eq!(console.take(), []);
    assert!(console.text().contains("Execute this plan"));
}

#[test]
fn bytes_of_a_function_key_that_came_apart_roll_nothing_back() {
    let mut console = Console::open((80, 24));
    load(&mut console);
    list_runs(&mut console, false);
    console.keys("5");
    console.take();
    let at = console.at;
    for (key, after) in [(Key::Esc, 0), (Key::Char('O'), 40), (Key::Char('R'), 80)] {
        console.send(Msg::Key { key, at: at + chrono::TimeDelta::milliseconds(after) });
    }
    assert!(console.take().iter().all(|effect| !matches!(effect, Effect::Preview { .. })));
    console.keys("O");
    assert!(console.text().contains("Caps Lock?"), "{}", console.text());
}

#[test]
fn filters_sorts_and_marks_by_key() {
    let mut console = Console::open((80, 24));
    load(&mut console);
    console.keys("/ret");
    assert!(console.text().contains("sales.returns") && !console.text().contains("web.clicks"));
    console.keys("<Enter>");
    assert!(console.row(0).contains("/ret"));
    console.keys("<Esc>");
    assert!(console.text().contains("web.clicks"));
    console.keys("/nothing-like-it<Enter>");
    assert!(console.text().contains("No table matches /nothing-like-it. Esc clears the filter."));
    console.keys("<Esc>sn");
    assert!(console.row(3).contains("crm.contacts"), "{}", console.text());
    console.keys("sn");
    assert!(console.row(3).contains("web.visits"), "the same letter reverses\n{}", console.text());
    console.keys("<Space>u");
    assert!(console.row(0).contains("basket 0"), "{}", console.text());
    console.keys("u");
    assert!(console.row(0).contains("basket 47"), "u again brings the marks back\n{}", console.text());
}

#[test]
fn the_cursor_stays_on_its_row_while_rows_stream_in() {
    let mut console = Console::open((80, 24));
    let mut tables = crate::lake::tables();
    let late = tables.remove(0);
    console.send(Msg::Lake(lakehand::app::LakeMsg::Tables(tables)));
    console.send(Msg::Lake(lakehand::app::LakeMsg::Ended { reading: lakehand::app::Reading::Lake, stopped: false }));
    finish_readings(&mut console);
    console.keys("j");
    let under = |console: &Console| {
        let text = console.text();
        text.lines().find(|line| line.starts_with('>')).unwrap().split_whitespace().nth(1).unwrap().to_owned()
    };
    assert_eq!(under(&console), "iot.readings");
    console.send(Msg::Lake(lakehand::app::LakeMsg::Tables(vec![late])));
    assert_eq!(under(&console), "iot.readings");
    assert!(!console.row(3).contains("web.clicks"), "new rows wait at the end");
    console.wait(2_500);
    assert_eq!(under(&console), "iot.readings");
    assert!(console.row(3).contains("web.clicks"), "after two quiet seconds they are in order\n{}", console.text());
}

#[test]
fn read_only_says_why() {
    let mut console = Console::with((80, 24), |options| options.lake.read_only = true);
    load(&mut console);
    list_runs(&mut console, false);
    console.keys("p");
    plan_made(&mut console);
    console.take();
    console.keys("X");
    assert!(
        console.text().contains("X off: read-only: save the plan; somebody who may write can run it"),
        "{}",
        console.text()
    );
    assert_eq!(console.take(), []);
    assert!(console.row(0).starts_with("[RO] [DRY RUN]"));
}

#[test]
fn the_palette_finds_and_opens_but_never_executes() {
    let mut console = on_orders();
    console.keys(":table web.cl<Enter>");
    assert_eq!(*console.app.view(), View::Partitions(table_name("web.clicks")));
    console.keys(":scan<Enter>");
    assert!(console.take().contains(&Effect::ScanLake));
    console.keys(":history<Enter>");
    assert_eq!(*console.app.view(), View::History);
    console.keys("[");
    assert_eq!(*console.app.view(), View::Partitions(table_name("web.clicks")));
    console.keys("]-");
    assert_eq!(*console.app.view(), View::Partitions(table_name("web.clicks")));
    console.keys(":save /tmp/plan.json<Enter>");
    assert!(console.text().contains("there is no plan to save"));
    console.keys(":budget 10m<Enter>");
    assert!(console.text().contains("marked by value"), "{}", console.text());
}

#[test]
fn the_palette_opens_the_rollback_of_a_run_and_of_a_table() {
    for (typed, refused) in [("k7f", None), ("sales.orders", None), ("nothere", Some("there is no run nothere"))] {
        let mut console = on_orders();
        console.send(Msg::Run(RunMsg::Listed { runs: crate::runs::summaries(), complete: true }));
        console.keys(&format!(":rollback {typed}<Enter>"));
        match refused {
            Some(why) => assert!(console.text().contains(why), "{}", console.text()),
            None => {
                assert_eq!(*console.app.view(), View::Preview, "{typed}: {}", console.text());
                assert!(console.row(0).contains("Roll back"), "{typed}: {}", console.row(0));
                assert!(!console.take().iter().any(|effect| matches!(effect, Effect::Rollback { .. })), "{typed}");
            }
        }
    }
}

#[test]
fn old_runs_with_backups_are_listed_and_none_is_chosen() {
    let mut console = Console::open((80, 24));
    load(&mut console);
    let mut runs = crate::runs::summaries();
    let old = runs.iter_mut().find(|run| run.run.matches("d1z")).unwrap();
    old.finished = Some(now() - chrono::TimeDelta::days(4));
    console.send(Msg::Run(RunMsg::Listed { runs, complete: true }));
    console.keys(":cleanup --older-than 2d<Enter>");
    assert_eq!(*console.app.view(), View::History);
    let text = console.text();
    assert!(text.contains("1 run older than 2d holds backups"), "{text}");
    assert!(text.contains("1117-0200-d1z") && !text.contains("1121-0214-k7f"), "{text}");
    assert!(!console.take().iter().any(|effect| matches!(effect, Effect::Preview { .. })));
    console.keys("<Esc>");
    assert!(console.text().contains("1121-0214-k7f"), "{}", console.text());
    console.keys(":cleanup --older-than 9d<Enter>");
    assert!(console.text().contains("no run older than 9d holds backups"), "{}", console.text());
    console.keys(":cleanup --older-than soon<Enter>");
    assert!(console.text().contains("is not a duration"), "{}", console.text());
}

#[test]
fn doctor_tells_check_by_check_and_what_to_do() {
    let mut console = Console::open((80, 24));
    load(&mut console);
    console.keys(":doctor<Enter>");
    assert_eq!(*console.app.view(), View::Doctor);
    assert!(console.take().contains(&Effect::Examine));
    let checks = crate::fakes::checks();
    console.send(Msg::Doctor(DoctorMsg::Check(checks[0].clone())));
    console.wait(2_000);
    assert!(console.text().contains("kerberos") && console.text().contains("checking, 2 s"), "{}", console.text());
    console.keys("r");
    assert_eq!(console.take(), [], "it is checked already");
    console.send(Msg::Doctor(DoctorMsg::Done(checks)));
    assert!(console.row(0).contains("2 ok  1 SLOW  2 WARN  1 FAILED"), "{}", console.row(0));
    assert!(console.row(22).contains("namenode nn1: tell the HDFS team"), "the worst one\n{}", console.text());
    console.keys("jjjj");
    assert!(console.row(22).contains("logout: loginctl enable-linger"), "{}", console.text());
    console.keys("<Enter>");
    assert!(console.text().contains("next loginctl enable-linger"), "{}", console.text());
    console.keys("<Esc>cr");
    let copied = console.take();
    assert!(
        matches!(copied.last(), Some(Effect::Copy { text, .. }) if text.contains("FAILED namenode nn1")),
        "{copied:?}"
    );
    console.keys("r");
    assert!(console.take().contains(&Effect::Examine));
    console.keys("<Esc>");
    assert_eq!(*console.app.view(), View::Lake);
}

#[test]
fn another_profile_is_opened_by_name_and_a_wrong_one_names_the_nearest() {
    let mut console = Console::open((80, 24));
    load(&mut console);
    console.take();
    console.keys(":profile<Space>stagin<Enter>");
    assert!(console.text().contains("there is no profile stagin; did you mean staging?"), "{}", console.text());
    console.keys(":ctx<Space>staging<Enter>");
    assert_eq!(console.take().last(), Some(&Effect::OpenProfile("staging".to_owned())));
}

#[test]
fn a_run_of_another_host_is_read_from_the_lake_and_steered_there() {
    let mut console = Console::open((80, 24));
    load(&mut console);
    list_runs(&mut console, true);
    let run = run_id("1121-0942-p2c");
    assert!(console.take().contains(&Effect::Attach(run.clone())));
    let failure = Failure::from(Error::new(Code::NotAttachable, "run p2c cannot be attached to"));
    console.send(Msg::Run(RunMsg::Lost { run: run.clone(), failure }));
    assert!(!console.text().contains("cannot be attached"), "nobody asked for it\n{}", console.text());
    assert!(console.take().contains(&Effect::ShowRun(run.clone())));
    console.keys("4");
    shown(&mut console, "1121-0942-p2c");
    let text = console.text();
    assert!(text.contains("oncall on gw01") && text.contains("Steered where it runs"), "{text}");
    assert!(text.contains("sales.orders dt=2026-11-19"), "{text}");
    console.take();
    console.keys("K");
    assert!(console.text().contains("K off: oncall runs it on gw01: steered there"), "{}", console.text());
    assert_eq!(console.take(), []);
    console.wait(31_000);
    assert!(console.take().contains(&Effect::ShowRun(run)), "it is read again");
}

#[test]
fn r_says_that_the_runs_are_not_read_yet_instead_of_none() {
    let mut console = Console::with((80, 24), |options| options.start = Start::Table(table_name("sales.returns")));
    load(&mut console);
    console.keys("R");
    assert!(console.text().contains("R off: still reading the runs"), "{}", console.text());
    list_runs(&mut console, false);
    console.take();
    console.keys("R");
    assert!(matches!(console.take()[..], [Effect::Preview { .. }]));
}

#[test]
fn offline_is_said_and_asks_nobody() {
    let mut console = Console::with((80, 24), |options| options.lake.offline = true);
    load(&mut console);
    assert!(console.row(0).starts_with("[CACHE] Lake"), "{}", console.row(0));
    assert!(!console.take().iter().any(|effect| matches!(effect, Effect::ScanTables(_))));
    console.keys(":doctor<Enter>");
    assert!(!console.take().contains(&Effect::Examine));
    assert!(console.text().contains("offline: no server is asked"), "{}", console.text());
}

#[test]
fn what_is_lost_stays_in_sight_after_a_key() {
    let mut console = Console::open((80, 24));
    load(&mut console);
    namenode(&mut console, 0, ServiceState::Lost);
    console.keys("j");
    assert!(console.row(22).contains("! no answer from the NameNode since 09:43:00"), "{}", console.row(22));
}

#[test]
fn leaving_names_the_run_that_goes_on() {
    let mut console = Console::open((80, 24));
    load(&mut console);
    list_runs(&mut console, true);
    assert_eq!(console.app.farewell().as_deref(), Some("p2c goes on: lakehand attach p2c"));
    console.take();
    console.keys("q");
    assert_eq!(console.take().last(), Some(&Effect::Quit));
}

fn first_start(hadoop: Result<&str, &str>) -> Console {
    let hadoop = hadoop.map(str::to_owned).map_err(str::to_owned);
    Console::with((80, 24), |options| options.start = Start::NoConfiguration(Here { hadoop, lakekeeper: true }))
}

#[test]
fn the_first_start_offers_four_ways_by_cursor_or_number() {
    let mut console = first_start(Ok("/etc/hadoop/conf: nameservice lake, hms1"));
    assert_eq!(console.take(), []);
    assert!(console.text().contains("Nothing is set up and nothing has been contacted."));
    console.keys("<Enter>");
    assert_eq!(console.take(), [Effect::Start(StartChoice::Demo)]);
    console.keys("j<Enter>");
    assert_eq!(console.take(), [Effect::Start(StartChoice::Hadoop)]);
    console.keys("4");
    assert_eq!(console.take(), [Effect::Start(StartChoice::Lakekeeper)]);
    console.keys("0X");
    assert_eq!(console.take(), []);
}

#[test]
fn without_a_hadoop_client_its_way_says_why() {
    let mut console = first_start(Err("no Hadoop client is configured on this host"));
    console.keys("2");
    assert_eq!(console.take(), []);
    assert!(console.row(22).contains("no Hadoop client is configured on this host"), "{}", console.text());
}

#[test]
fn idle_draws_nothing() {
    let mut console = Console::open((80, 24));
    load(&mut console);
    list_runs(&mut console, false);
    console.drawn();
    for _ in 0..20 {
        console.wait(1_000);
    }
    assert!(!console.app.is_dirty());
    assert!(console.app.tick_every().unwrap().as_secs() >= 30);
}

#[test]
fn a_small_terminal_says_what_it_needs() {
    let console = Console::open((52, 14));
    assert!(console.text().starts_with("needs 60x16, has 52x14;\nlakehand rollback works at any width"));
}

#[test]
fn hostile_names_are_harmless_on_every_screen() {
    let mut console = Console::open((80, 24));
    let mut tables = crate::lake::tables();
    tables[0].name.table = "a\u{1b}[31m\u{202e}b\n表表表表表表表表表表表表表表".to_owned();
    console.send(Msg::Lake(lakehand::app::LakeMsg::Cached(tables)));
    for keys in ["", "i", "<Tab><Tab>", "<Esc><Space>2", "0<Enter>"] {
        console.keys(keys);
        let text = console.text();
        assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{text}");
        assert!(text.lines().all(|line| lakehand::model::width(line) <= 80), "{text}");
    }
}

#[test]
fn a_younger_backup_is_cleaned_up_only_as_typed() {
    let mut console = Console::open((80, 24));
    load(&mut console);
    list_runs(&mut console, false);
    console.keys("5C");
    assert!(console.text().contains("C off: kept until"), "{}", console.text());
    console.keys(":cleanup<Space>--skip-trash<Enter>");
    assert!(console.text().contains("C off: kept until"), "{}", console.text());
    console.take();
    console.keys(":cleanup<Space>--skip-trash<Space>--minimum-age<Space>0s<Enter>");
    let terms = Terms { skip_trash: true, minimum_age: Some(std::time::Duration::ZERO) };
    let of = run_id("1121-0214-k7f");
    let asked = Effect::Preview { kind: RunKind::Cleanup, of, within: Within::Run, terms };
    assert_eq!(console.take().last(), Some(&asked));
    previewed(&mut console, "1121-0214-k7f", Some("at once"));
    console.keys("y<Enter>");
    let deletes = |effects: Vec<Effect>| effects.iter().any(Effect::changes_the_lake);
    assert!(!deletes(console.take()), "the table's name is typed for every clean-up");
    console.keys("<Backspace><Esc>");
}

#[test]
fn targets_that_run_stand_above_those_that_wait_or_are_done() {
    let mut console = Console::open((80, 24));
    load(&mut console);
    list_runs(&mut console, true);
    console.send(Msg::Run(RunMsg::Attached(Box::new(snapshot()))));
    console.keys("4");
    let text = console.text();
    let place = |name: &str| text.lines().position(|line| line.contains(name)).unwrap();
    assert!(place("dt=2026-11-18") < place("finance.ledger"), "{text}");
    assert!(place("finance.ledger") < place("dt=2026-11-17"), "{text}");
}

#[test]
fn footers_are_a_reading_that_ends() {
    let mut console = on_orders();
    console.keys("i:footers<Enter>");
    let subject = Subject::Target(crate::runs::orders("2026-11-17"));
    assert!(console.take().contains(&Effect::Inspect { subject: subject.clone(), footers: Footers::All }));
    assert!(console.text().contains("reading footers of sales.orders"), "{}", console.text());
    let failure = Failure::from(Error::new(Code::Permission, "it cannot be read"));
    let reading = Reading::Footers(subject);
    console.send(Msg::Lake(LakeMsg::Failed { reading, failure }));
    console.keys("<Tab>");
    assert!(!console.text().contains("reading footers"), "{}", console.text());
}

#[test]
fn footers_of_a_table_are_those_of_its_marked_partitions_and_a_stop_keeps_what_came() {
    let mut console = Console::open((80, 24));
    load(&mut console);
    console.keys("ji:footers<Enter>");
    let subject = Subject::Table(table_name("sales.orders"));
    assert!(console.take().contains(&Effect::Inspect { subject: subject.clone(), footers: Footers::All }));
    console.keys("<Enter>");
    load_targets(&mut console);
    console.keys("<Space><Space><Esc>i:footers<Enter>");
    let marked = ["2026-11-17", "2026-11-19"].map(crate::runs::orders).to_vec();
    let wanted = Effect::Inspect { subject: subject.clone(), footers: Footers::Of(marked) };
    assert!(console.take().contains(&wanted), "{}", console.text());
    let reading = Reading::Footers(subject.clone());
    console.send(Msg::Lake(LakeMsg::Progress { reading: reading.clone(), done: 1_200, total: Some(14_000) }));
    assert!(console.text().contains("scanned 1,200/14,000"), "{}", console.text());
    console.keys("<Ctrl-c>");
    assert!(console.take().contains(&Effect::StopReading));
    console.send(Msg::Details(Box::new(details(footers(true)))));
    console.send(Msg::Lake(LakeMsg::Ended { reading, stopped: true }));
    console.keys("<Tab><Tab><Tab>");
    let text = console.text();
    assert!(text.contains("part: 10 of 412,880 footers"), "{text}");
    assert!(text.lines().any(|line| line.starts_with("  Spark 3.5.1") && line.trim_end().ends_with('?')), "{text}");
}

#[test]
fn marking_very_many_rows_goes_on_between_keys_and_can_be_stopped() {
    let mut console = Console::open((80, 24));
    load(&mut console);
    console.keys("j<Enter>");
    let table = table_name("sales.orders");
    let one = &targets()[0];
    let many = (0..5_000).map(|number| {
        let mut target = one.clone();
        target.id.partition = Some(format!("dt=2026-11-17/shop={number:05}"));
        target
    });
    console.send(Msg::Lake(LakeMsg::Targets { table: table.clone(), targets: many.collect() }));
    console.send(Msg::Lake(LakeMsg::Ended { reading: Reading::Table(table), stopped: false }));
    while console.app.is_busy() {
        console.send(Msg::Continue);
    }
    console.keys("a");
    assert!(console.app.is_busy() && console.text().contains("marking 5,000 rows"), "{}", console.text());
    console.keys("p");
    assert!(console.text().contains("still marking, 40 %"), "{}", console.text());
    console.keys("<Ctrl-c>");
    assert!(!console.app.is_busy() && console.text().contains("marking stopped: 2,000 of 5,000"), "{}", console.text());
    assert!(console.row(0).contains("basket 2.0k"), "{}", console.row(0));
    console.keys("a");
    while console.app.is_busy() {
        console.send(Msg::Continue);
    }
    assert!(console.text().contains("3,000 marked"), "{}", console.text());
    assert!(console.row(0).contains("basket 5.0k"), "{}", console.row(0));
    console.keys("p");
    assert!(console.take().iter().any(|effect| matches!(effect, Effect::Plan { marks } if marks.len() == 5_000)));
}

fn namenode(console: &mut Console, seconds: i64, state: ServiceState) {
    let at = now() + chrono::TimeDelta::seconds(seconds);
    console.send(Msg::Service(Service { word: "nn".to_owned(), state, at }));
}

#[test]
fn a_lost_server_leaves_what_is_known_and_one_that_is_back_is_asked_for_everything() {
    let mut console = Console::open((80, 24));
    load(&mut console);
    namenode(&mut console, 0, ServiceState::Asking);
    assert!(console.row(0).contains("nn ..."), "{}", console.row(0));
    let answers = |text: &str| ServiceState::Answers(text.to_owned());
    namenode(&mut console, 1, answers("3ms"));
    console.take();
    console.app.clear_dirty();
    namenode(&mut console, 16, answers("4ms"));
    assert!(!console.app.is_dirty(), "another number is not worth a frame");
    namenode(&mut console, 30, ServiceState::Lost);
    let silent = Failure::from(Error::new(Code::Unavailable, "could not look at /lake"));
    let reading = Reading::Table(table_name("web.clicks"));
    console.send(Msg::Lake(LakeMsg::Failed { reading, failure: silent }));
    namenode(&mut console, 71, ServiceState::Lost);
    console.take();
    let row = console.row(0);
    assert!(row.contains("[CACHE]") && row.contains("nn LOST 41s"), "{row}");
    assert!(console.row(3).contains("BAD"), "what is known stays: {}", console.row(3));
    console.keys("<Enter>p");
    plan_made(&mut console);
    console.take();
    console.keys("X");
    assert!(console.text().contains("X off: nn does not answer"), "{}", console.text());
    console.take();
    namenode(&mut console, 80, answers("3ms"));
    let effects = console.take();
    assert!(effects.contains(&Effect::LoadLake) && effects.contains(&Effect::ListRuns), "{effects:?}");
    assert!(!console.row(0).contains("[CACHE]"));
}

#[test]
fn a_plan_takes_limits_into_its_run() {
    let mut console = on_orders();
    console.keys("p");
    plan_made(&mut console);
    console.keys(":limit 50MB/s<Enter>");
    let row = console.row(22);
    assert!(row.contains("its run reads and writes at most 50 MB/s; :limit off undoes it"), "{row}");
    console.keys(":until 11:30<Enter>");
    assert!(console.row(22).contains("begins no target after 11:30 UTC, in 1 h 46 min"), "{}", console.row(22));
    let text = console.text();
    assert!(text.contains("The run: at most 50 MB/s; no new target after 11:30 UTC; it then takes"), "{text}");
    assert_eq!(console.take().last(), Some(&Effect::Plan { marks: vec![Mark::Target(orders("2026-11-17"))] }));
    console.keys("X");
    assert!(console.text().contains("at most 50 MB/s"), "{}", console.text());
    console.keys("y");
    let until = Some("2026-11-21T11:30:00Z".parse().unwrap());
    let limits = RunLimits { bytes_per_second: Some(50_000_000), until };
    assert_eq!(console.take(), [Effect::Execute { plan: Box::new(plan()), accept_window: false, limits }]);
    console.keys(":limit off<Enter>:until off<Enter>c");
    assert!(!console.text().contains("at most"), "{}", console.text());
}

#[test]
fn a_run_that_works_takes_limits_at_once() {
    let mut console = Console::open((80, 24));
    load(&mut console);
    let run = run_id("1121-0942-p2c");
    let steer = |request: Request| Effect::Steer { run: run.clone(), request };
    list_runs(&mut console, true);
    console.send(Msg::Run(RunMsg::Attached(Box::new(snapshot()))));
    console.keys("4");
    console.take();
    console.keys(":limit 50MB/s<Enter>");
    assert_eq!(console.take(), [steer(Request::Limit { bytes_per_second: Some(50_000_000) })]);
    console.keys(":until 11:30<Enter>");
    let at = Some("2026-11-21T11:30:00Z".parse().unwrap());
    assert_eq!(console.take(), [steer(Request::Until { at })]);
    // What the worker says is shown, whoever asked for it.
    let limits = RunLimits { bytes_per_second: Some(50_000_000), until: at };
    console.send(Msg::Run(RunMsg::Event { run: run.clone(), event: Event::Limits { limits } }));
    let text = console.text();
    assert!(text.contains("73.0 MiB/s, limit 50 MB/s") && text.contains("until 11:30 UTC"), "{text}");
    console.keys(":limit 400Mbit/s<Enter>");
    assert!(console.row(22).contains("did you mean 50MB/s?"), "{}", console.row(22));
    console.keys(":until 09:40<Enter>");
    assert!(console.row(22).contains("09:40 has passed"), "{}", console.row(22));
    assert_eq!(console.take().iter().filter(|effect| matches!(effect, Effect::Steer { .. })).count(), 0);
    console.keys(":limit off<Enter>");
    assert_eq!(console.take(), [steer(Request::Limit { bytes_per_second: None })]);
    let back = lakehand::model::RunSnapshot { kind: RunKind::Rollback, ..snapshot() };
    console.send(Msg::Run(RunMsg::Attached(Box::new(back))));
    console.keys(":until 11:30<Enter>");
    assert!(console.row(22).contains("not left in part"), "{}", console.row(22));
    console.keys("0:limit 50MB/s<Enter>");
    assert!(console.row(22).contains("only on Plan, or on a run that works"), "{}", console.row(22));
    assert_eq!(console.take().iter().filter(|effect| matches!(effect, Effect::Steer { .. })).count(), 0);
}

#[test]
fn a_run_of_another_host_shows_its_speeds_and_steps_and_when_it_falls_silent() {
    let mut console = Console::open((80, 24));
    load(&mut console);
    let run = run_id("1121-0942-p2c");
    let signed = |console: &mut Console, beat: u64| {
        let mut live = live_summary();
        let targets = snapshot().targets.into_iter().filter_map(|target| {
            Some(SignedStep { id: target.outcome.id.clone(), step: target.step?, share: target.share })
        });
        let limits = RunLimits { bytes_per_second: Some(50_000_000), until: None };
        let at = now() - chrono::TimeDelta::days(400);
        live.sign = Some(RunSign { beat, at, rates: snapshot().rates, limits, steps: targets.collect() });
        console.send(Msg::Run(RunMsg::Listed { runs: vec![live], complete: true }));
    };
    signed(&mut console, 1);
    let failure = Failure::from(Error::new(Code::NotAttachable, "run p2c cannot be attached to"));
    console.send(Msg::Run(RunMsg::Lost { run: run.clone(), failure }));
    let outcomes = snapshot().targets.into_iter().map(|target| target.outcome).collect();
    console.send(Msg::Run(RunMsg::Shown {
        run,
        outcomes,
        files_planned: vec![19, 16, 23, 16],
        log: Vec::new(),
        refresh: Vec::new(),
        sizes: None,
    }));
    console.keys("5");
    assert!(console.text().contains("LIVE 36 %"), "{}", console.text());
    console.keys("4");
    let text = console.text();
    for told in ["36 %", "73.0 MiB/s, limit 50 MB/s", "5 write 1", "6 verify 40%", "oncall on gw01", "signs twice"] {
        assert!(text.contains(told), "{told:?} is not in\n{text}");
    }
    console.take();
    console.keys("P");
    assert!(console.row(22).contains("P off: oncall runs it on gw01"), "{}", console.row(22));
    // Its clock is more than a year behind; only what this console sees counts.
    console.wait(60_000);
    signed(&mut console, 2);
    console.wait(80_000);
    signed(&mut console, 2);
    assert!(!console.text().contains("no sign of life"), "{}", console.text());
    console.wait(160_000);
    signed(&mut console, 2);
    assert!(console.text().contains("no sign of life from gw01 for 4 min"), "{}", console.text());
    signed(&mut console, 3);
    assert!(!console.text().contains("no sign of life"), "{}", console.text());
}

#[test]
fn a_ticket_that_may_not_last_is_said_on_the_plan_and_one_that_is_over_everywhere() {
    let mut console = on_orders();
    let seconds = |count: u64| std::time::Duration::from_secs(count);
    let ticket = |console: &mut Console, life: TicketLife| {
        let at = console.at;
        console.send(Msg::Ticket { life, at });
    };
    console.keys("p");
    plan_made(&mut console);
    let work = seconds(plan().totals.work_ms_estimate.div_ceil(1_000));
    ticket(&mut console, TicketLife::Lasts(work * 2 + seconds(60)));
    assert!(!console.text().contains("WARN the Kerberos ticket"), "{}", console.text());
    // A limit makes the run longer than the ticket lasts.
    console.keys(":limit 1MB/s<Enter>");
    assert!(console.text().contains("WARN the Kerberos ticket lasts"), "{}", console.text());
    console.keys(":limit off<Enter>");
    ticket(&mut console, TicketLife::Lasts(work * 2 + seconds(60)));
    console.wait(90_000);
    console.keys("g");
    assert!(console.text().contains("WARN the Kerberos ticket lasts"), "time passes: {}", console.text());
    ticket(&mut console, TicketLife::Endless);
    assert!(!console.text().contains("WARN the Kerberos ticket"), "{}", console.text());
    ticket(&mut console, TicketLife::Over);
    console.keys("X");
    assert!(console.row(22).contains("X off: no valid Kerberos ticket: kinit in another window, then r"));
    console.keys("0");
    console.keys("j");
    assert!(console.row(22).contains("! no valid Kerberos ticket: kinit in another window, then r"));
    assert!(console.text().contains("web.clicks"), "what is known stays: {}", console.text());
    ticket(&mut console, TicketLife::Lasts(seconds(36_000)));
    assert!(!console.text().contains("kinit"), "{}", console.text());
}

#[test]
fn a_plan_compares_its_space_with_the_room_that_is_left() {
    for (size, said) in [
        ((80, 24), "needs 8.9 GiB of the 390 GiB left by the quota of /data/lake/sales"),
        ((60, 20), "space   needs 8.9 GiB of 390 GiB"),
    ] {
        let mut console = Console::open(size);
        load(&mut console);
        console.keys("jp");
        plan_made(&mut console);
        let text = console.text();
        assert!(text.contains(said), "{text}");
        let summary: Vec<&str> = text.lines().skip(1).take(3).collect();
        assert!(!summary.iter().any(|line| line.contains('…')), "something is cut off: {summary:#?}");
    }
}

#[test]
fn a_long_reading_tells_its_rate_and_a_silent_one_what_is_usual() {
    let mut console = Console::open((80, 24));
    load(&mut console);
    console.keys("j<Enter>");
    for took in ["3ms", "900ms", "2ms"] {
        namenode(&mut console, 0, ServiceState::Answers(took.to_owned()));
    }
    let table = table_name("sales.orders");
    let progress = |console: &mut Console, done: u64| {
        let reading = Reading::Table(table.clone());
        console.send(Msg::Lake(LakeMsg::Progress { reading, done, total: Some(60_000) }));
    };
    console.send(Msg::Lake(LakeMsg::Targets { table: table.clone(), targets: targets() }));
    console.wait(8_000);
    progress(&mut console, 12_000);
    console.keys("j");
    assert!(!console.row(22).contains("/s"), "{}", console.row(22));
    console.wait(4_000);
    progress(&mut console, 20_000);
    console.keys("j");
    let row = console.row(22);
    assert!(row.contains("scanned 20,000/60,000 files") && row.contains("/s, ~") && row.contains("left"), "{row}");
    console.keys("a");
    let row = console.row(22);
    let unlisted = 61 - targets().len();
    assert!(row.contains(&format!("marked; {unlisted} not listed yet are not")), "{row}");
    console.wait(6_000);
    console.keys("k");
    let row = console.row(22);
    assert!(row.contains("nn silent for ") && row.contains("(usual 3 ms)"), "{row}");
    console.send(Msg::ServerName { word: "nn".to_owned(), name: "nn2".to_owned() });
    console.keys("j");
    let row = console.row(22);
    assert!(row.contains("nn2 silent for ") && row.contains("(usual 3 ms)"), "{row}");
}

#[test]
fn the_basket_says_what_is_refused_written_and_hidden() {
    let mut console = on_orders();
    console.keys("a/2026-11-1<Enter>2");
    let text = console.text();
    assert!(console.row(2).contains(" hidden by /"), "{text}");
    let row = console.row(22);
    assert!(row.contains("hidden by /, HOT ") && row.contains(", 1 REFUSED: "), "{row}");
}

#[test]
fn the_trash_is_told_for_as_long_as_it_keeps() {
    let hours = |count: u64| std::time::Duration::from_secs(3_600 * count);
    for (keeps, told) in [(Some(hours(12)), true), (Some(hours(2)), false), (None, false)] {
        let mut console = Console::with((120, 40), |options| options.lake.trash_keeps = keeps);
        load(&mut console);
        let mut runs = summaries();
        let cleanup = runs.iter_mut().find(|run| run.kind == RunKind::Cleanup).unwrap();
        cleanup.trashed_bytes = lakehand::model::Size(54 << 30);
        console.send(Msg::Run(RunMsg::Listed { runs, complete: true }));
        for key in ["0", "5"] {
            console.keys(key);
            assert_eq!(console.text().contains("in trash ~54.0 GiB"), told, "{keeps:?}\n{}", console.text());
        }
    }
}
