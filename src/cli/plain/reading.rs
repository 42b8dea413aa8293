//! Reading while somebody listens: how far it is every ten seconds, and Ctrl-c stops it. A run is never stopped by it.

use std::future::Future;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::Plain;
use crate::action::{self, Analysis, Details, ScanEvent, Selection};
use crate::error::Result;
use crate::model::{Footers, Plan, RunLimits, Subject, count_text, duration_text};

/// Events that may wait to be counted.
const EVENTS: usize = 256;
/// How often it is said how far a reading is.
const SAID_EVERY: Duration = Duration::from_secs(10);

/// How far a reading is.
#[derive(Default)]
struct Far {
    listed: u64,
    listing: u64,
    footers: Option<(u64, u64)>,
}

impl Far {
    fn take(&mut self, event: ScanEvent) {
        match event {
            ScanEvent::Target(target) => (self.listed, self.listing) = (self.listed + target.files(), 0),
            ScanEvent::Listing { files_so_far, .. } => self.listing = files_so_far,
            ScanEvent::Footers { done, total } => self.footers = Some((done, total)),
            _ => {}
        }
    }

    fn text(&self, since: Instant) -> String {
        let elapsed = duration_text(since.elapsed());
        match self.footers {
            Some((done, total)) => format!("{} of {} footers, {elapsed}", count_text(done), count_text(total)),
            None => format!("{} files so far, {elapsed}", count_text(self.listed + self.listing)),
        }
    }
}

impl Plain<'_> {
    fn read<T, F: Future<Output = Result<T>>>(
        &self,
        read: impl FnOnce(CancellationToken, mpsc::Sender<ScanEvent>) -> F,
    ) -> Result<T> {
        self.session.block_on(async {
            let (cancel, since) = (CancellationToken::new(), Instant::now());
            let (sender, mut events) = mpsc::channel(EVENTS);
            let work = read(cancel.clone(), sender);
            tokio::pin!(work);
            let mut far = Far::default();
            let mut ticks = tokio::time::interval_at(tokio::time::Instant::now() + SAID_EVERY, SAID_EVERY);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                tokio::select! {
                    done = &mut work => return done,
                    Ok(()) = tokio::signal::ctrl_c() => {
                        self.session.output.say("this stops only the reading");
                        cancel.cancel();
                    }
                    Some(event) = events.recv() => far.take(event),
                    _ = ticks.tick() => self.session.output.say(&far.text(since)),
                }
            }
        })
    }

    /// Lists what is selected.
    pub(super) fn analyze(&self, selection: Selection) -> Result<Analysis> {
        self.read(|cancel, sender| async move {
            let lake = self.session.open(&self.settings).await?;
            action::analyze(&lake, &selection, Some(sender), &cancel).await
        })
    }

    /// Looks at a table or a target.
    pub(super) fn look(&self, subject: Subject, footers: Footers) -> Result<Details> {
        self.read(|cancel, sender| async move {
            let lake = self.session.open(&self.settings).await?;
            action::inspect(&lake, &subject, &footers, Some(sender), &cancel).await
        })
    }

    /// Plans what is selected, and keeps the plan.
    pub(super) fn plan_of(&self, selection: Selection) -> Result<Plan> {
        self.read(|cancel, sender| async move {
            let lake = self.session.open(&self.settings).await?;
            let plan = action::plan(&lake, &selection, Some(sender), &cancel).await?;
            action::save_plan(&lake, &plan)?;
            if let Some(warning) = action::ticket_warning(&lake, &plan, RunLimits::default()).await {
                self.session.output.say(&warning);
            }
            Ok(plan)
        })
    }
}
