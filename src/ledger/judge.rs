//! Whether an exchange may be taken back, and whether its backup may be deleted. The same rules serve previews and
//! the acts, which ask again under their lease.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::error::{Code, Error, Result};
use crate::model::{RunId, StorePath, age_text, clean};
use crate::store::Read;

use super::holding::{Effect, Holding};
use super::intent::{ExchangeKind, Intent, LiveFile, Moving};
use super::names::{EpochName, Parked};
use super::place::{EpochFiles, Shares};
use super::record;
use super::sight::{Live, OutState};

/// Another backup in the same place, as far as the order of runs depends on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// Its epoch.
    pub epoch: EpochName,
    /// The run that acted there last.
    pub by: RunId,
    /// Its first exchange.
    pub first: Intent,
    /// Whether its outputs are not live any more: it was rolled back.
    pub rolled_back: bool,
}

/// Reads the other backups of a place. One whose records are damaged cannot be ordered: an error.
pub async fn neighbours(
    store: &dyn Read,
    place: &StorePath,
    shares: &Shares,
    except: &RunId,
) -> Result<Vec<Neighbour>> {
    let mut found = Vec::new();
    for epoch in shares.epochs.iter().filter(|epoch| epoch.run != *except) {
        let path = place.join(&epoch.to_string());
        let entries = crate::store::collect(store.list(&path).await?).await?;
        found.extend(neighbour(store, &path, epoch, &EpochFiles::of(&entries)).await?);
    }
    Ok(found)
}

/// Reads one backup as another's neighbour; none where nothing was ever exchanged.
pub async fn neighbour(
    store: &dyn Read,
    path: &StorePath,
    epoch: &EpochName,
    files: &EpochFiles,
) -> Result<Option<Neighbour>> {
    let Some(last) = files.last_done().filter(|_| files.dones.contains(&1)) else { return Ok(None) };
    let read = async |number: u64| record::read::<Intent>(store, &path.join(&Parked::Done(number).to_string())).await;
    let first = read(1).await?;
    let by = if last == 1 { first.run.clone() } else { read(last).await?.run };
    let rolled_back = first.arriving.iter().any(|file| files.kept.contains_key(&file.name));
    Ok(Some(Neighbour { epoch: epoch.clone(), by, first, rolled_back }))
}

/// Whether a run's exchange of one target may be taken back.
pub fn rollback(of: &RunId, holding: &Holding, neighbours: &[Neighbour], live: &Live) -> Result<()> {
    let refuse = |text: String| Error::new(Code::NotRollbackable, text);
    let intent = &holding.intent;
    if intent.run != *of {
        return Err(match intent.kind {
            ExchangeKind::Rollback => refuse(format!("run {} took it back already", intent.run))
                .next(format!("lakehand rollback {}    undoes that", intent.run.suffix())),
            _ => refuse(format!("it changed nothing here; run {} did", intent.run)),
        });
    }
    if intent.kind == ExchangeKind::TakeBack {
        return Err(refuse("it was taken back by itself: a file was still being written".to_owned()));
    }
    match holding.effect {
        Effect::Done => {}
        Effect::Undone => return Err(refuse("its exchange was taken back: nothing was replaced".to_owned())),
        Effect::Both => return Err(refuse("a person decided to keep what was live then".to_owned())),
        Effect::Nothing => return Err(refuse("its backup is gone".to_owned())),
    }
    if let Some(newer) = newer(intent, neighbours) {
        return Err(refuse(format!("run {} replaced these later: roll that back first", newer.by))
            .next(format!("lakehand rollback {}", newer.by.suffix())));
    }
    all_live(holding, live)?;
    let missing = holding.sight.out.iter().filter(|state| !is_kept(state)).count();
    if missing > 0 {
        return Err(refuse(format!("{missing} of {} files of the backup are gone", intent.out.len())));
    }
    Ok(())
}

fn is_kept(state: &OutState) -> bool {
    matches!(state, OutState::Kept | OutState::KeptChanged)
}

/// The run that is newer and not rolled back: its first listing shows what this exchange brought in.
pub(super) fn newer<'a>(intent: &Intent, neighbours: impl IntoIterator<Item = &'a Neighbour>) -> Option<&'a Neighbour> {
    let arrived: BTreeSet<LiveFile<'_>> = intent.arriving.iter().map(Moving::as_live).collect();
    let stands_on =
        |neighbour: &&Neighbour| !neighbour.rolled_back && neighbour.first.saw().any(|file| arrived.contains(&file));
    neighbours.into_iter().find(stands_on)
}

