//! A log as a busy one is: a million events of fifty thousand bookings that lie among each other, twenty of each, of 380
//! bytes on average, which end in one row each. The bookings are rebuilt from it, beside the same events copied out of a
//! table that keeps its payloads as jsonb, and parsed.

use std::time::{Duration, Instant};

use commands::dispatch::Dispatcher;
use cqrs_es::{Aggregate, DomainEvent};
use domain::bookings::Booking;
use domain::bookings::events::BookingEvent;
use event_store::pg::{PoolSizes, Pools};
use event_store::store::Store;
use event_store::vault::Vault;
use projectors::Projection;
use serde_json::Value;
use tokio::time::timeout;
use tokio_postgres::Client;
use tokio_postgres::types::Type;

use crate::catch_up::{self, Reading};
use crate::drive::StolenTime;
use crate::ground::{Ground, Place, ROOT_KEY};
use crate::{Result, tenant};

/// Whose key seals what the bookings say.
const CUSTOMER: &str = "customer";
const ADDRESS: &str = "1 Example Street, 94110 Example";
const WISHES: &str = "No onions, please; ring twice, the gate is locked.";
const BOOKINGS: i64 = 50_000;
/// The longest that the projection may take to follow the log once.
const PATIENCE: Duration = Duration::from_secs(300);

const PLACE: Place = Place {
    database: "bench_bookings",
    drop: "drop database if exists bench_bookings",
    create: "create database bench_bookings owner rapport",
};

/// One event of every booking, in an order that has nothing to do with their ids. $1 tenant, $2 type, $3 sequence, $4 name
/// of the event, $5 payload, $6 how many bookings.
const FILL: &str = "
    insert into events (tenant_id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
        occurred_at, command_id, correlation_id, causation_id, actor)
    select $1, $2, '01900000-0000-7000-8000-' || lpad(to_hex(booking), 12, '0'), $3::bigint, $4, '1', $5::json, '{}',
        clock_timestamp(), 'fill', 'fill', 'fill', 'system'
    from generate_series(1, $6::bigint) as booking order by hashint8(booking + $3::bigint * 1000003)";
/// The same events as a log would hold them that keeps its payloads as jsonb.
const FILL_JSONB: &str = "
    create table jsonb_events as
        select position, aggregate_id, event_type, payload::jsonb as payload from events
        where aggregate_type = 'booking' order by position;
    alter table jsonb_events add primary key (position);";
const VACUUM: [&str; 2] = ["vacuum (analyze) events", "vacuum (analyze) jsonb_events"];
const VACUUM_ROWS: &str = "vacuum (analyze) bookings";
const FIND_LAST: &str = "select max(position), count(*) from jsonb_events";
const COPY: &str = "
    copy (select position, aggregate_id, event_type, payload from jsonb_events order by position)
    to stdout (format binary)";
const DIGEST: &str = "
    select count(*), coalesce(sum(hashtextextended(b::text, 0)), 0)::text from public.bookings as b";

/// What happens to a booking here, in order: as the corpus of historic payloads has it.
const LIFE: [&str; 20] = [
    include_str!("../../schema/events/booking/BookingCreated.v1.json"),
    include_str!("../../schema/events/booking/CheckoutLinkCreated.v1.json"),
    include_str!("../../schema/events/booking/BookingPaymentReceived.v1.json"),
    include_str!("../../schema/events/booking/BookingConfirmed.v1.json"),
    include_str!("../../schema/events/booking/BookingPartyChanged.v1.json"),
    include_str!("../../schema/events/booking/BookingRepriced.v1.json"),
    include_str!("../../schema/events/booking/BookingMenuChanged.v1.json"),
    include_str!("../../schema/events/booking/BookingRepriced.v1.json"),
    include_str!("../../schema/events/booking/BookingNotesChanged.v1.json"),
    include_str!("../../schema/events/booking/BookingAddressChanged.v1.json"),
    include_str!("../../schema/events/booking/BookingRepriced.v1.json"),
    include_str!("../../schema/events/booking/ChefAssigned.v1.json"),
    include_str!("../../schema/events/booking/BookingRescheduled.v1.json"),
    include_str!("../../schema/events/booking/ChefAssigned.v1.json"),
    include_str!("../../schema/events/booking/BookingMenuChanged.v1.json"),
    include_str!("../../schema/events/booking/BookingRepriced.v1.json"),
    include_str!("../../schema/events/booking/BookingPartyChanged.v1.json"),
    include_str!("../../schema/events/booking/BookingRepriced.v1.json"),
    include_str!("../../schema/events/booking/BookingNotesChanged.v1.json"),
    include_str!("../../schema/events/booking/BookingCompleted.v1.json"),
];

/// Up to which event prices and menus have so many times the corpus's lines.
const LARGE_UNTIL: usize = 14;
const LARGER: usize = 4;

/// What one round gave.
#[derive(Clone, Copy, Debug, Default)]
pub struct Round {
    pub rebuild: Reading,
    pub copied: Reading,
}

