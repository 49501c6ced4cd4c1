//! The subscriber `webhooks`: who wants which events is folded from the same log, in the same order, so an endpoint hears
//! of what happened while it was enabled, and of nothing else. Messages are written with the checkpoint.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use async_trait::async_trait;
use cqrs_es::Aggregate;
use deadpool_postgres::Transaction;
use domain::evolution;
use domain::sealed::Sealed;
use domain::webhook_endpoints::events::WebhookEndpointEvent;
use domain::webhook_endpoints::rules::is_told;
use domain::webhook_endpoints::{EndpointStanding, WebhookEndpoint};
use event_store::log::Subscriber;
use event_store::pg::JsonText;
use event_store::recorded::{Payload, Recorded};
use time::{Duration, OffsetDateTime};

use super::queueing::Queueing;
use crate::Result;
use crate::news::is_news;
use crate::schedule;

/// The name of the checkpoint.
pub const NAME: &str = "webhooks";
/// Messages written at once.
const MAX_QUEUED: usize = 1_000;

const LOAD_FILTERS: &str = "
    select s.tenant_id, s.endpoint_id, s.state, s.sequence, s.position
    from unnest($1::text[]) as k (tenant_id)
    join webhook_filters s on s.tenant_id = k.tenant_id";

const SAVE_FILTERS: &str = "
    insert into webhook_filters (tenant_id, endpoint_id, state, sequence, position)
    select * from unnest($1::text[], $2::text[], $3::json[], $4::bigint[], $5::bigint[])
    on conflict (tenant_id, endpoint_id) do update set state = excluded.state, sequence = excluded.sequence,
        position = excluded.position";

const ORDER_REPLAY: &str = "
    insert into webhook_replays (tenant_id, replay_id, endpoint_id, recorded_from, recorded_until, messages_per_second,
        until_position)
    values ($1, $2, $3, $4, $5, $6, $7)
    on conflict (tenant_id, replay_id) do nothing";

const CANCEL_REPLAY: &str = "
    update webhook_replays set finished_at = clock_timestamp(), ended_by = 'cancelled'
    where tenant_id = $1 and replay_id = $2 and endpoint_id = $3 and finished_at is null";

/// Everything that endpoints may hear of, and the endpoints themselves.
static AGGREGATE_TYPES: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let known = evolution::known_events();
    let kinds = known.iter().map(|(kind, _)| *kind);
    kinds
        .filter(|kind| is_told(kind) || *kind == WebhookEndpoint::TYPE)
        .collect()
});

/// An endpoint's wishes, as of some position.
struct Subscription {
    endpoint: WebhookEndpoint,
    sequence: i64,
    /// Of its newest event.
    position: i64,
    is_changed: bool,
}

impl Subscription {
    /// Not what came before its newest event: that is met only when the log is read again, and was told then or never.
    fn wants(&self, event: &Recorded) -> bool {
        event.position > self.position && self.endpoint.wants(&event.event_type)
    }
}

/// By tenant and endpoint.
type Subscriptions = BTreeMap<String, BTreeMap<String, Subscription>>;

/// Turns events into messages to endpoints.
pub struct Webhooks;

#[async_trait]
impl Subscriber for Webhooks {
    fn name(&self) -> &'static str {
        NAME
    }

    fn aggregate_types(&self) -> &'static [&'static str] {
        &AGGREGATE_TYPES
    }

    async fn apply(&self, tx: &Transaction<'_>, batch: &[Recorded]) -> Result<()> {
        let mut subscriptions = load(tx, batch).await?;
        let has_news = batch
            .iter()
            .any(|event| event.aggregate_type == WebhookEndpoint::TYPE);
        if subscriptions.is_empty() && !has_news {
            return Ok(());
        }
        let oldest = OffsetDateTime::now_utc() - longest_life();
        let mut queueing = Queueing::default();
        for event in batch {
            if event.aggregate_type == WebhookEndpoint::TYPE {
                follow(tx, &mut subscriptions, event).await?;
            } else if let Some(of_tenant) = subscriptions.get(event.tenant_id.as_str())
                && is_news(event, oldest)
            {
                for (endpoint_id, subscription) in of_tenant {
                    if subscription.wants(event) {
                        queueing.add(event, endpoint_id, None)?;
                    }
                }
            }
            if queueing.len() >= MAX_QUEUED {
                std::mem::take(&mut queueing).write(tx).await?;
            }
        }
        queueing.write(tx).await?;
        save(tx, &subscriptions).await
    }
}

