//! From everything that is configured to the settings of one profile.

use std::path::Path;
use std::time::Duration;

use super::value::Value;
use super::{
    CatalogKind, Config, ConsoleSettings, Environment, Hadoop, Hdfs, HdfsPath, HiveSite, Kerberos, Limits, Metastore,
    MetastoreUri, Origin, Settings, StoreKind, WebAddress, WebHdfs, is_hdfs, keys, lake_path,
};
use crate::error::{Code, Error, Result};
use crate::model::{Policy, Size, StorePath, Verify};

/// What the command line (or its variables) chose.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// `--profile`.
    pub profile: Option<String>,
    /// `--lake`.
    pub lake: Option<String>,
    /// `--read-only`.
    pub read_only: bool,
    /// Colours are off, by `NO_COLOR`.
    pub no_color: bool,
    /// The variables, for what Hadoop takes from them.
    pub environment: Environment,
}

impl Config {
    /// The settings of the lake that was chosen. `current` is the working directory.
    pub fn settings(&self, choice: &Choice, current: &Path) -> Result<Settings> {
        let mut settings = match &choice.lake {
            Some(uri) if is_hdfs(uri) => self.hdfs_by_uri(uri, &choice.environment)?,
            Some(uri) => self.lake_by_uri(lake_path(uri, current)?, &choice.environment)?,
            None => self.profile(self.chosen(choice)?, &choice.environment)?,
        };
        settings.read_only |= choice.read_only;
        settings.console.no_color |= choice.no_color;
        Ok(settings)
    }

    /// The name of the profile that is meant.
    fn chosen<'a>(&'a self, choice: &'a Choice) -> Result<&'a str> {
        let names = self.profiles();
        let set = self.values.get("profile").and_then(|setting| setting.value.text());
        match (choice.profile.as_deref().or(set), names.as_slice()) {
            (Some(name), names) if names.contains(&name) => Ok(name),
            (_, []) => Err(no_config()),
            (Some(name), names) => Err(no_such_profile(name, names)),
            (None, [only]) => Ok(only),
            (None, names) => Err(Error::new(Code::Usage, "there are several profiles and none was chosen")
                .why(names.join(", "))
                .next(format!("lakehand --profile {}    or set profile: in the configuration", names[0]))),
        }
    }

    /// A lake without a profile of its own; one that a profile names keeps that profile's marks, so that a path is no
    /// way round `production`.
    fn lake_by_uri(&self, lake: StorePath, environment: &Environment) -> Result<Settings> {
        let same = |name: &&str| {
            let named = self.text(&format!("profiles.{name}.lake")).filter(|_| !self.is_on_hdfs(name));
            named.and_then(|path| lake_path(&path, Path::new("/")).ok()).as_ref() == Some(&lake)
        };
        match self.profiles().into_iter().find(same) {
            Some(name) => self.profile(name, environment),
            None => self.common(Settings::local_lake(lake)),
        }
    }

    /// A lake on HDFS without a profile of its own, or the profile that names the same.
    fn hdfs_by_uri(&self, uri: &str, environment: &Environment) -> Result<Settings> {
        let same = |name: &&str| {
            let Ok((hadoop, named)) = self.hdfs_of(name, environment) else { return false };
            hadoop.locate(uri).is_ok_and(|given| given == named)
        };
        if let Some(name) = self.profiles().into_iter().filter(|name| self.is_on_hdfs(name)).find(same) {
            return self.profile(name, environment);
        }
        let hadoop = Hadoop::load(None, environment)?;
        let place = hadoop.locate(uri)?;
        self.on_hdfs(None, &hadoop, place)
    }

    fn is_on_hdfs(&self, name: &str) -> bool {
        let key = |part: &str| self.text(&format!("profiles.{name}.{part}"));
        key("store").as_deref() == Some("hdfs") || key("lake").is_some_and(|lake| is_hdfs(&lake))
    }

    /// The Hadoop configuration of a profile, and where its lake is.
    fn hdfs_of(&self, name: &str, environment: &Environment) -> Result<(Hadoop, HdfsPath)> {
        let key = |part: &str| format!("profiles.{name}.{part}");
        let directory = self.text(&key("hadoop_conf_dir"));
        let hadoop = Hadoop::load(directory.as_deref().map(Path::new), environment)
            .map_err(|error| error.context(format!("profile {name}")))?;
        let lake = self.text(&key("lake")).ok_or_else(|| {
            Error::new(Code::ConfigInvalid, format!("profile {name} has no lake"))
                .next(format!("set {}: hdfs://NAMESERVICE/path", key("lake")))
        })?;
        let place = hadoop.locate(&lake).map_err(|error| error.context(key("lake")))?;
        Ok((hadoop, place))
    }

