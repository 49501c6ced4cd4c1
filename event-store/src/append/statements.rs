//! The append's statements: for any commits, for events alone, and for one event alone.

/// The first arm names the tenant for row-level security; every other arm takes its rows through it, so none runs
/// before the setting stands. One stale member holds the whole batch back, and the answer names it. The transaction's id
/// is forced before a position is drawn: the log's fence rests on it. A commit's record travels on the row of its last
/// event, so that nothing has to be joined. Positions are drawn in the order in which things happened, rows are written in the
/// order of their keys, so that two batches never wait for each other in a circle. What is released goes before what is taken,
/// so that an owner may take again what it held. Arrays are read by their subscripts: unnesting several at once puts each
/// into a store of its own first, which costs a small batch more than its rows.
pub(super) const APPEND: &str = "
    with tenant as materialized (
        select set_config('rapport.tenant_id', $1, true) as id
    ), stale as materialized (
        select k::bigint as member from tenant, generate_series(1, cardinality($2::text[])) as k
        cross join lateral (
            select from commands c
            where c.tenant_id = tenant.id and c.principal = ($2::text[])[k] and c.key = ($3::text[])[k] offset 0
        ) as used
        union all
        select ($4::bigint[])[s] from tenant, generate_series(1, cardinality($4::bigint[])) as s
        cross join lateral (
            select coalesce(max(e.sequence), 0) as newest from events e
            where e.tenant_id = tenant.id and e.aggregate_type = ($5::text[])[s]
              and e.aggregate_id = ($6::text[])[s]) as tail
        where tail.newest <> ($7::bigint[])[s]
    ), fresh as materialized (
        select tenant.id from tenant where pg_current_xact_id() is not null and not exists (select from stale)
    ), drawn as materialized (
        select fresh.id as tenant, ($8::text[])[r] as kind, ($9::text[])[r] as id, ($10::bigint[])[r] as sequence,
            ($11::text[])[r] as event_type, ($12::text[])[r] as event_version, ($13::json[])[r] as payload,
            ($14::json[])[r] as metadata, ($15::timestamptz[])[r] as occurred_at, ($16::text[])[r] as command_id,
            ($17::text[])[r] as correlation_id, ($18::text[])[r] as causation_id, ($19::text[])[r] as principal,
            ($20::bigint[])[r] as member, ($21::bigint[])[r] as floor, ($22::text[])[r] as key,
            ($23::bytea[])[r] as fingerprint, ($24::text[])[r] as name, ($25::json[])[r] as answer,
            ($26::bytea[])[r] as source_address,
            case when ($11::text[])[r] is null then ($21::bigint[])[r] else nextval('event_positions') end as position,
            clock_timestamp() as recorded_at, r::bigint as place
        from fresh, generate_series(1, cardinality($14::json[])) as r
    ), appended as (
        insert into events (tenant_id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload,
            metadata, position, occurred_at, recorded_at, command_id, correlation_id, causation_id, actor)
        select tenant, kind, id, sequence, event_type, event_version, payload, metadata, position, occurred_at,
            recorded_at, command_id, correlation_id, causation_id, principal
        from drawn where event_type is not null order by kind collate \"C\", id collate \"C\", sequence
    ), remembered as (
        insert into commands (tenant_id, principal, key, fingerprint, name, command_id, answer, position, source_address)
        select tenant, principal, key, fingerprint, name, command_id, answer, position, source_address
        from drawn where member is not null order by principal collate \"C\", key collate \"C\"
    ), released as (
        delete from claims where ctid = any (array(
            select held.ctid from fresh, generate_series(1, cardinality($27::text[])) as r
            cross join lateral (
                select c.ctid from claims c
                where c.tenant_id = fresh.id and c.scope = ($27::text[])[r]
                  and c.aggregate_id = ($28::text[])[r] offset 0) as held))
        returning 1
    ), taken as (
        insert into claims (tenant_id, scope, value, aggregate_type, aggregate_id)
        select fresh.id, ($29::text[])[t], ($30::text[])[t], ($31::text[])[t], ($32::text[])[t]
        from fresh, (select count(*) from released) as first,
            generate_series(1, cardinality($29::text[])) as t
    ), dropped as (
        delete from handles where ctid = any (array(
            select held.ctid from fresh, generate_series(1, cardinality($33::text[])) as r
            cross join lateral (
                select h.ctid from handles h
                where h.tenant_id = fresh.id and h.scope = ($33::text[])[r]
                  and h.aggregate_id = ($34::text[])[r] offset 0) as held))
        returning 1
    ), handled as (
        insert into handles (tenant_id, scope, value, aggregate_type, aggregate_id)
        select distinct fresh.id, ($35::text[])[t], ($36::text[])[t], ($37::text[])[t], ($38::text[])[t]
        from fresh, (select count(*) from dropped) as first,
            generate_series(1, cardinality($35::text[])) as t
    ), keyed as (
        insert into subject_keys (tenant_id, subject_id, wrapped_key)
        select fresh.id, ($39::text[])[k], ($40::bytea[])[k]
        from fresh, generate_series(1, cardinality($39::text[])) as k
    ), messages as (
        insert into outbox_messages (tenant_id, message_id, name, target, call, order_key, aggregate_type, aggregate_id,
            sequence, correlation_id, causation_id, due_at, expires_at)
        select fresh.id, ($41::text[])[m], ($42::text[])[m], ($43::text[])[m], ($44::json[])[m], ($45::text[])[m],
            ($46::text[])[m], ($47::text[])[m], ($48::bigint[])[m], ($50::text[])[m], ($51::text[])[m], ($49::timestamptz[])[m], ($52::timestamptz[])[m]
        from fresh, generate_series(1, cardinality($41::text[])) as m
    ), work as (
        insert into outbox_work (tenant_id, message_id, target, order_key, run_at, expires_at)
        select fresh.id, ($41::text[])[m], ($43::text[])[m], ($45::text[])[m],
            coalesce(($49::timestamptz[])[m], clock_timestamp()), ($52::timestamptz[])[m]
        from fresh, generate_series(1, cardinality($41::text[])) as m
    )
    select member, position, recorded_at, place from drawn
    union all
    select member, null, null, null from stale";

