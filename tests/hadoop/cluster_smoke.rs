//! Each server of tests/cluster really answers, and none outlives its test process.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::cluster::{Generation, Hdfs, Kind, Metastore, Qop, Security, Settings, hdfs, kdc, metastore, spark};

/// GET over HTTP/1.0, body only.
fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.0\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text.split_once("\r\n\r\n").unwrap().1.to_owned()
}

#[test]
fn hdfs_answers() {
    let hdfs = hdfs(Kind::Plain);
    let path = hdfs.fresh("smoke");
    hdfs.say(&format!("open {path}/file 1000"));
    assert_eq!(hdfs.say(&format!("isclosed {path}/file")), "false");
    hdfs.say(&format!("close {path}/file"));
    assert_eq!(hdfs.say(&format!("blocks {path}/file")), "1000x3");
    let status = get(hdfs.web(0), &format!("/webhdfs/v1{path}?op=LISTSTATUS&user.name=alice"));
    assert!(status.contains("\"pathSuffix\":\"file\"") && status.contains("\"length\":1000"), "{status}");
    let site = std::fs::read_to_string(hdfs.conf_dir().join("core-site.xml")).unwrap();
    assert!(site.contains(hdfs.uri()), "{site}");
    let error = hdfs.try_say("ls /nowhere").unwrap_err();
    assert!(error.starts_with("FileNotFoundException"), "{error}");
    let local = hdfs.conf_dir().join("core-site.xml");
    hdfs.put(&local, &format!("{path}/a b"));
    hdfs.get(&format!("{path}/a b"), &hdfs.conf_dir().join("copy"));
    assert_eq!(std::fs::read(local).unwrap(), std::fs::read(hdfs.conf_dir().join("copy")).unwrap());
}

#[test]
fn hdfs_takes_attributes() {
    let hdfs = hdfs(Kind::Plain);
    let path = hdfs.fresh("attributes");
    for command in [
        "chmod P 0750",
        "chown P alice:analysts",
        "quota P 100 10000000",
        "xattr P user.a b",
        "acl P user:bob:r-x",
        "policy P COLD",
    ] {
        hdfs.say(&command.replace('P', &path));
    }
    let status = hdfs.say(&format!("stat {path}"));
    assert!(status.contains("owner=alice:analysts") && status.contains("acl=true"), "{status}");
    assert!(hdfs.say(&format!("sum {path}")).contains("names_quota=100 space_quota=10000000"));
    hdfs.say(&format!("allowsnapshot {path}"));
    hdfs.say(&format!("snapshot {path} s1"));
    assert!(hdfs.say(&format!("ls {path}/.snapshot")).contains("s1/"));
}

#[test]
fn a_nameservice_fails_over_and_survives_a_killed_namenode() {
    let hdfs = Hdfs::start(&Settings::of(Kind::Ha).set("dfs.ls.limit", "10"));
    assert_eq!(hdfs.uri(), "hdfs://lhns");
    let site = std::fs::read_to_string(hdfs.conf_dir().join("hdfs-site.xml")).unwrap();
    assert!(site.contains("dfs.ha.namenodes.lhns") && site.contains("dfs.ls.limit"), "{site}");
    let path = hdfs.fresh("ha");
    hdfs.say(&format!("open {path}/a"));
    assert_eq!(hdfs.say("failover"), "1");
    hdfs.say(&format!("write {path}/a 10"));
    hdfs.say(&format!("close {path}/a"));
    assert_eq!(hdfs.say("killnn"), "1");
    assert_eq!(hdfs.say("failover"), "0");
    assert!(hdfs.say(&format!("stat {path}/a")).starts_with("len=110 "));
    assert_eq!(hdfs.say("restartnn"), "1");
    assert_eq!(hdfs.say("failover"), "1");
    hdfs.say("standby");
    assert!(hdfs.try_say("active").is_err());
    hdfs.say("failover 0");
    hdfs.say("safemode enter");
    assert!(hdfs.try_say(&format!("mkdir {path}/b")).unwrap_err().contains("SafeMode"));
    hdfs.say("safemode leave");
    hdfs.say("freeze");
    hdfs.say("thaw");
    hdfs.say("killdn 2");
    hdfs.say("startdn 2");
    hdfs.say(&format!("mkdir {path}/b"));
}

#[test]
fn erasure_coding_works_with_five_datanodes() {
    let hdfs = Hdfs::start(&Settings::of(Kind::Plain).datanodes(5));
    hdfs.say("ec /tests/coded RS-3-2-1024k");
    hdfs.say("open /tests/coded/a 3000000");
    hdfs.say("close /tests/coded/a");
    assert!(hdfs.say("stat /tests/coded/a").contains("ec=ErasureCodingPolicy=[Name=RS-3-2-1024k"));
}

