//! What the NameNodes' web servers (WebHDFS) tell and the protocol of clients does not: storage policy, erasure coding,
//! encryption, the number of a directory.
//!
//! Decisions:
//! - It is only asked where the profile allows it, and only shown: no answer is needed for anything.
//! - A server is given some seconds. One that does not answer is not asked again for a minute; then the text says so.
//! - The active NameNode answers: a standby says that it is one, and the next address is asked. The one that answered
//!   last is asked first.
//! - Whoever asks for a login gets one by SPNEGO (`auth`), and has to show who it is; other logins there are none.
//! - What a server's version does not know is not told; that is no error.

mod http;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use self::http::{Http, Reply};
use crate::auth::Login;
use crate::auth::spnego::Spnego;
use crate::config::{Hdfs, Kerberos, WebAddress, WebHdfs};
use crate::error::{Code, Error, Result};
use crate::model::{ServerFacts, StorePath, clean};

/// How long one server is given for everything that is asked of it.
const LIMIT: Duration = Duration::from_secs(4);
/// For how long one that did not answer is left alone.
const LEFT_ALONE: Duration = Duration::from_secs(60);
/// The numbers of storage policies, for servers that do not tell their names.
const POLICIES: [(u64, &str); 7] =
    [(2, "COLD"), (5, "WARM"), (7, "HOT"), (10, "ONE_SSD"), (12, "ALL_SSD"), (14, "ALL_NVDIMM"), (15, "LAZY_PERSIST")];

/// The web servers of an HDFS.
#[derive(Debug)]
pub(super) struct Web {
    settings: Option<WebHdfs>,
    login: Login,
    /// The principal of the web servers, where the site names it.
    principal: Option<String>,
    /// Without Kerberos a server believes the name of the user.
    names_user: bool,
    preferred: AtomicUsize,
    silent: Mutex<Option<(Instant, String)>>,
}

impl Web {
    pub(super) fn new(settings: &Hdfs, web: Option<WebHdfs>) -> Web {
        let property = |name: &str| settings.properties.get(name).map(|value| value.trim());
        let keytab = settings.keytab.as_ref().map(|keytab| keytab.to_string_lossy().into_owned());
        Web {
            settings: web,
            login: Login::new(&Kerberos { principal: settings.principal.clone(), keytab }),
            principal: property("dfs.web.authentication.kerberos.principal")
                .filter(|principal| principal.contains('/'))
                .map(str::to_owned),
            names_user: !property("hadoop.security.authentication")
                .is_some_and(|way| way.eq_ignore_ascii_case("kerberos")),
            preferred: AtomicUsize::new(0),
            silent: Mutex::default(),
        }
    }

    /// What is told of a directory.
    pub(super) async fn facts(&self, user: &str, path: &StorePath) -> Result<ServerFacts> {
        let Some(settings) = &self.settings else {
            return Err(Error::new(Code::Unavailable, "not asked")
                .why("webhdfs.ask of the profile is off")
                .next("set webhdfs.ask: true in the profile"));
        };
        if let Some((when, why)) = self.silent.lock().unwrap_or_else(std::sync::PoisonError::into_inner).as_ref()
            && when.elapsed() < LEFT_ALONE
        {
            return Err(Error::new(Code::Unavailable, "not asked").why(format!("a moment ago: {why}")));
        }
        let first = self.preferred.load(Ordering::Relaxed);
        let mut last = Error::new(Code::ConfigInvalid, "not asked").why("no web server of a NameNode is known");
        let mut standbys = 0;
        for turn in 0..settings.addresses.len() {
            let at = (first + turn) % settings.addresses.len();
            match self.facts_of(&settings.addresses[at], settings, user, path).await {
                Ok(facts) => {
                    self.preferred.store(at, Ordering::Relaxed);
                    return Ok(facts);
                }
                // A failover is on its way, or the other one is what is wrong.
                Err(error) if error.code() == Code::Unavailable && error.is_retryable() => {
                    standbys += 1;
                    if last.code() == Code::ConfigInvalid {
                        last = error;
                    }
                }
                Err(error) if error.code() == Code::Unavailable => last = error,
                Err(error) => return Err(error),
            }
        }
        if standbys > 0 && standbys == settings.addresses.len() {
            return Err(last);
        }
        let mut silent = self.silent.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *silent = Some((Instant::now(), last.to_string()));
        Err(last)
    }

    async fn facts_of(
        &self,
        address: &WebAddress,
        settings: &WebHdfs,
        user: &str,
        path: &StorePath,
    ) -> Result<ServerFacts> {
        let late = || Error::new(Code::Unavailable, format!("{address} does not answer")).why("nothing in 4 s");
        let asked = async {
            let mut asker = Asker { web: self, http: Http::new(address, settings.tls_ca.as_deref()), user, path };
            let status = asker.ask("GETFILESTATUS").await?;
            let policy = told(asker.ask("GETSTORAGEPOLICY").await)?;
            let coding = told(asker.ask("GETECPOLICY").await)?;
            Ok(facts(&status, policy.as_ref(), coding.as_ref()))
        };
        tokio::time::timeout(LIMIT, asked).await.unwrap_or_else(|_| Err(late()))
    }
}

/// Asks one server of one directory.
struct Asker<'a> {
    web: &'a Web,
    http: Http<'a>,
    user: &'a str,
    path: &'a StorePath,
}