/// So many rounds on one log.
pub async fn measure(ground: &Ground, rounds: u32) -> Result<Vec<Round>> {
    let log = Log::fill(ground).await?;
    let mut measured = Vec::new();
    for _ in 0..rounds {
        let round = log.measure().await?;
        crate::say(&format!(
            "  bookings rebuilt at {:.0}/s, copied from jsonb and parsed at {:.0}/s",
            round.rebuild.per_second, round.copied.per_second
        ));
        measured.push(round);
    }
    log.store.pools.close();
    Ok(measured)
}

/// The log, in a database of its own, and the rows that following it once ended in.
struct Log {
    store: Store,
    owner: Client,
    projection: Projection,
    events: u64,
    digest: (i64, String),
}

impl Log {
    /// Filled, vacuumed, and followed by the projection.
    async fn fill(ground: &Ground) -> Result<Self> {
        let url = PLACE.make(ground).await?;
        server::database::migrate(&url).await?;
        let owner = ground.connect(&url).await?;
        let store = Store::new(
            Pools::new(&url, PoolSizes::default())?,
            Vault::new(&ROOT_KEY),
        );
        fill(&store, &owner).await?;
        owner.batch_execute(FILL_JSONB).await?;
        for statement in VACUUM {
            owner.batch_execute(statement).await?;
        }
        let projection = projectors::all(&store)
            .into_iter()
            .find(|projection| projection.subscriber.name() == projectors::bookings::NAME)
            .ok_or("the projection is missing")?;
        let last = owner.query_one(FIND_LAST, &[]).await?;
        let (until, events) = (last.get(0), last.get::<_, i64>(1).unsigned_abs());
        let subscriber = projection.subscriber.clone();
        let following = catch_up::in_batches(&store, subscriber, (until, events));
        let followed = timeout(PATIENCE, following).await??;
        // As it is between two rebuilds.
        owner.batch_execute(VACUUM_ROWS).await?;
        let digest = digest(&owner).await?;
        crate::say(&format!(
            "  {events} events of {} bookings, followed at {:.0}/s",
            digest.0, followed.per_second
        ));
        Ok(Self {
            store,
            owner,
            projection,
            events,
            digest,
        })
    }

    /// A rebuild must end in the rows that following the log ended in.
    async fn measure(&self) -> Result<Round> {
        let copied = self.copy_and_parse().await?;
        let rebuild = catch_up::rebuild_from_zero(&self.store, &self.projection).await?;
        let rebuilt = digest(&self.owner).await?;
        if self.digest != rebuilt {
            return Err(format!(
                "rebuilt bookings differ from those followed: {rebuilt:?}, {:?}",
                self.digest
            )
            .into());
        }
        Ok(Round { rebuild, copied })
    }

    async fn copy_and_parse(&self) -> Result<Reading> {
        let (clock, begun) = (StolenTime::start(), Instant::now());
        let parsed =
            catch_up::parse_copied::<BookingEvent>(&self.owner, (COPY, Type::JSONB)).await?;
        if parsed != self.events {
            return Err(format!("{parsed} of {} events were copied", self.events).into());
        }
        Ok(catch_up::reading(parsed, begun, &clock))
    }
}

async fn fill(store: &Store, owner: &Client) -> Result<()> {
    let statement = owner.prepare(FILL).await?;
    let tenant_id = tenant::make(&Dispatcher::new(store.clone())).await?;
    let (key, _) = store.new_subject(&tenant_id, CUSTOMER).await?;
    for (before, text) in LIFE.iter().enumerate() {
        let mut recorded: Value = serde_json::from_str(text)?;
        let mut payload = recorded["payload"].take();
        let fields = payload
            .as_object_mut()
            .and_then(|all| all.values_mut().next());
        let fields = fields.ok_or("the corpus has an event without a body")?;
        // As long as what a customer says, and large parties at first, so that an event has the size that it has elsewhere.
        if before < LARGE_UNTIL {
            for name in ["price", "menu"] {
                if let Some(Value::Array(lines)) = fields.get_mut(name) {
                    *lines = vec![lines.clone(); LARGER].concat();
                }
            }
        }
        for (name, text) in [("address", ADDRESS), ("notes", WISHES)] {
            if let Some(field) = fields.get_mut(name) {
                *field = serde_json::to_value(key.seal("BookingCreated", name, text)?)?;
            }
        }
        let event: BookingEvent = serde_json::from_value(payload)?;
        let (name, payload) = (event.event_type(), serde_json::to_value(&event)?);
        let sequence = i64::try_from(before)? + 1;
        owner
            .execute(
                &statement,
                &[
                    &tenant_id.as_str(),
                    &Booking::TYPE,
                    &sequence,
                    &name,
                    &payload,
                    &BOOKINGS,
                ],
            )
            .await?;
    }
    Ok(())
}

async fn digest(owner: &Client) -> Result<(i64, String)> {
    let row = owner.query_one(DIGEST, &[]).await?;
    Ok((row.get(0), row.get(1)))
}
