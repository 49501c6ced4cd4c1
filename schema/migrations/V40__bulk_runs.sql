-- Bulk runs: one command for many records, some at a time.

create table bulk_runs (
    tenant_id text not null,
    run_id text not null,
    command text not null,
    standing text not null,
    -- The aggregate as the domain writes it.
    state json not null,
    started_at timestamptz not null,
    updated_at timestamptz not null,
    sequence bigint not null,
    constraint bulk_runs_pkey primary key (tenant_id, run_id)
);

do $$
declare
    s text;
begin
    execute 'create table twin.bulk_runs (like public.bulk_runs including all)';
    execute 'grant select on public.bulk_runs, twin.bulk_runs to rapport_request';
    foreach s in array array['public', 'twin'] loop
        execute format('alter table %I.bulk_runs enable row level security', s);
        execute format('alter table %I.bulk_runs force row level security', s);
        execute format('create policy request on %I.bulk_runs to rapport_request
            using (tenant_id = nullif(current_setting(''rapport.tenant_id'', true), ''''))
            with check (tenant_id = nullif(current_setting(''rapport.tenant_id'', true), ''''))', s);
        execute format('create policy engine on %I.bulk_runs to rapport_engine using (true) with check (true)', s);
        execute format('grant select, insert, update, delete on %I.bulk_runs to rapport_engine', s);
        execute format('create policy eraser on %I.bulk_runs to rapport_eraser
            using (tenant_id in (select d.tenant_id from public.tenant_deletions d))', s);
        execute format('grant select, delete on %I.bulk_runs to rapport_eraser', s);
    end loop;
end $$;

-- Alike in name and definition, so that a twin can take its table's place.
create index bulk_runs_started on bulk_runs (tenant_id, started_at, run_id);
create index bulk_runs_started on twin.bulk_runs (tenant_id, started_at, run_id);
