//! Files that are damaged, or change while they are read: a reason, exit code 3 or 4, and every live file as it was.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use crate::command::User;
use crate::tables::{FLAT, file, properties};

fn good(seed: u64) -> Vec<u8> {
    file(FLAT, properties().set_dictionary_enabled(false).build(), &[400], seed)
}

/// A user with the tables `d.bad` and `d.good` of three files each.
struct Lake {
    user: User,
    lake: PathBuf,
}

impl Lake {
    fn new() -> Lake {
        let user = User::new();
        let lake = user.directory("lake");
        for table in ["bad", "good"] {
            user.directory(&format!("lake/d.db/{table}"));
            for number in 0..3 {
                put(&lake.join(format!("d.db/{table}/part-{number}")), &good(number));
            }
        }
        Lake { user, lake }
    }

    fn bad(&self) -> PathBuf {
        self.lake.join("d.db/bad/part-1")
    }

    fn compact(&self, more: &[&str]) -> crate::command::Done {
        let lake = self.lake.to_str().unwrap();
        self.user.run(&[&["compact", "--yes", "--lake", lake], more].concat())
    }

    fn content(&self, table: &str) -> BTreeMap<String, Vec<u8>> {
        let entries = std::fs::read_dir(self.lake.join("d.db").join(table)).unwrap().map(Result::unwrap);
        let named = entries.map(|entry| (entry.file_name().into_string().unwrap(), entry.path()));
        named
            .filter(|(name, _)| !name.starts_with('.'))
            .map(|(name, path)| (name, std::fs::read(path).unwrap()))
            .collect()
    }
}

/// Writes a file that is two days old.
fn put(path: &Path, bytes: &[u8]) {
    std::fs::write(path, bytes).unwrap();
    let opened = std::fs::File::options().write(true).open(path).unwrap();
    opened.set_modified(SystemTime::now() - Duration::from_secs(2 * 86_400)).unwrap();
}

#[test]
fn damaged_files_are_refused_with_a_reason_and_stay_as_they_are() {
    let whole = good(1);
    let tail = whole.len() - 8;
    let with_length = |length: u32| [&whole[..tail], &length.to_le_bytes(), b"PAR1"].concat();
    let ending = |magic: &[u8]| [&whole[..tail + 4], magic].concat();
    let mut bad_page = whole.clone();
    bad_page[4..200].fill(0xff);
    let checksum = include_bytes!("../corpus/corrupt_checksum.parquet").to_vec();
    let cases = [
        ("truncated", whole[..whole.len() / 2].to_vec(), "damaged_file"),
        ("wrong magic", ending(b"XXXX"), "damaged_file"),
        ("no magic in front", [b"XXXX", &whole[4..]].concat(), "mixed_format"),
        ("footer beyond the file", with_length(u32::MAX - 8), "damaged_file"),
        ("footer of nothing", with_length(0), "damaged_file"),
        ("footer cut", with_length(50), "damaged_file"),
        ("encrypted", ending(b"PARE"), "encrypted"),
        ("bad page", bad_page, "damaged_file"),
        ("wrong checksum", checksum, "damaged_file"),
    ];
    for (what, bytes, code) in cases {
        let lake = Lake::new();
        if what == "wrong checksum" {
            // Of another schema, so all files of the table are like it.
            ["part-0", "part-2"].iter().for_each(|name| put(&lake.lake.join("d.db/bad").join(name), &bytes));
        }
        put(&lake.bad(), &bytes);
        let before = lake.content("bad");
        let alone = lake.compact(&["--table", "d.bad"]);
        assert_eq!(alone.status, 3, "{what}: {}{}", alone.stdout, alone.stderr);
        alone.says(&format!("[{code}, exit 3]")).says("part-");
        assert_eq!(lake.content("bad"), before, "{what}");

        // Beside others it is left out by the plan, or by the run when only reading all of it shows the damage.
        let both = lake.compact(&[]);
        match both.status {
            0 => both.says("left out").says(code),
            _ => both.exits(4).says("d.bad: REFUSED").says("part-"),
        };
        assert!(!both.stderr.contains("panic"), "{what}: {}", both.stderr);
        assert_eq!(lake.content("bad"), before, "{what}");
        assert_eq!(lake.content("good").len(), 1, "{what}");
    }
}

#[test]
fn a_file_that_changes_all_the_time_is_given_up() {
    let lake = Lake::new();
    let (before, path) = (lake.content("bad"), lake.bad());
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // Always a whole file, one of two.
            let beside = lake.lake.join("next");
            for seed in (0..2).cycle().take_while(|_| !ended.load(Ordering::Relaxed)) {
                put(&beside, &file(FLAT, properties().build(), &[100 + seed], 7));
                std::fs::rename(&beside, &path).unwrap();
            }
        });
        for _ in 0..5 {
            let done = lake.compact(&["--table", "d.bad"]);
            if ![3, 4].contains(&done.status) {
                ended.store(true, Ordering::Relaxed);
                panic!("{}{}", done.stdout, done.stderr);
            }
        }
        ended.store(true, Ordering::Relaxed);
    });
    let after = lake.content("bad");
    assert_eq!(after.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
    assert!(["part-0", "part-2"].iter().all(|name| after[*name] == before[*name]));
}
