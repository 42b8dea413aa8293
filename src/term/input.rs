//! What a person types, as a stream that ends when the terminal is gone.

use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use crossterm::event::{Event, EventStream, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use futures::StreamExt;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::error::Result;

/// Bytes of one key that a slow link tears apart arrive within this time.
const TORN: Duration = Duration::from_millis(100);

/// Something typed, or a new size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A key.
    Key(KeyEvent),
    /// Pasted text.
    Paste(String),
    /// The terminal has the focus, or lost it.
    Focus(bool),
    /// The terminal has another size.
    Resize,
}

/// The stream. Crossterm does not notice that the other end of the terminal was closed and would spin, so the
/// descriptor is watched for that beside it.
pub struct InputStream {
    events: EventStream,
    watch: AsyncFd<OwnedFd>,
    torn: TornKeys,
}

impl InputStream {
    /// Opens the stream; the terminal should be in raw mode.
    pub fn open() -> Result<InputStream> {
        let watched = std::io::stdin().as_fd().try_clone_to_owned()?;
        #[expect(unsafe_code, reason = "the descriptor is owned by the AsyncFd, so it stays open and the same")]
        // SAFETY: `watched` is an `OwnedFd`; nobody else has it, and the AsyncFd only ever hands out references.
        let watch = unsafe { AsyncFd::register_with_interest(watched, Interest::READABLE) };
        let watch = watch.map_err(std::io::Error::from)?;
        Ok(InputStream { events: EventStream::new(), watch, torn: TornKeys::default() })
    }

    /// The next input; none when the terminal is gone. Nothing is lost when the future is dropped.
    pub async fn next(&mut self) -> Option<Input> {
        loop {
            let event = tokio::select! {
                biased;
                () = closed(&self.watch) => return None,
                event = self.events.next() => event?.ok()?,
            };
            if let Some(input) = self.understand(event) {
                return Some(input);
            }
        }
    }

    fn understand(&mut self, event: Event) -> Option<Input> {
        match event {
            Event::Key(key) if key.kind == KeyEventKind::Release => None,
            Event::Key(key) => self.torn.passes(&key, Instant::now()).then_some(Input::Key(key)),
            Event::Paste(text) => Some(Input::Paste(text)),
            Event::Resize(..) => Some(Input::Resize),
            Event::FocusGained => Some(Input::Focus(true)),
            Event::FocusLost => Some(Input::Focus(false)),
            Event::Mouse(_) => None,
        }
    }
}

/// Returns once the other end of the terminal is closed.
async fn closed(watch: &AsyncFd<OwnedFd>) {
    while let Ok(mut guard) = watch.ready(Interest::READABLE).await {
        if guard.ready().is_read_closed() {
            return;
        }
        guard.clear_ready();
    }
}

/// Throws away what remains of an arrow (`ESC [ A`) or function key (`ESC O R`) whose Esc came alone.
#[derive(Debug, Default)]
struct TornKeys {
    escape: Option<Instant>,
    torn: Option<Instant>,
}

impl TornKeys {
    fn passes(&mut self, key: &KeyEvent, now: Instant) -> bool {
        let recent = |moment: Option<Instant>| moment.is_some_and(|moment| now.duration_since(moment) < TORN);
        let opener = matches!(key.code, KeyCode::Char('[' | 'O')) && !key.modifiers.contains(KeyModifiers::CONTROL);
        if recent(self.torn) || (recent(self.escape) && opener) {
            self.torn = Some(now);
            self.escape = None;
            return false;
        }
        self.torn = None;
        self.escape = (key.code == KeyCode::Esc).then_some(now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(keys: &[(u64, KeyCode)]) -> Vec<KeyCode> {
        let start = Instant::now();
        let mut torn = TornKeys::default();
        let pass = |(at, code): &(u64, KeyCode)| {
            torn.passes(&KeyEvent::new(*code, KeyModifiers::NONE), start + Duration::from_millis(*at)).then_some(*code)
        };
        keys.iter().filter_map(pass).collect()
    }

    #[test]
    fn a_torn_function_key_opens_nothing() {
        use KeyCode::{Char, Esc};
        assert_eq!(passed(&[(0, Esc), (40, Char('O')), (80, Char('R'))]), [Esc]);
        assert_eq!(passed(&[(0, Esc), (10, Char('[')), (20, Char('1')), (110, Char('~'))]), [Esc]);
    }

    #[test]
    fn keys_of_a_person_pass() {
        use KeyCode::{Char, Esc};
        let slow = [(0, Esc), (300, Char('[')), (500, Char('R'))];
        assert_eq!(passed(&slow), [Esc, Char('['), Char('R')]);
        assert_eq!(passed(&[(0, Esc), (20, Char('R'))]), [Esc, Char('R')]);
    }
}
