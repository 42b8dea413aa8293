//! Steps 1 and 3: whether a target may be worked on, and whether it is still what its plan says. The plan judged it
//! once; here everything is asked again.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::error::{Code, Error, Result};
use crate::ledger::frame::LONGEST_NAME;
use crate::ledger::listing;
use crate::ledger::sight::Live;
use crate::model::{Attributes, FileTime, KnownFile, Owner, PlannedTarget, Policy, RunId, age_text, clean};
use crate::plan::{Differences, Found};
use crate::store::{Entry, EntryKind, EntryName};

use super::Context;
use super::exchange::changed;
use super::lease::Lease;

const STICKY: u32 = 0o1000;
const SUPERUSER: &str = "root";

/// Step 1: refusals that need no lease (PROTOCOL §8), and the quiet period.
pub(super) async fn check(context: &Context, target: &PlannedTarget, policy: &Policy) -> Result<()> {
    same_in_catalog(context, target).await?;
    context.store.supported(&target.location).await?;
    let live = list(context, target).await?;
    let attributes = context.store.attributes(&target.location).await?;
    entries_are_supported(target, &live, &attributes, context)?;
    quiet(&live, policy, context.clock.now())?;
    matches_plan(target, &live)
}

/// Step 3's part without footers, under the lease; the listing that it was judged by.
pub(super) async fn still_as_planned(lease: &mut Lease, target: &PlannedTarget) -> Result<Live> {
    let live = lease.list_target().await?;
    matches_plan(target, &live)?;
    Ok(live)
}

/// Whether the target drifted; used for all targets before the first write.
pub(super) async fn drifted(context: &Context, target: &PlannedTarget) -> Result<()> {
    same_in_catalog(context, target).await?;
    matches_plan(target, &list(context, target).await?)
}

async fn list(context: &Context, target: &PlannedTarget) -> Result<Live> {
    let store = &context.store;
    let entries = listing::agreed(target.location.as_str(), || store.list(&target.location)).await;
    match entries {
        Ok(entries) => Ok(Live::of(entries)),
        Err(error) if error.code() == Code::NotFound => Err(changed(format!("{} is gone", target.location))),
        Err(error) => Err(error),
    }
}

async fn same_in_catalog(context: &Context, target: &PlannedTarget) -> Result<()> {
    let Some(now) = context.catalog.target(&target.id).await? else {
        return Err(changed(format!("{} is no longer in the catalog", target.id)));
    };
    if now.location != target.location || now.identity != target.identity {
        return Err(changed(format!("{} is another one than when it was planned", target.id)));
    }
    let table = context.catalog.table(&target.id.table_name()).await?;
    let shared = context.catalog.shared_location(&target.id, &target.location).await?;
    match table.refusals.iter().chain(&now.refusals).chain(&shared).next() {
        None => Ok(()),
        Some(reason) => Err(reason.clone().into()),
    }
}

fn entries_are_supported(
    target: &PlannedTarget,
    live: &Live,
    attributes: &Attributes,
    context: &Context,
) -> Result<()> {
    let refuse = |entry: &Entry, why: &str| {
        Err(Error::new(Code::UnsupportedEntry, format!("{} holds {}", target.location, clean(&entry.name.shown())))
            .why(why.to_owned()))
    };
    for entry in live.visible() {
        if let Some(run) = entry.name.text().and_then(RunId::of_tripwire) {
            return Err(run.tripwire_reason().into());
        }
        match entry.kind {
            EntryKind::Symlink => return refuse(entry, "a symbolic link: what it points to is not known to be here"),
            EntryKind::Special => return refuse(entry, "a pipe, socket or device"),
            EntryKind::Directory => return refuse(entry, "a directory inside a target"),
            EntryKind::File => {}
        }
        match &entry.name {
            EntryName::NotText(_) => return refuse(entry, "a name that is not UTF-8"),
            EntryName::Text(name) if name.len() > LONGEST_NAME => {
                return refuse(entry, "a name of more than 200 bytes");
            }
            EntryName::Text(_) => {}
        }
        let others = entry.owner.user != context.me.user && attributes.owner.user != context.me.user;
        if attributes.mode & STICKY != 0 && others && context.me.user != SUPERUSER {
            return refuse(entry, "a file of another user in a directory with the sticky bit: it could not be moved");
        }
    }
    Ok(())
}

fn quiet(live: &Live, policy: &Policy, now: DateTime<Utc>) -> Result<()> {
    let Some(newest) = live.visible().max_by_key(|entry| entry.modified) else { return Ok(()) };
    match newest.modified.age(now) {
        Some(age) if age >= policy.quiet_period => Ok(()),
        age => {
            let when = age.map_or_else(|| "in the future".to_owned(), |age| format!("{} ago", age_text(age)));
            Err(Error::new(Code::NotQuiet, "somebody may still be writing")
                .why(format!("{} was changed {when}", clean(&newest.name.shown())))
                .next(format!("wait until it is quiet for {}", age_text(policy.quiet_period))))
        }
    }
}

fn matches_plan(target: &PlannedTarget, live: &Live) -> Result<()> {
    // A file that is merged twice would count twice.
    let mut names = BTreeSet::new();
    if let Some(twice) = target.leaving().find(|file| !names.insert(file.name.as_str())) {
        return Err(
            changed(format!("{} is in the plan twice", clean(&twice.name))).why("no plan of this program is so")
        );
    }
    let find = |file: &KnownFile| Found::of(file, live.get(&file.name).and_then(Entry::known_file).as_ref());
    match Differences::of(target, live.count(), find).text(None) {
        None => Ok(()),
        Some(text) => Err(changed(text)),
    }
}

/// The attributes and the modification time that an output gets from its sources. Their owner, group and ACL must
/// agree, since no output could keep two; of the modes it gets what all of them allow: who may not read one of the
/// sources could not read the whole target before, so nobody gains and no reader of the whole loses.
pub(super) fn output_attributes<'a>(
    lease: &Lease,
    sources: impl Iterator<Item = &'a KnownFile>,
    known: &BTreeMap<String, Attributes>,
) -> Result<(Attributes, FileTime)> {
    let mut result: Option<(Attributes, FileTime)> = None;
    for file in sources {
        let Some(attributes) = known.get(&file.name) else {
            return Err(Error::new(Code::Internal, format!("the attributes of {} were not read", file.name)));
        };
        result = Some(match result {
            None => (attributes.clone(), file.modified),
            Some((so_far, newest)) => (agreed(so_far, attributes, file)?, newest.max(file.modified)),
        });
    }
    result.ok_or_else(|| Error::new(Code::Internal, format!("{} has an output without sources", lease.tenant.id)))
}

fn agreed(so_far: Attributes, other: &Attributes, file: &KnownFile) -> Result<Attributes> {
    let differ = |what: &str, one: &str, other: &str| {
        Error::new(Code::Owner, format!("files of one output have different {what}s"))
            .why(format!("{} has {}, others {}", clean(&file.name), clean(other), clean(one)))
            .next("give them the same, then plan again")
    };
    let (Owner { user, group }, other_owner) = (&so_far.owner, &other.owner);
    if *user != other_owner.user {
        return Err(differ("owner", user, &other_owner.user));
    }
    if *group != other_owner.group {
        return Err(differ("group", group, &other_owner.group));
    }
    if so_far.acl != other.acl {
        return Err(differ("ACL", "another", "one"));
    }
    Ok(Attributes { mode: so_far.mode & other.mode, replication: so_far.replication.max(other.replication), ..so_far })
}
