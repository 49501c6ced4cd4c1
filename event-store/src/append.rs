//! The append: one statement, one wait, all or nothing. It raises on a violated constraint and writes nothing when a
//! stream has moved or the key has been used; a position is drawn only after both have been checked.

use deadpool_postgres::{GenericClient, Pool};
use time::OffsetDateTime;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;

use crate::Result;
use crate::commit::{Commit, NewEvent, Outcome, OwnedKey, OwnedScope, Violation};
use crate::pg::JsonText;

/// The first arm names the tenant for row-level security; every other arm takes its rows through it, so none runs
/// before the setting stands. The transaction's id is forced before a position is drawn: the log's fence rests on it.
/// What is released goes before what is taken, so that an owner may take again what it held.
const APPEND: &str = "
    with tenant as materialized (
        select set_config('rapport.tenant_id', $1, true) as id
    ), fresh as materialized (
        select tenant.id from tenant
        where pg_current_xact_id() is not null
          and not exists (
            select from commands c where c.tenant_id = tenant.id and c.principal = $2 and c.key = $3)
          and not exists (
            select from unnest($9::text[], $10::text[], $11::bigint[]) as s (kind, id, expected)
            cross join lateral (
                select coalesce(max(e.sequence), 0) as newest from events e
                where e.tenant_id = tenant.id and e.aggregate_type = s.kind and e.aggregate_id = s.id) as tail
            where tail.newest <> s.expected)
    ), appended as (
        insert into events (tenant_id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload,
            metadata, occurred_at, command_id, correlation_id, causation_id, actor)
        select fresh.id, e.kind, e.id, e.sequence, e.event_type, e.event_version, e.payload, $18::json,
            $19::timestamptz, $6::text, $20::text, $21::text, $2::text
        from fresh, unnest($12::text[], $13::text[], $14::bigint[], $15::text[], $16::text[], $17::json[])
            with ordinality as e (kind, id, sequence, event_type, event_version, payload, ordinal)
        order by e.ordinal
        returning position
    ), remembered as (
        insert into commands (tenant_id, principal, key, fingerprint, name, command_id, answer, position)
        select fresh.id, $2::text, $3::text, $4::bytea, $5::text, $6::text, $7::json,
            coalesce((select max(position) from appended), $8::bigint)
        from fresh
    ), released as (
        delete from claims where ctid = any (array(
            select held.ctid from fresh, unnest($22::text[], $23::text[]) as r (scope, owner)
            cross join lateral (
                select c.ctid from claims c
                where c.tenant_id = fresh.id and c.scope = r.scope and c.aggregate_id = r.owner offset 0) as held))
        returning 1
    ), taken as (
        insert into claims (tenant_id, scope, value, aggregate_type, aggregate_id)
        select fresh.id, t.scope, t.value, t.kind, t.owner
        from fresh, (select count(*) from released) as first,
            unnest($24::text[], $25::text[], $26::text[], $27::text[]) as t (scope, value, kind, owner)
    ), dropped as (
        delete from handles where ctid = any (array(
            select held.ctid from fresh, unnest($28::text[], $29::text[]) as r (scope, owner)
            cross join lateral (
                select h.ctid from handles h
                where h.tenant_id = fresh.id and h.scope = r.scope and h.aggregate_id = r.owner offset 0) as held))
        returning 1
    ), handled as (
        insert into handles (tenant_id, scope, value, aggregate_type, aggregate_id)
        select distinct fresh.id, t.scope, t.value, t.kind, t.owner
        from fresh, (select count(*) from dropped) as first,
            unnest($30::text[], $31::text[], $32::text[], $33::text[]) as t (scope, value, kind, owner)
    ), keyed as (
        insert into subject_keys (tenant_id, subject_id, wrapped_key)
        select fresh.id, k.subject, k.wrapped from fresh, unnest($34::text[], $35::bytea[]) as k (subject, wrapped)
    ), messages as (
        insert into outbox_messages (tenant_id, message_id, name, target, call, order_key, aggregate_type, aggregate_id,
            sequence, correlation_id, causation_id, due_at)
        select fresh.id, m.message_id, m.name, m.target, m.call, m.order_key, m.kind, m.id, m.sequence, $20::text,
            $6::text, m.due
        from fresh, unnest($36::text[], $37::text[], $38::text[], $39::json[], $40::text[], $41::text[], $42::text[],
            $43::bigint[], $44::timestamptz[])
            as m (message_id, name, target, call, order_key, kind, id, sequence, due)
    ), work as (
        insert into outbox_work (tenant_id, message_id, target, order_key, run_at)
        select fresh.id, m.message_id, m.target, m.order_key, coalesce(m.due, clock_timestamp())
        from fresh, unnest($36::text[], $38::text[], $40::text[], $44::timestamptz[])
            with ordinality as m (message_id, target, order_key, due, ordinal)
        order by m.ordinal
    )
    select (select count(*) from fresh) as written,
        coalesce((select max(position) from appended), $8::bigint) as position";

