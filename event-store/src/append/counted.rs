//! The append for commits that take of budgets: that of `append.rs`, with the counting in the same statement, so that a budget
//! cannot be overdrawn however many write at once. A customer counts when their row is new in the window. It is a statement of
//! its own because idle arms cost everybody.

pub(super) const APPEND_COUNTED: &str = "
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
    ), counted as (
        insert into agent_usage as u (tenant_id, principal, counter, period, used, allowed)
        select fresh.id, ($53::text[])[c], ($54::text[])[c], ($55::timestamptz[])[c], ($56::bigint[])[c], ($57::bigint[])[c]
        from fresh, generate_series(1, cardinality($53::text[])) as c
        on conflict (tenant_id, principal, counter, period)
            do update set used = u.used + excluded.used, allowed = excluded.allowed
    ), met as (
        insert into agent_meetings (tenant_id, principal, counter, period, customer_id)
        select fresh.id, ($58::text[])[m], ($59::text[])[m], ($60::timestamptz[])[m], ($61::text[])[m]
        from fresh, generate_series(1, cardinality($58::text[])) as m
        on conflict do nothing
        returning principal, counter, period, customer_id
    ), met_counted as (
        insert into agent_usage as u (tenant_id, principal, counter, period, used, allowed)
        select fresh.id, met.principal, met.counter, met.period, count(*), max(($62::bigint[])[m])
        from fresh, met
        join generate_series(1, cardinality($58::text[])) as m
            on ($58::text[])[m] = met.principal and ($59::text[])[m] = met.counter and ($61::text[])[m] = met.customer_id
        group by fresh.id, met.principal, met.counter, met.period
        on conflict (tenant_id, principal, counter, period)
            do update set used = u.used + excluded.used, allowed = excluded.allowed
    )
    select member, position, recorded_at, place from drawn
    union all
    select member, null, null, null from stale";

#[cfg(test)]
mod tests {
    use super::super::statements::APPEND;
    use super::APPEND_COUNTED;

    #[test]
    fn it_writes_all_that_the_plain_append_writes() {
        let arms = APPEND
            .split("select member, position, recorded_at, place from drawn")
            .next()
            .unwrap();
        assert!(APPEND_COUNTED.starts_with(arms.trim_end()));
    }
}
