-- Approvals as they are read: what agents have asked people to agree to.

create table approvals (
    tenant_id text not null,
    approval_id text not null,
    standing text not null,
    command text not null,
    proposer text not null,
    -- The aggregate as the domain writes it; arguments and notes are ciphertext.
    state json not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    sequence bigint not null,
    constraint approvals_pkey primary key (tenant_id, approval_id)
);
create index approvals_created on approvals (tenant_id, created_at, approval_id);
create index approvals_standing on approvals (tenant_id, standing, created_at, approval_id);

do $$
declare
    s text;
begin
    execute 'create table twin.approvals (like public.approvals including all)';
    foreach s in array array['public', 'twin'] loop
        execute format('alter table %I.approvals enable row level security', s);
        execute format('alter table %I.approvals force row level security', s);
        execute format('create policy request on %I.approvals to rapport_request
            using (tenant_id = nullif(current_setting(''rapport.tenant_id'', true), ''''))
            with check (tenant_id = nullif(current_setting(''rapport.tenant_id'', true), ''''))', s);
        execute format('create policy engine on %I.approvals to rapport_engine using (true) with check (true)', s);
        execute format('grant select, insert, update, delete on %I.approvals to rapport_engine', s);
    end loop;
end $$;
grant select on approvals, twin.approvals to rapport_request;