/// The same for a batch of commits that have nothing beside their events: a statement is set up anew each time it runs,
/// with all its arms, and idle ones cost as much as a few commits.
pub(super) const APPEND_EVENTS: &str = "
    with tenant as materialized (
        select set_config('rapport.tenant_id', $1, true) as id
    ), stale as materialized (
        select k::bigint as member from tenant, generate_series(1, cardinality($2::text[])) as k
        cross join lateral (
            select from commands c
            where c.tenant_id = tenant.id and c.principal = ($2::text[])[k] and c.key = ($3::text[])[k] offset 0
        ) as used
        union all
        select ($4::bigint[])[s] from tenant, generate_series(1, cardinality($4::bigint[])) as s
        cross join lateral (
            select coalesce(max(e.sequence), 0) as newest from events e
            where e.tenant_id = tenant.id and e.aggregate_type = ($5::text[])[s]
              and e.aggregate_id = ($6::text[])[s]) as tail
        where tail.newest <> ($7::bigint[])[s]
    ), fresh as materialized (
        select tenant.id from tenant where pg_current_xact_id() is not null and not exists (select from stale)
    ), drawn as materialized (
        select fresh.id as tenant, ($8::text[])[r] as kind, ($9::text[])[r] as id, ($10::bigint[])[r] as sequence,
            ($11::text[])[r] as event_type, ($12::text[])[r] as event_version, ($13::json[])[r] as payload,
            ($14::json[])[r] as metadata, ($15::timestamptz[])[r] as occurred_at, ($16::text[])[r] as command_id,
            ($17::text[])[r] as correlation_id, ($18::text[])[r] as causation_id, ($19::text[])[r] as principal,
            ($20::bigint[])[r] as member, ($21::bigint[])[r] as floor, ($22::text[])[r] as key,
            ($23::bytea[])[r] as fingerprint, ($24::text[])[r] as name, ($25::json[])[r] as answer,
            ($26::bytea[])[r] as source_address,
            case when ($11::text[])[r] is null then ($21::bigint[])[r] else nextval('event_positions') end as position,
            clock_timestamp() as recorded_at, r::bigint as place
        from fresh, generate_series(1, cardinality($14::json[])) as r
    ), appended as (
        insert into events (tenant_id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload,
            metadata, position, occurred_at, recorded_at, command_id, correlation_id, causation_id, actor)
        select tenant, kind, id, sequence, event_type, event_version, payload, metadata, position, occurred_at,
            recorded_at, command_id, correlation_id, causation_id, principal
        from drawn where event_type is not null order by kind collate \"C\", id collate \"C\", sequence
    ), remembered as (
        insert into commands (tenant_id, principal, key, fingerprint, name, command_id, answer, position, source_address)
        select tenant, principal, key, fingerprint, name, command_id, answer, position, source_address
        from drawn where member is not null order by principal collate \"C\", key collate \"C\"
    )
    select member, position, recorded_at, place from drawn
    union all
    select member, null, null, null from stale";

