//! Opening the lake of an order for writing; the guard does so only after its worker has died.

use std::sync::Arc;

use super::WorkerLaunch;
use crate::error::{Code, Error, Result};
use crate::lake;
use crate::run::{Context, Control, Observer};

/// What the engine works with in this process.
pub async fn open(launch: &WorkerLaunch, control: Control, observer: Arc<dyn Observer>) -> Result<Context> {
    if launch.settings.read_only {
        return Err(Error::new(Code::ReadOnly, "changes are off").lake("unchanged"));
    }
    let writer = lake::open_writer(Arc::new(launch.settings.clone())).await?;
    Context::of_this_machine(writer, control, observer).await
}
