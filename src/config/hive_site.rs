//! What a Hive client's site file (hive-site.xml) says of metastores, for profiles that do not say it themselves.

use std::path::{Path, PathBuf};

use super::{Environment, Hadoop, MetastoreUri};
use crate::error::Result;

const FILE: &str = "hive-site.xml";
/// Where sites keep it when nobody says otherwise.
const USUAL: [&str; 2] = ["/etc/hadoop/conf", "/etc/hive/conf"];

/// A site file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HiveSite {
    /// Its path.
    pub file: PathBuf,
    /// `hive.metastore.uris`.
    pub uris: Vec<MetastoreUri>,
    /// `hive.metastore.kerberos.principal`, where `hive.metastore.sasl.enabled`.
    pub principal: Option<String>,
    /// `hive.metastore.thrift.framed.transport.enabled`.
    pub framed: bool,
    /// `hive.metastore.use.SSL`.
    pub tls: bool,
    /// Where tables are by default: `hive.metastore.warehouse.external.dir`, else `hive.metastore.warehouse.dir`.
    pub warehouse: Option<String>,
}

impl HiveSite {
    /// The directories that are looked into, in order: the profile's Hadoop configuration, `$HIVE_CONF_DIR`,
    /// `$HADOOP_CONF_DIR`, `$HADOOP_HOME`, and the usual ones.
    pub fn places(given: Option<&Path>, environment: &Environment) -> Vec<PathBuf> {
        let variable = |name: &str| environment.get(name).map(PathBuf::from);
        let home = variable("HADOOP_HOME").map(|home| home.join("etc/hadoop"));
        let named = [given.map(Path::to_owned), variable("HIVE_CONF_DIR"), variable("HADOOP_CONF_DIR"), home];
        named.into_iter().flatten().chain(USUAL.map(PathBuf::from)).collect()
    }

    /// Reads the first that is there and names a metastore.
    pub fn load(given: Option<&Path>, environment: &Environment) -> Result<Option<HiveSite>> {
        for place in HiveSite::places(given, environment) {
            let file = place.join(FILE);
            if file.is_file() {
                let site = HiveSite::read(&file, environment)?;
                if !site.uris.is_empty() {
                    return Ok(Some(site));
                }
            }
        }
        Ok(None)
    }

    fn read(file: &Path, environment: &Environment) -> Result<HiveSite> {
        let site = Hadoop::read_file(file, environment)?;
        let get = |names: [&str; 2]| -> Result<Option<String>> {
            for name in names {
                if let Some(value) = site.get(name)?.map(|value| value.trim().to_owned()).filter(|it| !it.is_empty()) {
                    return Ok(Some(value));
                }
            }
            Ok(None)
        };
        let is = |names: [&str; 2]| -> Result<bool> {
            Ok(get(names)?.is_some_and(|value| value.eq_ignore_ascii_case("true")))
        };
        let uris = get(["hive.metastore.uris", "metastore.thrift.uris"])?.unwrap_or_default();
        let uris = uris.split(',').map(str::trim).filter(|uri| !uri.is_empty()).map(MetastoreUri::parse);
        let uris = uris.collect::<Result<Vec<_>>>().map_err(|error| error.context(file.display()))?;
        let principal = get(["hive.metastore.kerberos.principal", "metastore.kerberos.principal"])?;
        let logs_in = is(["hive.metastore.sasl.enabled", "metastore.sasl.enabled"])?;
        Ok(HiveSite {
            file: file.to_owned(),
            uris,
            principal: principal.filter(|_| logs_in),
            framed: is([
                "hive.metastore.thrift.framed.transport.enabled",
                "metastore.thrift.framed.transport.enabled",
            ])?,
            tls: is(["hive.metastore.use.SSL", "metastore.use.SSL"])?,
            warehouse: match get(["hive.metastore.warehouse.external.dir", "metastore.warehouse.external.dir"])? {
                Some(external) => Some(external),
                None => get(["hive.metastore.warehouse.dir", "metastore.warehouse.dir"])?,
            },
        })
    }

    /// What it says of a key of a profile (`catalog.uris`); nothing where it says nothing.
    pub fn value(&self, key: &str) -> Option<String> {
        let uris = || self.uris.iter().map(|uri| String::from(uri.clone())).collect::<Vec<_>>().join(", ");
        match key {
            "catalog.uris" => Some(uris()),
            "catalog.principal" => self.principal.clone(),
            "catalog.framed" if self.framed => Some("true".to_owned()),
            "catalog.tls" if self.tls => Some("true".to_owned()),
            _ => None,
        }
    }
}
