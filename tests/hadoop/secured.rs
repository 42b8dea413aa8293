//! A metastore and an HDFS that both want Kerberos, in one profile: tables that Spark made are compacted, taken back and
//! cleaned up; and what only such a site has fails in the middle of a run: the ticket ends, the metastore dies while it
//! is to be told. With `metastore.update`, so that each exchange alters the metastore.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use lakehand::model::{RunId, TargetState};
use rustix::process::{Pid, Signal, kill_process};

use crate::cluster::{Generation, Hdfs, Kind, Metastore, Qop, Security, Server, Settings, Spark, kdc, spark};
use crate::faults::{CALL_LIMIT, FAST, Strike, struck, take_back};
use crate::lake::{Done, Lake, Seen};

/// How long a ticket from the keytab lives, where it has to end in the middle of a run.
const SHORT: Duration = Duration::from_secs(8);
/// Files of the larger partition: above 300 an exchange lets its tripwire stand for two seconds before and after.
const FILES: usize = 310;

/// What these tests share; each finds and leaves it as it was made.
pub struct Site {
    lake: Lake,
    metastore: &'static Metastore,
    spark: &'static Spark,
    before: Seen,
    /// The user's ticket cache, and one whose ticket has ended.
    ticket: PathBuf,
    ended: PathBuf,
}

fn with_site(test: impl FnOnce(&Site)) {
    static SERVERS: OnceLock<(Hdfs, Metastore)> = OnceLock::new();
    static SITE: Mutex<Option<Site>> = Mutex::new(None);
    let mut turn = SITE.lock().unwrap_or_else(|broken| broken.into_inner());
    let (hdfs, metastore) = SERVERS.get_or_init(|| {
        let hdfs = Hdfs::start(&Settings::of(Kind::Kerberos));
        let secured = Security::Kerberos(Qop::Authentication);
        let metastore = Metastore::start(&Server::of(Generation::V3).security(secured).on(&hdfs));
        (hdfs, metastore)
    });
    let site = turn.take().unwrap_or_else(|| Site::new(hdfs, metastore));
    test(&site);
    site.heal();
    take_back(&site.lake, &site.before);
    *turn = Some(site);
}

impl Site {
    fn new(hdfs: &'static Hdfs, metastore: &'static Metastore) -> Site {
        let spark = spark(metastore);
        // A test that failed leaves a database behind.
        spark.sql("drop database if exists shop cascade");
        let place = hdfs.fresh("shop");
        let uri = format!("{}{place}", hdfs.uri());
        spark.sql(&format!("create database shop location '{uri}'"));
        spark.sql(&format!(
            "create external table shop.orders (id bigint, item string) partitioned by (day string) stored as parquet \
             location '{uri}/orders'"
        ));
        for (day, files) in [("2026-01-01", FILES), ("2026-01-02", 20)] {
            let rows = format!("select /*+ REPARTITION({files}) */ id, concat('item ', id) from range({})", files * 9);
            spark.sql(&format!("insert into shop.orders partition(day='{day}') {rows}"));
        }
        let (ticket, ended) = (kdc().ticket("alice", 36_000), kdc().ticket("alice", 1));
        let lake = Lake::of_profile(hdfs, &place, &configuration(&uri, metastore, ""), environment(metastore, &ticket));
        let before = lake.seen();
        assert_eq!(before.files, FILES as u64 + 20);
        Site { lake, metastore, spark, before, ticket, ended }
    }

    fn heal(&self) {
        kdc().renew("alice", 36_000, &self.ticket);
    }

    /// The ticket ends, and what it had opened is closed: the NameNode is started again.
    fn end_ticket(&self) {
        let aside = self.ticket.with_extension("ended");
        std::fs::copy(&self.ended, &aside).unwrap();
        std::fs::rename(&aside, &self.ticket).unwrap();
        restart_name_node(&self.lake);
    }

    /// What a reader sees of the table, and the number of files of which the metastore knows.
    fn read(&self) -> (Vec<Vec<serde_json::Value>>, usize) {
        self.spark.sql("refresh table shop.orders");
        let rows = "select day, count(*), sum(id), sum(hash(item)) from shop.orders group by day order by day";
        (self.spark.sql(rows), self.known_files())
    }