#[test]
fn kerberos_gives_tickets_and_hdfs_takes_nobody_without() {
    let kdc = kdc();
    let cache = kdc.ticket("alice", 60);
    let list = Command::new("klist").arg("-c").arg(&cache).env("KRB5_CONFIG", kdc.krb5_conf()).output().unwrap();
    assert!(String::from_utf8_lossy(&list.stdout).contains("krbtgt/TEST.LOCAL@TEST.LOCAL"));
    let hdfs = hdfs(Kind::Kerberos);
    let path = hdfs.fresh("secured");
    assert!(hdfs.say(&format!("stat {path}")).contains("owner=alice:"));
    let refusal = get(hdfs.web(0), &format!("/webhdfs/v1{path}?op=LISTSTATUS&user.name=alice"));
    assert!(refusal.contains("Authentication required"), "{refusal}");
    let environment = hdfs.environment();
    assert!(environment.iter().any(|(key, _)| key == "KRB5CCNAME"));
}

/// A call of the metastore in Thrift's binary protocol, whose one argument has been written; the reply's bytes.
fn call(stream: &mut TcpStream, name: &str, arguments: &[u8]) -> Vec<u8> {
    let mut message = 0x8001_0001_u32.to_be_bytes().to_vec();
    message.extend((name.len() as u32).to_be_bytes());
    message.extend(name.as_bytes());
    message.extend(1_u32.to_be_bytes());
    message.extend(arguments);
    message.push(0);
    stream.write_all(&message).unwrap();
    let mut head = vec![0; 12 + name.len()];
    stream.read_exact(&mut head).unwrap();
    assert_eq!(head[3], 2, "{name} is answered by an exception of the protocol");
    let mut answer = vec![0; 1];
    stream.read_exact(&mut answer).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    let mut rest = vec![0; 65_536];
    let count = stream.read(&mut rest).unwrap_or(0);
    stream.set_read_timeout(None).unwrap();
    answer.extend(&rest[..count]);
    answer
}

fn field(kind: u8, id: u16, value: &[u8]) -> Vec<u8> {
    let mut bytes = vec![kind];
    bytes.extend(id.to_be_bytes());
    bytes.extend(value);
    bytes
}

fn text(id: u16, text: &str) -> Vec<u8> {
    field(11, id, &[&(text.len() as u32).to_be_bytes(), text.as_bytes()].concat())
}

fn strings(id: u16, list: &[&str]) -> Vec<u8> {
    let mut value = vec![11];
    value.extend((list.len() as u32).to_be_bytes());
    for item in list {
        value.extend((item.len() as u32).to_be_bytes());
        value.extend(item.as_bytes());
    }
    field(15, id, &value)
}

/// set_ugi, create_database, get_all_databases and lock: each needs other jars, which READY does not show.
fn metastore_answers(metastore: &Metastore) {
    let mut stream = TcpStream::connect(("127.0.0.1", metastore.port())).unwrap();
    let ugi = [text(1, "alice"), strings(2, &["analysts"])].concat();
    assert_eq!(call(&mut stream, "set_ugi", &ugi)[..3], [15, 0, 0], "set_ugi succeeds");
    let location = format!("{}/smoke.db", metastore.warehouse());
    let database =
        [text(1, "smoke"), text(2, ""), text(3, &location), field(13, 4, &[11, 11, 0, 0, 0, 0]), vec![0]].concat();
    let answer = call(&mut stream, "create_database", &field(12, 1, &database));
    assert_eq!(answer, [0], "create_database: {}", String::from_utf8_lossy(&answer));
    let databases = call(&mut stream, "get_all_databases", &[]);
    assert!(String::from_utf8_lossy(&databases).contains("smoke"));
    let component =
        [field(8, 1, &3_u32.to_be_bytes()), field(8, 2, &1_u32.to_be_bytes()), text(3, "smoke"), vec![0]].concat();
    let components = field(15, 1, &[&[12, 0, 0, 0, 1][..], &component].concat());
    let request = [components, text(3, "alice"), text(4, "localhost"), vec![0]].concat();
    let answer = call(&mut stream, "lock", &field(12, 1, &request));
    assert_eq!(answer[..3], [12, 0, 0], "lock: {}", String::from_utf8_lossy(&answer));
    let state = field(8, 2, &1_u32.to_be_bytes());
    assert!(answer.windows(state.len()).any(|window| window == state), "the lock is acquired");
}

