//! The limit on the bytes that a run reads and writes in a second. What is moved is owed, and nothing more is moved before
//! it is paid off by time: over any stretch the mean keeps the limit, and no idle time is saved up for later.
//!
//! Only the contents of data files count. Listings, renames, records and signs of life are never held up, so a limit makes
//! no window longer and no lease look dead. A new limit counts at once for whoever waits; a cancelled run waits for nothing.

use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use super::control::Control;
use super::seams::Clock;
use crate::error::Result;
use crate::model::{Attributes, ServerFacts, Size, StorePath};
use crate::store::{Capabilities, Entry, Identity, Listing, NameListing, Read, ReadFile, Room};

/// What is owed.
#[derive(Debug, Default)]
pub(super) struct Debt(Mutex<Owed>);

#[derive(Debug, Default)]
struct Owed {
    bytes: f64,
    at: Duration,
}

impl Debt {
    /// Owes so many bytes more, if nothing is owed; else how long it takes to pay that off.
    pub(super) fn take(&self, now: Duration, rate: u64, bytes: u64) -> Option<Duration> {
        let mut owed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let rate = rate.max(1) as f64;
        let paid = now.saturating_sub(owed.at).as_secs_f64() * rate;
        owed.at = now.max(owed.at);
        owed.bytes = (owed.bytes - paid).max(0.0);
        // Less than a byte is a rest of the arithmetic, for which no sleep is short enough.
        if owed.bytes < 1.0 {
            owed.bytes += bytes as f64;
            return None;
        }
        Some(Duration::from_secs_f64(owed.bytes / rate))
    }

    /// Nothing is owed any more.
    pub(super) fn forgive(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Owed::default();
    }
}

/// A store of which files are read no faster than the run may.
#[derive(Debug)]
pub(super) struct Throttled {
    pub(super) store: Arc<dyn Read>,
    pub(super) control: Control,
    pub(super) clock: Arc<dyn Clock>,
}

#[derive(Debug)]
struct ThrottledFile {
    file: Arc<dyn ReadFile>,
    control: Control,
    clock: Arc<dyn Clock>,
}

#[async_trait]
impl ReadFile for ThrottledFile {
    fn length(&self) -> Size {
        self.file.length()
    }

    async fn read_at(&self, offset: u64, length: usize) -> Result<Bytes> {
        self.control.moves(self.clock.as_ref(), length as u64).await?;
        self.file.read_at(offset, length).await
    }
}

#[async_trait]
impl Read for Throttled {
    fn capabilities(&self) -> Capabilities {
        self.store.capabilities()
    }

    fn uri(&self, path: &StorePath) -> String {
        self.store.uri(path)
    }

    async fn stat(&self, path: &StorePath) -> Result<Option<Entry>> {
        self.store.stat(path).await
    }

    async fn list(&self, directory: &StorePath) -> Result<Box<dyn Listing>> {
        self.store.list(directory).await
    }

    async fn list_names(&self, directory: &StorePath) -> Result<Box<dyn NameListing>> {
        self.store.list_names(directory).await
    }

    async fn open(&self, path: &StorePath) -> Result<Arc<dyn ReadFile>> {
        let (control, clock) = (self.control.clone(), Arc::clone(&self.clock));
        Ok(Arc::new(ThrottledFile { file: self.store.open(path).await?, control, clock }))
    }

    async fn read_whole(&self, path: &StorePath, limit: Size) -> Result<Bytes> {
        let bytes = self.store.read_whole(path, limit).await?;
        self.control.moves(self.clock.as_ref(), bytes.len() as u64).await?;
        Ok(bytes)
    }

    async fn attributes(&self, path: &StorePath) -> Result<Attributes> {
        self.store.attributes(path).await
    }

    async fn identity(&self, directory: &StorePath) -> Result<Option<Identity>> {
        self.store.identity(directory).await
    }

    async fn room(&self, directory: &StorePath) -> Result<Room> {
        self.store.room(directory).await
    }

