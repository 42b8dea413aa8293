//! A store that fails on demand, in front of a real one (DESIGN §8.3).
//!
//! One [`FaultStore`] stands for one process: it counts every changing call, and at the one that it was told it dies,
//! loses the answer or delays the call. The lake below stays; the next process is a new `FaultStore` on the same one.
//! What a dead process leaves is left: its locks are let go, its unfinished files stay where they are.
//!
//! Two kinds of holds can be had. [`Holds::Locks`] passes on what the store below does; a delayed act keeps the locks
//! until it was released, as a process does that is stuck in a call. [`Holds::Paths`] binds paths only, as a store
//! without locks: a delayed act then executes by its paths, and is dead if its epoch was renamed. [`Holds::InTarget`] is
//! that with places inside the targets, as on HDFS.

#![allow(dead_code, unused_imports, reason = "each test binary uses its own part")]

#[path = "fault_file.rs"]
mod file;
#[path = "fault_hold.rs"]
mod hold;
#[path = "fault_record.rs"]
mod record;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use bytes::Bytes;
use futures::future::BoxFuture;
use lakehand::error::{Code, Error, Result};
use lakehand::model::{Attributes, FileTime, Size, StorePath};
use lakehand::store::{
    Capabilities, Entry, Hold, Identity, Listing, NameListing, Read, ReadFile, Room, Write, WriteFile,
};

use file::{FaultFile, OpenFile};
use hold::{FaultHold, HeldSlot, PathHold};
pub use record::{Act, Recorded, replay};

/// What happens at the chosen call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The process dies before the call: this and every later call is an error.
    Dies,
    /// The call is executed, its answer is lost.
    LosesAnswer,
    /// The call is not executed now, but by [`FaultStore::release`]; its answer is lost.
    Delays,
    /// The call is refused, as by a quota or a full disk, and the process goes on.
    Refused,
}

impl Fault {
    /// Those after which it is not known what was done.
    pub const ALL: [Fault; 3] = [Fault::Dies, Fault::LosesAnswer, Fault::Delays];
}

/// What a hold is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// What the store below has.
    Locks,
    /// Paths, as on a store without locks.
    Paths,
    /// Paths, and places that lie in their targets, as on HDFS.
    InTarget,
}

/// Called before each changing call (and each reading one, if these are counted) with its number and what it is.
pub type Hook = Arc<dyn Fn(u64, Act) -> BoxFuture<'static, ()> + Send + Sync>;

/// Which calls the servers that would carry them out are away for.
pub type Away = Arc<dyn Fn(&Act) -> bool + Send + Sync>;

type Delayed = Box<dyn FnOnce() -> BoxFuture<'static, Result<()>> + Send>;

/// One process's view of a store.
#[derive(Clone)]
pub struct FaultStore {
    inner: Arc<dyn Write>,
    shared: Arc<Shared>,
}

struct Shared {
    inner: Arc<dyn Write>,
    holds: Holds,
    dead: AtomicBool,
    calls: AtomicU64,
    count_reads: AtomicBool,
    faults: Mutex<Vec<(u64, Fault)>>,
    hook: Mutex<Option<Hook>>,
    away: Mutex<Option<Away>>,
    record: Mutex<Vec<Recorded>>,
    delayed: Mutex<Vec<(Act, Delayed)>>,
    held: Mutex<Vec<HeldSlot>>,
    files: Mutex<Vec<Arc<OpenFile>>>,
    /// A directory that serves as the trash, for a store below that has none.
    trash: Mutex<Option<StorePath>>,
    /// Read by each call on its way, written by who waits for none to be.
    on_the_way: tokio::sync::RwLock<()>,
    /// Read by each call while it is executed, written by who acts between two of them.
    executing: Arc<tokio::sync::RwLock<()>>,
}

impl std::fmt::Debug for FaultStore {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "FaultStore over {:?}", self.inner)
    }
}

