use std::path::PathBuf;

use super::*;

struct Site {
    home: tempfile::TempDir,
}

impl Site {
    fn new(core: &str, hdfs: &str) -> Site {
        let site = Site { home: tempfile::tempdir().unwrap() };
        site.write("core-site.xml", core);
        site.write("hdfs-site.xml", hdfs);
        site
    }

    fn write(&self, name: &str, properties: &str) -> PathBuf {
        let path = self.home.path().join(name);
        let head = "<?xml version=\"1.0\"?>\n<?xml-stylesheet type=\"text/xsl\" href=\"configuration.xsl\"?>\n";
        std::fs::write(&path, format!("{head}<configuration>{properties}</configuration>\n")).unwrap();
        path
    }

    fn load(&self) -> Result<Hadoop> {
        let environment = Environment([("NS".to_owned(), "prod".to_owned())].into_iter().collect());
        Hadoop::load(Some(self.home.path()), &environment)
    }
}

fn property(name: &str, value: &str) -> String {
    format!("<property>\n  <name>{name}</name>\n  <value>{value}</value>\n</property>")
}

fn ha() -> String {
    [
        property("dfs.nameservices", "prod, other"),
        property("dfs.ha.namenodes.prod", "nn1 , nn2"),
        property("dfs.namenode.rpc-address.prod.nn1", "one:8020"),
        property("dfs.namenode.rpc-address.prod.nn2", "two:8020"),
        property("dfs.namenode.rpc-address.other", "three:9000"),
    ]
    .concat()
}

#[test]
fn later_files_win_except_over_final_values_and_values_are_expanded() {
    let core = format!(
        "{}<property><name>a.final</name><value>core</value><final>true</final></property>{}",
        property("fs.default.name", "hdfs://${env.NS}"),
        property("dfs.x", "<!-- old --> ${dfs.deep}/${env.NO:-none}/${not.known} ")
    );
    let hdfs = format!(
        "{}{}{}",
        property("a.final", "hdfs"),
        property("dfs.deep", "${dfs.${env.NS}}"),
        property("dfs.prod", "end")
    );
    let hadoop = Site::new(&core, &hdfs).load().unwrap();
    assert_eq!(hadoop.get("a.final").unwrap().as_deref(), Some("core"));
    assert_eq!(hadoop.get("fs.defaultFS").unwrap().as_deref(), Some("hdfs://prod"));
    assert_eq!(hadoop.get("dfs.x").unwrap().as_deref(), Some("end/none/${not.known}"));
    assert_eq!(hadoop.get("nothing").unwrap(), None);
}

#[test]
fn a_value_that_leads_to_itself_is_an_error() {
    let hadoop = Site::new(&property("dfs.a", "${dfs.b}"), &property("dfs.b", "${dfs.a}")).load().unwrap();
    assert_eq!(hadoop.get("dfs.a").unwrap_err().code(), Code::ConfigInvalid);
}

#[test]
fn files_include_others_and_may_say_what_stands_for_a_missing_one() {
    let include = |href: &str, inside: &str| {
        format!("<xi:include xmlns:xi=\"http://www.w3.org/2001/XInclude\" href=\"{href}\">{inside}</xi:include>")
    };
    let fallback = format!("<xi:fallback>{}</xi:fallback>", property("dfs.c", "fallback"));
    let site = Site::new(&include("more.xml", ""), &include("none.xml", &fallback));
    site.write("more.xml", &property("dfs.d", "<![CDATA[included]]>"));
    let hadoop = site.load().unwrap();
    assert_eq!(hadoop.get("dfs.c").unwrap().as_deref(), Some("fallback"));
    assert_eq!(hadoop.get("dfs.d").unwrap().as_deref(), Some("included"));
    assert_eq!(hadoop.files.len(), 3);
    site.write("more.xml", &include("core-site.xml", ""));
    assert!(site.load().unwrap_err().reason().unwrap().contains("circle"));
    site.write("more.xml", &include("none.xml", ""));
    assert!(site.load().unwrap_err().reason().unwrap().contains("not there"));
}

