-- One customer's story across the nouns, and whose story an aggregate belongs to.

create table timeline_entries (
    tenant_id text not null,
    customer_id text not null,
    position bigint not null,
    aggregate_type text not null,
    aggregate_id text not null,
    sequence bigint not null,
    event_type text not null,
    actor text not null,
    occurred_at timestamptz not null,
    -- One line in words; holds no personal data.
    summary text not null,
    constraint timeline_entries_pkey primary key (tenant_id, customer_id, position)
);

create table timeline_owners (
    tenant_id text not null,
    aggregate_type text not null,
    aggregate_id text not null,
    customer_id text not null,
    constraint timeline_owners_pkey primary key (tenant_id, aggregate_type, aggregate_id)
);

do $$
declare
    t text;
    s text;
begin
    foreach t in array array['timeline_entries', 'timeline_owners'] loop
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
