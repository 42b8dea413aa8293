//! The partition keys of a table, from a few of its partitions.

use futures::future::BoxFuture;

use super::DirectoryCatalog;
use super::survey::Survey;
use crate::error::{Code, Reason, Result};
use crate::model::{StorePath, clean};

/// How many partitions of a level that are not empty are looked into.
const LOOKED_INTO: usize = 2;
/// More levels than any table has; ends a tree that grows while it is walked.
const DEEPEST: usize = 64;

/// The keys and what speaks against the table.
#[derive(Debug, Default)]
pub(super) struct Keys {
    pub(super) keys: Vec<String>,
    pub(super) refusals: Vec<Reason>,
}

/// Finds the keys of the table at `location`.
pub(super) async fn find(catalog: &DirectoryCatalog, location: &StorePath, survey: &Survey) -> Result<Keys> {
    let mut found = Keys::default();
    let mut refusals = Vec::new();
    found.keys = deepest(catalog, location, survey, 0, &mut refusals).await?;
    found.refusals = refusals;
    for (index, key) in found.keys.iter().enumerate() {
        if found.keys[..index].iter().any(|before| before.eq_ignore_ascii_case(key)) {
            let text = format!("two of its partition keys are called {}", clean(key));
            found.refusals.push(Reason::new(Code::UnsupportedTable, text));
        }
    }
    Ok(found)
}

/// The keys from here down along the deepest of the partitions that are looked into.
fn deepest<'a>(
    catalog: &'a DirectoryCatalog,
    directory: &'a StorePath,
    survey: &'a Survey,
    depth: usize,
    refusals: &'a mut Vec<Reason>,
) -> BoxFuture<'a, Result<Vec<String>>> {
    Box::pin(async move {
        let Some(key) = survey.main_key().filter(|_| depth < DEEPEST) else {
            // Where the data is it shows if the table is an ACID one.
            refusals.extend(survey.acid());
            refusals.dedup();
            return Ok(Vec::new());
        };
        let mut below: Vec<String> = Vec::new();
        let mut looked_into = 0;
        for name in survey.samples(key) {
            let child = directory.join(&name);
            let survey = match catalog.survey(&child).await {
                // It went since the level was listed.
                Err(error) if error.code() == Code::NotFound => continue,
                survey => survey?,
            };
            if survey.is_empty() {
                continue;
            }
            let keys = deepest(catalog, &child, &survey, depth + 1, refusals).await?;
            if keys.len() > below.len() {
                below = keys;
            }
            looked_into += 1;
            if looked_into == LOOKED_INTO {
                break;
            }
        }
        Ok(std::iter::once(key.to_owned()).chain(below).collect())
    })
}
