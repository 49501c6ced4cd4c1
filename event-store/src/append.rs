//! The append: one statement, one wait, all or nothing. It raises on a violated constraint and writes nothing when a
//! stream has moved or the key has been used; a position is drawn only after both have been checked.

mod columns;

use deadpool_postgres::{GenericClient, Pool};
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;

use self::columns::Columns;
use crate::Result;
use crate::commit::{Commit, NewEvent, Outcome, StreamEvents, Violation};
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
        insert into commands (tenant_id, principal, key, fingerprint, name, command_id, answer, position, source_address)
        select fresh.id, $2::text, $3::text, $4::bytea, $5::text, $6::text, $7::json,
            coalesce((select max(position) from appended), $8::bigint), $45::bytea
        from fresh
        returning position
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
    select position from remembered";

/// The same for the commonest commit by far: one event on one stream, with its answer and nothing else. A statement is
/// set up anew each time it runs, with all its arms, so the arms that have nothing to do cost more than the event.
const APPEND_ONE: &str = "
    with fresh as materialized (
        select tenant.id
        from (select set_config('rapport.tenant_id', $1, true) as id offset 0) as tenant
        where pg_current_xact_id() is not null
          and not exists (
            select from commands c where c.tenant_id = tenant.id and c.principal = $2 and c.key = $3)
          and $9::bigint = coalesce((
            select e.sequence from events e
            where e.tenant_id = tenant.id and e.aggregate_type = $7 and e.aggregate_id = $8
            order by e.sequence desc limit 1), 0)
    ), appended as (
        insert into events (tenant_id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload,
            metadata, occurred_at, command_id, correlation_id, causation_id, actor)
        select fresh.id, $7::text, $8::text, $9::bigint + 1, $10::text, $11::text, $12::json, $13::json,
            $14::timestamptz, $6::text, $15::text, $16::text, $2::text
        from fresh
        returning position
    ), remembered as (
        insert into commands (tenant_id, principal, key, fingerprint, name, command_id, answer, position, source_address)
        select fresh.id, $2::text, $3::text, $4::bytea, $5::text, $6::text, $17::json,
            (select position from appended), $18::bytea
        from fresh
    )
    select position from appended";

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
    let appended = match only_event(commit) {
        Some((stream, event)) => append_event(client, commit, stream, event).await,
        None => append_all(client, commit).await,
    };
    match appended {
        Ok(Some(row)) => Ok(Outcome::Committed {
            position: row.get("position"),
        }),
        Ok(None) => Ok(Outcome::Conflict(Violation::Stale)),
        Err(error) => match violation(&error) {
            Some(violation) => Ok(Outcome::Conflict(violation)),
            None => Err(error.into()),
        },
    }
}

/// The commit's one event, when there is nothing beside it but the answer.
fn only_event(commit: &Commit) -> Option<(&StreamEvents, &NewEvent)> {
    let [stream] = commit.streams.as_slice() else {
        return None;
    };
    let [event] = stream.events.as_slice() else {
        return None;
    };
    let alone = commit.take.is_empty()
        && commit.release.is_empty()
        && commit.handles.is_empty()
        && commit.drop_handles.is_empty()
        && commit.effects.is_empty()
        && commit.subject_keys.is_empty();
    alone.then_some((stream, event))
}

async fn append_event(
    client: &impl GenericClient,
    commit: &Commit,
    stream: &StreamEvents,
    event: &NewEvent,
) -> std::result::Result<Option<Row>, tokio_postgres::Error> {
    let command = &commit.command;
    let parameters: [&(dyn ToSql + Sync); 18] = [
        &commit.tenant_id.as_str(),
        &command.principal,
        &command.key,
        &command.fingerprint,
        &command.name,
        &command.command_id,
        &stream.aggregate_type,
        &stream.aggregate_id,
        &stream.expected,
        &event.event_type,
        &event.event_version,
        &JsonText(&event.payload),
        &JsonText(&command.metadata),
        &command.occurred_at,
        &command.correlation_id,
        &command.causation_id,
        &JsonText(&command.answer),
        &command.source_address,
    ];
    let statement = client.prepare_cached(APPEND_ONE).await?;
    client.query_opt(&statement, &parameters).await
}

/// No row when it was not fresh.
async fn append_all(
    client: &impl GenericClient,
    commit: &Commit,
) -> std::result::Result<Option<Row>, tokio_postgres::Error> {
    let statement = client.prepare_cached(APPEND).await?;
    let columns = Columns::of(commit);
    client
        .query_opt(&statement, &columns.parameters(commit))
        .await
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