#[test]
fn a_metastore_of_2_3_answers() {
    metastore_answers(metastore(Generation::V2, Security::None, None));
}

#[test]
fn a_metastore_of_3_1_answers_on_hdfs_and_after_a_kill() {
    let metastore = metastore(Generation::V3, Security::None, Some(hdfs(Kind::Plain)));
    metastore_answers(metastore);
    assert!(hdfs(Kind::Plain).say("ls /warehouse").contains("smoke.db/"));
    metastore.kill();
    assert!(TcpStream::connect(("127.0.0.1", metastore.port())).is_err());
    metastore.restart();
    let mut stream = TcpStream::connect(("127.0.0.1", metastore.port())).unwrap();
    let databases = call(&mut stream, "get_all_databases", &[]);
    assert!(String::from_utf8_lossy(&databases).contains("smoke"));
}

#[test]
fn a_metastore_of_4_0_answers() {
    metastore_answers(metastore(Generation::V4, Security::None, None));
}

/// Whether a server speaks SASL and wants GSSAPI: it answers START with its refusal of another mechanism.
#[test]
fn metastores_with_kerberos_speak_sasl() {
    for generation in [Generation::V2, Generation::V3, Generation::V4] {
        let metastore = metastore(generation, Security::Kerberos(Qop::Privacy), None);
        let mut stream = TcpStream::connect(("127.0.0.1", metastore.port())).unwrap();
        for (status, payload) in [(1, "NONSENSE"), (2, "x")] {
            stream
                .write_all(&[&[status], &(payload.len() as u32).to_be_bytes()[..], payload.as_bytes()].concat())
                .unwrap();
        }
        let mut status = [0];
        stream.read_exact(&mut status).unwrap();
        assert!([3, 4].contains(&status[0]), "{generation:?} answers {status:?}");
    }
}

fn spark_writes_and_reads(metastore: &Metastore) {
    let spark = spark(metastore);
    spark.sql(&format!("create database if not exists written location '{}/written.db'", metastore.warehouse()));
    spark.sql("create table written.t (id bigint, name string) partitioned by (day string) stored as parquet");
    spark.sql(
        "insert into written.t partition(day='1') select /*+ REPARTITION(5) */ id, concat('n', id) from range(100)",
    );
    assert_eq!(spark.number("select sum(id) from written.t where day='1'"), 4950);
    assert_eq!(spark.python("print(len(spark.table('written.t').inputFiles()))").trim(), "5");
}

#[test]
fn spark_writes_through_a_metastore_of_2_3() {
    spark_writes_and_reads(metastore(Generation::V2, Security::None, None));
}

#[test]
fn spark_writes_to_hdfs_through_a_metastore_of_3_1() {
    spark_writes_and_reads(metastore(Generation::V3, Security::None, Some(hdfs(Kind::Plain))));
}

/// The servers of a process that is killed: this test in a child, which starts some and is killed with SIGKILL.
#[test]
fn a_killed_test_process_leaves_no_server() {
    const CHILD: &str = "LAKEHAND_TEST_KILLED";
    if std::env::var_os(CHILD).is_some() {
        let hdfs = Hdfs::start(&Settings::of(Kind::Kerberos).datanodes(1));
        let metastore = Metastore::start(&crate::cluster::Server::of(Generation::V2));
        println!("pids {} {} {}", hdfs.pid(), metastore.pid(), kdc().pid());
        loop {
            std::thread::park();
        }
    }
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["cluster_smoke::a_killed_test_process_leaves_no_server", "--exact", "--nocapture"])
        .env(CHILD, "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let pids = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok)
        .find_map(|line| line.split_once("pids ").map(|(_, pids)| pids.to_owned()))
        .expect("the child started its servers");
    let processes: Vec<_> = pids.split(' ').map(|pid| std::path::Path::new("/proc").join(pid.trim())).collect();
    assert!(processes.iter().all(|process| process.exists()), "{processes:?}");
    child.kill().unwrap();
    child.wait().unwrap();
    let patience = Instant::now() + Duration::from_secs(60);
    while processes.iter().any(|process| process.exists()) {
        assert!(Instant::now() < patience, "still there: {processes:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
    let directory = crate::cluster::root_of(child.id());
    while directory.read_dir().is_ok_and(|mut entries| entries.next().is_some()) {
        assert!(Instant::now() < patience, "{} is not empty", directory.display());
        std::thread::sleep(Duration::from_millis(50));
    }
}
