//! Subjects' data keys as the database has them: active, restricted, or erased, of which a tombstone stays. They change
//! their state in the commit of the event that says so.

use std::sync::Arc;

use deadpool_postgres::Transaction;
use domain::ids::TenantId;

use crate::append;
use crate::commit::{Commit, KeyChange, Outcome};
use crate::pg::begin_write;
use crate::recent::Fresh;
use crate::store::Store;
use crate::vault::{SubjectKey, TenantKeys};
use crate::{Result, error::Error};

/// Many subjects are often neighbours, as in a rebuild: the range keeps PostgreSQL from reading all of the tenant's keys
/// for them.
const FIND_ACTIVE: &str = "
    select subject_id, wrapped_key from subject_keys
    where tenant_id = $1 and subject_id = any ($2)
      and subject_id between (select min(s) from unnest($2::text[]) as s) and (select max(s) from unnest($2::text[]) as s)
      and wrapped_key is not null and restricted_at is null";
const FIND_KEPT: &str = "
    select subject_id, wrapped_key from subject_keys
    where tenant_id = $1 and subject_id = any ($2)
      and subject_id between (select min(s) from unnest($2::text[]) as s) and (select max(s) from unnest($2::text[]) as s)
      and wrapped_key is not null";
const LIST_WRAPS: &str =
    "select wrap_id, wrapped_key from tenant_wrap_keys where tenant_id = $1 order by wrap_id";

const RESTRICT: &str = "
    update subject_keys set restricted_at = coalesce(restricted_at, clock_timestamp())
    where tenant_id = $1 and subject_id = any ($2) and destroyed_at is null";
const LIFT: &str = "
    update subject_keys set restricted_at = null
    where tenant_id = $1 and subject_id = any ($2) and destroyed_at is null";
/// Whoever never had a key shall never have one either.
const DESTROY: &str = "
    insert into subject_keys (tenant_id, subject_id, destroyed_at)
    select $1, k.subject, clock_timestamp() from unnest($2::text[]) as k (subject)
    on conflict (tenant_id, subject_id) do update set wrapped_key = null, restricted_at = null,
        destroyed_at = coalesce(subject_keys.destroyed_at, excluded.destroyed_at)";

/// Which keys a reader is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    Active,
    /// Restricted ones too, for whoever deals with the person's own wishes.
    Restricted,
}

impl Store {
    /// The data keys of these subjects, for readers; a subject without an active key is left out. A key that another
    /// process has restricted or destroyed may be given for `READERS_TRUST` longer.
    pub async fn subject_keys(
        &self,
        tenant_id: &TenantId,
        subjects: &[&str],
    ) -> Result<Vec<(String, SubjectKey)>> {
        let keys = self.keys(tenant_id).await?;
        let mut found = Vec::with_capacity(subjects.len());
        let mut wanted = Vec::new();
        for subject in subjects {
            match keys.fresh_subject(subject) {
                Some(key) => found.push(((*subject).to_owned(), key)),
                None => wanted.push(*subject),
            }
        }
        if !wanted.is_empty() {
            let rows = self.find_keys(tenant_id, &wanted, Reach::Active).await?;
            for (subject, wrapped) in rows {
                let key = self.open_subject_key(&keys, &subject, &wrapped).await?;
                found.push((subject, key));
            }
        }
        Ok(found)
    }

    /// As `subject_keys`, restricted ones included and never from memory.
    pub async fn kept_subject_keys(
        &self,
        tenant_id: &TenantId,
        subjects: &[&str],
    ) -> Result<Vec<(String, SubjectKey)>> {
        let keys = self.keys(tenant_id).await?;
        let rows = self
            .find_keys(tenant_id, subjects, Reach::Restricted)
            .await?;
        let mut found = Vec::with_capacity(rows.len());
        for (subject, wrapped) in rows {
            let key = self.open_subject_key(&keys, &subject, &wrapped).await?;
            // Nobody else is to find it in memory.
            keys.forget_subject(&subject);
            found.push((subject, key));
        }
        Ok(found)
    }

    /// Unwraps a subject's data key; the key that it is wrapped under is fetched if this process does not know it yet.
    pub async fn open_subject_key(
        &self,
        keys: &TenantKeys,
        subject: &str,
        wrapped: &[u8],
    ) -> Result<SubjectKey> {
        if !keys.can_unwrap(wrapped) {
            self.learn_wraps(keys).await?;
        }
        keys.unwrap_subject(subject, wrapped)
    }

    /// Takes in what wrapping keys the tenant has got since.
    pub async fn learn_wraps(&self, keys: &TenantKeys) -> Result<()> {
        let client = self.pools.engine.get().await?;
        let statement = client.prepare_cached(LIST_WRAPS).await?;
        for row in client
            .query(&statement, &[&keys.tenant_id().as_str()])
            .await?
        {
            self.vault
                .add_wrap(keys, row.get("wrap_id"), row.get("wrapped_key"))?;
        }
        Ok(())
    }

    async fn find_keys(
        &self,
        tenant_id: &TenantId,
        subjects: &[&str],
        reach: Reach,
    ) -> Result<Vec<(String, Vec<u8>)>> {
        let sql = match reach {
            Reach::Active => FIND_ACTIVE,
            Reach::Restricted => FIND_KEPT,
        };
        let client = self.pools.engine.get().await?;
        let statement = client.prepare_cached(sql).await?;
        let rows = client
            .query(&statement, &[&tenant_id.as_str(), &subjects])
            .await?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    /// A commit that changes the state of keys; rare, so it travels alone.
    pub(crate) async fn commit_with_keys(&self, commit: &Commit) -> Result<Outcome> {
        let mut client = self.pools.request.get().await?;
        let tx = begin_write(&mut client, commit.tenant_id.as_str()).await?;
        // What may have been read of the keys before is gone from memory whatever comes of it.
        let keys = self.keys(&commit.tenant_id).await?;
        let mut fresh = Fresh::default();
        let outcome = append::append_in(&tx, commit, &mut fresh).await?;
        if let Outcome::Committed { .. } = outcome {
            change_keys(&tx, commit).await?;
            let committed = tx.commit().await;
            forget(&keys, commit);
            if let Err(error) = committed {
                self.wake.committed_unknown();
                return Err(Error::from(error));
            }
            self.wake.committed_here(fresh.positions);
        }
        Ok(outcome)
    }
}

/// Keys change behind the append, in its transaction: nobody has lost a key by a commit that does not stand.
async fn change_keys(tx: &Transaction<'_>, commit: &Commit) -> Result<()> {
    let (mut restricted, mut lifted, mut destroyed) = (Vec::new(), Vec::new(), Vec::new());
    for change in &commit.key_changes {
        match change {
            KeyChange::Restrict(subject) => restricted.push(subject.as_str()),
            KeyChange::Lift(subject) => lifted.push(subject.as_str()),
            KeyChange::Destroy(subject) => destroyed.push(subject.as_str()),
        }
    }
    for (sql, subjects) in [(RESTRICT, restricted), (LIFT, lifted), (DESTROY, destroyed)] {
        if !subjects.is_empty() {
            let statement = tx.prepare_cached(sql).await?;
            tx.execute(&statement, &[&commit.tenant_id.as_str(), &subjects])
                .await?;
        }
    }
    Ok(())
}

fn forget(keys: &Arc<TenantKeys>, commit: &Commit) {
    for change in &commit.key_changes {
        keys.forget_subject(change.subject());
    }
}