/// The longest that a message may live; messages are remembered for longer than that, so a log that is read again is not told
/// again.
fn longest_life() -> Duration {
    Duration::seconds(i64::try_from(schedule::WEBHOOK.life).unwrap_or(i64::MAX))
}

async fn load(tx: &Transaction<'_>, batch: &[Recorded]) -> Result<Subscriptions> {
    let tenants: BTreeSet<&str> = batch.iter().map(|event| event.tenant_id.as_str()).collect();
    let tenants: Vec<&str> = tenants.into_iter().collect();
    let statement = tx.prepare_cached(LOAD_FILTERS).await?;
    let mut subscriptions = Subscriptions::new();
    for row in tx.query(&statement, &[&tenants]).await? {
        let subscription = Subscription {
            endpoint: serde_json::from_str(&row.try_get::<_, Payload>("state")?.0)?,
            sequence: row.try_get("sequence")?,
            position: row.try_get("position")?,
            is_changed: false,
        };
        let of_tenant: &mut BTreeMap<_, _> =
            subscriptions.entry(row.try_get("tenant_id")?).or_default();
        of_tenant.insert(row.try_get("endpoint_id")?, subscription);
    }
    Ok(subscriptions)
}

/// Applies an endpoint's own event; a repeated one changes nothing.
async fn follow(
    tx: &Transaction<'_>,
    subscriptions: &mut Subscriptions,
    event: &Recorded,
) -> Result<()> {
    let of_tenant = subscriptions
        .entry(event.tenant_id.as_str().to_owned())
        .or_default();
    let subscription = of_tenant
        .entry(event.aggregate_id.clone())
        .or_insert_with(|| Subscription {
            endpoint: WebhookEndpoint::default(),
            sequence: 0,
            position: 0,
            is_changed: false,
        });
    if event.sequence <= subscription.sequence {
        return Ok(());
    }
    let news: WebhookEndpointEvent = event.decode()?;
    if let WebhookEndpointEvent::WebhookReplayOrdered {
        replay_id,
        from,
        until,
        messages_per_second,
    } = &news
    {
        let rate = i32::try_from(*messages_per_second).unwrap_or(1).max(1);
        let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 7] = [
            &event.tenant_id.as_str(),
            replay_id,
            &event.aggregate_id,
            from,
            until,
            &rate,
            &event.position,
        ];
        tx.execute(ORDER_REPLAY, &parameters).await?;
    }
    if let WebhookEndpointEvent::WebhookReplayCancelled { replay_id } = &news {
        let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
            [&event.tenant_id.as_str(), replay_id, &event.aggregate_id];
        tx.execute(CANCEL_REPLAY, &parameters).await?;
    }
    subscription.endpoint.apply(news);
    subscription.sequence = event.sequence;
    subscription.position = event.position;
    subscription.is_changed = true;
    Ok(())
}

async fn save(tx: &Transaction<'_>, subscriptions: &Subscriptions) -> Result<()> {
    let (mut tenants, mut endpoints) = (Vec::new(), Vec::new());
    let (mut states, mut sequences, mut positions) = (Vec::new(), Vec::new(), Vec::new());
    for (tenant_id, of_tenant) in subscriptions {
        for (endpoint_id, subscription) in of_tenant.iter().filter(|(_, one)| one.is_changed) {
            let mut endpoint = subscription.endpoint.clone();
            endpoint.secret = Sealed::default();
            endpoint.previous_secret = None;
            if endpoint.standing == EndpointStanding::Deleted {
                endpoint.url.clear();
            }
            tenants.push(tenant_id.as_str());
            endpoints.push(endpoint_id.as_str());
            states.push(serde_json::to_string(&endpoint)?);
            sequences.push(subscription.sequence);
            positions.push(subscription.position);
        }
    }
    if tenants.is_empty() {
        return Ok(());
    }
    let states: Vec<JsonText<'_>> = states.iter().map(|state| JsonText(state)).collect();
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 5] =
        [&tenants, &endpoints, &states, &sequences, &positions];
    tx.execute(SAVE_FILTERS, &parameters).await?;
    Ok(())
}