#[test]
fn a_named_directory_has_to_hold_a_configuration() {
    let empty = tempfile::tempdir().unwrap();
    let none = Environment::default();
    let error = Hadoop::load(Some(empty.path()), &none).unwrap_err();
    assert!(error.reason().unwrap().contains("hadoop_conf_dir"), "{error}");
    let variable = [("HADOOP_CONF_DIR".to_owned(), empty.path().to_str().unwrap().to_owned())];
    let error = Hadoop::load(None, &Environment(variable.into_iter().collect())).unwrap_err();
    assert!(error.reason().unwrap().contains("$HADOOP_CONF_DIR"), "{error}");
}

#[test]
fn the_client_gets_its_keys_trimmed_and_no_secret_of_another_store() {
    let core = format!(
        "{}{}{}",
        property("fs.s3a.secret.key", "x"),
        property("dfs.web.ssl.password", "x"),
        property("hadoop.security.authentication", "kerberos")
    );
    let keys = Site::new(&core, &ha()).load().unwrap().client_properties().unwrap();
    assert_eq!(keys["dfs.ha.namenodes.prod"], "nn1,nn2");
    assert_eq!(keys["hadoop.security.authentication"], "kerberos");
    assert!(keys.keys().all(|key| !key.contains("secret") && !key.contains("password")), "{keys:?}");
}

#[test]
fn a_uri_leads_to_a_nameservice_a_namenode_or_the_default() {
    let hadoop = Site::new(&property("fs.defaultFS", "hdfs://prod/ignored"), &ha()).load().unwrap();
    let cases = [
        ("hdfs://prod/lake", "hdfs://prod", "/lake"),
        ("hdfs:///lake/", "hdfs://prod", "/lake"),
        ("/lake", "hdfs://prod", "/lake"),
        ("hdfs://other/lake", "hdfs://three:9000", "/lake"),
        ("hdfs://host/lake", "hdfs://host:8020", "/lake"),
        ("hdfs://host:9000", "hdfs://host:9000", "/"),
    ];
    for (uri, url, path) in cases {
        let found = hadoop.locate(uri).unwrap();
        assert_eq!((found.url.as_str(), found.path.as_str()), (url, path), "{uri}");
    }
    for uri in ["s3://bucket/lake", "lake", "hdfs://host:port/lake", "hdfs://me@host/lake", "hdfs://prod/a/../b"] {
        assert!(hadoop.locate(uri).is_err(), "{uri}");
    }
    let nowhere = Hadoop::default().locate("/lake").unwrap_err();
    assert!(nowhere.reason().unwrap().contains("fs.defaultFS"), "{nowhere}");
    let broken = Site::new("", &property("dfs.ha.namenodes.prod", "nn1")).load().unwrap();
    assert!(broken.locate("hdfs://prod/x").unwrap_err().reason().unwrap().contains("rpc-address.prod.nn1"));
}

#[test]
fn a_mounted_path_is_resolved_by_its_longest_link() {
    let mounts = [
        property("fs.defaultFS", "viewfs://cluster"),
        property("fs.viewfs.mounttable.cluster.link./data", "hdfs://prod/warehouse"),
        property("fs.viewfs.mounttable.cluster.link./data/old", "hdfs://other/archive"),
        property("fs.viewfs.mounttable.cluster.linkFallback", "hdfs://prod/rest"),
        property("fs.viewfs.mounttable.cluster.link./s3", "s3a://bucket/x"),
    ];
    let hadoop = Site::new(&mounts.concat(), &ha()).load().unwrap();
    let at = |uri: &str| hadoop.locate(uri).map(|found| format!("{}{}", found.url, found.path));
    assert_eq!(at("viewfs://cluster/data/new").unwrap(), "hdfs://prod/warehouse/new");
    assert_eq!(at("/data/old/x").unwrap(), "hdfs://three:9000/archive/x");
    assert!(at("viewfs:///user").is_err(), "the default table has another name");
    assert_eq!(at("/user/me").unwrap(), "hdfs://prod/rest/user/me");
    assert!(at("/data").unwrap_err().reason().unwrap().contains("/data/old"));
    assert!(at("/s3/x").unwrap_err().reason().unwrap().contains("no HDFS"));
}
