//! What the demo lake is made of, before a byte is written: tables, partitions, files. Ten tables in three databases;
//! a few have a fixed number of files, the others share what is left in fixed proportions.

use chrono::{DateTime, Days, Utc};

use super::random::{Random, mix_text};
use super::schema::{Kind, Style};
use crate::model::{PartitionSpec, TableName};

/// A table to be made.
#[derive(Clone, Debug)]
pub struct TablePlan {
    /// Its name.
    pub name: TableName,
    /// What it shows.
    pub shows: &'static str,
    /// Its partitions; one without keys for a flat table.
    pub partitions: Vec<PartitionPlan>,
}

/// A partition to be made.
#[derive(Clone, Debug)]
pub struct PartitionPlan {
    /// `dt=2026-01-01`; empty for a flat table.
    pub path: String,
    /// Its files.
    pub files: Vec<FilePlan>,
    /// Whether a job's marker of success lies beside them.
    pub success: bool,
}

/// A file to be made.
#[derive(Clone, Debug)]
pub struct FilePlan {
    /// Its name.
    pub name: String,
    /// Its schema.
    pub kind: Kind,
    /// Rows.
    pub rows: u64,
    /// The first row's number.
    pub first_row: u64,
    /// Bytes of each note; 0 for short words.
    pub note_bytes: usize,
    /// Days since 1970.
    pub day: u32,
    /// When it was written.
    pub modified: DateTime<Utc>,
    /// Its writer died: half of it is there, and no footer.
    pub unfinished: bool,
}

/// Rows of a note of this many bytes that make a file of about 1.7 MiB: small, but not bad.
const NOTE: usize = 1_000;
const SMALL_ROWS: u64 = 1_750;
/// Rows that make one of 40 MiB, beside which two small ones look fine on average.
const LARGE_ROWS: u64 = 42_000;

/// All tables, by name.
pub fn tables(files: u64, seed: u64, now: DateTime<Utc>) -> Vec<TablePlan> {
    let mut made = Maker { random: Random::new(seed), seed, now, row: 0 };
    let mut tables = vec![
        made.balances(),
        made.landing((files / 50).clamp(4, 400)),
        made.sessions(),
        made.stores((files / 50).clamp(12, 400)),
    ];
    let fixed: u64 = tables.iter().map(TablePlan::files).sum();
    let left = files.saturating_sub(fixed);
    tables.push(made.clicks((left / 4).max(8)));
    tables.push(made.lines((left / 11).max(4)));
    tables.push(made.orders((left * 3 / 10).max(30)));
    tables.push(made.payments((left / 11).max(4)));
    tables.push(made.returns((left / 20).max(4)));
    let so_far: u64 = tables.iter().map(TablePlan::files).sum();
    tables.push(made.ledger(files.saturating_sub(so_far).max(4)));
    tables.sort_by(|a, b| a.name.cmp(&b.name));
    tables
}

impl TablePlan {
    /// Its files.
    pub fn files(&self) -> u64 {
        self.partitions.iter().map(|partition| partition.files.len() as u64).sum()
    }
}

struct Maker {
    random: Random,
    seed: u64,
    now: DateTime<Utc>,
    row: u64,
}

impl Maker {
    fn orders(&mut self, files: u64) -> TablePlan {
        let days = (files / 26).clamp(12, 62);
        let mut partitions = Vec::new();
        // Of each ten days: six bad, three with one file, one with a few small ones; the last one is empty.
        let bad = (0..days).filter(|day| day % 10 < 6).count() as u64;
        let fixed = (days - bad) + 2 * (0..days).filter(|day| day % 10 == 9).count() as u64;
        let mut spread = Spread::new(files.saturating_sub(fixed), bad);
        for day in 0..days {
            let mut partition = self.partition(self.dt(2 + day));
            match day % 10 {
                0..6 => self.fill(&mut partition, Kind::Sales, spread.next(), day + 2),
                9 => (0..3).for_each(|_| self.wide(&mut partition, Kind::Sales, SMALL_ROWS, day + 2)),
                _ => self.fill(&mut partition, Kind::Sales, 1, day + 2),
            }
            partitions.push(partition);
        }
        partitions.push(self.partition(self.dt(2 + days)));
        self.table("sales", "orders", "one key; bad, small, fine and empty days", partitions)
    }