    fn on_hdfs(&self, name: Option<&str>, hadoop: &Hadoop, place: HdfsPath) -> Result<Settings> {
        let key = |part: &str| name.and_then(|name| self.text(&format!("profiles.{name}.{part}")));
        let (principal, keytab) = (key("kerberos.principal"), key("kerberos.keytab"));
        if let (None, Some(keytab), Some(name)) = (&principal, &keytab, name) {
            return Err(Error::new(
                Code::ConfigInvalid,
                format!("profile {name} has a keytab and nobody to log in as"),
            )
            .why(format!("{keytab} may hold the keys of several principals"))
            .next(format!("set profiles.{name}.kerberos.principal: NAME@REALM")));
        }
        let settings = self.common(Settings::local_lake(place.path))?;
        let web = match name {
            Some(name) => self.web(name, hadoop, &place.url)?,
            None => None,
        };
        Ok(Settings {
            store: StoreKind::Hdfs,
            hdfs: Some(Hdfs {
                url: place.url,
                properties: hadoop.client_properties()?,
                principal,
                keytab: keytab.map(Into::into),
                call_timeout: settings.limits.call_timeout,
                calls_per_second: settings.limits.calls_per_second,
            }),
            web,
            ..settings
        })
    }

    /// Where WebHDFS may be asked, where it may.
    fn web(&self, name: &str, hadoop: &Hadoop, url: &str) -> Result<Option<WebHdfs>> {
        let key = |part: &str| format!("profiles.{name}.webhdfs.{part}");
        if !self.flag(&key("ask")) {
            return Ok(None);
        }
        let addresses = match self.get(&key("addresses")).map(|setting| setting.value) {
            Some(Value::List(given)) => {
                let read = given.iter().map(|address| WebAddress::parse(address)).collect::<Result<Vec<_>>>();
                read.map_err(|error| error.context(key("addresses")))?
            }
            _ => hadoop.web_addresses(url)?,
        };
        Ok(Some(WebHdfs { addresses, tls_ca: self.text(&key("tls_ca")) }))
    }

    fn profile(&self, name: &str, environment: &Environment) -> Result<Settings> {
        let key = |part: &str| format!("profiles.{name}.{part}");
        if self.is_on_hdfs(name) {
            let (hadoop, place) = self.hdfs_of(name, environment)?;
            let url = place.url.clone();
            let run_index = match self.text(&key("run_index")) {
                None => None,
                Some(text) => {
                    let index = hadoop.locate(&text).map_err(|error| error.context(key("run_index")));
                    let index = if is_hdfs(&text) {
                        index?
                    } else {
                        HdfsPath { url: url.clone(), path: StorePath::new(text)? }
                    };
                    if index.url != url {
                        return Err(Error::new(Code::ConfigInvalid, format!("{} cannot be used", key("run_index")))
                            .why(format!("it is on {}, the lake is on {url}", index.url)));
                    }
                    Some(index.path)
                }
            };
            let settings = self.on_hdfs(Some(name), &hadoop, place)?;
            return Ok(Settings { run_index, ..self.marked(name, settings, environment)? });
        }
        let lake = self.text(&key("lake")).ok_or_else(|| {
            Error::new(Code::ConfigInvalid, format!("profile {name} has no lake"))
                .next(format!("set {}: /path", key("lake")))
        })?;
        let mut settings = self.common(Settings::local_lake(lake_path(&lake, Path::new("/"))?))?;
        settings = self.marked(name, settings, environment)?;
        settings.run_index = self.text(&key("run_index")).map(StorePath::new).transpose()?;
        Ok(settings)
    }

    /// What hive-site.xml says for a profile whose tables are a metastore's. It speaks of the metastores that it names:
    /// a profile that names others takes nothing from it.
    pub fn hive_site(&self, name: &str, environment: &Environment) -> Result<Option<HiveSite>> {
        let key = |part: &str| format!("profiles.{name}.{part}");
        if self.text(&key("catalog.kind")).as_deref() != Some("hive") {
            return Ok(None);
        }
        let uris = self.uris(name)?;
        let given = self.text(&key("hadoop_conf_dir"));
        let site = HiveSite::load(given.as_deref().map(Path::new), environment);
        let site = match site {
            // Who says where the metastore is does not need the file.
            Err(_) if !uris.is_empty() => None,
            site => site.map_err(|error| error.context(format!("profile {name}")))?,
        };
        Ok(site.filter(|site| uris.is_empty() || uris.iter().any(|uri| site.uris.contains(uri))))
    }

