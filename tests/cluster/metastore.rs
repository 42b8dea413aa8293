//! Hive Metastores of three generations (java/hms), each on a Derby database of its own.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use super::fetch::fetched;
use super::hdfs::{Hdfs, Kind};
use super::kdc::kdc;
use super::server::{Process, directory};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Generation {
    /// 2.3.9
    V2,
    /// 3.1.3
    V3,
    /// 4.0.1
    V4,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Qop {
    Authentication,
    Integrity,
    Privacy,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Security {
    None,
    Kerberos(Qop),
}

/// What a metastore of one's own is like.
#[derive(Clone, Debug)]
pub struct Server {
    generation: Generation,
    security: Security,
    hdfs: Option<(String, PathBuf)>,
    keys: Vec<(String, String)>,
}

impl Server {
    pub fn of(generation: Generation) -> Server {
        Server { generation, security: Security::None, hdfs: None, keys: Vec::new() }
    }

    #[must_use]
    pub fn security(mut self, security: Security) -> Server {
        self.security = security;
        self
    }

    /// With its warehouse there; one with Kerberos needs `Security::Kerberos`.
    #[must_use]
    pub fn on(mut self, hdfs: &Hdfs) -> Server {
        self.hdfs = Some((hdfs.uri().to_owned(), hdfs.conf_dir()));
        assert!(hdfs.kind() != Kind::Kerberos || self.security != Security::None, "say .security(…) before .on(hdfs)");
        self
    }

    /// A key as in hive-site.xml.
    #[must_use]
    pub fn set(mut self, key: &str, value: &str) -> Server {
        self.keys.push((key.to_owned(), value.to_owned()));
        self
    }
}

pub struct Metastore {
    process: Mutex<Process>,
    server: Server,
    directory: PathBuf,
    port: u16,
    warehouse: String,
}

/// The metastore of that kind that the tests of this process share.
pub fn metastore(generation: Generation, security: Security, hdfs: Option<&Hdfs>) -> &'static Metastore {
    type Key = (Generation, Security, Option<String>);
    static SHARED: Mutex<Option<HashMap<Key, &'static Metastore>>> = Mutex::new(None);
    let mut shared = SHARED.lock().unwrap_or_else(|broken| broken.into_inner());
    let key = (generation, security, hdfs.map(|hdfs| hdfs.uri().to_owned()));
    shared.get_or_insert_default().entry(key).or_insert_with(|| {
        let server = Server::of(generation).security(security);
        let server = hdfs.map_or(server.clone(), |hdfs| server.on(hdfs));
        Box::leak(Box::new(Metastore::start(&server)))
    })
}

impl Metastore {
    pub fn start(server: &Server) -> Metastore {
        let directory = directory("metastore");
        let warehouse = match &server.hdfs {
            Some((uri, _)) => format!("{uri}/warehouse"),
            None => {
                fs::create_dir(directory.join("warehouse")).unwrap();
                format!("file://{}/warehouse", directory.display())
            }
        };
        write_server_files(server, &directory);
        let process = Process::start("the metastore", &directory, &mut command(server, &directory, &warehouse, 0));
        let port = process.ready.trim().parse().unwrap();
        let metastore = Metastore { process: Mutex::new(process), server: server.clone(), directory, port, warehouse };
        metastore.write_client_files();
        metastore
    }

    /// `thrift://127.0.0.1:PORT`; by name with Kerberos, whose principals have names.
    pub fn uri(&self) -> String {
        match self.server.security {
            Security::None => format!("thrift://127.0.0.1:{}", self.port),
            Security::Kerberos(_) => format!("thrift://localhost:{}", self.port),
        }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn generation(&self) -> Generation {
        self.server.generation
    }

    pub fn security(&self) -> Security {
        self.server.security
    }

    /// The URI of the warehouse directory.
    pub fn warehouse(&self) -> &str {
        &self.warehouse
    }

    pub fn principal(&self) -> Option<&'static str> {
        (self.server.security != Security::None).then_some("hive/localhost@TEST.LOCAL")
    }

    /// The directory with hive-site.xml, core-site.xml and, on HDFS, hdfs-site.xml, as on an edge node.
    pub fn conf_dir(&self) -> PathBuf {
        self.directory.join("client")
    }

    /// What a child process needs to be a client.
    pub fn environment(&self) -> Vec<(String, String)> {
        let mut environment = match self.server.security {
            Security::None => Vec::new(),
            Security::Kerberos(_) => kdc().environment("alice"),
        };
        for name in ["HADOOP_CONF_DIR", "HIVE_CONF_DIR"] {
            environment.push((name.to_owned(), self.conf_dir().to_str().unwrap().to_owned()));
        }
        environment
    }

    pub fn pid(&self) -> u32 {
        self.process.lock().unwrap().pid()
    }

    /// SIGKILL.
    pub fn kill(&self) {
        self.process.lock().unwrap().kill();
    }

    /// A new process on the same port and database.
    pub fn restart(&self) {
        let mut process = self.process.lock().unwrap();
        process.kill();
        let mut command = command(&self.server, &self.directory, &self.warehouse, self.port);
        *process = Process::start("the metastore", &self.directory, &mut command);
    }

    fn write_client_files(&self) {
        let client = self.conf_dir();
        fs::create_dir(&client).unwrap();
        let server = self.directory.join("conf");
        for name in ["core-site.xml", "hdfs-site.xml"].iter().filter(|name| server.join(name).exists()) {
            fs::copy(server.join(name), client.join(name)).unwrap();
        }
        let mut keys = vec![("hive.metastore.uris".to_owned(), self.uri())];
        if let Some(principal) = self.principal() {
            keys.push(("hive.metastore.sasl.enabled".to_owned(), "true".to_owned()));
            keys.push(("hive.metastore.kerberos.principal".to_owned(), principal.to_owned()));
        }
        keys.push(("hive.metastore.warehouse.dir".to_owned(), self.warehouse.clone()));
        fs::write(client.join("hive-site.xml"), site("<configuration>\n</configuration>", &keys)).unwrap();
    }
}

impl Drop for Metastore {
    fn drop(&mut self) {
        self.kill();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

fn command(server: &Server, directory: &Path, warehouse: &str, port: u16) -> Command {
    let (name, with_schema) = match server.generation {
        Generation::V2 => ("hms-2.3", false),
        Generation::V3 => ("hms-3.1", true),
        Generation::V4 => ("hms-4.0", true),
    };
    let mut command = fetched().jvm(name, "256m", Some(&directory.join("conf")));
    command.arg("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn");
    if server.security != Security::None {
        command.arg(format!("-Djava.security.krb5.conf={}", kdc().krb5_conf().display()));
    }
    command.arg("Hms").arg("--dir").arg(directory).args(["--port", &port.to_string()]);
    if with_schema {
        command.arg("--schema").arg(fetched().schema(name));
    }
    command.arg(format!("db={}", directory.join("database").display()));
    command.arg(format!("hive.metastore.warehouse.dir={warehouse}"));
    if server.security != Security::None {
        command
            .args(["hive.metastore.sasl.enabled=true", "hive.metastore.kerberos.principal=hive/localhost@TEST.LOCAL"]);
        command.arg(format!("hive.metastore.kerberos.keytab.file={}", kdc().keytab("hive").display()));
        let store = "org.apache.hadoop.hive.thrift.MemoryTokenStore";
        command.arg(format!("hive.cluster.delegation.token.store.class={store}"));
    }
    command.args(server.keys.iter().map(|(key, value)| format!("{key}={value}")));
    command.env("HADOOP_USER_NAME", "hive").env_remove("HADOOP_CONF_DIR").current_dir(directory);
    command
}

/// The Hadoop files of the server: those of HDFS, and what SASL takes its protection from.
fn write_server_files(server: &Server, directory: &Path) {
    let conf = directory.join("conf");
    fs::create_dir(&conf).unwrap();
    let mut core = "<configuration>\n</configuration>".to_owned();
    if let Some((_, hdfs)) = &server.hdfs {
        core = fs::read_to_string(hdfs.join("core-site.xml")).unwrap();
        fs::copy(hdfs.join("hdfs-site.xml"), conf.join("hdfs-site.xml")).unwrap();
    }
    let mut keys = Vec::new();
    if let Security::Kerberos(qop) = server.security {
        let protection = match qop {
            Qop::Authentication => "authentication",
            Qop::Integrity => "integrity",
            Qop::Privacy => "privacy",
        };
        keys.push(("hadoop.security.authentication".to_owned(), "kerberos".to_owned()));
        keys.push(("hadoop.rpc.protection".to_owned(), protection.to_owned()));
    }
    fs::write(conf.join("core-site.xml"), site(&core, &keys)).unwrap();
}

/// A Hadoop file with more keys at its end, where they win.
fn site(text: &str, keys: &[(String, String)]) -> String {
    let property = |(key, value): &(String, String)| {
        let value = value.replace('&', "&amp;").replace('<', "&lt;");
        format!("<property><name>{key}</name><value>{value}</value></property>\n")
    };
    let (head, tail) = text.rsplit_once("</configuration>").unwrap();
    format!("{head}{}</configuration>{tail}", keys.iter().map(property).collect::<String>())
}