    fn lines(&mut self, files: u64) -> TablePlan {
        let days = (files / 40).clamp(1, 12);
        let mut spread = Spread::new(files, days);
        let mut partitions = Vec::new();
        for day in 0..days {
            let mut partition = self.partition(self.dt(2 + day));
            let count = spread.next();
            let before = count * 6 / 10;
            self.fill(&mut partition, Kind::SalesBefore, before, day + 2);
            self.fill(&mut partition, Kind::Sales, count - before, day + 2);
            partitions.push(partition);
        }
        self.table("sales", "order_lines", "two schemas in a partition: a column was added", partitions)
    }

    fn returns(&mut self, files: u64) -> TablePlan {
        let days = (files / 30).clamp(2, 10);
        let mut spread = Spread::new(files, days);
        let mut partitions = Vec::new();
        for day in 0..days {
            let mut partition = self.partition(self.dt(day));
            self.fill(&mut partition, Kind::Sales, spread.next(), day);
            if day == 0 {
                // Somebody is writing here: the newest three files are seconds old.
                for (seconds, file) in (2..).step_by(3).zip(partition.files.iter_mut().rev().take(3)) {
                    file.modified = self.now - chrono::Duration::seconds(seconds);
                }
                partition.success = false;
            }
            partitions.push(partition);
        }
        self.table("sales", "returns", "its newest day is being written", partitions)
    }

    fn stores(&mut self, files: u64) -> TablePlan {
        const CITIES: [Option<&str>; 12] = [
            Some("New/York"),
            Some("San José"),
            Some("東京"),
            Some("Köln"),
            Some("Rio de Janeiro"),
            Some("100%"),
            Some("a=b"),
            Some("Stratford-upon-Avon"),
            Some("L'Aquila"),
            Some("Ulan-Ude: \"north\""),
            Some("São Paulo #2"),
            None,
        ];
        let mut spread = Spread::new(files, CITIES.len() as u64);
        let mut partitions = Vec::new();
        for city in CITIES {
            let spec = PartitionSpec(vec![("city".to_owned(), city.map(str::to_owned))]);
            let mut partition = self.partition(spec.to_string());
            self.fill(&mut partition, Kind::Sales, spread.next(), 5);
            partitions.push(partition);
        }
        self.table("sales", "stores", "partition values that need escaping", partitions)
    }

    fn clicks(&mut self, files: u64) -> TablePlan {
        const COUNTRIES: [&str; 4] = ["de", "us", "jp", "br"];
        let (per_partition, days) = (6, 7);
        let wanted = (files / per_partition).clamp(2, days * 24 * COUNTRIES.len() as u64);
        let mut spread = Spread::new(files, wanted);
        let mut partitions = Vec::new();
        for number in 0..wanted {
            let country = COUNTRIES[(number % 4) as usize];
            let hour = number / 4 % 24;
            let day = 2 + number / 96;
            let mut partition = self.partition(format!("{}/hour={hour:02}/country={country}", self.dt(day)));
            self.fill(&mut partition, Kind::Web, spread.next(), day);
            partitions.push(partition);
        }
        self.table("web", "clicks", "three keys, many small partitions", partitions)
    }

    fn sessions(&mut self) -> TablePlan {
        let mut skewed = self.partition(self.dt(2));
        self.wide(&mut skewed, Kind::Web, LARGE_ROWS, 2);
        (0..2).for_each(|_| self.wide(&mut skewed, Kind::Web, SMALL_ROWS, 2));
        let mut fine = self.partition(self.dt(3));
        self.fill(&mut fine, Kind::Web, 1, 3);
        self.table("web", "sessions", "skewed: fine on average, half of the files small", vec![skewed, fine])
    }

    fn landing(&mut self, files: u64) -> TablePlan {
        let mut partition = self.partition(String::new());
        self.fill(&mut partition, Kind::Web, files, 2);
        partition.success = false;
        if let Some(last) = partition.files.last_mut() {
            last.unfinished = true;
            last.modified += chrono::Duration::hours(3);
        }
        self.table("web", "landing", "refused: the last file's writer died", vec![partition])
    }