impl FaultStore {
    /// A process that uses `inner` and has no fault yet.
    pub fn new(inner: Arc<dyn Write>) -> Arc<FaultStore> {
        FaultStore::with_holds(inner, Holds::Locks)
    }

    /// The same with the given kind of holds.
    pub fn with_holds(inner: Arc<dyn Write>, holds: Holds) -> Arc<FaultStore> {
        let shared = Shared {
            inner: Arc::clone(&inner),
            holds,
            dead: AtomicBool::new(false),
            calls: AtomicU64::new(0),
            count_reads: AtomicBool::new(false),
            faults: Mutex::default(),
            hook: Mutex::default(),
            away: Mutex::default(),
            record: Mutex::default(),
            delayed: Mutex::default(),
            held: Mutex::default(),
            files: Mutex::default(),
            trash: Mutex::default(),
            on_the_way: tokio::sync::RwLock::new(()),
            executing: Arc::default(),
        };
        Arc::new(FaultStore { inner, shared: Arc::new(shared) })
    }

    /// Chooses the `number`-th call from the beginning (from 1); several may be chosen.
    pub fn fail_at(&self, number: u64, fault: Fault) {
        locked(&self.shared.faults).push((number, fault));
    }

    /// Counts reading calls as well; a lost answer or a delay of one is an error that can be tried again.
    pub fn count_reads(&self) {
        self.shared.count_reads.store(true, Ordering::SeqCst);
    }

    /// Lets others act before each call.
    pub fn on_call(&self, hook: Hook) {
        *locked(&self.shared.hook) = Some(hook);
    }

    /// From here on the servers are away for these calls; each is an error that may go away by itself.
    pub fn away_for(&self, calls: impl Fn(&Act) -> bool + Send + Sync + 'static) {
        *locked(&self.shared.away) = Some(Arc::new(calls));
    }

    /// From here on what is deleted through the trash is found in this directory.
    pub fn trash_into(&self, directory: StorePath) {
        *locked(&self.shared.trash) = Some(directory);
    }

    /// The number of counted calls so far.
    pub fn calls(&self) -> u64 {
        self.shared.calls.load(Ordering::SeqCst)
    }

    /// Everything that was executed, in the order in which it ended.
    pub fn recorded(&self) -> Vec<Recorded> {
        locked(&self.shared.record).clone()
    }

    /// Whether it died.
    pub fn is_dead(&self) -> bool {
        self.shared.dead.load(Ordering::SeqCst)
    }

    /// Ends the process now.
    pub async fn die(&self) {
        self.shared.die().await;
    }

    /// Waits until no call is on its way.
    pub async fn settled(&self) {
        drop(self.shared.on_the_way.write().await);
    }

    /// What keeps a hook's act apart from the calls that are executed beside it: while its write guard is held, none is.
    pub fn executing(&self) -> Arc<tokio::sync::RwLock<()>> {
        Arc::clone(&self.shared.executing)
    }

    /// The calls that wait for [`FaultStore::release`].
    pub fn delayed(&self) -> Vec<Act> {
        locked(&self.shared.delayed).iter().map(|(act, _)| act.clone()).collect()
    }

    /// Executes what was delayed, as the original call would have; whether the process lives does not matter.
    pub async fn release(&self) -> Vec<(Act, Result<()>)> {
        let delayed = std::mem::take(&mut *locked(&self.shared.delayed));
        let mut results = Vec::new();
        for (act, run) in delayed {
            let result = run().await;
            self.shared.note(0, act.clone(), result.as_ref().err());
            results.push((act, result));
        }
        results
    }
}

impl Shared {
    fn alive(&self) -> Result<()> {
        if self.dead.load(Ordering::SeqCst) {
            return Err(Error::new(Code::Unavailable, "this process is dead"));
        }
        Ok(())
    }

    fn present(&self, act: &Act) -> Result<()> {
        let away = locked(&self.away).clone();
        if away.is_some_and(|away| away(act)) {
            return Err(Error::new(Code::Unavailable, format!("no server is there for {act}")).retryable());
        }
        Ok(())
    }

