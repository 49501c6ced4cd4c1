//! What is older than its term, the oldest first, and what a hold keeps of it. Read tables say what is old; the commands that
//! follow decide by the streams.

use domain::ids::TenantId;
use domain::refusal::Refusal;
use domain::tenants::retention::RetentionClass;
use event_store::store::Store;
use time::OffsetDateTime;

use crate::Result;
use crate::erasures;

/// The most people whose data is held at once.
const MAX_HELD: i64 = 10_000;

const LIST_MESSAGES: &str = "
    select c.conversation_id as id, c.last_message_at as at from conversations c
    where c.tenant_id = $1 and c.last_message_at < $2 and not (c.conversation_id = any ($3::text[]))
        and c.message_count > 0 and c.merged_into is null and coalesce(c.state->>'privacy', 'open') <> 'erased'
    order by c.last_message_at limit $4";
const LIST_FILES: &str = "
    select f.conversation_id || '/' || f.file_id as id, f.kept_at as at from message_files f
    where f.tenant_id = $1 and f.kept_at < $2 and not (f.conversation_id = any ($3::text[]))
    order by f.kept_at limit $4";
/// Nobody has changed or heard anything of them since, and nothing of theirs ever cost anything.
const LIST_LEADS: &str = "
    select c.customer_id as id, c.updated_at as at from customers c
    where c.tenant_id = $1 and c.updated_at < $2 and not (c.customer_id = any ($3::text[]))
        and c.status = 'living' and c.state#>>'{privacy,restricted_at}' is null
        and not exists (
            select from timeline_owners o
            where o.tenant_id = c.tenant_id and o.customer_id = c.customer_id and o.aggregate_type in ('booking', 'payment'))
        and not exists (
            select from customers m join timeline_owners o on o.tenant_id = m.tenant_id and o.customer_id = m.customer_id
            where m.tenant_id = c.tenant_id and m.merged_into = c.customer_id
                and o.aggregate_type in ('booking', 'payment'))
        and not exists (
            select from conversations t
            where t.tenant_id = c.tenant_id and t.customer_id = c.customer_id and t.last_message_at >= $2)
    order by c.updated_at limit $4";
const LIST_APPROVALS: &str = "
    select a.approval_id as id, a.updated_at as at from approvals a
    join subject_keys k on k.tenant_id = a.tenant_id and k.subject_id = a.approval_id and k.wrapped_key is not null
    where a.tenant_id = $1 and a.updated_at < $2 and not (a.approval_id = any ($3::text[]))
        and a.standing in ('rejected', 'withdrawn', 'executed', 'expired')
    order by a.updated_at limit $4";
const LIST_BODIES: &str = "
    select w.webhook_id as id, w.received_at as at from webhook_inbox w
    where w.tenant_id = $1 and w.received_at < $2 and not (w.webhook_id = any ($3::text[]))
        and w.handled_at is not null and length(w.body) > 0
    order by w.received_at limit $4";
/// What waits, is dead or is unknown is kept with all its history.
const LIST_DELIVERED: &str = "
    select m.message_id as id, m.created_at as at from outbox_messages m
    where m.tenant_id = $1 and m.created_at < $2 and not (m.aggregate_id = any ($3::text[]))
        and not exists (select from outbox_work w where w.tenant_id = m.tenant_id and w.message_id = m.message_id)
        and not exists (
            select from outbox_dead d
            where d.tenant_id = m.tenant_id and d.message_id = m.message_id and d.discarded_at is null)
    order by m.created_at limit $4";
const LIST_READS: &str = "
    select r.read_id::text as id, r.read_at as at from audited_reads r
    where r.tenant_id = $1 and r.read_at < $2 and (r.subject is null or not (r.subject = any ($3::text[])))
    order by r.read_at limit $4";

