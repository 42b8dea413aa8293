//! What goes wrong on an HDFS, provoked on a real one: each has its code, and no outcome is claimed that is not known.

use std::time::{Duration, Instant};

use bytes::Bytes;
use lakehand::config::Hdfs as Settings;
use lakehand::error::Code;
use lakehand::model::{Attributes, Owner, StorePath};
use lakehand::store::{HdfsStore, Read, Write};

use crate::bench::{Bench, code, directory, file, settings, settings_here};
use crate::cluster::{self, Hdfs, Kind, hdfs};

#[tokio::test]
async fn quotas_permissions_and_owners_have_their_codes() {
    let bench = Bench::new(hdfs(Kind::Plain)).await;
    bench.dirs(&["names", "space", "theirs"]).await;
    bench.hdfs().say(&format!("quota {} 2 -", bench.at("names")));
    bench.file("names/one", b"1").await;
    assert_eq!(code(bench.store.create(&bench.at("names/two")).await), Code::Quota);
    assert_eq!(code(bench.store.make_dir(&bench.at("names/d"), &directory()).await), Code::Quota);
    bench.file("moved", b"1").await;
    assert_eq!(code(bench.store.rename(&bench.at("moved"), &bench.at("names/m")).await), Code::Quota);
    let room = bench.store.room(&bench.at("names")).await.unwrap();
    assert_eq!(room.names, Some(0));
    assert!(room.limit.contains("names"), "{}", room.limit);

    bench.hdfs().say(&format!("quota {} - 1000", bench.at("space")));
    let mut new = bench.store.create(&bench.at("space/f")).await.unwrap();
    new.write(Bytes::from(vec![1; 100])).await.unwrap();
    assert_eq!(code(new.finish(&file(), None).await), Code::Quota);
    assert!(bench.names("space").await.is_empty(), "what could not be written is gone");
    let room = bench.store.room(&bench.at("space")).await.unwrap();
    assert!(room.bytes.is_some_and(|bytes| bytes.0 <= 1_000), "{room:?}");

    bench.hdfs().say(&format!("chown {} bob:analysts", bench.at("theirs")));
    bench.hdfs().say(&format!("chmod {} 0755", bench.at("theirs")));
    assert_eq!(code(bench.store.create(&bench.at("theirs/f")).await), Code::Permission);
    let others = Attributes { owner: Owner { user: "bob".to_owned(), group: String::new() }, ..file() };
    let new = bench.store.create(&bench.at("f")).await.unwrap();
    assert_eq!(code(new.finish(&others, None).await), Code::Owner);
    assert_eq!(code(bench.store.make_dir(&bench.at("d"), &others).await), Code::Owner);
    assert!(!bench.is_there("f").await && !bench.is_there("d").await);
}

#[tokio::test]
async fn a_snapshot_cannot_be_changed() {
    let bench = Bench::new(hdfs(Kind::Plain)).await;
    bench.dirs(&["s"]).await;
    bench.file("s/f", b"1").await;
    bench.hdfs().say(&format!("allowsnapshot {}", bench.at("s")));
    bench.hdfs().say(&format!("snapshot {} one", bench.at("s")));
    assert_eq!(code(bench.store.create(&bench.at("s/.snapshot/one/g")).await), Code::Permission);
    assert_eq!(code(bench.store.rename(&bench.at("s"), &bench.at("t")).await), Code::Permission);
    assert_eq!(bench.content("s/.snapshot/one/f").await, b"1");
    bench.store.rename(&bench.at("s/f"), &bench.at("s/g")).await.unwrap();
}

async fn own(hdfs: &Hdfs, change: impl FnOnce(&mut Settings)) -> HdfsStore {
    let mut settings = settings(hdfs);
    settings.call_timeout = Duration::from_secs(2);
    change(&mut settings);
    HdfsStore::connect(&settings).await.unwrap()
}

fn path(text: &str) -> StorePath {
    StorePath::new(text).unwrap()
}