    /// Counts a call, lets others act, and says what goes wrong with it.
    async fn enter(&self, act: &Act) -> Result<(u64, Option<Fault>)> {
        self.alive()?;
        let number = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        let hook = locked(&self.hook).clone();
        if let Some(hook) = hook {
            hook(number, act.clone()).await;
        }
        self.alive()?;
        let fault = locked(&self.faults).iter().find(|(at, _)| *at == number).map(|(_, fault)| *fault);
        Ok((number, fault))
    }

    /// Carries out a changing call, or what was chosen to happen instead. `leave` is what becomes of an answer that
    /// nobody gets.
    async fn change<T: Send + 'static>(
        self: &Arc<Self>,
        act: Act,
        run: impl FnOnce() -> BoxFuture<'static, Result<T>> + Send + 'static,
        leave: impl FnOnce(T) -> BoxFuture<'static, ()> + Send + 'static,
    ) -> Result<T> {
        let _on_the_way = self.on_the_way.read().await;
        let (number, fault) = self.enter(&act).await?;
        self.present(&act)?;
        match fault {
            None => {
                let result = self.execute(run).await;
                self.note(number, act, result.as_ref().err());
                self.alive()?;
                result
            }
            Some(Fault::Dies) => {
                self.die().await;
                Err(Error::new(Code::Unavailable, format!("this process died before {act}")))
            }
            Some(Fault::Refused) => Err(Error::new(Code::Quota, format!("there is no room for {act}"))),
            Some(Fault::LosesAnswer) => {
                let result = self.execute(run).await;
                self.note(number, act.clone(), result.as_ref().err());
                if let Ok(answer) = result {
                    leave(answer).await;
                }
                Err(lost(&act))
            }
            Some(Fault::Delays) => {
                let later: Delayed = Box::new(move || {
                    Box::pin(async move {
                        leave(run().await?).await;
                        Ok(())
                    })
                });
                locked(&self.delayed).push((act.clone(), later));
                Err(lost(&act))
            }
        }
    }

    async fn execute<T>(&self, run: impl FnOnce() -> BoxFuture<'static, Result<T>>) -> Result<T> {
        let _executing = self.executing.read().await;
        run().await
    }

    /// A call that changes nothing.
    async fn look(&self, act: Act) -> Result<()> {
        self.alive()?;
        self.present(&act)?;
        if !self.count_reads.load(Ordering::SeqCst) {
            return Ok(());
        }
        match self.enter(&act).await? {
            (_, None) => Ok(()),
            (_, Some(Fault::Dies)) => {
                self.die().await;
                Err(Error::new(Code::Unavailable, format!("this process died before {act}")))
            }
            (_, Some(_)) => Err(Error::new(Code::Unavailable, format!("{act} was not answered")).retryable()),
        }
    }

    fn note(&self, number: u64, act: Act, error: Option<&Error>) {
        locked(&self.record).push(Recorded { number, act, failed: error.map(Error::code) });
    }

    async fn die(&self) {
        self.dead.store(true, Ordering::SeqCst);
        let held = std::mem::take(&mut *locked(&self.held));
        for slot in held {
            *locked(&slot) = None;
        }
        let files = std::mem::take(&mut *locked(&self.files));
        for file in files {
            file.abandon(&*self.inner).await;
        }
    }
}

fn lost(act: &Act) -> Error {
    Error::new(Code::OutcomeUnknown, format!("{act} was not answered")).unknown_outcome()
}

fn nothing<T: Send + 'static>(_: T) -> BoxFuture<'static, ()> {
    Box::pin(std::future::ready(()))
}

fn locked<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// One listing whose pages end with the process.
struct FaultListing<L: ?Sized> {
    inner: Box<L>,
    shared: Arc<Shared>,
    act: Act,
}

