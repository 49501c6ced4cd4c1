-- What operators steer projections by: a policy for events that fail, a pause, the twin's standing, and the keys that are
-- parked with the events waiting behind them. Read tables change places with their twins by name; the application's roles
-- do no DDL, so functions of the owner do it, for tables that have a twin and for no other.

alter table checkpoints
    add column policy text not null default 'park' constraint checkpoints_policy_check check (policy in ('park', 'pause', 'skip')),
    add column paused_at timestamptz,
    add column pause_reason text;

-- What a rebuild needs beside the twins; a table stops here on its way to the other schema. Requests may not look into it.
create schema rebuild;
grant usage on schema rebuild to rapport_engine;

-- What a projection's twins hold: a rebuild under way, a finished one, or the tables that were in use before. No row:
-- nothing. Beside the checkpoint, as the two move in transactions of their own.
create table rebuild.twins (
    subscriber text primary key,
    state text not null constraint twins_state_check check (state in ('building', 'ready', 'old')),
    position bigint not null default 0,
    changed_at timestamptz not null default clock_timestamp()
);
grant select, insert, update, delete on rebuild.twins to rapport_engine;

-- A key whose event at `position` cannot be applied. Side: the tables in use or their twins; `aside` while they change places.
create table parked_keys (
    tenant_id text not null,
    subscriber text not null,
    side text not null constraint parked_keys_side_check check (side in ('live', 'twin', 'aside')),
    key text not null,
    position bigint not null,
    failure text not null,
    attempts integer not null default 1,
    parked_at timestamptz not null default clock_timestamp(),
    tried_at timestamptz not null default clock_timestamp(),
    constraint parked_keys_pkey primary key (tenant_id, subscriber, side, key)
);
create index parked_keys_subscriber on parked_keys (subscriber, side, parked_at);

-- The failed event and those of the same key that came after it, in order of position.
create table parked_events (
    tenant_id text not null,
    subscriber text not null,
    side text not null,
    key text not null,
    position bigint not null,
    constraint parked_events_pkey primary key (tenant_id, subscriber, side, key, position)
);
create index parked_events_subscriber on parked_events (subscriber, side);

-- Events that were given up, by an operator or by the policy `skip`: nothing is skipped in silence.
create table dropped_events (
    tenant_id text not null,
    subscriber text not null,
    position bigint not null,
    key text not null,
    failure text not null,
    reason text not null,
    dropped_by text not null,
    dropped_at timestamptz not null default clock_timestamp(),
    constraint dropped_events_pkey primary key (tenant_id, subscriber, position)
);

do $$
declare
    t text;
begin
    foreach t in array array['parked_keys', 'parked_events', 'dropped_events'] loop
        execute format('alter table %I enable row level security', t);
        execute format('alter table %I force row level security', t);
        execute format('create policy engine on %I to rapport_engine using (true) with check (true)', t);
        execute format('grant select, insert, update, delete on %I to rapport_engine', t);
    end loop;
end $$;

-- A twin must be able to take its table's place: the same rights, and indexes of the same names. Requests still cannot
-- see a twin, for they may not look into the schema.
do $$
declare
    one record;
begin
    for one in
        select t.relname from pg_class t where t.relnamespace = 'twin'::regnamespace and t.relkind = 'r'
    loop
        execute format('grant select on twin.%I to rapport_request', one.relname);
    end loop;
    for one in
        select tw.relname as current, li.relname as wanted
        from pg_index ti
        join pg_class tw on tw.oid = ti.indexrelid
        join pg_class tt on tt.oid = ti.indrelid and tt.relnamespace = 'twin'::regnamespace
        join pg_class lt on lt.relname = tt.relname and lt.relnamespace = 'public'::regnamespace
        join pg_index l on l.indrelid = lt.oid
        join pg_class li on li.oid = l.indexrelid
        where tw.relname <> li.relname
          and regexp_replace(pg_get_indexdef(ti.indexrelid), '^.* ON twin\.', '')
            = regexp_replace(pg_get_indexdef(l.indexrelid), '^.* ON public\.', '')
          and ti.indisunique = l.indisunique
    loop
        execute format('alter index twin.%I rename to %I', one.current, one.wanted);
    end loop;
    -- Rows are rewritten as their aggregates go on; with room on the page that needs no new index entries.
    for one in select unnest(array['tenant_profiles', 'customers', 'chefs', 'bookings', 'payments']) as relname loop
        execute format('alter table public.%I set (fillfactor = 85)', one.relname);
        execute format('alter table twin.%I set (fillfactor = 85)', one.relname);
    end loop;
