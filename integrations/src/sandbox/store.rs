//! The one place where the sandbox changes: a transaction is decided, written, synced and only then applied, one at a
//! time. What is asked of it runs to its end even when the caller hangs up half-way.

use std::collections::HashSet;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use minijinja::Environment;
use time::OffsetDateTime;
use tokio::sync::Notify;

use crate::sandbox::entries::{Entry, Transaction};
use crate::sandbox::faults::FaultPlan;
use crate::sandbox::ledger::LedgerFile;
use crate::sandbox::limits::Limits;
use crate::sandbox::llm::Scripts;
use crate::sandbox::pages;
use crate::sandbox::state::State;
use crate::sandbox::stripe::sessions;

pub(super) struct Store {
    state: State,
    ledger: LedgerFile,
}

impl Store {
    fn open(path: &Path) -> io::Result<Store> {
        let mut state = State::default();
        let ledger = LedgerFile::open(path, |transaction| state.apply(transaction))?;
        Ok(Store { state, ledger })
    }

    pub(super) fn state(&self) -> &State {
        &self.state
    }

    /// Durable when it returns.
    pub(super) fn commit(&mut self, entries: Vec<Entry>) -> io::Result<()> {
        if entries.is_empty() {
            return Ok(());
        }
        let transaction = Transaction {
            number: self.ledger.next_number(),
            at: now_unix(),
            entries,
        };
        self.ledger.append(&transaction)?;
        self.state.apply(transaction);
        Ok(())
    }

    /// Expires every session whose time has come.
    pub(super) fn expire_due(&mut self) -> io::Result<()> {
        let entries = sessions::expire_due(&self.state, now_unix());
        self.commit(entries)
    }
}

/// Everything that requests and mail sessions share.
pub(super) struct Shared {
    store: Mutex<Store>,
    faults: Mutex<FaultPlan>,
    limits: Mutex<Limits>,
    scripts: Mutex<Scripts>,
    in_flight: Mutex<HashSet<(String, String)>>,
    /// Signalled after every transaction: there may be webhooks to deliver.
    pub changed: Notify,
    pub pages: Environment<'static>,
}

impl Shared {
    pub(super) fn open(ledger: &Path) -> io::Result<Arc<Shared>> {
        Ok(Arc::new(Shared {
            store: Mutex::new(Store::open(ledger)?),
            faults: Mutex::default(),
            limits: Mutex::default(),
            scripts: Mutex::default(),
            in_flight: Mutex::default(),
            changed: Notify::new(),
            pages: pages::environment().map_err(io::Error::other)?,
        }))
    }

    /// Runs `work` alone with the store, off the async threads, for it may wait for the disk.
    pub(super) async fn transact<T: Send + 'static>(
        self: &Arc<Shared>,
        work: impl FnOnce(&mut Store) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let done = self.transact_quietly(work).await;
        self.changed.notify_one();
        done
    }

    /// The same without a signal, for the one who waits for the signal.
    pub(super) async fn transact_quietly<T: Send + 'static>(
        self: &Arc<Shared>,
        work: impl FnOnce(&mut Store) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let shared = Arc::clone(self);
        tokio::task::spawn_blocking(move || work(&mut locked(&shared.store)))
            .await
            .map_err(io::Error::other)?
    }

    pub(super) fn faults(&self) -> MutexGuard<'_, FaultPlan> {
        locked(&self.faults)
    }

    pub(super) fn limits(&self) -> MutexGuard<'_, Limits> {
        locked(&self.limits)
    }

    pub(super) fn scripts(&self) -> MutexGuard<'_, Scripts> {
        locked(&self.scripts)
    }

    /// Marks an idempotency key as being worked on; `None` when it is already.
    pub(super) fn enter(self: &Arc<Shared>, account: &str, key: &str) -> Option<InFlight> {
        let key = (account.to_owned(), key.to_owned());
        locked(&self.in_flight)
            .insert(key.clone())
            .then(|| InFlight {
                shared: Arc::clone(self),
                key,
            })
    }
}

/// Frees its idempotency key when dropped, also when the client hangs up.
pub(super) struct InFlight {
    shared: Arc<Shared>,
    key: (String, String),
}

impl Drop for InFlight {
    fn drop(&mut self) {
        locked(&self.shared.in_flight).remove(&self.key);
    }
}

/// True time; the sandbox clock is this plus the state's offset.
pub(super) fn now_unix() -> i64 {
    OffsetDateTime::now_utc().unix_timestamp()
}

pub(super) fn new_id(prefix: &str) -> String {
    format!("{prefix}_{}", uuid::Uuid::new_v4().simple())
}

/// A panic elsewhere leaves the data whole: entries are applied after they were written.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