#[async_trait]
impl Listing for FaultListing<dyn Listing> {
    async fn next_page(&mut self) -> Result<Option<Vec<Entry>>> {
        self.shared.look(self.act.clone()).await?;
        self.inner.next_page().await
    }
}

#[async_trait]
impl NameListing for FaultListing<dyn NameListing> {
    async fn next_page(&mut self) -> Result<Option<Vec<(lakehand::store::EntryName, lakehand::store::EntryKind)>>> {
        self.shared.look(self.act.clone()).await?;
        self.inner.next_page().await
    }
}

#[async_trait]
impl Read for FaultStore {
    fn capabilities(&self) -> Capabilities {
        let below = self.inner.capabilities();
        Capabilities {
            locks: below.locks && self.shared.holds == Holds::Locks,
            remote: below.remote || self.shared.holds != Holds::Locks,
            place_in_target: below.place_in_target || self.shared.holds == Holds::InTarget,
            page: below.page.or((self.shared.holds != Holds::Locks).then_some(1_000)),
            trash: below.trash || locked(&self.shared.trash).is_some(),
            ..below
        }
    }

    fn uri(&self, path: &StorePath) -> String {
        self.inner.uri(path)
    }

    async fn stat(&self, path: &StorePath) -> Result<Option<Entry>> {
        self.shared.look(Act::Look { what: "stat", path: path.clone() }).await?;
        self.inner.stat(path).await
    }

    async fn list(&self, directory: &StorePath) -> Result<Box<dyn Listing>> {
        let act = Act::Look { what: "list", path: directory.clone() };
        self.shared.look(act.clone()).await?;
        let inner = self.inner.list(directory).await?;
        Ok(Box::new(FaultListing { inner, shared: Arc::clone(&self.shared), act }))
    }

    async fn list_names(&self, directory: &StorePath) -> Result<Box<dyn NameListing>> {
        let act = Act::Look { what: "list the names of", path: directory.clone() };
        self.shared.look(act.clone()).await?;
        let inner = self.inner.list_names(directory).await?;
        Ok(Box::new(FaultListing { inner, shared: Arc::clone(&self.shared), act }))
    }

    async fn open(&self, path: &StorePath) -> Result<Arc<dyn ReadFile>> {
        self.shared.look(Act::Look { what: "open", path: path.clone() }).await?;
        self.inner.open(path).await
    }

    async fn read_whole(&self, path: &StorePath, limit: Size) -> Result<Bytes> {
        self.shared.look(Act::Look { what: "read", path: path.clone() }).await?;
        self.inner.read_whole(path, limit).await
    }

    async fn attributes(&self, path: &StorePath) -> Result<Attributes> {
        self.shared.look(Act::Look { what: "attributes of", path: path.clone() }).await?;
        self.inner.attributes(path).await
    }

    async fn identity(&self, directory: &StorePath) -> Result<Option<Identity>> {
        self.shared.look(Act::Look { what: "identity of", path: directory.clone() }).await?;
        self.inner.identity(directory).await
    }

    async fn room(&self, directory: &StorePath) -> Result<Room> {
        self.shared.look(Act::Look { what: "room of", path: directory.clone() }).await?;
        self.inner.room(directory).await
    }

    async fn same_mount(&self, one: &StorePath, other: &StorePath) -> Result<bool> {
        self.shared.look(Act::Look { what: "mount of", path: one.clone() }).await?;
        self.inner.same_mount(one, other).await
    }

    async fn supported(&self, directory: &StorePath) -> Result<()> {
        self.shared.alive()?;
        self.inner.supported(directory).await
    }

    fn calls(&self) -> u64 {
        FaultStore::calls(self)
    }

    async fn user(&self) -> Result<String> {
        self.shared.alive()?;
        self.inner.user().await
    }
}

