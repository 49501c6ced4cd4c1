//! The data keys that this process has unwrapped. Whoever writes may use one of any age, for the commit is guarded by the
//! stream on which the key was taken away; whoever reads asks the database again after a few seconds.

use std::time::{Duration, Instant};

use quick_cache::sync::Cache;

use super::SubjectKey;

/// How many subjects' keys of a tenant a process keeps unwrapped; those that are asked for least go first.
const LIMIT: usize = 50_000;
/// For so long another process's restriction or erasure may go unnoticed by readers.
pub const READERS_TRUST: Duration = Duration::from_secs(5);

/// Unwrapped keys by subject, each with when the database was asked last.
pub(super) struct Opened(Cache<String, (SubjectKey, Instant)>);

impl Default for Opened {
    fn default() -> Self {
        Self(Cache::new(LIMIT))
    }
}

impl Opened {
    /// For writers, of whatever age.
    pub fn find(&self, subject: &str) -> Option<SubjectKey> {
        self.0.get(subject).map(|(key, _)| key)
    }

    /// For readers, of late.
    pub fn find_fresh(&self, subject: &str) -> Option<SubjectKey> {
        let (key, since) = self.0.get(subject)?;
        (since.elapsed() < READERS_TRUST).then_some(key)
    }

    pub fn keep(&self, subject: &str, key: &SubjectKey) {
        let kept = (key.clone(), Instant::now());
        self.0.insert(subject.to_owned(), kept);
    }

    pub fn forget(&self, subject: &str) {
        self.0.remove(subject);
    }
}