    fn uris(&self, name: &str) -> Result<Vec<MetastoreUri>> {
        let key = format!("profiles.{name}.catalog.uris");
        let uris = match self.get(&key).map(|setting| setting.value) {
            Some(Value::List(uris)) => uris.iter().map(|uri| MetastoreUri::parse(uri)).collect::<Result<Vec<_>>>(),
            _ => Ok(Vec::new()),
        };
        uris.map_err(|error| error.context(key))
    }

    /// How a profile's metastore is spoken to.
    fn metastore(&self, name: &str, environment: &Environment) -> Result<Metastore> {
        let key = |part: &str| format!("profiles.{name}.{part}");
        let is_set = |part: &str| self.get(&key(part)).is_some_and(|setting| setting.origin != Origin::Default);
        let site = self.hive_site(name, environment)?;
        let mut uris = self.uris(name)?;
        let mut taken = false;
        if let Some(site) = site.as_ref().filter(|_| uris.is_empty()) {
            (uris, taken) = (site.uris.clone(), true);
        }
        if uris.is_empty() && self.text(&key("catalog.kind")).as_deref() == Some("hive") {
            let places = HiveSite::places(self.text(&key("hadoop_conf_dir")).as_deref().map(Path::new), environment);
            let places: Vec<String> = places.iter().map(|place| place.display().to_string()).collect();
            return Err(Error::new(Code::ConfigInvalid, format!("profile {name} has no metastore"))
                .why(format!("no hive-site.xml that names one is in {}", places.join(", ")))
                .next(format!("set {}: [thrift://host:9083]", key("catalog.uris"))));
        }
        let mut flag = |part: &str, said: fn(&HiveSite) -> bool| match &site {
            Some(site) if !is_set(part) && said(site) => {
                taken = true;
                true
            }
            _ => self.flag(&key(part)),
        };
        let framed = flag("catalog.framed", |site| site.framed);
        let tls = flag("catalog.tls", |site| site.tls);
        let mut principal = self.text(&key("catalog.principal"));
        if let Some(said) = site.as_ref().and_then(|site| site.principal.clone()).filter(|_| principal.is_none()) {
            (principal, taken) = (Some(said), true);
        }
        Ok(Metastore {
            uris,
            principal,
            framed,
            tls,
            tls_ca: self.text(&key("catalog.tls_ca")),
            update: self.flag(&key("metastore.update")),
            event: self.flag(&key("metastore.event")),
            site: site.filter(|_| taken).map(|site| site.file.display().to_string()),
        })
    }

    /// The marks of a profile.
    fn marked(&self, name: &str, settings: Settings, environment: &Environment) -> Result<Settings> {
        let key = |part: &str| format!("profiles.{name}.{part}");
        Ok(Settings {
            profile: name.to_owned(),
            catalog: match self.text(&key("catalog.kind")).as_deref() {
                Some("hive") => CatalogKind::Hive,
                _ => CatalogKind::Directory,
            },
            metastore: self.metastore(name, environment)?,
            kerberos: Kerberos {
                principal: self.text(&key("kerberos.principal")),
                keytab: self.text(&key("kerberos.keytab")),
            },
            production: self.flag(&key("production")),
            read_only: self.flag(&key("read_only")),
            ..settings
        })
    }

    /// The parts that no profile has of its own.
    pub fn common(&self, settings: Settings) -> Result<Settings> {
        let usual = Policy::default();
        let limits = Limits::default();
        Ok(Settings {
            policy: Policy {
                block_size: self.size("policy.block_size").unwrap_or(usual.block_size),
                ratio_threshold: self.count("policy.ratio_threshold").unwrap_or(usual.ratio_threshold),
                quiet_period: self.duration("policy.quiet_period").unwrap_or(usual.quiet_period),
                window_limit: self.duration("policy.window_limit").unwrap_or(usual.window_limit),
                verify: if self.text("policy.verify").as_deref() == Some("rows") {
                    Verify::Rows
                } else {
                    Verify::Values
                },
                row_group_size: self.size("policy.row_group_size").unwrap_or(usual.row_group_size),
            },
            limits: Limits {
                memory: self.size("limits.memory").unwrap_or(limits.memory),
                targets: self.number("limits.targets")?.unwrap_or(limits.targets),
                calls_per_second: self.number("limits.calls_per_second")?.unwrap_or(limits.calls_per_second),
                call_timeout: self.duration("limits.call_timeout").unwrap_or(limits.call_timeout),
            },
            console: ConsoleSettings {
                theme: self.text("console.theme").unwrap_or_else(|| "default".to_owned()),
                ascii: self.flag("console.ascii"),
                no_color: false,
                keys: match self.get("console.keys").map(|setting| setting.value) {
                    Some(Value::Map(keys)) => keys,
                    _ => Default::default(),
                },
            },
            ..settings
        })
    }

