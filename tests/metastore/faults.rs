//! Metastores that are slow, hang up, or answer nonsense.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use lakehand::catalog::thrift::{Struct, Value, call};
use lakehand::catalog::{Caller, HiveCatalog, Read, Write};
use lakehand::config::{Metastore, MetastoreUri};
use lakehand::error::Code;
use lakehand::model::StorePath;

use crate::lake::id;

/// A server that does with each connection what it is told, and counts them.
fn server(act: impl Fn(usize, TcpStream) + Send + Sync + 'static) -> (MetastoreUri, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let uri = MetastoreUri::parse(&listener.local_addr().unwrap().to_string()).unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let (seen, act) = (Arc::clone(&count), Arc::new(act));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (number, act) = (seen.fetch_add(1, Ordering::Relaxed), Arc::clone(&act));
            std::thread::spawn(move || act(number, stream));
        }
    });
    (uri, count)
}

fn asking(uris: Vec<MetastoreUri>) -> HiveCatalog {
    // No user: nobody is introduced, the first call is the one that is made.
    let root = StorePath::new("/lake").unwrap();
    HiveCatalog::new(Metastore { uris, update: true, ..Metastore::default() }, "file:///lake", root, Caller::default())
}

/// Reads one call and answers it with a result.
fn answer(stream: &mut TcpStream, result: impl Fn(&str) -> Option<Struct>) -> Option<()> {
    let mut call_bytes = vec![0; 65_536];
    let count = stream.read(&mut call_bytes).ok().filter(|count| *count > 0)?;
    let length = u32::from_be_bytes(call_bytes[4..8].try_into().unwrap()) as usize;
    let method = String::from_utf8(call_bytes[8..8 + length].to_vec()).unwrap();
    let sequence = i32::from_be_bytes(call_bytes[8 + length..12 + length].try_into().unwrap());
    let _ = count;
    let mut reply = call(&method, sequence, &result(&method)?);
    reply[3] = 2;
    stream.write_all(&reply).ok()
}

#[tokio::test]
async fn what_is_no_metastore_is_said_and_asked_no_further() {
    for (nonsense, word) in [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), "not Thrift"),
        (vec![0x80, 1, 0, 2, 0x7f, 0xff, 0xff, 0xff], "closed the connection"),
        (vec![0x80, 1, 0, 2, 0xff, 0xff, 0xff, 0xff], "a size of -1"),
        (Vec::new(), "closed the connection"),
    ] {
        let (uri, count) = server(move |_, mut stream| {
            let mut call = [0; 1024];
            let _ = stream.read(&mut call);
            let _ = stream.write_all(&nonsense);
        });
        let error = asking(vec![uri]).databases().await.unwrap_err();
        assert!(error.to_string().contains(word), "{error}");
        assert!(count.load(Ordering::Relaxed) <= 2);
    }
}

#[tokio::test]
async fn a_reply_without_an_end_is_an_error_long_before_the_memory_is_full() {
    let (uri, _) = server(|_, mut stream| {
        let mut call = [0; 1024];
        let _ = stream.read(&mut call);
        // A list of two thousand million structs, each of which never ends.
        let _ = stream.write_all(&[0x80, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1, 15, 0, 0, 12, 0x7f, 0xff, 0xff, 0xff]);
        let nested = [12, 0, 1].repeat(10_000);
        while stream.write_all(&nested).is_ok() {}
    });
    let error = asking(vec![uri]).databases().await.unwrap_err();
    assert!(error.to_string().contains("nested too deeply"), "{error}");
}

#[tokio::test]
async fn the_next_metastore_is_asked_when_one_hangs_up() {
    let (dead, dead_count) = server(|_, stream| drop(stream));
    let (alive, alive_count) =
        server(
            |_, mut stream| {
                while answer(&mut stream, |_| Some(Struct::new().with(0, Value::texts(["sales"])))).is_some() {}
            },
        );
    let catalog = asking(vec![dead, alive]);
    for _ in 0..3 {
        assert_eq!(catalog.databases().await.unwrap(), ["sales"]);
    }
    assert!(dead_count.load(Ordering::Relaxed) <= 2);
    assert_eq!(alive_count.load(Ordering::Relaxed), 1, "the connection is kept");
}

#[tokio::test]
async fn an_alter_without_an_answer_is_unknown_and_never_repeated() {
    let altered = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&altered);
    let (uri, _) = server(move |_, mut stream| {
        while answer(&mut stream, |method| {
            if method.starts_with("alter") {
                seen.fetch_add(1, Ordering::Relaxed);
                return None;
            }
            let table = Struct::new().with(1, Value::text("t")).with(9, Value::text_map([("a", "b")]));
            Some(Struct::new().with(0, Value::Struct(Struct::new().with(1, Value::Struct(table)))))
        })
        .is_some()
        {}
    });
    let error = asking(vec![uri.clone(), uri]).note_exchange(&id("d.t", None), 1, 2).await.unwrap_err();
    assert!(error.is_unknown_outcome(), "{error}");
    assert!(error.lake_note().unwrap().contains("unknown"), "{:?}", error.lake_note());
    assert_eq!(altered.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn no_answer_has_a_limit() {
    let (uri, _) = server(|_, _stream| std::thread::sleep(Duration::from_secs(20)));
    let (root, metastore) = (StorePath::new("/lake").unwrap(), Metastore { uris: vec![uri], ..Metastore::default() });
    let limit = Duration::from_millis(300);
    let silent = HiveCatalog::with_limit(
        metastore,
        "file:///lake",
        root,
        Caller { user: "alice".to_owned(), ..Caller::default() },
        limit,
    );
    let begun = Instant::now();
    let error = silent.databases().await.unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(3));
    assert_eq!(error.code(), Code::MetastoreUnreachable);
    assert!(error.to_string().contains("does not answer"), "{error}");
}
