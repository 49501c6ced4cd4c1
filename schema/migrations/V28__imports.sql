-- Imports as they are read, and the rows of their files. A row is ciphertext under its import's own key, which is destroyed
-- when the term is over.

create table customer_imports (
    tenant_id text not null,
    import_id text not null,
    standing text not null,
    -- The aggregate as the domain writes it: the file's name and header are sealed.
    state json not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    sequence bigint not null,
    constraint customer_imports_pkey primary key (tenant_id, import_id)
);

do $$
declare
    s text;
begin
    execute 'create table twin.customer_imports (like public.customer_imports including all)';
    foreach s in array array['public', 'twin'] loop
        execute format('alter table %I.customer_imports enable row level security', s);
        execute format('alter table %I.customer_imports force row level security', s);
        execute format('create policy request on %I.customer_imports to rapport_request
            using (tenant_id = nullif(current_setting(''rapport.tenant_id'', true), ''''))
            with check (tenant_id = nullif(current_setting(''rapport.tenant_id'', true), ''''))', s);
        execute format('create policy engine on %I.customer_imports to rapport_engine using (true) with check (true)', s);
        execute format('grant select on %I.customer_imports to rapport_request', s);
        execute format('grant select, insert, update, delete on %I.customer_imports to rapport_engine', s);
    end loop;
end $$;

-- Alike in name and definition, so that a twin can take its table's place.
create index customer_imports_newest on public.customer_imports (tenant_id, created_at desc, import_id desc);
create index customer_imports_newest on twin.customer_imports (tenant_id, created_at desc, import_id desc);

-- What is to be done and what was done; no read table, for nothing of it can be told from events.
create table import_rows (
    tenant_id text not null,
    import_id text not null,
    -- 1 for the first.
    row_no bigint not null,
    -- What stands in it; null once the person was erased.
    cells bytea,
    -- `waiting`, `created`, `updated`, `unchanged`, `skipped`, `failed`, `undone` or `kept`.
    standing text not null default 'waiting',
    -- Why, where it failed or was kept.
    code text,
    -- What went wrong in words, and what it takes to undo it: ciphertext.
    note bytea,
    customer_id text,
    constraint import_rows_pkey primary key (tenant_id, import_id, row_no)
);
create index import_rows_standing on import_rows (tenant_id, import_id, standing, row_no);
create index import_rows_customer on import_rows (tenant_id, customer_id) where customer_id is not null;
alter table import_rows enable row level security;
alter table import_rows force row level security;
create policy request on import_rows to rapport_request
    using (tenant_id = nullif(current_setting('rapport.tenant_id', true), ''))
    with check (tenant_id = nullif(current_setting('rapport.tenant_id', true), ''));
create policy engine on import_rows to rapport_engine using (true) with check (true);
grant select on import_rows to rapport_request;
grant select, insert, update, delete on import_rows to rapport_engine;

-- A customer may be archived. Wider than before, so that the older binary's rows fit; looked through without a long lock.
do $$
declare
    s text;
begin
    foreach s in array array['public', 'twin'] loop
        execute format('alter table %I.customers drop constraint customers_status_check', s);
        execute format('alter table %I.customers add constraint customers_status_check
            check (status in (''living'', ''archived'', ''merged'', ''erased'')) not valid', s);
        execute format('alter table %I.customers validate constraint customers_status_check', s);
    end loop;
end $$;
