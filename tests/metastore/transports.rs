//! Framed and TLS, on every generation.

use std::process::Command;

use lakehand::catalog::Read;
use lakehand::config::{Metastore as Configured, MetastoreUri};
use lakehand::error::Code;
use lakehand::model::StorePath;

use crate::cluster::{Metastore, Server};
use crate::lake::{GENERATIONS, catalog, configured};

fn root() -> StorePath {
    StorePath::new("/lake").unwrap()
}

#[tokio::test]
async fn framed_is_spoken_and_a_wrong_guess_is_said() {
    for generation in GENERATIONS {
        let server = Server::of(generation).set("hive.metastore.thrift.framed.transport.enabled", "true");
        let metastore = Metastore::start(&server);
        let framed = Configured { framed: true, ..configured(&metastore) };
        assert_eq!(catalog(framed, &root()).databases().await.unwrap(), ["default"]);
        let error = catalog(configured(&metastore), &root()).databases().await.unwrap_err();
        assert_eq!(error.code(), Code::MetastoreUnreachable, "{error}");
        assert!(error.next_step().unwrap().contains("catalog.framed"), "{error}");
    }
}

#[tokio::test]
async fn tls_is_spoken_with_the_certificates_that_are_trusted() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let keytool = |arguments: &[&str]| {
        let output = Command::new("keytool").args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    };
    let (store, certificate) = (at("keys.jks"), at("ca.pem"));
    keytool(&[
        "-genkeypair",
        "-alias",
        "hms",
        "-keyalg",
        "RSA",
        "-keysize",
        "2048",
        "-dname",
        "CN=localhost",
        "-ext",
        "san=dns:localhost",
        "-validity",
        "30",
        "-storetype",
        "JKS",
        "-keystore",
        &store,
        "-storepass",
        "secret",
        "-keypass",
        "secret",
    ]);
    keytool(&[
        "-exportcert",
        "-rfc",
        "-alias",
        "hms",
        "-keystore",
        &store,
        "-storepass",
        "secret",
        "-file",
        &certificate,
    ]);
    for generation in GENERATIONS {
        let server = Server::of(generation)
            .set("hive.metastore.use.SSL", "true")
            .set("hive.metastore.keystore.path", &store)
            .set("hive.metastore.keystore.password", "secret");
        let metastore = Metastore::start(&server);
        let uri = |host: &str| vec![MetastoreUri::parse(&format!("thrift://{host}:{}", metastore.port())).unwrap()];
        let trusted = Configured { tls: true, tls_ca: Some(certificate.clone()), ..Configured::default() };
        let by_name = Configured { uris: uri("localhost"), ..trusted.clone() };
        assert_eq!(catalog(by_name, &root()).databases().await.unwrap(), ["default"], "{generation:?}");
        let fails = async |configured: Configured, word: &str| {
            let error = catalog(configured, &root()).databases().await.unwrap_err();
            assert!(error.to_string().contains(word), "{error}");
            assert!(error.next_step().unwrap().contains("catalog.tls"), "{error}");
        };
        // Another name than the certificate's, another authority, no TLS at all.
        fails(Configured { uris: uri("127.0.0.1"), ..trusted.clone() }, "ertificate").await;
        fails(Configured { uris: uri("localhost"), tls: true, ..Configured::default() }, "ertificate").await;
        fails(Configured { uris: uri("localhost"), ..Configured::default() }, "metastore").await;
    }
}
