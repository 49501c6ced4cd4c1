//! The store as its callers hold it: pools, keys, the directory of tenants, and the signals between writers and readers.

use std::sync::Arc;
use std::time::Duration;

use domain::ids::TenantId;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::append::Appends;
use crate::coalescer::Coalescer;
use crate::commit::{Commit, NewSubjectKey, Outcome};
use crate::load::{self, Load, Loaded, Loads};
use crate::log::{Runner, Subscriber};
use crate::pg::{Pools, begin_write};
use crate::read_audit::{AuditedRead, AuditedReads};
use crate::recent::{Fresh, Recent};
use crate::recorded::Recorded;
use crate::root_rotation::Knowledge;
use crate::snapshots::{self, StoredSnapshot};
use crate::tail::Tail;
use crate::tenants::Directory;
use crate::vault::{SubjectKey, TenantKeys, Vault};
use crate::wake::Wake;
use crate::{Result, append, checkpoints, error::Error};

/// How often a waiting reader looks at checkpoints that other processes move.
const WAIT_POLL: Duration = Duration::from_millis(20);

const FIND_FINGERPRINT: &str = "select root_key_fingerprint from installation";
const RECORD_FINGERPRINT: &str =
    "insert into installation (root_key_fingerprint) values ($1) on conflict do nothing";
const OPEN_TENANT: &str = "insert into tenants (tenant_id, slug, wrapped_key) values ($1, $2, $3)";

/// A tenant to be opened with its first commit.
#[derive(Clone, Debug)]
pub struct TenantOpening {
    pub slug: String,
    pub wrapped_key: Vec<u8>,
}

#[derive(Clone)]
pub struct Store {
    pub pools: Pools,
    pub vault: Arc<Vault>,
    pub directory: Arc<Directory>,
    pub wake: Wake,
    pub tail: Arc<Tail>,
    /// What this process has just written.
    pub recent: Arc<Recent>,
    appends: Coalescer<Commit, Appends>,
    loads: Coalescer<Load, Loads>,
    audited_reads: Coalescer<AuditedRead, AuditedReads>,
    /// Told whenever a subscriber of this process has moved.
    pub moved: watch::Sender<u64>,
}

impl Store {
    pub fn new(pools: Pools, vault: Vault) -> Self {
        let (wake, recent) = (Wake::default(), Arc::new(Recent::new(&pools)));
        Self {
            directory: Arc::new(Directory::new(pools.engine.clone())),
            tail: Arc::new(Tail::new(pools.engine.clone(), wake.clone())),
            appends: Coalescer::new(Appends {
                pools: pools.clone(),
                wake: wake.clone(),
                recent: recent.clone(),
                caution: Default::default(),
            }),
            loads: Coalescer::new(Loads {
                pool: pools.request.clone(),
            }),
            audited_reads: Coalescer::new(AuditedReads {
                pool: pools.engine.clone(),
            }),
            vault: Arc::new(vault),
            moved: watch::Sender::new(0),
            pools,
            wake,
            recent,
        }
    }

    /// Loads what a decision needs, in one wait, together with what others load at the same time.
    pub async fn load(&self, tenant_id: &TenantId, wanted: impl Into<Arc<Load>>) -> Result<Loaded> {
        self.loads.send(tenant_id, wanted.into()).await
    }

    /// Writes a read of sensitive data down, with those of others that arrive at the same time. Busy when too many wait.
    pub async fn record_read(&self, tenant_id: &TenantId, read: AuditedRead) -> Result<()> {
        self.audited_reads.send(tenant_id, Arc::new(read)).await
    }

    /// One whole stream, or what follows a sequence, with everything that was written beside each event.
    pub async fn read_stream(
        &self,
        tenant_id: &TenantId,
        stream: (&str, &str),
        after: i64,
    ) -> Result<Vec<Recorded>> {
        load::read_stream(&self.pools.request, tenant_id, stream, after).await
    }

    /// Keeps a snapshot of a stream's committed state, for loads to come.
    pub async fn save_snapshot(
        &self,
        tenant_id: &TenantId,
        stream: (&str, &str),
        snapshot: &StoredSnapshot,
    ) -> Result<()> {
        snapshots::save(&self.pools.request, tenant_id, stream, snapshot).await
    }

