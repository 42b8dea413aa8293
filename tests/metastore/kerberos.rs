//! Logging in: every protection on every generation, and each way in which it fails, on a real KDC.
//!
//! The library reads KRB5_CONFIG from the environment of its process: each test has a child of its own.

use std::time::{Duration, Instant};

use lakehand::auth::{Login, ticket};
use lakehand::catalog::{Caller, HiveCatalog, Read};
use lakehand::config::{Kerberos, Metastore as Configured};
use lakehand::error::{Code, Error};
use lakehand::model::StorePath;

use crate::cluster::{Generation, Qop, Security, again, kdc, metastore};

/// The tests that talk to the KDC of the parent are told where it is by the environment.
fn given(name: &str) -> String {
    std::env::var(name).unwrap()
}

fn catalog(uri: &str, principal: &str, login: Login) -> HiveCatalog {
    let uris = vec![lakehand::config::MetastoreUri::parse(uri).unwrap()];
    let configured = Configured { uris, principal: Some(principal.to_owned()), ..Configured::default() };
    let caller = Caller { user: "nobody".to_owned(), login };
    HiveCatalog::new(configured, "file:///lake", StorePath::new("/lake").unwrap(), caller)
}

fn login(principal: Option<&str>, keytab: Option<&str>) -> Login {
    Login::new(&Kerberos { principal: principal.map(str::to_owned), keytab: keytab.map(str::to_owned) })
}

/// A runtime of this child's own.
fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(work)
}

fn every_protection(generation: Generation, test: &str) {
    let environment = || {
        let mut environment = kdc().environment("alice");
        for (name, qop) in [("AUTH", Qop::Authentication), ("INTEGRITY", Qop::Integrity), ("PRIVACY", Qop::Privacy)] {
            let server = metastore(generation, Security::Kerberos(qop), None);
            environment.push((format!("TEST_{name}"), server.uri()));
        }
        environment.push(("TEST_KEYTAB".to_owned(), kdc().keytab("alice").to_str().unwrap().to_owned()));
        environment
    };
    again(test, environment, || {
        run(async {
            let keytab = given("TEST_KEYTAB");
            for name in ["AUTH", "INTEGRITY", "PRIVACY"] {
                let uri = given(&format!("TEST_{name}"));
                for login in [login(None, None), login(Some("alice"), Some(&keytab))] {
                    let catalog = catalog(&uri, "hive/_HOST@TEST.LOCAL", login);
                    for _ in 0..3 {
                        assert_eq!(catalog.databases().await.unwrap(), ["default"], "{name}");
                    }
                    let error = catalog.tables("nowhere").await.unwrap_err();
                    assert_eq!(error.code(), Code::DatabaseNotFound);
                }
                // Several at a time.
                let catalog = catalog(&uri, "hive/localhost@TEST.LOCAL", login(None, None));
                let calls = futures::future::join_all((0..20).map(|_| catalog.databases())).await;
                assert!(calls.iter().all(|names| names.as_ref().is_ok_and(|names| names == &["default"])));
            }
        });
    });
}

#[test]
fn every_protection_of_2_3() {
    every_protection(Generation::V2, "kerberos::every_protection_of_2_3");
}

#[test]
fn every_protection_of_3_1() {
    every_protection(Generation::V3, "kerberos::every_protection_of_3_1");
}

#[test]
fn every_protection_of_4_0() {
    every_protection(Generation::V4, "kerberos::every_protection_of_4_0");
}

/// The error of a ticket that is looked at, and of a login.
async fn both(login: Login) -> (Error, Error) {
    let looked = ticket(&login).await.unwrap_err();
    let failed = catalog(&given("TEST_URI"), "hive/_HOST@TEST.LOCAL", login).databases().await.unwrap_err();
    (looked, failed)
}

fn environment() -> Vec<(String, String)> {
    let server = metastore(Generation::V3, Security::Kerberos(Qop::Authentication), None);
    let short = kdc().ticket("alice", 2);
    std::thread::sleep(Duration::from_secs(3));
    let mut environment = kdc().environment("alice");
    environment.extend([
        ("TEST_URI".to_owned(), server.uri()),
        ("TEST_ENDED".to_owned(), format!("FILE:{}", short.display())),
        ("TEST_KEYTAB".to_owned(), kdc().keytab("alice").to_str().unwrap().to_owned()),
        ("TEST_KDC".to_owned(), kdc().pid().to_string()),
    ]);
    environment
}