impl FaultStore {
    /// A changing call of the store below whose answer needs no care.
    async fn pass<T: Send + 'static>(
        &self,
        act: Act,
        call: impl FnOnce(Arc<dyn Write>) -> BoxFuture<'static, Result<T>> + Send + 'static,
    ) -> Result<T> {
        let inner = Arc::clone(&self.inner);
        self.shared.change(act, move || call(inner), nothing).await
    }
}

#[async_trait]
impl Write for FaultStore {
    async fn make_dir(&self, path: &StorePath, attributes: &Attributes) -> Result<()> {
        let (path, attributes) = (path.clone(), attributes.clone());
        let act = Act::MakeDir { path: path.clone(), attributes: attributes.clone() };
        self.pass(act, move |inner| Box::pin(async move { inner.make_dir(&path, &attributes).await })).await
    }

    async fn create(&self, path: &StorePath) -> Result<Box<dyn WriteFile>> {
        let (inner, path) = (Arc::clone(&self.inner), path.clone());
        let at = path.clone();
        let run = move || -> BoxFuture<'static, Result<Box<dyn WriteFile>>> {
            Box::pin(async move { inner.create(&at).await })
        };
        FaultFile::create(&self.shared, path, run).await
    }

    async fn rename(&self, from: &StorePath, to: &StorePath) -> Result<()> {
        let (from, to) = (from.clone(), to.clone());
        let act = Act::Rename { from: from.clone(), to: to.clone() };
        self.pass(act, move |inner| Box::pin(async move { inner.rename(&from, &to).await })).await
    }

    async fn remove_file(&self, path: &StorePath) -> Result<bool> {
        let path = path.clone();
        let act = Act::RemoveFile { path: path.clone() };
        self.pass(act, move |inner| Box::pin(async move { inner.remove_file(&path).await })).await
    }

    async fn remove_dir(&self, path: &StorePath) -> Result<bool> {
        let path = path.clone();
        let act = Act::RemoveDir { path: path.clone() };
        self.pass(act, move |inner| Box::pin(async move { inner.remove_dir(&path).await })).await
    }

    async fn trash(&self, path: &StorePath) -> Result<Option<StorePath>> {
        let path = path.clone();
        let act = Act::Trash { path: path.clone() };
        let into = locked(&self.shared.trash).as_ref().map(|directory| directory.join(path.name()));
        let call = async move |inner: Arc<dyn Write>| match into {
            Some(into) => inner.rename(&path, &into).await.map(|()| Some(into)),
            None => inner.trash(&path).await,
        };
        self.pass(act, move |inner| Box::pin(call(inner))).await
    }

    async fn set_modified(&self, path: &StorePath, modified: FileTime) -> Result<()> {
        let path = path.clone();
        let act = Act::SetModified { path: path.clone(), modified };
        self.pass(act, move |inner| Box::pin(async move { inner.set_modified(&path, modified).await })).await
    }

    async fn sync_dir(&self, path: &StorePath) -> Result<()> {
        let path = path.clone();
        let act = Act::Sync { directories: vec![path.clone()] };
        self.pass(act, move |inner| Box::pin(async move { inner.sync_dir(&path).await })).await
    }

    async fn hold(&self, target: Option<&StorePath>, epoch: &StorePath) -> Result<Arc<dyn Hold>> {
        let (target, epoch) = (target.cloned(), epoch.clone());
        let act = Act::Hold { target: target.clone(), epoch: epoch.clone() };
        let (below, holds) = (Arc::clone(&self.inner), self.shared.holds);
        let (held_target, held_epoch) = (target.clone(), epoch.clone());
        let run = move || -> BoxFuture<'static, Result<Arc<dyn Hold>>> {
            Box::pin(async move {
                match holds {
                    Holds::Locks => below.hold(held_target.as_ref(), &held_epoch).await,
                    Holds::Paths | Holds::InTarget => PathHold::bind(below, held_target, held_epoch).await,
                }
            })
        };
        let inner = self.shared.change(act, run, nothing).await?;
        Ok(FaultHold::register(inner, &self.shared, target, epoch))
    }
}
