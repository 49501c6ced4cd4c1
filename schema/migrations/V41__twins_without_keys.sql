-- A twin is filled without its primary key as well: rows are copied several streams at a time, and one sort at the end
-- is cheaper than an index entry for each of them. A twin that lacks any index takes nobody's place.

create or replace function twin.clear(tables text[]) returns void
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    t text;
    name text;
begin
    perform twin.check_names(tables);
    foreach t in array tables loop
        execute format('truncate twin.%I', t);
        execute format('alter table twin.%I disable row level security', t);
        for name in
            select conname from pg_constraint where conrelid = to_regclass(format('twin.%I', t)) and contype = 'p'
        loop
            execute format('alter table twin.%I drop constraint %I', t, name);
        end loop;
        for name in
            select c.relname from pg_index i join pg_class c on c.oid = i.indexrelid
            where i.indrelid = to_regclass(format('twin.%I', t))
        loop
            execute format('drop index twin.%I', name);
        end loop;
    end loop;
end $$;

create or replace function twin.finish(tables text[]) returns void
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    t text;
    name text;
    definition text;
begin
    perform twin.check_names(tables);
    foreach t in array tables loop
        execute format('alter table twin.%I enable row level security', t);
        for name, definition in
            select conname, pg_get_constraintdef(oid) from pg_constraint
            where conrelid = to_regclass(format('public.%I', t)) and contype = 'p'
              and to_regclass(format('twin.%I', conname)) is null
        loop
            execute format('alter table twin.%I add constraint %I %s', t, name, definition);
        end loop;
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

create or replace function twin.swap(tables text[]) returns void
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
        where i.indrelid = to_regclass(format('public.%I', t))
          and to_regclass(format('twin.%I', c.relname)) is null limit 1;
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
