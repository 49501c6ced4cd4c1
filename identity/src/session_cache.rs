//! Remembers for a few seconds which token is whose session, so that a page of many requests looks it up once, and gathers
//! which sessions were used.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use deadpool_postgres::Pool;
use domain::ids::TenantId;
use event_store::Result;
use time::OffsetDateTime;

use crate::sessions::{self, Session, Step};
use crate::tokens::{Token, TokenHash};

/// How long a session that was ended may still be honoured by a process that did not end it.
pub const TTL: Duration = Duration::from_secs(5);
/// Sessions remembered at once.
pub const MAX_ENTRIES: usize = 10_000;

/// The cache; one a process.
#[derive(Default)]
pub struct SessionCache {
    entries: Mutex<HashMap<TokenHash, (Session, Instant)>>,
    used: Mutex<HashSet<(TenantId, String)>>,
}

impl SessionCache {
    /// The session of a cookie. Refused with 401 `session-expired` or `session-revoked`.
    pub async fn find(&self, engine: &Pool, text: &str) -> Result<Session> {
        let hash = Token::parse(text).ok_or_else(sessions::expired)?.hash();
        let session = match self.remembered(&hash) {
            Some(session) => session,
            None => {
                let found = sessions::find(&engine.get().await?, &hash).await?;
                let session = found.ok_or_else(sessions::expired)?;
                // What stands before its second factor will not stand there for long.
                if session.step() == Step::None {
                    self.remember(hash, session.clone());
                }
                session
            }
        };
        session.check(OffsetDateTime::now_utc())?;
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if used.len() < MAX_ENTRIES {
            used.insert((session.tenant_id.clone(), session.session_id.clone()));
        }
        drop(used);
        Ok(session)
    }

    /// Drops a person's sessions at once in this process; call it after changing what they may do.
    pub fn forget(&self, tenant_id: &TenantId, person_id: &str) {
        self.entries().retain(|_, (session, _)| {
            session.person_id != person_id || session.tenant_id != *tenant_id
        });
    }

    /// Drops all of a tenant's sessions at once in this process.
    pub fn forget_tenant(&self, tenant_id: &TenantId) {
        self.entries()
            .retain(|_, (session, _)| session.tenant_id != *tenant_id);
    }

    /// Writes down which sessions were used since the last call, and forgets old ones; run it about once a minute.
    pub async fn keep_house(&self, engine: &Pool) -> Result<()> {
        let used = std::mem::take(&mut *self.used.lock().unwrap_or_else(PoisonError::into_inner));
        let client = engine.get().await?;
        if !used.is_empty() {
            sessions::touch(&client, &used.into_iter().collect::<Vec<_>>()).await?;
        }
        sessions::forget_old(&client).await?;
        crate::links::forget_old(&client).await?;
        crate::openid::forget_old(&client).await?;
        Ok(())
    }

    fn remembered(&self, hash: &TokenHash) -> Option<Session> {
        let entries = self.entries();
        let (session, found_at) = entries.get(hash)?;
        (found_at.elapsed() < TTL).then(|| session.clone())
    }

    fn remember(&self, hash: TokenHash, session: Session) {
        let mut entries = self.entries();
        if entries.len() >= MAX_ENTRIES {
            entries.retain(|_, (_, found_at)| found_at.elapsed() < TTL);
        }
        // More sessions in use within five seconds than we remember: start over, which costs a look-up each.
        if entries.len() >= MAX_ENTRIES {
            entries.clear();
        }
        entries.insert(hash, (session, Instant::now()));
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<TokenHash, (Session, Instant)>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
