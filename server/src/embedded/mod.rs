//! A PostgreSQL of rapport's own, for when no database URL is given: made, started, shared by all rapport processes on
//! one data directory, taken over after a crash of ours, brought back after a crash of its own, and stopped by the
//! last one out.

mod account;
mod cluster;
pub mod error;
mod locks;
mod login;
mod places;
mod postmaster;
mod postmaster_file;
pub(crate) mod private_files;
mod programs;
#[cfg(test)]
mod tests;
mod watch;

use std::fmt;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::process::Command;
use tokio_util::sync::{CancellationToken, DropGuard};

use self::account::Account;
use self::cluster::Cluster;
use self::error::EmbeddedError;
use self::locks::Lock;
use self::postmaster::{PortTaken, Postmaster};
use self::programs::Programs;

/// Covers another process's first start, and its replay of the log after a crash.
const START_LOCK_LIMIT: Duration = Duration::from_secs(300);

/// What a process wants the private PostgreSQL for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// `rapport serve`: only one may do so on a data directory.
    Serve,
    /// Every other subcommand: uses the one that runs, or has it run for as long as itself.
    Attach,
}

/// A private PostgreSQL that answers.
///
/// Dropped without [`Embedded::stop`], the server runs on and the next process takes it over: the same as after
/// `kill -9`.
pub struct Embedded {
    cluster: Arc<Cluster>,
    postmaster: Postmaster,
    stopping: DropGuard,
    in_use: Lock,
    serving: Option<Lock>,
}

impl Embedded {
    /// Finds PostgreSQL running in the data directory or starts it, and makes what is missing for that.
    ///
    /// Fails with [`EmbeddedError::AlreadyServed`] when it is to serve and another process does.
    pub async fn start_or_attach(data_dir: &Path, purpose: Purpose) -> Result<Self, EmbeddedError> {
        let data_dir = places::open_data_dir(data_dir)?;
        let serving = match purpose {
            Purpose::Serve => Some(lock_for_serving(&data_dir)?),
            Purpose::Attach => None,
        };
        let _starting =
            Lock::exclusive(&data_dir.join(places::START_LOCK), START_LOCK_LIMIT).await?;
        let users_lock = data_dir.join(places::USERS_LOCK);
        // Whoever uses PostgreSQL by now knows its port, even if it has just died.
        let port_taken = match Lock::try_exclusive(&users_lock)? {
            Some(_) => PortTaken::ChooseAnother,
            None => PortTaken::SocketOnly,
        };
        let in_use = lock_among_users(&users_lock)?;
        let cluster = Cluster::open(&data_dir).await?;
        let postmaster = postmaster::ensure(&cluster, port_taken).await?;
        Ok(Self {
            cluster: Arc::new(cluster),
            postmaster,
            stopping: CancellationToken::new().drop_guard(),
            in_use,
            serving,
        })
    }

    /// Where the login role `rapport` finds the database `rapport`. Holds its password.
    pub fn url(&self) -> String {
        login::url(&self.cluster, self.postmaster.port)
    }

    /// Where PostgreSQL keeps its log, a file for each day of the week.
    pub fn log_directory(&self) -> PathBuf {
        self.cluster.log_directory()
    }

    /// Starts PostgreSQL again whenever it dies. For the serving process to spawn: the future ends with `Ok` once this
    /// value is stopped or dropped, and with an error when PostgreSQL cannot be kept up.
    pub fn watch(&self) -> impl Future<Output = Result<(), EmbeddedError>> + Send + use<> {
        let stopping = self.stopping.token().clone();
        watch::watch(Arc::clone(&self.cluster), stopping)
    }

    /// Lets go of PostgreSQL, and stops it if nobody else on this data directory uses it.
    pub async fn stop(self) -> Result<(), EmbeddedError> {
        let Self {
            cluster,
            stopping,
            in_use,
            serving,
            ..
        } = self;
        drop(stopping);
        let start_lock = cluster.data_dir.join(places::START_LOCK);
        let _starting = Lock::exclusive(&start_lock, START_LOCK_LIMIT).await?;
        drop(in_use);
        let alone = Lock::try_exclusive(&cluster.data_dir.join(places::USERS_LOCK))?;
        let outcome = match alone {
            Some(_) => postmaster::stop_and_tidy(&cluster).await,
            None => Ok(()),
        };
        drop(serving);
        outcome
    }
}

impl fmt::Debug for Embedded {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Embedded")
            .field("data_dir", &self.cluster.data_dir)
            .field("postmaster", &self.postmaster)
            .finish_non_exhaustive()
    }
}

/// `pg_dump` or `pg_restore`, to be run as whoever may run PostgreSQL here, with none of our environment.
pub async fn client_program(name: &str) -> Result<Command, EmbeddedError> {
    let account = Account::choose()?;
    let programs = Programs::find(account, None).await?;
    programs.client(account, name)
}

fn lock_for_serving(data_dir: &Path) -> Result<Lock, EmbeddedError> {
    let path = data_dir.join(places::SERVE_LOCK);
    let Some(mut lock) = Lock::try_exclusive(&path)? else {
        return Err(EmbeddedError::AlreadyServed {
            data_dir: data_dir.to_owned(),
            process: locks::signature(&path),
        });
    };
    lock.sign(&path)?;
    Ok(lock)
}

/// Only who holds the start lock ever takes this one alone, so it is free for us, who hold that now.
fn lock_among_users(path: &Path) -> Result<Lock, EmbeddedError> {
    Lock::try_shared(path)?.ok_or_else(|| {
        let source = std::io::Error::other("somebody holds it alone without the start lock");
        EmbeddedError::file("share the lock", path, source)
    })
}
