//! The names of everything that runs leave in a place (PROTOCOL §2). Each begins with a dot, so that no reader takes it
//! for data; each is read back by exactly the rule that wrote it, and anything else is foreign.

use std::fmt;

use crate::model::{Nonce, RunId};

/// The directory of ours below a lake or in a target.
pub const PLACES: &str = ".lakehand";
/// The default run index in [`PLACES`] of a lake.
pub const RUNS: &str = ".runs";

const NONCE_LENGTH: usize = 16;
const MOST_DIGITS: usize = 15;

/// Whether an epoch is in somebody's hands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Stand {
    /// Somebody acts, or died acting: the lease.
    Acting(Nonce),
    /// A backup.
    Rest,
}

/// The name of an epoch directory: `.RUN.wN.NONCE` or `.RUN.wN.rest`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EpochName {
    /// The run that made it.
    pub run: RunId,
    /// Counts the times that it was taken.
    pub number: u64,
    /// At rest or not.
    pub stand: Stand,
}

impl EpochName {
    /// The first epoch of a run's share.
    pub fn first(run: RunId, nonce: Nonce) -> EpochName {
        EpochName { run, number: 1, stand: Stand::Acting(nonce) }
    }

    /// The name by which the same share is taken next.
    #[must_use]
    pub fn next(&self, nonce: Nonce) -> EpochName {
        EpochName { run: self.run.clone(), number: self.number.saturating_add(1), stand: Stand::Acting(nonce) }
    }

    /// The name by which it goes to rest.
    #[must_use]
    pub fn rest(&self) -> EpochName {
        EpochName { run: self.run.clone(), number: self.number, stand: Stand::Rest }
    }

    /// Whether it is at rest.
    pub fn is_rest(&self) -> bool {
        self.stand == Stand::Rest
    }

    /// Reads a name.
    pub fn parse(name: &str) -> Option<EpochName> {
        let (run, rest) = split_run(name.strip_prefix('.')?)?;
        let (number, stand) = rest.strip_prefix(".w")?.split_once('.')?;
        let stand = if stand == "rest" { Stand::Rest } else { Stand::Acting(parse_nonce(stand)?) };
        Some(EpochName { run, number: parse_number(number)?, stand })
    }
}

impl fmt::Display for EpochName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.stand {
            Stand::Acting(nonce) => write!(formatter, ".{}.w{}.{nonce}", self.run, self.number),
            Stand::Rest => write!(formatter, ".{}.w{}.rest", self.run, self.number),
        }
    }
}

/// The name of a share that is being deleted: `.gone-RUN.NONCE`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GoneName {
    /// The run that made it.
    pub run: RunId,
    /// The nonce of the epoch that it was.
    pub nonce: Nonce,
}

impl GoneName {
    /// Reads a name.
    pub fn parse(name: &str) -> Option<GoneName> {
        let (run, rest) = split_run(name.strip_prefix(".gone-")?)?;
        Some(GoneName { run, nonce: parse_nonce(rest.strip_prefix('.')?)? })
    }
}

impl fmt::Display for GoneName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, ".gone-{}.{}", self.run, self.nonce)
    }
}

/// What a file in an epoch is, by its name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Parked {
    /// Who acts.
    Owner(String),
    /// An exchange that was begun.
    Intent(u64),
    /// An exchange that was closed.
    Done(u64),
    /// An exchange's tripwire at rest.
    Trip(u64),
    /// Somebody emptied the directory during an exchange.
    Emptied(u64),
    /// A data file that is not live, by the name that it has when it is.
    Kept(String),
    /// A record that is being written, or a probe.
    Scratch(String),
}

impl Parked {
    /// Reads a name; none for what is foreign.
    pub fn parse(name: &str) -> Option<Parked> {
        let plain = name.strip_prefix('.')?;
        if let Some(kept) = plain.strip_suffix(".kept") {
            return (!kept.is_empty()).then(|| Parked::Kept(kept.to_owned()));
        }
        let (word, rest) = plain.split_once('.')?;
        match word {
            "owner" => Some(Parked::Owner(parse_nonce(rest)?.0)),
            "scratch" => Some(Parked::Scratch(parse_nonce(rest)?.0)),
            "intent" => parse_number(rest).map(Parked::Intent),
            "done" => parse_number(rest).map(Parked::Done),
            "trip" => parse_number(rest).map(Parked::Trip),
            "emptied" => parse_number(rest).map(Parked::Emptied),
            _ => None,
        }
    }
}

