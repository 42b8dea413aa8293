//! Restore: copy the kept files of a run aside, into a directory that is made for it.

use super::Session;
use crate::client;
use crate::error::{Code, Error, Result};
use crate::ipc::Order;
use crate::model::{RunId, Scope, StorePath};

/// Starts the copy. `to` is an absolute path outside the tables that does not exist yet.
pub async fn restore(session: &Session, of: &RunId, scope: &Scope, to: &str) -> Result<RunId> {
    session.may_change()?;
    let directory = StorePath::new(to)?;
    if session.reader.store.stat(&directory).await?.is_some() {
        return Err(Error::new(Code::AlreadyExists, format!("{directory} is there already"))
            .lake("unchanged")
            .next("name a directory that does not exist yet; it is made"));
    }
    let order = Order::Restore { of: of.clone(), scope: scope.clone(), to: directory.to_string() };
    client::start(&session.paths, session.settings(), &order).await
}
