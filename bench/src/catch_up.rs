//! Reading the log: a projector that catches up in batches, as it runs in production, beside the same projector given
//! one event per transaction; and a rebuild beside copying the log out and parsing it. Both ways must end in the same rows.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::customers::events::CustomerEvent;
use event_store::checkpoints::{self, Lease};
use event_store::log::{self, BATCH_LIMIT, Runner, Subscriber};
use event_store::store::Store;
use futures_util::StreamExt;
use futures_util::future::try_join_all;
use projectors::{Projection, rebuild};
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tokio_postgres::Client;
use tokio_postgres::binary_copy::BinaryCopyOutStream;
use tokio_postgres::types::{Json, Type};
use tokio_util::sync::CancellationToken;

use crate::Result;
use crate::drive::{StolenTime, whole};

/// The projection that is measured: the one with the most tables, and with names to decrypt.
pub const PROJECTION: &str = projectors::customers::NAME;
/// How many events a batch run catches up on.
pub const EVENTS: u64 = 200_000;
/// Who holds the lease here.
const OWNER: &str = "bench";

const FIND_POSITION_OF: &str = "
    select position from events where aggregate_type = any ($1) order by position offset $2 limit 1";
/// COPY takes no parameters.
const LIMIT_COPY: &str = "select set_config('bench.until', $1, false)";
const COPY: &str = "
    copy (select position, aggregate_id, event_type, payload from events
        where aggregate_type = 'customer' and position <= current_setting('bench.until')::bigint
        order by position) to stdout (format binary)";
const RESET: &str = "
    update checkpoints set position = 0, lease_until = '-infinity', fencing_token = fencing_token + 1
    where subscriber = $1";
const CLEAR: &str = "select twin.clear($1)";
const FINISH: &str = "select twin.finish($1)";
const EMPTY: [&str; 5] = [CLEAR, FINISH, "select twin.swap($1)", CLEAR, FINISH];
/// The read tables' own rows once more into their empty twins, and what makes them usable.
const WRITE_ROWS: [(&str, &str); 4] = [
    (
        "customers",
        "insert into twin.customers select * from public.customers",
    ),
    (
        "customer_terms",
        "insert into twin.customer_terms select * from public.customer_terms",
    ),
    (
        "customer_consents",
        "insert into twin.customer_consents select * from public.customer_consents",
    ),
    (
        "customer_notes",
        "insert into twin.customer_notes select * from public.customer_notes",
    ),
];
const DIGEST: &str = "
    select count(*), coalesce(sum(hashtextextended(c::text, 0)), 0)::text from public.customers as c";

/// Events a second, of one kind of reading.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reading {
    pub per_second: f64,
    pub stolen_percent: f64,
}

/// What one round gave.
#[derive(Clone, Copy, Debug, Default)]
pub struct Round {
    pub batches: Reading,
    pub single: Reading,
    pub rebuild: Reading,
    pub copied: Reading,
    /// The rows that a rebuild ends with, written by PostgreSQL from their own copy.
    pub written: Reading,
}

impl fmt::Display for Round {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "  catch-up {:.0}/s in batches, {:.0}/s one by one, rebuild {:.0}/s, copied and parsed {:.0}/s, its rows alone {:.0}/s",
            self.batches.per_second,
            self.single.per_second,
            self.rebuild.per_second,
            self.copied.per_second,
            self.written.per_second,
        )
    }
}

/// One round. The single events are measured first, for `measured`, on the same tables, emptied before and after.
pub async fn measure(store: &Store, measured: Duration) -> Result<Round> {
    let projection = projectors::all(store)
        .into_iter()
        .find(|projection| projection.subscriber.name() == PROJECTION)
        .ok_or("the projection is missing")?;
    let until = position_of(store, projection.subscriber.as_ref(), EVENTS).await?;
    empty(store, &projection).await?;
    let single = one_by_one(store, projection.subscriber.as_ref(), until, measured).await?;
    empty(store, &projection).await?;
    let batches = in_batches(store, projection.subscriber.clone(), (until, EVENTS)).await?;
    let caught_up = digest(store).await?;
    let rebuild = rebuild_from_zero(store, &projection).await?;
    let rebuilt = digest(store).await?;
    if caught_up != rebuilt {
        return Err(format!(
            "rebuilt rows differ from those caught up: {rebuilt:?}, {caught_up:?}"
        )
        .into());
    }
    let copied = copy_and_parse(store, until).await?;
    let written = write_rows(store, &projection).await?;
    Ok(Round {
        batches,
        single,
        rebuild,
        copied,
        written,
    })
}

/// The runner as the server starts it, with a log that ends at `until`, after so many events.
pub async fn in_batches(
    store: &Store,
    subscriber: Arc<dyn Subscriber>,
    (until, events): (i64, u64),
) -> Result<Reading> {
    let (safe, moved, stop) = (
        watch::Sender::new(until),
        watch::Sender::new(0),
        CancellationToken::new(),
    );
    let runner = Runner {
        safe: safe.subscribe(),
        moved: moved.clone(),
        ..store.runner(subscriber.clone(), OWNER)
    };
    let mut moves = moved.subscribe();
    let (clock, begun) = (StolenTime::start(), Instant::now());
    let running = tokio::spawn(runner.run(stop.clone()));
    loop {
        moves.changed().await?;
        let client = store.pools.engine.get().await?;
        if checkpoints::position(&client, &[subscriber.name()]).await? >= until {
            break;
        }
    }
    let reading = reading(events, begun, &clock);
    stop.cancel();
    running.await?;
    Ok(reading)
}