end $$;

-- Refuses any name that is not that of a read table with a twin.
create function twin.check_names(tables text[]) returns void language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    t text;
begin
    foreach t in array tables loop
        if to_regclass(format('public.%I', t)) is null or to_regclass(format('twin.%I', t)) is null then
            raise exception '% is not a read table with a twin', t using errcode = 'insufficient_privilege';
        end if;
    end loop;
end $$;

-- Empties the twins and takes away what would slow their filling down: secondary indexes, which are built faster at the
-- end, and row-level security, under which nothing can be copied. Nobody but the engine can look into the schema.
create function twin.clear(tables text[]) returns void
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    t text;
    index_name text;
begin
    perform twin.check_names(tables);
    foreach t in array tables loop
        execute format('truncate twin.%I', t);
        execute format('alter table twin.%I disable row level security', t);
        for index_name in
            select c.relname from pg_index i join pg_class c on c.oid = i.indexrelid
            where i.indrelid = to_regclass(format('twin.%I', t)) and not i.indisprimary
        loop
            execute format('drop index twin.%I', index_name);
        end loop;
    end loop;
end $$;

-- Gives the twins what their tables have: row-level security, indexes, and statistics for the planner.
create function twin.finish(tables text[]) returns void
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    t text;
    definition text;
begin
    perform twin.check_names(tables);
    foreach t in array tables loop
        execute format('alter table twin.%I enable row level security', t);
        for definition in
            select pg_get_indexdef(i.indexrelid) from pg_index i join pg_class c on c.oid = i.indexrelid
            where i.indrelid = to_regclass(format('public.%I', t)) and not i.indisprimary
              and to_regclass(format('twin.%I', c.relname)) is null
        loop
            execute regexp_replace(definition, ' ON public\.', ' ON twin.');
        end loop;
        execute format('analyze twin.%I', t);
    end loop;
end $$;

-- Tables and twins change places: all names at once, in the caller's transaction and under its lock_timeout.
create function twin.swap(tables text[]) returns void
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    t text;
    missing text;
begin
    perform twin.check_names(tables);
    foreach t in array tables loop
        execute format('lock table public.%I, twin.%I in access exclusive mode', t, t);
    end loop;
    foreach t in array tables loop
        select c.relname into missing from pg_index i join pg_class c on c.oid = i.indexrelid
        where i.indrelid = to_regclass(format('public.%I', t)) and to_regclass(format('twin.%I', c.relname)) is null limit 1;
        if missing is not null then
            raise exception 'the twin of % has no index %', t, missing;
        end if;
        if not (select relrowsecurity and relforcerowsecurity from pg_class where oid = to_regclass(format('twin.%I', t))) then
            raise exception 'the twin of % does not force row-level security', t;
        end if;
        execute format('alter table public.%I set schema rebuild', t);
        execute format('alter table twin.%I set schema public', t);
        execute format('alter table rebuild.%I set schema twin', t);
    end loop;
end $$;

-- Rows and a sum over the hashes of all of them, whatever their order: two tables with the same rows have the same.
create function twin.checksum(schema_name text, table_name text, out row_count bigint, out checksum text)
    language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
    execute format('select count(*), coalesce(sum(hashtextextended(r::text, 0)), 0)::text from %I.%I as r', schema_name, table_name)
        into row_count, checksum;
end $$;

revoke all on function twin.check_names(text[]), twin.clear(text[]), twin.finish(text[]), twin.swap(text[]),
    twin.checksum(text, text) from public;
grant execute on function twin.check_names(text[]), twin.clear(text[]), twin.finish(text[]), twin.swap(text[]),
    twin.checksum(text, text) to rapport_engine;