    fn known_files(&self) -> usize {
        let described = "describe formatted shop.orders partition(day='2026-01-01')";
        let rows = self.spark.sql(described);
        let text = rows.iter().map(|row| row[1].to_string()).find(|text| text.contains("numFiles=")).unwrap();
        let number = text.split("numFiles=").nth(1).unwrap();
        number.split(|letter: char| !letter.is_ascii_digit()).next().unwrap().parse().unwrap()
    }
}

fn configuration(uri: &str, metastore: &Metastore, more: &str) -> String {
    format!(
        "limits:\n  call_timeout: {}s\nprofiles:\n  site:\n    lake: '{uri}'\n    catalog: {{kind: hive, uris: ['{}'], \
         principal: hive/_HOST@TEST.LOCAL}}\n    metastore: {{update: true}}\n{more}",
        CALL_LIMIT.as_secs(),
        metastore.uri()
    )
}

fn environment(metastore: &Metastore, cache: &Path) -> Vec<(String, String)> {
    let mut environment = metastore.environment();
    environment.retain(|(name, _)| name != "KRB5CCNAME");
    environment.push(("KRB5CCNAME".to_owned(), format!("FILE:{}", cache.display())));
    environment
}

fn restart_name_node(lake: &Lake) {
    lake.hdfs.say("killnn");
    lake.hdfs.say("restartnn");
    // The server's own client finds its connection closed, once.
    let _ = lake.hdfs.try_say("ls /");
}

fn compact() -> Vec<&'static str> {
    [&["compact", "--table", "shop.orders", "--quiet-period", "0s", "--window-limit", "60s"][..], &FAST].concat()
}

fn rollback() -> Vec<&'static str> {
    [&["rollback"][..], &FAST].concat()
}

#[test]
fn a_table_of_a_secured_site_there_and_back() {
    with_site(|site| {
        let (rows, _) = site.read();
        let run = site.lake.run(&compact()).exits(0).json();
        assert_eq!(run["state"], "done", "{run}");
        assert_eq!(site.read(), (rows.clone(), 1));
        site.lake.run(&rollback()).exits(0);
        assert_eq!(site.read(), (rows.clone(), FILES));
        let run = site.lake.run(&compact()).exits(0).json();
        assert_eq!(run["state"], "done", "{run}");
        let doctor = site.lake.run(&["doctor", "--output", "json"]);
        assert!(doctor.all().contains("alice@TEST.LOCAL"), "{doctor:?}");
        site.lake.run(&rollback()).exits(0);
        assert_eq!(site.read(), (rows, FILES));
    });
}

/// In the middle of a compaction, of which something is then compacted, and of the rollback of one.
fn strikes(site: &Site, strike: &Strike<'_>) {
    struck(&site.lake, &compact(), TargetState::Writing, strike, &site.before);
    if site.lake.seen().files == site.before.files {
        site.lake.run(&compact()).exits(0);
    }
    struck(&site.lake, &rollback(), TargetState::Exchanging, strike, &site.before);
}

#[test]
fn a_ticket_that_ends_in_the_middle() {
    with_site(|site| {
        let strike = Strike {
            name: "an ended ticket".to_owned(),
            strike: &|_, _| site.end_ticket(),
            lasts: crate::lake::DEADLINE,
            heal: &|_| site.heal(),
        };
        strikes(site, &strike);
        let done = {
            site.end_ticket();
            site.lake.run(&compact())
        };
        assert!(done.status != 0 && done.all().contains("kinit"), "{done:?}");
    });
}

