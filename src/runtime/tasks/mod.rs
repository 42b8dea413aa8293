//! Effects as tasks that send messages back. `EventLoop` keeps those of the terminal for itself; everything else ends
//! up here.

mod context;
mod lake;
mod look;
mod planning;
mod pulse;
mod runs;
mod slots;
mod views;

use std::io::Write;

use tokio::sync::mpsc;

use super::{RuntimeEnv, basket};
use crate::app::{Effect, LakeMsg, Msg, Reading};
use context::Context;
use slots::{Slot, Slots, guarded};
use views::Views;

/// Messages that wait before tasks have to.
const CHANNEL: usize = 1_024;

/// Every task of the console, and the channel on which they answer.
pub(super) struct Tasks {
    context: Context,
    sender: mpsc::Sender<Msg>,
    receiver: mpsc::Receiver<Msg>,
    slots: Slots,
    views: Views,
    cache_read: bool,
}

impl Tasks {
    pub(super) fn new(env: RuntimeEnv) -> Tasks {
        let (sender, receiver) = mpsc::channel(CHANNEL);
        let views = Views::new(env.paths.clone(), sender.clone());
        let slots = Slots::new(sender.clone());
        Tasks { context: Context::new(env), sender, receiver, slots, views, cache_read: false }
    }

    /// Watches the lake's servers from now on.
    pub(super) fn watch_servers(&self) {
        let sender = self.sender.clone();
        tokio::spawn(guarded(sender.clone(), pulse::watch(self.context.clone(), sender)));
    }

    /// The next message.
    pub(super) async fn next(&mut self) -> Msg {
        match self.receiver.recv().await {
            Some(msg) => self.saw(msg),
            // We hold a sender, so the channel never ends.
            None => std::future::pending().await,
        }
    }

    /// A message that is there already.
    pub(super) fn waiting(&mut self) -> Option<Msg> {
        self.receiver.try_recv().ok().map(|msg| self.saw(msg))
    }

    /// Whether the first frame has what it waits for.
    pub(super) fn cache_was_read(&self) -> bool {
        self.cache_read
    }

    fn saw(&mut self, msg: Msg) -> Msg {
        match &msg {
            Msg::Lake(LakeMsg::Cached(_)) => self.cache_read = true,
            Msg::Run(run) => self.views.saw(run),
            _ => {}
        }
        msg
    }

    /// Begins to carry out an effect; never waits.
    pub(super) fn start(&mut self, effect: Effect) {
        let (context, slots) = (self.context.clone(), &mut self.slots);
        match effect {
            Effect::LoadLake => slots.start(Slot::Names, |ticket| lake::load(context, ticket)),
            Effect::ScanLake => {
                slots.start(Slot::Reading(Reading::Lake), |ticket| lake::scan_lake(context, ticket));
            }
            Effect::ScanTables(tables) => {
                slots.start(Slot::Rows(tables.clone()), |ticket| lake::scan_tables(context, ticket, tables));
            }
            Effect::ScanTable(table) => {
                let slot = Slot::Reading(Reading::Table(table.clone()));
                slots.start(slot, |ticket| lake::scan_table(context, ticket, table));
            }
            Effect::ScanTarget(target) => {
                let slot = Slot::Reading(Reading::Target(target.clone()));
                slots.start(slot, |ticket| lake::scan_target(context, ticket, target));
            }
            Effect::ListFiles(target) => slots.start(Slot::Files, |ticket| look::files(context, ticket, target)),
            Effect::Inspect { subject, footers } => {
                slots.start(Slot::Details, |ticket| look::inspect(context, ticket, subject, footers));
            }
            Effect::StopReading => slots.stop_all(),
            Effect::Plan { marks } => slots.start(Slot::Plan, |ticket| planning::make(context, ticket, marks)),
            Effect::CheckPlan(plan) => slots.start(Slot::Plan, |ticket| planning::check(context, ticket, plan)),
            Effect::ListRuns => slots.start(Slot::Runs, |ticket| runs::list(context, ticket)),
            Effect::ShowRun(run) => {
                slots.start(Slot::Run(run.clone()), |ticket| runs::show(context, ticket, run));
            }
            Effect::Preview { kind, of, within, terms } => {
                slots.start(Slot::Preview, |ticket| runs::preview(context, ticket, kind, of, within, terms))
            }
            Effect::Examine => slots.start(Slot::Doctor, |ticket| look::examine(context, ticket)),
            other => self.start_for_good(other),
        }
    }

    /// What nothing replaces or stops.
    fn start_for_good(&mut self, effect: Effect) {
        let (context, sender) = (self.context.clone(), self.sender.clone());
        match effect {
            Effect::Attach(run) => self.views.attach(run),
            Effect::Detach(run) => self.views.detach(&run),
            Effect::Steer { run, request } => self.views.steer(&run, request),
            Effect::SavePlan { plan, path } => {
                tokio::spawn(guarded(sender.clone(), planning::save(context, sender, plan, path)));
            }
            Effect::SaveBasket(marks) => {
                let env = context.env();
                if let Err(error) = basket::save(&env.paths, &env.settings, &marks) {
                    let _ = sender.try_send(Msg::Failed(error.into()));
                }
            }
            orders => {
                tokio::spawn(guarded(sender.clone(), runs::order(context, sender, orders)));
            }
        }
    }

    /// Says on stderr which runs go on, once the terminal is the shell's again.
    pub(super) fn say_goodbye(&self) {
        let farewell = self.views.farewell();
        if !farewell.is_empty() {
            let _ = writeln!(std::io::stderr(), "{farewell}");
        }
    }
}
