//! The demo lake is what it says.

use std::collections::BTreeMap;
use std::path::PathBuf;

use parquet::file::reader::{FileReader, SerializedFileReader};

use super::*;

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_255_200, 0).unwrap()
}

fn options(files: u64) -> DemoOptions {
    DemoOptions { files, seed: 42, now: now() }
}

/// Every file below a directory, by its path in it.
fn walk(directory: &Path) -> BTreeMap<PathBuf, PathBuf> {
    let mut found = BTreeMap::new();
    let mut directories = vec![directory.to_path_buf()];
    while let Some(next) = directories.pop() {
        for entry in fs::read_dir(next).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() {
                directories.push(entry.path());
            } else {
                found.insert(entry.path().strip_prefix(directory).unwrap().to_path_buf(), entry.path());
            }
        }
    }
    found
}

fn is_data(path: &Path) -> bool {
    !path.file_name().unwrap().to_str().unwrap().starts_with(['.', '_'])
}

#[test]
fn files_and_rows_are_those_of_the_report() {
    let home = tempfile::tempdir().unwrap();
    let report = create(&home.path().join("lake"), &options(400)).unwrap();
    assert_eq!(report.files(), 400);
    let databases: std::collections::BTreeSet<&str> =
        report.tables.iter().map(|table| table.name.database.as_str()).collect();
    assert_eq!((databases.len(), report.tables.len()), (3, 10));
    let mut unfinished = 0;
    for table in &report.tables {
        let (mut files, mut rows) = (0, 0);
        for (_, path) in walk(Path::new(table.location.as_str())).iter().filter(|(path, _)| is_data(path)) {
            files += 1;
            match SerializedFileReader::new(File::open(path).unwrap()) {
                Ok(reader) => rows += reader.metadata().file_metadata().num_rows() as u64,
                Err(_) => unfinished += 1,
            }
        }
        assert_eq!((files, Rows(rows)), (table.files, table.rows), "{}", table.name);
    }
    assert_eq!(unfinished, 1);
    assert_eq!(read_report(&home.path().join("lake")), Some(report));
    assert_eq!(read_report(home.path()), None);
}

#[test]
fn all_files_but_the_hot_ones_are_two_days_old() {
    let home = tempfile::tempdir().unwrap();
    let report = create(&home.path().join("lake"), &options(200)).unwrap();
    let mut hot = Vec::new();
    for (name, path) in walk(Path::new(report.lake.as_str())).iter().filter(|(path, _)| is_data(path)) {
        let age = now() - DateTime::<Utc>::from(fs::metadata(path).unwrap().modified().unwrap());
        if age < chrono::Duration::minutes(1) {
            hot.push(name.clone());
        } else {
            assert!(age > chrono::Duration::hours(44) && age < chrono::Duration::hours(51), "{age} {name:?}");
        }
    }
    assert_eq!(hot.len(), 3);
    assert!(hot.iter().all(|path| path.starts_with("sales.db/returns")), "{hot:?}");
}

#[test]
fn the_same_seed_makes_the_same_lake_and_another_another() {
    let home = tempfile::tempdir().unwrap();
    let contents = |name: &str, seed: u64| -> BTreeMap<PathBuf, Vec<u8>> {
        let lake = home.path().join(name);
        create(&lake, &DemoOptions { seed, ..options(150) }).unwrap();
        walk(&lake)
            .into_iter()
            .filter(|(path, _)| is_data(path))
            .map(|(name, path)| (name, fs::read(path).unwrap()))
            .collect()
    };
    let one = contents("one", 1);
    assert!(one == contents("two", 1));
    assert!(one != contents("three", 2));
}

#[test]
fn only_a_directory_of_its_own_is_written_to() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("mine"), "x").unwrap();
    let error = create(home.path(), &options(150)).unwrap_err();
    assert_eq!(error.code(), Code::AlreadyExists);
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
    let empty = home.path().join("empty");
    fs::create_dir(&empty).unwrap();
    create(&empty, &options(150)).unwrap();
}

#[test]
fn late_files_can_be_read_and_do_not_meet() {
    let home = tempfile::tempdir().unwrap();
    let lake = home.path().join("lake");
    let report = create(&lake, &options(150)).unwrap();
    let dated = now() - chrono::Duration::hours(1);
    for target in [report.first.clone(), TargetId::new(&TableName::new("finance", "ledger"), None)] {
        let one = add_late_file(&lake, &target, 0, dated).unwrap();
        let other = add_late_file(&lake, &target, 1, dated).unwrap();
        assert_ne!(one.name, other.name);
        let directory = table_directory(&lake, &target.table_name()).join(target.partition.unwrap_or_default());
        let path = directory.join(&one.name);
        let reader = SerializedFileReader::new(File::open(&path).unwrap()).unwrap();
        assert_eq!(Rows(reader.metadata().file_metadata().num_rows() as u64), one.rows);
        assert_eq!(DateTime::<Utc>::from(fs::metadata(path).unwrap().modified().unwrap()), dated);
    }
}
