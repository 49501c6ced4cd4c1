//! The subscriber `journeys`: which journeys wait for which events is folded from the same log, in the same order. What they
//! are to hear of goes into the outbox with the checkpoint, as a command of ours; ids follow from the event, so what is read
//! again is not begun again.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use cqrs_es::Aggregate;
use deadpool_postgres::Transaction;
use domain::effects::{Call, Timer};
use domain::journey_runs::Happened;
use domain::journeys::Journey;
use domain::journeys::events::JourneyEvent;
use event_store::log::Subscriber;
use event_store::pg::JsonText;
use event_store::recorded::{Payload, Recorded};
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::Result;
use crate::news::is_news;

/// The name of the checkpoint.
pub const NAME: &str = "journeys-at-work";
/// The target of what is queued, and the name of such a message.
const TARGET: &str = "timer";
const MESSAGE: &str = "tell-journeys";
/// The namespace of messages' ids; any fixed UUID of our own will do, but it must never change.
const MESSAGE_NAMESPACE: Uuid = Uuid::from_u128(0x7261_7070_6f72_745f_6a6f_7572_6e65_7902);
/// What happened longer ago is no news, should the log be read again.
const NEWS_FOR: Duration = Duration::days(3);
/// Runs that wait until a booking's time hear of this whatever they wait for.
const MOVES: &str = "BookingRescheduled";
/// Messages written at once.
const MAX_QUEUED: usize = 1_000;

const LOAD_FILTERS: &str = "
    select f.tenant_id, f.journey, f.state, f.sequence, f.position
    from unnest($1::text[]) as k (tenant_id)
    join journey_filters f on f.tenant_id = k.tenant_id";

const SAVE_FILTERS: &str = "
    insert into journey_filters (tenant_id, journey, state, sequence, position)
    select * from unnest($1::text[], $2::text[], $3::json[], $4::bigint[], $5::bigint[])
    on conflict (tenant_id, journey) do update set state = excluded.state, sequence = excluded.sequence,
        position = excluded.position";

/// What happened to one record is told in its order. Rows are written in the order of their keys, so that two that queue the
/// same never wait for each other in a circle.
const QUEUE: &str = "
    with fresh as (
        insert into outbox_messages (tenant_id, message_id, name, target, call, order_key, aggregate_type, aggregate_id,
            sequence, correlation_id, causation_id)
        select m.tenant_id, m.message_id, $11::text, $12::text, m.call, m.order_key, m.kind, m.id, m.sequence,
            m.correlation_id, m.causation_id
        from unnest($1::text[], $2::text[], $3::text[], $4::json[], $5::text[], $6::text[], $7::bigint[], $8::text[],
            $9::text[], $10::bigint[])
            as m (tenant_id, message_id, order_key, call, kind, id, sequence, correlation_id, causation_id, place)
        order by m.tenant_id, m.message_id
        on conflict (tenant_id, message_id) do nothing
        returning tenant_id, message_id
    )
    insert into outbox_work (tenant_id, message_id, target, order_key, run_at)
    select f.tenant_id, f.message_id, $12::text, m.order_key, clock_timestamp()
    from unnest($1::text[], $2::text[], $3::text[], $10::bigint[]) as m (tenant_id, message_id, order_key, place)
    join fresh f on f.tenant_id = m.tenant_id and f.message_id = m.message_id
    order by m.place";

/// What a journey waits for, as of some position.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Filter {
    /// By version: the event that begins a run, and those that its runs listen to.
    versions: BTreeMap<u32, (String, Vec<String>)>,
    enabled: Option<u32>,
}

/// A filter with where its newest event stands.
#[derive(Clone, Debug, Default)]
struct Subscription {
    filter: Filter,
    sequence: i64,
    position: i64,
    is_changed: bool,
}

impl Subscription {
    fn begins_on(&self, event: &Recorded) -> bool {
        let version = self.filter.enabled.as_ref();
        let version = version.and_then(|number| self.filter.versions.get(number));
        event.position > self.position
            && version.is_some_and(|(trigger, _)| *trigger == event.event_type)
    }

    fn hears(&self, event: &Recorded) -> bool {
        let mut versions = self.filter.versions.values();
        event.event_type == MOVES || versions.any(|(_, hears)| hears.contains(&event.event_type))
    }

    fn follow(&mut self, news: JourneyEvent) {
        match news {
            JourneyEvent::JourneyDefined { number, version } => {
                let heard = (version.trigger, version.hears);
                self.filter.versions.insert(number, heard);
            }
            JourneyEvent::JourneyEnabled { version } => self.filter.enabled = Some(version),
            JourneyEvent::JourneyDisabled { .. } => self.filter.enabled = None,
        }
    }
}

/// By tenant and journey.
type Subscriptions = BTreeMap<String, BTreeMap<String, Subscription>>;

/// Turns events into what moves journeys.
pub struct Journeys;

#[async_trait]
impl Subscriber for Journeys {
    fn name(&self) -> &'static str {
        NAME
    }

    fn aggregate_types(&self) -> &'static [&'static str] {
        &[
            Journey::TYPE,
            "booking",
            "customer",
            "conversation",
            "payment",
        ]
    }

    async fn apply(&self, tx: &Transaction<'_>, batch: &[Recorded]) -> Result<()> {
        let mut subscriptions = load(tx, batch).await?;
        let oldest = OffsetDateTime::now_utc() - NEWS_FOR;
        let mut queueing = Queueing::default();
        for event in batch {
            if event.aggregate_type == Journey::TYPE {
                follow(&mut subscriptions, event)?;
            } else if let Some(journeys) = subscriptions.get(event.tenant_id.as_str())
                && is_news(event, oldest)
            {
                queueing.add_all(event, journeys)?;
            }
            if queueing.places.len() >= MAX_QUEUED {
                std::mem::take(&mut queueing).write(tx).await?;
            }
        }
        queueing.write(tx).await?;
        save(tx, &subscriptions).await
    }
}

