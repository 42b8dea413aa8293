//! Trees that nobody should have made: refused where they are, never followed, never skipped, never a panic.

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;

use lakehand::catalog::Read;
use lakehand::error::Code;
use lakehand::model::Partition;

use crate::catalog_tables::{Lake, texts};

fn refused<'a>(partitions: &'a [Partition], id: &str) -> Vec<&'a str> {
    let found = partitions.iter().find(|partition| partition.id.partition.as_deref() == Some(id));
    texts(&found.unwrap_or_else(|| panic!("{id} is not there: {partitions:?}")).refusals)
}

#[tokio::test]
async fn different_depths() {
    let lake = Lake::with(&["d/t/dt=1/h=1/f", "d/t/dt=2/h=1/x=1/f", "d/t/dt=3/f", "d/t/dt=4/h=1/f", "d/t/dt=9/h=9/f"]);
    assert_eq!(lake.table("d.t").await.partition_keys.len(), 2);
    let found = lake.partitions("d.t", None).await;
    assert!(refused(&found, "dt=1/h=1").is_empty());
    assert_eq!(refused(&found, "dt=3"), ["it has no partitions by h, as others of the table have"]);
    // The one that is deeper is found when it is looked at.
    let deeper = lake.target("d.t", Some("dt=2/h=1")).await.unwrap();
    assert_eq!(texts(&deeper.refusals), ["1 partition inside it (x=1)"]);
}

#[tokio::test]
async fn different_keys_at_one_level() {
    let lake = Lake::with(&["d/t/dt=1/f", "d/t/dt=2/f", "d/t/date=3/f", "d/t/DT=4/f"]);
    let found = lake.partitions("d.t", None).await;
    assert_eq!(found.len(), 4);
    assert!(refused(&found, "dt=1").is_empty());
    assert_eq!(refused(&found, "date=3"), ["its key is date where the table has dt"]);
    assert_eq!(refused(&found, "DT=4"), ["its key is DT where the table has dt"]);
}

#[tokio::test]
async fn the_same_key_twice() {
    let lake = Lake::with(&["d/t/dt=1/dt=2/f"]);
    assert_eq!(texts(&lake.table("d.t").await.refusals), ["two of its partition keys are called dt"]);
}

#[tokio::test]
async fn files_beside_partitions_refuse_the_table() {
    let lake = Lake::with(&["d/t/dt=1/f", "d/t/part-0.parquet", "d/t/part-1.parquet"]);
    let refusals = lake.table("d.t").await.refusals;
    assert_eq!(refusals.len(), 1);
    assert!(refusals[0].text.starts_with("2 files beside the partitions (part-"), "{refusals:?}");
    assert_eq!(refusals[0].code, Code::UnsupportedEntry);
}

#[tokio::test]
async fn files_beside_deeper_partitions_refuse_all_beside_them() {
    let lake = Lake::with(&["d/t/dt=1/h=1/f", "d/t/dt=1/stray", "d/t/dt=2/h=1/f"]);
    assert!(lake.table("d.t").await.refusals.is_empty());
    let found = lake.partitions("d.t", None).await;
    assert_eq!(refused(&found, "dt=1"), ["1 file beside the partitions (stray)"]);
    assert_eq!(refused(&found, "dt=1/h=1"), ["1 file beside the partitions (stray) in dt=1"]);
    assert!(refused(&found, "dt=2/h=1").is_empty());
}

