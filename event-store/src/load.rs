//! The load: everything that decisions need, in one wait. Its statements are independent, each names the tenant by itself,
//! and they are sent together on one connection. Each serves a whole batch of commands of one tenant; the ordinal that
//! comes back with a row says whose it is.

use std::collections::HashMap;
use std::time::Instant;

use cqrs_es::Aggregate;
use deadpool_postgres::{Client, Pool};
use domain::ids::TenantId;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::Result;
use crate::coalescer::{Flight, Traveller};
use crate::error::Error;
use crate::recorded::{Payload, Recorded};
use crate::snapshots::{RULES, StoredSnapshot};
use crate::upcast::{Stored, Upcasters};

/// How many batches of one tenant are loaded at once.
const MAX_FLYING: usize = 2;

/// What to load for one command.
#[derive(Clone, Debug, Default)]
pub struct Load {
    /// Look whether (principal, key) has been answered already.
    pub answered: Option<(String, String)>,
    /// Streams by (aggregate type, id, after which sequence).
    pub streams: Vec<(&'static str, String, i64)>,
    /// Claims by (scope, value).
    pub claims: Vec<(&'static str, String)>,
    /// Handles by (scope, value).
    pub handles: Vec<(&'static str, String)>,
    /// Subjects whose wrapped keys are wanted.
    pub subjects: Vec<String>,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    pub answered: Option<StoredAnswer>,
    /// Each stream that was wanted, in that order.
    pub streams: Vec<LoadedStream>,
    pub claims: Vec<HeldKey>,
    pub handles: Vec<HeldKey>,
    pub subject_keys: Vec<(String, FoundKey)>,
}

/// A subject's data key as the database has it, wrapped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FoundKey {
    Active(Vec<u8>),
    /// Nobody uses it but for the person's own wishes.
    Restricted(Vec<u8>),
    /// The person was erased; there is never another one.
    Destroyed,
}

/// What was found of one stream.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LoadedStream {
    /// Stands in for the first events of a stream that was wanted from its beginning.
    pub snapshot: Option<StoredSnapshot>,
    /// What follows, in order of sequence.
    pub events: Vec<StreamEvent>,
}

/// An aggregate and how far its stream has been folded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Folded<A> {
    pub state: A,
    /// Of the newest event; 0 when there is none.
    pub sequence: i64,
    /// Of the newest event.
    pub position: i64,
}

/// An event of a known stream: what a fold needs of it.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamEvent {
    pub sequence: i64,
    pub position: i64,
    pub event_type: String,
    pub event_version: String,
    pub payload: Payload,
}

/// The answer that an earlier command of this key got.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredAnswer {
    pub fingerprint: Vec<u8>,
    pub answer: String,
    pub position: i64,
}

/// A claim or handle and its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldKey {
    pub scope: String,
    pub value: String,
    pub aggregate_type: String,
    pub aggregate_id: String,
}

/// What nearly every command wants, in one statement: a statement costs more to set up than to run. A row is of a stream (0), an
/// answer (1) or a subject's key (2). A snapshot stands in for the events up to its sequence, in the row without an event
/// type; both are of one moment.
const LOAD: &str = "
    with tenant as materialized (
        select set_config('rapport.tenant_id', $1, true) as id
    )
    select 0 as part, s.place as member, e.sequence, e.position, e.event_type as name, e.event_version, e.payload,
        null::bytea as bytes
    from tenant cross join lateral (
        select unnest($2::bigint[]) as place, unnest($3::text[]) as kind, unnest($4::text[]) as id,
            unnest($5::bigint[]) as after offset 0) as s
    left join lateral (
        select sequence, position, state from snapshots
        where s.after = 0 and tenant_id = tenant.id and aggregate_type = s.kind and aggregate_id = s.id
            and fingerprint = $6 offset 0) as known on true
    cross join lateral (
        select known.sequence, known.position, null as event_type, null as event_version, known.state as payload
        where known.sequence is not null
        union all
        (select sequence, position, event_type, event_version, payload from events
        where tenant_id = tenant.id and aggregate_type = s.kind and aggregate_id = s.id
            and sequence > coalesce(known.sequence, s.after)
        order by sequence)) as e
    union all
    select 1, s.member, null, c.position, null, null, c.answer, c.fingerprint
    from tenant cross join lateral (
        select unnest($7::bigint[]) as member, unnest($8::text[]) as principal, unnest($9::text[]) as key offset 0) as s
    cross join lateral (
        select fingerprint, answer, position from commands
        where tenant_id = tenant.id and principal = s.principal and key = s.key offset 0) as c
    union all
    select 2, s.member, (k.restricted_at is not null)::int, null, k.subject_id, null, null, k.wrapped_key
    from tenant cross join lateral (
        select unnest($10::bigint[]) as member, unnest($11::text[]) as subject offset 0) as s
    cross join lateral (
        select subject_id, wrapped_key, restricted_at from subject_keys
        where tenant_id = tenant.id and subject_id = s.subject offset 0) as k";