impl fmt::Display for Parked {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Parked::Owner(nonce) => write!(formatter, ".owner.{nonce}"),
            Parked::Intent(number) => write!(formatter, ".intent.{number}"),
            Parked::Done(number) => write!(formatter, ".done.{number}"),
            Parked::Trip(number) => write!(formatter, ".trip.{number}"),
            Parked::Emptied(number) => write!(formatter, ".emptied.{number}"),
            Parked::Kept(name) => write!(formatter, ".{name}.kept"),
            Parked::Scratch(nonce) => write!(formatter, ".scratch.{nonce}"),
        }
    }
}

/// The name under which a file is kept aside.
pub fn kept_name(name: &str) -> String {
    format!(".{name}.kept")
}

/// What a file in the run index is, by its name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum IndexEntry {
    /// The immutable plan of a run.
    Plan(RunId),
    /// A state of a run; the highest number is the newest.
    State(RunId, u64),
}

impl IndexEntry {
    /// Reads a name; none for what is foreign.
    pub fn parse(name: &str) -> Option<IndexEntry> {
        let (run, rest) = split_run(name)?;
        match rest.strip_prefix('.')? {
            "plan" => Some(IndexEntry::Plan(run)),
            other => Some(IndexEntry::State(run, parse_number(other.strip_prefix("state.")?)?)),
        }
    }
}

impl fmt::Display for IndexEntry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            IndexEntry::Plan(run) => write!(formatter, "{run}.plan"),
            IndexEntry::State(run, number) => write!(formatter, "{run}.state.{number}"),
        }
    }
}

fn split_run(text: &str) -> Option<(RunId, &str)> {
    let run = RunId::parse(text.get(..RunId::LENGTH)?).ok()?;
    Some((run, text.get(RunId::LENGTH..)?))
}

fn parse_nonce(text: &str) -> Option<Nonce> {
    let hexadecimal = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    (text.len() == NONCE_LENGTH && text.bytes().all(hexadecimal)).then(|| Nonce(text.to_owned()))
}

/// A number as we write it: no sign, no leading zero, from 1, and never so large that there is none after it.
fn parse_number(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0') && text.len() <= MOST_DIGITS;
    if plain { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn run() -> RunId {
        RunId::parse("20261121-0214-k7f").unwrap()
    }

    #[test]
    fn epochs_are_read_as_they_are_written() {
        let name = EpochName::first(run(), Nonce::from_bits(7));
        assert_eq!(name.to_string(), ".20261121-0214-k7f.w1.0000000000000007");
        for name in [name.clone(), name.rest(), name.next(Nonce::from_bits(u64::MAX))] {
            assert_eq!(EpochName::parse(&name.to_string()), Some(name));
        }
        for foreign in [".20261121-0214-k7f.w0.rest", ".20261121-0214-k7f.w01.rest", ".20261121-0214-k7f.w1.REST"] {
            assert_eq!(EpochName::parse(foreign), None, "{foreign}");
        }
        let gone = GoneName { run: run(), nonce: Nonce::from_bits(7) };
        assert_eq!(GoneName::parse(&gone.to_string()), Some(gone));
    }

    #[test]
    fn a_kept_file_may_be_called_like_a_record() {
        assert_eq!(Parked::parse(".intent.1.kept"), Some(Parked::Kept("intent.1".to_owned())));
        assert_eq!(Parked::parse(".intent.1"), Some(Parked::Intent(1)));
        assert_eq!(Parked::parse("..kept"), None);
        assert_eq!(Parked::parse(".trip.-1"), None);
    }

    proptest! {
        #[test]
        fn no_name_is_read_as_what_it_is_not(name in "\\PC{0,60}") {
            if let Some(parked) = Parked::parse(&name) {
                prop_assert_eq!(parked.to_string(), name.clone());
            }
            if let Some(epoch) = EpochName::parse(&name) {
                prop_assert_eq!(epoch.to_string(), name.clone());
            }
            if let Some(entry) = IndexEntry::parse(&name) {
                prop_assert_eq!(entry.to_string(), name);
            }
        }

        #[test]
        fn every_file_can_be_kept(name in "[^/\0]{1,40}") {
            prop_assert_eq!(Parked::parse(&kept_name(&name)), Some(Parked::Kept(name)));
        }
    }
}
