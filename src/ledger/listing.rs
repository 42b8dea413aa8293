//! Listings that decide. One listing is not a snapshot: a look lists until two agree.

use crate::error::{Code, Error, Result};
use crate::store::{self, Entry, Listing};

const ATTEMPTS: usize = 12;

/// Lists until two listings agree. Access times do not count; they change by reading.
pub async fn agreed<F>(what: &str, mut list: impl FnMut() -> F) -> Result<Vec<Entry>>
where
    F: Future<Output = Result<Box<dyn Listing>>>,
{
    let mut last = sorted(list().await?).await?;
    for _ in 0..ATTEMPTS {
        let next = sorted(list().await?).await?;
        let agree = last.len() == next.len() && last.iter().zip(&next).all(|(one, other)| same(one, other));
        if agree {
            return Ok(next);
        }
        last = next;
    }
    Err(Error::new(Code::Unavailable, format!("{what} changes faster than it can be listed"))
        .why(format!("no two of {ATTEMPTS} listings agreed"))
        .retryable())
}

async fn sorted(listing: Box<dyn Listing>) -> Result<Vec<Entry>> {
    let mut entries = store::collect(listing).await?;
    entries.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    Ok(entries)
}

fn same(one: &Entry, other: &Entry) -> bool {
    one.name == other.name
        && one.kind == other.kind
        && one.length == other.length
        && one.modified == other.modified
        && one.inode == other.inode
}
