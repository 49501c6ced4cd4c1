-- Outgoing webhooks: endpoints as they are read, whom the log is told to, what came of each attempt, and past events
-- that are sent again.

create table webhook_endpoints (
    tenant_id text not null,
    endpoint_id text not null,
    standing text not null,
    -- The aggregate as the domain writes it, without its secrets.
    state json not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    sequence bigint not null,
    constraint webhook_endpoints_pkey primary key (tenant_id, endpoint_id)
);

-- Who wants which events, as of the position that the subscriber `webhooks` has reached; written by it alone.
create table webhook_filters (
    tenant_id text not null,
    endpoint_id text not null,
    state json not null,
    sequence bigint not null,
    -- Of its newest event: nothing before it is told, should the log be read again.
    position bigint not null,
    constraint webhook_filters_pkey primary key (tenant_id, endpoint_id)
);

-- One row for each attempt; forgotten with the messages.
create table webhook_deliveries (
    delivery_id bigint generated always as identity constraint webhook_deliveries_pkey primary key,
    tenant_id text not null,
    endpoint_id text not null,
    message_id text not null,
    webhook_id text not null,
    event_type text not null,
    subject text not null,
    attempt integer not null,
    -- The answer's; null when there was none.
    status integer,
    latency_ms bigint not null,
    -- Null when it was accepted.
    failure_kind text,
    detail text,
    attempted_at timestamptz not null default clock_timestamp()
);
create index webhook_deliveries_tenant on webhook_deliveries (tenant_id, delivery_id);
create index webhook_deliveries_endpoint on webhook_deliveries (tenant_id, endpoint_id, delivery_id);
create index webhook_deliveries_age on webhook_deliveries using brin (attempted_at);

-- Endpoints whose newest attempts have all failed; no row for the others.
create table webhook_failures (
    tenant_id text not null,
    endpoint_id text not null,
    since timestamptz not null default clock_timestamp(),
    attempts bigint not null default 1,
    constraint webhook_failures_pkey primary key (tenant_id, endpoint_id)
);

create table webhook_replays (
    tenant_id text not null,
    replay_id text not null,
    endpoint_id text not null,
    recorded_from timestamptz not null,
    recorded_until timestamptz not null,
    messages_per_second integer not null check (messages_per_second > 0),
    -- Up to here it has been read; null before the first step.
    cursor_position bigint,
    -- That of the order: what came after it is sent anyway.
    until_position bigint not null,
    queued bigint not null default 0,
    next_at timestamptz not null default clock_timestamp(),
    ordered_at timestamptz not null default clock_timestamp(),
    finished_at timestamptz,
    -- Why it has ended before its end.
    ended_by text,
    constraint webhook_replays_pkey primary key (tenant_id, replay_id)
);
create index webhook_replays_running on webhook_replays (next_at) where finished_at is null;
create index webhook_replays_ordered on webhook_replays (tenant_id, ordered_at, replay_id);

do $$
declare
    t text;
    s text;
begin
    execute 'create table twin.webhook_endpoints (like public.webhook_endpoints including all)';
    for s, t in
        select 'public', unnest(array['webhook_endpoints', 'webhook_deliveries', 'webhook_failures', 'webhook_replays',
            'webhook_filters'])
        union all select 'twin', 'webhook_endpoints'
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
grant select on webhook_endpoints, twin.webhook_endpoints, webhook_deliveries, webhook_failures, webhook_replays
    to rapport_request;
