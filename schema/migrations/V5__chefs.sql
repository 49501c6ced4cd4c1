-- Chefs as they are read; a chef's name is a name and thus in plain text.

create table chefs (
    tenant_id text not null,
    chef_id text not null,
    name text not null,
    zones text[] not null,
    active boolean not null,
    -- The aggregate as the domain writes it.
    state json not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    sequence bigint not null,
    constraint chefs_pkey primary key (tenant_id, chef_id)
);
create index chefs_name on chefs (tenant_id, name, chef_id);

do $$
declare
    t text;
    s text;
begin
    foreach t in array array['chefs'] loop
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