    /// Writes a commit, together with those of others that arrive at the same time, and wakes the readers.
    /// Refused with 401 `tenant-deleted` once the tenant's deletion has begun.
    pub async fn commit(&self, commit: Arc<Commit>) -> Result<Outcome> {
        self.directory.require_there(&commit.tenant_id)?;
        if !commit.key_changes.is_empty() {
            return self.commit_with_keys(&commit).await;
        }
        self.appends.send(&commit.tenant_id.clone(), commit).await
    }

    /// Writes each commit, all or nothing by itself.
    pub async fn append(&self, commits: &[Commit]) -> Result<Vec<Outcome>> {
        let written = commits
            .iter()
            .map(|commit| self.commit(Arc::new(commit.clone())));
        futures_util::future::try_join_all(written).await
    }

    /// Writes the first commit of a tenant together with its entry in the directory.
    pub async fn open_tenant(&self, opening: &TenantOpening, commit: &Commit) -> Result<Outcome> {
        let mut client = self.pools.request.get().await?;
        let tx = begin_write(&mut client, commit.tenant_id.as_str()).await?;
        let opened = tx
            .execute(
                OPEN_TENANT,
                &[
                    &commit.tenant_id.as_str(),
                    &opening.slug,
                    &opening.wrapped_key,
                ],
            )
            .await;
        if let Err(error) = opened {
            return match append::violation(&error) {
                Some(violation) => Ok(Outcome::Conflict(violation)),
                None => Err(error.into()),
            };
        }
        let mut fresh = Fresh::default();
        let outcome = append::append_in(&tx, commit, &mut fresh).await?;
        if let Outcome::Committed { .. } = outcome {
            tx.commit().await?;
            self.wake.committed_here(fresh.positions);
        }
        Ok(outcome)
    }

    /// What has a subscriber react to what is written here and elsewhere, in this process's name as leases have it.
    pub fn runner(&self, subscriber: Arc<dyn Subscriber>, owner: &str) -> Runner {
        Runner {
            pool: self.pools.engine.clone(),
            recent: self.recent.clone(),
            subscriber,
            owner: owner.to_owned(),
            safe: self.tail.watch(),
            moved: self.moved.clone(),
        }
    }

    /// The tenant's keys.
    pub async fn keys(&self, tenant_id: &TenantId) -> Result<Arc<TenantKeys>> {
        let mut found = self.directory.find_keys(&self.vault, tenant_id).await;
        // While the root key is being changed, the row may be under one that this process has not heard of yet.
        if found.is_err() && self.learn_roots().await? == Knowledge::Grown {
            found = self.directory.find_keys(&self.vault, tenant_id).await;
        }
        found?.ok_or_else(|| Error::internal(format!("tenant {tenant_id} does not exist")))
    }

    /// Makes a data key for a new subject; the second part must travel in the commit.
    pub async fn new_subject(
        &self,
        tenant_id: &TenantId,
        subject: &str,
    ) -> Result<(SubjectKey, NewSubjectKey)> {
        let (key, wrapped_key) = self.keys(tenant_id).await?.new_subject(subject)?;
        Ok((
            key,
            NewSubjectKey {
                subject_id: subject.to_owned(),
                wrapped_key,
            },
        ))
    }

    /// Waits until all of these subscribers have passed `position`; answers whether they did in time.
    pub async fn wait_for(
        &self,
        subscribers: &[&str],
        position: i64,
        limit: Duration,
    ) -> Result<bool> {
        let deadline = Instant::now() + limit;
        let mut moved = self.moved.subscribe();
        loop {
            moved.borrow_and_update();
            let client = self.pools.query.get().await?;
            if checkpoints::position(&client, subscribers).await? >= position {
                return Ok(true);
            }
            drop(client);
            if Instant::now() >= deadline {
                return Ok(false);
            }
            let _ = tokio::time::timeout(WAIT_POLL, moved.changed()).await;
        }
    }

    /// The fingerprint of the root key that this database was made with, if it has one.
    pub async fn find_root_key_fingerprint(&self) -> Result<Option<Vec<u8>>> {
        let row = self
            .pools
            .engine
            .get()
            .await?
            .query_opt(FIND_FINGERPRINT, &[])
            .await?;
        Ok(row.map(|row| row.get(0)))
    }

    /// Records the root key's fingerprint, once for ever.
    pub async fn record_root_key_fingerprint(&self, fingerprint: &[u8]) -> Result<()> {
        self.pools
            .engine
            .get()
            .await?
            .execute(RECORD_FINGERPRINT, &[&fingerprint])
            .await?;
        Ok(())
    }
}