/// The parts of `LOAD`.
const OF_STREAM: i32 = 0;
const OF_ANSWER: i32 = 1;

const FIND_CLAIMS: &str = "
    select s.member, k.*
    from (select set_config('rapport.tenant_id', $1, true) as id offset 0) as tenant
    cross join lateral (
        select unnest($2::bigint[]) as member, unnest($3::text[]) as scope, unnest($4::text[]) as value offset 0) as s
    cross join lateral (
        select scope, value, aggregate_type, aggregate_id from claims
        where tenant_id = tenant.id and scope = s.scope and value = s.value offset 0) as k";

const FIND_HANDLES: &str = "
    select s.member, k.*
    from (select set_config('rapport.tenant_id', $1, true) as id offset 0) as tenant
    cross join lateral (
        select unnest($2::bigint[]) as member, unnest($3::text[]) as scope, unnest($4::text[]) as value offset 0) as s
    cross join lateral (
        select scope, value, aggregate_type, aggregate_id from handles
        where tenant_id = tenant.id and scope = s.scope and value = s.value
        order by aggregate_id limit 1000) as k";

const READ_STREAM: &str = "
    select e.*
    from (select set_config('rapport.tenant_id', $1, true) as id offset 0) as tenant
    cross join lateral (
        select position, tenant_id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
            occurred_at, recorded_at, command_id, correlation_id, causation_id, actor
        from events
        where tenant_id = tenant.id and aggregate_type = $2 and aggregate_id = $3 and sequence > $4
        order by sequence) as e";

impl LoadedStream {
    pub fn is_empty(&self) -> bool {
        self.snapshot.is_none() && self.events.is_empty()
    }

    /// Folds what was found into what was known when it was asked for.
    pub fn fold<A: Aggregate>(&self, known: Folded<A>) -> Result<Folded<A>> {
        let mut folded = match &self.snapshot {
            Some(snapshot) => Folded {
                state: serde_json::from_str(&snapshot.state.0)?,
                sequence: snapshot.sequence,
                position: snapshot.position,
            },
            None => known,
        };
        for event in &self.events {
            let stored = Stored {
                aggregate_type: A::TYPE,
                event_type: &event.event_type,
                event_version: &event.event_version,
                payload: &event.payload.0,
                position: event.position,
            };
            folded.state.apply(Upcasters::domain().decode(&stored)?);
            (folded.sequence, folded.position) = (event.sequence, event.position);
        }
        Ok(folded)
    }
}

/// Carries loads to the database.
pub(crate) struct Loads {
    pub pool: Pool,
}

impl Traveller for Load {
    type Answer = Loaded;

    const MAX_FLYING: usize = MAX_FLYING;

    fn touches(&self) -> Vec<u64> {
        Vec::new()
    }

    fn overtaken_by(&self, _: &Self, _: &Loaded) -> Option<Loaded> {
        None
    }
}

