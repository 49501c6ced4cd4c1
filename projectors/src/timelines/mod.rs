//! One customer's story across the nouns: a line for each event that concerns them, in the order of the log.

mod summaries;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use async_trait::async_trait;
use cqrs_es::Aggregate;
use deadpool_postgres::Transaction;
use domain::bookings::Booking;
use domain::bookings::events::BookingEvent;
use domain::conversations::Conversation;
use domain::conversations::events::ConversationEvent;
use domain::customers::Customer;
use domain::customers::events::CustomerEvent;
use domain::ids::{CustomerId, TenantId};
use domain::payments::Payment;
use domain::payments::events::PaymentEvent;
use event_store::Result;
use event_store::log::Subscriber;
use event_store::recorded::Recorded;
use time::OffsetDateTime;

use crate::columns::rows;
use crate::{Projection, Replay};

/// The name of the checkpoint.
pub const NAME: &str = "timelines";

/// The event after which nothing personal stays.
const ERASED: &str = "SubjectErased";

struct Timelines;

pub(crate) fn projection() -> Projection {
    Projection {
        subscriber: Arc::new(Timelines),
        tables: &["timeline_entries", "timeline_owners"],
        streams: None,
        replay: Replay::Harmless,
    }
}

rows! {
    struct EntryRow {
        tenant_id: String,
        customer_id: String,
        position: i64,
        aggregate_type: String,
        aggregate_id: String,
        sequence: i64,
        event_type: String,
        actor: String,
        occurred_at: OffsetDateTime,
        summary: String,
    }
}

rows! {
    struct OwnerRow {
        tenant_id: String,
        aggregate_type: String,
        aggregate_id: String,
        customer_id: String,
    }
}

rows! {
    struct CustomerKey {
        tenant_id: String,
        customer_id: String,
    }
}

const LOAD_OWNERS: &str = "
    select o.tenant_id, o.aggregate_type, o.aggregate_id, o.customer_id
    from unnest($1::text[], $2::text[], $3::text[]) as k (tenant_id, aggregate_type, aggregate_id)
    join timeline_owners o on o.tenant_id = k.tenant_id and o.aggregate_type = k.aggregate_type
        and o.aggregate_id = k.aggregate_id";

const UPSERT_OWNERS: &str = "
    insert into timeline_owners (tenant_id, aggregate_type, aggregate_id, customer_id)
    select * from unnest($1::text[], $2::text[], $3::text[], $4::text[])
    on conflict (tenant_id, aggregate_type, aggregate_id) do update set customer_id = excluded.customer_id";

const INSERT_ENTRIES: &str = "
    insert into timeline_entries (tenant_id, customer_id, position, aggregate_type, aggregate_id, sequence, event_type,
        actor, occurred_at, summary)
    select * from unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::bigint[], $7::text[],
        $8::text[], $9::timestamptz[], $10::text[])
    on conflict do nothing";

/// Lines may quote words that somebody has put beside the person: tags.
const DELETE_ENTRIES: &str = "
    delete from timeline_entries t using unnest($1::text[], $2::text[]) as k (tenant_id, customer_id)
    where t.tenant_id = k.tenant_id and t.customer_id = k.customer_id
        and t.event_type in ('CustomerTagged', 'CustomerUntagged')";

#[async_trait]
impl Subscriber for Timelines {
    fn name(&self) -> &'static str {
        NAME
    }

    fn aggregate_types(&self) -> &'static [&'static str] {
        &[
            Customer::TYPE,
            Booking::TYPE,
            Conversation::TYPE,
            Payment::TYPE,
        ]
    }

    async fn apply(&self, tx: &Transaction<'_>, batch: &[Recorded]) -> Result<()> {
        let mut owners = Owners::load(tx, batch).await?;
        let mut entries = Vec::with_capacity(batch.len());
        for recorded in batch {
            let Some((customer_id, summary)) = tell(&mut owners, recorded)? else {
                continue;
            };
            entries.push(EntryRow {
                tenant_id: recorded.tenant_id.as_str().to_owned(),
                customer_id,
                position: recorded.position,
                aggregate_type: recorded.aggregate_type.clone(),
                aggregate_id: recorded.aggregate_id.clone(),
                sequence: recorded.sequence,
                event_type: recorded.event_type.clone(),
                actor: recorded.actor.clone(),
                occurred_at: recorded.occurred_at,
                summary,
            });
        }
        OwnerRow::write(tx, UPSERT_OWNERS, &owners.fresh()).await?;
        EntryRow::write(tx, INSERT_ENTRIES, &entries).await?;
        let erased = batch
            .iter()
            .filter(|recorded| recorded.event_type == ERASED);
        let erased: Vec<CustomerKey> = erased
            .map(|recorded| CustomerKey {
                tenant_id: recorded.tenant_id.as_str().to_owned(),
                customer_id: recorded.aggregate_id.clone(),
            })
            .collect();
        CustomerKey::write(tx, DELETE_ENTRIES, &erased).await
    }
}

