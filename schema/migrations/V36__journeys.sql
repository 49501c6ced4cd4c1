-- Journeys, what they wait for, and those on their way through them.

create table journeys (
    tenant_id text not null,
    journey text not null,
    standing text not null,
    -- The aggregate as the domain writes it.
    state json not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    sequence bigint not null,
    constraint journeys_pkey primary key (tenant_id, journey)
);

create table journey_runs (
    tenant_id text not null,
    run_id text not null,
    journey text not null,
    version bigint not null,
    customer_id text not null,
    booking_id text,
    standing text not null,
    -- What the wait is until, while it waits.
    wakes_at timestamptz,
    -- The aggregate as the domain writes it.
    state json not null,
    began_at timestamptz not null,
    updated_at timestamptz not null,
    sequence bigint not null,
    constraint journey_runs_pkey primary key (tenant_id, run_id)
);

-- What the subscriber knows of each journey: which event begins it, and which its runs listen to.
create table journey_filters (
    tenant_id text not null,
    journey text not null,
    state json not null,
    sequence bigint not null,
    -- Of its newest event: nothing before it begins a run, should the log be read again.
    position bigint not null,
    constraint journey_filters_pkey primary key (tenant_id, journey)
);

do $$
declare
    s text;
    t text;
begin
    execute 'create table twin.journeys (like public.journeys including all)';
    execute 'create table twin.journey_runs (like public.journey_runs including all)';
    execute 'grant select on public.journeys, twin.journeys, public.journey_runs, twin.journey_runs to rapport_request';
    for s, t in
        select x.s, y.t from unnest(array['public', 'twin']) as x (s), unnest(array['journeys', 'journey_runs']) as y (t)
        union all select 'public', 'journey_filters'
    loop
        execute format('alter table %I.%I enable row level security', s, t);
        execute format('alter table %I.%I force row level security', s, t);
        execute format('create policy request on %I.%I to rapport_request
            using (tenant_id = nullif(current_setting(''rapport.tenant_id'', true), ''''))
            with check (tenant_id = nullif(current_setting(''rapport.tenant_id'', true), ''''))', s, t);
        execute format('create policy engine on %I.%I to rapport_engine using (true) with check (true)', s, t);
        execute format('grant select, insert, update, delete on %I.%I to rapport_engine', s, t);
    end loop;
end $$;

-- Alike in name and definition, so that a twin can take its table's place.
create index journey_runs_began on journey_runs (tenant_id, began_at, run_id);
create index journey_runs_customer on journey_runs (tenant_id, customer_id, began_at, run_id);
create index journey_runs_journey on journey_runs (tenant_id, journey, began_at, run_id);
create index journey_runs_began on twin.journey_runs (tenant_id, began_at, run_id);
create index journey_runs_customer on twin.journey_runs (tenant_id, customer_id, began_at, run_id);
create index journey_runs_journey on twin.journey_runs (tenant_id, journey, began_at, run_id);
