//! File locks between processes. The kernel lets go of them when their holder dies, however it dies.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use tokio::time::Instant;

use super::error::EmbeddedError;

const POLL_INTERVAL: Duration = Duration::from_millis(10);
const OWNER_ONLY: u32 = 0o600;
const MAX_HOLDER_BYTES: u64 = 32;

/// A lock on a file, held until it is dropped.
pub(super) struct Lock {
    file: File,
}

impl Lock {
    /// The lock for one holder alone, or `None` while others hold it.
    pub(super) fn try_exclusive(path: &Path) -> Result<Option<Self>, EmbeddedError> {
        let file = open(path)?;
        taken(path, file.try_lock()).map(|taken| taken.then_some(Self { file }))
    }

    /// The lock among any number of holders, or `None` while one holds it alone.
    pub(super) fn try_shared(path: &Path) -> Result<Option<Self>, EmbeddedError> {
        let file = open(path)?;
        taken(path, file.try_lock_shared()).map(|taken| taken.then_some(Self { file }))
    }

    /// Waits for the lock for one holder alone. Polls, because a blocking lock has no time limit.
    pub(super) async fn exclusive(path: &Path, limit: Duration) -> Result<Self, EmbeddedError> {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(lock) = Self::try_exclusive(path)? {
                return Ok(lock);
            }
            if Instant::now() >= deadline {
                let action = format!("another process holds the lock {}", path.display());
                return Err(EmbeddedError::timed_out(action, limit));
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    /// Notes in the file who holds it, for the one who is refused.
    pub(super) fn sign(&mut self, path: &Path) -> Result<(), EmbeddedError> {
        let signed = self
            .file
            .set_len(0)
            .and_then(|()| self.file.rewind())
            .and_then(|()| write!(self.file, "{}", std::process::id()));
        signed.map_err(|source| EmbeddedError::file("write", path, source))
    }
}

/// Who signed the lock file last; a name for a message and nothing to rely on.
pub(super) fn signature(path: &Path) -> String {
    let mut text = String::new();
    let read =
        File::open(path).and_then(|file| file.take(MAX_HOLDER_BYTES).read_to_string(&mut text));
    match read {
        Ok(length) if length > 0 => text,
        _ => "unknown".to_owned(),
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Said aloud, because a child that another thread forks right now would keep the lock alive until it execs.
        let _ = self.file.unlock();
    }
}

fn open(path: &Path) -> Result<File, EmbeddedError> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(OWNER_ONLY)
        .open(path)
        .map_err(|source| EmbeddedError::file("open the lock", path, source))
}

fn taken(path: &Path, outcome: Result<(), TryLockError>) -> Result<bool, EmbeddedError> {
    match outcome {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(source)) => Err(EmbeddedError::file("lock", path, source)),
    }
}
