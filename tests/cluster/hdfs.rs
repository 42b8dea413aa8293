//! HDFS: one JVM with NameNodes and DataNodes (java/hdfs), steered by lines.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use super::fetch::fetched;
use super::kdc::kdc;
use super::server::{Process, directory};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    Plain,
    /// Two NameNodes behind the nameservice `lhns`.
    Ha,
    Kerberos,
}

/// What an HDFS of one's own is like.
#[derive(Clone, Debug)]
pub struct Settings {
    kind: Kind,
    data_nodes: usize,
    keys: Vec<(String, String)>,
}

impl Settings {
    pub fn of(kind: Kind) -> Settings {
        Settings { kind, data_nodes: 3, keys: Vec::new() }
    }

    #[must_use]
    pub fn datanodes(mut self, number: usize) -> Settings {
        self.data_nodes = number;
        self
    }

    /// A key of the servers that also stands in the client's files.
    #[must_use]
    pub fn set(mut self, key: &str, value: &str) -> Settings {
        self.keys.push((key.to_owned(), value.to_owned()));
        self
    }
}

pub struct Hdfs {
    process: Process,
    kind: Kind,
    directory: PathBuf,
    uri: String,
    web: Vec<String>,
    user: String,
    fresh: AtomicU32,
}

/// The HDFS of that kind that the tests of this process share.
pub fn hdfs(kind: Kind) -> &'static Hdfs {
    static SHARED: [OnceLock<Hdfs>; 3] = [const { OnceLock::new() }; 3];
    SHARED[kind as usize].get_or_init(|| Hdfs::start(&Settings::of(kind)))
}

impl Hdfs {
    pub fn start(settings: &Settings) -> Hdfs {
        let directory = directory("hdfs");
        let mut command = fetched().jvm("hdfs", "512m", None);
        let user = match settings.kind {
            Kind::Kerberos => "alice".to_owned(),
            _ => system_user(),
        };
        if settings.kind == Kind::Kerberos {
            command.arg(format!("-Djava.security.krb5.conf={}", kdc().krb5_conf().display()));
        }
        command.args(["-Dcluster.log.level=WARN", "Hdfs", "--dir"]).arg(&directory);
        command.args(["--datanodes", &settings.data_nodes.to_string(), "--user", &user]);
        match settings.kind {
            Kind::Plain => {}
            Kind::Ha => drop(command.arg("--ha")),
            Kind::Kerberos => drop(command.arg("--kerberos").arg(kdc().keytab("hdfs"))),
        }
        for (key, value) in &settings.keys {
            command.arg("-D").arg(format!("{key}={value}"));
        }
        command.env("HADOOP_USER_NAME", "hdfs").env_remove("HADOOP_CONF_DIR").current_dir(&directory);
        let process = Process::start("HDFS", &directory, &mut command);
        let mut ready = process.ready.split(' ').map(str::to_owned);
        let uri = ready.next().unwrap();
        let web = ready.collect();
        Hdfs { process, kind: settings.kind, directory, uri, web, user, fresh: AtomicU32::new(0) }
    }

    /// `hdfs://127.0.0.1:PORT`, or `hdfs://lhns`.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// The directory with core-site.xml and hdfs-site.xml, as on an edge node.
    pub fn conf_dir(&self) -> PathBuf {
        self.directory.join("conf")
    }

    /// The web address of a NameNode.
    pub fn web(&self, number: usize) -> &str {
        &self.web[number]
    }

    /// Who a client is that sets nothing.
    pub fn user(&self) -> &str {
        &self.user
    }

    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The JVM's process id.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// The path of a new directory that belongs to `user()`.
    pub fn fresh(&self, name: &str) -> String {
        let path = format!("/tests/{name}-{}", self.fresh.fetch_add(1, Ordering::Relaxed));
        self.say(&format!("mkdir {path}"));
        self.say(&format!("chown {path} {}", self.user));
        path
    }

    /// Copies a local file or tree, as superuser.
    pub fn put(&self, local: &Path, path: &str) {
        self.say(&format!("put \"{}\" \"{path}\"", local.display()));
    }

    /// Copies a file or tree of HDFS to the local disk.
    pub fn get(&self, path: &str, local: &Path) {
        self.say(&format!("get \"{path}\" \"{}\"", local.display()));
    }

    /// A command of README.md and its answer; the test fails on ERR.
    pub fn say(&self, command: &str) -> String {
        self.try_say(command).unwrap_or_else(|error| self.process.fail(&format!("answers {command:?} with {error}")))
    }

    /// The same, with the text of an ERR.
    pub fn try_say(&self, command: &str) -> Result<String, String> {
        let answer = self.process.ask(command);
        match answer.strip_prefix("OK") {
            Some(rest) => Ok(rest.trim().to_owned()),
            None => Err(answer.trim_start_matches("ERR ").to_owned()),
        }
    }

    /// What a child process needs to be a client.
    pub fn environment(&self) -> Vec<(String, String)> {
        let mut environment = match self.kind {
            Kind::Kerberos => kdc().environment("alice"),
            _ => Vec::new(),
        };
        environment.push(("HADOOP_CONF_DIR".to_owned(), self.conf_dir().to_str().unwrap().to_owned()));
        environment
    }
}

impl Drop for Hdfs {
    fn drop(&mut self) {
        self.process.kill();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// Who a Hadoop client without Kerberos says that it is.
fn system_user() -> String {
    std::env::var("HADOOP_USER_NAME")
        .unwrap_or_else(|_| super::server::must(std::process::Command::new("id").arg("-un")).trim().to_owned())
}
