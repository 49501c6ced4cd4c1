//! Approvals as they are read; what was asked stays ciphertext.

use async_trait::async_trait;
use cqrs_es::Aggregate;
use deadpool_postgres::Transaction;
use domain::approvals::Approval;
use event_store::Result;
use event_store::log::Subscriber;
use event_store::recorded::Recorded;
use time::OffsetDateTime;

use crate::columns::{Json, copy, rows};
use crate::fold::{Folded, Poison, fold, fold_streams, wire};
use crate::occurrences::Occurrence;
use crate::{Projection, Streams};

/// The name of the checkpoint.
pub const NAME: &str = "approvals";

struct Approvals;

pub(crate) fn projection() -> Projection {
    Projection::of_streams(Approvals, &["approvals"])
}

rows! {
    struct ApprovalRow {
        tenant_id: String,
        approval_id: String,
        standing: String,
        command: String,
        proposer: String,
        state: Json,
        created_at: OffsetDateTime,
        updated_at: OffsetDateTime,
        sequence: i64,
    }
}

const LOAD_APPROVALS: &str = "
    select a.tenant_id, a.approval_id as id, a.state, a.created_at, a.updated_at, a.sequence
    from unnest($1::text[], $2::text[]) as k (tenant_id, id)
    join approvals a on a.tenant_id = k.tenant_id and a.approval_id = k.id";

const UPSERT_APPROVALS: &str = "
    insert into approvals (tenant_id, approval_id, standing, command, proposer, state, created_at, updated_at, sequence)
    select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::json[], $7::timestamptz[],
        $8::timestamptz[], $9::bigint[])
    on conflict (tenant_id, approval_id) do update set standing = excluded.standing, state = excluded.state,
        updated_at = excluded.updated_at, sequence = excluded.sequence";

const COPY_APPROVALS: &str = "
    copy twin.approvals (tenant_id, approval_id, standing, command, proposer, state, created_at, updated_at, sequence)
    from stdin (format binary)";

#[async_trait]
impl Subscriber for Approvals {
    fn name(&self) -> &'static str {
        NAME
    }

    fn aggregate_types(&self) -> &'static [&'static str] {
        &[Approval::TYPE]
    }

    async fn apply(&self, tx: &Transaction<'_>, batch: &[Recorded]) -> Result<()> {
        let folded = fold::<Approval>(tx, LOAD_APPROVALS, batch).await?;
        let rows = folded.iter().map(row).collect::<Result<Vec<_>>>()?;
        ApprovalRow::write(tx, UPSERT_APPROVALS, &rows).await
    }
}

#[async_trait]
impl Streams for Approvals {
    async fn copy(&self, tx: &Transaction<'_>, streams: &[Occurrence]) -> Result<Vec<Poison>> {
        let mut poisons = Vec::new();
        let folded = fold_streams::<Approval>(streams, &mut poisons);
        let rows = folded.iter().map(row).collect::<Result<Vec<_>>>()?;
        copy(tx, COPY_APPROVALS, &rows).await?;
        Ok(poisons)
    }
}

fn row(folded: &Folded<Approval>) -> Result<ApprovalRow> {
    let proposal = folded.state.proposal.as_ref();
    let text = |pick: fn(&domain::approvals::Proposal) -> &String| proposal.map(pick).cloned();
    Ok(ApprovalRow {
        tenant_id: folded.tenant_id.as_str().to_owned(),
        approval_id: folded.id.clone(),
        standing: wire(&folded.state.standing)?,
        command: text(|proposal| &proposal.command).unwrap_or_default(),
        proposer: text(|proposal| &proposal.proposer).unwrap_or_default(),
        state: folded.state_json()?,
        created_at: folded.created_at,
        updated_at: folded.updated_at,
        sequence: folded.sequence,
    })
}
