//! Opening a lake: what is one, and what is part of another.

use std::os::unix::fs::symlink;
use std::sync::Arc;

use lakehand::catalog::Read as _;
use lakehand::config::Settings;
use lakehand::error::{Code, Exit, Result};
use lakehand::lake::{Reader, open_reader, open_writer};
use lakehand::model::StorePath;

use crate::catalog_tables::Lake;

async fn open(path: StorePath) -> Result<Reader> {
    open_reader(Arc::new(Settings::local_lake(path))).await
}

#[tokio::test]
async fn a_lake_opens_to_read_and_to_write() {
    let lake = Lake::with(&["d/t/f"]);
    let settings = Arc::new(Settings::local_lake(lake.root.clone()));
    let writer = open_writer(Arc::clone(&settings)).await.unwrap();
    assert_eq!((&writer.root, &writer.settings), (&lake.root, &settings));
    assert_eq!(writer.reader().catalog.databases().await.unwrap(), ["d"]);
    assert_eq!(open(lake.root.clone()).await.unwrap().catalog.databases().await.unwrap(), ["d"]);
    assert_eq!(lake.catalog.oddities().await.unwrap(), [], "opening leaves nothing");
    assert_eq!(std::fs::read_dir(lake.path("")).unwrap().count(), 1);
}

#[tokio::test]
async fn what_is_no_lake_says_so() {
    let lake = Lake::with(&["file"]);
    for (path, code) in [(lake.root.join("missing"), Code::LakeNotFound), (lake.root.join("file"), Code::LakeNotFound)]
    {
        let error = open(path.clone()).await.unwrap_err();
        assert_eq!((error.code(), error.exit()), (code, Exit::Usage));
        assert!(error.to_string().contains(path.as_str()), "{error}");
    }
    let none = Settings { lake: None, ..Settings::local_lake(lake.root.clone()) };
    assert_eq!(open_reader(Arc::new(none)).await.unwrap_err().code(), Code::NoConfig);
}

#[tokio::test]
async fn a_root_is_its_real_path() {
    let lake = Lake::with(&["real/d/t/f"]);
    symlink("real", lake.path("way")).unwrap();
    assert_eq!(open(lake.root.join("way")).await.unwrap().root, lake.root.join("real"));
}

#[tokio::test]
async fn a_part_of_another_lake_is_refused_with_the_one_to_open() {
    let lake = Lake::with(&[".lakehand/", "d/t/dt=1/f"]);
    for inner in ["d", "d/t", "d/t/dt=1"] {
        for error in [
            open(lake.root.join_all(inner)).await.unwrap_err(),
            open_writer(Arc::new(Settings::local_lake(lake.root.join_all(inner)))).await.unwrap_err(),
        ] {
            assert_eq!((error.code(), error.exit()), (Code::NestedLake, Exit::Usage));
            assert_eq!(error.next_step(), Some(format!("--lake {}", lake.root).as_str()));
        }
    }
    open(lake.root.clone()).await.unwrap();
    // What only has the name is no lake.
    let other = Lake::with(&[".lakehand", "d/t/f"]);
    open(other.root.join("d")).await.unwrap();
}

#[tokio::test]
async fn another_owner_s_records_are_another_s() {
    if !rustix::process::geteuid().is_root() {
        println!("not tested: only root can make a directory another's");
        return;
    }
    let lake = Lake::with(&[".lakehand/", "d/t/f"]);
    std::os::unix::fs::chown(lake.path("d"), Some(4_321), None).unwrap();
    open(lake.root.join("d")).await.unwrap();
}
