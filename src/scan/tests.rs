//! Listings and footers of directories on the local disk.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use parquet::data_type::Int64Type;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::catalog::DirectoryCatalog;
use crate::error::Code;
use crate::model::{DataFormat, Rows, Scanned, Size, StorePath, TableKind, TargetListing};
use crate::store::LocalStore;

/// A flat table in a directory of its own.
struct Flat {
    _home: tempfile::TempDir,
    directory: PathBuf,
    scanner: Scanner,
    table: Table,
    partition: Partition,
}

impl Flat {
    fn new() -> Flat {
        let home = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(home.path()).unwrap();
        let directory = root.join("sales.db/orders");
        fs::create_dir_all(&directory).unwrap();
        let path = |path: &Path| StorePath::new(path.to_str().unwrap()).unwrap();
        let store: Arc<dyn store::Read> = Arc::new(LocalStore::below(path(&root)));
        let catalog = Arc::new(DirectoryCatalog::new(store.clone(), path(&root)));
        let name = TableName::new("sales", "orders");
        let table = Table {
            name: name.clone(),
            kind: TableKind::External,
            location: path(&directory),
            partition_keys: Vec::new(),
            stated_format: None,
            refusals: Vec::new(),
            identity: String::new(),
            claimed_files: None,
            claimed_bytes: None,
            owner: None,
            properties: Vec::new(),
        };
        let partition = Partition {
            id: TargetId::new(&name, None),
            location: path(&directory),
            identity: "flat".to_owned(),
            refusals: Vec::new(),
        };
        let scanner = Scanner::new(store, catalog, Policy::default());
        Flat { _home: home, directory, scanner, table, partition }
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.directory.join(name);
        fs::write(&path, bytes).unwrap();
        let old = SystemTime::now() - std::time::Duration::from_secs(86_400);
        fs::File::options().write(true).open(path).unwrap().set_modified(old).unwrap();
    }

    async fn stats(&self) -> TargetStats {
        let (reporter, cancel) = (Reporter::nowhere(), CancellationToken::new());
        self.scanner.scan_target(&self.table, &self.partition, &reporter, &cancel).await
    }

    async fn listing(&self) -> TargetListing {
        let (reporter, cancel) = (Reporter::nowhere(), CancellationToken::new());
        self.scanner.list_target(&self.table, &self.partition, &reporter, &cancel).await.unwrap()
    }

    async fn reasons(&self) -> Vec<Code> {
        self.stats().await.reasons.iter().map(|reason| reason.code).collect()
    }
}

/// A Parquet file of these rows in columns of these names.
fn parquet(columns: &[&str], rows: i64) -> Vec<u8> {
    let fields: String = columns.iter().map(|name| format!("required int64 {name};")).collect();
    let schema = Arc::new(parse_message_type(&format!("message m {{ {fields} }}")).unwrap());
    let properties = Arc::new(WriterProperties::builder().build());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, properties).unwrap();
    let mut row_group = writer.next_row_group().unwrap();
    while let Some(mut column) = row_group.next_column().unwrap() {
        let values: Vec<i64> = (0..rows).collect();
        column.typed::<Int64Type>().write_batch(&values, None, None).unwrap();
        column.close().unwrap();
    }
    row_group.close().unwrap();
    writer.into_inner().unwrap()
}

#[tokio::test]
async fn what_readers_see_is_counted_and_the_rest_is_not() {
    let flat = Flat::new();
    let file = parquet(&["a"], 10);
    for name in ["part-0", "000000_0", "x y.parquet"] {
        flat.write(name, &file);
    }
    flat.write("part-empty", b"");
    flat.write("_SUCCESS", b"");
    flat.write(".part-0.crc", b"crc");
    flat.write("_metadata", b"summary");
    fs::create_dir_all(flat.directory.join("_temporary/0")).unwrap();
    fs::create_dir(flat.directory.join("nothing_in_it")).unwrap();

    let stats = flat.stats().await;
    let length = file.len() as u64;
    assert_eq!((stats.files(), stats.filled_files(), stats.bytes()), (4, 3, Size(3 * length)));
    assert_eq!((stats.median, stats.average(), stats.small_files), (Size(length), Size(length), 4));
    assert_eq!((stats.format, stats.scanned, stats.reasons.len()), (Some(DataFormat::Parquet), Scanned::Whole, 0));

    let listing = flat.listing().await;
    let names: Vec<&str> = listing.files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["000000_0", "part-0", "x y.parquet"]);
    assert_eq!((listing.empty_files.len(), listing.summary_files.len(), listing.visible_entries), (1, 1, 5));
    assert_eq!(listing.signs.in_flight, ["_temporary"]);
    assert_eq!(listing.identity, "flat");
    assert!(listing.room.is_some_and(|(room, limit)| room.0 > 0 && !limit.is_empty()));
}

