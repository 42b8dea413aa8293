//! A context of this machine: its clock, chance and processes, and a lake that is open for writing.

use std::sync::Arc;

use super::again::Patience;
use super::context::{Context, Observer};
use super::control::Control;
use super::seams::{NativeRewriter, SystemClock, SystemProcesses, SystemRandom, this_process};
use crate::error::Result;
use crate::format::MemoryPool;
use crate::lake::{Tickets, Writer};
use crate::ledger::Ledger;
use crate::store::Read;

impl Context {
    /// What a run of this process works with on a lake.
    pub async fn of_this_machine(writer: Writer, control: Control, observer: Arc<dyn Observer>) -> Result<Context> {
        let me = this_process(writer.store.user().await?)?;
        let settings = &writer.settings;
        let reading: Arc<dyn Read> = Arc::clone(&writer.store) as Arc<dyn Read>;
        let index = Ledger::new(reading, writer.root.clone(), settings.run_index.as_ref()).index;
        Ok(Context {
            index,
            targets_at_a_time: settings.limits.targets,
            clock: Arc::new(SystemClock::default()),
            random: Arc::new(SystemRandom),
            processes: Arc::new(SystemProcesses),
            tickets: Arc::new(Tickets::of(&writer)),
            rewriter: Arc::new(NativeRewriter),
            observer,
            control,
            patience: Patience::default(),
            pool: Arc::new(MemoryPool::new(settings.limits.memory)),
            me,
            root: writer.root,
            store: writer.store,
            catalog: writer.catalog,
        })
    }
}
