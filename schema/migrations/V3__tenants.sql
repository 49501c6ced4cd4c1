-- Read tables live twice: in public, where queries look, and in twin, which a rebuild fills by the same unqualified SQL
-- with search_path turned there. Nobody but the engine sees a twin.
create schema twin;
grant usage on schema twin to rapport_engine;

create table tenant_profiles (
    tenant_id text not null,
    slug text not null,
    name text not null,
    -- The aggregate as the domain writes it, so that the next event can be applied; secrets are blanked.
    state json not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    -- The newest event of the stream that this row has seen.
    sequence bigint not null,
    constraint tenant_profiles_pkey primary key (tenant_id)
);

do $$
declare
    t text;
    s text;
begin
    foreach t in array array['tenant_profiles'] loop
        execute format('create table twin.%I (like public.%I including all)', t, t);
        execute format('grant select on public.%I to rapport_request', t);
        foreach s in array array['public', 'twin'] loop
            execute format('alter table %I.%I enable row level security', s, t);
            execute format('alter table %I.%I force row level security', s, t);
            execute format('create policy request on %I.%I to rapport_request
                using (tenant_id = nullif(current_setting(''rapport.tenant_id'', true), ''''))
                with check (tenant_id = nullif(current_setting(''rapport.tenant_id'', true), ''''))', s, t);
            execute format('create policy engine on %I.%I to rapport_engine using (true) with check (true)', s, t);
            execute format('grant select, insert, update, delete on %I.%I to rapport_engine', s, t);
        end loop;
    end loop;
end $$;