impl Flight<Load> for Loads {
    async fn fly(&self, tenant_id: &TenantId, batch: &[&Load]) -> Vec<Result<Loaded>> {
        let started = Instant::now();
        let loaded = load(&self.pool, tenant_id, batch).await;
        metrics::histogram!("rapport_load_seconds").record(started.elapsed());
        match loaded {
            Ok(loaded) => loaded.into_iter().map(Ok).collect(),
            Err(error) => batch.iter().map(|_| Err(error.share())).collect(),
        }
    }
}

/// Loads it all in one wait.
async fn load(pool: &Pool, tenant_id: &TenantId, batch: &[&Load]) -> Result<Vec<Loaded>> {
    let client = pool.get().await?;
    let asking = Asking {
        client: &client,
        tenant: tenant_id.as_str(),
        batch,
    };
    let wanted = Streams::of(batch);
    let (rows, claims, handles) = futures_util::future::try_join3(
        asking.load(&wanted),
        asking.find_keys(FIND_CLAIMS, |wanted| &wanted.claims),
        asking.find_keys(FIND_HANDLES, |wanted| &wanted.handles),
    )
    .await?;
    let mut loaded: Vec<Loaded> = batch.iter().map(|_| Loaded::default()).collect();
    let mut events = Vec::with_capacity(rows.len());
    for row in &rows {
        match row.get(0) {
            OF_STREAM => events.push(row),
            OF_ANSWER => {
                member(&mut loaded, row, 1)?.answered = Some(StoredAnswer {
                    fingerprint: row.get("bytes"),
                    answer: row.get::<_, Payload>("payload").0,
                    position: row.get("position"),
                });
            }
            _ => {
                let found = match (row.get("bytes"), row.get::<_, Option<i64>>("sequence")) {
                    (None, _) => FoundKey::Destroyed,
                    (Some(wrapped), Some(1)) => FoundKey::Restricted(wrapped),
                    (Some(wrapped), _) => FoundKey::Active(wrapped),
                };
                let found = (row.get("name"), found);
                member(&mut loaded, row, 1)?.subject_keys.push(found);
            }
        }
    }
    wanted.sort_out(&events, &mut loaded)?;
    for row in &claims {
        member(&mut loaded, row, 0)?.claims.push(held_key(row));
    }
    for row in &handles {
        member(&mut loaded, row, 0)?.handles.push(held_key(row));
    }
    Ok(loaded)
}

/// As `Store::read_stream`.
pub(crate) async fn read_stream(
    pool: &Pool,
    tenant_id: &TenantId,
    (aggregate_type, aggregate_id): (&str, &str),
    after: i64,
) -> Result<Vec<Recorded>> {
    let client = pool.get().await?;
    let statement = client.prepare_cached(READ_STREAM).await?;
    let rows = client
        .query(
            &statement,
            &[&tenant_id.as_str(), &aggregate_type, &aggregate_id, &after],
        )
        .await?;
    Ok(rows.iter().map(Recorded::from_row).collect())
}

/// The statements of one batch. What nobody in it wants is not sent.
struct Asking<'a> {
    client: &'a Client,
    tenant: &'a str,
    batch: &'a [&'a Load],
}

