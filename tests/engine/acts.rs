//! What others do to a lake while a run works: the foreign acts of PROTOCOL §9.2, each with what it does to the rows
//! that a correct reader must count afterwards.

use std::fs;
use std::path::Path;

use crate::world::{PART, World, names, rows_of};

/// A foreign act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Foreign {
    /// A task adds a file, under the name of a source that has left if there is one (Hive's `000000_0`).
    Append,
    /// Everything visible is deleted, and a file with the name of a source is written.
    Overwrite,
    /// Likewise, under a name of its own.
    OverwriteAnew,
    /// Everything visible is deleted.
    Truncate,
    /// The whole directory is replaced by another.
    OverwriteDirectory,
    /// A source grows, wherever it is.
    Grow,
    /// Somebody deletes the tripwire.
    RemoveTripwire,
    /// Somebody copies a parked source back by hand, with its time.
    CopyByHand,
}

impl Foreign {
    pub const ALL: [Foreign; 8] = [
        Foreign::Append,
        Foreign::Overwrite,
        Foreign::OverwriteAnew,
        Foreign::Truncate,
        Foreign::OverwriteDirectory,
        Foreign::Grow,
        Foreign::RemoveTripwire,
        Foreign::CopyByHand,
    ];

    /// Whether it takes a tripwire away.
    pub fn takes_tripwire(self) -> bool {
        !matches!(self, Foreign::Append | Foreign::Grow | Foreign::CopyByHand)
    }

    /// Does it, and changes the rows that are expected.
    pub fn act(self, world: &World, expected: &mut Vec<u64>) {
        let directory = world.path(PART);
        match self {
            Foreign::Append => {
                let taken = directory.join("part-0.txt").exists();
                let name = if taken { "part-0_copy_1.txt" } else { "part-0.txt" };
                if !directory.join(name).exists() {
                    expected.extend(world.write(PART, name, 1));
                }
            }
            Foreign::Overwrite => overwrite(world, "part-0.txt", expected),
            Foreign::OverwriteAnew => overwrite(world, "part-new.txt", expected),
            Foreign::Truncate => {
                remove_visible(&directory);
                expected.clear();
            }
            Foreign::OverwriteDirectory => {
                fs::remove_dir_all(&directory).unwrap();
                fs::create_dir(&directory).unwrap();
                expected.clear();
                expected.extend(world.write(PART, "part-0.txt", 2));
            }
            Foreign::Grow => {
                let live = directory.join("part-1.txt");
                let path = if live.exists() { Some(live) } else { kept(world, "part-1.txt") };
                if let Some(path) = path {
                    expected.extend(world.grow(&path, 1));
                }
            }
            Foreign::RemoveTripwire => {
                for name in names(&directory).iter().filter(|name| name.contains("!lakehand-exchange-")) {
                    fs::remove_file(directory.join(name)).unwrap();
                }
            }
            Foreign::CopyByHand => {
                let live = directory.join("part-0.txt");
                if let Some(kept) = kept(world, "part-0.txt").filter(|_| !live.exists()) {
                    let time = fs::metadata(&kept).unwrap().modified().unwrap();
                    fs::copy(&kept, &live).unwrap();
                    fs::File::options().write(true).open(&live).unwrap().set_modified(time).unwrap();
                }
            }
        }
        expected.sort_unstable();
    }
}

fn overwrite(world: &World, name: &str, expected: &mut Vec<u64>) {
    remove_visible(&world.path(PART));
    expected.clear();
    expected.extend(world.write(PART, name, 2));
}

fn remove_visible(directory: &Path) {
    for name in names(directory).iter().filter(|name| !name.starts_with(['.', '_'])) {
        fs::remove_file(directory.join(name)).unwrap();
    }
}

/// The file that is kept under a name.
pub fn kept(world: &World, name: &str) -> Option<std::path::PathBuf> {
    let wanted = format!(".{name}.kept");
    world.kept().into_iter().find(|path| path.file_name().unwrap().to_str().unwrap() == wanted)
}

/// Every row that is anywhere: live, parked, or staged.
pub fn rows_anywhere(world: &World) -> Vec<u64> {
    let live = world.visible(PART).into_iter().map(|name| world.path(PART).join(name));
    let mut rows: Vec<u64> = live.chain(world.kept()).flat_map(|path| rows_of(&path)).collect();
    rows.sort_unstable();
    rows.dedup();
    rows
}
