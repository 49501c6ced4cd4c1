-- Templates as they are read: by name, channel and language, with their draft and what is sent now.

create table templates (
    tenant_id text not null,
    -- Its name, channel and language in one.
    template_id text not null,
    name text not null,
    channel text not null,
    language text not null,
    standing text not null,
    -- The aggregate as the domain writes it: nothing in it is personal.
    state json not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    sequence bigint not null,
    constraint templates_pkey primary key (tenant_id, template_id)
);

do $$
declare
    s text;
begin
    execute 'create table twin.templates (like public.templates including all)';
    foreach s in array array['public', 'twin'] loop
        execute format('alter table %I.templates enable row level security', s);
        execute format('alter table %I.templates force row level security', s);
        execute format('create policy request on %I.templates to rapport_request
            using (tenant_id = nullif(current_setting(''rapport.tenant_id'', true), ''''))
            with check (tenant_id = nullif(current_setting(''rapport.tenant_id'', true), ''''))', s);
        execute format('create policy engine on %I.templates to rapport_engine using (true) with check (true)', s);
        execute format('grant select on %I.templates to rapport_request', s);
        execute format('grant select, insert, update, delete on %I.templates to rapport_engine', s);
    end loop;
end $$;
