//! A first configuration: what it can be made from (the Hadoop client of this host, Lakekeeper's file, answers), and
//! its text. Files of this machine are read, no server is asked.

use std::path::{Path, PathBuf};

use super::file::{self, scalar};
use super::{Environment, Hadoop, HiveSite, MetastoreUri, StoreKind, is_hdfs, lake_path};
use crate::error::{Code, Error, Result};

/// The Hadoop client of this host.
#[derive(Clone, Debug)]
pub struct HadoopClient {
    /// Its directory.
    pub directory: PathBuf,
    /// The HDFS it speaks to by default: `hdfs://NAMESERVICE`.
    pub url: String,
    /// The Hive client's file, where it names a metastore.
    pub site: Option<HiveSite>,
    hadoop: Hadoop,
}

impl HadoopClient {
    /// Looks where Hadoop's own tools look. An error says why there is none to use.
    pub fn find(environment: &Environment) -> Result<HadoopClient> {
        let hadoop = Hadoop::load(None, environment)?;
        let Some(directory) = hadoop.directory.clone() else {
            return Err(Error::new(Code::ConfigInvalid, "no Hadoop client is configured on this host")
                .why("HADOOP_CONF_DIR is not set and /etc/hadoop/conf is not there")
                .next("export HADOOP_CONF_DIR=/path/of/core-site.xml"));
        };
        let url = hadoop.locate("/")?.url;
        let site = HiveSite::load(Some(&directory), environment)?;
        Ok(HadoopClient { directory, url, site, hadoop })
    }

    /// `/etc/hadoop/conf: nameservice lake, hms1`.
    pub fn in_words(&self) -> String {
        let metastore = match self.site.as_ref().and_then(|site| site.uris.first()) {
            Some(uri) => uri.host.clone(),
            None => "no metastore".to_owned(),
        };
        let kind = if self.authority().contains(':') { "NameNode" } else { "nameservice" };
        format!("{}: {kind} {}, {metastore}", self.directory.display(), self.authority())
    }

    /// Where Hive keeps tables, by its site file; else the whole file system.
    pub fn usual_lake(&self) -> String {
        let warehouse = self.site.as_ref().and_then(|site| site.warehouse.as_deref());
        let place = warehouse.and_then(|place| self.hadoop.locate(place).ok());
        place.map_or_else(|| format!("{}/", self.url), |place| format!("{}{}", place.url, place.path))
    }

    fn authority(&self) -> &str {
        self.url.trim_start_matches("hdfs://")
    }
}

/// What is taken from Lakekeeper's file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lakekeeper {
    /// Our keys of the policy, with their values.
    pub policy: Vec<(String, String)>,
    /// `spark_submit.principal`.
    pub principal: Option<String>,
    /// `spark_submit.keytab`.
    pub keytab: Option<String>,
    /// What of it does nothing here, and why.
    pub notes: Vec<String>,
}

impl Lakekeeper {
    /// Reads the file.
    pub fn read(path: &Path) -> Result<Lakekeeper> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            Error::new(Code::ConfigInvalid, format!("Lakekeeper's file {} cannot be read", path.display()))
                .source(error)
        })?;
        let found = file::parse(path, &text)?;
        if let Some((key, ..)) = found.values.iter().find(|(key, ..)| key.starts_with("profiles.")) {
            return Err(Error::new(Code::ConfigInvalid, format!("{} is not Lakekeeper's", path.display()))
                .why(format!("it holds {key}, a key of lakehand"))
                .next(format!("lakehand --config {}", path.display())));
        }
        let policy = found.values.iter().filter_map(|(key, value, _)| {
            let key = key.strip_prefix("policy.")?;
            Some((key.to_owned(), value.to_string()))
        });
        let (principal, keytab) = file::lakekeeper_login(&text);
        Ok(Lakekeeper { policy: policy.collect(), principal, keytab, notes: found.notes })
    }
}

/// Where a draft's tables are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tables {
    /// Directories.
    Directories,
    /// The metastores that a Hive client's file names.
    Site(PathBuf),
    /// These metastores.
    Metastores(Vec<MetastoreUri>),
}

/// A configuration with one profile.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The lake: a URI of an HDFS, or a path.
    pub lake: String,
    /// The Hadoop client's directory.
    pub hadoop_conf_dir: Option<PathBuf>,
    /// Where tables are known.
    pub tables: Tables,
    /// Stricter questions.
    pub production: bool,
    /// What Lakekeeper's file said.
    pub lakekeeper: Lakekeeper,
}

