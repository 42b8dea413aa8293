//! Rollback: the same exchange, the other way round, in the epoch of the run that it takes back. It deletes nothing,
//! files written since stay, and it can be taken back itself (PROTOCOL §6).

use futures::FutureExt;

use crate::error::{Code, Error, Result};
use crate::ledger::holding::Holding;
use crate::ledger::intent::ExchangeKind;
use crate::ledger::judge;
use crate::ledger::place::read_shares;
use crate::ledger::share::{Share, shares_of};
use crate::model::{RunId, RunKind, Scope, Step, TargetOutcome, TargetState};

use super::Context;
use super::conclude::Conclusion;
use super::exchange::Exchange;
use super::lease::Lease;
use super::settle::reverse;
use super::sweep::{Sweep, outcome};

/// Takes a run back.
pub(super) async fn execute(context: &Context, run: &RunId, of: RunId, scope: Scope) -> Result<Vec<TargetOutcome>> {
    let (_, shares) = shares_of(&context.ledger(), &of, &scope).await?;
    if shares.is_empty() {
        return Err(Error::new(Code::NotRollbackable, format!("run {of} keeps nothing that could be put back"))
            .why("its backup was deleted, or it never replaced anything")
            .lake("nothing was changed"));
    }
    let sweep = Sweep::begin(context, run, RunKind::Rollback, Some(of.clone()), scope, &shares).await?;
    Ok(sweep.each(&shares, |index, share| target(&sweep, &of, index, share).boxed()).await)
}

async fn target(sweep: &Sweep, of: &RunId, index: usize, share: &Share) -> TargetOutcome {
    sweep.reporter.step(index, Step::Lease);
    let mut lease = match Lease::take(&sweep.context, sweep.tenant(share), &share.epoch).await {
        Ok(lease) => lease,
        Err(error) => return outcome(share, Conclusion::failed(&error)),
    };
    sweep.reporter.step(index, Step::List);
    let exchange = match prepare(of, &mut lease).await {
        Ok(exchange) => exchange,
        Err(error) => return outcome(share, lease.give_up(error).await),
    };
    sweep.reporter.step(index, Step::Exchange);
    let account = exchange.account.clone();
    let exchanged = match lease.exchange(exchange).await {
        Ok(exchanged) => exchanged,
        Err(error) => return outcome(share, lease.give_up(error).await),
    };
    sweep.reporter.step(index, Step::Metastore);
    super::compact::note(&sweep.context, &share.id, &exchanged.driven, &account, &sweep.reporter).await;
    let conclusion = lease.conclude(exchanged).await;
    let done = conclusion.state == TargetState::RolledBack;
    let mut outcome = outcome(share, conclusion);
    if done {
        outcome.files_after = account.files_after;
        outcome.bytes_after = account.bytes_after;
        outcome.rows = account.rows;
    }
    outcome
}

/// Judges again, under the lease.
async fn prepare(of: &RunId, lease: &mut Lease) -> Result<Exchange> {
    let looked = lease.look().await?;
    let store = lease.context.store.as_ref();
    let holding = Holding::read(store, &lease.path(), &looked.files, &looked.live).await?;
    let shares = read_shares(store, &lease.place).await?;
    let neighbours = judge::neighbours(store, &lease.place, &shares, &lease.name.run).await?;
    judge::rollback(of, &holding, &neighbours, &looked.live)?;
    let exchange = reverse(&holding, &looked.files, ExchangeKind::Rollback)?;
    // Partition and location as then; whether the table was made anew since does not matter while its files are these.
    let now = lease.context.catalog.target(&lease.tenant.id).await?;
    let Some(now) = now.filter(|now| now.location == lease.tenant.location) else {
        return Err(Error::new(Code::NotRollbackable, format!("{} is not where it was", lease.tenant.id))
            .why("the catalog says that it is gone or lies elsewhere"));
    };
    Ok(Exchange { identity: now.identity, ..exchange })
}