/// A transaction per event, with the checkpoint in it, as a projector without batches would do.
async fn one_by_one(
    store: &Store,
    subscriber: &dyn Subscriber,
    until: i64,
    measured: Duration,
) -> Result<Reading> {
    let mut lease = checkpoints::acquire(&store.pools.engine, subscriber.name(), OWNER)
        .await?
        .ok_or("somebody else holds the projection's lease")?;
    let mut client = store.pools.engine.get().await?;
    let (clock, begun) = (StolenTime::start(), Instant::now());
    let mut applied = 0;
    'measured: loop {
        let types = subscriber.aggregate_types();
        let page = log::read(&client, types, (lease.position, until), BATCH_LIMIT).await?;
        if page.is_empty() {
            break;
        }
        for event in page {
            if begun.elapsed() >= measured {
                break 'measured;
            }
            let tx = client.transaction().await?;
            subscriber.apply(&tx, std::slice::from_ref(&event)).await?;
            checkpoints::advance(&tx, subscriber.name(), lease, event.position).await?;
            tx.commit().await?;
            lease = Lease {
                position: event.position,
                ..lease
            };
            applied += 1;
        }
    }
    Ok(reading(applied, begun, &clock))
}

/// The whole rebuild, the change of tables included.
pub async fn rebuild_from_zero(store: &Store, projection: &Projection) -> Result<Reading> {
    let (clock, begun) = (StolenTime::start(), Instant::now());
    let rebuilt = rebuild::rebuild(store, projection, |_| {}).await?;
    Ok(reading(rebuilt.events, begun, &clock))
}

/// What reading costs at the least: the same events copied out in order, each payload parsed into its type.
async fn copy_and_parse(store: &Store, until: i64) -> Result<Reading> {
    let client = store.pools.engine.get().await?;
    client.execute(LIMIT_COPY, &[&until.to_string()]).await?;
    let (clock, begun) = (StolenTime::start(), Instant::now());
    let events = parse_copied::<CustomerEvent>(&client, (COPY, Type::JSON)).await?;
    Ok(reading(events, begun, &clock))
}

/// Copies out by a statement that answers position, aggregate, type and payload; answers how many events there were.
pub async fn parse_copied<E>(client: &Client, (copy, kind): (&str, Type)) -> Result<u64>
where
    E: DeserializeOwned,
{
    let columns = [Type::INT8, Type::TEXT, Type::TEXT, kind];
    let mut rows = pin!(BinaryCopyOutStream::new(
        client.copy_out(copy).await?,
        &columns
    ));
    let mut events = 0;
    while let Some(row) = rows.next().await {
        let _: Json<E> = row?.try_get(3)?;
        events += 1;
    }
    Ok(events)
}

/// What writing costs at the least: the finished rows from table to table, without a log, a fold or a client, and their
/// indexes; all tables at once.
async fn write_rows(store: &Store, projection: &Projection) -> Result<Reading> {
    let client = store.pools.engine.get().await?;
    client.execute(CLEAR, &[&projection.tables]).await?;
    let (clock, begun) = (StolenTime::start(), Instant::now());
    let writing = WRITE_ROWS.map(|(table, statement)| async move {
        let client = store.pools.engine.get().await?;
        client.execute(statement, &[]).await?;
        client.execute(FINISH, &[&[table].as_slice()]).await?;
        Result::Ok(())
    });
    try_join_all(writing).await?;
    Ok(reading(EVENTS, begun, &clock))
}

/// What so many events came to.
pub fn reading(events: u64, begun: Instant, clock: &StolenTime) -> Reading {
    Reading {
        per_second: whole(events) / begun.elapsed().as_secs_f64(),
        stolen_percent: clock.percent(),
    }
}

/// Where the `number`th event of the subscriber lies.
async fn position_of(store: &Store, subscriber: &dyn Subscriber, number: u64) -> Result<i64> {
    let client = store.pools.engine.get().await?;
    let skipped = i64::try_from(number)? - 1;
    let row = client
        .query_one(FIND_POSITION_OF, &[&subscriber.aggregate_types(), &skipped])
        .await?;
    Ok(row.get(0))
}

/// As before the first event: emptied twins take the tables' place, and the tables are emptied in turn.
async fn empty(store: &Store, projection: &Projection) -> Result<()> {
    let client = store.pools.engine.get().await?;
    for statement in EMPTY {
        client.execute(statement, &[&projection.tables]).await?;
    }
    client.execute(RESET, &[&projection.name()]).await?;
    Ok(())
}

async fn digest(store: &Store) -> Result<(i64, String)> {
    let row = store
        .pools
        .engine
        .get()
        .await?
        .query_one(DIGEST, &[])
        .await?;
    Ok((row.get(0), row.get(1)))
}