impl Draft {
    /// What the Hadoop client of this host says, as careful as can be.
    pub fn of_hadoop(client: &HadoopClient) -> Draft {
        Draft {
            lake: client.usual_lake(),
            hadoop_conf_dir: Some(client.directory.clone()),
            tables: client.site.as_ref().map_or(Tables::Directories, |site| Tables::Site(site.file.clone())),
            production: true,
            lakekeeper: Lakekeeper::default(),
        }
    }

    /// Where its files are.
    pub fn store(&self) -> StoreKind {
        if is_hdfs(&self.lake) { StoreKind::Hdfs } else { StoreKind::Local }
    }

    /// The profile's name: the nameservice, the NameNode's host, or `local`.
    pub fn profile(&self) -> String {
        let authority = self.lake.split_once("://").map_or("", |(_, rest)| rest.split('/').next().unwrap_or(""));
        let name: String = authority.split([':', '.']).next().unwrap_or("").chars().filter(|c| plain(*c)).collect();
        match self.store() {
            StoreKind::Hdfs if name.starts_with(|c: char| c.is_ascii_alphabetic()) => name,
            StoreKind::Hdfs => "hdfs".to_owned(),
            StoreKind::Local => "local".to_owned(),
        }
    }

    /// The text of the file.
    pub fn text(&self) -> String {
        let hdfs = self.store() == StoreKind::Hdfs;
        let mut text = format!(
            "# The configuration of lakehand. `lakehand config generate` shows every key that may stand here,\n\
             # `lakehand config check` reads it again.\n\nprofiles:\n  {}:\n    store: {}\n    lake: {}\n",
            scalar(&self.profile()),
            if hdfs { "hdfs" } else { "local" },
            scalar(&self.lake),
        );
        if let Some(directory) = self.hadoop_conf_dir.as_ref().filter(|_| hdfs) {
            text.push_str(&format!("    hadoop_conf_dir: {}\n", scalar(&directory.to_string_lossy())));
        }
        match &self.tables {
            Tables::Directories => {}
            Tables::Site(file) => text.push_str(&format!(
                "    catalog:\n      # Its addresses and how it is spoken to are those of {}.\n      kind: hive\n",
                file.display()
            )),
            Tables::Metastores(uris) => {
                let uris: Vec<String> = uris.iter().map(|uri| scalar(&String::from(uri.clone()))).collect();
                text.push_str(&format!("    catalog:\n      kind: hive\n      uris: [{}]\n", uris.join(", ")));
            }
        }
        if let Some(principal) = self.lakekeeper.principal.as_ref().filter(|_| hdfs) {
            text.push_str(&format!("    kerberos:\n      principal: {}\n", scalar(principal)));
            if let Some(keytab) = &self.lakekeeper.keytab {
                text.push_str(&format!("      keytab: {}\n", scalar(keytab)));
            }
        }
        text.push_str(&format!(
            "    # Stricter questions: the number of targets, or the table's name, is typed.\n    production: {}\n",
            self.production
        ));
        for (number, (key, value)) in self.lakekeeper.policy.iter().enumerate() {
            text.push_str(if number == 0 { "\npolicy:\n" } else { "" });
            text.push_str(&format!("  {key}: {value}\n"));
        }
        text
    }
}

fn plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_')
}

