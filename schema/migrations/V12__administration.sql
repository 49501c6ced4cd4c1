-- What operators do beside commands, written down: who exported, imported, retried or gave up what, and why. An import is
-- the one way into the log that is no command; it keeps its place here, so that it can go on where it stopped.

create table administrative_acts (
    tenant_id text not null,
    act_id text not null,
    principal text not null,
    action text not null,
    -- What it was done to: a message, a range of the log, a file's checksum. Holds no personal data.
    subject text not null,
    reason text,
    details json not null,
    acted_at timestamptz not null default clock_timestamp(),
    constraint administrative_acts_pkey primary key (tenant_id, act_id)
);
create index administrative_acts_age on administrative_acts (tenant_id, acted_at);

create table imports (
    tenant_id text not null,
    -- SHA-256 of the manifest, in hexadecimal digits: the same export is imported once.
    manifest_hash text not null,
    principal text not null,
    keys_done bigint not null default 0,
    events_done bigint not null default 0,
    events_total bigint not null,
    started_at timestamptz not null default clock_timestamp(),
    finished_at timestamptz,
    constraint imports_pkey primary key (tenant_id, manifest_hash)
);

do $$
declare
    t text;
begin
    foreach t in array array['administrative_acts', 'imports'] loop
        execute format('alter table %I enable row level security', t);
        execute format('alter table %I force row level security', t);
        execute format('create policy engine on %I to rapport_engine using (true) with check (true)', t);
    end loop;
end $$;

grant select, insert on administrative_acts to rapport_engine;
grant select, insert, update on imports to rapport_engine;
-- An import brings the tenant with its keys and what it holds.
grant insert on tenants, claims, handles, subject_keys to rapport_engine;
