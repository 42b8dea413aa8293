//! The console while HDFS is frozen: it opens at once on what is known, says who is lost, and comes back by itself.

use std::process::Stdio;

use lakehand::model::StorePath;
use lakehand::store::HdfsStore;

use crate::bench::{User, settings, upload};
use crate::cluster::{Hdfs, Kind, Settings};
use crate::journeys::make;
use crate::terminal::Terminal;

#[tokio::test]
async fn a_console_opened_on_a_frozen_hdfs_lives_on_its_cache_and_comes_back() {
    let hdfs = Hdfs::start(&Settings::of(Kind::Plain));
    let user = User::of(&hdfs);
    let path = hdfs.fresh("lake");
    let local = tempfile::tempdir().unwrap();
    make(&local.path().join("lake"), 120);
    let store = HdfsStore::connect(&settings(&hdfs)).await.unwrap();
    upload(&store, &local.path().join("lake"), &StorePath::new(path.clone()).unwrap()).await;
    let lake = format!("{}{path}", hdfs.uri());
    user.run(&["analyze", "--lake", &lake]).exits(0);

    hdfs.say("freeze");
    let mut command = user.command(&["--lake", &lake]);
    command.stdin(Stdio::inherit()).env("TERM", "xterm-256color").env("LANG", "C.UTF-8");
    let mut console = Terminal::start(command);
    console.wait_for("worst first");
    let first = console.text();
    assert!(first.contains("BAD"), "the first frame has what is known:\n{first}");
    console.wait_for("nn LOST");
    let frozen = console.text();
    assert!(frozen.contains("[CACHE]") && frozen.contains("changes are off"), "{frozen}");
    // What is known can be walked: into a table and its partitions.
    console.send("\r");
    console.wait_for("partitions");
    assert!(console.text().contains("BAD") || console.text().contains("part"), "{}", console.text());
    console.send("h");
    console.wait_for("worst first");

    hdfs.say("thaw");
    console.wait("the NameNode is back", |console| {
        let text = console.text();
        !text.contains("[CACHE]") && !text.contains("LOST") && text.contains("now")
    });
    console.send("q");
    assert_eq!(console.exit_code(), 0);
}

#[test]
fn the_time_that_a_ticket_has_left_stands_in_row_1() {
    let hdfs = crate::cluster::hdfs(Kind::Kerberos);
    let user = User::of(hdfs);
    let lake = format!("{}{}", hdfs.uri(), hdfs.fresh("lake"));
    let mut command = user.command(&["--lake", &lake]);
    command.stdin(Stdio::inherit()).env("TERM", "xterm-256color").env("LANG", "C.UTF-8");
    let mut console = Terminal::start(command);
    console.wait("the ticket and the NameNode", |console| {
        let text = console.text();
        let row = text.lines().next().unwrap_or_default();
        row.contains("krb ") && !row.contains("krb none") && row.contains("ms")
    });
    console.send("q");
    assert_eq!(console.exit_code(), 0);
}