fn all_live(holding: &Holding, live: &Live) -> Result<()> {
    let side = holding.live_side();
    let gone: Vec<&str> = side.iter().filter(|(_, found)| found.is_none()).map(|(file, _)| file.live_name()).collect();
    let Some(first) = gone.first() else { return Ok(()) };
    let error = Error::new(
        Code::NotRollbackable,
        format!("{} of {} files of the run are gone or changed, first {}", gone.len(), side.len(), clean(first)),
    );
    let newest = holding.sight.newcomers.iter().max_by_key(|seen| seen.modified);
    let error = match newest {
        Some(new) => error.why(format!(
            "somebody rewrote it; newest of {} new files is {}, {}",
            holding.sight.newcomers.len(),
            clean(&new.name),
            new.modified.to_utc().format("%Y-%m-%d %H:%M")
        )),
        None => error.why(format!("{} visible files are left", live.count())),
    };
    Err(error.next("lakehand restore RUN --to DIR    copies the kept files aside"))
}

/// Whether a backup may be deleted, as far as names, lengths and times tell; what is live is read in full by the act.
pub fn cleanup(
    of: &RunId,
    holding: &Holding,
    files: &EpochFiles,
    neighbours: &[Neighbour],
    target_is_gone: bool,
    minimum_age: Duration,
    now: DateTime<Utc>,
) -> Result<()> {
    let refuse = |text: String| Error::new(Code::NotCleanable, text);
    if holding.intent.run != *of {
        return Err(refuse(format!("the backup belongs to run {}, which acted last", holding.intent.run))
            .next(format!("lakehand cleanup {}", holding.intent.run.suffix())));
    }
    if files.open().is_some() {
        return Err(refuse("an exchange is open: it has to be recovered first".to_owned()));
    }
    let age = (now - holding.intent.at).to_std().unwrap_or_default();
    if age < minimum_age {
        let text = format!("the backup is {} old, it is kept for {}", age_text(age), age_text(minimum_age));
        return Err(refuse(text).next("give another --minimum-age, if you are sure"));
    }
    all_as_recorded(holding, files)?;
    if target_is_gone { Ok(()) } else { live_or_superseded(holding, neighbours) }
}

/// Every parked file is one of the last exchange, and as it says.
fn all_as_recorded(holding: &Holding, files: &EpochFiles) -> Result<()> {
    let refuse = |text: String| Err(Error::new(Code::NotCleanable, text));
    if let Some(stray) = holding.strays.first() {
        return refuse(format!("{} is in the backup, but not of the exchange", clean(stray)));
    }
    if let Some(foreign) = files.foreign.first() {
        return refuse(format!("{} is in the backup and is not ours", clean(&foreign.shown())));
    }
    let moving = holding.intent.out.iter().chain(&holding.intent.arriving);
    for file in moving {
        if let Some(kept) = files.kept.get(&file.name)
            && !file.is(kept)
        {
            return refuse(format!(
                "{} in the backup changed after it had left: it was being written",
                clean(&file.name)
            ))
            .map_err(|error| error.next("roll the run back: then no row is lost"));
        }
    }
    Ok(())
}

/// What the backup stands for is live, or somebody has rewritten all of it since. What merely vanished, or is not as it
/// was written, may have its only good copy here.
fn live_or_superseded(holding: &Holding, neighbours: &[Neighbour]) -> Result<()> {
    let side = holding.live_side();
    let gone: Vec<&Moving> = side.iter().filter(|(_, found)| found.is_none()).map(|(file, _)| *file).collect();
    let taken: BTreeSet<&str> =
        neighbours.iter().flat_map(|other| other.first.out.iter().map(|out| out.name.as_str())).collect();
    let Some(lost) = gone.iter().find(|file| !taken.contains(file.live_name())) else { return Ok(()) };
    // Nobody but us writes under the name of an output: what is there instead is no newer data.
    let outputs = side.iter().filter(|(file, _)| file.digest.is_some());
    let ours: BTreeSet<&str> = outputs.map(|(file, _)| file.live_name()).collect();
    let newer = holding.sight.newcomers.iter().any(|seen| !ours.contains(seen.name.as_str()));
    if newer && gone.len() == side.len() {
        return Ok(());
    }
    let changed = holding.sight.newcomers.iter().any(|seen| seen.name == lost.live_name());
    let (what, why) = if changed {
        ("is damaged or was changed", "its length or its time is not the one that was verified")
    } else {
        ("is gone", "nothing has replaced it: this backup may be the only copy")
    };
    Err(Error::new(Code::NotCleanable, format!("{} {what}", clean(lost.live_name())))
        .why(why)
        .next("roll the run back, or restore it: lakehand restore RUN --to DIR"))
}