/// The same for what goes without a look, in rows that are in the order of their streams already: for a batch of a few, looking
/// for nobody and putting them in order anew cost a quarter of the statement.
pub(super) const APPEND_EVENTS_UNSEEN: &str = "
    with tenant as materialized (
        select set_config('rapport.tenant_id', $1, true) as id
    ), drawn as materialized (
        select tenant.id as tenant, ($2::text[])[r] as kind, ($3::text[])[r] as id, ($4::bigint[])[r] as sequence,
            ($5::text[])[r] as event_type, ($6::text[])[r] as event_version, ($7::json[])[r] as payload,
            ($8::json[])[r] as metadata, ($9::timestamptz[])[r] as occurred_at, ($10::text[])[r] as command_id,
            ($11::text[])[r] as correlation_id, ($12::text[])[r] as causation_id, ($13::text[])[r] as principal,
            ($14::bigint[])[r] as member, ($15::bigint[])[r] as floor, ($16::text[])[r] as key,
            ($17::bytea[])[r] as fingerprint, ($18::text[])[r] as name, ($19::json[])[r] as answer,
            ($20::bytea[])[r] as source_address,
            case when ($5::text[])[r] is null then ($15::bigint[])[r] else nextval('event_positions') end as position,
            clock_timestamp() as recorded_at, r::bigint as place
        from tenant, generate_series(1, cardinality($8::json[])) as r
        where pg_current_xact_id() is not null
    ), appended as (
        insert into events (tenant_id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload,
            metadata, position, occurred_at, recorded_at, command_id, correlation_id, causation_id, actor)
        select tenant, kind, id, sequence, event_type, event_version, payload, metadata, position, occurred_at,
            recorded_at, command_id, correlation_id, causation_id, principal
        from drawn where event_type is not null
    ), remembered as (
        insert into commands (tenant_id, principal, key, fingerprint, name, command_id, answer, position, source_address)
        select tenant, principal, key, fingerprint, name, command_id, answer, position, source_address
        from drawn where member is not null
    )
    select member, position, recorded_at, place from drawn";

/// The same for the commonest commit by far, alone: one event on one stream, with its answer and nothing else. Columns are
/// computed in their order: the tenant is named and the transaction has its id before the position is drawn.
pub(super) const APPEND_ONE: &str = "
    with appended as (
        insert into events (tenant_id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload,
            metadata, occurred_at, command_id, correlation_id, causation_id, actor)
        values (set_config('rapport.tenant_id', case when pg_current_xact_id() is not null then $1 end, true),
            $7::text, $8::text, $9::bigint + 1, $10::text, $11::text, $12::json, $13::json,
            $14::timestamptz, $6::text, $15::text, $16::text, $2::text)
        returning tenant_id, position, recorded_at
    ), remembered as (
        insert into commands (tenant_id, principal, key, fingerprint, name, command_id, answer, position, source_address)
        select tenant_id, $2::text, $3::text, $4::bytea, $5::text, $6::text, $17::json, position, $18::bytea
        from appended
    )
    select 1::bigint as member, position, recorded_at, 1::bigint as place from appended";

/// The same, with a look at the key and the stream first.
pub(super) const LOOK_AND_APPEND_ONE: &str = "
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
        returning position, recorded_at
    ), remembered as (
        insert into commands (tenant_id, principal, key, fingerprint, name, command_id, answer, position, source_address)
        select fresh.id, $2::text, $3::text, $4::bytea, $5::text, $6::text, $17::json,
            (select position from appended), $18::bytea
        from fresh
    )
    select 1::bigint as member, position, recorded_at, 1::bigint as place from appended";
