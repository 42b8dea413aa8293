//! The basket over the end of the console, drawn or in lines: kept for each lake, so that what was marked on one is never seen on
//! another. A file that cannot be read is an empty basket.

use std::fs;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::app::Mark;
use crate::config::{Paths, Settings};
use crate::error::Result;
use crate::model::{TableName, TargetId};

const FORMAT: &str = "lakehand.basket/1";

#[derive(Serialize, Deserialize)]
struct Saved {
    format: String,
    lake: String,
    tables: Vec<TableName>,
    targets: Vec<TargetId>,
}

/// What was marked on this lake when the console was left last.
pub fn load(paths: &Paths, settings: &Settings) -> Vec<Mark> {
    let saved = fs::read(path(paths, settings)).ok().and_then(|bytes| serde_json::from_slice::<Saved>(&bytes).ok());
    let Some(saved) = saved.filter(|saved| saved.format == FORMAT && saved.lake == lake(settings)) else {
        return Vec::new();
    };
    saved.tables.into_iter().map(Mark::Table).chain(saved.targets.into_iter().map(Mark::Target)).collect()
}

/// Keeps the basket.
pub fn save(paths: &Paths, settings: &Settings, marks: &[Mark]) -> Result<()> {
    let path = path(paths, settings);
    if marks.is_empty() {
        return match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        };
    }
    let mut saved = Saved { format: FORMAT.to_owned(), lake: lake(settings), tables: Vec::new(), targets: Vec::new() };
    for mark in marks {
        match mark {
            Mark::Table(name) => saved.tables.push(name.clone()),
            Mark::Target(id) => saved.targets.push(id.clone()),
        }
    }
    let bytes = serde_json::to_vec(&saved).map_err(std::io::Error::from)?;
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    let half = path.with_extension("half");
    fs::write(&half, bytes)?;
    Ok(fs::rename(half, path)?)
}

fn lake(settings: &Settings) -> String {
    settings.lake.as_ref().map(ToString::to_string).unwrap_or_default()
}

fn path(paths: &Paths, settings: &Settings) -> PathBuf {
    let bound_to = format!("{}\n{}", settings.profile, lake(settings));
    let name = format!("{:016x}.json", xxhash_rust::xxh3::xxh3_64(bound_to.as_bytes()));
    paths.state.join("baskets").join(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::StorePath;

    #[test]
    fn a_basket_belongs_to_one_lake() {
        let home = tempfile::tempdir().unwrap();
        let state = home.path().to_path_buf();
        let paths = Paths { config: state.clone(), state: state.clone(), cache: state.clone(), runtime: state };
        let [one, other] = ["/lake/one", "/lake/other"].map(|lake| Settings::local_lake(StorePath::new(lake).unwrap()));
        let table = TableName::new("sales", "orders");
        let marks = vec![Mark::Table(table.clone()), Mark::Target(TargetId::new(&table, Some("dt=1".to_owned())))];
        save(&paths, &one, &marks).unwrap();
        assert_eq!(load(&paths, &one), marks);
        assert_eq!(load(&paths, &other), []);
        save(&paths, &one, &[]).unwrap();
        assert_eq!(load(&paths, &one), []);
        save(&paths, &other, &[]).unwrap();
        fs::write(path(&paths, &one), b"{}").unwrap();
        assert_eq!(load(&paths, &one), []);
    }
}
