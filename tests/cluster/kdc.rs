//! The KDC: Debian's MIT Kerberos with a realm of its own, on loopback.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::process::{Pid, Signal, kill_process};

use super::fetch::{fetched, source};
use super::server::{Process, directory, free_port, must};

pub struct Kdc {
    process: Process,
    directory: PathBuf,
    tickets: AtomicU32,
}

/// The KDC of this process.
pub fn kdc() -> &'static Kdc {
    static KDC: OnceLock<Kdc> = OnceLock::new();
    KDC.get_or_init(Kdc::start)
}

impl Kdc {
    /// One of one's own, for a test that stops it. Servers take the shared one.
    pub fn start() -> Kdc {
        fetched();
        let directory = directory("kdc");
        let port = free_port().to_string();
        let process = Process::start("the KDC", &directory, Command::new(source("kdc")).arg(&directory).arg(port));
        Kdc { process, directory, tickets: AtomicU32::new(0) }
    }

    pub fn realm(&self) -> &'static str {
        "TEST.LOCAL"
    }

    pub fn krb5_conf(&self) -> PathBuf {
        self.directory.join("krb5.conf")
    }

    /// The keys of `alice`, `bob`, `hdfs` (hdfs/localhost and HTTP/localhost) or `hive` (hive/localhost).
    pub fn keytab(&self, name: &str) -> PathBuf {
        self.directory.join(format!("{name}.keytab"))
    }

    /// A new credential cache with a ticket of a user (`alice`, `hdfs/localhost`) that lives that long.
    pub fn ticket(&self, principal: &str, seconds: u32) -> PathBuf {
        let cache = self.directory.join(format!("ticket-{}", self.tickets.fetch_add(1, Ordering::Relaxed)));
        self.renew(principal, seconds, &cache);
        cache
    }

    /// Puts a new ticket into a cache.
    pub fn renew(&self, principal: &str, seconds: u32, cache: &Path) {
        let keytab = self.keytab(principal.split('/').next().unwrap());
        let mut kinit = Command::new("kinit");
        kinit.env("KRB5_CONFIG", self.krb5_conf()).args(["-l", &format!("{seconds}s"), "-c"]).arg(cache);
        must(kinit.arg("-kt").arg(keytab).arg(principal));
    }

    /// What a process needs to act as a user.
    pub fn environment(&self, principal: &str) -> Vec<(String, String)> {
        let cache = format!("FILE:{}", self.ticket(principal, 36_000).display());
        let conf = self.krb5_conf().to_str().unwrap().to_owned();
        vec![("KRB5_CONFIG".to_owned(), conf), ("KRB5CCNAME".to_owned(), cache)]
    }

    pub fn pid(&self) -> u32 {
        self.process.ready.trim().parse().unwrap()
    }

    /// It takes connections and answers none, until `thaw`.
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let pid = self.pid() as i32;
        kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
    }
}

impl Drop for Kdc {
    fn drop(&mut self) {
        self.process.end();
    }
}