impl<'a> Asking<'a> {
    /// Every item with the number of the member that wants it.
    fn wanted<T>(&self, of: fn(&'a Load) -> &'a [T]) -> (Vec<i64>, Vec<&'a T>) {
        (0..)
            .zip(self.batch)
            .flat_map(|(member, wanted)| of(wanted).iter().map(move |item| (member, item)))
            .unzip()
    }

    async fn query(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>> {
        let statement = self.client.prepare_cached(sql).await?;
        Ok(self.client.query(&statement, parameters).await?)
    }

    async fn load(&self, streams: &Streams<'a>) -> Result<Vec<Row>> {
        let (answered, keys) = self.wanted(|wanted| wanted.answered.as_slice());
        let (sealed, subjects) = self.wanted(|wanted| &wanted.subjects);
        let wanted = &streams.wanted;
        if wanted.is_empty() && keys.is_empty() && subjects.is_empty() {
            return Ok(Vec::new());
        }
        let places: Vec<i64> = (0..).zip(wanted).map(|(place, _)| place).collect();
        let kinds: Vec<&str> = wanted.iter().map(|(kind, _, _)| *kind).collect();
        let ids: Vec<&str> = wanted.iter().map(|(_, id, _)| *id).collect();
        let after: Vec<i64> = wanted.iter().map(|(_, _, after)| *after).collect();
        let principals: Vec<&str> = keys.iter().map(|(principal, _)| &**principal).collect();
        let keys: Vec<&str> = keys.iter().map(|(_, key)| &**key).collect();
        let parameters: [&(dyn ToSql + Sync); 11] = [
            &self.tenant,
            &places,
            &kinds,
            &ids,
            &after,
            &RULES,
            &answered,
            &principals,
            &keys,
            &sealed,
            &subjects,
        ];
        self.query(LOAD, &parameters).await
    }

    async fn find_keys(
        &self,
        sql: &str,
        of: fn(&'a Load) -> &'a [(&'static str, String)],
    ) -> Result<Vec<Row>> {
        let (members, keys) = self.wanted(of);
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let scopes: Vec<&str> = keys.iter().map(|(scope, _)| *scope).collect();
        let values: Vec<&str> = keys.iter().map(|(_, value)| &**value).collect();
        self.query(sql, &[&self.tenant, &members, &scopes, &values])
            .await
    }
}

/// Whose row it is, by the column that says so.
fn member<'a>(loaded: &'a mut [Loaded], row: &Row, column: usize) -> Result<&'a mut Loaded> {
    usize::try_from(row.get::<_, i64>(column))
        .ok()
        .and_then(|member| loaded.get_mut(member))
        .ok_or_else(|| Error::internal("a row that nobody asked for"))
}

/// The streams of a batch, each once: all commands of a tenant want its settings.
struct Streams<'a> {
    wanted: Vec<(&'a str, &'a str, i64)>,
    /// For each member the places of its streams among the wanted.
    places: Vec<Vec<usize>>,
}

impl<'a> Streams<'a> {
    fn of(batch: &[&'a Load]) -> Self {
        let mut known = HashMap::new();
        let mut wanted = Vec::new();
        let mut place = |(kind, id, after): &'a (&'static str, String, i64)| {
            let stream = (*kind, id.as_str(), *after);
            *known.entry(stream).or_insert_with(|| {
                wanted.push(stream);
                wanted.len() - 1
            })
        };
        let places = batch
            .iter()
            .map(|load| load.streams.iter().map(&mut place).collect())
            .collect();
        Self { wanted, places }
    }

    /// Events come by the place of their stream.
    fn sort_out(&self, rows: &[&Row], loaded: &mut [Loaded]) -> Result<()> {
        let mut found = vec![LoadedStream::default(); self.wanted.len()];
        for row in rows {
            let place = usize::try_from(row.get::<_, i64>(1)).unwrap_or(usize::MAX);
            let stream = found
                .get_mut(place)
                .ok_or_else(|| Error::internal("an event that nobody asked for"))?;
            let (sequence, position) = (row.get(2), row.get(3));
            let Some(event_type) = row.get(4) else {
                stream.snapshot = Some(StoredSnapshot {
                    sequence,
                    position,
                    state: row.get(6),
                });
                continue;
            };
            stream.events.push(StreamEvent {
                sequence,
                position,
                event_type,
                event_version: row.get(5),
                payload: row.get(6),
            });
        }
        for (loaded, places) in loaded.iter_mut().zip(&self.places) {
            loaded.streams = places.iter().map(|place| found[*place].clone()).collect();
        }
        Ok(())
    }
}

fn held_key(row: &Row) -> HeldKey {
    HeldKey {
        scope: row.get(1),
        value: row.get(2),
        aggregate_type: row.get(3),
        aggregate_id: row.get(4),
    }
}