/// The lake that somebody typed: a directory that is there, or a URI of an HDFS that can be told from what is known.
pub fn lake_of(typed: &str, client: Option<&HadoopClient>, on_hdfs: bool, current: &Path) -> Result<String> {
    if !on_hdfs {
        return lake_path(typed, current).map(|path| path.to_string());
    }
    let unconfigured = Hadoop::default();
    let hadoop = client.map_or(&unconfigured, |client| &client.hadoop);
    let place = hadoop.locate(typed)?;
    Ok(if is_hdfs(typed) { typed.to_owned() } else { format!("{}{}", place.url, place.path) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn property(name: &str, value: &str) -> String {
        format!("<property><name>{name}</name><value>{value}</value></property>")
    }

    fn client(hive: &str) -> (tempfile::TempDir, HadoopClient) {
        let home = tempfile::tempdir().unwrap();
        let write = |name: &str, properties: &str| {
            std::fs::write(home.path().join(name), format!("<configuration>{properties}</configuration>")).unwrap();
        };
        let nodes = [
            property("fs.defaultFS", "hdfs://lake"),
            property("dfs.nameservices", "lake"),
            property("dfs.ha.namenodes.lake", "nn1"),
            property("dfs.namenode.rpc-address.lake.nn1", "one:8020"),
        ];
        write("core-site.xml", &nodes.concat());
        write("hive-site.xml", hive);
        let directory = home.path().display().to_string();
        let variables = [("HADOOP_CONF_DIR", directory.clone()), ("HIVE_CONF_DIR", directory)];
        let variables = variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let client = HadoopClient::find(&Environment(variables)).unwrap();
        (home, client)
    }

    fn keys(draft: &Draft) -> Vec<String> {
        let found = file::parse(Path::new("draft"), &draft.text()).unwrap();
        found.values.iter().map(|(key, value, _)| format!("{key}={value}")).collect()
    }

    #[test]
    fn the_hadoop_client_gives_a_profile_of_its_nameservice_and_metastore() {
        let warehouse = property("hive.metastore.warehouse.external.dir", "/warehouse/external");
        let (home, client) = client(&(property("hive.metastore.uris", "thrift://hms1:9083") + &warehouse));
        let directory = home.path().display();
        assert_eq!(client.in_words(), format!("{directory}: nameservice lake, hms1"));
        let draft = Draft::of_hadoop(&client);
        assert_eq!(
            keys(&draft),
            [
                "profiles.lake.store=hdfs".to_owned(),
                "profiles.lake.lake=hdfs://lake/warehouse/external".to_owned(),
                format!("profiles.lake.hadoop_conf_dir={directory}"),
                "profiles.lake.catalog.kind=hive".to_owned(),
                "profiles.lake.production=true".to_owned(),
            ]
        );
    }

    #[test]
    fn without_a_metastore_directories_are_tables_and_the_lake_is_the_file_system() {
        let (_home, client) = client("");
        assert!(client.in_words().ends_with("nameservice lake, no metastore"));
        let draft = Draft::of_hadoop(&client);
        assert_eq!((draft.lake.as_str(), &draft.tables), ("hdfs://lake/", &Tables::Directories));
        assert_eq!(lake_of("/data", Some(&client), true, Path::new("/")).unwrap(), "hdfs://lake/data");
        assert!(lake_of("data", Some(&client), true, Path::new("/")).is_err());
        assert!(lake_of("/data", None, true, Path::new("/")).is_err());
    }

    #[test]
    fn a_host_without_a_client_says_where_it_was_looked_for() {
        let environment = Environment([("HADOOP_CONF_DIR".to_owned(), "/none".to_owned())].into_iter().collect());
        let error = HadoopClient::find(&environment).unwrap_err();
        assert!(error.message().contains("/none holds no Hadoop configuration"), "{}", error.message());
    }

    #[test]
    fn lakekeepers_file_gives_its_policy_and_its_login() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("lakekeeper.yaml");
        let text = "block_size_mb: 256\nlog_level: INFO\nbackup_prefix: __b\nspark_submit:\n  principal: \
                    'svc: #1@LAKE'\n  keytab: /k\n";
        std::fs::write(&path, text).unwrap();
        let lakekeeper = Lakekeeper::read(&path).unwrap();
        assert_eq!(lakekeeper.notes.len(), 2, "{:?}", lakekeeper.notes);
        let (_home, client) = client("");
        let draft = Draft { lakekeeper, ..Draft::of_hadoop(&client) };
        let keys = keys(&draft);
        for wanted in [
            "policy.block_size=256MiB",
            "profiles.lake.kerberos.principal=svc: #1@LAKE",
            "profiles.lake.kerberos.keytab=/k",
        ] {
            assert!(keys.iter().any(|key| key == wanted), "{wanted} is not in {keys:?}");
        }
        std::fs::write(&path, "profiles: {a: {lake: /x}}\n").unwrap();
        assert!(Lakekeeper::read(&path).unwrap_err().message().contains("is not Lakekeeper's"));
    }

    #[test]
    fn names_of_profiles_are_plain() {
        let name = |lake: &str| {
            let tables = Tables::Metastores(vec![MetastoreUri::parse("h").unwrap()]);
            let lakekeeper = Lakekeeper::default();
            Draft { lake: lake.to_owned(), hadoop_conf_dir: None, tables, production: false, lakekeeper }.profile()
        };
        assert_eq!(name("hdfs://nn1.example:8020/x"), "nn1");
        assert_eq!(name("hdfs:///x"), "hdfs");
        assert_eq!(name("hdfs://10.0.0.7:8020/x"), "hdfs");
        assert_eq!(name("/srv/lake"), "local");
    }
}