    fn text(&self, path: &str) -> Option<String> {
        self.get(path)?.value.text().map(str::to_owned)
    }

    fn flag(&self, path: &str) -> bool {
        matches!(self.get(path).map(|setting| setting.value), Some(Value::Flag(true)))
    }

    fn size(&self, path: &str) -> Option<Size> {
        match self.get(path)?.value {
            Value::Size(size) => Some(size),
            _ => None,
        }
    }

    fn count(&self, path: &str) -> Option<u64> {
        match self.get(path)?.value {
            Value::Count(count) => Some(count),
            _ => None,
        }
    }

    fn duration(&self, path: &str) -> Option<Duration> {
        match self.get(path)?.value {
            Value::Duration(duration) => Some(duration),
            _ => None,
        }
    }

    fn number<T: TryFrom<u64>>(&self, path: &str) -> Result<Option<T>> {
        let convert =
            |count| T::try_from(count).map_err(|_| Error::new(Code::ConfigInvalid, format!("{path} is too large")));
        self.count(path).map(convert).transpose()
    }
}

impl Value {
    /// The text of a text, a path or a choice.
    pub fn text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
}

fn no_config() -> Error {
    Error::new(Code::NoConfig, "no configuration found, so there is no lake to open")
        .why("looked at --config, $LAKEHAND_CONFIG, ~/.config/lakehand, /etc/lakehand")
        .next("lakehand demo    or    lakehand --lake /path    or    lakehand config generate --ask FILE")
}