#[tokio::test]
async fn safe_mode_and_a_frozen_namenode() {
    let hdfs = Hdfs::start(&cluster::Settings::of(Kind::Plain).datanodes(1));
    let root = path(&hdfs.fresh("x"));
    let store = own(&hdfs, |_| {}).await;
    store.make_dir(&root.join("d"), &directory()).await.unwrap();

    hdfs.say("safemode enter");
    let error = store.make_dir(&root.join("e"), &directory()).await.unwrap_err();
    assert!(error.code() == Code::Unavailable && error.is_retryable() && !error.is_unknown_outcome(), "{error:?}");
    assert!(error.reason().unwrap().contains("safe mode"), "{error}");
    assert!(store.stat(&root.join("d")).await.unwrap().is_some(), "looking goes on");
    hdfs.say("safemode leave");

    hdfs.say("freeze");
    let begun = Instant::now();
    let error = store.rename(&root.join("d"), &root.join("moved")).await.unwrap_err();
    assert!(error.is_unknown_outcome(), "{error:?}");
    assert_eq!(code(store.stat(&root.join("d")).await), Code::Unavailable);
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    hdfs.say("thaw");
    for _ in 0..100 {
        if store.stat(&root.join("moved")).await.is_ok_and(|found| found.is_some()) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("what timed out is carried out nevertheless, as far as is known");
}

#[tokio::test]
async fn namenodes_fail_over_are_killed_and_stand_by() {
    let hdfs = Hdfs::start(&cluster::Settings::of(Kind::Ha).datanodes(1));
    let root = path(&hdfs.fresh("x"));
    let store = own(&hdfs, |settings| settings.call_timeout = Duration::from_secs(20)).await;
    for number in 0..3 {
        store.make_dir(&root.join(&format!("d{number}")), &directory()).await.unwrap();
        hdfs.say("failover");
        store.rename(&root.join(&format!("d{number}")), &root.join(&format!("e{number}"))).await.unwrap();
    }
    hdfs.say("killnn");
    let (moving, other) = (store.clone(), root.clone());
    let waiting = tokio::spawn(async move { moving.rename(&other.join("e0"), &other.join("f0")).await });
    tokio::time::sleep(Duration::from_secs(1)).await;
    hdfs.say("failover");
    // Its connection broke: whether it was carried out is not known, or it was sent to the other.
    if let Err(error) = waiting.await.unwrap() {
        assert!(error.is_unknown_outcome() || error.is_retryable(), "{error:?}");
    }
    store.make_dir(&root.join("after"), &directory()).await.unwrap();
    hdfs.say("restartnn");
    hdfs.say("standby");
    let mut limited = settings(&hdfs);
    limited.properties.insert("dfs.client.failover.max.attempts".to_owned(), "2".to_owned());
    limited.call_timeout = Duration::from_secs(20);
    let error = HdfsStore::connect(&limited).await.unwrap_err();
    assert!(error.code() == Code::Unavailable && error.is_retryable(), "{error:?}");
    assert!(error.reason().unwrap().contains("no NameNode is active"), "{error}");
}

/// Its pipeline goes on with those that are left, though there is no other to take its place.
#[tokio::test]
async fn a_file_is_finished_though_a_datanode_dies_while_it_is_written() {
    let hdfs = Hdfs::start(&cluster::Settings::of(Kind::Plain).datanodes(3));
    let root = path(&hdfs.fresh("x"));
    let store = own(&hdfs, |settings| settings.call_timeout = Duration::from_secs(20)).await;
    for number in 0..3 {
        let name = root.join(&format!("f{number}"));
        let piece = |turn: u8| Bytes::from(vec![turn + number; 3 << 20]);
        let mut new = store.create(&name).await.unwrap();
        new.write(piece(0)).await.unwrap();
        hdfs.say(&format!("killdn {number}"));
        new.write(piece(1)).await.unwrap();
        new.finish(&file(), None).await.unwrap();
        let read = store.read_whole(&name, lakehand::model::Size::mib(64)).await.unwrap();
        assert!(read == [piece(0), piece(1)].concat(), "{number}");
        hdfs.say(&format!("startdn {number}"));
    }
}

/// A NameNode that hangs and does not know it is asked once: then the other is.
#[tokio::test]
async fn a_hanging_namenode_is_left_for_the_other() {
    let hdfs = Hdfs::start(&cluster::Settings::of(Kind::Plain).datanodes(1));
    let silent = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let real = hdfs.uri().trim_start_matches("hdfs://").to_owned();
    let mut two = settings(&hdfs);
    two.url = "hdfs://two".to_owned();
    let keys = [
        ("dfs.ha.namenodes.two", "a,b".to_owned()),
        ("dfs.namenode.rpc-address.two.a", silent.local_addr().unwrap().to_string()),
        ("dfs.namenode.rpc-address.two.b", real),
    ];
    two.properties.extend(keys.map(|(key, value)| (key.to_owned(), value)));
    two.call_timeout = Duration::from_secs(2);
    let root = path(&hdfs.fresh("x"));
    // The first call of a client meets the silent one; the client then begins with the other.
    let store = own_unasked(&two);
    assert_eq!(code(store.stat(&root).await), Code::Unavailable);
    assert!(store.stat(&root).await.unwrap().is_some());
    assert_eq!(code(HdfsStore::connect(&two).await), Code::Unavailable);
}

fn own_unasked(settings: &Settings) -> HdfsStore {
    HdfsStore::unasked(settings)
}

/// The login's failures: no ticket, an expired one, a server that does not answer. None hangs.
#[test]
fn a_failed_login_says_what_to_do() {
    let environment = || {
        let mut environment = hdfs(Kind::Kerberos).environment();
        environment.retain(|(name, _)| name != "KRB5CCNAME");
        environment.push(("KRB5CCNAME".to_owned(), "FILE:/nonexistent/cache".to_owned()));
        environment
    };
    cluster::again("failures::a_failed_login_says_what_to_do", environment, || {
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let error = HdfsStore::connect(&settings_here()).await.unwrap_err();
            assert!(error.next_step().is_some_and(|next| next.contains("kinit")), "{error:?}");
            assert!(!error.is_unknown_outcome());
            assert_eq!(error.code(), Code::KerberosNoTicket, "{error:?}");
        });
    });
}
