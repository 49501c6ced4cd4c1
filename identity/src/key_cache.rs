//! Remembers for a few seconds whose key is whose, so that a request does not begin with a look-up, and gathers which
//! keys were used, so that noting it stays off the request's path.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use deadpool_postgres::Pool;
use domain::ids::TenantId;
use event_store::Result;

use time::OffsetDateTime;

use crate::keys::{self, ApiKey};
use crate::plain_keys::{KeyHash, PlainKey};
use crate::principals::Principal;

/// How long a revoked key may still be honoured by a process that did not revoke it.
pub const TTL: Duration = Duration::from_secs(5);
/// Keys remembered at once.
pub const MAX_ENTRIES: usize = 10_000;

/// The cache; one a process.
#[derive(Default)]
pub struct KeyCache {
    entries: Mutex<HashMap<KeyHash, Entry>>,
    used: Mutex<HashSet<(TenantId, String)>>,
}

struct Entry {
    key: ApiKey,
    found_at: Instant,
}

impl KeyCache {
    /// Whose key this is. Refused with 401 `key-malformed`, `key-unknown`, `key-revoked`, `key-expired`
    /// or `key-out-of-range`.
    pub async fn authenticate(
        &self,
        engine: &Pool,
        text: &str,
        address: Option<IpAddr>,
    ) -> Result<Principal> {
        let hash = PlainKey::parse(text)?.hash();
        let key = match self.remembered(&hash) {
            Some(key) => key,
            None => {
                let key = keys::find(engine, &hash)
                    .await?
                    .ok_or_else(keys::unknown_key)?;
                self.remember(hash, key.clone());
                key
            }
        };
        let principal = key.principal(OffsetDateTime::now_utc())?;
        key.check_address(address)?;
        self.note_use(key);
        Ok(principal)
    }

    /// Drops a key at once in this process; call it after revoking.
    pub fn forget(&self, tenant_id: &TenantId, key_id: &str) {
        self.entries()
            .retain(|_, entry| entry.key.key_id != key_id || entry.key.tenant_id != *tenant_id);
    }

    /// Writes down which keys were used since the last call; run it about once a minute. Returns how many were written.
    pub async fn write_last_used(&self, engine: &Pool) -> Result<u64> {
        let used = std::mem::take(&mut *self.used.lock().unwrap_or_else(PoisonError::into_inner));
        keys::touch(engine, &used.into_iter().collect::<Vec<_>>()).await
    }

    fn remembered(&self, hash: &KeyHash) -> Option<ApiKey> {
        let entries = self.entries();
        entries
            .get(hash)
            .filter(|entry| entry.found_at.elapsed() < TTL)
            .map(|entry| entry.key.clone())
    }

    fn remember(&self, hash: KeyHash, key: ApiKey) {
        let mut entries = self.entries();
        if entries.len() >= MAX_ENTRIES {
            entries.retain(|_, entry| entry.found_at.elapsed() < TTL);
        }
        // More keys in use within five seconds than we remember: start over, which costs a look-up each.
        if entries.len() >= MAX_ENTRIES {
            entries.clear();
        }
        entries.insert(
            hash,
            Entry {
                key,
                found_at: Instant::now(),
            },
        );
    }

    fn note_use(&self, key: ApiKey) {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if used.len() < MAX_ENTRIES {
            used.insert((key.tenant_id, key.key_id));
        }
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<KeyHash, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
