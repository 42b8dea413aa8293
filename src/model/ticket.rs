//! How long one may still log in, and whether that is long enough for a run.

use std::time::Duration;

use super::duration_text;

/// A ticket, as it was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TicketLife {
    /// It ends after so long.
    Lasts(Duration),
    /// It does not end, or is got anew from a keytab.
    Endless,
    /// There is none that is valid.
    Over,
}

/// What is said of a ticket that lasts less than twice the time of a run: an estimate may be wrong by that.
pub fn ticket_note(left: Duration, work: Duration) -> Option<String> {
    (left < work * 2).then(|| {
        format!(
            "WARN the Kerberos ticket lasts {}, the run about {}: kinit in another window, or set kerberos.keytab",
            duration_text(left),
            duration_text(work)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_of_less_than_twice_the_time_is_worth_a_word() {
        let minutes = |count: u64| Duration::from_secs(60 * count);
        assert_eq!(ticket_note(minutes(60), minutes(30)), None);
        let note = ticket_note(minutes(59), minutes(30)).unwrap();
        assert!(note.starts_with("WARN the Kerberos ticket lasts 59 min, the run about 30 min: kinit"), "{note}");
    }
}