    async fn same_mount(&self, one: &StorePath, other: &StorePath) -> Result<bool> {
        self.store.same_mount(one, other).await
    }

    async fn supported(&self, directory: &StorePath) -> Result<()> {
        self.store.supported(directory).await
    }

    async fn may_change(&self, directory: &StorePath) -> Result<()> {
        self.store.may_change(directory).await
    }

    async fn snapshots(&self, directory: &StorePath) -> Result<Vec<String>> {
        self.store.snapshots(directory).await
    }

    async fn server_facts(&self, directory: &StorePath) -> Option<Result<ServerFacts>> {
        self.store.server_facts(directory).await
    }

    async fn user(&self) -> Result<String> {
        self.store.user().await
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::watch;

    use super::*;
    use crate::error::Code;

    const SECOND: Duration = Duration::from_secs(1);

    /// Stands still while somebody sleeps, until the test moves it.
    #[derive(Debug)]
    struct Still(watch::Sender<Duration>);

    impl Default for Still {
        fn default() -> Still {
            Still(watch::Sender::new(Duration::ZERO))
        }
    }

    #[async_trait]
    impl Clock for Still {
        fn now(&self) -> chrono::DateTime<chrono::Utc> {
            chrono::DateTime::UNIX_EPOCH
        }

        fn monotonic(&self) -> Duration {
            *self.0.borrow()
        }

        async fn sleep(&self, time: Duration) {
            let until = self.monotonic() + time;
            let _ = self.0.subscribe().wait_for(|now| *now >= until).await;
        }
    }

    #[test]
    fn the_mean_keeps_the_limit_whatever_the_pieces() {
        let debt = Debt::default();
        let (mut now, mut moved) = (Duration::ZERO, 0);
        for piece in [1_u64, 70_000, 3, 1_000_000, 64 << 10].into_iter().cycle().take(1_000) {
            while let Some(wait) = debt.take(now, 100_000, piece) {
                now += wait;
            }
            moved += piece;
        }
        // The last piece is owed still.
        let over = now.as_secs_f64();
        assert!((moved as f64 - 1_000_000.0) / over <= 100_000.5, "{moved} bytes in {over} s");
        assert!(moved as f64 / over >= 99_000.0, "slower than it may be: {moved} bytes in {over} s");
    }

    #[test]
    fn idle_time_is_not_saved_up() {
        let debt = Debt::default();
        assert_eq!(debt.take(SECOND * 3_600, 1_000, 5_000), None);
        assert_eq!(debt.take(SECOND * 3_600, 1_000, 1), Some(SECOND * 5));
    }

    #[tokio::test]
    async fn who_waits_is_let_go_by_a_new_limit_by_none_and_by_a_cancel() {
        for act in ["faster", "off", "cancel"] {
            let (control, clock) = (Control::default(), Still::default());
            control.limit(Some(1));
            control.moves(&clock, 1_000_000).await.unwrap();
            let waiting = control.moves(&clock, 1);
            tokio::pin!(waiting);
            assert!(futures::poll!(&mut waiting).is_pending(), "{act}");
            match act {
                "faster" => {
                    control.limit(Some(1_000_000));
                    assert!(futures::poll!(&mut waiting).is_pending(), "what is owed is paid, at the new speed");
                    clock.0.send_modify(|now| *now += SECOND);
                    waiting.await.unwrap();
                }
                "off" => {
                    control.limit(None);
                    waiting.await.unwrap();
                    control.limit(Some(1));
                    control.moves(&clock, 1).await.unwrap();
                }
                _ => {
                    control.cancel();
                    assert_eq!(waiting.await.unwrap_err().code(), Code::Interrupted);
                }
            }
        }
    }

    #[tokio::test]
    async fn without_a_limit_nobody_waits() {
        let (control, clock) = (Control::default(), Still::default());
        for _ in 0..1_000 {
            control.moves(&clock, u64::MAX >> 20).await.unwrap();
        }
    }
}