#[tokio::test]
async fn links_and_special_files() {
    let lake = Lake::with(&["d/t/dt=1/f", "d/t/dt=2/f", "elsewhere/x/f"]);
    symlink("../../elsewhere/x", lake.path("d/t/dt=3")).unwrap();
    symlink("f", lake.path("d/t/dt=2/link")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(lake.path("d/t/dt=4")).unwrap();
    assert!(lake.table("d.t").await.refusals.is_empty());
    let found = lake.partitions("d.t", None).await;
    assert_eq!(found.len(), 4);
    assert_eq!(refused(&found, "dt=3"), ["dt=3 is a symbolic link, which is never followed"]);
    assert_eq!(refused(&found, "dt=4"), ["dt=4 is a socket, pipe or device"]);
    for (id, says) in [("dt=3", "symbolic link"), ("dt=4", "socket"), ("dt=2", "1 symbolic link (link)")] {
        let target = lake.target("d.t", Some(id)).await.unwrap();
        assert!(texts(&target.refusals)[0].contains(says), "{id}: {target:?}");
    }
    assert!(lake.target("d.t", Some("dt=3/f=1")).await.unwrap().refusals[0].text.contains("symbolic link"));

    symlink("dt=1", lake.path("d/t/latest")).unwrap();
    assert_eq!(texts(&lake.table("d.t").await.refusals), ["1 symbolic link (latest)"]);
}

#[tokio::test]
async fn plain_directories() {
    let lake = Lake::with(&[
        "d/flat/f",
        "d/flat/sub/f",
        "d/t/dt=1/f",
        "d/t/dt=1/HIVE_UNION_SUBDIR_1/f",
        "d/top/dt=1/f",
        "d/top/other/f",
    ]);
    assert_eq!(texts(&lake.target("d.flat", None).await.unwrap().refusals), ["1 sub-directory (sub)"]);
    lake.add("d/flat/empty/");
    lake.add("d/flat/k=1/_hidden");
    assert_eq!(texts(&lake.target("d.flat", None).await.unwrap().refusals), ["1 sub-directory (sub)"]);
    let target = lake.target("d.t", Some("dt=1")).await.unwrap();
    assert_eq!(texts(&target.refusals), ["1 sub-directory (HIVE_UNION_SUBDIR_1)"]);
    lake.add("d/top/empty/");
    lake.add("d/deep/a=1/b=1/f");
    lake.add("d/deep/a=1/empty/");
    assert_eq!(texts(&lake.table("d.top").await.refusals), ["1 sub-directory (other)"]);
    assert!(lake.partitions("d.deep", None).await.iter().all(|partition| partition.refusals.is_empty()));
    for number in 0..70 {
        lake.add(&format!("d/t/dt=1/empty-{number}/"));
    }
    let target = lake.target("d.t", Some("dt=1")).await.unwrap();
    assert!(target.refusals[0].text.starts_with("71 sub-directories ("), "{target:?}");
}

#[tokio::test]
async fn names_that_are_not_text() {
    let lake = Lake::with(&["d/t/dt=1/f", "d/t/dt=2/h=1/f"]);
    let odd = |bytes: &'static [u8]| std::ffi::OsStr::from_bytes(bytes);
    std::fs::write(lake.path("d/t/dt=1").join(odd(b"part-\xff")), b"x").unwrap();
    let target = lake.target("d.t", Some("dt=1")).await.unwrap();
    assert_eq!(texts(&target.refusals), ["1 name that is not UTF-8 (part-\u{FFFD})"]);
    std::fs::create_dir(lake.path("d/t").join(odd(b"dt=\xfe"))).unwrap();
    assert_eq!(texts(&lake.table("d.t").await.refusals), ["1 name that is not UTF-8 (dt=\u{FFFD})"]);
}

#[tokio::test]
async fn names_that_act_on_a_terminal_are_harmless_in_texts() {
    let lake = Lake::with(&["d/t/dt=1/f", "d/t/dt=1/\u{1b}]0;owned\u{7}/f", "d/\u{202e}evil/f", "d/new\nline/a=\n/f"]);
    let target = lake.target("d.t", Some("dt=1")).await.unwrap();
    assert!(!target.refusals[0].text.contains(char::is_control), "{target:?}");
    assert_eq!(lake.catalog.tables("d").await.unwrap().len(), 3);
    let found = lake.partitions("d.new\nline", None).await;
    assert_eq!(found[0].id.partition.as_deref(), Some("a=\n"));
}

#[tokio::test]
async fn marks_of_other_formats_and_lakes_below_a_table() {
    let lake = Lake::with(&[
        "d/t/dt=1/h=1/f",
        "d/t/dt=1/.lakehand/x",
        "d/t/dt=2/h=1/f",
        "d/t/dt=2/h=1/_delta_log/0",
        "d/t/dt=9/h=1/f",
    ]);
    let found = lake.partitions("d.t", None).await;
    assert!(refused(&found, "dt=1/h=1")[0].contains("a lake of its own"));
    assert!(refused(&found, "dt=9/h=1").is_empty());
    let target = lake.target("d.t", Some("dt=1/h=1")).await.unwrap();
    assert_eq!(target.refusals[0].code, Code::NestedLake);
    let target = lake.target("d.t", Some("dt=2/h=1")).await.unwrap();
    assert!(texts(&target.refusals)[0].contains("Delta"));
}

#[tokio::test]
async fn very_deep_and_very_wide_trees_end() {
    let deep: String = (0..90).map(|level| format!("/k{level}=1")).collect();
    let lake = Lake::with(&[&format!("d/t{deep}/f")]);
    let keys = lake.table("d.t").await.partition_keys.len();
    assert!(keys <= 65, "{keys}");
    assert_eq!(lake.partitions("d.t", None).await.len(), 1);
    let wide: Vec<String> = (0..40).map(|key| format!("d/w/key{key}=1/f")).collect();
    let lake = Lake::with(&wide.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(lake.partitions("d.w", None).await.len(), 40);
    assert!(!lake.table("d.w").await.refusals.is_empty(), "more keys than a person could mean");
}

#[tokio::test]
async fn a_tree_that_changes_while_it_is_walked_is_no_error() {
    let paths: Vec<String> = (0..60).map(|dt| format!("d/t/dt={dt}/h=1/f")).collect();
    let lake = Lake::with(&paths.iter().map(String::as_str).collect::<Vec<_>>());
    let root = lake.path("d/t");
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let changing = {
        let stop = std::sync::Arc::clone(&stop);
        std::thread::spawn(move || {
            let mut round = 0;
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                let partition = root.join(format!("dt={}", 1 + round % 58));
                std::fs::remove_dir_all(&partition).unwrap();
                std::fs::create_dir_all(partition.join("h=1")).unwrap();
                std::fs::write(partition.join("h=1/f"), b"x").unwrap();
                round += 1;
            }
        })
    };
    for _ in 0..200 {
        let found = lake.partitions("d.t", None).await;
        assert!(found.iter().all(|partition| partition.refusals.is_empty()), "{found:?}");
        lake.target("d.t", Some("dt=7/h=1")).await;
    }
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    changing.join().unwrap();
}
