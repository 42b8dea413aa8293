//! Spark: a second writer and reader, one session for a metastore (spark.py).

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;

use serde_json::{Value, json};

use super::fetch::{fetched, source};
use super::kdc::kdc;
use super::metastore::{Metastore, Security};
use super::server::{Process, directory};

pub struct Spark {
    process: Process,
    directory: PathBuf,
}

/// The session on that metastore that the tests of this process share.
pub fn spark(metastore: &Metastore) -> &'static Spark {
    static SHARED: Mutex<Option<HashMap<u16, &'static Spark>>> = Mutex::new(None);
    let mut shared = SHARED.lock().unwrap_or_else(|broken| broken.into_inner());
    let start = || -> &'static Spark { Box::leak(Box::new(Spark::start(metastore, &[]))) };
    shared.get_or_insert_default().entry(metastore.port()).or_insert_with(start)
}

impl Spark {
    /// A session of one's own, with settings `key=value`.
    pub fn start(metastore: &Metastore, settings: &[&str]) -> Spark {
        let fetched = fetched();
        let directory = directory("spark");
        let mut command = Command::new(&fetched.python);
        command.arg(source("spark.py"));
        command.arg(format!("spark.hadoop.hive.metastore.uris={}", metastore.uri()));
        command.arg(format!("spark.sql.warehouse.dir={}", metastore.warehouse()));
        command.args([
            "spark.ui.enabled=false",
            "spark.ui.showConsoleProgress=false",
            "spark.sql.shuffle.partitions=2",
        ]);
        command.args(["spark.driver.host=127.0.0.1", "spark.driver.bindAddress=127.0.0.1", "spark.driver.memory=768m"]);
        command.arg(format!("spark.local.dir={}", directory.display()));
        let mut options = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1".to_owned();
        if metastore.security() != Security::None {
            options = format!("{options} -Djava.security.krb5.conf={}", kdc().krb5_conf().display());
            command.arg("spark.kerberos.principal=alice@TEST.LOCAL");
            command.arg(format!("spark.kerberos.keytab={}", kdc().keytab("alice").display()));
            command.arg("spark.hadoop.hive.metastore.sasl.enabled=true");
            command.arg("spark.hadoop.hive.metastore.kerberos.principal=hive/localhost@TEST.LOCAL");
        }
        command.arg(format!("spark.driver.extraJavaOptions={options}")).args(settings);
        command.env("JAVA_HOME", &fetched.java).env("SPARK_LOCAL_IP", "127.0.0.1").envs(metastore.environment());
        command.env_remove("SPARK_HOME").current_dir(&directory);
        let process = Process::start("Spark", &directory, &mut command);
        Spark { process, directory }
    }

    /// The rows of a query; dates, decimals and such as text.
    pub fn sql(&self, query: &str) -> Vec<Vec<Value>> {
        let rows = self.ask(&json!({ "sql": query }), "rows");
        serde_json::from_value(rows).unwrap()
    }

    /// The one number that a query has as its answer.
    pub fn number(&self, query: &str) -> i64 {
        let rows = self.sql(query);
        rows[0][0].as_i64().unwrap_or_else(|| panic!("{query}: {rows:?}"))
    }

    /// Runs Python that has `spark`, and gives what it printed.
    pub fn python(&self, text: &str) -> String {
        self.ask(&json!({ "python": text }), "text").as_str().unwrap().to_owned()
    }

    /// The same of what may fail; the error is Spark's.
    pub fn try_python(&self, text: &str) -> Result<String, String> {
        let printed = self.try_ask(&json!({ "python": text }), "text")?;
        Ok(printed.as_str().unwrap().to_owned())
    }

    fn ask(&self, command: &Value, field: &str) -> Value {
        self.try_ask(command, field).unwrap_or_else(|error| panic!("Spark on {command}:\n{error}"))
    }

    fn try_ask(&self, command: &Value, field: &str) -> Result<Value, String> {
        let mut answer: Value = serde_json::from_str(&self.process.ask(&command.to_string())).unwrap();
        match answer.get_mut(field) {
            Some(value) => Ok(value.take()),
            None => Err(answer["error"].as_str().unwrap_or_default().to_owned()),
        }
    }
}

impl Drop for Spark {
    fn drop(&mut self) {
        self.process.end();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}
