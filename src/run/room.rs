//! Step 4: whether there is room and rights, proven in our own empty epoch before anything is written for good.

use crate::error::{Code, Error, Result};
use crate::model::{Attributes, PlannedTarget, Size};

use super::again::Attempts;
use super::lease::Lease;

/// Names that a target needs beside its outputs: records, tripwire, scratch.
const NAMES_BESIDE: u64 = 8;
/// Beside the outputs, for records and what the estimate of them misses.
const BYTES_BESIDE: u64 = 1 << 20;

/// Checks space and names, then probes rights and renames.
pub(super) async fn room(lease: &Lease, target: &PlannedTarget, attributes: &Attributes) -> Result<()> {
    let room = lease.context.store.room(&lease.place).await?;
    let needed = target.bytes + Size(BYTES_BESIDE);
    if let Some(bytes) = room.bytes.filter(|bytes| *bytes < needed) {
        return Err(Error::new(Code::NoSpace, format!("no room for {}", target.id))
            .why(format!("the new files need up to {needed} beside the old ones, {} has {bytes}", room.limit))
            .next("lakehand cleanup --older-than 7d --dry-run    shows what backups would free"));
    }
    let names = target.output_count() as u64 + NAMES_BESIDE;
    if let Some(left) = room.names.filter(|left| *left < names) {
        return Err(Error::new(Code::Quota, format!("no names left for {}", target.id))
            .why(format!("{names} files are to be made, {} has room for {left}", room.limit)));
    }
    probe(lease, attributes).await
}

/// Makes a file with the outputs' attributes, and sees that a rename never replaces anything.
async fn probe(lease: &Lease, attributes: &Attributes) -> Result<()> {
    let mut attempts = Attempts::of(&lease.context);
    loop {
        let (one, other) = (lease.scratch_name()?, lease.scratch_name()?);
        let result = probe_with(lease, attributes, &one, &other).await;
        lease.hold().remove_parked(&one).await?;
        lease.hold().remove_parked(&other).await?;
        match result {
            Ok(()) => {
                attempts.succeeded();
                return Ok(());
            }
            Err(error) => attempts.once_more(error).await?,
        }
    }
}

async fn probe_with(lease: &Lease, attributes: &Attributes, one: &str, other: &str) -> Result<()> {
    for name in [one, other] {
        let file = lease.hold().create_parked(name).await?;
        file.finish(attributes, None).await.map_err(|error| {
            error
                .context("a new file could not be given the owner, group, mode and ACL of the old ones")
                .lake("nothing was changed")
        })?;
    }
    match lease.hold().rename_parked(one, other).await {
        Err(error) if error.code() == Code::AlreadyExists => Ok(()),
        Err(error) => Err(error.context("a rename could not be tried")),
        Ok(()) => Err(Error::new(Code::UnsupportedStore, "the store lets a rename replace a file")
            .why("an exchange is only safe where it fails instead")),
    }
}
