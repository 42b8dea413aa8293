//! PROTOCOL §5: one state, one action. A pure, total function over what a look counted; the first row that matches
//! wins. The live worker uses it after any surprise, and recovery uses nothing else. Whoever changes a row here changes
//! the protocol.

use crate::model::TargetState;

/// How many files of an exchange are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tally {
    /// B: of `out`, parked, and unchanged live too.
    pub both: u64,
    /// K: of `out`, parked, unchanged.
    pub kept: u64,
    /// K+: of `out`, parked, changed.
    pub kept_changed: u64,
    /// L: of `out`, live, unchanged.
    pub live: u64,
    /// C: of `out`, its live name holds something else.
    pub changed: u64,
    /// Those of C that are shorter than planned.
    pub changed_shorter: u64,
    /// G: of `out`, neither parked nor live.
    pub gone: u64,
    /// S: of `in`, parked, unchanged, nothing under its live names.
    pub staged: u64,
    /// V: of `in`, live, unchanged, not parked.
    pub visible: u64,
    /// X: of `in`, neither parked nor live.
    pub missing: u64,
    /// Z: of `in`, all else.
    pub odd: u64,
}

/// Where the tripwire of the open exchange is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tripwire {
    /// In the epoch.
    Rest,
    /// In the target.
    Live,
    /// In neither.
    Gone,
}

/// The target's directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Directory {
    /// The one that the intent names, as far as can be told.
    Same,
    /// Another one at its path (told only where leases are locks).
    Other,
    /// None at its path.
    Gone,
}

/// All that a look tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Facts {
    /// Whether the epoch directory is there.
    pub epoch: bool,
    /// The target's directory.
    pub directory: Directory,
    /// The open intent's files, where one is open.
    pub open: Option<Tally>,
    /// Whether the open intent is the first.
    pub first: bool,
    /// Whether an exchange was closed.
    pub done: bool,
    /// The open intent's tripwire.
    pub tripwire: Tripwire,
    /// Whether it is noted that somebody emptied the directory.
    pub emptied: bool,
}

/// What a person must be told when nothing is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Why {
    /// Our share of the target is gone, and its tripwire is live.
    ShareGone,
    /// The target's directory is gone.
    DirectoryGone,
    /// Another directory lies at the path, with our tripwire in it.
    OtherDirectory,
    /// Somebody emptied the directory during the exchange.
    Emptied,
    /// A file is there twice, or is not what it was.
    Doubled,
    /// No act of ours leads here.
    NotOurs,
    /// Files on both sides, or missing ones, leave no safe way.
    NoSafeWay,
}

/// The one action of a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// There is nothing left to act on.
    Nothing(TargetState),
    /// Remove what was staged, then the epoch.
    RemoveStaging,
    /// Nothing is open: the epoch goes to rest.
    Rest,
    /// Tripwire out; then staging, intent and epoch are removed.
    Withdraw(TargetState),
    /// Tripwire out where it is live; close the intent; to rest.
    Close(Closing),
    /// Note it; V to parked; a tripwire in again if nothing visible is new; then decide.
    Emptied,
    /// S to live, look, tripwire out.
    Forward,
    /// V to parked, then K and K+ to live, tripwire out.
    Back,
    /// A person must decide; nothing moves.
    Decide(Why),
}

/// How an intent is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Closing {
    /// The exchange had ended.
    Ended {
        /// Some of `in` are gone: somebody rewrote the target since.
        superseded: bool,
        /// Some of `out` grew after they left: as in step 9.
        grown: bool,
        /// Some of `out` are nowhere: it cannot be rolled back.
        incomplete: bool,
    },
    /// It was taken back, or had not begun.
    NotDone(TargetState),
    /// Somebody replaced the directory.
    Superseded,
}

/// A row of the table, and its action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Judgement {
    /// The row's number.
    pub row: u8,
    /// What is done.
    pub action: Action,
}

/// The row that a state is in.
pub fn classify(facts: &Facts) -> Judgement {
    let (row, action) = decide(facts);
    Judgement { row, action }
}