/// Held themselves, or merged into somebody who is.
const LIST_HELD: &str = "
    select c.customer_id from customers c
    left join customers s on s.tenant_id = c.tenant_id and s.customer_id = c.merged_into
    where c.tenant_id = $1
        and (c.state#>>'{privacy,hold}' is not null or s.state#>>'{privacy,hold}' is not null)
    order by c.customer_id limit $2";
/// Webhooks that led to what these streams tell.
const LIST_CAUSES: &str = "
    select distinct e.causation_id from unnest($2::text[], $3::text[]) as s (kind, id)
    join events e on e.tenant_id = $1 and e.aggregate_type = s.kind and e.aggregate_id = s.id
    where e.causation_id is not null";

/// What of a class is older than its term.
pub(super) struct Due<'a> {
    pub tenant_id: &'a TenantId,
    pub class: RetentionClass,
    pub before: OffsetDateTime,
    pub limit: i64,
}

/// What holds keep.
#[derive(Default)]
pub(super) struct Held {
    people: Vec<String>,
    streams: Vec<String>,
    approvals: Vec<String>,
    webhooks: Vec<String>,
}

impl Due<'_> {
    /// Ids with the times that count, without those that are held.
    pub async fn list(
        &self,
        store: &Store,
        held: &[String],
    ) -> Result<Vec<(String, OffsetDateTime)>> {
        let sql = match self.class {
            RetentionClass::Messages => LIST_MESSAGES,
            RetentionClass::Files => LIST_FILES,
            RetentionClass::Leads => LIST_LEADS,
            RetentionClass::Approvals => LIST_APPROVALS,
            RetentionClass::WebhookBodies => LIST_BODIES,
            RetentionClass::OutboxHistory => LIST_DELIVERED,
            RetentionClass::AuditedReads => LIST_READS,
        };
        let client = store.pools.engine.get().await?;
        let statement = client.prepare_cached(sql).await?;
        let rows = client
            .query(
                &statement,
                &[&self.tenant_id.as_str(), &self.before, &held, &self.limit],
            )
            .await?;
        rows.iter()
            .map(|row| Ok((row.try_get("id")?, row.try_get("at")?)))
            .collect()
    }
}

impl Held {
    /// What the tenant's holds keep now. Refused with `holds-too-many` when that cannot be told.
    pub async fn of(store: &Store, tenant_id: &TenantId) -> Result<Self> {
        let client = store.pools.engine.get().await?;
        let statement = client.prepare_cached(LIST_HELD).await?;
        let rows = client
            .query(&statement, &[&tenant_id.as_str(), &(MAX_HELD + 1)])
            .await?;
        drop(client);
        let people: Vec<String> = rows.iter().map(|row| row.get("customer_id")).collect();
        if people.is_empty() {
            return Ok(Self::default());
        }
        if i64::try_from(people.len()).unwrap_or(i64::MAX) > MAX_HELD {
            let detail = format!(
                "the data of more than {MAX_HELD} people is held; release some before anything goes by its term"
            );
            return Err(Refusal::conflict("holds-too-many", detail).into());
        }
        let kept = erasures::kept_for(store, tenant_id, &people).await?;
        let client = store.pools.engine.get().await?;
        let statement = client.prepare_cached(LIST_CAUSES).await?;
        let streams = &kept.streams;
        let rows = client
            .query(
                &statement,
                &[&tenant_id.as_str(), &streams.kinds, &streams.ids],
            )
            .await?;
        Ok(Self {
            people,
            webhooks: rows.iter().map(|row| row.get("causation_id")).collect(),
            streams: kept.streams.ids,
            approvals: kept.approvals,
        })
    }

    /// Those of this class, by the ids that its list goes by.
    pub fn of_class(&self, class: RetentionClass) -> &[String] {
        match class {
            RetentionClass::Messages | RetentionClass::Files | RetentionClass::OutboxHistory => {
                &self.streams
            }
            RetentionClass::Leads | RetentionClass::AuditedReads => &self.people,
            RetentionClass::Approvals => &self.approvals,
            RetentionClass::WebhookBodies => &self.webhooks,
        }
    }
}