#[tokio::test]
async fn files_that_came_lately_are_counted_without_what_a_compaction_wrote() {
    let flat = Flat::new();
    let file = parquet(&["a"], 10);
    let write = |name: &str, hours: u64| {
        flat.write(name, &file);
        let modified = SystemTime::now() - std::time::Duration::from_secs(hours * 3_600 + 60);
        fs::File::options().write(true).open(flat.directory.join(name)).unwrap().set_modified(modified).unwrap();
    };
    (0..5).for_each(|hour| write(&format!("part-{hour}"), hour));
    let stats = flat.stats().await;
    let growth = stats.recent.unwrap().growth(stats.at).unwrap();
    assert_eq!((growth.files, growth.span.as_secs()), (5, 6 * 3_600));
    write("part-lakehand-20261121-0214-k7f-0001", 2);
    let stats = flat.stats().await;
    let growth = stats.recent.unwrap().growth(stats.at).unwrap();
    assert_eq!((growth.files, growth.span.as_secs()), (1, 3_600));
}

#[tokio::test]
async fn what_cannot_be_exchanged_safely_is_refused() {
    let flat = Flat::new();
    let file = parquet(&["a"], 1);
    flat.write("part-0", &file);
    assert_eq!(flat.reasons().await, []);

    std::os::unix::fs::symlink("part-0", flat.directory.join("link")).unwrap();
    assert_eq!(flat.reasons().await, [Code::UnsupportedEntry]);
    fs::remove_file(flat.directory.join("link")).unwrap();

    rustix::fs::mknodat(
        rustix::fs::CWD,
        flat.directory.join("pipe"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR,
        0,
    )
    .unwrap();
    assert_eq!(flat.reasons().await, [Code::UnsupportedEntry]);
    fs::remove_file(flat.directory.join("pipe")).unwrap();

    let odd = flat.directory.join(std::ffi::OsStr::from_bytes(b"part-\xFF"));
    fs::write(&odd, &file).unwrap();
    assert_eq!(flat.reasons().await, [Code::UnsupportedEntry]);
    fs::remove_file(odd).unwrap();

    flat.write(&"x".repeat(201), &file);
    assert_eq!(flat.reasons().await, [Code::UnsupportedEntry]);
    fs::remove_file(flat.directory.join("x".repeat(201))).unwrap();

    fs::create_dir(flat.directory.join("nested")).unwrap();
    assert_eq!(flat.reasons().await, []);
    flat.write("nested/part-1", &file);
    assert_eq!(flat.reasons().await, [Code::UnsupportedEntry]);
    fs::remove_dir_all(flat.directory.join("nested")).unwrap();

    flat.write("part!lakehand-exchange-20261118-0412-w8t-0", b"readers stop here");
    let stats = flat.stats().await;
    assert_eq!((stats.reasons[0].code, stats.files()), (Code::NeedsRecovery, 1));
}

#[tokio::test]
async fn formats_are_told_by_content() {
    let flat = Flat::new();
    flat.write("a.parquet", b"ORC and so on");
    assert_eq!(flat.reasons().await, [Code::UnsupportedTable]);
    flat.write("b.parquet", &parquet(&["a"], 1));
    assert_eq!(flat.reasons().await, [Code::MixedFormat]);
    fs::remove_file(flat.directory.join("a.parquet")).unwrap();
    assert_eq!(flat.reasons().await, []);
    // Only its beginning is there: the newest file is always looked into.
    fs::write(flat.directory.join("b.parquet.new"), b"PAR1 and then nothing").unwrap();
    assert_eq!(flat.reasons().await, [Code::DamagedFile]);
}

#[tokio::test]
async fn a_directory_that_is_gone_is_missing() {
    let flat = Flat::new();
    fs::remove_dir(&flat.directory).unwrap();
    let stats = flat.stats().await;
    assert!(stats.missing && stats.error.is_none());
    fs::write(&flat.directory, "a file").unwrap();
    assert!(flat.stats().await.missing);
}

#[tokio::test]
async fn a_few_files_that_cannot_share_one_need_no_compaction() {
    let flat = Flat::new();
    let policy = Policy::default();
    flat.write("part-0", &parquet(&["a"], 10));
    flat.write("part-1", &parquet(&["a", "b"], 10));
    let stats = flat.stats().await;
    assert_eq!((stats.groups, stats.saves(&policy), stats.state(&policy, Utc::now())), (2, 0, "ok"));
    flat.write("part-2", &parquet(&["a", "b"], 10));
    let stats = flat.stats().await;
    assert_eq!((stats.groups, stats.saves(&policy), stats.state(&policy, Utc::now())), (2, 2, "BAD"));
    for number in 3..9 {
        flat.write(&format!("part-{number}"), &parquet(&["a"], 10));
    }
    assert_eq!(flat.stats().await.groups, 0);
}

#[tokio::test]
async fn our_own_reads_leave_no_access_time() {
    let flat = Flat::new();
    for number in 0..3 {
        let name = format!("part-{number}");
        flat.write(&name, &parquet(&["a"], 5));
        let old = SystemTime::now() - std::time::Duration::from_secs(86_400);
        let times = fs::FileTimes::new().set_accessed(old).set_modified(old);
        fs::File::options().write(true).open(flat.directory.join(name)).unwrap().set_times(times).unwrap();
    }
    let before = flat.listing().await.signs.last_read.unwrap();
    flat.stats().await;
    let (reporter, cancel) = (Reporter::nowhere(), CancellationToken::new());
    let listing = flat.listing().await;
    flat.scanner.planning_facts(listing, &reporter, &cancel).await.unwrap().unwrap();
    assert_eq!(flat.listing().await.signs.last_read, Some(before));
}

#[tokio::test]
async fn a_stopped_listing_is_a_part() {
    let flat = Flat::new();
    flat.write("part-0", &parquet(&["a"], 1));
    let (reporter, cancel) = (Reporter::nowhere(), CancellationToken::new());
    cancel.cancel();
    let stats = flat.scanner.scan_target(&flat.table, &flat.partition, &reporter, &cancel).await;
    assert_eq!((stats.scanned, stats.error), (Scanned::Part, None));
    let listed = flat.scanner.list_target(&flat.table, &flat.partition, &reporter, &cancel).await;
    assert_eq!(listed.unwrap_err().code(), Code::Interrupted);
}

#[tokio::test]
async fn large_directories_tell_how_far_they_are_and_keep_every_length() {
    let flat = Flat::new();
    for number in 0..5_000u32 {
        fs::write(flat.directory.join(format!("part-{number:05}")), vec![b'x'; (number % 100) as usize + 1]).unwrap();
    }
    let (sender, mut receiver) = mpsc::channel(64);
    let cancel = CancellationToken::new();
    let reporter = Reporter::to(sender);
    let stats = flat.scanner.scan_target(&flat.table, &flat.partition, &reporter, &cancel).await;
    drop(reporter);
    assert_eq!((stats.files(), stats.median), (5_000, Size(50)));
    let mut told = Vec::new();
    while let Some(event) = receiver.recv().await {
        let ScanEvent::Listing { files_so_far, .. } = event else { panic!("{event:?}") };
        told.push(files_so_far);
    }
    assert!(told.len() == 2 && told.is_sorted() && told[0] >= 2_000, "{told:?}");
}

#[tokio::test]
async fn footers_make_groups_and_a_bad_one_refuses_the_target() {
    let flat = Flat::new();
    for number in 0..40 {
        let columns: &[&str] = if number % 4 == 0 { &["a"] } else { &["a", "b"] };
        flat.write(&format!("part-{number:02}"), &parquet(columns, number));
    }
    let (reporter, cancel) = (Reporter::nowhere(), CancellationToken::new());
    let listing = flat.listing().await;
    let facts = flat.scanner.planning_facts(listing, &reporter, &cancel).await.unwrap().unwrap();
    assert_eq!((facts.groups.len(), facts.files.len()), (2, 40));
    assert!(facts.files.is_sorted_by(|a, b| a.0.file.name < b.0.file.name));
    assert_eq!(facts.files.iter().map(|(planned, _)| planned.rows).sum::<Rows>(), Rows((0..40).sum()));
    assert_eq!(facts.files.iter().filter(|(_, group)| *group == 0).count(), 10);
    assert_eq!(facts.listing.stats.format, Some(DataFormat::Parquet));

    let mut damaged = parquet(&["a"], 3);
    let footer = damaged.len() - 8;
    damaged[footer..footer + 4].copy_from_slice(&[0xFF; 4]);
    flat.write("part-07", &damaged);
    let listing = flat.listing().await;
    let refused = flat.scanner.planning_facts(listing, &reporter, &cancel).await.unwrap().unwrap_err();
    assert_eq!(refused.code, Code::DamagedFile);

    let listing = flat.listing().await;
    cancel.cancel();
    let stopped = flat.scanner.planning_facts(listing, &reporter, &cancel).await.unwrap_err();
    assert_eq!(stopped.code(), Code::Interrupted);
}