fn decide(facts: &Facts) -> (u8, Action) {
    if let Some(action) = row_0(facts) {
        return (0, action);
    }
    let Some(tally) = facts.open else {
        return (1, if facts.done { Action::Rest } else { Action::RemoveStaging });
    };
    if tally.kept + tally.kept_changed + tally.both + tally.visible + tally.odd == 0 {
        return (2, row_2(facts, &tally));
    }
    if facts.tripwire == Tripwire::Gone || facts.emptied {
        return (3, Action::Emptied);
    }
    if tally.both + tally.odd > 0 {
        return (4, Action::Decide(Why::Doubled));
    }
    if facts.tripwire == Tripwire::Rest {
        return if tally.live + tally.changed + tally.staged == 0 {
            (5, Action::Close(ended(&tally)))
        } else {
            (6, Action::Decide(Why::NotOurs))
        };
    }
    if tally.live + tally.changed + tally.kept_changed + tally.missing == 0 && (tally.gone == 0 || tally.visible > 0) {
        return (7, Action::Forward);
    }
    let mixed = tally.visible > 0 && tally.live + tally.changed > 0;
    if tally.gone == 0 && !mixed && tally.changed_shorter == 0 {
        return (8, Action::Back);
    }
    (9, Action::Decide(Why::NoSafeWay))
}

fn row_0(facts: &Facts) -> Option<Action> {
    if !facts.epoch {
        return Some(match facts.tripwire {
            Tripwire::Live => Action::Decide(Why::ShareGone),
            Tripwire::Rest | Tripwire::Gone => Action::Nothing(TargetState::Superseded),
        });
    }
    match (facts.directory, facts.open) {
        (Directory::Gone, _) => Some(Action::Decide(Why::DirectoryGone)),
        (Directory::Other, Some(_)) => Some(match facts.tripwire {
            Tripwire::Live => Action::Decide(Why::OtherDirectory),
            Tripwire::Rest | Tripwire::Gone => Action::Close(Closing::Superseded),
        }),
        (Directory::Other, None) | (Directory::Same, _) => None,
    }
}

fn row_2(facts: &Facts, tally: &Tally) -> Action {
    let untouched = tally.changed + tally.gone + tally.missing == 0;
    let state = if untouched { TargetState::Cancelled } else { TargetState::Changed };
    if facts.first && tally.gone == 0 { Action::Withdraw(state) } else { Action::Close(Closing::NotDone(state)) }
}

fn ended(tally: &Tally) -> Closing {
    Closing::Ended { superseded: tally.missing > 0, grown: tally.kept_changed > 0, incomplete: tally.gone > 0 }
}

