//! The data keys that this process has unwrapped. Whoever writes may use one of any age, for the commit is guarded by the
//! stream on which the key was taken away; whoever reads asks the database again after a few seconds.

use std::collections::HashMap;
use std::sync::RwLock;
use std::time::{Duration, Instant};

use super::SubjectKey;

/// How many subjects' keys a process keeps unwrapped; beyond it the cache starts anew.
const LIMIT: usize = 50_000;
/// For so long another process's restriction or erasure may go unnoticed by readers.
pub const READERS_TRUST: Duration = Duration::from_secs(5);

/// Unwrapped keys by subject, each with when the database was asked last.
#[derive(Default)]
pub(super) struct Opened(RwLock<HashMap<String, (SubjectKey, Instant)>>);

impl Opened {
    /// For writers, of whatever age.
    pub fn find(&self, subject: &str) -> Option<SubjectKey> {
        let opened = self.0.read().ok()?;
        opened.get(subject).map(|(key, _)| key.clone())
    }

    /// For readers, of late.
    pub fn find_fresh(&self, subject: &str) -> Option<SubjectKey> {
        let opened = self.0.read().ok()?;
        let (key, since) = opened.get(subject)?;
        (since.elapsed() < READERS_TRUST).then(|| key.clone())
    }

    pub fn keep(&self, subject: &str, key: &SubjectKey) {
        let Ok(mut opened) = self.0.write() else {
            return;
        };
        if opened.len() >= LIMIT {
            opened.clear();
        }
        opened.insert(subject.to_owned(), (key.clone(), Instant::now()));
    }

    pub fn forget(&self, subject: &str) {
        if let Ok(mut opened) = self.0.write() {
            opened.remove(subject);
        }
    }
}
