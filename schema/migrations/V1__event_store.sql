-- The log, what is written with it in one commit, and the loop that reads it. Two roles use these tables, neither
-- owner nor exempt from row-level security: rapport_request sees one tenant, named by a transaction-local setting;
-- rapport_engine (log loop, projectors, relay, look-up of keys and slugs) sees all and names the tenant in its statements.

-- One row per installation: proof that the root key at hand is the one that sealed this database.
create table installation (
    singleton boolean primary key default true check (singleton),
    root_key_fingerprint bytea not null,
    created_at timestamptz not null default now()
);
grant select, insert on installation to rapport_engine;

create table tenants (
    tenant_id text primary key,
    slug text not null constraint tenants_slug_key unique,
    wrapped_key bytea not null,
    created_at timestamptz not null default now()
);

create sequence event_positions as bigint cache 1;

-- A superset of what postgres-es expects: its seven columns by name, payload as json so that text is kept byte for byte.
create table events (
    tenant_id text not null,
    aggregate_type text not null,
    aggregate_id text not null,
    sequence bigint not null check (sequence >= 0),
    event_type text not null,
    event_version text not null,
    payload json not null,
    metadata json not null,
    position bigint not null default nextval('event_positions') constraint events_position_key unique,
    occurred_at timestamptz not null,
    recorded_at timestamptz not null default clock_timestamp(),
    command_id text not null,
    correlation_id text not null,
    causation_id text not null,
    actor text not null,
    constraint events_pkey primary key (tenant_id, aggregate_type, aggregate_id, sequence)
);
alter sequence event_positions owned by events.position;
grant usage on sequence event_positions to rapport_request, rapport_engine;

create function refuse_change_of_events() returns trigger language plpgsql as $$
begin
    raise exception 'events are append-only' using errcode = 'insufficient_privilege';
end $$;
create trigger events_are_append_only before update or delete on events
    for each row execute function refuse_change_of_events();
create trigger events_are_never_truncated before truncate on events
    for each statement execute function refuse_change_of_events();

-- One row per command that succeeded: its idempotency key, and the answer without the position, which is a column.
create table commands (
    tenant_id text not null,
    principal text not null,
    key text not null,
    fingerprint bytea not null,
    name text not null,
    command_id text not null,
    answer json not null,
    position bigint not null,
    -- Where it came from, as ciphertext under the tenant's ingest key; never part of an event.
    source_address bytea,
    recorded_at timestamptz not null default clock_timestamp(),
    constraint commands_pkey primary key (tenant_id, principal, key)
);

create table claims (
    tenant_id text not null,
    scope text not null,
    value text not null,
    aggregate_type text not null,
    aggregate_id text not null,
    constraint claims_pkey primary key (tenant_id, scope, value)
);
create index claims_owner on claims (tenant_id, aggregate_id, scope);

create table handles (
    tenant_id text not null,
    scope text not null,
    value text not null,
    aggregate_type text not null,
    aggregate_id text not null,
    constraint handles_pkey primary key (tenant_id, scope, value, aggregate_id)
);
create index handles_owner on handles (tenant_id, aggregate_id, scope);

create table subject_keys (
    tenant_id text not null,
    subject_id text not null,
    wrapped_key bytea,
    created_at timestamptz not null default clock_timestamp(),
    destroyed_at timestamptz,
    constraint subject_keys_pkey primary key (tenant_id, subject_id),
    check ((wrapped_key is null) = (destroyed_at is not null))
);

-- Where each subscriber of the log stands, and who may move it: a write-back must match the fencing token.
create table checkpoints (
    subscriber text primary key,
    position bigint not null default 0,
    lease_owner text,
    lease_until timestamptz not null default '-infinity',
    fencing_token bigint not null default 0,
    failure text,
    moved_at timestamptz not null default clock_timestamp()
);
grant select on checkpoints to rapport_request;
grant select, insert, update, delete on checkpoints to rapport_engine;

-- The outbox: immutable messages, a narrow hot work table, the history of attempts, and dead letters.
create table outbox_messages (
    tenant_id text not null,
    message_id text not null,
    name text not null,
    target text not null,
    call json not null,
    order_key text,
    aggregate_type text not null,
    aggregate_id text not null,
    sequence bigint not null,
    correlation_id text not null,
    causation_id text not null,
    due_at timestamptz,
    created_at timestamptz not null default clock_timestamp(),
    constraint outbox_messages_pkey primary key (tenant_id, message_id)
);
create index outbox_messages_aggregate on outbox_messages (tenant_id, aggregate_id);

