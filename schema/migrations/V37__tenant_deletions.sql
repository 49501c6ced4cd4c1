-- A tenant that is deleted: its keys are destroyed, its rows go, batch by batch, its events too, and a tombstone stays. A role
-- of its own does it, which nothing else runs as: by row-level security it sees and deletes nothing but rows of tenants that
-- have a tombstone, and nobody but this role can make one.

create table tenant_deletions (
    tenant_id text not null constraint tenant_deletions_pkey primary key,
    slug text not null,
    -- Who has let it begin, and why.
    begun_by text not null,
    reason text,
    begun_at timestamptz not null default clock_timestamp(),
    -- Every transaction that might still write for the tenant is older than this one, and every reader that might still write
    -- what follows from its events stands before this position.
    fence bigint,
    newest_position bigint,
    waiting_for text,
    keys_destroyed_at timestamptz,
    finished_at timestamptz,
    -- The tenant's audit log as it was signed last, for witnesses that remember it.
    audit_size bigint,
    audit_note text,
    -- How many rows of which table went.
    rows jsonb not null default '{}'
);
create index tenant_deletions_begun on tenant_deletions (begun_at);
alter table tenant_deletions enable row level security;
alter table tenant_deletions force row level security;
create policy engine on tenant_deletions to rapport_engine using (true) with check (true);
create policy eraser on tenant_deletions to rapport_eraser using (true) with check (true);
grant select on tenant_deletions to rapport_engine;
grant select, insert, update on tenant_deletions to rapport_eraser;

-- A tenant whose deletion is scheduled holds a claim whose value is the time, as RFC 3339 in UTC, whole seconds: in order of
-- text is in order of time.
create index claims_tenant_deletion on claims (value) where scope = 'tenant-deletion';

-- Signed heads stay: they hold no data, and the installation's own log of heads is proven by them. Its own key is no tenant's.
do $$
declare
    one record;
begin
    for one in
        select n.nspname, c.relname
        from pg_class c
        join pg_namespace n on n.oid = c.relnamespace
        join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
        where n.nspname in ('public', 'twin') and c.relkind in ('r', 'p')
          and c.relname not in ('tenant_deletions', 'audit_checkpoints', 'installation_keys')
    loop
        execute format('create policy eraser on %I.%I to rapport_eraser
            using (tenant_id in (select d.tenant_id from public.tenant_deletions d))', one.nspname, one.relname);
        execute format('grant select, delete on %I.%I to rapport_eraser', one.nspname, one.relname);
    end loop;
end $$;
grant usage on schema twin to rapport_eraser;

-- Events and their hashes are append-only for everybody else, as before.
create or replace function refuse_change_of_events() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' and tg_level = 'ROW' and current_user = 'rapport_eraser' then
        return old;
    end if;
    raise exception 'events are append-only' using errcode = 'insufficient_privilege';
end $$;

-- One batch of a table that is named; with the rights of whoever calls it. A table's name cannot be a parameter of a statement.
create function delete_of_tenant(what regclass, tenant text, most bigint) returns bigint
    language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
declare
    gone bigint;
begin
    execute format('delete from %s where ctid = any (array(select ctid from %s where tenant_id = $1 limit $2))', what, what)
        using tenant, most;
    get diagnostics gone = row_count;
    return gone;
end $$;

-- How many rows there are, as far as `most`.
create function count_of_tenant(what regclass, tenant text, most bigint) returns bigint
    language plpgsql security invoker set search_path = pg_catalog, pg_temp as $$
declare
    found bigint;
begin
    execute format('select count(*) from (select from %s where tenant_id = $1 limit $2) as rows', what) into found
        using tenant, most;
    return found;
end $$;
revoke execute on function delete_of_tenant(regclass, text, bigint) from public;
revoke execute on function count_of_tenant(regclass, text, bigint) from public;
grant execute on function delete_of_tenant(regclass, text, bigint) to rapport_eraser;
grant execute on function count_of_tenant(regclass, text, bigint) to rapport_engine;
