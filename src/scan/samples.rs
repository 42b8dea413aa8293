//! The files that a scan looks into to tell a target's format: the newest (an unfinished one is the newest), the
//! smallest, the largest and the first by name. A constant number, whatever the directory holds. Where there are no
//! more files than that, their footers tell whether they could share one at all.

use std::collections::BTreeSet;

use crate::error::{Code, Reason};
use crate::format;
use crate::model::{DataFormat, KnownFile, StorePath};
use crate::store::{self, Entry};

/// Up to this many files are all samples.
const FEW: usize = 4;

/// The samples so far.
#[derive(Debug, Default)]
pub struct Samples {
    /// The first ones that came: all, while there are few.
    few: Vec<KnownFile>,
    seen: usize,
    newest: Option<KnownFile>,
    smallest: Option<KnownFile>,
    largest: Option<KnownFile>,
    first: Option<KnownFile>,
}

impl Samples {
    /// Looks whether a data file with content is a better sample. Ties go to the first name: a listing has no order.
    pub fn offer(&mut self, entry: &Entry) {
        let Some(name) = entry.name.text() else { return };
        let (length, modified) = (entry.length, entry.modified);
        let file = || KnownFile { name: name.to_owned(), length, modified };
        self.seen += 1;
        if self.few.len() < FEW {
            self.few.push(file());
        }
        let take = |slot: &mut Option<KnownFile>, better: &dyn Fn(&KnownFile) -> bool| {
            if slot.as_ref().is_none_or(better) {
                *slot = Some(file());
            }
        };
        let earlier = |old: &KnownFile| name < old.name.as_str();
        take(&mut self.newest, &|old| modified > old.modified || modified == old.modified && earlier(old));
        take(&mut self.smallest, &|old| length < old.length || length == old.length && earlier(old));
        take(&mut self.largest, &|old| length > old.length || length == old.length && earlier(old));
        take(&mut self.first, &earlier);
    }

    /// Whether the samples are all files.
    pub fn are_all(&self) -> bool {
        self.seen <= FEW
    }

    /// The different files among the samples.
    pub fn files(&self) -> BTreeSet<&KnownFile> {
        if self.are_all() {
            return self.few.iter().collect();
        }
        [&self.newest, &self.smallest, &self.largest, &self.first].into_iter().flatten().collect()
    }
}

/// The formats of some files.
#[derive(Debug, Default)]
pub struct Formats {
    /// Each format once, with the first file that has it.
    found: Vec<(DataFormat, String)>,
}

impl Formats {
    /// Looks into a file; a reason when what it holds cannot be read.
    pub async fn look(
        &mut self,
        store: &dyn store::Read,
        directory: &StorePath,
        file: &KnownFile,
    ) -> Result<(), Reason> {
        let sniffed = format::sniff(store, &directory.join(&file.name), file.length).await;
        self.note(sniffed.map_err(|error| Reason::from(&error))?, &file.name);
        Ok(())
    }

    /// Notes the format of a file.
    pub fn note(&mut self, format: DataFormat, name: &str) {
        if !self.found.iter().any(|(found, _)| *found == format) {
            self.found.push((format, name.to_owned()));
        }
    }

    /// Why files of these formats cannot be compacted, if so.
    pub fn verdict(&self) -> Result<(), Reason> {
        let (code, text) = match self.found.as_slice() {
            [] | [(DataFormat::Parquet, _)] => return Ok(()),
            [(DataFormat::Unknown, name)] => (Code::MixedFormat, format!("{name} is of a format that is not known")),
            [(DataFormat::Orc, _)] => {
                (Code::UnsupportedTable, "ORC files; Hive merges those: ALTER TABLE … CONCATENATE".to_owned())
            }
            [(other, _)] => (Code::UnsupportedTable, format!("{other} files; only Parquet is compacted")),
            [(one, first), (other, name), ..] => {
                (Code::MixedFormat, format!("files of several formats: {first} is {one}, {name} is {other}"))
            }
        };
        Err(Reason::new(code, text))
    }

    /// The format, where files were looked at and agree.
    pub fn found(&self) -> Option<DataFormat> {
        match self.found.as_slice() {
            [(format, _)] => Some(*format),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_must_agree_and_be_parquet() {
        let verdict = |formats: &[DataFormat]| {
            let mut found = Formats::default();
            formats.iter().for_each(|format| found.note(*format, "x"));
            found.verdict().map_err(|reason| reason.code)
        };
        assert_eq!(verdict(&[]), Ok(()));
        assert_eq!(verdict(&[DataFormat::Parquet, DataFormat::Parquet]), Ok(()));
        assert_eq!(verdict(&[DataFormat::Parquet, DataFormat::Orc]), Err(Code::MixedFormat));
        assert_eq!(verdict(&[DataFormat::Orc, DataFormat::Parquet]), Err(Code::MixedFormat));
        assert_eq!(verdict(&[DataFormat::Orc]), Err(Code::UnsupportedTable));
        assert_eq!(verdict(&[DataFormat::Text]), Err(Code::UnsupportedTable));
        assert_eq!(verdict(&[DataFormat::Unknown]), Err(Code::MixedFormat));
    }
}