fn no_such_profile(name: &str, names: &[&str]) -> Error {
    let error = Error::new(Code::ConfigInvalid, format!("there is no profile {name}"));
    match keys::nearest(name, names.iter().copied()) {
        Some(near) => error.next(format!("did you mean {near}?")),
        None => error.why(format!("there are {}", names.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Environment, Paths, Sources, load};
    use super::*;

    fn configured(text: &str) -> (tempfile::TempDir, Config) {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(home.path().join("lake")).unwrap();
        let file = home.path().join("c.yaml");
        std::fs::write(&file, text.replace("HOME", home.path().to_str().unwrap())).unwrap();
        let at = |name: &str| home.path().join(name);
        let paths = Paths { config: at("user"), state: at("s"), cache: at("c"), runtime: at("r") };
        let config = load(&Sources {
            system: &at("none"),
            paths: &paths,
            explicit: Some(&file),
            environment: &Environment::default(),
            flags: &[],
        });
        (home, config.unwrap())
    }

    #[test]
    fn one_profile_needs_no_name_and_a_path_is_no_way_round_production() {
        let (home, config) =
            configured("profiles:\n  prod: {lake: HOME/lake, production: true}\npolicy: {verify: rows}\n");
        let settings = config.settings(&Choice::default(), home.path()).unwrap();
        assert!(settings.production && settings.policy.verify == Verify::Rows && settings.profile == "prod");
        let by_path = Choice { lake: Some("lake".to_owned()), read_only: true, ..Choice::default() };
        let by_path = config.settings(&by_path, home.path()).unwrap();
        assert!(by_path.production && by_path.read_only);
    }

    #[test]
    fn what_cannot_be_opened_says_what_to_do() {
        let (home, config) = configured("profiles:\n  a: {lake: /x}\n  b: {store: hdfs, hadoop_conf_dir: HOME}\n");
        let code = |choice: Choice| config.settings(&choice, home.path()).unwrap_err().code();
        let named = |name: &str| Choice { profile: Some(name.to_owned()), ..Choice::default() };
        assert_eq!(code(Choice::default()), Code::Usage);
        assert_eq!(code(named("a")), Code::LakeNotFound);
        assert_eq!(code(named("b")), Code::ConfigInvalid);
        assert_eq!(code(named("c")), Code::ConfigInvalid);
        let (home, config) = configured("policy: {verify: rows}\n");
        assert_eq!(config.settings(&Choice::default(), home.path()).unwrap_err().code(), Code::NoConfig);
    }

    #[test]
    fn a_lake_on_hdfs_has_its_hadoop_configuration_and_a_uri_is_no_way_round_production() {
        let site = "<configuration><property><name>dfs.ha.namenodes.ns</name><value>a</value></property><property>\
            <name>dfs.namenode.rpc-address.ns.a</name><value>h:1</value></property></configuration>";
        let text =
            "profiles:\n  prod: {lake: hdfs://ns/lake, hadoop_conf_dir: HOME, production: true, run_index: /runs}\n";
        let (home, config) = configured(text);
        std::fs::write(home.path().join("hdfs-site.xml"), site).unwrap();
        let settings = config.settings(&Choice::default(), home.path()).unwrap();
        let hdfs = settings.hdfs.as_ref().unwrap();
        assert_eq!((hdfs.url.as_str(), settings.lake.as_ref().unwrap().as_str()), ("hdfs://ns", "/lake"));
        assert_eq!(hdfs.properties["dfs.ha.namenodes.ns"], "a");
        assert!(settings.store == StoreKind::Hdfs && settings.production);
        assert_eq!(settings.run_index.as_ref().unwrap().as_str(), "/runs");
        let by_uri =
            |uri: &str| config.settings(&Choice { lake: Some(uri.to_owned()), ..Choice::default() }, home.path());
        assert_eq!(by_uri("hdfs://ns/lake/").unwrap(), settings);
        assert!(!by_uri("hdfs://other:9000/lake").unwrap().production);
        for wrong in ["run_index: 'hdfs://g:1/runs'", "kerberos: {keytab: /k}"] {
            let (home, config) = configured(&format!("profiles:\n  p: {{lake: hdfs://h:1/lake, {wrong}}}\n"));
            let error = config.settings(&Choice::default(), home.path()).unwrap_err();
            assert_eq!(error.code(), Code::ConfigInvalid, "{wrong}: {error}");
        }
    }

    #[test]
    fn what_the_profile_does_not_say_of_its_metastore_hive_site_does() {
        let property =
            |name: &str, value: &str| format!("<property><name>{name}</name><value>{value}</value></property>");
        let site = [
            property("hive.metastore.uris", "thrift://h1:9083, thrift://h2:9083"),
            property("hive.metastore.sasl.enabled", "true"),
            property("hive.metastore.kerberos.principal", "hive/_HOST@R"),
            property("hive.metastore.use.SSL", "true"),
        ];
        let metastore = |keys: &str| {
            let text =
                format!("profiles:\n  p: {{lake: HOME/lake, hadoop_conf_dir: HOME, catalog: {{kind: hive{keys}}}}}\n");
            let (home, config) = configured(&text);
            let file = home.path().join("hive-site.xml");
            std::fs::write(&file, format!("<configuration>{}</configuration>", site.concat())).unwrap();
            let metastore = config.settings(&Choice::default(), home.path()).unwrap().metastore;
            (metastore.clone(), metastore.site == Some(file.display().to_string()))
        };
        let uris = |metastore: &Metastore| metastore.uris.iter().map(ToString::to_string).collect::<Vec<_>>();
        let (all, from_site) = metastore("");
        assert_eq!(uris(&all), ["h1:9083", "h2:9083"]);
        assert_eq!(
            (all.principal.as_deref(), all.tls, all.framed, from_site),
            (Some("hive/_HOST@R"), true, false, true)
        );
        let (some, from_site) = metastore(", uris: ['thrift://h2:9083'], tls: false, principal: 'x/y@R'");
        assert_eq!(
            (uris(&some), some.tls, some.principal.as_deref()),
            (vec!["h2:9083".to_owned()], false, Some("x/y@R"))
        );
        assert!(!from_site, "the profile says everything itself");
        let (other, from_site) = metastore(", uris: ['thrift://other:9083']");
        assert_eq!(
            (other.principal, other.tls, from_site),
            (None, false, false),
            "that one is not what the file speaks of"
        );
        let (home, config) =
            configured("profiles:\n  p: {lake: HOME/lake, hadoop_conf_dir: HOME/lake, catalog: {kind: hive}}\n");
        let error = config.settings(&Choice::default(), home.path()).unwrap_err();
        assert!(error.code() == Code::ConfigInvalid && error.to_string().contains("/etc/hive/conf"), "{error}");
    }

    #[test]
    fn the_table_has_the_same_defaults_as_the_settings() {
        let (home, config) = configured("profiles:\n  p: {lake: HOME/lake}\n");
        let mut settings = config.settings(&Choice::default(), home.path()).unwrap();
        settings.profile = "lake".to_owned();
        settings.console.theme = String::new();
        assert_eq!(settings, Settings::local_lake(settings.lake.clone().unwrap()));
    }
}
