//! The append for commits that take of budgets: that of `append.rs`, with the counting in the same statement, so that a budget
//! cannot be overdrawn however many write at once. A customer counts when their row is new in the window. It is a statement of
//! its own because idle arms cost everybody.

pub(super) const APPEND_COUNTED: &str = "
    with tenant as materialized (
        select set_config('rapport.tenant_id', $1, true) as id
    ), stale as materialized (
        select k.member from tenant, unnest($2::text[], $3::text[]) with ordinality as k (principal, key, member)
        cross join lateral (
            select from commands c where c.tenant_id = tenant.id and c.principal = k.principal and c.key = k.key offset 0
        ) as used
        union all
        select s.member from tenant, unnest($4::bigint[], $5::text[], $6::text[], $7::bigint[])
            as s (member, kind, id, expected)
        cross join lateral (
            select coalesce(max(e.sequence), 0) as newest from events e
            where e.tenant_id = tenant.id and e.aggregate_type = s.kind and e.aggregate_id = s.id) as tail
        where tail.newest <> s.expected
    ), fresh as materialized (
        select tenant.id from tenant where pg_current_xact_id() is not null and not exists (select from stale)
    ), drawn as materialized (
        select fresh.id as tenant, r.*,
            case when r.event_type is null then r.floor else nextval('event_positions') end as position
        from fresh, unnest($8::text[], $9::text[], $10::bigint[], $11::text[], $12::text[], $13::json[], $14::json[],
            $15::timestamptz[], $16::text[], $17::text[], $18::text[], $19::text[], $20::bigint[], $21::bigint[],
            $22::text[], $23::bytea[], $24::text[], $25::json[], $26::bytea[])
            as r (kind, id, sequence, event_type, event_version, payload, metadata, occurred_at, command_id,
                correlation_id, causation_id, principal, member, floor, key, fingerprint, name, answer, source_address)
    ), appended as (
        insert into events (tenant_id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload,
            metadata, position, occurred_at, command_id, correlation_id, causation_id, actor)
        select tenant, kind, id, sequence, event_type, event_version, payload, metadata, position, occurred_at,
            command_id, correlation_id, causation_id, principal
        from drawn where event_type is not null order by kind collate \"C\", id collate \"C\", sequence
    ), remembered as (
        insert into commands (tenant_id, principal, key, fingerprint, name, command_id, answer, position, source_address)
        select tenant, principal, key, fingerprint, name, command_id, answer, position, source_address
        from drawn where member is not null order by principal collate \"C\", key collate \"C\"
    ), released as (
        delete from claims where ctid = any (array(
            select held.ctid from fresh, unnest($27::text[], $28::text[]) as r (scope, owner)
            cross join lateral (
                select c.ctid from claims c
                where c.tenant_id = fresh.id and c.scope = r.scope and c.aggregate_id = r.owner offset 0) as held))
        returning 1
    ), taken as (
        insert into claims (tenant_id, scope, value, aggregate_type, aggregate_id)
        select fresh.id, t.scope, t.value, t.kind, t.owner
        from fresh, (select count(*) from released) as first,
            unnest($29::text[], $30::text[], $31::text[], $32::text[]) as t (scope, value, kind, owner)
    ), dropped as (
        delete from handles where ctid = any (array(
            select held.ctid from fresh, unnest($33::text[], $34::text[]) as r (scope, owner)
            cross join lateral (
                select h.ctid from handles h
                where h.tenant_id = fresh.id and h.scope = r.scope and h.aggregate_id = r.owner offset 0) as held))
        returning 1
    ), handled as (
        insert into handles (tenant_id, scope, value, aggregate_type, aggregate_id)
        select distinct fresh.id, t.scope, t.value, t.kind, t.owner
        from fresh, (select count(*) from dropped) as first,
            unnest($35::text[], $36::text[], $37::text[], $38::text[]) as t (scope, value, kind, owner)
    ), keyed as (
        insert into subject_keys (tenant_id, subject_id, wrapped_key)
        select fresh.id, k.subject, k.wrapped from fresh, unnest($39::text[], $40::bytea[]) as k (subject, wrapped)
    ), messages as (
        insert into outbox_messages (tenant_id, message_id, name, target, call, order_key, aggregate_type, aggregate_id,
            sequence, correlation_id, causation_id, due_at, expires_at)
        select fresh.id, m.message_id, m.name, m.target, m.call, m.order_key, m.kind, m.id, m.sequence,
            m.correlation_id, m.causation_id, m.due, m.expires
        from fresh, unnest($41::text[], $42::text[], $43::text[], $44::json[], $45::text[], $46::text[], $47::text[],
            $48::bigint[], $49::timestamptz[], $50::text[], $51::text[], $52::timestamptz[])
            as m (message_id, name, target, call, order_key, kind, id, sequence, due, correlation_id, causation_id, expires)
    ), work as (
        insert into outbox_work (tenant_id, message_id, target, order_key, run_at, expires_at)
        select fresh.id, m.message_id, m.target, m.order_key, coalesce(m.due, clock_timestamp()), m.expires
        from fresh, unnest($41::text[], $43::text[], $45::text[], $49::timestamptz[], $52::timestamptz[])
            as m (message_id, target, order_key, due, expires)
    ), counted as (
        insert into agent_usage as u (tenant_id, principal, counter, period, used, allowed)
        select fresh.id, c.principal, c.counter, c.period, c.used, c.allowed
        from fresh, unnest($53::text[], $54::text[], $55::timestamptz[], $56::bigint[], $57::bigint[])
            as c (principal, counter, period, used, allowed)
        on conflict (tenant_id, principal, counter, period)
            do update set used = u.used + excluded.used, allowed = excluded.allowed
    ), met as (
        insert into agent_meetings (tenant_id, principal, counter, period, customer_id)
        select fresh.id, m.principal, m.counter, m.period, m.customer
        from fresh, unnest($58::text[], $59::text[], $60::timestamptz[], $61::text[])
            as m (principal, counter, period, customer)
        on conflict do nothing
        returning principal, counter, period, customer_id
    ), met_counted as (
        insert into agent_usage as u (tenant_id, principal, counter, period, used, allowed)
        select fresh.id, met.principal, met.counter, met.period, count(*), max(m.allowed)
        from fresh, met
        join unnest($58::text[], $59::text[], $60::timestamptz[], $61::text[], $62::bigint[])
            as m (principal, counter, period, customer, allowed)
            on m.principal = met.principal and m.counter = met.counter and m.customer = met.customer_id
        group by fresh.id, met.principal, met.counter, met.period
        on conflict (tenant_id, principal, counter, period)
            do update set used = u.used + excluded.used, allowed = excluded.allowed
    )
    select member, position from drawn
    union all
    select member, null from stale";

#[cfg(test)]
mod tests {
    use super::super::APPEND;
    use super::APPEND_COUNTED;

    #[test]
    fn it_writes_all_that_the_plain_append_writes() {
        let arms = APPEND
            .split("select member, position from drawn")
            .next()
            .unwrap();
        assert!(APPEND_COUNTED.starts_with(arms.trim_end()));
    }
}
