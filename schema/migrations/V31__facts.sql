-- Facts that were read in conversations, one row a conversation. Values and quotes are ciphertext under its key.

create table fact_sheets (
    tenant_id text not null,
    conversation_id text not null,
    -- Facts that wait for a person.
    in_review bigint not null,
    -- The aggregate as the domain writes it.
    state json not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    sequence bigint not null,
    constraint fact_sheets_pkey primary key (tenant_id, conversation_id)
);

do $$
declare
    s text;
begin
    execute 'create table twin.fact_sheets (like public.fact_sheets including all)';
    execute 'grant select on public.fact_sheets, twin.fact_sheets to rapport_request';
    foreach s in array array['public', 'twin'] loop
        execute format('alter table %I.fact_sheets enable row level security', s);
        execute format('alter table %I.fact_sheets force row level security', s);
        execute format('create policy request on %I.fact_sheets to rapport_request
            using (tenant_id = nullif(current_setting(''rapport.tenant_id'', true), ''''))
            with check (tenant_id = nullif(current_setting(''rapport.tenant_id'', true), ''''))', s);
        execute format('create policy engine on %I.fact_sheets to rapport_engine using (true) with check (true)', s);
        execute format('grant select, insert, update, delete on %I.fact_sheets to rapport_engine', s);
    end loop;
end $$;

-- Alike in name and definition, so that a twin can take its table's place.
create index fact_sheets_updated on fact_sheets (tenant_id, updated_at, conversation_id);
create index fact_sheets_in_review on fact_sheets (tenant_id, updated_at, conversation_id) where in_review > 0;
create index fact_sheets_updated on twin.fact_sheets (tenant_id, updated_at, conversation_id);
create index fact_sheets_in_review on twin.fact_sheets (tenant_id, updated_at, conversation_id) where in_review > 0;