    fn balances(&mut self) -> TablePlan {
        let mut partitions = Vec::new();
        for month in 0..9 {
            let mut partition = self.partition(format!("month=2026-{:02}", month + 1));
            self.fill(&mut partition, Kind::Ledger, 1, 30);
            partitions.push(partition);
        }
        self.table("finance", "balances", "healthy: one file a month", partitions)
    }

    fn ledger(&mut self, files: u64) -> TablePlan {
        let mut partition = self.partition(String::new());
        self.fill(&mut partition, Kind::Ledger, files, 4);
        self.table("finance", "ledger", "flat: all files in one directory", vec![partition])
    }

    fn payments(&mut self, files: u64) -> TablePlan {
        let months = (files / 60).clamp(1, 9);
        let mut spread = Spread::new(files, months);
        let mut partitions = Vec::new();
        for month in 0..months {
            let mut partition = self.partition(format!("month=2026-{:02}", 9 - month));
            self.fill(&mut partition, Kind::Payments, spread.next(), 30 * (month + 1));
            partition.success = false;
            partitions.push(partition);
        }
        self.table("finance", "payments", "Hive's files: INT96, decimals, nested lists, maps, no extension", partitions)
    }

    fn table(&self, database: &str, table: &str, shows: &'static str, partitions: Vec<PartitionPlan>) -> TablePlan {
        TablePlan { name: TableName::new(database, table), shows, partitions }
    }

    fn partition(&self, path: String) -> PartitionPlan {
        PartitionPlan { path, files: Vec::new(), success: true }
    }

    fn dt(&self, days_ago: u64) -> String {
        let day = self.now.date_naive().checked_sub_days(Days::new(days_ago)).unwrap_or_default();
        format!("dt={day}")
    }

    /// Adds small files, as one job with many tasks leaves them.
    fn fill(&mut self, partition: &mut PartitionPlan, kind: Kind, files: u64, days_ago: u64) {
        for _ in 0..files {
            let rows = self.random.between(30, 140);
            self.add(partition, kind, rows, 0, days_ago);
        }
    }

    /// Adds one file whose rows have long notes.
    fn wide(&mut self, partition: &mut PartitionPlan, kind: Kind, rows: u64, days_ago: u64) {
        self.add(partition, kind, rows, NOTE, days_ago);
    }

    fn add(&mut self, partition: &mut PartitionPlan, kind: Kind, rows: u64, note_bytes: usize, days_ago: u64) {
        let number = partition.files.len();
        let today = self.now.timestamp().div_euclid(86_400);
        let two_days_ago = self.now - chrono::Duration::days(2);
        let name = match kind.style() {
            Style::Spark => {
                let job = Random::new(mix_text(self.seed, &partition.path) ^ kind as u64).uuid();
                format!("part-{number:05}-{job}-c000.snappy.parquet")
            }
            Style::Hive => format!("{number:06}_0"),
        };
        partition.files.push(FilePlan {
            name,
            kind,
            rows,
            first_row: self.row,
            note_bytes,
            day: u32::try_from(today.saturating_sub_unsigned(days_ago)).unwrap_or(0),
            modified: two_days_ago - chrono::Duration::seconds(self.random.between(0, 7_200) as i64),
            unfinished: false,
        });
        self.row += rows;
    }
}

/// Spreads a number over some places unevenly, so that no two neighbours are alike, and in all exactly.
struct Spread {
    left: u64,
    places: u64,
    turn: u64,
}

impl Spread {
    fn new(total: u64, places: u64) -> Spread {
        Spread { left: total, places, turn: 0 }
    }

    fn next(&mut self) -> u64 {
        const SHARES: [u64; 5] = [150, 70, 120, 40, 100];
        let even = self.left / self.places.max(1);
        let share = if self.places <= 1 { self.left } else { (even * SHARES[(self.turn % 5) as usize] / 100).max(1) };
        let share = share.min(self.left);
        self.left -= share;
        self.places = self.places.saturating_sub(1);
        self.turn += 1;
        share
    }
}
