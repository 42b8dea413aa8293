//! Step 7, the exchange: list again, intent, tripwire, out, look, in. From the intent on there is no pause and no
//! cancel, and every surprise is answered by the driver, which also ends every exchange that had none.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crate::error::{Code, Error, Result};
use crate::ledger::classify::{Directory, Tripwire};
use crate::ledger::frame::Frame;
use crate::ledger::intent::{Account, ExchangeKind, Intent, Moving, Seen};
use crate::ledger::names::Parked;
use crate::ledger::sight::Live;
use crate::model::{counted, duration_text};

use super::drive::Driven;
use super::lease::Lease;
use super::look::Looked;
use super::moves::{Move, tripwire_text};

/// What must be left of a ticket when an exchange begins.
const TICKET_LEAST: Duration = Duration::from_secs(600);

/// What an exchange is to do.
#[derive(Debug)]
pub(super) struct Exchange {
    pub kind: ExchangeKind,
    pub frame: Frame,
    pub identity: String,
    pub out: Vec<Moving>,
    pub arriving: Vec<Moving>,
    pub account: Account,
}

/// How an exchange ended, and the error that turned it back, if one did.
#[derive(Debug)]
pub(super) struct Exchanged {
    pub driven: Driven,
    pub cause: Option<Error>,
}

impl Lease {
    /// Steps 7a to 7e. An error says that nothing was touched and no intent written.
    pub(super) async fn exchange(&mut self, exchange: Exchange) -> Result<Exchanged> {
        self.may_log_in().await?;
        let (number, intent) = self.intend(exchange).await?;
        let cause = self.carry_out(number, &intent).await.err();
        if let Some(error) = &cause {
            if error.code() == Code::TakenOver {
                return Err(cause.unwrap_or_else(|| Error::new(Code::TakenOver, "taken over")));
            }
            if error.is_unknown_outcome() {
                self.fence().await?;
            }
        }
        Ok(Exchanged { driven: self.drive().await?, cause })
    }

    /// Whoever loses the connection within an exchange must be able to log in again to end it.
    async fn may_log_in(&self) -> Result<()> {
        match self.context.tickets.left().await {
            Ok(Some(left)) if left < TICKET_LEAST => {
                Err(Error::new(Code::KerberosNoTicket, "the Kerberos ticket ends too soon for an exchange")
                    .why(format!("{} are left, {} are needed", duration_text(left), duration_text(TICKET_LEAST)))
                    .lake("the live files were not touched")
                    .next("kinit, then run it again; or set kerberos.keytab in the profile"))
            }
            Ok(_) => Ok(()),
            Err(error) => Err(error.lake("the live files were not touched")),
        }
    }

    /// 7a and 7b: the last look at an untouched target, and the durable intent.
    async fn intend(&mut self, exchange: Exchange) -> Result<(u64, Arc<Intent>)> {
        self.same_in_catalog(&exchange.identity).await?;
        let looked = self.look().await?;
        if looked.facts.directory != Directory::Same || looked.open.is_some() {
            return Err(changed(format!("{} is not what it was", self.tenant.location)));
        }
        unchanged(&exchange.out, &looked.live)?;
        let arriving = named(exchange.arriving, &exchange.frame, self, &looked.live)?;
        let leaving: BTreeSet<&str> = exchange.out.iter().map(Moving::live_name).collect();
        let others = looked.live.visible().filter(|entry| !leaving.contains(entry.name.shown().as_str()));
        let locks = self.context.store.capabilities().locks;
        let intent = Intent {
            run: self.tenant.run.clone(),
            kind: exchange.kind,
            target: self.tenant.id.clone(),
            location: self.tenant.location.clone(),
            identity: exchange.identity,
            frame: exchange.frame,
            others: others.map(Seen::of).collect(),
            directory: if locks { self.hold().target_identity().await? } else { None },
            at: self.context.clock.now(),
            actor: self.context.me.clone(),
            account: exchange.account,
            arriving,
            out: exchange.out,
        };
        let number = looked.files.last_done().unwrap_or(0) + 1;
        self.sync_above().await?;
        if looked.files.trips.contains(&number) {
            // Whoever wrote it ended before its intent was there (a quota, a full disk): it stands for nothing.
            self.hold().remove_parked(&Parked::Trip(number).to_string()).await?;
        }
        self.write_file(&Parked::Trip(number), tripwire_text(&intent).into_bytes()).await?;
        self.hold().sync().await?;
        self.write_record(&Parked::Intent(number), &intent).await?;
        self.hold().sync().await?;
        let intent = Arc::new(intent);
        self.intent = Some((number, Arc::clone(&intent)));
        Ok((number, intent))
    }

