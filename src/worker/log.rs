//! The log of a run: the process's standard error, which whoever started it pointed at a file.

use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use chrono::{DateTime, SecondsFormat, Utc};

use crate::error::Error;
use crate::ipc::KEEP_NOTES;
use crate::model::LogLevel;

/// Above so many bytes only warnings and errors are added to one log.
const FULL: u64 = 64 << 20;

static WRITTEN: AtomicU64 = AtomicU64::new(0);

/// Adds a line.
pub fn line(at: DateTime<Utc>, level: LogLevel, text: &str) {
    if level < LogLevel::Warn && WRITTEN.load(Ordering::Relaxed) > FULL {
        return;
    }
    let line = format!("{} {:5} {text}\n", at.to_rfc3339_opts(SecondsFormat::Millis, true), level.word());
    WRITTEN.fetch_add(line.len() as u64, Ordering::Relaxed);
    // A log that cannot be written must not end the run.
    let _ = std::io::stderr().write_all(line.as_bytes());
}

/// Adds a line of now.
pub fn note(level: LogLevel, text: &str) {
    line(Utc::now(), level, text);
}

/// Adds what a process ended with.
pub fn failed(error: &Error) {
    let next = error.next_step().map(|next| format!("; next: {next}")).unwrap_or_default();
    note(LogLevel::Error, &format!("{error} [{}]{next}", error.code()));
}

/// Removes logs and notes of runs that ended a month ago, and what starts left that never came to a run.
pub fn sweep(directory: &Path, now: SystemTime) {
    let Ok(entries) = std::fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let ours = [".log", ".live", ".ended", ".order"].iter().any(|end| name.ends_with(end));
        let changed = entry.metadata().and_then(|metadata| metadata.modified());
        let old = changed.is_ok_and(|changed| now.duration_since(changed).is_ok_and(|age| age > KEEP_NOTES));
        if ours && old {
            // One that cannot be removed is tried again by the next run.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn only_what_is_ours_and_a_month_old_is_swept() {
        let base = tempfile::tempdir().unwrap();
        let make = |name: &str, age: Duration| {
            let file = std::fs::File::create(base.path().join(name)).unwrap();
            file.set_modified(SystemTime::now() - age).unwrap();
        };
        let (old, young) = (KEEP_NOTES + Duration::from_secs(60), KEEP_NOTES - Duration::from_secs(60));
        make("20260101-0000-abc.log", old);
        make("20260101-0000-abc.ended", old);
        make("20260101-0000-abd.ended", young);
        make("something else", old);
        sweep(base.path(), SystemTime::now());
        let mut left: Vec<_> = std::fs::read_dir(base.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        assert_eq!(left, ["20260101-0000-abd.ended", "something else"]);
    }
}