impl Why {
    /// For a person: what was found.
    pub fn found(self) -> &'static str {
        match self {
            Why::ShareGone => {
                "the kept files are gone with their directory (somebody overwrote or moved the target), \
                 and the tripwire still stands"
            }
            Why::DirectoryGone => "the target's directory is gone; the kept files may be the only copy",
            Why::OtherDirectory => "another directory lies at the target's path, with the tripwire in it",
            Why::Emptied => "somebody emptied the directory in the middle of the exchange",
            Why::Doubled => "a file is both live and kept aside, or is not what it was",
            Why::NotOurs => {
                "the tripwire is out although the exchange had not ended: no act of this program leads here"
            }
            Why::NoSafeWay => "files of both sides are live or missing, so that neither side can be completed safely",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of the protocol written down a second time, as its text reads, row by row.
    fn by_the_text(facts: &Facts) -> u8 {
        let tally = facts.open.unwrap_or_default();
        let no = |counts: &[u64]| counts.iter().all(|count| *count == 0);
        let some = |count: u64| count > 0;
        let Tally { both: b, kept: k, kept_changed: kp, live: l, changed: c, gone: g, .. } = tally;
        let Tally { staged: s, visible: v, missing: x, odd: z, changed_shorter: short, .. } = tally;
        let open = facts.open.is_some();
        let local_other = facts.directory == Directory::Other && open;
        let rows: [(u8, bool); 10] = [
            (0, !facts.epoch || facts.directory == Directory::Gone || local_other),
            (1, !open),
            (2, no(&[k, kp, b, v, z])),
            (3, facts.tripwire == Tripwire::Gone || facts.emptied),
            (4, some(b) || some(z)),
            (5, facts.tripwire == Tripwire::Rest && no(&[l, c, s])),
            (6, facts.tripwire == Tripwire::Rest),
            (7, facts.tripwire == Tripwire::Live && no(&[l, c, kp, x]) && (no(&[g]) || some(v))),
            (8, facts.tripwire == Tripwire::Live && no(&[g]) && !(some(v) && (some(l) || some(c))) && no(&[short])),
            (9, true),
        ];
        rows.iter().find(|(_, matches)| *matches).map(|(row, _)| *row).unwrap()
    }

    fn every_state(mut check: impl FnMut(&Facts)) {
        let tallies = (0_u32..1 << 11).filter_map(|bits| {
            let count = |bit: u32| u64::from(bits >> bit & 1);
            let tally = Tally {
                both: count(0),
                kept: count(1),
                kept_changed: count(2),
                live: count(3),
                changed: count(4),
                changed_shorter: count(5),
                gone: count(6),
                staged: count(7),
                visible: count(8),
                missing: count(9),
                odd: count(10),
            };
            (tally.changed_shorter <= tally.changed).then_some(Some(tally))
        });
        for open in tallies.chain([None]) {
            for directory in [Directory::Same, Directory::Other, Directory::Gone] {
                for tripwire in [Tripwire::Rest, Tripwire::Live, Tripwire::Gone] {
                    for flags in 0_u8..16 {
                        check(&Facts {
                            epoch: flags & 1 == 0,
                            directory,
                            open,
                            first: flags & 2 == 0,
                            done: flags & 4 == 0,
                            tripwire,
                            emptied: flags & 8 == 0,
                        });
                    }
                }
            }
        }
    }

    #[test]
    fn every_state_has_the_row_of_the_text() {
        let mut seen = [0_u64; 10];
        every_state(|facts| {
            let judgement = classify(facts);
            assert_eq!(judgement.row, by_the_text(facts), "{facts:?}");
            seen[usize::from(judgement.row)] += 1;
        });
        assert!(seen.iter().all(|count| *count > 0), "{seen:?}");
    }

    #[test]
    fn what_moves_never_hides_or_doubles_rows() {
        every_state(|facts| {
            let (Judgement { action, .. }, Some(tally)) = (classify(facts), facts.open) else { return };
            match action {
                Action::Forward => {
                    assert_eq!(tally.live + tally.changed + tally.both + tally.odd + tally.missing, 0, "{facts:?}");
                    assert_eq!(facts.tripwire, Tripwire::Live);
                }
                Action::Back => {
                    assert_eq!(tally.gone + tally.both + tally.odd, 0, "{facts:?}");
                    assert_eq!(facts.tripwire, Tripwire::Live);
                }
                Action::Withdraw(_) => assert!(facts.first && tally.gone + tally.kept + tally.kept_changed == 0),
                Action::RemoveStaging => panic!("nothing is removed while an intent is open"),
                _ => {}
            }
        });
    }

    #[test]
    fn an_undisturbed_exchange_never_needs_a_person() {
        for sources in 1..4_u64 {
            for outputs in 1..4_u64 {
                undisturbed(sources, outputs);
            }
        }
    }

    fn undisturbed(sources: u64, outputs: u64) {
        let state = |left: u64, arrived: u64, tripwire: Tripwire| Facts {
            epoch: true,
            directory: Directory::Same,
            open: Some(Tally {
                kept: left,
                live: sources - left,
                visible: arrived,
                staged: outputs - arrived,
                ..Tally::default()
            }),
            first: true,
            done: false,
            tripwire,
            emptied: false,
        };
        let row = |facts: Facts| classify(&facts).row;
        assert_eq!(row(state(0, 0, Tripwire::Rest)), 2);
        assert_eq!(row(state(0, 0, Tripwire::Live)), 2);
        for left in 1..sources {
            assert_eq!(row(state(left, 0, Tripwire::Live)), 8);
        }
        for arrived in 0..=outputs {
            assert_eq!(row(state(sources, arrived, Tripwire::Live)), 7);
        }
        assert_eq!(row(state(sources, outputs, Tripwire::Rest)), 5);
    }
}
