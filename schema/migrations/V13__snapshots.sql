-- Folded states of long streams, so that a process that does not know them need not read them from their beginning. Only
-- a shortcut: any row may be deleted at any time. As events do, they hold personal data as ciphertext only.

create table snapshots (
    tenant_id text not null,
    aggregate_type text not null,
    aggregate_id text not null,
    sequence bigint not null check (sequence > 0),
    position bigint not null,
    -- Of the rules that folded it; other rules take no notice of it, and replace it.
    fingerprint text not null,
    state json not null,
    taken_at timestamptz not null default clock_timestamp(),
    constraint snapshots_pkey primary key (tenant_id, aggregate_type, aggregate_id)
);

alter table snapshots enable row level security;
alter table snapshots force row level security;
create policy request on snapshots to rapport_request
    using ((tenant_id = nullif(current_setting('rapport.tenant_id', true), '')) is true)
    with check ((tenant_id = nullif(current_setting('rapport.tenant_id', true), '')) is true);
create policy engine on snapshots to rapport_engine using (true) with check (true);

grant select, insert, update on snapshots to rapport_request;
grant select, delete on snapshots to rapport_engine;