/// Writes each commit, every one all or nothing by itself, in the order given.
pub async fn append(pool: &Pool, commits: &[Commit]) -> Result<Vec<Outcome>> {
    let mut outcomes = Vec::with_capacity(commits.len());
    for commit in commits {
        outcomes.push(append_one(pool, commit).await?);
    }
    Ok(outcomes)
}

async fn append_one(pool: &Pool, commit: &Commit) -> Result<Outcome> {
    append_in(&pool.get().await?, commit).await
}

/// As `append`, within a transaction of the caller's; on a conflict the caller must roll it back.
pub(crate) async fn append_in(client: &impl GenericClient, commit: &Commit) -> Result<Outcome> {
    let statement = client.prepare_cached(APPEND).await?;
    let columns = Columns::of(commit);
    match client
        .query_one(&statement, &columns.parameters(commit))
        .await
    {
        Ok(row) if row.get::<_, i64>("written") == 0 => Ok(Outcome::Conflict(Violation::Stale)),
        Ok(row) => Ok(Outcome::Committed {
            position: row.get("position"),
        }),
        Err(error) => match violation(&error) {
            Some(violation) => Ok(Outcome::Conflict(violation)),
            None => Err(error.into()),
        },
    }
}

/// The constraints that concurrent commands can break, each by its name.
pub(crate) fn violation(error: &tokio_postgres::Error) -> Option<Violation> {
    let database = error.as_db_error()?;
    if *database.code() != SqlState::UNIQUE_VIOLATION {
        return None;
    }
    match database.constraint()? {
        "events_pkey" => Some(Violation::Stale),
        "events_position_key" => Some(Violation::Position),
        "commands_pkey" => Some(Violation::Key),
        "claims_pkey" => Some(Violation::Claim),
        "subject_keys_pkey" => Some(Violation::SubjectKey),
        "tenants_slug_key" | "tenants_pkey" => Some(Violation::Slug),
        _ => None,
    }
}

