//! A directory of an HDFS, a client of it, and the program as a user of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use bytes::Bytes;
use lakehand::config::{Environment, Hadoop, Hdfs as HdfsSettings};
use lakehand::error::{Code, Result};
use lakehand::model::{Attributes, FileTime, StorePath};
use lakehand::store::{Entry, EntryKind, HdfsStore, Read, Write, collect};
use parquet::file::reader::{FileReader, SerializedFileReader};

use crate::cluster::Hdfs;

/// What a client of it is configured with.
pub fn settings(hdfs: &Hdfs) -> HdfsSettings {
    settings_of(&hdfs.conf_dir(), hdfs.uri())
}

fn settings_of(site: &Path, uri: &str) -> HdfsSettings {
    let hadoop = Hadoop::load(Some(site), &Environment::default()).unwrap();
    HdfsSettings {
        url: hadoop.locate(uri).unwrap().url,
        properties: hadoop.client_properties().unwrap(),
        principal: None,
        keytab: None,
        call_timeout: Duration::from_secs(30),
        calls_per_second: 100_000,
    }
}

/// What a client is configured with by the environment of this process, for the child of a test that cannot speak to
/// the server's process.
pub fn settings_here() -> HdfsSettings {
    settings_of(Path::new(&std::env::var("HADOOP_CONF_DIR").unwrap()), "hdfs:///")
}

/// A directory and a client.
pub struct Bench {
    hdfs: Option<&'static Hdfs>,
    pub store: HdfsStore,
    pub root: StorePath,
}

impl Bench {
    pub async fn new(hdfs: &'static Hdfs) -> Bench {
        let store = HdfsStore::connect(&settings(hdfs)).await.unwrap();
        Bench { hdfs: Some(hdfs), store, root: StorePath::new(hdfs.fresh("store")).unwrap() }
    }

    /// In the directory of the user that this process is.
    pub async fn here(name: &str) -> Bench {
        let store = HdfsStore::connect(&settings_here()).await.unwrap();
        let root = store.home().await.unwrap().join(name);
        store.make_dir(&root, &directory()).await.unwrap();
        Bench { hdfs: None, store, root }
    }

    /// The server's process.
    pub fn hdfs(&self) -> &'static Hdfs {
        self.hdfs.expect("this test cannot speak to the server's process")
    }

    pub fn at(&self, relative: &str) -> StorePath {
        self.root.join_all(relative)
    }

    pub async fn dirs(&self, relative: &[&str]) {
        for path in relative {
            self.store.make_dir(&self.at(path), &directory()).await.unwrap();
        }
    }

    pub async fn file(&self, relative: &str, content: &[u8]) {
        let mut new = self.store.create(&self.at(relative)).await.unwrap();
        new.write(Bytes::copy_from_slice(content)).await.unwrap();
        new.finish(&file(), None).await.unwrap();
    }

    pub async fn content(&self, relative: &str) -> Vec<u8> {
        self.store.read_whole(&self.at(relative), lakehand::model::Size::mib(64)).await.unwrap().to_vec()
    }

    pub async fn is_there(&self, relative: &str) -> bool {
        self.store.stat(&self.at(relative)).await.unwrap().is_some()
    }

    pub async fn names(&self, relative: &str) -> Vec<String> {
        shown(&collect(self.store.list(&self.at(relative)).await.unwrap()).await.unwrap())
    }
}

pub fn shown(entries: &[Entry]) -> Vec<String> {
    let mut names: Vec<String> = entries.iter().map(|entry| entry.name.shown()).collect();
    names.sort();
    names
}

pub fn file() -> Attributes {
    Attributes { mode: 0o640, ..Attributes::default() }
}

pub fn directory() -> Attributes {
    Attributes { mode: 0o750, ..Attributes::default() }
}

#[track_caller]
pub fn code<T>(result: Result<T>) -> Code {
    match result {
        Ok(_) => panic!("it should have failed"),
        Err(error) => error.code(),
    }
}

/// Copies a local tree as the user of this client, times included.
pub async fn upload(store: &HdfsStore, local: &Path, to: &StorePath) {
    for entry in std::fs::read_dir(local).unwrap() {
        let entry = entry.unwrap();
        let path = to.join(entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            store.make_dir(&path, &Attributes { mode: 0o755, ..Attributes::default() }).await.unwrap();
            Box::pin(upload(store, &entry.path(), &path)).await;
        } else {
            upload_file(store, &entry.path(), &path).await;
        }
    }
}