impl Asker<'_> {
    async fn ask(&mut self, operation: &str) -> Result<Value> {
        let mut target = format!("/webhdfs/v1{}?op={operation}", escaped(self.path.as_str(), b"/"));
        if self.web.names_user {
            target.push_str(&format!("&user.name={}", escaped(self.user, b"")));
        }
        let mut reply = self.http.get(&target, None).await?;
        if reply.status == 401 && reply.negotiates {
            reply = self.logged_in(&target).await?;
        }
        self.read(reply)
    }

    /// The same with a login.
    async fn logged_in(&mut self, target: &str) -> Result<Reply> {
        let host = &self.http.address().host;
        let service = match &self.web.principal {
            Some(principal) => principal.replace("_HOST", &host.to_lowercase()),
            None => format!("HTTP@{host}"),
        };
        let (login, token) = Spnego::begin(&self.web.login, &service).await?;
        let reply = self.http.get(target, Some(&format!("Negotiate {}", STANDARD.encode(token)))).await?;
        if reply.status != 401 {
            let answer = reply.token.as_deref().and_then(|token| STANDARD.decode(token).ok());
            login.finish(answer).await?;
        }
        Ok(reply)
    }

    fn read(&self, reply: Reply) -> Result<Value> {
        let address = self.http.address();
        let document: Option<Value> = serde_json::from_slice(&reply.body).ok();
        let exception = document.as_ref().and_then(|document| document.get("RemoteException"));
        let text = |part: &str| exception.and_then(|it| it.get(part)).and_then(Value::as_str).unwrap_or_default();
        let refused = |code: Code, message: String| {
            let why = text("message").lines().next().unwrap_or_default();
            let error = Error::new(code, message);
            if why.is_empty() { error } else { error.why(clean(why)) }
        };
        match (reply.status, text("exception")) {
            (200, "") => document.ok_or_else(|| {
                Error::new(Code::UnsupportedStore, format!("{address} is no WebHDFS")).why("its answer is no JSON")
            }),
            (_, "StandbyException") => Err(refused(Code::Unavailable, format!("{address} is a standby")).retryable()),
            (_, "FileNotFoundException") => Err(refused(Code::NotFound, format!("{address} does not find it"))),
            (401 | 403, _) => Err(refused(Code::Permission, format!("{address} refuses to tell"))),
            (400, _) => Err(refused(Code::UnsupportedStore, format!("{address} does not know the question"))),
            (404, "") => Err(refused(Code::UnsupportedStore, format!("{address} has no WebHDFS"))),
            (status, _) => Err(refused(Code::Unavailable, format!("{address} answers with status {status}"))),
        }
    }
}

/// What an older server does not know is not told.
fn told(answer: Result<Value>) -> Result<Option<Value>> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(error) if matches!(error.code(), Code::UnsupportedStore | Code::Permission) => Ok(None),
        Err(error) => Err(error),
    }
}

fn facts(status: &Value, policy: Option<&Value>, coding: Option<&Value>) -> ServerFacts {
    let status = &status["FileStatus"];
    let number = status["storagePolicy"].as_u64();
    let name = |value: &Value| value.as_str().map(clean).map(|name| name.to_string());
    let by_number = || {
        let number = number.filter(|number| *number != 0)?;
        let known = POLICIES.iter().find(|(policy, _)| *policy == number);
        Some(known.map_or_else(|| format!("number {number}"), |(_, name)| (*name).to_owned()))
    };
    let coded = name(&status["ecPolicy"]).or_else(|| match coding {
        Some(Value::Null) => Some("none".to_owned()),
        Some(policy) => name(&policy["name"]).or_else(|| name(&policy["ecPolicy"])),
        None => None,
    });
    ServerFacts {
        storage_policy: policy.and_then(|policy| name(&policy["BlockStoragePolicy"]["name"])).or_else(by_number),
        erasure_coding: coded,
        // Told only where it is so; servers that know storage policies know it.
        encrypted: status["encBit"].as_bool().or(number.map(|_| false)),
        file_id: status["fileId"].as_u64(),
    }
}

/// A text as a part of an address: every byte but letters, digits and some marks as `%XX`.
fn escaped(text: &str, also: &[u8]) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || also.contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn what_a_version_does_not_tell_is_not_known() {
        let new = json(r#"{"FileStatus":{"fileId":16389,"storagePolicy":2,"ecPolicy":"RS-3-2-1024k","encBit":true}}"#);
        let policy = json(r#"{"BlockStoragePolicy":{"name":"COLD","id":2}}"#);
        let found = facts(&new, Some(&policy), None);
        assert_eq!(found.storage_policy.as_deref(), Some("COLD"));
        assert_eq!(found.erasure_coding.as_deref(), Some("RS-3-2-1024k"));
        assert_eq!((found.encrypted, found.file_id), (Some(true), Some(16_389)));
        let plain = facts(&json(r#"{"FileStatus":{"storagePolicy":0}}"#), None, Some(&Value::Null));
        assert_eq!((plain.storage_policy, plain.erasure_coding.as_deref()), (None, Some("none")));
        assert_eq!(plain.encrypted, Some(false));
        assert_eq!(facts(&json(r#"{"FileStatus":{"length":0}}"#), None, None), ServerFacts::default(), "Hadoop 2.4");
        assert_eq!(facts(&json("[]"), Some(&json("1")), Some(&json("[1]"))), ServerFacts::default());
        let unknown = facts(&json(r#"{"FileStatus":{"storagePolicy":99}}"#), None, None);
        assert_eq!(unknown.storage_policy.as_deref(), Some("number 99"));
    }

    #[test]
    fn a_path_is_escaped_byte_by_byte() {
        assert_eq!(escaped("/a b/dt=1%3A2/ä?#&", b"/"), "/a%20b/dt%3D1%253A2/%C3%A4%3F%23%26");
    }
}