create sequence outbox_work_ids as bigint cache 1;
create table outbox_work (
    work_id bigint not null default nextval('outbox_work_ids') constraint outbox_work_pkey primary key,
    tenant_id text not null,
    message_id text not null,
    target text not null,
    order_key text,
    run_at timestamptz not null,
    lease_until timestamptz not null default '-infinity',
    lease_no bigint not null default 0,
    attempt integer not null default 0,
    first_sent_at timestamptz
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
alter sequence outbox_work_ids owned by outbox_work.work_id;
grant usage on sequence outbox_work_ids to rapport_request, rapport_engine;
create index outbox_work_due on outbox_work (run_at);
create index outbox_work_order on outbox_work (tenant_id, target, order_key, work_id) where order_key is not null;

create table outbox_attempts (
    tenant_id text not null,
    message_id text not null,
    lease_no bigint not null,
    attempt integer not null,
    worker text not null,
    outcome text not null,
    failure_kind text,
    detail text,
    started_at timestamptz not null,
    finished_at timestamptz not null default clock_timestamp(),
    constraint outbox_attempts_pkey primary key (tenant_id, message_id, lease_no, outcome)
);

create table outbox_dead (
    tenant_id text not null,
    message_id text not null,
    work_id bigint not null,
    target text not null,
    order_key text,
    attempt integer not null,
    failure_kind text not null,
    detail text not null,
    died_at timestamptz not null default clock_timestamp(),
    discarded_at timestamptz,
    discarded_by text,
    discard_reason text,
    constraint outbox_dead_pkey primary key (tenant_id, message_id)
);

create table destinations (
    tenant_id text not null,
    target text not null,
    not_before timestamptz not null default '-infinity',
    paused_until timestamptz not null default '-infinity',
    pause_reason text,
    constraint destinations_pkey primary key (tenant_id, target)
);

-- Webhooks as they came, sealed, until a worker has turned them into commands.
create table webhook_inbox (
    tenant_id text not null,
    provider text not null,
    event_key text not null,
    webhook_id text not null,
    body bytea not null,
    body_hash bytea not null,
    received_at timestamptz not null default clock_timestamp(),
    run_at timestamptz not null default clock_timestamp(),
    attempt integer not null default 0,
    lease_until timestamptz not null default '-infinity',
    lease_no bigint not null default 0,
    handled_at timestamptz,
    outcome text,
    detail text,
    conflicting_bodies integer not null default 0,
    constraint webhook_inbox_pkey primary key (tenant_id, provider, event_key)
);
create index webhook_inbox_pending on webhook_inbox (run_at) where handled_at is null;

-- Row-level security, forced, one policy per role and table. `is true` keeps the setting from driving an index: it may
-- be unset when a plan is made, and the planner would take the tenant for empty and keep a plan that reads all of it.
do $$
declare
    t text;
begin
    foreach t in array array['tenants', 'events', 'commands', 'claims', 'handles', 'subject_keys', 'outbox_messages',
        'outbox_work', 'outbox_attempts', 'outbox_dead', 'destinations', 'webhook_inbox'] loop
        execute format('alter table %I enable row level security', t);
        execute format('alter table %I force row level security', t);
        execute format('create policy request on %I to rapport_request
            using ((tenant_id = nullif(current_setting(''rapport.tenant_id'', true), '''')) is true)
            with check ((tenant_id = nullif(current_setting(''rapport.tenant_id'', true), '''')) is true)', t);
        execute format('create policy engine on %I to rapport_engine using (true) with check (true)', t);
    end loop;
end $$;

grant select, insert on tenants, events, commands, subject_keys, outbox_messages, outbox_work to rapport_request;
grant select, insert, delete on claims, handles to rapport_request;
grant select on outbox_attempts, outbox_dead to rapport_request;
grant insert, select (tenant_id, provider, event_key) on webhook_inbox to rapport_request;
grant select, insert on events, outbox_messages, outbox_attempts to rapport_engine;
grant select on tenants, claims, handles to rapport_engine;
grant select, update on subject_keys to rapport_engine;
grant select, delete on commands to rapport_engine;
grant select, insert, update, delete on outbox_work, outbox_dead, destinations, webhook_inbox to rapport_engine;

-- Old answers are forgotten by age; rows lie in order of age, so a few bytes per block are enough to find them.
create index commands_age on commands using brin (recorded_at);