/// Whose story the event belongs to, and its line; none while nobody is known to own it.
fn tell(owners: &mut Owners, recorded: &Recorded) -> Result<Option<(String, String)>> {
    match recorded.aggregate_type.as_str() {
        Customer::TYPE => {
            let event: CustomerEvent = recorded.decode()?;
            Ok(Some((
                recorded.aggregate_id.clone(),
                summaries::of_customer(&event),
            )))
        }
        Booking::TYPE => {
            let event: BookingEvent = recorded.decode()?;
            if let BookingEvent::BookingCreated(created) = &event {
                owners.learn(recorded, &created.customer_id);
            }
            Ok(owners
                .find(recorded)
                .map(|customer_id| (customer_id, summaries::of_booking(&event))))
        }
        Conversation::TYPE => {
            let event: ConversationEvent = recorded.decode()?;
            match &event {
                ConversationEvent::ThreadOpened(opened) => {
                    if let Some(customer_id) = &opened.customer_id {
                        owners.learn(recorded, customer_id);
                    }
                }
                ConversationEvent::ThreadMoved { customer_id, .. } => {
                    owners.learn(recorded, customer_id);
                }
                _ => {}
            }
            let owner = owners.find(recorded);
            Ok(owner.zip(summaries::of_conversation(&event)))
        }
        Payment::TYPE => {
            let event: PaymentEvent = recorded.decode()?;
            if let PaymentEvent::PaymentMatched { customer_id, .. } = &event {
                owners.learn(recorded, customer_id);
            }
            Ok(owners
                .find(recorded)
                .map(|customer_id| (customer_id, summaries::of_payment(&event))))
        }
        _ => Ok(None),
    }
}

/// Which customer each booking, conversation and payment belongs to.
struct Owners {
    known: HashMap<AggregateKey, String>,
    learnt: BTreeSet<AggregateKey>,
}

/// Tenant, aggregate type, aggregate id.
type AggregateKey = (TenantId, String, String);

impl Owners {
    async fn load(tx: &Transaction<'_>, batch: &[Recorded]) -> Result<Self> {
        let wanted: BTreeSet<(&str, &str, &str)> = batch
            .iter()
            .filter(|recorded| recorded.aggregate_type != Customer::TYPE)
            .map(|recorded| {
                (
                    recorded.tenant_id.as_str(),
                    recorded.aggregate_type.as_str(),
                    recorded.aggregate_id.as_str(),
                )
            })
            .collect();
        let tenants: Vec<&str> = wanted.iter().map(|key| key.0).collect();
        let types: Vec<&str> = wanted.iter().map(|key| key.1).collect();
        let ids: Vec<&str> = wanted.iter().map(|key| key.2).collect();
        let statement = tx.prepare_cached(LOAD_OWNERS).await?;
        let mut known = HashMap::new();
        for row in tx.query(&statement, &[&tenants, &types, &ids]).await? {
            let key = (
                TenantId::new(row.try_get::<_, String>(0)?),
                row.try_get(1)?,
                row.try_get(2)?,
            );
            known.insert(key, row.try_get(3)?);
        }
        Ok(Self {
            known,
            learnt: BTreeSet::new(),
        })
    }

    fn find(&self, recorded: &Recorded) -> Option<String> {
        self.known.get(&key(recorded)).cloned()
    }

    fn learn(&mut self, recorded: &Recorded, customer_id: &CustomerId) {
        self.known
            .insert(key(recorded), customer_id.as_str().to_owned());
        self.learnt.insert(key(recorded));
    }

    fn fresh(&self) -> Vec<OwnerRow> {
        let row = |key: &AggregateKey| {
            let customer_id = self.known.get(key)?.clone();
            let (tenant_id, aggregate_type, aggregate_id) = key.clone();
            Some(OwnerRow {
                tenant_id: tenant_id.as_str().to_owned(),
                aggregate_type,
                aggregate_id,
                customer_id,
            })
        };
        self.learnt.iter().filter_map(row).collect()
    }
}

fn key(recorded: &Recorded) -> AggregateKey {
    (
        recorded.tenant_id.clone(),
        recorded.aggregate_type.clone(),
        recorded.aggregate_id.clone(),
    )
}