/// A commit turned into columns, for the statement's unnests.
struct Columns<'a> {
    tenant: &'a str,
    stream_kinds: Vec<&'a str>,
    stream_ids: Vec<&'a str>,
    stream_expected: Vec<i64>,
    event_kinds: Vec<&'a str>,
    event_ids: Vec<&'a str>,
    event_sequences: Vec<i64>,
    event_types: Vec<&'a str>,
    event_versions: Vec<&'a str>,
    payloads: Vec<JsonText<'a>>,
    metadata: JsonText<'a>,
    answer: JsonText<'a>,
    released: [Vec<&'a str>; 2],
    taken: [Vec<&'a str>; 4],
    dropped: [Vec<&'a str>; 2],
    handles: [Vec<&'a str>; 4],
    key_subjects: Vec<&'a str>,
    key_wrapped: Vec<&'a [u8]>,
    messages: [Vec<&'a str>; 5],
    calls: Vec<JsonText<'a>>,
    order_keys: Vec<Option<&'a str>>,
    message_sequences: Vec<i64>,
    dues: Vec<Option<OffsetDateTime>>,
}

impl<'a> Columns<'a> {
    fn of(commit: &'a Commit) -> Self {
        let events = || {
            commit.streams.iter().flat_map(|stream| {
                stream
                    .events
                    .iter()
                    .zip(stream.expected + 1..)
                    .map(move |(event, sequence)| (stream, event, sequence))
            })
        };
        let event_text = |pick: fn(&NewEvent) -> &str| {
            events()
                .map(|(_, event, _)| pick(event))
                .collect::<Vec<_>>()
        };
        let effects = &commit.effects;
        Self {
            tenant: commit.tenant_id.as_str(),
            stream_kinds: commit
                .streams
                .iter()
                .map(|stream| stream.aggregate_type.as_str())
                .collect(),
            stream_ids: commit
                .streams
                .iter()
                .map(|stream| stream.aggregate_id.as_str())
                .collect(),
            stream_expected: commit
                .streams
                .iter()
                .map(|stream| stream.expected)
                .collect(),
            event_kinds: events()
                .map(|(stream, _, _)| stream.aggregate_type.as_str())
                .collect(),
            event_ids: events()
                .map(|(stream, _, _)| stream.aggregate_id.as_str())
                .collect(),
            event_sequences: events().map(|(_, _, sequence)| sequence).collect(),
            event_types: event_text(|event| &event.event_type),
            event_versions: event_text(|event| &event.event_version),
            payloads: events()
                .map(|(_, event, _)| JsonText(&event.payload))
                .collect(),
            metadata: JsonText(&commit.command.metadata),
            answer: JsonText(&commit.command.answer),
            released: scope_columns(&commit.release),
            taken: key_columns(&commit.take),
            dropped: scope_columns(&commit.drop_handles),
            handles: key_columns(&commit.handles),
            key_subjects: commit
                .subject_keys
                .iter()
                .map(|key| key.subject_id.as_str())
                .collect(),
            key_wrapped: commit
                .subject_keys
                .iter()
                .map(|key| key.wrapped_key.as_slice())
                .collect(),
            messages: [
                effects
                    .iter()
                    .map(|message| message.message_id.as_str())
                    .collect(),
                effects
                    .iter()
                    .map(|message| message.name.as_str())
                    .collect(),
                effects
                    .iter()
                    .map(|message| message.target.as_str())
                    .collect(),
                effects
                    .iter()
                    .map(|message| message.aggregate_type.as_str())
                    .collect(),
                effects
                    .iter()
                    .map(|message| message.aggregate_id.as_str())
                    .collect(),
            ],
            calls: effects
                .iter()
                .map(|message| JsonText(&message.call))
                .collect(),
            order_keys: effects
                .iter()
                .map(|message| message.order_key.as_deref())
                .collect(),
            message_sequences: effects.iter().map(|message| message.sequence).collect(),
            dues: effects.iter().map(|message| message.due).collect(),
        }
    }

    fn parameters(&'a self, commit: &'a Commit) -> Vec<&'a (dyn ToSql + Sync)> {
        let command = &commit.command;
        let mut parameters: Vec<&'a (dyn ToSql + Sync)> = vec![
            &self.tenant,
            &command.principal,
            &command.key,
            &command.fingerprint,
            &command.name,
            &command.command_id,
            &self.answer,
            &command.position_floor,
            &self.stream_kinds,
            &self.stream_ids,
            &self.stream_expected,
            &self.event_kinds,
            &self.event_ids,
            &self.event_sequences,
            &self.event_types,
            &self.event_versions,
            &self.payloads,
            &self.metadata,
            &command.occurred_at,
            &command.correlation_id,
            &command.causation_id,
        ];
        parameters.extend(
            self.released
                .iter()
                .map(|column| column as &(dyn ToSql + Sync)),
        );
        parameters.extend(
            self.taken
                .iter()
                .map(|column| column as &(dyn ToSql + Sync)),
        );
        parameters.extend(
            self.dropped
                .iter()
                .map(|column| column as &(dyn ToSql + Sync)),
        );
        parameters.extend(
            self.handles
                .iter()
                .map(|column| column as &(dyn ToSql + Sync)),
        );
        let [ids, names, targets, kinds, owners] = &self.messages;
        let rest: [&'a (dyn ToSql + Sync); 11] = [
            &self.key_subjects,
            &self.key_wrapped,
            ids,
            names,
            targets,
            &self.calls,
            &self.order_keys,
            kinds,
            owners,
            &self.message_sequences,
            &self.dues,
        ];
        parameters.extend(rest);
        parameters
    }
}

fn scope_columns(scopes: &[OwnedScope]) -> [Vec<&str>; 2] {
    [
        scopes.iter().map(|owned| owned.scope.as_str()).collect(),
        scopes
            .iter()
            .map(|owned| owned.aggregate_id.as_str())
            .collect(),
    ]
}

fn key_columns(keys: &[OwnedKey]) -> [Vec<&str>; 4] {
    [
        keys.iter().map(|key| key.scope.as_str()).collect(),
        keys.iter().map(|key| key.value.as_str()).collect(),
        keys.iter().map(|key| key.aggregate_type.as_str()).collect(),
        keys.iter().map(|key| key.aggregate_id.as_str()).collect(),
    ]
}
