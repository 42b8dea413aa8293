//! Runs under what a cluster does to them: failovers, a NameNode that hangs for longer than a call may take, the trash.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use lakehand::config::{Settings, StoreKind};
use lakehand::demo::{self, DemoOptions};
use lakehand::error::Code;
use lakehand::lake;
use lakehand::model::{RunId, Scope, StorePath, TargetState};
use lakehand::run::seams::{Clock, SystemClock};
use lakehand::run::{self, Act, Context, Control, Unobserved};
use lakehand::store::HdfsStore;

use crate::bench::{Done, User, rows, settings, upload};
use crate::cluster::{Hdfs, Kind, Settings as Server};

const TABLE: [&str; 2] = ["--table", "sales.orders"];

/// A demo lake on an HDFS of its own.
struct Lake {
    hdfs: Hdfs,
    user: User,
    path: String,
}

impl Lake {
    async fn new(server: &Server, files: u64) -> Lake {
        let hdfs = Hdfs::start(server);
        let (user, path) = (User::of(&hdfs), hdfs.fresh("lake"));
        let local = tempfile::tempdir().unwrap();
        let made = local.path().join("lake");
        demo::create(&made, &DemoOptions { files, seed: 7, now: Utc::now() }).unwrap();
        let store = HdfsStore::connect(&settings(&hdfs)).await.unwrap();
        upload(&store, &made, &StorePath::new(path.clone()).unwrap()).await;
        // Calls that hang are given up soon.
        let text = format!(
            "profiles:\n  here:\n    lake: {}{path}\n    hadoop_conf_dir: {}\nlimits:\n  call_timeout: 3s\n",
            hdfs.uri(),
            hdfs.conf_dir().display()
        );
        std::fs::write(user.home().join("config.yaml"), text).unwrap();
        Lake { hdfs, user, path }
    }

    fn run(&self, arguments: &[&str]) -> Done {
        self.user.run(&[&["--config", "config.yaml"], arguments].concat())
    }

    fn rows(&self) -> BTreeMap<PathBuf, (u64, u64)> {
        rows(&self.hdfs, &self.path).unwrap()
    }

    /// Runs the program while something else happens again and again.
    fn meanwhile(&self, arguments: &[&str], mut happens: impl FnMut()) -> Done {
        std::thread::scope(|scope| {
            let command = scope.spawn(|| self.run(arguments));
            while !command.is_finished() {
                happens();
            }
            command.join().unwrap()
        })
    }

    /// What a run left unfinished is finished, and nothing of it stays at work.
    fn settled(&self) {
        let _ = self.run(&["recover", "--yes"]);
        self.run(&["recover", "--yes"]).exits(0);
    }
}

#[tokio::test]
async fn a_run_goes_on_through_failovers() {
    let lake = Lake::new(&Server::of(Kind::Ha), 400).await;
    let before = lake.rows();
    let failover = || {
        lake.hdfs.say("failover");
        std::thread::sleep(Duration::from_millis(500));
    };
    let done = lake.meanwhile(&[&["compact", "--yes", "--window-limit", "60s"], &TABLE[..]].concat(), failover);
    assert!([0, 4, 130].contains(&done.status), "{}{}", done.stdout, done.stderr);
    lake.settled();
    assert_eq!(lake.rows(), before);
    let done = lake.meanwhile(&["rollback", "--yes"], failover);
    assert!([0, 3, 4, 130].contains(&done.status), "{}{}", done.stdout, done.stderr);
    lake.settled();
    assert_eq!(lake.rows(), before);
}

#[tokio::test]
async fn a_run_survives_a_namenode_that_hangs_for_longer_than_a_call_may_take() {
    let lake = Lake::new(&Server::of(Kind::Plain), 400).await;
    let before = lake.rows();
    for pause in [1_500, 2_500, 3_500] {
        let mut rounds = 0;
        let done = lake.meanwhile(&[&["compact", "--yes", "--window-limit", "60s"], &TABLE[..]].concat(), || {
            std::thread::sleep(Duration::from_millis(pause));
            if rounds < 2 {
                lake.hdfs.say("freeze");
                std::thread::sleep(Duration::from_secs(5));
                lake.hdfs.say("thaw");
                rounds += 1;
            }
        });
        assert_ne!(done.status, 5, "{}{}", done.stdout, done.stderr);
        lake.settled();
        assert_eq!(lake.rows(), before, "{}{}", done.stdout, done.stderr);
        let _ = lake.run(&["rollback", "--yes"]);
        lake.settled();
        assert_eq!(lake.rows(), before);
    }
}

/// The clock of this machine, some hours later.
#[derive(Debug)]
struct Later(SystemClock);

#[async_trait]
impl Clock for Later {
    fn now(&self) -> DateTime<Utc> {
        self.0.now() + chrono::Duration::hours(2)
    }

    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }

    async fn sleep(&self, time: Duration) {
        self.0.sleep(time).await;
    }
}

#[tokio::test]
async fn cleanup_moves_the_backup_to_the_trash_and_not_before_any_writer_is_gone() {
    let lake = Lake::new(&Server::of(Kind::Plain).datanodes(1).set("fs.trash.interval", "60"), 150).await;
    let before = lake.rows();
    let done = lake.run(&[&["compact", "--yes", "--output", "json"], &TABLE[..]].concat());
    done.exits(0);
    let of = RunId::parse(done.json()["run"].as_str().unwrap()).unwrap();
    let root = StorePath::new(lake.path.clone()).unwrap();
    let settings =
        Settings { store: StoreKind::Hdfs, hdfs: Some(settings(&lake.hdfs)), ..Settings::local_lake(root.clone()) };
    let writer = lake::open_writer(Arc::new(settings)).await.unwrap();
    assert!(lakehand::store::Read::capabilities(writer.store.as_ref()).trash);
    let act =
        || Act::Cleanup { of: of.clone(), scope: Scope::default(), minimum_age: Duration::ZERO, skip_trash: false };
    let mut context = Context::of_this_machine(writer, Control::default(), Arc::new(Unobserved)).await.unwrap();
    let id = run::reserve_id(&context).await.unwrap();
    let outcomes = run::execute(&context, id, act()).await.unwrap();
    assert!(outcomes.iter().all(|one| one.reason.as_ref().unwrap().code == Code::NotCleanable), "{outcomes:?}");
    context.clock = Arc::new(Later(SystemClock::default()));
    let id = run::reserve_id(&context).await.unwrap();
    let outcomes = run::execute(&context, id, act()).await.unwrap();
    assert!(outcomes.iter().all(|one| one.state == TargetState::Cleaned), "{outcomes:?}");
    assert_eq!(lake.rows(), before);
    let target = &outcomes[0].id;
    let place = format!("{}/sales.db/orders/{}", lake.path, target.partition.as_deref().unwrap());
    assert!(!lake.hdfs.say(&format!("ls {place}")).contains(".lakehand"), "the place is gone with its last backup");
    let home = HdfsStore::connect(&crate::bench::settings(&lake.hdfs)).await.unwrap().home().await.unwrap();
    let trash = format!("{home}/.Trash/Current{place}/.lakehand");
    let kept = lake.hdfs.say(&format!("ls {trash}"));
    assert!(kept.contains(".gone-"), "{kept}");
}