async fn load(tx: &Transaction<'_>, batch: &[Recorded]) -> Result<Subscriptions> {
    let tenants: BTreeSet<&str> = batch.iter().map(|event| event.tenant_id.as_str()).collect();
    let tenants: Vec<&str> = tenants.into_iter().collect();
    let statement = tx.prepare_cached(LOAD_FILTERS).await?;
    let mut subscriptions = Subscriptions::new();
    for row in tx.query(&statement, &[&tenants]).await? {
        let subscription = Subscription {
            filter: serde_json::from_str(&row.try_get::<_, Payload>("state")?.0)?,
            sequence: row.try_get("sequence")?,
            position: row.try_get("position")?,
            is_changed: false,
        };
        let of_tenant: &mut BTreeMap<_, _> =
            subscriptions.entry(row.try_get("tenant_id")?).or_default();
        of_tenant.insert(row.try_get("journey")?, subscription);
    }
    Ok(subscriptions)
}

/// Applies a journey's own event; a repeated one changes nothing.
fn follow(subscriptions: &mut Subscriptions, event: &Recorded) -> Result<()> {
    let of_tenant = subscriptions
        .entry(event.tenant_id.as_str().to_owned())
        .or_default();
    let subscription = of_tenant.entry(event.aggregate_id.clone()).or_default();
    if event.sequence <= subscription.sequence {
        return Ok(());
    }
    subscription.follow(event.decode()?);
    subscription.sequence = event.sequence;
    subscription.position = event.position;
    subscription.is_changed = true;
    Ok(())
}

async fn save(tx: &Transaction<'_>, subscriptions: &Subscriptions) -> Result<()> {
    let (mut tenants, mut journeys) = (Vec::new(), Vec::new());
    let (mut states, mut sequences, mut positions) = (Vec::new(), Vec::new(), Vec::new());
    for (tenant_id, of_tenant) in subscriptions {
        for (journey, subscription) in of_tenant.iter().filter(|(_, one)| one.is_changed) {
            tenants.push(tenant_id.as_str());
            journeys.push(journey.as_str());
            states.push(serde_json::to_string(&subscription.filter)?);
            sequences.push(subscription.sequence);
            positions.push(subscription.position);
        }
    }
    if tenants.is_empty() {
        return Ok(());
    }
    let states: Vec<JsonText<'_>> = states.iter().map(|state| JsonText(state)).collect();
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 5] =
        [&tenants, &journeys, &states, &sequences, &positions];
    tx.execute(SAVE_FILTERS, &parameters).await?;
    Ok(())
}

/// Messages on their way into the outbox, by column.
#[derive(Default)]
struct Queueing {
    tenants: Vec<String>,
    message_ids: Vec<String>,
    order_keys: Vec<String>,
    calls: Vec<String>,
    kinds: Vec<String>,
    ids: Vec<String>,
    sequences: Vec<i64>,
    correlations: Vec<String>,
    causations: Vec<String>,
    places: Vec<i64>,
}

impl Queueing {
    /// What an event means to the journeys of its tenant: those under way hear of it before others begin.
    fn add_all(
        &mut self,
        event: &Recorded,
        journeys: &BTreeMap<String, Subscription>,
    ) -> Result<()> {
        let happened = || Happened {
            event_type: event.event_type.clone(),
            aggregate_type: event.aggregate_type.clone(),
            aggregate_id: event.aggregate_id.clone(),
            sequence: event.sequence,
        };
        if journeys.values().any(|journey| journey.hears(event)) {
            let happened = happened();
            self.add(event, "", Timer::TellJourneyRuns { happened })?;
        }
        for (journey, _) in journeys.iter().filter(|(_, one)| one.begins_on(event)) {
            let timer = Timer::BeginJourneyRun {
                journey: journey.clone(),
                happened: happened(),
            };
            self.add(event, journey, timer)?;
        }
        Ok(())
    }

    fn add(&mut self, event: &Recorded, journey: &str, timer: Timer) -> Result<()> {
        let (kind, id) = (event.aggregate_type.as_str(), event.aggregate_id.as_str());
        let tenant_id = event.tenant_id.as_str();
        let name = format!("{tenant_id}\n{kind}\n{id}\n{}\n{journey}", event.sequence);
        let message_id = Uuid::new_v5(&MESSAGE_NAMESPACE, name.as_bytes()).to_string();
        self.tenants.push(tenant_id.to_owned());
        self.message_ids.push(message_id);
        self.order_keys.push(format!("{kind}/{id}/journeys"));
        self.calls.push(serde_json::to_string(&Call::Timer(timer))?);
        self.kinds.push(kind.to_owned());
        self.ids.push(id.to_owned());
        self.sequences.push(event.sequence);
        self.correlations.push(event.correlation_id.clone());
        self.causations.push(event.causation_id.clone());
        self.places
            .push(i64::try_from(self.places.len()).unwrap_or(i64::MAX));
        Ok(())
    }

    async fn write(self, tx: &Transaction<'_>) -> Result<()> {
        if self.places.is_empty() {
            return Ok(());
        }
        let calls: Vec<JsonText<'_>> = self.calls.iter().map(|call| JsonText(call)).collect();
        let statement = tx.prepare_cached(QUEUE).await?;
        let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 12] = [
            &self.tenants,
            &self.message_ids,
            &self.order_keys,
            &calls,
            &self.kinds,
            &self.ids,
            &self.sequences,
            &self.correlations,
            &self.causations,
            &self.places,
            &MESSAGE,
            &TARGET,
        ];
        tx.execute(&statement, &parameters).await?;
        Ok(())
    }
}