#[test]
fn each_failure_has_its_message() {
    again("kerberos::each_failure_has_its_message", environment, || {
        run(async {
            let keytab = given("TEST_KEYTAB");
            let none = login(None, None).with_cache("FILE:/nowhere/at-all");
            let ended = login(None, None).with_cache(given("TEST_ENDED"));
            let unknown = login(Some("carol@TEST.LOCAL"), Some(&keytab));
            let no_keytab = login(Some("alice"), Some("/nowhere/alice.keytab"));
            let others = login(Some("bob@TEST.LOCAL"), None);
            for (login, code, word) in [
                (none, Code::KerberosNoTicket, "ticket"),
                (ended, Code::KerberosNoTicket, "ended"),
                (others, Code::KerberosNoTicket, "ticket"),
                (unknown, Code::KerberosPrincipal, "key of carol"),
                (no_keytab, Code::KerberosPrincipal, "key of alice"),
            ] {
                let (looked, failed) = both(login.clone()).await;
                for error in [looked, failed] {
                    println!("{error}\n  next {:?}", error.next_step());
                    assert_eq!(error.code(), code, "{login:?}: {error}");
                    assert!(error.to_string().contains(word), "{error}");
                    assert!(error.next_step().is_some());
                }
            }
            // A service that the KDC does not know, and one that does not take part at all.
            let wrong = catalog(&given("TEST_URI"), "hive/elsewhere@TEST.LOCAL", login(None, None));
            let error = wrong.databases().await.unwrap_err();
            println!("{error}");
            assert_eq!(error.code(), Code::KerberosPrincipal);
            assert!(error.to_string().contains("hive/elsewhere"), "{error}");
            // Without a login.
            let uris = vec![lakehand::config::MetastoreUri::parse(&given("TEST_URI")).unwrap()];
            let plain = Configured { uris, ..Configured::default() };
            let caller = Caller { user: "alice".to_owned(), ..Caller::default() };
            let plain = HiveCatalog::new(plain, "file:///lake", StorePath::new("/lake").unwrap(), caller);
            let error = plain.databases().await.unwrap_err();
            println!("{error}\n  next {:?}", error.next_step());
            assert!(error.next_step().unwrap().contains("catalog.principal"), "{error}");
        });
    });
}

#[test]
fn a_ticket_says_how_long_it_lasts() {
    again("kerberos::a_ticket_says_how_long_it_lasts", environment, || {
        run(async {
            let of_cache = ticket(&login(None, None)).await.unwrap();
            assert_eq!(of_cache.principal, "alice@TEST.LOCAL");
            let left = of_cache.left.unwrap();
            assert!(left > Duration::from_secs(35_000) && left <= Duration::from_secs(36_000), "{left:?}");
            assert!(!of_cache.renewed);
            let of_keytab = ticket(&login(Some("alice"), Some(&given("TEST_KEYTAB")))).await.unwrap();
            assert_eq!((of_keytab.principal.as_str(), of_keytab.renewed), ("alice@TEST.LOCAL", true));
        });
    });
}

#[test]
fn a_clock_that_is_wrong_is_said() {
    let environment = || {
        let mut environment = environment();
        // The child's clock is an hour ahead; its ticket is one of ten hours.
        let of_faketime = |directory: std::fs::DirEntry| directory.path().join("faketime/libfaketime.so.1");
        let library = std::fs::read_dir("/usr/lib").unwrap().flatten().map(of_faketime).find(|path| path.exists());
        environment.push(("LD_PRELOAD".to_owned(), library.unwrap().to_str().unwrap().to_owned()));
        environment.push(("FAKETIME".to_owned(), "+1h".to_owned()));
        environment
    };
    again("kerberos::a_clock_that_is_wrong_is_said", environment, || {
        run(async {
            let failing = catalog(&given("TEST_URI"), "hive/_HOST@TEST.LOCAL", login(None, None));
            let error = failing.databases().await.unwrap_err();
            println!("{error}\n  next {:?}", error.next_step());
            assert_eq!(error.code(), Code::KerberosClock, "{error}");
        });
    });
}

#[test]
fn a_kdc_that_hangs_or_is_gone_is_said_in_time() {
    use crate::cluster::Kdc;
    // One of its own: it is stopped.
    let start = || {
        let own: &'static Kdc = Box::leak(Box::new(Kdc::start()));
        let mut environment = own.environment("alice");
        environment.push(("TEST_KDC".to_owned(), own.pid().to_string()));
        environment.push(("TEST_KEYTAB".to_owned(), own.keytab("alice").to_str().unwrap().to_owned()));
        environment
    };
    again("kerberos::a_kdc_that_hangs_or_is_gone_is_said_in_time", start, || {
        use rustix::process::{Pid, Signal, kill_process};
        let pid = Pid::from_raw(given("TEST_KDC").parse().unwrap()).unwrap();
        let keytab = given("TEST_KEYTAB");
        run(async {
            kill_process(pid, Signal::STOP).unwrap();
            let begun = Instant::now();
            let ticking = tokio::spawn(async {
                // Nobody else waits: the runtime goes on.
                tokio::time::sleep(Duration::from_millis(200)).await;
                Instant::now()
            });
            let error = ticket(&login(Some("alice"), Some(&keytab))).await.unwrap_err();
            println!("{error} after {:?}", begun.elapsed());
            assert_eq!(error.code(), Code::KdcUnreachable, "{error}");
            assert!(begun.elapsed() < Duration::from_secs(12));
            assert!(ticking.await.unwrap() < begun + Duration::from_secs(2));
            kill_process(pid, Signal::KILL).unwrap();
            let error = ticket(&login(Some("alice@TEST.LOCAL"), Some(&keytab))).await.unwrap_err();
            println!("{error}");
            assert_eq!(error.code(), Code::KdcUnreachable, "{error}");
        });
    });
}

#[test]
fn tickets_are_renewed_from_the_keytab() {
    again("kerberos::tickets_are_renewed_from_the_keytab", environment, || {
        run(async {
            let login = login(Some("alice"), Some(&given("TEST_KEYTAB")));
            let catalog = catalog(&given("TEST_URI"), "hive/_HOST@TEST.LOCAL", login.clone());
            assert_eq!(catalog.databases().await.unwrap(), ["default"]);
            assert!(ticket(&login).await.unwrap().left.unwrap() > Duration::from_secs(60));
        });
    });
}
