//! What can be checked without opening the lake: the configuration, the ticket, NameNodes, metastores; and the clock and
//! the DataNodes.

use std::time::Duration;

use chrono::Utc;

use super::super::{self as action, Session};
use super::{Found, Patient, check, failed, ok, timed, warn};
use crate::config::{CatalogKind, Settings, StoreKind};
use crate::error::{Code, Result};
use crate::lake::{RECORDS_DIRECTORY, collect};
use crate::model::{Check, Size, age_text, counted};

/// A ticket that ends earlier is worth a word: a run may take longer.
const SHORT: Duration = Duration::from_secs(3_600);
/// A record of a run that is larger is not read for a check.
const LARGEST: Size = Size::mib(64);
/// Clocks may differ by so much.
const AHEAD: chrono::TimeDelta = chrono::TimeDelta::seconds(60);

/// Whatever there is to check, all at once.
pub(super) async fn all(patient: &Patient) -> Vec<Check> {
    let settings = &patient.settings;
    let (mut checks, kerberos, namenodes, metastores) = futures::join!(
        async { vec![check("configuration", configuration(patient)).await] },
        ticket(settings),
        namenodes(settings),
        metastores(settings)
    );
    checks.extend(kerberos);
    checks.extend(namenodes);
    checks.extend(metastores);
    checks
}

async fn configuration(patient: &Patient) -> Result<Found> {
    let settings = &patient.settings;
    let store = match settings.store {
        StoreKind::Local => "a local disk",
        StoreKind::Hdfs => "HDFS",
    };
    let catalog = match settings.catalog {
        CatalogKind::Directory => "directories".to_owned(),
        CatalogKind::Hive => {
            let count = settings.metastore.uris.len();
            let addresses =
                if count == 1 { "1 metastore address".to_owned() } else { format!("{count} metastore addresses") };
            match &settings.metastore.site {
                Some(site) => format!("{addresses} (what the profile does not say is from {site})"),
                None => addresses,
            }
        }
    };
    let files = counted(patient.files as u64, "file");
    let text = format!("{}: {store}, {catalog}; {files} read", settings.profile);
    Ok(match patient.notes.first() {
        Some(note) => warn(format!("{text}; {note}"), "lakehand config check"),
        None => ok(text),
    })
}

async fn ticket(settings: &Settings) -> Option<Check> {
    let looked = action::kerberos(settings);
    let found = std::pin::pin!(looked).await?;
    let work = async move {
        let ticket = found?;
        let Some(left) = ticket.left else { return Ok(ok(format!("{}, without an end", ticket.principal))) };
        let text = format!("{}, {} left", ticket.principal, age_text(left));
        Ok(match ticket.renewed {
            true => ok(format!("{text}, renewed from the keytab")),
            false if left < SHORT => warn(text, format!("kinit {}    or set kerberos.keytab", ticket.principal)),
            false => ok(text),
        })
    };
    Some(check("kerberos", work).await)
}

/// Each NameNode; none active is what fails, one that is lost beside an active one too: the next failover needs it.
async fn namenodes(settings: &Settings) -> Vec<Check> {
    let services = action::namenodes(settings).await;
    let works = services.iter().any(|service| matches!(&service.answer, Ok(Some(state)) if state == "active"));
    let one = |service: action::Service| {
        let ms = service.took.as_millis();
        let found = match service.answer {
            Ok(Some(state)) if state == "standby" && !works => {
                warn(format!("standby, {ms} ms; no NameNode is active"), "tell the HDFS team")
            }
            Ok(Some(state)) => ok(format!("{state}, {ms} ms")),
            Ok(None) => ok(format!("{ms} ms")),
            Err(error) if works => {
                let found = failed(&error);
                Found { text: format!("{}; the lake works through another one", found.text), ..found }
            }
            Err(error) => failed(&error),
        };
        timed(service.name, found, service.took)
    };
    services.into_iter().map(one).collect()
}

/// Reads a file of ours, which lies on DataNodes; nothing is written for it.
pub(super) async fn datanodes(lake: &Session) -> Result<Found> {
    let reader = &lake.reader;
    let index = lake.ledger().index;
    let listing = match reader.store.list(&index).await {
        Err(error) if error.code() == Code::NotFound => return Ok(ok("not asked: no run was made here yet")),
        listing => listing?,
    };
    let entries = collect(listing).await?;
    let files = entries.iter().filter_map(|entry| entry.known_file());
    let Some(file) = files.filter(|file| file.length.0 > 0).min_by_key(|file| file.length) else {
        return Ok(ok("not asked: no run was made here yet"));
    };
    let read = reader.store.read_whole(&index.join(&file.name), LARGEST).await?;
    Ok(ok(format!("gave {} bytes of {}", read.len(), file.name)))
}

/// Asks the web server that Inspect asks; nothing else depends on it.
pub(super) async fn webhdfs(lake: &Session) -> Result<Found> {
    Ok(match action::server_facts(lake, &lake.reader.root).await {
        Some(Ok(facts)) => {
            let lines = facts.lines();
            let told: Vec<String> = lines.iter().map(|(word, text)| format!("{word} {text}")).collect();
            ok(told.join(", "))
        }
        Some(Err(error)) => warn(
            format!("{error}; only what Inspect shows depends on it"),
            error.next_step().unwrap_or("check webhdfs.addresses of the profile, or set webhdfs.ask: false"),
        ),
        None => ok("not asked"),
    })
}

async fn metastores(settings: &Settings) -> Vec<Check> {
    let services = action::metastores(settings).await;
    let many = services.len() > 1 && services.iter().any(|service| service.answer.is_ok());
    let one = |service: action::Service| {
        let ms = service.took.as_millis();
        let found = match service.answer {
            Ok(Some(version)) => ok(format!("{ms} ms, says version {version}")),
            Ok(None) => ok(format!("{ms} ms")),
            Err(error) if many => {
                let found = failed(&error);
                Found { text: format!("{}; another metastore answers", found.text), ..found }
            }
            Err(error) => failed(&error),
        };
        timed(service.name, found, service.took)
    };
    services.into_iter().map(one).collect()
}

/// Times of the lake's directories against this host's clock: what is from the future shows a clock that is wrong.
pub(super) async fn clock(lake: &Session) -> Result<Found> {
    let reader = &lake.reader;
    let now = Utc::now();
    for path in [reader.root.clone(), reader.root.join(RECORDS_DIRECTORY)] {
        let Some(entry) = reader.store.stat(&path).await? else { continue };
        if entry.modified.age(now + AHEAD).is_none() {
            return Ok(warn(
                format!("{path} was changed in the future: the clocks of this host and of the lake differ"),
                "set this host's clock: timedatectl",
            ));
        }
    }
    Ok(ok("nothing at the top of the lake is from the future"))
}
