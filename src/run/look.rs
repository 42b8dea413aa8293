//! A look at everything that PROTOCOL §5 asks about a target in our hands.

use std::sync::Arc;

use crate::error::{Code, Error, Result};
use crate::ledger::classify::{Directory, Facts, Tally, Tripwire};
use crate::ledger::intent::Intent;
use crate::ledger::names::Parked;
use crate::ledger::place::EpochFiles;
use crate::ledger::presence;
use crate::ledger::record;
use crate::ledger::sight::{Live, Sight};

use super::lease::Lease;

/// What a look saw.
#[derive(Debug)]
pub(super) struct Looked {
    pub facts: Facts,
    pub files: EpochFiles,
    pub live: Live,
    pub open: Option<Open>,
}

/// The open exchange, and where its files are.
#[derive(Debug)]
pub(super) struct Open {
    pub number: u64,
    pub intent: Arc<Intent>,
    pub sight: Sight,
}

impl Looked {
    pub(super) fn tally(&self) -> Tally {
        self.facts.open.unwrap_or_default()
    }
}

impl Lease {
    /// Looks at both sides.
    pub(super) async fn look(&mut self) -> Result<Looked> {
        let files = self.list_epoch().await?;
        let open = self.open_intent(&files).await?;
        let store = self.context.store.as_ref();
        let intent = open.as_ref().map(|(_, intent)| intent.as_ref());
        let directory = presence::directory(store, &self.tenant.location, intent).await?;
        let live = if directory == Directory::Gone { Live::default() } else { self.list_target().await? };
        let open = open.map(|(number, intent)| {
            let sight = Sight::of(&intent, number, &live, &files);
            Open { number, intent, sight }
        });
        let facts = Facts {
            epoch: true,
            directory,
            open: open.as_ref().map(|open| open.sight.tally()),
            first: open.as_ref().is_some_and(|open| open.number == 1),
            done: !files.dones.is_empty(),
            tripwire: open.as_ref().map_or(Tripwire::Rest, |open| open.sight.tripwire),
            emptied: open.as_ref().is_some_and(|open| files.emptied.contains(&open.number)),
        };
        Ok(Looked { facts, files, live, open })
    }

    async fn open_intent(&mut self, files: &EpochFiles) -> Result<Option<(u64, Arc<Intent>)>> {
        if files.intents.len() > 1 {
            return Err(Error::new(Code::DamagedRecord, format!("{} holds two open intents", self.path()))
                .why("no act of this program leads there")
                .lake("all files were left where they are"));
        }
        let Some(number) = files.open() else { return Ok(None) };
        if let Some((known, intent)) = &self.intent
            && *known == number
        {
            return Ok(Some((number, Arc::clone(intent))));
        }
        let path = self.path().join(&Parked::Intent(number).to_string());
        let intent: Arc<Intent> = Arc::new(record::read(self.context.store.as_ref(), &path).await?);
        self.intent = Some((number, Arc::clone(&intent)));
        Ok(Some((number, intent)))
    }
}
