//! The runs of this user on this host: those that live, those whose worker died, those that ended lately.

use std::time::Duration;

use futures::stream::{self, StreamExt};
use tokio::time::timeout;

use super::{attach, places};
use crate::config::Paths;
use crate::error::Result;
use crate::ipc::{LiveNote, RunPlaces, read_note};
use crate::model::{RunId, RunSnapshot};

/// How long one worker may take to answer in a list.
const PEEK_LIMIT: Duration = Duration::from_secs(2);

/// How many ended runs a list has at most.
const ENDED: usize = 50;

/// Whether a run's worker lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// It answers.
    Live,
    /// Its process is there and does not answer: it is stopped, or very busy. The state is the one at its start.
    Silent,
    /// It died; its guard is at work.
    Guarded,
    /// It died and nobody looks after it: recover it. The state is the one at its start.
    Dead,
    /// It has ended.
    Ended,
}

/// A run of this user on this host.
#[derive(Clone, Debug, PartialEq)]
pub struct LocalRun {
    /// Whether its worker lives.
    pub life: Life,
    /// Its state, as far as it is known.
    pub snapshot: RunSnapshot,
}

/// The runs of this user on this host, newest first; of those that ended the last fifty.
pub async fn local_runs(paths: &Paths) -> Result<Vec<LocalRun>> {
    let places = places(paths);
    let ended = places.runs_with("ended")?;
    let living: Vec<RunId> = places
        .runs_with("live")?
        .into_iter()
        .filter(|run| ended.binary_search_by(|one| run.cmp(one)).is_err())
        .collect();
    let looks = stream::iter(&living).map(|run| look(&places, run)).buffer_unordered(16).boxed();
    let mut runs: Vec<LocalRun> = looks.filter_map(|run| async { run }).collect().await;
    runs.extend(read_ended(&places, &ended).into_iter().map(|snapshot| LocalRun { life: Life::Ended, snapshot }));
    runs.sort_by(|one, other| other.snapshot.run.cmp(&one.snapshot.run));
    Ok(runs)
}

/// The runs of this user on this host that ended lately, newest first.
pub fn ended_runs(paths: &Paths) -> Result<Vec<RunSnapshot>> {
    let places = places(paths);
    Ok(read_ended(&places, &places.runs_with("ended")?))
}

/// A damaged note tells nothing that could be shown.
fn read_ended(places: &RunPlaces, runs: &[RunId]) -> Vec<RunSnapshot> {
    runs.iter().take(ENDED).filter_map(|run| read_note(&places.ended(run)).ok().flatten()).collect()
}

/// What is known of a run that has not left the note of its end.
async fn look(places: &RunPlaces, run: &RunId) -> Option<LocalRun> {
    if let Ok(Ok(snapshot)) = timeout(PEEK_LIMIT, attach::peek(places, run)).await {
        let life = if snapshot.finished.is_some() { Life::Ended } else { Life::Live };
        return Some(LocalRun { life, snapshot });
    }
    // A damaged note tells nothing that could be shown; the run is in the lake's index all the same.
    let note = read_note::<LiveNote>(&places.live(run)).ok().flatten();
    let life = note.as_ref().map(|note| match (note.worker.is_alive(), note.guard.is_alive()) {
        (true, _) => Life::Silent,
        (false, true) => Life::Guarded,
        (false, false) => Life::Dead,
    });
    if let Some(snapshot) = read_note(&places.ended(run)).ok().flatten() {
        return Some(LocalRun { life: Life::Ended, snapshot });
    }
    Some(LocalRun { life: life?, snapshot: note?.snapshot })
}
