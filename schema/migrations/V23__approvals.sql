-- Approvals as they are read, and what agents have used up and read lately.

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

-- Alike in name and definition, so that a twin can take its table's place.
create index approvals_created on approvals (tenant_id, created_at, approval_id);
create index approvals_standing on approvals (tenant_id, standing, created_at, approval_id);
create index approvals_created on twin.approvals (tenant_id, created_at, approval_id);
create index approvals_standing on twin.approvals (tenant_id, standing, created_at, approval_id);

-- What agents have taken of their budgets in each window; a commit that would overdraw one does not stand.
create table agent_usage (
    tenant_id text not null,
    principal text not null,
    counter text not null,
    period timestamptz not null,
    used bigint not null,
    allowed bigint not null,
    constraint agent_usage_pkey primary key (tenant_id, principal, counter, period),
    constraint agent_usage_within_budget check (used <= allowed)
);
create index agent_usage_period on agent_usage (period);

-- Whom an agent has dealt with in a window, so that nobody counts twice.
create table agent_meetings (
    tenant_id text not null,
    principal text not null,
    counter text not null,
    period timestamptz not null,
    customer_id text not null,
    constraint agent_meetings_pkey primary key (tenant_id, principal, counter, period, customer_id)
);
create index agent_meetings_period on agent_meetings (period);

-- Whose words an agent has read lately; what those words could make it do, a person has to agree to.
create table agent_readings (
    tenant_id text not null,
    principal text not null,
    -- Empty for words outside of any thread.
    thread_id text not null,
    -- Empty where nobody knows whose words they were.
    customer_id text not null,
    read_at timestamptz not null default clock_timestamp(),
    constraint agent_readings_pkey primary key (tenant_id, principal, thread_id, customer_id)
);
create index agent_readings_age on agent_readings (read_at);

do $$
declare
    t text;
begin
    foreach t in array array['agent_usage', 'agent_meetings', 'agent_readings'] loop
        execute format('alter table %I enable row level security', t);
        execute format('alter table %I force row level security', t);
        execute format('create policy request on %I to rapport_request
            using (tenant_id = nullif(current_setting(''rapport.tenant_id'', true), ''''))
            with check (tenant_id = nullif(current_setting(''rapport.tenant_id'', true), ''''))', t);
        execute format('create policy engine on %I to rapport_engine using (true) with check (true)', t);
        execute format('grant select, insert, update, delete on %I to rapport_engine', t);
    end loop;
end $$;
grant select on agent_readings to rapport_request;
grant select, insert, update on agent_usage to rapport_request;
grant select, insert on agent_meetings to rapport_request;
