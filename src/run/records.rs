//! Small files of an epoch: each is written under a scratch name, synced, closed, and renamed into place without overwrite
//! (PROTOCOL §2).

use bytes::Bytes;

use super::again::Attempts;
use super::lease::{Lease, nonce};
use crate::error::Result;
use crate::ledger::names::Parked;
use crate::ledger::record::{self, Record};

impl Lease {
    /// Writes a record under a scratch name, syncs it and renames it into place; the epoch itself is synced by the
    /// caller, who knows what else must be durable with it.
    pub(super) async fn write_record<R: Record>(&self, name: &Parked, content: &R) -> Result<()> {
        self.write_file(name, record::encode(content)?).await
    }

    pub(super) async fn write_file(&self, name: &Parked, bytes: Vec<u8>) -> Result<()> {
        let written = self.write_scratch(bytes.into()).await;
        let scratch = written.map_err(|error| error.context(format!("{name} of {}", self.tenant.id)))?;
        self.hold().rename_parked(&scratch, &name.to_string()).await
    }

    /// Writes a file under a scratch name, once more where its servers fail; the name.
    async fn write_scratch(&self, bytes: Bytes) -> Result<String> {
        let mut attempts = Attempts::of(&self.context);
        loop {
            let scratch = self.scratch_name()?;
            let attempt = async {
                let mut file = self.hold().create_parked(&scratch).await?;
                file.write(bytes.clone()).await?;
                file.finish(&self.attributes, None).await
            };
            match attempt.await {
                Ok(()) => {
                    attempts.succeeded();
                    return Ok(scratch);
                }
                Err(error) => attempts.once_more(error).await?,
            }
            self.drop_scratch(&scratch).await;
        }
    }

    pub(super) fn scratch_name(&self) -> Result<String> {
        Ok(Parked::Scratch(nonce(&self.context)?.0).to_string())
    }

    /// Removes what an attempt may have left. What stays means nothing, and goes before the epoch goes to rest.
    pub(super) async fn drop_scratch(&self, scratch: &str) {
        let _ = self.hold().remove_parked(scratch).await;
    }
}
