//! A lake that is open for looking, and this user's directories.

use std::sync::Arc;

use crate::config::{Paths, Settings};
use crate::error::{Code, Error, Result};
use crate::lake::{self, Reader};
use crate::ledger::Ledger;
use crate::scan::{Cache, Scanner};

/// What every action works with. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Session {
    /// The lake.
    pub reader: Reader,
    /// The user's directories.
    pub paths: Paths,
}

/// The URI of a profile's lake, without looking at it: a local directory was made real when the settings were read.
pub fn lake_name(settings: &Settings) -> String {
    settings.lake.as_ref().map(|root| lake::uri(settings, root)).unwrap_or_default()
}

impl Session {
    /// Opens the lake of a profile for looking.
    pub async fn open(settings: Arc<Settings>, paths: Paths) -> Result<Session> {
        Ok(Session { reader: lake::open_reader(settings).await?, paths })
    }

    /// The settings of the profile.
    pub fn settings(&self) -> &Settings {
        &self.reader.settings
    }

    /// The lake's URI, as plans and runs name it.
    pub fn lake(&self) -> String {
        self.reader.store.uri(&self.reader.root)
    }

    /// The lake's records.
    pub fn ledger(&self) -> Ledger {
        let index = self.settings().run_index.as_ref();
        Ledger::new(Arc::clone(&self.reader.store), self.reader.root.clone(), index)
    }

    /// The user, where the run index lies in this user's own directory, where nobody else notes runs.
    pub async fn only_runs_of(&self) -> Result<Option<String>> {
        let apart = self.reader.store.capabilities().remote;
        let own = self.settings().run_index.as_ref().is_some_and(|index| index.as_str().contains("/.lakehand/"));
        if apart && own { self.reader.store.user().await.map(Some) } else { Ok(None) }
    }

    pub(super) fn scanner(&self) -> Scanner {
        let reader = &self.reader;
        Scanner::new(Arc::clone(&reader.store), Arc::clone(&reader.catalog), reader.settings.policy.clone())
    }

    pub(super) fn cache(&self) -> Cache {
        super::cache_of(&self.paths, &self.lake())
    }

    /// Nothing is ordered where changes are off.
    pub(super) fn may_change(&self) -> Result<()> {
        if !self.settings().read_only {
            return Ok(());
        }
        Err(Error::new(Code::ReadOnly, format!("changes are off on {}", self.settings().profile))
            .why("the profile or a flag says read-only")
            .lake("unchanged")
            .next("save the plan with lakehand plan --save FILE; somebody who may write can run it"))
    }
}
