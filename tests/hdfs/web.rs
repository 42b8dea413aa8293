//! What only the web servers tell (WebHDFS): asked where the profile allows it, shown, and needed for nothing.

use lakehand::config::{Hadoop, Hdfs as HdfsSettings, WebAddress, WebHdfs};
use lakehand::demo::{self, DemoOptions};
use lakehand::error::Code;
use lakehand::model::StorePath;
use lakehand::store::{HdfsStore, Read};

use crate::bench::{User, settings, settings_here, upload};
use crate::cluster::{self, Hdfs, Kind, Settings, hdfs};
use crate::terminal::PATIENCE;

async fn asking(settings: HdfsSettings, addresses: Vec<WebAddress>) -> HdfsStore {
    let web = WebHdfs { addresses, tls_ca: None };
    HdfsStore::connect(&settings).await.unwrap().with_web(&settings, &web)
}

/// As hdfs-site.xml says.
fn found(hdfs: &Hdfs) -> Vec<WebAddress> {
    let hadoop = Hadoop::load(Some(&hdfs.conf_dir()), &Default::default()).unwrap();
    hadoop.web_addresses(&hadoop.locate(hdfs.uri()).unwrap().url).unwrap()
}

#[tokio::test]
async fn policies_and_numbers_are_told_of_odd_names_too() {
    let hdfs = hdfs(Kind::Plain);
    let odd = format!("{}/dt=1%3A2 ä+&?#", hdfs.fresh("web"));
    hdfs.say(&format!("mkdir \"{odd}\""));
    let store = asking(settings(hdfs), found(hdfs)).await;
    let odd = StorePath::new(odd).unwrap();
    let before = store.server_facts(&odd).await.unwrap().unwrap();
    assert_eq!((before.storage_policy.as_deref(), before.erasure_coding.as_deref()), (Some("HOT"), Some("none")));
    assert_eq!((before.encrypted, before.file_id.is_some()), (Some(false), true));
    hdfs.say(&format!("policy \"{}\" COLD", odd.parent().unwrap()));
    let after = store.server_facts(&odd).await.unwrap().unwrap();
    assert_eq!((after.storage_policy.as_deref(), after.file_id), (Some("COLD"), before.file_id), "from above it");
    let missing = store.server_facts(&odd.join("none")).await.unwrap().unwrap_err();
    assert_eq!(missing.code(), Code::NotFound);
}

#[tokio::test]
async fn the_active_one_is_asked_and_a_dead_one_is_left_alone() {
    let hdfs = Hdfs::start(&Settings::of(Kind::Ha).datanodes(1));
    let path = StorePath::new(hdfs.fresh("web")).unwrap();
    let store = asking(settings(&hdfs), found(&hdfs)).await;
    let file_id = store.server_facts(&path).await.unwrap().unwrap().file_id;
    assert!(file_id.is_some());
    hdfs.say("failover");
    // On a busy machine the other one takes its time, and one that was too slow is left alone for a minute.
    let begun = std::time::Instant::now();
    let after = loop {
        match store.server_facts(&path).await.unwrap() {
            Ok(facts) => break facts,
            Err(error) if begun.elapsed() < PATIENCE => {
                assert_eq!(error.code(), Code::Unavailable, "{error}");
                tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            }
            Err(error) => panic!("{error}"),
        }
    };
    assert_eq!(after.file_id, file_id, "the other one answers");
    let nobody = vec![WebAddress::parse("http://127.0.0.1:1").unwrap()];
    let lost = asking(settings(&hdfs), nobody).await;
    let first = lost.server_facts(&path).await.unwrap().unwrap_err();
    let again = lost.server_facts(&path).await.unwrap().unwrap_err();
    assert!(first.to_string().contains("no answer of http://127.0.0.1:1"), "{first}");
    assert!(again.to_string().starts_with("not asked: a moment ago"), "{again}");
    let off = HdfsStore::connect(&settings(&hdfs)).await.unwrap();
    let off = off.server_facts(&path).await.unwrap().unwrap_err();
    assert!(off.to_string().contains("webhdfs.ask of the profile is off"), "{off}");
}

