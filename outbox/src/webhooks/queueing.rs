//! Puts webhooks into the outbox. Their ids follow from what they tell, so what is there already is not queued again.

use deadpool_postgres::Transaction;
use domain::effects::Call;
use domain::ids::WebhookEndpointId;
use domain::webhook_endpoints::messages::{self, News};
use event_store::pg::JsonText;
use event_store::recorded::Recorded;

use crate::Result;

/// The name of such a message.
const NAME: &str = "tell-webhook-endpoint";

/// Rows are written in the order of their keys, so that two that queue the same never wait for each other in a circle.
const QUEUE: &str = "
    with fresh as (
        insert into outbox_messages (tenant_id, message_id, name, target, call, aggregate_type, aggregate_id, sequence,
            correlation_id, causation_id)
        select m.tenant_id, m.message_id, $11::text, m.target, m.call, m.kind, m.id, m.sequence, m.correlation_id,
            m.causation_id
        from unnest($1::text[], $2::text[], $3::text[], $4::json[], $5::text[], $6::text[], $7::bigint[], $8::text[],
            $9::text[], $10::bigint[])
            as m (tenant_id, message_id, target, call, kind, id, sequence, correlation_id, causation_id, place)
        order by m.tenant_id, m.message_id
        on conflict (tenant_id, message_id) do nothing
        returning tenant_id, message_id, target
    )
    insert into outbox_work (tenant_id, message_id, target, run_at)
    select f.tenant_id, f.message_id, f.target, clock_timestamp()
    from unnest($1::text[], $2::text[], $10::bigint[]) as m (tenant_id, message_id, place)
    join fresh f on f.tenant_id = m.tenant_id and f.message_id = m.message_id
    order by m.place";

/// Messages on their way into the outbox, by column.
#[derive(Default)]
pub(super) struct Queueing {
    tenants: Vec<String>,
    message_ids: Vec<String>,
    targets: Vec<String>,
    calls: Vec<String>,
    kinds: Vec<String>,
    ids: Vec<String>,
    sequences: Vec<i64>,
    correlations: Vec<String>,
    causations: Vec<String>,
    places: Vec<i64>,
}

impl Queueing {
    /// Adds an event for one endpoint, as its first sending or as that of a replay.
    pub fn add(
        &mut self,
        event: &Recorded,
        endpoint_id: &str,
        replay_id: Option<&str>,
    ) -> Result<()> {
        let place = (
            event.aggregate_type.as_str(),
            event.aggregate_id.as_str(),
            event.sequence,
        );
        let webhook_id = messages::webhook_id(event.tenant_id.as_str(), endpoint_id, place);
        let call = Call::SendWebhook {
            endpoint_id: WebhookEndpointId::new(endpoint_id),
            news: News::Event {
                aggregate_type: event.aggregate_type.clone(),
                aggregate_id: event.aggregate_id.clone(),
                sequence: event.sequence,
            },
        };
        self.tenants.push(event.tenant_id.as_str().to_owned());
        self.message_ids
            .push(messages::message_id(&webhook_id, replay_id));
        self.targets.push(messages::target(endpoint_id));
        self.calls.push(serde_json::to_string(&call)?);
        self.kinds.push(event.aggregate_type.clone());
        self.ids.push(event.aggregate_id.clone());
        self.sequences.push(event.sequence);
        self.correlations.push(event.correlation_id.clone());
        self.causations.push(event.causation_id.clone());
        self.places
            .push(i64::try_from(self.places.len()).unwrap_or(i64::MAX));
        Ok(())
    }

    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Writes them; answers how many were new.
    pub async fn write(self, tx: &Transaction<'_>) -> Result<u64> {
        if self.places.is_empty() {
            return Ok(0);
        }
        let calls: Vec<JsonText<'_>> = self.calls.iter().map(|call| JsonText(call)).collect();
        let statement = tx.prepare_cached(QUEUE).await?;
        let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 11] = [
            &self.tenants,
            &self.message_ids,
            &self.targets,
            &calls,
            &self.kinds,
            &self.ids,
            &self.sequences,
            &self.correlations,
            &self.causations,
            &self.places,
            &NAME,
        ];
        Ok(tx.execute(&statement, &parameters).await?)
    }
}
