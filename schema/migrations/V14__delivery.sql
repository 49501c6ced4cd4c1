-- The delivery engine: leases that are renewed, an intent before calls that nobody could repeat safely, an explicit
-- unknown state, destinations with limits and a breaker that all processes share, and redrives that survive restarts.

-- A message that is not sent by then is not sent at all.
alter table outbox_messages add column expires_at timestamptz;
create index outbox_messages_age on outbox_messages using brin (created_at);
create index outbox_attempts_age on outbox_attempts using brin (finished_at);

alter table outbox_work
    add column expires_at timestamptz,
    -- Who holds the lease; kept when it ends without a word, for that tells the next worker of a crash.
    add column lease_owner uuid,
    -- The lease under which the first byte was about to leave.
    add column intent_no bigint not null default 0,
    -- An earlier attempt may have had its effect.
    add column is_uncertain boolean not null default false,
    -- Counts against its destination's cap. Never true without one, so that a claim changes no indexed column.
    add column is_counted boolean not null default false;
-- Each destination has a queue of its own: one that is held, or slow, is not in the way of the others.
create index outbox_work_queue on outbox_work (tenant_id, target, run_at, work_id);
create index outbox_work_counted on outbox_work (tenant_id, target) where is_counted;
-- An older binary that still runs beside this one sorts instead, until it is stopped.
drop index outbox_work_due;

alter table outbox_dead
    add column state text not null default 'dead' constraint outbox_dead_state_check check (state in ('dead', 'unknown')),
    -- The last lease: whoever held it may still come with a success.
    add column lease_no bigint not null default 0,
    add column first_sent_at timestamptz;
create index outbox_dead_order on outbox_dead (tenant_id, target, order_key)
    where order_key is not null and discarded_at is null;
create index outbox_dead_age on outbox_dead (died_at, message_id) where discarded_at is null;

alter table destinations
    add column rate_per_second float8 constraint destinations_rate_check check (rate_per_second > 0),
    add column burst integer not null default 1 constraint destinations_burst_check check (burst > 0),
    add column max_in_flight integer constraint destinations_in_flight_check check (max_in_flight > 0),
    -- When the next call may leave, by the rate; claims move it on by what they take.
    add column next_slot_at timestamptz not null default '-infinity',
    -- Drawn by each claim that is under a limit, so that none counts by an old snapshot.
    add column claim_no bigint not null default 0,
    -- Results of the last minute, and how often in a row no connection could be made.
    add column window_at timestamptz not null default '-infinity',
    add column window_results integer not null default 0,
    add column window_failures integer not null default 0,
    add column connect_failures integer not null default 0,
    -- How often the breaker has opened since the last success; while it is not 0, one call at a time may probe.
    add column breaker_opens integer not null default 0,
    add column breaker_until timestamptz not null default '-infinity',
    add column breaker_reason text,
    add column probe_until timestamptz not null default '-infinity';

-- Dead letters that are sent again by the relay, at a pace; where it stands is written with what it has revived.
create table outbox_redrives (
    tenant_id text not null,
    redrive_id text not null,
    principal text not null,
    reason text,
    target text,
    failure_kind text,
    died_after timestamptz,
    died_before timestamptz not null,
    rate_per_second float8 not null check (rate_per_second > 0),
    max_messages bigint not null check (max_messages > 0),
    found bigint not null,
    revived bigint not null default 0,
    cursor_died_at timestamptz not null default '-infinity',
    cursor_message_id text not null default '',
    next_at timestamptz not null default clock_timestamp(),
    started_at timestamptz not null default clock_timestamp(),
    finished_at timestamptz,
    cancelled_by text,
    constraint outbox_redrives_pkey primary key (tenant_id, redrive_id)
);
create index outbox_redrives_running on outbox_redrives (next_at) where finished_at is null;

alter table outbox_redrives enable row level security;
alter table outbox_redrives force row level security;
create policy engine on outbox_redrives to rapport_engine using (true) with check (true);
grant select, insert, update, delete on outbox_redrives to rapport_engine;
-- What is finished is forgotten after a while.
grant delete on outbox_messages, outbox_attempts to rapport_engine;