#[test]
fn with_kerberos_one_logs_in_by_spnego() {
    let environment = || {
        let hdfs = hdfs(Kind::Kerberos);
        let mut environment = hdfs.environment();
        environment.push(("LAKEHAND_TEST_WEB".to_owned(), hdfs.web(0).replace("127.0.0.1", "localhost")));
        environment
    };
    cluster::again("web::with_kerberos_one_logs_in_by_spnego", environment, || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let here = settings_here();
            let address =
                WebAddress::parse(&format!("http://{}", std::env::var("LAKEHAND_TEST_WEB").unwrap())).unwrap();
            let top = StorePath::new("/user").unwrap();
            let store = asking(here.clone(), vec![address.clone()]).await;
            let facts = store.server_facts(&top).await.unwrap().unwrap();
            assert_eq!((facts.storage_policy.as_deref(), facts.file_id.is_some()), (Some("HOT"), true));
            // A host that Kerberos does not know: told, and the store works as before.
            let stranger = WebAddress { host: "127.0.0.1".to_owned(), ..address };
            let store = asking(here, vec![stranger]).await;
            let error = store.server_facts(&top).await.unwrap().unwrap_err();
            assert!(error.to_string().contains("HTTP/127.0.0.1@TEST.LOCAL not found"), "{error}");
            assert!(error.next_step().unwrap().contains("webhdfs.addresses"));
            assert!(store.stat(&top).await.unwrap().is_some());
        });
    });
}

#[tokio::test]
async fn commands_show_it_where_the_profile_allows_it() {
    let hdfs = hdfs(Kind::Plain);
    let path = StorePath::new(hdfs.fresh("told")).unwrap();
    let local = tempfile::tempdir().unwrap();
    let made = local.path().join("lake");
    demo::create(&made, &DemoOptions { files: 150, seed: 3, now: chrono::Utc::now() }).unwrap();
    let store = HdfsStore::connect(&settings(hdfs)).await.unwrap();
    upload(&store, &made, &path).await;
    hdfs.say(&format!("policy {path}/finance.db/ledger ONE_SSD"));
    let user = User::of(hdfs);
    let file = user.home().join("config.yaml");
    let profile = |name: &str, keys: &str| format!("  {name}:\n    lake: {}{path}\n{keys}", hdfs.uri());
    let asks = "    webhdfs:\n      ask: true\n";
    let dead = "    webhdfs:\n      ask: true\n      addresses: ['http://127.0.0.1:1']\n";
    let all = [profile("off", ""), profile("on", asks), profile("dead", dead)].concat();
    std::fs::write(&file, format!("profiles:\n{all}")).unwrap();
    let run = |profile: &str, arguments: &[&str]| {
        let mut all = vec!["--config", file.to_str().unwrap(), "--profile", profile];
        all.extend(arguments);
        user.run(&all)
    };
    let named = ["analyze", "--table", "finance.ledger"];
    let told = |profile: &str| {
        let document = run(profile, &[&named[..], &["--output", "json"]].concat()).exits(0).json();
        document["tables"][0]["server"].clone()
    };
    let on = told("on");
    assert_eq!((on["storage_policy"].as_str(), on["not_asked"].as_str()), (Some("ONE_SSD"), None), "{on}");
    assert!(told("off")["not_asked"].as_str().unwrap().contains("webhdfs.ask"));
    assert!(told("dead")["not_asked"].as_str().unwrap().contains("no answer"));
    run("on", &named).exits(0).says("storage ONE_SSD");
    run("on", &["doctor"]).says("webhdfs ok storage HOT");
    run("dead", &["doctor"]).exits(0).says("webhdfs WARN no answer of http://127.0.0.1:1");
    run("dead", &["compact", "--yes", "--table", "finance.ledger"]).exits(0);
}
