//! Who has read what is sensitive. Reads are written down in batches, several readers in one statement, and each answer is
//! given only once its reading is on record: nothing is lost by a crash, and too many at once are refused.

use deadpool_postgres::Pool;
use domain::ids::TenantId;

use crate::Result;
use crate::coalescer::{Flight, Traveller};

/// Batches of one tenant that are written at once.
const MAX_FLYING: usize = 2;

const INSERT: &str = "
    insert into audited_reads (tenant_id, principal, query, subject)
    select $1, r.principal, r.query, r.subject
    from unnest($2::text[], $3::text[], $4::text[]) as r (principal, query, subject)";

/// One read: who asked which query, and whose data it was where the query names somebody. No parameter else is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditedRead {
    pub principal: String,
    pub query: String,
    pub subject: Option<String>,
}

/// Carries them to the database.
pub(crate) struct AuditedReads {
    pub pool: Pool,
}

impl Traveller for AuditedRead {
    type Answer = ();

    const MAX_FLYING: usize = MAX_FLYING;

    fn touches(&self) -> Vec<u64> {
        Vec::new()
    }

    fn overtaken_by(&self, _: &Self, (): &()) -> Option<()> {
        None
    }
}

impl Flight<AuditedRead> for AuditedReads {
    async fn fly(&self, tenant_id: &TenantId, batch: &[&AuditedRead]) -> Vec<Result<()>> {
        let written = self.write(tenant_id, batch).await;
        batch
            .iter()
            .map(|_| match &written {
                Ok(()) => Ok(()),
                Err(error) => Err(error.share()),
            })
            .collect()
    }
}

impl AuditedReads {
    async fn write(&self, tenant_id: &TenantId, batch: &[&AuditedRead]) -> Result<()> {
        let principals: Vec<&str> = batch.iter().map(|read| &*read.principal).collect();
        let queries: Vec<&str> = batch.iter().map(|read| &*read.query).collect();
        let subjects: Vec<Option<&str>> =
            batch.iter().map(|read| read.subject.as_deref()).collect();
        let client = self.pool.get().await?;
        let statement = client.prepare_cached(INSERT).await?;
        client
            .execute(
                &statement,
                &[&tenant_id.as_str(), &principals, &queries, &subjects],
            )
            .await?;
        Ok(())
    }
}