/// Copies what readers see of a tree, as the user of this client.
pub async fn download(store: &HdfsStore, from: &StorePath, local: &Path) {
    for entry in collect(store.list(from).await.unwrap()).await.unwrap() {
        let name = entry.name.shown();
        if name.starts_with(['.', '_']) {
            continue;
        }
        let (path, copy) = (from.join(&name), local.join(&name));
        if entry.kind == EntryKind::Directory {
            std::fs::create_dir(&copy).unwrap();
            Box::pin(download(store, &path, &copy)).await;
        } else {
            std::fs::write(&copy, store.read_whole(&path, lakehand::model::Size::mib(64)).await.unwrap()).unwrap();
        }
    }
}

pub async fn upload_file(store: &HdfsStore, local: &Path, to: &StorePath) {
    let modified = std::fs::metadata(local).unwrap().modified().unwrap();
    let modified = FileTime::from(chrono::DateTime::<chrono::Utc>::from(modified));
    let mut new = store.create(to).await.unwrap();
    new.write(std::fs::read(local).unwrap().into()).await.unwrap();
    new.finish(&Attributes { mode: 0o644, ..Attributes::default() }, Some(modified)).await.unwrap();
}

/// Rows and the sum of their digests, by directory; a tripwire is an error, as it is for a reader.
pub fn rows(hdfs: &Hdfs, lake: &str) -> Result<BTreeMap<PathBuf, (u64, u64)>, String> {
    let copy = tempfile::tempdir().unwrap();
    let local = copy.path().join("lake");
    hdfs.get(lake, &local);
    rows_below(&local)
}

/// The same of a local copy.
pub fn rows_below(local: &Path) -> Result<BTreeMap<PathBuf, (u64, u64)>, String> {
    let mut rows = BTreeMap::new();
    look(local, local, &mut rows)?;
    Ok(rows)
}

fn look(top: &Path, directory: &Path, rows: &mut BTreeMap<PathBuf, (u64, u64)>) -> Result<(), String> {
    for entry in std::fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if name.starts_with(['.', '_']) {
            continue;
        }
        if entry.file_type().unwrap().is_dir() {
            look(top, &entry.path(), rows)?;
            continue;
        }
        if name.contains("!lakehand-exchange-") {
            return Err(format!("{} is no data file", entry.path().display()));
        }
        // The demo has a table with an unfinished file, and one of text.
        let Ok(reader) = SerializedFileReader::new(std::fs::File::open(entry.path()).unwrap()) else { continue };
        let sum = rows.entry(directory.strip_prefix(top).unwrap().to_owned()).or_default();
        for row in reader.get_row_iter(None).unwrap() {
            let digest = xxhash_rust::xxh3::xxh3_64(row.unwrap().to_string().as_bytes());
            *sum = (sum.0 + 1, sum.1.wrapping_add(digest));
        }
    }
    Ok(())
}

/// A user of the program, with directories of their own.
pub struct User {
    home: tempfile::TempDir,
    environment: Vec<(String, String)>,
}

/// What a command did.
pub struct Done {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

impl User {
    pub fn of(hdfs: &Hdfs) -> User {
        User { home: tempfile::tempdir().unwrap(), environment: hdfs.environment() }
    }

    /// With the environment of this process, for the child of a test.
    pub fn here() -> User {
        let names = ["HADOOP_CONF_DIR", "KRB5_CONFIG", "KRB5CCNAME"];
        let environment = names.map(|name| (name.to_owned(), std::env::var(name).unwrap())).into();
        User { home: tempfile::tempdir().unwrap(), environment }
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lakehand"));
        command.args(arguments).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.home()).current_dir(self.home()).stdin(Stdio::null());
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Done {
        Done::of(&self.command(arguments).output().unwrap())
    }
}

impl Done {
    pub fn of(output: &Output) -> Done {
        Done {
            status: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    #[track_caller]
    pub fn exits(&self, status: i32) -> &Done {
        assert_eq!(self.status, status, "{}{}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    pub fn says(&self, text: &str) -> &Done {
        let all = format!("{}{}", self.stdout, self.stderr);
        let joined = all.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(joined.contains(text), "{text:?} is not in:\n{all}");
        self
    }

    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in:\n{}{}", self.stdout, self.stderr))
    }
}