    /// 7c: an error is a surprise; the driver looks at what came of it.
    async fn carry_out(&mut self, number: u64, intent: &Intent) -> Result<()> {
        self.tripwire_in(intent, number).await?;
        let before = self.look().await?;
        self.expect_untouched(&before)?;
        self.linger().await;
        let out = intent.out.iter();
        self.all(out.map(|file| Move::Out { live: file.live_name().to_owned(), parked: file.kept_name() }).collect())
            .await?;
        let between = self.look().await?;
        let tally = between.tally();
        let all_out = tally.kept == intent.out.len() as u64 && tally.staged == intent.arriving.len() as u64;
        if between.facts.tripwire != Tripwire::Live || !all_out {
            return Err(changed("the files were touched while they were exchanged"));
        }
        self.bring_staged(&between).await
    }

    /// The listing under the tripwire: as before, nothing new.
    fn expect_untouched(&self, looked: &Looked) -> Result<()> {
        let Some(open) = &looked.open else { return Err(changed("the intent is gone")) };
        let tally = looked.tally();
        let whole = tally.live == open.intent.out.len() as u64 && tally.staged == open.intent.arriving.len() as u64;
        if looked.facts.tripwire != Tripwire::Live || !whole {
            return Err(changed("files changed at the last moment"));
        }
        match open.sight.newcomers.as_slice() {
            [] => Ok(()),
            new => Err(changed(format!("{} came at the last moment", counted(new.len() as u64, "file")))),
        }
    }

    /// The catalog still says what it said.
    pub(super) async fn same_in_catalog(&self, identity: &str) -> Result<()> {
        let id = &self.tenant.id;
        match self.context.catalog.target(id).await? {
            None => Err(changed(format!("{id} is no longer in the catalog"))),
            Some(now) if now.location != self.tenant.location => {
                Err(changed(format!("{id} moved to {}", now.location)))
            }
            Some(now) if now.identity != identity => Err(changed(format!("{id} was dropped and made anew"))),
            Some(_) => Ok(()),
        }
    }

    /// Makes the place itself durable: its epoch holds what must not be lost.
    async fn sync_above(&self) -> Result<()> {
        self.hold().sync().await?;
        self.context.store.sync_dir(&self.place).await
    }
}

pub(super) fn unchanged(out: &[Moving], live: &Live) -> Result<()> {
    let wrong: Vec<&Moving> =
        out.iter().filter(|file| !live.get(file.live_name()).is_some_and(|entry| file.is(entry))).collect();
    match wrong.as_slice() {
        [] => Ok(()),
        [first, ..] => Err(changed(format!(
            "{} changed or gone, first {}",
            counted(wrong.len() as u64, "file"),
            first.live_name()
        ))),
    }
}

/// Gives every arriving file a name that is free.
fn named(arriving: Vec<Moving>, frame: &Frame, lease: &Lease, live: &Live) -> Result<Vec<Moving>> {
    let free = |mut file: Moving| {
        file.live = None;
        if live.get(&file.name).is_none() {
            return Ok(file);
        }
        let other = frame.back(&lease.tenant.run, &file.name);
        if live.get(&other).is_some() {
            return Err(changed(format!("{} cannot come back", file.name))
                .why(format!("its name and {other} are both taken"))
                .next("move one of the two away"));
        }
        file.live = Some(other);
        Ok(file)
    };
    arriving.into_iter().map(free).collect()
}

pub(super) fn changed(what: impl Into<String>) -> Error {
    Error::new(Code::Changed, what)
}
