//! What a target has beside its rows is the same after a compaction as before: owner, group, mode, ACLs, replication,
//! block size, policies, quotas, snapshots.

use lakehand::demo::{self, DemoOptions};
use lakehand::model::{Attributes, Size, StorePath};
use lakehand::store::{HdfsStore, Read, Write};

use crate::bench::{User, rows, settings, upload};
use crate::cluster::{Hdfs, Kind, Settings, hdfs};

#[tokio::test]
async fn what_a_target_has_stays() {
    let hdfs = hdfs(Kind::Plain);
    let path = hdfs.fresh("kept");
    let local = tempfile::tempdir().unwrap();
    let made = local.path().join("lake");
    demo::create(&made, &DemoOptions { files: 150, seed: 3, now: chrono::Utc::now() }).unwrap();
    let store = HdfsStore::connect(&settings(hdfs)).await.unwrap();
    let root = StorePath::new(path.clone()).unwrap();
    upload(&store, &made.join("finance.db"), &{
        let database = root.join("finance.db");
        store.make_dir(&database, &Attributes { mode: 0o755, ..Attributes::default() }).await.unwrap();
        database
    })
    .await;
    let table = root.join("finance.db").join("ledger");
    for command in [
        "chmod P 0770",
        "acl P user:bob:r-x,default:user:bob:r-x,default:group:analysts:r-x",
        "policy P WARM",
        "xattr P user.note kept",
        "quota P 1000 1000000000",
        "allowsnapshot P",
        "snapshot P before",
    ] {
        hdfs.say(&command.replace('P', table.as_str()));
    }
    // The files have an ACL, a mode and a replication of their own, all the same.
    let listed = lakehand::store::collect(store.list(&table).await.unwrap()).await.unwrap();
    for entry in &listed {
        let file = table.join(entry.name.text().unwrap());
        hdfs.say(&format!("replication {file} 2"));
        hdfs.say(&format!("acl {file} user:bob:r--"));
    }
    let facts = |what: &str| {
        let mut text = hdfs.say(&format!("getacl {what}"));
        text.push_str(&hdfs.say(&format!("stat {what}")));
        text
    };
    let before = (facts(table.as_str()), rows(hdfs, &path).unwrap());
    let of_a_file = store.attributes(&table.join(listed[0].name.text().unwrap())).await.unwrap();
    let user = User::of(hdfs);
    let uri = format!("{}{path}", hdfs.uri());
    user.run(&["plan", "--lake", &uri, "--table", "finance.ledger"]).exits(0).says("the snapshot").says("/before");
    user.run(&["compact", "--yes", "--lake", &uri, "--table", "finance.ledger"]).exits(0);
    assert_eq!(rows(hdfs, &path).unwrap(), before.1);
    let after = facts(table.as_str());
    let steady = |text: &str| {
        text.split_whitespace()
            .filter(|word| !word.starts_with("mtime") && !word.starts_with("atime"))
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(steady(&after), steady(&before.0));
    let listed = lakehand::store::collect(store.list(&table).await.unwrap()).await.unwrap();
    let new: Vec<_> =
        listed.iter().filter(|entry| entry.name.text().is_some_and(|name| name.contains("lakehand-"))).collect();
    assert!(!new.is_empty() && new.iter().all(|entry| entry.length > Size(0)));
    for entry in new {
        let now = store.attributes(&table.join(entry.name.text().unwrap())).await.unwrap();
        assert_eq!(now, of_a_file, "a new file has what the old ones had");
    }
    assert!(hdfs.say(&format!("ls {table}/.snapshot")).contains("before"));
    user.run(&["rollback", "--yes", "--lake", &uri]).exits(0);
    assert_eq!((steady(&facts(table.as_str())), rows(hdfs, &path).unwrap()), (steady(&before.0), before.1));
}

#[tokio::test]
async fn a_quota_that_is_too_small_refuses_before_anything_is_written() {
    let hdfs = hdfs(Kind::Plain);
    let path = hdfs.fresh("small");
    let local = tempfile::tempdir().unwrap();
    let made = local.path().join("lake");
    demo::create(&made, &DemoOptions { files: 150, seed: 3, now: chrono::Utc::now() }).unwrap();
    let store = HdfsStore::connect(&settings(hdfs)).await.unwrap();
    let root = StorePath::new(path.clone()).unwrap();
    store.make_dir(&root.join("finance.db"), &Attributes { mode: 0o755, ..Attributes::default() }).await.unwrap();
    upload(&store, &made.join("finance.db"), &root.join("finance.db")).await;
    let table = root.join("finance.db/ledger".split('/').next().unwrap()).join("ledger");
    let names = lakehand::store::collect(store.list(&table).await.unwrap()).await.unwrap().len() + 4;
    hdfs.say(&format!("quota {table} {names} -"));
    let before = rows(hdfs, &path).unwrap();
    let user = User::of(hdfs);
    let uri = format!("{}{path}", hdfs.uri());
    user.run(&["compact", "--yes", "--lake", &uri, "--table", "finance.ledger"]).exits(3).says("quota");
    assert_eq!(rows(hdfs, &path).unwrap(), before);
    assert!(!hdfs.say(&format!("ls {table}")).contains(".lakehand"), "nothing is left");
}

/// Erasure coded files: they cannot be synced, and have one replica; the new ones get the directory's policy.
#[tokio::test]
async fn erasure_coded_files_stay_erasure_coded() {
    let hdfs = Hdfs::start(&Settings::of(Kind::Plain).datanodes(5));
    let path = hdfs.fresh("coded");
    let local = tempfile::tempdir().unwrap();
    let made = local.path().join("lake");
    demo::create(&made, &DemoOptions { files: 60, seed: 3, now: chrono::Utc::now() }).unwrap();
    let store = HdfsStore::connect(&settings(&hdfs)).await.unwrap();
    let root = StorePath::new(path.clone()).unwrap();
    let open = Attributes { mode: 0o755, ..Attributes::default() };
    store.make_dir(&root.join("finance.db"), &open).await.unwrap();
    let table = root.join("finance.db").join("ledger");
    store.make_dir(&table, &open).await.unwrap();
    hdfs.say(&format!("ec {table} RS-3-2-1024k"));
    upload(&store, &made.join("finance.db/ledger"), &table).await;
    let before = rows(&hdfs, &path).unwrap();
    let user = User::of(&hdfs);
    let uri = format!("{}{path}", hdfs.uri());
    user.run(&["compact", "--yes", "--lake", &uri, "--table", "finance.ledger"]).exits(0);
    assert_eq!(rows(&hdfs, &path).unwrap(), before);
    let listed = lakehand::store::collect(store.list(&table).await.unwrap()).await.unwrap();
    let new = listed.iter().filter_map(|entry| entry.name.text()).find(|name| name.contains("lakehand-")).unwrap();
    let status = hdfs.say(&format!("stat {table}/{new}"));
    assert!(status.contains("ec=RS-3-2-1024k") || status.contains("RS-3-2-1024k"), "{status}");
    user.run(&["rollback", "--yes", "--lake", &uri]).exits(0);
    assert_eq!(rows(&hdfs, &path).unwrap(), before);
}

#[tokio::test]
async fn a_directory_that_may_not_be_changed_is_refused_by_the_plan() {
    let hdfs = hdfs(Kind::Plain);
    let path = hdfs.fresh("rights");
    let local = tempfile::tempdir().unwrap();
    let made = local.path().join("lake");
    demo::create(&made, &DemoOptions { files: 150, seed: 3, now: chrono::Utc::now() }).unwrap();
    let store = HdfsStore::connect(&settings(hdfs)).await.unwrap();
    let root = StorePath::new(path.clone()).unwrap();
    upload(&store, &made, &root).await;
    let ledger = format!("{path}/finance.db/ledger");
    let user = User::of(hdfs);
    let uri = format!("{}{path}", hdfs.uri());
    let plan = || user.run(&["plan", "--output", "json", "--lake", &uri, "--table", "finance.ledger"]);
    let skipped = |of: &str| {
        let document = plan().json();
        document["skipped"].as_array().unwrap().iter().any(|one| one["code"] == of)
    };
    assert!(!skipped("permission"), "it may be changed");
    let before = hdfs.say(&format!("ls {ledger}"));
    hdfs.say(&format!("chown {ledger} bob"));
    hdfs.say(&format!("chmod {ledger} 0755"));
    assert!(skipped("permission"), "another's");
    user.run(&["compact", "--yes", "--lake", &uri, "--table", "finance.ledger"]).exits(3).says("permission");
    // An ACL gives what the mode does not; only the NameNode can tell.
    hdfs.say(&format!("acl {ledger} user:{}:rwx", hdfs.user()));
    assert!(!skipped("permission"), "allowed by an ACL");
    assert_eq!(hdfs.say(&format!("ls {ledger}")), before, "asking changes nothing");
}
