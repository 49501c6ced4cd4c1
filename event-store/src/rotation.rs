//! Wraps every data key of a tenant anew, under a wrapping key made for that. Readers and writers go on: a data key is
//! readable under either, and the envelope says under which. Where it stands lies in the rows themselves, so it goes on from
//! wherever it was interrupted.

use domain::ids::TenantId;

use crate::Result;
use crate::store::Store;
use crate::vault::wraps;

/// Data keys of one step; a step is a transaction.
pub const STEP_KEYS: i64 = 5_000;

const INSERT_WRAP: &str = "
    insert into tenant_wrap_keys (tenant_id, wrap_id, wrapped_key) values ($1, $2, $3)";
const COUNT_LEFT: &str = "
    select count(*) filter (where substring(wrapped_key from 1 for $2) <> $3) as left, count(*) as whole
    from subject_keys where tenant_id = $1 and wrapped_key is not null";
const LIST_KEYS: &str = "
    select subject_id, wrapped_key from subject_keys
    where tenant_id = $1 and subject_id > $2 and wrapped_key is not null
    order by subject_id limit $3";
/// A key that was destroyed meanwhile stays so.
const REWRAP: &str = "
    update subject_keys k set wrapped_key = r.new
    from unnest($2::text[], $3::bytea[], $4::bytea[]) as r (subject, old, new)
    where k.tenant_id = $1 and k.subject_id = r.subject and k.wrapped_key = r.old";

/// How many data keys are not under the newest wrapping key yet, of how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    pub left: i64,
    pub whole: i64,
}

/// What one step has done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Keys looked at.
    pub read: usize,
    pub rewrapped: u64,
    /// Where the next step goes on; `None` at the end.
    pub next: Option<String>,
}

impl Store {
    /// How far the newest rotation of a tenant is.
    pub async fn rotation_standing(&self, tenant_id: &TenantId) -> Result<Standing> {
        let keys = self.keys(tenant_id).await?;
        self.learn_wraps(&keys).await?;
        let name = wraps::name(keys.newest_wrap());
        let length = i32::try_from(name.len()).unwrap_or(i32::MAX);
        let client = self.pools.engine.get().await?;
        let statement = client.prepare_cached(COUNT_LEFT).await?;
        let row = client
            .query_one(&statement, &[&tenant_id.as_str(), &length, &name])
            .await?;
        Ok(Standing {
            left: row.get("left"),
            whole: row.get("whole"),
        })
    }

    /// Makes the tenant's next wrapping key; new data keys are wrapped under it from now on. Answers its id.
    pub async fn begin_rotation(&self, tenant_id: &TenantId) -> Result<i32> {
        let keys = self.keys(tenant_id).await?;
        self.learn_wraps(&keys).await?;
        let wrap_id = keys.newest_wrap() + 1;
        let wrapped = self.vault.new_wrap(tenant_id, wrap_id)?;
        let client = self.pools.engine.get().await?;
        client
            .execute(INSERT_WRAP, &[&tenant_id.as_str(), &wrap_id, &wrapped])
            .await?;
        self.vault.add_wrap(&keys, wrap_id, &wrapped)?;
        Ok(wrap_id)
    }

    /// Wraps the next `STEP_KEYS` data keys anew, behind this subject.
    pub async fn rotate_step(&self, tenant_id: &TenantId, after: &str) -> Result<Step> {
        let keys = self.keys(tenant_id).await?;
        let client = self.pools.engine.get().await?;
        let statement = client.prepare_cached(LIST_KEYS).await?;
        let rows = client
            .query(&statement, &[&tenant_id.as_str(), &after, &STEP_KEYS])
            .await?;
        let (mut subjects, mut old, mut new) = (Vec::new(), Vec::new(), Vec::new());
        for row in &rows {
            let (subject, wrapped): (&str, &[u8]) = (row.get(0), row.get(1));
            if let Some(anew) = keys.rewrap_subject(subject, wrapped)? {
                subjects.push(subject);
                old.push(wrapped);
                new.push(anew);
            }
        }
        let mut rewrapped = 0;
        if !subjects.is_empty() {
            let statement = client.prepare_cached(REWRAP).await?;
            let scope: [&(dyn tokio_postgres::types::ToSql + Sync); 4] =
                [&tenant_id.as_str(), &subjects, &old, &new];
            rewrapped = client.execute(&statement, &scope).await?;
        }
        let is_last = i64::try_from(rows.len()).unwrap_or(i64::MAX) < STEP_KEYS;
        let last = rows.last().filter(|_| !is_last);
        Ok(Step {
            read: rows.len(),
            rewrapped,
            next: last.map(|row| row.get::<_, String>(0)),
        })
    }
}