#[test]
fn a_ticket_from_a_keytab_is_renewed_past_its_end() {
    with_site(|site| {
        let conf = site.lake.base.path().join("short-krb5.conf");
        let usual = std::fs::read_to_string(kdc().krb5_conf()).unwrap();
        let short = format!("[libdefaults]\n ticket_lifetime = {}s", SHORT.as_secs());
        std::fs::write(&conf, usual.replacen("[libdefaults]", &short, 1)).unwrap();
        let mut environment = environment(site.metastore, Path::new("/nowhere/cache"));
        environment.retain(|(name, _)| name != "KRB5_CONFIG");
        environment.push(("KRB5_CONFIG".to_owned(), conf.to_str().unwrap().to_owned()));
        let more =
            format!("    kerberos: {{principal: alice@TEST.LOCAL, keytab: '{}'}}\n", kdc().keytab("alice").display());
        let uri = format!("{}{}", site.lake.hdfs.uri(), site.lake.path);
        let configuration = configuration(&uri, site.metastore, &more);
        let lake = Lake::of_profile(site.lake.hdfs, &site.lake.path, &configuration, environment);
        let strike = Strike {
            name: "a ticket past its end".to_owned(),
            strike: &outlive,
            lasts: crate::lake::DEADLINE,
            heal: &|_| {},
        };
        // A call that was under way while the worker stood still has had no answer in time, and its target may fail by that;
        // nothing may fail by a login.
        let by_no_ticket = |done: &Done| done.all().contains("kinit") || done.all().contains("erberos");
        let done = struck(&lake, &compact(), TargetState::Writing, &strike, &site.before);
        assert!([0, 1, 4].contains(&done.status) && !by_no_ticket(&done), "{done:?}");
        if done.status != 0 {
            take_back(&lake, &site.before);
            lake.run(&compact()).exits(0);
        }
        let done = struck(&lake, &rollback(), TargetState::Exchanging, &strike, &site.before);
        assert!([0, 1, 4].contains(&done.status) && !by_no_ticket(&done), "{done:?}");
    });
}

/// The worker stands still until its ticket has ended, and finds its connections closed.
fn outlive(lake: &Lake, run: &RunId) {
    let live = lake.live(run).expect("the run ended before it was struck");
    let worker = Pid::from_raw(live.worker.pid as i32).unwrap();
    kill_process(worker, Signal::STOP).unwrap();
    std::thread::sleep(SHORT + Duration::from_secs(1));
    restart_name_node(lake);
    kill_process(worker, Signal::CONT).unwrap();
}

#[test]
fn a_metastore_that_dies_before_it_is_told() {
    with_site(|site| {
        let (rows, _) = site.read();
        let strike = Strike {
            name: "a dead metastore".to_owned(),
            // The exchange has asked it for the last time; its tripwire stands for two seconds.
            strike: &|_, _| {
                std::thread::sleep(Duration::from_secs(1));
                site.metastore.kill();
            },
            lasts: crate::lake::DEADLINE,
            heal: &|_| site.metastore.restart(),
        };
        let first = ["--partition", "day=2026-01-01"];
        let arguments = [&compact()[..], &first].concat();
        let done = struck(&site.lake, &arguments, TargetState::Exchanging, &strike, &site.before);
        assert_eq!(done.status, 0, "{done:?}");
        assert!(done.all().contains("the catalog could not be told"), "{done:?}");
        assert_eq!(site.read(), (rows.clone(), FILES), "the rows are those, the numbers the old ones");
        let done = struck(&site.lake, &rollback(), TargetState::Exchanging, &strike, &site.before);
        assert!(done.all().contains("the catalog could not be told"), "{done:?}");
        assert_eq!(site.read(), (rows, FILES));
    });
}

/// The metastore dies earlier and comes back: the last look before an exchange asks it.
#[test]
fn a_metastore_that_is_started_again_in_the_middle() {
    with_site(|site| {
        let strike = Strike {
            name: "a metastore started again".to_owned(),
            strike: &|_, _| site.metastore.restart(),
            lasts: crate::lake::DEADLINE,
            heal: &|_| {},
        };
        strikes(site, &strike);
    });
}

type Act<'a> = &'a dyn Fn(&Lake, &RunId);

/// One at random for a run of that kind, at that state.
pub fn at_random(pick: u64, state: TargetState) {
    with_site(|site| {
        let ends = |_: &Lake, _: &RunId| site.end_ticket();
        let dies = |_: &Lake, _: &RunId| site.metastore.kill();
        let comes_back = |_: &Lake, _: &RunId| site.metastore.restart();
        let strikes: [(&str, Act<'_>); 3] =
            [("an ended ticket", &ends), ("a dead metastore", &dies), ("a metastore started again", &comes_back)];
        let (name, strike) = strikes[(pick % 3) as usize];
        let heal = |_: &Lake| {
            site.heal();
            site.metastore.restart();
        };
        let strike = Strike { name: name.to_owned(), strike, lasts: Duration::from_secs(15), heal: &heal };
        struck(&site.lake, &compact(), state, &strike, &site.before);
        if site.lake.seen().files != site.before.files {
            struck(&site.lake, &rollback(), state, &strike, &site.before);
        }
    });
}
