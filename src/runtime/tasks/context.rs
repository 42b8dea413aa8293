//! What every task works with. The lake is opened by the first task that needs it, again after a failure.

use std::sync::Arc;

use tokio::sync::OnceCell;

use super::super::RuntimeEnv;
use crate::action::{self, Session};
use crate::app::Failure;
use crate::error::{Code, Error, Result};

/// Shared by all tasks.
#[derive(Clone)]
pub(super) struct Context {
    env: Arc<RuntimeEnv>,
    session: Arc<OnceCell<Session>>,
}

impl Context {
    pub(super) fn new(env: RuntimeEnv) -> Context {
        Context { env: Arc::new(env), session: Arc::default() }
    }

    pub(super) fn env(&self) -> &RuntimeEnv {
        &self.env
    }

    /// The lake.
    pub(super) async fn session(&self) -> Result<&Session> {
        let open = || Session::open(self.env.settings.clone(), self.env.paths.clone());
        self.session.get_or_try_init(open).await
    }

    /// The lake's name, without looking at it.
    pub(super) fn lake_name(&self) -> String {
        action::lake_name(&self.env.settings)
    }

    /// The lake, for what asks the store or the catalog.
    pub(super) async fn online(&self) -> Result<&Session, Failure> {
        if self.env.offline {
            let error = Error::new(Code::Unavailable, "offline: only the cache is shown")
                .next("start without --offline to look at the lake");
            return Err(error.into());
        }
        Ok(self.session().await?)
    }
}
